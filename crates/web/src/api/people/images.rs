//! `GET`, `PUT`, `DELETE /api/v1/people/{person}/picture` and `…/signature`

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use muster_app::AppError;
use muster_app::images::Image;
use muster_domain::Code;
use muster_domain::emr::{LARGEST_IMAGE_BYTES, SignatureOrigin};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::failure::{Answer, Failure, at};
use crate::api::params::Params;
use crate::api::path::PathIds;
use crate::api::reply;
use crate::context::Web;
use crate::extract::Api;
use crate::upload::{self, UnreadableBody};

/// What was kept of an image.
#[derive(Serialize, ToSchema)]
pub(crate) struct StoredImage {
    /// `image/png` or `image/jpeg`, whatever was sent.
    #[schema(example = "image/jpeg")]
    content_type: &'static str,
    /// In pixels.
    width: i64,
    /// In pixels.
    height: i64,
    /// Of the file that is kept, in hexadecimal; also its entity tag.
    sha256: String,
    /// `drawn` or `uploaded`, of a signature.
    origin: Option<&'static str>,
    /// The name of the person who set it.
    set_by: String,
    /// When.
    set_at: Timestamp,
}

impl From<&Image> for StoredImage {
    fn from(image: &Image) -> Self {
        Self {
            content_type: image.content_type,
            width: image.width,
            height: image.height,
            sha256: image.tag.clone(),
            origin: image.origin.map(SignatureOrigin::as_str),
            set_by: image.set_by.clone(),
            set_at: image.set_at,
        }
    }
}

/// The bytes, for this caller's own cache only, and requested again each time, because access may change.
fn shown(image: Option<Image>, asked: &HeaderMap) -> Answer {
    let image = image.ok_or(AppError::NotFound)?;
    let tag = format!("\"{}\"", image.tag);
    let known = asked.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    let fresh =
        known.is_some_and(|k| k.split(',').any(|t| t.trim().trim_start_matches("W/") == tag || t.trim() == "*"));
    let mut response: Response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, image.content_type)], image.bytes).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

fn stored_image(image: &Image) -> Response {
    let mut response = reply::ok(&StoredImage::from(image));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", image.tag)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The body of an upload. Its declared type only has to be an image's; what it really is, the content says.
async fn sent(request: Request) -> Answer<Vec<u8>> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.trim().to_ascii_lowercase().starts_with("image/") {
        return Err(Failure::Unreadable {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code: "wrong_content_type",
            detail: "Send the image itself as the body, as image/png or image/jpeg.",
        });
    }
    match upload::read(request.into_body(), LARGEST_IMAGE_BYTES).await {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(UnreadableBody::TooLong) => Err(Failure::Unreadable {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            code: "too_large",
            detail: "An image may have at most 5 MiB.",
        }),
        Err(UnreadableBody::Interrupted) => Err(Failure::Unreadable {
            status: StatusCode::BAD_REQUEST,
            code: "upload_interrupted",
            detail: "The image did not arrive whole. Nothing was saved.",
        }),
    }
}

/// Show a person's picture
///
/// 404 when there is none. `If-None-Match` is answered with 304.
#[utoipa::path(get, path = "/api/v1/people/{person}/picture", tag = "People",
    params(crate::api::openapi::PersonPath),
    responses((status = 200, description = "The picture: a square of at most 512 pixels", content_type = "image/jpeg"),
        (status = 304, description = "Unchanged")))]
pub(crate) async fn picture(
    State(web): State<Web>,
    api: Api,
    ids: PathIds,
    params: Params,
    headers: HeaderMap,
) -> Answer {
    params.close()?;
    shown(web.app.picture(&api.actor, ids.one("person")?).await?, &headers)
}

