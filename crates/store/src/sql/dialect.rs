//! The few places where the two engines are spelled differently.
//!
//! Statements are written with four markers ([`MARKERS`]) that [`render`] expands:
//! - `a IN {ids $2}`: true when `a` is one of the identifiers in the JSON array bound as `$2`;
//! - `{rows $1: a uuid, b text, n int, h bytes, l list}`: the [`Rows`](crate::sql::rows::Rows) bound as `$1`, as a table;
//!   for a server `$1 $2 $3 …`, a value a column;
//! - `{find a $3}`: true when text `a` contains the text bound as `$3`;
//! - `{grams $3}`: true when a row `d` of the list carries all grams bound as `$3`.
//!
//! What is needed seldom is a function that is given the engine: [`in_ints`], [`in_texts`], [`ints_of`].

use std::fmt::Write;

use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// The markers there are. A test reads the sources of this crate for others.
pub(crate) const MARKERS: [&str; 4] = ["ids", "rows", "find", "grams"];

/// Expands the markers. The input is always text of this program; nothing a person typed ever becomes SQL.
pub(crate) fn render(engine: Engine, text: &str) -> AssertSqlSafe<String> {
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
    debug_assert!(MARKERS.contains(&verb), "unknown marker {{{marker}}}");
    match (verb, engine) {
        ("ids", Engine::Sqlite) => out.push_str(&format!("(SELECT unhex(value) FROM json_each({argument}))")),
        ("ids", Engine::Postgres) => {
            out.truncate(out.trim_end_matches("IN ").len());
            out.push_str(&any_of("uuid", argument));
        }
        ("rows", _) => expand_rows(engine, argument, out),
        ("find", _) => {
            let (column, bound) = argument.split_once(' ').unwrap_or((argument, "$0"));
            out.push_str(&match engine {
                Engine::Sqlite => format!("instr({column}, {bound}) > 0"),
                Engine::Postgres => format!("strpos({column}, {bound}) > 0"),
            });
        }
        ("grams", Engine::Sqlite) => out.push_str(&format!(
            "d.entry_number IN (SELECT rowid FROM listing_search WHERE listing_search MATCH {argument})"
        )),
        ("grams", Engine::Postgres) => out.push_str(&format!("d.grams @> ({argument}::text)::bigint[]")),
        // Refused by either engine.
        _ => out.push_str(&format!("unknown marker {marker}")),
    }
}

/// A comparison of PostgreSQL with the values of a JSON array. An array is known before the plan is made to run; a
/// sub-query is joined, and in a table that grew since it was last analyzed the join may read the whole practice.
fn any_of(kind: &str, bound: &str) -> String {
    format!("= ANY (ARRAY(SELECT value::{kind} FROM jsonb_array_elements_text({bound}::jsonb)))")
}

/// True when whole number `column` is in the JSON array `bound`.
pub(crate) fn in_ints(engine: Engine, column: &str, bound: &str) -> String {
    match engine {
        Engine::Sqlite => format!("{column} IN (SELECT value FROM json_each({bound}))"),
        Engine::Postgres => format!("{column} {}", any_of("bigint", bound)),
    }
}

/// True when text `column` is in the JSON array `bound`.
pub(crate) fn in_texts(engine: Engine, column: &str, bound: &str) -> String {
    match engine {
        Engine::Sqlite => format!("{column} IN (SELECT value FROM json_each({bound}))"),
        Engine::Postgres => format!("{column} {}", any_of("text", bound)),
    }
}

/// The whole numbers of a `list` column of rows, as a table with a column `value`.
pub(crate) fn ints_of(engine: Engine, list: &str) -> String {
    match engine {
        Engine::Sqlite => format!("json_each({list})"),
        Engine::Postgres => {
            format!("LATERAL (SELECT e::bigint AS value FROM jsonb_array_elements_text({list}) e)")
        }
    }
}

/// All identifiers `column` of a group as one text, for [`listed_ids`]; null when there is none.
pub(crate) fn joined_ids(engine: Engine, column: &str) -> String {
    match engine {
        Engine::Sqlite => format!("group_concat(hex({column}))"),
        Engine::Postgres => format!("string_agg({column}::text, ',')"),
    }
}

/// An identifier of SQLite as JSON holds it; null where there is none.
fn id_as_text(column: &str) -> String {
    format!("nullif(lower(hex({column})), '')")
}

/// The marker of the rows bound as this value, up to its columns.
pub(crate) fn rows_marker(bound: &str) -> String {
    format!("{{rows {bound}:")
}

/// Names and kinds of the columns of a `{rows}` marker.
pub(crate) fn columns(list: &str) -> impl Iterator<Item = (&str, &str)> {
    list.split(',').map(|c| c.trim().split_once(' ').unwrap_or((c.trim(), "text")))
}

