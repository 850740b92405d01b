//! Who may be the same person: the numbers look-alikes share, and pairs found to be two people.

mod sharing;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use muster_domain::access::ClinicAccess;
use muster_domain::emr::{PrimaryLicense, UserType};
use muster_domain::people::Profile;
use muster_domain::people::{MatchFeatures, Person};
use muster_domain::{OrganizationId, PersonId};
use serde_json::json;
use uuid::Uuid;

use crate::sql::dialect;
use crate::sql::dialect::{Engine, in_ints, ints_of};
use crate::sql::query::Query;
use crate::sql::rows::{self, Rows};
use crate::{Handle, Result, Tx, micros};

pub use sharing::{sharing, sharing_many};

/// A bucket with more people says nothing: a very common name.
const FULL_BUCKET: i64 = 80;
/// The salt of an organization's numbers.
pub fn salt(organization: OrganizationId) -> u128 {
    organization.0.as_u128()
}

/// Somebody who shares a number: what is compared.
#[derive(Clone, Debug)]
pub struct StoredCandidate {
    /// Who.
    pub id: PersonId,
    /// The name as shown.
    pub name: String,
    /// As compared.
    pub traits: MatchFeatures,
}

#[derive(sqlx::FromRow)]
struct CandidateRow {
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
    user_type: Option<String>,
}

const COMPARED: &str =
    "SELECT p.person_id, p.first_name, p.last_name, p.full_name, p.previous_names, p.email, p.phone, p.npi,
        l.number, l.state, a.user_type
    FROM people p
    LEFT JOIN emr_accounts a ON a.organization_id = p.organization_id AND a.person_id = p.person_id
    LEFT JOIN professional_licenses l ON l.organization_id = p.organization_id AND l.person_id = p.person_id";

fn compared(organization: OrganizationId, rows: Vec<CandidateRow>) -> Vec<StoredCandidate> {
    let mut found: BTreeMap<Uuid, (Person, Vec<PrimaryLicense>, Option<UserType>)> = BTreeMap::new();
    for row in rows {
        let kind = row.user_type.as_deref().and_then(UserType::parse);
        let license = PrimaryLicense { number: row.number, state: row.state, expires_on: None };
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
            (person, Vec::new(), kind)
        });
        entry.1.push(license);
    }
    let near =
        |(id, (person, licenses, kind)): (Uuid, (Person, Vec<PrimaryLicense>, Option<UserType>))| StoredCandidate {
            id: PersonId(id),
            traits: MatchFeatures::from_parts(&person, &licenses, kind),
            name: person.full_name,
        };
    found.into_iter().map(near).collect()
}

/// Who went up in somebody else and was not parted again is nobody's double any more: the other stands for both.
const STANDING: &str = " AND NOT EXISTS (SELECT 1 FROM merges m WHERE m.organization_id = p.organization_id
    AND m.merged_id = p.person_id AND m.undone_at IS NULL)";

/// These people as compared, without those who were merged into another.
pub async fn traits(
    h: &mut impl Handle,
    organization: OrganizationId,
    ids: &[PersonId],
) -> Result<Vec<StoredCandidate>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    read_traits(h, organization, ids, STANDING).await
}

async fn read_traits(
    h: &mut impl Handle,
    organization: OrganizationId,
    ids: &[PersonId],
    only: &str,
) -> Result<Vec<StoredCandidate>> {
    let text = format!("{COMPARED} WHERE p.organization_id = $1 AND p.person_id IN {{ids $2}}{only}");
    let list = dialect::id_list(ids.iter().map(|p| &p.0));
    let rows: Vec<CandidateRow> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(list).fetch_all(c).await?);
    Ok(compared(organization, rows))
}

/// The clinics whose members' numbers count; none for the whole practice.
fn within(scope: &ClinicAccess) -> (&'static str, String) {
    match scope {
        ClinicAccess::All => ("", "[]".to_owned()),
        ClinicAccess::Only(clinics) => (
            " AND k.person_id IN (SELECT m.person_id FROM emr_account_clinics m
                WHERE m.organization_id = $1 AND m.clinic_id IN {ids $2})",
            dialect::id_list(clinics.iter().map(|c| &c.0)),
        ),
    }
}

/// The next numbers after `after` that several people of these clinics share, with those people; in order.
pub async fn shared_keys(
    h: &mut impl Handle,
    organization: OrganizationId,
    scope: &ClinicAccess,
    after: i64,
    limit: i64,
) -> Result<BTreeMap<i64, Vec<PersonId>>> {
    let (within, clinics) = within(scope);
    // Each table is walked along its own index. Numbers of further licenses are few; whom they lead to may stand in
    // either table.
    let named = format!(
        "SELECT k.dup_key FROM duplicate_keys k WHERE k.organization_id = $1 AND k.dup_key > $3{within}
        GROUP BY k.dup_key HAVING count(*) BETWEEN 2 AND {FULL_BUCKET} AND $2 = $2 ORDER BY k.dup_key LIMIT $4"
    );
    let licensed = format!(
        "SELECT DISTINCT k.dup_key FROM license_keys k WHERE k.organization_id = $1 AND k.dup_key > $3{within} AND $2 = $2
            AND (EXISTS (SELECT 1 FROM duplicate_keys o WHERE o.organization_id = $1 AND o.dup_key = k.dup_key
                    AND o.person_id <> k.person_id)
                OR EXISTS (SELECT 1 FROM license_keys o WHERE o.organization_id = $1 AND o.dup_key = k.dup_key
                    AND o.person_id <> k.person_id))
        ORDER BY k.dup_key LIMIT $4"
    );
    let mut keys: BTreeSet<i64> = BTreeSet::new();
    for text in [named, licensed] {
        let found: Vec<(i64,)> = on!(h, &text, |sql, c| sqlx::query_as(sql)
            .bind(organization.0)
            .bind(&clinics)
            .bind(after)
            .bind(limit)
            .fetch_all(c)
            .await?);
        keys.extend(found.into_iter().map(|(key,)| key));
    }
    let keys: Vec<i64> = keys.into_iter().take(usize::try_from(limit).unwrap_or(0)).collect();
    members(h, organization, scope, &keys).await
}

