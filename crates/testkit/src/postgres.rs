//! A PostgreSQL database for each test, copied from a migrated template.
//!
//! `scripts/with-postgres` starts the server; this module only makes databases in it.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};

/// Where `scripts/with-postgres` says the server is.
const SERVER: &str = "MUSTER_TEST_POSTGRES_URL";

/// The advisory lock under which templates are made: the letters `mustertk`.
const TEMPLATE_LOCK: i64 = 0x6d75_7374_6572_746b;

/// A test's own database; dropped with this handle, even when clients are still connected.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: String,
}

impl Database {
    /// Where the database is: `postgres://postgres@127.0.0.1:PORT/NAME`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets the server write to disk what it holds in memory, so that it does not do so while something is measured.
    pub async fn checkpoint(&self) {
        let mut connection = connect(&self.url).await;
        run(&mut connection, "CHECKPOINT").await;
        close(connection).await;
    }

    /// The database's name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A new database with everything the template `template_name` has.
///
/// The template is made on first use, once per server however many processes ask at the same time:
/// `fill` is given the address of an empty database, migrates it and closes its connections. Name
/// the template after what `fill` does (a hash of the migrations).
///
/// # Panics
/// When no server was started for the tests, or it refuses. A panic in `fill` leaves no template.
pub async fn fresh_database(template_name: &str, fill: impl AsyncFnOnce(&str)) -> Database {
    let template = format!("template_{template_name}");
    assert_plain(&template);
    let server = server_url();
    ensure_template(&server, &template, fill).await;

    let name = format!("test_{:016x}", RandomState::new().hash_one(std::process::id()));
    let mut connection = connect(&server).await;
    run(&mut connection, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    close(connection).await;
    let url = database_url(&server, &name);
    Database { name, url }
}

/// A new database with nothing in it, for tests of the migrations themselves.
pub async fn empty_database() -> Database {
    fresh_database("empty", async |_| {}).await
}

async fn ensure_template(server: &str, template: &str, fill: impl AsyncFnOnce(&str)) {
    let mut connection = connect(server).await;
    // Looked for before locking, so that only the first tests of a run wait for each other.
    if !exists(&mut connection, template).await {
        // Held until this connection closes, also when `fill` panics.
        sqlx::query("SELECT pg_advisory_lock($1)")
            .bind(TEMPLATE_LOCK)
            .execute(&mut connection)
            .await
            .expect("the lock under which templates are made");
        if !exists(&mut connection, template).await {
            make_template(&mut connection, server, template, fill).await;
        }
    }
    close(connection).await;
}

/// Fills under another name first: a template that exists is a template that is whole.
async fn make_template(connection: &mut PgConnection, server: &str, template: &str, fill: impl AsyncFnOnce(&str)) {
    let unfinished = format!("{template}_unfinished");
    run(connection, &format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await;
    run(connection, &format!("CREATE DATABASE {unfinished}")).await;
    fill(&database_url(server, &unfinished)).await;
    // A template with connections cannot be copied: allow none, then end those that stayed.
    run(connection, &format!("ALTER DATABASE {unfinished} ALLOW_CONNECTIONS false")).await;
    for _ in 0..100 {
        let ended = sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = $1 AND backend_type = 'client backend'",
        )
        .bind(&unfinished)
        .fetch_all(&mut *connection)
        .await
        .expect("the list of connections");
        if ended.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    run(connection, &format!("ALTER DATABASE {unfinished} RENAME TO {template}")).await;
}

async fn exists(connection: &mut PgConnection, database: &str) -> bool {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(database)
        .fetch_one(connection)
        .await
        .expect("the list of databases")
}

/// Names stand in SQL that takes no parameters, so they must need no quoting.
fn assert_plain(name: &str) {
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    assert!(plain && name.len() <= 50, "{name:?} must be a-z, 0-9, _ and at most 50 bytes");
}

fn server_url() -> String {
    std::env::var(SERVER).unwrap_or_else(|_| {
        panic!(
            "{SERVER} is not set: run `make test` or `scripts/with-postgres cargo nextest run`, \
             which start a private PostgreSQL"
        )
    })
}

fn database_url(server: &str, name: &str) -> String {
    let (address, _) = server.rsplit_once('/').expect("a server address ending in a database");
    format!("{address}/{name}")
}

async fn connect(server: &str) -> PgConnection {
    let options: PgConnectOptions = server.parse().expect("a PostgreSQL address in the variable");
    PgConnection::connect_with(&options).await.unwrap_or_else(|error| panic!("no PostgreSQL at {server}: {error}"))
}

async fn close(connection: PgConnection) {
    // Failing to say goodbye harms nobody: the server notices by itself.
    let _ = connection.close().await;
}

async fn run(connection: &mut PgConnection, sql: &str) {
    connection.execute(AssertSqlSafe(sql)).await.unwrap_or_else(|error| panic!("PostgreSQL refused `{sql}`: {error}"));
}

impl Drop for Database {
    /// Best effort, in a thread of its own because dropping may happen inside a runtime; the
    /// server's directory is deleted at the end of the run anyway.
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let Ok(server) = std::env::var(SERVER) else {
            return;
        };
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            let forget = async {
                if let Ok(mut connection) = PgConnection::connect(&server).await {
                    let _ = connection.execute(AssertSqlSafe(sql)).await;
                }
            };
            runtime.block_on(async {
                let _ = tokio::time::timeout(Duration::from_secs(10), forget).await;
            });
        });
        let _ = dropping.join();
    }
}
