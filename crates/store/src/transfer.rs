//! Carrying everything from one database to another, whichever engines the two are.
//!
//! Tables and columns are asked of the database itself, so that a table added tomorrow is carried without a word here.
//! TablePages travel as JSON arrays which the engines themselves write and read: bytes and identifiers as hexadecimal text.
//! The people list and the numbers of look-alikes are not carried but made anew from the profiles.

use std::fmt::Write;

use muster_domain::{OrganizationId, PersonId};
use uuid::Uuid;

use crate::people::WriteMode;
use crate::{Db, Handle, Result, Split, StoreError, Tx, duplicates, listing, people};

/// Tables that follow from others, and the bookkeeping of migrations.
const NOT_CARRIED: [&str; 4] = ["listing", "listing_counts", "duplicate_keys", "_sqlx_migrations"];
/// Tables in which merely starting the program on an empty database may leave something.
const LEFT_BY_A_START: [&str; 5] = ["audit_heads", "installation", "jobs", "links", "throttles"];
/// People whose rows of the list are made at once.
const REBUILT_AT_ONCE: i64 = 500;
/// Bytes a page of rows aims at: some rows carry pictures, most are short.
const PAGE_BYTES: usize = 1 << 20;

/// How a column's values travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ColumnKind {
    Bytes,
    Identifier,
    Text,
    Integer,
    Real,
}

impl ColumnKind {
    fn of(declared: &str) -> Option<Self> {
        Some(match declared.to_ascii_lowercase().as_str() {
            "blob" | "bytea" => Self::Bytes,
            "uuid" => Self::Identifier,
            "text" | "character varying" => Self::Text,
            "integer" | "bigint" | "smallint" => Self::Integer,
            "real" | "double precision" => Self::Real,
            _ => return None,
        })
    }
}

/// A table as it stands in a database.
#[derive(Clone, Debug)]
pub struct Table {
    name: String,
    columns: Vec<(String, ColumnKind)>,
}

impl Table {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of its columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// The same table with its columns in this order; none unless they are exactly its columns.
    pub fn in_order(&self, columns: &[String]) -> Option<Self> {
        let found: Option<Vec<_>> =
            columns.iter().map(|wanted| self.columns.iter().find(|(name, _)| name == wanted).cloned()).collect();
        let columns = found.filter(|found| found.len() == self.columns.len())?;
        let mut names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        (names.len() == columns.len()).then(|| Self { name: self.name.clone(), columns: columns.clone() })
    }
}

/// A consistent view of the whole database, whatever others write meanwhile. Never committed.
pub async fn snapshot(db: &Db) -> Result<Tx> {
    Ok(match db {
        Db::Sqlite { read, .. } => Tx::Sqlite(read.begin().await?),
        Db::Postgres { read, .. } => {
            Tx::Postgres(read.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
        }
    })
}

/// Every table that is carried, by name.
pub async fn tables(h: &mut impl Handle) -> Result<Vec<Table>> {
    let text = match h.split() {
        Split::Sqlite(_) => {
            "SELECT t.name, c.name, c.type FROM pragma_table_list t JOIN pragma_table_info(t.name) c
            WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
            ORDER BY t.name, c.cid"
        }
        Split::Postgres(_) => {
            "SELECT c.table_name::text, c.column_name::text, c.data_type::text FROM information_schema.columns c
            JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
            WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'
            ORDER BY c.table_name::text COLLATE \"C\", c.ordinal_position"
        }
    };
    let rows: Vec<(String, String, String)> = on!(h, text, |sql, c| sqlx::query_as(sql).fetch_all(c).await?);
    let mut tables: Vec<Table> = Vec::new();
    for (table, column, declared) in rows {
        if NOT_CARRIED.contains(&table.as_str()) {
            continue;
        }
        let kind = ColumnKind::of(&declared)
            .ok_or_else(|| StoreError::Other(format!("{table}.{column} is {declared}, which cannot be carried")))?;
        match tables.last_mut().filter(|t| t.name == table) {
            Some(open) => open.columns.push((column, kind)),
            None => tables.push(Table { name: table, columns: vec![(column, kind)] }),
        }
    }
    Ok(tables)
}

/// How many rows a table has.
pub async fn count(h: &mut impl Handle, table: &Table) -> Result<i64> {
    let text = format!("SELECT count(*) FROM \"{}\"", table.name);
    let (rows,): (i64,) = on!(h, &text, |sql, c| sqlx::query_as(sql).fetch_one(c).await?);
    Ok(rows)
}

/// Where a [`TablePages`] stands.
#[derive(Debug)]
enum ReadPosition {
    /// On a file: behind the row written last, in the order of these columns of the key.
    Behind(Option<String>, Vec<usize>),
    /// On a server: at a cursor of its own.
    Open,
}

/// The rows of one table, page by page.
#[derive(Debug)]
pub struct TablePages<'a> {
    table: &'a Table,
    place: ReadPosition,
    page: i64,
}

