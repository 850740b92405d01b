//! Reads the file on a thread of its own, some rows ahead of those being judged, and never more than that.

use std::io::{Chain, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::AppError;
use crate::spreadsheet::plain;
use csv::{ByteRecord, ReaderBuilder};
use muster_domain::{Code, Refusal};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Rows judged and saved together.
pub(crate) const BATCH: usize = 2500;
/// Batches read ahead.
const AHEAD: usize = 2;
/// Longest row, in bytes: a quotation mark that is never closed must not swallow the file into memory.
const LONGEST_ROW: u64 = 1024 * 1024;
/// As much of the file as is looked at for its separator.
const HEAD: usize = 64 * 1024;

/// What comes out of a file.
pub(crate) enum FilePart {
    /// The first row.
    Header(Vec<String>),
    /// Some of the others; how far into the file they reach.
    Rows(Vec<RawRow>, u64),
    /// Nothing can be read of it at all.
    Refused(Refusal),
}

/// A row as read.
pub(crate) struct RawRow {
    /// The line it begins on.
    pub line: u64,
    /// Its cells, or why it has none.
    pub cells: Result<Vec<String>, UnreadableRow>,
}

/// A row that is no text.
pub(crate) struct UnreadableRow {
    pub refusal: Refusal,
    /// What could be made out.
    pub cells: Vec<String>,
}

/// Starts reading.
pub(crate) fn start(source: impl Read + Send + 'static) -> Receiver<FilePart> {
    let (sender, receiver) = channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        // A closed channel only means that nobody wants the rest.
        let _ = read(source, &sender);
    });
    receiver
}

/// The first row, which names the columns.
///
/// # Errors
/// [`AppError::Refused`] when nothing can be read of the file.
pub(crate) async fn header(parts: &mut Receiver<FilePart>) -> crate::Result<Vec<String>> {
    match parts.recv().await {
        Some(FilePart::Header(header)) => Ok(header),
        Some(FilePart::Refused(refusal)) => Err(refusal.into()),
        _ => Err(AppError::Internal("the reading thread ended".to_owned())),
    }
}

/// Nobody listens any more.
struct ReceiverGone;

fn send(to: &Sender<FilePart>, part: FilePart) -> Result<(), ReceiverGone> {
    to.blocking_send(part).map_err(|_| ReceiverGone)
}

fn read(source: impl Read, to: &Sender<FilePart>) -> Result<(), ReceiverGone> {
    let (source, delimiter) = match open(source) {
        Ok(opened) => opened,
        Err(refusal) => return send(to, FilePart::Refused(refusal)),
    };
    let unread = Arc::new(AtomicU64::new(0));
    let metered = RowLimitReader { source, since_last_row: Arc::clone(&unread) };
    let mut csv = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(metered);
    let mut record = ByteRecord::new();
    match csv.read_byte_record(&mut record) {
        Ok(true) => {}
        Ok(false) => return send(to, FilePart::Refused(unreadable("it is empty"))),
        Err(error) => return send(to, FilePart::Refused(unreadable(&error.to_string()))),
    }
    match texts(&record) {
        Ok(names) => send(to, FilePart::Header(names))?,
        Err(_) => return send(to, FilePart::Refused(unreadable("it is not UTF-8 text; save it as “CSV UTF-8”"))),
    }
    loop {
        let (rows, more) = batch(&mut csv, &mut record, &unread);
        if !rows.is_empty() {
            send(to, FilePart::Rows(rows, csv.position().byte()))?;
        }
        if !more {
            return Ok(());
        }
    }
}

/// The next rows, and whether there are more after them.
fn batch<R: Read>(csv: &mut csv::Reader<R>, record: &mut ByteRecord, unread: &AtomicU64) -> (Vec<RawRow>, bool) {
    let mut rows = Vec::with_capacity(BATCH);
    while rows.len() < BATCH {
        unread.store(0, Ordering::Relaxed);
        let line = csv.position().line();
        match csv.read_byte_record(record) {
            Ok(false) => return (rows, false),
            // Spreadsheets leave rows of nothing but separators behind.
            Ok(true) if record.iter().all(<[u8]>::is_empty) => {}
            Ok(true) => rows.push(RawRow {
                line: record.position().map_or(line, csv::Position::line),
                cells: texts(record)
                    .map_err(|cells| UnreadableRow { refusal: Refusal::whole(Code::RowNotUnicode), cells }),
            }),
            Err(error) => {
                let endless = unread.load(Ordering::Relaxed) > LONGEST_ROW;
                let refusal = if endless { Refusal::whole(Code::RowTooLong) } else { unreadable(&error.to_string()) };
                rows.push(RawRow { line, cells: Err(UnreadableRow { refusal, cells: Vec::new() }) });
                return (rows, false);
            }
        }
    }
    (rows, true)
}

fn unreadable(why: &str) -> Refusal {
    Refusal::whole(Code::FileUnreadable).about(&[why])
}

/// The cells as text, or what can be made out of them.
fn texts(record: &ByteRecord) -> Result<Vec<String>, Vec<String>> {
    let strict: Result<Vec<String>, _> =
        record.iter().map(|c| std::str::from_utf8(c).map(|text| plain(text).to_owned())).collect();
    strict.map_err(|_| record.iter().map(|c| String::from_utf8_lossy(c).into_owned()).collect())
}

/// The head that was looked at, and the rest.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

/// Skips a byte order mark and finds out what separates the cells.
fn open<R: Read>(mut source: R) -> Result<(Whole<R>, u8), Refusal> {
    let mut head = Vec::new();
    let mut piece = [0; 8192];
    while head.len() < HEAD && !head.iter().any(|b| matches!(b, b'\n' | b'\r')) {
        match source.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => head.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(&error.to_string())),
        }
    }
    if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
        return Err(unreadable("it is UTF-16 text; save it as “CSV UTF-8”"));
    }
    let mark = if head.starts_with("\u{FEFF}".as_bytes()) { 3 } else { 0 };
    let delimiter = delimiter_of(&head[mark..]);
    let mut head = Cursor::new(head);
    head.set_position(mark as u64);
    Ok((head.chain(source), delimiter))
}

/// The most frequent candidate outside quotation marks in the first line.
fn delimiter_of(head: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in head {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            byte => counts.iter_mut().filter(|(d, _)| d == byte).for_each(|(_, count)| *count += 1),
        }
    }
    // Of equals the first: the comma.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| *delimiter)
}

/// Stops a row that does not end.
struct RowLimitReader<R> {
    source: R,
    since_last_row: Arc<AtomicU64>,
}

impl<R: Read> Read for RowLimitReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.since_last_row.load(Ordering::Relaxed) > LONGEST_ROW {
            return Err(std::io::Error::other("a row does not end"));
        }
        let count = self.source.read(buffer)?;
        self.since_last_row.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_the_one_the_header_uses() {
        assert_eq!(delimiter_of(b"a,b,c\n1;2;3;4"), b',');
        assert_eq!(delimiter_of(b"a;\"b,c,d\";e"), b';');
        assert_eq!(delimiter_of(b"a\tb"), b'\t');
        assert_eq!(delimiter_of(b"email"), b',');
    }
}
