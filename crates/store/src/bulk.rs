//! Bulk updates at rest: jobs, the people selected, and what came of each. A selection is one statement, however many
//! it takes in; a chunk of a job is a fixed number of statements.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use muster_domain::access::ClinicAccess;
use muster_domain::emr::bulk::Tally;
use muster_domain::emr::{EmrAccount, InactiveReason};
use muster_domain::{ClinicId, OrganizationId, PersonId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::directory::{self, Filter};
use crate::query::Query;
use crate::{Handle, Result, StoreError, Tx, dialect, micros, when};

/// A bulk update as stored.
#[derive(Clone, Debug)]
pub struct Job {
    /// Whose practice.
    pub organization: OrganizationId,
    /// Identity.
    pub id: Uuid,
    /// `update`, `undo` or `file`.
    pub kind: String,
    /// `draft`, `running`, `done`, `cancelled` or `stopped`.
    pub state: String,
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
    /// Done, cancelled or stopped.
    pub finished_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct JobRow {
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

impl TryFrom<JobRow> for Job {
    type Error = StoreError;
    fn try_from(r: JobRow) -> Result<Self> {
        Ok(Self {
            organization: OrganizationId(r.organization_id),
            id: r.job_id,
            kind: r.kind,
            state: r.state,
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

fn job_of(row: Option<JobRow>) -> Result<Option<Job>> {
    row.map(Job::try_from).transpose()
}

/// Adds a draft.
pub async fn insert(tx: &mut Tx, job: &Job) -> Result<()> {
    let text = "INSERT INTO bulk_jobs (organization_id, job_id, kind, state, actor_kind, actor_id, actor_name, channel,
            address, selection, changes, undo_of, selected, cursor_id, lease_until, created_at, tally)
        VALUES ($1, $2, $3, 'draft', $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, 0, $13, $14)";
    let tally = json!(Tally::default()).to_string();
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(job.organization.0)
            .bind(job.id)
            .bind(&job.kind)
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
pub async fn find(h: &mut impl Handle, organization: OrganizationId, id: Uuid) -> Result<Option<Job>> {
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
) -> Result<Vec<Job>> {
    let mut q = Query::new(&format!("SELECT {JOB} FROM bulk_jobs WHERE organization_id = "), organization.0);
    q.push(" AND state <> 'draft'");
    if let Some(actor) = actor {
        q.push(" AND actor_id = ").bind(actor);
    }
    if let Some(before) = before {
        q.push(" AND job_id < ").bind(before);
    }
    q.push(" ORDER BY job_id DESC LIMIT ").bind(limit);
    let rows: Vec<JobRow> = q.fetch_all(h).await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// Takes in everybody with an EMR account who matches, each with the version stored now; at most `limit`. How many.
pub async fn select_by_filter(
    tx: &mut Tx,
    organization: OrganizationId,
    job: Uuid,
    filter: &Filter,
    limit: i64,
) -> Result<i64> {
    let mut q = Query::new(
        "INSERT INTO bulk_items (organization_id, job_id, person_id, version)
        SELECT j.organization_id, j.job_id, d.person_id, p.version FROM directory d
        JOIN bulk_jobs j ON j.organization_id = d.organization_id
        JOIN people p ON p.organization_id = d.organization_id AND p.person_id = d.person_id
        WHERE d.organization_id = ",
        organization.0,
    );
    q.push(" AND j.job_id = ").bind(job).push(" AND d.user_type <> ''");
    directory::narrow(&mut q, filter);
    q.push(" LIMIT ").bind(limit);
    q.execute(tx).await
}

/// Takes in these people. Whoever the scope does not show gets version 0, like whoever does not exist.
pub async fn select_by_ids(
    tx: &mut Tx,
    organization: OrganizationId,
    job: Uuid,
    scope: &ClinicAccess,
    myself: Option<PersonId>,
    ids: &[PersonId],
) -> Result<()> {
    let mut q = Query::about(
        "INSERT INTO bulk_items (organization_id, job_id, person_id, version)
        SELECT j.organization_id, j.job_id, r.id, coalesce((SELECT p.version FROM people p
            WHERE p.organization_id = $1 AND p.person_id = r.id",
        organization.0,
    );
    if let ClinicAccess::Only(mine) = scope {
        q.push(" AND (p.person_id = ").bind(myself.map_or(Uuid::nil(), |p| p.0));
        q.push(" OR EXISTS (SELECT 1 FROM emr_account_clinics m WHERE m.organization_id = $1 AND m.person_id = p.person_id AND m.clinic_id IN {ids ");
        q.bind(dialect::id_list(mine.iter().map(|c| &c.0))).push("}))");
    }
    let rows: Vec<Value> = ids.iter().map(|p| json!({"id": hex(p.0)})).collect();
    q.push("), 0) FROM {rows ").bind(Value::Array(rows).to_string()).push(": id uuid} r JOIN bulk_jobs j ON j.organization_id = $1 AND j.job_id = ");
    q.bind(job).push(" WHERE true ON CONFLICT (organization_id, job_id, person_id) DO NOTHING");
    q.execute(tx).await?;
    Ok(())
}

/// Takes in whomever another bulk update changed, each with the version that one left behind and what it did.
pub async fn select_changed(tx: &mut Tx, organization: OrganizationId, job: Uuid, of: Uuid) -> Result<()> {
    let text = "INSERT INTO bulk_items (organization_id, job_id, person_id, version, asked)
        SELECT i.organization_id, j.job_id, i.person_id, i.version_after, i.changed
        FROM bulk_items i JOIN bulk_jobs j ON j.organization_id = i.organization_id
        WHERE i.organization_id = $1 AND j.job_id = $2 AND i.job_id = $3 AND i.changed IS NOT NULL";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(job).bind(of).execute(c).await?;
    });
    Ok(())
}

/// Gives people of a draft changes of their own, as JSON.
pub async fn ask_each(
    tx: &mut Tx,
    organization: OrganizationId,
    job: Uuid,
    asked: &[(PersonId, String)],
) -> Result<()> {
    let rows: Vec<Value> = asked.iter().map(|(p, text)| json!({"id": hex(p.0), "asked": text})).collect();
    let text = "WITH r AS MATERIALIZED (SELECT x.id, x.asked FROM {rows $3: id uuid, asked text} x)
        UPDATE bulk_items SET asked = r.asked FROM r WHERE bulk_items.organization_id = $1 AND bulk_items.job_id = $2
            AND bulk_items.person_id = r.id AND bulk_items.person_id IN (SELECT q.id FROM r q)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(job).bind(Value::Array(rows).to_string()).execute(c).await?;
    });
    Ok(())
}

/// Leaves people of a draft out again.
pub async fn leave_out(tx: &mut Tx, organization: OrganizationId, job: Uuid, ids: &[PersonId]) -> Result<()> {
    let text = "DELETE FROM bulk_items WHERE organization_id = $1 AND job_id = $2 AND person_id IN {ids $3}
        AND state = 'waiting'";
    let list = dialect::id_list(ids.iter().map(|p| &p.0));
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(job).bind(list).execute(c).await?;
    });
    Ok(())
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
    let text = "UPDATE bulk_jobs SET state = 'running', changes = $3, started_at = $4, lease_until = 0
        WHERE organization_id = $1 AND job_id = $2 AND state = 'draft'";
    let changed = on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(job).bind(changes).bind(micros(now)).execute(c).await?.rows_affected()
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

/// True when some job waits for somebody to work on it.
pub async fn any_waiting(h: &mut impl Handle, now: Timestamp) -> Result<bool> {
    let text = "SELECT 1 FROM bulk_jobs WHERE state = 'running' AND lease_until <= $1 LIMIT 1";
    let row: Option<(i32,)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(micros(now)).fetch_optional(c).await?);
    Ok(row.is_some())
}

/// Takes a job nobody works on, the one waiting longest, until `until`. Several programs never take the same one.
pub async fn claim(tx: &mut Tx, owner: Uuid, now: Timestamp, until: Timestamp) -> Result<Option<Job>> {
    let text = format!(
        "UPDATE bulk_jobs SET lease_owner = $1, lease_until = $3 WHERE (organization_id, job_id) IN (
            SELECT organization_id, job_id FROM bulk_jobs WHERE state = 'running' AND lease_until <= $2
            ORDER BY lease_until, job_id LIMIT 1)
        AND state = 'running' AND lease_until <= $2 RETURNING {JOB}"
    );
    job_of(on!(tx, &text, |sql, c| {
        sqlx::query_as(sql).bind(owner).bind(micros(now)).bind(micros(until)).fetch_optional(c).await?
    }))
}

/// Takes this job, if nobody works on it.
pub async fn claim_this(
    tx: &mut Tx,
    organization: OrganizationId,
    job: Uuid,
    owner: Uuid,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool> {
    let text = "UPDATE bulk_jobs SET lease_owner = $3, lease_until = $5
        WHERE organization_id = $1 AND job_id = $2 AND state = 'running' AND lease_until <= $4";
    let changed = on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(job)
            .bind(owner)
            .bind(micros(now))
            .bind(micros(until))
            .execute(c)
            .await?
            .rows_affected()
    });
    Ok(changed == 1)
}

/// The job, locked until the transaction ends; none when it is not `owner`'s to work on any more.
pub async fn hold(tx: &mut Tx, organization: OrganizationId, job: Uuid, owner: Uuid) -> Result<Option<Job>> {
    let text = format!(
        "UPDATE bulk_jobs SET lease_owner = lease_owner
        WHERE organization_id = $1 AND job_id = $2 AND state = 'running' AND lease_owner = $3 RETURNING {JOB}"
    );
    job_of(on!(tx, &text, |sql, c| {
        sqlx::query_as(sql).bind(organization.0).bind(job).bind(owner).fetch_optional(c).await?
    }))
}

/// Notes how far a job has come, in the transaction that brought it there; the lease goes on until `until`.
pub async fn progress(tx: &mut Tx, job: &Job, until: Timestamp) -> Result<()> {
    let text = "UPDATE bulk_jobs SET tally = $3, cursor_id = $4, lease_until = $5
        WHERE organization_id = $1 AND job_id = $2";
    let tally = json!(job.tally).to_string();
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(job.organization.0)
            .bind(job.id)
            .bind(tally)
            .bind(job.cursor)
            .bind(micros(until))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Gives a job back to whoever looks next.
pub async fn release(tx: &mut Tx, organization: OrganizationId, job: Uuid, owner: Uuid) -> Result<()> {
    let text = "UPDATE bulk_jobs SET lease_until = 0
        WHERE organization_id = $1 AND job_id = $2 AND state = 'running' AND lease_owner = $3";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(job).bind(owner).execute(c).await?;
    });
    Ok(())
}

/// Ends a running job as `done`, `cancelled` or `stopped`. False when it does not run.
pub async fn finish(
    tx: &mut Tx,
    organization: OrganizationId,
    job: Uuid,
    state: &str,
    stopped_by: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let text = "UPDATE bulk_jobs SET state = $3, stopped_by = $4, finished_at = $5, lease_until = 0
        WHERE organization_id = $1 AND job_id = $2 AND state = 'running'";
    let changed = on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(job)
            .bind(state)
            .bind(stopped_by)
            .bind(micros(now))
            .execute(c)
            .await?
            .rows_affected()
    });
    Ok(changed == 1)
}

