//! `/emr/users`: the list, searched, filtered, sorted, page by page; all of it in the address.

use std::collections::HashMap;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::{Markup, html};
use muster_app::licenses::PoolSum;
use muster_app::people::{ListQuery, PeoplePage, PersonView};
use muster_app::{Filter, Sort, Total};
use muster_domain::ClinicId;
use muster_domain::emr::{Permission, Status, UserType};
use muster_domain::text::initials;

use super::side;
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::Page;
use crate::form::FormData;
use crate::html::organizations::clinic_choice::ClinicChoice;
use crate::html::parts::{
    self, Button, ButtonKind, ButtonLink, ChipKind, Choice, Column, Field, Icon, SeatTile, Select, SortState, Table,
};
use crate::html::shell::{self, ago};
use crate::urls;

const PAGE: i64 = 50;

/// A choice of clinic, and the form that says what was meant.
type ClinicAndForm = (ClinicChoice, FormData);

/// The controls that filter.
pub(crate) const FILTER: [&str; 5] = ["q", "user_type", "status", "clinic_id", "permission"];

/// The address's parts that make a list.
const KEPT: [&str; 6] = {
    let [text, kind, status, clinic, permission] = FILTER;
    [text, kind, status, clinic, permission, "sort"]
};

/// `GET /emr/users`
pub(crate) async fn show(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    match draw(&web, &page, &FormData::query(query.as_deref())).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

/// The filter a form asks for.
pub(crate) fn filter(form: &FormData) -> Filter {
    let sort = form.one("sort");
    let (descending, name) = sort.strip_prefix('-').map_or((false, sort), |name| (true, name));
    Filter {
        q: form.one("q").chars().take(100).collect(),
        user_type: form.filled("user_type").and_then(UserType::parse),
        status: form.filled("status").and_then(Status::parse),
        clinic: form.filled("clinic_id").and_then(|c| c.parse().ok()),
        permission: form.filled("permission").and_then(Permission::parse),
        sort: Sort::ALL.into_iter().find(|s| s.as_str() == name).unwrap_or_default(),
        descending,
        ..Filter::default()
    }
}

fn query_of(form: &FormData) -> ListQuery {
    let cursor = form.filled("after").and_then(|a| URL_SAFE_NO_PAD.decode(a).ok());
    ListQuery { filter: filter(form), after: cursor.and_then(|c| serde_json::from_slice(&c).ok()), limit: PAGE }
}

/// The address of this list with one thing changed; a changed list starts at its first page.
fn address(form: &FormData, name: &str, value: &str) -> String {
    let pairs: Vec<(&str, &str)> = KEPT.iter().map(|k| (*k, if *k == name { value } else { form.one(k) })).collect();
    let mut pairs = pairs;
    if name == "after" {
        pairs.push(("after", value));
    }
    urls::with_query(urls::USERS, &pairs)
}

/// What stands above the list: the choice of a clinic, with the form that says which was meant, the licenses of that
/// clinic, and beside them those of all.
async fn head(
    web: &Web,
    page: &Page,
    form: &FormData,
) -> muster_app::Result<(ClinicAndForm, Vec<PoolSum>, Vec<PoolSum>)> {
    let (choice, form) = ClinicChoice::of(web, page, form.clone()).await?;
    let clinic = choice.chosen.as_ref().map(|c| c.id);
    let overall = async {
        match clinic {
            Some(_) if choice.is_a_choice() => web.app.license_header(&page.actor, None).await,
            _ => Ok(Vec::new()),
        }
    };
    let (seats, overall) = tokio::try_join!(web.app.license_header(&page.actor, clinic), overall)?;
    Ok(((choice, form), seats, overall))
}

async fn draw(web: &Web, page: &Page, form: &FormData) -> muster_app::Result<Markup> {
    // The people are looked for meanwhile, unless a clinic's name has to be understood first.
    let first = query_of(form);
    let early = async {
        if ClinicChoice::is_named(form) { Ok(None) } else { web.app.people(&page.actor, first).await.map(Some) }
    };
    let (((choice, form), seats, overall), early) = tokio::try_join!(head(web, page, form), early)?;
    let listed = query_of(&form);
    let found = match early {
        Some(found) => found,
        None => web.app.people(&page.actor, listed.clone()).await?,
    };
    let names = ClinicNames::of(web, page, &choice, &found).await?;
    let subtitle = format!("{} · {}", choice.place(), counted(found.total));
    let question = choice.question(&address(&form, "clinic_id", ""), |id| address(&form, "clinic_id", id));
    let body = html! {
        div #list-head { (parts::heading("Users", Some(&subtitle), &tiles(&seats, &overall))) }
        p #found.vh role="status" { (subtitle) }
        (filters(web, page, &form, &choice))
        div #people.dims {
            @match &question {
                Some(question) => (question),
                None => (results(web, page, &form, &listed, &found, &names)),
            }
        }
    };
    Ok(shell::page(web, page, "Users", None, &body))
}

