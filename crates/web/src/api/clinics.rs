//! `GET` and `POST /api/v1/clinics`, `GET` and `PATCH /api/v1/clinics/{clinic}`

use axum::extract::State;
use muster_app::organizations::ClinicQuery;
use muster_domain::organizations::{AssistantFinish, Clinic, ClinicPatch};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::body::Body;
use super::failure::Answer;
use super::params::{Params, encode};
use super::path::PathIds;
use super::reply;
use crate::context::Web;
use crate::extract::Api;

const READ_ONLY: &[&str] = &["id", "address", "city", "state", "zip", "version"];

/// An EMR location.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClinicItem {
    id: Uuid,
    #[schema(example = "Saco")]
    name: String,
    /// Street and number.
    address: String,
    city: String,
    /// Two letters.
    state: String,
    zip: String,
    /// `active` or `inactive`.
    status: &'static str,
    /// Whether assistants with the permission may finish notes here.
    assistants_may_finish: bool,
    /// Grows with every save; also the entity tag.
    version: i64,
}

impl From<&Clinic> for ClinicItem {
    fn from(c: &Clinic) -> Self {
        Self {
            id: c.id.0,
            name: c.name.clone(),
            address: c.address.clone(),
            city: c.city.clone(),
            state: c.state.clone(),
            zip: c.zip.clone(),
            status: c.status.as_str(),
            assistants_may_finish: c.assistants_may_finish == AssistantFinish::Allowed,
            version: c.version,
        }
    }
}

/// Clinics.
#[derive(Serialize, ToSchema)]
pub(crate) struct Clinics {
    items: Vec<ClinicItem>,
    /// For `after`; null on the last page.
    next: Option<String>,
    /// How many match in all.
    total: usize,
}

/// A clinic to add.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct NewClinicInput {
    /// Unique in the practice.
    #[schema(example = "Biddeford")]
    name: String,
}

/// A clinic to change. Absent leaves a field alone.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct ClinicInput {
    name: Option<String>,
    /// `active` or `inactive`; company admins only.
    status: Option<String>,
    assistants_may_finish: Option<bool>,
}

/// What to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)] // describes the query; `Params` reads it so that every fault is named at once
struct ClinicsQuery {
    /// Part of the name.
    q: Option<String>,
    /// 1 to 200; all in one page unless given.
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

/// List clinics
///
/// Those within the caller's access, by name.
#[utoipa::path(get, path = "/api/v1/clinics", tag = "Practice", params(ClinicsQuery),
    responses((status = 200, description = "The clinics", body = Clinics)))]
pub(crate) async fn list(State(web): State<Web>, api: Api, mut params: Params) -> Answer {
    let asked = ClinicQuery {
        q: params.text("q").unwrap_or_default(),
        limit: params.limit_if_given().and_then(|n| usize::try_from(n).ok()),
        after: params.cursor(),
    };
    params.close()?;
    let page = web.app.clinic_page(&api.actor, &asked).await?;
    let items = page.items.iter().map(ClinicItem::from).collect();
    Ok(reply::ok(&Clinics { items, next: page.next.map(|n| encode(&n)), total: page.total }))
}

/// Add a clinic
///
/// Company admins only.
#[utoipa::path(post, path = "/api/v1/clinics", tag = "Practice", params(crate::api::openapi::IdempotencyKey),
    request_body = NewClinicInput,
    responses((status = 201, description = "Added", body = ClinicItem,
        headers(("Location" = String, description = "Where it is"), ("ETag" = String, description = "Its version")))))]
pub(crate) async fn create(State(web): State<Web>, api: Api, mut body: Body) -> Answer {
    let name = body.fields.text("name");
    let name = body.fields.require("name", name).unwrap_or_default();
    body.fields.close(READ_ONLY)?;
    let clinic = web.app.add_clinic(&api.actor, &name, body.idempotency.as_ref()).await?;
    let response = reply::created(&ClinicItem::from(&clinic), &format!("/api/v1/clinics/{}", clinic.id));
    Ok(reply::tagged(response, clinic.version))
}

/// Get a clinic
#[utoipa::path(get, path = "/api/v1/clinics/{clinic}", tag = "Practice", params(crate::api::openapi::ClinicPath),
    responses((status = 200, description = "The clinic", body = ClinicItem,
        headers(("ETag" = String, description = "The version, for If-Match")))))]
pub(crate) async fn show(State(web): State<Web>, api: Api, ids: PathIds, params: Params) -> Answer {
    params.close()?;
    let clinic = web.app.clinic(&api.actor, ids.one("clinic")?).await?;
    Ok(reply::tagged(reply::ok(&ClinicItem::from(&clinic)), clinic.version))
}

/// Change a clinic
///
/// Its clinic admins and company admins; `status` company admins only. Addresses come with an import.
#[utoipa::path(patch, path = "/api/v1/clinics/{clinic}", tag = "Practice",
    params(crate::api::openapi::ClinicPath, crate::api::openapi::IfMatch),
    request_body(content((ClinicInput = "application/merge-patch+json"), (ClinicInput = "application/json"))),
    responses((status = 200, description = "Saved", body = ClinicItem,
        headers(("ETag" = String, description = "The new version")))))]
pub(crate) async fn save(State(web): State<Web>, api: Api, ids: PathIds, mut body: Body) -> Answer {
    let id = ids.one("clinic")?;
    let patch = ClinicPatch {
        name: body.fields.text("name"),
        status: body.fields.text("status"),
        assistants_may_finish: body.fields.switch("assistants_may_finish"),
    };
    body.fields.close(READ_ONLY)?;
    let saved = web.app.update_clinic(&api.actor, id, body.expected, &patch).await?;
    Ok(reply::tagged(reply::ok(&ClinicItem::from(&saved)), saved.version))
}
