//! The one place where failures become HTTP answers.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_domain::refusal::bare_field;
use muster_domain::{Refusal, Severity};
use serde::Serialize;

use crate::api::people::duplicates::DuplicateCandidates;
use crate::html::parts;

/// The status of a failure.
pub(crate) fn status(error: &AppError) -> StatusCode {
    match error {
        AppError::NotSignedIn | AppError::Locked => StatusCode::UNAUTHORIZED,
        AppError::PasswordChangeDue | AppError::ScopeMissing(_) => StatusCode::FORBIDDEN,
        AppError::NotFound => StatusCode::NOT_FOUND,
        AppError::Refused(refusals) => match refusals.severity() {
            Severity::Forbidden => StatusCode::FORBIDDEN,
            Severity::Conflict => StatusCode::CONFLICT,
            Severity::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        },
        AppError::PossibleDuplicate(_) => StatusCode::CONFLICT,
        AppError::Stale { .. } => StatusCode::PRECONDITION_FAILED,
        AppError::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
        AppError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        AppError::ReadOnly => StatusCode::INSUFFICIENT_STORAGE,
        AppError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The stable code of a failure that is not a list of refusals.
fn code(error: &AppError) -> &'static str {
    match error {
        AppError::NotSignedIn => "not_signed_in",
        AppError::Locked => "session_locked",
        AppError::PasswordChangeDue => "password_change_due",
        AppError::ScopeMissing(_) => "scope_missing",
        AppError::NotFound => "not_found",
        AppError::Refused(refusals) => refusals.0.first().map_or("refused", |r| r.code.as_str()),
        AppError::PossibleDuplicate(_) => "possible_duplicate",
        AppError::Stale { .. } => "someone_saved_first",
        AppError::TooMany(_) => "too_many_attempts",
        AppError::Unavailable => "unavailable",
        AppError::ReadOnly => "read_only",
        AppError::Internal(_) => "internal",
    }
}

fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "Not understood",
        401 => "Not signed in",
        403 => "Not allowed",
        404 => "Nothing here",
        409 => "At odds with what is stored",
        412 => "Someone else saved first",
        413 => "Too large",
        415 => "Wrong kind of content",
        422 => "Please put this right",
        429 => "Too many attempts",
        503 => "Not reachable right now",
        507 => "Cannot save right now",
        _ => "Something went wrong",
    }
}

fn retry_after(error: &AppError) -> Option<i64> {
    match error {
        AppError::TooMany(seconds) => Some(*seconds),
        AppError::Unavailable => Some(5),
        _ => None,
    }
}

/// Logs what is our own fault; the public text says nothing of it.
fn log(error: &AppError) {
    if let AppError::Internal(text) = error {
        tracing::error!(error = %text, "internal error");
    }
}

/// RFC 9457, with every refusal at its field.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Problem {
    /// A URI reference that names the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// What kind of problem, in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened, in words.
    detail: String,
    /// The stable code.
    code: String,
    /// Every refusal at once; with `possible_duplicate` what belongs to a candidate and stays refused.
    errors: Vec<ProblemField>,
    /// With `possible_duplicate`: who looks alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    candidates: Option<DuplicateCandidates>,
}

/// One refusal.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ProblemField {
    /// The field of the request; null when it is about the whole request.
    pub field: Option<String>,
    /// The stable code.
    pub code: String,
    /// The sentence for people.
    pub message: String,
}

impl ProblemField {
    /// The same for a field of an object inside the request: `emr_account.user_type`.
    #[must_use]
    pub fn within(self, object: &str) -> Self {
        Self { field: self.field.map(|name| format!("{object}.{name}")), ..self }
    }

    /// The same for a request that is about one account only and calls its fields by their bare names.
    #[must_use]
    pub fn bare(self) -> Self {
        Self { field: self.field.map(|name| bare_field(&name).to_owned()), ..self }
    }
}

impl From<&Refusal> for ProblemField {
    fn from(refusal: &Refusal) -> Self {
        Self {
            field: refusal.field.map(str::to_owned),
            code: refusal.code.as_str().to_owned(),
            message: refusal.message.clone(),
        }
    }
}

/// A failure as JSON.
#[derive(Debug)]
pub(crate) struct ApiError(pub AppError);

impl<E: Into<AppError>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// A problem that never reached a use case.
pub(crate) fn problem(status: StatusCode, code: &str, detail: &str, errors: Vec<ProblemField>) -> Response {
    problem_with(status, code, detail, errors, None)
}

fn problem_with(
    status: StatusCode,
    code: &str,
    detail: &str,
    errors: Vec<ProblemField>,
    candidates: Option<DuplicateCandidates>,
) -> Response {
    let body = Problem {
        kind: format!("/api/docs#{code}"),
        title: title(status).to_owned(),
        status: status.as_u16(),
        detail: detail.to_owned(),
        code: code.to_owned(),
        errors,
        candidates,
    };
    let text = serde_json::to_string(&body).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/problem+json")], text).into_response()
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        log(&self.0);
        let status = status(&self.0);
        let fields = match &self.0 {
            AppError::Refused(refusals) => refusals.0.iter().map(ProblemField::from).collect(),
            AppError::PossibleDuplicate(found) => found.taken.0.iter().map(ProblemField::from).collect(),
            _ => Vec::new(),
        };
        let candidates = match &self.0 {
            AppError::PossibleDuplicate(found) => Some(DuplicateCandidates::from(&**found)),
            _ => None,
        };
        let mut response = problem_with(status, code(&self.0), &self.0.to_string(), fields, candidates);
        finish(&self.0, status, &mut response);
        response
    }
}

/// The answer to an error with a page of its own in the place of the usual one: its status and headers stay.
pub(crate) fn in_place_of(error: AppError, page: Markup) -> Response {
    let mut response = PageError(error).into_response();
    *response.body_mut() = page.into_response().into_body();
    response
}

fn finish(error: &AppError, status: StatusCode, response: &mut Response) {
    if let Some(seconds) = retry_after(error) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let AppError::Stale { current } = error
        && let Ok(tag) = HeaderValue::from_str(&format!("\"{current}\""))
    {
        response.headers_mut().insert(header::ETAG, tag);
    }
    if status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer realm=\"muster\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
}

/// A failure as a page.
#[derive(Debug)]
pub(crate) struct PageError(pub AppError);

impl<E: Into<AppError>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        log(&self.0);
        let status = status(&self.0);
        let mut response = page(status, &self.0.to_string());
        finish(&self.0, status, &mut response);
        response.headers_mut().remove(header::WWW_AUTHENTICATE);
        response
    }
}

/// A page that only says what went wrong and where to go.
pub(crate) fn page(status: StatusCode, sentence: &str) -> Response {
    let urls = crate::assets::urls();
    let assets = parts::AssetUrls { css: &urls.css, js: &urls.js, htmx: &urls.htmx, icon: &urls.icon };
    let plain = parts::PlainPage {
        title: title(status),
        lead: Some(sentence),
        notice: None,
        assets: &assets,
        demo: false,
        wide: false,
    };
    let body = html! { p.plain-links { a href=(crate::urls::HOME) { "Go to the start page" } } };
    (status, parts::plain_page(&plain, &body)).into_response()
}
