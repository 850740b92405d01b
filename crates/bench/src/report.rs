//! The rows of the report.

use std::time::Duration;

use crate::hash;

/// Prints rows as they come in and counts those that fall short.
pub struct Report {
    short: Vec<String>,
    /// One hash when it was last measured, in milliseconds.
    hash_ms: f64,
}

/// A figure, what it is held against, and whether it may be at most or has to be at least the goal.
struct Row<'a> {
    name: &'a str,
    ours: String,
    limit: String,
    ratio: Option<f64>,
    goal: String,
    good: bool,
}

impl Report {
    /// Prints the head.
    pub fn new() -> Self {
        let hash_ms = hash::one_hash_ms();
        let report = Self { short: Vec::new(), hash_ms };
        print_columns("name", "ours", "limit", "ratio", "goal", "verdict");
        Self::note("one bare hash on one core", &format!("{hash_ms:.1} ms"));
        report
    }

    /// Measures a hash before a measurement begins, unless a row was printed just before.
    pub fn refresh_hash(&mut self) {
        self.hash_ms = hash::one_hash_ms();
    }

    /// One hash, in milliseconds: the mean of before and after what was just measured.
    fn hash_around(&mut self) -> f64 {
        let before = self.hash_ms;
        self.refresh_hash();
        f64::midpoint(before, self.hash_ms)
    }

    /// A time in milliseconds: good when it is at most `goal` hashes.
    pub fn time_at_most(&mut self, name: &str, ours_ms: f64, goal: f64) {
        let hash = self.hash_around();
        let ratio = ours_ms / hash;
        self.print(&Row {
            name,
            ours: format!("{ours_ms:.1} ms"),
            limit: format!("{hash:.1} ms/hash"),
            ratio: Some(ratio),
            goal: format!("<= {goal} hash"),
            good: ratio <= goal,
        });
    }

    /// A rate a second: good when at least `goal` of it are done in the time of one hash.
    pub fn rate_at_least(&mut self, name: &str, ours: f64, unit: &str, goal: f64) {
        let hash = self.hash_around();
        let ratio = ours * hash / 1000.0;
        self.print(&Row {
            name,
            ours: format!("{ours:.0} {unit}/s"),
            limit: format!("{hash:.1} ms/hash"),
            ratio: Some(ratio),
            goal: format!(">= {goal} a hash"),
            good: ratio >= goal,
        });
    }

    /// A figure against a limit taken in the same run: good when `ours / limit` is at least `goal`.
    pub fn ratio_at_least(&mut self, name: &str, ours: f64, limit: f64, unit: &str, goal: f64) {
        let ratio = ours / limit;
        self.print(&Row {
            name,
            ours: format!("{ours:.1} {unit}"),
            limit: format!("{limit:.1} {unit}"),
            ratio: Some(ratio),
            goal: format!(">= {goal}"),
            good: ratio >= goal,
        });
    }

    /// A figure against a limit taken in the same run: good when `ours / limit` is at most `goal`.
    pub fn ratio_at_most(&mut self, name: &str, ours: f64, limit: f64, unit: &str, goal: f64) {
        let ratio = ours / limit;
        self.print(&Row {
            name,
            ours: format!("{ours:.1} {unit}"),
            limit: format!("{limit:.1} {unit}"),
            ratio: Some(ratio),
            goal: format!("<= {goal}"),
            good: ratio <= goal,
        });
    }

    /// A figure without a limit: good when it is at most `goal`.
    pub fn at_most(&mut self, name: &str, ours: f64, unit: &str, goal: f64) {
        let (ours, good) = (format!("{ours:.1} {unit}"), ours <= goal);
        let limit = "-".to_owned();
        self.print(&Row { name, ours, limit, ratio: None, goal: format!("<= {goal} {unit}"), good });
    }

    /// A figure without a limit: good when it is at least `goal`.
    pub fn at_least(&mut self, name: &str, ours: f64, unit: &str, goal: f64) {
        let (ours, good) = (format!("{ours:.1} {unit}"), ours >= goal);
        let limit = "-".to_owned();
        self.print(&Row { name, ours, limit, ratio: None, goal: format!(">= {goal} {unit}"), good });
    }

    /// A figure without a goal.
    pub fn note(name: &str, figure: &str) {
        println!("{name:<74} {figure}");
    }

    fn print(&mut self, row: &Row<'_>) {
        let ratio = row.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        let verdict = if row.good { "ok" } else { "short" };
        print_columns(row.name, &row.ours, &row.limit, &ratio, &row.goal, verdict);
        if !row.good {
            self.short.push(row.name.to_owned());
        }
    }

    /// Says which rows are short.
    pub fn finish(self) {
        if self.short.is_empty() {
            println!("Every row meets its goal.");
        } else {
            println!("Short: {}", self.short.join("; "));
        }
    }
}

fn print_columns(name: &str, ours: &str, limit: &str, ratio: &str, goal: &str, verdict: &str) {
    println!("{name:<74} {ours:<14} {limit:<14} {ratio:<8} {goal:<14} {verdict}");
}

/// The `share`-th part of sorted times, in milliseconds: 0.95 for p95.
pub fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let at = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len());
    times[at - 1].as_secs_f64() * 1000.0
}
