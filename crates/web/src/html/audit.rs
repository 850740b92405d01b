//! `/audit`: the audit record, filtered, sorted and exported.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use maud::{Markup, html};
use muster_app::audit::{AuditQuery, AuditRecord};
use muster_domain::audit::Action;
use muster_domain::emr::Permission;
use muster_domain::labels::field_label;
use muster_domain::organizations::{Clinic, Organization};

use super::parts::{
    self, Button, ButtonLink, Change, ChipKind, Choice, Column, Field, FieldKind, Icon, Select, SortState, Table,
};
use super::shell::{self, moment};
use crate::context::Web;
use crate::download;
use crate::errors::PageError;
use crate::extract::Page;
use crate::form::FormData;
use crate::html::people::person_choice::{NameFields, PersonChoice};
use crate::urls;

const PAGE: i64 = 50;

const ABOUT: NameFields = NameFields { typed: "subject", id: "subject_id" };
const BY: NameFields = NameFields { typed: "actor", id: "actor_id" };

fn query_of(form: &FormData, practice: Option<&Organization>) -> AuditQuery {
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
    match read(&web, &page, FormData::query(query.as_deref())).await {
        Ok(body) => shell::page(&web, &page, "Audit", None, &body).into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

/// This page or its file with the filters as they are, but for some.
fn address(path: &str, form: &FormData, changed: &[(&str, &str)]) -> String {
    let names = ["subject", "subject_id", "actor", "actor_id", "action", "effect", "from", "until", "sort"];
    let mut pairs = names.map(|name| (name, form.one(name))).to_vec();
    pairs.retain(|(name, _)| !changed.iter().any(|(c, _)| c == name));
    pairs.extend(changed);
    urls::with_query(path, &pairs)
}

async fn read(web: &Web, page: &Page, form: FormData) -> muster_app::Result<Markup> {
    let (about, form) = PersonChoice::of(web, page, form, ABOUT).await?;
    let (by, form) = PersonChoice::of(web, page, form, BY).await?;
    let people = web.app.may_list_people(&page.actor).then_some((&about, &by));
    let settled = |names: NameFields, id: &str| address(urls::AUDIT, &form, &[(names.typed, ""), (names.id, id)]);
    let question = [(&about, ABOUT), (&by, BY)]
        .into_iter()
        .find_map(|(choice, names)| choice.question(&settled(names, ""), |id| settled(names, id)));
    let lead = Some("Every change and every refusal, in a chain that shows tampering.");
    if let Some(question) = question {
        return Ok(html! {
            (parts::heading("Audit", lead, &html! {}))
            (filters(&form, people))
            (question)
        });
    }
    let practice = page.info.organization.as_ref();
    let query = query_of(&form, practice);
    let found = web.app.audit_records(&page.actor, &query).await?;
    let clinics = web.app.clinics(&page.actor).await.unwrap_or_default();
    let turned = if query.ascending { "" } else { "seq" };
    let order = address(urls::AUDIT, &form, &[("sort", turned)]);
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
    let next = found.next.map(|seq| address(urls::AUDIT, &form, &[("after", &seq.to_string())]));
    let export = address(urls::AUDIT_CSV, &form, &[]);
    Ok(html! {
        (parts::heading("Audit", lead, &html! {
            (parts::button_link(&ButtonLink { href: &export, label: "Export as CSV", icon: Some(Icon::Download), ..ButtonLink::default() }))
        }))
        (filters(&form, people))
        (one_person(&form, &found.records, &about, &by))
        @if rows.is_empty() {
            (parts::empty_state(Icon::History, "Nothing matches", "Widen the dates or remove a filter.", &html! { a href=(urls::AUDIT) { "Show everything" } }))
        } @else {
            (parts::data_table(&Table { caption: "Audit records", columns: &columns, rows: &rows, dense: true, ..Table::default() }))
            (parts::cursor_pager(None, next.as_deref(), ""))
        }
    })
}

fn filters(form: &FormData, people: Option<(&PersonChoice, &PersonChoice)>) -> Markup {
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
        @if let Some((about, by)) = people {
            (by.control(BY, "Who", "By anyone"))
            (about.control(ABOUT, "For whom", "About anyone"))
        }
        (parts::select(&Select { name: "action", label: "Action", options: &actions, bare: true, ..Select::default() }))
        (parts::select(&Select { name: "effect", label: "Effect", options: &effects, bare: true, ..Select::default() }))
        div.together {
            (parts::input(&Field::new("from", "From", form.one("from")).kind(FieldKind::Date).bare()))
            (parts::input(&Field::new("until", "To", form.one("until")).kind(FieldKind::Date).bare()))
            (parts::button(&Button { label: "Show", icon: Some(Icon::Filter), ..Button::default() }))
        }
    };
    html! {
        form method="get" action=(urls::AUDIT) role="search" aria-label="Audit filters" {
            @for name in [ABOUT.id, BY.id, "sort"] {
                @if let Some(value) = form.filled(name) { input type="hidden" name=(name) value=(value); }
            }
            (parts::toolbar(&controls, &html! {}))
        }
    }
}

/// Whose records these are, and the way to everybody's.
fn one_person(form: &FormData, records: &[AuditRecord], about: &PersonChoice, by: &PersonChoice) -> Markup {
    let first = records.first().map(|r| &r.entry);
    let about = about.name().or(first.map(|e| e.subject_name.as_str())).unwrap_or("one person");
    let by = by.name().or(first.map(|e| e.actor_name.as_str())).unwrap_or("one person");
    let chip = |words: &str, id: &str| parts::filter_chip(words, &address(urls::AUDIT, form, &[(id, "")]));
    html! {
        @if form.filled(ABOUT.id).is_some() || form.filled(BY.id).is_some() {
            div.active-filters {
                @if form.filled(ABOUT.id).is_some() { (chip(&format!("About {about}"), ABOUT.id)) }
                @if form.filled(BY.id).is_some() { (chip(&format!("By {by}"), BY.id)) }
            }
        }
    }
}

fn row(record: &AuditRecord, practice: Option<&Organization>, clinics: &[Clinic]) -> Vec<Markup> {
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
fn value_label(value: &serde_json::Value, clinics: &[Clinic]) -> Option<String> {
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
            let words: Vec<String> = items.iter().filter_map(|i| value_label(i, clinics)).collect();
            (!words.is_empty()).then(|| words.join(", "))
        }
        // Someone, or a license.
        serde_json::Value::Object(thing) if thing.contains_key("name") => value_label(&thing["name"], clinics),
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
    let text = |value: &serde_json::Value| value_label(value, clinics);
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
    let query = query_of(&form, page.info.organization.as_ref());
    let name = format!("audit-{}.csv", day(web.app.now()));
    match download::audit(&web, &page.actor, query, &name).await {
        Ok(file) => file,
        Err(error) => PageError(error).into_response(),
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}
