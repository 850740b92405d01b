//! `/emr/users/{person}`

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_app::audit::AuditRecord;
use muster_app::credentials::{OffboardingRecord, SuperviseeView};
use muster_app::licenses::NextStep;
use muster_app::people::{PersonView, ProfileMerge};
use muster_domain::audit::Action;
use muster_domain::credentials::ProfessionalLicense;
use muster_domain::emr::{EmrAccount, InactiveReason, Permission};
use muster_domain::licenses::Group;
use muster_domain::organizations::Clinic;
use muster_domain::text::initials;
use muster_domain::{Code, PersonId};
use serde::Deserialize;

use super::draft::Draft;
use super::form::{FormView, summary};
use super::images::{self, Images};
use super::{seat, side};
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::html::audit::details;
use crate::html::credentials::{professional_licenses, supervisor};
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Banner, BannerKind, Button, ButtonKind, ButtonLink, ChipKind, Icon};
use crate::html::people::{merge, offboarding};
use crate::html::shell::{self, moment};
use crate::urls;

const HISTORY: i64 = 8;

/// What the address may carry.
#[derive(Deserialize)]
pub(crate) struct UserQuery {
    #[serde(default)]
    done: String,
}

/// Everything the page shows.
struct UserPage {
    view: PersonView,
    clinics: Vec<Clinic>,
    history: Vec<AuditRecord>,
    images: Images,
    licenses: Vec<ProfessionalLicense>,
    supervised: SuperviseeView,
    left: Vec<OffboardingRecord>,
    merges: Vec<ProfileMerge>,
    step: Option<NextStep>,
    attested: Option<String>,
}

async fn load(web: &Web, page: &Page, id: PersonId) -> muster_app::Result<UserPage> {
    let view = web.app.person(&page.actor, id).await?;
    let clinics = web.app.clinics(&page.actor).await?;
    let history = web.app.person_history(&page.actor, id, HISTORY).await?;
    let images = Images::load(web, page, id).await?;
    let licenses = web.app.professional_licenses(&page.actor, id).await?;
    let supervised = web.app.supervision(&page.actor, id).await?;
    let left = web.app.offboardings(&page.actor, id).await?;
    let merges = web.app.merges_of(&page.actor, id).await?;
    let step = web.app.seat_step(&page.actor, &view).await?;
    let attested = images::attested(web, page, &view).await?;
    Ok(UserPage { view, clinics, history, images, licenses, supervised, left, merges, step, attested })
}

/// `GET /emr/users/{person}`
pub(crate) async fn show(
    State(web): State<Web>,
    Path(id): Path<PersonId>,
    Query(query): Query<UserQuery>,
    page: Page,
) -> Response {
    let loaded = match load(&web, &page, id).await {
        Ok(loaded) => loaded,
        Err(error) => return PageError(error).into_response(),
    };
    let draft = Draft::of(&loaded.view, loaded.history.first().map_or(0, |r| r.seq));
    let notice = done(&web, &query.done, &loaded);
    draw(&web, &page, &loaded, &draft, &FormErrors::default(), notice, None).into_response()
}

