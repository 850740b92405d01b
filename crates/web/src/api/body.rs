//! The JSON body of a request, and the headers that make a request repeatable and safe against a race.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use muster_app::Idempotency;
use muster_domain::Code;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::failure::{Failure, at};
use super::fields::Fields;
use crate::context::Web;

/// Longest Idempotency-Key.
const LONGEST_KEY: usize = 200;

/// A JSON object that came with a request.
pub(crate) struct Body {
    /// Its fields.
    pub fields: Fields,
    /// The version the sender saw, from `If-Match`.
    pub expected: Option<i64>,
    /// From `Idempotency-Key`.
    pub idempotency: Option<Idempotency>,
}

impl FromRequest<Web> for Body {
    type Rejection = Failure;
    async fn from_request(request: Request, web: &Web) -> Result<Self, Failure> {
        let headers = request.headers().clone();
        let path = request.uri().path().to_owned();
        if !is_json(&headers) {
            return Err(Failure::Unreadable {
                status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                code: "wrong_content_type",
                detail: "Send the body as application/json (or application/merge-patch+json for PATCH).",
            });
        }
        let bytes = Bytes::from_request(request, web).await.map_err(|rejection| unreadable(rejection.status()))?;
        let value = serde_json::from_slice(&bytes).map_err(|_| unreadable(StatusCode::BAD_REQUEST))?;
        let Value::Object(map) = value else {
            return Err(Failure::fields(vec![crate::errors::ProblemField {
                field: None,
                code: Code::WrongType.as_str().to_owned(),
                message: "The body must be a JSON object.".to_owned(),
            }]));
        };
        let expected = expected_version(&headers);
        let idempotency = idempotency(&headers, &path, &bytes)?;
        Ok(Self { fields: Fields::new(map), expected, idempotency })
    }
}

/// `Idempotency-Key` of a request whose address says all.
pub(crate) struct PathIdempotency(pub Option<Idempotency>);

impl FromRequestParts<Web> for PathIdempotency {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Failure> {
        idempotency(&parts.headers, parts.uri.path(), &[]).map(Self)
    }
}

fn unreadable(status: StatusCode) -> Failure {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        Failure::Unreadable { status, code: "too_large", detail: "The body may have at most 1 MiB." }
    } else {
        let status = StatusCode::BAD_REQUEST;
        Failure::Unreadable { status, code: "malformed_json", detail: "The body is not well-formed JSON." }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(kind.as_str(), "application/json" | "application/merge-patch+json")
}

/// The version `If-Match` names. `*` matches whatever is stored; anything but one of our tags matches nothing.
pub(crate) fn expected_version(headers: &HeaderMap) -> Option<i64> {
    let value = headers.get(header::IF_MATCH)?.to_str().unwrap_or_default().trim();
    if value == "*" {
        return None;
    }
    let tag = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).and_then(|v| v.parse().ok());
    Some(tag.unwrap_or(-1))
}

/// What makes a repetition of the request recognizable: its key, and a hash over its address and body.
fn idempotency(headers: &HeaderMap, path: &str, body: &[u8]) -> Result<Option<Idempotency>, Failure> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().trim();
    if key.is_empty() {
        let fault = at("Idempotency-Key", Code::WrongType, &["Idempotency-Key", "printable ASCII text"]);
        return Err(Failure::fields(vec![fault]));
    }
    if key.len() > LONGEST_KEY {
        let fault = at("Idempotency-Key", Code::TextTooLong, &["Idempotency-Key", "200"]);
        return Err(Failure::fields(vec![fault]));
    }
    let mut hash = Sha256::new();
    hash.update(path.as_bytes());
    hash.update([0]);
    hash.update(body);
    Ok(Some(Idempotency { key: key.to_owned(), request_hash: hash.finalize().to_vec() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_strong_tag_of_ours_or_a_star_can_match() {
        let expected = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, value.parse().unwrap());
            expected_version(&headers)
        };
        assert_eq!(expected("\"7\""), Some(7));
        assert_eq!(expected("*"), None);
        for odd in ["7", "W/\"7\"", "\"7\", \"8\"", "\"x\"", ""] {
            assert_eq!(expected(odd), Some(-1), "{odd}");
        }
        assert_eq!(expected_version(&HeaderMap::new()), None);
    }
}
