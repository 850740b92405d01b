//! Persons: names, how to reach them, and the number that identifies a provider.

mod contact;
pub mod npi;
mod person;

pub use contact::{check_email, check_phone, check_state, check_username};
pub use person::{NameOwner, Person, PersonPatch, human_name};
