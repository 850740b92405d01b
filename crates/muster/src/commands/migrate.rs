//! `muster migrate`: brings the database up to date.

use clap::Args;
use serde_json::json;

use crate::cli::{DatabaseArguments, Output};
use crate::exit::{ExitStatus, Failure};
use crate::log::QUIET_FILTER;
use crate::open::{Schema, configure, database};
use crate::output::say;

/// Bring the database's tables up to date with this release; `serve` does so by itself
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  muster migrate --database-url postgres://muster@db.example/muster")]
pub struct MigrateArguments {
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// Migrates.
pub async fn run(place: DatabaseArguments, arguments: MigrateArguments) -> Result<ExitStatus, Failure> {
    let config = configure(place.given(), QUIET_FILTER)?;
    let db = database(&config, Schema::Prepare, 1).await?;
    db.close().await;
    if arguments.output.json {
        say(&json!({"up_to_date": true, "release": env!("CARGO_PKG_VERSION")}).to_string());
    } else {
        say(&format!("The database is up to date with Muster {}.", env!("CARGO_PKG_VERSION")));
    }
    Ok(ExitStatus::Done)
}
