//! `/emr/licenses/ledger`: every change of a total, and the same as a file.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::licenses::{Entry, LedgerQuery};
use muster_domain::licenses::Group;

use super::{View, group_choices, number, tabs};
use crate::context::Web;
use crate::download;
use crate::errors::PageError;
use crate::extract::Page;
use crate::form::FormData;
use crate::html::organizations::clinic_choice::ClinicChoice;
use crate::html::parts::{self, Button, ButtonLink, Column, Icon, Select, Table};
use crate::html::shell::{self, moment};
use crate::urls;

const PAGE: i64 = 50;

fn query_of(form: &FormData) -> LedgerQuery {
    LedgerQuery {
        clinic: form.filled("clinic_id").and_then(|c| c.parse().ok()),
        group: form.filled("group").and_then(Group::parse),
        before: form.filled("after").and_then(|a| a.parse().ok()),
        limit: PAGE,
    }
}

fn address(path: &str, form: &FormData, after: &str) -> String {
    urls::with_query(path, &[("clinic_id", form.one("clinic_id")), ("group", form.one("group")), ("after", after)])
}

/// `GET /emr/licenses/ledger`
pub(crate) async fn show(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    match draw(&web, &page, &FormData::query(query.as_deref())).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

async fn draw(web: &Web, page: &Page, form: &FormData) -> muster_app::Result<Markup> {
    let (choice, form) = &ClinicChoice::of(web, page, form.clone()).await?;
    let found = web.app.license_ledger(&page.actor, &query_of(form)).await?;
    let groups = group_choices(form.one("group"), Some("Any group"));
    let controls = html! {
        (choice.control())
        (parts::select(&Select { name: "group", label: "Group", options: &groups, bare: true, ..Select::default() }))
        (parts::button(&Button { label: "Show", icon: Some(Icon::Filter), ..Button::default() }))
    };
    let export = address(urls::LICENSE_LEDGER_CSV, form, "");
    let file = html! {
        (parts::button_link(&ButtonLink { href: &export, label: "Export as CSV", icon: Some(Icon::Download), ..ButtonLink::default() }))
    };
    let of =
        |clinic: &str| urls::with_query(urls::LICENSE_LEDGER, &[("clinic_id", clinic), ("group", form.one("group"))]);
    let next = found.next.map(|n| address(urls::LICENSE_LEDGER, form, &n.to_string()));
    let first = form.filled("after").map(|_| address(urls::LICENSE_LEDGER, form, ""));
    let body = html! {
        (parts::heading("Licenses", Some("Every change of a total. What a clinic has is what these lines add up to."), &html! {}))
        (tabs(View::Ledger))
        form method="get" action=(urls::LICENSE_LEDGER) role="search" aria-label="Ledger filters" { (parts::toolbar(&controls, &file)) }
        @if let Some(question) = choice.question(&of(""), of) {
            (question)
        } @else if found.items.is_empty() {
            (parts::empty_state(Icon::History, "No total was changed", "Until support sets a total, a clinic's licenses have no limit.", &html! { a href=(urls::LICENSES) { "Licenses by clinic" } }))
        } @else {
            (table(page, &found.items))
            @if next.is_some() || first.is_some() { (parts::cursor_pager(first.as_deref(), next.as_deref(), "")) }
        }
    };
    Ok(shell::page(web, page, "License ledger", None, &body))
}

/// Lines of the ledger.
pub(super) fn table(page: &Page, lines: &[Entry]) -> Markup {
    let practice = page.info.organization.as_ref();
    let columns = [
        Column::new("When"),
        Column::new("Clinic"),
        Column::new("License"),
        Column::new("Total"),
        Column::new("By"),
        Column::new("Why"),
    ];
    let row = |e: &Entry| {
        vec![
            html! { @if let Some(at) = e.at { span.nowrap { (moment(at, practice)) } } },
            html! { (e.clinic_name) },
            html! { (e.group.label()) },
            html! { span.nowrap { (number(e.before)) " " span aria-hidden="true" { "→" } span.vh { " to " } " " (number(e.after)) } },
            html! { (e.actor_name) },
            html! {
                @if let Some((id, n)) = e.request { a href=(urls::license_request(id)) { "Request " (n) } @if !e.note.is_empty() { ": " } }
                (e.note)
            },
        ]
    };
    let rows: Vec<Vec<Markup>> = lines.iter().map(row).collect();
    parts::data_table(&Table { caption: "Changes of totals", columns: &columns, rows: &rows, ..Table::default() })
}

/// `GET /emr/licenses/ledger.csv`
pub(crate) async fn export(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    let name = format!("license-ledger-{}.csv", shell::today(&web, &page));
    match download::ledger(&web, &page.actor, query_of(&FormData::query(query.as_deref())), &name).await {
        Ok(file) => file,
        Err(error) => PageError(error).into_response(),
    }
}