/// One person of a bulk update.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Item {
    /// Who.
    pub person_id: Uuid,
    /// The version selected; 0 for whoever could not be seen.
    pub version: i64,
    /// `waiting`, `updated`, `unchanged` or `refused`.
    pub state: String,
    /// Changes of this person alone, or what is to be taken back.
    pub asked: Option<String>,
    /// What was done.
    pub changed: Option<String>,
    /// What was not done, and why.
    pub refused: Option<String>,
}

/// A person of a bulk update with the name, where it may be told.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct NamedItem {
    /// The item.
    #[sqlx(flatten)]
    pub item: Item,
    /// The name now; none for whoever could not be seen.
    pub full_name: Option<String>,
    /// The user name now.
    pub username: Option<String>,
    /// The user type now.
    pub user_type: Option<String>,
    /// The status now.
    pub status: Option<String>,
}

/// The next people of a job.
pub async fn items(
    h: &mut impl Handle,
    organization: OrganizationId,
    job: Uuid,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Item>> {
    let text = "SELECT person_id, version, state, asked, changed, refused FROM bulk_items
        WHERE organization_id = $1 AND job_id = $2 AND person_id > $3 ORDER BY person_id LIMIT $4";
    Ok(on!(h, text, |sql, c| {
        sqlx::query_as(sql).bind(organization.0).bind(job).bind(after).bind(limit).fetch_all(c).await?
    }))
}

/// The next people of a job with their names: all, or only those somebody was refused something.
pub async fn named_items(
    h: &mut impl Handle,
    organization: OrganizationId,
    job: Uuid,
    refused_only: bool,
    after: Uuid,
    limit: i64,
) -> Result<Vec<NamedItem>> {
    let only = if refused_only { " AND i.refused IS NOT NULL" } else { "" };
    let text = format!(
        "SELECT i.person_id, i.version, i.state, i.asked, i.changed, i.refused,
            CASE WHEN i.version > 0 THEN p.full_name END AS full_name,
            CASE WHEN i.version > 0 THEN p.username END AS username,
            CASE WHEN i.version > 0 THEN a.user_type END AS user_type,
            CASE WHEN i.version > 0 THEN a.status END AS status
        FROM bulk_items i
        LEFT JOIN people p ON p.organization_id = i.organization_id AND p.person_id = i.person_id
        LEFT JOIN emr_accounts a ON a.organization_id = i.organization_id AND a.person_id = i.person_id
        WHERE i.organization_id = $1 AND i.job_id = $2 AND i.person_id > $3{only} ORDER BY i.person_id LIMIT $4"
    );
    Ok(on!(h, &text, |sql, c| {
        sqlx::query_as(sql).bind(organization.0).bind(job).bind(after).bind(limit).fetch_all(c).await?
    }))
}

/// What came of one person.
#[derive(Clone, Debug)]
pub struct Done {
    /// Who.
    pub person: PersonId,
    /// `updated`, `unchanged` or `refused`.
    pub state: &'static str,
    /// What was done, as JSON.
    pub changed: Option<String>,
    /// What was not, as JSON.
    pub refused: Option<String>,
    /// The version afterwards.
    pub version_after: Option<i64>,
}

/// Notes what came of people.
pub async fn save_items(tx: &mut Tx, organization: OrganizationId, job: Uuid, done: &[Done]) -> Result<()> {
    let rows: Vec<Value> = done
        .iter()
        .map(|d| {
            json!({"id": hex(d.person.0), "state": d.state, "changed": d.changed, "refused": d.refused, "after": d.version_after})
        })
        .collect();
    let text = "WITH r AS MATERIALIZED (SELECT x.id, x.state, x.changed, x.refused, x.after
            FROM {rows $3: id uuid, state text, changed text, refused text, after int} x)
        UPDATE bulk_items SET state = r.state, changed = r.changed, refused = r.refused, version_after = r.after FROM r
        WHERE bulk_items.organization_id = $1 AND bulk_items.job_id = $2 AND bulk_items.person_id = r.id
            AND bulk_items.person_id IN (SELECT q.id FROM r q)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(job).bind(Value::Array(rows).to_string()).execute(c).await?;
    });
    Ok(())
}