/// What just happened, and what follows from it.
fn done(web: &Web, what: &str, loaded: &UserPage) -> Option<Banner<'static>> {
    let emr = loaded.view.profile().emr.as_ref();
    let waits = emr.is_some_and(|e| e.inactive_reason == Some(InactiveReason::NoLicense));
    let note = web.settings.mail_note.clone();
    let with_note = |kind, title, text: Option<String>| Banner {
        kind,
        title,
        body: html! { @if let Some(text) = text { p { (text) } } },
        outcome: None,
    };
    match what {
        "added" | "invited" | "saved" if waits => {
            let group = emr.map_or(Group::Therapist, |e| e.user_type.group()).as_str();
            let text = format!("No {group} license is free at the default clinic.");
            let body = html! { p { (text) } (seat::next(loaded.step.as_ref(), &loaded.view)) };
            Some(Banner { kind: BannerKind::Warn, title: "Saved as inactive.", body, outcome: None })
        }
        "added" => Some(with_note(BannerKind::Ok, "User added.", None)),
        "invited" => Some(with_note(BannerKind::Ok, "User added, and the invitation is on its way.", note)),
        "saved" => Some(with_note(BannerKind::Ok, "Saved.", None)),
        "deactivated" => {
            let text = "The license stays with the practice, and on the bill, until it is released.";
            let body = html! { p { (text) } (seat::next(loaded.step.as_ref(), &loaded.view)) };
            let title = "Saved. This person can no longer sign in.";
            Some(Banner { kind: BannerKind::Ok, title, body, outcome: None })
        }
        "link" => Some(with_note(BannerKind::Ok, "The link is on its way. It works once.", note)),
        "sessions" => Some(with_note(BannerKind::Ok, "Every session of this person was ended.", None)),
        "picture" => Some(with_note(BannerKind::Ok, "Picture saved.", None)),
        "picture-removed" => Some(with_note(BannerKind::Ok, "Picture removed.", None)),
        "signature" => Some(with_note(BannerKind::Ok, "Signature saved.", None)),
        "signature-removed" => Some(with_note(BannerKind::Ok, "Signature removed.", None)),
        "copied" => Some(with_note(BannerKind::Ok, "Access copied.", None)),
        "licenses" => Some(with_note(BannerKind::Ok, "The licenses were saved.", None)),
        "supervisor" => Some(with_note(BannerKind::Ok, "The supervisor was saved.", None)),
        "offboarded" => {
            let text =
                "What was done stands under “OffboardingKind”. The license stays on the bill until it is released.";
            Some(with_note(BannerKind::Ok, "Off-boarded. This person can no longer sign in.", Some(text.to_owned())))
        }
        "type" => Some(with_note(BannerKind::Ok, "The user type was changed.", None)),
        _ => None,
    }
}

/// `POST /emr/users/{person}`
pub(crate) async fn save(State(web): State<Web>, Path(id): Path<PersonId>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let mut draft = Draft::typed(&form);
    let loaded = match load(&web, &page, id).await {
        Ok(loaded) => loaded,
        Err(error) => return PageError(error).into_response(),
    };
    if let Some(emr) = &loaded.view.profile().emr {
        emr.user_type.as_str().clone_into(&mut draft.user_type);
    }
    if form.has("refresh") {
        return draw(&web, &page, &loaded, &draft, &FormErrors::default(), None, None).into_response();
    }
    let was_active = loaded.view.profile().emr.as_ref().is_some_and(EmrAccount::is_active);
    let change = draft.change(page.actor.authority(), &loaded.view);
    match web.app.update_person(&page.actor, id, draft.version, change).await {
        Ok(saved) => {
            let active = saved.view.profile().emr.as_ref().is_some_and(EmrAccount::is_active);
            let what = if was_active && !active { "deactivated" } else { "saved" };
            shell::redirect(&urls::with_query(&urls::user(id), &[("done", what)]))
        }
        Err(error) => refused(&web, &page, id, draft, error).await,
    }
}

async fn refused(web: &Web, page: &Page, id: PersonId, mut draft: Draft, error: AppError) -> Response {
    let loaded = match load(web, page, id).await {
        Ok(loaded) => loaded,
        Err(error) => return PageError(error).into_response(),
    };
    match &error {
        AppError::Refused(refusals) => {
            let markup = draw(web, page, &loaded, &draft, &FormErrors::of(refusals), None, None);
            shell::refused(&error, markup)
        }
        AppError::Stale { current } => {
            // Saving once more is then a decision made with open eyes.
            let since = draft.seen;
            draft.version = Some(*current);
            draft.seen = loaded.history.first().map_or(since, |r| r.seq);
            let markup = draw(web, page, &loaded, &draft, &FormErrors::default(), None, Some(since));
            shell::refused(&error, markup)
        }
        _ => PageError(error).into_response(),
    }
}

