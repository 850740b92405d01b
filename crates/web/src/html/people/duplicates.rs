//! `/people/duplicates`, and the question asked when somebody new looks like somebody who is there.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::people::{Candidates, Contact, MergeReceipt, Pair, PersonView};
use muster_domain::emr::{EmrAccount, Permission};
use muster_domain::organizations::Clinic;
use muster_domain::people::Reason;
use muster_domain::{ClinicId, PersonId};

use super::merge;
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::Page;
use crate::form::FormData;
use crate::html::emr::draft::Draft;
use crate::html::emr::side;
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Banner, BannerKind, Button, ChipKind, Column, Icon, Table};
use crate::html::shell::{self, moment};
use crate::urls;

/// What is compared, in words.
const FACTS: [&str; 10] =
    ["Name", "Previous names", "Type", "Email", "Phone", "User name", "NPI", "License", "Clinics", "Permissions"];

fn names(clinics: &[Clinic], ids: impl Iterator<Item = ClinicId>) -> String {
    let found: Vec<&str> = ids.filter_map(|id| clinics.iter().find(|c| c.id == id)).map(|c| c.name.as_str()).collect();
    found.join(", ")
}

pub(super) fn facts_of(view: &PersonView, clinics: &[Clinic]) -> [String; 10] {
    let person = &view.profile().person;
    let emr = view.profile().emr.as_ref();
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    let license = emr.map(|e| [&e.license.number, &e.license.state].into_iter().flatten().cloned().collect::<Vec<_>>());
    let mut places = names(clinics, view.clinics.iter().copied());
    if view.hidden_clinics > 0 {
        places = format!("{places} and {} more", view.hidden_clinics);
    }
    let held: Vec<&str> = emr.iter().flat_map(|e| e.permissions.iter()).map(Permission::label).collect();
    [
        person.full_name.clone(),
        person.previous_names.join(", "),
        emr.map(|e| e.user_type.as_str().to_owned()).unwrap_or_default(),
        text(person.email.as_ref()),
        text(person.phone.as_ref()),
        person.username.clone(),
        text(person.npi.as_ref()),
        license.unwrap_or_default().join(", "),
        places,
        held.join(", "),
    ]
}

fn facts_typed(draft: &Draft, clinics: &[Clinic]) -> [String; 10] {
    let held: Vec<&str> = Permission::ALL.into_iter().filter(|p| draft.ticks(*p)).map(Permission::label).collect();
    let license = [&draft.license_number, &draft.license_state].into_iter().filter(|t| !t.is_empty());
    [
        format!("{} {}", draft.first_name, draft.last_name),
        String::new(),
        draft.user_type.clone(),
        draft.email.clone(),
        draft.phone.clone(),
        draft.username.clone(),
        draft.npi.clone(),
        license.cloned().collect::<Vec<_>>().join(", "),
        names(clinics, draft.clinics.iter().copied()),
        held.join(", "),
    ]
}

pub(super) fn side_by_side(caption: &str, heads: [&str; 2], one: &[String; 10], other: &[String; 10]) -> Markup {
    let columns = [Column::new("Field"), Column::new(heads[0]), Column::new(heads[1])];
    let rows: Vec<Vec<Markup>> = FACTS
        .iter()
        .zip(one.iter().zip(other))
        .filter(|(_, (a, b))| !a.is_empty() || !b.is_empty())
        .map(|(fact, (a, b))| {
            let differs = !a.is_empty() && !b.is_empty() && a.trim().to_lowercase() != b.trim().to_lowercase();
            let cell = |text: &String| html! { @if text.is_empty() { span.soft { "none" } } @else { (text) } };
            vec![
                html! { (fact) },
                cell(a),
                html! { (cell(b)) @if differs { " " (parts::chip(ChipKind::Warn, "differs")) } },
            ]
        })
        .collect();
    parts::data_table(&Table { caption, columns: &columns, rows: &rows, row_header: Some(0), ..Table::default() })
}

