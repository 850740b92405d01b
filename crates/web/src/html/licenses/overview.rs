//! `/emr/licenses`: the pools of every clinic, page by page, found by the clinic's name.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::{Markup, html};
use muster_app::licenses::{ClinicPools, OverviewQuery, PoolState, PoolSum};
use muster_domain::emr::Permission;
use muster_domain::licenses::{Availability, Group, Prices};

use super::{View, tabs};
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::Page;
use crate::form::FormData;
use crate::html::parts::{self, Button, ButtonKind, ButtonLink, ChipKind, Column, Field, Icon, SeatTile, Table};
use crate::html::shell;
use crate::urls;

const PAGE: i64 = 50;

/// `GET /emr/licenses`
pub(crate) async fn show(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    match draw(&web, &page, &FormData::query(query.as_deref())).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

async fn draw(web: &Web, page: &Page, form: &FormData) -> muster_app::Result<Markup> {
    let after =
        form.filled("after").and_then(|a| URL_SAFE_NO_PAD.decode(a).ok()).and_then(|a| String::from_utf8(a).ok());
    let after = after.filter(|a| !a.contains('\0'));
    let asked = OverviewQuery { q: form.one("q").to_owned(), after, limit: PAGE };
    let found = web.app.license_overview(&page.actor, &asked).await?;
    let prices = web.app.license_prices(&page.actor).await?;
    let sees_users = page.actor.may(Permission::ViewUsers);
    let sums = if sees_users { web.app.license_header(&page.actor, None).await? } else { Vec::new() };
    let columns = [
        Column::new("Clinic"),
        Column::new("Therapist"),
        Column::new("Assistant"),
        Column::new("Student"),
        Column::new("Clerical"),
        Column::new("Going on"),
    ];
    let rows: Vec<Vec<Markup>> = found.items.iter().map(row).collect();
    let next = found
        .next
        .as_ref()
        .map(|key| urls::with_query(urls::LICENSES, &[("q", form.one("q")), ("after", &URL_SAFE_NO_PAD.encode(key))]));
    let first = form.filled("after").map(|_| urls::with_query(urls::LICENSES, &[("q", form.one("q"))]));
    let ask = html! {
        (parts::button_link(&ButtonLink { href: urls::NEW_LICENSE_REQUEST, label: "Ask for licenses", kind: ButtonKind::Primary, icon: Some(Icon::Plus), ..ButtonLink::default() }))
    };
    let search = parts::input(&Field::search("q", "Clinic", form.one("q")).attr("maxlength", "100"));
    let show = parts::button(&Button { label: "Show", icon: Some(Icon::Filter), ..Button::default() });
    let body = html! {
        (parts::heading("Licenses", Some(&bill(&sums, &prices)), &tiles(&sums)))
        (tabs(View::Pools))
        form method="get" action=(urls::LICENSES) role="search" aria-label="Find a clinic" {
            (parts::toolbar(&html! { (search) (show) }, &ask))
        }
        @if rows.is_empty() {
            (parts::empty_state(Icon::Search, "No clinic matches", "Try fewer letters. Clinics outside your access are not shown.", &html! { a href=(urls::LICENSES) { "Show every clinic" } }))
        } @else {
            (parts::data_table(&Table { caption: "Licenses by clinic", columns: &columns, rows: &rows, row_header: Some(0), ..Table::default() }))
            @if next.is_some() || first.is_some() { (parts::cursor_pager(first.as_deref(), next.as_deref(), "")) }
        }
    };
    Ok(shell::page(web, page, "Licenses", None, &body))
}

/// What the practice pays, as far as the actor sees it.
fn bill(sums: &[PoolSum], prices: &Prices) -> String {
    let paid = prices.sum(sums.iter().filter_map(|s| s.total.map(|t| (s.group, t))));
    let paid = paid.map(|m| format!("{} a month for the clinics you look after.", m.written()));
    paid.unwrap_or_else(|| "What each clinic pays for, and what is free.".to_owned())
}

/// The sums as tiles.
pub(super) fn tiles(sums: &[PoolSum]) -> Markup {
    let tiles: Vec<SeatTile> = sums
        .iter()
        .map(|s| SeatTile {
            group: s.group.as_str(),
            label: s.group.label(),
            total: s.total,
            assigned: s.assigned,
            overall: None,
        })
        .collect();
    html! { @if !tiles.is_empty() { (parts::seat_tiles(&tiles)) } }
}

fn row(item: &ClinicPools) -> Vec<Markup> {
    let open: i64 = item.pools.iter().map(|p| p.open.open).sum();
    let unused: i64 = item.pools.iter().map(|p| p.unused).sum();
    let requests = urls::with_query(urls::LICENSE_REQUESTS, &[("clinic_id", &item.clinic.id.to_string())]);
    let mut cells = vec![html! {
        a href=(urls::clinic_licenses(item.clinic.id)) { (item.clinic.name) }
        @if !item.clinic.is_active() { " " (parts::chip(ChipKind::Off, "Inactive")) }
    }];
    cells.extend(item.pools.iter().map(pool));
    cells.push(html! {
        @if open > 0 || unused > 0 {
            div.chips {
                @if open > 0 { a.chip.warn href=(requests) { (open) @if open == 1 { " open request" } @else { " open requests" } } }
                @if unused > 0 { (parts::chip(ChipKind::Plain, &format!("{unused} unused"))) }
            }
        }
    });
    cells
}

fn pool(state: &PoolState) -> Markup {
    let pool = &state.pool;
    html! {
        @match (pool.total, pool.availability()) {
            (Some(total), Availability::Free(free)) if pool.group != Group::Clerical => {
                @let percent = if total > 0 { pool.assigned.clamp(0, total) * 100 / total } else { 100 };
                div.pool.full[free == 0] data-license-group=(pool.group.as_str()) data-total=(total) data-available=(free) {
                    span { strong { (free) } " free of " (total) }
                    svg.bar width="100%" height="4" aria-hidden="true" focusable="false" {
                        rect.bar-rest width="100%" height="4" rx="2" {}
                        rect.bar-used width={ (percent) "%" } height="4" rx="2" {}
                    }
                }
            }
            _ => span.soft { (pool.assigned) " in use, no limit" },
        }
    }
}
