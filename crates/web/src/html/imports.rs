//! `/import`
use axum::response::{IntoResponse, Response};
use axum::extract::State;
use crate::context::Web;
use crate::extract::{Page, Posted};

/// `GET /import`
pub(crate) async fn show(State(_): State<Web>, _: Page) -> Response { "".into_response() }
/// `POST /import`
pub(crate) async fn save(State(_): State<Web>, _: Posted) -> Response { "".into_response() }
