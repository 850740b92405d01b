//! How pools stood over time: one row a pool and hour in which something changed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use muster_domain::access::ClinicAccess;
use muster_domain::licenses::{Group, UNUSED_DAYS, UsagePoint};
use muster_domain::{ClinicId, OrganizationId};
use uuid::Uuid;

use super::{Pool, group, push_scope};
use crate::sql::query::Query;
use crate::sql::rows::{Rows, rows};
use crate::{Handle, Result, Tx};

/// Hours since 1970.
fn hour(at: Timestamp) -> i64 {
    at.as_second().div_euclid(3600)
}

/// Notes how these pools stand now; `rows` name them as `clinic` and `pool`. One statement, however many.
pub(super) async fn note(tx: &mut Tx, organization: OrganizationId, rows: Rows, now: Timestamp) -> Result<()> {
    let text = "INSERT INTO license_usage (organization_id, clinic_id, pool_group, hour, total, assigned, fewest_free)
        SELECT p.organization_id, p.clinic_id, p.pool_group, $3, p.total, p.assigned, p.total - p.assigned
        FROM {rows $2: clinic uuid, pool text} r
        JOIN license_pools p ON p.organization_id = $1 AND p.clinic_id = r.clinic AND p.pool_group = r.pool
        WHERE true ON CONFLICT (organization_id, clinic_id, pool_group, hour) DO UPDATE SET total = excluded.total,
            assigned = excluded.assigned, fewest_free = CASE WHEN license_usage.fewest_free < excluded.fewest_free
                THEN license_usage.fewest_free ELSE excluded.fewest_free END";
    Query::about(text, organization.0).with(rows).with(hour(now)).execute(tx).await.map(drop)
}

/// Writes how pools stood at earlier times, for made-up practices, in the place of what was known of those hours.
pub async fn insert_points(
    tx: &mut Tx,
    organization: OrganizationId,
    points: &[(ClinicId, Group, UsagePoint)],
) -> Result<()> {
    let stood = points.iter().map(|(clinic, group, p)| {
        [
            ("clinic", clinic.0.into()),
            ("pool", group.as_str().into()),
            ("hour", p.hour.into()),
            ("total", p.total.into()),
            ("n", p.assigned.into()),
        ]
    });
    let Some(rows) = rows(tx.split().engine(), stood) else { return Ok(()) };
    let text = "INSERT INTO license_usage (organization_id, clinic_id, pool_group, hour, total, assigned, fewest_free)
        SELECT $1, r.clinic, r.pool, r.hour, r.total, r.n, r.total - r.n
        FROM {rows $2: clinic uuid, pool text, hour int, total int, n int} r WHERE true
        ON CONFLICT (organization_id, clinic_id, pool_group, hour) DO UPDATE SET total = excluded.total,
            assigned = excluded.assigned, fewest_free = excluded.fewest_free";
    Query::about(text, organization.0).with(rows).execute(tx).await.map(drop)
}

type PointRow = (String, i64, Option<i64>, i64);

/// How the pools of a clinic stood, oldest first: from the last change before `since` on, at most `limit` of the
/// latest changes a pool.
pub async fn usage(
    h: &mut impl Handle,
    organization: OrganizationId,
    clinic: ClinicId,
    since: Timestamp,
    limit: i64,
) -> Result<BTreeMap<Group, Vec<UsagePoint>>> {
    let text = "SELECT x.pool_group, x.hour, x.total, x.assigned FROM (
            SELECT u.pool_group, u.hour, u.total, u.assigned,
                row_number() OVER (PARTITION BY u.pool_group ORDER BY u.hour DESC) AS place
            FROM license_usage u WHERE u.organization_id = $1 AND u.clinic_id = $2 AND u.hour >= coalesce((
                SELECT max(v.hour) FROM license_usage v WHERE v.organization_id = $1 AND v.clinic_id = $2
                    AND v.pool_group = u.pool_group AND v.hour <= $3), $3)) x
        WHERE x.place <= $4 ORDER BY x.pool_group, x.hour";
    let rows: Vec<PointRow> = on!(h, text, |sql, c| {
        sqlx::query_as(sql).bind(organization.0).bind(clinic.0).bind(hour(since)).bind(limit).fetch_all(c).await?
    });
    let mut found: BTreeMap<Group, Vec<UsagePoint>> = BTreeMap::new();
    for (pool, hour, total, assigned) in rows {
        found.entry(group(&pool)?).or_default().push(UsagePoint { hour, total, assigned });
    }
    Ok(found)
}

/// A pool with a free seat, and how free it was of late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUsage {
    /// As it is now.
    pub pool: Pool,
    /// Free when the time looked at began; none for a younger pool.
    pub standing: Option<i64>,
    /// The fewest free at any moment since; none when nothing changed.
    pub fewest_since: Option<i64>,
}

type StandingRow = (Uuid, String, i64, i64, Option<i64>, Option<i64>);

/// Every pool in scope with a free seat, and how it stood over the last weeks.
pub async fn standings(
    h: &mut impl Handle,
    organization: OrganizationId,
    scope: &ClinicAccess,
    clinics: Option<&[ClinicId]>,
    now: Timestamp,
) -> Result<Vec<PoolUsage>> {
    let since = hour(now) - UNUSED_DAYS * 24;
    let of = "FROM license_usage u WHERE u.organization_id = p.organization_id AND u.clinic_id = p.clinic_id
        AND u.pool_group = p.pool_group AND u.hour";
    let mut q = Query::new(
        &format!("SELECT p.clinic_id, p.pool_group, p.total, p.assigned, (SELECT u.total - u.assigned {of} <= "),
        since,
    );
    q.push(&format!(" ORDER BY u.hour DESC LIMIT 1), (SELECT min(u.fewest_free) {of} > $1)"));
    q.push(" FROM license_pools p WHERE p.total > p.assigned AND p.organization_id = ").bind(organization.0);
    push_scope(&mut q, scope, "p.clinic_id");
    if let Some(clinics) = clinics {
        push_scope(&mut q, &ClinicAccess::Only(clinics.iter().copied().collect()), "p.clinic_id");
    }
    let rows: Vec<StandingRow> = q.fetch_all(h).await?;
    let made = |(clinic, pool, total, assigned, standing, fewest_since): StandingRow| {
        let pool = Pool { clinic: ClinicId(clinic), group: group(&pool)?, total: Some(total), assigned };
        Ok(PoolUsage { pool, standing, fewest_since })
    };
    rows.into_iter().map(made).collect()
}
