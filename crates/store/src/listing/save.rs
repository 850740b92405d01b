//! Writing the rows of the list.

use muster_domain::emr::EmrAccount;
use muster_domain::people::Profile;
use muster_domain::text::{grams, unique_key};
use muster_domain::{OrganizationId, PersonId};

use super::counts::CountChanges;
use crate::people::WriteMode;
use crate::sql::dialect::{self, Engine};
use crate::sql::query::Query;
use crate::sql::rows::{self, Rows};
use crate::{Handle, Result, Tx};

const COLUMNS: &str = "{rows $2: id uuid, name text, username text, search text, kind text, status text, permissions int, first int, last int} r";
const UPDATE: &str = "ON CONFLICT (organization_id, person_id) DO UPDATE SET
    name_key = excluded.name_key, username_key = excluded.username_key, search_text = excluded.search_text,
    user_type = excluded.user_type, status = excluded.status, permissions = excluded.permissions";
// SQLite only. CROSS JOIN keeps the order: it would otherwise read the whole organization to write one person.
const FORGET_GRAMS: &str = "DELETE FROM listing_search WHERE rowid IN (SELECT d.entry_number
    FROM {rows $2: id uuid} r CROSS JOIN listing d WHERE d.organization_id = $1 AND d.person_id = r.id)";
const KEEP_GRAMS: &str = "INSERT INTO listing_search (rowid, grams) SELECT d.entry_number, r.grams
    FROM {rows $2: id uuid, grams text} r CROSS JOIN listing d WHERE d.organization_id = $1 AND d.person_id = r.id";

// Named by identity as well, so that SQLite looks each one up; materialized, so that it reads the rows once.
const CHANGE: &str = "WITH r AS MATERIALIZED (SELECT x.id, x.kind, x.status, x.permissions
        FROM {rows $2: id uuid, kind text, status text, permissions int} x)
    UPDATE listing SET user_type = r.kind, status = r.status, permissions = r.permissions
    FROM r WHERE listing.organization_id = $1 AND listing.person_id = r.id
        AND listing.person_id IN (SELECT q.id FROM r q)";

/// Rows of the list with their n-grams.
pub(crate) struct Entries {
    /// Whose, as a list for an `{ids}` marker.
    people: String,
    rows: Rows,
    /// Of a server: the n-grams of all of them. A row says where its own begin and end, counted from one.
    grams: Vec<i64>,
    counts: CountChanges,
}

/// Type, status and permissions as the list has them; the first two are empty without an EMR account.
pub(super) fn facts(account: Option<&EmrAccount>) -> (&'static str, &'static str, i64) {
    account.map_or(("", "", 0), |e| (e.user_type.as_str(), e.status.as_str(), e.permissions.bits()))
}

/// The rows of profiles, for [`save`].
pub(crate) fn rows(engine: Engine, organization: OrganizationId, profiles: &[Profile]) -> Option<Entries> {
    let mut all = Vec::new();
    let mut counts = CountChanges::default();
    let entries = profiles.iter().map(|p| {
        let search = p.person.search_text();
        let of_text = grams(organization.0.as_u128(), &search);
        let first = all.len() + 1;
        let grams = match engine {
            Engine::Sqlite => dialect::gram_document(&of_text),
            Engine::Postgres => {
                all.extend(of_text);
                String::new()
            }
        };
        let (kind, status, permissions) = facts(p.emr.as_ref());
        counts.add(kind, status, permissions, 1);
        [
            ("id", p.person.id.0.into()),
            ("name", p.person.sort_key().into()),
            ("username", unique_key(&p.person.username).into()),
            ("search", search.into()),
            ("kind", kind.into()),
            ("status", status.into()),
            ("permissions", permissions.into()),
            ("grams", grams.into()),
            ("first", place(first).into()),
            ("last", place(all.len()).into()),
        ]
    });
    let rows = rows::rows(engine, entries)?;
    Some(Entries { people: dialect::id_list(profiles.iter().map(|p| &p.person.id.0)), rows, grams: all, counts })
}

fn place(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Writes rows of the list, and counts them.
pub(crate) async fn save(
    tx: &mut Tx,
    organization: OrganizationId,
    rows: Option<Entries>,
    mode: WriteMode,
) -> Result<()> {
    let Some(Entries { people, rows, grams, mut counts }) = rows else { return Ok(()) };
    if mode == WriteMode::Saved {
        counts.join(CountChanges::removing(tx, organization, people).await?);
    }
    let names = "organization_id, person_id, name_key, username_key, search_text, user_type, status, permissions";
    let values = "$1, r.id, r.name, r.username, r.search, r.kind, r.status, r.permissions";
    let conflict = mode.on_conflict(UPDATE);
    let about = |text: &str, rows| Query::about(text, organization.0).with(rows);
    match tx.split().engine() {
        Engine::Sqlite => {
            let insert = format!("INSERT INTO listing ({names}) SELECT {values} FROM {COLUMNS} WHERE true {conflict}");
            let forget = mode.on_conflict(FORGET_GRAMS);
            for text in [forget, &insert, KEEP_GRAMS].into_iter().filter(|text| !text.is_empty()) {
                about(text, rows.clone()).execute(tx).await?;
            }
        }
        Engine::Postgres => {
            let too = mode.on_conflict(", grams = excluded.grams");
            let text = format!(
                "INSERT INTO listing ({names}, grams) SELECT {values}, ($3::bigint[])[r.first:r.last] FROM {COLUMNS}
                WHERE true {conflict}{too}"
            );
            about(&text, rows).with(grams).execute(tx).await?;
        }
    }
    counts.save(tx, organization).await
}

/// Writes type, status and permissions of accounts that changed, and counts them anew. Names stay as they are.
pub(crate) async fn update(
    tx: &mut Tx,
    organization: OrganizationId,
    changed: &[(PersonId, &EmrAccount)],
) -> Result<()> {
    let people = dialect::id_list(changed.iter().map(|(person, _)| &person.0));
    let mut counts = CountChanges::removing(tx, organization, people).await?;
    let entries = changed.iter().map(|(person, account)| {
        let (kind, status, permissions) = facts(Some(account));
        counts.add(kind, status, permissions, 1);
        [("id", person.0.into()), ("kind", kind.into()), ("status", status.into()), ("permissions", permissions.into())]
    });
    let Some(rows) = rows::rows(tx.split().engine(), entries) else { return Ok(()) };
    Query::about(CHANGE, organization.0).with(rows).execute(tx).await?;
    counts.save(tx, organization).await
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{Db, Handle, Split};

    #[tokio::test]
    async fn writing_many_rows_looks_each_of_them_up() {
        let db = Db::open("sqlite::memory:", 1).await.unwrap();
        db.migrate().await.unwrap();
        let mut tx = db.begin().await.unwrap();
        for text in [FORGET_GRAMS, KEEP_GRAMS, CHANGE] {
            let Split::Sqlite(connection) = tx.split() else { panic!("SQLite") };
            let text = dialect::render(Engine::Sqlite, &format!("EXPLAIN QUERY PLAN {text}"));
            let query = sqlx::query_as(text).bind(Uuid::nil()).bind("[]");
            let lines: Vec<(i64, i64, i64, String)> = query.fetch_all(connection).await.unwrap();
            let looked_up = |l: &(_, _, _, String)| l.3.contains("(organization_id=? AND person_id=?)");
            assert!(lines.iter().any(looked_up), "{lines:#?}");
        }
    }
}
