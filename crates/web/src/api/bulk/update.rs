//! Preview, start, watch, cancel, undo.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use muster_app::bulk::BulkView;
use muster_domain::Code;
use uuid::Uuid;

use super::read::{self, BulkInput};
use super::shape::{BulkPreviewShape, BulkResultShape, BulkResultsShape, BulkUpdate, BulkUpdates};
use crate::api::body::{Body, PathIdempotency};
use crate::api::failure::{Answer, at};
use crate::api::params::{Params, encode};
use crate::api::path::PathIds;
use crate::api::reply;
use crate::context::Web;
use crate::extract::Api;

/// Refused people in the answer itself.
const NAMED: i64 = 200;

async fn answer(web: &Web, api: &Api, view: &BulkView) -> Answer<BulkUpdate> {
    let refused = web.app.bulk_results(&api.actor, view.job.id, true, None, NAMED).await?.items;
    Ok(BulkUpdate::of(view, &refused))
}

/// Preview a bulk update
///
/// Changes nothing. Says for each person and each change whether it would be made or refused, and why, and pins the
/// versions of the people selected: start it with `preview_id`, and people changed meanwhile are refused.
#[utoipa::path(post, path = "/api/v1/bulk-updates/preview", tag = "Bulk updates",
    request_body(content = BulkInput, example = json!({
        "selection": {"filter": {"user_type": "Clerical", "status": "active"}},
        "changes": [{"op": "add_permission", "value": "edit_patients"}]})),
    responses((status = 200, description = "What would happen", body = BulkPreviewShape)))]
pub(crate) async fn preview(State(web): State<Web>, api: Api, mut body: Body) -> Answer {
    let fields = &mut body.fields;
    let selection = read::selection(fields);
    let selection = fields.require("selection", selection);
    let changes = read::change_set(fields);
    body.fields.close(&[])?;
    let Some(selection) = selection else { return Err(muster_app::AppError::NotFound.into()) };
    let draft = web.app.draft_bulk(&api.actor, selection).await?;
    let preview = web.app.preview_bulk(&api.actor, draft.job.id, &changes).await?;
    Ok(reply::ok(&BulkPreviewShape::of(Some(draft.job.id), &preview)))
}

/// Update people in bulk
///
/// Each person is judged by the rules of a single edit and those of bulk updates; what a person may have is saved, what not
/// is refused with its reason. Small ones are done with the answer (201); larger ones go on in the background (202):
/// ask again until `state` is not `running`.
#[utoipa::path(post, path = "/api/v1/bulk-updates", tag = "Bulk updates", params(crate::api::openapi::IdempotencyKey),
    request_body(content = BulkInput, example = json!({
        "selection": {"ids": ["0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001"]},
        "changes": [{"op": "add_permission", "value": "edit_patients"}, {"op": "set_status", "value": "active"}]})),
    responses((status = 201, description = "Done", body = BulkUpdate,
        headers(("Location" = String, description = "Where it is"))),
        (status = 202, description = "Begun", body = BulkUpdate,
        headers(("Location" = String, description = "Where it is")))))]
pub(crate) async fn create(State(web): State<Web>, api: Api, mut body: Body) -> Answer {
    let fields = &mut body.fields;
    let of_preview: Option<Uuid> = fields.id("preview_id");
    let selection = read::selection(fields);
    if of_preview.is_some() == selection.is_some() && !fields.is_faulty() {
        fields.note(at("selection", Code::WrongType, &["selection", "given, or preview_id instead of it"]));
    }
    // A file's people have changes of their own.
    let changes = if of_preview.is_some() && !fields.has("changes") {
        muster_domain::bulk::ChangeSet::default()
    } else {
        read::change_set(fields)
    };
    let idempotency = body.idempotency;
    body.fields.close(&[])?;
    let view = match (of_preview, selection) {
        (Some(id), _) => web.app.start_bulk(&api.actor, id, &changes, idempotency.as_ref()).await?,
        (None, Some(selection)) => web.app.bulk_update(&api.actor, &selection, &changes, idempotency.as_ref()).await?,
        (None, None) => return Err(muster_app::AppError::NotFound.into()),
    };
    update_started(&web, &api, &view).await
}

