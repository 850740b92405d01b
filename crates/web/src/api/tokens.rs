//! `GET` and `POST /api/v1/tokens`, `DELETE /api/v1/tokens/{token}`

use axum::extract::State;
use jiff::Timestamp;
use muster_app::Token;
use muster_app::sign_in::NewToken;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::Body;
use super::failure::Answer;
use super::params::Params;
use super::path::PathIds;
use super::reply;
use crate::context::Web;
use crate::extract::Api;

/// A personal access token; its secret is never shown again.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenItem {
    id: Uuid,
    /// What it is for.
    #[schema(example = "Nightly sync")]
    name: String,
    scopes: Vec<String>,
    created_at: Timestamp,
    /// Null = never.
    expires_at: Option<Timestamp>,
    /// To the minute.
    last_used_at: Option<Timestamp>,
}

impl From<&Token> for TokenItem {
    fn from(token: &Token) -> Self {
        Self {
            id: token.id,
            name: token.name.clone(),
            scopes: token.scopes.split_whitespace().map(str::to_owned).collect(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// One's own tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tokens {
    items: Vec<TokenItem>,
    /// Always null: there is one page.
    next: Option<String>,
    total: usize,
}

/// A token just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewTokenAnswer {
    #[serde(flatten)]
    item: TokenItem,
    /// The secret, shown this once. Send it as `Authorization: Bearer …`.
    #[schema(example = "muster_…")]
    token: String,
}

/// A token to make.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct NewTokenInput {
    /// What it is for.
    #[schema(example = "Nightly sync")]
    name: String,
    /// `people:read people:write bulk licenses billing reach audit:read check admin`; at least one.
    scopes: Vec<String>,
    /// 1 to 3650; null or absent = never.
    expires_in_days: Option<i64>,
}

/// List one's own tokens
#[utoipa::path(get, path = "/api/v1/tokens", tag = "Tokens",
    responses((status = 200, description = "The tokens", body = Tokens)))]
pub(crate) async fn list(State(web): State<Web>, api: Api, params: Params) -> Answer {
    params.close()?;
    let tokens = web.app.tokens(&api.actor).await?;
    let items: Vec<TokenItem> = tokens.iter().map(TokenItem::from).collect();
    Ok(reply::ok(&Tokens { total: items.len(), items, next: None }))
}

/// Make a token for oneself
///
/// It never may do more than its owner, and no more than the token that makes it. The secret is shown this once: a
/// request sent again makes no second token, and is refused.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "Tokens", params(crate::api::openapi::IdempotencyKey),
    request_body = NewTokenInput,
    responses((status = 201, description = "Made", body = NewTokenAnswer,
        headers(("Location" = String, description = "Where it can be revoked")))))]
pub(crate) async fn create(State(web): State<Web>, api: Api, mut body: Body) -> Answer {
    let fields = &mut body.fields;
    let name = fields.text("name").unwrap_or_default();
    let scopes = fields.texts("scopes").unwrap_or_default();
    let expires_in_days = fields.clearable_number("expires_in_days").flatten();
    std::mem::take(fields).close(&["id", "created_at", "expires_at", "last_used_at", "token"])?;
    let (token, secret) = web
        .app
        .create_token(&api.actor, &NewToken { name, scopes, expires_in_days }, body.idempotency.as_ref())
        .await?;
    let location = format!("/api/v1/tokens/{}", token.id);
    Ok(reply::created(&NewTokenAnswer { item: TokenItem::from(&token), token: secret }, &location))
}

/// Revoke one of one's own tokens
#[utoipa::path(delete, path = "/api/v1/tokens/{token}", tag = "Tokens",
    params(("token" = Uuid, Path, description = "The token's id")),
    responses((status = 204, description = "Revoked")))]
pub(crate) async fn revoke(State(web): State<Web>, api: Api, ids: PathIds) -> Answer {
    web.app.revoke_token(&api.actor, ids.one("token")?).await?;
    Ok(reply::nothing())
}
