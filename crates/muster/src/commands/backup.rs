//! `muster backup`: everything in one portable file, while others go on working.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use muster_app::App;
use muster_app::transfer::Header;
use serde_json::json;

use crate::cli::{DatabaseArguments, Output};
use crate::exit::{Attempt, ExitStatus, Failure};
use crate::open::{Schema, with};
use crate::output::{Progress, say};
use crate::secret::private_file;

/// Write everything into one file, also while Muster serves; it restores into either kind of database
#[derive(Args, Debug)]
#[command(after_help = "\
The file holds names, addresses and password hashes: keep it where only you read it. The secret key is not in it;
keep <data-dir>/secret.key as well, or the restored audit record cannot be verified.

Examples:
  muster backup /var/backups/muster.backup
  muster backup --database-url postgres://muster@db.example/muster nightly.backup --overwrite")]
pub struct BackupArguments {
    /// The file to write
    file: PathBuf,
    /// Replace the file when it is there, once the new one is complete
    #[arg(long)]
    overwrite: bool,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// Backs up.
pub async fn run(place: DatabaseArguments, arguments: BackupArguments) -> Result<ExitStatus, Failure> {
    let path = arguments.file;
    if path.exists() && !arguments.overwrite {
        return Err(Failure::new(format!("{} is there already; --overwrite replaces it.", path.display())));
    }
    let name = path.file_name().ok_or_else(|| Failure::new("A backup needs the name of a file."))?;
    let mut unfinished = std::ffi::OsString::from(".");
    unfinished.push(name);
    unfinished.push(format!(".unfinished-{}", std::process::id()));
    let unfinished = path.with_file_name(unfinished);
    with(place.given(), Schema::AsItIs, async |app| {
    let written = write(&app, &unfinished).await;
    let placed = written.and_then(|header| {
        fs::rename(&unfinished, &path).attempt(format!("The backup {} cannot be written", path.display()))?;
        Ok(header)
    });
    if placed.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    let header = placed?;
    let bytes = fs::metadata(&path).map_or(0, |file| file.len());
    if arguments.output.json {
        let tables: serde_json::Map<_, _> =
            header.tables.iter().map(|table| (table.name.clone(), table.rows.into())).collect();
        let answer = json!({"file": path, "bytes": bytes, "rows": header.rows(), "made_at": header.made_at, "tables": tables});
        say(&answer.to_string());
    } else {
        say(&format!("{} rows are in {}.", header.rows(), path.display()));
    }
    Ok(ExitStatus::Done)
    })
    .await
}

async fn write(app: &App, path: &Path) -> Result<Header, Failure> {
    let what = format!("The backup {} cannot be written", path.display());
    let mut out = BufWriter::with_capacity(1 << 18, private_file(path).attempt(&what)?);
    let progress = Progress::of("rows");
    let header = app.backup(&mut out, env!("CARGO_PKG_VERSION"), |done, all| progress.at_of(done, all)).await?;
    out.flush().attempt(&what)?;
    out.get_ref().sync_all().attempt(what)?;
    Ok(header)
}
