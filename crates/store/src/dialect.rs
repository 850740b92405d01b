//! The few places where the two engines are spelled differently.
//!
//! Statements are written with small markers that [`spell`] expands:
//! - `{ids $2}`: the identifiers in the JSON array bound as `$2`, as a sub-query of one column;
//! - `{ints $2}`: the same for whole numbers;
//! - `{among a $2}`: true when text `a` is in the JSON array bound as `$2`, always by way of an index on `a`;
//! - `{rows $1: a uuid, b text, n int, h bytes}`: the objects in the JSON array bound as `$1`, as a table;
//! - `{find a $3}`: true when text `a` contains the text bound as `$3`;
//! - `{grams $3}`: true when a directory row `d` carries all grams bound as `$3`.

use std::fmt::Write;

use sqlx::AssertSqlSafe;

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Expands the markers. The input is always text of this program; nothing a person typed ever becomes SQL.
pub(crate) fn spell(engine: Engine, text: &str) -> AssertSqlSafe<String> {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let close = rest[open..].find('}').map_or(rest.len() - 1, |at| open + at);
        expand(engine, &rest[open + 1..close], &mut out);
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    AssertSqlSafe(out)
}

fn expand(engine: Engine, marker: &str, out: &mut String) {
    let (verb, argument) = marker.split_once(' ').unwrap_or((marker, ""));
    match (verb, engine) {
        ("ids", Engine::Sqlite) => write!(out, "(SELECT unhex(value) FROM json_each({argument}))"),
        ("ids", Engine::Postgres) => {
            write!(out, "(SELECT value::uuid FROM jsonb_array_elements_text({argument}::jsonb))")
        }
        ("ints", Engine::Postgres) => {
            write!(out, "(SELECT value::bigint FROM jsonb_array_elements_text({argument}::jsonb))")
        }
        ("ints", Engine::Sqlite) => write!(out, "(SELECT value FROM json_each({argument}))"),
        ("among", _) => {
            let (column, bound) = argument.split_once(' ').unwrap_or((argument, "$0"));
            match engine {
                Engine::Sqlite => write!(out, "{column} IN (SELECT value FROM json_each({bound}))"),
                // An array is known before the plan is made to run. A sub-query is joined, and in a table that grew
                // since it was last analysed the join may read the whole of it once for each value.
                Engine::Postgres => {
                    write!(out, "{column} = ANY (ARRAY(SELECT jsonb_array_elements_text({bound}::jsonb)))")
                }
            }
        }
        ("rows", _) => {
            expand_rows(engine, argument, out);
            Ok(())
        }
        ("find", _) => {
            let (column, bound) = argument.split_once(' ').unwrap_or((argument, "$0"));
            match engine {
                Engine::Sqlite => write!(out, "instr({column}, {bound}) > 0"),
                Engine::Postgres => write!(out, "strpos({column}, {bound}) > 0"),
            }
        }
        ("grams", Engine::Sqlite) => {
            write!(
                out,
                "d.entry_number IN (SELECT rowid FROM directory_search WHERE directory_search MATCH {argument})"
            )
        }
        ("grams", Engine::Postgres) => write!(out, "d.grams @> ({argument}::text)::bigint[]"),
        _ => write!(out, "unknown marker {marker}"),
    }
    .unwrap_or_default();
}

fn expand_rows(engine: Engine, argument: &str, out: &mut String) {
    let (bound, columns) = argument.split_once(':').unwrap_or((argument, ""));
    out.push_str("(SELECT ");
    for (at, column) in columns.split(',').enumerate() {
        let (name, kind) = column.trim().split_once(' ').unwrap_or((column.trim(), "text"));
        let comma = if at == 0 { "" } else { ", " };
        let _ = match (engine, kind) {
            (Engine::Sqlite, "uuid" | "bytes") => write!(out, "{comma}unhex(value->>'{name}') AS {name}"),
            (Engine::Postgres, "uuid") => write!(out, "{comma}(value->>'{name}')::uuid AS {name}"),
            (Engine::Postgres, "bytes") => write!(out, "{comma}decode(value->>'{name}', 'hex') AS {name}"),
            (Engine::Postgres, "int") => write!(out, "{comma}(value->>'{name}')::bigint AS {name}"),
            _ => write!(out, "{comma}value->>'{name}' AS {name}"),
        };
    }
    let _ = match engine {
        Engine::Sqlite => write!(out, " FROM json_each({bound}))"),
        Engine::Postgres => write!(out, " FROM jsonb_array_elements({bound}::jsonb))"),
    };
}

/// Identifiers for an `{ids}` marker.
pub(crate) fn id_list<'a>(ids: impl IntoIterator<Item = &'a uuid::Uuid>) -> String {
    let mut out = String::from("[");
    for (at, id) in ids.into_iter().enumerate() {
        let _ = write!(out, "{}\"{}\"", if at == 0 { "" } else { "," }, id.simple());
    }
    out.push(']');
    out
}

/// Bytes for a `bytes` column of a `{rows}` marker.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Grams for a `{grams}` marker.
pub(crate) fn gram_query(engine: Engine, grams: &[i64]) -> String {
    match engine {
        Engine::Sqlite => grams.iter().map(|g| format!("g{g:x}")).collect::<Vec<_>>().join(" AND "),
        Engine::Postgres => {
            format!("{{{}}}", grams.iter().map(i64::to_string).collect::<Vec<_>>().join(","))
        }
    }
}

/// Grams as the search index stores them.
pub(crate) fn gram_document(engine: Engine, grams: &[i64]) -> String {
    match engine {
        Engine::Sqlite => grams.iter().fold(String::with_capacity(grams.len() * 18), |mut out, g| {
            let _ = write!(out, "g{g:x} ");
            out
        }),
        Engine::Postgres => gram_query(engine, grams),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_gets_its_own_spelling() {
        let text = "x IN {ids $2} AND {find t $3} FROM {rows $1: a uuid, n int} r";
        assert_eq!(
            spell(Engine::Sqlite, text).0,
            "x IN (SELECT unhex(value) FROM json_each($2)) AND instr(t, $3) > 0 FROM (SELECT unhex(value->>'a') AS a, value->>'n' AS n FROM json_each($1)) r"
        );
        assert_eq!(
            spell(Engine::Postgres, text).0,
            "x IN (SELECT value::uuid FROM jsonb_array_elements_text($2::jsonb)) AND strpos(t, $3) > 0 FROM (SELECT (value->>'a')::uuid AS a, (value->>'n')::bigint AS n FROM jsonb_array_elements($1::jsonb)) r"
        );
    }
}
