//! What tests share: databases, a browser, a mail sink and the real program.
//!
//! Nothing here knows a rule of Muster; a test that needs one asks the crate that owns it.

pub mod bare;
pub mod browser;
pub mod databases;
pub mod postgres;
#[cfg(feature = "practice")]
pub mod practice;
mod processes;
pub mod program;
pub mod smtp_sink;
pub mod variants;
