//! Requests to add or to release licenses.

use std::collections::BTreeMap;

use jiff::Timestamp;
use muster_domain::access::ClinicAccess;
use muster_domain::licenses::{Group, PoolFacts, RequestKind, RequestState};
use muster_domain::{ClinicId, LicenseRequestId, OrganizationId};
use uuid::Uuid;

use super::{group, push_scope};
use crate::sql::dialect;
use crate::sql::query::Query;
use crate::{Handle, Result, StoreError, Tx, micros, typed, when};

/// A request to be kept.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// Identity.
    pub id: LicenseRequestId,
    /// More or fewer.
    pub kind: RequestKind,
    /// Which pool.
    pub clinic: ClinicId,
    /// Which pool.
    pub group: Group,
    /// How many.
    pub count: i64,
    /// A note; the reason of a release.
    pub note: String,
    /// Who asks.
    pub requester_id: Option<Uuid>,
    /// `person`, `support` or `command_line`.
    pub requester_kind: &'static str,
    /// By name.
    pub requester_name: String,
    /// When.
    pub at: Timestamp,
}

/// Keeps a request, submitted, under the practice's next number.
pub async fn insert(tx: &mut Tx, organization: OrganizationId, new: &NewRequest) -> Result<()> {
    let text = "INSERT INTO license_requests (organization_id, request_id, number, kind, clinic_id, pool_group, seats,
            note, state, requester_id, requester_kind, requester_name, submitted_at)
        VALUES ($1, $2, (SELECT coalesce(max(r.number), 0) + 1 FROM license_requests r WHERE r.organization_id = $1),
            $3, $4, $5, $6, $7, 'submitted', $8, $9, $10, $11)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(new.id.0)
            .bind(new.kind.as_str())
            .bind(new.clinic.0)
            .bind(new.group.as_str())
            .bind(new.count)
            .bind(typed(&new.note).into_owned())
            .bind(new.requester_id)
            .bind(new.requester_kind)
            .bind(typed(&new.requester_name).into_owned())
            .bind(micros(new.at))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// How a request ends.
#[derive(Clone, Debug)]
pub struct RequestEnding {
    /// Any state but submitted.
    pub state: RequestState,
    /// Who ended it.
    pub actor_id: Option<Uuid>,
    /// `person`, `support` or `command_line`.
    pub actor_kind: &'static str,
    /// By name.
    pub actor_name: String,
    /// Why.
    pub note: String,
    /// When.
    pub at: Timestamp,
    /// What it did to the total, before and after; none unless processed.
    pub totals: Option<(i64, i64)>,
}

/// Ends a request. False when it had ended before: one guarded statement, so that it ends once.
pub async fn end(tx: &mut Tx, organization: OrganizationId, id: LicenseRequestId, how: &RequestEnding) -> Result<bool> {
    let text = "UPDATE license_requests SET state = $3, ended_id = $4, ended_kind = $5, ended_name = $6,
            ended_note = $7, ended_at = $8, total_before = $9, total_after = $10
        WHERE organization_id = $1 AND request_id = $2 AND state = 'submitted'";
    let changed = on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(id.0)
            .bind(how.state.as_str())
            .bind(how.actor_id)
            .bind(how.actor_kind)
            .bind(typed(&how.actor_name).into_owned())
            .bind(typed(&how.note).into_owned())
            .bind(micros(how.at))
            .bind(how.totals.map(|t| t.0))
            .bind(how.totals.map(|t| t.1))
            .execute(c)
            .await?
            .rows_affected()
    });
    Ok(changed == 1)
}

/// A request as read, with what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whose.
    pub organization: OrganizationId,
    /// By name.
    pub organization_name: String,
    /// Identity.
    pub id: LicenseRequestId,
    /// Its number within the practice.
    pub number: i64,
    /// More or fewer.
    pub kind: RequestKind,
    /// Which pool.
    pub clinic: ClinicId,
    /// By name.
    pub clinic_name: String,
    /// Which pool.
    pub group: Group,
    /// How many.
    pub count: i64,
    /// A note; the reason of a release.
    pub note: String,
    /// How far it has come.
    pub state: RequestState,
    /// Who asked; none for the command line.
    pub requester_id: Option<Uuid>,
    /// `person`, `support` or `command_line`.
    pub requester_kind: String,
    /// By name.
    pub requester_name: String,
    /// When.
    pub submitted_at: Option<Timestamp>,
    /// Who ended it, by kind.
    pub ended_kind: Option<String>,
    /// Who ended it, by name.
    pub ended_name: Option<String>,
    /// Why.
    pub ended_note: Option<String>,
    /// When.
    pub ended_at: Option<Timestamp>,
    /// What it did to the total, before and after, once processed.
    pub totals: Option<(i64, i64)>,
    /// What the pool's total is now; none = unlimited.
    pub pool_total: Option<i64>,
    /// Seats held in the pool now.
    pub pool_assigned: i64,
    /// What one license of the group costs a month, in minor units, and the currency.
    pub price: Option<(i64, String)>,
}

