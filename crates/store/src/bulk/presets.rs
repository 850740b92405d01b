//! Selections and change sets under a name.

use jiff::Timestamp;
use muster_domain::OrganizationId;
use uuid::Uuid;

use crate::{Handle, Result, Tx, micros};

/// A selection or change set under a name.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Preset {
    /// Identity.
    pub preset_id: Uuid,
    /// `selection` or `changes`.
    pub kind: String,
    /// Unique among those of its kind.
    pub name: String,
    /// As JSON.
    pub content: String,
    /// Who saved it.
    pub created_by: String,
}

/// The presets of a practice, by kind and name.
pub async fn presets(h: &mut impl Handle, organization: OrganizationId) -> Result<Vec<Preset>> {
    let text = "SELECT preset_id, kind, name, content, created_by FROM bulk_presets
        WHERE organization_id = $1 ORDER BY kind, name_key LIMIT 500";
    Ok(on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).fetch_all(c).await?))
}

/// Keeps a preset; one of the same kind and name is replaced. Its identity.
pub async fn save_preset(tx: &mut Tx, organization: OrganizationId, preset: &Preset, now: Timestamp) -> Result<Uuid> {
    let text =
        "INSERT INTO bulk_presets (organization_id, preset_id, kind, name, name_key, content, created_by, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (organization_id, kind, name_key) DO UPDATE SET name = excluded.name, content = excluded.content,
            created_by = excluded.created_by RETURNING preset_id";
    let (id,): (Uuid,) = on!(tx, text, |sql, c| {
        sqlx::query_as(sql)
            .bind(organization.0)
            .bind(preset.preset_id)
            .bind(&preset.kind)
            .bind(&preset.name)
            .bind(muster_domain::text::unique_key(&preset.name))
            .bind(&preset.content)
            .bind(&preset.created_by)
            .bind(micros(now))
            .fetch_one(c)
            .await?
    });
    Ok(id)
}

/// Forgets a preset; gives its name.
pub async fn remove_preset(tx: &mut Tx, organization: OrganizationId, id: Uuid) -> Result<Option<String>> {
    let text = "DELETE FROM bulk_presets WHERE organization_id = $1 AND preset_id = $2 RETURNING name";
    let row: Option<(String,)> =
        on!(tx, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(id).fetch_optional(c).await?);
    Ok(row.map(|(name,)| name))
}
