//! Personal access tokens.

use jiff::Timestamp;
use muster_domain::OrganizationId;
use uuid::Uuid;

use super::owners::SignIn;
use super::{SecretOwner, owner, to_owner};
use crate::people::{self, StoredProfile};
use crate::{Handle, Result, Tx, micros, when};

/// A personal access token.
#[derive(Clone, Debug)]
pub struct Token {
    /// Public identity.
    pub id: Uuid,
    /// Whose rights it carries, at most.
    pub subject: Uuid,
    /// Of a person.
    pub organization: Option<OrganizationId>,
    /// What it is for, in its owner's words.
    pub name: String,
    /// Space-separated.
    pub scopes: String,
    /// When.
    pub created_at: Timestamp,
    /// Worthless from then on.
    pub expires_at: Option<Timestamp>,
    /// Last use, to the minute.
    pub last_used_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    token_id: Uuid,
    subject_id: Uuid,
    works_in: Option<Uuid>,
    name: String,
    scopes: String,
    made_at: i64,
    expires_at: Option<i64>,
    last_used_at: i64,
}

impl From<TokenRow> for Token {
    fn from(r: TokenRow) -> Self {
        Self {
            id: r.token_id,
            subject: r.subject_id,
            organization: r.works_in.map(OrganizationId),
            name: r.name,
            scopes: r.scopes,
            created_at: when(r.made_at).unwrap_or(Timestamp::UNIX_EPOCH),
            expires_at: r.expires_at.and_then(when),
            last_used_at: when(r.last_used_at),
        }
    }
}

const TOKEN: &str = "x.token_id, x.organization_id AS works_in, x.name, x.scopes, x.created_at AS made_at, x.expires_at, x.last_used_at";

/// By the hash of its secret, with its owner and, of a person, the profile.
pub async fn token(h: &mut impl Handle, token_hash: &[u8]) -> Result<Option<(Token, SignIn, Option<StoredProfile>)>> {
    let owner = owner(h.split().engine());
    let text = format!("SELECT {TOKEN}, {owner} FROM tokens x {} WHERE x.token_hash = $1", to_owner());
    let row: Option<SecretOwner<TokenRow>> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(token_hash.to_vec()).fetch_optional(c).await?);
    let Some(SecretOwner { what, owner, person }) = row else { return Ok(None) };
    Ok(Some((what.into(), owner.try_into()?, person.map(people::PersonRow::into_stored).transpose()?)))
}

/// Tokens of a subject, newest first.
pub async fn tokens_of(h: &mut impl Handle, subject: Uuid) -> Result<Vec<Token>> {
    let text = format!(
        "SELECT {TOKEN}, x.subject_id FROM tokens x WHERE x.subject_id = $1 ORDER BY x.created_at DESC LIMIT 100"
    );
    let rows: Vec<TokenRow> = on!(h, &text, |sql, c| sqlx::query_as(sql).bind(subject).fetch_all(c).await?);
    Ok(rows.into_iter().map(Token::from).collect())
}

/// Adds one.
pub async fn insert_token(tx: &mut Tx, token_hash: &[u8], t: &Token) -> Result<()> {
    let text =
        "INSERT INTO tokens (token_hash, token_id, subject_id, organization_id, name, scopes, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(token_hash.to_vec())
            .bind(t.id)
            .bind(t.subject)
            .bind(t.organization.map(|o| o.0))
            .bind(&t.name)
            .bind(&t.scopes)
            .bind(micros(t.created_at))
            .bind(t.expires_at.map(micros))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Revokes a subject's token; false when there is none.
pub async fn delete_token(tx: &mut Tx, subject: Uuid, token: Uuid) -> Result<bool> {
    let text = "DELETE FROM tokens WHERE subject_id = $1 AND token_id = $2";
    let changed = on!(tx, text, |sql, c| sqlx::query(sql).bind(subject).bind(token).execute(c).await?.rows_affected());
    Ok(changed > 0)
}

/// Notes the use of a token.
pub async fn touch_token(tx: &mut Tx, token_hash: &[u8], now: Timestamp) -> Result<()> {
    let text = "UPDATE tokens SET last_used_at = $2 WHERE token_hash = $1";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(token_hash.to_vec()).bind(micros(now)).execute(c).await?;
    });
    Ok(())
}
