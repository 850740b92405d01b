//! Profiles at rest: the person and the sign-in names here, each account with its product. They are read by one statement
//! and written together, for one person or ten thousand with the same statements.

mod save;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use muster_domain::people::{Person, Profile};
use muster_domain::sign_in::{PasswordState, SignInStatus};
use muster_domain::{ClinicId, OrganizationId, PersonId};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::sql::dialect;
use crate::sql::dialect::Engine;
use crate::sql::query::Query;
use crate::sql::rows::rows;
use crate::{Handle, Result, StoreError, emr, sign_in, typed, when};

pub(crate) use save::WriteMode;
pub use save::{NewProfiles, insert, insert_made, update};

/// A profile with what the store knows beyond it.
#[derive(Clone, Debug)]
pub struct StoredProfile {
    /// Person and EMR account.
    pub profile: Profile,
    /// Grows with every save; the entity tag.
    pub version: i64,
    /// First save.
    pub created_at: Option<Timestamp>,
    /// Last successful sign-in.
    pub last_sign_in_at: Option<Timestamp>,
    /// `none`, `set` or `must_change`.
    pub password_state: PasswordState,
    /// When the finish attestation was given.
    pub finish_attested_at: Option<Timestamp>,
}

#[derive(Deserialize, sqlx::FromRow)]
pub(crate) struct PersonRow {
    organization_id: Uuid,
    pub person_id: Uuid,
    first_name: String,
    last_name: String,
    full_name: String,
    previous_names: String,
    email: Option<String>,
    phone: Option<String>,
    npi: Option<String>,
    username: String,
    sign_in_status: String,
    version: i64,
    created_at: i64,
    last_sign_in_at: i64,
    password_state: String,
    #[sqlx(flatten)]
    emr: emr::AccountRow,
}

impl PersonRow {
    pub fn into_stored(self) -> Result<StoredProfile> {
        let (emr, finish_attested_at) = self.emr.into_account()?.unzip();
        Ok(StoredProfile {
            profile: Profile {
                sign_in: SignInStatus::parse(&self.sign_in_status)
                    .ok_or_else(|| StoreError::Corrupt(self.sign_in_status.clone()))?,
                emr,
                ..Profile::new(Person {
                    id: PersonId(self.person_id),
                    organization: OrganizationId(self.organization_id),
                    first_name: self.first_name,
                    last_name: self.last_name,
                    full_name: self.full_name,
                    previous_names: serde_json::from_str(&self.previous_names).unwrap_or_default(),
                    email: self.email,
                    phone: self.phone,
                    npi: self.npi,
                    username: self.username,
                })
            },
            version: self.version,
            created_at: when(self.created_at),
            last_sign_in_at: when(self.last_sign_in_at),
            password_state: sign_in::password_state(self.password_state)?,
            finish_attested_at: finish_attested_at.flatten(),
        })
    }
}

/// The columns of a [`PersonRow`] in a statement over `people p` and [`ACCOUNTS`], beside its sign-in `s`, which has the
/// organization and the state of the password.
pub(crate) fn columns_beside_sign_in(engine: Engine) -> String {
    let emr = emr::columns(engine);
    format!(
        "p.person_id, p.first_name, p.last_name, p.full_name, p.previous_names, p.email, p.phone, p.npi, p.username,
        p.sign_in_status, p.version, p.created_at, p.last_sign_in_at, {emr}"
    )
}

/// The columns of a profile's row in a statement over `people p` and [`ACCOUNTS`].
fn columns(engine: Engine) -> String {
    format!("p.organization_id, p.password_state, {}", columns_beside_sign_in(engine))
}

/// The same for [`Query::fetch_json_rows`], in the order of the fields.
fn json_columns() -> String {
    format!(
        "organization_id uuid, person_id uuid, first_name text, last_name text, full_name text, previous_names text, email text, phone text, npi text, username text, sign_in_status text, version int, created_at int, last_sign_in_at int, password_state text, {}",
        emr::JSON_COLUMNS
    )
}

/// Joins the accounts of every product to `people p`.
pub(crate) const ACCOUNTS: &str = emr::JOIN;

/// One profile.
pub async fn find(h: &mut impl Handle, organization: OrganizationId, id: PersonId) -> Result<Option<StoredProfile>> {
    Ok(find_many(h, organization, &[id]).await?.pop())
}

/// These profiles, in the order asked for; what is not of the organization is left out. One statement, however many.
pub async fn find_many(
    h: &mut impl Handle,
    organization: OrganizationId,
    ids: &[PersonId],
) -> Result<Vec<StoredProfile>> {
    let query = profiles(h.split().engine(), organization, ids);
    let rows: Vec<PersonRow> = query.fetch_json_rows(h, &json_columns()).await?;
    let mut found: HashMap<Uuid, StoredProfile> = HashMap::with_capacity(rows.len());
    for row in rows {
        found.insert(row.person_id, row.into_stored()?);
    }
    Ok(ids.iter().filter_map(|id| found.remove(&id.0)).collect())
}

/// The statement that reads profiles.
pub(crate) fn profiles(engine: Engine, organization: OrganizationId, ids: &[PersonId]) -> Query {
    let text = format!(
        "SELECT {} FROM people p {ACCOUNTS} WHERE p.organization_id = $1 AND p.person_id IN {{ids $2}}",
        columns(engine)
    );
    Query::about(&text, organization.0).with(dialect::id_list(ids.iter().map(|p| &p.0)))
}

