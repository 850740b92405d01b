//! `GET /api/v1/people/{person}/history`

use axum::extract::State;

use crate::api::audit_events::{AuditEvent, AuditEvents};
use crate::api::failure::Answer;
use crate::api::params::Params;
use crate::api::path::PathIds;
use crate::api::reply;
use crate::context::Web;
use crate::extract::Api;

/// The history of a person
///
/// What was done to the profile and what was refused, newest first. For more than one page use `/audit-events` with
/// `subject_id`.
#[utoipa::path(get, path = "/api/v1/people/{person}/history", tag = "Audit",
    params(crate::api::openapi::PersonPath,
        ("limit" = Option<i64>, Query, description = "1 to 200; 50 unless given")),
    responses((status = 200, description = "The newest records", body = AuditEvents)))]
pub(crate) async fn handle(State(web): State<Web>, api: Api, ids: PathIds, mut params: Params) -> Answer {
    let limit = params.limit();
    params.close()?;
    let records = web.app.person_history(&api.actor, ids.one("person")?, limit).await?;
    Ok(reply::ok(&AuditEvents::new(records.into_iter().map(AuditEvent::from).collect(), None)))
}
