//! `/emr/licenses/unused`: what is paid for and held by nobody.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_domain::licenses::{RequestKind, UNUSED_DAYS};
use serde::Deserialize;

use super::{View, ask_address, tabs};
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::Page;
use crate::html::parts::{self, Banner, BannerKind, Column, Icon, Table};
use crate::html::shell;
use crate::urls;

const PAGE: usize = 50;

/// What the address may carry.
#[derive(Deserialize)]
pub(crate) struct UnusedQuery {
    #[serde(default)]
    after: String,
}

/// `GET /emr/licenses/unused`
pub(crate) async fn show(State(web): State<Web>, Query(query): Query<UnusedQuery>, page: Page) -> Response {
    match draw(&web, &page, query.after.parse().unwrap_or(0)).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

async fn draw(web: &Web, page: &Page, skip: usize) -> muster_app::Result<Markup> {
    let report = web.app.unused_licenses(&page.actor, skip, PAGE).await?;
    let columns = [
        Column::new("Clinic"),
        Column::new("License"),
        Column::new("Unused").class("num"),
        Column::new("Of").class("num"),
        Column::new("A month").class("num"),
        Column::new("What to do").quiet(),
    ];
    let row = |u: &muster_app::licenses::UnusedLicenses| {
        let note = format!("Unused for {UNUSED_DAYS} days");
        let release = ask_address(RequestKind::Release, u.clinic, u.group, u.unused, &note);
        vec![
            html! { a href=(urls::clinic_licenses(u.clinic)) { (u.clinic_name) } },
            html! { (u.group.label()) },
            html! { (u.unused) },
            html! { (u.total) },
            html! { @match &u.monthly { Some(m) => (m.written()), None => span.soft { "no price" } } },
            html! { a href=(release) { "Release" span.vh { " " (u.unused) " " (u.group.as_str()) " of " (u.clinic_name) } } },
        ]
    };
    let rows: Vec<Vec<Markup>> = report.items.iter().map(row).collect();
    let plural = if report.licenses == 1 { "license was" } else { "licenses were" };
    let cost = report.monthly.as_ref().map(|m| format!(" They cost {} a month.", m.written())).unwrap_or_default();
    let sum = format!("{} {plural} held by nobody for {UNUSED_DAYS} days or longer.{cost}", report.licenses);
    let at = |n: usize| urls::with_query(urls::LICENSE_UNUSED, &[("after", &n.to_string())]);
    let next = report.next.map(at);
    let first = (skip > 0).then(|| urls::LICENSE_UNUSED.to_owned());
    let body = html! {
        (parts::heading("Licenses", Some("Paid for, and held by nobody."), &html! {}))
        (tabs(View::Unused))
        @if rows.is_empty() {
            (parts::empty_state(Icon::CheckCircle, "Every license is in use", &format!("Nothing you pay for has been free for {UNUSED_DAYS} days."), &html! { a href=(urls::LICENSES) { "Licenses by clinic" } }))
        } @else {
            (parts::banner(&Banner::line(BannerKind::Info, &sum)))
            (parts::data_table(&Table { caption: "Unused licenses", columns: &columns, rows: &rows, row_header: Some(0), ..Table::default() }))
            @if next.is_some() || first.is_some() { (parts::cursor_pager(first.as_deref(), next.as_deref(), "")) }
        }
    };
    Ok(shell::page(web, page, "Unused licenses", None, &body))
}
