//! Who is selected, with the version each has at that moment.

use muster_domain::access::ClinicAccess;
use muster_domain::{OrganizationId, PersonId};
use uuid::Uuid;

use crate::listing::{self, Filter};
use crate::sql::dialect;
use crate::sql::query::Query;
use crate::sql::rows::rows;
use crate::{Handle, Result, Tx};

/// Takes in everybody with an EMR account who matches, each with the version stored now; at most `limit`. How many.
pub async fn select_by_filter(
    tx: &mut Tx,
    organization: OrganizationId,
    job: Uuid,
    filter: &Filter,
    limit: i64,
) -> Result<i64> {
    let mut q = Query::new(
        "INSERT INTO bulk_items (organization_id, job_id, person_id, version)
        SELECT j.organization_id, j.job_id, d.person_id, p.version FROM listing d
        JOIN bulk_jobs j ON j.organization_id = d.organization_id
        JOIN people p ON p.organization_id = d.organization_id AND p.person_id = d.person_id
        WHERE d.organization_id = ",
        organization.0,
    );
    q.push(" AND j.job_id = ").bind(job).push(" AND d.user_type <> ''");
    listing::narrow(&mut q, filter);
    q.push(" LIMIT ").bind(limit);
    q.execute(tx).await
}

/// Takes in these people, some with changes of their own, as JSON. Whoever the scope does not show gets version 0, like
/// whoever does not exist.
pub async fn select_by_ids(
    tx: &mut Tx,
    organization: OrganizationId,
    job: Uuid,
    scope: &ClinicAccess,
    myself: Option<PersonId>,
    people: &[(PersonId, Option<String>)],
) -> Result<()> {
    let taken = people.iter().map(|(person, asked)| [("id", person.0.into()), ("asked", asked.as_deref().into())]);
    let Some(rows) = rows(tx.split().engine(), taken) else { return Ok(()) };
    let mut q = Query::about(
        "INSERT INTO bulk_items (organization_id, job_id, person_id, asked, version)
        SELECT j.organization_id, j.job_id, r.id, r.asked, coalesce((SELECT p.version FROM people p
            WHERE p.organization_id = $1 AND p.person_id = r.id",
        organization.0,
    );
    if let ClinicAccess::Only(mine) = scope {
        q.push(" AND (p.person_id = ").bind(myself.map_or(Uuid::nil(), |p| p.0));
        q.push(" OR EXISTS (SELECT 1 FROM emr_account_clinics m WHERE m.organization_id = $1 AND m.person_id = p.person_id AND m.clinic_id IN {ids ");
        q.bind(dialect::id_list(mine.iter().map(|c| &c.0))).push("}))");
    }
    q.push("), 0) FROM {rows ")
        .bind(rows)
        .push(": id uuid, asked text} r JOIN bulk_jobs j ON j.organization_id = $1 AND j.job_id = ");
    q.bind(job).push(" WHERE true ON CONFLICT (organization_id, job_id, person_id) DO NOTHING");
    q.execute(tx).await?;
    Ok(())
}

/// Takes in whomever another bulk update changed, each with the version that one left behind and what it did.
pub async fn select_changed(tx: &mut Tx, organization: OrganizationId, job: Uuid, of: Uuid) -> Result<()> {
    let text = "INSERT INTO bulk_items (organization_id, job_id, person_id, version, asked)
        SELECT i.organization_id, j.job_id, i.person_id, i.version_after, i.changed
        FROM bulk_items i JOIN bulk_jobs j ON j.organization_id = i.organization_id
        WHERE i.organization_id = $1 AND j.job_id = $2 AND i.job_id = $3 AND i.changed IS NOT NULL";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(job).bind(of).execute(c).await?;
    });
    Ok(())
}

/// Leaves people of a draft out again.
pub async fn leave_out(tx: &mut Tx, organization: OrganizationId, job: Uuid, ids: &[PersonId]) -> Result<()> {
    let text = "DELETE FROM bulk_items WHERE organization_id = $1 AND job_id = $2 AND person_id IN {ids $3}
        AND state = 'waiting'";
    let list = dialect::id_list(ids.iter().map(|p| &p.0));
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(job).bind(list).execute(c).await?;
    });
    Ok(())
}
