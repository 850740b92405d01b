//! `muster export`: the people of an organization as CSV.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write, stdout};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::Args;
use muster_app::App;

use super::actor_for;
use crate::cli::DatabaseArguments;
use crate::exit::{Attempt, ExitStatus, Failure};
use crate::open::{Schema, with};
use crate::output::Progress;

/// Write the people of an organization as CSV, in the columns that `import` reads
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  muster export --organization 'Harbor Therapy' > people.csv
  muster export --organization 'Harbor Therapy' --output people.csv")]
pub struct ExportArguments {
    /// Name of the practice group
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Exports.
pub async fn run(place: DatabaseArguments, arguments: ExportArguments) -> Result<ExitStatus, Failure> {
    with(place.given(), Schema::AsItIs, async |app| export(&app, arguments).await).await
}

async fn export(app: &App, arguments: ExportArguments) -> Result<ExitStatus, Failure> {
    let actor = actor_for(app, &arguments.organization).await?;
    let mut out: Box<dyn Write + Send> = match &arguments.output {
        Some(path) => {
            let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
            Box::new(BufWriter::new(file.attempt(format!("{} cannot be written", path.display()))?))
        }
        None => Box::new(stdout()),
    };
    let progress = Progress::of("people");
    app.export_people(&actor, &mut *out, |done| progress.at(done)).await?;
    out.flush().attempt("The people cannot be written")?;
    Ok(ExitStatus::Done)
}