/// The address of this list as a file.
fn export(form: &FormData) -> String {
    let pairs: Vec<(&str, &str)> = KEPT.iter().map(|k| (*k, form.one(k))).collect();
    urls::with_query(urls::USERS_CSV, &pairs)
}

/// `GET /emr/users.csv`
pub(crate) async fn file(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    let form = FormData::query(query.as_deref());
    match crate::download::people(&web, &page.actor, filter(&form)).await {
        Ok(response) => response,
        Err(error) => PageError(error).into_response(),
    }
}

fn counted(total: Total) -> String {
    match total {
        Total::Exact(0) => "nobody".to_owned(),
        Total::Exact(1) => "1 person".to_owned(),
        Total::Exact(n) => format!("{n} people"),
        Total::About(n) => format!("about {n} people"),
    }
}

fn tiles(seats: &[PoolSum], overall: &[PoolSum]) -> Markup {
    let tile = |s: &PoolSum| SeatTile {
        group: s.group.as_str(),
        label: s.group.label(),
        total: s.total,
        assigned: s.assigned,
        overall: overall.iter().find(|o| o.group == s.group).map(|o| (o.total, o.assigned)),
    };
    let tiles: Vec<SeatTile> = seats.iter().map(tile).collect();
    parts::seat_tiles(&tiles)
}

/// The controls that filter.
pub(crate) fn controls(form: &FormData, choice: &ClinicChoice) -> Markup {
    let kind = form.one("user_type");
    let mut kinds = vec![Choice::new("", "Any type", kind)];
    kinds.extend(UserType::ALL.iter().map(|t| Choice::new(t.as_str(), t.as_str(), kind)));
    let status = form.one("status");
    let statuses = [
        Choice::new("", "Any status", status),
        Choice::new("active", "Active", status),
        Choice::new("inactive", "Inactive", status),
    ];
    let permission = form.one("permission");
    let mut permissions = vec![Choice::new("", "Any permission", permission)];
    permissions.extend(Permission::ALL.iter().map(|p| Choice::new(p.as_str(), p.label(), permission)));
    html! {
        (parts::input(&Field::search("q", "Search name, user name, email or NPI", form.one("q")).attr("maxlength", "100")))
        (parts::select(&Select { name: "user_type", label: "Type", options: &kinds, bare: true, ..Select::default() }))
        (parts::select(&Select { name: "status", label: "Status", options: &statuses, bare: true, ..Select::default() }))
        (choice.control())
        (parts::select(&Select { name: "permission", label: "Permission", options: &permissions, bare: true, ..Select::default() }))
    }
}

