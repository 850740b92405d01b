//! Who shares numbers with people who are being added.

use std::collections::BTreeSet;

use muster_domain::{OrganizationId, PersonId};
use serde_json::json;
use uuid::Uuid;

use super::{FULL_BUCKET, StoredCandidate, traits};
use crate::sql::dialect::{Engine, in_ints};
use crate::sql::query::Query;
use crate::{Handle, Result};

/// So many people without an NPI are gone through rather than all who share a number.
const FEW_WITHOUT_NPI: i64 = 5000;

/// Everyone who shares one of these numbers, without those who were merged into another.
pub async fn sharing(h: &mut impl Handle, organization: OrganizationId, keys: &[i64]) -> Result<Vec<StoredCandidate>> {
    let is_asked = in_ints(h.split().engine(), "k.dup_key", "$2");
    let text = format!(
        "SELECT k.person_id FROM duplicate_keys k WHERE k.organization_id = $1 AND {is_asked}
        UNION SELECT k.person_id FROM license_keys k WHERE k.organization_id = $1 AND {is_asked}"
    );
    let found = who_shares(h, organization, keys, &text).await?;
    traits(h, organization, &found.into_iter().collect::<Vec<_>>()).await
}

/// The same for very many at once: `keys` are those of people without an NPI, `with_npi` of people with one. Two real
/// NPIs are two people, so of the latter only those count whose NPI is not known. Numbers that very many share are
/// passed over, or thousands of people of one name would each be compared with all the others.
pub async fn sharing_many(
    h: &mut impl Handle,
    organization: OrganizationId,
    keys: &[i64],
    with_npi: &[i64],
) -> Result<Vec<StoredCandidate>> {
    let engine = h.split().engine();
    let mut found = who_shares(h, organization, keys, &telling(engine, "")).await?;
    if !with_npi.is_empty() {
        let few: Vec<(i64,)> = Query::about(&count_without_npi(engine), organization.0).fetch_all(h).await?;
        let is_few = few.first().is_some_and(|(n,)| *n <= FEW_WITHOUT_NPI);
        let text = if is_few { telling_of_few_without_npi(engine) } else { telling(engine, &without_npi()) };
        found.extend(who_shares(h, organization, with_npi, &text).await?);
    }
    traits(h, organization, &found.into_iter().collect::<Vec<_>>()).await
}

/// No NPI is known, in the words of the index of such people.
const UNKNOWN: &str = "(p.npi IS NULL OR p.npi = '9999999995')";

/// Of the people who share numbers, only those without an NPI.
fn without_npi() -> String {
    format!(
        " AND EXISTS (SELECT 1 FROM people p WHERE p.organization_id = k.organization_id
            AND p.person_id = k.person_id AND {UNKNOWN})"
    )
}

/// Whoever shares a number that not too many have.
fn telling(engine: Engine, only: &str) -> String {
    let asked = |column| in_ints(engine, column, "$2");
    format!(
        "WITH few AS (SELECT d.dup_key FROM duplicate_keys d WHERE d.organization_id = $1 AND {}
            GROUP BY d.dup_key HAVING count(*) <= {FULL_BUCKET})
        SELECT k.person_id FROM few CROSS JOIN duplicate_keys k
            WHERE k.organization_id = $1 AND k.dup_key = few.dup_key{only}
        UNION SELECT k.person_id FROM license_keys k
            WHERE k.organization_id = $1 AND {}{only}",
        asked("d.dup_key"),
        asked("k.dup_key")
    )
}

fn indexed_by(engine: Engine, index: &str) -> String {
    if engine == Engine::Sqlite { format!("INDEXED BY {index}") } else { String::new() }
}

/// How many there are, if few.
fn count_without_npi(engine: Engine) -> String {
    format!(
        "SELECT count(*) FROM (SELECT 1 FROM people p {} WHERE p.organization_id = $1
            AND {UNKNOWN} LIMIT {}) p",
        indexed_by(engine, "people_without_npi"),
        FEW_WITHOUT_NPI + 1
    )
}

/// The same as [`telling`] of those without an NPI, where they are few: what they share is found first, and only of that
/// it matters how many have it. A server goes through them; a file, which has no index by person, asks of each who shares
/// a number.
fn telling_of_few_without_npi(engine: Engine) -> String {
    let by = indexed_by(engine, "people_without_npi");
    let is_asked = in_ints(engine, "k.dup_key", "$2");
    let sharing = |columns: &str, table: &str| {
        format!(
            "SELECT {columns} FROM {table} k CROSS JOIN people p {by} WHERE k.organization_id = $1
                AND {is_asked} AND p.organization_id = $1 AND p.person_id = k.person_id
                AND {UNKNOWN}"
        )
    };
    format!(
        "WITH near AS MATERIALIZED ({}), few AS (SELECT d.dup_key FROM duplicate_keys d
            WHERE d.organization_id = $1 AND d.dup_key IN (SELECT n.dup_key FROM near n)
            GROUP BY d.dup_key HAVING count(*) <= {FULL_BUCKET})
        SELECT near.person_id FROM near JOIN few ON few.dup_key = near.dup_key UNION {}",
        sharing("k.dup_key, k.person_id", "duplicate_keys"),
        sharing("k.person_id", "license_keys"),
    )
}

async fn who_shares(
    h: &mut impl Handle,
    organization: OrganizationId,
    keys: &[i64],
    text: &str,
) -> Result<BTreeSet<PersonId>> {
    if keys.is_empty() {
        return Ok(BTreeSet::new());
    }
    let keys = json!(keys).to_string();
    let found: Vec<(Uuid,)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(keys).fetch_all(c).await?);
    Ok(found.into_iter().map(|(id,)| PersonId(id)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;

    #[tokio::test]
    async fn few_without_an_npi_are_known_by_an_index_of_theirs() {
        let db = Db::open("sqlite::memory:", 1).await.unwrap();
        db.migrate().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let lines = async |text: &str, tx: &mut crate::Tx| {
            let query = Query::about(text, Uuid::nil()).with("[]").explained();
            let lines: Vec<(i64, i64, i64, String)> = query.fetch_all(tx).await.unwrap();
            lines.into_iter().map(|l| l.3).collect::<Vec<_>>()
        };
        let counted = lines(&count_without_npi(Engine::Sqlite), &mut tx).await;
        let all = "SEARCH p USING COVERING INDEX people_without_npi (organization_id=?)";
        assert!(counted.iter().any(|l| l == all), "{counted:#?}");
        let found = lines(&telling_of_few_without_npi(Engine::Sqlite), &mut tx).await;
        let each = "SEARCH p USING COVERING INDEX people_without_npi (organization_id=? AND person_id=?)";
        assert_eq!(found.iter().filter(|l| *l == each).count(), 2, "{found:#?}");
        let shared =
            found.iter().filter(|l| l.starts_with("SEARCH k ") && l.contains("(organization_id=? AND dup_key=?)"));
        assert_eq!(shared.count(), 2, "{found:#?}");
    }
}
