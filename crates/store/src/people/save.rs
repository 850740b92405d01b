//! Writing profiles. The rows are made first, without the database, and then a fixed number of statements writes them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use muster_domain::people::Profile;
use muster_domain::text::unique_key;
use muster_domain::{OrganizationId, PersonId};
use uuid::Uuid;

use crate::sql::dialect;
use crate::sql::dialect::Engine;
use crate::sql::query::Query;
use crate::sql::rows::{Rows, rows};
use crate::{Handle, Result, Tx, duplicates, emr, listing, micros};

/// The rows of profiles, as the statements take them; none where there are none.
struct Tables {
    people: Option<Rows>,
    emr: emr::Accounts,
    names: Option<Rows>,
    duplicate_keys: Option<Rows>,
    listing: Option<listing::Entries>,
}

/// Whether rows may be there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteMode {
    /// None of them.
    New,
    /// Some or all.
    Saved,
}

impl WriteMode {
    /// What a statement says besides when rows may be there: looking for them costs as much as writing them.
    pub fn on_conflict(self, text: &str) -> &str {
        if self == Self::New { "" } else { text }
    }
}

/// The rows of profiles that are not there yet. Making them is half of the work of saving many, and needs no database.
pub struct NewProfiles {
    tables: Tables,
    sign_ins: Option<Rows>,
    now: Timestamp,
}

impl NewProfiles {
    /// Makes them as of `now`, for a database of this kind.
    #[must_use]
    pub fn of(db: &crate::Db, organization: OrganizationId, profiles: &[Profile], now: Timestamp) -> Self {
        Self::made(db.engine(), organization, profiles, now)
    }

    fn made(engine: Engine, organization: OrganizationId, profiles: &[Profile], now: Timestamp) -> Self {
        Self {
            now,
            tables: Tables::of(engine, organization, profiles),
            sign_ins: rows(engine, profiles.iter().map(|p| [("id", p.person.id.0.into())])),
        }
    }
}

/// Adds profiles that are not there yet. [`StoreError::Taken`](crate::StoreError::Taken) when a user name, email or
/// NPI is in use; then the caller's transaction is over.
pub async fn insert(tx: &mut Tx, organization: OrganizationId, profiles: &[Profile], now: Timestamp) -> Result<()> {
    let made = NewProfiles::made(tx.split().engine(), organization, profiles, now);
    insert_made(tx, organization, made).await
}

/// [`insert`] of rows made before.
pub async fn insert_made(tx: &mut Tx, organization: OrganizationId, new: NewProfiles) -> Result<()> {
    let NewProfiles { tables, sign_ins, now } = new;
    let names = save(tx, organization, tables, WriteMode::New, now).await?;
    let text = "INSERT INTO sign_ins (subject_id, kind, organization_id, password_state)
        SELECT r.id, 'person', $1, 'none' FROM {rows $2: id uuid} r";
    run(tx, text, organization, sign_ins, now).await?;
    insert_names(tx, organization, names, now).await
}

/// Saves profiles that exist; each version grows by one. [`StoreError::Taken`](crate::StoreError::Taken) as for [`insert`].
pub async fn update(tx: &mut Tx, organization: OrganizationId, profiles: &[Profile], now: Timestamp) -> Result<()> {
    let ids: Vec<PersonId> = profiles.iter().map(|p| p.person.id).collect();
    duplicates::forget(tx, organization, &ids).await?;
    emr::clear(tx, organization, profiles).await?;
    let text = "DELETE FROM sign_in_names WHERE organization_id = $1 AND subject_id IN {ids $2}";
    let ids = dialect::id_list(ids.iter().map(|p| &p.0));
    Query::about(text, organization.0).with(ids).execute(tx).await?;
    let tables = Tables::of(tx.split().engine(), organization, profiles);
    let names = save(tx, organization, tables, WriteMode::Saved, now).await?;
    insert_names(tx, organization, names, now).await
}

