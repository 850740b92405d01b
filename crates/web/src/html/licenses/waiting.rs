//! `/emr/licenses/waiting`: who is inactive for lack of a license, and making them active in one go.

use std::collections::BTreeMap;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::{Markup, html};
use muster_app::AppError;
use muster_app::licenses::{ActivationReport, ActivationRequest, QueueEntry, WaitingQuery};
use muster_domain::emr::Permission;
use muster_domain::licenses::{Group, RequestKind, SeatForecast};
use muster_domain::{ClinicId, PersonId};

use super::{View, ask_address, group_choices, tabs};
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::form::FormData;
use crate::html::form_errors::FormErrors;
use crate::html::organizations::clinic_choice::ClinicChoice;
use crate::html::parts::{
    self, Banner, BannerKind, Button, ButtonKind, Checkbox, ChipKind, Column, Icon, Select, Table,
};
use crate::html::shell;
use crate::urls;

const PAGE: i64 = 100;

fn query_of(form: &FormData) -> WaitingQuery {
    let cursor = form.filled("after").and_then(|a| URL_SAFE_NO_PAD.decode(a).ok());
    let cursor: Option<(String, uuid::Uuid)> = cursor.and_then(|c| serde_json::from_slice(&c).ok());
    WaitingQuery {
        clinic: form.filled("clinic_id").and_then(|c| c.parse().ok()),
        group: form.filled("group").and_then(Group::parse),
        after: cursor.filter(|(key, _)| !key.contains('\0')),
        limit: PAGE,
    }
}

