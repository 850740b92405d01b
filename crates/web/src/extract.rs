//! Who is asking: every page and every API handler begins with one of these.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use muster_app::sign_in::{SessionInfo, SessionStatus};
use muster_app::{Actor, AppError, Channel};
use muster_domain::OrganizationId;

use crate::client::origin;
use crate::context::Web;
use crate::cookies::Cookie;
use crate::errors::{ApiError, PageError, page};
use crate::form::FormData;
use crate::urls;

/// A signed-in person in a browser.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub actor: Actor,
    pub info: SessionInfo,
    /// The session cookie's value.
    pub token: String,
    /// Path and query of the page asked for.
    pub here: String,
}

/// A page open to people whose password is due for a change: the change itself, and signing out.
pub(crate) struct PageBeforeChange(pub Page);

enum PasswordRule {
    Strict,
    PasswordDueToo,
}

async fn page_of(parts: &Parts, web: &Web, gate: PasswordRule) -> Result<Page, Response> {
    let here = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    // After signing in, a form that was being sent cannot be sent again: go on to its page.
    let next = if parts.method == Method::GET { here.clone() } else { parts.uri.path().to_owned() };
    let partial = parts.headers.contains_key("hx-request");
    let go = |to: String| {
        if partial {
            // htmx swaps what it gets; this header makes the browser go there instead.
            Err((StatusCode::NO_CONTENT, [("hx-redirect", to)]).into_response())
        } else {
            Err(Redirect::to(&to).into_response())
        }
    };
    let Some(token) = Cookie::Session.read(&parts.headers, &web.settings) else { return go(urls::sign_in_then(&next)) };
    let standing = web.app.authenticate(&token, origin(parts, web, Channel::Page)).await;
    match standing.map_err(|e| PageError(e).into_response())? {
        SessionStatus::Nobody => go(urls::sign_in_then(&next)),
        SessionStatus::Locked { .. } => go(urls::unlock_then(&next)),
        SessionStatus::PasswordChangeDue(_) if matches!(gate, PasswordRule::Strict) => go(urls::MY_PASSWORD.to_owned()),
        SessionStatus::PasswordChangeDue(both) | SessionStatus::Open(both) => {
            let (actor, info) = *both;
            Ok(Page { actor, info, token, here })
        }
    }
}

impl FromRequestParts<Web> for Page {
    type Rejection = Response;
    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        page_of(parts, web, PasswordRule::Strict).await
    }
}

impl FromRequestParts<Web> for PageBeforeChange {
    type Rejection = Response;
    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        page_of(parts, web, PasswordRule::PasswordDueToo).await.map(Self)
    }
}

/// A form sent by a signed-in person, its token checked.
pub(crate) struct PageForm {
    pub page: Page,
    pub form: FormData,
}

/// The same for the pages open while a password change is due.
pub(crate) struct PageFormBeforeChange(pub PageForm);

async fn posted(request: Request, web: &Web, gate: PasswordRule) -> Result<PageForm, Response> {
    let (parts, body) = request.into_parts();
    let page_ = page_of(&parts, web, gate).await?;
    let form = read_form(Request::from_parts(parts, body)).await?;
    if constant_time_eq(form.one("csrf"), &page_.info.csrf) {
        Ok(PageForm { page: page_, form })
    } else {
        Err(stale_form())
    }
}

impl FromRequest<Web> for PageForm {
    type Rejection = Response;
    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        posted(request, web, PasswordRule::Strict).await
    }
}

impl FromRequest<Web> for PageFormBeforeChange {
    type Rejection = Response;
    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        posted(request, web, PasswordRule::PasswordDueToo).await.map(Self)
    }
}

async fn read_form(request: Request) -> Result<FormData, Response> {
    let bytes = Bytes::from_request(request, &()).await.map_err(|rejection| {
        let status = rejection.status();
        page(status, "This form could not be read. Nothing was saved.")
    })?;
    FormData::parse(&bytes)
        .ok_or_else(|| page(StatusCode::BAD_REQUEST, "This form could not be read. Nothing was saved."))
}

