//! Watching a bulk update. With scripts the numbers come by themselves; without, the page asks again every two seconds.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use http_body_util::channel::Channel;
use maud::{Markup, html};
use muster_app::AppError;
use muster_app::bulk::BulkView;
use muster_domain::bulk::BulkKind;
use serde_json::json;
use uuid::Uuid;

use super::labels::users;
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::Page;
use crate::html::parts::{self, Button, ButtonLink, Icon};
use crate::html::shell;
use crate::urls;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// Looks before the browser has to ask again: a stream must not outlive the server's patience when it stops.
const LOOKS: u32 = 20;

pub(super) fn draw(web: &Web, page: &Page, view: &BulkView) -> Markup {
    let id = view.job.id;
    let (done, all) = (view.job.tally.judged, u64::try_from(view.job.selected).unwrap_or(0));
    let title = if view.job.kind == BulkKind::Undo { "Undoing" } else { "Updating users" };
    let body = html! {
        noscript { meta http-equiv="refresh" content="2"; }
        (parts::heading(title, Some(&format!("{} selected. You can leave this page: it goes on without you.", users(all))), &html! {}))
        (super::steps_of(view.job.kind, 2))
        (parts::card("Progress", &html! {
            div #bulk-progress data-events=(urls::bulk_to(id, "events")) { (parts::progress("Users done", done, Some(all))) }
            div.cluster {
                (parts::button_link(&ButtonLink { href: &urls::bulk(id), label: "Look again", ..ButtonLink::default() }))
                form method="post" action=(urls::bulk_to(id, "cancel")) {
                    (parts::csrf_field(&page.info.csrf))
                    (parts::button(&Button { label: "Stop here", icon: Some(Icon::Close), ..Button::default() }))
                }
            }
            p.soft { "Stopping leaves what is done as it is; you can undo it afterward." }
        }))
    };
    shell::page(web, page, title, None, &body)
}

/// `GET /emr/bulk/{job}/events`: how far it has come, as server-sent events.
pub(crate) async fn events(State(web): State<Web>, Path(id): Path<String>, page: Page) -> Response {
    let found = async {
        let id: Uuid = id.parse().map_err(|_| AppError::NotFound)?;
        web.app.bulk_job(&page.actor, id).await
    };
    let mut view = match found.await {
        Ok(view) => view,
        Err(error) => return PageError(error).into_response(),
    };
    let (mut to, body) = Channel::<Bytes, std::convert::Infallible>::new(1);
    tokio::spawn(async move {
        for _ in 0..LOOKS {
            let tally = &view.job.tally;
            let now = json!({
                "done": tally.judged, "all": view.job.selected, "updated": tally.updated, "running": view.is_running(),
            });
            let event = format!("retry: 300\ndata: {now}\n\n");
            if to.send_data(Bytes::from(event)).await.is_err() || !view.is_running() {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            match web.app.bulk_job(&page.actor, view.job.id).await {
                Ok(next) => view = next,
                Err(_) => return,
            }
        }
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::new(body)).into_response()
}
