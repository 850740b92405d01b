//! Profiles at rest: the person, the EMR account, its clinics, the first professional licence and the sign-in names,
//! written together, for one person or ten thousand with the same statements.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use muster_domain::emr::{Attestation, EmrAccount, InactiveReason, License, PermissionSet, Profile, Status, UserType};
use muster_domain::people::Person;
use muster_domain::text::unique_key;
use muster_domain::{ClinicId, OrganizationId, PersonId};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::dialect::Id;
use crate::{Handle, Result, StoreError, Tx, dialect, directory, duplicates, micros, typed, when};

/// A profile with what the store knows beyond it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Person and EMR account.
    pub profile: Profile,
    /// Grows with every save; the entity tag.
    pub version: i64,
    /// First save.
    pub created_at: Option<Timestamp>,
    /// Last successful sign-in.
    pub last_sign_in_at: Option<Timestamp>,
    /// `none`, `set` or `must_change`.
    pub password_state: String,
    /// When the finish attestation was given.
    pub finish_attested_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    organization_id: Uuid,
    person_id: Uuid,
    first_name: String,
    last_name: String,
    full_name: String,
    previous_names: String,
    email: Option<String>,
    phone: Option<String>,
    npi: Option<String>,
    username: String,
    version: i64,
    created_at: i64,
    user_type: Option<String>,
    status: Option<String>,
    inactive_reason: Option<String>,
    default_clinic_id: Option<Uuid>,
    permissions: Option<i64>,
    finish_attested_by: Option<Uuid>,
    finish_attested_at: Option<i64>,
    license_number: Option<String>,
    license_state: Option<String>,
    license_expires_on: Option<String>,
    last_sign_in_at: Option<i64>,
    password_state: Option<String>,
}

impl Row {
    fn into_stored(self, clinics: &mut BTreeMap<Uuid, BTreeSet<ClinicId>>) -> Result<Stored> {
        let emr = match (&self.user_type, &self.status, self.default_clinic_id) {
            (Some(kind), Some(status), Some(default_clinic)) => Some(EmrAccount {
                user_type: UserType::parse(kind).ok_or_else(|| StoreError::Corrupt(kind.clone()))?,
                status: Status::parse(status).ok_or_else(|| StoreError::Corrupt(status.clone()))?,
                inactive_reason: self.inactive_reason.as_deref().and_then(InactiveReason::parse),
                default_clinic: ClinicId(default_clinic),
                clinics: clinics.remove(&self.person_id).unwrap_or_default(),
                permissions: PermissionSet::from_bits(self.permissions.unwrap_or(0)),
                license: License {
                    number: self.license_number,
                    state: self.license_state,
                    expires_on: self.license_expires_on.and_then(|d| d.parse().ok()),
                },
                finish_attestation: self
                    .finish_attested_at
                    .map(|_| Attestation { by: self.finish_attested_by.map(PersonId) }),
            }),
            _ => None,
        };
        Ok(Stored {
            profile: Profile {
                person: Person {
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
                },
                emr,
            },
            version: self.version,
            created_at: when(self.created_at),
            last_sign_in_at: self.last_sign_in_at.and_then(when),
            password_state: self.password_state.unwrap_or_else(|| "none".to_owned()),
            finish_attested_at: self.finish_attested_at.and_then(when),
        })
    }
}

const PROFILE: &str = "SELECT p.organization_id, p.person_id, p.first_name, p.last_name, p.full_name, p.previous_names,
        p.email, p.phone, p.npi, p.username, p.version, p.created_at,
        a.user_type, a.status, a.inactive_reason, a.default_clinic_id, a.permissions, a.finish_attested_by, a.finish_attested_at,
        l.number AS license_number, l.state AS license_state, l.expires_on AS license_expires_on,
        s.last_sign_in_at, s.password_state
    FROM people p
    LEFT JOIN emr_accounts a ON a.organization_id = p.organization_id AND a.person_id = p.person_id
    LEFT JOIN professional_licences l ON l.organization_id = p.organization_id AND l.person_id = p.person_id AND l.position = 0
    LEFT JOIN sign_ins s ON s.subject_id = p.person_id";

/// One profile.
pub async fn find(h: &mut impl Handle, organization: OrganizationId, id: PersonId) -> Result<Option<Stored>> {
    Ok(find_many(h, organization, &[id]).await?.pop())
}