/// Who of these clinics is found under each of these numbers; a number without anybody is left out.
pub async fn members(
    h: &mut impl Handle,
    organization: OrganizationId,
    scope: &ClinicAccess,
    keys: &[i64],
) -> Result<BTreeMap<i64, Vec<PersonId>>> {
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (within, clinics) = within(scope);
    let is_asked = in_ints(h.split().engine(), "k.dup_key", "$3");
    let text = format!(
        "SELECT k.dup_key, k.person_id FROM duplicate_keys k
            WHERE k.organization_id = $1 AND {is_asked}{within} AND $2 = $2
        UNION SELECT k.dup_key, k.person_id FROM license_keys k
            WHERE k.organization_id = $1 AND {is_asked}{within}"
    );
    let list = json!(keys).to_string();
    let rows: Vec<(i64, Uuid)> = on!(h, &text, |sql, c| sqlx::query_as(sql)
        .bind(organization.0)
        .bind(&clinics)
        .bind(&list)
        .fetch_all(c)
        .await?);
    let mut found: BTreeMap<i64, Vec<PersonId>> = BTreeMap::new();
    for (key, person) in rows {
        found.entry(key).or_default().push(PersonId(person));
    }
    Ok(found)
}

/// True for so many people under one number that it says nothing.
pub fn is_full(members: usize) -> bool {
    i64::try_from(members).is_ok_and(|n| n > FULL_BUCKET)
}

/// Deletes the numbers of these people as they are stored. Before anything they are made of changes.
pub(crate) async fn forget(tx: &mut Tx, organization: OrganizationId, ids: &[PersonId]) -> Result<()> {
    let stored = read_traits(tx, organization, ids, "").await?;
    let keys: Vec<Vec<i64>> = stored.iter().map(|near| near.traits.keys(salt(organization))).collect();
    let all = json!(keys.concat()).to_string();
    let numbers = stored.iter().zip(keys).map(|(near, keys)| [("id", near.id.0.into()), ("keys", keys.into())]);
    let engine = tx.split().engine();
    let Some(rows) = rows::rows(engine, numbers) else { return Ok(()) };
    let text = format!(
        "DELETE FROM duplicate_keys WHERE organization_id = $1 AND {}
            AND (dup_key, person_id) IN (SELECT k.value, r.id FROM {{rows $2: id uuid, keys list}} r, {} k)",
        in_ints(engine, "dup_key", "$3"),
        ints_of(engine, "r.keys")
    );
    Query::about(&text, organization.0).with(rows).with(all).execute(tx).await.map(drop)
}

/// The numbers of profiles, for [`save`].
pub(crate) fn rows(engine: Engine, organization: OrganizationId, profiles: &[Profile]) -> Option<Rows> {
    let salt = salt(organization);
    let numbers = profiles.iter().map(|p| (p.person.id.0, MatchFeatures::of(p).keys(salt)));
    match engine {
        Engine::Sqlite => rows::rows(engine, numbers.map(|(id, keys)| [("id", id.into()), ("keys", keys.into())])),
        // In the order of their index, where neighbors are written together.
        Engine::Postgres => {
            let mut all: Vec<(i64, Uuid)> =
                numbers.flat_map(|(id, keys)| keys.into_iter().map(move |key| (key, id))).collect();
            all.sort_unstable();
            rows::rows(engine, all.into_iter().map(|(key, id)| [("id", id.into()), ("key", key.into())]))
        }
    }
}

/// Writes numbers; the old ones of these people have to be gone.
pub(crate) async fn save(tx: &mut Tx, organization: OrganizationId, numbers: Option<Rows>) -> Result<()> {
    let Some(numbers) = numbers else { return Ok(()) };
    let from = match tx.split().engine() {
        Engine::Sqlite => {
            let keys = ints_of(Engine::Sqlite, "r.keys");
            &format!("k.value, r.id FROM {{rows $2: id uuid, keys list}} r, {keys} k ORDER BY k.value")
        }
        Engine::Postgres => "r.key, r.id FROM {rows $2: id uuid, key int} r",
    };
    let text = format!("INSERT INTO duplicate_keys (organization_id, dup_key, person_id) SELECT $1, {from}");
    Query::about(&text, organization.0).with(numbers).execute(tx).await.map(drop)
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
