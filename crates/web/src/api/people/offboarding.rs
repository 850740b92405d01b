//! `GET` and `POST /api/v1/people/{person}/offboarding`

use axum::extract::State;
use jiff::Timestamp;
use muster_app::credentials::{OffboardingPlan, OffboardingRecord};
use muster_domain::people::OffboardingKind;
use muster_domain::{Code, PersonId};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api::body::Body;
use crate::api::failure::{Answer, at};
use crate::api::params::Params;
use crate::api::path::PathIds;
use crate::api::reply;
use crate::context::Web;
use crate::errors::ProblemField;
use crate::extract::Api;

/// Which plan to work out.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)] // describes the query
struct PlanParams {
    /// `departure` or `leave`: also answer with what that would do.
    kind: Option<String>,
    /// With the supervised handed over to this therapist.
    hand_supervisees_to: Option<Uuid>,
}

/// How a person left, and what leaving would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct Offboardings {
    /// Null unless `kind` was given.
    plan: Option<Plan>,
    /// Newest first.
    items: Vec<OffboardingItem>,
}

/// What leaving would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct Plan {
    /// In order; empty when something stands in the way.
    #[schema(value_type = Vec<Object>)]
    steps: Value,
    /// What stands in the way.
    refused: Vec<ProblemField>,
    /// Names of those who need another supervisor.
    supervisees: Vec<String>,
}

impl From<OffboardingPlan> for Plan {
    fn from(plan: OffboardingPlan) -> Self {
        let refused = plan.refused.iter().flat_map(|r| &r.0).map(ProblemField::from).collect();
        Self { steps: serde_json::json!(plan.steps), refused, supervisees: plan.supervisees }
    }
}

/// A departure or a leave.
#[derive(Serialize, ToSchema)]
pub(crate) struct OffboardingItem {
    id: Uuid,
    /// `departure` or `leave`.
    kind: String,
    at: Option<Timestamp>,
    /// Who did it.
    actor_id: Option<Uuid>,
    /// The name then.
    actor_name: String,
    /// What was done: `{step, text}`.
    #[schema(value_type = Vec<Object>)]
    steps: Value,
}

impl From<OffboardingRecord> for OffboardingItem {
    fn from(left: OffboardingRecord) -> Self {
        Self {
            id: left.id,
            kind: left.kind,
            at: left.at,
            actor_id: left.actor_id,
            actor_name: left.actor_name,
            steps: serde_json::from_str(&left.steps).unwrap_or_default(),
        }
    }
}

/// How someone leaves.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct OffboardingInput {
    /// `departure` for good, or `leave` for a while.
    #[schema(required, example = "departure")]
    kind: Option<String>,
    /// The active therapist who takes over assistants and students; needed when there are any.
    hand_supervisees_to: Option<Uuid>,
    /// Also ask support to release the license; false unless given.
    release_license: Option<bool>,
}

/// Show how a person left
///
/// With `kind`, also what leaving would do, before anything is done.
#[utoipa::path(get, path = "/api/v1/people/{person}/offboarding", tag = "Credentials",
    params(crate::api::openapi::PersonPath, PlanParams),
    responses((status = 200, description = "The records, and the plan", body = Offboardings)))]
pub(crate) async fn show(State(web): State<Web>, api: Api, ids: PathIds, mut params: Params) -> Answer {
    let id = ids.one("person")?;
    let kind = params.read("kind", "departure or leave", OffboardingKind::parse);
    let successor = params.id("hand_supervisees_to");
    params.close()?;
    let plan = match kind {
        Some(kind) => Some(web.app.offboarding_plan(&api.actor, id, kind, successor).await?.into()),
        None => None,
    };
    let items = web.app.offboardings(&api.actor, id).await?.into_iter().map(OffboardingItem::from).collect();
    Ok(reply::ok(&Offboardings { plan, items }))
}

/// Off-board a person
///
/// All or nothing: the account becomes inactive (or on leave), sessions, links and tokens end, and assistants and
/// students go to another therapist. The license stays on the bill until it is released; `release_license` asks for that
/// in the same change.
#[utoipa::path(post, path = "/api/v1/people/{person}/offboarding", tag = "Credentials",
    params(crate::api::openapi::PersonPath), request_body = OffboardingInput,
    responses((status = 201, description = "Done", body = OffboardingItem,
        headers(("Location" = String, description = "Where the records are")))))]
pub(crate) async fn create(State(web): State<Web>, api: Api, ids: PathIds, mut body: Body) -> Answer {
    let id: PersonId = ids.one("person")?;
    let text = body.fields.text("kind");
    let text = body.fields.require("kind", text);
    let kind = text.as_deref().and_then(OffboardingKind::parse);
    if text.is_some() && kind.is_none() {
        body.fields.note(at("kind", Code::WrongType, &["kind", "departure or leave"]));
    }
    let successor: Option<PersonId> = body.fields.id("hand_supervisees_to");
    let release = body.fields.switch("release_license").unwrap_or(false);
    body.fields.close(&[])?;
    let Some(kind) = kind else { return Err(muster_app::AppError::NotFound.into()) };
    let left = web.app.offboard(&api.actor, id, kind, successor, release).await?;
    Ok(reply::created(&OffboardingItem::from(left), &format!("/api/v1/people/{id}/offboarding")))
}
