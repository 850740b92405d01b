//! `POST /api/v1/people/{person}/sign-in-link`

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::failure::Answer;
use crate::api::path::PathIds;
use crate::api::reply;
use crate::context::Web;
use crate::extract::Api;

/// Where a link goes.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkSent {
    /// The address.
    #[schema(example = "mara@saco.example")]
    to: String,
    /// True for an invitation (no password yet), false for a reset.
    invitation: bool,
}

/// Send a sign-in link
///
/// An invitation to someone who never had a password, else a password reset. Every earlier link of the person is
/// worthless from then on.
#[utoipa::path(post, path = "/api/v1/people/{person}/sign-in-link", tag = "People",
    params(crate::api::openapi::PersonPath),
    responses((status = 202, description = "On its way", body = LinkSent)))]
pub(crate) async fn handle(State(web): State<Web>, api: Api, ids: PathIds) -> Answer {
    let sent = web.app.send_sign_in_link(&api.actor, ids.one("person")?).await?;
    Ok(reply::json(StatusCode::ACCEPTED, &LinkSent { to: sent.to, invitation: sent.invitation }))
}
