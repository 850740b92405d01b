//! Who supervises whom, now and before.

use jiff::Timestamp;
use muster_domain::licenses::Group;
use muster_domain::{ClinicId, OrganizationId, PersonId};
use uuid::Uuid;

use super::types;
use crate::sql::dialect;
use crate::sql::query::Query;
use crate::sql::rows::rows;
use crate::{Handle, Result, Tx, micros, when};

/// One stretch of time in which someone supervised someone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervision {
    /// Who supervises.
    pub supervisor: PersonId,
    /// From.
    pub since: Option<Timestamp>,
    /// To; none while it goes on.
    pub until: Option<Timestamp>,
}

/// Who supervised a person, newest first, the present one among them; at most `limit`.
pub async fn supervisions(
    h: &mut impl Handle,
    organization: OrganizationId,
    person: PersonId,
    limit: i64,
) -> Result<Vec<Supervision>> {
    let text = "SELECT supervisor_id, since_at, until_at FROM supervisions
        WHERE organization_id = $1 AND person_id = $2 
        ORDER BY CASE WHEN until_at IS NULL THEN 0 ELSE 1 END, since_at DESC, supervision_id DESC LIMIT $3";
    let rows: Vec<(Uuid, i64, Option<i64>)> = on!(h, text, |sql, c| {
        sqlx::query_as(sql).bind(organization.0).bind(person.0).bind(limit).fetch_all(c).await?
    });
    let made = |(id, since, until): (Uuid, i64, Option<i64>)| Supervision {
        supervisor: PersonId(id),
        since: when(since),
        until: until.and_then(when),
    };
    Ok(rows.into_iter().map(made).collect())
}

/// Whom someone supervises now.
pub async fn supervisees(
    h: &mut impl Handle,
    organization: OrganizationId,
    supervisor: PersonId,
) -> Result<Vec<PersonId>> {
    let text = "SELECT person_id FROM supervisions
        WHERE organization_id = $1 AND supervisor_id = $2 AND until_at IS NULL ORDER BY person_id";
    let rows: Vec<(Uuid,)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(supervisor.0).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(id,)| PersonId(id)).collect())
}

/// Someone under someone, as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Identity; later ones have to sort after earlier ones.
    pub id: Uuid,
    /// Who is supervised.
    pub person: PersonId,
    /// By whom.
    pub supervisor: PersonId,
}

/// Where someone supervises or is supervised now.
pub async fn present_supervisions(
    h: &mut impl Handle,
    organization: OrganizationId,
    someone: PersonId,
) -> Result<Vec<Assignment>> {
    let text = "SELECT supervision_id, person_id, supervisor_id FROM supervisions
        WHERE organization_id = $1 AND until_at IS NULL AND (supervisor_id = $2 OR person_id = $2)
        ORDER BY person_id";
    let rows: Vec<(Uuid, Uuid, Uuid)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(someone.0).fetch_all(c).await?);
    let made = |(id, person, supervisor): (Uuid, Uuid, Uuid)| Assignment {
        id,
        person: PersonId(person),
        supervisor: PersonId(supervisor),
    };
    Ok(rows.into_iter().map(made).collect())
}

/// Begins supervisions; whoever is supervised has no supervisor yet.
pub async fn begin_supervisions(
    tx: &mut Tx,
    organization: OrganizationId,
    entries: &[Assignment],
    now: Timestamp,
) -> Result<()> {
    let begun = entries
        .iter()
        .map(|a| [("id", a.id.into()), ("person", a.person.0.into()), ("supervisor", a.supervisor.0.into())]);
    let Some(rows) = rows(tx.split().engine(), begun) else { return Ok(()) };
    let text = "INSERT INTO supervisions (organization_id, supervision_id, person_id, supervisor_id, since_at)
        SELECT $1, r.id, r.person, r.supervisor, $3 FROM {rows $2: id uuid, person uuid, supervisor uuid} r";
    Query::about(text, organization.0).with(rows).with(micros(now)).execute(tx).await.map(drop)
}

