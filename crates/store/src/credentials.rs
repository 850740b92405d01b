//! Professional licences, who supervises whom, what is missing, reminders sent, and how people left.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use muster_domain::access::ClinicAccess;
use muster_domain::emr::{Issue, ProfessionalLicence, UserType};
use muster_domain::licences::Group;
use muster_domain::{ClinicId, OrganizationId, PersonId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::query::Query;
use crate::{Handle, Result, Tx, dialect, micros, typed, when};

type LicenceRow = (Uuid, i64, Option<String>, Option<String>, Option<String>, Option<String>);

/// The licences of these people, each list by place.
pub async fn licences(
    h: &mut impl Handle,
    organization: OrganizationId,
    people: &[PersonId],
) -> Result<BTreeMap<PersonId, Vec<ProfessionalLicence>>> {
    let text = "SELECT person_id, position, number, state, profession, expires_on FROM professional_licences
        WHERE organization_id = $1 AND person_id IN {ids $2} ORDER BY person_id, position";
    let list = ids(people);
    let rows: Vec<LicenceRow> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(list).fetch_all(c).await?);
    let mut found: BTreeMap<PersonId, Vec<ProfessionalLicence>> = BTreeMap::new();
    for (person, position, number, state, profession, expires_on) in rows {
        let expires_on = expires_on.and_then(|d| d.parse().ok());
        let licence = ProfessionalLicence { position, number, state, profession, expires_on };
        found.entry(PersonId(person)).or_default().push(licence);
    }
    Ok(found)
}

/// Adds a licence, or replaces the one at its place.
pub async fn save_licence(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    licence: &ProfessionalLicence,
) -> Result<()> {
    let text = "INSERT INTO professional_licences (organization_id, person_id, position, number, state, profession, expires_on)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (organization_id, person_id, position) DO UPDATE SET number = excluded.number,
            state = excluded.state, profession = excluded.profession, expires_on = excluded.expires_on";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(person.0)
            .bind(licence.position)
            .bind(licence.number.clone())
            .bind(licence.state.clone())
            .bind(licence.profession.clone())
            .bind(licence.expires_on.map(|d| d.to_string()))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Removes a licence and forgets the reminders about it: its place may be taken by another one.
pub async fn remove_licence(tx: &mut Tx, organization: OrganizationId, person: PersonId, position: i64) -> Result<()> {
    for text in [
        "DELETE FROM professional_licences WHERE organization_id = $1 AND person_id = $2 AND position = $3",
        "DELETE FROM licence_reminders WHERE organization_id = $1 AND person_id = $2 AND position = $3",
    ] {
        on!(tx, text, |sql, c| {
            sqlx::query(sql).bind(organization.0).bind(person.0).bind(position).execute(c).await?;
        });
    }
    Ok(())
}

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
    let rows: Vec<Value> = people.iter().map(|(p, id)| json!({"id": hex_id(*id), "person": hex_id(p.0)})).collect();
    let text = "INSERT INTO supervisions (organization_id, supervision_id, person_id, supervisor_id, since_at)
        SELECT $1, r.id, r.person, $3, $4 FROM {rows $2: id uuid, person uuid} r";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(organization.0)
            .bind(Value::Array(rows).to_string())
            .bind(supervisor.0)
            .bind(micros(now))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Which of these people have a signature, and which are supervised by an active therapist.
pub async fn signed_and_supervised(
    h: &mut impl Handle,
    organization: OrganizationId,
    people: &[PersonId],
) -> Result<(BTreeSet<PersonId>, BTreeSet<PersonId>)> {
    let list = ids(people);
    let text = "SELECT person_id FROM signatures WHERE organization_id = $1 AND person_id IN {ids $2}";
    let signed: Vec<(Uuid,)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(&list).fetch_all(c).await?);
    let text = format!(
        "SELECT v.person_id FROM supervisions v {SUPERVISOR} WHERE v.organization_id = $1 AND v.person_id IN {{ids $2}}
            AND v.until_at IS NULL AND t.user_type IN ({})",
        types(&[Group::Therapist])
    );
    let supervised: Vec<(Uuid,)> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(&list).fetch_all(c).await?);
    let set = |rows: Vec<(Uuid,)>| rows.into_iter().map(|(id,)| PersonId(id)).collect();
    Ok((set(signed), set(supervised)))
}

const SUPERVISOR: &str = "JOIN emr_accounts t ON t.organization_id = v.organization_id
    AND t.person_id = v.supervisor_id AND t.status = 'active'";

