//! The EMR account at rest: the account, its clinics and the first professional license.

mod accounts;

pub(crate) use accounts::{Accounts, JOIN, PACKED, Row, clear, columns, save};
