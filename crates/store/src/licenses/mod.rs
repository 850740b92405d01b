//! License pools and the ledger of their totals at rest.

mod ledger;
mod prices;
mod requests;
mod usage;
mod waiting;

pub use ledger::{Entry, LedgerEntry, LedgerPage, entries, set_total, unproven};
pub use prices::{prices, set_prices};
pub use requests::{
    NewRequest, OpenSum, Request, RequestEnding, RequestFilter, end, find, find_anywhere, insert, open_sums,
    pool_facts, queue, requests,
};
pub use usage::{PoolUsage, insert_points, standings, usage};
pub use waiting::{WaitingFilter, WaitingPerson, waiting, waiting_ids};

use jiff::Timestamp;
use muster_domain::access::ClinicAccess;
use muster_domain::licenses::{Availability, Group};
use muster_domain::{ClinicId, OrganizationId};
use uuid::Uuid;

use crate::sql::dialect;
use crate::sql::dialect::Engine;
use crate::sql::query::Query;
use crate::sql::rows::{Rows, rows};
use crate::{Handle, Result, StoreError, Tx};

/// The group of the user type in `a`, an EMR account.
const GROUP: &str = "CASE WHEN a.user_type IN ('PT','OT','SLP','RT','AT') THEN 'therapist'
    WHEN a.user_type IN ('PTA','COTA','SLPA','RTT') THEN 'assistant'
    WHEN a.user_type IN ('SPT','SOT','SSLP') THEN 'student' ELSE 'clerical' END";

/// A pool as stored. Pools without a row are unlimited and empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Where.
    pub clinic: ClinicId,
    /// For whom.
    pub group: Group,
    /// What is paid for; none = unlimited.
    pub total: Option<i64>,
    /// Seats held by active people.
    pub assigned: i64,
}

impl Pool {
    /// What is left.
    pub fn availability(&self) -> Availability {
        Availability::of(self.total, self.assigned)
    }
}

#[derive(sqlx::FromRow)]
struct PoolRow {
    clinic_id: Uuid,
    pool_group: String,
    total: Option<i64>,
    assigned: i64,
}

impl TryFrom<PoolRow> for Pool {
    type Error = StoreError;
    fn try_from(row: PoolRow) -> Result<Self> {
        let group = group(&row.pool_group)?;
        Ok(Self { clinic: ClinicId(row.clinic_id), group, total: row.total, assigned: row.assigned })
    }
}

fn group(stored: &str) -> Result<Group> {
    Group::parse(stored).ok_or_else(|| StoreError::Corrupt(stored.to_owned()))
}

/// The pools of these clinics; of all clinics when none are named.
pub async fn pools(
    h: &mut impl Handle,
    organization: OrganizationId,
    clinics: Option<&[ClinicId]>,
) -> Result<Vec<Pool>> {
    let mut q = Query::new(
        "SELECT clinic_id, pool_group, total, assigned FROM license_pools WHERE organization_id = ",
        organization.0,
    );
    if let Some(clinics) = clinics {
        q.push(" AND clinic_id IN {ids ").bind(dialect::id_list(clinics.iter().map(|c| &c.0))).push("}");
    }
    let rows: Vec<PoolRow> = q.fetch_all(h).await?;
    rows.into_iter().map(Pool::try_from).collect()
}

/// Total and assigned over several pools of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// For whom.
    pub group: Group,
    /// Paid for; none when a pool among them is unlimited.
    pub total: Option<i64>,
    /// Held by active people.
    pub assigned: i64,
}

