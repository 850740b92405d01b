use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use muster_domain::emr::{Attestation, PrimaryLicense};
use muster_store::transfer::{self, Rows};
use muster_store::{Db, Handle, Split, StoreError, people};
use muster_testkit::databases::{self, an_organization, person_id};
use muster_testkit::{both_engines, postgres};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgPool, SqlStr, SqlitePool};

use crate::insert;

/// Facts of the whole installation: known before anyone has said to which practice they belong.
const INSTALLATION_WIDE: [&str; 7] =
    ["installation", "links", "sessions", "sign_in_names", "sign_ins", "throttles", "tokens"];

/// What ties a row to the search index, which each engine has in its own way.
const OWN_COLUMNS: [(&str, &str); 2] = [("directory", "entry_number"), ("directory", "grams")];

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
    AND name NOT LIKE 'directory\\_search%' ESCAPE '\\' AND name <> '_sqlx_migrations'";

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
        AND indexname <> 'directory_search' AND indexname NOT IN (SELECT conname FROM pg_constraint)";
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
    let text = "SELECT c.name FROM pragma_index_list('directory') i, pragma_index_info(i.name) c
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
        WHERE c.relnamespace = 'public'::regnamespace AND c.relname = 'directory' AND l.collname <> 'C'";
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

    async fn a_closed_database_says_that_it_does_not_answer(db) {
        db.close().await;
        assert!(!db.ready().await);
        let outcome = db.begin().await;
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    }
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

/// Every row of every table, as a backup writes it.
async fn all_rows(db: &Db) -> BTreeMap<String, BTreeSet<String>> {
    let mut tx = transfer::snapshot(db).await.expect("reads");
    let mut all = BTreeMap::new();
    for table in transfer::tables(&mut tx).await.expect("reads") {
        let mut rows = Rows::of(&mut tx, &table).await.expect("reads");
        let mut met: Vec<String> = Vec::new();
        loop {
            let page = rows.next(&mut tx).await.expect("reads");
            if page.is_empty() {
                break;
            }
            met.extend(page);
        }
        let counted = transfer::count(&mut tx, &table).await.expect("reads");
        assert_eq!(usize::try_from(counted).expect("reads"), met.len(), "{} is read whole, and once", table.name());
        all.insert(table.name().to_owned(), met.into_iter().collect());
    }
    all
}

#[tokio::test]
async fn every_row_of_the_release_before_is_there_after_tables_were_laid_out_anew() {
    let directory = tempfile::tempdir().unwrap();
    let db = Db::open(&format!("sqlite:{}", directory.path().join("muster.db").display()), 2).await.unwrap();
    let Db::Sqlite { write, .. } = &db else { panic!("a file") };
    let before: Vec<_> = sqlx::migrate!("migrations/sqlite").iter().filter(|m| m.version < 12).cloned().collect();
    assert_eq!(before.len(), 11);
    Migrator::with_migrations(before).run(write).await.unwrap();
    // What today's program writes besides, and the release before did not have.
    let since = [
        ("people", "account", "TEXT"),
        ("people", "last_sign_in_at", "INTEGER NOT NULL DEFAULT 0"),
        ("people", "password_state", "TEXT NOT NULL DEFAULT 'none'"),
        ("organizations", "clinic_count", "INTEGER NOT NULL DEFAULT 0"),
        ("audit_heads", "seal", "BLOB NOT NULL DEFAULT X''"),
    ];
    for (table, column, kind) in since {
        let text = format!("ALTER TABLE {table} ADD COLUMN {column} {kind}");
        sqlx::query(AssertSqlSafe(text)).execute(write).await.unwrap();
    }
    for from in [1, 1000] {
        let practice = an_organization(&db).await;
        let mut all: Vec<_> = (from..from + 120).map(|n| practice.therapist(n)).collect();
        for (n, account) in all.iter_mut().filter_map(|p| p.emr.as_mut()).enumerate() {
            account.license = PrimaryLicense { number: Some(format!("PT-{n}")), ..PrimaryLicense::default() };
        }
        insert(&db, practice.id, &all).await.unwrap();
    }
    for (table, column, _) in since {
        let text = format!("ALTER TABLE {table} DROP COLUMN {column}");
        sqlx::query(AssertSqlSafe(text)).execute(write).await.unwrap();
    }
    let rows = all_rows(&db).await;
    for table in ["people", "emr_accounts", "emr_account_clinics", "professional_licenses", "sign_ins", "sign_in_names"]
    {
        assert!(rows[table].len() >= 120, "{table}: {}", rows[table].len());
    }
    db.migrate().await.unwrap();
    let after = all_rows(&db).await;
    // What a start notes of itself stands in `installation`.
    for (table, before) in rows.iter().filter(|(table, _)| *table != "installation") {
        let now = &after[table];
        if table == "sign_ins" {
            // The time of the last sign-in stands with the person now.
            let shorter = |(now, before): (&String, &String)| before.starts_with(now.trim_end_matches(']'));
            assert!(now.len() == before.len() && now.iter().zip(before).all(shorter), "{table}: {now:?}");
        } else if since.iter().any(|(longer, ..)| longer == table) {
            let continues = |(now, before): (&String, &String)| now.starts_with(before.trim_end_matches(']'));
            assert!(now.len() == before.len() && now.iter().zip(before).all(continues), "{table}: {now:?}");
        } else {
            assert_eq!(now, before, "{table}");
        }
    }
    databases::assert_snapshots_fresh(&db).await;
    db.close().await;
}

both_engines! {
    async fn rows_of_people_carry_their_accounts_after_an_upgrade(db) {
        let practice = an_organization(db).await;
        let mut all: Vec<_> = (1..40).map(|n| practice.therapist(n)).collect();
        all[3].emr = None;
        for (n, account) in all.iter_mut().filter_map(|p| p.emr.as_mut()).enumerate() {
            account.license = PrimaryLicense { number: (n % 3 > 0).then(|| format!("PT \"{n}\"")), ..PrimaryLicense::default() };
            account.clinics.extend(practice.clinics.iter().map(|c| c.id).take(n % 3));
            account.finish_attestation = (n % 4 == 0).then(|| Attestation { by: Some(person_id(7)) });
        }
        insert(db, practice.id, &all).await.unwrap();
        let ids: Vec<_> = all.iter().map(|p| p.person.id).collect();
        let before = people::find_many(&mut db.read().await.unwrap(), practice.id, &ids).await.unwrap();
        let files = if db.is_sqlite() { sqlx::migrate!("migrations/sqlite") } else { sqlx::migrate!("migrations/postgres") };
        let step = files.iter().find(|m| m.version == 13).expect("the step").sql.clone();
        for text in [SqlStr::from_static("ALTER TABLE people DROP COLUMN account"), step] {
            match db {
                Db::Sqlite { write, .. } => drop(sqlx::raw_sql(text).execute(write).await.unwrap()),
                Db::Postgres { write, .. } => drop(sqlx::raw_sql(text).execute(write).await.unwrap()),
            }
        }
        let after = people::find_many(&mut db.read().await.unwrap(), practice.id, &ids).await.unwrap();
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before.profile, after.profile);
            assert_eq!(before.finish_attested_at, after.finish_attested_at);
        }
        assert_eq!(before.len(), after.len());
    }
}