/// These profiles, in the order asked for; what is not of the organization is left out. Two statements, however many.
pub async fn find_many(h: &mut impl Handle, organization: OrganizationId, ids: &[PersonId]) -> Result<Vec<Stored>> {
    let list = dialect::id_list(ids.iter().map(|p| &p.0));
    let text = format!("{PROFILE} WHERE p.organization_id = $1 AND p.person_id IN {{ids $2}}");
    let rows: Vec<Row> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(&list).fetch_all(c).await?);
    let text =
        "SELECT person_id, clinic_id FROM emr_account_clinics WHERE organization_id = $1 AND person_id IN {ids $2}";
    let pairs: Vec<(Uuid, Uuid)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(&list).fetch_all(c).await?);
    let mut clinics: BTreeMap<Uuid, BTreeSet<ClinicId>> = BTreeMap::new();
    for (person, clinic) in pairs {
        clinics.entry(person).or_default().insert(ClinicId(clinic));
    }
    let mut found: BTreeMap<Uuid, Stored> = BTreeMap::new();
    for row in rows {
        found.insert(row.person_id, row.into_stored(&mut clinics)?);
    }
    Ok(ids.iter().filter_map(|id| found.remove(&id.0)).collect())
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

/// Adds profiles that are not there yet. [`StoreError::Taken`] when a user name, email or NPI is in use; then the
/// caller's transaction is over.
pub async fn insert(tx: &mut Tx, organization: OrganizationId, profiles: &[Profile], now: Timestamp) -> Result<()> {
    save(tx, organization, profiles, now).await?;
    let rows = profiles.iter().map(|p| NewRow { id: Id(p.person.id.0) });
    let text = "INSERT INTO sign_ins (subject_id, kind, organization_id, password_state)
        SELECT r.id, 'person', $1, 'none' FROM {rows $2: id uuid} r";
    run(tx, text, organization, dialect::rows(rows), now).await?;
    insert_names(tx, organization, profiles, now).await?;
    let text = "UPDATE organizations SET people_count = people_count + $2 WHERE organization_id = $1";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(i64::try_from(profiles.len()).unwrap_or(0)).execute(c).await?;
    });
    Ok(())
}

/// Saves profiles that exist; each version grows by one. [`StoreError::Taken`] as for [`insert`].
pub async fn update(tx: &mut Tx, organization: OrganizationId, profiles: &[Profile], now: Timestamp) -> Result<()> {
    let ids: Vec<PersonId> = profiles.iter().map(|p| p.person.id).collect();
    duplicates::forget(tx, organization, &ids).await?;
    let ids = dialect::id_list(ids.iter().map(|p| &p.0));
    for text in [
        "DELETE FROM emr_account_clinics WHERE organization_id = $1 AND person_id IN {ids $2}",
        "DELETE FROM sign_in_names WHERE organization_id = $1 AND subject_id IN {ids $2}",
    ] {
        on!(tx, text, |sql, c| {
            sqlx::query(sql).bind(organization.0).bind(&ids).execute(c).await?;
        });
    }
    // The first licence is replaced in place: its profession is not part of the profile.
    let unlicensed = |p: &&Profile| p.emr.as_ref().is_none_or(|e| e.license == License::default());
    let unlicensed = dialect::id_list(profiles.iter().filter(unlicensed).map(|p| &p.person.id.0));
    let text =
        "DELETE FROM professional_licences WHERE organization_id = $1 AND position = 0 AND person_id IN {ids $2}";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(unlicensed).execute(c).await?;
    });
    let without_account: Vec<&Uuid> = profiles.iter().filter(|p| p.emr.is_none()).map(|p| &p.person.id.0).collect();
    if !without_account.is_empty() {
        let text = "DELETE FROM emr_accounts WHERE organization_id = $1 AND person_id IN {ids $2}";
        on!(tx, text, |sql, c| {
            sqlx::query(sql).bind(organization.0).bind(dialect::id_list(without_account)).execute(c).await?;
        });
    }
    save(tx, organization, profiles, now).await?;
    insert_names(tx, organization, profiles, now).await
}

