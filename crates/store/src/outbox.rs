//! Messages waiting to be sent. Their text is sealed by the application layer: it may carry links that sign in.

use jiff::Timestamp;
use muster_domain::OrganizationId;
use uuid::Uuid;

use crate::{Handle, Result, Tx, micros};

/// A message as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Waiting {
    /// Whose.
    pub organization_id: Uuid,
    /// Identity, also the Message-ID.
    pub message_id: Uuid,
    /// The address.
    pub recipient: String,
    /// Sealed subject and body.
    pub sealed: Option<Vec<u8>>,
    /// Failed attempts so far.
    pub attempts: i64,
}

/// Queues one, in the transaction of what it tells about.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    id: Uuid,
    recipient: &str,
    sealed: &[u8],
    now: Timestamp,
) -> Result<()> {
    let text = "INSERT INTO outbox (organization_id, message_id, recipient, sealed, state, next_at, created_at)
        VALUES ($1, $2, $3, $4, 'waiting', $5, $5)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(id)
            .bind(recipient)
            .bind(sealed.to_vec())
            .bind(micros(now))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Takes due messages for sending and holds them until `until`: if the sender dies, they are due again then. Several
/// senders never take the same one at the same time.
pub async fn take(tx: &mut Tx, now: Timestamp, until: Timestamp, limit: i64) -> Result<Vec<Waiting>> {
    let text = "UPDATE outbox SET next_at = $2, attempts = attempts + 1 WHERE (organization_id, message_id) IN (
            SELECT organization_id, message_id FROM outbox WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at LIMIT $3)
        AND next_at <= $1 RETURNING organization_id, message_id, recipient, sealed, attempts";
    let mut taken: Vec<Waiting> = on!(tx, text, |sql, c| {
        sqlx::query_as(sql).bind(micros(now)).bind(micros(until)).bind(limit).fetch_all(c).await?
    });
    // In the order they were written, which no engine promises of what an UPDATE returns.
    taken.sort_by_key(|message| message.message_id);
    Ok(taken)
}

/// Marks a message sent and forgets its text.
pub async fn sent(tx: &mut Tx, message: &Waiting) -> Result<()> {
    settle(tx, message, "sent", "", None).await
}

/// Notes a failed attempt: due again at `next`, or given up. What another sender has settled meanwhile stays settled.
pub async fn failed(tx: &mut Tx, message: &Waiting, error: &str, next: Option<Timestamp>) -> Result<()> {
    settle(tx, message, if next.is_some() { "waiting" } else { "failed" }, error, next).await
}

async fn settle(tx: &mut Tx, message: &Waiting, state: &str, error: &str, next: Option<Timestamp>) -> Result<()> {
    let text = "UPDATE outbox SET state = $3, last_error = $4, next_at = $5,
            sealed = CASE WHEN $3 = 'waiting' THEN sealed ELSE NULL END
        WHERE organization_id = $1 AND message_id = $2 AND (state = 'waiting' OR $3 = 'sent')";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(message.organization_id)
            .bind(message.message_id)
            .bind(state)
            .bind(error)
            .bind(next.map_or(0, micros))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// How many messages wait.
pub async fn waiting(h: &mut impl Handle) -> Result<i64> {
    let text = "SELECT count(*) FROM outbox WHERE state = 'waiting'";
    let (count,): (i64,) = on!(h, text, |sql, c| sqlx::query_as(sql).fetch_one(c).await?);
    Ok(count)
}