/// An account to save, as a bulk update changed it.
#[derive(Clone, Debug)]
pub struct Changed<'a> {
    /// Whose.
    pub person: PersonId,
    /// The account afterwards.
    pub account: &'a EmrAccount,
    /// Clinics it gained.
    pub added: &'a [ClinicId],
    /// Clinics it lost.
    pub removed: &'a [ClinicId],
    /// When an attestation that is given back was given, in microseconds since 1970.
    pub attested_at: Option<i64>,
}

/// Saves what bulk updates can change, and nothing else: permissions, status, clinics, the list, and a version that grows
/// by one. Everything else of the people stays untouched, so a few small statements do for all of them.
pub async fn save_accounts(
    tx: &mut Tx,
    organization: OrganizationId,
    changed: &[Changed<'_>],
    now: Timestamp,
) -> Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = changed
        .iter()
        .map(|c| {
            let attested = c.account.finish_attestation;
            json!({
                "id": hex(c.person.0), "permissions": c.account.permissions.bits(), "status": c.account.status.as_str(),
                "reason": c.account.inactive_reason.map(InactiveReason::as_str),
                "attested_by": attested.and_then(|a| a.by).map(|p| hex(p.0)),
                "attested": i64::from(attested.is_some()), "attested_at": c.attested_at,
            })
        })
        .collect();
    let rows = Value::Array(rows).to_string();
    // Named by identity as well, so that SQLite looks each one up; materialised, so that it reads the rows once.
    let text = "WITH r AS MATERIALIZED (SELECT x.id, x.permissions, x.status, x.reason, x.attested_by, x.attested, x.attested_at
            FROM {rows $2: id uuid, permissions int, status text, reason text, attested_by uuid, attested int, attested_at int} x)
        UPDATE emr_accounts SET permissions = r.permissions, status = r.status, inactive_reason = r.reason,
            finish_attested_by = r.attested_by, finish_attested_at = CASE WHEN r.attested = 0 THEN NULL
                ELSE coalesce(r.attested_at, emr_accounts.finish_attested_at, $3) END
        FROM r WHERE emr_accounts.organization_id = $1 AND emr_accounts.person_id = r.id
            AND emr_accounts.person_id IN (SELECT q.id FROM r q)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(&rows).bind(micros(now)).execute(c).await?;
    });
    let text = "WITH r AS MATERIALIZED (SELECT x.id, x.permissions, x.status
            FROM {rows $2: id uuid, permissions int, status text} x)
        UPDATE directory SET permissions = r.permissions, status = r.status
        FROM r WHERE directory.organization_id = $1 AND directory.person_id = r.id
            AND directory.person_id IN (SELECT q.id FROM r q)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(&rows).execute(c).await?;
    });
    let text = "UPDATE people SET version = version + 1, updated_at = $3
        WHERE organization_id = $1 AND person_id IN {ids $2}";
    let ids = dialect::id_list(changed.iter().map(|c| &c.person.0));
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(ids).bind(micros(now)).execute(c).await?;
    });
    for (text, pairs) in [
        (
            "INSERT INTO emr_account_clinics (organization_id, person_id, clinic_id)
                SELECT $1, r.id, r.clinic FROM {rows $2: id uuid, clinic uuid} r",
            pairs(changed, |c| c.added),
        ),
        (
            "DELETE FROM emr_account_clinics WHERE organization_id = $1
                AND (person_id, clinic_id) IN (SELECT r.id, r.clinic FROM {rows $2: id uuid, clinic uuid} r)",
            pairs(changed, |c| c.removed),
        ),
    ] {
        if let Some(rows) = pairs {
            on!(tx, text, |sql, c| {
                sqlx::query(sql).bind(organization.0).bind(rows).execute(c).await?;
            });
        }
    }
    Ok(())
}

