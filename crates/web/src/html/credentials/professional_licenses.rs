//! `/emr/users/{person}/professional-licenses`: professional licenses, on a page of their own and as a card of the profile.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use maud::{Markup, html};
use muster_app::AppError;
use muster_app::people::PersonView;
use muster_domain::PersonId;
use muster_domain::credentials::{FIRST_LICENSE, ProfessionalLicense, ProfessionalLicensePatch, ReminderStage};
use muster_domain::emr::Credentials;

use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::form::FormData;
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Button, ButtonKind, ButtonLink, ChipKind, Field, FieldKind, Icon};
use crate::html::shell;
use crate::urls;

/// A form that was refused: at which license (none = a new one), what was typed and what is wrong with it.
struct RefusedForm<'a> {
    position: Option<i64>,
    form: &'a FormData,
    said: &'a FormErrors,
}

/// `GET /emr/users/{person}/professional-licenses`
pub(crate) async fn show(State(web): State<Web>, Path(id): Path<PersonId>, page: Page) -> Response {
    match draw(&web, &page, id, None).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

fn typed_license(form: &FormData) -> ProfessionalLicensePatch {
    let field = |name: &str| form.get(name).map(|v| Some(v.to_owned()));
    ProfessionalLicensePatch {
        number: field("number"),
        state: field("state"),
        profession: field("profession"),
        expires_on: field("expires_on"),
    }
}

/// `POST /emr/users/{person}/professional-licenses`
pub(crate) async fn add(State(web): State<Web>, Path(id): Path<PersonId>, posted: PageForm) -> Response {
    let done = web.app.add_professional_license(&posted.page.actor, id, &typed_license(&posted.form), None).await;
    answer(&web, id, &posted, None, done.map(drop)).await
}

/// `POST /emr/users/{person}/professional-licenses/{license}`
pub(crate) async fn save(
    State(web): State<Web>,
    Path((id, position)): Path<(PersonId, String)>,
    posted: PageForm,
) -> Response {
    let Ok(position) = position.parse() else { return PageError(AppError::NotFound).into_response() };
    let done =
        web.app.change_professional_license(&posted.page.actor, id, position, &typed_license(&posted.form)).await;
    answer(&web, id, &posted, Some(position), done.map(drop)).await
}

/// `POST /emr/users/{person}/professional-licenses/{license}/remove`
pub(crate) async fn remove(
    State(web): State<Web>,
    Path((id, position)): Path<(PersonId, String)>,
    posted: PageForm,
) -> Response {
    let Ok(position) = position.parse() else { return PageError(AppError::NotFound).into_response() };
    let done = web.app.remove_professional_license(&posted.page.actor, id, position).await;
    answer(&web, id, &posted, Some(position), done.map(drop)).await
}

async fn answer(
    web: &Web,
    id: PersonId,
    posted: &PageForm,
    position: Option<i64>,
    done: muster_app::Result<()>,
) -> Response {
    match done {
        Ok(()) => shell::redirect(&urls::with_query(&urls::user(id), &[("done", "licenses")])),
        Err(AppError::Refused(refusals)) => {
            let said = FormErrors::of(&refusals);
            let failed = RefusedForm { position, form: &posted.form, said: &said };
            match draw(web, &posted.page, id, Some(&failed)).await {
                Ok(markup) => shell::refused(&AppError::Refused(refusals), markup),
                Err(error) => PageError(error).into_response(),
            }
        }
        Err(error) => PageError(error).into_response(),
    }
}

async fn draw(web: &Web, page: &Page, id: PersonId, failed: Option<&RefusedForm<'_>>) -> muster_app::Result<Markup> {
    let view = web.app.person(&page.actor, id).await?;
    let licenses = web.app.professional_licenses(&page.actor, id).await?;
    let today = shell::today(web, page);
    let name = &view.profile().person.full_name;
    let back = urls::user(id);
    let body = html! {
        p.plain-links { a href=(back) { (parts::icon(Icon::ChevronLeft)) " " (name) } }
        (parts::heading(&format!("Professional licenses of {name}"), None, &html! {}))
        @if let Some(failed) = failed { (failed.said.summary()) }
        (list(page, &view, &licenses, today, failed))
    };
    Ok(shell::page(web, page, "Professional licenses", None, &body))
}

/// The card of the profile; nothing for who carries no license.
pub(crate) fn card(page: &Page, view: &PersonView, licenses: &[ProfessionalLicense], today: Date) -> Markup {
    let none = view.profile().emr.as_ref().is_some_and(|e| e.user_type.credentials() == Credentials::None);
    if none && licenses.is_empty() {
        html! {}
    } else {
        list(page, view, licenses, today, None)
    }
}

fn list(
    page: &Page,
    view: &PersonView,
    licenses: &[ProfessionalLicense],
    today: Date,
    failed: Option<&RefusedForm>,
) -> Markup {
    let id = view.profile().person.id;
    let may_edit = view.edit_refused.is_none();
    let blank = ProfessionalLicense { position: -1, ..ProfessionalLicense::default() };
    let at = |position: Option<i64>| failed.filter(|f| f.position == position);
    parts::card(
        "Professional licenses",
        &html! {
            @if licenses.is_empty() { p.soft { "None yet." } }
            @for license in licenses {
                div.stack {
                    p {
                        strong { (license.number.as_deref().unwrap_or("no number")) }
                        @if let Some(state) = &license.state { " " (state) }
                        @if let Some(profession) = &license.profession { ", " (profession) }
                        @if let Some(day) = license.expires_on { ", until " (day) }
                        " " (chip(license, today))
                    }
                    @if may_edit {
                        @let failed = at(Some(license.position));
                        details open[failed.is_some()] {
                            summary { "Change " span.vh { (license.number.as_deref().unwrap_or_default()) } }
                            (form(page, &urls::professional_license(id, license.position), license, failed, "Save license"))
                            @if license.position != FIRST_LICENSE {
                                form method="post" action=(format!("{}/remove", urls::professional_license(id, license.position))) {
                                    (parts::csrf_field(&page.info.csrf))
                                    (parts::button(&Button { label: "Remove this license", kind: ButtonKind::Danger, small: true, ..Button::default() }))
                                }
                            }
                        }
                    }
                }
            }
            @if may_edit {
                @let failed = at(None);
                details open[failed.is_some()] {
                    summary { "Add a license" }
                    (form(page, &urls::professional_licenses(id), &blank, failed, "Add license"))
                }
            } @else {
                (parts::button_link(&ButtonLink { href: &urls::user(id), label: "Back to the profile", ..ButtonLink::default() }))
            }
        },
    )
}

fn chip(license: &ProfessionalLicense, today: Date) -> Markup {
    match license.expires_on.and_then(|d| ReminderStage::of(d, today)) {
        Some(ReminderStage::Expired) => parts::chip(ChipKind::Bad, "expired"),
        Some(_) => parts::chip(ChipKind::Warn, "expires soon"),
        None => html! {},
    }
}

fn form(page: &Page, action: &str, license: &ProfessionalLicense, failed: Option<&RefusedForm>, label: &str) -> Markup {
    let expires = license.expires_on.map(|d| d.to_string());
    let value = |name: &str, stored: Option<&str>| match failed {
        Some(failed) => failed.form.one(name).to_owned(),
        None => stored.unwrap_or_default().to_owned(),
    };
    let number = value("number", license.number.as_deref());
    let state = value("state", license.state.as_deref());
    let profession = value("profession", license.profession.as_deref());
    let expires = value("expires_on", expires.as_deref());
    // One form is refused at a time: its fields carry the plain names the summary leads to.
    let key = |name: &str| match (failed, license.position) {
        (Some(_), _) => name.to_owned(),
        (None, ..0) => format!("new-license-{name}"),
        (None, position) => format!("license-{position}-{name}"),
    };
    let ids = [key("number"), key("state"), key("profession"), key("expires_on")];
    let errors = |name: &str| failed.map_or(&[][..], |f| f.said.at(name));
    html! {
        form method="post" action=(action) novalidate {
            (parts::csrf_field(&page.info.csrf))
            div.fields {
                (parts::input(&Field::new("number", "Number", &number).id(&ids[0]).kind(FieldKind::Code).required().errors(errors("number")).autocomplete("off").hint("If you do not have it yet: 00000")))
                (parts::input(&Field::new("state", "State", &state).id(&ids[1]).errors(errors("state")).hint("Two letters, such as ME")))
                (parts::input(&Field::new("profession", "Profession", &profession).id(&ids[2]).errors(errors("profession")).autocomplete("off")))
                (parts::input(&Field::new("expires_on", "Expires on", &expires).id(&ids[3]).errors(errors("expires_on")).kind(FieldKind::Date)))
            }
            (parts::button(&Button { label, ..Button::default() }))
        }
    }
}
