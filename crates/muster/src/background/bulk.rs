//! Works on bulk updates that were started: also on those another program left behind.

use std::time::Duration;

use muster_app::App;
use tokio::sync::watch;

use super::pause;

/// How soon a waiting bulk update is noticed.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// The longest wait while the database is away or a bulk update fails.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Works until the end; the chunk at hand is finished first.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let mut wait = LOOK_EVERY;
    loop {
        let go_on = tokio::select! {
            go_on = pause(wait, &mut stop) => go_on,
            () = app.bulk_update_waits() => !*stop.borrow(),
        };
        if !go_on {
            return;
        }
        let asked = stop.clone();
        match app.work_on_bulk(|| !*asked.borrow()).await {
            Ok(_) => wait = LOOK_EVERY,
            Err(error) => {
                tracing::warn!(%error, "a bulk update cannot go on; trying again");
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}
