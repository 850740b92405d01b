//! Profiles that were put together, with what they were before.

use std::collections::BTreeMap;

use jiff::Timestamp;
use muster_domain::{OrganizationId, PersonId};
use uuid::Uuid;

use crate::sql::dialect;
use crate::{Handle, Result, Tx, micros, when};

/// Two profiles that were put together.
#[derive(Clone, Debug)]
pub struct Merge {
    /// Identity.
    pub id: Uuid,
    /// Who stays.
    pub kept: PersonId,
    /// Who went up in the other.
    pub merged: PersonId,
    /// Both as they were; the caller's own writing.
    pub snapshot: String,
    /// The kept person's version right after.
    pub kept_version: i64,
    /// The merged person's version right after.
    pub merged_version: i64,
    /// Who did it, by name.
    pub by: String,
    /// When.
    pub at: Option<Timestamp>,
    /// When it was undone.
    pub undone_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct MergeRow {
    merge_id: Uuid,
    kept_id: Uuid,
    merged_id: Uuid,
    snapshot: String,
    kept_version: i64,
    merged_version: i64,
    merged_by: String,
    at: i64,
    undone_at: Option<i64>,
}

impl From<MergeRow> for Merge {
    fn from(row: MergeRow) -> Self {
        Self {
            id: row.merge_id,
            kept: PersonId(row.kept_id),
            merged: PersonId(row.merged_id),
            snapshot: row.snapshot,
            kept_version: row.kept_version,
            merged_version: row.merged_version,
            by: row.merged_by,
            at: when(row.at),
            undone_at: row.undone_at.and_then(when),
        }
    }
}

const MERGE: &str =
    "SELECT merge_id, kept_id, merged_id, snapshot, kept_version, merged_version, merged_by, at, undone_at
    FROM merges WHERE organization_id = $1";

/// Keeps a merge.
pub async fn insert(tx: &mut Tx, organization: OrganizationId, merge: &Merge, now: Timestamp) -> Result<()> {
    let text =
        "INSERT INTO merges (organization_id, merge_id, kept_id, merged_id, snapshot, kept_version, merged_version,
        merged_by, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(merge.id)
            .bind(merge.kept.0)
            .bind(merge.merged.0)
            .bind(&merge.snapshot)
            .bind(merge.kept_version)
            .bind(merge.merged_version)
            .bind(&merge.by)
            .bind(micros(now))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// One merge.
pub async fn find(h: &mut impl Handle, organization: OrganizationId, id: Uuid) -> Result<Option<Merge>> {
    let text = format!("{MERGE} AND merge_id = $2");
    let row: Option<MergeRow> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(id).fetch_optional(c).await?);
    Ok(row.map(Merge::from))
}

/// The newest merges since a time that were not undone.
pub async fn since(
    h: &mut impl Handle,
    organization: OrganizationId,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<Merge>> {
    let text = format!("{MERGE} AND undone_at IS NULL AND at >= $2 ORDER BY at DESC, merge_id LIMIT $3");
    let rows: Vec<MergeRow> = on!(h, &text, |sql, c| sqlx::query_as(sql)
        .bind(organization.0)
        .bind(micros(since))
        .bind(limit)
        .fetch_all(c)
        .await?);
    Ok(rows.into_iter().map(Merge::from).collect())
}

/// The merges of one person, on either side, that were not undone, newest first.
pub async fn of_person(
    h: &mut impl Handle,
    organization: OrganizationId,
    person: PersonId,
    limit: i64,
) -> Result<Vec<Merge>> {
    let text = format!(
        "{MERGE} AND undone_at IS NULL AND (kept_id = $2 OR merged_id = $2) ORDER BY at DESC, merge_id LIMIT $3"
    );
    let rows: Vec<MergeRow> = on!(h, &text, |sql, c| sqlx::query_as(sql)
        .bind(organization.0)
        .bind(person.0)
        .bind(limit)
        .fetch_all(c)
        .await?);
    Ok(rows.into_iter().map(Merge::from).collect())
}

/// Merges that follow one another; nobody has ever been taken in by more.
const LONGEST_CHAIN: usize = 16;

/// For those of these people who went up in somebody else, and were not parted again, who that is: at the end of the
/// chain when that one was merged too.
pub async fn kept_for(
    h: &mut impl Handle,
    organization: OrganizationId,
    ids: &[PersonId],
) -> Result<BTreeMap<PersonId, PersonId>> {
    let text = "SELECT merged_id, kept_id FROM merges
        WHERE organization_id = $1 AND undone_at IS NULL AND merged_id IN {ids $2}";
    let mut kept: BTreeMap<PersonId, PersonId> = BTreeMap::new();
    let mut looked_for: Vec<PersonId> = ids.to_vec();
    for _ in 0..LONGEST_CHAIN {
        let list = dialect::id_list(looked_for.iter().map(|p| &p.0));
        let rows: Vec<(Uuid, Uuid)> =
            on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(list).fetch_all(c).await?);
        if rows.is_empty() {
            break;
        }
        for (merged, into) in &rows {
            kept.values_mut().filter(|k| k.0 == *merged).for_each(|k| *k = PersonId(*into));
            kept.entry(PersonId(*merged)).or_insert(PersonId(*into));
        }
        looked_for = rows.into_iter().map(|(_, into)| PersonId(into)).collect();
    }
    Ok(kept)
}

/// Notes that a merge was undone.
pub async fn undo(tx: &mut Tx, organization: OrganizationId, id: Uuid, now: Timestamp) -> Result<()> {
    let text = "UPDATE merges SET undone_at = $3 WHERE organization_id = $1 AND merge_id = $2";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(id).bind(micros(now)).execute(c).await?;
    });
    Ok(())
}