/// The sums over all clinics in scope, a group each. A clinic in use without a total makes its group unlimited.
pub async fn sums(h: &mut impl Handle, organization: OrganizationId, scope: &ClinicAccess) -> Result<Vec<Sum>> {
    // Of the whole practice they are kept.
    let all = *scope == ClinicAccess::All;
    let pools = if all {
        "SELECT s.pool_group, s.total, s.assigned, s.limited FROM license_sums s WHERE s.organization_id = $1"
    } else {
        "SELECT p.pool_group, CAST(coalesce(sum(p.total), 0) AS bigint), CAST(sum(p.assigned) AS bigint), count(p.total)
        FROM license_pools p WHERE p.organization_id = $1"
    };
    let mut q = Query::about(pools, organization.0);
    push_scope(&mut q, scope, "p.clinic_id");
    q.push(if all { "" } else { " GROUP BY p.pool_group" });
    // Few clinics are closed; joining each pool with its clinic would cost more than all the rest.
    q.push(
        " UNION ALL
        SELECT 'closed ' || p.pool_group, CAST(0 AS bigint),
            count(CASE WHEN p.total IS NULL AND p.assigned > 0 THEN 1 END), count(p.total)
        FROM license_pools p WHERE p.organization_id = $1 AND p.clinic_id IN (
            SELECT c.clinic_id FROM clinics c WHERE c.organization_id = $1 AND c.status <> 'active')",
    );
    push_scope(&mut q, scope, "p.clinic_id");
    q.push(" GROUP BY p.pool_group UNION ALL SELECT 'clinics', CAST(0 AS bigint), CAST(0 AS bigint), ");
    if all {
        q.push(
            "o.clinic_count - (SELECT count(*) FROM clinics c WHERE c.organization_id = $1 AND c.status <> 'active')
            FROM organizations o WHERE o.organization_id = $1",
        );
    } else {
        q.push("count(*) FROM clinics c WHERE c.organization_id = $1 AND c.status = 'active'");
        push_scope(&mut q, scope, "c.clinic_id");
    }
    let rows: Vec<SumRow> = q.fetch_all(h).await?;
    let of = |part: &str| rows.iter().find(|r| r.0 == part).map_or((0, 0, 0), |r| (r.1, r.2, r.3));
    let (_, _, clinics) = of("clinics");
    let sum = |group: Group| {
        let (total, assigned, limited) = of(group.as_str());
        let (_, used_without_total, limited_closed) = of(&format!("closed {}", group.as_str()));
        let is_limited = limited - limited_closed == clinics && used_without_total == 0;
        Sum { group, total: is_limited.then_some(total), assigned }
    };
    Ok(Group::ALL.into_iter().map(sum).collect())
}

/// A group or another part, its total, how many are assigned, and how many pools have a total.
type SumRow = (String, i64, i64, i64);

/// Appends the condition that a clinic is in scope.
fn push_scope(q: &mut Query, scope: &ClinicAccess, column: &str) {
    if let ClinicAccess::Only(clinics) = scope {
        q.push(&format!(" AND {column} IN {{ids "));
        q.bind(dialect::id_list(clinics.iter().map(|c| &c.0))).push("}");
    }
}

/// Seats of one pool.
pub type Seats = (ClinicId, Group, i64);

fn seat_rows(engine: Engine, seats: &[Seats]) -> Option<Rows> {
    let row =
        |(clinic, group, n): &Seats| [("clinic", clinic.0.into()), ("pool", group.as_str().into()), ("n", (*n).into())];
    rows(engine, seats.iter().map(row))
}

/// Takes these seats, each pool named once, if that many are free. False when a pool has too few; then the
/// transaction has to be dropped. One guarded statement, so that of two racers for the last seat exactly one wins.
pub async fn take_seats(tx: &mut Tx, organization: OrganizationId, seats: &[Seats], now: Timestamp) -> Result<bool> {
    let Some(rows) = seat_rows(tx.split().engine(), seats) else { return Ok(true) };
    let text = "INSERT INTO license_pools (organization_id, clinic_id, pool_group, total, assigned)
        SELECT $1, r.clinic, r.pool, NULL, r.n FROM {rows $2: clinic uuid, pool text, n int} r WHERE true
        ON CONFLICT (organization_id, clinic_id, pool_group)
        DO UPDATE SET assigned = license_pools.assigned + excluded.assigned
        WHERE license_pools.total IS NULL OR license_pools.assigned + excluded.assigned <= license_pools.total";
    let changed = Query::about(text, organization.0).with(rows.clone()).execute(tx).await?;
    if !usize::try_from(changed).is_ok_and(|n| n == seats.len()) {
        return Ok(false);
    }
    add_to_sums(tx, organization, rows.clone(), Sign::Plus).await?;
    usage::note(tx, organization, rows, now).await?;
    Ok(true)
}

