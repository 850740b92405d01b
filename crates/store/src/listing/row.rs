//! The rows of a page.

use muster_domain::PersonId;
use serde::Deserialize;
use uuid::Uuid;

use super::{Cursor, Total};

/// Somebody's place in the list, and how many match if that was counted.
#[derive(Debug, Deserialize, sqlx::FromRow)]
pub(super) struct ListRow {
    pub person_id: Uuid,
    pub key: String,
    pub name: String,
    pub matches: i64,
}

/// The columns of a [`ListRow`] for [`Query::fetch_json_rows`](crate::sql::query::Query::fetch_json_rows).
pub(super) const JSON_COLUMNS: &str = "person_id uuid, key text, name text, matches int";

impl ListRow {
    pub fn person(&self) -> PersonId {
        PersonId(self.person_id)
    }

    pub fn cursor(&self, total: Total) -> Cursor {
        Cursor { k: self.key.clone(), n: self.name.clone(), p: self.person_id, t: total }
    }
}