/// Active therapists who work in one of these clinics, by name; at most `limit`.
pub async fn therapists(
    h: &mut impl Handle,
    organization: OrganizationId,
    clinics: &[ClinicId],
    limit: i64,
) -> Result<Vec<(PersonId, String)>> {
    let text = format!(
        "SELECT p.person_id, p.full_name FROM directory d
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

/// What of the worklist to show.
#[derive(Clone, Debug)]
pub struct Missing {
    /// The clinics whose people may be seen.
    pub scope: ClinicAccess,
    /// Members of this clinic only.
    pub clinic: Option<ClinicId>,
    /// This kind only; `expires_90` holds what expires sooner too.
    pub kind: Option<Issue>,
    /// The day it is at the practice.
    pub today: Date,
}

/// Active people to whom something is missing, by name: at most `limit`, after the name and person given.
pub async fn worklist(
    h: &mut impl Handle,
    organization: OrganizationId,
    wanted: &Missing,
    after: Option<&(String, Uuid)>,
    limit: i64,
) -> Result<Vec<(PersonId, String)>> {
    let mut q = Query::new(
        "SELECT d.person_id, d.name_key FROM directory d WHERE d.status = 'active' AND d.organization_id = ",
        organization.0,
    );
    if let ClinicAccess::Only(clinics) = &wanted.scope {
        let list = dialect::id_list(clinics.iter().map(|c| &c.0));
        q.push(" AND d.person_id IN (SELECT person_id FROM emr_account_clinics WHERE organization_id = $1 AND clinic_id IN {ids ");
        q.bind(list).push("})");
    }
    if let Some(clinic) = wanted.clinic {
        q.push(" AND d.person_id IN (SELECT person_id FROM emr_account_clinics WHERE organization_id = $1 AND clinic_id = ");
        q.bind(clinic.0).push(")");
    }
    let kinds: &[Issue] = match &wanted.kind {
        Some(kind) => std::slice::from_ref(kind),
        // What expires within 90 days holds what expires sooner.
        None => &[
            Issue::Expired,
            Issue::Expires90,
            Issue::PlaceholderNpi,
            Issue::PlaceholderLicence,
            Issue::MissingSignature,
            Issue::MissingSupervisor,
        ],
    };
    q.push(" AND (");
    for (at, kind) in kinds.iter().enumerate() {
        q.push(if at == 0 { "" } else { " OR " });
        push_kind(&mut q, *kind, wanted.today);
    }
    q.push(")");
    if let Some((name, person)) = after {
        q.push(" AND (d.name_key, d.person_id) > (").bind(name.as_str()).push(", ").bind(*person).push(")");
    }
    q.push(" ORDER BY d.name_key, d.person_id LIMIT ").bind(limit);
    let rows: Vec<(Uuid, String)> = q.fetch_all(h).await?;
    Ok(rows.into_iter().map(|(id, name)| (PersonId(id), name)).collect())
}

/// What is rare comes from an index as a set; what is looked up per person is, because most have it.
fn push_kind(q: &mut Query, kind: Issue, today: Date) {
    let until = |days: i64| today.saturating_add(days.days()).to_string();
    let licences = "d.person_id IN (SELECT person_id FROM professional_licences WHERE organization_id = $1 AND ";
    match kind {
        Issue::Expired => {
            q.push(licences).push("expires_on < ").bind(today.to_string()).push(")");
        }
        Issue::Expires30 | Issue::Expires60 | Issue::Expires90 => {
            let days = match kind {
                Issue::Expires30 => 30,
                Issue::Expires60 => 60,
                _ => 90,
            };
            q.push(licences).push("expires_on >= ").bind(today.to_string());
            q.push(" AND expires_on <= ").bind(until(days)).push(")");
        }
        Issue::PlaceholderNpi => {
            q.push("d.person_id IN (SELECT person_id FROM people WHERE organization_id = $1 AND npi = '9999999995')");
        }
        Issue::PlaceholderLicence => {
            q.push(licences).push("number = '00000')");
        }
        Issue::MissingSignature => {
            q.push(&format!(
                "(d.user_type IN ({}) AND NOT EXISTS (SELECT 1 FROM signatures s
                    WHERE s.organization_id = d.organization_id AND s.person_id = d.person_id))",
                types(&[Group::Therapist, Group::Assistant])
            ));
        }
        Issue::MissingSupervisor => {
            q.push(&format!(
                "(d.user_type IN ({}) AND NOT EXISTS (SELECT 1 FROM supervisions v {SUPERVISOR}
                    WHERE v.organization_id = d.organization_id AND v.person_id = d.person_id AND v.until_at IS NULL
                        AND t.user_type IN ({})))",
                types(&[Group::Assistant, Group::Student]),
                types(&[Group::Therapist])
            ));
        }
    }
}

/// The codes of the types of these groups, quoted: text of this program, nothing a person typed.
fn types(groups: &[Group]) -> String {
    let codes: Vec<String> = UserType::ALL
        .into_iter()
        .filter(|t| groups.contains(&t.group()))
        .map(|t| format!("'{}'", t.as_str()))
        .collect();
    codes.join(", ")
}

/// A licence whose owner has to be told that it runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose.
    pub person: PersonId,
    /// Which, with its last valid day.
    pub licence: ProfessionalLicence,
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

