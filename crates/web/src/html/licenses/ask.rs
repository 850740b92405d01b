//! `/emr/licenses/requests/new`: asking for licenses, or to release some.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_domain::licenses::{Group, PoolFacts, Prices, RequestDraft, RequestKind};
use muster_domain::{ClinicId, Code, Refusal, Refusals};

use super::{clinic_names, group_choices, number};
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::form::FormData;
use crate::html::form_errors::FormErrors;
use crate::html::parts::{
    self, Banner, BannerKind, Button, ButtonKind, ButtonLink, Choice, Field, FieldKind, Icon, RadioChoice, RadioGroup,
    Select, Textarea,
};
use crate::html::shell;
use crate::urls;

/// `GET /emr/licenses/requests/new`, filled in from the address.
pub(crate) async fn show(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    match draw(&web, &page, &FormData::query(query.as_deref()), &FormErrors::default()).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST /emr/licenses/requests/new`
pub(crate) async fn save(State(web): State<Web>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    if form.has("refresh") {
        return match draw(&web, &page, &form, &FormErrors::default()).await {
            Ok(markup) => markup.into_response(),
            Err(error) => PageError(error).into_response(),
        };
    }
    let made = match typed_request(&form) {
        Ok(wanted) => web.app.submit_license_request(&page.actor, &wanted, None).await,
        Err(refusals) => Err(AppError::Refused(refusals)),
    };
    match made {
        Ok(submitted) => {
            shell::redirect(&urls::with_query(&urls::license_request(submitted.request.id), &[("done", "submitted")]))
        }
        Err(AppError::Refused(refusals)) => match draw(&web, &page, &form, &FormErrors::of(&refusals)).await {
            Ok(markup) => shell::refused(&AppError::Refused(refusals), markup),
            Err(error) => PageError(error).into_response(),
        },
        Err(error) => PageError(error).into_response(),
    }
}

/// What was typed, as far as it can be read.
fn typed_request(form: &FormData) -> Result<RequestDraft, Refusals> {
    let mut refusals = Refusals::default();
    let mut need = |field: &'static str, label: &str, found: bool| {
        if !found {
            let code = if form.filled(field).is_some() { Code::NotUnderstood } else { Code::Required };
            refusals.push(Refusal::new(field, code).about(&[label]));
        }
    };
    let kind = RequestKind::parse(form.one("kind"));
    let clinic: Option<ClinicId> = form.filled("clinic_id").and_then(|c| c.parse().ok());
    let group = Group::parse(form.one("group"));
    let count: Option<i64> = form.filled("count").and_then(|c| c.parse().ok());
    need("kind", "Whether to add or to release", kind.is_some());
    need("clinic_id", "The clinic", clinic.is_some());
    need("group", "The group", group.is_some());
    need("count", "How many, as a whole number,", count.is_some());
    match (kind, clinic, group, count) {
        (Some(kind), Some(clinic), Some(group), Some(count)) => {
            Ok(RequestDraft { kind, clinic, group, count, note: form.one("note").replace("\r\n", "\n") })
        }
        _ => Err(refusals),
    }
}

async fn draw(web: &Web, page: &Page, form: &FormData, said: &FormErrors) -> muster_app::Result<Markup> {
    let clinics = web.app.clinics(&page.actor).await?;
    let prices = web.app.license_prices(&page.actor).await?;
    let only = if clinics.len() == 1 { clinics.first().map(|c| c.id) } else { None };
    let clinic: Option<ClinicId> = form.filled("clinic_id").and_then(|c| c.parse().ok()).or(only);
    let group = Group::parse(form.one("group"));
    let facts = match (clinic, group) {
        (Some(clinic), Some(group)) => web.app.pool_facts(&page.actor, clinic, group).await?,
        _ => None,
    };
    let name = clinic.and_then(|id| clinics.iter().find(|c| c.id == id)).map(|c| c.name.as_str());
    let chosen = clinic.map(|c| c.to_string()).unwrap_or_default();
    let ids = clinic_names(&clinics);
    let mut places = vec![Choice::new("", "Choose…", &chosen)];
    places.extend(ids.iter().map(|(id, name)| Choice::new(id, name, &chosen)));
    let groups = group_choices(form.one("group"), Some("Choose…"));
    let kinds = [
        RadioChoice {
            value: "add",
            label: "Add licenses",
            hint: Some("So that more people can be active."),
            disabled_reason: None,
        },
        RadioChoice {
            value: "release",
            label: "Release licenses",
            hint: Some("To stop paying for licenses that are free."),
            disabled_reason: None,
        },
    ];
    let kind = RequestKind::parse(form.one("kind")).unwrap_or(RequestKind::Add);
    // The pool's facts follow what is chosen.
    let refresh = || {
        vec![
            ("hx-post", urls::NEW_LICENSE_REQUEST.to_owned()),
            ("hx-trigger", "change".to_owned()),
            ("hx-vals", r#"{"refresh": "pool"}"#.to_owned()),
            ("hx-target", "#pool-facts".to_owned()),
            ("hx-select", "#pool-facts".to_owned()),
            ("hx-swap", "outerHTML".to_owned()),
            // Of two choices in a row, the answer to the first must not come last.
            ("hx-sync", "closest form:replace".to_owned()),
        ]
    };
    let count = if form.has("count") { form.one("count") } else { "1" };
    let fields = html! {
        form #request-form method="post" action=(urls::NEW_LICENSE_REQUEST) novalidate data-guard {
            (parts::csrf_field(&page.info.csrf))
            (parts::radio_group(&RadioGroup { name: "kind", legend: "What to ask for", current: kind.as_str(), options: &kinds, errors: said.at("kind"), ..RadioGroup::default() }))
            div.fields {
                (parts::select(&Select { name: "clinic_id", label: "Clinic", options: &places, required: true, errors: said.at("clinic_id"), attrs: refresh(), ..Select::default() }))
                (parts::select(&Select { name: "group", label: "Licenses for", options: &groups, required: true, errors: said.at("group"), attrs: refresh(), ..Select::default() }))
                (parts::input(&Field::new("count", "How many", count).kind(FieldKind::Number).required().errors(said.at("count")).attr("min", "1").attr("max", "1000000")))
            }
            noscript { (parts::button(&Button { label: "Show what is free", sends: Some(("refresh", "pool")), ..Button::default() })) }
            (parts::textarea(&Textarea { name: "note", label: "Note", value: form.one("note"), hint: Some("For support. A release needs the reason."), errors: said.at("note"), ..Textarea::default() }))
            (parts::form_actions(&html! {
                (parts::button_link(&ButtonLink { href: urls::LICENSES, label: "Cancel", ..ButtonLink::default() }))
                (parts::button(&Button { label: "Send to support", kind: ButtonKind::Primary, ..Button::default() }))
            }))
        }
    };
    let side = html! {
        div #pool-facts aria-live="polite" { (pool(facts.as_ref(), name, group, &prices)) }
        (parts::card("How it goes on", &html! {
            ol.steps-list {
                li { "Support processes the request, or rejects it with a reason." }
                li { "You and the company admins get an email at each step." }
                li { "After more were added, make the people on the waiting list active." }
            }
        }))
    };
    let body = html! {
        p.back { a href=(urls::LICENSES) { (parts::icon(Icon::ChevronLeft)) " Licenses" } }
        (parts::heading("Ask for a license adjustment", Some("Add licenses, or release those you no longer need."), &html! {}))
        (said.summary())
        (parts::split(&parts::card("", &fields), &side))
    };
    Ok(shell::page(web, page, "Ask for licenses", None, &body))
}

/// What is known of the pool chosen.
fn pool(facts: Option<&PoolFacts>, clinic: Option<&str>, group: Option<Group>, prices: &Prices) -> Markup {
    let (Some(facts), Some(clinic), Some(group)) = (facts, clinic, group) else {
        return parts::card("The pool", &html! { p.soft { "Choose a clinic and a group to see what is free there." } });
    };
    let rows = [
        ("Total", html! { (number(facts.total)) }),
        ("Assigned", html! { (facts.assigned) }),
        ("Can be released", html! { (facts.releasable()) }),
        (
            "Price of one",
            html! { @match prices.of(group, 1) { Some(m) => { (m.written()) " a month" } None => span.soft { "not set" } } },
        ),
    ];
    html! {
        (parts::card(&format!("{} licenses at {clinic}", group.label()), &html! {
            (parts::definition_list(&rows))
            @if facts.total.is_none() { p.soft { "There is no limit here, so there is nothing to add or to release." } }
        }))
        @if let Some(notice) = facts.notice() { (parts::banner(&Banner::line(BannerKind::Warn, &notice))) }
    }
}
