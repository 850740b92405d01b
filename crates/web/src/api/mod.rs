//! JSON for programs, under `/api/v1`: the same use cases as the pages.

pub(crate) mod docs;

pub use docs::openapi_json;
