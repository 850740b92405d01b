//! People from a CSV file: each row becomes a [`muster_domain::emr::Change`] and is judged like any other. Here stands
//! only how rows are read, looked up and saved by the hundred.

mod alike;
mod batch;
mod known;
pub(crate) mod reader;
mod report;
mod run;
mod save;

use std::io::Read;

use muster_domain::Refusals;
use muster_domain::audit::Action;
use muster_domain::emr::Permission;
use muster_domain::imports::Columns;
use muster_store::organizations;
use tokio::sync::mpsc::Receiver;

use crate::people::{Attempt, whom_to_ask};
use crate::work::About;
use crate::{Actor, App, AppError, Result, Scope};

pub use report::{Flags, ImportReport, Imported, Progress, RowCandidate, RowLikeness, RowRefusal};

use reader::{Part, RawRow};
use run::{Judged, Run};

/// How to import.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// Say what would happen, and do nothing.
    pub dry_run: bool,
    /// What columns of other names stand for: `(column, our field)`.
    pub map: Vec<(String, String)>,
    /// The clinic for rows of a file with addresses that have none.
    pub clinic_without_address: String,
    /// Send everyone added with an active profile an invitation.
    pub invite: bool,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self { dry_run: false, map: Vec::new(), clinic_without_address: "No address on file".to_owned(), invite: false }
    }
}

/// How often a batch is judged again because someone took a name, email or NPI meanwhile. Practices that import at
/// the same moment can meet over made-up user names more than once.
const ATTEMPTS: usize = 5;

impl App {
    /// Adds the people of a CSV file. What is refused is reported and the rest is saved, in batches: after an
    /// interruption the same file may be imported again, and whoever is there already stays as they are.
    ///
    /// # Errors
    /// [`AppError::Refused`] when the actor may not, or when nothing of the file can be understood.
    pub async fn import_people(
        &self,
        actor: &Actor,
        source: impl Read + Send + 'static,
        options: ImportOptions,
        mut progress: impl FnMut(&Progress) + Send,
    ) -> Result<ImportReport> {
        actor.require_scope(Scope::PeopleWrite)?;
        self.require(actor, Permission::EditUsers, Action::PeopleImported).await?;
        let mut parts = reader::start(source);
        let (header, columns) = columns(&mut parts, &options).await?;
        let mut h = self.db.read().await?;
        let organization = organizations::find(&mut h, actor.organization()).await?.ok_or(AppError::NotFound)?;
        drop(h);
        let mut run = Run::new(organization, columns, options);
        let mut report = ImportReport::new(run.options.dry_run, header, run.columns.ignored().to_vec());
        while let Some(part) = parts.recv().await {
            let Part::Rows(rows, bytes) = part else { continue };
            let judged = self.import_batch(actor, &run, &rows).await?;
            run.absorb(judged, rows.len(), &mut report);
            progress(&report.progress(bytes));
        }
        if report.possible_duplicate_rows.iter().any(|row| row.hidden) {
            report.ask = whom_to_ask(&mut self.db.read().await?, actor).await?;
        }
        if !report.dry_run {
            let mut work = self.work(actor.organization()).await?;
            work.done(actor, Action::PeopleImported, About::nothing(), &report.summary());
            work.commit().await?;
        }
        Ok(report)
    }

    async fn import_batch(&self, actor: &Actor, run: &Run, rows: &[RawRow]) -> Result<Judged> {
        if run.options.dry_run {
            let mut h = self.db.read().await?;
            return self.judge_rows(&mut h, actor, run, rows, false).await;
        }
        for attempt in 0..ATTEMPTS {
            match self.try_batch(actor, run, rows, attempt > 0).await {
                Ok(judged) => return Ok(judged),
                Err(Attempt::Raced) => {}
                Err(Attempt::Failed(error)) => return Err(error),
            }
        }
        Err(AppError::Unavailable)
    }

    async fn try_batch(
        &self,
        actor: &Actor,
        run: &Run,
        rows: &[RawRow],
        judged_again: bool,
    ) -> std::result::Result<Judged, Attempt> {
        let mut work = self.work(actor.organization()).await?;
        let mut judged = self.judge_rows(&mut work.tx, actor, run, rows, judged_again).await?;
        if judged.profiles.is_empty() {
            // Nothing to save; the lock is given back at once.
            return Ok(judged);
        }
        self.save_new_clinics(&mut work, actor, &judged.clinics).await?;
        self.save_new_people(&mut work, actor, &judged.profiles, &judged.seats).await?;
        if run.options.invite {
            judged.flags.invited = self.invite_many(&mut work, actor, &judged.profiles, &run.organization).await?;
        }
        work.commit().await?;
        Ok(judged)
    }
}

async fn columns(parts: &mut Receiver<Part>, options: &ImportOptions) -> Result<(Vec<String>, Columns)> {
    match parts.recv().await {
        Some(Part::Header(header)) => {
            let columns = Columns::read(&header, &options.map)?;
            Ok((header, columns))
        }
        Some(Part::Refused(refusal)) => Err(AppError::Refused(Refusals::from(refusal))),
        _ => Err(AppError::Internal("the reading thread ended".to_owned())),
    }
}
