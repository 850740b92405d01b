//! `/emr/users/{person}/offboarding`: leaving for good or for a while, with what it does shown first.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_app::credentials::OffboardingRecord;
use muster_app::people::PersonView;
use muster_domain::PersonId;
use muster_domain::people::OffboardingKind;
use serde::Deserialize;

use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::html::confirm::{ConfirmForm, answer, refusal_list, refused};
use crate::html::form_errors::FormErrors;
use crate::html::parts::{
    self, Button, ButtonKind, ButtonLink, Checkbox, Choice, Icon, RadioChoice, RadioGroup, Select,
};
use crate::html::shell::{self, moment};
use crate::urls;

/// What the address may carry.
#[derive(Default, Deserialize)]
pub(crate) struct OffboardingQuery {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    hand_supervisees_to: String,
}

/// `GET /emr/users/{person}/offboarding`: choose, then see what happens.
pub(crate) async fn show(
    State(web): State<Web>,
    Path(id): Path<PersonId>,
    Query(query): Query<OffboardingQuery>,
    page: Page,
) -> Response {
    answer(draw(&web, &page, id, &query, &FormErrors::default()).await)
}

/// `POST /emr/users/{person}/offboarding`
pub(crate) async fn save(State(web): State<Web>, Path(id): Path<PersonId>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let query = OffboardingQuery {
        kind: form.one("kind").to_owned(),
        hand_supervisees_to: form.one("hand_supervisees_to").to_owned(),
    };
    let Some(kind) = OffboardingKind::parse(&query.kind) else { return shell::redirect(&urls::user_offboarding(id)) };
    let release = form.has("release_license");
    match web.app.offboard(&page.actor, id, kind, query.hand_supervisees_to.parse().ok(), release).await {
        Ok(_) => shell::redirect(&urls::with_query(&urls::user(id), &[("done", "offboarded")])),
        Err(AppError::Refused(refusals)) => {
            let drawn = draw(&web, &page, id, &query, &FormErrors::of(&refusals)).await;
            refused(refusals, drawn)
        }
        Err(error) => PageError(error).into_response(),
    }
}

async fn draw(
    web: &Web,
    page: &Page,
    id: PersonId,
    query: &OffboardingQuery,
    said: &FormErrors,
) -> muster_app::Result<Markup> {
    let view = web.app.person(&page.actor, id).await?;
    let chosen = OffboardingKind::parse(&query.kind);
    let kind = chosen.unwrap_or(OffboardingKind::Departure);
    let plan = web.app.offboarding_plan(&page.actor, id, kind, query.hand_supervisees_to.parse().ok()).await?;
    let kinds = [
        RadioChoice {
            value: "departure",
            label: "Leaves for good",
            hint: Some("The profile stays, inactive, with its history."),
            disabled_reason: None,
        },
        RadioChoice {
            value: "leave",
            label: "Goes on leave",
            hint: Some("Make the profile active again when the person is back."),
            disabled_reason: None,
        },
    ];
    let ids: Vec<(String, &str)> = plan.offered.iter().map(|(id, name)| (id.to_string(), name.as_str())).collect();
    let mut successors = vec![Choice::new("", "Choose…", &query.hand_supervisees_to)];
    successors.extend(ids.iter().map(|(id, name)| Choice::new(id, name, &query.hand_supervisees_to)));
    let chosen_fields = [("kind", kind.as_str()), ("hand_supervisees_to", query.hand_supervisees_to.as_str())];
    let address = urls::user_offboarding(id);
    let back = urls::user(id);
    let release = html! {
        @if let Some((_, group)) = plan.releasable {
            (parts::checkbox(&Checkbox { name: "release_license", value: "true", label: &format!("Also ask support to release the {} license", group.as_str()), hint: Some("Until it is released, it stays on the bill."), errors: said.at("release_license"), ..Checkbox::default() }))
        }
    };
    let name = &view.profile().person.full_name;
    let body = html! {
        p.plain-links { a href=(back) { (parts::icon(Icon::ChevronLeft)) " " (name) } }
        (parts::heading(&format!("Off-board {name}"), Some("Everything at once, on record."), &html! {}))
        (said.summary())
        (parts::card("How", &html! {
            form method="get" action=(address) {
                (parts::radio_group(&RadioGroup { name: "kind", legend: "How the person leaves", current: kind.as_str(), options: &kinds, ..RadioGroup::default() }))
                @if !plan.supervisees.is_empty() {
                    p { "Supervises " (plan.supervisees.join(", ")) "." }
                    div.fields {
                        (parts::select(&Select { name: "hand_supervisees_to", label: "Hand them over to", options: &successors, required: true, errors: said.at("hand_supervisees_to"), ..Select::default() }))
                    }
                }
                (parts::button(&Button { label: "Show what happens", ..Button::default() }))
            }
        }))
        @if chosen.is_some() {
            (parts::card("What happens", &html! {
                @if let Some(refusals) = &plan.refused {
                    (refusal_list(refusals))
                } @else {
                    ol { @for step in &plan.steps { li { (step.text) } } }
                    p.soft { "This person's only account is the EMR's." }
                    (ConfirmForm { action: &address, fields: &chosen_fields, choice: Some(&release), back: &back, label: "Off-board now", kind: ButtonKind::Danger }.form(page))
                }
            }))
        }
    };
    Ok(shell::page(web, page, "Off-board", None, &body))
}

/// The card of the profile: the way to off-boarding, and how the person left before.
pub(crate) fn card(page: &Page, view: &PersonView, left: &[OffboardingRecord]) -> Markup {
    let Some(emr) = &view.profile().emr else { return html! {} };
    let offer = view.edit_refused.is_none() && emr.is_active();
    if !offer && left.is_empty() {
        return html! {};
    }
    let practice = page.info.organization.as_ref();
    let steps = |l: &OffboardingRecord| serde_json::from_str::<Vec<RecordedStep>>(&l.steps).unwrap_or_default();
    parts::card(
        "OffboardingKind",
        &html! {
            @for l in left {
                details {
                    summary {
                        @if let Some(kind) = OffboardingKind::parse(&l.kind) { (kind.label()) } @else { (l.kind) }
                        @if let Some(at) = l.at { ", " (moment(at, practice)) }
                    }
                    p.soft { "Done by " (l.actor_name) "." }
                    ol { @for step in steps(l) { li { (step.text) } } }
                }
            }
            @if offer {
                (parts::button_link(&ButtonLink { href: &urls::user_offboarding(view.profile().person.id), label: "Leaves or goes on leave…", icon: Some(Icon::SignOut), ..ButtonLink::default() }))
            }
        },
    )
}

/// A step as it was recorded.
#[derive(Deserialize)]
struct RecordedStep {
    text: String,
}
