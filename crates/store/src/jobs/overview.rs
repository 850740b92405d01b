//! What operators see of the queue, and how they ask for a job that was given up.

use jiff::Timestamp;
use muster_domain::OrganizationId;
use uuid::Uuid;

use crate::sql::query::Query;
use crate::{Handle, Result, Tx, micros, when};

/// A job as operators see it: never its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEntry {
    /// Whose.
    pub organization: OrganizationId,
    /// Identity.
    pub id: Uuid,
    /// The code of its kind.
    pub kind: String,
    /// `queued`, `done` or `failed`.
    pub state: String,
    /// Taken no sooner.
    pub due_at: Option<Timestamp>,
    /// Times it was taken since it last succeeded.
    pub attempts: i64,
    /// Why the last attempt failed; empty when it did not.
    pub last_error: String,
    /// A worker holds it.
    pub running: bool,
}

/// Which jobs to list.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Of this kind.
    pub kind: Option<String>,
    /// Only those given up.
    pub failed: bool,
}

/// How many jobs of a kind are in a state.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct JobCount {
    /// The code of the kind.
    pub kind: String,
    /// `queued` or `failed`.
    pub state: String,
    /// How many.
    pub jobs: i64,
}

type EntryRow = (Uuid, Uuid, String, String, i64, i64, String, i64);

/// Jobs that are queued or were given up, the one due first on top; at most `limit`.
pub async fn list(h: &mut impl Handle, filter: &JobFilter, now: Timestamp, limit: i64) -> Result<Vec<JobEntry>> {
    let columns = "organization_id, job_id, kind, state, due_at, attempts, last_error, lease_until";
    let (comparison, state) = if filter.failed { ("=", "failed") } else { ("<>", "done") };
    let mut q = Query::about(&format!("SELECT {columns} FROM jobs WHERE state {comparison} $1"), state);
    if let Some(kind) = &filter.kind {
        q.push(" AND kind = ").bind(kind.clone());
    }
    q.push(" ORDER BY due_at, job_id LIMIT ").bind(limit);
    let rows: Vec<EntryRow> = q.fetch_all(h).await?;
    let entry = |(organization, id, kind, state, due_at, attempts, last_error, lease): EntryRow| JobEntry {
        organization: OrganizationId(organization),
        id,
        running: state == "queued" && lease > micros(now),
        kind,
        state,
        due_at: when(due_at),
        attempts,
        last_error,
    };
    Ok(rows.into_iter().map(entry).collect())
}

/// How many jobs of each kind are queued and how many were given up.
pub async fn counts(h: &mut impl Handle) -> Result<Vec<JobCount>> {
    let text = "SELECT kind, state, count(*) AS jobs FROM jobs WHERE state <> 'done' GROUP BY kind, state ORDER BY kind, state";
    Ok(on!(h, text, |sql, c| sqlx::query_as(sql).fetch_all(c).await?))
}

/// Queues a job again that was given up. False when there is no such job.
pub async fn retry(tx: &mut Tx, job: Uuid, now: Timestamp) -> Result<bool> {
    let text = "UPDATE jobs SET state = 'queued', due_at = $2, attempts = 0, finished_at = NULL
        WHERE job_id = $1 AND state = 'failed'";
    let changed =
        on!(tx, text, |sql, c| sqlx::query(sql).bind(job).bind(micros(now)).execute(c).await?.rows_affected());
    Ok(changed == 1)
}

/// The same for all that were given up. How many.
pub async fn retry_failed(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    let text = "UPDATE jobs SET state = 'queued', due_at = $1, attempts = 0, finished_at = NULL WHERE state = 'failed'";
    Ok(on!(tx, text, |sql, c| sqlx::query(sql).bind(micros(now)).execute(c).await?.rows_affected()))
}
