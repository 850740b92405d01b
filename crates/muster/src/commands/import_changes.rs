//! `muster import --changes`: changes to people who are there already, judged, done and undone like every bulk update.

use std::io::Read;
use std::path::PathBuf;

use muster_app::bulk::{BulkView, ChangesFile, FileOptions, RefusedLine};
use muster_app::{Actor, App, Channel};
use muster_domain::bulk::{BulkOutcome, ChangeSet, Tally};
use serde_json::json;

use crate::exit::{Attempt, ExitStatus, Failure};
use crate::output::{Progress, say};

/// What to do with a file of changes.
pub struct ChangesFileImport {
    /// Its name, for reading.
    pub name: String,
    /// What columns of other names stand for.
    pub map: Vec<(String, String)>,
    /// Say what would happen, and do nothing.
    pub dry_run: bool,
    /// Where to write the rows that were not imported.
    pub rows_to_fix: Option<PathBuf>,
    /// Answer in JSON.
    pub json: bool,
}

/// Reads the file and looks at it, or does what it says.
pub async fn run(
    app: &App,
    actor: &Actor,
    source: Box<dyn Read + Send>,
    wanted: ChangesFileImport,
) -> Result<ExitStatus, Failure> {
    let actor = &actor.clone().through(Channel::Import);
    let options = FileOptions { name: wanted.name, map: wanted.map };
    let (draft, file) = app.draft_bulk_from_file(actor, source, options).await?;
    let id = draft.job.id;
    let (tally, refused) = if draft.job.selected == 0 {
        (Tally::default(), Vec::new())
    } else if wanted.dry_run {
        let preview = app.preview_bulk(actor, id, &ChangeSet::default()).await?;
        let refused = preview.refused.into_iter().map(|l| (l.full_name, l.refused)).collect();
        (preview.tally, refused)
    } else {
        let view = done(app, actor, app.start_bulk(actor, id, &ChangeSet::default(), None).await?).await?;
        let refused = app.bulk_results(actor, id, true, None, 200).await?.items;
        (view.job.tally, refused.into_iter().map(|r| (r.full_name, r.refused)).collect())
    };
    if let Some(path) = &wanted.rows_to_fix {
        let what = format!("{} cannot be written", path.display());
        std::fs::write(path, app.bulk_rows_to_fix(actor, id).await?).attempt(what)?;
    }
    if wanted.json {
        let by_code = &tally.by_code;
        say(&json!({
            "dry_run": wanted.dry_run, "bulk_update": (!wanted.dry_run).then_some(id), "rows": file.rows,
            "faulty_rows": file.faulty, "faults": file.faults, "updated": tally.updated, "unchanged": tally.unchanged,
            "refused_people": tally.refused, "counts_by_code": by_code,
        })
        .to_string());
    } else {
        tell(&file, &tally, &refused, wanted.dry_run);
    }
    Ok(ending(&file, &tally))
}

/// Works on it until it is done: nobody else may be there to do it.
async fn done(app: &App, actor: &Actor, mut view: BulkView) -> Result<BulkView, Failure> {
    let progress = Progress::of("people");
    while view.is_running() {
        app.work_on_bulk(|| true).await?;
        view = app.bulk_job(actor, view.job.id).await?;
        progress.at_of(view.job.tally.judged, u64::try_from(view.job.selected).unwrap_or(0));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Ok(view)
}

fn ending(file: &ChangesFile, tally: &Tally) -> ExitStatus {
    let went = tally.outcome(tally.judged);
    if file.faulty == 0 && tally.refused == 0 {
        ExitStatus::Done
    } else if went == BulkOutcome::Failed && tally.unchanged == 0 {
        eprintln!("No row could be imported; the report says why.");
        ExitStatus::Nothing
    } else {
        ExitStatus::Partly
    }
}

fn tell(file: &ChangesFile, tally: &Tally, refused: &[(Option<String>, Vec<RefusedLine>)], dry_run: bool) {
    for fault in &file.faults {
        say(&format!("Line {}: {}", fault.line, fault.message));
    }
    for (name, lines) in refused {
        for line in lines.iter().filter(|l| l.code != "nothing_to_change") {
            say(&format!("{}: {}", name.as_deref().unwrap_or("Someone"), line.message));
        }
    }
    if !file.ignored.is_empty() {
        say(&format!("Columns nothing is read from: {}.", file.ignored.join(", ")));
    }
    let head = if dry_run { "This would happen" } else { "Done" };
    say(&format!(
        "{head}: {} rows, {} people changed, {} unchanged, {} refused something, {} rows not usable.",
        file.rows, tally.updated, tally.unchanged, tally.refused, file.faulty
    ));
}
