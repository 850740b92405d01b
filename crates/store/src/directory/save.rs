//! Writing the rows of the list.

use muster_domain::OrganizationId;
use muster_domain::people::Profile;
use muster_domain::text::{grams, unique_key};

use crate::dialect::{self, Engine};
use crate::people::WriteMode;
use crate::query::Query;
use crate::rows::{self, Rows};
use crate::{Handle, Result, Tx};

const COLUMNS: &str = "{rows $2: id uuid, name text, username text, search text, kind text, status text, permissions int, first int, last int} r";
const UPDATE: &str = "ON CONFLICT (organization_id, person_id) DO UPDATE SET
    name_key = excluded.name_key, username_key = excluded.username_key, search_text = excluded.search_text,
    user_type = excluded.user_type, status = excluded.status, permissions = excluded.permissions";
// SQLite only. CROSS JOIN keeps the order: it would otherwise read the whole practice to write one person.
const FORGET_GRAMS: &str = "DELETE FROM directory_search WHERE rowid IN (SELECT d.entry_number
    FROM {rows $2: id uuid} r CROSS JOIN directory d WHERE d.organization_id = $1 AND d.person_id = r.id)";
const KEEP_GRAMS: &str = "INSERT INTO directory_search (rowid, grams) SELECT d.entry_number, r.grams
    FROM {rows $2: id uuid, grams text} r CROSS JOIN directory d WHERE d.organization_id = $1 AND d.person_id = r.id";

/// Rows of the list with their search pieces.
pub(crate) struct Entries {
    rows: Rows,
    /// Of a server: the pieces of all of them. A row says where its own stand, counted from one.
    grams: Vec<i64>,
}

/// The rows of profiles, for [`save`]. A person without EMR account has a row with an empty type, so that the whole
/// practice can be searched.
pub(crate) fn rows(engine: Engine, organization: OrganizationId, profiles: &[Profile]) -> Option<Entries> {
    let mut all = Vec::new();
    let entries = profiles.iter().map(|p| {
        let search = p.person.search_text();
        let pieces = grams(organization.0.as_u128(), &search);
        let first = all.len() + 1;
        let grams = match engine {
            Engine::Sqlite => dialect::gram_document(&pieces),
            Engine::Postgres => {
                all.extend(pieces);
                String::new()
            }
        };
        [
            ("id", p.person.id.0.into()),
            ("name", p.person.sort_key().into()),
            ("username", unique_key(&p.person.username).into()),
            ("search", search.into()),
            ("kind", p.emr.as_ref().map_or("", |e| e.user_type.as_str()).into()),
            ("status", p.emr.as_ref().map_or("", |e| e.status.as_str()).into()),
            ("permissions", p.emr.as_ref().map_or(0, |e| e.permissions.bits()).into()),
            ("grams", grams.into()),
            ("first", count(first).into()),
            ("last", count(all.len()).into()),
        ]
    });
    let rows = rows::rows(engine, entries)?;
    Some(Entries { rows, grams: all })
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Writes rows of the list.
pub(crate) async fn save(
    tx: &mut Tx,
    organization: OrganizationId,
    rows: Option<Entries>,
    fate: WriteMode,
) -> Result<()> {
    let Some(Entries { rows, grams }) = rows else { return Ok(()) };
    let names = "organization_id, person_id, name_key, username_key, search_text, user_type, status, permissions";
    let values = "$1, r.id, r.name, r.username, r.search, r.kind, r.status, r.permissions";
    let conflict = fate.otherwise(UPDATE);
    let about = |text: &str, rows| Query::about(text, organization.0).with(rows);
    match tx.split().engine() {
        Engine::Sqlite => {
            let insert =
                format!("INSERT INTO directory ({names}) SELECT {values} FROM {COLUMNS} WHERE true {conflict}");
            for text in [fate.otherwise(FORGET_GRAMS), &insert, KEEP_GRAMS].into_iter().filter(|text| !text.is_empty())
            {
                about(text, rows.clone()).execute(tx).await?;
            }
        }
        Engine::Postgres => {
            let too = fate.otherwise(", grams = excluded.grams");
            let text = format!(
                "INSERT INTO directory ({names}, grams) SELECT {values}, ($3::bigint[])[r.first:r.last] FROM {COLUMNS}
                WHERE true {conflict}{too}"
            );
            about(&text, rows).with(grams).execute(tx).await?;
        }
    }
    Ok(())
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
        for text in [FORGET_GRAMS, KEEP_GRAMS] {
            let Split::Sqlite(connection) = tx.split() else { panic!("SQLite") };
            let text = dialect::render(Engine::Sqlite, &format!("EXPLAIN QUERY PLAN {text}"));
            let query = sqlx::query_as(text).bind(Uuid::nil()).bind("[]");
            let lines: Vec<(i64, i64, i64, String)> = query.fetch_all(connection).await.unwrap();
            let looked_up = |l: &(_, _, _, String)| l.3.contains("(organization_id=? AND person_id=?)");
            assert!(lines.iter().any(looked_up), "{lines:#?}");
        }
    }
}