/// The profile again, with what was wrong with a picture or signature.
pub(super) async fn refused_image(web: &Web, page: &Page, id: PersonId, error: AppError) -> Response {
    let loaded = match load(web, page, id).await {
        Ok(loaded) => loaded,
        Err(error) => return PageError(error).into_response(),
    };
    let draft = Draft::of(&loaded.view, loaded.history.first().map_or(0, |r| r.seq));
    let said = match &error {
        AppError::Refused(refusals) => FormErrors::of(refusals),
        _ => FormErrors::default(),
    };
    shell::refused(&error, draw(web, page, &loaded, &draft, &said, None, None))
}

/// `POST /emr/users/{person}/sign-in-link`
pub(crate) async fn send_link(State(web): State<Web>, Path(id): Path<PersonId>, posted: PageForm) -> Response {
    match web.app.send_sign_in_link(&posted.page.actor, id).await {
        Ok(_) => shell::redirect(&urls::with_query(&urls::user(id), &[("done", "link")])),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST /emr/users/{person}/sessions`
pub(crate) async fn end_sessions(State(web): State<Web>, Path(id): Path<PersonId>, posted: PageForm) -> Response {
    match web.app.end_sessions(&posted.page.actor, id.0, None).await {
        Ok(()) => shell::redirect(&urls::with_query(&urls::user(id), &[("done", "sessions")])),
        Err(error) => PageError(error).into_response(),
    }
}

fn draw(
    web: &Web,
    page: &Page,
    loaded: &UserPage,
    draft: &Draft,
    said: &FormErrors,
    notice: Option<Banner>,
    changed_since: Option<i64>,
) -> Markup {
    let view = &loaded.view;
    let person = &view.profile().person;
    let today = shell::today(web, page);
    let kind = view.profile().emr.as_ref().map(|e| format!("{}, {}", e.user_type.as_str(), e.user_type.title()));
    let title_chips = html! {
        div.cluster {
            @if let Some(emr) = &view.profile().emr { (side::status(emr)) }
            (side::flags(view, today))
            @if view.edit_refused.is_none() && view.profile().emr.is_some() {
                (parts::button_link(&ButtonLink { href: &urls::user_copy(person.id), label: "Copy access from…", icon: Some(Icon::Copy), ..ButtonLink::default() }))
            }
            @if page.actor.is_support() && view.profile().emr.is_some() {
                (parts::button_link(&ButtonLink { href: &urls::user_type(person.id), label: "Change user type", icon: Some(Icon::Edit), ..ButtonLink::default() }))
            }
        }
    };
    let shown = initials(&person.first_name, &person.last_name);
    let picture = parts::avatar(&shown, parts::hue_of(person.full_name.as_bytes()));
    let main = match &view.edit_refused {
        Some(refusal) => read_only(loaded, &refusal.message),
        None => edit_form(web, page, loaded, draft, said),
    };
    let main = html! {
        (images::picture_card(page, view, &loaded.images, said))
        (main)
        (images::signature_card(page, view, &loaded.images, said))
        (professional_licenses::card(page, view, &loaded.licenses, today))
    };
    let side = html! {
        (summary(draft, &loaded.clinics))
        (images::finish_card(view, &loaded.clinics, loaded.attested.as_deref()))
        (supervisor::card(page, view, &loaded.supervised, &FormErrors::default()))
        (side::sign_in(page, view, web.app.now()))
        (seat::card(loaded.step.as_ref(), view))
        (offboarding::card(page, view, &loaded.left))
        (merge::merged_card(page, &loaded.merges))
        (side::history(page, view, &loaded.history, &loaded.clinics))
    };
    let body = html! {
        p.back { a href=(urls::USERS) { (parts::icon(Icon::ChevronLeft)) " Users" } }
        (parts::person_heading(&picture, &person.full_name, kind.as_deref(), &title_chips))
        @if let Some(since) = changed_since { (conflict_banner(page, loaded, since)) }
        (said.summary())
        div #profile { (parts::split(&main, &side)) }
    };
    shell::page(web, page, &person.full_name, notice, &body)
}

fn edit_form(web: &Web, page: &Page, loaded: &UserPage, draft: &Draft, said: &FormErrors) -> Markup {
    let view = &loaded.view;
    let action = urls::user(view.profile().person.id);
    let judged = web.app.assess_password(page.info.organization.as_ref(), "", &[]);
    let form = FormView {
        actor: page.actor.authority(),
        draft,
        said,
        clinics: &loaded.clinics,
        hidden_clinics: view.hidden_clinics,
        judged: &judged,
        action: &action,
        is_new: false,
        is_own: page.actor.authority().is_self(view.profile().person.id),
        sign_in_refused: view.sign_in_refused.as_ref().map(|r| r.message.as_str()),
        needs_signature: loaded.images.signature.is_none()
            && !view.profile().emr.as_ref().is_some_and(|e| e.permissions.contains(Permission::FinishSoapNotes)),
    };
    parts::card(
        "",
        &html! {
            form #profile-form method="post" action=(action) novalidate data-guard {
                (parts::csrf_field(&page.info.csrf))
                input type="hidden" name="version" value=[draft.version];
                input type="hidden" name="seen" value=(draft.seen);
                (form.sections())
                (parts::form_actions(&html! {
                    (parts::button_link(&ButtonLink { href: urls::USERS, label: "Cancel", ..ButtonLink::default() }))
                    (parts::button(&Button { label: "Save user", kind: ButtonKind::Primary, ..Button::default() }))
                }))
            }
        },
    )
}

/// What the other manager changed while this one was typing.
fn conflict_banner(page: &Page, loaded: &UserPage, since: i64) -> Markup {
    let practice = page.info.organization.as_ref();
    let news: Vec<&AuditRecord> = loaded.history.iter().filter(|r| r.seq > since && r.entry.effect == "done").collect();
    let body = html! {
        p { (Code::SomeoneSavedFirst.sentence()) }
        @for record in news {
            p {
                strong { (record.entry.actor_name) } ", " (moment(record.entry.at, practice)) ": "
                (Action::parse(&record.entry.action).map_or(record.entry.action.as_str(), |a| a.label()))
            }
            (details(&record.entry.detail, &loaded.clinics, true))
        }
        p { "Saving again keeps what you typed below." }
    };
    html! {
        div role="alert" {
            (parts::banner(&Banner { kind: BannerKind::Warn, title: "Someone else saved first.", body, outcome: None }))
        }
    }
}

/// The profile for people who may see but not change it.
fn read_only(loaded: &UserPage, reason: &str) -> Markup {
    let view = &loaded.view;
    let person = &view.profile().person;
    let emr = view.profile().emr.as_ref();
    let names: Vec<&str> =
        loaded.clinics.iter().filter(|c| view.clinics.contains(&c.id)).map(|c| c.name.as_str()).collect();
    let license = emr.map(|e| {
        let parts =
            [e.license.number.clone(), e.license.state.clone(), e.license.expires_on.map(|d| format!("until {d}"))];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    });
    let rows = [
        ("User name", html! { (person.username) }),
        ("Email", html! { (person.email.as_deref().unwrap_or("none yet")) }),
        ("Phone", html! { (person.phone.as_deref().unwrap_or("none")) }),
        ("NPI", html! { (person.npi.as_deref().unwrap_or("none")) }),
        ("License", html! { (license.filter(|l| !l.is_empty()).unwrap_or_else(|| "none".to_owned())) }),
        ("Clinics", html! { (names.join(", ")) @if view.hidden_clinics > 0 { " and " (view.hidden_clinics) " more" } }),
        (
            "Permissions",
            html! { div.chips { @for p in emr.map(|e| e.permissions).unwrap_or_default().iter() { (parts::chip(ChipKind::Plain, p.label())) } } },
        ),
    ];
    html! {
        (parts::banner(&Banner::line(BannerKind::Info, reason)))
        (parts::card("Profile", &parts::definition_list(&rows)))
    }
}