async fn update_started(web: &Web, api: &Api, view: &BulkView) -> Answer {
    let status = if view.is_running() { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    let mut response = reply::json(status, &answer(web, api, view).await?);
    if let Ok(location) = HeaderValue::from_str(&format!("/api/v1/bulk-updates/{}", view.job.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// List bulk updates
///
/// The caller's own; all of the practice when the caller reaches every clinic.
#[utoipa::path(get, path = "/api/v1/bulk-updates", tag = "Bulk updates",
    params(("limit" = Option<i64>, Query, description = "1 to 200; 50 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, description = "A page", body = BulkUpdates)))]
pub(crate) async fn list(State(web): State<Web>, api: Api, mut params: Params) -> Answer {
    let limit = params.limit();
    let after: Option<Uuid> = params.cursor();
    params.close()?;
    let mut found = web.app.bulk_jobs(&api.actor, after, limit + 1).await?;
    let more = i64::try_from(found.len()).unwrap_or(0) > limit;
    found.truncate(usize::try_from(limit).unwrap_or(0));
    let next = found.last().filter(|_| more).map(|v| encode(&v.job.id));
    Ok(reply::ok(&BulkUpdates { items: found.iter().map(|v| BulkUpdate::of(v, &[])).collect(), next }))
}

/// Show a bulk update
#[utoipa::path(get, path = "/api/v1/bulk-updates/{bulk_update}", tag = "Bulk updates",
    params(("bulk_update" = Uuid, Path, description = "The bulk update")),
    responses((status = 200, description = "How far it has come, or how it went", body = BulkUpdate)))]
pub(crate) async fn show(State(web): State<Web>, api: Api, ids: PathIds) -> Answer {
    let view = web.app.bulk_job(&api.actor, ids.one("bulk_update")?).await?;
    Ok(reply::ok(&answer(&web, &api, &view).await?))
}

/// List what came of each person
#[utoipa::path(get, path = "/api/v1/bulk-updates/{bulk_update}/results", tag = "Bulk updates",
    params(("bulk_update" = Uuid, Path, description = "The bulk update"),
        ("refused" = Option<bool>, Query, description = "Only those who were refused something"),
        ("limit" = Option<i64>, Query, description = "1 to 200; 50 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, description = "A page", body = BulkResultsShape)))]
pub(crate) async fn results(State(web): State<Web>, api: Api, ids: PathIds, mut params: Params) -> Answer {
    let limit = params.limit();
    let after: Option<Uuid> = params.cursor();
    let refused = params.switch("refused").unwrap_or(false);
    params.close()?;
    let page = web.app.bulk_results(&api.actor, ids.one("bulk_update")?, refused, after, limit).await?;
    let items = page.items.iter().map(BulkResultShape::from).collect();
    Ok(reply::ok(&BulkResultsShape { items, next: page.next.as_ref().map(encode) }))
}

/// Cancel a bulk update
///
/// What was done stays done, and can be undone. One that is finished stays as it is.
#[utoipa::path(post, path = "/api/v1/bulk-updates/{bulk_update}/cancel", tag = "Bulk updates",
    params(("bulk_update" = Uuid, Path, description = "The bulk update")),
    responses((status = 200, description = "As it stands now", body = BulkUpdate)))]
pub(crate) async fn cancel(State(web): State<Web>, api: Api, ids: PathIds) -> Answer {
    let view = web.app.cancel_bulk(&api.actor, ids.one("bulk_update")?).await?;
    Ok(reply::ok(&answer(&web, &api, &view).await?))
}

/// Preview the undo of a bulk update
///
/// Changes nothing.
#[utoipa::path(post, path = "/api/v1/bulk-updates/{bulk_update}/undo-preview", tag = "Bulk updates",
    params(("bulk_update" = Uuid, Path, description = "The bulk update")),
    responses((status = 200, description = "What undoing would do", body = BulkPreviewShape)))]
pub(crate) async fn undo_preview(State(web): State<Web>, api: Api, ids: PathIds) -> Answer {
    let preview = web.app.preview_bulk_undo(&api.actor, ids.one("bulk_update")?).await?;
    Ok(reply::ok(&BulkPreviewShape::of(None, &preview)))
}

/// Undo a bulk update
///
/// Takes back what it did where nobody changed the person since, within 30 days. The undo is a bulk update of its own,
/// with its own results.
#[utoipa::path(post, path = "/api/v1/bulk-updates/{bulk_update}/undo", tag = "Bulk updates",
    params(("bulk_update" = Uuid, Path, description = "The bulk update"), crate::api::openapi::IdempotencyKey),
    responses((status = 201, description = "Undone", body = BulkUpdate,
        headers(("Location" = String, description = "Where the undo is"))),
        (status = 202, description = "Begun", body = BulkUpdate,
        headers(("Location" = String, description = "Where the undo is")))))]
pub(crate) async fn undo(
    State(web): State<Web>,
    api: Api,
    ids: PathIds,
    PathIdempotency(key): PathIdempotency,
) -> Answer {
    let view = web.app.undo_bulk(&api.actor, ids.one("bulk_update")?, key.as_ref()).await?;
    update_started(&web, &api, &view).await
}
