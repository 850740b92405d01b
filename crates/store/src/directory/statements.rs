//! The statements of a walk and of a gather.

use muster_domain::OrganizationId;
use muster_domain::text::search_key;

use super::conditions::{Phrase, conditions, holders};
use super::on_page::{OF_PAGE, Row, with_profiles};
use super::{Cursor, Filter, Sort};
use crate::dialect::{self, Engine};
use crate::query::Query;
use crate::{Handle, Result, people};

/// People of clinics that are gathered without looking at anything else first.
pub(super) const FEW: i64 = 2500;

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

    fn index(self) -> &'static str {
        match self {
            Self::Name => "directory_name",
            Self::Username => "directory_username",
            Self::UserType => "directory_type",
            Self::Status => "directory_status",
            Self::LastSignIn => "directory_last_sign_in",
        }
    }
}

/// What conditions and orders read.
const READ_OF: &str =
    "d.person_id, d.name_key, d.username_key, d.user_type, d.status, d.permissions, d.last_sign_in_at, d.search_text";

/// In place of how many match.
const NOT_COUNTED: &str = "CAST(0 AS bigint)";

/// A page, as asked for.
pub(super) struct Ask<'a> {
    pub engine: Engine,
    pub organization: OrganizationId,
    pub filter: &'a Filter,
    pub after: Option<&'a Cursor>,
    pub limit: i64,
    /// What the search index is asked for.
    pub grams: Vec<i64>,
    /// Most entries of the narrowest index match.
    pub dense: bool,
}

