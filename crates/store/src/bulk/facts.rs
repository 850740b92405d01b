//! What the judge has to know of everybody else.

use std::collections::{BTreeMap, BTreeSet};

use muster_domain::{ClinicId, OrganizationId, PersonId};
use uuid::Uuid;

use crate::sql::dialect;
use crate::{Handle, Result};

/// How many active company admins there are, counted up to `most`.
pub async fn company_admins(h: &mut impl Handle, organization: OrganizationId, most: i64) -> Result<i64> {
    let text = "SELECT count(*) FROM (SELECT 1 AS one FROM emr_accounts
        WHERE organization_id = $1 AND (permissions & 512) <> 0 AND status = 'active' LIMIT $2) a";
    let (count,): (i64,) =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(most).fetch_one(c).await?);
    Ok(count)
}

/// How many active user managers each of these clinics has; a clinic with none is there with 0.
pub async fn managers(
    h: &mut impl Handle,
    organization: OrganizationId,
    clinics: &[ClinicId],
) -> Result<BTreeMap<ClinicId, usize>> {
    let mut counts: BTreeMap<ClinicId, usize> = clinics.iter().map(|c| (*c, 0)).collect();
    if clinics.is_empty() {
        return Ok(counts);
    }
    let text = "SELECT m.clinic_id, count(*) FROM emr_accounts a
        JOIN emr_account_clinics m ON m.organization_id = a.organization_id AND m.person_id = a.person_id
        WHERE a.organization_id = $1 AND (a.permissions & 8) <> 0 AND a.status = 'active' AND m.clinic_id IN {ids $2}
        GROUP BY m.clinic_id";
    let list = dialect::id_list(clinics.iter().map(|c| &c.0));
    let rows: Vec<(Uuid, i64)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(list).fetch_all(c).await?);
    counts.extend(rows.into_iter().map(|(id, n)| (ClinicId(id), usize::try_from(n).unwrap_or(0))));
    Ok(counts)
}

/// Who of these has a signature on file.
pub async fn signed(
    h: &mut impl Handle,
    organization: OrganizationId,
    people: &[PersonId],
) -> Result<BTreeSet<PersonId>> {
    let text = "SELECT person_id FROM signatures WHERE organization_id = $1 AND person_id IN {ids $2}";
    let list = dialect::id_list(people.iter().map(|p| &p.0));
    let rows: Vec<(Uuid,)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(list).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(id,)| PersonId(id)).collect())
}
