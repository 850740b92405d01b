//! The statements of a page.

use muster_domain::OrganizationId;
use muster_domain::text::{piece_gram, query_pieces, search_key};

use super::conditions::{Candidate, Membership, conditions};
use super::row::{ListRow, packed, with_profiles};
use super::{Cursor, Filter, Sort};
use crate::dialect::{self, Engine};
use crate::query::Query;
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

/// What conditions and orders read.
const READ_OF: &str =
    "d.person_id, d.name_key, d.username_key, d.user_type, d.status, d.permissions, d.last_sign_in_at, d.search_text";

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
        let mut rows: Vec<ListRow> = with_profiles(self.engine, q).fetch_packed(h, &packed()).await?;
        let number =
            |row: &ListRow| if self.filter.sort == Sort::LastSignIn { row.key.parse().unwrap_or(0) } else { 0_i64 };
        rows.sort_by(|a, b| {
            let (mine, theirs) = (a.person.person_id, b.person.person_id);
            let order = (number(a), &a.key, &a.name, mine).cmp(&(number(b), &b.key, &b.name, theirs));
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
        let head = format!("SELECT {}, {NOT_COUNTED} FROM (SELECT {} FROM", self.shown(), self.sorted(""));
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
        let mut q = self.from(&format!("SELECT {} FROM", self.shown()), candidate.index);
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
        let mut q = self.from("SELECT count(*) FROM", candidate.index);
        conditions(&mut q, &candidate.part, None, Membership::PerPerson);
        self.up_to(&mut q, place);
        q
    }

    /// Everybody who matches, sorted, with how many they are. SQLite is told where to start, because it would combine
    /// indexes; PostgreSQL weighs them by itself.
    pub fn filter_and_sort(&self, start: Start) -> Query {
        let head = format!("matched AS MATERIALIZED (SELECT {} FROM", self.sorted(""));
        let mut grams = None;
        let mut q = match start {
            Start::Members(clinics) => {
                // Apart from every other condition, and with CROSS JOIN: so both engines look these people up one by
                // one, whatever they believe to know of the organization.
                let by = self.indexed_by("emr_account_clinics_by_clinic");
                let mut q = Query::new(
                    &format!(
                        "WITH members AS MATERIALIZED (SELECT {READ_OF} FROM (SELECT DISTINCT m.person_id
                            FROM emr_account_clinics m {by} WHERE m.organization_id = "
                    ),
                    self.organization.0,
                );
                q.push(" AND m.clinic_id IN {ids ").bind(clinics);
                q.push("}) m CROSS JOIN listing d WHERE d.person_id = m.person_id AND d.organization_id = $1), ");
                q.push(&head).push(" members d WHERE 1 = 1");
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

    /// The columns of the order.
    fn sorted(&self, direction: &str) -> String {
        let columns: Vec<String> = self.filter.sort.columns().iter().map(|c| format!("d.{c}{direction}")).collect();
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
        q.push(&format!(" AND ({}) {with} (", self.sorted("")));
        if self.filter.sort == Sort::LastSignIn {
            q.bind(place.k.parse::<i64>().unwrap_or(0));
        } else {
            q.bind(place.k.as_str());
        }
        if self.filter.sort.columns().len() == 3 {
            q.push(", ").bind(place.n.as_str());
        }
        q.push(", ").bind(place.p).push(")");
    }

    fn order(&self, q: &mut Query) {
        q.push(" ORDER BY ").push(&self.sorted(if self.filter.descending { " DESC" } else { "" }));
    }
}

#[cfg(test)]
mod tests {
    use muster_domain::ClinicId;
    use muster_domain::access::ClinicAccess;
    use muster_domain::emr::{Permission, Status, UserType};
    use uuid::Uuid;

    use super::super::Total;
    use super::*;
    use crate::{Db, Tx};

    async fn empty() -> Db {
        let db = Db::open("sqlite::memory:", 1).await.unwrap();
        db.migrate().await.unwrap();
        db
    }

    /// The lines of SQLite's plan.
    async fn plan(tx: &mut Tx, query: Query) -> Vec<String> {
        let lines: Vec<(i64, i64, i64, String)> = query.explained().fetch_all(tx).await.unwrap();
        lines.into_iter().map(|(_, _, _, text)| text).collect()
    }

    fn query<'a>(filter: &'a Filter, after: Option<&'a Cursor>) -> PageQuery<'a> {
        let organization = OrganizationId(Uuid::from_u128(1));
        PageQuery { engine: Engine::Sqlite, organization, filter, after, limit: 25 }
    }

    fn place(k: &str) -> Cursor {
        Cursor { k: k.into(), n: "n".into(), p: Uuid::from_u128(2), t: Total::Exact(0) }
    }

    #[tokio::test]
    async fn a_covered_page_reads_one_index_and_nothing_else_and_a_scan_sorts_nothing() {
        let db = empty().await;
        let mut tx = db.begin().await.unwrap();
        let cursor = place("7");
        let (pt, active, inactive) = (Some(UserType::PT), Some(Status::Active), Some(Status::Inactive));
        let kinds = [(None, None), (pt, None), (None, active), (None, inactive), (pt, active), (pt, inactive)];
        for sort in Sort::ALL {
            for (user_type, status) in kinds {
                for permission in [None, Some(Permission::AnalyticsAccess), Some(Permission::EditUsers)] {
                    for (descending, after) in
                        [(false, None), (true, None), (false, Some(&cursor)), (true, Some(&cursor))]
                    {
                        let filter = Filter { user_type, status, permission, sort, descending, ..Filter::default() };
                        for candidate in filter.candidates() {
                            let lines = plan(&mut tx, query(&filter, after).by_index(&candidate)).await;
                            let read = format!("SEARCH d USING COVERING INDEX {} (organization_id=?", candidate.index);
                            assert!(
                                lines.iter().any(|l| l.starts_with(&read)),
                                "{filter:?}, {candidate:?}: {lines:#?}"
                            );
                            let sorts = lines.iter().any(|l| l.contains("TEMP B-TREE"));
                            assert!(!sorts || !candidate.in_order, "{filter:?}, {candidate:?}: {lines:#?}");
                        }
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn the_profiles_of_a_page_are_looked_up_one_by_one() {
        let db = empty().await;
        let mut tx = db.begin().await.unwrap();
        let filter = Filter { status: Some(Status::Active), ..Filter::default() };
        let asked = query(&filter, None);
        for page in [asked.scan(&filter.order(), None), asked.filter_and_sort(Start::Text)] {
            let lines = plan(&mut tx, with_profiles(Engine::Sqlite, page)).await;
            for read in [
                "SCAN page",
                "SEARCH p USING PRIMARY KEY (organization_id=? AND person_id=?)",
                "SEARCH s USING PRIMARY KEY (subject_id=?) LEFT-JOIN",
                "SEARCH a USING PRIMARY KEY (organization_id=? AND person_id=?) LEFT-JOIN",
                "SEARCH l USING PRIMARY KEY (organization_id=? AND person_id=? AND position=?) LEFT-JOIN",
                "SEARCH m USING PRIMARY KEY (organization_id=? AND person_id=?)",
            ] {
                assert!(lines.iter().any(|l| l == read), "not {read}: {lines:#?}");
            }
        }
    }

    #[tokio::test]
    async fn a_scan_that_reads_rows_follows_an_index_in_its_order_to_its_end() {
        let db = empty().await;
        let mut tx = db.begin().await.unwrap();
        let (first, last) = (place("7"), place("8"));
        for sort in Sort::ALL {
            let filter = Filter {
                q: "mara".into(),
                user_type: Some(UserType::PT),
                status: Some(Status::Inactive),
                sort,
                ..Filter::default()
            };
            for candidate in filter.candidates().into_iter().filter(|c| c.in_order) {
                for (after, end) in [(None, None), (None, Some(&last)), (Some(&first), Some(&last))] {
                    let asked = query(&filter, after);
                    let read = format!("SEARCH d USING INDEX {} (organization_id=?", candidate.index);
                    let lines = plan(&mut tx, asked.scan(&candidate, end)).await;
                    assert!(lines.iter().any(|l| l.starts_with(&read)), "{sort:?}: {lines:#?}");
                    assert!(!lines.iter().any(|l| l.contains("TEMP B-TREE")), "{lines:#?}");
                    let read = format!("SEARCH d USING COVERING INDEX {} (organization_id=?", candidate.index);
                    for ahead in [asked.place_after(&candidate, 100), asked.entries_up_to(&candidate, &last)] {
                        let lines = plan(&mut tx, ahead).await;
                        assert!(lines.iter().any(|l| l.starts_with(&read)), "{sort:?}: {lines:#?}");
                        assert!(!lines.iter().any(|l| l.contains("TEMP B-TREE")), "{lines:#?}");
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn filter_and_sort_starts_where_it_is_told_and_never_from_the_whole_organization() {
        let db = empty().await;
        let mut tx = db.begin().await.unwrap();
        let text = "SEARCH d USING INTEGER PRIMARY KEY (rowid=?)";
        let people = "SEARCH d USING INDEX sqlite_autoindex_listing_1 (organization_id=? AND person_id=?)";
        let of_type = "SEARCH d USING INDEX listing_type (organization_id=? AND user_type=?)";
        let holders = "SEARCH d USING INDEX listing_clinic_admin (organization_id=?)";
        let mara = Filter { q: "mara".into(), ..Filter::default() };
        let clinics = || Start::Members(dialect::id_list([&Uuid::nil()]));
        let scoped = ClinicAccess::Only([ClinicId(Uuid::nil())].into());
        let narrowed = Filter {
            user_type: Some(UserType::PT),
            status: Some(Status::Active),
            permission: Some(Permission::ClinicAdmin),
            scope: scoped.clone(),
            clinic: Some(ClinicId(Uuid::nil())),
            sort: Sort::LastSignIn,
            ..mara.clone()
        };
        for (filter, start, line) in [
            (Filter { q: "m".into(), ..Filter::default() }, Start::Text, text),
            (mara.clone(), Start::Text, text),
            (narrowed.clone(), Start::Text, text),
            (Filter { scope: scoped, ..mara }, clinics(), people),
            (narrowed.clone(), clinics(), people),
            (narrowed.clone(), Start::Index("listing_type"), of_type),
            (narrowed, Start::Index("listing_clinic_admin"), holders),
        ] {
            let lines = plan(&mut tx, query(&filter, None).filter_and_sort(start)).await;
            assert!(lines.iter().any(|text| text == line), "{filter:?} not by {line}: {lines:#?}");
        }
    }
}
