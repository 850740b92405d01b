//! Licenses: what the pools hold, requests, who waits, what is unused, the ledger; and support's side of it.

pub(crate) mod ask;
mod chart;
pub(crate) mod clinic;
pub(crate) mod ledger;
pub(crate) mod overview;
pub(crate) mod prices;
pub(crate) mod requests;
pub(crate) mod support;
pub(crate) mod unused;
pub(crate) mod waiting;

use jiff::Timestamp;
use maud::{Markup, html};
use muster_app::licenses::{LicenseEffect, Request};
use muster_domain::ClinicId;
use muster_domain::licenses::{Group, Money, RequestKind, RequestState};
use muster_domain::organizations::Clinic;

use super::parts::{self, ChipKind, Choice, Tab};
use crate::urls;

/// The views of this area, each a page of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum View {
    Pools,
    Requests,
    Waiting,
    Unused,
    Ledger,
}

fn tabs(current: View) -> Markup {
    let tab = |view, label, href| Tab { label, href, current: view == current, count: None };
    parts::tabs(
        "Licenses",
        &[
            tab(View::Pools, "By clinic", urls::LICENSES),
            tab(View::Requests, "Requests", urls::LICENSE_REQUESTS),
            tab(View::Waiting, "Waiting list", urls::LICENSE_WAITING),
            tab(View::Unused, "Unused", urls::LICENSE_UNUSED),
            tab(View::Ledger, "Ledger", urls::LICENSE_LEDGER),
        ],
    )
}

fn state_chip(state: RequestState) -> Markup {
    let kind = match state {
        RequestState::Submitted => ChipKind::Warn,
        RequestState::Processed => ChipKind::Ok,
        RequestState::Rejected => ChipKind::Bad,
        RequestState::Withdrawn => ChipKind::Off,
    };
    parts::chip(kind, state.label())
}

/// `Add 2 therapist`
fn request_title(request: &Request) -> String {
    format!("{} {} {}", request.kind.label(), request.count, request.group.as_str())
}

fn number(n: Option<i64>) -> String {
    n.map_or_else(|| "no limit".to_owned(), |n| n.to_string())
}

/// `12 → 14`
fn totals(effect: Option<&LicenseEffect>) -> Markup {
    html! {
        @if let Some(e) = effect {
            span.nowrap { (number(e.before)) " " span aria-hidden="true" { "→" } span.vh { " to " } " " (number(e.after)) }
        }
    }
}

/// `+$198.00 a month`
fn monthly(money: Option<&Money>) -> Markup {
    html! {
        @match money {
            Some(money) => span.nowrap { @if money.amount > 0 { "+" } (money.written()) },
            None => span.soft { "no price" },
        }
    }
}

/// How long ago, in whole days.
fn age(at: Option<Timestamp>, now: Timestamp) -> String {
    let days = at.map_or(0, |at| now.duration_since(at).as_hours() / 24);
    match days {
        ..=0 => "today".to_owned(),
        1 => "1 day".to_owned(),
        n => format!("{n} days"),
    }
}

/// A choice of the groups that have a total.
fn group_choices<'a>(current: &str, any: Option<&'a str>) -> Vec<Choice<'a>> {
    let mut choices: Vec<Choice> = any.map(|label| Choice::new("", label, current)).into_iter().collect();
    let limited = Group::ALL.into_iter().filter(|g| *g != Group::Clerical);
    choices.extend(limited.map(|g| Choice::new(g.as_str(), g.label(), current)));
    choices
}

/// The clinics as their ids and names, for a choice.
fn clinic_names(clinics: &[Clinic]) -> Vec<(String, &str)> {
    clinics.iter().map(|c| (c.id.to_string(), c.name.as_str())).collect()
}

/// The form to ask, filled in as far as is known.
pub(super) fn ask_address(kind: RequestKind, clinic: ClinicId, group: Group, count: i64, note: &str) -> String {
    urls::with_query(
        urls::NEW_LICENSE_REQUEST,
        &[
            ("kind", kind.as_str()),
            ("clinic_id", &clinic.to_string()),
            ("group", group.as_str()),
            ("count", &count.to_string()),
            ("note", note),
        ],
    )
}
