//! What operators watch, in Prometheus' text form, on a listener of its own.

use std::fmt::Write;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use muster_app::App;

/// `/metrics`.
pub fn router(app: App) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(app)
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let ready = app.ready().await;
    let waiting = if ready { app.messages_waiting().await.ok() } else { None };
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text(ready, waiting, resident_bytes()))
}

fn text(ready: bool, waiting: Option<i64>, resident: Option<u64>) -> String {
    let mut out = String::new();
    let mut gauge = |name: &str, help: &str, value: String| {
        let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
    };
    gauge("muster_ready", "1 while the database answers.", u8::from(ready).to_string());
    if let Some(waiting) = waiting {
        gauge("muster_messages_waiting", "Emails not sent yet.", waiting.to_string());
    }
    if let Some(bytes) = resident {
        gauge("process_resident_memory_bytes", "Resident memory size in bytes.", bytes.to_string());
    }
    out
}

/// From the kernel; none elsewhere than on Linux.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn an_unknown_figure_is_left_out() {
        let shown = text(false, None, Some(1024));
        assert!(shown.contains("\nmuster_ready 0\n") && shown.contains("memory_bytes 1024\n"), "{shown}");
        assert!(!shown.contains("waiting"), "{shown}");
    }
}
