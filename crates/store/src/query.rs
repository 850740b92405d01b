//! A statement put together from parts, for lists whose filters vary. Values are always bound, never spliced in.

use serde::de::DeserializeOwned;
use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::dialect::{self, Engine};
use crate::{Handle, Result, Split, StoreError, Tx};

/// A bound value.
#[derive(Clone, Debug)]
pub(crate) enum Bind {
    Uuid(Uuid),
    Text(String),
    Int(i64),
}

impl From<Uuid> for Bind {
    fn from(value: Uuid) -> Self {
        Self::Uuid(value)
    }
}

impl From<&str> for Bind {
    fn from(value: &str) -> Self {
        Self::Text(crate::typed(value).into_owned())
    }
}

impl From<String> for Bind {
    fn from(value: String) -> Self {
        Self::from(value.as_str())
    }
}

impl From<i64> for Bind {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

/// A statement of either driver with its values.
macro_rules! bound {
    ($query:expr, $binds:expr) => {{
        let mut query = $query;
        for bind in &$binds {
            query = match bind {
                Bind::Uuid(value) => query.bind(*value),
                Bind::Text(value) => query.bind(value.clone()),
                Bind::Int(value) => query.bind(*value),
            };
        }
        query
    }};
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

    /// Runs it for what it changes. How many rows.
    pub async fn execute(&self, tx: &mut Tx) -> Result<i64> {
        let count = on!(tx, &self.text, |sql, c| {
            let query = bound!(sqlx::query(sql), self.binds);
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

    /// Runs it.
    pub async fn fetch_all<T>(&self, h: &mut impl Handle) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        Ok(on!(h, &self.text, |sql, c| {
            let query = bound!(sqlx::query_as(sql), self.binds);
            query.fetch_all(c).await?
        }))
    }

    /// All rows at once, with these columns (`name kind, …`, as in a `{rows}` marker), in no order. The fields of `T`
    /// stand in the same order as its columns.
    ///
    /// SQLite reads on a thread of its own and hands each row over by itself, which takes longer than reading it: so
    /// from a file they come as one JSON text.
    pub async fn fetch_packed<T>(&self, h: &mut impl Handle, columns: &str) -> Result<Vec<T>>
    where
        T: DeserializeOwned + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        match h.split() {
            Split::Sqlite(c) => {
                let text = dialect::packed(columns, &self.text);
                let query = bound!(sqlx::query_as(dialect::spell(Engine::Sqlite, &text)), self.binds);
                let (rows,): (String,) = query.fetch_one(c).await?;
                serde_json::from_str(&rows).map_err(|e| StoreError::Corrupt(e.to_string()))
            }
            Split::Postgres(c) => {
                let query = bound!(sqlx::query_as(dialect::spell(Engine::Postgres, &self.text)), self.binds);
                Ok(query.fetch_all(c).await?)
            }
        }
    }
}