impl<'a> TablePages<'a> {
    /// Begins with the first row. The same [`snapshot`] has to be given for every page.
    pub async fn of(tx: &mut Tx, table: &'a Table) -> Result<Self> {
        let place = match tx {
            Tx::Sqlite(_) => {
                let text = "SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk";
                let key: Vec<(String,)> =
                    on!(tx, text, |sql, c| sqlx::query_as(sql).bind(&table.name).fetch_all(c).await?);
                let at = |name: &String| table.columns.iter().position(|(column, _)| column == name);
                ReadPosition::Behind(None, key.iter().filter_map(|(name,)| at(name)).collect())
            }
            Tx::Postgres(_) => {
                let text = format!(
                    "DECLARE carried NO SCROLL CURSOR FOR SELECT {} FROM \"{}\"",
                    written(table, false),
                    table.name
                );
                on!(tx, &text, |sql, c| {
                    sqlx::query(sql).execute(c).await?;
                });
                ReadPosition::Open
            }
        };
        Ok(Self { table, place, page: 50 })
    }

    /// The next rows as JSON arrays; empty after the last.
    pub async fn next(&mut self, tx: &mut Tx) -> Result<Vec<String>> {
        let (text, last) = match &self.place {
            ReadPosition::Behind(last, key) => (self.behind(last.is_some(), key), last.clone()),
            ReadPosition::Open => (format!("FETCH {} FROM carried", self.page), None),
        };
        let rows: Vec<(String,)> = on!(tx, &text, |sql, c| {
            let query = sqlx::query_as(sql).persistent(false);
            match last {
                Some(last) => query.bind(last).fetch_all(c).await?,
                None => query.fetch_all(c).await?,
            }
        });
        match (&mut self.place, rows.last()) {
            (ReadPosition::Behind(place, _), Some((last,))) => *place = Some(last.clone()),
            (ReadPosition::Open, None) => {
                on!(tx, "CLOSE carried", |sql, c| {
                    sqlx::query(sql).execute(c).await?;
                });
            }
            _ => {}
        }
        let bytes: usize = rows.iter().map(|(row,)| row.len()).sum();
        if !rows.is_empty() {
            let average = (bytes / rows.len()).max(1);
            self.page = i64::try_from((PAGE_BYTES / average).clamp(1, 2000)).unwrap_or(50);
        }
        Ok(rows.into_iter().map(|(row,)| row).collect())
    }

    /// The page behind the row bound as `$1`, by the key.
    fn behind(&self, some: bool, key: &[usize]) -> String {
        let columns: Vec<String> = key.iter().map(|at| format!("\"{}\"", self.table.columns[*at].0)).collect();
        let columns = columns.join(", ");
        let value = |at: &usize| match self.table.columns[*at].1 {
            ColumnKind::Bytes | ColumnKind::Identifier => format!("unhex($1->>{at})"),
            _ => format!("$1->>{at}"),
        };
        let values: Vec<String> = key.iter().map(value).collect();
        let only = if some { format!("WHERE ({columns}) > ({})", values.join(", ")) } else { String::new() };
        let (row, table) = (written(self.table, true), &self.table.name);
        format!("SELECT {row} FROM \"{table}\" {only} ORDER BY {columns} LIMIT {}", self.page)
    }
}

/// The expression that writes a row as a JSON array.
fn written(table: &Table, sqlite: bool) -> String {
    let mut out = String::from(if sqlite { "json_array(" } else { "json_build_array(" });
    for (at, (name, kind)) in table.columns.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        let _ = match (kind, sqlite) {
            (ColumnKind::Bytes | ColumnKind::Identifier, true) => {
                write!(out, "{comma}CASE WHEN \"{name}\" IS NULL THEN NULL ELSE lower(hex(\"{name}\")) END")
            }
            (ColumnKind::Bytes, false) => write!(out, "{comma}encode(\"{name}\", 'hex')"),
            (ColumnKind::Identifier, false) => write!(out, "{comma}replace(\"{name}\"::text, '-', '')"),
            _ => write!(out, "{comma}\"{name}\""),
        };
    }
    out.push_str(if sqlite { ")" } else { ")::text" });
    out
}

