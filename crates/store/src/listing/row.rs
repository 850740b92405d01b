//! The rows of a page, each with the profile of who stands there.

use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use uuid::Uuid;

use super::{Cursor, Total};
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
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub key: String,
    pub name: String,
    pub matches: i64,
    #[sqlx(flatten)]
    pub person: people::Row,
}

/// The columns of a [`Row`] but the person's.
pub(super) const OF_PAGE: &str = "key text, name text, matches int";

impl<'de> Deserialize<'de> for Row {
    /// From an array: serde knows no structure in one array with another.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Whole;
        impl<'de> Visitor<'de> for Whole {
            type Value = Row;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a row of a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Row, A::Error> {
                let missing = || de::Error::invalid_length(0, &self);
                Ok(Row {
                    key: seq.next_element()?.ok_or_else(missing)?,
                    name: seq.next_element()?.ok_or_else(missing)?,
                    matches: seq.next_element()?.ok_or_else(missing)?,
                    person: people::Row::deserialize(SeqAccessDeserializer::new(seq))?,
                })
            }
        }
        deserializer.deserialize_seq(Whole)
    }
}

impl Row {
    pub fn cursor(&self, total: Total) -> Cursor {
        Cursor { k: self.key.clone(), n: self.name.clone(), p: self.person.person_id, t: total }
    }
}

impl Place {
    pub fn cursor(self) -> Cursor {
        Cursor { k: self.key, n: self.name, p: self.person_id, t: Total::About(0) }
    }
}

/// A page with the profiles of who is on it: looked up one by one, in whatever order.
pub(super) fn with_profiles(page: Query) -> Query {
    let ends = format!(
        ") SELECT page.key, page.name, page.matches, {} FROM page CROSS JOIN people p
        WHERE p.organization_id = $1 AND p.person_id = page.person_id",
        people::PROFILE
    );
    page.within("WITH page AS MATERIALIZED (", &ends)
}
