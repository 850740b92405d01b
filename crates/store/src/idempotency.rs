//! Answers to requests that carried an `Idempotency-Key`, so that a repeated one changes nothing.

use jiff::Timestamp;
use muster_domain::OrganizationId;
use uuid::Uuid;

use crate::{Handle, Result, Tx, micros};

/// An answer given before.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StoredAnswer {
    /// A keyed hash of the request it answered.
    pub request_hash: Vec<u8>,
    /// HTTP status.
    pub status: i64,
    /// JSON text.
    pub body: String,
    /// Entity tag, or empty.
    pub etag: String,
}

/// The answer given to `key`, if any.
pub async fn find(
    h: &mut impl Handle,
    organization: OrganizationId,
    subject: Uuid,
    key: &str,
) -> Result<Option<StoredAnswer>> {
    let text = "SELECT request_hash, status, body, etag FROM idempotency_keys
        WHERE organization_id = $1 AND subject_id = $2 AND request_key = $3";
    Ok(on!(h, text, |sql, c| {
        sqlx::query_as(sql).bind(organization.0).bind(subject).bind(key).fetch_optional(c).await?
    }))
}

/// Keeps an answer in the transaction of what it answers. [`crate::StoreError::Taken`] when a twin was faster.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    subject: Uuid,
    key: &str,
    answer: &StoredAnswer,
    now: Timestamp,
) -> Result<()> {
    let text = "INSERT INTO idempotency_keys (organization_id, subject_id, request_key, request_hash, status, body, etag, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(subject)
            .bind(key)
            .bind(&answer.request_hash)
            .bind(answer.status)
            .bind(&answer.body)
            .bind(&answer.etag)
            .bind(micros(now))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Puts another body in the place of one, whoever it was given to.
pub async fn forget(tx: &mut Tx, organization: OrganizationId, body: &str, instead: &str) -> Result<()> {
    let text = "UPDATE idempotency_keys SET body = $3 WHERE organization_id = $1 AND body = $2";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(body).bind(instead).execute(c).await?;
    });
    Ok(())
}

/// Forgets the answers of requests made before then.
pub async fn forget_before(tx: &mut Tx, before: Timestamp) -> Result<()> {
    on!(tx, "DELETE FROM idempotency_keys WHERE created_at < $1", |sql, c| {
        sqlx::query(sql).bind(micros(before)).execute(c).await?;
    });
    Ok(())
}
