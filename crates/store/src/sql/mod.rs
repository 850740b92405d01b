//! Connections, transactions and statements: the only module that knows the differences between the two engines.
//!
//! [`dialect`] expands the markers of a statement, [`query`] builds statements with varying filters, and [`rows`] and
//! [`bind`] send many rows at once.

pub(crate) mod bind;
#[macro_use]
pub(crate) mod db;
pub(crate) mod dialect;
pub(crate) mod query;
pub(crate) mod rows;

pub use db::{Db, Handle, Reading, Split, Tx};