/// Licences of active people about whose present stage nobody was told yet; soonest first, at most `limit`.
pub async fn due_reminders(
    h: &mut impl Handle,
    organization: OrganizationId,
    today: Date,
    limit: i64,
) -> Result<Vec<Due>> {
    let day = |days: i64| today.saturating_add(days.days()).to_string();
    let stage = "CASE WHEN l.expires_on < $2 THEN 0 WHEN l.expires_on <= $3 THEN 30 WHEN l.expires_on <= $4 THEN 60 ELSE 90 END";
    let text = format!(
        "SELECT l.person_id, l.position, l.number, l.state, l.profession, l.expires_on,
            CAST({stage} AS BIGINT) AS threshold
        FROM professional_licences l
        JOIN emr_accounts a ON a.organization_id = l.organization_id AND a.person_id = l.person_id
        WHERE l.organization_id = $1 AND l.expires_on <= $5 AND a.status = 'active'
            AND NOT EXISTS (SELECT 1 FROM licence_reminders r WHERE r.organization_id = l.organization_id
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
        let licence = ProfessionalLicence {
            position: r.position,
            number: r.number,
            state: r.state,
            profession: r.profession,
            expires_on: Some(expires_on),
        };
        Some(Due { person: PersonId(r.person_id), licence, expires_on, threshold: r.threshold })
    };
    Ok(rows.into_iter().filter_map(made).collect())
}

/// Writes down that these reminders go out; gives those that nobody had written down before. Only for them may a
/// message be queued, in the same transaction.
pub async fn note_reminders(
    tx: &mut Tx,
    organization: OrganizationId,
    due: Vec<Due>,
    now: Timestamp,
) -> Result<Vec<Due>> {
    let rows: Vec<Value> = due
        .iter()
        .map(|d| {
            json!({
                "person": hex_id(d.person.0), "position": d.licence.position, "expires": d.expires_on.to_string(),
                "threshold": d.threshold,
            })
        })
        .collect();
    let text = "INSERT INTO licence_reminders (organization_id, person_id, position, expires_on, threshold, sent_at)
        SELECT $1, r.person, r.position, r.expires, r.threshold, $3
        FROM {rows $2: person uuid, position int, expires text, threshold int} r
        WHERE true ON CONFLICT (organization_id, person_id, position, expires_on, threshold) DO NOTHING
        RETURNING person_id, position";
    let written: Vec<(Uuid, i64)> = on!(tx, text, |sql, c| {
        sqlx::query_as(sql)
            .bind(organization.0)
            .bind(Value::Array(rows).to_string())
            .bind(micros(now))
            .fetch_all(c)
            .await?
    });
    let written: BTreeSet<(Uuid, i64)> = written.into_iter().collect();
    Ok(due.into_iter().filter(|d| written.contains(&(d.person.0, d.licence.position))).collect())
}

/// An active user manager who can be written to.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Manager {
    /// Where.
    pub clinic_id: Uuid,
    /// Who.
    pub person_id: Uuid,
    /// The name.
    pub full_name: String,
    /// The address.
    pub email: String,
}

/// The active user managers of these clinics who have an address.
pub async fn managers(h: &mut impl Handle, organization: OrganizationId, clinics: &[ClinicId]) -> Result<Vec<Manager>> {
    let text = "SELECT m.clinic_id, p.person_id, p.full_name, p.email FROM emr_account_clinics m
        JOIN emr_accounts a ON a.organization_id = m.organization_id AND a.person_id = m.person_id
        JOIN people p ON p.organization_id = m.organization_id AND p.person_id = m.person_id
        WHERE m.organization_id = $1 AND m.clinic_id IN {ids $2} AND (a.permissions & 8) <> 0
            AND a.status = 'active' AND p.email IS NOT NULL
        ORDER BY p.person_id, m.clinic_id";
    let list = dialect::id_list(clinics.iter().map(|c| &c.0));
    Ok(on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(list).fetch_all(c).await?))
}

/// How someone left, as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
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
    record: &Recorded,
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
) -> Result<Vec<Recorded>> {
    let text = "SELECT offboarding_id, kind, actor_id, actor_name, steps, at FROM offboardings
        WHERE organization_id = $1 AND person_id = $2 ORDER BY offboarding_id DESC LIMIT $3";
    let rows: Vec<OffboardingRow> = on!(h, text, |sql, c| {
        sqlx::query_as(sql).bind(organization.0).bind(person.0).bind(limit).fetch_all(c).await?
    });
    let made = |(id, kind, actor_id, actor_name, steps, at): OffboardingRow| Recorded {
        id,
        kind,
        actor_id,
        actor_name,
        steps,
        at: when(at),
    };
    Ok(rows.into_iter().map(made).collect())
}

fn ids(people: &[PersonId]) -> String {
    dialect::id_list(people.iter().map(|p| &p.0))
}

fn hex_id(id: Uuid) -> String {
    id.simple().to_string()
}