fn filters(web: &Web, page: &Page, form: &FormData, choice: &ClinicChoice) -> Markup {
    let controls = html! {
        (controls(form, choice))
        noscript { (parts::button(&Button { label: "Show", icon: Some(Icon::Filter), ..Button::default() })) }
    };
    let add = html! {
        @if web.app.may_update_in_bulk(&page.actor) {
            (parts::button_link(&ButtonLink { href: urls::BULK_SELECT, label: "Bulk update users", icon: Some(Icon::Users), ..ButtonLink::default() }))
        }
        @if web.app.may_add_people(&page.actor) {
            (parts::button_link(&ButtonLink { href: urls::NEW_USER, label: "Add user", kind: ButtonKind::Primary, icon: Some(Icon::Plus), ..ButtonLink::default() }))
        }
    };
    html! {
        form method="get" action=(urls::USERS) role="search" aria-label="Find users"
            hx-get=(urls::USERS) hx-trigger="input changed delay:200ms from:#q, change, submit" hx-target="#people"
            hx-select="#people" hx-select-oob="#list-head,#found:innerHTML" hx-swap="outerHTML" hx-push-url="true"
            hx-sync="this:replace" hx-indicator="#people" {
            @if let Some(sort) = form.filled("sort") { input type="hidden" name="sort" value=(sort); }
            (parts::toolbar(&controls, &add))
        }
    }
}

fn results(
    web: &Web,
    page: &Page,
    form: &FormData,
    listed: &ListQuery,
    found: &PeoplePage,
    names: &ClinicNames,
) -> Markup {
    let filtered = FILTER.iter().any(|k| form.filled(k).is_some());
    if found.people.is_empty() {
        return if filtered {
            parts::empty_state(
                Icon::Search,
                "Nobody matches",
                "Try fewer letters, or remove a filter. People outside your clinics are not shown.",
                &html! {
                    (parts::button_link(&ButtonLink { href: urls::USERS, label: "Show everybody", ..ButtonLink::default() }))
                },
            )
        } else {
            parts::empty_state(
                Icon::Users,
                "Nobody here yet",
                "Add the first user, or import your people from a file.",
                &html! {
                    (parts::button_link(&ButtonLink { href: urls::NEW_USER, label: "Add user", kind: ButtonKind::Primary, ..ButtonLink::default() }))
                },
            )
        };
    }
    let heads: Vec<(&str, String, SortState)> =
        [(Sort::Name, "Name"), (Sort::UserType, "Type"), (Sort::LastSignIn, "Last sign-in"), (Sort::Status, "Status")]
            .into_iter()
            .map(|(sort, label)| {
                let state = match (listed.filter.sort == sort, listed.filter.descending) {
                    (false, _) => SortState::None,
                    (true, false) => SortState::Ascending,
                    (true, true) => SortState::Descending,
                };
                let turned = if state == SortState::Ascending {
                    format!("-{}", sort.as_str())
                } else {
                    sort.as_str().to_owned()
                };
                (label, address(form, "sort", &turned), state)
            })
            .collect();
    let sorted = |at: usize| Column::sorted(heads[at].0, &heads[at].1, heads[at].2);
    let columns = [
        sorted(0),
        sorted(1),
        Column::new("Clinics"),
        Column::new("Permissions").class("glance"),
        Column::new("Flags"),
        sorted(2),
        sorted(3),
    ];
    let rows: Vec<Vec<Markup>> = found.people.iter().map(|view| row(web, page, view, names)).collect();
    let next = found
        .next
        .as_ref()
        .and_then(|c| serde_json::to_vec(c).ok())
        .map(|c| address(form, "after", &URL_SAFE_NO_PAD.encode(c)));
    let first = form.filled("after").map(|_| address(form, "after", ""));
    html! {
        (parts::data_table(&Table { caption: "Users", columns: &columns, rows: &rows, row_header: Some(0), ..Table::default() }))
        @if next.is_some() || first.is_some() {
            (parts::cursor_pager(first.as_deref(), next.as_deref(), &counted(found.total)))
        }
        p.plain-links { a href=(export(form)) download { (parts::icon(Icon::Download)) " Export this list (CSV)" } }
    }
}

