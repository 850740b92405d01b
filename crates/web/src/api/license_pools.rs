//! `GET /api/v1/license-pools`, `PUT /api/v1/license-pools/{clinic}/{group}`, `GET …/{clinic}/{group}/history`,
//! `GET /api/v1/license-pools/unused`

use axum::extract::State;
use jiff::Timestamp;
use muster_app::{AppError, Pool};
use muster_domain::ClinicId;
use muster_domain::licenses::{Availability, Group};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::Body;
use super::failure::Answer;
use super::license_requests::Amount;
use super::params::Params;
use super::path::PathIds;
use super::reply;
use crate::context::Web;
use crate::extract::Api;

/// What a practice pays for, for one clinic and group of user types.
#[derive(Serialize, ToSchema)]
pub(crate) struct LicensePool {
    clinic_id: Uuid,
    /// `therapist`, `assistant`, `student` or `clerical`.
    group: &'static str,
    /// Null = unlimited.
    total: Option<i64>,
    /// Held by active people.
    assigned: i64,
    /// Null = unlimited.
    available: Option<i64>,
}

impl From<&Pool> for LicensePool {
    fn from(pool: &Pool) -> Self {
        let available = match pool.availability() {
            Availability::Unlimited => None,
            Availability::Free(n) => Some(n),
        };
        let total = pool.total;
        Self { clinic_id: pool.clinic.0, group: pool.group.as_str(), total, assigned: pool.assigned, available }
    }
}

/// Pools.
#[derive(Serialize, ToSchema)]
pub(crate) struct LicensePools {
    items: Vec<LicensePool>,
    /// Always null: there is one page.
    next: Option<String>,
    total: usize,
}

/// A total to set.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct TotalInput {
    /// 0 to 1,000,000, and not less than what is assigned.
    #[schema(example = 12)]
    total: i64,
    /// Why; kept in the ledger.
    note: Option<String>,
}

/// List license pools
///
/// Of the clinics within the caller's access, in one page.
#[utoipa::path(get, path = "/api/v1/license-pools", tag = "Licenses",
    params(("clinic_id" = Option<Uuid>, Query, description = "Of this clinic"),
        ("group" = Option<String>, Query, description = "Of this group")),
    responses((status = 200, description = "The pools", body = LicensePools)))]
pub(crate) async fn list(State(web): State<Web>, api: Api, mut params: Params) -> Answer {
    let clinic: Option<ClinicId> = params.id("clinic_id");
    let group = params.read("group", "therapist, assistant, student or clerical", Group::parse);
    params.close()?;
    let pools = web.app.license_pools(&api.actor).await?;
    let wanted = |pool: &&Pool| clinic.is_none_or(|c| c == pool.clinic) && group.is_none_or(|g| g == pool.group);
    let items: Vec<LicensePool> = pools.iter().filter(wanted).map(LicensePool::from).collect();
    Ok(reply::ok(&LicensePools { total: items.len(), items, next: None }))
}

/// Set the total of a pool
///
/// Support only: a correction, written to the ledger. Practices ask for an adjustment instead.
#[utoipa::path(put, path = "/api/v1/license-pools/{clinic}/{group}", tag = "Licenses",
    params(crate::api::openapi::ClinicPath, ("group" = String, Path, description = "The group")),
    request_body = TotalInput,
    responses((status = 200, description = "Set", body = LicensePool)))]
pub(crate) async fn set(State(web): State<Web>, api: Api, ids: PathIds, mut body: Body) -> Answer {
    let clinic = ids.one("clinic")?;
    let group = Group::parse(ids.text("group")).ok_or(AppError::NotFound)?;
    let total = body.fields.number("total");
    let total = body.fields.require("total", total).unwrap_or_default();
    let note = body.fields.clearable("note").flatten().unwrap_or_default();
    body.fields.close(&["clinic_id", "group", "assigned", "available"])?;
    let pool = web.app.set_license_total(&api.actor, clinic, group, total, &note).await?;
    Ok(reply::ok(&LicensePool::from(&pool)))
}

/// How a pool stood from some moment on.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsePoint {
    /// The hour at whose end it stood so.
    at: Option<Timestamp>,
    /// Null = unlimited.
    total: Option<i64>,
    assigned: i64,
}

/// How a pool stood over time.
#[derive(Serialize, ToSchema)]
pub(crate) struct UseHistory {
    /// Every change, oldest first; in between nothing changed.
    items: Vec<UsePoint>,
    /// Always null: there is one page.
    next: Option<String>,
    total: usize,
}

/// Show how a pool was used over time
///
/// Total and assigned over the last year: one item an hour in which something changed.
#[utoipa::path(get, path = "/api/v1/license-pools/{clinic}/{group}/history", tag = "Licenses",
    params(crate::api::openapi::ClinicPath, ("group" = String, Path, description = "The group")),
    responses((status = 200, description = "The history", body = UseHistory)))]
pub(crate) async fn history(State(web): State<Web>, api: Api, ids: PathIds, params: Params) -> Answer {
    params.close()?;
    let group = Group::parse(ids.text("group")).ok_or(AppError::NotFound)?;
    let points = web.app.license_history(&api.actor, ids.one("clinic")?).await?.remove(&group).unwrap_or_default();
    let point = |p: muster_domain::licenses::UsagePoint| UsePoint {
        at: Timestamp::from_second(p.hour * 3600).ok(),
        total: p.total,
        assigned: p.assigned,
    };
    let items: Vec<UsePoint> = points.into_iter().map(point).collect();
    Ok(reply::ok(&UseHistory { total: items.len(), items, next: None }))
}

/// Licenses of a pool that nobody held for two weeks.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnusedPool {
    clinic_id: Uuid,
    clinic_name: String,
    group: &'static str,
    total: i64,
    /// Held now.
    assigned: i64,
    /// Paid for and held by nobody for 14 days or longer.
    unused: i64,
    /// What those cost a month; null where no price is set.
    monthly: Option<Amount>,
}

/// Licenses paid for and not used.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnusedPools {
    /// What costs most comes first.
    items: Vec<UnusedPool>,
    /// For `after`; null on the last page.
    next: Option<String>,
    /// How many licenses in all.
    unused: i64,
    /// What they cost a month in all.
    monthly: Option<Amount>,
}

/// List licenses paid for and not used
///
/// Of the clinics within the caller's access: what nobody held for 14 days, and its cost.
#[utoipa::path(get, path = "/api/v1/license-pools/unused", tag = "Licenses",
    params(("limit" = Option<i64>, Query, description = "1 to 200; 50 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, description = "A page", body = UnusedPools)))]
pub(crate) async fn unused(State(web): State<Web>, api: Api, mut params: Params) -> Answer {
    let skip: usize = params.cursor().unwrap_or(0);
    let limit = usize::try_from(params.limit()).unwrap_or(50);
    params.close()?;
    let report = web.app.unused_licenses(&api.actor, skip, limit).await?;
    let item = |u: muster_app::licenses::UnusedLicenses| UnusedPool {
        clinic_id: u.clinic.0,
        clinic_name: u.clinic_name,
        group: u.group.as_str(),
        total: u.total,
        assigned: u.assigned,
        unused: u.unused,
        monthly: u.monthly.map(Amount::from),
    };
    Ok(reply::ok(&UnusedPools {
        items: report.items.into_iter().map(item).collect(),
        next: report.next.as_ref().map(super::params::encode),
        unused: report.licenses,
        monthly: report.monthly.map(Amount::from),
    }))
}
