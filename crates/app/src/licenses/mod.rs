//! Licenses: what the pools hold, how totals change, who waits, and what is paid for in vain.

mod insights;
mod ledger;
mod letters;
mod pools;
mod prices;
mod processing;
mod requests;
mod waiting;

pub use insights::{History, Unused, UnusedReport};
pub use ledger::{LedgerAsked, LedgerLines};
pub use muster_store::licenses::{Entry, OpenSum, Request};
pub use pools::{ClinicPools, OverviewAsked, OverviewPage, PoolState, PoolSum};
pub use processing::QueuePage;
pub use requests::{Effect, RequestsAsked, RequestsPage, Submitted};
pub use waiting::{Activate, Activated, NextStep, Queued, WaitingAsked, WaitingPage};
