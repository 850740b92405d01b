//! The statements of a page.

use muster_domain::OrganizationId;
use muster_domain::text::{piece_gram, query_pieces, search_key};

use super::conditions::{Candidate, Membership, conditions};
use super::list::PASSED_ENTRIES;
use super::row::{JSON_COLUMNS, ListRow};
use super::{Cursor, Filter, Sort};
use crate::sql::dialect::{self, Engine};
use crate::sql::query::Query;
use crate::{Handle, Result};

impl Sort {
    /// The index's columns after the organization.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Name => &["name_key", "person_id"],
            Self::Username => &["username_key", "person_id"],
            Self::UserType => &["user_type", "name_key", "person_id"],
            Self::Status => &["status", "name_key", "person_id"],
            Self::LastSignIn => &["last_sign_in_at", "name_key", "person_id"],
        }
    }

    /// The index of this order.
    pub(super) fn index(self) -> &'static str {
        match self {
            Self::Name => "listing_name",
            Self::Username => "listing_username",
            Self::UserType => "listing_type",
            Self::Status => "listing_status",
            Self::LastSignIn => "listing_last_sign_in",
        }
    }
}

/// In place of how many match.
const NOT_COUNTED: &str = "CAST(0 AS bigint) AS matches";

/// n-grams that the search index is asked for at most; a longer text is rare enough by those.
const GRAMS: usize = 12;

/// A page, as asked for.
pub(super) struct PageQuery<'a> {
    pub engine: Engine,
    pub organization: OrganizationId,
    pub filter: &'a Filter,
    pub after: Option<&'a Cursor>,
    pub limit: i64,
}

/// Where filter-and-sort begins.
pub(super) enum Start {
    /// At the members of these clinics.
    Members(String),
    /// At the search index.
    Text,
    /// At this index of the list.
    Index(&'static str),
}

impl PageQuery<'_> {
    /// The rows of a page, in order.
    pub async fn rows(&self, h: &mut impl Handle, q: Query) -> Result<Vec<ListRow>> {
        let mut rows: Vec<ListRow> = q.fetch_json_rows(h, JSON_COLUMNS).await?;
        let number =
            |row: &ListRow| if self.filter.sort == Sort::LastSignIn { row.key.parse().unwrap_or(0) } else { 0_i64 };
        rows.sort_by(|a, b| {
            let order = (number(a), &a.key, &a.name, a.person_id).cmp(&(number(b), &b.key, &b.name, b.person_id));
            if self.filter.descending { order.reverse() } else { order }
        });
        Ok(rows)
    }

