//! Backup and restore: everything in one portable file, whichever engine it comes from and goes to. Also the people of
//! a practice as a CSV file.
//!
//! A backup is text. The first line describes it and names each table with its columns and number of rows; the rows
//! follow, table by table, each a JSON array on a line of its own; the last line carries the SHA-256 of all before it.
//! Restoring is one transaction: a file cut short or changed restores nothing.

mod people;

pub(crate) use people::people_csv;

use std::io::{self, BufRead, Write};

use muster_store::transfer::{self, Table, TablePages};
use muster_store::{Db, StoreError, Tx};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{App, AppError};

/// Names this kind of file.
const FORMAT: &str = "muster backup 2";
/// Named those of builds before the first release, whose tables were other ones.
const EARLIER_FORMAT: &str = "muster backup 1";
/// The longest line a backup can have: a row with the largest picture twice over.
const LONGEST_LINE: u64 = 64 << 20;
/// Rows are loaded in pieces of about this many bytes.
const LOADED_AT_ONCE: usize = 1 << 20;

/// Why a backup or restore did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// Something is stored in the target.
    #[error("The database to restore into already holds data. Restore into an empty one.")]
    NotEmpty,
    /// Another kind of file.
    #[error("This file is not a Muster backup.")]
    NotABackup,
    /// Made before there was a release.
    #[error("This backup was made by an earlier development build of Muster and cannot be restored by this one.")]
    EarlierBuild,
    /// Tables have changed since.
    #[error(
        "This backup was made by Muster {0}, whose tables differ from this release's. Restore it with that release, then bring the database up to date with “muster migrate”."
    )]
    OtherSchema(String),
    /// Changed or cut short.
    #[error("This backup is damaged: {0}. Nothing was restored.")]
    Damaged(String),
    /// The file itself.
    #[error("The backup file cannot be read or written: {0}.")]
    File(#[from] io::Error),
    /// The database.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for TransferError {
    fn from(error: StoreError) -> Self {
        Self::App(error.into())
    }
}

/// The first line of a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    format: String,
    /// The release that made it.
    pub made_by: String,
    /// When.
    pub made_at: String,
    schema: String,
    /// Recognizes the installation's secret without giving it away.
    key_check: String,
    /// What it holds.
    pub tables: Vec<TableHeader>,
}

/// One table of a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableHeader {
    /// Name.
    pub name: String,
    columns: Vec<String>,
    /// Number of rows.
    pub rows: i64,
}

#[derive(Serialize, Deserialize)]
struct BackupTrailer {
    sha256: String,
}

/// What was restored.
#[derive(Clone, Debug)]
pub struct RestoreReport {
    /// The backup's own description.
    pub header: Header,
    /// False when it was made under another secret: its audit record then cannot be verified with this one.
    pub same_key: bool,
}

impl Header {
    /// Rows in all.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|t| u64::try_from(t.rows).unwrap_or(0)).sum()
    }
}

impl App {
    /// Writes everything, as it stands at one moment, while others go on working. `progress` hears of rows done and
    /// of all there are.
    pub async fn backup(
        &self,
        out: &mut (dyn Write + Send),
        made_by: &str,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Header, TransferError> {
        let mut tx = transfer::snapshot(&self.db).await?;
        let tables = transfer::tables(&mut tx).await?;
        let header = self.header(&mut tx, &tables, made_by).await?;
        let all = header.rows();
        let mut sum = Sha256::new();
        let mut line = |text: &str| -> io::Result<()> {
            sum.update(text.as_bytes());
            sum.update(b"\n");
            out.write_all(text.as_bytes())?;
            out.write_all(b"\n")
        };
        line(&json(&header)?)?;
        let mut done = 0;
        for table in &tables {
            let mut rows = TablePages::of(&mut tx, table).await?;
            loop {
                let page = rows.next(&mut tx).await?;
                if page.is_empty() {
                    break;
                }
                for row in &page {
                    line(row)?;
                }
                done += page.len() as u64;
                progress(done, all);
            }
        }
        let end = json(&BackupTrailer { sha256: hex(&sum.finalize()) })?;
        writeln!(out, "{end}")?;
        out.flush()?;
        Ok(header)
    }

    async fn header(&self, tx: &mut Tx, tables: &[Table], made_by: &str) -> Result<Header, TransferError> {
        let mut contents = Vec::with_capacity(tables.len());
        for table in tables {
            let columns = table.columns().map(str::to_owned).collect();
            contents.push(TableHeader {
                name: table.name().to_owned(),
                columns,
                rows: transfer::count(tx, table).await?,
            });
        }
        Ok(Header {
            format: FORMAT.to_owned(),
            made_by: made_by.to_owned(),
            made_at: self.now().to_string(),
            schema: Db::schema_fingerprint(),
            key_check: self.key_check(),
            tables: contents,
        })
    }

    fn key_check(&self) -> String {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, self.keys.audit());
        hex(&aws_lc_rs::hmac::sign(&key, b"muster backup key check v1").as_ref()[..8])
    }

