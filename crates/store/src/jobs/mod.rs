//! The queue of background work at rest: one row a job. Delivery is at least once: a worker holds a job by a lease, and
//! a job whose lease ended is taken again. What a job means is not known here.

mod overview;

use jiff::Timestamp;
use muster_domain::OrganizationId;
use uuid::Uuid;

use crate::sql::query::Query;
use crate::sql::rows::rows;
use crate::{Handle, Result, Tx, micros};

pub use overview::{JobCount, JobEntry, JobFilter, counts, list, retry, retry_failed};

/// A job to add.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Identity.
    pub id: Uuid,
    /// The code of its kind.
    pub kind: &'static str,
    /// What the kind needs; sealed by the application layer where it is secret.
    pub payload: Vec<u8>,
    /// Not taken before then.
    pub due_at: Timestamp,
}

/// A job that a worker holds.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct LeasedJob {
    /// Whose; the installation's own for work that belongs to no practice.
    pub organization_id: Uuid,
    /// Identity.
    pub job_id: Uuid,
    /// The code of its kind.
    pub kind: String,
    /// As added.
    pub payload: Vec<u8>,
    /// Times it was taken, this one included.
    pub attempts: i64,
}

/// How long a worker holds what it takes.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// The worker.
    pub worker: Uuid,
    /// Now.
    pub now: Timestamp,
    /// Until then nobody else takes it.
    pub until: Timestamp,
}

const TAKEN: &str = "organization_id, job_id, kind, payload, attempts";

/// Adds jobs, in the transaction of what they follow from.
pub async fn insert(tx: &mut Tx, organization: OrganizationId, jobs: &[NewJob], now: Timestamp) -> Result<()> {
    let new = jobs.iter().map(|job| {
        [
            ("id", job.id.into()),
            ("kind", job.kind.into()),
            ("payload", job.payload.as_slice().into()),
            ("due", micros(job.due_at).into()),
            ("at", micros(now).into()),
        ]
    });
    let Some(new) = rows(tx.split().engine(), new) else { return Ok(()) };
    let text = "INSERT INTO jobs (organization_id, job_id, kind, payload, state, due_at, created_at)
        SELECT $1, r.id, r.kind, r.payload, 'queued', r.due, r.at
        FROM {rows $2: id uuid, kind text, payload bytes, due int, at int} r";
    Query::about(text, organization.0).with(new).execute(tx).await.map(drop)
}

/// Sees to it that a job of the installation comes again and again: adds it, or brings the one that is there forward to
/// `due_at`. One a kind, however many programs ask.
pub async fn schedule(tx: &mut Tx, job: &NewJob, now: Timestamp) -> Result<()> {
    let text = "INSERT INTO jobs (organization_id, job_id, kind, schedule, payload, state, due_at, created_at)
        VALUES ($1, $2, $3, $3, $4, 'queued', $5, $6)
        ON CONFLICT (organization_id, schedule) WHERE schedule IS NOT NULL DO UPDATE SET state = 'queued',
            due_at = CASE WHEN jobs.due_at < excluded.due_at THEN jobs.due_at ELSE excluded.due_at END";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(OrganizationId::INSTALLATION.0)
            .bind(job.id)
            .bind(job.kind)
            .bind(job.payload.clone())
            .bind(micros(job.due_at))
            .bind(micros(now))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// The kinds of which a job is due and held by nobody.
pub async fn due_kinds(h: &mut impl Handle, now: Timestamp) -> Result<Vec<String>> {
    let text = "SELECT DISTINCT kind FROM jobs WHERE state = 'queued' AND due_at <= $1 AND lease_until <= $1";
    let rows: Vec<(String,)> = on!(h, text, |sql, c| sqlx::query_as(sql).bind(micros(now)).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(kind,)| kind).collect())
}

/// Takes due jobs of a kind, the one due longest first. Several workers never take the same one at the same time.
pub async fn take(tx: &mut Tx, kind: &str, lease: Lease, limit: i64) -> Result<Vec<LeasedJob>> {
    let text = format!(
        "UPDATE jobs SET leased_by = $2, lease_until = $4, attempts = attempts + 1
        WHERE (organization_id, job_id) IN (SELECT organization_id, job_id FROM jobs
            WHERE state = 'queued' AND kind = $1 AND due_at <= $3 AND lease_until <= $3
            ORDER BY due_at, job_id LIMIT $5)
        AND state = 'queued' AND lease_until <= $3 RETURNING {TAKEN}"
    );
    let mut taken: Vec<LeasedJob> = on!(tx, &text, |sql, c| {
        sqlx::query_as(sql)
            .bind(kind)
            .bind(lease.worker)
            .bind(micros(lease.now))
            .bind(micros(lease.until))
            .bind(limit)
            .fetch_all(c)
            .await?
    });
    // In the order they were added, which no engine promises of what an UPDATE returns.
    taken.sort_by_key(|job| job.job_id);
    Ok(taken)
}

