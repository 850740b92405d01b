//! `GET /api/v1/license-waiting-list`, `POST /api/v1/license-waiting-list/activate`

use axum::extract::State;
use muster_app::licenses::{ActivationRequest, QueueEntry, WaitingQuery};
use muster_domain::ClinicId;
use muster_domain::licenses::{Group, SeatForecast};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::Body;
use super::failure::{Answer, at};
use super::params::{Params, encode};
use super::reply;
use crate::context::Web;
use crate::errors::ProblemField;
use crate::extract::Api;

/// Somebody who is inactive because no license was free.
#[derive(Serialize, ToSchema)]
pub(crate) struct WaitingPerson {
    person_id: Uuid,
    full_name: String,
    user_type: String,
    /// The default clinic, whose pool is meant.
    clinic_id: Uuid,
    group: &'static str,
    /// The place in that pool's queue, from 1.
    place: i64,
    /// `now` when a license is free, `request` when an open request will free one, `nothing` when nobody asked yet.
    seats_freed_by: &'static str,
    /// The open request meant.
    request_id: Option<Uuid>,
}

impl From<&QueueEntry> for WaitingPerson {
    fn from(q: &QueueEntry) -> Self {
        Self {
            person_id: q.waiting.person.0,
            full_name: q.waiting.full_name.clone(),
            user_type: q.waiting.user_type.clone(),
            clinic_id: q.waiting.clinic.0,
            group: q.waiting.group.as_str(),
            place: q.waiting.place,
            seats_freed_by: match q.freed {
                SeatForecast::Now => "now",
                SeatForecast::Request(_) => "request",
                SeatForecast::Nothing => "nothing",
            },
            request_id: q.request.map(|r| r.0.0),
        }
    }
}

/// Who waits.
#[derive(Serialize, ToSchema)]
pub(crate) struct WaitingList {
    items: Vec<WaitingPerson>,
    /// For `after`; null on the last page.
    next: Option<String>,
    /// Not counted where there are several pages.
    total: Option<usize>,
}

/// The people to make active. Without any field: everyone within the caller's access who waits.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct ActivateInput {
    /// Of this clinic's pools.
    clinic_id: Option<Uuid>,
    /// Of this group's.
    group: Option<String>,
    /// Of these people only.
    person_ids: Option<Vec<Uuid>>,
    /// Also invite those who never had a password; true unless given.
    invite: Option<bool>,
}

/// Somebody, by identity and name.
#[derive(Serialize, ToSchema)]
pub(crate) struct NamedPerson {
    person_id: Uuid,
    full_name: String,
}

/// Somebody who still waits, and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefusedActivation {
    person_id: Uuid,
    full_name: String,
    errors: Vec<ProblemField>,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActivatedPeople {
    activated: Vec<NamedPerson>,
    refused: Vec<RefusedActivation>,
    /// How many invitations are on their way.
    invited: u64,
}

/// List who waits for a license
///
/// People saved inactive because no license was free, by clinic and then the longest waiting first, each with what will
/// free them.
#[utoipa::path(get, path = "/api/v1/license-waiting-list", tag = "Licenses",
    params(("clinic_id" = Option<Uuid>, Query, description = "For this clinic's licenses"),
        ("group" = Option<String>, Query, description = "For this group's licenses"),
        ("limit" = Option<i64>, Query, description = "1 to 200; 50 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, description = "A page", body = WaitingList)))]
pub(crate) async fn list(State(web): State<Web>, api: Api, mut params: Params) -> Answer {
    let after: Option<(String, Uuid)> = params.cursor();
    let first = after.is_none();
    let asked = WaitingQuery {
        clinic: params.id("clinic_id"),
        group: params.read("group", "therapist, assistant or student", Group::parse),
        after,
        limit: params.limit(),
    };
    params.close()?;
    let page = web.app.waiting_list(&api.actor, &asked).await?;
    let total = (first && page.next.is_none()).then_some(page.items.len());
    let next = page.next.as_ref().map(encode);
    Ok(reply::ok(&WaitingList { items: page.items.iter().map(WaitingPerson::from).collect(), next, total }))
}

/// Make those who wait active
///
/// As many as fit, at most 1,000 at once, the longest waiting first, each judged like any activation. Those who do not
/// fit stay inactive and are named with the reason.
#[utoipa::path(post, path = "/api/v1/license-waiting-list/activate", tag = "Licenses", request_body = ActivateInput,
    responses((status = 200, description = "Done as far as possible", body = ActivatedPeople)))]
pub(crate) async fn activate(State(web): State<Web>, api: Api, mut body: Body) -> Answer {
    let clinic: Option<ClinicId> = body.fields.id("clinic_id");
    let text = body.fields.text("group");
    let group = text.as_deref().and_then(Group::parse);
    if text.is_some() && group.is_none() {
        let expected = "therapist, assistant or student";
        body.fields.note(at("group", muster_domain::Code::WrongType, &["group", expected]));
    }
    let people = body.fields.ids("person_ids");
    let invite = body.fields.switch("invite").unwrap_or(true);
    body.fields.close(&[])?;
    let done = web.app.activate_waiting(&api.actor, &ActivationRequest { clinic, group, people, invite }).await?;
    let named = |(id, name): (muster_domain::PersonId, String)| NamedPerson { person_id: id.0, full_name: name };
    let refused = done.refused.into_iter().map(|(id, full_name, refusals)| RefusedActivation {
        person_id: id.0,
        full_name,
        errors: refusals.0.iter().map(ProblemField::from).collect(),
    });
    Ok(reply::ok(&ActivatedPeople {
        activated: done.active.into_iter().map(named).collect(),
        refused: refused.collect(),
        invited: done.invited,
    }))
}
