//! What operators watch, in Prometheus' text form, on a listener of its own.

use std::fmt::Write;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use muster_app::App;
use muster_app::jobs::{JobCount, JobKind};

/// `/metrics`.
pub fn router(app: App) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(app)
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let ready = app.ready().await;
    let counts = if ready { app.job_counts().await.ok() } else { None };
    let shown = Shown { ready, counts, done: app.job_counters().by_kind(), resident: resident_bytes() };
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], shown.text())
}

/// What is shown; unknown figures are left out.
struct Shown {
    ready: bool,
    counts: Option<Vec<JobCount>>,
    /// By kind: jobs done and attempts that failed.
    done: Vec<(JobKind, u64, u64)>,
    resident: Option<u64>,
}

impl Shown {
    fn text(&self) -> String {
        let mut out = String::new();
        family(
            &mut out,
            "muster_ready",
            "gauge",
            "1 while the database answers.",
            &[(String::new(), u64::from(self.ready))],
        );
        if let Some(counts) = &self.counts {
            let of = |kind: JobKind, state: &str| {
                let found = counts.iter().find(|c| c.kind == kind.as_str() && c.state == state);
                found.map_or(0, |c| u64::try_from(c.jobs).unwrap_or(0))
            };
            let waiting = of(JobKind::SendEmail, "queued");
            family(&mut out, "muster_messages_waiting", "gauge", "Emails not sent yet.", &[(String::new(), waiting)]);
            let by_kind = |state| JobKind::ALL.iter().map(|k| (labels(*k), of(*k, state))).collect::<Vec<_>>();
            family(&mut out, "muster_jobs_queued", "gauge", "Jobs that wait or run.", &by_kind("queued"));
            family(&mut out, "muster_jobs_failed", "gauge", "Jobs that were given up.", &by_kind("failed"));
        }
        let done: Vec<_> = self.done.iter().map(|(kind, done, _)| (labels(*kind), *done)).collect();
        family(&mut out, "muster_jobs_done_total", "counter", "Jobs this program did since it started.", &done);
        let failures: Vec<_> = self.done.iter().map(|(kind, _, failed)| (labels(*kind), *failed)).collect();
        family(&mut out, "muster_job_failures_total", "counter", "Attempts of this program that failed.", &failures);
        if let Some(bytes) = self.resident {
            let help = "Resident memory size in bytes.";
            family(&mut out, "process_resident_memory_bytes", "gauge", help, &[(String::new(), bytes)]);
        }
        out
    }
}

fn labels(kind: JobKind) -> String {
    format!("{{kind=\"{}\"}}", kind.as_str())
}

fn family(out: &mut String, name: &str, kind: &str, help: &str, samples: &[(String, u64)]) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (labels, value) in samples {
        let _ = writeln!(out, "{name}{labels} {value}");
    }
}

/// From the kernel; none elsewhere than on Linux.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_figure_is_left_out() {
        let shown = Shown { ready: false, counts: None, done: Vec::new(), resident: Some(1024) }.text();
        assert!(shown.contains("\nmuster_ready 0\n") && shown.contains("memory_bytes 1024\n"), "{shown}");
        assert!(!shown.contains("waiting") && !shown.contains("queued"), "{shown}");
    }

    #[test]
    fn jobs_are_counted_by_kind() {
        let count =
            |kind: JobKind, state: &str, jobs| JobCount { kind: kind.as_str().into(), state: state.into(), jobs };
        let counts = vec![count(JobKind::SendEmail, "queued", 3), count(JobKind::RunBulkUpdate, "failed", 1)];
        let done = vec![(JobKind::SendEmail, 7, 2)];
        let shown = Shown { ready: true, counts: Some(counts), done, resident: None }.text();
        for line in [
            "muster_messages_waiting 3",
            "muster_jobs_queued{kind=\"send_email\"} 3",
            "muster_jobs_queued{kind=\"sweep\"} 0",
            "muster_jobs_failed{kind=\"run_bulk_update\"} 1",
            "muster_jobs_done_total{kind=\"send_email\"} 7",
            "muster_job_failures_total{kind=\"send_email\"} 2",
        ] {
            assert!(shown.lines().any(|l| l == line), "{line} in\n{shown}");
        }
    }
}
