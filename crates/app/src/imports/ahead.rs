//! Judges a batch while the one before it is being saved.
//!
//! How the practice stands goes on from batch to batch in memory. That stays right as long as nobody else changes the
//! practice, and whoever changes it moves the head of its audit chain: so each save first looks, under the lock,
//! whether the head is where this import left it. If not, the batch is judged again on what is stored by then.

use muster_domain::organizations::Organization;
use muster_store::audit;
use tokio::task::JoinHandle;

use super::known::ImportState;
use super::reader::RawRow;
use super::report::{ImportProgress, ImportReport};
use super::run::{EvaluatedBatch, ImportRun, PendingBatch};
use super::save::NewPeople;
use crate::people::SaveError;
use crate::work::UnitOfWork;
use crate::{Actor, App, AppError, Result};

/// How often a batch is judged again because someone took a name, email or NPI meanwhile. Practices that import at
/// the same moment can meet over made-up user names more than once.
const ATTEMPTS: usize = 5;

/// What was saved, and where the chain stands since.
type BatchResult = std::result::Result<(EvaluatedBatch, i64), SaveError>;

/// An import, batch by batch.
pub(super) struct Import<'a> {
    app: &'a App,
    actor: &'a Actor,
    run: ImportRun,
    report: ImportReport,
    /// As the last judged batch leaves the practice; none before the first.
    standing: Option<ImportState>,
    /// Where the practice's chain stands if nobody else changed anything.
    head: i64,
    saving: Option<SaveTask>,
    /// Of the file, saved so far.
    bytes: u64,
}

/// A batch on its way into the database.
struct SaveTask {
    rows: Vec<RawRow>,
    bytes: u64,
    task: JoinHandle<BatchResult>,
}

impl<'a> Import<'a> {
    pub fn new(app: &'a App, actor: &'a Actor, run: ImportRun, report: ImportReport) -> Self {
        Self { app, actor, run, report, standing: None, head: 0, saving: None, bytes: 0 }
    }

    /// How far it has come.
    pub fn progress(&self) -> ImportProgress {
        self.report.progress(self.bytes)
    }

    /// Goes on with these rows, which reach so far into the file.
    pub async fn take(&mut self, rows: Vec<RawRow>, bytes: u64) -> Result<()> {
        let judged = self.judge(&rows).await;
        let as_judged = self.settle().await?;
        let judged = if as_judged { judged? } else { self.judge(&rows).await? };
        self.save(judged, rows, bytes);
        Ok(())
    }

    /// Waits for the last batch.
    pub async fn finish(&mut self) -> Result<()> {
        self.settle().await.map(drop)
    }

    /// What came of it.
    pub fn into_report(self) -> ImportReport {
        self.report
    }

    async fn judge(&mut self, rows: &[RawRow]) -> Result<(EvaluatedBatch, NewPeople)> {
        let mut h = self.app.db.read().await?;
        let standing = if let Some(standing) = self.standing.take() {
            standing
        } else {
            // The head first, so that whatever changes while the rest is read shows.
            let organization = &self.run.organization;
            self.head = audit::head(&mut h, organization.id).await?.map_or(0, |head| head.seq);
            ImportState::load(&mut h, organization).await?
        };
        let (judged, standing) = self.app.judge_rows(&mut h, self.actor, &self.run, rows, standing, false).await?;
        self.standing = Some(standing);
        let people = self.app.new_people(self.run.organization.id, &judged.profiles);
        Ok((judged, people))
    }

    /// Sends a batch on its way, if there is anything to save.
    fn save(&mut self, (mut judged, people): (EvaluatedBatch, NewPeople), rows: Vec<RawRow>, bytes: u64) {
        self.run.pending = std::mem::take(&mut judged.pending);
        if self.run.options.dry_run || judged.profiles.is_empty() {
            return self.keep(judged, self.head, rows.len(), bytes);
        }
        let (app, actor, expected) = (self.app.clone(), self.actor.clone(), self.head);
        let (organization, invite) = (self.run.organization.clone(), self.run.options.invite);
        let task = tokio::spawn(async move {
            let work = app.work_for(&actor, actor.organization()).await?;
            if work.head() != expected {
                return Err(SaveError::Conflict);
            }
            app.save_batch(work, &actor, &organization, invite, judged, people).await
        });
        self.saving = Some(SaveTask { rows, bytes, task });
    }

    /// Waits for the batch being saved. False when it had to be judged again: then so has whatever was judged since.
    async fn settle(&mut self) -> Result<bool> {
        let Some(SaveTask { rows, bytes, task }) = self.saving.take() else { return Ok(true) };
        match task.await.map_err(|error| AppError::Internal(error.to_string()))? {
            Ok((judged, head)) => {
                self.keep(judged, head, rows.len(), bytes);
                Ok(true)
            }
            Err(SaveError::Conflict) => {
                let (judged, head) = self.again(&rows).await?;
                self.keep(judged, head, rows.len(), bytes);
                Ok(false)
            }
            Err(SaveError::Failed(error)) => Err(error),
        }
    }

    async fn again(&mut self, rows: &[RawRow]) -> Result<(EvaluatedBatch, i64)> {
        self.run.pending = PendingBatch::default();
        for _ in 1..ATTEMPTS {
            match self.under_lock(rows).await {
                Ok(saved) => return Ok(saved),
                Err(SaveError::Conflict) => {}
                Err(SaveError::Failed(error)) => return Err(error),
            }
        }
        Err(AppError::Unavailable)
    }

    /// Judges and saves while nobody else can change the practice.
    async fn under_lock(&mut self, rows: &[RawRow]) -> BatchResult {
        let mut work = self.app.work_for(self.actor, self.actor.organization()).await?;
        let standing = ImportState::load(&mut work.tx, &self.run.organization).await?;
        let judged = self.app.judge_rows(&mut work.tx, self.actor, &self.run, rows, standing, true).await?;
        let (mut judged, standing) = judged;
        let pending = std::mem::take(&mut judged.pending);
        let (organization, invite) = (&self.run.organization, self.run.options.invite);
        let people = self.app.new_people(organization.id, &judged.profiles);
        let saved = self.app.save_batch(work, self.actor, organization, invite, judged, people).await?;
        self.run.pending = pending;
        self.standing = Some(standing);
        Ok(saved)
    }

    /// Goes on from a batch that was saved, or would have been.
    fn keep(&mut self, judged: EvaluatedBatch, head: i64, rows: usize, bytes: u64) {
        self.run.add_pending();
        self.report.add_batch(judged, rows);
        self.head = head;
        self.bytes = bytes;
    }
}

impl App {
    async fn save_batch(
        &self,
        mut work: UnitOfWork,
        actor: &Actor,
        organization: &Organization,
        invite: bool,
        mut judged: EvaluatedBatch,
        people: NewPeople,
    ) -> BatchResult {
        if judged.profiles.is_empty() {
            // Nothing to save; the lock is given back at once.
            return Ok((judged, work.head()));
        }
        self.save_new_clinics(&mut work, actor, &judged.clinics).await?;
        self.save_new_people(&mut work, actor, people, &judged.seats).await?;
        if invite {
            judged.flags.invited = self.invite_many(&mut work, actor, &judged.profiles, organization).await?;
        }
        let head = work.head();
        work.commit().await?;
        Ok((judged, head))
    }
}