/// Inserts rows that [`TablePages`] wrote, given as one JSON array of them, in the order of `table`'s columns.
pub async fn load(tx: &mut Tx, table: &Table, rows: &str) -> Result<()> {
    let sqlite = matches!(tx, Tx::Sqlite(_));
    let mut names = String::new();
    let mut values = String::new();
    for (at, (name, kind)) in table.columns.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        let _ = write!(names, "{comma}\"{name}\"");
        let _ = match (kind, sqlite) {
            (ColumnKind::Bytes | ColumnKind::Identifier, true) => write!(values, "{comma}unhex(value->>{at})"),
            (ColumnKind::Bytes, false) => write!(values, "{comma}decode(value->>{at}, 'hex')"),
            (ColumnKind::Identifier, false) => write!(values, "{comma}(value->>{at})::uuid"),
            (ColumnKind::Integer, false) => write!(values, "{comma}(value->>{at})::bigint"),
            (ColumnKind::Real, false) => write!(values, "{comma}(value->>{at})::double precision"),
            _ => write!(values, "{comma}value->>{at}"),
        };
    }
    let source = if sqlite { "json_each($1)" } else { "jsonb_array_elements($1::jsonb)" };
    let text = format!("INSERT INTO \"{}\" ({names}) SELECT {values} FROM {source}", table.name);
    on!(tx, &text, |sql, c| {
        sqlx::query(sql).bind(rows).execute(c).await?;
    });
    Ok(())
}

/// True when nothing but what a mere start leaves behind is stored.
pub async fn holds_nothing(h: &mut impl Handle, tables: &[Table]) -> Result<bool> {
    for table in tables.iter().filter(|t| !LEFT_BY_A_START.contains(&t.name.as_str())) {
        let text = format!("SELECT 1 FROM \"{}\" LIMIT 1", table.name);
        let row: Option<(i32,)> = on!(h, &text, |sql, c| sqlx::query_as(sql).fetch_optional(c).await?);
        if row.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Forgets what a mere start left behind.
pub async fn clear(tx: &mut Tx, tables: &[Table]) -> Result<()> {
    for table in tables.iter().filter(|t| LEFT_BY_A_START.contains(&t.name.as_str())) {
        let text = format!("DELETE FROM \"{}\"", table.name);
        on!(tx, &text, |sql, c| {
            sqlx::query(sql).execute(c).await?;
        });
    }
    Ok(())
}

/// Makes the people list and the numbers of look-alikes from the stored profiles, as every save does. `progress` hears
/// of the people done.
pub async fn rebuild_derived(tx: &mut Tx, mut progress: impl FnMut(u64)) -> Result<()> {
    let engine = tx.split().engine();
    let text = "SELECT organization_id FROM organizations ORDER BY organization_id";
    let organizations: Vec<(Uuid,)> = on!(tx, text, |sql, c| sqlx::query_as(sql).fetch_all(c).await?);
    for (organization,) in organizations {
        let mut after = Uuid::nil();
        loop {
            let text = "SELECT person_id FROM people WHERE organization_id = $1 AND person_id > $2 ORDER BY person_id LIMIT $3";
            let ids: Vec<(Uuid,)> = on!(tx, text, |sql, c| {
                sqlx::query_as(sql).bind(organization).bind(after).bind(REBUILT_AT_ONCE).fetch_all(c).await?
            });
            let Some((last,)) = ids.last() else { break };
            after = *last;
            let ids: Vec<PersonId> = ids.into_iter().map(|(id,)| PersonId(id)).collect();
            let stored = people::find_many(tx, OrganizationId(organization), &ids).await?;
            let profiles: Vec<_> = stored.into_iter().map(|s| s.profile).collect();
            let of = OrganizationId(organization);
            listing::save(tx, of, listing::rows(engine, of, &profiles), WriteMode::New).await?;
            duplicates::save(tx, of, duplicates::rows(engine, of, &profiles)).await?;
            progress(profiles.len() as u64);
        }
    }
    let text = "UPDATE listing SET last_sign_in_at = (SELECT p.last_sign_in_at FROM people p
            WHERE p.organization_id = listing.organization_id AND p.person_id = listing.person_id)
        WHERE EXISTS (SELECT 1 FROM people p WHERE p.organization_id = listing.organization_id
            AND p.person_id = listing.person_id AND p.last_sign_in_at <> 0)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).execute(c).await?;
    });
    Ok(())
}
