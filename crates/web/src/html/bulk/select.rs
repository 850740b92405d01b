//! `/emr/users/bulk`: the selection. It is kept in the form: single people by their ids, everybody who matches by
//! the filter and the people left out of it.

use std::collections::BTreeSet;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::{Markup, html};
use muster_app::bulk::{NewPreset, PresetContent, PresetFilter, Selection};
use muster_app::people::{ListQuery, PeoplePage};
use muster_app::{AppError, Cursor, Total};
use muster_domain::bulk::BulkKind;
use muster_domain::text::initials;
use muster_domain::{Code, PersonId, Refusal, Refusals};

use super::labels::users;
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::form::FormData;
use crate::html::emr::users::{ClinicNames, FILTER, controls, filter};
use crate::html::form_errors::FormErrors;
use crate::html::organizations::clinic_choice::ClinicChoice;
use crate::html::parts::{self, Button, ButtonKind, ButtonLink, Column, Field, Icon, Table};
use crate::html::shell;
use crate::urls;

/// People on one page.
const PAGE: i64 = 50;

/// What is chosen so far.
#[derive(Clone, Debug, Default)]
struct PeopleSelection {
    /// Everybody who matches, but for those left out.
    all: bool,
    /// People chosen, or with `all` left out.
    people: BTreeSet<PersonId>,
}

impl PeopleSelection {
    /// From a form: what other pages hold, and the boxes of this page.
    fn of(form: &FormData) -> Self {
        let ids = |name: &str| -> BTreeSet<PersonId> { form.all(name).filter_map(|t| t.parse().ok()).collect() };
        let (shown, ticked, mut people) = (ids("shown"), ids("person_ids"), ids("kept"));
        let all = form.one("everybody") == "true";
        for person in shown {
            if ticked.contains(&person) == all {
                people.remove(&person);
            } else {
                people.insert(person);
            }
        }
        Self { all, people }
    }

    fn has(&self, person: PersonId) -> bool {
        self.people.contains(&person) != self.all
    }
}

