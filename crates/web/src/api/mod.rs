//! JSON for programs, under `/api/v1`: the same use cases as the pages.
//!
//! A handler reads the form of the request ([`fields`], [`params`]), calls one use case, and maps its answer. It never
//! decides whether something is allowed.

pub(crate) mod audit_events;
mod body;
pub(crate) mod bulk;
mod catalog;
pub(crate) mod clinics;
pub(crate) mod docs;
mod failure;
mod fields;
pub(crate) mod imports;
pub(crate) mod license_ledger;
pub(crate) mod license_pools;
pub(crate) mod license_prices;
pub(crate) mod license_requests;
pub(crate) mod license_waiting;
pub(crate) mod me;
mod openapi;
pub(crate) mod organizations;
mod params;
mod path;
pub(crate) mod people;
mod reply;
pub(crate) mod tokens;

pub use docs::openapi_json;
