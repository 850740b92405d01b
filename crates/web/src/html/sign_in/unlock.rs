//! `/unlock`: opens a session that locked itself while nobody was there.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_app::sign_in::SessionStatus;
use serde::Deserialize;

use crate::context::Web;
use crate::cookies::Cookie;
use crate::errors::{self, PageError};
use crate::extract::{Visitor, VisitorForm};
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Banner, BannerKind, Button, ButtonKind, Field, FieldKind};
use crate::html::shell;
use crate::urls;

/// What the address may carry.
#[derive(Deserialize)]
pub(crate) struct UnlockQuery {
    #[serde(default)]
    next: String,
}

/// `GET /unlock`: locks the session, because the idle timer of a page leads here.
pub(crate) async fn show(
    State(web): State<Web>,
    Query(query): Query<UnlockQuery>,
    headers: HeaderMap,
    visitor: Visitor,
) -> Response {
    let next = urls::local(&query.next);
    let Some(token) = Cookie::Session.read(&headers, &web.settings) else {
        return shell::redirect(&urls::sign_in_then(next));
    };
    let name = match web.app.authenticate(&token, visitor.origin.clone()).await {
        Ok(SessionStatus::Locked { name, .. }) => name,
        Ok(SessionStatus::Open(both) | SessionStatus::PasswordChangeDue(both)) => {
            match web.app.lock_session(&token).await {
                Ok(()) => both.0.name().to_owned(),
                Err(error) => return PageError(error).into_response(),
            }
        }
        Ok(SessionStatus::Nobody) => return shell::redirect(&urls::sign_in_then(next)),
        Err(error) => return PageError(error).into_response(),
    };
    let page = draw(&web, &visitor.csrf, &name, next, None, &FormErrors::default());
    visitor.answer(&web, page)
}

/// `POST /unlock`
pub(crate) async fn save(State(web): State<Web>, headers: HeaderMap, posted: VisitorForm) -> Response {
    let (visitor, form) = (posted.visitor, posted.form);
    let next = urls::local(form.one("next"));
    let Some(token) = Cookie::Session.read(&headers, &web.settings) else {
        return shell::redirect(&urls::sign_in_then(next));
    };
    let name = form.one("name");
    match web.app.unlock(&token, form.one("password"), &visitor.origin).await {
        Ok(()) => shell::redirect(next),
        Err(AppError::NotSignedIn) => shell::redirect(&urls::sign_in_then(next)),
        Err(AppError::Refused(refusals)) => {
            let page = draw(&web, &visitor.csrf, name, next, None, &FormErrors::of(&refusals));
            visitor.answer(&web, (StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(error @ AppError::TooMany(_)) => {
            let text = error.to_string();
            let page = draw(
                &web,
                &visitor.csrf,
                name,
                next,
                Some(Banner::line(BannerKind::Bad, &text)),
                &FormErrors::default(),
            );
            visitor.answer(&web, errors::in_place_of(error, page))
        }
        Err(error) => PageError(error).into_response(),
    }
}

fn draw(web: &Web, csrf: &str, name: &str, next: &str, notice: Option<Banner>, said: &FormErrors) -> Markup {
    let password = Field::new("password", "Password", "")
        .kind(FieldKind::Password)
        .required()
        .autocomplete("current-password")
        .attr("autofocus", "")
        .errors(said.at("password"));
    let body = html! {
        form method="post" action=(urls::UNLOCK) novalidate {
            (parts::csrf_field(csrf))
            (said.summary_of("Still locked"))
            input type="hidden" name="next" value=(next);
            input type="hidden" name="name" value=(name);
            (parts::input(&password))
            (parts::button(&Button { label: "Unlock", kind: ButtonKind::Primary, ..Button::default() }))
        }
        p.plain-links { a href=(urls::SIGN_OUT) { "Sign out instead" } }
    };
    let lead = format!(
        "{name}, nothing happened here for a while, so the screen was locked. Enter your password to go on where you were."
    );
    shell::plain(web, "Locked", Some(&lead), notice, false, &body)
}