fn why(score: u8, reasons: &[Reason]) -> Markup {
    html! {
        div.chips {
            (parts::chip(if score >= 90 { ChipKind::Bad } else { ChipKind::Warn }, &format!("{score} of 100 alike")))
            @for reason in reasons { (parts::chip(ChipKind::Plain, reason.sentence())) }
        }
    }
}

/// The question, inside the form of the new user; each answer is a button of that form.
pub(crate) fn question(draft: &Draft, clinics: &[Clinic], found: &Candidates, decided: &[String]) -> Markup {
    let open = |id: PersonId| !decided.contains(&id.to_string());
    html! {
        section #duplicates role="alert" {
            // The Enter key presses a form's first button; it must not answer the question.
            button.vh type="submit" tabindex="-1" aria-hidden="true" { "Ask again" }
            (parts::banner(&Banner::line(BannerKind::Warn, "Someone much like this is here already. Nothing was saved yet; what you typed is kept below.")))
            @for refusal in &found.taken.0 { p { (refusal.message) } }
            @for id in decided { input type="hidden" name="someone_else" value=(id); }
            @for candidate in &found.seen {
                @let person = &candidate.view.profile().person;
                @let id = person.id.to_string();
                @if open(person.id) {
                    h2 { (person.full_name) }
                    div.cluster {
                        (why(candidate.score, &candidate.reasons))
                        @if let Some(emr) = &candidate.view.profile().emr { (side::status(emr)) }
                    }
                    (side_by_side("What you typed beside who is here", ["What you typed", "Already here"], &facts_typed(draft, clinics), &facts_of(&candidate.view, clinics)))
                    div.cluster {
                        (parts::button(&Button { label: &format!("Same person: add the clinics and permissions to {}", person.full_name), sends: Some(("same_person", &id)), disabled: candidate.view.edit_refused.is_some(), ..Button::default() }))
                        (parts::button(&Button { label: &format!("Someone else than {}", person.full_name), sends: Some(("someone_else", &id)), ..Button::default() }))
                    }
                    @if let Some(refusal) = &candidate.view.edit_refused { p.soft { (refusal.message) } }
                }
            }
            @if found.hidden && !decided.iter().any(|d| d == "hidden") {
                h2 { "Someone you cannot see" }
                p { "A person much like this is here already, where you have no access. Ask someone who can see everyone whether it is the same person:" }
                (contacts(&found.ask))
                (parts::button(&Button { label: "Go on: it is someone else", sends: Some(("someone_else", "hidden")), ..Button::default() }))
            }
        }
    }
}

/// The contacts for a hidden candidate.
fn contacts(ask: &[Contact]) -> Markup {
    html! {
        @if ask.is_empty() { p { "a company admin of your practice." } }
        @else { ul { @for one in ask { li { (one.name) ", " a href={ "mailto:" (one.email) } { (one.email) } } } } }
    }
}

pub(super) fn identity(form: &FormData, name: &str) -> Option<PersonId> {
    form.filled(name).and_then(|text| text.parse().ok())
}

pub(super) fn compare_url(kept: PersonId, merged: PersonId) -> String {
    urls::with_query(urls::DUPLICATES, &[("kept", &kept.to_string()), ("merged", &merged.to_string())])
}

/// `GET /people/duplicates`: the list; with two people in the address, the two side by side.
pub(crate) async fn show(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    let form = FormData::query(query.as_deref());
    let drawn = match (identity(&form, "kept"), identity(&form, "merged")) {
        (Some(kept), Some(merged)) => merge::compare(&web, &page, kept, merged, &FormErrors::default()).await,
        _ => list(&web, &page, &form, &FormErrors::default()).await,
    };
    drawn.map_or_else(|error| PageError(error).into_response(), IntoResponse::into_response)
}

