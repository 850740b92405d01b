//! The queue of background work. A job is added in the transaction of what it follows from, taken by a worker of any
//! program for the length of a lease, and done at least once: a handler may meet a job that was done already, by a
//! worker that died before it could say so, and has to be idempotent.

mod kind;
mod operators;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use muster_domain::OrganizationId;
use muster_store::jobs::{self, Lease, LeasedJob, NewJob};
use uuid::Uuid;

use crate::work::UnitOfWork;
use crate::{App, Result};

pub use kind::JobKind;
pub use muster_store::jobs::{JobCount, JobEntry, JobFilter};

/// A job that this program holds.
#[derive(Clone, Debug)]
pub struct Job {
    /// Whose; the installation's own for work that belongs to no practice.
    pub organization: OrganizationId,
    /// Identity.
    pub id: Uuid,
    /// What it is.
    pub kind: JobKind,
    /// What the kind needs.
    pub payload: Vec<u8>,
    /// Times it was taken, this one included.
    pub attempts: i64,
    /// Who holds it.
    pub(crate) worker: Uuid,
}

/// Why an attempt failed. The text is for operators: it names no person and no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobFailure {
    /// Worth another attempt.
    Temporary(String),
    /// Never going to work.
    Permanent(String),
}

/// What the workers of this program did since it started.
#[derive(Debug, Default)]
pub struct JobCounters(BTreeMap<JobKind, [AtomicU64; 2]>);

impl JobCounters {
    pub(crate) fn new() -> Self {
        Self(JobKind::ALL.iter().map(|kind| (*kind, Default::default())).collect())
    }

    fn count(&self, kind: JobKind, failed: bool) {
        if let Some(counters) = self.0.get(&kind) {
            counters[usize::from(failed)].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Jobs done and attempts that failed, by kind.
    pub fn by_kind(&self) -> Vec<(JobKind, u64, u64)> {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        self.0.iter().map(|(kind, [done, failed])| (*kind, read(done), read(failed))).collect()
    }
}

/// A job of this kind, due now.
pub(crate) fn new_job(id: Uuid, kind: JobKind, payload: Vec<u8>, now: Timestamp) -> NewJob {
    NewJob { id, kind: kind.as_str(), payload, due_at: now }
}

impl App {
    /// Adds jobs to a change in progress.
    pub(crate) async fn enqueue(&self, work: &mut UnitOfWork, new: &[NewJob]) -> Result<()> {
        Ok(jobs::insert(&mut work.tx, work.organization, new, self.now()).await?)
    }

    /// Sees to it that the kinds that come again and again are in the queue. `first_reminders` is the wait until
    /// expiring licenses are first looked for; the others begin after a minute, out of the way of the start.
    pub async fn schedule_jobs(&self, first_reminders: SignedDuration) -> Result<()> {
        let now = self.now();
        let mut tx = self.db.begin().await?;
        for kind in JobKind::ALL.iter().filter(|k| k.every().is_some()) {
            let first = if *kind == JobKind::SendReminders { first_reminders } else { SignedDuration::from_mins(1) };
            let job = NewJob { due_at: now + first, ..new_job(self.new_id(), *kind, Vec::new(), now) };
            jobs::schedule(&mut tx, &job, now).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The kinds of which something is to be done now. Only reads.
    pub async fn due_job_kinds(&self) -> Result<Vec<JobKind>> {
        let mut h = self.db.read().await?;
        let kinds = jobs::due_kinds(&mut h, self.now()).await?;
        Ok(kinds.iter().filter_map(|code| JobKind::parse(code)).collect())
    }

    /// Ready when a job was added here that should not wait until the queue is next looked at.
    pub async fn job_added(&self) {
        self.job_added.notified().await;
    }

    /// Takes due jobs of a kind.
    pub async fn take_jobs(&self, kind: JobKind, limit: i64) -> Result<Vec<Job>> {
        let lease = self.lease(kind);
        let mut tx = self.db.begin().await?;
        let taken = jobs::take(&mut tx, kind.as_str(), lease, limit).await?;
        tx.commit().await?;
        Ok(taken.into_iter().map(|job| Job::of(kind, job, lease.worker)).collect())
    }

    pub(crate) fn lease(&self, kind: JobKind) -> Lease {
        let now = self.now();
        Lease { worker: self.new_id(), now, until: now + kind.lease() }
    }

    /// Records how an attempt went: ends the job, puts it off, or gives it up.
    pub async fn end_attempt(&self, job: &Job, result: std::result::Result<(), JobFailure>) -> Result<()> {
        self.job_counters.count(job.kind, result.is_err());
        let (now, kind) = (self.now(), job.kind);
        let mut tx = self.db.begin().await?;
        match result {
            Ok(()) => match kind.every() {
                Some(every) => {
                    jobs::requeue(&mut tx, job.organization, job.id, job.worker, now + every, "").await?;
                }
                None => jobs::complete(&mut tx, job.organization, job.id, now).await?,
            },
            Err(JobFailure::Temporary(error)) if kind.max_attempts().is_none_or(|most| job.attempts < most) => {
                let again = now + kind.back_off(job.attempts);
                jobs::requeue(&mut tx, job.organization, job.id, job.worker, again, &error).await?;
            }
            Err(JobFailure::Temporary(error) | JobFailure::Permanent(error)) => {
                jobs::give_up(&mut tx, job.organization, job.id, job.worker, &error, now).await?;
            }
        }
        Ok(tx.commit().await?)
    }

    /// What the workers of this program did since it started.
    pub fn job_counters(&self) -> &JobCounters {
        &self.job_counters
    }
}

impl Job {
    pub(crate) fn of(kind: JobKind, job: LeasedJob, worker: Uuid) -> Self {
        Self {
            organization: OrganizationId(job.organization_id),
            id: job.job_id,
            kind,
            payload: job.payload,
            attempts: job.attempts,
            worker,
        }
    }
}
