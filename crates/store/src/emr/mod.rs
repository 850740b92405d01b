//! The EMR account at rest: the account, its clinics and the first professional license.

mod accounts;

pub(crate) use accounts::{AccountRow, Accounts, JOIN, JSON_COLUMNS, clear, columns, save};
