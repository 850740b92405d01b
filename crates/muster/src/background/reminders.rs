//! Reminds people and their managers of licenses that run out.

use std::time::Duration;

use muster_app::App;
use tokio::sync::watch;

use super::pause;

const EVERY: Duration = Duration::from_hours(1);
/// Licenses of a practice written about in one look; the rest follows with the next.
const AT_ONCE: i64 = 500;

/// Looks `first` after the start, then each hour until the end. What was told is on record, so that neither a restart
/// nor a second program repeats it.
pub async fn run(app: App, first: Duration, mut stop: watch::Receiver<bool>) {
    let mut wait = first;
    while pause(wait, &mut stop).await {
        if let Err(error) = app.send_due_reminders(AT_ONCE).await {
            tracing::warn!(%error, "reminders of licenses could not be sent; trying again in an hour");
        }
        wait = EVERY;
    }
}
