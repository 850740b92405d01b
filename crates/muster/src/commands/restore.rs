//! `muster restore`: a backup into an empty database, all of it or nothing.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::{DatabaseArguments, Output};
use crate::exit::{Attempt, ExitStatus, Failure};
use crate::open::{Schema, with};
use crate::output::{Progress, say};

/// Put a backup into an empty database of either kind, all of it or nothing
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  muster restore /var/backups/muster.backup --data-dir /var/lib/muster-new
  muster restore nightly.backup --database-url postgres://muster@db.example/muster")]
pub struct RestoreArguments {
    /// The file to read
    file: PathBuf,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// Restores.
pub async fn run(place: DatabaseArguments, arguments: RestoreArguments) -> Result<ExitStatus, Failure> {
    let path = arguments.file;
    // Opened first: without a backup, no database is made.
    let file = File::open(&path).attempt(format!("The backup {} cannot be read", path.display()))?;
    with(place.given(), Schema::Prepare, async |app| {
        let progress = Progress::of("rows");
        let mut input = BufReader::with_capacity(1 << 18, file);
        let restored = app.restore(&mut input, |done, all| progress.at_of(done, all)).await?;
        drop(progress);
        if !restored.same_key {
            eprintln!(
                "The backup was made with another secret key: until its secret.key is put in place, the audit record \
             cannot be verified and emails that still waited are not sent."
            );
        }
        let header = restored.header;
        if arguments.output.json {
            let answer = json!({"rows": header.rows(), "made_at": header.made_at, "same_key": restored.same_key});
            say(&answer.to_string());
        } else {
            say(&format!("{} rows are restored, as they stood at {}.", header.rows(), header.made_at));
        }
        Ok(ExitStatus::Done)
    })
    .await
}
