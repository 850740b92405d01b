//! What a use case can answer besides success.

use muster_domain::{Code, Refusal, Refusals};
use muster_store::StoreError;

/// A failure, in the terms of the caller. Internal text never leaves through `Display`.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Nobody is signed in, or the token is worthless.
    #[error("Sign in first.")]
    NotSignedIn,
    /// Signed in, but the session waits for its password.
    #[error("This session is locked. Enter your password to go on.")]
    Locked,
    /// Signed in, but the password has to be changed first.
    #[error("Change your password first.")]
    PasswordChangeDue,
    /// The token does not carry this scope.
    #[error("This access token does not include the scope {0}.")]
    ScopeMissing(&'static str),
    /// It does not exist, or the actor may not know that it does.
    #[error("There is nothing here, or you do not have access to it.")]
    NotFound,
    /// Refused, with every reason.
    #[error("{0}")]
    Refused(Refusals),
    /// Somebody who looks alike may be the same person; nothing was saved.
    #[error("{}", Code::PossibleDuplicate.sentence())]
    PossibleDuplicate(Box<crate::people::Candidates>),
    /// Someone else saved first.
    #[error("{}", Code::SomeoneSavedFirst.sentence())]
    Stale {
        /// The version stored now.
        current: i64,
    },
    /// Too many attempts.
    #[error("Too many attempts. Try again in {0} seconds.")]
    TooMany(i64),
    /// The database does not answer; trying again makes sense.
    #[error("Muster cannot reach its database right now. Nothing was saved; try again in a moment.")]
    Unavailable,
    /// Writing is impossible at the moment.
    #[error("Muster cannot save right now (its disk may be full). Reading still works.")]
    ReadOnly,
    /// A fault of ours; the text is for the log.
    #[error("Something went wrong on our side. Nothing was saved.")]
    Internal(String),
}

impl From<Refusals> for AppError {
    fn from(refusals: Refusals) -> Self {
        Self::Refused(refusals)
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(text) => {
                tracing::warn!(%text, "database unavailable");
                Self::Unavailable
            }
            StoreError::ReadOnly(text) => {
                tracing::error!(%text, "database not writable");
                Self::ReadOnly
            }
            other => Self::Internal(other.to_string()),
        }
    }
}
