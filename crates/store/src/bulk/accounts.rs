//! What a bulk update changes of people.

use jiff::Timestamp;
use muster_domain::emr::{EmrAccount, InactiveReason};
use muster_domain::{ClinicId, OrganizationId, PersonId};

use crate::sql::dialect::{self, Engine};
use crate::sql::query::Query;
use crate::sql::rows::{NamedCells, Rows, rows};
use crate::{Handle, Result, Tx, listing, micros};

/// An account to save, as a bulk update changed it.
#[derive(Clone, Debug)]
pub struct ChangedAccount<'a> {
    /// Whose.
    pub person: PersonId,
    /// The account afterward.
    pub account: &'a EmrAccount,
    /// Clinics it gained.
    pub added: &'a [ClinicId],
    /// Clinics it lost.
    pub removed: &'a [ClinicId],
    /// When an attestation that is given back was given, in microseconds since 1970.
    pub attested_at: Option<i64>,
}

/// An account as the statement reads it.
fn account<'a>(changed: &ChangedAccount<'a>) -> NamedCells<'a, 7> {
    let attested = changed.account.finish_attestation;
    [
        ("id", changed.person.0.into()),
        ("permissions", changed.account.permissions.bits().into()),
        ("status", changed.account.status.as_str().into()),
        ("reason", changed.account.inactive_reason.map(InactiveReason::as_str).into()),
        ("attested", i64::from(attested.is_some()).into()),
        ("attested_by", attested.and_then(|a| a.by).map(|p| p.0).into()),
        ("attested_at", changed.attested_at.into()),
    ]
}

/// Saves what bulk updates can change, and nothing else: permissions, status, clinics, the list, and a version that grows
/// by one. Everything else of the people stays untouched, so a few small statements do for all of them.
pub async fn save_accounts(
    tx: &mut Tx,
    organization: OrganizationId,
    changed: &[ChangedAccount<'_>],
    now: Timestamp,
) -> Result<()> {
    let engine = tx.split().engine();
    let Some(accounts) = rows(engine, changed.iter().map(account)) else { return Ok(()) };
    // Named by identity as well, so that SQLite looks each one up; materialized, so that it reads the rows once.
    let text = "WITH r AS MATERIALIZED (SELECT x.id, x.permissions, x.status, x.reason, x.attested_by, x.attested, x.attested_at
            FROM {rows $2: id uuid, permissions int, status text, reason text, attested_by uuid, attested int, attested_at int} x)
        UPDATE emr_accounts SET permissions = r.permissions, status = r.status, inactive_reason = r.reason,
            finish_attested_by = r.attested_by, finish_attested_at = CASE WHEN r.attested = 0 THEN NULL
                ELSE coalesce(r.attested_at, emr_accounts.finish_attested_at, $3) END
        FROM r WHERE emr_accounts.organization_id = $1 AND emr_accounts.person_id = r.id
            AND emr_accounts.person_id IN (SELECT q.id FROM r q)";
    Query::about(text, organization.0).with(accounts).with(micros(now)).execute(tx).await?;
    listing::update(tx, organization, &changed.iter().map(|c| (c.person, c.account)).collect::<Vec<_>>()).await?;
    for (text, pairs) in [
        (
            "INSERT INTO emr_account_clinics (organization_id, person_id, clinic_id)
                SELECT $1, r.id, r.clinic FROM {rows $2: id uuid, clinic uuid} r",
            pairs(engine, changed, |c| c.added),
        ),
        (
            "DELETE FROM emr_account_clinics WHERE organization_id = $1
                AND (person_id, clinic_id) IN (SELECT r.id, r.clinic FROM {rows $2: id uuid, clinic uuid} r)",
            pairs(engine, changed, |c| c.removed),
        ),
    ] {
        if let Some(rows) = pairs {
            Query::about(text, organization.0).with(rows).execute(tx).await?;
        }
    }
    let text = "UPDATE people SET version = version + 1, updated_at = $3
        WHERE organization_id = $1 AND person_id IN {ids $2}";
    let ids = dialect::id_list(changed.iter().map(|c| &c.person.0));
    Query::about(text, organization.0).with(ids).with(micros(now)).execute(tx).await.map(drop)
}

/// Clinics gained or lost.
fn pairs<'a>(
    engine: Engine,
    changed: &'a [ChangedAccount<'a>],
    of: impl Fn(&ChangedAccount<'a>) -> &'a [ClinicId],
) -> Option<Rows> {
    let pair = |person: PersonId, clinic: &ClinicId| [("id", person.0.into()), ("clinic", clinic.0.into())];
    rows(engine, changed.iter().flat_map(|c| of(c).iter().map(move |clinic| pair(c.person, clinic))))
}

/// Ends everything these people could still get in with.
pub async fn end_all_access(tx: &mut Tx, organization: OrganizationId, people: &[PersonId]) -> Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let list = dialect::id_list(people.iter().map(|p| &p.0));
    for text in [
        "DELETE FROM sessions WHERE subject_id IN {ids $2} AND subject_id IN (SELECT p.person_id FROM people p WHERE p.organization_id = $1 AND p.person_id IN {ids $2})",
        "DELETE FROM links WHERE subject_id IN {ids $2} AND subject_id IN (SELECT p.person_id FROM people p WHERE p.organization_id = $1 AND p.person_id IN {ids $2})",
        "DELETE FROM tokens WHERE subject_id IN {ids $2} AND subject_id IN (SELECT p.person_id FROM people p WHERE p.organization_id = $1 AND p.person_id IN {ids $2})",
    ] {
        on!(tx, text, |sql, c| {
            sqlx::query(sql).bind(organization.0).bind(&list).execute(c).await?;
        });
    }
    Ok(())
}
