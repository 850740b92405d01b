//! Statements run as they are: what a measurement holds itself against.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

/// Runs statements behind the program's back, outside of any transaction of their own.
///
/// # Panics
/// When the database refuses one.
pub async fn run(url: &str, statements: &[String]) {
    timed(url, statements, false).await;
}

/// Runs statements in one transaction that is made durable; how long it took.
///
/// # Panics
/// When the database refuses one.
pub async fn transaction(url: &str, statements: &[String]) -> Duration {
    timed(url, statements, true).await
}

macro_rules! run_on {
    ($connection:expr, $statements:expr, $together:expr) => {{
        let mut connection = $connection;
        let begun = Instant::now();
        if $together {
            sqlx::raw_sql("BEGIN").execute(&mut connection).await.expect("a transaction");
        }
        for statement in $statements {
            let text = AssertSqlSafe(statement.clone());
            sqlx::raw_sql(text).execute(&mut connection).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
        if $together {
            sqlx::raw_sql("COMMIT").execute(&mut connection).await.expect("it is kept");
        }
        let took = begun.elapsed();
        let _ = connection.close().await;
        took
    }};
}

async fn timed(url: &str, statements: &[String], together: bool) -> Duration {
    if url.starts_with("sqlite:") {
        let connection = SqliteConnection::connect(url).await.expect("the file");
        run_on!(connection, statements, together)
    } else {
        let connection = PgConnection::connect(url).await.expect("the server");
        run_on!(connection, statements, together)
    }
}
