//! Rows bound for a `{rows}` marker of a statement, as each engine reads them quickest.

use std::borrow::Cow;

use serde::Serialize;
use uuid::Uuid;

use crate::sql::dialect::{Engine, hex};

/// One value of a row.
#[derive(Clone, Debug)]
pub(crate) enum Cell<'a> {
    /// For a `uuid` column.
    Id(Option<Uuid>),
    /// For an `int` column.
    Int(Option<i64>),
    /// For a `text` column.
    Text(Option<Cow<'a, str>>),
    /// For a `bytes` column.
    Bytes(&'a [u8]),
    /// For a `list` column.
    List(Vec<i64>),
}

/// A row: each value with the name of its column. All rows of a statement have the same columns of the same kinds.
pub(crate) type NamedCells<'a, const N: usize> = [(&'static str, Cell<'a>); N];

macro_rules! cells {
    ($($kind:ty => |$value:ident| $cell:expr;)*) => {
        $(impl<'a> From<$kind> for Cell<'a> {
            fn from($value: $kind) -> Self {
                $cell
            }
        })*
    };
}

cells! {
    Uuid => |id| Cell::Id(Some(id));
    Option<Uuid> => |id| Cell::Id(id);
    i64 => |number| Cell::Int(Some(number));
    Option<i64> => |number| Cell::Int(number);
    &'a str => |text| Cell::Text(Some(text.into()));
    Option<&'a str> => |text| Cell::Text(text.map(Cow::Borrowed));
    Cow<'a, str> => |text| Cell::Text(Some(text));
    String => |text| Cell::Text(Some(text.into()));
    Option<String> => |text| Cell::Text(text.map(Cow::Owned));
    &'a [u8] => |bytes| Cell::Bytes(bytes);
    Vec<i64> => |list| Cell::List(list);
}

/// All values of one column.
#[derive(Clone, Debug)]
pub(crate) enum Column {
    Ids(Vec<Option<Uuid>>),
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Vec<u8>>),
}

impl Column {
    fn of(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Id(id) => Self::Ids(vec![id]),
            Cell::Int(number) => Self::Ints(vec![number]),
            Cell::Text(text) => Self::Texts(vec![text.map(Cow::into_owned)]),
            Cell::Bytes(bytes) => Self::Bytes(vec![bytes.to_vec()]),
            Cell::List(list) => Self::Texts(vec![Some(numbers(&list))]),
        }
    }

    fn push(&mut self, cell: Cell<'_>) {
        match (self, cell) {
            (Self::Ids(all), Cell::Id(id)) => all.push(id),
            (Self::Ints(all), Cell::Int(number)) => all.push(number),
            (Self::Texts(all), Cell::Text(text)) => all.push(text.map(Cow::into_owned)),
            (Self::Texts(all), Cell::List(list)) => all.push(Some(numbers(&list))),
            (Self::Bytes(all), Cell::Bytes(bytes)) => all.push(bytes.to_vec()),
            // A value less would give every later row its neighbor's.
            _ => panic!("a column of rows is of one kind"),
        }
    }
}

/// Rows, or rows in the making.
#[derive(Clone, Debug)]
pub(crate) enum Rows {
    /// For a file: a JSON array of objects.
    Text(Vec<u8>),
    /// For a server, which takes longer to read a text than to write what it says: column by column.
    Columns(Vec<(&'static str, Column)>),
}

impl Rows {
    pub fn new(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::Text(Vec::new()),
            Engine::Postgres => Self::Columns(Vec::new()),
        }
    }

    /// One more.
    pub fn push<const N: usize>(&mut self, row: NamedCells<'_, N>) {
        match self {
            Self::Text(text) => write_object(text, row),
            Self::Columns(columns) if columns.is_empty() => {
                columns.extend(row.map(|(name, cell)| (name, Column::of(cell))));
            }
            Self::Columns(columns) => {
                for ((name, column), (same, cell)) in columns.iter_mut().zip(row) {
                    assert_eq!(*name, same, "every row has the same columns");
                    column.push(cell);
                }
            }
        }
    }

    /// All of them; none when there is no row.
    pub fn finish(mut self) -> Option<Self> {
        match &mut self {
            Self::Text(text) if !text.is_empty() => text.push(b']'),
            Self::Columns(columns) if !columns.is_empty() => {}
            _ => return None,
        }
        Some(self)
    }
}

/// These rows; none when there is no row.
pub(crate) fn rows<'a, const N: usize>(
    engine: Engine,
    rows: impl IntoIterator<Item = NamedCells<'a, N>>,
) -> Option<Rows> {
    let mut all = Rows::new(engine);
    rows.into_iter().for_each(|row| all.push(row));
    all.finish()
}

fn write_object<const N: usize>(out: &mut Vec<u8>, row: NamedCells<'_, N>) {
    out.push(if out.is_empty() { b'[' } else { b',' });
    for (at, (name, cell)) in row.into_iter().enumerate() {
        out.extend(if at == 0 { b"{\"" } else { b",\"" });
        out.extend(name.as_bytes());
        out.extend(b"\":");
        // Neither strings nor numbers can fail to be written to memory.
        let _ = match cell {
            Cell::Id(Some(id)) => json(out, &*id.simple().encode_lower(&mut [0; 32])),
            Cell::Id(None) => json(out, &()),
            Cell::Int(number) => json(out, &number),
            Cell::Text(text) => json(out, &text),
            Cell::Bytes(bytes) => json(out, &hex(bytes)),
            Cell::List(list) => json(out, &list),
        };
    }
    out.push(b'}');
}

fn json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> serde_json::Result<()> {
    serde_json::to_writer(out, value)
}

fn numbers(list: &[i64]) -> String {
    serde_json::json!(list).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gets_one_text_and_a_server_a_list_a_column() {
        let id = Uuid::from_u128(10);
        let two = |engine| {
            let row = |name: Option<&'static str>| {
                [("id", id.into()), ("name", name.into()), ("n", (-3).into()), ("hash", (&[0_u8, 255][..]).into())]
            };
            rows(engine, [row(None), row(Some("O\"Neil\n"))])
        };
        let Some(Rows::Text(text)) = two(Engine::Sqlite) else { panic!("a text") };
        let one =
            |name: &str| format!(r#"{{"id":"0000000000000000000000000000000a","name":{name},"n":-3,"hash":"00ff"}}"#);
        assert_eq!(String::from_utf8(text).unwrap(), format!("[{},{}]", one("null"), one(r#""O\"Neil\n""#)));
        let Some(Rows::Columns(columns)) = two(Engine::Postgres) else { panic!("columns") };
        assert_eq!(columns.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["id", "name", "n", "hash"]);
        assert!(matches!(&columns[1].1, Column::Texts(texts) if *texts == [None, Some("O\"Neil\n".to_owned())]));
        assert!(matches!(&columns[3].1, Column::Bytes(all) if *all == [[0, 255], [0, 255]]));
        for engine in [Engine::Sqlite, Engine::Postgres] {
            assert!(rows::<1>(engine, []).is_none());
        }
    }
}