/// The names of the clinics in the rows of a list.
pub(crate) struct ClinicNames(HashMap<ClinicId, String>);

impl ClinicNames {
    pub async fn of(web: &Web, page: &Page, choice: &ClinicChoice, found: &PeoplePage) -> muster_app::Result<Self> {
        let ids = found.people.iter().flat_map(|v| v.clinics.iter().copied()).collect();
        choice.names(web, page, ids).await.map(Self)
    }

    /// The person's clinics, the default one with a star and first; at most three and how many more there are.
    pub fn shown(&self, view: &PersonView) -> String {
        let default = view.default_clinic();
        let named = view.clinics.iter().filter_map(|id| Some((Some(*id) != default, self.0.get(id)?.as_str())));
        let mut names: Vec<(bool, &str)> = named.collect();
        names.sort_unstable();
        let more = view.hidden_clinics + names.len().saturating_sub(3);
        let starred = |(other, name): &(bool, &str)| if *other { (*name).to_owned() } else { format!("{name} ★") };
        let shown = names.iter().take(3).map(starred).collect::<Vec<_>>().join(", ");
        if more > 0 { format!("{shown} +{more}") } else { shown }
    }
}

fn row(web: &Web, page: &Page, view: &PersonView, clinics: &ClinicNames) -> Vec<Markup> {
    let person = &view.profile().person;
    let practice = page.info.organization.as_ref();
    let now = web.app.now();
    let today =
        now.to_zoned(practice.map_or(jiff::tz::TimeZone::UTC, muster_domain::organizations::Organization::zone)).date();
    let emr = view.profile().emr.as_ref();
    let hue = parts::hue_of(person.full_name.as_bytes());
    let address = urls::user(person.id);
    let letters = initials(&person.first_name, &person.last_name);
    let flags = side::flags(view, today);
    vec![
        parts::person_cell(&letters, hue, &person.full_name, &address, &person.username),
        html! { @if let Some(e) = emr { abbr title=(e.user_type.title()) { (e.user_type.as_str()) } } },
        html! { (clinics.shown(view)) },
        permissions(view),
        html! { @if !flags.0.is_empty() { div.chips { (flags) } } },
        html! { span.nowrap { (ago(view.stored.last_sign_in_at, now, practice)) } },
        html! { @if let Some(e) = emr { (side::status(e)) } },
    ]
}

/// The permissions at a glance: the furthest-reaching note permission, then what administers.
fn permissions(view: &PersonView) -> Markup {
    let held = view.profile().emr.as_ref().map(|e| e.permissions).unwrap_or_default();
    let soap = [
        (Permission::FinishSoapNotes, "Finishes notes"),
        (Permission::ForwardSoapNotes, "Forwards notes"),
        (Permission::StartSoapNotes, "Starts notes"),
    ];
    let notes = soap.into_iter().find(|(p, _)| held.contains(*p)).map(|(_, label)| label);
    let others = [
        (Permission::CompanyAdmin, "Company admin"),
        (Permission::ClinicAdmin, "Clinic admin"),
        (Permission::EditUsers, "Edits users"),
    ];
    let admin = others.into_iter().find(|(p, _)| held.contains(*p)).map(|(_, label)| label);
    let shown = usize::from(notes.is_some()) + usize::from(admin.is_some());
    let all: Vec<&str> = held.iter().map(Permission::label).collect();
    let rest = all.len().saturating_sub(shown);
    html! {
        div.chips title=(all.join(", ")) {
            @if let Some(notes) = notes { (parts::chip(ChipKind::Plain, notes)) }
            @if let Some(admin) = admin { (parts::chip(ChipKind::Plain, admin)) }
            @if shown == 0 { span.soft { (rest) @if rest == 1 { " permission" } @else { " permissions" } } }
            @else if rest > 0 { span.soft.small { "+" (rest) } }
        }
    }
}
