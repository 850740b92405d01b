//! `GET` and `POST /api/v1/people/{person}/professional-licenses`, `PATCH` and `DELETE …/professional-licenses/{license}`

use axum::extract::State;
use muster_domain::PersonId;
use muster_domain::credentials::{ProfessionalLicense, ProfessionalLicensePatch};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::body::Body;
use crate::api::failure::{Answer, Failure};
use crate::api::fields::Fields;
use crate::api::params::Params;
use crate::api::path::PathIds;
use crate::api::reply;
use crate::context::Web;
use crate::extract::Api;

/// The professional licenses of a person.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProfessionalLicenses {
    items: Vec<ProfessionalLicenseItem>,
    /// Always null: there is one page.
    next: Option<String>,
    total: usize,
}

/// A professional license.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProfessionalLicenseItem {
    /// Its number in the person's list, for the address; 0 is the one of the EMR account.
    #[schema(example = 1)]
    id: i64,
    /// As printed; `00000` stands for one not known yet.
    #[schema(example = "PT1234")]
    number: Option<String>,
    /// Two letters.
    #[schema(example = "ME")]
    state: Option<String>,
    /// In words.
    #[schema(example = "Physical therapist")]
    profession: Option<String>,
    /// Last valid day.
    #[schema(format = Date)]
    expires_on: Option<String>,
}

impl From<&ProfessionalLicense> for ProfessionalLicenseItem {
    fn from(l: &ProfessionalLicense) -> Self {
        Self {
            id: l.position,
            number: l.number.clone(),
            state: l.state.clone(),
            profession: l.profession.clone(),
            expires_on: l.expires_on.map(|d| d.to_string()),
        }
    }
}

/// Fields of a license. Absent leaves a field alone, null clears it.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct ProfessionalLicenseInput {
    /// 1 to 40 letters, digits, dots, dashes, slashes or spaces; needed.
    #[schema(example = "PT1234")]
    number: Option<String>,
    /// Two letters.
    #[schema(example = "ME")]
    state: Option<String>,
    /// At most 100 characters.
    #[schema(example = "Physical therapist")]
    profession: Option<String>,
    /// Last valid day, `YYYY-MM-DD`.
    #[schema(format = Date)]
    expires_on: Option<String>,
}

fn read(mut fields: Fields) -> Answer<ProfessionalLicensePatch> {
    let patch = ProfessionalLicensePatch {
        number: fields.clearable("number"),
        state: fields.clearable("state"),
        profession: fields.clearable("profession"),
        expires_on: fields.clearable("expires_on"),
    };
    fields.close(&["id"])?;
    Ok(patch)
}

/// List a person's professional licenses
#[utoipa::path(get, path = "/api/v1/people/{person}/professional-licenses", tag = "Credentials",
    params(crate::api::openapi::PersonPath),
    responses((status = 200, description = "The licenses", body = ProfessionalLicenses)))]
pub(crate) async fn list(State(web): State<Web>, api: Api, ids: PathIds, params: Params) -> Answer {
    params.close()?;
    let licenses = web.app.professional_licenses(&api.actor, ids.one("person")?).await?;
    let items: Vec<ProfessionalLicenseItem> = licenses.iter().map(ProfessionalLicenseItem::from).collect();
    Ok(reply::ok(&ProfessionalLicenses { total: items.len(), items, next: None }))
}

/// Add a professional license
#[utoipa::path(post, path = "/api/v1/people/{person}/professional-licenses", tag = "Credentials",
    params(crate::api::openapi::PersonPath, crate::api::openapi::IdempotencyKey), request_body = ProfessionalLicenseInput,
    responses((status = 201, description = "Added", body = ProfessionalLicenseItem,
        headers(("Location" = String, description = "Its address")))))]
pub(crate) async fn create(State(web): State<Web>, api: Api, ids: PathIds, body: Body) -> Answer {
    let person: PersonId = ids.one("person")?;
    let Body { fields, idempotency, .. } = body;
    let patch = read(fields)?;
    let made = web.app.add_professional_license(&api.actor, person, &patch, idempotency.as_ref()).await?;
    let location = format!("/api/v1/people/{person}/professional-licenses/{}", made.position);
    Ok(reply::created(&ProfessionalLicenseItem::from(&made), &location))
}

/// Change a professional license
///
/// A merge patch. License 0 is the one of the EMR account and is judged with it.
#[utoipa::path(patch, path = "/api/v1/people/{person}/professional-licenses/{license}", tag = "Credentials",
    params(crate::api::openapi::PersonPath, ("license" = i64, Path, description = "Its number in the person's list")),
    request_body(content((ProfessionalLicenseInput = "application/merge-patch+json"), (ProfessionalLicenseInput = "application/json"))),
    responses((status = 200, description = "Saved", body = ProfessionalLicenseItem)))]
pub(crate) async fn save(State(web): State<Web>, api: Api, ids: PathIds, body: Body) -> Answer {
    let (person, license) = (ids.one("person")?, ids.one("license")?);
    let patch = read(body.fields)?;
    let saved =
        web.app.change_professional_license(&api.actor, person, license, &patch).await.map_err(Failure::from)?;
    Ok(reply::ok(&ProfessionalLicenseItem::from(&saved)))
}

/// Remove a professional license
#[utoipa::path(delete, path = "/api/v1/people/{person}/professional-licenses/{license}", tag = "Credentials",
    params(crate::api::openapi::PersonPath, ("license" = i64, Path, description = "Its number in the person's list")),
    responses((status = 204, description = "Removed")))]
pub(crate) async fn remove(State(web): State<Web>, api: Api, ids: PathIds) -> Answer {
    web.app.remove_professional_license(&api.actor, ids.one("person")?, ids.one("license")?).await?;
    Ok(reply::nothing())
}
