//! A database of either kind, and the handles through which it is read and changed.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Executor, PgConnection, Postgres, Sqlite, SqliteConnection};

use crate::Result;
use crate::error::StoreError;
use crate::sql::dialect::Engine;

/// A connection to a server that was not used for so long is asked whether it still stands.
const RESTED: Duration = Duration::from_millis(500);

/// How long to wait for a connection to a server.
const PATIENCE: Duration = Duration::from_secs(3);

/// Settings of a server's reading connections. One plan serves a statement whatever it is asked for: the server would
/// otherwise plan most statements of a page anew each time, which takes as long as carrying them out. Transactions keep
/// the server's own choice, because an import begins with empty tables and ends with full ones.
const READ_SETTINGS: &str = "SET default_transaction_read_only = on; SET plan_cache_mode = force_generic_plan";

/// How a server learns how the data lies. A look at 9,000 rows of each table tells enough, until it takes its own time
/// for more. VACUUM too, of what is read from indexes alone: only then it can be. None of it is worth waiting for the
/// disk.
const ANALYZE: [&str; 3] = [
    "SET default_statistics_target = 30; SET synchronous_commit = off",
    "VACUUM listing, emr_account_clinics, duplicate_keys, license_keys, people, professional_licenses, signatures",
    "ANALYZE",
];

/// An open database. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Db {
    /// One file: one writer, several readers.
    Sqlite {
        /// The single writing connection.
        write: SqlitePool,
        /// Read-only connections.
        read: SqlitePool,
    },
    /// A server. Changes of one practice wait for each other, each with a connection; readers have their own.
    Postgres {
        /// Connections for transactions.
        write: PgPool,
        /// Read-only connections.
        read: PgPool,
    },
}

/// A connection for reading only.
#[derive(Debug)]
pub enum Reading {
    /// Of a file.
    Sqlite(sqlx::pool::PoolConnection<Sqlite>),
    /// Of a server.
    Postgres(sqlx::pool::PoolConnection<Postgres>),
}

/// A transaction. Dropped without [`Tx::commit`], nothing of it happened.
#[derive(Debug)]
pub enum Tx {
    /// Of a file; holds the one writer.
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    /// Of a server.
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// The driver's own connection.
#[derive(Debug)]
pub enum Split<'a> {
    /// SQLite.
    Sqlite(&'a mut SqliteConnection),
    /// PostgreSQL.
    Postgres(&'a mut PgConnection),
}

impl Split<'_> {
    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }
}

/// Anything queries can be sent through.
pub trait Handle: Send {
    /// The driver's connection.
    fn split(&mut self) -> Split<'_>;
}

impl Handle for Reading {
    fn split(&mut self) -> Split<'_> {
        match self {
            Self::Sqlite(c) => Split::Sqlite(c),
            Self::Postgres(c) => Split::Postgres(c),
        }
    }
}

impl Handle for Tx {
    fn split(&mut self) -> Split<'_> {
        match self {
            Self::Sqlite(c) => Split::Sqlite(c),
            Self::Postgres(c) => Split::Postgres(c),
        }
    }
}

/// Runs one typed body on whichever driver the handle has. `sql` inside the body is the statement in that engine's
/// spelling, expanded from the text by [`crate::sql::dialect::render`].
macro_rules! on {
    ($handle:expr, $text:expr, |$sql:ident, $conn:ident| $body:expr) => {
        match $crate::Handle::split($handle) {
            $crate::Split::Sqlite($conn) => {
                let $sql = $crate::sql::dialect::render($crate::sql::dialect::Engine::Sqlite, $text);
                $body
            }
            $crate::Split::Postgres($conn) => {
                let $sql = $crate::sql::dialect::render($crate::sql::dialect::Engine::Postgres, $text);
                $body
            }
        }
    };
}

fn postgres_pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        // It was asked when it came back. Only one that lay idle may have lost its server meanwhile.
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for > RESTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

