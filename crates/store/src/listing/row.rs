//! The rows of a page, each with the profile of whom it shows.

use serde::Deserialize;
use uuid::Uuid;

use super::{Cursor, Total};
use crate::dialect::Engine;
use crate::people;
use crate::query::Query;

/// Somebody's place in a list.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Place {
    person_id: Uuid,
    key: String,
    name: String,
}

/// Somebody on a page, and how many match if that was counted.
#[derive(Deserialize, sqlx::FromRow)]
pub(super) struct ListRow {
    pub key: String,
    pub name: String,
    pub matches: i64,
    #[sqlx(flatten)]
    pub person: people::PersonRow,
}

/// The columns of a [`ListRow`] for [`Query::fetch_packed`].
pub(super) fn packed() -> String {
    format!("key text, name text, matches int, ({})", people::packed())
}

impl ListRow {
    pub fn cursor(&self, total: Total) -> Cursor {
        Cursor { k: self.key.clone(), n: self.name.clone(), p: self.person.person_id, t: total }
    }
}

impl Place {
    pub fn cursor(self) -> Cursor {
        Cursor { k: self.key, n: self.name, p: self.person_id, t: Total::About(0) }
    }
}

/// A page with the profiles of whom it shows: looked up by their keys, in whatever order.
pub(super) fn with_profiles(engine: Engine, page: Query) -> Query {
    let ends = format!(
        ") SELECT page.key, page.name, page.matches, {} FROM page CROSS JOIN people p {} {}
        WHERE p.organization_id = $1 AND p.person_id = page.person_id",
        people::columns(engine),
        people::SIGN_IN,
        people::ACCOUNTS
    );
    page.within("WITH page AS MATERIALIZED (", &ends)
}
