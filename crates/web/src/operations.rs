//! What operators and their machines ask.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::context::Web;

/// `GET /healthz`: the process is alive.
pub(crate) async fn health() -> &'static str {
    "ok"
}

/// `GET /readyz`: the database answers.
pub(crate) async fn ready(State(web): State<Web>) -> Response {
    if web.app.ready().await {
        "ready".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], "the database does not answer").into_response()
    }
}