fn expand_rows(engine: Engine, argument: &str, out: &mut String) {
    let (bound, list) = argument.split_once(':').unwrap_or((argument, ""));
    let columns = || columns(list);
    out.push_str("(SELECT ");
    for (at, (name, kind)) in columns().enumerate() {
        out.push_str(if at == 0 { "" } else { ", " });
        let _ = match (engine, kind) {
            (Engine::Sqlite, "uuid" | "bytes") => write!(out, "unhex(value->>'{name}') AS {name}"),
            // The list itself, for `ints_of`; `->>` would make a text of it.
            (Engine::Sqlite, "list") => write!(out, "jsonb_extract(value, '$.{name}') AS {name}"),
            (Engine::Sqlite, _) => write!(out, "value->>'{name}' AS {name}"),
            (Engine::Postgres, "list") => write!(out, "{name}::jsonb AS {name}"),
            (Engine::Postgres, _) => write!(out, "{name}"),
        };
    }
    let _ = match engine {
        // Binary, so that a row is not written out as text only to be read again for each of its columns.
        Engine::Sqlite => write!(out, " FROM jsonb_each({bound}))"),
        Engine::Postgres => {
            let kind = |kind| match kind {
                "uuid" => "uuid",
                "int" => "bigint",
                "bytes" => "bytea",
                _ => "text",
            };
            let lists: Vec<String> =
                bound.split(' ').zip(columns()).map(|(bound, (_, of))| format!("{bound}::{}[]", kind(of))).collect();
            let names: Vec<&str> = columns().map(|(name, _)| name).collect();
            write!(out, " FROM unnest({}) AS made({}))", lists.join(", "), names.join(", "))
        }
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

/// The identifiers that [`joined_ids`] made one text of.
pub(crate) fn listed_ids(text: Option<&str>) -> impl Iterator<Item = Uuid> {
    text.unwrap_or_default().split(',').filter_map(|id| Uuid::try_parse(id).ok())
}

/// A statement of SQLite whose one row is a JSON array of the rows of another, each an array of these columns; columns in
/// parentheses become an array within.
pub(crate) fn as_json_rows(columns: &str, text: &str) -> String {
    let mut fields = String::from("json_array(");
    for (at, column) in columns.split(", ").enumerate() {
        fields.push_str(if at == 0 { "" } else { ", " });
        let inner = column.trim_start_matches('(');
        fields.push_str(&"json_array(".repeat(column.len() - inner.len()));
        let bare = inner.trim_end_matches(')');
        let (name, kind) = bare.split_once(' ').unwrap_or((bare, "text"));
        let field = format!("q.{name}");
        fields.push_str(&if kind == "uuid" { id_as_text(&field) } else { field });
        fields.push_str(&inner[bare.len()..]);
    }
    format!("SELECT json_group_array({fields})) FROM ({text}) q")
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
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

/// Grams as the search index of a file takes them.
pub(crate) fn gram_document(grams: &[i64]) -> String {
    grams.iter().fold(String::with_capacity(grams.len() * 18), |mut out, g| {
        let _ = write!(out, "g{g:x} ");
        out
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn each_engine_gets_its_own_spelling() {
        let text = "x IN {ids $2} AND {find t $3} FROM {rows $1: a uuid, n int} r";
        let of_server = text.replace("{rows $1:", "{rows $1 $4:");
        assert_eq!(
            render(Engine::Sqlite, text).0,
            "x IN (SELECT unhex(value) FROM json_each($2)) AND instr(t, $3) > 0 FROM (SELECT unhex(value->>'a') AS a, value->>'n' AS n FROM jsonb_each($1)) r"
        );
        assert_eq!(
            render(Engine::Postgres, &of_server).0,
            "x = ANY (ARRAY(SELECT value::uuid FROM jsonb_array_elements_text($2::jsonb))) AND strpos(t, $3) > 0 FROM (SELECT a, n FROM unnest($1::uuid[], $4::bigint[]) AS made(a, n)) r"
        );
    }

    #[test]
    fn columns_in_parentheses_become_an_array_within_an_array() {
        assert_eq!(
            as_json_rows("a int, (b uuid, (c text)), d text", "SELECT 1"),
            "SELECT json_group_array(json_array(q.a, json_array(nullif(lower(hex(q.b)), ''), json_array(q.c)), q.d)) FROM (SELECT 1) q"
        );
    }

    #[test]
    #[should_panic(expected = "unknown marker {each $1}")]
    fn an_unknown_marker_is_no_statement() {
        render(Engine::Sqlite, "SELECT 1 FROM {each $1}");
    }

    /// Braces that a format string doubles are markers too. A word and a space behind a brace is nothing else here.
    #[test]
    fn the_sources_know_no_other_markers() {
        let mut sources = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        let mut met = BTreeSet::new();
        while let Some(path) = sources.pop() {
            if path.is_dir() {
                sources.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            // Of this file only what stands before the tests, which name one that is wrong.
            let text = text.split("mod tests {").next().unwrap_or_default();
            for after in text.split('{').skip(1) {
                let word: String = after.chars().take_while(char::is_ascii_lowercase).collect();
                if !word.is_empty() && after[word.len()..].starts_with(' ') {
                    assert!(MARKERS.contains(&&*word), "unknown marker {{{word} …}} in {}", path.display());
                    met.insert(word);
                }
            }
        }
        assert_eq!(met, MARKERS.map(str::to_owned).into(), "each marker is in use");
    }
}
