//! One person of a bulk update: what is asked, and what came of it.

use muster_domain::{OrganizationId, PersonId};
use uuid::Uuid;

use crate::sql::query::Query;
use crate::sql::rows::{NamedCells, rows};
use crate::{Handle, Result, Tx};

/// One person of a bulk update.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct BulkItem {
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
    pub item: BulkItem,
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
) -> Result<Vec<BulkItem>> {
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
    /// The version afterward.
    pub version_after: Option<i64>,
}

/// What came of one person as the statement reads it.
fn row(done: &Done) -> NamedCells<'_, 5> {
    [
        ("id", done.person.0.into()),
        ("state", done.state.into()),
        ("changed", done.changed.as_deref().into()),
        ("refused", done.refused.as_deref().into()),
        ("after", done.version_after.into()),
    ]
}

/// Notes what came of people, who follow each other in the job.
pub async fn save_items(tx: &mut Tx, organization: OrganizationId, job: Uuid, done: &[Done]) -> Result<()> {
    let Some(rows) = rows(tx.split().engine(), done.iter().map(row)) else { return Ok(()) };
    let (first, last) = done
        .iter()
        .fold((done[0].person.0, done[0].person.0), |(first, last), d| (first.min(d.person.0), last.max(d.person.0)));
    // From the first to the last: else PostgreSQL, which knows nothing yet of a job just written, reads all of it for
    // every chunk.
    let text = "WITH r AS MATERIALIZED (SELECT x.id, x.state, x.changed, x.refused, x.after
            FROM {rows $3: id uuid, state text, changed text, refused text, after int} x)
        UPDATE bulk_items SET state = r.state, changed = r.changed, refused = r.refused, version_after = r.after FROM r
        WHERE bulk_items.organization_id = $1 AND bulk_items.job_id = $2 AND bulk_items.person_id = r.id
            AND bulk_items.person_id BETWEEN $4 AND $5";
    Query::about(text, organization.0).with(job).with(rows).with(first).with(last).execute(tx).await.map(drop)
}

/// The next people another bulk update changed, as an undo would find them.
pub async fn items_to_undo(
    h: &mut impl Handle,
    organization: OrganizationId,
    job: Uuid,
    after: Uuid,
    limit: i64,
) -> Result<Vec<BulkItem>> {
    let text = "SELECT person_id, version_after AS version, 'waiting' AS state, changed AS asked,
            CASE WHEN 1 = 0 THEN changed END AS changed, CASE WHEN 1 = 0 THEN changed END AS refused
        FROM bulk_items WHERE organization_id = $1 AND job_id = $2 AND person_id > $3 AND changed IS NOT NULL
        ORDER BY person_id LIMIT $4";
    Ok(on!(h, text, |sql, c| {
        sqlx::query_as(sql).bind(organization.0).bind(job).bind(after).bind(limit).fetch_all(c).await?
    }))
}
