//! The description of the API, for programs and for people.

use axum::response::IntoResponse;

/// The OpenAPI document.
pub fn openapi_json() -> String {
    "{}".to_owned()
}

/// `GET /api/v1/openapi.json`
pub(crate) async fn document() -> impl IntoResponse {
    openapi_json()
}

/// `GET /api/docs`
pub(crate) async fn show() -> impl IntoResponse {
    "docs"
}
