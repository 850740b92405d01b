//! The command line.

use clap::{Parser, ValueEnum};

use crate::installation::Engine;

/// Measures Muster, each figure against its limit.
#[derive(Debug, Parser)]
#[command(name = "muster-bench")]
pub struct Arguments {
    /// Measure only these rows.
    #[arg(long, value_delimiter = ',', value_name = "ROWS")]
    only: Vec<Part>,
    /// Measure on one database only; PostgreSQL needs `scripts/with-postgres`.
    #[arg(long)]
    pub engine: Option<Engine>,
    /// 1,000,000 people in 400 organizations, one of 200,000, instead of one organization of 100,000.
    #[arg(long)]
    pub large: bool,
    /// Fewer people, to try the bench itself; the goals are for 100,000.
    #[arg(long, value_name = "COUNT", conflicts_with = "large")]
    pub people: Option<u64>,
    /// People of the measured bulk update.
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    pub bulk_people: usize,
}

impl Arguments {
    /// Whether these rows are measured.
    pub fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// Rows that are measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The first answer of the program, and its memory when idle.
    Start,
    /// A CSV file of people.
    Import,
    /// The people list as JSON.
    Lists,
    /// The search in the people list.
    Search,
    /// The people list as a page.
    Pages,
    /// Pages far down the list.
    Depth,
    /// The duplicate check.
    Duplicates,
    /// The license pages.
    Licenses,
    /// Sign-ins, and other pages meanwhile.
    SignIn,
    /// Bulk updates.
    Bulk,
}

impl Part {
    /// Those that need a served installation full of people.
    pub const OF_SERVED: [Self; 8] = [
        Self::Lists,
        Self::Search,
        Self::Pages,
        Self::Depth,
        Self::Duplicates,
        Self::Licenses,
        Self::SignIn,
        Self::Bulk,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_engine_are_chosen_by_name() {
        let parse = |line: &str| Arguments::try_parse_from(std::iter::once("bench").chain(line.split_whitespace()));
        let arguments = parse("--only lists,search --engine sqlite").expect("arguments");
        assert!(arguments.wants(Part::Lists) && arguments.wants(Part::Search) && !arguments.wants(Part::Import));
        assert_eq!(arguments.engine, Some(Engine::Sqlite));
        assert!(parse("").expect("arguments").wants(Part::Bulk));
        assert!(parse("--only everything").is_err());
    }
}
