//! `/sign-out`

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use maud::html;
use muster_app::Channel;
use muster_app::sign_in::SessionStatus;

use crate::context::Web;
use crate::cookies::Cookie;
use crate::errors::PageError;
use crate::extract::constant_time_eq;
use crate::html::parts::{self, Button, ButtonKind};
use crate::html::shell;
use crate::{client, urls};

/// `GET /sign-out`: asks, because following a link must not end a session.
pub(crate) async fn show(State(web): State<Web>, request: axum::extract::Request) -> Response {
    let (parts_, _) = request.into_parts();
    let Some(token) = Cookie::Session.read(&parts_.headers, &web.settings) else {
        return shell::redirect(urls::SIGN_IN);
    };
    let standing = web.app.authenticate(&token, client::origin(&parts_, &web, Channel::Page)).await;
    let csrf = match standing {
        Ok(SessionStatus::Open(both) | SessionStatus::PasswordChangeDue(both)) => both.1.csrf,
        Ok(SessionStatus::Locked { csrf, .. }) => csrf,
        Ok(SessionStatus::Nobody) => return shell::redirect(urls::SIGN_IN),
        Err(error) => return PageError(error).into_response(),
    };
    let body = html! {
        form method="post" action=(urls::SIGN_OUT) {
            (parts::csrf_field(&csrf))
            (parts::button(&Button { label: "Sign out", kind: ButtonKind::Primary, ..Button::default() }))
        }
        p.plain-links { a href=(urls::HOME) { "Stay signed in" } }
    };
    shell::plain(&web, "Sign out?", Some("You will need your password to come back."), None, false, &body)
        .into_response()
}

/// `POST /sign-out`
pub(crate) async fn save(State(web): State<Web>, headers: HeaderMap, request: axum::extract::Request) -> Response {
    let (parts_, body) = request.into_parts();
    let origin = client::origin(&parts_, &web, Channel::Page);
    let Some(token) = Cookie::Session.read(&headers, &web.settings) else { return shell::redirect(urls::SIGN_IN) };
    let bytes = axum::body::to_bytes(body, 64 * 1024).await.unwrap_or_default();
    let form = crate::form::FormData::parse(&bytes).unwrap_or_default();
    let csrf = match web.app.authenticate(&token, origin.clone()).await {
        Ok(SessionStatus::Open(both) | SessionStatus::PasswordChangeDue(both)) => both.1.csrf,
        Ok(SessionStatus::Locked { csrf, .. }) => csrf,
        // Over already: only the cookie is left to clear.
        Ok(SessionStatus::Nobody) => String::new(),
        Err(error) => return PageError(error).into_response(),
    };
    if !csrf.is_empty() {
        if !constant_time_eq(form.one("csrf"), &csrf) {
            return shell::redirect(urls::SIGN_OUT);
        }
        if let Err(error) = web.app.sign_out(&token, &origin).await {
            return PageError(error).into_response();
        }
    }
    let mut response = shell::redirect(&urls::with_query(urls::SIGN_IN, &[("done", "signed-out")]));
    let (key, value) = Cookie::Session.set("", &web.settings);
    response.headers_mut().append(key, value);
    response
}