#[derive(Serialize)]
struct PersonRow<'a> {
    id: Id,
    first: &'a str,
    last: &'a str,
    shown: &'a str,
    previous: String,
    email: Option<&'a str>,
    phone: Option<&'a str>,
    npi: Option<&'a str>,
    username: &'a str,
}

#[derive(Serialize)]
struct AccountRow {
    id: Id,
    kind: &'static str,
    status: &'static str,
    reason: Option<&'static str>,
    clinic: Id,
    permissions: i64,
    attested: i64,
    attested_by: Option<Id>,
}

#[derive(Serialize)]
struct ClinicRow {
    id: Id,
    clinic: Id,
}

#[derive(Serialize)]
struct LicenceRow<'a> {
    id: Id,
    number: Option<&'a str>,
    state: Option<&'a str>,
    expires: Option<String>,
}

#[derive(Serialize)]
struct NewRow {
    id: Id,
}

#[derive(Serialize)]
struct NameRow {
    id: Id,
    key: String,
}

async fn save(tx: &mut Tx, organization: OrganizationId, profiles: &[Profile], now: Timestamp) -> Result<()> {
    let people = profiles.iter().map(|p| {
        let p = &p.person;
        PersonRow {
            id: Id(p.id.0),
            first: &p.first_name,
            last: &p.last_name,
            shown: &p.full_name,
            previous: serde_json::to_string(&p.previous_names).unwrap_or_else(|_| "[]".to_owned()),
            email: p.email.as_deref(),
            phone: p.phone.as_deref(),
            npi: p.npi.as_deref(),
            username: &p.username,
        }
    });
    let text = "INSERT INTO people (organization_id, person_id, first_name, last_name, full_name, previous_names, email,
            phone, npi, username, created_at, updated_at)
        SELECT $1, r.id, r.first, r.last, r.shown, r.previous, r.email, r.phone, r.npi, r.username, $3, $3
        FROM {rows $2: id uuid, first text, last text, shown text, previous text, email text, phone text, npi text, username text} r
        WHERE true ON CONFLICT (organization_id, person_id) DO UPDATE SET first_name = excluded.first_name,
            last_name = excluded.last_name, full_name = excluded.full_name, previous_names = excluded.previous_names,
            email = excluded.email, phone = excluded.phone, npi = excluded.npi, username = excluded.username,
            updated_at = excluded.updated_at, version = people.version + 1";
    run(tx, text, organization, dialect::rows(people), now).await?;

    let with_emr = || profiles.iter().filter_map(|p| p.emr.as_ref().map(|e| (p.person.id.0, e)));
    let accounts = with_emr().map(|(id, e)| AccountRow {
        id: Id(id),
        kind: e.user_type.as_str(),
        status: e.status.as_str(),
        reason: e.inactive_reason.map(InactiveReason::as_str),
        clinic: Id(e.default_clinic.0),
        permissions: e.permissions.bits(),
        attested: i64::from(e.finish_attestation.is_some()),
        attested_by: e.finish_attestation.and_then(|a| a.by).map(|p| Id(p.0)),
    });
    let text = "INSERT INTO emr_accounts (organization_id, person_id, user_type, status, inactive_reason, default_clinic_id,
            permissions, finish_attested_by, finish_attested_at)
        SELECT $1, r.id, r.kind, r.status, r.reason, r.clinic, r.permissions, r.attested_by,
            CASE WHEN r.attested = 1 THEN $3 ELSE NULL END
        FROM {rows $2: id uuid, kind text, status text, reason text, clinic uuid, permissions int, attested int, attested_by uuid} r
        WHERE true ON CONFLICT (organization_id, person_id) DO UPDATE SET user_type = excluded.user_type,
            status = excluded.status, inactive_reason = excluded.inactive_reason,
            default_clinic_id = excluded.default_clinic_id, permissions = excluded.permissions,
            finish_attested_by = excluded.finish_attested_by,
            finish_attested_at = CASE WHEN excluded.finish_attested_at IS NULL THEN NULL
                ELSE coalesce(emr_accounts.finish_attested_at, excluded.finish_attested_at) END";
    run(tx, text, organization, dialect::rows(accounts), now).await?;

    let clinics =
        with_emr().flat_map(|(id, e)| e.clinics.iter().map(move |c| ClinicRow { id: Id(id), clinic: Id(c.0) }));
    let text = "INSERT INTO emr_account_clinics (organization_id, person_id, clinic_id)
        SELECT $1, r.id, r.clinic FROM {rows $2: id uuid, clinic uuid} r";
    run(tx, text, organization, dialect::rows(clinics), now).await?;

    let licences = with_emr().filter(|(_, e)| e.license != License::default()).map(|(id, e)| LicenceRow {
        id: Id(id),
        number: e.license.number.as_deref(),
        state: e.license.state.as_deref(),
        expires: e.license.expires_on.map(|d| d.to_string()),
    });
    let text = "INSERT INTO professional_licences (organization_id, person_id, position, number, state, expires_on)
        SELECT $1, r.id, 0, r.number, r.state, r.expires
        FROM {rows $2: id uuid, number text, state text, expires text} r
        WHERE true ON CONFLICT (organization_id, person_id, position) DO UPDATE SET number = excluded.number,
            state = excluded.state, expires_on = excluded.expires_on";
    run(tx, text, organization, dialect::rows(licences), now).await?;
    duplicates::save(tx, organization, profiles).await?;
    directory::save(tx, organization, profiles).await
}