/// Gives these seats back, each pool named once.
pub async fn give_seats(tx: &mut Tx, organization: OrganizationId, seats: &[Seats], now: Timestamp) -> Result<()> {
    let Some(rows) = seat_rows(tx.split().engine(), seats) else { return Ok(()) };
    let text = "UPDATE license_pools SET assigned = assigned - r.n
        FROM {rows $2: clinic uuid, pool text, n int} r
        WHERE organization_id = $1 AND clinic_id = r.clinic AND pool_group = r.pool";
    Query::about(text, organization.0).with(rows.clone()).execute(tx).await?;
    add_to_sums(tx, organization, rows.clone(), Sign::Minus).await?;
    usage::note(tx, organization, rows, now).await
}

/// Whether seats are taken or given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
}

/// Keeps the sums of assigned seats.
async fn add_to_sums(tx: &mut Tx, organization: OrganizationId, rows: Rows, sign: Sign) -> Result<()> {
    let sign = if sign == Sign::Minus { "-" } else { "" };
    let text = format!(
        "INSERT INTO license_sums (organization_id, pool_group, assigned)
        SELECT $1, r.pool, {sign}CAST(sum(r.n) AS bigint) FROM {{rows $2: pool text, n int}} r GROUP BY r.pool
        ON CONFLICT (organization_id, pool_group) DO UPDATE SET assigned = license_sums.assigned + excluded.assigned"
    );
    Query::about(&text, organization.0).with(rows).execute(tx).await.map(drop)
}

/// Pools whose stored count differs from the active people who hold a seat there, seats held where no pool is stored, and
/// groups whose sums are not those of their pools; empty when all is well.
pub async fn miscounted(h: &mut impl Handle) -> Result<Vec<String>> {
    let group = GROUP;
    let text = format!(
        "SELECT p.clinic_id, p.pool_group FROM license_pools p WHERE p.assigned <> (
            SELECT count(*) FROM emr_accounts a WHERE a.organization_id = p.organization_id
                AND a.default_clinic_id = p.clinic_id AND a.status = 'active' AND {group} = p.pool_group)
        UNION SELECT s.clinic_id, s.pool_group FROM (
            SELECT DISTINCT a.organization_id, a.default_clinic_id AS clinic_id, {group} AS pool_group
            FROM emr_accounts a WHERE a.status = 'active') s
        WHERE NOT EXISTS (SELECT 1 FROM license_pools p WHERE p.organization_id = s.organization_id
            AND p.clinic_id = s.clinic_id AND p.pool_group = s.pool_group)"
    );
    let rows: Vec<(Uuid, String)> = on!(h, &text, |sql, c| sqlx::query_as(sql).fetch_all(c).await?);
    let mut found: Vec<String> =
        rows.into_iter().map(|(clinic, group)| format!("{group} pool of clinic {clinic}")).collect();
    let text = "SELECT s.organization_id, s.pool_group FROM license_sums s LEFT JOIN (
            SELECT organization_id, pool_group, coalesce(sum(total), 0) AS total, sum(assigned) AS assigned,
                count(total) AS limited
            FROM license_pools GROUP BY organization_id, pool_group) p
            ON p.organization_id = s.organization_id AND p.pool_group = s.pool_group
        WHERE coalesce(p.total, 0) <> s.total OR coalesce(p.assigned, 0) <> s.assigned
            OR coalesce(p.limited, 0) <> s.limited
        UNION SELECT p.organization_id, p.pool_group FROM license_pools p WHERE NOT EXISTS (
            SELECT 1 FROM license_sums s WHERE s.organization_id = p.organization_id AND s.pool_group = p.pool_group)";
    let rows: Vec<(Uuid, String)> = on!(h, text, |sql, c| sqlx::query_as(sql).fetch_all(c).await?);
    found.extend(rows.into_iter().map(|(practice, group)| format!("{group} sums of practice {practice}")));
    Ok(found)
}
