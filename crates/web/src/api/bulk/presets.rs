//! Selections and change sets under a name.

use axum::extract::State;
use muster_app::bulk::{NewPreset, Preset, PresetContent, PresetFilter};
use muster_domain::Code;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::read::{self, ChangeInput, FilterInput};
use super::shape::BulkChangeShape;
use crate::api::body::Body;
use crate::api::failure::{Answer, at};
use crate::api::params::Params;
use crate::api::path::PathIds;
use crate::api::reply;
use crate::context::Web;
use crate::extract::Api;

/// A saved selection: what is null does not narrow.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedFilter {
    q: String,
    user_type: Option<String>,
    status: Option<String>,
    clinic_id: Option<Uuid>,
    permission: Option<String>,
}

/// A selection or a change set under a name.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkPresetShape {
    id: Uuid,
    name: String,
    /// The selection; null for a change set.
    filter: Option<SavedFilter>,
    /// What; null for a selection. Changes of clinics out of the caller's reach are left out.
    changes: Option<Vec<BulkChangeShape>>,
    /// Who saved it.
    created_by: String,
}

/// What is saved.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkPresets {
    items: Vec<BulkPresetShape>,
    /// Always null: there is one page.
    next: Option<String>,
}

/// Something to keep: `filter` or `changes`, not both.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct PresetInput {
    /// One of the same kind and name is replaced.
    name: String,
    filter: Option<FilterInput>,
    changes: Option<Vec<ChangeInput>>,
}

fn shape(api: &Api, preset: &Preset) -> BulkPresetShape {
    let content = PresetContent::of(&api.actor, preset);
    let (filter, changes) = match content {
        Some(PresetContent::Selection(PresetFilter { q, user_type, status, clinic_id, permission })) => {
            let clinic_id = clinic_id.filter(|c| api.actor.authority().emr().reaches(*c)).map(|c| c.0);
            (Some(SavedFilter { q, user_type, status, clinic_id, permission }), None)
        }
        Some(PresetContent::Changes(changes)) => {
            (None, Some(super::shape::changes(&muster_domain::bulk::ChangeSet::in_order(changes))))
        }
        None => (None, None),
    };
    BulkPresetShape {
        id: preset.preset_id,
        name: preset.name.clone(),
        filter,
        changes,
        created_by: preset.created_by.clone(),
    }
}

/// List saved selections and change sets
#[utoipa::path(get, path = "/api/v1/bulk-updates/presets", tag = "Bulk updates",
    responses((status = 200, description = "Those of the practice, by kind and name", body = BulkPresets)))]
pub(crate) async fn list_presets(State(web): State<Web>, api: Api, params: Params) -> Answer {
    params.close()?;
    let items = web.app.bulk_presets(&api.actor).await?.iter().map(|p| shape(&api, p)).collect();
    Ok(reply::ok(&BulkPresets { items, next: None }))
}

/// Save a selection or a change set
///
/// For the whole practice, under a name.
#[utoipa::path(post, path = "/api/v1/bulk-updates/presets", tag = "Bulk updates",
    request_body(content = PresetInput, example = json!({"name": "Front-desk starter",
        "changes": [{"op": "add_permission", "value": "edit_patients"}]})),
    responses((status = 201, description = "Saved", body = BulkPresetShape,
        headers(("Location" = String, description = "Where it is")))))]
pub(crate) async fn save_preset(State(web): State<Web>, api: Api, mut body: Body) -> Answer {
    let fields = &mut body.fields;
    let name = fields.text("name");
    let name = fields.require("name", name).unwrap_or_default();
    let filter = fields.object("filter").map(|mut f| (read::filter_of(&mut f), f.end(&[])));
    let changes = fields.has("changes").then(|| read::change_set(fields));
    let content = match (filter, changes) {
        (Some((filter, faults)), None) => {
            for fault in faults {
                fields.note(fault);
            }
            Some(PresetContent::Selection(PresetFilter::of(&filter)))
        }
        (None, Some(set)) => Some(PresetContent::Changes(set.changes().to_vec())),
        _ => {
            fields.note(at("changes", Code::WrongType, &["changes", "given, or filter instead of it"]));
            None
        }
    };
    body.fields.close(&[])?;
    let Some(content) = content else { return Err(muster_app::AppError::NotFound.into()) };
    let preset = web.app.save_bulk_preset(&api.actor, &NewPreset { name, content }).await?;
    let location = format!("/api/v1/bulk-updates/presets/{}", preset.preset_id);
    Ok(reply::created(&shape(&api, &preset), &location))
}

/// Remove a saved selection or change set
#[utoipa::path(delete, path = "/api/v1/bulk-updates/presets/{preset}", tag = "Bulk updates",
    params(("preset" = Uuid, Path, description = "Which")),
    responses((status = 204, description = "Removed")))]
pub(crate) async fn remove_preset(State(web): State<Web>, api: Api, ids: PathIds) -> Answer {
    web.app.remove_bulk_preset(&api.actor, ids.one("preset")?).await?;
    Ok(reply::nothing())
}
