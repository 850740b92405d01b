//! `GET /api/v1/people/credentials`

use axum::extract::State;
use muster_app::credentials::{WorklistItem, WorklistQuery};
use muster_domain::credentials::CredentialIssue;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::professional_licenses::ProfessionalLicenseItem;
use crate::api::failure::Answer;
use crate::api::params::{Params, encode};
use crate::api::reply;
use crate::context::Web;
use crate::extract::Api;

/// What to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)] // describes the query
struct CredentialsParams {
    /// 1 to 200; 50 unless given.
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
    /// Members of this clinic.
    clinic_id: Option<Uuid>,
    /// `expired`, `expires_30`, `expires_60`, `expires_90` (each holds what expires sooner), `placeholder_npi`,
    /// `placeholder_license`, `missing_signature` or `missing_supervisor`.
    kind: Option<String>,
}

/// A page of the worklist.
#[derive(Serialize, ToSchema)]
pub(crate) struct CredentialsList {
    items: Vec<CredentialsItem>,
    /// For `after`; null on the last page.
    next: Option<String>,
    /// Always null: the list is not counted.
    total: Option<i64>,
}

/// An active person to whose credentials something is missing.
#[derive(Serialize, ToSchema)]
pub(crate) struct CredentialsItem {
    person_id: Uuid,
    full_name: String,
    username: String,
    /// What the person is.
    user_type: Option<&'static str>,
    /// Codes as of `kind`, most urgent first.
    issues: Vec<&'static str>,
    /// The first day on which a license runs out.
    #[schema(format = Date)]
    soonest_expiry: Option<String>,
    licenses: Vec<ProfessionalLicenseItem>,
}

impl From<&WorklistItem> for CredentialsItem {
    fn from(item: &WorklistItem) -> Self {
        let profile = item.view.profile();
        Self {
            person_id: profile.person.id.0,
            full_name: profile.person.full_name.clone(),
            username: profile.person.username.clone(),
            user_type: profile.emr.as_ref().map(|e| e.user_type.as_str()),
            issues: item.issues.iter().map(|i| i.as_str()).collect(),
            soonest_expiry: item.first_expiry().map(|d| d.to_string()),
            licenses: item.licenses.iter().map(ProfessionalLicenseItem::from).collect(),
        }
    }
}

/// List people whose credentials lack something
///
/// Active people within the caller's scope, by name: placeholders, licenses that run out or have run out, missing
/// signatures and supervisors.
#[utoipa::path(get, path = "/api/v1/people/credentials", tag = "Credentials", params(CredentialsParams),
    responses((status = 200, description = "A page", body = CredentialsList)))]
pub(crate) async fn handle(State(web): State<Web>, api: Api, mut params: Params) -> Answer {
    let asked = WorklistQuery {
        limit: params.limit(),
        after: params.cursor(),
        clinic: params.id("clinic_id"),
        kind: params.read("kind", "a kind such as expired or missing_signature", CredentialIssue::parse),
    };
    params.close()?;
    let page = web.app.credentials_worklist(&api.actor, &asked).await?;
    let items = page.items.iter().map(CredentialsItem::from).collect();
    Ok(reply::ok(&CredentialsList { items, next: page.next.map(|n| encode(&n)), total: None }))
}
