//! What operators do with the queue from the command line: look at it, and ask for jobs that were given up.

use jiff::SignedDuration;
use muster_store::jobs::{self, JobCount, JobEntry, JobFilter};
use muster_store::{bulk, idempotency};
use uuid::Uuid;

use crate::{App, Result};

/// Ended jobs and remembered answers are kept this long.
const KEPT: SignedDuration = SignedDuration::from_hours(48);
/// Jobs that were given up are kept this long: somebody has to notice them.
const FAILED_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

impl App {
    /// Jobs that are queued or were given up, the one due first on top; at most `limit`. The command line only.
    pub async fn jobs(&self, filter: &JobFilter, limit: i64) -> Result<Vec<JobEntry>> {
        let mut h = self.db.read().await?;
        Ok(jobs::list(&mut h, filter, self.now(), limit).await?)
    }

    /// How many jobs of each kind are queued and how many were given up.
    pub async fn job_counts(&self) -> Result<Vec<JobCount>> {
        let mut h = self.db.read().await?;
        Ok(jobs::counts(&mut h).await?)
    }

    /// Queues a job again that was given up. False when there is no such job. The command line only.
    pub async fn retry_job(&self, job: Uuid) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let queued = jobs::retry(&mut tx, job, self.now()).await?;
        tx.commit().await?;
        Ok(queued)
    }

    /// The same for all jobs that were given up. How many.
    pub async fn retry_failed_jobs(&self) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let queued = jobs::retry_failed(&mut tx, self.now()).await?;
        tx.commit().await?;
        Ok(queued)
    }

    /// Deletes what is kept for a limited time only; called by background work.
    pub async fn apply_retention(&self) -> Result<()> {
        let now = self.now();
        let mut tx = self.db.begin().await?;
        jobs::forget_ended(&mut tx, now - KEPT, now - FAILED_KEPT).await?;
        idempotency::forget_before(&mut tx, now - KEPT).await?;
        bulk::sweep_drafts(&mut tx, now - KEPT).await?;
        Ok(tx.commit().await?)
    }
}
