//! Practices: setting one up, its settings, its clinics.

mod clinics;
mod settings;
mod setup;

pub use clinics::{ClinicPage, ClinicQuery};
pub use setup::{NewOrganization, SetUpReceipt};