impl Db {
    /// Opens `sqlite:PATH` (created when missing) or `postgres://…`, of which 1 connection makes 2. Does not migrate.
    pub async fn open(url: &str, connections: u32) -> Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            Self::open_sqlite(Path::new(path.trim_start_matches("//")), connections).await
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url)?.application_name("muster").statement_cache_capacity(256);
            let readers = (connections / 2).max(1);
            let write = postgres_pool(connections.saturating_sub(readers).max(1)).connect_with(options.clone()).await?;
            let read = postgres_pool(readers)
                .after_connect(|connection, _| {
                    Box::pin(async move { sqlx::raw_sql(READ_SETTINGS).execute(connection).await.map(drop) })
                })
                .connect_lazy_with(options);
            Ok(Self::Postgres { write, read })
        } else {
            Err(StoreError::Other(format!("not a database address: {url} (use sqlite:PATH or postgres://…)")))
        }
    }

    async fn open_sqlite(path: &Path, connections: u32) -> Result<Self> {
        // FULL: what was acknowledged survives a power failure, not only a crash.
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(false)
            .busy_timeout(Duration::from_secs(5))
            .statement_cache_capacity(256)
            // For the one writer: a long import touches pages all over the file, and each that does not fit is written
            // and read again.
            .pragma("cache_size", "-24000")
            .pragma("wal_autocheckpoint", "16000")
            .pragma("temp_store", "memory");
        // A file is not lost meanwhile: nothing to ask before each use.
        let pool = SqlitePoolOptions::new().test_before_acquire(false);
        let writer = pool
            .clone()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(30))
            .idle_timeout(None)
            .max_lifetime(None);
        // While one program turns a new file to WAL, SQLite sends others away at once instead of letting them wait.
        let begun = std::time::Instant::now();
        let write = loop {
            match writer.clone().connect_with(options.clone()).await.map_err(StoreError::from) {
                Err(StoreError::Unavailable(_)) if begun.elapsed() < Duration::from_secs(5) => {}
                outcome => break outcome?,
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let read = pool
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(5))
            .connect_lazy_with(options.pragma("cache_size", "-4000").pragma("query_only", "on"));
        Ok(Self::Sqlite { write, read })
    }

    pub(crate) fn engine(&self) -> Engine {
        if self.is_sqlite() { Engine::Sqlite } else { Engine::Postgres }
    }

    /// True for a file.
    pub fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }

    /// The migrations of this program for a database of this kind, each with its checksum.
    fn migrations(&self) -> Vec<(i64, Vec<u8>)> {
        let migrator = match self {
            Self::Sqlite { .. } => sqlx::migrate!("migrations/sqlite"),
            Self::Postgres { .. } => sqlx::migrate!("migrations/postgres"),
        };
        migrator.iter().map(|m| (m.version, m.checksum.to_vec())).collect()
    }

    /// The versions of the migrations that were applied. [`StoreError::EarlierBuild`] when the first of them is not that of
    /// this program.
    async fn applied_migrations(&self) -> Result<Vec<i64>> {
        // Through a writing connection: a database in memory has no other.
        let (mut h, exists) = match self {
            Self::Sqlite { write, .. } => (
                Reading::Sqlite(write.acquire().await?),
                "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'",
            ),
            Self::Postgres { write, .. } => (
                Reading::Postgres(write.acquire().await?),
                "SELECT count(*) FROM information_schema.tables
                WHERE table_schema = current_schema() AND table_name = '_sqlx_migrations'",
            ),
        };
        let (exists,): (i64,) = on!(&mut h, exists, |sql, c| sqlx::query_as(sql).fetch_one(c).await?);
        if exists == 0 {
            return Ok(Vec::new());
        }
        let text = "SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version";
        let applied: Vec<(i64, Vec<u8>)> = on!(&mut h, text, |sql, c| sqlx::query_as(sql).fetch_all(c).await?);
        match applied.first() {
            Some(first) if self.migrations().first() != Some(first) => Err(StoreError::EarlierBuild),
            _ => Ok(applied.into_iter().map(|(version, _)| version).collect()),
        }
    }

    /// True when every migration of this program has been applied, and none besides. [`StoreError::EarlierBuild`] as for
    /// [`Self::migrate`].
    pub async fn is_current(&self) -> Result<bool> {
        let applied = self.applied_migrations().await?;
        Ok(applied.into_iter().eq(self.migrations().into_iter().map(|(version, _)| version)))
    }

    /// Brings the schema up to date. Safe to call from several processes at once. [`StoreError::EarlierBuild`], and nothing
    /// is changed, when the database was made by a build before the first release.
    pub async fn migrate(&self) -> Result<()> {
        self.applied_migrations().await?;
        match self {
            Self::Sqlite { write, .. } => {
                // A file knows no lock around several migrations. Of programs that migrate at once, the slower ones
                // fail at a step that the quickest has just taken; each failure leaves one step less.
                let migrator = sqlx::migrate!("migrations/sqlite");
                for _ in migrator.iter() {
                    if migrator.run(write).await.is_ok() {
                        return Ok(());
                    }
                }
                migrator.run(write).await?;
            }
            Self::Postgres { write, .. } => {
                // Two commits a step, none of which has to wait for the disk: a step that is lost with the power is taken
                // again, and whatever is saved later reaches the disk after it.
                let own = PgPoolOptions::new()
                    .max_connections(1)
                    .acquire_timeout(PATIENCE)
                    .after_connect(|connection, _| {
                        Box::pin(async move { connection.execute("SET synchronous_commit = off").await.map(|_| ()) })
                    })
                    .connect_with(write.connect_options().as_ref().clone())
                    .await?;
                sqlx::migrate!("migrations/postgres").run(&own).await?;
                own.close().await;
            }
        }
        Ok(())
    }

    /// A number that changes whenever a migration does; names test templates.
    pub fn schema_fingerprint() -> String {
        let sqlite = sqlx::migrate!("migrations/sqlite");
        let postgres = sqlx::migrate!("migrations/postgres");
        let sums = sqlite.iter().chain(postgres.iter()).flat_map(|m| m.checksum.iter());
        let mixed = sums.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3));
        format!("{mixed:016x}")
    }

    /// Tells the engine how the data lies, after much of it came at once: until then it plans as for an empty database.
    pub async fn analyze(&self) -> Result<()> {
        match self {
            Self::Sqlite { write, .. } => {
                sqlx::query("PRAGMA optimize = 0x10002").execute(write).await?;
                // Pages in the log are looked up there before each read.
                sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(write).await?;
            }
            Self::Postgres { write, .. } => {
                let mut connection = write.acquire().await?;
                // However this ends, nobody else gets a connection that does not wait for the disk.
                connection.close_on_drop();
                for text in ANALYZE {
                    sqlx::raw_sql(text).execute(&mut *connection).await?;
                }
            }
        }
        Ok(())
    }

    /// A connection for reading.
    pub async fn read(&self) -> Result<Reading> {
        Ok(match self {
            Self::Sqlite { read, .. } => Reading::Sqlite(read.acquire().await?),
            Self::Postgres { read, .. } => Reading::Postgres(read.acquire().await?),
        })
    }

    /// Begins a change. On SQLite it takes the one writer at once, so that it never fails half-way for a lock.
    pub async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres { write, .. } => Tx::Postgres(write.begin().await?),
        })
    }

    /// True when the database answers.
    pub async fn ready(&self) -> bool {
        let Ok(mut reading) = self.read().await else { return false };
        on!(&mut reading, "SELECT 1", |sql, c| sqlx::query(sql).execute(c).await.is_ok())
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres { write, read } => {
                read.close().await;
                write.close().await;
            }
        }
    }
}

impl Tx {
    /// Makes it so.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
