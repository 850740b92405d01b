//! Persons: names, how to reach them, and the number that identifies a provider.

mod contact;
mod likeness;
pub mod npi;
mod person;

pub use contact::{check_email, check_phone, check_state, check_username};
pub use likeness::{Likeness, Reason, Traits, license_key, likeness, nickname_groups};
pub use person::{NameOwner, Person, PersonPatch, human_name};
