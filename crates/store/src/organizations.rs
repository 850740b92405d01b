//! Organizations and clinics at rest.

use jiff::Timestamp;
use muster_domain::access::ClinicAccess;
use muster_domain::emr::Status;
use muster_domain::organizations::{AssistantFinish, Clinic, Organization};
use muster_domain::sign_in::Preset;
use muster_domain::text::unique_key;
use muster_domain::{ClinicId, OrganizationId};
use uuid::Uuid;

use crate::sql::dialect;
use crate::sql::query::Query;
use crate::sql::rows::rows;
use crate::{Handle, Result, StoreError, Tx, micros, typed};

#[derive(sqlx::FromRow)]
pub(crate) struct OrganizationRow {
    practice_id: Uuid,
    name: String,
    time_zone: String,
    password_preset: String,
    password_expiry_days: Option<i64>,
    idle_minutes: i64,
    practice_version: i64,
}

impl TryFrom<OrganizationRow> for Organization {
    type Error = StoreError;
    fn try_from(row: OrganizationRow) -> Result<Self> {
        Ok(Self {
            id: OrganizationId(row.practice_id),
            name: row.name,
            time_zone: row.time_zone,
            password_preset: Preset::parse(&row.password_preset).ok_or(StoreError::Corrupt(row.password_preset))?,
            password_expiry_days: row.password_expiry_days,
            idle_minutes: row.idle_minutes,
            version: row.practice_version,
        })
    }
}

/// Of an [`OrganizationRow`]; identity and version under names that rows it is joined to do not have.
pub(crate) const COLUMNS: &str = "o.organization_id AS practice_id, o.name, o.time_zone, o.password_preset, o.password_expiry_days, o.idle_minutes, o.version AS practice_version";

/// One by identity.
pub async fn find(h: &mut impl Handle, id: OrganizationId) -> Result<Option<Organization>> {
    let text = format!("SELECT {COLUMNS} FROM organizations o WHERE o.organization_id = $1");
    let row: Option<OrganizationRow> = on!(h, &text, |sql, c| sqlx::query_as(sql).bind(id.0).fetch_optional(c).await?);
    row.map(Organization::try_from).transpose()
}

/// One by its name, compared without case.
pub async fn find_by_name(h: &mut impl Handle, name: &str) -> Result<Option<Organization>> {
    let text = format!("SELECT {COLUMNS} FROM organizations o WHERE o.name_key = $1");
    let row: Option<OrganizationRow> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(typed(&unique_key(name))).fetch_optional(c).await?);
    row.map(Organization::try_from).transpose()
}

/// At most `limit`, by name, after `after` (a name key).
pub async fn list(h: &mut impl Handle, after: &str, limit: i64) -> Result<Vec<Organization>> {
    let text = format!("SELECT {COLUMNS} FROM organizations o WHERE o.name_key > $1 ORDER BY o.name_key LIMIT $2");
    let rows: Vec<OrganizationRow> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(after).bind(limit).fetch_all(c).await?);
    rows.into_iter().map(Organization::try_from).collect()
}

/// True when no organization exists yet.
pub async fn none_exists(h: &mut impl Handle) -> Result<bool> {
    let text = "SELECT CASE WHEN EXISTS (SELECT 1 FROM organizations) THEN 1 ELSE 0 END";
    let (found,): (i32,) = on!(h, text, |sql, c| sqlx::query_as(sql).fetch_one(c).await?);
    Ok(found == 0)
}

/// Adds one. [`StoreError::Taken`] when the name is in use.
pub async fn insert(tx: &mut Tx, organization: &Organization, now: Timestamp) -> Result<()> {
    let text = "INSERT INTO organizations (organization_id, name, name_key, time_zone, password_preset,
            password_expiry_days, idle_minutes, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.id.0)
            .bind(&organization.name)
            .bind(unique_key(&organization.name))
            .bind(&organization.time_zone)
            .bind(organization.password_preset.as_str())
            .bind(organization.password_expiry_days)
            .bind(organization.idle_minutes)
            .bind(micros(now))
            .execute(c)
            .await?;
    });
    // Sealed with its first record, in the same transaction.
    crate::audit::start(tx, organization.id, &[]).await
}

