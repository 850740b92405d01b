//! Reading and writing EMR accounts, with the profiles they are part of.

use jiff::Timestamp;
use muster_domain::emr::{Attestation, EmrAccount, InactiveReason, PermissionSet, PrimaryLicense, Status, UserType};
use muster_domain::people::Profile;
use muster_domain::{ClinicId, OrganizationId, PersonId};
use serde::Deserialize;
use uuid::Uuid;

use crate::people::WriteMode;
use crate::sql::dialect::{self, Engine};
use crate::sql::query::Query;
use crate::sql::rows::{Rows, rows};
use crate::{Result, StoreError, Tx, micros, when};

/// An account as read with a profile; empty without one.
#[derive(Deserialize, sqlx::FromRow)]
pub(crate) struct AccountRow {
    #[sqlx(rename = "emr_user_type")]
    user_type: Option<String>,
    #[sqlx(rename = "emr_status")]
    status: Option<String>,
    #[sqlx(rename = "emr_inactive_reason")]
    inactive_reason: Option<String>,
    #[sqlx(rename = "emr_default_clinic_id")]
    default_clinic_id: Option<Uuid>,
    #[sqlx(rename = "emr_permissions")]
    permissions: Option<i64>,
    #[sqlx(rename = "emr_attested_by")]
    attested_by: Option<Uuid>,
    #[sqlx(rename = "emr_attested_at")]
    attested_at: Option<i64>,
    #[sqlx(rename = "emr_clinics")]
    clinics: Option<String>,
    #[sqlx(rename = "emr_license_number")]
    license_number: Option<String>,
    #[sqlx(rename = "emr_license_state")]
    license_state: Option<String>,
    #[sqlx(rename = "emr_license_expires_on")]
    license_expires_on: Option<String>,
}

/// The columns of a [`AccountRow`] in a statement over `people p` and [`JOIN`].
pub(crate) fn columns(engine: Engine) -> String {
    format!(
        "a.user_type AS emr_user_type, a.status AS emr_status, a.inactive_reason AS emr_inactive_reason,
        a.default_clinic_id AS emr_default_clinic_id, a.permissions AS emr_permissions,
        a.finish_attested_by AS emr_attested_by, a.finish_attested_at AS emr_attested_at,
        (SELECT {} FROM emr_account_clinics m
            WHERE m.organization_id = p.organization_id AND m.person_id = p.person_id) AS emr_clinics,
        l.number AS emr_license_number, l.state AS emr_license_state, l.expires_on AS emr_license_expires_on",
        dialect::joined_ids(engine, "m.clinic_id")
    )
}

/// The same for [`Query::fetch_json_rows`], in the order of the fields.
pub(crate) const JSON_COLUMNS: &str = "(emr_user_type text, emr_status text, emr_inactive_reason text, emr_default_clinic_id uuid, emr_permissions int, emr_attested_by uuid, emr_attested_at int, emr_clinics text, emr_license_number text, emr_license_state text, emr_license_expires_on text)";

/// Joins the account to `people p`.
pub(crate) const JOIN: &str =
    "LEFT JOIN emr_accounts a ON a.organization_id = p.organization_id AND a.person_id = p.person_id
    LEFT JOIN professional_licenses l ON l.organization_id = p.organization_id AND l.person_id = p.person_id
        AND l.position = 0";

impl AccountRow {
    /// The account, and when finishing notes was attested.
    pub fn into_account(self) -> Result<Option<(EmrAccount, Option<Timestamp>)>> {
        let (Some(user_type), Some(status)) = (self.user_type, self.status) else { return Ok(None) };
        let account = EmrAccount {
            user_type: UserType::parse(&user_type).ok_or(StoreError::Corrupt(user_type))?,
            status: Status::parse(&status).ok_or(StoreError::Corrupt(status))?,
            inactive_reason: self.inactive_reason.as_deref().and_then(InactiveReason::parse),
            default_clinic: ClinicId(self.default_clinic_id.unwrap_or_default()),
            clinics: dialect::listed_ids(self.clinics.as_deref()).map(ClinicId).collect(),
            permissions: PermissionSet::from_bits(self.permissions.unwrap_or_default()),
            license: PrimaryLicense {
                number: self.license_number,
                state: self.license_state,
                expires_on: self.license_expires_on.and_then(|d| d.parse().ok()),
            },
            finish_attestation: self.attested_at.map(|_| Attestation { by: self.attested_by.map(PersonId) }),
        };
        Ok(Some((account, self.attested_at.and_then(when))))
    }
}

/// The rows of accounts, as the statements take them; none where there are none.
pub(crate) struct Accounts {
    rows: Option<Rows>,
    clinics: Option<Rows>,
    licenses: Option<Rows>,
}

