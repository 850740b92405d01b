//! Whom to write to about somebody's credentials, and whom to ask.

use muster_domain::{ClinicId, OrganizationId};
use uuid::Uuid;

use crate::sql::dialect;
use crate::{Handle, Result};

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

/// Active company admins by name, with their addresses; at most `limit`.
pub async fn company_admins(
    h: &mut impl Handle,
    organization: OrganizationId,
    limit: i64,
) -> Result<Vec<(String, String)>> {
    let text = "SELECT p.full_name, p.email FROM emr_accounts a
        JOIN people p ON p.organization_id = a.organization_id AND p.person_id = a.person_id
        WHERE a.organization_id = $1 AND (a.permissions & 512) <> 0 AND a.status = 'active' AND p.email IS NOT NULL
        ORDER BY p.full_name, p.person_id LIMIT $2";
    Ok(on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(limit).fetch_all(c).await?))
}
