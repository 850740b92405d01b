//! Who may be the same person: the numbers look-alikes share, pairs found to be two people, and merges.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use muster_domain::emr::{License, Profile};
use muster_domain::people::{Person, Traits};
use muster_domain::{OrganizationId, PersonId};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::dialect::Id;
use crate::{Db, Handle, Result, Tx, dialect, micros, people, when};

/// A bucket with more people says nothing: a very common name.
const FULL_BUCKET: i64 = 80;
/// People whose numbers are made in one go.
const FILLED_AT_ONCE: i64 = 500;
/// The fact that people of before this table have their numbers; grows when the numbers are made differently.
const FILLED: (&str, &str) = ("duplicate_keys", "1");

/// The salt of an organization's numbers.
pub fn salt(organization: OrganizationId) -> u128 {
    organization.0.as_u128()
}

/// Somebody who shares a number: what is compared.
#[derive(Clone, Debug)]
pub struct Near {
    /// Who.
    pub id: PersonId,
    /// As compared.
    pub traits: Traits,
}

#[derive(sqlx::FromRow)]
struct Row {
    person_id: Uuid,
    first_name: String,
    last_name: String,
    full_name: String,
    previous_names: String,
    email: Option<String>,
    phone: Option<String>,
    npi: Option<String>,
    number: Option<String>,
    state: Option<String>,
}

const COMPARED: &str =
    "SELECT p.person_id, p.first_name, p.last_name, p.full_name, p.previous_names, p.email, p.phone, p.npi,
        l.number, l.state
    FROM people p
    LEFT JOIN professional_licences l ON l.organization_id = p.organization_id AND l.person_id = p.person_id";

fn compared(organization: OrganizationId, rows: Vec<Row>) -> Vec<Near> {
    let mut found: BTreeMap<Uuid, (Person, Vec<License>)> = BTreeMap::new();
    for row in rows {
        let license = License { number: row.number, state: row.state, expires_on: None };
        let entry = found.entry(row.person_id).or_insert_with(|| {
            let person = Person {
                id: PersonId(row.person_id),
                organization,
                first_name: row.first_name,
                last_name: row.last_name,
                full_name: row.full_name,
                previous_names: serde_json::from_str(&row.previous_names).unwrap_or_default(),
                email: row.email,
                phone: row.phone,
                npi: row.npi,
                username: String::new(),
            };
            (person, Vec::new())
        });
        entry.1.push(license);
    }
    let near = |(id, (person, licences)): (Uuid, (Person, Vec<License>))| Near {
        id: PersonId(id),
        traits: Traits::from_parts(&person, &licences),
    };
    found.into_iter().map(near).collect()
}

/// Everyone who shares one of these numbers.
pub async fn sharing(h: &mut impl Handle, organization: OrganizationId, keys: &[i64]) -> Result<Vec<Near>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let text = "SELECT DISTINCT person_id FROM duplicate_keys WHERE organization_id = $1 AND dup_key IN {ints $2}";
    let keys = json!(keys).to_string();
    let found: Vec<(Uuid,)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(keys).fetch_all(c).await?);
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<PersonId> = found.into_iter().map(|(id,)| PersonId(id)).collect();
    traits(h, organization, &found).await
}

/// These people as compared.
pub async fn traits(h: &mut impl Handle, organization: OrganizationId, ids: &[PersonId]) -> Result<Vec<Near>> {
    let text = format!("{COMPARED} WHERE p.organization_id = $1 AND p.person_id IN {{ids $2}}");
    let list = dialect::id_list(ids.iter().map(|p| &p.0));
    let rows: Vec<Row> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(list).fetch_all(c).await?);
    Ok(compared(organization, rows))
}

/// The next numbers after `after` that several people share, with those people; in order.
pub async fn shared_keys(
    h: &mut impl Handle,
    organization: OrganizationId,
    after: i64,
    limit: i64,
) -> Result<BTreeMap<i64, Vec<PersonId>>> {
    let text = format!(
        "SELECT k.dup_key, k.person_id FROM duplicate_keys k JOIN
            (SELECT dup_key FROM duplicate_keys WHERE organization_id = $1 AND dup_key > $2
                GROUP BY dup_key HAVING count(*) BETWEEN 2 AND {FULL_BUCKET} ORDER BY dup_key LIMIT $3) s
            ON s.dup_key = k.dup_key WHERE k.organization_id = $1"
    );
    let rows: Vec<(i64, Uuid)> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(after).bind(limit).fetch_all(c).await?);
    let mut found: BTreeMap<i64, Vec<PersonId>> = BTreeMap::new();
    for (key, person) in rows {
        found.entry(key).or_default().push(PersonId(person));
    }
    Ok(found)
}

#[derive(Serialize)]
struct KeysRow {
    id: Id,
    keys: Vec<i64>,
}

/// Deletes the numbers of these people as they are stored. Before anything they are made of changes.
pub(crate) async fn forget(tx: &mut Tx, organization: OrganizationId, ids: &[PersonId]) -> Result<()> {
    let stored = traits(tx, organization, ids).await?;
    let keys: Vec<Vec<i64>> = stored.iter().map(|near| near.traits.keys(salt(organization))).collect();
    let all = json!(keys.concat()).to_string();
    let rows = stored.iter().zip(keys).map(|(near, keys)| KeysRow { id: Id(near.id.0), keys });
    let Some(rows) = dialect::rows(rows) else { return Ok(()) };
    let text = "DELETE FROM duplicate_keys WHERE organization_id = $1
        AND dup_key IN {ints $3}
        AND (dup_key, person_id) IN (SELECT k.value, r.id FROM {rows $2: id uuid, keys list} r, {each r.keys} k)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(rows).bind(all).execute(c).await?;
    });
    Ok(())
}