async fn insert_names(tx: &mut Tx, organization: OrganizationId, profiles: &[Profile], now: Timestamp) -> Result<()> {
    let names = profiles.iter().flat_map(|p| {
        let keys: BTreeSet<String> =
            [Some(&p.person.username), p.person.email.as_ref()].into_iter().flatten().map(|n| unique_key(n)).collect();
        keys.into_iter().map(|key| NameRow { id: Id(p.person.id.0), key })
    });
    let text = "INSERT INTO sign_in_names (name_key, subject_id, organization_id)
        SELECT r.key, r.id, $1 FROM {rows $2: id uuid, key text} r";
    run(tx, text, organization, dialect::rows(names), now).await
}

/// Runs a set-based statement: `$1` the organization, `$2` the rows, `$3` (where named) the time.
async fn run(
    tx: &mut Tx,
    text: &str,
    organization: OrganizationId,
    rows: Option<String>,
    now: Timestamp,
) -> Result<()> {
    let Some(rows) = rows else { return Ok(()) };
    let timed = text.contains("$3");
    on!(tx, text, |sql, c| {
        let query = sqlx::query(sql).bind(organization.0).bind(rows);
        let query = if timed { query.bind(micros(now)) } else { query };
        query.execute(c).await?;
    });
    Ok(())
}

/// Which of these keys (see `unique_key`) belong to someone, anywhere.
pub async fn taken_names(h: &mut impl Handle, keys: &[String]) -> Result<BTreeMap<String, PersonId>> {
    let text = "SELECT name_key, subject_id FROM sign_in_names WHERE {among name_key $1}";
    let list = json!(keys.iter().map(|k| typed(k)).collect::<Vec<_>>()).to_string();
    let rows: Vec<(String, Uuid)> = on!(h, text, |sql, c| sqlx::query_as(sql).bind(list).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(key, id)| (key, PersonId(id))).collect())
}

/// Which of these real NPIs belong to someone of the organization.
pub async fn taken_npis(
    h: &mut impl Handle,
    organization: OrganizationId,
    npis: &[String],
) -> Result<BTreeMap<String, PersonId>> {
    // One look-up each: joined, PostgreSQL reads the whole practice while the table is not analysed yet.
    let text = "SELECT r.npi, (SELECT p.person_id FROM people p
            WHERE p.organization_id = $1 AND p.npi = r.npi AND p.npi <> '9999999995') AS person_id
        FROM {rows $2: npi text} r";
    let list = json!(npis.iter().map(|n| json!({"npi": typed(n)})).collect::<Vec<_>>()).to_string();
    let rows: Vec<(String, Option<Uuid>)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(list).fetch_all(c).await?);
    Ok(rows.into_iter().filter_map(|(npi, id)| Some((npi, PersonId(id?)))).collect())
}

/// The person of a user name or email within one organization.
pub async fn find_by_name(h: &mut impl Handle, organization: OrganizationId, name: &str) -> Result<Option<Stored>> {
    match crate::sign_in::name_owner(h, name).await? {
        Some((subject, Some(home))) if home == organization => find(h, organization, PersonId(subject)).await,
        _ => Ok(None),
    }
}
