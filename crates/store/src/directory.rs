//! The user list: one row a person, read in any order, with any filter, from any page.
//!
//! Two ways lead to a page. The *walk* follows the index of the wanted order from the cursor over a bounded number of
//! rows and keeps what matches: right when matches are common. When it does not fill the page, matches are rare, and
//! the *gather* collects them all from the most selective index and sorts them. Both give the same page, and neither
//! ever counts a whole practice.

use muster_domain::access::ClinicAccess;
use muster_domain::emr::{Permission, Profile, Status, UserType};
use muster_domain::text::{grams, query_grams, search_key, unique_key};
use muster_domain::{ClinicId, OrganizationId, PersonId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::dialect::{self, Engine, Id};
use crate::query::Query;
use crate::{Handle, Result, Split, Tx};

/// Rows a walk looks at before it gives up.
const WALK: i64 = 1000;

/// So many clinics are few: reading their people is quicker than searching the practice.
const FEW_CLINICS: usize = 8;

/// How the list is sorted; ties by name, then by identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Sort {
    #[default]
    Name,
    Username,
    UserType,
    Status,
    LastSignIn,
}

impl Sort {
    /// Every order.
    pub const ALL: [Self; 5] = [Self::Name, Self::Username, Self::UserType, Self::Status, Self::LastSignIn];

    /// The value of `?sort=`; a leading `-` turns it round.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Username => "username",
            Self::UserType => "user_type",
            Self::Status => "status",
            Self::LastSignIn => "last_sign_in_at",
        }
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Name => &["name_key", "person_id"],
            Self::Username => &["username_key", "person_id"],
            Self::UserType => &["user_type", "name_key", "person_id"],
            Self::Status => &["status", "name_key", "person_id"],
            Self::LastSignIn => &["last_sign_in_at", "name_key", "person_id"],
        }
    }
}

/// What to list.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The clinics whose people may be seen.
    pub scope: ClinicAccess,
    /// Any part of name, user name, email or NPI.
    pub q: String,
    /// Of this type.
    pub user_type: Option<UserType>,
    /// Active or inactive.
    pub status: Option<Status>,
    /// Member of this clinic.
    pub clinic: Option<ClinicId>,
    /// Holder of this permission.
    pub permission: Option<Permission>,
    /// Order.
    pub sort: Sort,
    /// Turned round.
    pub descending: bool,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            scope: ClinicAccess::All,
            q: String::new(),
            user_type: None,
            status: None,
            clinic: None,
            permission: None,
            sort: Sort::Name,
            descending: false,
        }
    }
}

impl Filter {
    /// True when nobody is left out.
    fn takes_everybody(&self) -> bool {
        self.scope == ClinicAccess::All
            && self.q.trim().is_empty()
            && self.user_type.is_none()
            && self.status.is_none()
            && self.clinic.is_none()
            && self.permission.is_none()
    }
}

/// A place in the list: the sort values of the last row seen, and the total known there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// First sort column, text or number.
    k: String,
    /// Name, where it breaks ties.
    n: String,
    /// Person.
    p: Uuid,
    /// Total of the first page.
    t: Total,
}

/// How many there are in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Total {
    /// Counted.
    Exact(i64),
    /// Estimated from a sample.
    About(i64),
}

/// A page of the list.
#[derive(Clone, Debug)]
pub struct Page {
    /// In order.
    pub people: Vec<PersonId>,
    /// Where the next page begins.
    pub next: Option<Cursor>,
    /// How many match in all.
    pub total: Total,
}

#[derive(sqlx::FromRow)]
struct Row {
    person_id: Uuid,
    name_key: String,
    username_key: String,
    user_type: String,
    status: String,
    last_sign_in_at: i64,
    matches: i64,
}

