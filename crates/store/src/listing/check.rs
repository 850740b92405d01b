//! Whether the list agrees with the tables it is made of.

use std::collections::BTreeMap;

use muster_domain::text::unique_key;
use muster_domain::{OrganizationId, PersonId};
use uuid::Uuid;

use super::counts::CountChanges;
use super::save::facts;
use crate::people::{self, StoredProfile};
use crate::sql::dialect;
use crate::sql::query::Query;
use crate::{Handle, Result, micros};

/// People who are read at once.
const AT_ONCE: i64 = 500;

/// What the list says of somebody.
#[derive(Debug, PartialEq, Eq, sqlx::FromRow)]
struct ListedPerson {
    person_id: Uuid,
    name_key: String,
    username_key: String,
    search_text: String,
    user_type: String,
    status: String,
    permissions: i64,
    last_sign_in_at: i64,
}

impl From<StoredProfile> for ListedPerson {
    fn from(stored: StoredProfile) -> Self {
        let (user_type, status, permissions) = facts(stored.profile.emr.as_ref());
        let person = &stored.profile.person;
        Self {
            person_id: person.id.0,
            name_key: person.sort_key(),
            username_key: unique_key(&person.username),
            search_text: person.search_text(),
            user_type: user_type.to_owned(),
            status: status.to_owned(),
            permissions,
            last_sign_in_at: stored.last_sign_in_at.map_or(0, micros),
        }
    }
}

/// What is wrong with the list, a sentence each: people whom it shows otherwise than their profile or not at all, rows of
/// nobody, counts that are not those of its rows, and copies of the password state that are out of date. Empty when all is well.
pub async fn check(h: &mut impl Handle) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let organizations: Vec<(Uuid,)> =
        on!(h, "SELECT organization_id FROM organizations ORDER BY organization_id", |sql, c| {
            sqlx::query_as(sql).fetch_all(c).await?
        });
    for organization in organizations.into_iter().map(|(id,)| OrganizationId(id)) {
        check_rows(h, organization, &mut problems).await?;
        check_counts(h, organization, &mut problems).await?;
        check_password_states(h, organization, &mut problems).await?;
    }
    Ok(problems)
}

async fn check_rows(h: &mut impl Handle, organization: OrganizationId, problems: &mut Vec<String>) -> Result<()> {
    let text = "SELECT p.person_id FROM people p WHERE p.organization_id = $1 AND p.person_id > $2
        ORDER BY p.person_id LIMIT $3";
    let (mut after, mut people) = (Uuid::nil(), 0);
    loop {
        let query = Query::about(text, organization.0).with(after).with(AT_ONCE);
        let ids: Vec<PersonId> = query.fetch_all::<(Uuid,)>(h).await?.into_iter().map(|(id,)| PersonId(id)).collect();
        let Some(last) = ids.last() else { break };
        (after, people) = (last.0, people + ids.len());
        let mut listed = entries(h, organization, &ids).await?;
        for stored in people::find_many(h, organization, &ids).await? {
            let expected = ListedPerson::from(stored);
            let id = expected.person_id;
            if listed.remove(&id) != Some(expected) {
                problems.push(format!("The list shows person {id} otherwise than their profile."));
            }
        }
    }
    let text = "SELECT count(*) FROM listing d WHERE d.organization_id = $1";
    let (rows,): (i64,) = on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).fetch_one(c).await?);
    if i64::try_from(people) != Ok(rows) {
        problems.push(format!("The list of organization {organization} has {rows} rows for {people} people."));
    }
    Ok(())
}

async fn entries(
    h: &mut impl Handle,
    organization: OrganizationId,
    ids: &[PersonId],
) -> Result<BTreeMap<Uuid, ListedPerson>> {
    let text = "SELECT d.person_id, d.name_key, d.username_key, d.search_text, d.user_type, d.status, d.permissions,
            d.last_sign_in_at
        FROM listing d WHERE d.organization_id = $1 AND d.person_id IN {ids $2}";
    let list = dialect::id_list(ids.iter().map(|p| &p.0));
    let found: Vec<ListedPerson> = Query::about(text, organization.0).with(list).fetch_all(h).await?;
    Ok(found.into_iter().map(|entry| (entry.person_id, entry)).collect())
}

async fn check_password_states(
    h: &mut impl Handle,
    organization: OrganizationId,
    problems: &mut Vec<String>,
) -> Result<()> {
    let text = "SELECT p.person_id FROM people p LEFT JOIN sign_ins s ON s.subject_id = p.person_id
        WHERE p.organization_id = $1 AND p.password_state <> coalesce(s.password_state, 'none') ORDER BY p.person_id";
    let found: Vec<(Uuid,)> = Query::about(text, organization.0).fetch_all(h).await?;
    let problem = |(id,)| format!("The profile of person {id} has another password state than their sign-in.");
    problems.extend(found.into_iter().map(problem));
    Ok(())
}

async fn check_counts(h: &mut impl Handle, organization: OrganizationId, problems: &mut Vec<String>) -> Result<()> {
    let text = "SELECT d.user_type, d.status, d.permissions, count(*) FROM listing d WHERE d.organization_id = $1
        GROUP BY d.user_type, d.status, d.permissions";
    let rows: Vec<(String, String, i64, i64)> = Query::about(text, organization.0).fetch_all(h).await?;
    let mut counted = CountChanges::default();
    for (user_type, status, permissions, people) in rows {
        counted.add(&user_type, &status, permissions, people);
    }
    if !counted.are_stored(h, organization).await? {
        problems.push(format!("The counts of organization {organization} are not those of its list."));
    }
    Ok(())
}
