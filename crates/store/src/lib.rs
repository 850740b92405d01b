//! What is stored: SQL for SQLite and PostgreSQL.
//!
//! Every statement is written once and runs on both engines; only [`sql`] knows where they differ. Functions take a
//! [`Handle`]: a [`Reading`] for queries or a [`Tx`] for changes. This crate holds no rule.

mod emr;
mod error;
#[macro_use]
mod sql;

pub mod audit;
pub mod bulk;
pub mod credentials;
pub mod duplicates;
pub mod idempotency;
pub mod images;
pub mod imports;
pub mod jobs;
pub mod licenses;
pub mod listing;
pub mod merges;
pub mod organizations;
pub mod people;
pub mod sign_in;
pub mod transfer;

pub use error::StoreError;
pub use sql::{Db, Handle, Reading, Split, Tx};

use std::borrow::Cow;

use jiff::Timestamp;

/// Result of every store function.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A time as stored: microseconds since 1970 in UTC.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A stored time; zero means "never".
pub(crate) fn when(micros: i64) -> Option<Timestamp> {
    if micros == 0 { None } else { Timestamp::from_microsecond(micros).ok() }
}

/// Typed text as it can be looked for: PostgreSQL knows no text with a NUL in it and would fail instead of finding
/// nothing. No stored text has one either.
pub(crate) fn typed(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{FFFD}")) } else { Cow::Borrowed(text) }
}
