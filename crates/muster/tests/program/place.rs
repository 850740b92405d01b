//! An installation of a test's own, on either engine.

use std::path::{Path, PathBuf};

use muster_testkit::postgres::{self, Database};
use muster_testkit::program::{Finished, Program};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

/// Passes every preset.
pub const PASSWORD: &str = "Tr4velling-oak-Kestrel";
/// The organization of [`DatabaseArguments::set_up`].
pub const HARBOR: &str = "Harbor Therapy";

/// A directory with its data, and perhaps a database on the server of the tests.
pub struct DatabaseArguments {
    directory: TempDir,
    server: Option<Database>,
}

impl DatabaseArguments {
    /// With an empty file.
    pub fn sqlite() -> Self {
        Self { directory: TempDir::with_prefix("muster-place-").expect("a directory"), server: None }
    }

    /// With an empty database on the server.
    pub async fn postgres() -> Self {
        Self { server: Some(postgres::empty_database().await), ..Self::sqlite() }
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A file for the test's own use.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A file with this text.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// The command line, here.
    pub fn program(&self, arguments: &[&str]) -> Program {
        let mut all: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
        all.extend(self.where_it_is());
        Program::new(all).in_directory(self.directory.path())
    }

    /// The arguments that say where the data is.
    pub fn where_it_is(&self) -> Vec<String> {
        let mut all = vec!["--data-dir".to_owned(), self.data().display().to_string()];
        if let Some(server) = &self.server {
            all.extend(["--database-url".to_owned(), server.url().to_owned()]);
        }
        all
    }

    /// Runs a command.
    pub async fn muster(&self, arguments: &[&str]) -> Finished {
        self.program(arguments).run().await
    }

    /// Runs a command that has to succeed; gives its standard output.
    pub async fn done(&self, arguments: &[&str]) -> String {
        let finished = self.muster(arguments).await;
        assert_eq!(finished.code, Some(0), "muster {arguments:?}: {finished:?}");
        finished.stdout
    }

    /// Sets up the practice.
    pub async fn set_up(&self) -> &Self {
        let finished = self
            .program(&[
                "setup",
                "--organization",
                HARBOR,
                "--username",
                "mara",
                "--email",
                "mara@harbor.example",
                "--password-stdin",
            ])
            .stdin(format!("{PASSWORD}\n"))
            .run()
            .await;
        assert_eq!(finished.code, Some(0), "{finished:?}");
        self
    }

    /// Runs a statement behind the program's back.
    pub async fn sql(&self, text: &str) {
        let text = AssertSqlSafe(text.to_owned());
        match &self.server {
            Some(server) => {
                let mut c = PgConnection::connect(server.url()).await.expect("the server");
                sqlx::raw_sql(text).execute(&mut c).await.expect("a statement");
            }
            None => {
                let mut c = self.open_file().await;
                sqlx::raw_sql(text).execute(&mut c).await.expect("a statement");
                c.close().await.expect("closing");
            }
        }
    }

    /// The first column of a query, as text.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        let text = AssertSqlSafe(query.to_owned());
        match &self.server {
            Some(server) => {
                let mut c = PgConnection::connect(server.url()).await.expect("the server");
                sqlx::query_scalar(text).fetch_all(&mut c).await.expect("a query")
            }
            None => sqlx::query_scalar(text).fetch_all(&mut self.open_file().await).await.expect("a query"),
        }
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> usize {
        let found = self.texts(&format!("SELECT CAST(count(*) AS text) FROM {table}")).await;
        found[0].parse().expect("a number")
    }

    async fn open_file(&self) -> SqliteConnection {
        let url = format!("sqlite:{}", self.data().join("muster.db").display());
        SqliteConnection::connect(&url).await.expect("the file")
    }
}

/// A path as an argument.
pub fn arg(path: &Path) -> &str {
    path.to_str().expect("a path of plain letters")
}

/// Runs the tests in it on both engines; each is given an empty [`DatabaseArguments`].
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($place:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[$meta])*
            async fn body($place: &crate::place::DatabaseArguments) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                body(&crate::place::DatabaseArguments::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() {
                body(&crate::place::DatabaseArguments::postgres().await).await;
            }
        }
    )+};
}
pub(crate) use on_both;