fn pairs<'a>(changed: &'a [Changed<'a>], of: impl Fn(&Changed<'a>) -> &'a [ClinicId]) -> Option<String> {
    let rows: Vec<Value> = changed
        .iter()
        .flat_map(|c| of(c).iter().map(|clinic| json!({"id": hex(c.person.0), "clinic": hex(clinic.0)})))
        .collect();
    (!rows.is_empty()).then(|| Value::Array(rows).to_string())
}

/// Ends everything these people could still get in with.
pub async fn end_all_access(tx: &mut Tx, organization: OrganizationId, people: &[PersonId]) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let list = dialect::id_list(people.iter().map(|p| &p.0));
    for text in [
        "DELETE FROM sessions WHERE subject_id IN {ids $2} AND subject_id IN (SELECT p.person_id FROM people p WHERE p.organization_id = $1 AND p.person_id IN {ids $2})",
        "DELETE FROM links WHERE subject_id IN {ids $2} AND subject_id IN (SELECT p.person_id FROM people p WHERE p.organization_id = $1 AND p.person_id IN {ids $2})",
        "DELETE FROM tokens WHERE subject_id IN {ids $2} AND subject_id IN (SELECT p.person_id FROM people p WHERE p.organization_id = $1 AND p.person_id IN {ids $2})",
    ] {
        on!(tx, text, |sql, c| {
            sqlx::query(sql).bind(organization.0).bind(&list).execute(c).await?;
        });
    }
    Ok(())
}

