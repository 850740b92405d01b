//! Licenses: what the pools hold, how totals change, who waits, and what is paid for in vain.

mod insights;
mod ledger;
mod letters;
mod pools;
mod prices;
mod processing;
mod requests;
mod waiting;

pub use insights::{History, UnusedLicenses, UnusedReport};
pub use ledger::{LedgerLines, LedgerQuery};
pub use muster_store::licenses::{Entry, OpenSum, Request};
pub use pools::{ClinicPools, OverviewPage, OverviewQuery, PoolState, PoolSum};
pub use processing::QueuePage;
pub use requests::{LicenseEffect, RequestQuery, RequestReceipt, RequestsPage};
pub use waiting::{ActivationReport, ActivationRequest, NextStep, QueueEntry, WaitingPage, WaitingQuery};
