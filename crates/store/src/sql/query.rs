//! A statement with its values: put together from parts, where filters vary, or with rows. Values are always bound, never
//! spliced in.

use serde::de::DeserializeOwned;
use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use crate::sql::bind::{Bind, expand_binds};
use crate::sql::dialect::{self, Engine};
use crate::{Handle, Result, Split, StoreError, Tx};

/// A statement of either driver with its values.
macro_rules! bound {
    ($query:expr, $binds:expr) => {
        $binds.into_iter().fold($query, |query, bind| query.bind(bind))
    };
}

/// A statement and its values, in order.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    text: String,
    binds: Vec<Bind>,
}

impl Query {
    /// Starts with `text` followed by the first value, `$1`.
    pub fn new(text: &str, first: impl Into<Bind>) -> Self {
        let mut query = Self { text: text.to_owned(), binds: Vec::new() };
        query.bind(first);
        query
    }

    /// Appends text of this program.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a value's place.
    pub fn bind(&mut self, value: impl Into<Bind>) -> &mut Self {
        self.binds.push(value.into());
        self.text.push('$');
        self.text.push_str(&self.binds.len().to_string());
        self
    }

    /// Starts with `text`, in which `$1` stands already for the first value.
    pub fn about(text: &str, first: impl Into<Bind>) -> Self {
        Self { text: text.to_owned(), binds: vec![first.into()] }
    }

    /// The next value, whose place stands in the text already.
    pub fn with(mut self, value: impl Into<Bind>) -> Self {
        self.binds.push(value.into());
        self
    }

    /// Runs changes of different tables. None of them may need what another one does: each would take longer to be sent
    /// and answered than to be carried out, so they go together.
    pub async fn execute_together(parts: Vec<Self>, tx: &mut Tx) -> Result<()> {
        let Some(whole) = Self::joined(tx.split().engine(), parts) else { return Ok(()) };
        whole.execute(tx).await.map(drop)
    }

    /// For a file one after the other; for a server, which takes one statement at a time, all but the last as `WITH`
    /// parts of the last.
    fn joined(engine: Engine, parts: Vec<Self>) -> Option<Self> {
        let last = parts.len().checked_sub(1)?;
        let mut whole = Self { text: String::new(), binds: Vec::new() };
        for (at, part) in parts.into_iter().enumerate() {
            let text = renumber(&part.text, whole.binds.len());
            whole.text += &match engine {
                _ if at == last => text,
                Engine::Sqlite => format!("{text}; "),
                Engine::Postgres => {
                    let (before, after) = (if at == 0 { "WITH" } else { "," }, if at + 1 == last { " " } else { "" });
                    format!("{before} part{at} AS ({text}){after}")
                }
            };
            whole.binds.extend(part.binds);
        }
        Some(whole)
    }

    /// Runs it for what it changes. How many rows.
    pub async fn execute(self, tx: &mut Tx) -> Result<i64> {
        let (text, binds) = expand_binds(&self.text, self.binds);
        let count = on!(tx, &text, |sql, c| {
            let query = bound!(sqlx::query(sql), binds);
            query.execute(c).await?.rows_affected()
        });
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Asks how it would be run.
    #[cfg(test)]
    pub fn explained(mut self) -> Self {
        self.text.insert_str(0, "EXPLAIN QUERY PLAN ");
        self
    }

    /// Asks a server how it would be run by a plan that serves any values.
    #[cfg(test)]
    pub async fn generic_plan(&self, connection: &mut sqlx::PgConnection) -> Vec<String> {
        let literal = |bind: &Bind| match bind {
            Bind::Uuid(id) => format!("'{id}'"),
            Bind::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Bind::Int(number) => number.to_string(),
            other => panic!("no literal for {other:?}"),
        };
        let values: Vec<String> = self.binds.iter().map(literal).collect();
        let text = dialect::render(Engine::Postgres, &self.text).0;
        let prepare = format!("SET plan_cache_mode = force_generic_plan; PREPARE explained AS {text}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(prepare)).execute(&mut *connection).await.unwrap();
        let explain = format!("EXPLAIN (COSTS OFF) EXECUTE explained({})", values.join(", "));
        let plan = sqlx::query_scalar(sqlx::AssertSqlSafe(explain)).persistent(false).fetch_all(&mut *connection).await;
        sqlx::raw_sql("DEALLOCATE explained").execute(connection).await.unwrap();
        plan.unwrap()
    }

    /// Runs it.
    pub async fn fetch_all<T>(&self, h: &mut impl Handle) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let (text, binds) = expand_binds(&self.text, self.binds.clone());
        Ok(on!(h, &text, |sql, c| {
            let query = bound!(sqlx::query_as(sql), binds);
            query.fetch_all(c).await?
        }))
    }

    /// All rows at once, with these columns (`name kind, …`, as in a `{rows}` marker), in no order. The fields of `T`
    /// stand in the same order as its columns.
    ///
    /// SQLite reads on a thread of its own and hands each row over by itself, which takes longer than reading it: so
    /// from a file they come as one JSON text.
    pub async fn fetch_json_rows<T>(&self, h: &mut impl Handle, columns: &str) -> Result<Vec<T>>
    where
        T: DeserializeOwned + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        match h.split() {
            Split::Sqlite(c) => {
                let text = dialect::as_json_rows(columns, &self.text);
                let query = bound!(sqlx::query_as(dialect::render(Engine::Sqlite, &text)), self.binds.clone());
                let (rows,): (String,) = query.fetch_one(c).await?;
                serde_json::from_str(&rows).map_err(|e| StoreError::Corrupt(e.to_string()))
            }
            Split::Postgres(c) => {
                let query = bound!(sqlx::query_as(dialect::render(Engine::Postgres, &self.text)), self.binds.clone());
                Ok(query.fetch_all(c).await?)
            }
        }
    }
}

/// The text with the numbers of its values moved up.
fn renumber(text: &str, by: usize) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut parts = text.split('$');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let number: usize = part[..digits].parse().unwrap_or(0);
        out.push_str(&format!("${}{}", number + by, &part[digits..]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_sent_together_keep_their_values() {
        let one = |table: &str, n: i64| Query::about(&format!("UPDATE {table} SET a = $2 WHERE b = $1"), n).with("x");
        for (engine, all) in [
            (
                Engine::Sqlite,
                "UPDATE t SET a = $2 WHERE b = $1; UPDATE u SET a = $4 WHERE b = $3; UPDATE v SET a = $6 WHERE b = $5",
            ),
            (
                Engine::Postgres,
                "WITH part0 AS (UPDATE t SET a = $2 WHERE b = $1), part1 AS (UPDATE u SET a = $4 WHERE b = $3) UPDATE v SET a = $6 WHERE b = $5",
            ),
        ] {
            assert!(Query::joined(engine, Vec::new()).is_none());
            assert_eq!(Query::joined(engine, vec![one("t", 1)]).unwrap().text, "UPDATE t SET a = $2 WHERE b = $1");
            let whole = Query::joined(engine, vec![one("t", 1), one("u", 2), one("v", 3)]).unwrap();
            assert_eq!(whole.text, all);
            assert_eq!(whole.binds.len(), 6);
            assert!(matches!(whole.binds[4], Bind::Int(3)));
        }
        assert_eq!(renumber("{rows $2: a int} $1$10", 3), "{rows $5: a int} $4$13");
    }
}
