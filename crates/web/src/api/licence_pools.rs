//! `GET /api/v1/licence-pools`, `PUT /api/v1/licence-pools/{clinic}/{group}`

use axum::extract::State;
use muster_app::{AppError, Pool};
use muster_domain::ClinicId;
use muster_domain::licences::{Availability, Group};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::Body;
use super::failure::Answer;
use super::params::Params;
use super::path::Ids;
use super::reply;
use crate::context::Web;
use crate::extract::Api;

/// What a practice pays for, for one clinic and group of user types.
#[derive(Serialize, ToSchema)]
pub(crate) struct LicencePool {
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

impl From<&Pool> for LicencePool {
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
pub(crate) struct LicencePools {
    items: Vec<LicencePool>,
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

/// List licence pools
///
/// Of the clinics within the caller's access, in one page.
#[utoipa::path(get, path = "/api/v1/licence-pools", tag = "Licences",
    params(("clinic_id" = Option<Uuid>, Query, description = "Of this clinic"),
        ("group" = Option<String>, Query, description = "Of this group")),
    responses((status = 200, description = "The pools", body = LicencePools)))]
pub(crate) async fn list(State(web): State<Web>, api: Api, mut params: Params) -> Answer {
    let clinic: Option<ClinicId> = params.id("clinic_id");
    let group = params.read("group", "therapist, assistant, student or clerical", Group::parse);
    params.close()?;
    let pools = web.app.licence_pools(&api.actor).await?;
    let wanted = |pool: &&Pool| clinic.is_none_or(|c| c == pool.clinic) && group.is_none_or(|g| g == pool.group);
    let items: Vec<LicencePool> = pools.iter().filter(wanted).map(LicencePool::from).collect();
    Ok(reply::ok(&LicencePools { total: items.len(), items, next: None }))
}

/// Set the total of a pool
///
/// Support only: a correction, written to the ledger. Practices ask for an adjustment instead.
#[utoipa::path(put, path = "/api/v1/licence-pools/{clinic}/{group}", tag = "Licences",
    params(crate::api::openapi::ClinicPath, ("group" = String, Path, description = "The group")),
    request_body = TotalInput,
    responses((status = 200, description = "Set", body = LicencePool)))]
pub(crate) async fn set(State(web): State<Web>, api: Api, ids: Ids, mut body: Body) -> Answer {
    let clinic = ids.one("clinic")?;
    let group = Group::parse(ids.text("group")).ok_or(AppError::NotFound)?;
    let total = body.fields.number("total");
    let total = body.fields.require("total", total).unwrap_or_default();
    let note = body.fields.clearable("note").flatten().unwrap_or_default();
    body.fields.close(&["clinic_id", "group", "assigned", "available"])?;
    let pool = web.app.set_licence_total(&api.actor, clinic, group, total, &note).await?;
    Ok(reply::ok(&LicencePool::from(&pool)))
}