/// Ends these supervisions.
pub async fn end_supervisions(tx: &mut Tx, organization: OrganizationId, ids: &[Uuid], now: Timestamp) -> Result<()> {
    let text = "UPDATE supervisions SET until_at = $3 WHERE organization_id = $1 AND supervision_id IN {ids $2}";
    let list = dialect::id_list(ids);
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(list).bind(micros(now)).execute(c).await?;
    });
    Ok(())
}

/// One step of handing over: a supervision that ended, and the one that began instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// Ended.
    pub ended: Option<Uuid>,
    /// Begun.
    pub begun: Option<Uuid>,
}

/// Takes hand-overs back: what began is gone, what ended goes on as if nothing had been. Whoever got yet another
/// supervisor since keeps that one. Gives the supervisions that go on.
pub async fn take_back(tx: &mut Tx, organization: OrganizationId, steps: &[HandOver]) -> Result<Vec<Uuid>> {
    let begun = dialect::id_list(steps.iter().filter_map(|s| s.begun.as_ref()));
    let text = "DELETE FROM supervisions WHERE organization_id = $1 AND supervision_id IN {ids $2} AND until_at IS NULL
        RETURNING supervision_id";
    let gone: Vec<(Uuid,)> =
        on!(tx, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(begun).fetch_all(c).await?);
    let stood = |s: &&HandOver| s.begun.is_none_or(|b| gone.iter().any(|(id,)| *id == b));
    let ended = dialect::id_list(steps.iter().filter(stood).filter_map(|s| s.ended.as_ref()));
    let text = "UPDATE supervisions SET until_at = NULL WHERE organization_id = $1 AND supervision_id IN {ids $2}
        AND NOT EXISTS (SELECT 1 FROM supervisions n WHERE n.organization_id = $1
            AND n.person_id = supervisions.person_id AND n.until_at IS NULL)
        RETURNING supervision_id";
    let goes_on: Vec<(Uuid,)> =
        on!(tx, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(ended).fetch_all(c).await?);
    Ok(goes_on.into_iter().map(|(id,)| id).collect())
}

/// Ends the present supervision of these people and, unless `supervisor` is none, begins a new one under the id given
/// with each: later ids have to sort after earlier ones.
pub async fn set_supervisor(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[(PersonId, Uuid)],
    supervisor: Option<PersonId>,
    now: Timestamp,
) -> Result<()> {
    let list = dialect::id_list(people.iter().map(|(p, _)| &p.0));
    let text = "UPDATE supervisions SET until_at = $3
        WHERE organization_id = $1 AND person_id IN {ids $2} AND until_at IS NULL";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(&list).bind(micros(now)).execute(c).await?;
    });
    let Some(supervisor) = supervisor else { return Ok(()) };
    let entries: Vec<Assignment> =
        people.iter().map(|(person, id)| Assignment { id: *id, person: *person, supervisor }).collect();
    begin_supervisions(tx, organization, &entries, now).await
}

/// Active therapists who work in one of these clinics, by name; at most `limit`.
pub async fn therapists(
    h: &mut impl Handle,
    organization: OrganizationId,
    clinics: &[ClinicId],
    limit: i64,
) -> Result<Vec<(PersonId, String)>> {
    let text = format!(
        "SELECT p.person_id, p.full_name FROM listing d
        JOIN people p ON p.organization_id = d.organization_id AND p.person_id = d.person_id
        WHERE d.organization_id = $1 AND d.status = 'active' AND d.user_type IN ({})
            AND d.person_id IN (SELECT m.person_id FROM emr_account_clinics m
                WHERE m.organization_id = $1 AND m.clinic_id IN {{ids $2}})
        ORDER BY d.name_key, d.person_id LIMIT $3",
        types(&[Group::Therapist])
    );
    let list = dialect::id_list(clinics.iter().map(|c| &c.0));
    let rows: Vec<(Uuid, String)> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(list).bind(limit).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(id, name)| (PersonId(id), name)).collect())
}
