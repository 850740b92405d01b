//! `POST /api/v1/people/{person}/emr-account/type-preview`

use axum::extract::State;
use muster_domain::Code;
use muster_domain::emr::{Permission, UserType};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::body::Body;
use crate::api::failure::{Answer, at};
use crate::api::path::PathIds;
use crate::api::reply;
use crate::context::Web;
use crate::errors::ProblemField;
use crate::extract::Api;

/// The type to look at.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct TypeInput {
    /// The new type.
    #[schema(example = "PTA")]
    user_type: String,
}

/// What a new user type would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct TypePreview {
    /// The type now.
    from: &'static str,
    /// The type then.
    to: &'static str,
    /// Permissions that would be taken away.
    permissions_lost: Vec<&'static str>,
    /// Set when an active profile's license moves to another pool.
    pool: Option<PoolMove>,
    /// The placeholder NPI would be set.
    npi_missing: bool,
    /// The placeholder license number would be set.
    license_missing: bool,
    /// NPI and license number would be cleared.
    credentials_cleared: bool,
    /// The same in words.
    consequences: Vec<String>,
    /// What stands in the way altogether; empty when nothing does.
    refused: Vec<ProblemField>,
}

/// From one pool to another.
#[derive(Serialize, ToSchema)]
pub(crate) struct PoolMove {
    from: &'static str,
    to: &'static str,
}

/// Preview a change of user type
///
/// Support only; changes nothing. The change itself is a PATCH of `emr-account` with `user_type` alone.
#[utoipa::path(post, path = "/api/v1/people/{person}/emr-account/type-preview", tag = "People",
    params(crate::api::openapi::PersonPath), request_body = TypeInput,
    responses((status = 200, description = "The consequences", body = TypePreview)))]
pub(crate) async fn handle(State(web): State<Web>, api: Api, ids: PathIds, mut body: Body) -> Answer {
    let id = ids.one("person")?;
    let text = body.fields.text("user_type");
    let text = body.fields.require("user_type", text);
    let kind = text.as_deref().and_then(UserType::parse);
    if let (Some(text), None) = (&text, kind) {
        body.fields.note(at("user_type", Code::NotUnderstood, &[&format!("“{text}”")]));
    }
    body.fields.close(&[])?;
    let preview = web.app.preview_type_change(&api.actor, id, kind.unwrap_or(UserType::DEFAULT)).await?;
    let change = &preview.change;
    Ok(reply::ok(&TypePreview {
        from: change.from.as_str(),
        to: change.to.as_str(),
        permissions_lost: change.permissions_lost.iter().map(Permission::as_str).collect(),
        pool: change.pool.map(|(from, to)| PoolMove { from: from.as_str(), to: to.as_str() }),
        npi_missing: change.npi_missing,
        license_missing: change.license_missing,
        credentials_cleared: change.credentials_cleared,
        consequences: change.sentences(),
        refused: preview.refused.iter().flat_map(|r| &r.0).map(ProblemField::from).collect(),
    }))
}
