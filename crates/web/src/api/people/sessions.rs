//! `GET` and `DELETE /api/v1/people/{person}/sessions`, `DELETE …/sessions/{session}`

use axum::extract::State;
use jiff::Timestamp;
use muster_app::Session;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::failure::Answer;
use crate::api::params::Params;
use crate::api::path::PathIds;
use crate::api::reply;
use crate::context::Web;
use crate::extract::Api;

/// The sessions of a person.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sessions {
    items: Vec<SessionItem>,
    /// Always null: there is one page.
    next: Option<String>,
    total: usize,
}

/// A browser in which a person is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionItem {
    id: Uuid,
    started_at: Timestamp,
    last_seen_at: Timestamp,
    /// True when it waits for its password.
    locked: bool,
    /// Network address.
    #[schema(example = "203.0.113.9")]
    address: String,
    /// What the browser calls itself.
    user_agent: String,
}

impl From<Session> for SessionItem {
    fn from(s: Session) -> Self {
        Self {
            id: s.id,
            started_at: s.started_at,
            last_seen_at: s.last_seen_at,
            locked: s.locked,
            address: s.address,
            user_agent: s.user_agent,
        }
    }
}

/// List a person's sessions
///
/// One's own, or those of a person whose sign-in the caller may manage.
#[utoipa::path(get, path = "/api/v1/people/{person}/sessions", tag = "Sessions",
    params(crate::api::openapi::PersonPath),
    responses((status = 200, description = "The sessions", body = Sessions)))]
pub(crate) async fn list(State(web): State<Web>, api: Api, ids: PathIds, params: Params) -> Answer {
    params.close()?;
    let sessions = web.app.sessions(&api.actor, ids.one("person")?).await?;
    let items: Vec<SessionItem> = sessions.into_iter().map(SessionItem::from).collect();
    Ok(reply::ok(&Sessions { total: items.len(), items, next: None }))
}

/// End all sessions of a person
#[utoipa::path(delete, path = "/api/v1/people/{person}/sessions", tag = "Sessions",
    params(crate::api::openapi::PersonPath),
    responses((status = 204, description = "Ended")))]
pub(crate) async fn end_all(State(web): State<Web>, api: Api, ids: PathIds) -> Answer {
    web.app.end_sessions(&api.actor, ids.one("person")?, None).await?;
    Ok(reply::nothing())
}

/// End one session of a person
#[utoipa::path(delete, path = "/api/v1/people/{person}/sessions/{session}", tag = "Sessions",
    params(crate::api::openapi::PersonPath, ("session" = Uuid, Path, description = "The session")),
    responses((status = 204, description = "Ended")))]
pub(crate) async fn end(State(web): State<Web>, api: Api, ids: PathIds) -> Answer {
    web.app.end_sessions(&api.actor, ids.one("person")?, Some(ids.one("session")?)).await?;
    Ok(reply::nothing())
}
