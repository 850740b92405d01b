//! From a configuration to the application.

use std::io::ErrorKind;
use std::sync::Arc;

use muster_app::{App, Keys, Settings, SystemClock, SystemEntropy};
use muster_store::Db;

use crate::config::{Config, Overrides};
use crate::exit::Failure;
use crate::{log, secret};

/// Connections of a command that does one thing.
const FEW: u32 = 4;

/// What a command expects of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Made or brought up to date as needed.
    Prepare,
    /// There and up to date already: the command only looks.
    AsItIs,
}

/// The configuration from these flags. Logging has begun when it returns.
pub fn configure(flags: Overrides, default_filter: &str) -> Result<Config, Failure> {
    let config = Config::load(flags, default_filter)?;
    log::begin(config.log.clone(), config.log_format);
    Ok(config)
}

/// Does the work of a command that does not serve, and leaves the database closed.
pub async fn with<T>(
    flags: Overrides,
    schema: Schema,
    work: impl AsyncFnOnce(App) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let config = configure(flags, log::QUIET_FILTER)?;
    let url = config.public_url.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    let db = database(&config, schema, FEW).await?;
    let ended = work(application(&config, db.clone(), url)?).await;
    // The last to close a database file tidies it up.
    db.close().await;
    ended
}

/// The application over an open database.
pub fn application(config: &Config, db: Db, public_url: String) -> Result<App, Failure> {
    let keys = Keys::derive(&secret::load(config)?);
    let settings = Settings {
        public_url,
        mail_from: config.mail_from.to_string(),
        hashing_threads: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
    };
    Ok(App::new(db, Arc::new(SystemClock), Arc::new(SystemEntropy::new()), keys, settings))
}

/// The database of a configuration.
pub async fn database(config: &Config, schema: Schema, connections: u32) -> Result<Db, Failure> {
    if let Some(path) = config.sqlite_path() {
        if schema == Schema::AsItIs && !path.exists() {
            return Err(Failure::new(format!("There is no database at {}.", path.display())));
        }
        secret::private_directory(&config.data_dir)?;
        if let Some(directory) = path.parent() {
            secret::private_directory(directory)?;
        }
        // Made here, so that only its owner reads it; what the engine puts beside it follows suit.
        match secret::private_file(&path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(Failure::new(format!("The database {} cannot be made: {error}.", path.display())));
            }
            _ => {}
        }
    }
    let db = Db::open(&config.database_url, connections).await?;
    match schema {
        Schema::Prepare => db.migrate().await?,
        Schema::AsItIs => {
            if !db.is_current().await? {
                let hint = "Its tables are not those of this release: run “muster migrate” first.";
                return Err(Failure::new(hint));
            }
        }
    }
    Ok(db)
}
