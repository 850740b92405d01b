//! The EMR account: user types, permissions, clinics, and the EMR's part of every change to a person.

mod account;
mod copy_from;
mod decide_account;
mod eligibility;
pub mod field;
mod finish_notes;
mod images;
mod permission;
mod type_change;
mod user_type;

pub use account::{Attestation, EmrAccount, EmrPatch, InactiveReason, PrimaryLicense, Status};
pub use copy_from::{CopyPlan, SkippedCopy, SkippedKind, copy_from};
pub(crate) use decide_account::check_license_number;
pub use decide_account::{EmrFacts, SeatMove, decide_account, license_notice, seat_move};
pub use eligibility::{PermissionOffer, default_permissions, eligibility, grantable, offers};
pub use finish_notes::may_finish_notes;
pub use images::{
    LARGEST_IMAGE_BYTES, LARGEST_IMAGE_SIDE, SignatureOrigin, judge_picture, judge_signature, judge_signature_removal,
};
pub use permission::{Permission, PermissionSet};
pub use type_change::{TypeChange, preview_type_change};
pub use user_type::{Credentials, UserType};

/// The license number that stands for one not known yet; accepted and flagged.
pub const LICENSE_PLACEHOLDER: &str = "00000";