/// Writes the numbers of profiles; the old ones have to be gone.
pub(crate) async fn save(tx: &mut Tx, organization: OrganizationId, profiles: &[Profile]) -> Result<()> {
    let rows = profiles.iter().map(|p| KeysRow { id: Id(p.person.id.0), keys: Traits::of(p).keys(salt(organization)) });
    let Some(rows) = dialect::rows(rows) else { return Ok(()) };
    let text = "INSERT INTO duplicate_keys (organization_id, dup_key, person_id)
        SELECT $1, k.value, r.id FROM {rows $2: id uuid, keys list} r, {each r.keys} k WHERE true ON CONFLICT DO NOTHING";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(rows).execute(c).await?;
    });
    Ok(())
}

/// Makes the numbers of people who came with a release that had none. Safe to call at every start, and twice at once.
pub(crate) async fn fill(db: &Db) -> Result<()> {
    let text = "SELECT value FROM installation WHERE fact = $1";
    // Through the writing connection: a database in memory has no other.
    let mut h = db.begin().await?;
    let done: Option<(String,)> =
        on!(&mut h, text, |sql, c| sqlx::query_as(sql).bind(FILLED.0).fetch_optional(c).await?);
    drop(h);
    if done.is_some_and(|(value,)| value == FILLED.1) {
        return Ok(());
    }
    let mut after = (Uuid::nil(), Uuid::nil());
    loop {
        let mut tx = db.begin().await?;
        let text = "SELECT organization_id, person_id FROM people WHERE (organization_id, person_id) > ($1, $2)
            ORDER BY organization_id, person_id LIMIT $3";
        let rows: Vec<(Uuid, Uuid)> = on!(&mut tx, text, |sql, c| sqlx::query_as(sql)
            .bind(after.0)
            .bind(after.1)
            .bind(FILLED_AT_ONCE)
            .fetch_all(c)
            .await?);
        let Some(last) = rows.last() else { break };
        after = *last;
        let mut by_organization: BTreeMap<Uuid, Vec<PersonId>> = BTreeMap::new();
        for (organization, person) in rows {
            by_organization.entry(organization).or_default().push(PersonId(person));
        }
        for (organization, ids) in by_organization {
            let organization = OrganizationId(organization);
            let stored = people::find_many(&mut tx, organization, &ids).await?;
            let profiles: Vec<Profile> = stored.into_iter().map(|s| s.profile).collect();
            save(&mut tx, organization, &profiles).await?;
        }
        tx.commit().await?;
    }
    let mut tx = db.begin().await?;
    let text = "INSERT INTO installation (fact, value) VALUES ($1, $2)
        ON CONFLICT (fact) DO UPDATE SET value = excluded.value";
    on!(&mut tx, text, |sql, c| {
        sqlx::query(sql).bind(FILLED.0).bind(FILLED.1).execute(c).await?;
    });
    tx.commit().await
}

fn ordered(one: PersonId, other: PersonId) -> (Uuid, Uuid) {
    if one.0 < other.0 { (one.0, other.0) } else { (other.0, one.0) }
}

/// Notes that these are two people; saying it twice changes nothing.
pub async fn set_apart(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    others: &[PersonId],
    by: &str,
    now: Timestamp,
) -> Result<()> {
    let text = "INSERT INTO not_duplicates (organization_id, person_a, person_b, decided_by, at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    for other in others.iter().filter(|o| **o != person) {
        let (a, b) = ordered(person, *other);
        on!(tx, text, |sql, c| {
            sqlx::query(sql).bind(organization.0).bind(a).bind(b).bind(by).bind(micros(now)).execute(c).await?;
        });
    }
    Ok(())
}

/// The pairs among these people that are known to be two people or were merged; the smaller identity first.
pub async fn apart(
    h: &mut impl Handle,
    organization: OrganizationId,
    ids: &[PersonId],
) -> Result<BTreeSet<(PersonId, PersonId)>> {
    let text = "SELECT person_a, person_b FROM not_duplicates
        WHERE organization_id = $1 AND person_a IN {ids $2} AND person_b IN {ids $2}";
    let list = dialect::id_list(ids.iter().map(|p| &p.0));
    let rows: Vec<(Uuid, Uuid)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(&list).fetch_all(c).await?);
    let mut pairs: BTreeSet<_> = rows.into_iter().map(|(a, b)| (PersonId(a), PersonId(b))).collect();
    let text = "SELECT kept_id, merged_id FROM merges
        WHERE organization_id = $1 AND undone_at IS NULL AND kept_id IN {ids $2} AND merged_id IN {ids $2}";
    let rows: Vec<(Uuid, Uuid)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(&list).fetch_all(c).await?);
    pairs.extend(
        rows.into_iter().map(|(a, b)| ordered(PersonId(a), PersonId(b))).map(|(a, b)| (PersonId(a), PersonId(b))),
    );
    Ok(pairs)
}

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
pub async fn insert_merge(tx: &mut Tx, organization: OrganizationId, merge: &Merge, now: Timestamp) -> Result<()> {
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
pub async fn find_merge(h: &mut impl Handle, organization: OrganizationId, id: Uuid) -> Result<Option<Merge>> {
    let text = format!("{MERGE} AND merge_id = $2");
    let row: Option<MergeRow> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(id).fetch_optional(c).await?);
    Ok(row.map(Merge::from))
}

/// The newest merges since a time that were not undone.
pub async fn merges_since(
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

/// Notes that a merge was undone.
pub async fn undo_merge(tx: &mut Tx, organization: OrganizationId, id: Uuid, now: Timestamp) -> Result<()> {
    let text = "UPDATE merges SET undone_at = $3 WHERE organization_id = $1 AND merge_id = $2";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(id).bind(micros(now)).execute(c).await?;
    });
    Ok(())
}
