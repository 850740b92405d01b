//! What can go wrong with a database.

/// A failure of the store. The text is for the log, never for the public.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique fact exists already: two racers, one lost.
    #[error("already there: {0}")]
    Taken(String),
    /// The database cannot be reached or is too busy; trying again later makes sense.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// The disk is full or the file is read-only; reads go on.
    #[error("the database cannot be written: {0}")]
    ReadOnly(String),
    /// A stored value is not one Muster writes.
    #[error("unexpected stored value: {0}")]
    Corrupt(String),
    /// Another build made the database, before there was a release, and its tables are not brought up to date.
    #[error(
        "This database was made by an earlier development build of Muster and cannot be opened by this one. Start with an empty database."
    )]
    EarlierBuild,
    /// Anything else.
    #[error("database: {0}")]
    Other(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        match &error {
            sqlx::Error::Database(db) if db.is_unique_violation() => Self::Taken(text),
            sqlx::Error::Database(db) => match db.code().as_deref() {
                // SQLite: busy, locked. PostgreSQL: shutting down, starting up, too many connections.
                Some("5" | "6" | "517" | "57P01" | "57P02" | "57P03" | "53300") => Self::Unavailable(text),
                // SQLite: read-only, I/O error, full. PostgreSQL: disk full, read-only transaction.
                Some("8" | "10" | "13" | "778" | "53100" | "25006") => Self::ReadOnly(text),
                _ => Self::Other(text),
            },
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => {
                Self::Unavailable(text)
            }
            _ => Self::Other(text),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Other(error.to_string())
    }
}
