//! The ledger: every change of a total. A total is what its entries add up to.

use jiff::Timestamp;
use muster_domain::access::ClinicAccess;
use muster_domain::licenses::Group;
use muster_domain::{ClinicId, LicenseRequestId, OrganizationId};
use uuid::Uuid;

use super::{group, push_scope, seat_rows, usage};
use crate::sql::query::Query;
use crate::{Handle, Result, Tx, micros, when};

/// One line of the ledger, to be written.
#[derive(Clone, Debug)]
pub struct LedgerEntry {
    /// Identity.
    pub id: Uuid,
    /// Which pool.
    pub clinic: ClinicId,
    /// Which pool.
    pub group: Group,
    /// The total before.
    pub before: Option<i64>,
    /// The total after.
    pub after: Option<i64>,
    /// The request it came of.
    pub request: Option<LicenseRequestId>,
    /// Who.
    pub actor_id: Option<Uuid>,
    /// Who, by kind.
    pub actor_kind: &'static str,
    /// Who, by name.
    pub actor_name: String,
    /// Why.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// Sets a total and writes it to the ledger, under the practice's next number.
pub async fn set_total(tx: &mut Tx, organization: OrganizationId, entry: &LedgerEntry) -> Result<()> {
    // The sums first, while the pool still has its old total.
    for text in [
        "INSERT INTO license_sums (organization_id, pool_group, total, limited)
            SELECT $1, $3, coalesce($4, 0) - coalesce(p.total, 0),
                (CASE WHEN $4 IS NULL THEN 0 ELSE 1 END) - (CASE WHEN p.total IS NULL THEN 0 ELSE 1 END)
            FROM (SELECT (SELECT total FROM license_pools
                WHERE organization_id = $1 AND clinic_id = $2 AND pool_group = $3) AS total) p WHERE true
            ON CONFLICT (organization_id, pool_group) DO UPDATE SET total = license_sums.total + excluded.total,
                limited = license_sums.limited + excluded.limited",
        "INSERT INTO license_pools (organization_id, clinic_id, pool_group, total, assigned) VALUES ($1, $2, $3, $4, 0)
            ON CONFLICT (organization_id, clinic_id, pool_group) DO UPDATE SET total = $4",
    ] {
        on!(tx, text, |sql, c| {
            sqlx::query(sql)
                .bind(organization.0)
                .bind(entry.clinic.0)
                .bind(entry.group.as_str())
                .bind(entry.after)
                .execute(c)
                .await?;
        });
    }
    let text =
        "INSERT INTO license_ledger (organization_id, entry_id, clinic_id, pool_group, total_before, total_after,
            actor_kind, actor_name, note, at, request_id, actor_id, entry_number)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
            (SELECT coalesce(max(l.entry_number), 0) + 1 FROM license_ledger l WHERE l.organization_id = $1))";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(entry.id)
            .bind(entry.clinic.0)
            .bind(entry.group.as_str())
            .bind(entry.before)
            .bind(entry.after)
            .bind(entry.actor_kind)
            .bind(&entry.actor_name)
            .bind(&entry.note)
            .bind(micros(entry.at))
            .bind(entry.request.map(|r| r.0))
            .bind(entry.actor_id)
            .execute(c)
            .await?;
    });
    let Some(pool) = seat_rows(tx.split().engine(), &[(entry.clinic, entry.group, 0)]) else { return Ok(()) };
    usage::note(tx, organization, pool, entry.at).await
}

/// One line of the ledger, as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number within the practice.
    pub number: i64,
    /// Which pool.
    pub clinic: ClinicId,
    /// The clinic by name.
    pub clinic_name: String,
    /// Which pool.
    pub group: Group,
    /// The total before; none = unlimited.
    pub before: Option<i64>,
    /// The total after; none = unlimited.
    pub after: Option<i64>,
    /// The request it came of: identity and number.
    pub request: Option<(LicenseRequestId, i64)>,
    /// `person`, `support` or `command_line`.
    pub actor_kind: String,
    /// Who.
    pub actor_name: String,
    /// Why.
    pub note: String,
    /// When.
    pub at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct LedgerRow {
    entry_number: i64,
    clinic_id: Uuid,
    clinic_name: String,
    pool_group: String,
    total_before: Option<i64>,
    total_after: Option<i64>,
    request_id: Option<Uuid>,
    request_number: Option<i64>,
    actor_kind: String,
    actor_name: String,
    note: String,
    at: i64,
}

impl LedgerRow {
    fn entry(self) -> Result<Entry> {
        Ok(Entry {
            number: self.entry_number,
            clinic: ClinicId(self.clinic_id),
            clinic_name: self.clinic_name,
            group: group(&self.pool_group)?,
            before: self.total_before,
            after: self.total_after,
            request: self.request_id.map(LicenseRequestId).zip(self.request_number),
            actor_kind: self.actor_kind,
            actor_name: self.actor_name,
            note: self.note,
            at: when(self.at),
        })
    }
}