#[derive(sqlx::FromRow)]
struct RequestRow {
    organization_id: Uuid,
    organization_name: String,
    request_id: Uuid,
    number: i64,
    kind: String,
    clinic_id: Uuid,
    clinic_name: String,
    pool_group: String,
    seats: i64,
    note: String,
    state: String,
    requester_id: Option<Uuid>,
    requester_kind: String,
    requester_name: String,
    submitted_at: i64,
    ended_kind: Option<String>,
    ended_name: Option<String>,
    ended_note: Option<String>,
    ended_at: Option<i64>,
    total_before: Option<i64>,
    total_after: Option<i64>,
    pool_total: Option<i64>,
    pool_assigned: Option<i64>,
    amount: Option<i64>,
    currency: Option<String>,
}

impl RequestRow {
    fn request(self) -> Result<Request> {
        Ok(Request {
            organization: OrganizationId(self.organization_id),
            organization_name: self.organization_name,
            id: LicenseRequestId(self.request_id),
            number: self.number,
            kind: RequestKind::parse(&self.kind).ok_or(StoreError::Corrupt(self.kind))?,
            clinic: ClinicId(self.clinic_id),
            clinic_name: self.clinic_name,
            group: group(&self.pool_group)?,
            count: self.seats,
            note: self.note,
            state: RequestState::parse(&self.state).ok_or(StoreError::Corrupt(self.state))?,
            requester_id: self.requester_id,
            requester_kind: self.requester_kind,
            requester_name: self.requester_name,
            submitted_at: when(self.submitted_at),
            ended_kind: self.ended_kind,
            ended_name: self.ended_name,
            ended_note: self.ended_note,
            ended_at: self.ended_at.and_then(when),
            totals: self.total_before.zip(self.total_after),
            pool_total: self.pool_total,
            pool_assigned: self.pool_assigned.unwrap_or(0),
            price: self.amount.zip(self.currency),
        })
    }
}

const SELECT: &str = "SELECT r.organization_id, o.name AS organization_name, r.request_id, r.number, r.kind, r.clinic_id,
        c.name AS clinic_name, r.pool_group, r.seats, r.note, r.state, r.requester_id, r.requester_kind,
        r.requester_name, r.submitted_at, r.ended_kind, r.ended_name, r.ended_note, r.ended_at, r.total_before, r.total_after,
        p.total AS pool_total, p.assigned AS pool_assigned, m.amount, m.currency
    FROM license_requests r
    JOIN organizations o ON o.organization_id = r.organization_id
    JOIN clinics c ON c.organization_id = r.organization_id AND c.clinic_id = r.clinic_id
    LEFT JOIN license_pools p ON p.organization_id = r.organization_id AND p.clinic_id = r.clinic_id
        AND p.pool_group = r.pool_group
    LEFT JOIN license_prices m ON m.organization_id = r.organization_id AND m.pool_group = r.pool_group";

fn made(rows: Vec<RequestRow>) -> Result<Vec<Request>> {
    rows.into_iter().map(RequestRow::request).collect()
}

/// One of a practice.
pub async fn find(h: &mut impl Handle, organization: OrganizationId, id: LicenseRequestId) -> Result<Option<Request>> {
    let mut q = Query::new(&format!("{SELECT} WHERE r.organization_id = "), organization.0);
    q.push(" AND r.request_id = ").bind(id.0);
    Ok(made(q.fetch_all(h).await?)?.pop())
}

/// One of any practice, for support.
pub async fn find_anywhere(h: &mut impl Handle, id: LicenseRequestId) -> Result<Option<Request>> {
    let q = Query::new(&format!("{SELECT} WHERE r.request_id = "), id.0);
    Ok(made(q.fetch_all(h).await?)?.pop())
}

