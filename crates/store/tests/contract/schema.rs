use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use muster_store::{Db, Handle, Split, StoreError, people};
use muster_testkit::databases::{self, an_organization, person_id};
use muster_testkit::{both_engines, postgres};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgPool, SqlitePool};

use crate::insert;

/// Facts of the whole installation: known before anyone has said to which practice they belong.
const INSTALLATION_WIDE: [&str; 7] =
    ["installation", "links", "sessions", "sign_in_names", "sign_ins", "throttles", "tokens"];

/// What ties a row to the search index, which each engine has in its own way.
const OWN_COLUMNS: [(&str, &str); 2] = [("listing", "entry_number"), ("listing", "grams")];

/// Column name, kind, and whether it may be null; of each table.
type Tables = BTreeMap<String, BTreeSet<(String, &'static str, bool)>>;

fn kind(declared: &str) -> &'static str {
    match declared {
        "BLOB" | "uuid" | "bytea" => "bytes",
        "INTEGER" | "bigint" => "integer",
        "TEXT" | "text" => "text",
        "ARRAY" => "array",
        other => panic!("no kind of column Muster uses: {other}"),
    }
}

fn gathered(rows: Vec<(String, String, String, bool)>) -> Tables {
    let mut tables = Tables::new();
    for (table, column, declared, nullable) in rows {
        if !OWN_COLUMNS.contains(&(&table, &column)) {
            tables.entry(table).or_default().insert((column, kind(&declared), nullable));
        }
    }
    tables
}

fn file(db: &Db) -> &SqlitePool {
    let Db::Sqlite { read, .. } = db else { panic!("a file") };
    read
}

fn server(db: &Db) -> &PgPool {
    let Db::Postgres { read, .. } = db else { panic!("a server") };
    read
}

/// The tables of a file that are Muster's own: not the engine's, the migrator's or the parts of the search index.
const OWN_TABLES: &str =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    AND name NOT LIKE 'listing\\_search%' ESCAPE '\\' AND name <> '_sqlx_migrations'";

async fn sqlite_tables(db: &Db) -> Tables {
    let text = format!(
        "SELECT t.name, c.name, c.type, c.\"notnull\" = 0 AND c.pk = 0 FROM ({OWN_TABLES}) t, pragma_table_info(t.name) c"
    );
    gathered(sqlx::query_as(AssertSqlSafe(text)).fetch_all(file(db)).await.expect("the tables"))
}

async fn postgres_tables(db: &Db) -> Tables {
    let text = "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES'
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'";
    gathered(sqlx::query_as(text).fetch_all(server(db)).await.expect("the tables"))
}

#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let (file, server) = (databases::sqlite().await, databases::postgres().await);
    let tables = sqlite_tables(&file.db).await;
    assert!(tables.len() > 15, "{tables:?}");
    assert_eq!(tables, postgres_tables(&server.db).await);
}

#[tokio::test]
async fn both_engines_have_the_same_indexes() {
    let (at_file, at_server) = (databases::sqlite().await, databases::postgres().await);
    let text = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
    let ours: BTreeSet<(String, String)> =
        sqlx::query_as(text).fetch_all(file(&at_file.db)).await.unwrap().into_iter().collect();
    // Those behind a PRIMARY KEY or UNIQUE have names of the engine's own; the search index is a table in SQLite.
    let text = "SELECT tablename::text, indexname::text FROM pg_indexes WHERE schemaname = 'public'
        AND indexname <> 'listing_search' AND indexname NOT IN (SELECT conname FROM pg_constraint)";
    let theirs: BTreeSet<(String, String)> =
        sqlx::query_as(text).fetch_all(server(&at_server.db)).await.unwrap().into_iter().collect();
    assert_eq!(ours, theirs);
}

#[tokio::test]
async fn every_key_begins_with_the_organization_but_for_facts_of_the_installation() {
    let (at_file, at_server) = (databases::sqlite().await, databases::postgres().await);
    let text = format!("SELECT t.name, c.name FROM ({OWN_TABLES}) t, pragma_table_info(t.name) c WHERE c.pk = 1");
    let sqlite: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(text)).fetch_all(file(&at_file.db)).await.unwrap();
    let text = "SELECT c.relname::text, a.attname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
        WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace AND c.relname <> '_sqlx_migrations'";
    let postgres: Vec<(String, String)> = sqlx::query_as(text).fetch_all(server(&at_server.db)).await.unwrap();
    let tables = sqlite_tables(&at_file.db).await;
    for (engine, keys) in [("SQLite", sqlite), ("PostgreSQL", postgres)] {
        assert_eq!(keys.len(), tables.len(), "every table has a primary key in {engine}");
        let exceptions: Vec<&str> = keys
            .iter()
            // The list's row number is SQLite's tie to its search index; its key is the unique pair beside it.
            .filter(|(table, first)| first != "organization_id" && (table.as_str(), first.as_str()) != OWN_COLUMNS[0])
            .map(|(table, _)| table.as_str())
            .collect();
        let exceptions: BTreeSet<&str> = exceptions.into_iter().collect();
        assert_eq!(exceptions, INSTALLATION_WIDE.into(), "in {engine}");
    }
    let text = "SELECT c.name FROM pragma_index_list('listing') i, pragma_index_info(i.name) c
        WHERE i.\"unique\" = 1 ORDER BY c.seqno";
    let unique: Vec<String> = sqlx::query_scalar(text).fetch_all(file(&at_file.db)).await.unwrap();
    assert_eq!(unique, ["organization_id", "person_id"]);
}

