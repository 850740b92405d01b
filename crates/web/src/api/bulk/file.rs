//! Changes from a file, and the list as one.

use axum::extract::{Request, State};
use muster_app::bulk::FileOptions;
use muster_domain::bulk::ChangeSet;
use serde::Serialize;
use utoipa::ToSchema;

use super::shape::BulkPreviewShape;
use crate::api::failure::Answer;
use crate::api::imports::{check_headers, write_to_file};
use crate::api::params::Params;
use crate::api::reply;
use crate::context::Web;
use crate::extract::Api;

/// A row nothing can be done with.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangesFault {
    /// The line of the file; the header is line 1.
    line: u64,
    row: Vec<String>,
    /// The stable code.
    code: String,
    /// In words.
    message: String,
}

/// What a file of changes says, and what it would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangesFileShape {
    header: Vec<String>,
    /// The columns nothing is read from.
    ignored_columns: Vec<String>,
    /// Rows below the header.
    rows: u64,
    /// Rows nothing can be done with.
    faulty_rows: u64,
    /// The first 2,000 of them.
    faults: Vec<ChangesFault>,
    /// What the others would do; null when there are none.
    preview: Option<BulkPreviewShape>,
}

/// Read a file of changes
///
/// Changes nothing: `preview.preview_id` starts it. Each row names somebody who is there (`username`, `email`, `npi` or
/// `person_id`) and what to change: `add_permissions`, `remove_permissions`, `add_clinics`, `remove_clinics`, `status`, or
/// whole lists in `permissions` and `clinics`; several entries with `;` between them, clinics by name.
#[utoipa::path(post, path = "/api/v1/bulk-updates/file", tag = "Bulk updates",
    params(("map" = Option<Vec<String>>, Query, description = "What a column stands for, `Their column=our_field`, or `Their column=` to pass it over; repeatable")),
    request_body(content = String, content_type = "text/csv", description = "At most 256 MiB and 250,000 rows"),
    responses((status = 200, description = "What it says", body = ChangesFileShape)))]
pub(crate) async fn changes(State(web): State<Web>, api: Api, mut params: Params, request: Request) -> Answer {
    let map = params.pairs("map");
    params.close()?;
    check_headers(request.headers())?;
    let source = write_to_file(request.into_body()).await?;
    let options = FileOptions { name: String::new(), map };
    let (draft, file) = web.app.draft_bulk_from_file(&api.actor, source, options).await?;
    let preview = if draft.job.selected == 0 {
        None
    } else {
        let preview = web.app.preview_bulk(&api.actor, draft.job.id, &ChangeSet::default()).await?;
        Some(BulkPreviewShape::of(Some(draft.job.id), &preview))
    };
    let faults =
        file.faults.into_iter().map(|f| ChangesFault { line: f.line, row: f.row, code: f.code, message: f.message });
    Ok(reply::ok(&ChangesFileShape {
        header: file.header,
        ignored_columns: file.ignored,
        rows: file.rows,
        faulty_rows: file.faulty,
        faults: faults.collect(),
        preview,
    }))
}

/// Export people as CSV
///
/// Everybody the caller may see and who matches, in the columns an import and a file of changes read. The export is on
/// record.
#[utoipa::path(get, path = "/api/v1/people/export", tag = "Imports",
    params(("q" = Option<String>, Query, description = "Any part of name, user name, email or NPI"),
        ("user_type" = Option<String>, Query, description = "Of this type"),
        ("status" = Option<String>, Query, description = "`active` or `inactive`"),
        ("clinic_id" = Option<uuid::Uuid>, Query, description = "Member of this clinic"),
        ("permission" = Option<String>, Query, description = "Holder of this permission")),
    responses((status = 200, description = "A file", content_type = "text/csv", body = String)))]
pub(crate) async fn export(State(web): State<Web>, api: Api, mut params: Params) -> Answer {
    use muster_domain::emr::{Permission, Status, UserType};
    let filter = muster_app::Filter {
        q: params.text("q").unwrap_or_default(),
        user_type: params.read("user_type", "a user type such as PT", UserType::parse),
        status: params.read("status", "active or inactive", Status::parse),
        clinic: params.id("clinic_id"),
        permission: params.read("permission", "a permission such as edit_users", Permission::parse),
        ..muster_app::Filter::default()
    };
    params.close()?;
    Ok(crate::download::people(&web, &api.actor, filter).await?)
}
