//! People saved inactive because no license was free.

use muster_domain::access::ClinicAccess;
use muster_domain::licenses::Group;
use muster_domain::{ClinicId, OrganizationId, PersonId};
use uuid::Uuid;

use super::{GROUP, group, push_scope};
use crate::sql::query::Query;
use crate::{Handle, Result};

/// Somebody who waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingPerson {
    /// Who.
    pub person: PersonId,
    /// By name.
    pub full_name: String,
    /// The type's code.
    pub user_type: String,
    /// Which pool: the default clinic.
    pub clinic: ClinicId,
    /// By name.
    pub clinic_name: String,
    /// As it is sorted by.
    pub clinic_key: String,
    /// Which pool.
    pub group: Group,
    /// The place in the pool's queue, from 1.
    pub place: i64,
}

/// Whom to list.
#[derive(Clone, Debug)]
pub struct WaitingFilter {
    /// Of these clinics' pools.
    pub scope: ClinicAccess,
    /// Of this clinic's.
    pub clinic: Option<ClinicId>,
    /// Of this group's.
    pub group: Option<Group>,
}

#[derive(sqlx::FromRow)]
struct WaitingRow {
    person_id: Uuid,
    full_name: String,
    user_type: String,
    clinic_id: Uuid,
    clinic_name: String,
    clinic_key: String,
    pool_group: String,
    place: i64,
}

impl WaitingFilter {
    fn push(&self, q: &mut Query) {
        push_scope(q, &self.scope, "a.default_clinic_id");
        if let Some(clinic) = self.clinic {
            q.push(" AND a.default_clinic_id = ").bind(clinic.0);
        }
        if let Some(group) = self.group {
            q.push(&format!(" AND {GROUP} = ")).bind(group.as_str());
        }
    }
}

/// Who waits, by clinic and then by how long: at most `limit`, after the clinic's key and the person given.
pub async fn waiting(
    h: &mut impl Handle,
    organization: OrganizationId,
    filter: &WaitingFilter,
    after: Option<&(String, Uuid)>,
    limit: i64,
) -> Result<Vec<WaitingPerson>> {
    let mut q = Query::new(
        &format!(
            "SELECT w.person_id, p.full_name, w.user_type, w.clinic_id, c.name AS clinic_name,
                c.name_key AS clinic_key, w.pool_group, w.place
            FROM (SELECT a.organization_id, a.person_id, a.user_type, a.default_clinic_id AS clinic_id,
                    {GROUP} AS pool_group, row_number() OVER (
                        PARTITION BY a.default_clinic_id, {GROUP} ORDER BY a.person_id) AS place
                FROM emr_accounts a WHERE a.inactive_reason = 'no_license' AND a.organization_id = "
        ),
        organization.0,
    );
    filter.push(&mut q);
    q.push(
        ") w JOIN clinics c ON c.organization_id = w.organization_id AND c.clinic_id = w.clinic_id
        JOIN people p ON p.organization_id = w.organization_id AND p.person_id = w.person_id",
    );
    if let Some((clinic, person)) = after {
        q.push(" WHERE (c.name_key, w.person_id) > (").bind(clinic.as_str()).push(", ").bind(*person).push(")");
    }
    q.push(" ORDER BY c.name_key, w.person_id LIMIT ").bind(limit);
    let rows: Vec<WaitingRow> = q.fetch_all(h).await?;
    let made = |r: WaitingRow| {
        Ok(WaitingPerson {
            person: PersonId(r.person_id),
            full_name: r.full_name,
            user_type: r.user_type,
            clinic: ClinicId(r.clinic_id),
            clinic_name: r.clinic_name,
            clinic_key: r.clinic_key,
            group: group(&r.pool_group)?,
            place: r.place,
        })
    };
    rows.into_iter().map(made).collect()
}

/// The identities of those who wait, the longest waiting first; at most `limit`. When `people` are named, of these.
pub async fn waiting_ids(
    h: &mut impl Handle,
    organization: OrganizationId,
    filter: &WaitingFilter,
    people: Option<&[PersonId]>,
    limit: i64,
) -> Result<Vec<PersonId>> {
    let mut q = Query::new(
        "SELECT a.person_id FROM emr_accounts a WHERE a.inactive_reason = 'no_license' AND a.organization_id = ",
        organization.0,
    );
    filter.push(&mut q);
    if let Some(people) = people {
        q.push(" AND a.person_id IN {ids ").bind(crate::sql::dialect::id_list(people.iter().map(|p| &p.0))).push("}");
    }
    q.push(" ORDER BY a.person_id LIMIT ").bind(limit);
    let rows: Vec<(Uuid,)> = q.fetch_all(h).await?;
    Ok(rows.into_iter().map(|(id,)| PersonId(id)).collect())
}