/// Who of the organization holds a real NPI.
pub async fn npi_holder(h: &mut impl Handle, organization: OrganizationId, npi: &str) -> Result<Option<PersonId>> {
    let text = "SELECT person_id FROM people WHERE organization_id = $1 AND npi = $2 AND npi <> '9999999995'";
    let row: Option<(Uuid,)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(npi).fetch_optional(c).await?);
    Ok(row.map(|(id,)| PersonId(id)))
}

/// True when someone other than `but` is an active company admin.
pub async fn another_company_admin(h: &mut impl Handle, organization: OrganizationId, but: PersonId) -> Result<bool> {
    let text =
        "SELECT 1 FROM emr_accounts WHERE organization_id = $1 AND (permissions & 512) <> 0 AND status = 'active'
        AND person_id <> $2 LIMIT 1";
    let row: Option<(i32,)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(but.0).fetch_optional(c).await?);
    Ok(row.is_some())
}

/// The active company admins who have an address: identity, name and email.
pub async fn company_admins(
    h: &mut impl Handle,
    organization: OrganizationId,
) -> Result<Vec<(PersonId, String, String)>> {
    let text = "SELECT p.person_id, p.full_name, p.email FROM emr_accounts a
        JOIN people p ON p.organization_id = a.organization_id AND p.person_id = a.person_id
        WHERE a.organization_id = $1 AND (a.permissions & 512) <> 0 AND a.status = 'active' AND p.email IS NOT NULL
        ORDER BY p.person_id";
    let rows: Vec<(Uuid, String, String)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(id, name, email)| (PersonId(id), name, email)).collect())
}

/// Which of `clinics` have an active user manager other than `but`.
pub async fn clinics_managed_by_others(
    h: &mut impl Handle,
    organization: OrganizationId,
    clinics: &[ClinicId],
    but: PersonId,
) -> Result<BTreeSet<ClinicId>> {
    let text = "SELECT DISTINCT m.clinic_id FROM emr_account_clinics m
        JOIN emr_accounts a ON a.organization_id = m.organization_id AND a.person_id = m.person_id
        WHERE m.organization_id = $1 AND m.clinic_id IN {ids $2} AND m.person_id <> $3
            AND (a.permissions & 8) <> 0 AND a.status = 'active'";
    let list = dialect::id_list(clinics.iter().map(|c| &c.0));
    let rows: Vec<(Uuid,)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(list).bind(but.0).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(id,)| ClinicId(id)).collect())
}

/// Which of these people work at one of these clinics.
pub async fn at_clinics(
    h: &mut impl Handle,
    organization: OrganizationId,
    people: &BTreeSet<Uuid>,
    clinics: &BTreeSet<ClinicId>,
) -> Result<BTreeSet<Uuid>> {
    if people.is_empty() {
        return Ok(BTreeSet::new());
    }
    let text = "SELECT DISTINCT person_id FROM emr_account_clinics
        WHERE organization_id = $1 AND person_id IN {ids $2} AND clinic_id IN {ids $3}";
    let (people, clinics) = (dialect::id_list(people), dialect::id_list(clinics.iter().map(|c| &c.0)));
    let rows: Vec<(Uuid,)> = on!(h, text, |sql, c| {
        sqlx::query_as(sql).bind(organization.0).bind(&people).bind(&clinics).fetch_all(c).await?
    });
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Which of these keys (see `unique_key`) belong to someone, anywhere.
pub async fn taken_names(h: &mut impl Handle, keys: &[String]) -> Result<BTreeMap<String, PersonId>> {
    let is_asked = dialect::in_texts(h.split().engine(), "name_key", "$1");
    let text = format!("SELECT name_key, subject_id FROM sign_in_names WHERE {is_asked}");
    let list = json!(keys.iter().map(|k| typed(k)).collect::<Vec<_>>()).to_string();
    let rows: Vec<(String, Uuid)> = on!(h, &text, |sql, c| sqlx::query_as(sql).bind(list).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(key, id)| (key, PersonId(id))).collect())
}

/// Which of these real NPIs belong to someone of the organization.
pub async fn taken_npis(
    h: &mut impl Handle,
    organization: OrganizationId,
    npis: &[String],
) -> Result<BTreeMap<String, PersonId>> {
    // One look-up each: joined, PostgreSQL reads the whole practice while the table is not analyzed yet.
    let text = "SELECT r.npi, (SELECT p.person_id FROM people p
            WHERE p.organization_id = $1 AND p.npi = r.npi AND p.npi <> '9999999995') AS person_id
        FROM {rows $2: npi text} r";
    let wanted = npis.iter().map(|n| [("npi", typed(n).into())]);
    let Some(wanted) = rows(h.split().engine(), wanted) else { return Ok(BTreeMap::new()) };
    let found: Vec<(String, Option<Uuid>)> = Query::about(text, organization.0).with(wanted).fetch_all(h).await?;
    Ok(found.into_iter().filter_map(|(npi, id)| Some((npi, PersonId(id?)))).collect())
}

/// The person of a user name or email within one organization.
pub async fn find_by_name(
    h: &mut impl Handle,
    organization: OrganizationId,
    name: &str,
) -> Result<Option<StoredProfile>> {
    match crate::sign_in::name_owner(h, name).await? {
        Some((subject, Some(home))) if home == organization => find(h, organization, PersonId(subject)).await,
        _ => Ok(None),
    }
}