impl Tables {
    fn of(engine: Engine, organization: OrganizationId, profiles: &[Profile]) -> Self {
        let people = profiles.iter().map(|profile| {
            let p = &profile.person;
            [
                ("id", p.id.0.into()),
                ("first", p.first_name.as_str().into()),
                ("last", p.last_name.as_str().into()),
                ("shown", p.full_name.as_str().into()),
                ("previous", serde_json::to_string(&p.previous_names).unwrap_or_else(|_| "[]".to_owned()).into()),
                ("email", p.email.as_deref().into()),
                ("phone", p.phone.as_deref().into()),
                ("npi", p.npi.as_deref().into()),
                ("username", p.username.as_str().into()),
                ("sign_in", profile.sign_in.as_str().into()),
            ]
        });
        let names = profiles.iter().flat_map(|p| {
            let names = [Some(&p.person.username), p.person.email.as_ref()];
            let keys: BTreeSet<String> = names.into_iter().flatten().map(|n| unique_key(n)).collect();
            keys.into_iter().map(|key| (key, p.person.id.0))
        });
        // In the order of their index, where neighbors are written together.
        let mut names: Vec<(String, Uuid)> = names.collect();
        names.sort_unstable();
        Self {
            people: rows(engine, people),
            emr: emr::Accounts::of(engine, profiles),
            names: rows(engine, names.into_iter().map(|(key, id)| [("id", id.into()), ("key", key.into())])),
            duplicate_keys: duplicates::rows(engine, organization, profiles),
            listing: listing::rows(engine, organization, profiles),
        }
    }
}

/// Writes the rows, and gives those that are left: the sign-in names.
async fn save(
    tx: &mut Tx,
    organization: OrganizationId,
    tables: Tables,
    mode: WriteMode,
    now: Timestamp,
) -> Result<Option<Rows>> {
    let text = "INSERT INTO people (organization_id, person_id, first_name, last_name, full_name, previous_names, email,
            phone, npi, username, sign_in_status, created_at, updated_at)
        SELECT $1, r.id, r.first, r.last, r.shown, r.previous, r.email, r.phone, r.npi, r.username, r.sign_in, $3, $3
        FROM {rows $2: id uuid, first text, last text, shown text, previous text, email text, phone text, npi text, username text, sign_in text} r
        WHERE true ";
    let conflict = "ON CONFLICT (organization_id, person_id) DO UPDATE SET first_name = excluded.first_name,
            last_name = excluded.last_name, full_name = excluded.full_name, previous_names = excluded.previous_names,
            email = excluded.email, phone = excluded.phone, npi = excluded.npi, username = excluded.username, sign_in_status = excluded.sign_in_status,
            updated_at = excluded.updated_at, version = people.version + 1";
    run(tx, &format!("{text}{}", mode.on_conflict(conflict)), organization, tables.people, now).await?;
    emr::save(tx, organization, tables.emr, mode, now).await?;
    duplicates::save(tx, organization, tables.duplicate_keys).await?;
    listing::save(tx, organization, tables.listing, mode).await?;
    Ok(tables.names)
}

async fn insert_names(tx: &mut Tx, organization: OrganizationId, names: Option<Rows>, now: Timestamp) -> Result<()> {
    let text = "INSERT INTO sign_in_names (name_key, subject_id, organization_id)
        SELECT r.key, r.id, $1 FROM {rows $2: id uuid, key text} r";
    run(tx, text, organization, names, now).await
}

/// Runs a set-based statement: `$1` the organization, `$2` the rows, `$3` (where named) the time.
async fn run(tx: &mut Tx, text: &str, organization: OrganizationId, rows: Option<Rows>, now: Timestamp) -> Result<()> {
    let Some(rows) = rows else { return Ok(()) };
    let query = Query::about(text, organization.0).with(rows);
    let query = if text.contains("$3") { query.with(micros(now)) } else { query };
    query.execute(tx).await.map(drop)
}
