//! Bulk updates at rest: jobs, the people selected, and what came of each. A selection is one statement, however many
//! it takes in; a chunk of a job is a fixed number of statements.

mod accounts;
mod facts;
mod items;
mod presets;
mod selection;

use jiff::Timestamp;
use muster_domain::OrganizationId;
use muster_domain::bulk::{BulkKind, BulkState, Tally};
use serde_json::json;
use uuid::Uuid;

use crate::sql::query::Query;
use crate::{Handle, Result, StoreError, Tx, micros, when};

pub use accounts::{ChangedAccount, end_all_access, save_accounts};
pub use facts::{company_admins, managers, signed};
pub use items::{BulkItem, Done, NamedItem, items, items_to_undo, named_items, save_items};
pub use presets::{Preset, presets, remove_preset, save_preset};
pub use selection::{leave_out, select_by_filter, select_by_ids, select_changed};

/// A bulk update as stored.
#[derive(Clone, Debug)]
pub struct BulkJob {
    /// Whose practice.
    pub organization: OrganizationId,
    /// Identity.
    pub id: Uuid,
    /// Where the changes come from.
    pub kind: BulkKind,
    /// How far it has come.
    pub state: BulkState,
    /// `person`, `support` or `command_line`.
    pub actor_kind: String,
    /// Who asked.
    pub actor_id: Option<Uuid>,
    /// The name then.
    pub actor_name: String,
    /// Through which door.
    pub channel: String,
    /// From where.
    pub address: String,
    /// How the people were selected, as JSON; for reading.
    pub selection: String,
    /// The changes, as JSON.
    pub changes: String,
    /// The bulk update this one undoes.
    pub undo_of: Option<Uuid>,
    /// The bulk update that undid this one.
    pub undone_by: Option<Uuid>,
    /// How many people.
    pub selected: i64,
    /// What came of it so far.
    pub tally: Tally,
    /// The code of what stopped it.
    pub stopped_by: Option<String>,
    /// The last person done.
    pub cursor: Uuid,
    /// Selected.
    pub created_at: Option<Timestamp>,
    /// Begun.
    pub started_at: Option<Timestamp>,
    /// Done, canceled or stopped.
    pub finished_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct BulkJobRow {
    organization_id: Uuid,
    job_id: Uuid,
    kind: String,
    state: String,
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_name: String,
    channel: String,
    address: String,
    selection: String,
    changes: String,
    undo_of: Option<Uuid>,
    undone_by: Option<Uuid>,
    selected: i64,
    tally: String,
    stopped_by: Option<String>,
    cursor_id: Uuid,
    created_at: i64,
    started_at: Option<i64>,
    finished_at: Option<i64>,
}

const JOB: &str = "organization_id, job_id, kind, state, actor_kind, actor_id, actor_name, channel, address, selection,
    changes, undo_of, undone_by, selected, tally, stopped_by, cursor_id, created_at, started_at, finished_at";

impl TryFrom<BulkJobRow> for BulkJob {
    type Error = StoreError;
    fn try_from(r: BulkJobRow) -> Result<Self> {
        Ok(Self {
            organization: OrganizationId(r.organization_id),
            id: r.job_id,
            kind: BulkKind::parse(&r.kind).ok_or(StoreError::Corrupt(r.kind))?,
            state: BulkState::parse(&r.state).ok_or(StoreError::Corrupt(r.state))?,
            actor_kind: r.actor_kind,
            actor_id: r.actor_id,
            actor_name: r.actor_name,
            channel: r.channel,
            address: r.address,
            selection: r.selection,
            changes: r.changes,
            undo_of: r.undo_of,
            undone_by: r.undone_by,
            selected: r.selected,
            tally: serde_json::from_str(&r.tally).map_err(|_| StoreError::Corrupt(r.tally))?,
            stopped_by: r.stopped_by,
            cursor: r.cursor_id,
            created_at: when(r.created_at),
            started_at: r.started_at.and_then(when),
            finished_at: r.finished_at.and_then(when),
        })
    }
}

fn job_of(row: Option<BulkJobRow>) -> Result<Option<BulkJob>> {
    row.map(BulkJob::try_from).transpose()
}

/// Adds a draft.
pub async fn insert(tx: &mut Tx, job: &BulkJob) -> Result<()> {
    let text = "INSERT INTO bulk_jobs (organization_id, job_id, kind, state, actor_kind, actor_id, actor_name, channel,
            address, selection, changes, undo_of, selected, cursor_id, created_at, tally)
        VALUES ($1, $2, $3, 'draft', $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $13, $14)";
    let tally = json!(Tally::default()).to_string();
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(job.organization.0)
            .bind(job.id)
            .bind(job.kind.as_str())
            .bind(&job.actor_kind)
            .bind(job.actor_id)
            .bind(&job.actor_name)
            .bind(&job.channel)
            .bind(&job.address)
            .bind(&job.selection)
            .bind(&job.changes)
            .bind(job.undo_of)
            .bind(Uuid::nil())
            .bind(job.created_at.map_or(0, micros))
            .bind(tally)
            .execute(c)
            .await?;
    });
    Ok(())
}