    /// Puts a backup into an empty, migrated database: all of it or nothing. `progress` hears of rows done and of all
    /// there are.
    pub async fn restore(
        &self,
        input: &mut (dyn BufRead + Send),
        mut progress: impl FnMut(u64, u64),
    ) -> Result<RestoreReport, TransferError> {
        let mut lines = BackupReader { input, sum: Sha256::new(), line: Vec::new() };
        let header = read_header(&mut lines)?;
        let all = header.rows();
        let mut done = 0;
        let mut tx = self.db.begin().await?;
        let tables = transfer::tables(&mut tx).await?;
        if !transfer::holds_nothing(&mut tx, &tables).await? {
            return Err(TransferError::NotEmpty);
        }
        transfer::clear(&mut tx, &tables).await?;
        if header.tables.len() != tables.len() {
            return Err(damaged("its tables are not those of its release"));
        }
        for (content, table) in header.tables.iter().zip(&tables) {
            let ordered = Some(table).filter(|t| t.name() == content.name).and_then(|t| t.in_order(&content.columns));
            let ordered = ordered.ok_or_else(|| damaged("its tables are not those of its release"))?;
            load_table(&mut tx, &mut lines, &ordered, content.rows, &mut |rows| {
                done += rows;
                progress(done, all);
            })
            .await?;
        }
        lines.check_end()?;
        transfer::rebuild_derived(&mut tx, |_| {}).await?;
        tx.commit().await?;
        self.analyze().await;
        Ok(RestoreReport { same_key: header.key_check == self.key_check(), header })
    }
}

fn read_header(lines: &mut BackupReader<'_>) -> Result<Header, TransferError> {
    let first = match lines.next() {
        Ok(Some(line)) => line,
        Ok(None) | Err(TransferError::Damaged(_)) => return Err(TransferError::NotABackup),
        Err(error) => return Err(error),
    };
    let header: Header = serde_json::from_str(first).map_err(|_| TransferError::NotABackup)?;
    if header.format == EARLIER_FORMAT {
        return Err(TransferError::EarlierBuild);
    }
    if header.format != FORMAT {
        return Err(TransferError::NotABackup);
    }
    if header.schema != Db::schema_fingerprint() {
        return Err(TransferError::OtherSchema(header.made_by));
    }
    Ok(header)
}

async fn load_table(
    tx: &mut Tx,
    lines: &mut BackupReader<'_>,
    table: &Table,
    rows: i64,
    progress: &mut impl FnMut(u64),
) -> Result<(), TransferError> {
    let mut left = rows;
    while left > 0 {
        let mut piece = String::from("[");
        let mut taken = 0;
        while taken < left && piece.len() < LOADED_AT_ONCE {
            let row = lines.next()?.ok_or_else(|| damaged("it ends too early"))?;
            if taken > 0 {
                piece.push(',');
            }
            piece.push_str(row);
            taken += 1;
        }
        piece.push(']');
        // A database refuses what is not a row of this table; that is the file's fault, not the database's.
        transfer::load(tx, table, &piece).await.map_err(|error| match error {
            StoreError::Other(_) | StoreError::Taken(_) => damaged(&format!("a row of {} is unusable", table.name())),
            other => other.into(),
        })?;
        left -= taken;
        progress(u64::try_from(taken).unwrap_or(0));
    }
    Ok(())
}

/// The lines of a backup, summed up while they are read.
struct BackupReader<'a> {
    input: &'a mut (dyn BufRead + Send),
    sum: Sha256,
    line: Vec<u8>,
}

impl BackupReader<'_> {
    fn read(&mut self) -> Result<bool, TransferError> {
        self.line.clear();
        io::Read::take(&mut self.input, LONGEST_LINE).read_until(b'\n', &mut self.line)?;
        match self.line.pop() {
            None => Ok(false),
            Some(b'\n') => Ok(true),
            Some(_) => Err(damaged("it ends in the middle of a line")),
        }
    }

    fn next(&mut self) -> Result<Option<&str>, TransferError> {
        if !self.read()? {
            return Ok(None);
        }
        self.sum.update(&self.line);
        self.sum.update(b"\n");
        std::str::from_utf8(&self.line).map(Some).map_err(|_| damaged("it is not text"))
    }

    /// The last line, and nothing after it.
    fn check_end(&mut self) -> Result<(), TransferError> {
        if !self.read()? {
            return Err(damaged("it ends too early"));
        }
        let end: BackupTrailer =
            serde_json::from_slice(&self.line).map_err(|_| damaged("it has more rows than it says"))?;
        if end.sha256 != hex(&std::mem::take(&mut self.sum).finalize()) {
            return Err(damaged("its checksum is wrong"));
        }
        if self.read()? { Err(damaged("something follows its end")) } else { Ok(()) }
    }
}

fn damaged(how: &str) -> TransferError {
    TransferError::Damaged(how.to_owned())
}

fn json(value: &impl Serialize) -> Result<String, TransferError> {
    serde_json::to_string(value).map_err(|error| TransferError::File(error.into()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
