//! `/emr/licenses/requests`: the practice's requests, and one of them with its history.

use axum::extract::{Path, Query, RawQuery, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_app::licenses::{LicenseEffect, Request, RequestQuery};
use muster_domain::LicenseRequestId;
use muster_domain::licenses::{Group, RequestKind, RequestState as Stage};
use serde::Deserialize;

use super::{View, group_choices, monthly, request_title, state_chip, tabs, totals};
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::form::FormData;
use crate::html::form_errors::FormErrors;
use crate::html::organizations::clinic_choice::ClinicChoice;
use crate::html::parts::{
    self, Banner, BannerKind, Button, ButtonKind, ButtonLink, Choice, Column, Icon, Select, Table, Textarea,
};
use crate::html::shell::{self, moment};
use crate::urls;

const PAGE: i64 = 50;

/// `GET /emr/licenses/requests`
pub(crate) async fn list(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    match draw_list(&web, &page, &FormData::query(query.as_deref())).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

fn address(form: &FormData, after: &str) -> String {
    let kept = ["state", "clinic_id", "group"];
    let mut pairs: Vec<(&str, &str)> = kept.iter().map(|k| (*k, form.one(k))).collect();
    pairs.push(("after", after));
    urls::with_query(urls::LICENSE_REQUESTS, &pairs)
}

async fn draw_list(web: &Web, page: &Page, form: &FormData) -> muster_app::Result<Markup> {
    let (choice, form) = &ClinicChoice::of(web, page, form.clone()).await?;
    let asked = RequestQuery {
        state: form.filled("state").and_then(Stage::parse),
        kind: None,
        clinic: form.filled("clinic_id").and_then(|c| c.parse().ok()),
        group: form.filled("group").and_then(Group::parse),
        before: form.filled("after").and_then(|a| a.parse().ok()),
        limit: PAGE,
    };
    let found = web.app.license_requests(&page.actor, &asked).await?;
    let state = form.one("state");
    let mut states = vec![Choice::new("", "Any state", state)];
    states.extend(Stage::ALL.iter().map(|s| Choice::new(s.as_str(), s.label(), state)));
    let groups = group_choices(form.one("group"), Some("Any group"));
    let controls = html! {
        (parts::select(&Select { name: "state", label: "State", options: &states, bare: true, ..Select::default() }))
        (choice.control())
        (parts::select(&Select { name: "group", label: "Group", options: &groups, bare: true, ..Select::default() }))
        (parts::button(&Button { label: "Show", icon: Some(Icon::Filter), ..Button::default() }))
    };
    let ask = html! {
        (parts::button_link(&ButtonLink { href: urls::NEW_LICENSE_REQUEST, label: "Ask for licenses", kind: ButtonKind::Primary, icon: Some(Icon::Plus), ..ButtonLink::default() }))
    };
    let columns = [
        Column::new("Request"),
        Column::new("Clinic"),
        Column::new("Asked by"),
        Column::new("State"),
        Column::new("Total"),
        Column::new("Monthly"),
    ];
    let rows: Vec<Vec<Markup>> = found.items.iter().map(|r| row(page, r)).collect();
    let of = |clinic: &str| {
        let others = [("state", form.one("state")), ("clinic_id", clinic), ("group", form.one("group"))];
        urls::with_query(urls::LICENSE_REQUESTS, &others)
    };
    let next = found.next.map(|n| address(form, &n.to_string()));
    let first = form.filled("after").map(|_| address(form, ""));
    let body = html! {
        (parts::heading("Licenses", Some("What was asked of support, and what came of it."), &html! {}))
        (tabs(View::Requests))
        form method="get" action=(urls::LICENSE_REQUESTS) role="search" aria-label="Request filters" { (parts::toolbar(&controls, &ask)) }
        @if let Some(question) = choice.question(&of(""), of) {
            (question)
        } @else if rows.is_empty() {
            (parts::empty_state(Icon::CheckCircle, "No request here", "Ask when a clinic needs more licenses, or pays for some that nobody uses.", &html! { a href=(urls::NEW_LICENSE_REQUEST) { "Ask for licenses" } }))
        } @else {
            (parts::data_table(&Table { caption: "License requests", columns: &columns, rows: &rows, row_header: Some(0), ..Table::default() }))
            @if next.is_some() || first.is_some() { (parts::cursor_pager(first.as_deref(), next.as_deref(), "")) }
        }
    };
    Ok(shell::page(web, page, "License requests", None, &body))
}

fn row(page: &Page, r: &Request) -> Vec<Markup> {
    let practice = page.info.organization.as_ref();
    let effect = LicenseEffect::of(r);
    vec![
        html! { a href=(urls::license_request(r.id)) { (r.number) ": " (request_title(r)) } },
        html! { (r.clinic_name) },
        html! { (r.requester_name) @if let Some(at) = r.submitted_at { span.under { (moment(at, practice)) } } },
        state_chip(r.state),
        totals(effect.as_ref()),
        html! { @if let Some(e) = &effect { (monthly(e.monthly.as_ref())) } },
    ]
}

/// What the address may carry.
#[derive(Deserialize)]
pub(crate) struct LicenseRequestQuery {
    #[serde(default)]
    done: String,
}

/// `GET /emr/licenses/requests/{request}`
pub(crate) async fn show(
    State(web): State<Web>,
    Path(id): Path<LicenseRequestId>,
    Query(asked): Query<LicenseRequestQuery>,
    page: Page,
) -> Response {
    match draw(&web, &page, id, &asked.done, "", &FormErrors::default()).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST /emr/licenses/requests/{request}/withdraw`
pub(crate) async fn withdraw(State(web): State<Web>, Path(id): Path<LicenseRequestId>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let note = form.one("note").replace("\r\n", "\n");
    match web.app.withdraw_license_request(&page.actor, id, &note).await {
        Ok(_) => shell::redirect(&urls::with_query(&urls::license_request(id), &[("done", "withdrawn")])),
        Err(AppError::Refused(refusals)) => match draw(&web, &page, id, "", &note, &FormErrors::of(&refusals)).await {
            Ok(markup) => shell::refused(&AppError::Refused(refusals), markup),
            Err(error) => PageError(error).into_response(),
        },
        Err(error) => PageError(error).into_response(),
    }
}

async fn draw(
    web: &Web,
    page: &Page,
    id: LicenseRequestId,
    done: &str,
    note: &str,
    said: &FormErrors,
) -> muster_app::Result<Markup> {
    let request = web.app.license_request(&page.actor, id).await?;
    if request.organization != page.actor.organization() {
        return Err(AppError::NotFound);
    }
    let facts = web.app.pool_facts(&page.actor, request.clinic, request.group).await?.unwrap_or_default();
    let others = request.state == Stage::Submitted && facts.open > 1;
    let banner = match done {
        "submitted" => Some(Banner {
            kind: BannerKind::Ok,
            title: "Sent to support.",
            body: html! {
                p { "You and the company admins get an email when it is processed or rejected." }
                @if others { p { "Another request is open for the same pool." } }
            },
            outcome: None,
        }),
        "withdrawn" => Some(Banner::line(BannerKind::Ok, "The request was withdrawn. Nothing has changed.")),
        _ => None,
    };
    let may_withdraw = web.app.may_withdraw(&page.actor, &request);
    let body = html! {
        p.back { a href=(urls::LICENSE_REQUESTS) { (parts::icon(Icon::ChevronLeft)) " Requests" } }
        (parts::heading(&format!("Request {}: {}", request.number, request_title(&request)), Some(&request.clinic_name), &state_chip(request.state)))
        (said.summary())
        (parts::split(
            &html! {
                (parts::card("What was asked", &about(&request)))
                @if request.kind == RequestKind::Add && request.state == Stage::Processed {
                    (parts::card("Next", &html! {
                        p { "Make the people active who waited for these licenses." }
                        p { (parts::button_link(&ButtonLink { href: &urls::waiting_for(request.clinic, request.group), label: "Waiting list", kind: ButtonKind::Primary, ..ButtonLink::default() })) }
                    }))
                }
                @if may_withdraw {
                    (parts::card("Withdraw", &html! {
                        form method="post" action=(urls::license_request_withdraw(id)) {
                            (parts::csrf_field(&page.info.csrf))
                            (parts::textarea(&Textarea { name: "note", label: "Why", value: note, rows: 2, errors: said.at("note"), ..Textarea::default() }))
                            (parts::button(&Button { label: "Withdraw the request", ..Button::default() }))
                        }
                    }))
                }
            },
            &parts::card("History", &history(page, &request)),
        ))
    };
    Ok(shell::page(web, page, "License request", banner, &body))
}

/// What was asked for, and what it does.
pub(super) fn about(request: &Request) -> Markup {
    let effect = LicenseEffect::of(request);
    let free = request.pool_total.map(|t| (t - request.pool_assigned).max(0));
    let mut rows = vec![
        ("Request", html! { (request_title(request)) @if request.count == 1 { " license" } @else { " licenses" } }),
        ("Clinic", html! { (request.clinic_name) }),
        ("Note", html! { @if request.note.is_empty() { span.soft { "none" } } @else { (request.note) } }),
    ];
    match (&effect, request.state) {
        (Some(e), Stage::Submitted) => {
            rows.push(("Total would go", totals(Some(e))));
            rows.push(("Free now", html! { (super::number(free)) }));
            rows.push(("Monthly bill", monthly(e.monthly.as_ref())));
        }
        (Some(e), _) => {
            rows.push(("Total went", totals(Some(e))));
            rows.push(("Monthly bill", monthly(e.monthly.as_ref())));
        }
        (None, _) => rows.push(("Total", html! { "not changed" })),
    }
    parts::definition_list(&rows)
}

/// Each step with who took it, when and why.
pub(super) fn history(page: &Page, request: &Request) -> Markup {
    let practice = page.info.organization.as_ref();
    html! {
        ol.timeline {
            li {
                strong { "Submitted" }
                div.soft.small { @if let Some(at) = request.submitted_at { (moment(at, practice)) ", " } (request.requester_name) }
                @if !request.note.is_empty() { p { (request.note) } }
            }
            @if request.state != Stage::Submitted {
                li {
                    strong { (request.state.label()) }
                    div.soft.small {
                        @if let Some(at) = request.ended_at { (moment(at, practice)) ", " }
                        (request.ended_name.as_deref().unwrap_or_default())
                    }
                    @if let Some(note) = request.ended_note.as_deref().filter(|n| !n.is_empty()) { p { (note) } }
                    @if let Some((before, after)) = request.totals { p { "Total " (before) " → " (after) } }
                }
            }
        }
    }
}