pub(crate) fn stale_form() -> Response {
    page(
        StatusCode::FORBIDDEN,
        "This form is no longer valid, perhaps because you signed in again in another window. Nothing was saved. Go back, reload the page and try again.",
    )
}

/// Somebody who is not signed in, with the token of their forms.
pub(crate) struct Visitor {
    pub csrf: String,
    /// True when the cookie has to be set with the answer.
    fresh: bool,
    pub origin: muster_app::Origin,
}

impl Visitor {
    /// Adds the cookie where it is new.
    pub fn answer(&self, web: &Web, response: impl IntoResponse) -> Response {
        let mut response = response.into_response();
        if self.fresh {
            let (name, value) = Cookie::Form.set(&self.csrf, &web.settings);
            response.headers_mut().append(name, value);
        }
        response
    }
}

impl FromRequestParts<Web> for Visitor {
    type Rejection = Response;
    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let held = Cookie::Form.read(&parts.headers, &web.settings);
        let fresh = held.is_none();
        let csrf = held.unwrap_or_else(|| web.app.new_secret());
        Ok(Self { csrf, fresh, origin: origin(parts, web, Channel::Page) })
    }
}

/// A form sent by somebody who is not signed in, its token checked against the cookie.
pub(crate) struct VisitorForm {
    pub visitor: Visitor,
    pub form: FormData,
}

impl FromRequest<Web> for VisitorForm {
    type Rejection = Response;
    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, web).await?;
        let form = read_form(Request::from_parts(parts, body)).await?;
        if !visitor.fresh && constant_time_eq(form.one("csrf"), &visitor.csrf) {
            Ok(Self { visitor, form })
        } else {
            Err(stale_form())
        }
    }
}

/// A program, or a script of a signed-in page: a bearer token, or the session cookie from this very site.
pub(crate) struct Api {
    pub actor: Actor,
}

impl FromRequestParts<Web> for Api {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, ApiError> {
        let from = origin(parts, web, Channel::Api);
        if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
            let secret =
                value.to_str().ok().and_then(|v| v.split_once(' ')).filter(|(s, _)| s.eq_ignore_ascii_case("bearer"));
            let (_, secret) = secret.ok_or(AppError::NotSignedIn)?;
            let chosen = chosen_organization(parts);
            let actor = web.app.authenticate_token(secret.trim(), chosen, from).await?;
            return Ok(Self { actor });
        }
        let token = Cookie::Session.read(&parts.headers, &web.settings).ok_or(AppError::NotSignedIn)?;
        if !parts.method.is_safe() && !from_this_site(&parts.headers, &web.settings.public_url) {
            return Err(AppError::NotSignedIn.into());
        }
        match web.app.authenticate(&token, from).await? {
            SessionStatus::Nobody => Err(AppError::NotSignedIn.into()),
            SessionStatus::Locked { .. } => Err(AppError::Locked.into()),
            SessionStatus::PasswordChangeDue(_) => Err(AppError::PasswordChangeDue.into()),
            SessionStatus::Open(both) => Ok(Self { actor: both.0 }),
        }
    }
}

/// Operators name the practice they work in: `?organization_id=` or the header `Muster-Organization`.
fn chosen_organization(parts: &Parts) -> Option<OrganizationId> {
    let header = parts.headers.get("muster-organization").and_then(|v| v.to_str().ok());
    let query = FormData::query(parts.uri.query());
    header.or(query.get("organization_id")).and_then(|text| text.parse().ok())
}

/// A browser tells where a script runs; one of another site never gets the session's rights.
fn from_this_site(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match text("origin") {
        Some(from) => from == public_url,
        // No browser sends a cross-site request that changes anything without one of the two.
        None => true,
    }
}

/// Compares without telling by its time how much was right.
pub(crate) fn constant_time_eq(a: &str, b: &str) -> bool {
    a.len() == b.len() && !a.is_empty() && a.bytes().zip(b.bytes()).fold(0, |sum, (x, y)| sum | (x ^ y)) == 0
}