pub(super) async fn list(web: &Web, page: &Page, form: &FormData, said: &FormErrors) -> muster_app::Result<Markup> {
    let after = form.filled("after").and_then(|a| a.parse().ok());
    let found = web.app.duplicate_pairs(&page.actor, after).await?;
    let merges = web.app.merges(&page.actor).await?;
    let next = found.next.map(|n| urls::with_query(urls::DUPLICATES, &[("after", &n.to_string())]));
    let said_done = match form.one("done") {
        "merged" => {
            Some(Banner::line(BannerKind::Ok, "The two profiles are one now. You can undo that below for 30 days."))
        }
        "undone" => Some(Banner::line(BannerKind::Ok, "The merge was undone. Both profiles are what they were.")),
        "someone-else" => Some(Banner::line(BannerKind::Ok, "Noted. This pair will not come up again.")),
        _ => None,
    };
    let body = html! {
        (parts::heading("Possible duplicates", Some("People who may stand here twice. Compare them, then say whether they are one person."), &html! {}))
        (said.summary())
        @if found.pairs.is_empty() {
            (parts::empty_state(Icon::Check, "No pairs here", if next.is_some() { "There are more people to look through." } else { "Nobody seems to stand here twice." }, &html! {}))
        } @else {
            (pairs(&found.pairs))
        }
        @if after.is_some() || next.is_some() { (parts::cursor_pager(None, next.as_deref(), "Part of the practice")) }
        @if !merges.is_empty() { (parts::section("Merged in the last 30 days", None, &undo_table(page, &merges))) }
    };
    Ok(shell::page(web, page, "Possible duplicates", said_done, &body))
}

fn pairs(pairs: &[Pair]) -> Markup {
    let columns =
        [Column::new("One"), Column::new("Other"), Column::new("Why"), Column::new("Actions").class("actions").quiet()];
    let person = |view: &PersonView| {
        let person = &view.profile().person;
        let inactive = !view.profile().emr.as_ref().is_none_or(EmrAccount::is_active);
        html! { a href=(urls::user(person.id)) { (person.full_name) } div.soft.small { (person.username) @if inactive { ", inactive" } } }
    };
    let rows: Vec<Vec<Markup>> = pairs
        .iter()
        .map(|pair| {
            let (one, other) = (pair.older.profile().person.id, pair.newer.profile().person.id);
            let label = format!(
                "Compare {} and {}",
                pair.older.profile().person.full_name,
                pair.newer.profile().person.full_name
            );
            let go = html! { a.button.small href=(compare_url(one, other)) aria-label=(label) { "Compare" } };
            vec![person(&pair.older), person(&pair.newer), why(pair.score, &pair.reasons), go]
        })
        .collect();
    parts::data_table(&Table {
        caption: "Possible duplicates",
        columns: &columns,
        rows: &rows,
        row_header: Some(0),
        ..Table::default()
    })
}

fn undo_table(page: &Page, merges: &[MergeReceipt]) -> Markup {
    let columns = [
        Column::new("Kept"),
        Column::new("Merged into it"),
        Column::new("By"),
        Column::new("Actions").class("actions").quiet(),
    ];
    let practice = page.info.organization.as_ref();
    let link = |view: &PersonView| {
        let person = &view.profile().person;
        html! { a href=(urls::user(person.id)) { (person.full_name) } div.soft.small { (person.username) } }
    };
    let rows: Vec<Vec<Markup>> = merges
        .iter()
        .map(|m| {
            let undo = html! {
                form method="post" action=(urls::merge_undo(m.id)) {
                    (parts::csrf_field(&page.info.csrf))
                    (parts::button(&Button { label: "Undo", small: true, ..Button::default() }))
                }
            };
            let by = html! { (m.by) @if let Some(at) = m.at { div.soft.small { (moment(at, practice)) } } };
            vec![link(&m.kept), link(&m.merged), by, undo]
        })
        .collect();
    parts::data_table(&Table {
        caption: "Merges",
        columns: &columns,
        rows: &rows,
        row_header: Some(0),
        ..Table::default()
    })
}