/// One bulk update.
pub async fn find(h: &mut impl Handle, organization: OrganizationId, id: Uuid) -> Result<Option<BulkJob>> {
    let text = format!("SELECT {JOB} FROM bulk_jobs WHERE organization_id = $1 AND job_id = $2");
    job_of(on!(h, &text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(id).fetch_optional(c).await?))
}

/// Bulk updates that were begun, newest first; of one actor or of all.
pub async fn list(
    h: &mut impl Handle,
    organization: OrganizationId,
    actor: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<BulkJob>> {
    let mut q = Query::new(&format!("SELECT {JOB} FROM bulk_jobs WHERE organization_id = "), organization.0);
    q.push(" AND state <> 'draft'");
    if let Some(actor) = actor {
        q.push(" AND actor_id = ").bind(actor);
    }
    if let Some(before) = before {
        q.push(" AND job_id < ").bind(before);
    }
    q.push(" ORDER BY job_id DESC LIMIT ").bind(limit);
    let rows: Vec<BulkJobRow> = q.fetch_all(h).await?;
    rows.into_iter().map(BulkJob::try_from).collect()
}

/// Keeps how the people of a draft were selected.
pub async fn describe(tx: &mut Tx, organization: OrganizationId, job: Uuid, selection: &str) -> Result<()> {
    let text = "UPDATE bulk_jobs SET selection = $3 WHERE organization_id = $1 AND job_id = $2";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(job).bind(selection).execute(c).await?;
    });
    Ok(())
}

/// Counts the people of a job anew and keeps the count. How many.
pub async fn count(tx: &mut Tx, organization: OrganizationId, job: Uuid) -> Result<i64> {
    let text = "UPDATE bulk_jobs SET selected = (SELECT count(*) FROM bulk_items i
            WHERE i.organization_id = $1 AND i.job_id = $2)
        WHERE organization_id = $1 AND job_id = $2 RETURNING selected";
    let row: Option<(i64,)> =
        on!(tx, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(job).fetch_optional(c).await?);
    Ok(row.map_or(0, |(n,)| n))
}

/// Begins a draft. False when it is none any more.
pub async fn start(
    tx: &mut Tx,
    organization: OrganizationId,
    job: Uuid,
    changes: &str,
    now: Timestamp,
) -> Result<bool> {
    let text = "UPDATE bulk_jobs SET state = 'running', changes = $3, started_at = $4
        WHERE organization_id = $1 AND job_id = $2 AND state = 'draft'";
    let changed = on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(job)
            .bind(changes)
            .bind(micros(now))
            .execute(c)
            .await?
            .rows_affected()
    });
    Ok(changed == 1)
}

