//! Practices: setting one up, its settings, its clinics.

mod clinics;
mod settings;
mod setup;

pub use clinics::{ClinicPage, ClinicsAsked};
pub use setup::{NewOrganization, SetUp};
