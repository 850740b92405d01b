//! What is missing from whose credentials.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;
use muster_domain::access::ClinicAccess;
use muster_domain::credentials::CredentialIssue;
use muster_domain::licenses::Group;
use muster_domain::{ClinicId, OrganizationId, PersonId};
use uuid::Uuid;

use super::{SUPERVISOR, ids, types};
use crate::sql::dialect;
use crate::sql::query::Query;
use crate::{Handle, Result};

/// What of the worklist to show.
#[derive(Clone, Debug)]
pub struct MissingCredentials {
    /// The clinics whose people may be seen.
    pub scope: ClinicAccess,
    /// Members of this clinic only.
    pub clinic: Option<ClinicId>,
    /// This kind only; `expires_90` holds what expires sooner too.
    pub kind: Option<CredentialIssue>,
    /// The day it is at the practice.
    pub today: Date,
}

/// Active people to whom something is missing, by name: at most `limit`, after the name and person given.
pub async fn worklist(
    h: &mut impl Handle,
    organization: OrganizationId,
    wanted: &MissingCredentials,
    after: Option<&(String, Uuid)>,
    limit: i64,
) -> Result<Vec<(PersonId, String)>> {
    let mut q = Query::new(
        "SELECT d.person_id, d.name_key FROM listing d WHERE d.status = 'active' AND d.organization_id = ",
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
    let kinds: &[CredentialIssue] = match &wanted.kind {
        Some(kind) => std::slice::from_ref(kind),
        // What expires within 90 days holds what expires sooner.
        None => &[
            CredentialIssue::Expired,
            CredentialIssue::Expires90,
            CredentialIssue::PlaceholderNpi,
            CredentialIssue::PlaceholderLicense,
            CredentialIssue::MissingSignature,
            CredentialIssue::MissingSupervisor,
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
fn push_kind(q: &mut Query, kind: CredentialIssue, today: Date) {
    let until = |days: i64| today.saturating_add(days.days()).to_string();
    let licenses = "d.person_id IN (SELECT person_id FROM professional_licenses WHERE organization_id = $1 AND ";
    match kind {
        CredentialIssue::Expired => {
            q.push(licenses).push("expires_on < ").bind(today.to_string()).push(")");
        }
        CredentialIssue::Expires30 | CredentialIssue::Expires60 | CredentialIssue::Expires90 => {
            let days = match kind {
                CredentialIssue::Expires30 => 30,
                CredentialIssue::Expires60 => 60,
                _ => 90,
            };
            q.push(licenses).push("expires_on >= ").bind(today.to_string());
            q.push(" AND expires_on <= ").bind(until(days)).push(")");
        }
        CredentialIssue::PlaceholderNpi => {
            q.push("d.person_id IN (SELECT person_id FROM people WHERE organization_id = $1 AND npi = '9999999995')");
        }
        CredentialIssue::PlaceholderLicense => {
            q.push(licenses).push("number = '00000')");
        }
        CredentialIssue::MissingSignature => {
            q.push(&format!(
                "(d.user_type IN ({}) AND NOT EXISTS (SELECT 1 FROM signatures s
                    WHERE s.organization_id = d.organization_id AND s.person_id = d.person_id))",
                types(&[Group::Therapist, Group::Assistant])
            ));
        }
        CredentialIssue::MissingSupervisor => {
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
