//! `/support/license-requests`: the operators' queue over all practices, and one request to be decided.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::{Markup, html};
use muster_app::AppError;
use muster_app::licenses::{LicenseEffect, Request};
use muster_domain::LicenseRequestId;
use muster_domain::licenses::RequestState as Stage;
use serde::Deserialize;

use super::requests::{about, history};
use super::{age, monthly, request_title, state_chip, totals};
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Banner, BannerKind, Button, ButtonKind, Column, Icon, Table, Textarea};
use crate::html::shell;
use crate::urls;

const PAGE: i64 = 50;

/// What the address may carry.
#[derive(Deserialize)]
pub(crate) struct QueueQuery {
    #[serde(default)]
    after: String,
    #[serde(default)]
    done: String,
}

/// `GET /support/license-requests`
pub(crate) async fn queue(State(web): State<Web>, Query(query): Query<QueueQuery>, page: Page) -> Response {
    match draw_queue(&web, &page, &query).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

async fn draw_queue(web: &Web, page: &Page, query: &QueueQuery) -> muster_app::Result<Markup> {
    let cursor = URL_SAFE_NO_PAD.decode(&query.after).ok().and_then(|c| serde_json::from_slice(&c).ok());
    let found = web.app.license_queue(&page.actor, cursor, PAGE).await?;
    let now = web.app.now();
    let columns = [
        Column::new("Request"),
        Column::new("Practice"),
        Column::new("Asked by"),
        Column::new("Age"),
        Column::new("Total"),
        Column::new("Monthly"),
    ];
    let row = |r: &Request| {
        let effect = LicenseEffect::of(r);
        vec![
            html! { a href=(urls::support_request(r.id)) { (request_title(r)) } },
            html! { (r.organization_name) span.under { (r.clinic_name) } },
            html! { (r.requester_name) },
            html! { (age(r.submitted_at, now)) },
            totals(effect.as_ref()),
            html! { @if let Some(e) = &effect { (monthly(e.monthly.as_ref())) } },
        ]
    };
    let rows: Vec<Vec<Markup>> = found.items.iter().map(row).collect();
    let next = found.next.as_ref().and_then(|c| serde_json::to_vec(c).ok());
    let next = next.map(|c| urls::with_query(urls::SUPPORT_REQUESTS, &[("after", &URL_SAFE_NO_PAD.encode(c))]));
    let first = (!query.after.is_empty()).then(|| urls::SUPPORT_REQUESTS.to_owned());
    let banner = match query.done.as_str() {
        "processed" => Some(Banner::line(BannerKind::Ok, "Processed. The practice has been written to.")),
        "rejected" => Some(Banner::line(BannerKind::Ok, "Rejected. The practice has been written to.")),
        _ => None,
    };
    let body = html! {
        (parts::heading("License requests", Some("What every practice waits for, the oldest first."), &html! {}))
        @if rows.is_empty() {
            (parts::empty_state(Icon::CheckCircle, "Nothing waits for you", "A request stands here as soon as a practice makes one.", &html! { a href=(urls::SUPPORT) { "Practices" } }))
        } @else {
            (parts::data_table(&Table { caption: "Open license requests", columns: &columns, rows: &rows, row_header: Some(0), ..Table::default() }))
            @if next.is_some() || first.is_some() { (parts::cursor_pager(first.as_deref(), next.as_deref(), "")) }
        }
    };
    Ok(shell::page(web, page, "License requests", banner, &body))
}

/// `GET /support/license-requests/{request}`
pub(crate) async fn show(State(web): State<Web>, Path(id): Path<LicenseRequestId>, page: Page) -> Response {
    match draw(&web, &page, id, "", &FormErrors::default()).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST /support/license-requests/{request}/process`
pub(crate) async fn process(State(web): State<Web>, Path(id): Path<LicenseRequestId>, posted: PageForm) -> Response {
    let note = posted.form.one("note").replace("\r\n", "\n");
    let ended = web.app.process_license_request(&posted.page.actor, id, &note).await;
    answer(&web, &posted.page, id, &note, ended, "processed").await
}

/// `POST /support/license-requests/{request}/reject`
pub(crate) async fn reject(State(web): State<Web>, Path(id): Path<LicenseRequestId>, posted: PageForm) -> Response {
    let note = posted.form.one("note").replace("\r\n", "\n");
    let ended = web.app.reject_license_request(&posted.page.actor, id, &note).await;
    answer(&web, &posted.page, id, &note, ended, "rejected").await
}

async fn answer(
    web: &Web,
    page: &Page,
    id: LicenseRequestId,
    note: &str,
    ended: muster_app::Result<Request>,
    what: &str,
) -> Response {
    match ended {
        Ok(_) => shell::redirect(&urls::with_query(urls::SUPPORT_REQUESTS, &[("done", what)])),
        Err(AppError::Refused(refusals)) if page.actor.is_support() => {
            match draw(web, page, id, note, &FormErrors::of(&refusals)).await {
                Ok(markup) => shell::refused(&AppError::Refused(refusals), markup),
                Err(error) => PageError(error).into_response(),
            }
        }
        Err(error) => PageError(error).into_response(),
    }
}

async fn draw(
    web: &Web,
    page: &Page,
    id: LicenseRequestId,
    note: &str,
    said: &FormErrors,
) -> muster_app::Result<Markup> {
    if !page.actor.is_support() {
        return Err(AppError::NotFound);
    }
    let request = web.app.license_request(&page.actor, id).await?;
    let process = urls::support_request_process(id);
    let reject = urls::support_request_reject(id);
    let body = html! {
        p.back { a href=(urls::SUPPORT_REQUESTS) { (parts::icon(Icon::ChevronLeft)) " License requests" } }
        (parts::heading(&format!("{}: {}", request.organization_name, request_title(&request)), Some(&format!("Request {}, {}", request.number, request.clinic_name)), &state_chip(request.state)))
        (said.summary())
        (parts::split(
            &html! {
                (parts::card("What was asked", &about(&request)))
                @if request.state == Stage::Submitted {
                    (parts::card("Your answer", &html! {
                        form method="post" action=(process) novalidate {
                            (parts::csrf_field(&page.info.csrf))
                            (parts::textarea(&Textarea { name: "note", label: "Note to the practice", value: note, hint: Some("A rejection needs the reason."), errors: said.at("note"), ..Textarea::default() }))
                            div.cluster {
                                (parts::button(&Button { label: "Process", kind: ButtonKind::Primary, ..Button::default() }))
                                (parts::button(&Button { label: "Reject", kind: ButtonKind::Danger, attrs: vec![("formaction", reject.clone())], ..Button::default() }))
                            }
                        }
                    }))
                }
            },
            &html! {
                (parts::card("History", &history(page, &request)))
                (parts::card("Price", &html! {
                    p { @match &request.price { Some((amount, currency)) => { (muster_domain::licenses::Money { amount: *amount, currency: currency.clone() }.written()) " a month for one." } None => "No price is set for this group." } }
                    p { a href=(urls::support_prices(request.organization)) { "Prices of this practice" } }
                }))
            },
        ))
    };
    Ok(shell::page(web, page, "License request", None, &body))
}