/// `GET /emr/licenses/waiting`
pub(crate) async fn show(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    match draw(&web, &page, &FormData::query(query.as_deref()), None, &FormErrors::default()).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST /emr/licenses/waiting`
pub(crate) async fn activate(State(web): State<Web>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let everyone = form.has("everyone");
    let people: Vec<PersonId> = form.all("person_ids").filter_map(|id| id.parse().ok()).collect();
    let wanted = query_of(&form);
    let activate = ActivationRequest {
        clinic: wanted.clinic,
        group: wanted.group,
        people: (!everyone).then_some(people),
        invite: form.has("invite"),
    };
    let drawn = match web.app.activate_waiting(&page.actor, &activate).await {
        Ok(done) => {
            draw(&web, &page, &form, Some(&done), &FormErrors::default()).await.map(IntoResponse::into_response)
        }
        Err(AppError::Refused(refusals)) => draw(&web, &page, &form, None, &FormErrors::of(&refusals))
            .await
            .map(|markup| shell::refused(&AppError::Refused(refusals), markup)),
        Err(error) => Err(error),
    };
    drawn.unwrap_or_else(|error| PageError(error).into_response())
}

async fn draw(
    web: &Web,
    page: &Page,
    form: &FormData,
    done: Option<&ActivationReport>,
    said: &FormErrors,
) -> muster_app::Result<Markup> {
    let (choice, form) = &ClinicChoice::of(web, page, form.clone()).await?;
    let found = web.app.waiting_list(&page.actor, &query_of(form)).await?;
    let (clinic, group) = (form.one("clinic_id"), form.one("group"));
    let groups = group_choices(group, Some("Any group"));
    let filters = html! {
        (choice.control())
        (parts::select(&Select { name: "group", label: "Group", options: &groups, bare: true, ..Select::default() }))
        (parts::button(&Button { label: "Show", icon: Some(Icon::Filter), ..Button::default() }))
    };
    let may_edit = page.actor.may(Permission::EditUsers);
    let address = |after: &str| {
        urls::with_query(urls::LICENSE_WAITING, &[("clinic_id", clinic), ("group", group), ("after", after)])
    };
    let of = |clinic: &str| urls::with_query(urls::LICENSE_WAITING, &[("clinic_id", clinic), ("group", group)]);
    let next = found.next.as_ref().and_then(|c| serde_json::to_vec(c).ok());
    let next = next.map(|c| address(&URL_SAFE_NO_PAD.encode(c)));
    let first = form.filled("after").map(|_| address(""));
    let body = html! {
        (parts::heading("Licenses", Some("People saved as inactive because no license was free."), &html! {}))
        (tabs(View::Waiting))
        (said.summary())
        @if let Some(done) = done { (outcome(done)) }
        form method="get" action=(urls::LICENSE_WAITING) role="search" aria-label="Waiting list filters" { (parts::toolbar(&filters, &html! {})) }
        @if let Some(question) = choice.question(&of(""), of) {
            (question)
        } @else if found.items.is_empty() {
            (parts::empty_state(Icon::CheckCircle, "Nobody waits", "Everyone you look after who should be active has a license.", &html! { a href=(urls::LICENSES) { "Licenses by clinic" } }))
        } @else {
            form method="post" action=(urls::LICENSE_WAITING) {
                (parts::csrf_field(&page.info.csrf))
                input type="hidden" name="clinic_id" value=(clinic);
                input type="hidden" name="group" value=(group);
                (table(&found.items, may_edit))
                @if next.is_some() || first.is_some() { (parts::cursor_pager(first.as_deref(), next.as_deref(), "")) }
                @if may_edit { (actions(&found.items)) }
            }
        }
    };
    Ok(shell::page(web, page, "Waiting list", None, &body))
}

fn actions(items: &[QueueEntry]) -> Markup {
    let ready = items.iter().filter(|q| q.freed == SeatForecast::Now).count();
    html! {
        (parts::checkbox(&Checkbox { name: "invite", value: "true", label: "Invite those who have no password yet", checked: true, ..Checkbox::default() }))
        @if ready == 0 { p.soft { "No license is free for anyone on this page yet." } }
        div.cluster {
            (parts::button(&Button { label: "Activate all who fit", kind: ButtonKind::Primary, sends: Some(("everyone", "true")), ..Button::default() }))
            (parts::button(&Button { label: "Activate the ticked", ..Button::default() }))
        }
    }
}

fn table(items: &[QueueEntry], may_edit: bool) -> Markup {
    let mut lacking: BTreeMap<(ClinicId, Group), i64> = BTreeMap::new();
    for q in items.iter().filter(|q| q.freed == SeatForecast::Nothing) {
        *lacking.entry((q.waiting.clinic, q.waiting.group)).or_default() += 1;
    }
    let mut columns = vec![Column::new("Name"), Column::new("Clinic"), Column::new("License"), Column::new("Freed by")];
    if may_edit {
        let all = parts::select_all("Tick everyone on this page");
        columns.insert(0, Column { label: "Ticked", head: Some(all), ..Column::default() }.class("tight"));
    }
    let row = |q: &QueueEntry| {
        let (w, pool) = (&q.waiting, (q.waiting.clinic, q.waiting.group));
        let mut cells = vec![
            html! { a href=(urls::user(w.person)) { (w.full_name) } span.under { (w.user_type) } },
            html! { (w.clinic_name) },
            html! { (w.group.label()) },
            html! {
                @match (q.freed, q.request) {
                    (SeatForecast::Now, _) => (parts::chip(ChipKind::Ok, "A license is free")),
                    (SeatForecast::Request(_), Some((id, number))) => a href=(urls::license_request(id)) { "Request " (number) },
                    _ => {
                        a href=(ask_address(RequestKind::Add, pool.0, pool.1, lacking.get(&pool).copied().unwrap_or(1), "")) {
                            "Nobody has asked yet: ask" span.vh { " for " (w.full_name) }
                        }
                    }
                }
            },
        ];
        if may_edit {
            let label = format!("Tick {}", w.full_name);
            cells.insert(0, parts::row_checkbox("person_ids", &w.person.to_string(), &label, false));
        }
        cells
    };
    let rows: Vec<Vec<Markup>> = items.iter().map(row).collect();
    let header = Some(usize::from(may_edit));
    parts::data_table(&Table {
        caption: "Waiting for a license",
        columns: &columns,
        rows: &rows,
        row_header: header,
        ..Table::default()
    })
}

/// Who is active now, who is not, and why.
fn outcome(done: &ActivationReport) -> Markup {
    let (active, refused) = (done.active.len(), done.refused.len());
    let (kind, outcome) = match (active, refused) {
        (_, 0) => (BannerKind::Ok, "complete"),
        (0, _) => (BannerKind::Bad, "failed"),
        _ => (BannerKind::Warn, "partial"),
    };
    let people = |n: usize| if n == 1 { "1 person".to_owned() } else { format!("{n} people") };
    let title = match (active, refused) {
        (0, _) => "Nobody could be made active.".to_owned(),
        (_, 0) => format!("Active now: {}.", people(active)),
        _ => format!("Active now: {}. Still waiting: {}.", people(active), people(refused)),
    };
    let body = html! {
        @if active > 0 {
            p { @for (at, (id, name)) in done.active.iter().enumerate() { @if at > 0 { ", " } a href=(urls::user(*id)) { (name) } } }
        }
        @if done.invited > 0 { p { (done.invited) @if done.invited == 1 { " invitation is" } @else { " invitations are" } " on the way." } }
        @if refused > 0 {
            ul {
                @for (id, name, refusals) in &done.refused {
                    li { a href=(urls::user(*id)) { (name) } ": " @for r in &refusals.0 { (r.message) " " } }
                }
            }
        }
    };
    parts::banner(&Banner { kind, title: &title, body, outcome: Some(outcome) })
}
