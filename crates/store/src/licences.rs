//! Licence pools and the ledger of their totals at rest.

use jiff::Timestamp;
use muster_domain::licences::{Availability, Group};
use muster_domain::{ClinicId, OrganizationId};
use uuid::Uuid;

use crate::{Handle, Result, StoreError, Tx, dialect, micros};

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
struct Row {
    clinic_id: Uuid,
    pool_group: String,
    total: Option<i64>,
    assigned: i64,
}

impl TryFrom<Row> for Pool {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self> {
        let group = Group::parse(&row.pool_group).ok_or(StoreError::Corrupt(row.pool_group))?;
        Ok(Self { clinic: ClinicId(row.clinic_id), group, total: row.total, assigned: row.assigned })
    }
}

/// The pools of these clinics; of all clinics when none are named.
pub async fn pools(
    h: &mut impl Handle,
    organization: OrganizationId,
    clinics: Option<&[ClinicId]>,
) -> Result<Vec<Pool>> {
    let mut q = crate::query::Query::new(
        "SELECT clinic_id, pool_group, total, assigned FROM licence_pools WHERE organization_id = ",
        organization.0,
    );
    if let Some(clinics) = clinics {
        q.push(" AND clinic_id IN {ids ").bind(dialect::id_list(clinics.iter().map(|c| &c.0))).push("}");
    }
    let rows: Vec<Row> = q.fetch_all(h).await?;
    rows.into_iter().map(Pool::try_from).collect()
}

/// Takes `count` seats if that many are free. False, and nothing taken, when they are not. One guarded statement,
/// so that of two racers for the last seat exactly one wins.
pub async fn take_seats(
    tx: &mut Tx,
    organization: OrganizationId,
    clinic: ClinicId,
    group: Group,
    count: i64,
) -> Result<bool> {
    let text = "INSERT INTO licence_pools (organization_id, clinic_id, pool_group, total, assigned) VALUES ($1, $2, $3, NULL, $4)
        ON CONFLICT (organization_id, clinic_id, pool_group) DO UPDATE SET assigned = licence_pools.assigned + $4
        WHERE licence_pools.total IS NULL OR licence_pools.assigned + $4 <= licence_pools.total";
    let changed = on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(clinic.0)
            .bind(group.as_str())
            .bind(count)
            .execute(c)
            .await?
            .rows_affected()
    });
    Ok(changed == 1)
}

/// Gives one seat back.
pub async fn give_seat(tx: &mut Tx, organization: OrganizationId, clinic: ClinicId, group: Group) -> Result<()> {
    let text = "UPDATE licence_pools SET assigned = assigned - 1
        WHERE organization_id = $1 AND clinic_id = $2 AND pool_group = $3";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(clinic.0).bind(group.as_str()).execute(c).await?;
    });
    Ok(())
}

/// One line of the ledger.
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
    /// Who.
    pub actor_kind: &'static str,
    /// Who, by name.
    pub actor_name: String,
    /// Why.
    pub note: String,
}

/// Sets a total and writes it to the ledger.
pub async fn set_total(tx: &mut Tx, organization: OrganizationId, entry: &LedgerEntry, now: Timestamp) -> Result<()> {
    let text =
        "INSERT INTO licence_pools (organization_id, clinic_id, pool_group, total, assigned) VALUES ($1, $2, $3, $4, 0)
        ON CONFLICT (organization_id, clinic_id, pool_group) DO UPDATE SET total = $4";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(entry.clinic.0)
            .bind(entry.group.as_str())
            .bind(entry.after)
            .execute(c)
            .await?;
    });
    let text =
        "INSERT INTO licence_ledger (organization_id, entry_id, clinic_id, pool_group, total_before, total_after,
            actor_kind, actor_name, note, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
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
            .bind(micros(now))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Pools whose stored count differs from the active people who hold a seat there, and seats held where no pool is
/// stored; empty when all is well.
pub async fn miscounted(h: &mut impl Handle) -> Result<Vec<String>> {
    let group = "CASE WHEN a.user_type IN ('PT','OT','SLP','RT','AT') THEN 'therapist'
        WHEN a.user_type IN ('PTA','COTA','SLPA','RTT') THEN 'assistant'
        WHEN a.user_type IN ('SPT','SOT','SSLP') THEN 'student' ELSE 'clerical' END";
    let text = format!(
        "SELECT p.clinic_id, p.pool_group FROM licence_pools p WHERE p.assigned <> (
            SELECT count(*) FROM emr_accounts a WHERE a.organization_id = p.organization_id
                AND a.default_clinic_id = p.clinic_id AND a.status = 'active' AND {group} = p.pool_group)
        UNION SELECT s.clinic_id, s.pool_group FROM (
            SELECT DISTINCT a.organization_id, a.default_clinic_id AS clinic_id, {group} AS pool_group
            FROM emr_accounts a WHERE a.status = 'active') s
        WHERE NOT EXISTS (SELECT 1 FROM licence_pools p WHERE p.organization_id = s.organization_id
            AND p.clinic_id = s.clinic_id AND p.pool_group = s.pool_group)"
    );
    let rows: Vec<(Uuid, String)> = on!(h, &text, |sql, c| sqlx::query_as(sql).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(clinic, group)| format!("{group} pool of clinic {clinic}")).collect())
}