/// Takes this job, if it is queued and held by nobody.
pub async fn take_this(
    tx: &mut Tx,
    organization: OrganizationId,
    job: Uuid,
    lease: Lease,
) -> Result<Option<LeasedJob>> {
    let text = format!(
        "UPDATE jobs SET leased_by = $3, lease_until = $5, attempts = attempts + 1
        WHERE organization_id = $1 AND job_id = $2 AND state = 'queued' AND lease_until <= $4 RETURNING {TAKEN}"
    );
    Ok(on!(tx, &text, |sql, c| {
        sqlx::query_as(sql)
            .bind(organization.0)
            .bind(job)
            .bind(lease.worker)
            .bind(micros(lease.now))
            .bind(micros(lease.until))
            .fetch_optional(c)
            .await?
    }))
}

/// Extends a lease after progress, and forgets earlier failures. False when the job is not the worker's any more; else
/// its row is locked until the transaction ends.
pub async fn extend(tx: &mut Tx, organization: OrganizationId, job: Uuid, lease: Lease) -> Result<bool> {
    let text = "UPDATE jobs SET lease_until = $4, attempts = 1
        WHERE organization_id = $1 AND job_id = $2 AND state = 'queued' AND leased_by = $3";
    let changed = on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(job)
            .bind(lease.worker)
            .bind(micros(lease.until))
            .execute(c)
            .await?
            .rows_affected()
    });
    Ok(changed == 1)
}

/// Gives a job back before its lease ends, due at once.
pub async fn release(tx: &mut Tx, organization: OrganizationId, job: Uuid, worker: Uuid) -> Result<()> {
    let text = "UPDATE jobs SET lease_until = 0
        WHERE organization_id = $1 AND job_id = $2 AND state = 'queued' AND leased_by = $3";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(job).bind(worker).execute(c).await?;
    });
    Ok(())
}

/// Ends a job that was done, and forgets its payload. What was done stays done, whoever holds the lease by now.
pub async fn complete(tx: &mut Tx, organization: OrganizationId, job: Uuid, now: Timestamp) -> Result<()> {
    let text = "UPDATE jobs SET state = 'done', payload = $3, finished_at = $4, lease_until = 0, last_error = ''
        WHERE organization_id = $1 AND job_id = $2 AND state <> 'done'";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(job).bind(Vec::<u8>::new()).bind(micros(now)).execute(c).await?;
    });
    Ok(())
}

/// Makes a job due again at `due_at`: after a failure (`error` says which), or because it comes again and again
/// (`error` is empty, and failures are forgotten). What another worker holds or finished by now stays as it is.
pub async fn requeue(
    tx: &mut Tx,
    organization: OrganizationId,
    job: Uuid,
    worker: Uuid,
    due_at: Timestamp,
    error: &str,
) -> Result<()> {
    let text = "UPDATE jobs SET due_at = $4, lease_until = 0, last_error = $5,
            attempts = CASE WHEN $5 = '' THEN 0 ELSE attempts END
        WHERE organization_id = $1 AND job_id = $2 AND state = 'queued' AND leased_by = $3";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(job)
            .bind(worker)
            .bind(micros(due_at))
            .bind(error)
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Gives a job up: nobody takes it any more until somebody asks for it. Its payload stays, so that it can be retried.
pub async fn give_up(
    tx: &mut Tx,
    organization: OrganizationId,
    job: Uuid,
    worker: Uuid,
    error: &str,
    now: Timestamp,
) -> Result<()> {
    let text = "UPDATE jobs SET state = 'failed', finished_at = $4, lease_until = 0, last_error = $5
        WHERE organization_id = $1 AND job_id = $2 AND state = 'queued' AND leased_by = $3";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(job).bind(worker).bind(micros(now)).bind(error).execute(c).await?;
    });
    Ok(())
}

/// Forgets jobs that were done before `done_before` and given up before `failed_before`.
pub async fn forget_ended(tx: &mut Tx, done_before: Timestamp, failed_before: Timestamp) -> Result<()> {
    let text =
        "DELETE FROM jobs WHERE (state = 'done' AND finished_at < $1) OR (state = 'failed' AND finished_at < $2)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(micros(done_before)).bind(micros(failed_before)).execute(c).await?;
    });
    Ok(())
}