/// What of the ledger to read.
#[derive(Clone, Debug)]
pub struct LedgerPage {
    /// Of these clinics.
    pub scope: ClinicAccess,
    /// Of this clinic.
    pub clinic: Option<ClinicId>,
    /// Of this group.
    pub group: Option<Group>,
    /// Numbers below this one.
    pub before: Option<i64>,
    /// At most.
    pub limit: i64,
}

/// Lines of the ledger, the latest first.
pub async fn entries(h: &mut impl Handle, organization: OrganizationId, page: &LedgerPage) -> Result<Vec<Entry>> {
    let mut q = Query::new(
        "SELECT l.entry_number, l.clinic_id, c.name AS clinic_name, l.pool_group, l.total_before, l.total_after,
            l.request_id, r.number AS request_number, l.actor_kind, l.actor_name, l.note, l.at
        FROM license_ledger l
        JOIN clinics c ON c.organization_id = l.organization_id AND c.clinic_id = l.clinic_id
        LEFT JOIN license_requests r ON r.organization_id = l.organization_id AND r.request_id = l.request_id
        WHERE l.organization_id = ",
        organization.0,
    );
    push_scope(&mut q, &page.scope, "l.clinic_id");
    if let Some(clinic) = page.clinic {
        q.push(" AND l.clinic_id = ").bind(clinic.0);
    }
    if let Some(group) = page.group {
        q.push(" AND l.pool_group = ").bind(group.as_str());
    }
    if let Some(before) = page.before {
        q.push(" AND l.entry_number < ").bind(before);
    }
    q.push(" ORDER BY l.entry_number DESC LIMIT ").bind(page.limit);
    let rows: Vec<LedgerRow> = q.fetch_all(h).await?;
    rows.into_iter().map(LedgerRow::entry).collect()
}

/// What the ledger does not prove, a sentence each; empty when all is well: totals that are not the sum of their
/// entries, entries that do not follow one another, requests that did not take effect exactly once, and pools whose
/// latest point of use is not how they stand.
pub async fn unproven(h: &mut impl Handle) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (text, says) in [
        (
            "SELECT p.clinic_id, p.pool_group FROM license_pools p LEFT JOIN (
                SELECT organization_id, clinic_id, pool_group,
                    CAST(sum(coalesce(total_after, 0) - coalesce(total_before, 0)) AS BIGINT) AS total
                FROM license_ledger GROUP BY organization_id, clinic_id, pool_group) l
                ON l.organization_id = p.organization_id AND l.clinic_id = p.clinic_id AND l.pool_group = p.pool_group
            WHERE (p.total IS NULL AND coalesce(l.total, 0) <> 0)
                OR (p.total IS NOT NULL AND coalesce(l.total, -1) <> p.total)",
            "has a total that is not the sum of its ledger",
        ),
        (
            "SELECT x.clinic_id, x.pool_group FROM (SELECT clinic_id, pool_group, total_before, lag(total_after) OVER (
                PARTITION BY organization_id, clinic_id, pool_group ORDER BY entry_number) AS previous
                FROM license_ledger) x
            WHERE coalesce(x.total_before, -1) <> coalesce(x.previous, -1)",
            "has ledger entries that do not follow one another",
        ),
        (
            "SELECT r.clinic_id, r.pool_group FROM license_requests r LEFT JOIN (
                SELECT organization_id, request_id, count(*) AS entries,
                    CAST(sum(total_after - total_before) AS BIGINT) AS effect
                FROM license_ledger WHERE request_id IS NOT NULL GROUP BY organization_id, request_id) l
                ON l.organization_id = r.organization_id AND l.request_id = r.request_id
            WHERE CASE WHEN r.state = 'processed' THEN 1 ELSE 0 END <> coalesce(l.entries, 0)
                OR (r.state = 'processed' AND l.effect <> CASE WHEN r.kind = 'add' THEN r.seats ELSE -r.seats END)",
            "has a request that did not take effect exactly once",
        ),
        (
            "SELECT p.clinic_id, p.pool_group FROM license_pools p LEFT JOIN license_usage u
                ON u.organization_id = p.organization_id AND u.clinic_id = p.clinic_id AND u.pool_group = p.pool_group
                AND u.hour = (SELECT max(v.hour) FROM license_usage v WHERE v.organization_id = p.organization_id
                    AND v.clinic_id = p.clinic_id AND v.pool_group = p.pool_group)
            WHERE coalesce(u.total, -1) <> coalesce(p.total, -1) OR coalesce(u.assigned, -1) <> p.assigned",
            "does not stand as its history of use says",
        ),
    ] {
        let rows: Vec<(Uuid, String)> = on!(h, text, |sql, c| sqlx::query_as(sql).fetch_all(c).await?);
        found.extend(rows.into_iter().map(|(clinic, group)| format!("The {group} pool of clinic {clinic} {says}.")));
    }
    Ok(found)
}