/// Saves the settings; the version grows by one.
pub async fn update(tx: &mut Tx, organization: &Organization) -> Result<()> {
    let text = "UPDATE organizations SET name = $2, name_key = $3, time_zone = $4, password_preset = $5,
            password_expiry_days = $6, idle_minutes = $7, version = version + 1 WHERE organization_id = $1";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.id.0)
            .bind(&organization.name)
            .bind(unique_key(&organization.name))
            .bind(&organization.time_zone)
            .bind(organization.password_preset.as_str())
            .bind(organization.password_expiry_days)
            .bind(organization.idle_minutes)
            .execute(c)
            .await?;
    });
    Ok(())
}

#[derive(serde::Deserialize, sqlx::FromRow)]
struct ClinicRow {
    clinic_id: Uuid,
    name: String,
    address: String,
    city: String,
    state: String,
    zip: String,
    status: String,
    assistants_may_finish: String,
    version: i64,
}

impl TryFrom<ClinicRow> for Clinic {
    type Error = StoreError;
    fn try_from(row: ClinicRow) -> Result<Self> {
        Ok(Self {
            id: ClinicId(row.clinic_id),
            name: row.name,
            address: row.address,
            city: row.city,
            state: row.state,
            zip: row.zip,
            status: Status::parse(&row.status).ok_or(StoreError::Corrupt(row.status))?,
            assistants_may_finish: match row.assistants_may_finish.as_str() {
                "allowed" => AssistantFinish::Allowed,
                _ => AssistantFinish::Refused,
            },
            version: row.version,
        })
    }
}

fn switch(value: AssistantFinish) -> &'static str {
    match value {
        AssistantFinish::Allowed => "allowed",
        AssistantFinish::Refused => "refused",
    }
}

const CLINIC: &str = "SELECT clinic_id, name, address, city, state, zip, status, assistants_may_finish, version FROM clinics WHERE organization_id = $1";

const CLINIC_COLUMNS: &str = "clinic_id uuid, name text, address text, city text, state text, zip text, status text, assistants_may_finish text, version int";

/// Every clinic of an organization, by name.
pub async fn clinics(h: &mut impl Handle, organization: OrganizationId) -> Result<Vec<Clinic>> {
    by_name(h, &Query::about(CLINIC, organization.0)).await
}

/// Reads clinics, and puts them in the order of their names.
async fn by_name(h: &mut impl Handle, q: &Query) -> Result<Vec<Clinic>> {
    let rows: Vec<ClinicRow> = q.fetch_json_rows(h, CLINIC_COLUMNS).await?;
    let mut clinics: Vec<Clinic> = rows.into_iter().map(Clinic::try_from).collect::<Result<_>>()?;
    clinics.sort_by_cached_key(|c| unique_key(&c.name));
    Ok(clinics)
}

/// These clinics of an organization, by name; what is not its own is left out.
pub async fn clinics_by_id(h: &mut impl Handle, organization: OrganizationId, ids: &[ClinicId]) -> Result<Vec<Clinic>> {
    let mut q = Query::about(&format!("{CLINIC} AND clinic_id IN {{ids "), organization.0);
    q.bind(dialect::id_list(ids.iter().map(|c| &c.0))).push("}");
    by_name(h, &q).await
}

/// The names of these clinics of an organization, in no order.
pub async fn clinic_names(
    h: &mut impl Handle,
    organization: OrganizationId,
    ids: &[ClinicId],
) -> Result<Vec<(ClinicId, String)>> {
    let text = "SELECT clinic_id, name FROM clinics WHERE organization_id = $1 AND clinic_id IN {ids ";
    let mut q = Query::about(text, organization.0);
    q.bind(dialect::id_list(ids.iter().map(|c| &c.0))).push("}");
    let rows: Vec<(Uuid, String)> = q.fetch_json_rows(h, "clinic_id uuid, name text").await?;
    Ok(rows.into_iter().map(|(id, name)| (ClinicId(id), name)).collect())
}

/// Every clinic of an organization, by name, when they are at most so many; none when there are more. How many there are is
/// kept, so that many are not read only to be counted.
pub async fn few_clinics(
    h: &mut impl Handle,
    organization: OrganizationId,
    most: usize,
) -> Result<Option<Vec<Clinic>>> {
    let few = "$2 >= (SELECT o.clinic_count FROM organizations o WHERE o.organization_id = $1)";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let found = by_name(h, &Query::about(&format!("{CLINIC} AND {few}"), organization.0).with(most)).await?;
    // Every practice begins with a clinic.
    Ok(Some(found).filter(|clinics| !clinics.is_empty()))
}