/// At most `limit` people who match, after `after`.
pub async fn list(
    h: &mut impl Handle,
    organization: OrganizationId,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Page> {
    let text = "SELECT people_count FROM organizations WHERE organization_id = $1";
    let count: Option<(i64,)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).fetch_optional(c).await?);
    let people = count.map_or(0, |(n,)| n);
    let all_seen = people <= WALK;

    let walked = walk(organization, filter, after, limit).fetch_all::<Row>(h).await?;
    let filled = i64::try_from(walked.len()).unwrap_or(0) > limit;
    let (rows, total) = if all_seen {
        let total = Total::Exact(walked.first().map_or(0, |r| r.matches));
        (walked, total)
    } else if filled {
        let total = match after {
            Some(cursor) => cursor.t,
            None if filter.takes_everybody() => Total::Exact(people),
            None => {
                // The walked rows stand together for a reason, so they are no fair sample; rows by identity are.
                let sampled: Vec<(i64,)> = sample(organization, filter).fetch_all(h).await?;
                let sampled = sampled.first().map_or(0, |(n,)| *n);
                Total::About((sampled * people / WALK).max(limit + 1))
            }
        };
        (walked, total)
    } else {
        let engine = if matches!(h.split(), Split::Sqlite(_)) { Engine::Sqlite } else { Engine::Postgres };
        let gathered = gather(engine, organization, filter, after, limit).fetch_all::<Row>(h).await?;
        let total = Total::Exact(gathered.first().map_or(0, |r| r.matches));
        (gathered, total)
    };
    let total = after.map_or(total, |c| c.t);
    Ok(page(rows, filter, total, limit))
}

fn page(mut rows: Vec<Row>, filter: &Filter, total: Total, limit: i64) -> Page {
    let wanted = usize::try_from(limit).unwrap_or(0);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next = rows.last().filter(|_| more).map(|r| Cursor {
        k: match filter.sort {
            Sort::Name => r.name_key.clone(),
            Sort::Username => r.username_key.clone(),
            Sort::UserType => r.user_type.clone(),
            Sort::Status => r.status.clone(),
            Sort::LastSignIn => r.last_sign_in_at.to_string(),
        },
        n: r.name_key.clone(),
        p: r.person_id,
        t: total,
    });
    Page { people: rows.iter().map(|r| PersonId(r.person_id)).collect(), next, total }
}

const READ: &str = "d.person_id, d.name_key, d.username_key, d.user_type, d.status, d.last_sign_in_at";

/// The bounded walk along the order's index. A type or status that the order's index can begin with narrows the walk
/// itself: otherwise a thousand rows of another status could lie before the first that matches.
fn walk(organization: OrganizationId, filter: &Filter, after: Option<&Cursor>, limit: i64) -> Query {
    let mut q = Query::new("WITH walked AS (SELECT * FROM directory d WHERE d.organization_id = ", organization.0);
    match (filter.sort, filter.user_type, filter.status, filter.permission) {
        (Sort::Name, _, _, Some(permission)) if SELDOM.contains(&permission) => held(&mut q, permission),
        (Sort::UserType | Sort::Name, Some(kind), _, _) => {
            q.push(" AND d.user_type = ").bind(kind.as_str());
        }
        (Sort::Status | Sort::Name, _, Some(status), _) => {
            q.push(" AND d.status = ").bind(status.as_str());
        }
        _ => {}
    }
    keyset(&mut q, filter, after);
    order(&mut q, filter);
    q.push(" LIMIT ").bind(WALK);
    q.push("), matched AS MATERIALIZED (SELECT ").push(READ).push(" FROM walked d WHERE 1 = 1");
    conditions(&mut q, filter, None, false);
    q.push(") SELECT d.*, (SELECT count(*) FROM matched) AS matches FROM matched d");
    order(&mut q, filter);
    q.push(" LIMIT ").bind(limit + 1);
    q
}

/// Permissions that few hold; each has an index of its holders by name.
const SELDOM: [Permission; 6] = [
    Permission::ViewUsers,
    Permission::EditUsers,
    Permission::CalendarAdmin,
    Permission::ClinicAdmin,
    Permission::CompanyAdmin,
    Permission::BillingReportAdmin,
];

