//! `/audit`: who did what, for whom, when; filtered, sorted, exported.

use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use maud::{Markup, html};
use muster_app::audit::{AuditQuery, Recorded};
use muster_domain::audit::Action;
use muster_domain::emr::Permission;
use muster_domain::organizations::{Clinic, Organization};
use muster_domain::words::field_label;

use super::parts::{
    self, Button, ButtonLink, Change, ChipKind, Choice, Column, Field, FieldKind, Icon, Select, SortState, Table,
};
use super::shell::{self, moment};
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::Page;
use crate::form::FormData;
use crate::urls;

const PAGE: i64 = 50;

fn asked(form: &FormData, practice: Option<&Organization>) -> AuditQuery {
    let zone = practice.map_or(jiff::tz::TimeZone::UTC, Organization::zone);
    let midnight = |day: Date| day.to_zoned(zone.clone()).ok().map(|z| z.timestamp());
    let day = |name: &str| form.filled(name).and_then(|d| d.parse::<Date>().ok());
    AuditQuery {
        subject: form.filled("subject_id").and_then(|s| s.parse().ok()),
        actor: form.filled("actor_id").and_then(|s| s.parse().ok()),
        action: form.filled("action").map(str::to_owned),
        effect: form.filled("effect").map(str::to_owned),
        from: day("from").and_then(midnight),
        until: day("until").and_then(|d| d.checked_add(1.day()).ok()).and_then(midnight),
        ascending: form.one("sort") == "seq",
        after: form.filled("after").and_then(|a| a.parse().ok()),
        limit: PAGE,
    }
}

/// `GET /audit`
pub(crate) async fn show(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    let form = FormData::query(query.as_deref());
    let practice = page.info.organization.as_ref();
    let query = asked(&form, practice);
    let found = match web.app.audit_records(&page.actor, &query).await {
        Ok(found) => found,
        Err(error) => return PageError(error).into_response(),
    };
    let clinics = web.app.clinics(&page.actor).await.unwrap_or_default();
    let link = |sort: &str, after: &str, path: &str| {
        let keep = |name| form.one(name);
        urls::with_query(
            path,
            &[
                ("subject_id", keep("subject_id")),
                ("actor_id", keep("actor_id")),
                ("action", keep("action")),
                ("effect", keep("effect")),
                ("from", keep("from")),
                ("until", keep("until")),
                ("sort", sort),
                ("after", after),
            ],
        )
    };
    let without = |left_out: &str| {
        let names = ["subject_id", "actor_id", "action", "effect", "from", "until", "sort"];
        let pairs: Vec<(&str, &str)> = names.iter().filter(|n| **n != left_out).map(|n| (*n, form.one(n))).collect();
        urls::with_query(urls::AUDIT, &pairs)
    };
    let sort = form.one("sort");
    let turned = if query.ascending { "" } else { "seq" };
    let order = link(turned, "", urls::AUDIT);
    let state = if query.ascending { SortState::Ascending } else { SortState::Descending };
    let columns = [
        Column::sorted("When", &order, state),
        Column::new("Who"),
        Column::new("What").class("nowrap"),
        Column::new("For whom"),
        Column::new("Details"),
        Column::new("Where").class("nowrap"),
    ];
    let rows: Vec<Vec<Markup>> = found.records.iter().map(|r| row(r, practice, &clinics)).collect();
    let next = found.next.map(|seq| link(sort, &seq.to_string(), urls::AUDIT));
    let export = link(sort, "", urls::AUDIT_CSV);
    let body = html! {
        (parts::heading("Audit", Some("Every change and every refusal, in a chain that shows tampering."), &html! {
            (parts::button_link(&ButtonLink { href: &export, label: "Export as CSV", icon: Some(Icon::Download), ..ButtonLink::default() }))
        }))
        (filters(&form))
        (one_person(&form, &found.records, &without))
        @if rows.is_empty() {
            (parts::empty_state(Icon::History, "Nothing matches", "Widen the dates or remove a filter.", &html! { a href=(urls::AUDIT) { "Show everything" } }))
        } @else {
            (parts::data_table(&Table { caption: "Audit records", columns: &columns, rows: &rows, dense: true, ..Table::default() }))
            (parts::cursor_pager(None, next.as_deref(), ""))
        }
    };
    shell::page(&web, &page, "Audit", None, &body).into_response()
}

fn filters(form: &FormData) -> Markup {
    let action = form.one("action");
    let mut actions = vec![Choice::new("", "Any action", action)];
    actions.extend(Action::ALL.iter().map(|a| Choice::new(a.as_str(), a.label(), action)));
    let effect = form.one("effect");
    let effects = [
        Choice::new("", "Done or denied", effect),
        Choice::new("done", "Done", effect),
        Choice::new("denied", "Denied", effect),
    ];
    let controls = html! {
        (parts::select(&Select { name: "action", label: "Action", options: &actions, bare: true, ..Select::default() }))
        (parts::select(&Select { name: "effect", label: "Effect", options: &effects, bare: true, ..Select::default() }))
        (parts::input(&Field::new("from", "From", form.one("from")).kind(FieldKind::Date).bare()))
        (parts::input(&Field::new("until", "To", form.one("until")).kind(FieldKind::Date).bare()))
        (parts::button(&Button { label: "Show", icon: Some(Icon::Filter), ..Button::default() }))
    };
    html! {
        form method="get" action=(urls::AUDIT) role="search" aria-label="Audit filters" {
            @for name in ["subject_id", "actor_id", "sort"] {
                @if let Some(value) = form.filled(name) { input type="hidden" name=(name) value=(value); }
            }
            (parts::toolbar(&controls, &html! {}))
        }
    }
}