/// How many active company admins there are, counted up to `most`.
pub async fn company_admins(h: &mut impl Handle, organization: OrganizationId, most: i64) -> Result<i64> {
    let text = "SELECT count(*) FROM (SELECT 1 AS one FROM emr_accounts
        WHERE organization_id = $1 AND (permissions & 512) <> 0 AND status = 'active' LIMIT $2) a";
    let (count,): (i64,) =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(most).fetch_one(c).await?);
    Ok(count)
}

/// How many active user managers each of these clinics has; a clinic with none is there with 0.
pub async fn managers(
    h: &mut impl Handle,
    organization: OrganizationId,
    clinics: &[ClinicId],
) -> Result<BTreeMap<ClinicId, usize>> {
    let mut counts: BTreeMap<ClinicId, usize> = clinics.iter().map(|c| (*c, 0)).collect();
    if clinics.is_empty() {
        return Ok(counts);
    }
    let text = "SELECT m.clinic_id, count(*) FROM emr_accounts a
        JOIN emr_account_clinics m ON m.organization_id = a.organization_id AND m.person_id = a.person_id
        WHERE a.organization_id = $1 AND (a.permissions & 8) <> 0 AND a.status = 'active' AND m.clinic_id IN {ids $2}
        GROUP BY m.clinic_id";
    let list = dialect::id_list(clinics.iter().map(|c| &c.0));
    let rows: Vec<(Uuid, i64)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(list).fetch_all(c).await?);
    counts.extend(rows.into_iter().map(|(id, n)| (ClinicId(id), usize::try_from(n).unwrap_or(0))));
    Ok(counts)
}