/// A literal bit of our own, so that the partial indexes of the seldom permissions are seen to apply.
fn held(q: &mut Query, permission: Permission) {
    q.push(&format!(" AND (d.permissions & {}) <> 0", permission.bit()));
}

/// How many of a thousand rows match that have nothing in common but their age.
fn sample(organization: OrganizationId, filter: &Filter) -> Query {
    let mut q = Query::new("WITH sampled AS (SELECT * FROM directory d WHERE d.organization_id = ", organization.0);
    q.push(" ORDER BY d.person_id LIMIT ").bind(WALK);
    q.push(") SELECT count(*) FROM sampled d WHERE 1 = 1");
    conditions(&mut q, filter, None, false);
    q
}

/// Everything that matches, from the most selective index, sorted.
///
/// PostgreSQL weighs its indexes by itself. SQLite would multiply the text's index by the clinics', so it gets one of
/// them to start from: the clinics when they are few, else the text.
fn gather(engine: Engine, organization: OrganizationId, filter: &Filter, after: Option<&Cursor>, limit: i64) -> Query {
    let few_clinics =
        filter.clinic.is_some() || matches!(&filter.scope, ClinicAccess::Only(some) if some.len() <= FEW_CLINICS);
    let sqlite = engine == Engine::Sqlite;
    let by_text = !(search_key(&filter.q).is_empty() || sqlite && few_clinics);
    // The plus keeps SQLite from starting with the whole practice.
    let plus = if sqlite && by_text { "+" } else { "" };
    let head = format!("WITH matched AS MATERIALIZED (SELECT {READ} FROM directory d WHERE {plus}d.organization_id = ");
    let mut q = Query::new(&head, organization.0);
    conditions(&mut q, filter, by_text.then_some((engine, organization)), !(sqlite && by_text));
    q.push(") SELECT d.*, (SELECT count(*) FROM matched) AS matches FROM matched d WHERE 1 = 1");
    keyset(&mut q, filter, after);
    order(&mut q, filter);
    q.push(" LIMIT ").bind(limit + 1);
    q
}

fn keyset(q: &mut Query, filter: &Filter, after: Option<&Cursor>) {
    let Some(cursor) = after else { return };
    let columns: Vec<String> = filter.sort.columns().iter().map(|c| format!("d.{c}")).collect();
    q.push(&format!(" AND ({}) {} (", columns.join(", "), if filter.descending { "<" } else { ">" }));
    if filter.sort == Sort::LastSignIn {
        q.bind(cursor.k.parse::<i64>().unwrap_or(0));
    } else {
        q.bind(cursor.k.as_str());
    }
    if columns.len() == 3 {
        q.push(", ").bind(cursor.n.as_str());
    }
    q.push(", ").bind(cursor.p).push(")");
}

fn order(q: &mut Query, filter: &Filter) {
    let direction = if filter.descending { " DESC" } else { "" };
    let columns: Vec<String> = filter.sort.columns().iter().map(|c| format!("d.{c}{direction}")).collect();
    q.push(" ORDER BY ").push(&columns.join(", "));
}

/// The filters. `by_text` and `by_clinic` phrase theirs so that an index can serve them.
fn conditions(q: &mut Query, filter: &Filter, by_text: Option<(Engine, OrganizationId)>, by_clinic: bool) {
    let needle = search_key(&filter.q);
    if !needle.is_empty() {
        if let Some((engine, organization)) = by_text {
            let salted = query_grams(organization.0.as_u128(), &needle);
            q.push(" AND {grams ").bind(dialect::gram_query(engine, &salted)).push("}");
        }
        q.push(" AND {find d.search_text ").bind(needle).push("}");
    }
    if let Some(kind) = filter.user_type {
        q.push(" AND d.user_type = ").bind(kind.as_str());
    }
    if let Some(status) = filter.status {
        q.push(" AND d.status = ").bind(status.as_str());
    }
    if let Some(permission) = filter.permission {
        held(q, permission);
    }
    let mut within = |clinics: String, indexed: bool| {
        let start = if indexed {
            " AND d.person_id IN (SELECT m.person_id FROM emr_account_clinics m WHERE m.organization_id = $1 AND m.clinic_id IN {ids "
        } else {
            " AND EXISTS (SELECT 1 FROM emr_account_clinics m WHERE m.organization_id = $1 AND m.person_id = d.person_id AND m.clinic_id IN {ids "
        };
        q.push(start).bind(clinics).push("})");
    };
    if let ClinicAccess::Only(mine) = &filter.scope {
        within(dialect::id_list(mine.iter().map(|c| &c.0)), by_clinic && filter.clinic.is_none());
    }
    if let Some(clinic) = filter.clinic {
        within(dialect::id_list([&clinic.0]), by_clinic);
    }
}

