//! Rows of the report.

use std::process::ExitCode;
use std::time::Duration;

/// The first line.
pub const HEAD: &str = "name                                                     ours           limit          ratio    goal         verdict";

/// Collects verdicts while rows are printed.
#[derive(Debug, Default)]
pub struct Rows {
    short: u32,
}

impl Rows {
    /// A figure against a limit taken in the same run: good when `ours / limit` is at least `goal`.
    pub fn at_least(&mut self, name: &str, ours: f64, limit: f64, unit: &str, goal: f64) {
        let ratio = ours / limit;
        self.line(
            name,
            &format!("{ours:.1} {unit}"),
            &format!("{limit:.1} {unit}"),
            &format!("{ratio:.2}"),
            &format!(">= {goal}"),
            ratio >= goal,
        );
    }

    /// A time against one taken in the same run: good when `ours / limit` is at most `goal`.
    pub fn ratio_at_most(&mut self, name: &str, ours: f64, limit: f64, unit: &str, goal: f64) {
        let ratio = ours / limit;
        self.line(
            name,
            &format!("{ours:.1} {unit}"),
            &format!("{limit:.1} {unit}"),
            &format!("{ratio:.2}"),
            &format!("<= {goal}"),
            ratio <= goal,
        );
    }

    /// A figure with a goal of its own: good when it is at most `goal`.
    pub fn at_most(&mut self, name: &str, ours: f64, unit: &str, goal: f64) {
        self.line(name, &format!("{ours:.1} {unit}"), "-", "-", &format!("<= {goal} {unit}"), ours <= goal);
    }

    /// A rate with a goal of its own: good when it is at least `goal`.
    pub fn rate(&mut self, name: &str, ours: f64, unit: &str, goal: f64) {
        self.line(name, &format!("{ours:.0} {unit}"), "-", "-", &format!(">= {goal} {unit}"), ours >= goal);
    }

    /// A figure that stands beside others, without a goal.
    pub fn note(name: &str, figure: &str) {
        println!("{name:<56} {figure}");
    }

    fn line(&mut self, name: &str, ours: &str, limit: &str, ratio: &str, goal: &str, good: bool) {
        self.short += u32::from(!good);
        let verdict = if good { "ok" } else { "short" };
        println!("{name:<56} {ours:<14} {limit:<14} {ratio:<8} {goal:<12} {verdict}");
    }

    /// Exit code 2 when a row fell short.
    pub fn finish(self) -> ExitCode {
        if self.short == 0 { ExitCode::SUCCESS } else { ExitCode::from(2) }
    }
}

/// The `share`-th part of sorted times, in milliseconds: 0.95 for p95.
pub fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let at = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len());
    times[at - 1].as_secs_f64() * 1000.0
}
