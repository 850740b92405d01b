//! `/people/credentials`: whose credentials lack something, by name, filtered, and as a file.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::{Markup, html};
use muster_app::credentials::{WorklistItem, WorklistQuery};
use muster_domain::credentials::CredentialIssue;
use muster_domain::text::initials;

use crate::context::Web;
use crate::download;
use crate::errors::PageError;
use crate::extract::Page;
use crate::form::FormData;
use crate::html::organizations::clinic_choice::ClinicChoice;
use crate::html::parts::{self, Button, ButtonLink, ChipKind, Choice, Column, Icon, Select, Table};
use crate::html::shell;
use crate::urls;

const PAGE: i64 = 50;

fn query_of(form: &FormData) -> WorklistQuery {
    let cursor = form.filled("after").and_then(|a| URL_SAFE_NO_PAD.decode(a).ok());
    WorklistQuery {
        clinic: form.filled("clinic_id").and_then(|c| c.parse().ok()),
        kind: form.filled("kind").and_then(CredentialIssue::parse),
        after: cursor.and_then(|c| serde_json::from_slice(&c).ok()),
        limit: PAGE,
    }
}

fn address(path: &str, form: &FormData, after: &str) -> String {
    urls::with_query(path, &[("kind", form.one("kind")), ("clinic_id", form.one("clinic_id")), ("after", after)])
}

/// `GET /people/credentials`
pub(crate) async fn show(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    match draw(&web, &page, &FormData::query(query.as_deref())).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

async fn draw(web: &Web, page: &Page, form: &FormData) -> muster_app::Result<Markup> {
    let (choice, form) = &ClinicChoice::of(web, page, form.clone()).await?;
    let found = web.app.credentials_worklist(&page.actor, &query_of(form)).await?;
    let kind = form.one("kind");
    let mut kinds = vec![Choice::new("", "Everything", kind)];
    kinds.extend(CredentialIssue::ALL.iter().map(|i| Choice::new(i.as_str(), i.label(), kind)));
    let controls = html! {
        (parts::select(&Select { name: "kind", label: "Missing", options: &kinds, bare: true, ..Select::default() }))
        (choice.control())
    };
    let columns = [Column::new("Name"), Column::new("Type"), Column::new("Missing"), Column::new("Licenses run out")];
    let rows: Vec<Vec<Markup>> = found.items.iter().map(row).collect();
    let next = found.next.as_ref().and_then(|c| serde_json::to_vec(c).ok());
    let next = next.map(|c| address(urls::CREDENTIALS, form, &URL_SAFE_NO_PAD.encode(c)));
    let first = form.filled("after").map(|_| address(urls::CREDENTIALS, form, ""));
    let export = address(urls::CREDENTIALS_CSV, form, "");
    let of = |clinic: &str| urls::with_query(urls::CREDENTIALS, &[("kind", form.one("kind")), ("clinic_id", clinic)]);
    let body = html! {
        (parts::heading("Credentials", Some("Active people to whose credentials something is missing."), &html! {
            (parts::button_link(&ButtonLink { href: &export, label: "Export as CSV", icon: Some(Icon::Download), ..ButtonLink::default() }))
        }))
        form method="get" action=(urls::CREDENTIALS) role="search" aria-label="Credentials filters" {
            (parts::toolbar(&controls, &parts::button(&Button { label: "Show", icon: Some(Icon::Filter), ..Button::default() })))
        }
        @if let Some(question) = choice.question(&of(""), of) {
            (question)
        } @else if rows.is_empty() {
            (parts::empty_state(Icon::CheckCircle, "Nothing is missing", "Everyone you look after has what this list checks.", &html! { a href=(urls::CREDENTIALS) { "Show everything" } }))
        } @else {
            (parts::data_table(&Table { caption: "Credentials", columns: &columns, rows: &rows, row_header: Some(0), ..Table::default() }))
            @if next.is_some() || first.is_some() { (parts::cursor_pager(first.as_deref(), next.as_deref(), "")) }
        }
    };
    Ok(shell::page(web, page, "Credentials", None, &body))
}

fn row(item: &WorklistItem) -> Vec<Markup> {
    let person = &item.view.profile().person;
    let shown = initials(&person.first_name, &person.last_name);
    let hue = parts::hue_of(person.id.0.as_bytes());
    let kind = |issue: CredentialIssue| if issue == CredentialIssue::Expired { ChipKind::Bad } else { ChipKind::Warn };
    vec![
        parts::person_cell(&shown, hue, &person.full_name, &urls::user(person.id), &person.username),
        html! { @if let Some(e) = &item.view.profile().emr { abbr title=(e.user_type.title()) { (e.user_type.as_str()) } } },
        html! { div.chips { @for issue in &item.issues { (parts::chip(kind(*issue), issue.label())) } } },
        html! { @if let Some(day) = item.first_expiry() { span.nowrap { (day) } } },
    ]
}

/// `GET /people/credentials.csv`
pub(crate) async fn export(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    let asked = query_of(&FormData::query(query.as_deref()));
    let name = format!("credentials-{}.csv", shell::today(&web, &page));
    download::credentials(&web, &page.actor, asked, &name)
        .await
        .unwrap_or_else(|error| PageError(error).into_response())
}