impl Ask<'_> {
    /// The rows of a walk or a gather, in order.
    pub async fn rows(&self, h: &mut impl Handle, q: Query) -> Result<Vec<Row>> {
        let columns = format!("{OF_PAGE}, {}", people::COLUMNS);
        let mut rows: Vec<Row> = with_profiles(q).fetch_packed(h, &columns).await?;
        let number =
            |row: &Row| if self.filter.sort == Sort::LastSignIn { row.key.parse().unwrap_or(0) } else { 0_i64 };
        rows.sort_by(|a, b| {
            let (mine, theirs) = (a.person.person_id, b.person.person_id);
            let order = (number(a), &a.key, &a.name, mine).cmp(&(number(b), &b.key, &b.name, theirs));
            if self.filter.descending { order.reverse() } else { order }
        });
        Ok(rows)
    }

    /// How many people these clinics have, if few.
    pub fn members(&self, clinics: String) -> Query {
        let mut q = Query::new(
            "SELECT count(*) FROM (SELECT 1 FROM emr_account_clinics m WHERE m.organization_id = ",
            self.organization.0,
        );
        q.push(" AND m.clinic_id IN {ids ").bind(clinics).push("} LIMIT ").bind(FEW + 1).push(") m");
        q
    }

    /// The page along the order's index, up to where it `ends`.
    pub fn walk(&self, ends: Option<&Cursor>) -> Query {
        let filter = self.filter;
        let index = match (self.narrowest(), filter.status) {
            _ if filter.is_inactive_by_sign_in() => "directory_inactive_last_sign_in",
            (Some(narrowest), _) if filter.is_in_order() => narrowest,
            (None, Some(_)) if filter.is_in_order() => Sort::Status.index(),
            _ => filter.sort.index(),
        };
        let everybody = "(SELECT o.people_count FROM organizations o WHERE o.organization_id = $1)";
        let matches = if filter.takes_everybody() && self.after.is_none() { everybody } else { NOT_COUNTED };
        let mut q = self.from(&format!("SELECT {}, {matches} AS matches FROM", self.shown()), Some(index), "");
        conditions(&mut q, filter, Phrase::default());
        if let Some(end) = ends {
            self.beyond(&mut q, end, !filter.descending);
        }
        self.finished(q)
    }

    /// The entry of the order's index after so many.
    pub fn ahead(&self, entries: i64) -> Query {
        let head = format!("SELECT {}, {NOT_COUNTED} AS matches FROM", self.shown());
        let mut q = self.from(&head, Some(self.filter.sort.index()), "");
        self.keyset(&mut q);
        self.order(&mut q);
        q.push(" LIMIT 1 OFFSET ").bind(entries);
        q
    }

    /// Everything that matches, from the most selective index, sorted.
    ///
    /// PostgreSQL weighs its indexes by itself. SQLite would multiply them, so it gets one to start from: the clinics
    /// when their people are few, else the text, else the type, else the holders of a seldom permission.
    pub fn gather(&self, few: bool) -> Query {
        let filter = self.filter;
        if self.dense && filter.is_covered() {
            return self.gather_dense();
        }
        let by_text = !few && !search_key(&filter.q).is_empty();
        let phrase = Phrase {
            by_text: by_text.then(|| dialect::gram_query(self.engine, &self.grams)),
            by_clinic: !(few || by_text && self.engine == Engine::Sqlite),
            same_words: few,
        };
        let head = format!("matched AS MATERIALIZED (SELECT {} FROM", self.sorted(""));
        let mut q = match filter.clinics().filter(|_| few) {
            Some(clinics) => {
                // Apart from every other condition, and with CROSS JOIN: so both engines look these people up one by
                // one, whatever they believe to know of the practice.
                let by = self.indexed_by("emr_account_clinics_by_clinic");
                let members = "SELECT DISTINCT m.person_id FROM emr_account_clinics m";
                let mut q = Query::new(
                    &format!(
                        "WITH members AS MATERIALIZED (SELECT {READ_OF} FROM ({members} {by} WHERE m.organization_id = "
                    ),
                    self.organization.0,
                );
                q.push(" AND m.clinic_id IN {ids ").bind(clinics);
                q.push("}) m CROSS JOIN directory d WHERE d.person_id = m.person_id AND d.organization_id = $1), ");
                q.push(&head).push(" members d WHERE 1 = 1");
                q
            }
            // The plus keeps SQLite from starting with the whole practice.
            None => {
                let plus = if by_text && self.engine == Engine::Sqlite { "+" } else { "" };
                self.from(&format!("WITH {head}"), if by_text { None } else { self.narrowest() }, plus)
            }
        };
        conditions(&mut q, filter, phrase);
        if filter.is_covered() {
            self.by_name(&mut q);
        }
        q.push(") SELECT ").push(&self.shown()).push(", ");
        q.push(if self.after.is_none() { "(SELECT count(*) FROM matched)" } else { NOT_COUNTED });
        q.push(" AS matches FROM matched d WHERE 1 = 1");
        self.finished(q)
    }

    /// The same where most of what an index has is asked for: to go through it a second time for the count is quicker
    /// than to keep what was found.
    fn gather_dense(&self) -> Query {
        let by = self.narrowest().map_or_else(String::new, |index| self.indexed_by(index));
        let matching = |q: &mut Query, columns: &str| {
            q.push(&format!("(SELECT {columns} FROM directory d {by} WHERE d.organization_id = $1"));
            conditions(q, self.filter, Phrase::default());
        };
        let mut q = Query::about(&format!("SELECT {}, ", self.shown()), self.organization.0);
        if self.after.is_none() {
            matching(&mut q, "count(*)");
            q.push(")");
        } else {
            q.push(NOT_COUNTED);
        }
        q.push(" AS matches FROM ");
        matching(&mut q, &self.sorted(""));
        if self.engine == Engine::Postgres {
            self.by_name(&mut q);
            // Keeps the page's order from choosing an index.
            q.push(" OFFSET 0");
        }
        q.push(") d WHERE 1 = 1");
        self.finished(q)
    }

    /// The index gives them by name. Sorted the other way round, each would displace another of the page's.
    fn by_name(&self, q: &mut Query) {
        if self.engine == Engine::Postgres {
            let direction = if self.filter.descending { " DESC" } else { "" };
            q.push(&format!(" ORDER BY d.name_key{direction}, d.person_id{direction}"));
        }
    }

    /// The index that leaves fewest to look at.
    fn narrowest(&self) -> Option<&'static str> {
        let part = self.filter.narrow_part()?;
        let of_type = part.user_type.map(|_| Sort::UserType.index());
        of_type.or_else(|| part.permission.and_then(holders)).or(Some(Sort::Status.index()))
    }

    /// From the practice's people, on SQLite by this index.
    fn from(&self, head: &str, index: Option<&str>, before_organization: &str) -> Query {
        let by = index.map_or_else(String::new, |index| self.indexed_by(index));
        let text = format!("{head} directory d {by} WHERE {before_organization}d.organization_id = ");
        Query::new(&text, self.organization.0)
    }

    fn indexed_by(&self, index: &str) -> String {
        if self.engine == Engine::Sqlite { format!("INDEXED BY {index}") } else { String::new() }
    }

    fn finished(&self, mut q: Query) -> Query {
        self.keyset(&mut q);
        self.order(&mut q);
        // In figures: a limit that it does not know PostgreSQL takes for a tenth of all there are.
        q.push(&format!(" LIMIT {}", self.limit + 1));
        q
    }

    /// The columns of a [`Row`] but the count.
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

    fn keyset(&self, q: &mut Query) {
        if let Some(cursor) = self.after {
            self.beyond(q, cursor, self.filter.descending);
        }
    }

    /// Only what sorts before, or after, this place.
    fn beyond(&self, q: &mut Query, place: &Cursor, before: bool) {
        q.push(&format!(" AND ({}) {} (", self.sorted(""), if before { "<" } else { ">" }));
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

    /// The lines of SQLite's plan: id, parent, text.
    async fn plan(tx: &mut Tx, query: Query) -> Vec<(i64, i64, String)> {
        let lines: Vec<(i64, i64, i64, String)> = query.explained().fetch_all(tx).await.unwrap();
        lines.into_iter().map(|(id, parent, _, text)| (id, parent, text)).collect()
    }

    fn asked<'a>(filter: &'a Filter, after: Option<&'a Cursor>) -> Ask<'a> {
        Ask {
            engine: Engine::Sqlite,
            organization: OrganizationId(Uuid::from_u128(1)),
            filter,
            after,
            limit: 25,
            grams: vec![1],
            dense: false,
        }
    }

    const INDEXES: [(Sort, &str); 5] = [
        (Sort::Name, "directory_name"),
        (Sort::Username, "directory_username"),
        (Sort::UserType, "directory_type"),
        (Sort::Status, "directory_status"),
        (Sort::LastSignIn, "directory_last_sign_in"),
    ];

    #[tokio::test]
    async fn a_walk_that_asks_for_type_status_and_permission_reads_an_index_in_its_order_and_nothing_else() {
        let db = empty().await;
        let mut tx = db.begin().await.unwrap();
        let cursor = Cursor { k: "7".into(), n: "n".into(), p: Uuid::from_u128(2), t: Total::Exact(0) };
        for (sort, index) in INDEXES {
            for (user_type, status) in [
                (None, None),
                (Some(UserType::PT), None),
                (None, Some(Status::Active)),
                (None, Some(Status::Inactive)),
                (Some(UserType::PT), Some(Status::Active)),
                (Some(UserType::PT), Some(Status::Inactive)),
            ] {
                for (descending, after) in [(false, None), (true, None), (false, Some(&cursor)), (true, Some(&cursor))]
                {
                    for permission in [Permission::AnalyticsAccess, Permission::EditUsers] {
                        let permission = Some(permission);
                        let filter = Filter { user_type, status, permission, sort, descending, ..Filter::default() };
                        let lines = plan(&mut tx, asked(&filter, after).walk(None)).await;
                        // By name, the people of a type, of a status or with a seldom permission stand together in an
                        // index of their own; and so do the inactive by last sign-in.
                        let index = match (sort, user_type, permission, status) {
                            (Sort::Name, Some(_), _, _) => "directory_type",
                            (Sort::Name, None, Some(Permission::EditUsers), _) => "directory_edit_users",
                            (Sort::Name, None, _, Some(_)) => "directory_status",
                            (Sort::LastSignIn, _, _, Some(Status::Inactive)) => "directory_inactive_last_sign_in",
                            _ => index,
                        };
                        let read = format!("SEARCH d USING COVERING INDEX {index} (organization_id=?");
                        assert!(lines.iter().any(|l| l.2.starts_with(&read)), "{filter:?} not by {index}: {lines:#?}");
                        assert!(!lines.iter().any(|l| l.2.contains("TEMP B-TREE")), "{filter:?}: {lines:#?}");
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
        let ask = asked(&filter, None);
        for page in [ask.walk(None), ask.gather(false)] {
            let lines = plan(&mut tx, with_profiles(page)).await;
            let read = "SEARCH p USING PRIMARY KEY (organization_id=? AND person_id=?)";
            assert!(lines.iter().any(|l| l.2 == read), "{lines:#?}");
            assert!(lines.iter().any(|l| l.2 == "SCAN page"), "{lines:#?}");
        }
    }

    #[tokio::test]
    async fn a_walk_that_reads_rows_follows_the_index_of_its_order_to_its_end() {
        let db = empty().await;
        let mut tx = db.begin().await.unwrap();
        let place = |k: &str| Cursor { k: k.into(), n: "n".into(), p: Uuid::from_u128(2), t: Total::Exact(0) };
        let (first, last) = (place("7"), place("8"));
        for (sort, index) in INDEXES {
            let filter = Filter { q: "mara".into(), user_type: Some(UserType::PT), sort, ..Filter::default() };
            for (after, ends) in [(None, None), (None, Some(&last)), (Some(&first), Some(&last))] {
                let ask = asked(&filter, after);
                let read = format!("SEARCH d USING INDEX {index} (organization_id=?");
                let lines = plan(&mut tx, ask.walk(ends)).await;
                assert!(lines.iter().any(|l| l.2.starts_with(&read)), "{sort:?}: {lines:#?}");
                assert!(!lines.iter().any(|l| l.2.contains("TEMP B-TREE")), "{lines:#?}");
                let read = format!("SEARCH d USING COVERING INDEX {index} (organization_id=?");
                let lines = plan(&mut tx, ask.ahead(100)).await;
                assert!(lines.iter().any(|l| l.2.starts_with(&read)), "{sort:?}: {lines:#?}");
            }
        }
    }

    #[tokio::test]
    async fn the_gather_starts_from_one_index_and_never_from_the_whole_practice() {
        let db = empty().await;
        let mut tx = db.begin().await.unwrap();
        let text = "SEARCH d USING INTEGER PRIMARY KEY (rowid=?)";
        let people = "SEARCH d USING INDEX sqlite_autoindex_directory_1 (organization_id=? AND person_id=?)";
        let of_type = "SEARCH d USING COVERING INDEX directory_type (organization_id=? AND user_type=?)";
        let of_status = "SEARCH d USING COVERING INDEX directory_status (organization_id=? AND status=?)";
        let seldom = "SEARCH d USING COVERING INDEX directory_clinic_admin (organization_id=?)";
        let mara = Filter { q: "mara".into(), ..Filter::default() };
        let clinic = Filter { clinic: Some(ClinicId(Uuid::nil())), ..Filter::default() };
        let of = |user_type, status, permission| Filter {
            user_type,
            status,
            permission,
            sort: Sort::LastSignIn,
            ..Filter::default()
        };
        let (pt, active) = (Some(UserType::PT), Some(Status::Active));
        for (filter, few, start) in [
            (Filter { q: "m".into(), ..Filter::default() }, false, text),
            (mara.clone(), false, text),
            (
                Filter { user_type: pt, status: active, permission: Some(Permission::ClinicAdmin), ..mara.clone() },
                false,
                text,
            ),
            (Filter { scope: ClinicAccess::Only([ClinicId(Uuid::nil())].into()), ..mara.clone() }, false, text),
            (Filter { clinic: clinic.clinic, ..mara }, true, people),
            (clinic.clone(), true, people),
            (
                Filter { user_type: pt, status: active, permission: Some(Permission::ClinicAdmin), ..clinic },
                true,
                people,
            ),
            (of(pt, active, None), false, of_type),
            (of(None, Some(Status::Inactive), None), false, of_status),
            (of(None, active, Some(Permission::ClinicAdmin)), false, seldom),
        ] {
            let lines = plan(&mut tx, asked(&filter, None).gather(few)).await;
            assert!(lines.iter().any(|(_, _, text)| text == start), "{filter:?} not by {start}: {lines:#?}");
            let dense = Ask { dense: true, ..asked(&filter, None) };
            let lines = plan(&mut tx, dense.gather(few)).await;
            let times = if filter.is_covered() { 2 } else { 1 };
            let found = lines.iter().filter(|(_, _, text)| text == start).count();
            assert!(found >= times, "{filter:?} not {times} times by {start}: {lines:#?}");
        }
    }
}
