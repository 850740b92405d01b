//! `GET /api/v1/people/{person}`

use axum::extract::State;

use super::shape::Person;
use crate::api::failure::Answer;
use crate::api::params::Params;
use crate::api::path::PathIds;
use crate::api::reply;
use crate::context::Web;
use crate::extract::Api;

/// Get a person
#[utoipa::path(get, path = "/api/v1/people/{person}", tag = "People", params(crate::api::openapi::PersonPath),
    responses((status = 200, description = "The person", body = Person,
        headers(("ETag" = String, description = "The version, for If-Match")))))]
pub(crate) async fn handle(State(web): State<Web>, api: Api, ids: PathIds, params: Params) -> Answer {
    params.close()?;
    let view = web.app.person(&api.actor, ids.one("person")?).await?;
    Ok(reply::tagged(reply::ok(&Person::from(&view)), view.stored.version))
}