/// Who of these has a signature on file.
pub async fn signed(
    h: &mut impl Handle,
    organization: OrganizationId,
    people: &[PersonId],
) -> Result<BTreeSet<PersonId>> {
    let text = "SELECT person_id FROM signatures WHERE organization_id = $1 AND person_id IN {ids $2}";
    let list = dialect::id_list(people.iter().map(|p| &p.0));
    let rows: Vec<(Uuid,)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(list).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(id,)| PersonId(id)).collect())
}

/// Forgets drafts nobody began. How many.
pub async fn sweep_drafts(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    let mut gone = 0;
    for text in [
        "DELETE FROM bulk_items WHERE (organization_id, job_id) IN
            (SELECT organization_id, job_id FROM bulk_jobs WHERE state = 'draft' AND created_at < $1)",
        "DELETE FROM bulk_jobs WHERE state = 'draft' AND created_at < $1",
    ] {
        gone = on!(tx, text, |sql, c| sqlx::query(sql).bind(micros(before)).execute(c).await?.rows_affected());
    }
    Ok(gone)
}

/// A selection or change set under a name.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Preset {
    /// Identity.
    pub preset_id: Uuid,
    /// `selection` or `changes`.
    pub kind: String,
    /// Unique among those of its kind.
    pub name: String,
    /// As JSON.
    pub content: String,
    /// Who saved it.
    pub created_by: String,
}