/// Whose records these are, and the way to everybody's.
fn one_person(form: &FormData, records: &[Recorded], without: &dyn Fn(&str) -> String) -> Markup {
    let first = records.first().map(|r| &r.entry);
    let about = first.map_or("one person", |e| e.subject_name.as_str());
    let by = first.map_or("one person", |e| e.actor_name.as_str());
    html! {
        @if form.filled("subject_id").is_some() || form.filled("actor_id").is_some() {
            div.active-filters {
                @if form.filled("subject_id").is_some() { (parts::filter_chip(&format!("About {about}"), &without("subject_id"))) }
                @if form.filled("actor_id").is_some() { (parts::filter_chip(&format!("By {by}"), &without("actor_id"))) }
            }
        }
    }
}

fn row(record: &Recorded, practice: Option<&Organization>, clinics: &[Clinic]) -> Vec<Markup> {
    let entry = &record.entry;
    let by = entry.actor_id.map(|id| urls::with_query(urls::AUDIT, &[("actor_id", &id.to_string())]));
    let about = entry.subject_id.map(|id| urls::with_query(urls::AUDIT, &[("subject_id", &id.to_string())]));
    let actor = if entry.actor_name.is_empty() { "Nobody signed in" } else { &entry.actor_name };
    vec![
        html! { span.nowrap { (moment(entry.at, practice)) } },
        html! { @if let Some(href) = by { a href=(href) { (actor) } } @else { (actor) } },
        html! {
            (Action::parse(&entry.action).map_or(entry.action.as_str(), |a| a.label()))
            @if entry.effect == "denied" { " " (parts::chip(ChipKind::Bad, "Denied")) }
        },
        html! { @if let Some(href) = about { a href=(href) { (entry.subject_name) } } @else { (entry.subject_name) } },
        details(&entry.detail, clinics, false),
        html! { (entry.channel.replace('_', " ")) @if !entry.address.is_empty() { span.under.soft { " " (entry.address) } } },
    ]
}

/// A recorded value as people read it: clinics and permissions by name, nothing for what is empty.
fn in_words(value: &serde_json::Value, clinics: &[Clinic]) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        serde_json::Value::String(text) if text.is_empty() => None,
        serde_json::Value::String(text) => {
            let clinic = clinics.iter().find(|c| c.id.to_string() == *text).map(|c| c.name.clone());
            let permission = Permission::parse(text).map(|p| p.label().to_owned());
            Some(clinic.or(permission).unwrap_or_else(|| text.clone()))
        }
        serde_json::Value::Array(items) => {
            let words: Vec<String> = items.iter().filter_map(|i| in_words(i, clinics)).collect();
            (!words.is_empty()).then(|| words.join(", "))
        }
        // Someone, or a licence.
        serde_json::Value::Object(thing) if thing.contains_key("name") => in_words(&thing["name"], clinics),
        serde_json::Value::Object(thing) if thing.contains_key("number") => {
            let parts = ["number", "state"].into_iter().filter_map(|k| thing.get(k)?.as_str());
            Some(parts.collect::<Vec<_>>().join(" "))
        }
        other => Some(other.to_string()),
    }
}

/// The name of a recorded field; one without a label of its own is read as it is written.
fn label(field: &str) -> String {
    let known = field_label(field);
    if known != field {
        return known.to_owned();
    }
    let mut letters = field.chars().map(|c| if c == '_' { ' ' } else { c });
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Before → after as a small table that opens when asked for, a single change at once.
pub(super) fn details(detail: &str, clinics: &[Clinic], open: bool) -> Markup {
    let Ok(serde_json::Value::Object(map)) = serde_json::from_str(detail) else { return html! {} };
    if map.is_empty() {
        return html! {};
    }
    let text = |value: &serde_json::Value| in_words(value, clinics);
    let changes: Vec<(String, Option<String>, Option<String>)> = map
        .iter()
        .map(|(field, value)| match (value.get("before"), value.get("after")) {
            (Some(before), Some(after)) => (label(field), text(before), text(after)),
            // Codes, such as why a sign-in failed.
            _ => (label(field), None, text(value).map(|t| if field == "because" { t.replace('_', " ") } else { t })),
        })
        .filter(|(_, before, after)| before.is_some() || after.is_some())
        .collect();
    let changes: Vec<Change> =
        changes.iter().map(|(f, b, a)| Change { field: f, before: b.as_deref(), after: a.as_deref() }).collect();
    let summary = changes.iter().map(|c| c.field).take(3).collect::<Vec<_>>().join(", ");
    html! {
        @if let [one] = changes.as_slice() {
            p.change {
                span.soft { (one.field) ": " }
                @if let Some(before) = one.before { del { (before) } " → " }
                @if let Some(after) = one.after { ins { (after) } } @else { span.soft { "nothing" } }
            }
        } @else if !changes.is_empty() {
            details open[open] { summary { (summary) @if changes.len() > 3 { " and " (changes.len() - 3) " more" } } (parts::change_table("Changes", &changes)) }
        }
    }
}

/// `GET /audit.csv`
pub(crate) async fn export(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    let form = FormData::query(query.as_deref());
    let query = asked(&form, page.info.organization.as_ref());
    match web.app.export_audit_csv(&page.actor, &query).await {
        Ok(csv) => {
            let name = format!("attachment; filename=\"audit-{}.csv\"", day(web.app.now()));
            ([(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)], csv)
                .into_response()
        }
        Err(error) => PageError(error).into_response(),
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}
