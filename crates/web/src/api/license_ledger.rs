//! `GET /api/v1/license-ledger`

use axum::extract::State;
use jiff::Timestamp;
use muster_app::licenses::{Entry, LedgerQuery};
use muster_domain::licenses::Group;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::failure::Answer;
use super::params::{Params, encode};
use super::reply;
use crate::context::Web;
use crate::extract::Api;

/// A change of a total.
#[derive(Serialize, ToSchema)]
pub(crate) struct LedgerEntry {
    /// Its number within the practice.
    number: i64,
    at: Option<Timestamp>,
    clinic_id: Uuid,
    clinic_name: String,
    /// `therapist`, `assistant` or `student`.
    group: &'static str,
    /// Null = unlimited.
    total_before: Option<i64>,
    /// Null = unlimited.
    total_after: Option<i64>,
    /// The request it came of; null for support's own correction.
    request_id: Option<Uuid>,
    /// That request's number.
    request_number: Option<i64>,
    /// `person`, `support` or `command_line`.
    actor_kind: String,
    actor_name: String,
    note: String,
}

impl From<&Entry> for LedgerEntry {
    fn from(e: &Entry) -> Self {
        Self {
            number: e.number,
            at: e.at,
            clinic_id: e.clinic.0,
            clinic_name: e.clinic_name.clone(),
            group: e.group.as_str(),
            total_before: e.before,
            total_after: e.after,
            request_id: e.request.map(|r| r.0.0),
            request_number: e.request.map(|r| r.1),
            actor_kind: e.actor_kind.clone(),
            actor_name: e.actor_name.clone(),
            note: e.note.clone(),
        }
    }
}

/// Changes of totals.
#[derive(Serialize, ToSchema)]
pub(crate) struct LedgerEntries {
    items: Vec<LedgerEntry>,
    /// For `after`; null on the last page.
    next: Option<String>,
    /// Not counted where there are several pages.
    total: Option<usize>,
}

/// List changes of license totals
///
/// The ledger of the clinics within the caller's access, the latest first. A total is what its entries add up to. As a
/// file: `/emr/licenses/ledger.csv`.
#[utoipa::path(get, path = "/api/v1/license-ledger", tag = "Licenses",
    params(("clinic_id" = Option<Uuid>, Query, description = "Of this clinic"),
        ("group" = Option<String>, Query, description = "Of this group"),
        ("limit" = Option<i64>, Query, description = "1 to 200; 50 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, description = "A page", body = LedgerEntries)))]
pub(crate) async fn list(State(web): State<Web>, api: Api, mut params: Params) -> Answer {
    let before: Option<i64> = params.cursor();
    let asked = LedgerQuery {
        clinic: params.id("clinic_id"),
        group: params.read("group", "therapist, assistant or student", Group::parse),
        before,
        limit: params.limit(),
    };
    params.close()?;
    let lines = web.app.license_ledger(&api.actor, &asked).await?;
    let total = (before.is_none() && lines.next.is_none()).then_some(lines.items.len());
    let next = lines.next.as_ref().map(encode);
    Ok(reply::ok(&LedgerEntries { items: lines.items.iter().map(LedgerEntry::from).collect(), next, total }))
}