/// `GET /emr/users/bulk`
pub(crate) async fn show(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    let form = FormData::query(query.as_deref());
    let form = match preset(&web, &page, &form).await {
        Ok(form) => form,
        Err(error) => return PageError(error).into_response(),
    };
    let drawn = async {
        let (choice, form) = ClinicChoice::of(&web, &page, form).await?;
        draw(&web, &page, &form, &choice, &PeopleSelection::default(), &FormErrors::default()).await
    };
    match drawn.await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

/// The form with the filter of a saved selection, if one is asked for.
async fn preset(web: &Web, page: &Page, form: &FormData) -> muster_app::Result<FormData> {
    let Some(wanted) = form.filled("preset") else { return Ok(form.clone()) };
    let found = web.app.bulk_presets(&page.actor).await?;
    let kept = found.iter().find(|p| p.preset_id.to_string() == wanted);
    let Some(PresetContent::Selection(kept)) = kept.and_then(|p| PresetContent::of(&page.actor, p)) else {
        return Err(AppError::NotFound);
    };
    let PresetFilter { q, user_type, status, clinic_id, permission } = kept;
    let pairs = [
        ("q", Some(q)),
        ("user_type", user_type),
        ("status", status),
        ("clinic_id", clinic_id.map(|c| c.to_string())),
        ("permission", permission),
    ];
    Ok(FormData::of(pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()))
}

/// `POST /emr/users/bulk`
pub(crate) async fn save(State(web): State<Web>, posted: PageForm) -> Response {
    let page = posted.page;
    let (choice, form) = match ClinicChoice::of(&web, &page, posted.form).await {
        Ok(both) => both,
        Err(error) => return PageError(error).into_response(),
    };
    let mut chosen = PeopleSelection::of(&form);
    let refused = match form.one("go") {
        "everybody" => {
            chosen = PeopleSelection { all: true, people: BTreeSet::new() };
            None
        }
        "nobody" => {
            chosen = PeopleSelection::default();
            None
        }
        // Controls changed and not applied yet: what would be selected was not seen.
        "proceed" if chosen.all && form.one("seen_filter") != seen_filter(&form) => None,
        "proceed" => match proceed(&web, &page, &form, &chosen).await {
            Ok(to) => return shell::redirect(&to),
            Err(error) => Some(error),
        },
        "keep" => keep(&web, &page, &form).await.err(),
        _ => None,
    };
    let said = match &refused {
        Some(AppError::Refused(refusals)) => FormErrors::of(&as_list_errors(refusals)),
        Some(_) => return refused.map_or_else(|| ().into_response(), |e| PageError(e).into_response()),
        None => FormErrors::default(),
    };
    match (draw(&web, &page, &form, &choice, &chosen, &said).await, refused) {
        (Ok(markup), None) => markup.into_response(),
        (Ok(markup), Some(error)) => shell::refused(&error, markup),
        (Err(error), _) => PageError(error).into_response(),
    }
}

/// The refusals of a selection belong to its boxes.
fn as_list_errors(refusals: &Refusals) -> Refusals {
    let moved =
        |r: &Refusal| Refusal { field: r.field.map(|f| if f == "selection" { "people" } else { f }), ..r.clone() };
    Refusals(refusals.0.iter().map(moved).collect())
}

async fn proceed(web: &Web, page: &Page, form: &FormData, chosen: &PeopleSelection) -> muster_app::Result<String> {
    let people: Vec<PersonId> = chosen.people.iter().copied().collect();
    let (selection, left_out) =
        if chosen.all { (Selection::Filter(filter(form)), people) } else { (Selection::Ids(people), Vec::new()) };
    let draft = web.app.draft_bulk(&page.actor, selection).await?.job.id;
    if !left_out.is_empty() && web.app.leave_out_of_bulk(&page.actor, draft, &left_out).await? == 0 {
        return Err(Refusal::new("selection", Code::NobodySelected).into());
    }
    Ok(urls::bulk(draft))
}

/// The filter as the page was drawn with it.
fn seen_filter(form: &FormData) -> String {
    serde_json::to_string(&PresetFilter::of(&filter(form))).unwrap_or_default()
}

async fn keep(web: &Web, page: &Page, form: &FormData) -> muster_app::Result<()> {
    let content = PresetContent::Selection(PresetFilter::of(&filter(form)));
    web.app.save_bulk_preset(&page.actor, &NewPreset { name: form.one("name").to_owned(), content }).await.map(|_| ())
}

async fn draw(
    web: &Web,
    page: &Page,
    form: &FormData,
    choice: &ClinicChoice,
    chosen: &PeopleSelection,
    said: &FormErrors,
) -> muster_app::Result<Markup> {
    // Asks for the rights before anything else.
    let presets = web.app.bulk_presets(&page.actor).await?;
    let cursor = |name: &str| -> Option<Cursor> {
        form.filled(name).and_then(|a| URL_SAFE_NO_PAD.decode(a).ok()).and_then(|c| serde_json::from_slice(&c).ok())
    };
    let after = match form.one("go") {
        "next" => cursor("next"),
        "first" | "everybody" | "nobody" | "filter" => None,
        _ => cursor("after"),
    };
    let here = after.as_ref().and_then(|c| serde_json::to_vec(c).ok()).map(|c| URL_SAFE_NO_PAD.encode(c));
    let listed = ListQuery { filter: filter(form), after, limit: PAGE };
    let found = web.app.people(&page.actor, listed).await?;
    let names = ClinicNames::of(web, page, choice, &found).await?;
    let of = |clinic: &str| {
        let pairs = FILTER.map(|k| (k, if k == "clinic_id" { clinic } else { form.one(k) }));
        urls::with_query(urls::BULK_SELECT, &pairs)
    };
    let question = choice.question(&of(""), of);
    let saved: Vec<_> = presets.iter().filter(|p| p.kind == "selection").collect();
    let side = html! {
        (parts::button_link(&ButtonLink { href: urls::BULK_JOBS, label: "Earlier bulk updates", icon: Some(Icon::History), ..ButtonLink::default() }))
    };
    let body = html! {
        p.plain-links { a href=(urls::USERS) { (parts::icon(Icon::ChevronLeft)) " Users" } }
        (parts::heading("Bulk update users", Some("Choose whom it concerns. You see what would happen before anything is saved."), &side))
        (super::steps_of(BulkKind::Update, 0))
        (said.summary())
        @if !saved.is_empty() {
            p.saved { "Saved selections: " @for (n, p) in saved.iter().enumerate() { @if n > 0 { " · " } a href=(urls::with_query(urls::BULK_SELECT, &[("preset", &p.preset_id.to_string())])) { (p.name) } } }
        }
        form #select.bulk method="post" action=(urls::BULK_SELECT) data-selection {
            (parts::csrf_field(&page.info.csrf))
            @if chosen.all { input type="hidden" name="everybody" value="true"; }
            input type="hidden" name="seen_filter" value=(seen_filter(form));
            @if let Some(here) = &here { input type="hidden" name="after" value=(here); }
            (parts::toolbar(&html! {
                (controls(form, choice))
                (parts::button(&Button { label: "Filter", icon: Some(Icon::Filter), sends: Some(("go", "filter")), ..Button::default() }))
            }, &html! {}))
            (options(&found, chosen))
            (people(&found, chosen, &names, question.as_ref(), here.is_some(), said))
            (preset_form(form, said))
        }
    };
    Ok(shell::page(web, page, "Bulk update users", None, &body))
}

