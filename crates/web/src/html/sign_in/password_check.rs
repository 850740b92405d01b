//! `POST /password-check`: what is to be said about a password while it is typed. Nothing is kept.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use muster_app::sign_in::SessionStatus;
use muster_app::{Channel, Origin};
use muster_domain::organizations::Organization;

use super::password_fields::meter;
use crate::context::Web;
use crate::cookies::Cookie;
use crate::form::FormData;

/// Judges by the rules of the link's or the session's practice, with the names typed beside it.
pub(crate) async fn show(State(web): State<Web>, headers: HeaderMap, body: Bytes) -> Response {
    let form = FormData::parse(&body).unwrap_or_default();
    let mut words: Vec<String> =
        ["first_name", "last_name", "full_name", "username", "organization_name", "clinic_name"]
            .iter()
            .filter_map(|name| form.filled(name))
            .map(str::to_owned)
            .collect();
    words.extend(form.filled("email").and_then(|e| e.split_once('@')).map(|(local, _)| local.to_owned()));
    let mut organization: Option<Organization> = None;
    if let Some(link) = form.filled("link") {
        if let Ok(Some(view)) = web.app.find_link(link).await {
            words.extend(view.words);
            organization = Some(view.organization);
        }
    } else if let Some(token) = Cookie::Session.read(&headers, &web.settings) {
        let origin = Origin { channel: Channel::Page, address: String::new(), user_agent: String::new() };
        if let Ok(SessionStatus::Open(both) | SessionStatus::PasswordChangeDue(both)) =
            web.app.authenticate(&token, origin).await
        {
            organization = both.1.organization;
        }
    }
    let password = form.one("password").to_owned();
    let is_empty = password.is_empty();
    let app = web.app.clone();
    // Measuring strength takes milliseconds of computing: not on the threads that answer requests.
    let judged =
        tokio::task::spawn_blocking(move || app.assess_password(organization.as_ref(), &password, &words)).await;
    match judged {
        Ok(judged) => meter(&judged, is_empty).into_response(),
        Err(_) => axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