/// Narrows a statement over `directory d` whose `$1` is the organization to those who match; for statements that go
/// through all of them anyway.
pub(crate) fn narrow(q: &mut Query, filter: &Filter) {
    conditions(q, filter, None, true);
}

const COLUMNS: &str =
    "{rows $2: id uuid, name text, username text, search text, kind text, status text, permissions int, grams text} r";
const UPDATE: &str =
    "name_key = excluded.name_key, username_key = excluded.username_key, search_text = excluded.search_text,
    user_type = excluded.user_type, status = excluded.status, permissions = excluded.permissions";
// SQLite only. CROSS JOIN keeps the order: it would otherwise read the whole practice to write one person.
const FORGET_GRAMS: &str = "DELETE FROM directory_search WHERE rowid IN (SELECT d.entry_number
    FROM {rows $2: id uuid} r CROSS JOIN directory d WHERE d.organization_id = $1 AND d.person_id = r.id)";
const KEEP_GRAMS: &str = "INSERT INTO directory_search (rowid, grams) SELECT d.entry_number, r.grams
    FROM {rows $2: id uuid, grams text} r CROSS JOIN directory d WHERE d.organization_id = $1 AND d.person_id = r.id";

#[derive(Serialize)]
struct EntryRow {
    id: Id,
    name: String,
    username: String,
    search: String,
    kind: &'static str,
    status: &'static str,
    permissions: i64,
    grams: String,
}

