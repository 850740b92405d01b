//! How people left.

use jiff::Timestamp;
use muster_domain::{OrganizationId, PersonId};
use uuid::Uuid;

use crate::{Handle, Result, Tx, micros, typed, when};

/// How someone left, as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffboardingRecord {
    /// Identity; later ones sort after earlier ones.
    pub id: Uuid,
    /// `departure` or `leave`.
    pub kind: String,
    /// Who did it.
    pub actor_id: Option<Uuid>,
    /// The name then.
    pub actor_name: String,
    /// The steps, as JSON text.
    pub steps: String,
    /// When.
    pub at: Option<Timestamp>,
}

/// Keeps the record of a departure or leave.
pub async fn insert_offboarding(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    record: &OffboardingRecord,
    now: Timestamp,
) -> Result<()> {
    let text =
        "INSERT INTO offboardings (organization_id, offboarding_id, person_id, kind, actor_id, actor_name, steps, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(record.id)
            .bind(person.0)
            .bind(&record.kind)
            .bind(record.actor_id)
            .bind(typed(&record.actor_name).into_owned())
            .bind(&record.steps)
            .bind(micros(now))
            .execute(c)
            .await?;
    });
    Ok(())
}

type OffboardingRow = (Uuid, String, Option<Uuid>, String, String, i64);

/// How a person left, newest first; at most `limit`.
pub async fn offboardings(
    h: &mut impl Handle,
    organization: OrganizationId,
    person: PersonId,
    limit: i64,
) -> Result<Vec<OffboardingRecord>> {
    let text = "SELECT offboarding_id, kind, actor_id, actor_name, steps, at FROM offboardings
        WHERE organization_id = $1 AND person_id = $2 ORDER BY offboarding_id DESC LIMIT $3";
    let rows: Vec<OffboardingRow> = on!(h, text, |sql, c| {
        sqlx::query_as(sql).bind(organization.0).bind(person.0).bind(limit).fetch_all(c).await?
    });
    let made = |(id, kind, actor_id, actor_name, steps, at): OffboardingRow| OffboardingRecord {
        id,
        kind,
        actor_id,
        actor_name,
        steps,
        at: when(at),
    };
    Ok(rows.into_iter().map(made).collect())
}
