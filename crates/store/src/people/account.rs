//! The EMR account as a person's row carries it: with its clinics and its first license, as one JSON array, so that a
//! profile is read by one search instead of four. The tables it is made of stay what rules and lists are judged by;
//! whoever changes them makes it anew in the same transaction.

use std::borrow::Cow;

use jiff::Timestamp;
use muster_domain::emr::{Attestation, EmrAccount, InactiveReason, PermissionSet, PrimaryLicense, Status, UserType};
use muster_domain::{ClinicId, OrganizationId, PersonId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::dialect::Engine;
use crate::{Handle, Result, StoreError, Tx, dialect, micros, when};

/// The value of `people.account`, as the tables have it; null without an account.
pub(crate) fn snapshot(engine: Engine) -> String {
    let id = |column: &str| match engine {
        Engine::Sqlite => dialect::id_as_text(column),
        Engine::Postgres => format!("{column}::text"),
    };
    let (array, end, listed) = match engine {
        Engine::Sqlite => ("json_array(", ")", "group_concat(hex(m.clinic_id))"),
        Engine::Postgres => ("json_build_array(", ")::text", "string_agg(m.clinic_id::text, ',')"),
    };
    format!(
        "(SELECT {array}x.user_type, x.status, x.inactive_reason, {}, x.permissions, {}, x.finish_attested_at, x.clinics,
            x.number, x.state, x.expires_on{end}
        FROM (SELECT a.user_type, a.status, a.inactive_reason, a.default_clinic_id, a.permissions, a.finish_attested_by,
                a.finish_attested_at, l.number, l.state, l.expires_on,
                (SELECT {listed} FROM emr_account_clinics m
                    WHERE m.organization_id = a.organization_id AND m.person_id = a.person_id) AS clinics
            FROM emr_accounts a LEFT JOIN professional_licenses l ON l.organization_id = a.organization_id
                AND l.person_id = a.person_id AND l.position = 0
            WHERE a.organization_id = people.organization_id AND a.person_id = people.person_id) x)",
        id("x.default_clinic_id"),
        id("x.finish_attested_by")
    )
}

/// Makes it anew for these people (a list for an `{ids}` marker).
pub(crate) async fn refresh_snapshot(tx: &mut Tx, organization: OrganizationId, ids: &str) -> Result<()> {
    let snapshot = snapshot(tx.split().engine());
    let text = format!("UPDATE people SET account = {snapshot} WHERE organization_id = $1 AND person_id IN {{ids $2}}");
    on!(tx, &text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(ids).execute(c).await?;
    });
    Ok(())
}

/// Whose row it is, its account and the account made anew, its state of the password and that of the sign-in.
type Told = (Uuid, Uuid, Option<String>, Option<String>, String, String);

/// People looked at in one go.
const AT_ONCE: i64 = 500;

/// Everybody whose row tells of another account or password than the tables do; empty when all is well.
pub async fn find_stale(h: &mut impl Handle) -> Result<Vec<PersonId>> {
    let snapshot = snapshot(h.split().engine());
    let text = format!(
        "SELECT organization_id, person_id, account, {snapshot} AS made_anew, password_state, coalesce(
            (SELECT s.password_state FROM sign_ins s WHERE s.subject_id = people.person_id), 'none') AS password
        FROM people WHERE (organization_id, person_id) > ($1, $2) ORDER BY organization_id, person_id LIMIT $3"
    );
    let mut found = Vec::new();
    let mut after = (Uuid::nil(), Uuid::nil());
    loop {
        let rows: Vec<Told> = on!(h, &text, |sql, c| {
            sqlx::query_as(sql).bind(after.0).bind(after.1).bind(AT_ONCE).fetch_all(c).await?
        });
        let Some((organization, person, ..)) = rows.last() else { return Ok(found) };
        after = (*organization, *person);
        for (_, person, account, made_anew, said, meant) in rows {
            let agree = match (account, made_anew) {
                (Some(account), Some(made_anew)) => read(&account).ok() == Some(read(&made_anew)?),
                (account, made_anew) => account == made_anew,
            };
            if !agree || said != meant {
                found.push(PersonId(person));
            }
        }
    }
}

/// The fields in the order of [`snapshot`].
#[derive(Deserialize, Serialize)]
struct AccountSnapshot<'a>(
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    Option<String>,
    Uuid,
    i64,
    Option<Uuid>,
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// The account that a row carries, and when finishing was attested.
pub(super) fn read(text: &str) -> Result<(EmrAccount, Option<Timestamp>)> {
    // Not the text itself: it is personal, and errors are logged.
    let corrupt = || StoreError::Corrupt("the account in a person's row".to_owned());
    let AccountSnapshot(kind, status, reason, default_clinic, permissions, by, at, clinics, number, state, expires_on) =
        serde_json::from_str(text).map_err(|_| corrupt())?;
    let account = EmrAccount {
        user_type: UserType::parse(&kind).ok_or_else(corrupt)?,
        status: Status::parse(&status).ok_or_else(corrupt)?,
        inactive_reason: reason.as_deref().and_then(InactiveReason::parse),
        default_clinic: ClinicId(default_clinic),
        clinics: dialect::listed_ids(clinics.as_deref()).map(ClinicId).collect(),
        permissions: PermissionSet::from_bits(permissions),
        license: PrimaryLicense { number, state, expires_on: expires_on.and_then(|d| d.parse().ok()) },
        finish_attestation: at.map(|_| Attestation { by: by.map(PersonId) }),
    };
    Ok((account, at.and_then(when)))
}

/// What the row of a new person carries. The same as [`refresh_snapshot`] gives, without asking the tables.
pub(super) fn write(account: &EmrAccount, now: Timestamp) -> String {
    let clinics: Vec<String> = account.clinics.iter().map(|c| c.0.simple().to_string()).collect();
    let attested = account.finish_attestation;
    let carried = AccountSnapshot(
        account.user_type.as_str().into(),
        account.status.as_str().into(),
        account.inactive_reason.map(|r| r.as_str().to_owned()),
        account.default_clinic.0,
        account.permissions.bits(),
        attested.and_then(|a| a.by).map(|p| p.0),
        attested.map(|_| micros(now)),
        (!clinics.is_empty()).then(|| clinics.join(",")),
        account.license.number.clone(),
        account.license.state.clone(),
        account.license.expires_on.map(|d| d.to_string()),
    );
    // Neither strings nor numbers can fail to be written to memory.
    serde_json::to_string(&carried).unwrap_or_default()
}
