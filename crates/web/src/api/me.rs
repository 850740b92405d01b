//! `GET /api/v1/me`, `PUT /api/v1/me/password`

use axum::extract::State;
use muster_app::{AppError, Scope};
use muster_domain::access::ClinicAccess;
use muster_domain::emr::Permission;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::Body;
use super::failure::Answer;
use super::organizations::OrganizationItem;
use super::params::Params;
use super::reply;
use crate::context::Web;
use crate::extract::Api;

/// Who asks, and what that allows.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// `person` or `support`.
    kind: &'static str,
    /// The person, or the operator.
    id: Option<Uuid>,
    #[schema(example = "Mara Harlow")]
    name: String,
    /// What the caller may do, with what that implies.
    permissions: Vec<&'static str>,
    /// True when every clinic of the practice is within reach.
    all_clinics: bool,
    /// The clinics within reach; empty when all are.
    clinic_ids: Vec<Uuid>,
    /// The practice worked in; null for support before one is named.
    organization: Option<OrganizationItem>,
    /// What the token may be used for; null for a session, which carries everything.
    scopes: Option<Vec<&'static str>>,
}

/// Who am I
#[utoipa::path(get, path = "/api/v1/me", tag = "Tokens",
    responses((status = 200, description = "The caller", body = Me)))]
pub(crate) async fn handle(State(web): State<Web>, api: Api, params: Params) -> Answer {
    params.close()?;
    let organization = match web.app.organization(&api.actor).await {
        Ok(found) => Some(OrganizationItem::from(&found)),
        Err(AppError::NotFound) => None,
        Err(other) => return Err(other.into()),
    };
    let authority = api.actor.authority();
    let clinic_ids = match authority.emr().clinics() {
        ClinicAccess::All => Vec::new(),
        ClinicAccess::Only(some) => some.iter().map(|c| c.0).collect(),
    };
    Ok(reply::ok(&Me {
        kind: authority.kind().as_str(),
        id: api.actor.subject(),
        name: api.actor.name().to_owned(),
        permissions: authority.emr().permissions().iter().map(Permission::as_str).collect(),
        all_clinics: *authority.emr().clinics() == ClinicAccess::All,
        clinic_ids,
        organization,
        scopes: api.actor.scopes().map(|s| s.iter().copied().map(Scope::as_str).collect()),
    }))
}

/// A new password for oneself.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct OwnPasswordInput {
    /// The one in use now.
    current_password: String,
    password: String,
}

/// Change one's own password
///
/// Ends every session of the caller, and links that were sent before. Tokens go on.
#[utoipa::path(put, path = "/api/v1/me/password", tag = "Tokens", request_body = OwnPasswordInput,
    responses((status = 204, description = "Changed")))]
pub(crate) async fn change_password(State(web): State<Web>, api: Api, mut body: Body) -> Answer {
    let current = body.fields.text("current_password").unwrap_or_default();
    let new = body.fields.text("password").unwrap_or_default();
    body.fields.close(&[])?;
    web.app.change_own_password(&api.actor, None, &current, &new, &new).await?;
    Ok(reply::nothing())
}
