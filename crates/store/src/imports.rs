//! Questions asked for hundreds of rows at once, and what many new people bring with them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use muster_domain::{ClinicId, OrganizationId, PersonId};
use serde_json::json;
use uuid::Uuid;

use crate::sql::dialect::in_texts;
use crate::sql::query::Query;
use crate::sql::rows::{Rows, rows};
use crate::{Handle, Result, Tx, micros, typed};

/// Who holds a user name or email: the subject and, for a person, the organization.
pub type NameHolder = (Uuid, Option<OrganizationId>);

/// The holders of these keys (see `unique_key`), in the whole installation; what nobody holds is left out.
pub async fn name_holders(h: &mut impl Handle, keys: &[String]) -> Result<BTreeMap<String, NameHolder>> {
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let is_asked = in_texts(h.split().engine(), "name_key", "$1");
    let text = format!("SELECT name_key, subject_id, organization_id FROM sign_in_names WHERE {is_asked}");
    let list = texts(keys);
    let rows: Vec<(String, Uuid, Option<Uuid>)> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(list).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(key, subject, home)| (key, (subject, home.map(OrganizationId)))).collect())
}

/// Every key in the installation that is one of these or goes on with a digit after it, and a few more.
pub async fn numbered_names(h: &mut impl Handle, bases: &[String]) -> Result<BTreeSet<String>> {
    // ':' is the character after '9'; the column is compared byte by byte on both engines.
    let text = "SELECT n.name_key FROM {rows $1: base text, past text} r
        JOIN sign_in_names n ON n.name_key >= r.base AND n.name_key < r.past";
    let bases = bases.iter().map(|b| [("base", typed(b).into()), ("past", format!("{}:", typed(b)).into())]);
    let Some(rows) = rows(h.split().engine(), bases) else { return Ok(BTreeSet::new()) };
    let found: Vec<(String,)> = Query::about(text, rows).fetch_all(h).await?;
    Ok(found.into_iter().map(|(key,)| key).collect())
}

/// Someone as far as a row without NPI, email and user name tells: folded name (see `Person::sort_key`), default
/// clinic, user type.
pub type Namesake = (String, ClinicId, String);

/// Which of these are in the organization.
pub async fn namesakes(
    h: &mut impl Handle,
    organization: OrganizationId,
    wanted: &[Namesake],
) -> Result<BTreeMap<Namesake, PersonId>> {
    let text = "SELECT r.name, r.clinic, r.kind, (SELECT d.person_id FROM listing d
            JOIN emr_accounts a ON a.organization_id = d.organization_id AND a.person_id = d.person_id
            WHERE d.organization_id = $1 AND d.name_key = r.name AND d.user_type = r.kind
                AND a.default_clinic_id = r.clinic ORDER BY d.person_id LIMIT 1) AS person_id
        FROM {rows $2: name text, clinic uuid, kind text} r";
    let wanted = wanted.iter().map(|(name, clinic, kind)| {
        [("name", typed(name).into()), ("clinic", clinic.0.into()), ("kind", kind.as_str().into())]
    });
    let Some(rows) = rows(h.split().engine(), wanted) else { return Ok(BTreeMap::new()) };
    let found: Vec<(String, Uuid, String, Option<Uuid>)> =
        Query::about(text, organization.0).with(rows).fetch_all(h).await?;
    Ok(found
        .into_iter()
        .filter_map(|(name, clinic, kind, id)| Some(((name, ClinicId(clinic), kind), PersonId(id?))))
        .collect())
}

/// A link of a person who has none yet.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// SHA-256 of its secret.
    pub token_hash: Vec<u8>,
    /// Whose password it sets.
    pub person: PersonId,
    /// Worthless from then on.
    pub expires_at: Timestamp,
}

/// Stores invitations of people just added.
pub async fn insert_invitations(tx: &mut Tx, organization: OrganizationId, links: &[NewLink]) -> Result<()> {
    let links = links.iter().map(|l| {
        [("hash", l.token_hash.as_slice().into()), ("id", l.person.0.into()), ("expires", micros(l.expires_at).into())]
    });
    let rows = rows(tx.split().engine(), links);
    let text = "INSERT INTO links (token_hash, purpose, subject_id, organization_id, expires_at)
        SELECT r.hash, 'invitation', r.id, $1, r.expires FROM {rows $2: hash bytes, id uuid, expires int} r";
    write(tx, text, organization, rows).await
}

/// Writes down when people last signed in, on the person and in the list.
pub async fn set_last_sign_ins(
    tx: &mut Tx,
    organization: OrganizationId,
    times: &[(PersonId, Timestamp)],
) -> Result<()> {
    let times = times.iter().map(|(id, at)| [("id", id.0.into()), ("at", micros(*at).into())]);
    let rows = rows(tx.split().engine(), times);
    // Named by identity as well, so that SQLite looks each one up instead of reading the whole practice; materialized,
    // so that it indexes the rows instead of reading all of them for each.
    for table in ["people", "listing"] {
        let text = format!(
            "WITH r AS MATERIALIZED (SELECT x.id, x.at FROM {{rows $2: id uuid, at int}} x)
            UPDATE {table} SET last_sign_in_at = r.at FROM r
            WHERE {table}.organization_id = $1 AND {table}.person_id = r.id
                AND {table}.person_id IN (SELECT q.id FROM r q)"
        );
        write(tx, &text, organization, rows.clone()).await?;
    }
    Ok(())
}

/// Practices of the installation.
pub async fn count_organizations(h: &mut impl Handle) -> Result<i64> {
    let (count,): (i64,) =
        on!(h, "SELECT count(*) FROM organizations", |sql, c| sqlx::query_as(sql).fetch_one(c).await?);
    Ok(count)
}

fn texts(keys: &[String]) -> String {
    json!(keys.iter().map(|k| typed(k)).collect::<Vec<_>>()).to_string()
}

async fn write(tx: &mut Tx, text: &str, organization: OrganizationId, rows: Option<Rows>) -> Result<()> {
    let Some(rows) = rows else { return Ok(()) };
    Query::about(text, organization.0).with(rows).execute(tx).await.map(drop)
}
