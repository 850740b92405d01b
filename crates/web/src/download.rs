//! Files made while they are sent: piece by piece, however long they get.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use http_body_util::channel::Channel;
use muster_app::audit::AuditQuery;
use muster_app::credentials::WorklistQuery;
use muster_app::licenses::LedgerQuery;
use muster_app::{Actor, ExportChunk, Filter};
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
pub(crate) fn whole_file(name: &str, bytes: Vec<u8>) -> Response {
    csv(name, Body::from(bytes))
}

/// A file whose first piece was made before the answer begins, so that a refusal is still one; `more` makes the piece
/// after a place.
fn pieces<C, More>(name: &str, first: ExportChunk<C>, more: impl Fn(C) -> More + Send + 'static) -> Response
where
    C: Send + 'static,
    More: Future<Output = muster_app::Result<ExportChunk<C>>> + Send,
{
    let (mut to, body) = Channel::<Bytes, std::io::Error>::new(AHEAD);
    tokio::spawn(async move {
        let ExportChunk { mut csv, mut next } = first;
        loop {
            if to.send_data(Bytes::from(csv)).await.is_err() {
                return;
            }
            let Some(after) = next else { return };
            match more(after).await {
                Ok(made) => ExportChunk { csv, next } = made,
                // A file cut short must not look whole.
                Err(error) => return to.abort(std::io::Error::other(error.to_string())),
            }
        }
    });
    // Compressed, it is asked once more after its end.
    csv(name, Body::new(body.fuse()))
}

/// The filtered list.
pub(crate) async fn people(web: &Web, actor: &Actor, filter: Filter) -> muster_app::Result<Response> {
    let first = web.app.export_list(actor, &filter, None).await?;
    let (app, actor) = (web.app.clone(), actor.clone());
    Ok(pieces("users.csv", first, move |after| {
        let (app, actor, filter) = (app.clone(), actor.clone(), filter.clone());
        async move { app.export_list(&actor, &filter, Some(after)).await }
    }))
}

/// The results of a bulk update.
pub(crate) async fn results(web: &Web, actor: &Actor, id: Uuid) -> muster_app::Result<Response> {
    let first = web.app.bulk_results_csv(actor, id, None).await?;
    let (app, actor) = (web.app.clone(), actor.clone());
    Ok(pieces("bulk-update.csv", first, move |after| {
        let (app, actor) = (app.clone(), actor.clone());
        async move { app.bulk_results_csv(&actor, id, Some(after)).await }
    }))
}

/// The record.
pub(crate) async fn audit(web: &Web, actor: &Actor, query: AuditQuery, name: &str) -> muster_app::Result<Response> {
    let first = web.app.export_audit(actor, &query, None).await?;
    let (app, actor) = (web.app.clone(), actor.clone());
    Ok(pieces(name, first, move |at| {
        let (app, actor, query) = (app.clone(), actor.clone(), query.clone());
        async move { app.export_audit(&actor, &query, Some(at)).await }
    }))
}

/// The ledger of licenses.
pub(crate) async fn ledger(web: &Web, actor: &Actor, asked: LedgerQuery, name: &str) -> muster_app::Result<Response> {
    let first = web.app.export_license_ledger(actor, &asked, None).await?;
    let (app, actor) = (web.app.clone(), actor.clone());
    Ok(pieces(name, first, move |before| {
        let (app, actor, asked) = (app.clone(), actor.clone(), asked.clone());
        async move { app.export_license_ledger(&actor, &asked, Some(before)).await }
    }))
}

/// The worklist of credentials.
pub(crate) async fn credentials(
    web: &Web,
    actor: &Actor,
    asked: WorklistQuery,
    name: &str,
) -> muster_app::Result<Response> {
    let first = web.app.export_credentials(actor, &asked, None).await?;
    let (app, actor) = (web.app.clone(), actor.clone());
    Ok(pieces(name, first, move |after| {
        let (app, actor, asked) = (app.clone(), actor.clone(), asked.clone());
        async move { app.export_credentials(&actor, &asked, Some(after)).await }
    }))
}