/// Notes by which job another one was undone. False when one did already.
pub async fn mark_undone(tx: &mut Tx, organization: OrganizationId, job: Uuid, by: Uuid) -> Result<bool> {
    let text = "UPDATE bulk_jobs SET undone_by = $3
        WHERE organization_id = $1 AND job_id = $2 AND undone_by IS NULL";
    let changed = on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(job).bind(by).execute(c).await?.rows_affected()
    });
    Ok(changed == 1)
}

/// The job while it is running. The caller holds its lease; see [`crate::jobs::extend`].
pub async fn running(tx: &mut Tx, organization: OrganizationId, job: Uuid) -> Result<Option<BulkJob>> {
    let text = format!("SELECT {JOB} FROM bulk_jobs WHERE organization_id = $1 AND job_id = $2 AND state = 'running'");
    job_of(on!(tx, &text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(job).fetch_optional(c).await?))
}

/// Records how far a job has come, in the transaction that brought it there.
pub async fn progress(tx: &mut Tx, job: &BulkJob) -> Result<()> {
    let text = "UPDATE bulk_jobs SET tally = $3, cursor_id = $4 WHERE organization_id = $1 AND job_id = $2";
    let tally = json!(job.tally).to_string();
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(job.organization.0).bind(job.id).bind(tally).bind(job.cursor).execute(c).await?;
    });
    Ok(())
}

/// Ends a running job as `done`, `canceled` or `stopped`. False when it does not run.
pub async fn finish(
    tx: &mut Tx,
    organization: OrganizationId,
    job: Uuid,
    state: BulkState,
    stopped_by: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let text = "UPDATE bulk_jobs SET state = $3, stopped_by = $4, finished_at = $5
        WHERE organization_id = $1 AND job_id = $2 AND state = 'running'";
    let changed = on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(job)
            .bind(state.as_str())
            .bind(stopped_by)
            .bind(micros(now))
            .execute(c)
            .await?
            .rows_affected()
    });
    Ok(changed == 1)
}

/// Forgets drafts nobody began. How many.
pub async fn sweep_drafts(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    let text = "SELECT organization_id, job_id FROM bulk_jobs WHERE state = 'draft' AND created_at < $1";
    let old: Vec<(Uuid, Uuid)> = on!(tx, text, |sql, c| sqlx::query_as(sql).bind(micros(before)).fetch_all(c).await?);
    for (organization, job) in &old {
        forget(tx, OrganizationId(*organization), *job).await?;
    }
    Ok(old.len() as u64)
}

/// Forgets all but the newest drafts of whoever makes this one.
pub async fn forget_older_drafts(tx: &mut Tx, job: &BulkJob, keep: i64) -> Result<()> {
    let text = "SELECT job_id FROM bulk_jobs WHERE organization_id = $1 AND state = 'draft' AND actor_kind = $2
            AND coalesce(actor_id, organization_id) = $3
        ORDER BY created_at DESC, job_id DESC LIMIT 1000 OFFSET $4";
    let actor = job.actor_id.unwrap_or(job.organization.0);
    let old: Vec<(Uuid,)> = on!(tx, text, |sql, c| {
        sqlx::query_as(sql).bind(job.organization.0).bind(&job.actor_kind).bind(actor).bind(keep).fetch_all(c).await?
    });
    for (old,) in old {
        forget(tx, job.organization, old).await?;
    }
    Ok(())
}

async fn forget(tx: &mut Tx, organization: OrganizationId, draft: Uuid) -> Result<()> {
    for text in [
        "DELETE FROM bulk_items WHERE organization_id = $1 AND job_id = $2",
        "DELETE FROM bulk_jobs WHERE organization_id = $1 AND job_id = $2 AND state = 'draft'",
    ] {
        on!(tx, text, |sql, c| {
            sqlx::query(sql).bind(organization.0).bind(draft).execute(c).await?;
        });
    }
    Ok(())
}
