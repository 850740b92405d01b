//! The values of a statement.

use std::borrow::Cow;

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo};
use sqlx::{Encode, Postgres, Sqlite, Type};
use uuid::Uuid;

use crate::sql::dialect;
use crate::sql::rows::{Column, Rows};

/// A bound value.
#[derive(Clone, Debug)]
pub(crate) enum Bind {
    Uuid(Uuid),
    Text(String),
    Int(i64),
    Bytes(Vec<u8>),
    MaybeUuid(Option<Uuid>),
    /// Whole numbers, of a server only.
    Ints(Vec<i64>),
    /// For a `{rows}` marker; [`spread`] makes something of it that a driver takes.
    Rows(Rows),
    /// A column of rows, of a server only.
    Column(Column),
}

macro_rules! bind_from {
    ($($kind:ty => $bind:ident)*) => {
        $(impl From<$kind> for Bind {
            fn from(value: $kind) -> Self {
                Self::$bind(value)
            }
        })*
    };
}

bind_from! { Uuid => Uuid  i64 => Int  Option<Uuid> => MaybeUuid  Vec<i64> => Ints  Rows => Rows  Column => Column }

impl From<&str> for Bind {
    fn from(value: &str) -> Self {
        Self::Text(crate::typed(value).into_owned())
    }
}

impl From<String> for Bind {
    fn from(value: String) -> Self {
        match crate::typed(&value) {
            Cow::Borrowed(_) => Self::Text(value),
            Cow::Owned(clean) => Self::Text(clean),
        }
    }
}

impl From<&[u8]> for Bind {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

/// Has one and the same done with the driver's own value, whatever it is.
macro_rules! each {
    ($bind:expr, $value:ident => $then:expr, { $($other:pat => $do:expr),* $(,)? }) => {
        match $bind {
            Bind::Uuid($value) => $then,
            Bind::Text($value) => $then,
            Bind::Int($value) => $then,
            Bind::Bytes($value) => $then,
            Bind::MaybeUuid($value) => $then,
            $($other => $do),*
        }
    };
}

fn foreign(bind: &Bind) -> BoxDynError {
    // Of what kind, not what: errors are logged.
    let kind = format!("{bind:?}");
    format!("not a value for this engine: {}", kind.split('(').next().unwrap_or_default()).into()
}

impl Type<Sqlite> for Bind {
    fn type_info() -> SqliteTypeInfo {
        <String as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for Bind {
    fn encode(self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        each!(self, value => Encode::<Sqlite>::encode(value, buffer), { other => Err(foreign(&other)) })
    }

    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode(self.clone(), buffer)
    }
}

impl Type<Postgres> for Bind {
    fn type_info() -> PgTypeInfo {
        <String as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Bind {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        each!(self, value => Encode::<Postgres>::encode_by_ref(value, buffer), {
            Self::Ints(all) => Encode::<Postgres>::encode_by_ref(all, buffer),
            Self::Column(Column::Ints(all)) => Encode::<Postgres>::encode_by_ref(all, buffer),
            Self::Column(Column::Ids(all)) => Encode::<Postgres>::encode_by_ref(all, buffer),
            Self::Column(Column::Texts(all)) => Encode::<Postgres>::encode_by_ref(all, buffer),
            Self::Column(Column::Bytes(all)) => Encode::<Postgres>::encode_by_ref(all, buffer),
            Self::Rows(_) => Err(foreign(self)),
        })
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        fn of<T: Type<Postgres>>(_: &T) -> PgTypeInfo {
            T::type_info()
        }
        Some(each!(self, value => of(value), {
            Self::Ints(all) => of(all),
            Self::Column(Column::Ints(all)) => of(all),
            Self::Column(Column::Ids(all)) => of(all),
            Self::Column(Column::Texts(all)) => of(all),
            Self::Column(Column::Bytes(all)) => of(all),
            Self::Rows(_) => return None,
        }))
    }
}

/// Makes of rows what the driver takes: of a text one value, of columns a value each, those that the marker names, in its
/// order. The first stands where the rows did, the others after everything else. A statement names each rows once.
pub(crate) fn expand_binds(text: &str, binds: Vec<Bind>) -> (String, Vec<Bind>) {
    let mut text = text.to_owned();
    let mut all = Vec::with_capacity(binds.len());
    let mut more = Vec::new();
    let count = binds.len();
    for (at, bind) in binds.into_iter().enumerate() {
        match bind {
            Bind::Rows(Rows::Text(rows)) => all.push(Bind::Text(String::from_utf8(rows).unwrap_or_default())),
            Bind::Rows(Rows::Columns(columns)) => {
                let mut places = format!("${}", at + 1);
                let marker = dialect::rows_marker(&places);
                let begins = text.find(&marker).map_or(text.len(), |open| open + marker.len());
                let named = text[begins..].split('}').next().unwrap_or_default();
                let mut named = pick(columns, named).into_iter();
                // Whether there is such a column in the rows is told by the server, which gets no value for it.
                all.extend(named.next());
                for column in named {
                    more.push(column);
                    places += &format!(" ${}", count + more.len());
                }
                text = text.replacen(&marker, &dialect::rows_marker(&places), 1);
            }
            other => all.push(other),
        }
    }
    all.extend(more);
    (text, all)
}

fn pick(mut columns: Vec<(&'static str, Column)>, named: &str) -> Vec<Bind> {
    let place = |columns: &[(&str, Column)], name: &str| columns.iter().position(|(of, _)| *of == name);
    let found = dialect::columns(named).filter_map(|(name, _)| {
        let at = place(&columns, name);
        debug_assert!(at.is_some(), "no column {name} in {columns:?}");
        at.map(|at| Bind::Column(columns.swap_remove(at).1))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::dialect::{Engine, render};
    use crate::sql::rows::rows;

    #[test]
    fn rows_of_a_server_become_a_value_a_column() {
        let text =
            "WITH a AS (DELETE FROM t WHERE o = $1) SELECT * FROM {rows $2: id uuid, n int, l list} r WHERE x = $3";
        let row = || [("l", vec![1, 2].into()), ("left", "out".into()), ("id", Uuid::nil().into()), ("n", 7.into())];
        let binds = |engine| vec![Bind::Int(1), rows(engine, [row(), row()]).unwrap().into(), Bind::Text("x".into())];
        let (text_of_file, of_file) = expand_binds(text, binds(Engine::Sqlite));
        assert_eq!(text_of_file, text);
        assert!(matches!(&of_file[..], [Bind::Int(1), Bind::Text(rows), Bind::Text(_)] if rows.contains(r#""n":7"#)));
        let (text, binds) = expand_binds(text, binds(Engine::Postgres));
        assert_eq!(
            render(Engine::Postgres, &text).0,
            "WITH a AS (DELETE FROM t WHERE o = $1) SELECT * FROM (SELECT id, n, l::jsonb AS l \
             FROM unnest($2::uuid[], $4::bigint[], $5::text[]) AS made(id, n, l)) r WHERE x = $3"
        );
        let [
            Bind::Int(1),
            Bind::Column(Column::Ids(ids)),
            Bind::Text(_),
            Bind::Column(Column::Ints(n)),
            Bind::Column(list),
        ] = &binds[..]
        else {
            panic!("{binds:?}")
        };
        assert_eq!((&ids[..], &n[..]), (&[Some(Uuid::nil()); 2][..], &[Some(7); 2][..]));
        assert!(matches!(list, Column::Texts(texts) if texts[1].as_deref() == Some("[1,2]")));
    }
}
