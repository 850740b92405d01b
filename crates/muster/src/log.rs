//! The log, on standard error. What people are called and what they typed never stands in it.

use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged unless `MUSTER_LOG` says otherwise.
pub const DEFAULT_FILTER: &str = "warn,muster=info";

/// The same for commands that do not serve: that a statement took long is no news in bulk work.
pub const QUIET_FILTER: &str = "warn,muster=info,sqlx::query=error";

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Begins to log. Only the first call counts.
pub fn begin(filter: Targets, format: Format) {
    let stderr = std::io::stderr;
    let registry = tracing_subscriber::registry().with(filter);
    let _ = match format {
        Format::Text => {
            let ansi = std::io::stderr().is_terminal();
            registry.with(tracing_subscriber::fmt::layer().with_writer(stderr).with_ansi(ansi)).try_init()
        }
        Format::Json => registry.with(tracing_subscriber::fmt::layer().json().with_writer(stderr)).try_init(),
    };
}
