//! `GET` and `POST /api/v1/license-requests`, `GET …/{request}`, `POST …/{request}/{withdraw,process,reject}`

use axum::extract::State;
use jiff::Timestamp;
use muster_app::licenses::{LicenseEffect, Request, RequestQuery};
use muster_domain::licenses::{Group, Money, RequestDraft, RequestKind, RequestState as Stage};
use muster_domain::{ClinicId, Code, LicenseRequestId, OrganizationId};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::body::Body;
use super::failure::{Answer, Failure, at};
use super::params::{Params, encode};
use super::path::PathIds;
use super::reply;
use crate::context::Web;
use crate::extract::Api;

/// The request of the address.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code)] // describes a parameter
pub(crate) struct RequestPath {
    /// The request's id.
    request: Uuid,
}

/// Which requests.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)] // describes the query
struct ListParams {
    /// `submitted`, `processed`, `rejected` or `withdrawn`.
    state: Option<String>,
    /// `add` or `release`.
    kind: Option<String>,
    /// Of this clinic.
    clinic_id: Option<Uuid>,
    /// Of this group.
    group: Option<String>,
    /// 1 to 200; 50 unless given.
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// An amount of money.
#[derive(Serialize, ToSchema)]
pub(crate) struct Amount {
    /// In minor units: cents of a dollar.
    #[schema(example = 19800)]
    amount: i64,
    /// Three letters.
    #[schema(example = "USD")]
    currency: String,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self { amount: money.amount, currency: money.currency }
    }
}

/// Somebody who did something about a request.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestActor {
    /// `person`, `support` or `command_line`; null where it is not kept.
    kind: Option<String>,
    /// The name then.
    name: String,
}

/// What a request does to the total and to the bill.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestEffect {
    /// Null = unlimited.
    total_before: Option<i64>,
    /// Null = unlimited.
    total_after: Option<i64>,
    /// What it adds to the bill a month; null where no price is set.
    monthly: Option<Amount>,
}

/// Licenses asked for, or asked to be released.
#[derive(Serialize, ToSchema)]
pub(crate) struct LicenseRequest {
    id: Uuid,
    /// Its number within the practice.
    number: i64,
    organization_id: Uuid,
    organization_name: String,
    /// `add` or `release`.
    kind: &'static str,
    clinic_id: Uuid,
    clinic_name: String,
    /// `therapist`, `assistant` or `student`.
    group: &'static str,
    count: i64,
    /// The reason, for a release.
    note: String,
    /// `submitted`, then one of `processed`, `rejected`, `withdrawn`.
    state: &'static str,
    submitted_by: RequestActor,
    submitted_at: Option<Timestamp>,
    /// Who processed, rejected or withdrew it; null while it is open.
    ended_by: Option<RequestActor>,
    ended_at: Option<Timestamp>,
    /// The answer.
    ended_note: Option<String>,
    /// What it did once processed, what it would do now while open; null when it ended without effect.
    effect: Option<RequestEffect>,
    /// Sentences, for example that another request is open for the same pool; only after creating one.
    notices: Vec<String>,
}

impl From<&Request> for LicenseRequest {
    fn from(r: &Request) -> Self {
        let effect = LicenseEffect::of(r).map(|e| RequestEffect {
            total_before: e.before,
            total_after: e.after,
            monthly: e.monthly.map(Amount::from),
        });
        Self {
            id: r.id.0,
            number: r.number,
            organization_id: r.organization.0,
            organization_name: r.organization_name.clone(),
            kind: r.kind.as_str(),
            clinic_id: r.clinic.0,
            clinic_name: r.clinic_name.clone(),
            group: r.group.as_str(),
            count: r.count,
            note: r.note.clone(),
            state: r.state.as_str(),
            submitted_by: RequestActor { kind: Some(r.requester_kind.clone()), name: r.requester_name.clone() },
            submitted_at: r.submitted_at,
            ended_by: r.ended_name.clone().map(|name| RequestActor { kind: r.ended_kind.clone(), name }),
            ended_at: r.ended_at,
            ended_note: r.ended_note.clone(),
            effect,
            notices: Vec::new(),
        }
    }
}

/// Requests.
#[derive(Serialize, ToSchema)]
pub(crate) struct LicenseRequests {
    items: Vec<LicenseRequest>,
    /// For `after`; null on the last page.
    next: Option<String>,
    /// Not counted where there are several pages.
    total: Option<usize>,
}

/// What to ask for.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct LicenseRequestInput {
    /// `add` or `release`.
    #[schema(example = "add")]
    kind: String,
    clinic_id: Uuid,
    /// `therapist`, `assistant` or `student`.
    #[schema(example = "therapist")]
    group: String,
    /// At least 1; of a release at most what is available.
    #[schema(example = 2)]
    count: i64,
    /// At most 500 characters; a release needs one.
    note: Option<String>,
}

/// Why.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct EndingInput {
    /// At most 500 characters; a rejection needs one.
    note: Option<String>,
}

/// List license requests
///
/// Of the clinics within the caller's access, the latest first. Support without a practice chosen gets the open
/// requests of every practice, the oldest first; then only `limit` and `after` are taken.
#[utoipa::path(get, path = "/api/v1/license-requests", tag = "Licenses", params(ListParams),
    responses((status = 200, description = "A page", body = LicenseRequests)))]
