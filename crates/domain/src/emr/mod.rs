//! The EMR account: user types, permissions, clinics, and the one judge of every change to them.

mod account;
pub mod bulk;
mod copy_from;
mod credentials;
mod decide;
mod eligibility;
mod finish;
mod images;
mod merge;
mod offboarding;
mod permission;
mod type_change;
mod user_type;

pub use account::{Attestation, EmrAccount, EmrPatch, InactiveReason, PrimaryLicense, Profile, Status};
pub use copy_from::{CopyPlan, SkippedCopy, SkippedKind, copy_from};
pub use credentials::{
    CredentialIssue, FIRST_LICENSE, MOST_LICENSES, ProfessionalLicense, ProfessionalLicensePatch, ReminderStage,
    days_left, issues, judge_professional_license, judge_supervisor, may_supervise, needs_supervisor,
};
pub use decide::{Change, Facts, NewPassword, Notice, Outcome, SeatMove, decide, may_edit, may_reset_sign_in};
pub use eligibility::{PermissionOffer, default_permissions, eligibility, grantable, offers};
pub use finish::may_finish_notes;
pub use images::{
    LARGEST_IMAGE_BYTES, LARGEST_IMAGE_SIDE, SignatureOrigin, judge_picture, judge_signature, judge_signature_removal,
};
pub use merge::{MergePlan, MergeSide, ProfessionalLicenseMove, merge};
pub use offboarding::{Offboarding, OffboardingKind, OffboardingStep, offboard, release_step, without_names};
pub use permission::{Permission, PermissionSet};
pub use type_change::{TypeChange, preview_type_change};
pub use user_type::{Credentials, UserType};

/// The license number that stands for one not known yet; accepted and flagged.
pub const LICENSE_PLACEHOLDER: &str = "00000";
