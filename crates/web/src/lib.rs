//! How Muster is reached: pages for people, JSON for programs.
//!
//! A handler extracts, calls one use case, and maps its answer. No rule, no SQL and no email text stands here.

mod api;
mod assets;
mod client;
mod context;
mod cookies;
mod download;
mod errors;
mod extract;
mod form;
mod headers;
pub mod html;
mod operations;
mod routes;
mod upload;
pub mod urls;
mod user_agent;

pub use api::openapi_json;
pub use context::WebSettings;
pub use routes::{ROUTES, Route, Who, router};