/// The buttons over the list, and how many are selected.
fn options(found: &PeoplePage, chosen: &PeopleSelection) -> Markup {
    let (matching, about) = match found.total {
        Total::Exact(n) => (u64::try_from(n).unwrap_or(0), ""),
        Total::About(n) => (u64::try_from(n).unwrap_or(0), "about "),
    };
    let on_page = |p: &PersonId| found.people.iter().any(|v| v.profile().person.id == *p);
    let elsewhere = chosen.people.iter().filter(|p| !on_page(p)).count() as u64;
    let here = found.people.iter().filter(|v| chosen.has(v.profile().person.id)).count() as u64;
    let base = if chosen.all {
        matching.saturating_sub(found.people.len() as u64).saturating_sub(elsewhere)
    } else {
        elsewhere
    };
    html! {
        div.cluster {
            (parts::button(&Button { label: &format!("Select all {about}{}", users(matching)), sends: Some(("go", "everybody")), ..Button::default() }))
            (parts::button(&Button { label: "Deselect all", sends: Some(("go", "nobody")), ..Button::default() }))
            (parts::button(&Button { label: "Proceed", kind: ButtonKind::Primary, sends: Some(("go", "proceed")), ..Button::default() }))
        }
        p #selected role="status" {
            @if chosen.all { (about) }
            strong { span data-selection-count data-base=(base) { (base + here) } } " selected"
            @if chosen.all { ", on all pages of this list" }
        }
    }
}

fn people(
    found: &PeoplePage,
    chosen: &PeopleSelection,
    names: &ClinicNames,
    question: Option<&Markup>,
    later: bool,
    said: &FormErrors,
) -> Markup {
    let on_page: BTreeSet<PersonId> = found.people.iter().map(|v| v.profile().person.id).collect();
    let columns = [
        Column { label: "Select", head: Some(parts::select_all("Select everybody on this page")), ..Column::default() },
        Column::new("Name"),
        Column::new("Type"),
        Column::new("Clinics"),
        Column::new("Status"),
    ];
    let rows: Vec<Vec<Markup>> = found
        .people
        .iter()
        .map(|view| {
            let person = &view.profile().person;
            let emr = view.profile().emr.as_ref();
            let shown = initials(&person.first_name, &person.last_name);
            let hue = parts::hue_of(person.full_name.as_bytes());
            vec![
                parts::row_checkbox(
                    "person_ids",
                    &person.id.to_string(),
                    &format!("Select {}", person.full_name),
                    chosen.has(person.id),
                ),
                parts::person_cell(&shown, hue, &person.full_name, &urls::user(person.id), &person.username),
                html! { @if let Some(e) = emr { (e.user_type.as_str()) } },
                html! { (names.shown(view)) },
                html! { @if let Some(e) = emr { (crate::html::emr::side::status(e)) } },
            ]
        })
        .collect();
    let next = found.next.as_ref().and_then(|c| serde_json::to_vec(c).ok()).map(|c| URL_SAFE_NO_PAD.encode(c));
    html! {
        div #people tabindex="-1" {
            @for error in said.at("people") { p.error #people-error { (parts::icon(Icon::Alert)) " " (error) } }
            @for id in &chosen.people { @if !on_page.contains(id) { input type="hidden" name="kept" value=(id); } }
            @for id in &on_page { input type="hidden" name="shown" value=(id); }
            @if let Some(question) = question {
                (question)
            } @else if found.people.is_empty() {
                (parts::empty_state(Icon::Search, "Nobody matches", "Try fewer letters, or remove a filter. People outside your clinics are not shown.", &html! {}))
            } @else {
                (parts::data_table(&Table { caption: "Users to select", columns: &columns, rows: &rows, row_header: Some(1), ..Table::default() }))
            }
            @if later || next.is_some() {
                nav.pager aria-label="Pages" {
                    p { "What you ticked stays ticked." }
                    div.cluster {
                        @if later { (parts::button(&Button { label: "First page", icon: Some(Icon::ChevronLeft), sends: Some(("go", "first")), ..Button::default() })) }
                        @if let Some(next) = &next {
                            input type="hidden" name="next" value=(next);
                            (parts::button(&Button { label: "Next page", icon: Some(Icon::ChevronRight), sends: Some(("go", "next")), ..Button::default() }))
                        }
                    }
                }
            }
        }
    }
}

fn preset_form(form: &FormData, said: &FormErrors) -> Markup {
    parts::disclosure(
        "Save this filter to use again",
        !said.at("name").is_empty(),
        &html! {
            p.soft { "Keeps what is filtered, for you and the other admins of the practice; not the single ticks." }
            (parts::input(&Field::new("name", "Name", form.one("name")).bare().errors(said.at("name"))))
            (parts::button(&Button { label: "Save filter", sends: Some(("go", "keep")), ..Button::default() }))
        },
    )
}
