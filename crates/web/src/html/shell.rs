//! The frame around every page: navigation by what the actor may do, and how times are written.

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maud::Markup;
use muster_domain::emr::Permission;
use muster_domain::organizations::Organization;

use super::parts::{self, AssetUrls, Banner, NavGroup, NavItem, PlainPage, Shell};
use crate::context::Web;
use crate::extract::Page;
use crate::{assets, urls};

/// Where style sheet and scripts are.
pub(crate) fn asset_urls() -> AssetUrls<'static> {
    let found = assets::urls();
    AssetUrls { css: &found.css, js: &found.js, htmx: &found.htmx, icon: &found.icon }
}

fn nav(page: &Page) -> Vec<NavGroup<'static>> {
    let here = page.here.split('?').next().unwrap_or_default();
    let item = |label, href: &'static str, current: bool| NavItem { label, href, current, badge: None };
    let mut groups = Vec::new();
    let in_a_practice = page.info.organization.is_some();
    if in_a_practice && page.actor.may(Permission::ViewUsers) {
        let mut items = vec![
            item("Users", urls::USERS, here.starts_with(urls::USERS) || here.starts_with(urls::BULK_JOBS)),
            item("Licenses", urls::LICENSES, here.starts_with(urls::LICENSES)),
            item("Credentials", urls::CREDENTIALS, here == urls::CREDENTIALS),
        ];
        if page.actor.may(Permission::EditUsers) {
            items.push(item("Duplicates", urls::DUPLICATES, here.starts_with(urls::DUPLICATES)));
            items.push(item("Import", urls::IMPORT, here == urls::IMPORT));
        }
        groups.push(NavGroup { label: "EMR", items });
    } else if in_a_practice && muster_domain::licenses::may_ask(page.actor.authority()).is_ok() {
        let items = vec![item("Licenses", urls::LICENSES, here.starts_with(urls::LICENSES))];
        groups.push(NavGroup { label: "EMR", items });
    }
    let mut practice = Vec::new();
    if in_a_practice && page.actor.may(Permission::ViewUsers) {
        practice.push(item("Audit", urls::AUDIT, here == urls::AUDIT));
    }
    if in_a_practice && (page.actor.may(Permission::ClinicAdmin) || page.actor.may(Permission::CompanyAdmin)) {
        practice.push(item("Settings", urls::SETTINGS, here.starts_with(urls::SETTINGS)));
    }
    if !practice.is_empty() {
        groups.push(NavGroup { label: "Practice", items: practice });
    }
    if page.actor.is_support() {
        let items = vec![
            item("Practices", urls::SUPPORT, here == urls::SUPPORT),
            item("License requests", urls::SUPPORT_REQUESTS, here.starts_with(urls::SUPPORT_REQUESTS)),
        ];
        groups.push(NavGroup { label: "Support", items });
    }
    groups.push(NavGroup { label: "You", items: vec![item("My account", urls::ME, here.starts_with(urls::ME))] });
    groups
}

/// A signed-in page.
pub(crate) fn page(web: &Web, page: &Page, title: &str, notice: Option<Banner>, body: &Markup) -> Markup {
    let assets = asset_urls();
    let due = page.info.password_due_in_days.filter(|d| *d > 0);
    let warning = due.map(|days| match days {
        1 => "Your password has to be changed within a day.".to_owned(),
        _ => format!("Your password has to be changed within {days} days."),
    });
    let shell = Shell {
        title,
        organization: page.info.organization.as_ref().map(|o| o.name.as_str()),
        person: Some(page.actor.name()),
        csrf: &page.info.csrf,
        nav: nav(page),
        idle_seconds: u32::try_from(page.info.idle_minutes * 60).ok(),
        notice,
        reminder: warning.as_deref().map(|text| Banner::line(parts::BannerKind::Warn, text)),
        assets: &assets,
        demo: web.settings.demo,
    };
    parts::page(&shell, body)
}

/// A page before sign-in.
pub(crate) fn plain(
    web: &Web,
    title: &str,
    lead: Option<&str>,
    notice: Option<Banner>,
    wide: bool,
    body: &Markup,
) -> Markup {
    let assets = asset_urls();
    parts::plain_page(&PlainPage { title, lead, notice, assets: &assets, demo: web.settings.demo, wide }, body)
}

/// A page that shows refusals answers with their status.
pub(crate) fn refused(error: &muster_app::AppError, body: Markup) -> Response {
    let status = match error {
        muster_app::AppError::Stale { .. } => StatusCode::CONFLICT,
        other => crate::errors::status(other),
    };
    (status, body).into_response()
}

/// Sends the browser to another page.
pub(crate) fn redirect(to: &str) -> Response {
    axum::response::Redirect::to(to).into_response()
}

/// Sends the browser to another page, also when htmx asked for a part of this one.
pub(crate) fn redirect_from(headers: &HeaderMap, to: &str) -> Response {
    if headers.contains_key("hx-request") {
        (StatusCode::NO_CONTENT, [("hx-redirect", to.to_owned())]).into_response()
    } else {
        redirect(to)
    }
}

/// A moment as the practice's people write it.
pub(crate) fn moment(at: Timestamp, organization: Option<&Organization>) -> String {
    let zone = organization.map_or(jiff::tz::TimeZone::UTC, Organization::zone);
    at.to_zoned(zone).strftime("%b %-d, %Y, %H:%M").to_string()
}

/// The day it is at the practice.
pub(crate) fn today(web: &Web, page: &Page) -> jiff::civil::Date {
    let zone = page.info.organization.as_ref().map_or(jiff::tz::TimeZone::UTC, Organization::zone);
    web.app.now().to_zoned(zone).date()
}

/// How long ago, for lists: `today 08:12`, `yesterday`, `Mar 3`, `never`.
pub(crate) fn ago(at: Option<Timestamp>, now: Timestamp, organization: Option<&Organization>) -> String {
    let Some(at) = at else { return "never".to_owned() };
    let zone = organization.map_or(jiff::tz::TimeZone::UTC, Organization::zone);
    let (then, today) = (at.to_zoned(zone.clone()), now.to_zoned(zone));
    let days = (today.date() - then.date()).get_days();
    match days {
        ..=0 => then.strftime("today %H:%M").to_string(),
        1 => "yesterday".to_owned(),
        2..=6 => then.strftime("%A").to_string(),
        _ if then.year() == today.year() => then.strftime("%b %-d").to_string(),
        _ => then.strftime("%b %-d, %Y").to_string(),
    }
}
