//! `PATCH /api/v1/people/{person}`, and the way every profile change of the API goes.

use axum::extract::State;
use axum::response::Response;
use muster_app::people::SaveReceipt;
use muster_domain::PersonId;
use muster_domain::emr::{EmrPatch, UserType};
use muster_domain::people::Change;
use muster_domain::people::PersonPatch;

use super::read;
use super::shape::SavedPerson;
use crate::api::body::Body;
use crate::api::failure::{Answer, Failure};
use crate::api::path::PathIds;
use crate::api::reply;
use crate::context::Web;
use crate::errors::ProblemField;
use crate::extract::Api;

/// Change a person
///
/// A merge patch of the person and, in `emr_account`, of the account: both are saved or neither is. Send the entity
/// tag in `If-Match`, so that nobody's work is lost.
#[utoipa::path(patch, path = "/api/v1/people/{person}", tag = "People",
    params(crate::api::openapi::PersonPath, crate::api::openapi::IfMatch),
    request_body(content((read::PersonInput = "application/merge-patch+json"), (read::PersonInput = "application/json"))),
    responses((status = 200, description = "Saved", body = SavedPerson,
        headers(("ETag" = String, description = "The new version")))))]
pub(crate) async fn handle(State(web): State<Web>, api: Api, ids: PathIds, mut body: Body) -> Answer {
    let id = ids.one("person")?;
    let person = read::person(&mut body.fields);
    let emr = read::accounts(&mut body.fields);
    let sign_in_status = read::sign_in_status(&mut body.fields);
    let password = read::password(&mut body.fields);
    let found = body.fields.end(read::READ_ONLY);
    let saved = save(&web, &api, id, body.expected, Change { person, sign_in_status, emr, password }, found).await?;
    Ok(answer(&saved))
}

fn answer(saved: &SaveReceipt) -> Response {
    reply::tagged(reply::ok(&SavedPerson::from(saved)), saved.view.stored.version)
}

/// Saves a change, or answers with everything that is wrong with it. A new user type alone goes, for support, the
/// way that also mends what the type breaks.
pub(crate) async fn save(
    web: &Web,
    api: &Api,
    id: PersonId,
    expected: Option<i64>,
    change: Change,
    found: Vec<ProblemField>,
) -> Answer<SaveReceipt> {
    if !found.is_empty() {
        return Err(Failure::merged(found, web.app.check_person(&api.actor, Some(id), &change).await));
    }
    if let Some(kind) = only_a_type(&change).filter(|_| api.actor.is_support()) {
        return Ok(web.app.change_type(&api.actor, id, expected, kind).await?);
    }
    Ok(web.app.update_person(&api.actor, id, expected, change).await?)
}

fn only_a_type(change: &Change) -> Option<UserType> {
    let emr = change.emr.as_ref()?;
    let kind = UserType::parse(emr.user_type.as_deref()?)?;
    let alone = EmrPatch { user_type: emr.user_type.clone(), ..EmrPatch::default() };
    (*emr == alone && change.person == PersonPatch::default() && change.password.is_none()).then_some(kind)
}
