//! Files made while they are sent: piece by piece, however long they get.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use http_body_util::channel::Channel;
use muster_app::{Actor, Filter};
use uuid::Uuid;

use crate::context::Web;

/// Pieces made ahead of the one being sent.
const AHEAD: usize = 2;

fn csv(name: &str, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, body).into_response()
}

/// A whole file.
pub(crate) fn whole(name: &str, bytes: Vec<u8>) -> Response {
    csv(name, Body::from(bytes))
}

/// The filtered list. The first piece is made before the answer begins, so that a refusal is still one.
pub(crate) async fn people(web: &Web, actor: &Actor, filter: Filter) -> muster_app::Result<Response> {
    let first = web.app.export_list(actor, &filter, None).await?;
    let (mut to, body) = Channel::<Bytes, std::io::Error>::new(AHEAD);
    let (app, actor) = (web.app.clone(), actor.clone());
    tokio::spawn(async move {
        let mut piece = first;
        loop {
            if to.send_data(Bytes::from(piece.csv)).await.is_err() {
                return;
            }
            let Some(after) = piece.next else { return };
            match app.export_list(&actor, &filter, Some(after)).await {
                Ok(next) => piece = next,
                // A file cut short must not look whole.
                Err(error) => return to.abort(std::io::Error::other(error.to_string())),
            }
        }
    });
    Ok(csv("users.csv", Body::new(body)))
}

/// The results of a bulk update.
pub(crate) async fn results(web: &Web, actor: &Actor, id: Uuid) -> muster_app::Result<Response> {
    let first = web.app.bulk_results_csv(actor, id, None).await?;
    let (mut to, body) = Channel::<Bytes, std::io::Error>::new(AHEAD);
    let (app, actor) = (web.app.clone(), actor.clone());
    tokio::spawn(async move {
        let (mut csv, mut next) = first;
        loop {
            if to.send_data(Bytes::from(csv)).await.is_err() {
                return;
            }
            let Some(after) = next else { return };
            match app.bulk_results_csv(&actor, id, Some(after)).await {
                Ok(piece) => (csv, next) = piece,
                Err(error) => return to.abort(std::io::Error::other(error.to_string())),
            }
        }
    });
    Ok(csv("bulk-update.csv", Body::new(body)))
}
