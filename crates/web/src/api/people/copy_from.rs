//! `POST /api/v1/people/{person}/copy-from`

use axum::extract::State;
use muster_domain::PersonId;
use muster_domain::emr::{Permission, SkippedCopy, SkippedKind};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::body::Body;
use crate::api::failure::Answer;
use crate::api::path::PathIds;
use crate::api::reply;
use crate::context::Web;
use crate::extract::Api;

/// The people to copy from.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct CopyInput {
    /// 1 to 50 people.
    source_ids: Vec<Uuid>,
    /// Say what would happen, and do nothing.
    preview: Option<bool>,
}

/// What was added, or would be.
#[derive(Serialize, ToSchema)]
pub(crate) struct CopyAnswer {
    /// Nothing was saved; this is what would happen.
    preview: bool,
    added_permissions: Vec<&'static str>,
    added_clinics: Vec<Uuid>,
    /// What the others have and this person does not get.
    skipped: Vec<SkippedItem>,
}

/// Something left out.
#[derive(Serialize, ToSchema)]
pub(crate) struct SkippedItem {
    /// `permission` or `clinic`.
    what: &'static str,
    /// The permission's code or the clinic's id; null for clinics the caller has no access to.
    value: Option<String>,
    /// The stable code of the reason.
    code: &'static str,
    /// The reason in words.
    message: String,
}

impl From<&SkippedCopy> for SkippedItem {
    fn from(skipped: &SkippedCopy) -> Self {
        let (what, value) = match skipped.what {
            SkippedKind::Permission(permission) => ("permission", Some(permission.as_str().to_owned())),
            SkippedKind::Clinic(clinic) => ("clinic", Some(clinic.to_string())),
            SkippedKind::HiddenClinics => ("clinic", None),
        };
        Self { what, value, code: skipped.code.as_str(), message: skipped.message.clone() }
    }
}

/// Copy access from other people
///
/// Adds the permissions and clinics this person lacks; takes nothing away. SOAP note permissions are never copied, nor
/// what the person's type may not hold, the caller may not give, or a clinic that is inactive or out of the caller's
/// reach.
#[utoipa::path(post, path = "/api/v1/people/{person}/copy-from", tag = "People",
    params(crate::api::openapi::PersonPath, crate::api::openapi::IfMatch), request_body = CopyInput,
    responses((status = 200, description = "What was added, or would be", body = CopyAnswer)))]
pub(crate) async fn handle(State(web): State<Web>, api: Api, ids: PathIds, mut body: Body) -> Answer {
    let id = ids.one("person")?;
    let sources = body.fields.ids("source_ids");
    let sources: Vec<PersonId> = body.fields.require("source_ids", sources).unwrap_or_default();
    let preview = body.fields.switch("preview").unwrap_or(false);
    body.fields.close(&[])?;
    let copied = if preview {
        web.app.preview_copy(&api.actor, id, &sources).await?
    } else {
        web.app.copy_access(&api.actor, id, body.expected, &sources).await?
    };
    let answer = reply::ok(&CopyAnswer {
        preview,
        added_permissions: copied.plan.permissions.iter().map(Permission::as_str).collect(),
        added_clinics: copied.plan.clinics.iter().map(|c| c.0).collect(),
        skipped: copied.plan.skipped.iter().map(SkippedItem::from).collect(),
    });
    Ok(reply::tagged(answer, copied.view.stored.version))
}
