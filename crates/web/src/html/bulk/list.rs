//! `/emr/bulk`: earlier bulk updates, and those still running.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::bulk::BulkView;
use muster_domain::bulk::BulkKind;
use muster_domain::organizations::Clinic;

use super::labels::{changes, users};
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::Page;
use crate::form::FormData;
use crate::html::parts::{self, ButtonKind, ButtonLink, ChipKind, Column, Icon, Table};
use crate::html::shell::{self, moment};
use crate::urls;

/// On one page.
const PAGE: i64 = 50;

/// `GET /emr/bulk`
pub(crate) async fn show(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    match draw(&web, &page, &FormData::query(query.as_deref())).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

async fn draw(web: &Web, page: &Page, form: &FormData) -> muster_app::Result<Markup> {
    let after = form.filled("after").and_then(|a| a.parse().ok());
    let mut found = web.app.bulk_jobs(&page.actor, after, PAGE + 1).await?;
    let clinics = web.app.clinics(&page.actor).await?;
    let more = i64::try_from(found.len()).unwrap_or(0) > PAGE;
    found.truncate(usize::try_from(PAGE).unwrap_or(0));
    let columns =
        [Column::new("When"), Column::new("Changes"), Column::new("By"), Column::new("Users"), Column::new("Result")];
    let rows: Vec<Vec<Markup>> = found.iter().map(|v| row(page, v, &clinics)).collect();
    let new = ButtonLink {
        href: urls::BULK_SELECT,
        label: "Bulk update users",
        kind: ButtonKind::Primary,
        icon: Some(Icon::Users),
        ..ButtonLink::default()
    };
    let next =
        found.last().filter(|_| more).map(|v| urls::with_query(urls::BULK_JOBS, &[("after", &v.job.id.to_string())]));
    let body = html! {
        p.plain-links { a href=(urls::USERS) { (parts::icon(Icon::ChevronLeft)) " Users" } }
        (parts::heading("Bulk updates", Some("Each can be looked at, and undone for 30 days."), &parts::button_link(&new)))
        @if rows.is_empty() {
            (parts::empty_state(Icon::Users, "No bulk updates yet", "Change permissions, clinics or status of many users at once, with a preview first.", &html! {}))
        } @else {
            (parts::data_table(&Table { caption: "Bulk updates", columns: &columns, rows: &rows, row_header: Some(0), ..Table::default() }))
        }
        @if next.is_some() || after.is_some() {
            (parts::cursor_pager(after.map(|_: uuid::Uuid| urls::BULK_JOBS), next.as_deref(), ""))
        }
    };
    Ok(shell::page(web, page, "Bulk updates", None, &body))
}

fn row(page: &Page, view: &BulkView, clinics: &[Clinic]) -> Vec<Markup> {
    let organization = page.info.organization.as_ref();
    let when = view.job.started_at.map(|at| moment(at, organization)).unwrap_or_default();
    let what = match view.job.kind {
        BulkKind::Undo => "Undo of another bulk update".to_owned(),
        BulkKind::File => "Changes from a file".to_owned(),
        BulkKind::Update => changes(&view.changes, clinics),
    };
    let (kind, word) = match view.outcome.map(muster_domain::bulk::BulkOutcome::as_str) {
        None => (ChipKind::Plain, "running"),
        Some("complete") => (ChipKind::Ok, "all done"),
        Some("partial") => (ChipKind::Warn, "in part"),
        Some(_) => (ChipKind::Bad, "nobody"),
    };
    vec![
        html! { a href=(urls::bulk(view.job.id)) { (when) } },
        html! { (what) @if view.job.undone_by.is_some() { span.under { "undone" } } },
        html! { (view.job.actor_name) },
        html! { (users(view.job.tally.updated)) },
        parts::chip(kind, word),
    ]
}