/// The clinics in scope whose name contains `q`, by name: at most `limit` after a name key.
pub async fn clinic_page(
    h: &mut impl Handle,
    organization: OrganizationId,
    scope: &ClinicAccess,
    q: &str,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Clinic>> {
    let mut query = Query::new(&CLINIC.replace("$1", ""), organization.0);
    if let ClinicAccess::Only(some) = scope {
        query.push(" AND clinic_id IN {ids ").bind(dialect::id_list(some.iter().map(|c| &c.0))).push("}");
    }
    let wanted = unique_key(q);
    if !wanted.is_empty() {
        query.push(" AND {find name_key ").bind(wanted).push("}");
    }
    if let Some(after) = after {
        query.push(" AND name_key > ").bind(after);
    }
    query.push(" ORDER BY name_key LIMIT ").bind(limit);
    by_name(h, &query).await
}

/// The clinic of that name, compared without case.
pub async fn clinic_by_name(h: &mut impl Handle, organization: OrganizationId, name: &str) -> Result<Option<Clinic>> {
    let text = format!("{CLINIC} AND name_key = $2");
    let row: Option<ClinicRow> = on!(h, &text, |sql, c| {
        sqlx::query_as(sql).bind(organization.0).bind(typed(&unique_key(name))).fetch_optional(c).await?
    });
    row.map(Clinic::try_from).transpose()
}

/// Adds clinics. [`StoreError::Taken`] when a name is in use.
pub async fn insert_clinics(
    tx: &mut Tx,
    organization: OrganizationId,
    clinics: &[Clinic],
    now: Timestamp,
) -> Result<()> {
    let added = clinics.iter().map(|c| {
        [
            ("id", c.id.0.into()),
            ("name", c.name.as_str().into()),
            ("name_key", unique_key(&c.name).into()),
            ("address", c.address.as_str().into()),
            ("city", c.city.as_str().into()),
            ("state", c.state.as_str().into()),
            ("zip", c.zip.as_str().into()),
            ("status", c.status.as_str().into()),
            ("finish", switch(c.assistants_may_finish).into()),
        ]
    });
    let Some(rows) = rows(tx.split().engine(), added) else { return Ok(()) };
    let text = "INSERT INTO clinics (organization_id, clinic_id, name, name_key, address, city, state, zip, status,
            assistants_may_finish, created_at)
        SELECT $1, r.id, r.name, r.name_key, r.address, r.city, r.state, r.zip, r.status, r.finish, $3
        FROM {rows $2: id uuid, name text, name_key text, address text, city text, state text, zip text, status text, finish text} r";
    Query::about(text, organization.0).with(rows).with(micros(now)).execute(tx).await?;
    let text = "UPDATE organizations SET clinic_count = clinic_count + $2 WHERE organization_id = $1";
    let count = i64::try_from(clinics.len()).unwrap_or(0);
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(count).execute(c).await?;
    });
    Ok(())
}

/// Saves a clinic; the version grows by one.
pub async fn update_clinic(tx: &mut Tx, organization: OrganizationId, clinic: &Clinic) -> Result<()> {
    let text =
        "UPDATE clinics SET name = $3, name_key = $4, status = $5, assistants_may_finish = $6, version = version + 1
        WHERE organization_id = $1 AND clinic_id = $2";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(clinic.id.0)
            .bind(&clinic.name)
            .bind(unique_key(&clinic.name))
            .bind(clinic.status.as_str())
            .bind(switch(clinic.assistants_may_finish))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// True when the clinic is the default clinic of anyone, active or not.
pub async fn is_a_default(h: &mut impl Handle, organization: OrganizationId, clinic: ClinicId) -> Result<bool> {
    let text = "SELECT 1 FROM emr_accounts WHERE organization_id = $1 AND default_clinic_id = $2 LIMIT 1";
    let found: Option<(i32,)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(clinic.0).fetch_optional(c).await?);
    Ok(found.is_some())
}
