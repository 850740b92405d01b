//! How each engine runs the statements of a page.

use muster_domain::access::ClinicAccess;
use muster_domain::emr::{Permission, Status, UserType};
use muster_domain::{ClinicId, OrganizationId};
use uuid::Uuid;

use super::conditions::Candidate;
use super::statements::{PageQuery, Start};
use super::{Cursor, Filter, Sort, Total};
use crate::people::profiles;
use crate::sql::dialect::{self, Engine};
use crate::sql::query::Query;
use crate::{Db, Handle, Split, Tx};

const HERE: Uuid = Uuid::from_u128(1);

/// Filters that indexes answer, in every order.
fn covered() -> Vec<Filter> {
    let (pt, active, inactive) = (Some(UserType::PT), Some(Status::Active), Some(Status::Inactive));
    let kinds = [(None, None), (pt, None), (None, active), (None, inactive), (pt, active), (pt, inactive)];
    let mut all = Vec::new();
    for sort in Sort::ALL {
        for (user_type, status) in kinds {
            for permission in [None, Some(Permission::AnalyticsAccess), Some(Permission::EditUsers)] {
                for descending in [false, true] {
                    all.push(Filter { user_type, status, permission, sort, descending, ..Filter::default() });
                }
            }
        }
    }
    all
}

/// A filter with a text, in every order.
fn with_a_text(status: Status) -> impl Iterator<Item = Filter> {
    let (user_type, status) = (Some(UserType::PT), Some(status));
    Sort::ALL.into_iter().map(move |sort| Filter { q: "mara".into(), user_type, status, sort, ..Filter::default() })
}

fn query<'a>(engine: Engine, filter: &'a Filter, after: Option<&'a Cursor>) -> PageQuery<'a> {
    PageQuery { engine, organization: OrganizationId(HERE), filter, after, limit: 25 }
}

fn place(k: &str) -> Cursor {
    Cursor { k: k.into(), n: "n".into(), p: Uuid::from_u128(2), t: Total::Exact(0) }
}

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

#[tokio::test]
async fn a_covered_page_reads_one_index_and_nothing_else_and_a_scan_sorts_nothing() {
    let db = empty().await;
    let mut tx = db.begin().await.unwrap();
    let cursor = place("7");
    for filter in covered() {
        for after in [None, Some(&cursor)] {
            for candidate in filter.candidates() {
                let lines = plan(&mut tx, query(Engine::Sqlite, &filter, after).by_index(&candidate)).await;
                let read = format!("SEARCH d USING COVERING INDEX {} (organization_id=?", candidate.index);
                assert!(lines.iter().any(|l| l.starts_with(&read)), "{filter:?}, {candidate:?}: {lines:#?}");
                let sorts = lines.iter().any(|l| l.contains("TEMP B-TREE"));
                assert!(!sorts || !candidate.in_order, "{filter:?}, {candidate:?}: {lines:#?}");
            }
        }
    }
}

#[tokio::test]
async fn the_profiles_of_a_page_are_looked_up_one_by_one() {
    let db = empty().await;
    let mut tx = db.begin().await.unwrap();
    let lines = plan(&mut tx, profiles(Engine::Sqlite, OrganizationId(HERE), &[])).await;
    for read in [
        "SEARCH p USING PRIMARY KEY (organization_id=? AND person_id=?)",
        "SEARCH a USING PRIMARY KEY (organization_id=? AND person_id=?) LEFT-JOIN",
        "SEARCH l USING PRIMARY KEY (organization_id=? AND person_id=? AND position=?) LEFT-JOIN",
        "SEARCH m USING PRIMARY KEY (organization_id=? AND person_id=?)",
    ] {
        assert!(lines.iter().any(|l| l == read), "not {read}: {lines:#?}");
    }
}

