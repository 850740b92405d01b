//! `/emr/users/new`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_app::people::{Candidates, Decision};
use muster_domain::emr::Permission;

use super::draft::Draft;
use super::form::{FormView, NEW_ACTION, summary};
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Banner, BannerKind, Button, ButtonKind, ButtonLink};
use crate::html::people::duplicates::question;
use crate::html::shell;
use crate::urls;

/// `GET /emr/users/new`
pub(crate) async fn show(State(web): State<Web>, page: Page) -> Response {
    let clinics = match web.app.clinics(&page.actor).await {
        Ok(clinics) => clinics,
        Err(error) => return PageError(error).into_response(),
    };
    let ids: Vec<_> = clinics.iter().filter(|c| c.is_active()).map(|c| c.id).collect();
    let draft = Draft::blank(page.actor.authority(), &ids);
    answer(&web, &page, &draft, &FormErrors::default()).await
}

/// `POST /emr/users/new`
pub(crate) async fn save(State(web): State<Web>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let mut draft = Draft::typed(&form);
    if let Some(part) = form.get("refresh") {
        if part == "type" {
            draft.tick_defaults(page.actor.authority());
        }
        return answer(&web, &page, &draft, &FormErrors::default()).await;
    }
    let mut new = draft.new_profile();
    let decided: Vec<String> = form.all("someone_else").map(str::to_owned).collect();
    if let Some(id) = form.filled("same_person").and_then(|id| id.parse().ok()) {
        return match web.app.link_existing(&page.actor, id, &new).await {
            Ok(saved) => {
                shell::redirect(&urls::with_query(&urls::user(saved.view.profile().person.id), &[("done", "saved")]))
            }
            Err(error) => refused(&web, &page, &draft, error, &decided).await,
        };
    }
    if !decided.is_empty() {
        let ids = decided.iter().filter_map(|id| id.parse().ok()).collect();
        new.duplicates = Decision::SomeoneElse { ids, hidden: decided.iter().any(|d| d == "hidden") };
    }
    match web.app.add_person(&page.actor, new, None).await {
        Ok(saved) => {
            let done = if saved.invited.is_some() { "invited" } else { "added" };
            shell::redirect(&urls::with_query(&urls::user(saved.view.profile().person.id), &[("done", done)]))
        }
        Err(error) => refused(&web, &page, &draft, error, &decided).await,
    }
}

async fn refused(web: &Web, page: &Page, draft: &Draft, error: AppError, decided: &[String]) -> Response {
    if let AppError::PossibleDuplicate(found) = &error {
        return match draw(web, page, draft, &FormErrors::default(), Some((found, decided))).await {
            Ok(markup) => shell::refused(&error, markup),
            Err(error) => PageError(error).into_response(),
        };
    }
    let AppError::Refused(refusals) = &error else { return PageError(error).into_response() };
    match draw(web, page, draft, &FormErrors::of(refusals), None).await {
        Ok(markup) => shell::refused(&error, markup),
        Err(error) => PageError(error).into_response(),
    }
}

async fn answer(web: &Web, page: &Page, draft: &Draft, said: &FormErrors) -> Response {
    match draw(web, page, draft, said, None).await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

async fn draw(
    web: &Web,
    page: &Page,
    draft: &Draft,
    said: &FormErrors,
    alike: Option<(&Candidates, &[String])>,
) -> muster_app::Result<Markup> {
    if !page.actor.may(Permission::EditUsers) {
        return Err(web.app.missing(Permission::EditUsers).into());
    }
    let clinics = web.app.clinics(&page.actor).await?;
    let judged = web.app.assess_password(page.info.organization.as_ref(), "", &[]);
    let view = FormView {
        actor: page.actor.authority(),
        draft,
        said,
        clinics: &clinics,
        hidden_clinics: 0,
        judged: &judged,
        action: NEW_ACTION,
        is_new: true,
        is_own: false,
        sign_in_refused: None,
        needs_signature: true,
    };
    let form = html! {
        form #profile-form method="post" action=(NEW_ACTION) novalidate data-guard {
            (parts::csrf_field(&page.info.csrf))
            @if let Some((found, decided)) = alike { (question(draft, &clinics, found, decided)) }
            (view.sections())
            (parts::form_actions(&html! {
                (parts::button_link(&ButtonLink { href: urls::USERS, label: "Cancel", ..ButtonLink::default() }))
                (parts::button(&Button { label: "Save user", kind: ButtonKind::Primary, ..Button::default() }))
            }))
        }
    };
    let note = web.settings.mail_note.as_deref();
    let side = html! {
        (summary(draft, &clinics))
        @if let Some(note) = note { (parts::banner(&Banner::line(BannerKind::Info, note))) }
    };
    let body = html! {
        (parts::heading("Add user", Some("Start with the type: it decides what is asked below."), &html! {}))
        (said.summary())
        div #profile { (parts::split(&parts::card("", &form), &side)) }
    };
    Ok(shell::page(web, page, "Add user", None, &body))
}
