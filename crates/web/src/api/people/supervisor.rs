//! `GET` and `PUT /api/v1/people/{person}/supervisor`

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use muster_app::credentials::{SuperviseeView, SupervisorView};
use muster_domain::{Code, PersonId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::body::Body;
use crate::api::failure::{Answer, at};
use crate::api::params::Params;
use crate::api::path::PathIds;
use crate::api::reply;
use crate::context::Web;
use crate::extract::Api;

/// Who supervises a person, now and before.
#[derive(Serialize, ToSchema)]
pub(crate) struct SupervisedPerson {
    /// An assistant or a student, who should have one.
    needed: bool,
    /// Now; null for none.
    supervisor: Option<SupervisionItem>,
    /// Newest first, the present one among them.
    history: Vec<SupervisionItem>,
}

/// A stretch of time under one supervisor.
#[derive(Serialize, ToSchema)]
pub(crate) struct SupervisionItem {
    /// Null when the caller may not see that person.
    supervisor_id: Option<Uuid>,
    /// The name.
    full_name: Option<String>,
    since: Option<Timestamp>,
    /// Null while it goes on.
    until: Option<Timestamp>,
}

impl From<&SupervisorView> for SupervisionItem {
    fn from(s: &SupervisorView) -> Self {
        Self {
            supervisor_id: s.supervisor.as_ref().map(|(id, _)| id.0),
            full_name: s.supervisor.as_ref().map(|(_, name)| name.clone()),
            since: s.since,
            until: s.until,
        }
    }
}

/// The wanted supervisor.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct SupervisorInput {
    /// An active therapist the caller may see, or null for none.
    #[schema(required)]
    supervisor_id: Option<Uuid>,
}

fn answer(found: &SuperviseeView) -> Response {
    reply::ok(&SupervisedPerson {
        needed: found.needed,
        supervisor: found.current().map(SupervisionItem::from),
        history: found.history.iter().map(SupervisionItem::from).collect(),
    })
}

/// Show who supervises a person
#[utoipa::path(get, path = "/api/v1/people/{person}/supervisor", tag = "Credentials",
    params(crate::api::openapi::PersonPath),
    responses((status = 200, description = "Now and before", body = SupervisedPerson)))]
pub(crate) async fn show(State(web): State<Web>, api: Api, ids: PathIds, params: Params) -> Answer {
    params.close()?;
    Ok(answer(&web.app.supervision(&api.actor, ids.one("person")?).await?))
}

/// Set who supervises a person
///
/// Assistants and students only. What was before stays in the history.
#[utoipa::path(put, path = "/api/v1/people/{person}/supervisor", tag = "Credentials",
    params(crate::api::openapi::PersonPath), request_body = SupervisorInput,
    responses((status = 200, description = "Saved", body = SupervisedPerson)))]
pub(crate) async fn save(State(web): State<Web>, api: Api, ids: PathIds, mut body: Body) -> Answer {
    let id = ids.one("person")?;
    let field = "supervisor_id";
    let text = body.fields.clearable(field);
    let text = body.fields.require(field, text).flatten();
    let wanted: Option<PersonId> = text.as_deref().and_then(|t| t.parse().ok());
    if text.is_some() && wanted.is_none() {
        body.fields.note(at(field, Code::WrongType, &[field, "an id (UUID) or null"]));
    }
    body.fields.close(&["needed", "supervisor", "history"])?;
    web.app.set_supervisor(&api.actor, id, wanted).await?;
    Ok(answer(&web.app.supervision(&api.actor, id).await?))
}
