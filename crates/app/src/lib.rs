//! What can be done: one function per use case. Each loads, authorizes, lets the domain decide, and saves the result
//! together with its audit record and its messages. Every door (page, JSON, CSV, command line) calls these.

mod actor;
mod check;
mod context;
mod error;
mod hashing;
mod keys;
mod spreadsheet;
mod work;

pub mod audit;
pub mod bulk;
pub mod credentials;
pub mod emr;
pub mod generate;
pub mod images;
pub mod imports;
pub mod jobs;
pub mod licenses;
pub mod messages;
pub mod organizations;
pub mod people;
pub mod sign_in;
pub mod transfer;

pub use actor::{Actor, Channel, Origin, Scope};
pub use context::{App, Clock, Entropy, Settings, SystemClock, SystemEntropy};
pub use error::AppError;
pub use keys::Keys;
pub use muster_store::audit::AuditRecord;
pub use muster_store::licenses::Pool;
pub use muster_store::listing::{Cursor, Filter, Sort, Total};
pub use muster_store::sign_in::{Session, Token};
pub use spreadsheet::ExportChunk;
pub use work::Idempotency;

/// Result of every use case.
pub type Result<T> = std::result::Result<T, AppError>;