/// The presets of a practice, by kind and name.
pub async fn presets(h: &mut impl Handle, organization: OrganizationId) -> Result<Vec<Preset>> {
    let text = "SELECT preset_id, kind, name, content, created_by FROM bulk_presets
        WHERE organization_id = $1 ORDER BY kind, name_key LIMIT 500";
    Ok(on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).fetch_all(c).await?))
}

/// Keeps a preset; one of the same kind and name is replaced. Its identity.
pub async fn save_preset(
    tx: &mut Tx,
    organization: OrganizationId,
    preset: &Preset,
    now: Timestamp,
) -> Result<Uuid> {
    let text = "INSERT INTO bulk_presets (organization_id, preset_id, kind, name, name_key, content, created_by, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (organization_id, kind, name_key) DO UPDATE SET name = excluded.name, content = excluded.content,
            created_by = excluded.created_by RETURNING preset_id";
    let (id,): (Uuid,) = on!(tx, text, |sql, c| {
        sqlx::query_as(sql)
            .bind(organization.0)
            .bind(preset.preset_id)
            .bind(&preset.kind)
            .bind(&preset.name)
            .bind(muster_domain::text::unique_key(&preset.name))
            .bind(&preset.content)
            .bind(&preset.created_by)
            .bind(micros(now))
            .fetch_one(c)
            .await?
    });
    Ok(id)
}

/// Forgets a preset; gives its name.
pub async fn remove_preset(tx: &mut Tx, organization: OrganizationId, id: Uuid) -> Result<Option<String>> {
    let text = "DELETE FROM bulk_presets WHERE organization_id = $1 AND preset_id = $2 RETURNING name";
    let row: Option<(String,)> =
        on!(tx, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(id).fetch_optional(c).await?);
    Ok(row.map(|(name,)| name))
}

fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

/// The next people another bulk update changed, as an undo would find them.
pub async fn items_to_undo(
    h: &mut impl Handle,
    organization: OrganizationId,
    job: Uuid,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Item>> {
    let text = "SELECT person_id, version_after AS version, 'waiting' AS state, changed AS asked,
            CASE WHEN 1 = 0 THEN changed END AS changed, CASE WHEN 1 = 0 THEN changed END AS refused
        FROM bulk_items WHERE organization_id = $1 AND job_id = $2 AND person_id > $3 AND changed IS NOT NULL
        ORDER BY person_id LIMIT $4";
    Ok(on!(h, text, |sql, c| {
        sqlx::query_as(sql).bind(organization.0).bind(job).bind(after).bind(limit).fetch_all(c).await?
    }))
}

/// Gives seats back, that many of each pool.
pub async fn give_seats(
    tx: &mut Tx,
    organization: OrganizationId,
    seats: &[(ClinicId, muster_domain::licences::Group, i64)],
) -> Result<()> {
    if seats.is_empty() {
        return Ok(());
    }
    let rows: Vec<Value> = seats
        .iter()
        .map(|(clinic, group, count)| json!({"clinic": hex(clinic.0), "pool": group.as_str(), "count": count}))
        .collect();
    let text = "UPDATE licence_pools SET assigned = assigned - r.count
        FROM {rows $2: clinic uuid, pool text, count int} r
        WHERE organization_id = $1 AND clinic_id = r.clinic AND pool_group = r.pool";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(Value::Array(rows).to_string()).execute(c).await?;
    });
    Ok(())
}