#[tokio::test]
async fn text_that_is_sorted_is_sorted_by_code_point_whatever_the_server_is_used_to() {
    let test = databases::postgres().await;
    let text = "SELECT c.relname::text || '.' || a.attname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
        JOIN pg_type t ON t.oid = a.atttypid AND t.typname = 'text'
        JOIN pg_collation l ON l.oid = a.attcollation
        WHERE c.relnamespace = 'public'::regnamespace AND c.relname = 'listing' AND l.collname <> 'C'";
    let others: Vec<String> = sqlx::query_scalar(text).fetch_all(server(&test.db)).await.unwrap();
    assert!(others.is_empty(), "{others:?}");
}

both_engines! {
    async fn migrating_again_changes_nothing(db) {
        let practice = an_organization(db).await;
        insert(db, practice.id, &[practice.therapist(1)]).await.unwrap();
        db.migrate().await.unwrap();
        db.migrate().await.unwrap();
        let found = people::find(&mut db.read().await.unwrap(), practice.id, person_id(1)).await.unwrap();
        assert_eq!(found.unwrap().profile, practice.therapist(1));
        assert!(db.ready().await);
    }
}

#[tokio::test]
async fn a_closed_database_says_that_it_does_not_answer() {
    for test in [databases::sqlite().await, databases::postgres().await] {
        test.db.close().await;
        assert!(!test.db.ready().await);
        let outcome = test.db.begin().await;
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    }
}

#[tokio::test]
#[should_panic(expected = "a database that is still open")]
async fn a_database_that_a_test_has_closed_is_not_taken_for_consistent() {
    let test = databases::sqlite().await;
    test.db.close().await;
    databases::assert_snapshots_fresh(&test.db).await;
}

/// Opens and migrates one empty database from six sides at once.
async fn migrate_from_six_sides(url: &str) {
    let racers: Vec<_> = (0..6)
        .map(|_| {
            let url = url.to_owned();
            tokio::spawn(async move {
                let db = Db::open(&url, 2).await?;
                db.migrate().await?;
                let nobody = muster_store::organizations::none_exists(&mut db.read().await?).await?;
                db.close().await;
                Ok::<bool, StoreError>(nobody)
            })
        })
        .collect();
    for racer in racers {
        assert!(racer.await.expect("no panic").expect("migrated"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_programs_may_migrate_one_server_at_once() {
    let database = postgres::empty_database().await;
    migrate_from_six_sides(database.url()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_programs_may_migrate_one_file_at_once() {
    for _ in 0..5 {
        let directory = tempfile::tempdir().unwrap();
        migrate_from_six_sides(&format!("sqlite:{}", directory.path().join("muster.db").display())).await;
    }
}

both_engines! {
    async fn a_reader_cannot_write(db) {
        let practice = an_organization(db).await;
        let mut reading = db.read().await.unwrap();
        let refused = match reading.split() {
            Split::Sqlite(c) => sqlx::query("DELETE FROM organizations").execute(c).await.map(drop),
            Split::Postgres(c) => sqlx::query("DELETE FROM organizations").execute(c).await.map(drop),
        };
        assert!(matches!(StoreError::from(refused.unwrap_err()), StoreError::ReadOnly(_)));
        let found = muster_store::organizations::find(&mut reading, practice.id).await.unwrap();
        assert!(found.is_some(), "still of use after a refusal");
    }
}

#[tokio::test]
async fn a_connection_that_its_server_closed_is_replaced() {
    let test = databases::postgres().await;
    let process = async || -> i32 {
        let mut reading = test.db.read().await.unwrap();
        let Split::Postgres(c) = reading.split() else { panic!("a server") };
        sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(c).await.unwrap()
    };
    let gone = process().await;
    let Db::Postgres { write, .. } = &test.db else { panic!("a server") };
    let ended = sqlx::query_scalar("SELECT pg_terminate_backend($1, 5000)").bind(gone).fetch_one(write).await;
    assert_eq!(ended.ok(), Some(true));
    // Longer than a connection may lie idle without being asked.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_ne!(process().await, gone);
}

#[tokio::test]
async fn a_file_that_someone_else_writes_is_unavailable_not_broken() {
    let test = databases::sqlite().await;
    let path = test.url.trim_start_matches("sqlite:");
    let mut other = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let outcome = test.db.begin().await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
}

#[tokio::test]
async fn an_address_of_no_known_kind_is_refused() {
    let outcome = Db::open("mysql://localhost/muster", 1).await;
    assert!(matches!(outcome, Err(StoreError::Other(_))), "{outcome:?}");
}
