//! What stands beside a stored profile: flags, sign-in, history.

use jiff::civil::Date;
use maud::{Markup, html};
use muster_app::audit::AuditRecord;
use muster_app::people::PersonView;
use muster_domain::audit::Action;
use muster_domain::emr::{EmrAccount, InactiveReason, Status};
use muster_domain::organizations::{Clinic, Organization};
use muster_domain::sign_in::PasswordState;

use crate::extract::Page;
use crate::html::audit::details;
use crate::html::parts::{self, Button, ButtonLink, ChipKind, Icon};
use crate::html::shell::{ago, moment};
use crate::urls;

/// Chips about credentials: placeholders and licenses that ran out or soon will.
pub(super) fn flags(view: &PersonView, today: Date) -> Markup {
    let expires = view.profile().emr.as_ref().and_then(|e| e.license.expires_on);
    let left = expires.and_then(|d| today.until(d).ok()).map(|s| s.get_days());
    html! {
        @for field in view.placeholders() {
            (parts::chip(ChipKind::Bad, if field == "npi" { "placeholder NPI" } else { "placeholder license" }))
        }
        @match left {
            Some(days) if days < 0 => (parts::chip(ChipKind::Bad, "license expired")),
            Some(days) if days <= 90 => (parts::chip(ChipKind::Warn, &format!("license expires in {days} days"))),
            _ => {},
        }
    }
}

/// A chip for the status, with the reason when inactive.
pub(crate) fn status(account: &EmrAccount) -> Markup {
    match (account.status, account.inactive_reason) {
        (Status::Active, _) => parts::chip(ChipKind::Ok, "Active"),
        (Status::Inactive, Some(InactiveReason::NoLicense)) => parts::chip(ChipKind::Off, "Inactive: no license free"),
        (Status::Inactive, Some(InactiveReason::NeedsEmail)) => parts::chip(ChipKind::Off, "Inactive: needs an email"),
        (Status::Inactive, Some(InactiveReason::OnLeave)) => parts::chip(ChipKind::Off, "On leave"),
        (Status::Inactive, _) => parts::chip(ChipKind::Off, "Inactive"),
    }
}

/// The card about how the person signs in, with the buttons that act on it.
pub(super) fn sign_in(page: &Page, view: &PersonView, now: jiff::Timestamp) -> Markup {
    let practice = page.info.organization.as_ref();
    let person = &view.profile().person;
    let state = match view.stored.password_state {
        PasswordState::Missing => "Has not set a password yet",
        PasswordState::MustChange => "Has to change the password at the next sign-in",
        PasswordState::Chosen => "Password set",
    };
    let active = view.profile().emr.as_ref().is_some_and(EmrAccount::is_active);
    let invite = view.stored.password_state == PasswordState::Missing;
    let send = if invite { "Send an invitation" } else { "Send a reset link" };
    parts::card(
        "Sign-in",
        &html! {
            p { "Last signed in: " strong { (ago(view.stored.last_sign_in_at, now, practice)) } }
            p.soft { (state) }
            @if view.sign_in_refused.is_none() && active {
                div.cluster {
                    @if person.email.is_some() {
                        form method="post" action=(urls::user_sign_in_link(person.id)) {
                            (parts::csrf_field(&page.info.csrf))
                            (parts::button(&Button { label: send, icon: Some(Icon::Mail), ..Button::default() }))
                        }
                    }
                    form method="post" action=(urls::user_sessions(person.id)) {
                        (parts::csrf_field(&page.info.csrf))
                        (parts::button(&Button { label: "End all sessions", icon: Some(Icon::SignOut), ..Button::default() }))
                    }
                }
            }
        },
    )
}

/// The latest records about the person.
pub(super) fn history(page: &Page, view: &PersonView, records: &[AuditRecord], clinics: &[Clinic]) -> Markup {
    let practice: Option<&Organization> = page.info.organization.as_ref();
    let all = urls::with_query(urls::AUDIT, &[("subject_id", &view.profile().person.id.to_string())]);
    parts::card(
        "History",
        &html! {
            @if records.is_empty() { p.soft { "Nothing yet." } }
            ol.timeline {
                @for record in records {
                    li {
                        strong { (Action::parse(&record.entry.action).map_or(record.entry.action.as_str(), |a| a.label())) }
                        @if record.entry.effect == "denied" { " " (parts::chip(ChipKind::Bad, "Denied")) }
                        div.soft.small { (moment(record.entry.at, practice)) @if !record.entry.actor_name.is_empty() { ", " (record.entry.actor_name) } }
                        (details(&record.entry.detail, clinics, false))
                    }
                }
            }
            (parts::button_link(&ButtonLink { href: &all, label: "All records", ..ButtonLink::default() }))
        },
    )
}
