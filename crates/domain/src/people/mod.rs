//! Persons: names, how to reach them, and the number that identifies a provider.

mod contact;
mod matching;
pub mod npi;
mod person;

pub use contact::{check_email, check_phone, check_state, check_username};
pub use matching::{Likeness, MatchFeatures, Reason, license_key, likeness, nickname_groups};
pub use person::{NameOwner, Person, PersonPatch, human_name};
