//! Forgets sessions, links and waiting times that have run out.

use std::time::Duration;

use muster_app::App;
use tokio::sync::watch;

use super::pause;

const EVERY: Duration = Duration::from_hours(1);
/// The first comes soon, but out of the way of the start.
const FIRST: Duration = Duration::from_mins(1);

/// Sweeps each hour until the end.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let mut wait = FIRST;
    while pause(wait, &mut stop).await {
        if let Err(error) = app.sweep().await {
            tracing::warn!(%error, "what has run out could not be swept away; trying again in an hour");
        }
        wait = EVERY;
    }
}
