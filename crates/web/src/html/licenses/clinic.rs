//! `/emr/licenses/clinics/{clinic}`: one clinic's pools, each with its use over time and what can be asked for.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::licenses::{Entry, LedgerQuery, PoolState};
use muster_domain::ClinicId;
use muster_domain::licenses::{Group, Prices, RequestKind};
use muster_domain::organizations::Organization;

use super::{ask_address, chart, ledger};
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::Page;
use crate::html::parts::{self, ButtonKind, ButtonLink, ChipKind, Icon};
use crate::html::shell;
use crate::urls;

const LINES: i64 = 8;

/// `GET /emr/licenses/clinics/{clinic}`
pub(crate) async fn show(State(web): State<Web>, Path(id): Path<ClinicId>, page: Page) -> Response {
    match draw(&web, &page, id).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

async fn draw(web: &Web, page: &Page, id: ClinicId) -> muster_app::Result<Markup> {
    let found = web.app.clinic_licenses(&page.actor, id).await?;
    let history = web.app.license_history(&page.actor, id).await?;
    let prices = web.app.license_prices(&page.actor).await?;
    let asked = LedgerQuery { clinic: Some(id), limit: LINES, ..LedgerQuery::default() };
    let lines = web.app.license_ledger(&page.actor, &asked).await?;
    let now = web.app.now();
    let zone = page.info.organization.as_ref().map_or(jiff::tz::TimeZone::UTC, Organization::zone);
    let paid = prices.sum(found.pools.iter().filter_map(|p| p.pool.total.map(|t| (p.pool.group, t))));
    let subtitle = paid.map(|m| format!("{} a month", m.written()));
    let body = html! {
        p.back { a href=(urls::LICENSES) { (parts::icon(Icon::ChevronLeft)) " Licenses" } }
        (parts::heading(&format!("Licenses at {}", found.clinic.name), subtitle.as_deref(), &html! {}))
        (chart::legend())
        div.grid-2 {
            @for state in found.pools.iter().filter(|p| p.pool.group != Group::Clerical) {
                @let group = state.pool.group;
                (parts::card_with(group.label(), &actions(state), &html! {
                    (facts(state, &prices))
                    (chart::draw(group.label(), group.as_str(), history.get(&group).map_or(&[], Vec::as_slice), now, &zone))
                }))
            }
            @for state in found.pools.iter().filter(|p| p.pool.group == Group::Clerical) {
                (parts::card("Clerical", &html! { p { (state.pool.assigned) " in use. Front office and billing need no license: there is no limit, and they cost nothing." } }))
            }
        }
        (parts::section("Changes of totals", None, &last_lines(page, &lines.items, id)))
    };
    Ok(shell::page(web, page, "Licenses", None, &body))
}

fn actions(state: &PoolState) -> Markup {
    let pool = &state.pool;
    let address = |kind| ask_address(kind, pool.clinic, pool.group, 1, "");
    let free = pool.total.map_or(0, |t| t - pool.assigned - state.open.releases);
    html! {
        @if pool.total.is_some() {
            (parts::button_link(&ButtonLink { href: &address(RequestKind::Add), label: "Ask for more", kind: ButtonKind::Quiet, ..ButtonLink::default() }))
            @if free > 0 {
                (parts::button_link(&ButtonLink { href: &address(RequestKind::Release), label: "Release", kind: ButtonKind::Quiet, ..ButtonLink::default() }))
            }
        }
    }
}

fn facts(state: &PoolState, prices: &Prices) -> Markup {
    let pool = &state.pool;
    let adds: i64 = state.open.adds.iter().map(|a| a.2).sum();
    html! {
        @match pool.total {
            Some(total) => p {
                strong { ((total - pool.assigned).max(0)) " free of " (total) }
                @if let Some(cost) = prices.of(pool.group, total) { ", " (cost.written()) " a month" }
            },
            None => p { strong { (pool.assigned) " in use" } ", no limit. Support has not set a total, so nothing has to be asked for." },
        }
        @if state.open.open > 0 || state.unused > 0 {
            div.chips {
                @if adds > 0 { (parts::chip(ChipKind::Warn, &format!("{adds} asked for"))) }
                @if state.open.releases > 0 { (parts::chip(ChipKind::Warn, &format!("{} to be released", state.open.releases))) }
                @if state.unused > 0 { (parts::chip(ChipKind::Plain, &format!("{} unused for 14 days", state.unused))) }
            }
        }
    }
}

fn last_lines(page: &Page, lines: &[Entry], clinic: ClinicId) -> Markup {
    let all = urls::with_query(urls::LICENSE_LEDGER, &[("clinic_id", &clinic.to_string())]);
    html! {
        @if lines.is_empty() { p.soft { "Support has not set a total here yet." } }
        @else {
            (ledger::table(page, lines))
            p { a href=(all) { "The whole ledger of this clinic" } }
        }
    }
}
