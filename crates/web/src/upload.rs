//! Files on their way in: read up to a limit, never trusted by their name or declared type.

use std::io::{Read, Seek, Write};

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Multipart, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use muster_app::AppError;
use muster_domain::emr::LARGEST_IMAGE_BYTES;
use tempfile::SpooledTempFile;

use crate::context::Web;
use crate::errors::{PageError, page as plain_page};
use crate::extract::{Page, constant_time_eq, stale_form};
use crate::form::FormData;

/// Why a body could not be read.
#[derive(Debug)]
pub(crate) enum UnreadableBody {
    /// It is longer than allowed.
    TooLong,
    /// It did not arrive whole.
    Interrupted,
}

/// A whole body of at most `limit` bytes.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, UnreadableBody> {
    match Limited::new(body, limit).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(UnreadableBody::TooLong),
        Err(_) => Err(UnreadableBody::Interrupted),
    }
}

/// Largest CSV file, in bytes (contract, "Limits").
pub(crate) const LARGEST_CSV: usize = 256 * 1024 * 1024;
/// What a form holds in memory of a file; the rest of it waits on the disk.
const IN_MEMORY: usize = 1024 * 1024;

/// A file of a form, at its beginning.
pub(crate) type Upload = SpooledTempFile;

/// A form with one CSV file, sent by a signed-in person, its token checked.
pub(crate) struct FileForm {
    pub page: Page,
    pub form: FormData,
    /// The file with the name it came under; none when none was chosen.
    pub file: Option<(String, Upload)>,
}

impl FromRequest<Web> for FileForm {
    type Rejection = Response;
    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        posted(request, web, LARGEST_CSV, "This file is too large: it may have at most 256 MiB. Nothing was saved.")
            .await
    }
}

/// A form with one image, sent by a signed-in person, its token checked.
pub(crate) struct ImageForm {
    pub page: Page,
    pub form: FormData,
    /// The file; empty when none was chosen.
    pub file: Vec<u8>,
}

impl FromRequest<Web> for ImageForm {
    type Rejection = Response;
    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let too_large = "This file is too large: an image may have at most 5 MiB. Nothing was saved.";
        let FileForm { page, form, file } = posted(request, web, LARGEST_IMAGE_BYTES, too_large).await?;
        let mut bytes = Vec::new();
        if let Some((_, mut file)) = file {
            file.read_to_end(&mut bytes).map_err(|e| storage_failure(&e))?;
        }
        Ok(Self { page, form, file: bytes })
    }
}

async fn posted(request: Request, web: &Web, largest: usize, too_large: &str) -> Result<FileForm, Response> {
    let unreadable = |status: StatusCode| match status {
        StatusCode::PAYLOAD_TOO_LARGE => plain_page(status, too_large),
        _ => plain_page(StatusCode::BAD_REQUEST, "This form could not be read. Nothing was saved."),
    };
    let (mut parts, body) = request.into_parts();
    let page = Page::from_request_parts(&mut parts, web).await?;
    let mut request = Request::from_parts(parts, body);
    // The other fields of the form need a little room beside the file.
    DefaultBodyLimit::max(largest + 64 * 1024).apply(&mut request);
    let mut multipart = Multipart::from_request(request, web).await.map_err(|_| unreadable(StatusCode::BAD_REQUEST))?;
    let (mut pairs, mut file) = (Vec::new(), None);
    while let Some(mut field) = multipart.next_field().await.map_err(|e| unreadable(e.status()))? {
        let name = field.name().unwrap_or_default().to_owned();
        if let Some(called) = field.file_name().map(str::to_owned) {
            let mut spilled = SpooledTempFile::new(IN_MEMORY);
            while let Some(piece) = field.chunk().await.map_err(|e| unreadable(e.status()))? {
                spilled.write_all(&piece).map_err(|e| storage_failure(&e))?;
            }
            spilled.rewind().map_err(|e| storage_failure(&e))?;
            file = Some((called, spilled)).filter(|(called, _)| !called.is_empty());
        } else {
            pairs.push((name, field.text().await.map_err(|e| unreadable(e.status()))?));
        }
    }
    let form = FormData::of(pairs);
    if constant_time_eq(form.one("csrf"), &page.info.csrf) {
        Ok(FileForm { page, form, file })
    } else {
        Err(stale_form())
    }
}

fn storage_failure(error: &std::io::Error) -> Response {
    PageError(AppError::Internal(format!("keeping an upload: {error}"))).into_response()
}
