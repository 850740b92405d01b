//! `GET` and `PATCH /api/v1/people/{person}/emr-account`

use axum::extract::State;
use muster_app::AppError;
use muster_domain::emr::field;
use muster_domain::people::Change;

use super::shape::Emr;
use super::{read, update};
use crate::api::body::Body;
use crate::api::failure::{Answer, Failure};
use crate::api::params::Params;
use crate::api::path::PathIds;
use crate::api::reply;
use crate::context::Web;
use crate::extract::Api;

/// Get a person's EMR account
#[utoipa::path(get, path = "/api/v1/people/{person}/emr-account", tag = "People",
    params(crate::api::openapi::PersonPath),
    responses((status = 200, description = "The account", body = Emr,
        headers(("ETag" = String, description = "The person's version, for If-Match")))))]
pub(crate) async fn show(State(web): State<Web>, api: Api, ids: PathIds, params: Params) -> Answer {
    params.close()?;
    let view = web.app.person(&api.actor, ids.one("person")?).await?;
    let account = Emr::from_view(&view).ok_or(AppError::NotFound)?;
    Ok(reply::tagged(reply::ok(&account), view.stored.version))
}

/// Change a person's EMR account
///
/// A merge patch. Of a saved profile only support changes `user_type`: sent alone, permissions and credentials follow
/// as the preview says.
#[utoipa::path(patch, path = "/api/v1/people/{person}/emr-account", tag = "People",
    params(crate::api::openapi::PersonPath, crate::api::openapi::IfMatch),
    request_body(content((read::EmrAccountInput = "application/merge-patch+json"), (read::EmrAccountInput = "application/json"))),
    responses((status = 200, description = "Saved", body = Emr,
        headers(("ETag" = String, description = "The person's new version")))))]
pub(crate) async fn save(State(web): State<Web>, api: Api, ids: PathIds, mut body: Body) -> Answer {
    let id = ids.one("person")?;
    let emr = read::emr(&mut body.fields);
    let found = body.fields.end(read::EMR_READ_ONLY).into_iter().map(|fault| fault.within(field::ACCOUNT)).collect();
    let change = Change { emr: Some(emr), ..Change::default() };
    let saved = update::save(&web, &api, id, body.expected, change, found).await.map_err(Failure::bare)?;
    let account = Emr::from_view(&saved.view).ok_or(AppError::NotFound)?;
    Ok(reply::tagged(reply::ok(&account), saved.view.stored.version))
}