/// Writes the rows of these profiles, with their search pieces. A person without EMR account has a row with an empty
/// type, so that the whole practice can be searched.
pub(crate) async fn save(tx: &mut Tx, organization: OrganizationId, profiles: &[Profile]) -> Result<()> {
    let engine = if matches!(tx, Tx::Sqlite(_)) { Engine::Sqlite } else { Engine::Postgres };
    let rows = profiles.iter().map(|p| {
        let search = p.person.search_text();
        let pieces = grams(organization.0.as_u128(), &search);
        EntryRow {
            id: Id(p.person.id.0),
            name: p.person.sort_key(),
            username: unique_key(&p.person.username),
            search,
            kind: p.emr.as_ref().map_or("", |e| e.user_type.as_str()),
            status: p.emr.as_ref().map_or("", |e| e.status.as_str()),
            permissions: p.emr.as_ref().map_or(0, |e| e.permissions.bits()),
            grams: dialect::gram_document(engine, &pieces),
        }
    });
    let Some(rows) = dialect::rows(rows) else { return Ok(()) };
    let statements = match engine {
        Engine::Sqlite => vec![
            FORGET_GRAMS.to_owned(),
            format!(
                "INSERT INTO directory (organization_id, person_id, name_key, username_key, search_text, user_type, status, permissions)
                SELECT $1, r.id, r.name, r.username, r.search, r.kind, r.status, r.permissions FROM {COLUMNS}
                WHERE true ON CONFLICT (organization_id, person_id) DO UPDATE SET {UPDATE}"
            ),
            KEEP_GRAMS.to_owned(),
        ],
        Engine::Postgres => vec![format!(
            "INSERT INTO directory (organization_id, person_id, name_key, username_key, search_text, user_type, status, permissions, grams)
            SELECT $1, r.id, r.name, r.username, r.search, r.kind, r.status, r.permissions, r.grams::bigint[] FROM {COLUMNS}
            WHERE true ON CONFLICT (organization_id, person_id) DO UPDATE SET {UPDATE}, grams = excluded.grams"
        )],
    };
    for text in statements {
        on!(tx, &text, |sql, c| {
            sqlx::query(sql).bind(organization.0).bind(&rows).execute(c).await?;
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;

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

    #[tokio::test]
    async fn the_walk_follows_the_index_of_its_order_and_never_sorts_more_than_it_walked() {
        let db = empty().await;
        let mut tx = db.begin().await.unwrap();
        let organization = OrganizationId(Uuid::from_u128(1));
        let cursor = Cursor { k: "7".into(), n: "n".into(), p: Uuid::from_u128(2), t: Total::Exact(0) };
        let indexes =
            ["directory_name", "directory_username", "directory_type", "directory_status", "directory_last_sign_in"];
        for (sort, index) in Sort::ALL.into_iter().zip(indexes) {
            for descending in [false, true] {
                for after in [None, Some(&cursor)] {
                    let clinic = Some(ClinicId(Uuid::from_u128(3)));
                    let filter = Filter { q: "mara".into(), clinic, sort, descending, ..Filter::default() };
                    let lines = plan(&mut tx, walk(organization, &filter, after, 25)).await;
                    let (_, walked, _) = lines
                        .iter()
                        .find(|(_, _, text)| text.contains(&format!("USING INDEX {index} (organization_id=?")))
                        .unwrap_or_else(|| panic!("{sort:?} does not use {index}: {lines:#?}"));
                    let sorted = lines.iter().any(|(_, parent, text)| parent == walked && text.contains("TEMP B-TREE"));
                    assert!(!sorted, "{lines:#?}");
                }
            }
        }
    }

    #[tokio::test]
    async fn the_gather_starts_from_one_index_and_never_from_the_whole_practice() {
        let db = empty().await;
        let mut tx = db.begin().await.unwrap();
        let organization = OrganizationId(Uuid::from_u128(1));
        let clinics = |n: u128| ClinicAccess::Only((0..n).map(|c| ClinicId(Uuid::from_u128(c))).collect());
        let text = "SEARCH d USING INTEGER PRIMARY KEY (rowid=?)";
        let people = "SEARCH d USING INDEX sqlite_autoindex_directory_1 (organization_id=? AND person_id=?)";
        for (q, scope, clinic, start) in [
            ("m", ClinicAccess::All, None, text),
            ("mara", ClinicAccess::All, None, text),
            ("mara", clinics(100), None, text),
            ("mara", clinics(2), None, people),
            ("mara", clinics(100), Some(ClinicId(Uuid::nil())), people),
            ("", clinics(100), None, people),
            ("", clinics(100), Some(ClinicId(Uuid::nil())), people),
        ] {
            let filter = Filter { q: q.into(), scope, clinic, ..Filter::default() };
            let lines = plan(&mut tx, gather(Engine::Sqlite, organization, &filter, None, 25)).await;
            assert!(lines.iter().any(|(_, _, text)| text == start), "{start}: {lines:#?}");
        }
    }

    #[tokio::test]
    async fn writing_many_rows_looks_each_of_them_up() {
        let db = empty().await;
        let mut tx = db.begin().await.unwrap();
        for text in [FORGET_GRAMS, KEEP_GRAMS] {
            let Split::Sqlite(connection) = tx.split() else { panic!("SQLite") };
            let text = dialect::spell(Engine::Sqlite, &format!("EXPLAIN QUERY PLAN {text}"));
            let query = sqlx::query_as(text).bind(Uuid::nil()).bind("[]");
            let lines: Vec<(i64, i64, i64, String)> = query.fetch_all(connection).await.unwrap();
            let looked_up = |l: &(_, _, _, String)| l.3.contains("(organization_id=? AND person_id=?)");
            assert!(lines.iter().any(looked_up), "{lines:#?}");
        }
    }
}