pub(crate) async fn list(State(web): State<Web>, api: Api, mut params: Params) -> Answer {
    let limit = params.limit();
    if api.actor.is_support() && api.actor.organization() == OrganizationId::INSTALLATION {
        let after: Option<(i64, Uuid)> = params.cursor();
        params.close()?;
        let page = web.app.license_queue(&api.actor, after, limit).await?;
        return Ok(reply::ok(&listed(&page.items, page.next.as_ref().map(encode), after.is_none())));
    }
    let before: Option<i64> = params.cursor();
    let asked = RequestQuery {
        state: params.read("state", "submitted, processed, rejected or withdrawn", Stage::parse),
        kind: params.read("kind", "add or release", RequestKind::parse),
        clinic: params.id("clinic_id"),
        group: params.read("group", "therapist, assistant or student", Group::parse),
        before,
        limit,
    };
    params.close()?;
    let page = web.app.license_requests(&api.actor, &asked).await?;
    Ok(reply::ok(&listed(&page.items, page.next.as_ref().map(encode), before.is_none())))
}

fn listed(items: &[Request], next: Option<String>, first: bool) -> LicenseRequests {
    let total = (first && next.is_none()).then_some(items.len());
    LicenseRequests { items: items.iter().map(LicenseRequest::from).collect(), next, total }
}

/// Get a license request
#[utoipa::path(get, path = "/api/v1/license-requests/{request}", tag = "Licenses", params(RequestPath),
    responses((status = 200, description = "The request", body = LicenseRequest)))]
pub(crate) async fn show(State(web): State<Web>, api: Api, ids: PathIds, params: Params) -> Answer {
    params.close()?;
    let found = web.app.license_request(&api.actor, ids.one("request")?).await?;
    Ok(reply::ok(&LicenseRequest::from(&found)))
}

/// Ask for licenses, or to release some
///
/// For people with View Users, clinic admins and company admins, at a clinic within their access. The requester and the
/// company admins get an email, now and when the request ends.
#[utoipa::path(post, path = "/api/v1/license-requests", tag = "Licenses",
    params(crate::api::openapi::IdempotencyKey), request_body = LicenseRequestInput,
    responses((status = 201, description = "Submitted", body = LicenseRequest,
        headers(("Location" = String, description = "Where the request is")))))]
pub(crate) async fn create(State(web): State<Web>, api: Api, mut body: Body) -> Answer {
    let fields = &mut body.fields;
    let mut code = |name: &'static str| {
        let text = fields.text(name);
        fields.require(name, text)
    };
    let (kind, group) = (code("kind"), code("group"));
    let clinic: Option<ClinicId> = fields.id("clinic_id");
    let clinic = fields.require("clinic_id", clinic);
    let count = fields.number("count");
    let count = fields.require("count", count);
    let note = fields.clearable("note").flatten().unwrap_or_default();
    let read = (kind.as_deref().and_then(RequestKind::parse), group.as_deref().and_then(Group::parse));
    if kind.is_some() && read.0.is_none() {
        fields.note(at("kind", Code::WrongType, &["kind", "add or release"]));
    }
    if group.is_some() && read.1.is_none() {
        fields.note(at("group", Code::WrongType, &["group", "therapist, assistant or student"]));
    }
    body.fields.close(&["id", "number", "state", "effect"])?;
    let (Some(kind), Some(group), Some(clinic), Some(count)) = (read.0, read.1, clinic, count) else {
        return Err(Failure::fields(Vec::new()));
    };
    let wanted = RequestDraft { kind, clinic, group, count, note };
    let made = web.app.submit_license_request(&api.actor, &wanted, body.idempotency.as_ref()).await?;
    let shown = LicenseRequest { notices: made.notices, ..LicenseRequest::from(&made.request) };
    Ok(reply::created(&shown, &format!("/api/v1/license-requests/{}", made.request.id)))
}

fn note(mut body: Body) -> Answer<String> {
    let note = body.fields.clearable("note").flatten().unwrap_or_default();
    body.fields.close(&[])?;
    Ok(note)
}

/// Withdraw a license request
///
/// For the requester and for company admins.
#[utoipa::path(post, path = "/api/v1/license-requests/{request}/withdraw", tag = "Licenses", params(RequestPath),
    request_body = EndingInput, responses((status = 200, description = "Withdrawn", body = LicenseRequest)))]
pub(crate) async fn withdraw(State(web): State<Web>, api: Api, ids: PathIds, body: Body) -> Answer {
    let id: LicenseRequestId = ids.one("request")?;
    let ended = web.app.withdraw_license_request(&api.actor, id, &note(body)?).await?;
    Ok(reply::ok(&LicenseRequest::from(&ended)))
}

/// Process a license request
///
/// Support only. The total changes and the ledger says so, exactly once; a second time is refused with
/// `request_ended`. A release is refused with `release_taken_meanwhile` when the licenses are no longer free.
#[utoipa::path(post, path = "/api/v1/license-requests/{request}/process", tag = "Licenses", params(RequestPath),
    request_body = EndingInput, responses((status = 200, description = "Processed", body = LicenseRequest)))]
pub(crate) async fn process(State(web): State<Web>, api: Api, ids: PathIds, body: Body) -> Answer {
    let id: LicenseRequestId = ids.one("request")?;
    let ended = web.app.process_license_request(&api.actor, id, &note(body)?).await?;
    Ok(reply::ok(&LicenseRequest::from(&ended)))
}

/// Reject a license request
///
/// Support only, with a note that says why.
#[utoipa::path(post, path = "/api/v1/license-requests/{request}/reject", tag = "Licenses", params(RequestPath),
    request_body = EndingInput, responses((status = 200, description = "Rejected", body = LicenseRequest)))]
pub(crate) async fn reject(State(web): State<Web>, api: Api, ids: PathIds, body: Body) -> Answer {
    let id: LicenseRequestId = ids.one("request")?;
    let ended = web.app.reject_license_request(&api.actor, id, &note(body)?).await?;
    Ok(reply::ok(&LicenseRequest::from(&ended)))
}
