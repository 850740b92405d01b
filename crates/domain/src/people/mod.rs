//! People: names, how to reach them, the number that identifies a provider, their accounts together, and the one
//! decision about every change of them.

mod change;
mod contact;
mod decide;
mod matching;
mod merge;
pub mod npi;
mod offboarding;
mod person;
mod profile;

pub use change::{Change, Facts, NewPassword, Notice, Outcome};
pub use contact::{check_email, check_phone, check_state, check_username};
pub use decide::decide;
pub use matching::{Likeness, MatchFeatures, Reason, license_key, likeness, nickname_groups};
pub use merge::{MergePlan, MergeSide, ProfessionalLicenseMove, merge};
pub use offboarding::{
    Offboarding, OffboardingKind, OffboardingStep, departure, offboard, release_step, without_names,
};
pub use person::{NameOwner, Person, PersonPatch, human_name};
pub use profile::Profile;
