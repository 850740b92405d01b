//! Single-use links.

use jiff::Timestamp;
use muster_domain::OrganizationId;
use muster_domain::sign_in::LinkPurpose;
use uuid::Uuid;

use crate::{Handle, Result, StoreError, Tx, micros, when};

/// Makes every link of a subject worthless.
pub async fn end_links(tx: &mut Tx, subject: Uuid) -> Result<()> {
    on!(tx, "DELETE FROM links WHERE subject_id = $1", |sql, c| {
        sqlx::query(sql).bind(subject).execute(c).await?;
    });
    Ok(())
}

/// A single-use link.
#[derive(Clone, Debug)]
pub struct Link {
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Whose password it sets; nil for [`LinkPurpose::Setup`].
    pub subject: Uuid,
    /// Of a person.
    pub organization: Option<OrganizationId>,
    /// Worthless from then on.
    pub expires_at: Timestamp,
}

/// Stores a link, replacing every earlier one of the same subject and purpose kind.
pub async fn insert_link(tx: &mut Tx, token_hash: &[u8], link: &Link) -> Result<()> {
    on!(tx, "DELETE FROM links WHERE subject_id = $1", |sql, c| {
        sqlx::query(sql).bind(link.subject).execute(c).await?;
    });
    let text =
        "INSERT INTO links (token_hash, purpose, subject_id, organization_id, expires_at) VALUES ($1, $2, $3, $4, $5)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(token_hash.to_vec())
            .bind(link.purpose.as_str())
            .bind(link.subject)
            .bind(link.organization.map(|o| o.0))
            .bind(micros(link.expires_at))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// A link that still works at `now`.
pub async fn link(h: &mut impl Handle, token_hash: &[u8], now: Timestamp) -> Result<Option<Link>> {
    let text =
        "SELECT purpose, subject_id, organization_id, expires_at FROM links WHERE token_hash = $1 AND expires_at > $2";
    let row: Option<(String, Uuid, Option<Uuid>, i64)> = on!(h, text, |sql, c| {
        sqlx::query_as(sql).bind(token_hash.to_vec()).bind(micros(now)).fetch_optional(c).await?
    });
    let Some((purpose, subject, organization, expires)) = row else { return Ok(None) };
    Ok(Some(Link {
        purpose: LinkPurpose::parse(&purpose).ok_or(StoreError::Corrupt(purpose))?,
        subject,
        organization: organization.map(OrganizationId),
        expires_at: when(expires).unwrap_or(Timestamp::UNIX_EPOCH),
    }))
}

/// Uses a link up. False when somebody else just did: the link works once, whoever races.
pub async fn spend_link(tx: &mut Tx, token_hash: &[u8]) -> Result<bool> {
    let changed = on!(tx, "DELETE FROM links WHERE token_hash = $1", |sql, c| {
        sqlx::query(sql).bind(token_hash.to_vec()).execute(c).await?.rows_affected()
    });
    Ok(changed == 1)
}
