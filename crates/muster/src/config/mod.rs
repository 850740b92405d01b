//! The configuration: flags before environment before `muster.toml` before defaults, checked as a whole so that
//! everything wrong is named at once.

mod file;
mod overrides;
mod validate;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use lettre::message::Mailbox;
use tracing_subscriber::filter::Targets;

pub use overrides::Overrides;

use crate::exit::Failure;
use crate::log::Format;

/// A checked configuration.
#[derive(Debug)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// `sqlite:PATH` or `postgres://…`.
    pub database_url: String,
    /// Holds the secret key, the outbox and, unless told otherwise, the database.
    pub data_dir: PathBuf,
    /// Where people reach the installation, without a slash at the end; none = derived from the address.
    pub public_url: Option<String>,
    /// Proxies whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where mail goes; none = files in the data directory.
    pub smtp: Option<Smtp>,
    /// The sender of emails.
    pub mail_from: Mailbox,
    /// Where metrics are served, if at all.
    pub metrics_listen: Option<SocketAddr>,
    /// How long after the start licenses that run out are first looked for.
    pub reminders_after: Duration,
    /// Where the secret comes from.
    pub secret: SecretSource,
    /// What is logged.
    pub log: Targets,
    /// How.
    pub log_format: Format,
}

/// A mail server, in the spelling of lettre.
#[derive(Clone, PartialEq, Eq)]
pub struct Smtp(pub String);

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Smtp(…)")
    }
}

/// Where the installation's secret comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// The environment.
    Overrides(Vec<u8>),
    /// A file somebody made.
    File(PathBuf),
    /// `secret.key` in the data directory, made on first use.
    DataDirectory,
}

impl std::fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Overrides(_) => "Overrides(…)",
            Self::File(_) => "File(…)",
            Self::DataDirectory => "DataDirectory",
        })
    }
}

impl Config {
    /// Reads what was not given by flags, and judges all of it. What is logged unless somebody says otherwise depends
    /// on the command.
    pub fn load(flags: Overrides, default_filter: &str) -> Result<Self, Failure> {
        let environment = Overrides::from_environment(|name| std::env::var(name).ok());
        let named = flags.config.clone().or_else(|| environment.config.clone());
        let mut problems = Vec::new();
        let written = file::read(named.as_deref(), &mut problems);
        let merged = flags.or(environment).or(written);
        let config = validate::judge(merged, default_filter, &mut problems);
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(Failure::new(problems.join(" "))),
        }
    }

    /// The file of a SQLite database.
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        self.database_url.strip_prefix("sqlite:").map(|path| PathBuf::from(path.trim_start_matches("//")))
    }
}
