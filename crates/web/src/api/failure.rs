//! What an API handler answers when it does not do what was asked.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use muster_app::AppError;
use muster_domain::{Refusal, Refusals, Severity};

use crate::errors::{ApiError, ProblemField, problem};

/// Result of every API handler.
pub(crate) type Answer<T = Response> = Result<T, Failure>;

/// Why not.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A use case said no.
    App(AppError),
    /// The request itself is at fault, field by field; where a use case also judged it, with its refusals.
    Fields {
        /// Everything at once.
        found: Vec<ProblemField>,
        /// True when the actor may not do this anyway.
        forbidden: bool,
    },
    /// The request could not even be read.
    Unreadable {
        /// 400, 413 or 415.
        status: StatusCode,
        /// The stable code.
        code: &'static str,
        /// In words.
        detail: &'static str,
    },
}

impl<E: Into<AppError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::App(error.into())
    }
}

impl Failure {
    /// Faults of form only.
    pub fn fields(found: Vec<ProblemField>) -> Self {
        Self::Fields { found, forbidden: false }
    }

    /// The same for a request that is about one account only and calls its fields by their bare names.
    #[must_use]
    pub fn bare(self) -> Self {
        match self {
            Self::App(AppError::Refused(refusals)) => Self::App(AppError::Refused(refusals.bare())),
            Self::Fields { found, forbidden } => {
                Self::Fields { found: found.into_iter().map(ProblemField::bare).collect(), forbidden }
            }
            other => other,
        }
    }

    /// Faults of form, and what the use case said about the rest. A field with a fault of form is not judged twice.
    pub fn merged(mut found: Vec<ProblemField>, judged: Result<(), AppError>) -> Self {
        match judged {
            Ok(()) => Self::fields(found),
            Err(AppError::Refused(Refusals(refusals))) => {
                let forbidden = refusals.iter().any(|r| r.code.severity() == Severity::Forbidden);
                let faulty: Vec<Option<String>> = found.iter().map(|f| f.field.clone()).collect();
                let more = refusals.iter().filter(|r| !faulty.contains(&r.field.map(str::to_owned)));
                found.extend(more.map(ProblemField::from));
                Self::Fields { found, forbidden }
            }
            Err(other) => Self::App(other),
        }
    }
}

/// A refusal at a field, as the problem shows it.
pub(crate) fn at(field: &'static str, code: muster_domain::Code, about: &[&str]) -> ProblemField {
    ProblemField::from(&Refusal::new(field, code).about(about))
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::App(error) => ApiError(error).into_response(),
            Self::Unreadable { status, code, detail } => {
                let mut response = problem(status, code, detail, Vec::new());
                if status == StatusCode::PAYLOAD_TOO_LARGE {
                    // The rest of the body is not read; the connection cannot be used again.
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                response
            }
            Self::Fields { found, forbidden } => {
                let status = if forbidden { StatusCode::FORBIDDEN } else { StatusCode::UNPROCESSABLE_ENTITY };
                let code = found.first().map_or_else(|| "refused".to_owned(), |f| f.code.clone());
                let sentences: Vec<&str> = found.iter().map(|f| f.message.as_str()).collect();
                let detail = sentences.join(" ");
                problem(status, &code, &detail, found)
            }
        }
    }
}
