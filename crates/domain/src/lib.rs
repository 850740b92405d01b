//! What is true: the rules and types of staff accounts in a rehab-therapy practice.
//!
//! This crate decides; it never reads or writes anything. It must not know of databases, HTTP, clocks or random
//! numbers: those are passed in, so that each rule can be tested as a plain function.

// The generator of variants names this crate from outside.
#[cfg(test)]
extern crate self as muster_domain;

#[macro_use]
mod code_enum;

pub mod access;
pub mod audit;
pub mod billing;
pub mod bulk;
pub mod credentials;
pub mod emr;
#[cfg(any(test, feature = "fixtures"))]
pub mod fixtures;
pub mod ids;
pub mod imports;
pub mod labels;
pub mod licenses;
pub mod organizations;
pub mod people;
pub mod reach;
pub mod refusal;
pub mod sign_in;
pub mod text;

pub use ids::{ClinicId, LicenseRequestId, OrganizationId, PersonId};
pub use refusal::{Code, Refusal, Refusals, Severity};