/// Which requests of a practice to list.
#[derive(Clone, Debug)]
pub struct RequestFilter {
    /// Of these clinics.
    pub scope: ClinicAccess,
    /// In this state.
    pub state: Option<RequestState>,
    /// Of this kind.
    pub kind: Option<RequestKind>,
    /// Of this clinic.
    pub clinic: Option<ClinicId>,
    /// Of this group.
    pub group: Option<Group>,
    /// Numbers below this one.
    pub before: Option<i64>,
    /// At most.
    pub limit: i64,
}

/// Requests of a practice, the latest first.
pub async fn requests(
    h: &mut impl Handle,
    organization: OrganizationId,
    filter: &RequestFilter,
) -> Result<Vec<Request>> {
    let mut q = Query::new(&format!("{SELECT} WHERE r.organization_id = "), organization.0);
    push_scope(&mut q, &filter.scope, "r.clinic_id");
    if let Some(state) = filter.state {
        q.push(" AND r.state = ").bind(state.as_str());
    }
    if let Some(kind) = filter.kind {
        q.push(" AND r.kind = ").bind(kind.as_str());
    }
    if let Some(clinic) = filter.clinic {
        q.push(" AND r.clinic_id = ").bind(clinic.0);
    }
    if let Some(group) = filter.group {
        q.push(" AND r.pool_group = ").bind(group.as_str());
    }
    if let Some(before) = filter.before {
        q.push(" AND r.number < ").bind(before);
    }
    q.push(" ORDER BY r.number DESC LIMIT ").bind(filter.limit);
    made(q.fetch_all(h).await?)
}

/// Requests of every practice that wait for support, the oldest first, after the time and identity given.
pub async fn queue(h: &mut impl Handle, after: Option<(i64, Uuid)>, limit: i64) -> Result<Vec<Request>> {
    let mut q = Query::new(&format!("{SELECT} WHERE r.state = 'submitted' AND (r.submitted_at, r.request_id) > ("), {
        after.map_or(i64::MIN, |(at, _)| at)
    });
    q.push(", ").bind(after.map_or(Uuid::nil(), |(_, id)| id));
    q.push(") ORDER BY r.submitted_at, r.request_id LIMIT ").bind(limit);
    made(q.fetch_all(h).await?)
}

/// Open requests of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenSum {
    /// Those that would add, the oldest first: identity, number and count.
    pub adds: Vec<(LicenseRequestId, i64, i64)>,
    /// Licenses that would be released.
    pub releases: i64,
    /// How many requests, both kinds together.
    pub open: i64,
}

type OpenRow = (Uuid, String, Uuid, i64, String, i64);

/// The open requests of these clinics' pools.
pub async fn open_sums(
    h: &mut impl Handle,
    organization: OrganizationId,
    clinics: &[ClinicId],
) -> Result<BTreeMap<(ClinicId, Group), OpenSum>> {
    let text = "SELECT clinic_id, pool_group, request_id, number, kind, seats FROM license_requests
        WHERE organization_id = $1 AND state = 'submitted' AND clinic_id IN {ids $2} ORDER BY number";
    let list = dialect::id_list(clinics.iter().map(|c| &c.0));
    let rows: Vec<OpenRow> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(list).fetch_all(c).await?);
    let mut found: BTreeMap<(ClinicId, Group), OpenSum> = BTreeMap::new();
    for (clinic, pool, id, number, kind, seats) in rows {
        let sum = found.entry((ClinicId(clinic), group(&pool)?)).or_default();
        sum.open += 1;
        if kind == RequestKind::Add.as_str() {
            sum.adds.push((LicenseRequestId(id), number, seats));
        } else {
            sum.releases += seats;
        }
    }
    Ok(found)
}

/// What the judge of a request has to know of its pool.
pub async fn pool_facts(
    h: &mut impl Handle,
    organization: OrganizationId,
    clinic: ClinicId,
    group: Group,
) -> Result<PoolFacts> {
    let pools = super::pools(h, organization, Some(&[clinic])).await?;
    let pool = pools.into_iter().find(|p| p.group == group);
    let open = open_sums(h, organization, &[clinic]).await?.remove(&(clinic, group)).unwrap_or_default();
    Ok(PoolFacts {
        total: pool.and_then(|p| p.total),
        assigned: pool.map_or(0, |p| p.assigned),
        open: open.open,
        open_adds: open.adds.iter().map(|a| a.2).sum(),
        open_releases: open.releases,
    })
}
