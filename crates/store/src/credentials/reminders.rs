//! Licenses about to run out, and who was told.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use muster_domain::credentials::ProfessionalLicense;
use muster_domain::{OrganizationId, PersonId};
use uuid::Uuid;

use crate::sql::query::Query;
use crate::sql::rows::rows;
use crate::{Handle, Result, Tx, micros};

/// A license whose owner has to be told that it runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueReminder {
    /// Whose.
    pub person: PersonId,
    /// Which, with its last valid day.
    pub license: ProfessionalLicense,
    /// The day it runs out.
    pub expires_on: Date,
    /// 90, 60 or 30 days before; 0 once it has run out.
    pub threshold: i64,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    person_id: Uuid,
    position: i64,
    number: Option<String>,
    state: Option<String>,
    profession: Option<String>,
    expires_on: String,
    threshold: i64,
}

/// Licenses of active people about whose present stage nobody was told yet; soonest first, at most `limit`.
pub async fn due_reminders(
    h: &mut impl Handle,
    organization: OrganizationId,
    today: Date,
    limit: i64,
) -> Result<Vec<DueReminder>> {
    let day = |days: i64| today.saturating_add(days.days()).to_string();
    let stage = "CASE WHEN l.expires_on < $2 THEN 0 WHEN l.expires_on <= $3 THEN 30 WHEN l.expires_on <= $4 THEN 60 ELSE 90 END";
    let text = format!(
        "SELECT l.person_id, l.position, l.number, l.state, l.profession, l.expires_on,
            CAST({stage} AS BIGINT) AS threshold
        FROM professional_licenses l
        JOIN emr_accounts a ON a.organization_id = l.organization_id AND a.person_id = l.person_id
        WHERE l.organization_id = $1 AND l.expires_on <= $5 AND a.status = 'active'
            AND NOT EXISTS (SELECT 1 FROM license_reminders r WHERE r.organization_id = l.organization_id
                AND r.person_id = l.person_id AND r.position = l.position AND r.expires_on = l.expires_on
                AND r.threshold = {stage})
        ORDER BY l.expires_on, l.person_id, l.position LIMIT $6"
    );
    let rows: Vec<DueRow> = on!(h, &text, |sql, c| {
        sqlx::query_as(sql)
            .bind(organization.0)
            .bind(today.to_string())
            .bind(day(30))
            .bind(day(60))
            .bind(day(90))
            .bind(limit)
            .fetch_all(c)
            .await?
    });
    let made = |r: DueRow| {
        let expires_on: Date = r.expires_on.parse().ok()?;
        let license = ProfessionalLicense {
            position: r.position,
            number: r.number,
            state: r.state,
            profession: r.profession,
            expires_on: Some(expires_on),
        };
        Some(DueReminder { person: PersonId(r.person_id), license, expires_on, threshold: r.threshold })
    };
    Ok(rows.into_iter().filter_map(made).collect())
}

/// Writes down that these reminders go out; gives those that nobody had written down before. Only for them may a
/// message be queued, in the same transaction.
pub async fn note_reminders(
    tx: &mut Tx,
    organization: OrganizationId,
    due: Vec<DueReminder>,
    now: Timestamp,
) -> Result<Vec<DueReminder>> {
    let told = due.iter().map(|d| {
        [
            ("person", d.person.0.into()),
            ("position", d.license.position.into()),
            ("expires", d.expires_on.to_string().into()),
            ("threshold", d.threshold.into()),
        ]
    });
    let Some(rows) = rows(tx.split().engine(), told) else { return Ok(due) };
    let text = "INSERT INTO license_reminders (organization_id, person_id, position, expires_on, threshold, sent_at)
        SELECT $1, r.person, r.position, r.expires, r.threshold, $3
        FROM {rows $2: person uuid, position int, expires text, threshold int} r
        WHERE true ON CONFLICT (organization_id, person_id, position, expires_on, threshold) DO NOTHING
        RETURNING person_id, position";
    let query = Query::about(text, organization.0).with(rows).with(micros(now));
    let written: Vec<(Uuid, i64)> = query.fetch_all(tx).await?;
    let written: BTreeSet<(Uuid, i64)> = written.into_iter().collect();
    Ok(due.into_iter().filter(|d| written.contains(&(d.person.0, d.license.position))).collect())
}
