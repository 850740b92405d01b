//! `GET /api/v1/organizations`, `GET` and `PATCH /api/v1/organizations/{organization}`

use axum::extract::State;
use muster_domain::organizations::{Organization, OrganizationPatch};
use muster_domain::text::unique_key;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::Body;
use super::failure::Answer;
use super::params::{Params, encode};
use super::path::PathIds;
use super::reply;
use crate::context::Web;
use crate::extract::Api;

/// A practice and its settings.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrganizationItem {
    id: Uuid,
    #[schema(example = "Saco Rehab")]
    name: String,
    /// IANA name.
    #[schema(example = "America/New_York")]
    time_zone: String,
    /// `seed` or `nist-800-63b`.
    password_preset: &'static str,
    /// 30, 60 or 90; null = never.
    password_expiry_days: Option<i64>,
    /// After how many minutes without activity a session locks.
    idle_minutes: i64,
    /// Grows with every save; also the entity tag.
    version: i64,
}

impl From<&Organization> for OrganizationItem {
    fn from(o: &Organization) -> Self {
        Self {
            id: o.id.0,
            name: o.name.clone(),
            time_zone: o.time_zone.clone(),
            password_preset: o.password_preset.as_str(),
            password_expiry_days: o.password_expiry_days,
            idle_minutes: o.idle_minutes,
            version: o.version,
        }
    }
}

/// Practices.
#[derive(Serialize, ToSchema)]
pub(crate) struct Organizations {
    items: Vec<OrganizationItem>,
    /// For `after`; null on the last page.
    next: Option<String>,
    /// Not counted where there are several pages.
    total: Option<usize>,
}

/// Settings to change. Absent leaves a setting alone.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct OrganizationInput {
    name: Option<String>,
    /// IANA name.
    #[schema(example = "America/New_York")]
    time_zone: Option<String>,
    /// `seed` or `nist-800-63b`.
    password_preset: Option<String>,
    /// 30, 60 or 90; null = never.
    password_expiry_days: Option<i64>,
    /// 1 to 240.
    idle_minutes: Option<i64>,
}

/// List practices
///
/// One's own; for support every practice of the installation, by name.
#[utoipa::path(get, path = "/api/v1/organizations", tag = "Practice",
    params(("limit" = Option<i64>, Query, description = "1 to 200; 50 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, description = "A page", body = Organizations)))]
pub(crate) async fn list(State(web): State<Web>, api: Api, mut params: Params) -> Answer {
    let limit = params.limit();
    let after: Option<String> = params.cursor();
    params.close()?;
    let mut found = web.app.organizations(&api.actor, after.as_deref().unwrap_or_default(), limit + 1).await?;
    let wanted = usize::try_from(limit).unwrap_or(0);
    let more = found.len() > wanted;
    found.truncate(wanted);
    let next = found.last().filter(|_| more).map(|o| encode(&unique_key(&o.name)));
    let total = (after.is_none() && !more).then_some(found.len());
    Ok(reply::ok(&Organizations { items: found.iter().map(OrganizationItem::from).collect(), next, total }))
}

/// Get a practice
#[utoipa::path(get, path = "/api/v1/organizations/{organization}", tag = "Practice",
    params(crate::api::openapi::OrganizationPath),
    responses((status = 200, description = "The practice", body = OrganizationItem,
        headers(("ETag" = String, description = "The version, for If-Match")))))]
pub(crate) async fn show(State(web): State<Web>, api: Api, ids: PathIds, params: Params) -> Answer {
    params.close()?;
    let found = web.app.organization_by_id(&api.actor, ids.one("organization")?).await?;
    Ok(reply::tagged(reply::ok(&OrganizationItem::from(&found)), found.version))
}

/// Change a practice's settings
///
/// Company admins only. Support names the practice in `Muster-Organization` as well.
#[utoipa::path(patch, path = "/api/v1/organizations/{organization}", tag = "Practice",
    params(crate::api::openapi::OrganizationPath, crate::api::openapi::IfMatch),
    request_body(content((OrganizationInput = "application/merge-patch+json"), (OrganizationInput = "application/json"))),
    responses((status = 200, description = "Saved", body = OrganizationItem,
        headers(("ETag" = String, description = "The new version")))))]
pub(crate) async fn save(State(web): State<Web>, api: Api, ids: PathIds, mut body: Body) -> Answer {
    let id = ids.one("organization")?;
    let fields = &mut body.fields;
    let patch = OrganizationPatch {
        name: fields.text("name"),
        time_zone: fields.text("time_zone"),
        password_preset: fields.text("password_preset"),
        password_expiry_days: fields.clearable_number("password_expiry_days"),
        idle_minutes: fields.number("idle_minutes"),
    };
    body.fields.close(&["id", "version"])?;
    let saved = web.app.update_organization(&api.actor, id, body.expected, &patch).await?;
    Ok(reply::tagged(reply::ok(&OrganizationItem::from(&saved)), saved.version))
}