impl Accounts {
    /// Those of these profiles.
    pub fn of(engine: Engine, profiles: &[Profile]) -> Self {
        let each = || profiles.iter().filter_map(|p| p.emr.as_ref().map(|e| (p.person.id.0, e)));
        let accounts = each().map(|(id, e)| {
            [
                ("id", id.into()),
                ("kind", e.user_type.as_str().into()),
                ("status", e.status.as_str().into()),
                ("reason", e.inactive_reason.map(InactiveReason::as_str).into()),
                ("clinic", e.default_clinic.0.into()),
                ("permissions", e.permissions.bits().into()),
                ("attested", i64::from(e.finish_attestation.is_some()).into()),
                ("attested_by", e.finish_attestation.and_then(|a| a.by).map(|p| p.0).into()),
            ]
        });
        let clinics =
            each().flat_map(|(id, e)| e.clinics.iter().map(move |c| [("id", id.into()), ("clinic", c.0.into())]));
        let licenses = each().filter(|(_, e)| e.license != PrimaryLicense::default()).map(|(id, e)| {
            [
                ("id", id.into()),
                ("number", e.license.number.as_deref().into()),
                ("state", e.license.state.as_deref().into()),
                ("expires", e.license.expires_on.map(|d| d.to_string()).into()),
            ]
        });
        Self { rows: rows(engine, accounts), clinics: rows(engine, clinics), licenses: rows(engine, licenses) }
    }
}

/// Deletes of stored profiles what [`save`] does not overwrite: clinics, first licenses that are none any more, and the
/// accounts of those who have none any more.
pub(crate) async fn clear(tx: &mut Tx, organization: OrganizationId, profiles: &[Profile]) -> Result<()> {
    let list =
        |which: &dyn Fn(&&Profile) -> bool| dialect::id_list(profiles.iter().filter(which).map(|p| &p.person.id.0));
    let unlicensed = |p: &&Profile| p.emr.as_ref().is_none_or(|e| e.license == PrimaryLicense::default());
    for (text, ids) in [
        ("DELETE FROM emr_account_clinics WHERE organization_id = $1 AND person_id IN {ids $2}", list(&|_| true)),
        // A license that stays is replaced in place: its profession is not part of the profile.
        (
            "DELETE FROM professional_licenses WHERE organization_id = $1 AND position = 0 AND person_id IN {ids $2}",
            list(&unlicensed),
        ),
        ("DELETE FROM emr_accounts WHERE organization_id = $1 AND person_id IN {ids $2}", list(&|p| p.emr.is_none())),
    ] {
        if ids != "[]" {
            Query::about(text, organization.0).with(ids).execute(tx).await?;
        }
    }
    Ok(())
}

/// Writes accounts.
pub(crate) async fn save(
    tx: &mut Tx,
    organization: OrganizationId,
    new: Accounts,
    mode: WriteMode,
    now: Timestamp,
) -> Result<()> {
    let about = |text: &str, rows| Query::about(text, organization.0).with(rows);
    if let Some(accounts) = new.rows {
        let text = "INSERT INTO emr_accounts (organization_id, person_id, user_type, status, inactive_reason,
                default_clinic_id, permissions, finish_attested_by, finish_attested_at)
            SELECT $1, r.id, r.kind, r.status, r.reason, r.clinic, r.permissions, r.attested_by,
                CASE WHEN r.attested = 1 THEN $3 ELSE NULL END
            FROM {rows $2: id uuid, kind text, status text, reason text, clinic uuid, permissions int, attested int, attested_by uuid} r
            WHERE true ";
        let conflict = "ON CONFLICT (organization_id, person_id) DO UPDATE SET user_type = excluded.user_type,
                status = excluded.status, inactive_reason = excluded.inactive_reason,
                default_clinic_id = excluded.default_clinic_id, permissions = excluded.permissions,
                finish_attested_by = excluded.finish_attested_by,
                finish_attested_at = CASE WHEN excluded.finish_attested_at IS NULL THEN NULL
                    ELSE coalesce(emr_accounts.finish_attested_at, excluded.finish_attested_at) END";
        let text = format!("{text}{}", mode.on_conflict(conflict));
        about(&text, accounts).with(micros(now)).execute(tx).await?;
    }
    if let Some(clinics) = new.clinics {
        let text = "INSERT INTO emr_account_clinics (organization_id, person_id, clinic_id)
            SELECT $1, r.id, r.clinic FROM {rows $2: id uuid, clinic uuid} r";
        about(text, clinics).execute(tx).await?;
    }
    if let Some(licenses) = new.licenses {
        let text = "INSERT INTO professional_licenses (organization_id, person_id, position, number, state, expires_on)
            SELECT $1, r.id, 0, r.number, r.state, r.expires
            FROM {rows $2: id uuid, number text, state text, expires text} r WHERE true ";
        let conflict = "ON CONFLICT (organization_id, person_id, position) DO UPDATE SET number = excluded.number,
                state = excluded.state, expires_on = excluded.expires_on";
        about(&format!("{text}{}", mode.on_conflict(conflict)), licenses).execute(tx).await?;
    }
    Ok(())
}
