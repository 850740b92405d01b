//! `/support`: the operators' list of practices, and the way into one.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_domain::OrganizationId;
use muster_domain::text::unique_key;
use serde::Deserialize;

use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::html::parts::{self, Button, ChipKind, Column, Icon, Table};
use crate::html::shell;
use crate::urls;

const PAGE: i64 = 50;

/// What the address may carry.
#[derive(Deserialize)]
pub(crate) struct PracticesQuery {
    #[serde(default)]
    after: String,
}

/// `GET /support`
pub(crate) async fn show(State(web): State<Web>, Query(query): Query<PracticesQuery>, page: Page) -> Response {
    if !page.actor.is_support() {
        return PageError(AppError::NotFound).into_response();
    }
    let mut found = match web.app.organizations(&page.actor, &query.after, PAGE + 1).await {
        Ok(found) => found,
        Err(error) => return PageError(error).into_response(),
    };
    let more = found.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    found.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let current = page.info.organization.as_ref().map(|o| o.id);
    let rows: Vec<Vec<Markup>> = found
        .iter()
        .map(|o| {
            vec![
                html! { (o.name) },
                html! { (o.time_zone) },
                html! { a href=(urls::support_prices(o.id)) { "Prices" span.vh { " of " (o.name) } } },
                html! {
                    @if current == Some(o.id) { (parts::chip(ChipKind::Ok, "Open now")) }
                    form method="post" action=(urls::support_enter(o.id)) {
                        (parts::csrf_field(&page.info.csrf))
                        (parts::button(&Button { label: "Open", ..Button::default() }))
                    }
                },
            ]
        })
        .collect();
    let columns =
        [Column::new("Practice"), Column::new("Time zone"), Column::new("Licenses"), Column::new("Open").quiet()];
    let next =
        found.last().filter(|_| more).map(|o| urls::with_query(urls::SUPPORT, &[("after", &unique_key(&o.name))]));
    let body = html! {
        (parts::heading("Practices", Some("Opening one is recorded in its audit."), &html! {}))
        @if rows.is_empty() {
            (parts::empty_state(Icon::Building, "No practice yet", "Set one up with the set-up link, or with “muster setup”.", &html! {}))
        } @else {
            (parts::data_table(&Table { caption: "Practices", columns: &columns, rows: &rows, row_header: Some(0), ..Table::default() }))
            (parts::cursor_pager(None, next.as_deref(), ""))
        }
    };
    shell::page(&web, &page, "Practices", None, &body).into_response()
}

/// `POST /support/organizations/{organization}`
pub(crate) async fn enter(State(web): State<Web>, Path(id): Path<OrganizationId>, posted: PageForm) -> Response {
    match web.app.enter_organization(&posted.page.actor, &posted.page.token, id).await {
        Ok(()) => shell::redirect(urls::USERS),
        Err(error) => PageError(error).into_response(),
    }
}
