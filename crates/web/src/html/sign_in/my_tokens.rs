//! `/me/tokens`: making and revoking access tokens.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use muster_app::AppError;
use muster_app::sign_in::NewToken;

use super::me;
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::PageForm;
use crate::html::form_errors::FormErrors;
use crate::html::shell;
use crate::urls;

/// `POST /me/tokens`: answers with the page itself, because the secret is shown this once and in no address.
pub(crate) async fn save(State(web): State<Web>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let days = form.filled("expires_in_days").map(|d| d.parse().unwrap_or(0));
    let new = NewToken {
        name: form.one("name").to_owned(),
        scopes: form.all("scopes").map(str::to_owned).collect(),
        expires_in_days: days,
    };
    let (status, drawn) = match web.app.create_token(&page.actor, &new, None).await {
        Ok((_, secret)) => {
            (StatusCode::OK, me::draw(&web, &page, None, Some(&secret), None, &FormErrors::default()).await)
        }
        Err(AppError::Refused(refusals)) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            me::draw(&web, &page, None, None, Some(&form), &FormErrors::of(&refusals)).await,
        ),
        Err(error) => return PageError(error).into_response(),
    };
    match drawn {
        Ok(markup) => (status, markup).into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST /me/tokens/{token}/revoke`
pub(crate) async fn revoke(State(web): State<Web>, Path(token): Path<uuid::Uuid>, posted: PageForm) -> Response {
    match web.app.revoke_token(&posted.page.actor, token).await {
        Ok(()) => shell::redirect(&urls::with_query(urls::ME, &[("done", "revoked")])),
        Err(error) => PageError(error).into_response(),
    }
}
