//! `POST /api/v1/imports`

use std::collections::BTreeMap;
use std::io::{Seek, SeekFrom};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use muster_app::imports::{ImportOptions, ImportReport, ImportStatus};
use muster_app::{AppError, Channel};
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use utoipa::ToSchema;
use uuid::Uuid;

use super::failure::{Answer, Failure};
use super::params::Params;
use super::people::duplicates::ContactPerson;
use super::reply;
use crate::context::Web;
use crate::errors::ProblemField;
use crate::extract::Api;
use crate::upload::LARGEST_CSV;

/// What came of an import.
#[derive(Serialize)]
struct ImportAnswer {
    outcome: ImportStatus,
    #[serde(flatten)]
    report: ImportReport,
}

/// What came of an import, or would come of it.
#[derive(ToSchema)]
#[allow(dead_code)] // describes `ImportAnswer`
pub(crate) struct ImportResult {
    /// `all`, `some` or `nothing` of the file was accepted.
    outcome: String,
    /// Nothing was saved; this is what would happen.
    dry_run: bool,
    /// The columns of the file.
    header: Vec<String>,
    /// Those of them nothing is read from.
    ignored_columns: Vec<String>,
    /// Rows below the header.
    rows: u64,
    /// People added.
    added: u64,
    /// People who were there already, and stay as they are.
    unchanged: u64,
    /// Rows refused.
    refused_rows: u64,
    /// The first 10,000 of them.
    refused: Vec<ImportRefusal>,
    /// How often each reason was given, over all rows.
    refused_by_code: BTreeMap<String, u64>,
    /// People added who may be somebody who is there already. `/people/duplicates` lists the pairs.
    possible_duplicates: u64,
    /// The first 1,000 of them, with candidates and reasons.
    possible_duplicate_rows: Vec<ImportLikeness>,
    /// Company admins who can say who is meant where `hidden`; else empty.
    ask: Vec<ContactPerson>,
    /// Clinics added.
    clinics_added: u64,
    /// The first 1,000 of them, by name.
    new_clinics: Vec<String>,
    /// What still has to be done about the people added.
    flags: ImportFlags,
}

/// A row that was not imported, and why.
#[derive(ToSchema)]
#[allow(dead_code)] // as above
pub(crate) struct ImportRefusal {
    /// The line of the file it begins on; the header is line 1.
    line: u64,
    /// Its cells; null when it is very long.
    row: Option<Vec<String>>,
    /// Every reason.
    refusals: Vec<ProblemField>,
}

/// A row whose person may be somebody who is there already.
#[derive(ToSchema)]
#[allow(dead_code)] // as above
pub(crate) struct ImportLikeness {
    /// The line of the file it begins on.
    line: u64,
    /// The candidates, the most similar first; at most three.
    candidates: Vec<ImportCandidate>,
    /// There is somebody the caller may not see.
    hidden: bool,
}

/// Somebody a row is like.
#[derive(ToSchema)]
#[allow(dead_code)] // as above
pub(crate) struct ImportCandidate {
    /// Who; null for somebody a dry run would have added.
    person_id: Option<Uuid>,
    /// The line of the file, for somebody of a row shortly before; else null.
    line: Option<u64>,
    /// The name as shown.
    full_name: String,
    /// How alike, up to 100.
    score: u8,
    /// Why, as codes such as `nickname`.
    reasons: Vec<String>,
}

/// Counts.
#[derive(ToSchema)]
#[allow(dead_code)] // as above
pub(crate) struct ImportFlags {
    npi_placeholders: u64,
    license_placeholders: u64,
    needs_email: u64,
    no_license: u64,
    usernames_made_up: u64,
    invited: u64,
}

/// Import people from CSV
///
/// Also with the public CMS clinician columns. Rows that are refused are reported and the rest is saved; people
/// who are there already are left unchanged, so the same file may be sent again. Nothing is imported of a file that did
/// not arrive whole.
#[utoipa::path(post, path = "/api/v1/imports", tag = "Imports",
    params(("dry_run" = Option<bool>, Query, description = "Say what would happen, and do nothing"),
        ("map" = Option<Vec<String>>, Query, description = "What a column stands for, `Their column=our_field`, or `Their column=` to pass it over; repeatable"),
        ("clinic_without_address" = Option<String>, Query, description = "The clinic for rows of a file with addresses that have none"),
        ("invite" = Option<bool>, Query, description = "Send everyone added with an active profile an invitation")),
    request_body(content = String, content_type = "text/csv", description = "At most 256 MiB"),
    responses((status = 200, description = "What came of it", body = ImportResult)))]
pub(crate) async fn handle(State(web): State<Web>, api: Api, mut params: Params, request: Request) -> Answer {
    let usual = ImportOptions::default();
    let options = ImportOptions {
        dry_run: params.switch("dry_run").unwrap_or(usual.dry_run),
        map: params.pairs("map"),
        clinic_without_address: params.text("clinic_without_address").unwrap_or(usual.clinic_without_address),
        invite: params.switch("invite").unwrap_or(usual.invite),
    };
    params.close()?;
    check_headers(request.headers())?;
    let file = write_to_file(request.into_body()).await?;
    let actor = api.actor.through(Channel::Import);
    let report = web.app.import_people(&actor, file, options, |_| {}).await?;
    Ok(reply::ok(&ImportAnswer { outcome: report.outcome(), report }))
}

pub(super) fn check_headers(headers: &HeaderMap) -> Answer<()> {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = text(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind != "text/csv" {
        return Err(Failure::Unreadable {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code: "wrong_content_type",
            detail: "Send the file as text/csv.",
        });
    }
    if text(header::CONTENT_LENGTH).parse().is_ok_and(|length: usize| length > LARGEST_CSV) {
        return Err(too_large());
    }
    Ok(())
}

fn too_large() -> Failure {
    let status = StatusCode::PAYLOAD_TOO_LARGE;
    Failure::Unreadable { status, code: "too_large", detail: "A file may have at most 256 MiB." }
}

/// Keeps the body in an unnamed file: a cut-off upload must not import half a row, and memory holds one piece of it
/// at a time.
pub(super) async fn write_to_file(mut body: Body) -> Answer<std::fs::File> {
    let internal = |error: std::io::Error| Failure::App(AppError::Internal(format!("keeping an upload: {error}")));
    let file = tokio::task::spawn_blocking(tempfile::tempfile).await;
    let file = file.map_err(|e| AppError::Internal(e.to_string()))?.map_err(internal)?;
    let mut file = tokio::fs::File::from_std(file);
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(Failure::Unreadable {
                status: StatusCode::BAD_REQUEST,
                code: "upload_interrupted",
                detail: "The file did not arrive whole. Nothing was imported.",
            });
        };
        let Some(piece) = frame.data_ref() else { continue };
        length += piece.len();
        if length > LARGEST_CSV {
            return Err(too_large());
        }
        file.write_all(piece).await.map_err(internal)?;
    }
    file.flush().await.map_err(internal)?;
    let mut file = file.into_std().await;
    file.seek(SeekFrom::Start(0)).map_err(internal)?;
    Ok(file)
}
