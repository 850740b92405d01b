//! `/emr/bulk/{job}/undo`: what undoing would do, and doing it.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_domain::bulk::{BulkOutcome, ChangeSet};
use uuid::Uuid;

use super::draft::preview_summary;
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Button, ButtonKind, ButtonLink, Icon};
use crate::html::shell;
use crate::urls;

/// `GET /emr/bulk/{job}/undo`
pub(crate) async fn show(State(web): State<Web>, Path(id): Path<String>, page: Page) -> Response {
    let drawn = async { draw(&web, &page, id.parse().map_err(|_| AppError::NotFound)?).await };
    match drawn.await {
        Ok(markup) => markup.into_response(),
        Err(error @ AppError::Refused(_)) => refused(&web, &page, &error),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST /emr/bulk/{job}/undo`
pub(crate) async fn save(State(web): State<Web>, Path(id): Path<String>, posted: PageForm) -> Response {
    let page = posted.page;
    let Ok(id) = id.parse::<Uuid>() else { return PageError(AppError::NotFound).into_response() };
    match web.app.undo_bulk(&page.actor, id, None).await {
        Ok(view) => shell::redirect(&urls::bulk(view.job.id)),
        Err(error @ AppError::Refused(_)) => refused(&web, &page, &error),
        Err(error) => PageError(error).into_response(),
    }
}

fn refused(web: &Web, page: &Page, error: &AppError) -> Response {
    let said = if let AppError::Refused(refusals) = error { FormErrors::of(refusals) } else { FormErrors::default() };
    let body = html! {
        p.plain-links { a href=(urls::BULK_JOBS) { (parts::icon(Icon::ChevronLeft)) " Earlier bulk updates" } }
        (parts::heading("Undo a bulk update", None, &html! {}))
        (said.summary())
    };
    shell::refused(error, shell::page(web, page, "Undo a bulk update", None, &body))
}

async fn draw(web: &Web, page: &Page, id: Uuid) -> muster_app::Result<Markup> {
    let preview = web.app.preview_bulk_undo(&page.actor, id).await?;
    let clinics = web.app.clinics(&page.actor).await?;
    let possible = preview.outcome != BulkOutcome::Failed;
    let body = html! {
        p.plain-links { a href=(urls::bulk(id)) { (parts::icon(Icon::ChevronLeft)) " The bulk update" } }
        (parts::heading("Undo a bulk update", Some("Takes back what it did where nobody changed the user since. Everything else stays."), &html! {}))
        (parts::card("What would happen", &preview_summary(&preview, &ChangeSet::default(), &clinics)))
        form method="post" action=(urls::bulk_to(id, "undo")) {
            (parts::csrf_field(&page.info.csrf))
            (parts::form_actions(&html! {
                (parts::button_link(&ButtonLink { href: &urls::bulk(id), label: "Keep it", ..ButtonLink::default() }))
                @if possible { (parts::button(&Button { label: "Undo", kind: ButtonKind::Primary, icon: Some(Icon::Undo), ..Button::default() })) }
            }))
        }
    };
    Ok(shell::page(web, page, "Undo a bulk update", None, &body))
}
