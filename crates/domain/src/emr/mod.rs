//! The EMR account: user types, permissions, clinics, and the one judge of every change to them.

mod account;
mod decide;
mod eligibility;
mod permission;
mod type_change;
mod user_type;

pub use account::{Attestation, EmrAccount, EmrPatch, InactiveReason, License, Profile, Status};
pub use decide::{Change, Facts, NewPassword, Notice, Outcome, SeatMove, decide, may_edit, may_reset_sign_in};
pub use eligibility::{Offer, default_permissions, eligibility, grantable, offers};
pub use permission::{Permission, PermissionSet};
pub use type_change::{TypeChange, preview_type_change};
pub use user_type::{Credentials, UserType};

/// The licence number that stands for one not known yet; accepted and flagged.
pub const LICENSE_PLACEHOLDER: &str = "00000";