/// Set a person's picture
///
/// A square PNG, JPEG or WebP of at most 5 MiB and 4096 × 4096 pixels; with `crop=middle` its middle square is taken. It is turned upright, made smaller and encoded
/// anew, without metadata.
#[utoipa::path(put, path = "/api/v1/people/{person}/picture", tag = "People",
    params(crate::api::openapi::PersonPath,
        ("crop" = Option<String>, Query, description = "`middle`: cut out the middle square")),
    request_body(content = Vec<u8>, content_type = "image/png", description = "PNG, JPEG or WebP"),
    responses((status = 200, description = "Kept", body = StoredImage)))]
pub(crate) async fn set_picture(
    State(web): State<Web>,
    api: Api,
    ids: PathIds,
    mut params: Params,
    request: Request,
) -> Answer {
    let cut = params.read("crop", "middle", |text| (text == "middle").then_some(true)).unwrap_or(false);
    params.close()?;
    let id = ids.one("person")?;
    Ok(stored_image(&web.app.set_picture(&api.actor, id, sent(request).await?, cut).await?))
}

/// Remove a person's picture
#[utoipa::path(delete, path = "/api/v1/people/{person}/picture", tag = "People",
    params(crate::api::openapi::PersonPath),
    responses((status = 204, description = "Removed")))]
pub(crate) async fn remove_picture(State(web): State<Web>, api: Api, ids: PathIds) -> Answer {
    web.app.remove_picture(&api.actor, ids.one("person")?).await?;
    Ok(reply::nothing())
}

/// Show a person's signature
///
/// Of a therapist or an assistant; 404 when there is none. `If-None-Match` is answered with 304.
#[utoipa::path(get, path = "/api/v1/people/{person}/signature", tag = "People",
    params(crate::api::openapi::PersonPath),
    responses((status = 200, description = "The signature: ink on transparent ground", content_type = "image/png"),
        (status = 304, description = "Unchanged")))]
pub(crate) async fn signature(
    State(web): State<Web>,
    api: Api,
    ids: PathIds,
    params: Params,
    headers: HeaderMap,
) -> Answer {
    params.close()?;
    shown(web.app.signature(&api.actor, ids.one("person")?).await?, &headers)
}

/// Set a person's signature
///
/// Of a therapist or an assistant: a PNG or JPEG of at most 5 MiB and 4096 × 4096 pixels, dark on white or transparent
/// ground. It is trimmed, the white made transparent, and encoded anew, without metadata.
#[utoipa::path(put, path = "/api/v1/people/{person}/signature", tag = "People",
    params(crate::api::openapi::PersonPath,
        ("origin" = Option<String>, Query, description = "`drawn` or `uploaded` (the default)")),
    request_body(content = Vec<u8>, content_type = "image/png", description = "PNG or JPEG"),
    responses((status = 200, description = "Kept", body = StoredImage)))]
pub(crate) async fn set_signature(
    State(web): State<Web>,
    api: Api,
    ids: PathIds,
    mut params: Params,
    request: Request,
) -> Answer {
    let origin = params.text("origin");
    params.close()?;
    let id = ids.one("person")?;
    let origin = match origin.as_deref() {
        None => SignatureOrigin::Uploaded,
        Some(text) => SignatureOrigin::parse(text)
            .ok_or_else(|| Failure::fields(vec![at("origin", Code::NotUnderstood, &[&format!("“{text}”")])]))?,
    };
    Ok(stored_image(&web.app.set_signature(&api.actor, id, origin, sent(request).await?).await?))
}

/// Remove a person's signature
///
/// Refused while an assistant finishes SOAP notes with it.
#[utoipa::path(delete, path = "/api/v1/people/{person}/signature", tag = "People",
    params(crate::api::openapi::PersonPath),
    responses((status = 204, description = "Removed"), (status = 409, description = "In use")))]
pub(crate) async fn remove_signature(State(web): State<Web>, api: Api, ids: PathIds) -> Answer {
    web.app.remove_signature(&api.actor, ids.one("person")?).await?;
    Ok(reply::nothing())
}