    /// How many members these clinics have, counted up to `most`. Members of several count for each.
    pub async fn count_members(&self, h: &mut impl Handle, clinics: &str, most: i64) -> Result<i64> {
        let text = "SELECT count(*) FROM (SELECT 1 FROM emr_account_clinics m
            WHERE m.organization_id = $1 AND m.clinic_id IN {ids $2} LIMIT $3) m";
        let counted = Query::about(text, self.organization.0).with(clinics).with(most).fetch_all::<(i64,)>(h).await?;
        Ok(counted.first().map_or(0, |(n,)| *n))
    }

    /// The page of a covered filter, from this index.
    pub fn by_index(&self, candidate: &Candidate) -> Query {
        if candidate.in_order || self.engine == Engine::Sqlite {
            return self.scan(candidate, None);
        }
        // OFFSET keeps PostgreSQL from scanning the order's index instead.
        let head = format!("SELECT {}, {NOT_COUNTED} FROM (SELECT {} FROM", self.shown(), self.kept());
        let mut q = self.from(&head, candidate.index);
        conditions(&mut q, self.filter, None, Membership::PerPerson);
        q.push(" OFFSET 0) d WHERE 1 = 1");
        self.finished(q)
    }

    /// The page along an index, up to a place.
    pub fn scan(&self, candidate: &Candidate, end: Option<&Cursor>) -> Query {
        let mut q = self.from(&format!("SELECT {}, {NOT_COUNTED} FROM", self.shown()), candidate.index);
        conditions(&mut q, self.filter, None, Membership::PerPerson);
        if let Some(end) = end {
            self.up_to(&mut q, end);
        }
        self.finished(q)
    }

    /// The entry of an index after so many.
    pub fn place_after(&self, candidate: &Candidate, entries: i64) -> Query {
        let mut q = self.from(&format!("SELECT {}, {NOT_COUNTED} FROM", self.shown()), candidate.index);
        conditions(&mut q, &candidate.part, None, Membership::PerPerson);
        self.keyset(&mut q);
        self.order(&mut q);
        q.push(" LIMIT 1 OFFSET ").bind(entries);
        q
    }

    /// How many entries an index has up to a place.
    pub async fn count_up_to(&self, h: &mut impl Handle, candidate: &Candidate, place: &Cursor) -> Result<i64> {
        let counted = self.entries_up_to(candidate, place).fetch_all::<(i64,)>(h).await?;
        Ok(counted.first().map_or(0, |(n,)| *n))
    }

    pub fn entries_up_to(&self, candidate: &Candidate, place: &Cursor) -> Query {
        let mut q = self.from("SELECT count(*) FROM (SELECT 1 FROM", candidate.index);
        conditions(&mut q, &candidate.part, None, Membership::PerPerson);
        self.up_to(&mut q, place);
        // Without an order PostgreSQL may read the whole organization.
        self.order(&mut q);
        q.push(&format!(" LIMIT {PASSED_ENTRIES}) d"));
        q
    }

    /// Everybody who matches, sorted, with how many they are. SQLite is told where to start, because it would combine
    /// indexes; PostgreSQL weighs them by itself.
    pub fn filter_and_sort(&self, start: Start) -> Query {
        let head = format!("matched AS MATERIALIZED (SELECT {} FROM", self.kept());
        let mut grams = None;
        let mut q = match start {
            Start::Members(clinics) => {
                // SQLite is told both indexes. PostgreSQL knows an array before it looks anybody up; a sub-query it may
                // join by reading the whole organization.
                let (start, end) = match self.engine {
                    Engine::Sqlite => ("IN (", ")"),
                    Engine::Postgres => ("= ANY (ARRAY(", "))"),
                };
                let mut q = self.from(&format!("WITH {head}"), "sqlite_autoindex_listing_1");
                q.push(&format!(" AND d.person_id {start}SELECT m.person_id FROM emr_account_clinics m "));
                q.push(&self.indexed_by("emr_account_clinics_by_clinic"));
                q.push(" WHERE m.organization_id = $1 AND m.clinic_id IN {ids ").bind(clinics).push("}").push(end);
                q
            }
            Start::Text => {
                grams = Some(self.grams());
                // The plus keeps SQLite from starting with the whole organization.
                let plus = if self.engine == Engine::Sqlite { "+" } else { "" };
                Query::new(&format!("WITH {head} listing d WHERE {plus}d.organization_id = "), self.organization.0)
            }
            Start::Index(index) => self.from(&format!("WITH {head}"), index),
        };
        conditions(&mut q, self.filter, grams, Membership::PerPerson);
        q.push(") SELECT ").push(&self.shown()).push(", ");
        q.push(if self.after.is_none() { "(SELECT count(*) FROM matched) AS matches" } else { NOT_COUNTED });
        q.push(" FROM matched d WHERE 1 = 1");
        self.finished(q)
    }

    /// The n-grams of the text, for the search index.
    fn grams(&self) -> String {
        let pieces = query_pieces(&search_key(&self.filter.q));
        let gram = |piece: &String| piece_gram(self.organization.0.as_u128(), piece);
        dialect::gram_query(self.engine, &pieces.iter().take(GRAMS).map(gram).collect::<Vec<_>>())
    }

    /// From the organization's people, on SQLite by this index.
    fn from(&self, head: &str, index: &str) -> Query {
        let by = self.indexed_by(index);
        Query::new(&format!("{head} listing d {by} WHERE d.organization_id = "), self.organization.0)
    }

    fn indexed_by(&self, index: &str) -> String {
        if self.engine == Engine::Sqlite { format!("INDEXED BY {index}") } else { String::new() }
    }

    fn finished(&self, mut q: Query) -> Query {
        self.keyset(&mut q);
        self.order(&mut q);
        // A literal: a limit that it does not know PostgreSQL takes for a tenth of all there are.
        q.push(&format!(" LIMIT {}", self.limit + 1));
        q
    }

    /// The columns of a [`ListRow`] but the count.
    fn shown(&self) -> String {
        let columns = self.filter.sort.columns();
        let name = if columns.len() == 3 { "d.name_key" } else { "''" };
        format!("d.person_id, CAST(d.{} AS text) AS key, {name} AS name", columns[0])
    }

    /// What an inner statement keeps for [`Self::shown`].
    fn kept(&self) -> String {
        let columns: Vec<String> = self.filter.sort.columns().iter().map(|c| format!("d.{c}")).collect();
        columns.join(", ")
    }

    /// The columns of the order, without one that is the same for all that match: so every index by name serves it.
    fn order_by(&self, direction: &str) -> String {
        let columns = &self.filter.sort.columns()[usize::from(self.filter.is_by_name_within())..];
        let columns: Vec<String> = columns.iter().map(|c| format!("d.{c}{direction}")).collect();
        columns.join(", ")
    }

    /// Only what follows the cursor.
    fn keyset(&self, q: &mut Query) {
        if let Some(cursor) = self.after {
            self.compared(q, if self.filter.descending { "<" } else { ">" }, cursor);
        }
    }

    /// Only what comes before a place, and the place itself.
    fn up_to(&self, q: &mut Query, place: &Cursor) {
        self.compared(q, if self.filter.descending { ">=" } else { "<=" }, place);
    }

    fn compared(&self, q: &mut Query, with: &str, place: &Cursor) {
        q.push(&format!(" AND ({}) {with} (", self.order_by("")));
        if !self.filter.is_by_name_within() {
            match self.filter.sort {
                Sort::LastSignIn => q.bind(place.k.parse::<i64>().unwrap_or(0)),
                _ => q.bind(place.k.as_str()),
            };
            q.push(", ");
        }
        if self.filter.sort.columns().len() == 3 {
            q.bind(place.n.as_str()).push(", ");
        }
        q.bind(place.p).push(")");
    }

    fn order(&self, q: &mut Query) {
        q.push(" ORDER BY ").push(&self.order_by(if self.filter.descending { " DESC" } else { "" }));
    }
}