#[tokio::test]
async fn a_scan_that_reads_rows_follows_an_index_in_its_order_to_its_end() {
    let db = empty().await;
    let mut tx = db.begin().await.unwrap();
    let (first, last) = (place("7"), place("8"));
    for filter in with_a_text(Status::Inactive) {
        let sort = filter.sort;
        for candidate in filter.candidates().into_iter().filter(|c| c.in_order) {
            for (after, end) in [(None, None), (None, Some(&last)), (Some(&first), Some(&last))] {
                let asked = query(Engine::Sqlite, &filter, after);
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
        let lines = plan(&mut tx, query(Engine::Sqlite, &filter, None).filter_and_sort(start)).await;
        assert!(lines.iter().any(|text| text == line), "{filter:?} not by {line}: {lines:#?}");
    }
}

/// Two organizations of some thousand people, on a server. A commit that did not wait is not seen by VACUUM, and without
/// that no index is read alone.
const PEOPLE: &str = "SET synchronous_commit = on;
    CREATE TEMPORARY TABLE made AS SELECT ('00000000-0000-0000-0000-00000000000' || o)::uuid AS organization,
        md5(o || '.' || n)::uuid AS person, md5('clinic' || n % 300)::uuid AS clinic, n
        FROM generate_series(1, 2) o, generate_series(1, 6000) n;
    INSERT INTO listing (organization_id, person_id, name_key, username_key, search_text, user_type, status, permissions,
            last_sign_in_at, grams)
        SELECT organization, person, 'name ' || n * 7919 % 6000, 'user' || n, 'mara ' || n,
            (ARRAY['PT', 'PT', 'OT', 'SLP', 'Clerical'])[n % 5 + 1],
            CASE WHEN n % 20 = 0 THEN 'inactive' ELSE 'active' END,
            CASE WHEN n % 30 = 0 THEN 8 ELSE 0 END + CASE WHEN n % 3 = 0 THEN 1024 ELSE 0 END, n,
            ARRAY[n % 50, 50 + n % 70, 1000 + n] FROM made;
    INSERT INTO people (organization_id, person_id, first_name, last_name, full_name, username, created_at, updated_at)
        SELECT organization, person, 'Mara', n, 'Mara ' || n, 'user' || n, 0, 0 FROM made;
    INSERT INTO sign_ins (subject_id, kind, organization_id, password_state)
        SELECT person, 'person', organization, 'none' FROM made;
    INSERT INTO emr_accounts (organization_id, person_id, user_type, status, default_clinic_id, permissions)
        SELECT organization, person, 'PT', 'active', clinic, 0 FROM made;
    INSERT INTO emr_account_clinics (organization_id, person_id, clinic_id) SELECT organization, person, clinic FROM made;
    INSERT INTO professional_licenses (organization_id, person_id, position, number)
        SELECT organization, person, 0, 'PT' || n FROM made WHERE n % 2 = 0";

/// A server that knows how these people lie.
async fn filled() -> (muster_testkit::databases::TestDb, Db) {
    let test = muster_testkit::databases::postgres().await;
    // Opened again, because the types of the kit are those of the library that it was built with.
    let db = Db::open(&test.url, 2).await.unwrap();
    let Db::Postgres { write, .. } = &db else { panic!("a server") };
    sqlx::raw_sql(PEOPLE).execute(write).await.unwrap();
    db.analyze().await.unwrap();
    (test, db)
}

async fn generic_plan(db: &Db, query: &Query) -> Vec<String> {
    let mut reading = db.read().await.unwrap();
    let Split::Postgres(connection) = reading.split() else { panic!("a server") };
    query.generic_plan(connection).await
}

/// The indexes that a plan reads.
fn indexes(plan: &[String]) -> Vec<&str> {
    let named = plan.iter().filter_map(|line| {
        let (_, rest) = line
            .split_once("Scan using ")
            .or_else(|| line.split_once("Scan Backward using "))
            .or_else(|| line.split_once("Bitmap Index Scan on "))?;
        rest.split(' ').next()
    });
    named.collect()
}

/// The indexes that a server may choose for a covered filter.
fn allowed(filter: &Filter) -> Vec<&'static str> {
    let mut all: Vec<&str> = filter.candidates().iter().map(|c| c.index).collect();
    if filter.is_by_name_within() {
        all.push(Sort::Name.index());
    }
    if filter.status == Some(Status::Inactive) {
        all.push("listing_inactive_last_sign_in");
    }
    all
}

fn has(plan: &[String], what: &str) -> bool {
    plan.iter().any(|line| line.contains(what))
}

#[tokio::test]
async fn a_server_reads_a_covered_page_from_an_index_and_sorts_only_what_is_rare() {
    let (_test, db) = filled().await;
    let cursor = place("7");
    for filter in covered() {
        let candidates = filter.candidates();
        let is_common = filter.status != Some(Status::Inactive) && filter.permission != Some(Permission::EditUsers);
        // Others are never chosen.
        let rare = |c: &&Candidate| {
            c.in_order || c.part.status == Some(Status::Inactive) || c.part.permission == Some(Permission::EditUsers)
        };
        for (candidate, after) in candidates.iter().filter(rare).flat_map(|c| [(c, None), (c, Some(&cursor))]) {
            let plan = generic_plan(&db, &query(Engine::Postgres, &filter, after).by_index(candidate)).await;
            let case = format!("{filter:?}, {candidate:?}: {plan:#?}");
            assert!(!has(&plan, "Seq Scan"), "{case}");
            let [read] = &indexes(&plan)[..] else { panic!("{case}") };
            assert!(allowed(&filter).contains(read), "{case}");
            assert!(!has(&plan, "Sort") || !is_common, "{case}");
        }
    }
}

#[tokio::test]
async fn a_server_looks_up_the_profiles_of_a_page_one_by_one() {
    let (_test, db) = filled().await;
    let plan = generic_plan(&db, &profiles(Engine::Postgres, OrganizationId(HERE), &[])).await;
    for index in ["people_pkey", "emr_accounts_pkey", "professional_licenses_pkey", "emr_account_clinics_pkey"] {
        assert!(indexes(&plan).contains(&index), "not {index}: {plan:#?}");
    }
    assert!(!has(&plan, "Seq Scan"), "{plan:#?}");
}

#[tokio::test]
async fn a_server_scans_for_a_text_in_the_order_asked_for_to_its_end() {
    let (_test, db) = filled().await;
    let (first, last) = (place("7"), place("8"));
    for filter in with_a_text(Status::Active) {
        for candidate in filter.candidates().into_iter().filter(|c| c.in_order) {
            for (after, end) in [(None, None), (None, Some(&last)), (Some(&first), Some(&last))] {
                let asked = query(Engine::Postgres, &filter, after);
                for statement in [
                    asked.scan(&candidate, end),
                    asked.place_after(&candidate, 100),
                    asked.entries_up_to(&candidate, &last),
                ] {
                    let plan = generic_plan(&db, &statement).await;
                    let [read] = &indexes(&plan)[..] else { panic!("{filter:?}: {plan:#?}") };
                    assert!(allowed(&filter).contains(read), "{filter:?}: {plan:#?}");
                    assert!(!has(&plan, "Seq Scan") && !has(&plan, "Sort"), "{filter:?}: {plan:#?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_server_starts_filter_and_sort_where_it_is_told() {
    let (_test, db) = filled().await;
    let clinic = ClinicId(Uuid::from_u128(3));
    let mara = Filter { q: "mara".into(), ..Filter::default() };
    let of_type = Filter { user_type: Some(UserType::OT), ..mara.clone() };
    let members = || Start::Members(dialect::id_list([&clinic.0]));
    for (filter, start, expected) in [
        (mara.clone(), Start::Text, &["listing_search"][..]),
        (Filter { sort: Sort::LastSignIn, ..mara.clone() }, Start::Text, &["listing_search"]),
        (Filter { clinic: Some(clinic), ..mara }, members(), &["emr_account_clinics_by_clinic", "listing_pkey"]),
        (of_type, Start::Index("listing_type"), &["listing_type"]),
    ] {
        let plan = generic_plan(&db, &query(Engine::Postgres, &filter, None).filter_and_sort(start)).await;
        let read = indexes(&plan);
        assert!(expected.iter().all(|index| read.contains(index)), "{filter:?} not by {expected:?}: {plan:#?}");
        assert!(!has(&plan, "Seq Scan"), "{filter:?}: {plan:#?}");
    }
}
