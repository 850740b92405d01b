//! Files on their way in: read up to a limit, never trusted by their name or declared type.

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Multipart, Request};
use axum::http::StatusCode;
use axum::response::Response;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use muster_domain::emr::LARGEST_IMAGE_BYTES;

use crate::context::Web;
use crate::errors::page;
use crate::extract::{Page, constant_time_eq, stale_form};
use crate::form::FormData;

/// Why a body could not be read.
#[derive(Debug)]
pub(crate) enum Cut {
    /// It is longer than allowed.
    TooLong,
    /// It did not arrive whole.
    Interrupted,
}

/// A whole body of at most `limit` bytes.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, Cut> {
    match Limited::new(body, limit).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Cut::TooLong),
        Err(_) => Err(Cut::Interrupted),
    }
}

/// A form with one image, sent by a signed-in person, its token checked.
pub(crate) struct PostedImage {
    pub page: Page,
    pub form: FormData,
    /// The file; empty when none was chosen.
    pub file: Vec<u8>,
}

impl FromRequest<Web> for PostedImage {
    type Rejection = Response;
    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let page_ = Page::from_request_parts(&mut parts, web).await?;
        let mut request = Request::from_parts(parts, body);
        // The other fields of the form need a little room beside the file.
        DefaultBodyLimit::max(LARGEST_IMAGE_BYTES + 64 * 1024).apply(&mut request);
        let mut multipart =
            Multipart::from_request(request, web).await.map_err(|_| unreadable(StatusCode::BAD_REQUEST))?;
        let (mut pairs, mut file) = (Vec::new(), Vec::new());
        while let Some(field) = multipart.next_field().await.map_err(|e| unreadable(e.status()))? {
            let name = field.name().unwrap_or_default().to_owned();
            if field.file_name().is_some() {
                file = field.bytes().await.map_err(|e| unreadable(e.status()))?.to_vec();
            } else {
                pairs.push((name, field.text().await.map_err(|e| unreadable(e.status()))?));
            }
        }
        let form = FormData::of(pairs);
        if constant_time_eq(form.one("csrf"), &page_.info.csrf) {
            Ok(Self { page: page_, form, file })
        } else {
            Err(stale_form())
        }
    }
}

fn unreadable(status: StatusCode) -> Response {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        page(status, "This file is too large: an image may have at most 5 MiB. Nothing was saved.")
    } else {
        page(StatusCode::BAD_REQUEST, "This form could not be read. Nothing was saved.")
    }
}
