//! What goes on beside the requests: sending mail, working on bulk updates, reminding, and sweeping away what has run
//! out. All of it outlives a database that is away for a while.

mod bulk;
mod letter;
mod mail;
mod outbox;
mod reminders;
mod sweep;

use std::time::Duration;

use muster_app::App;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use mail::{Mailer, mail_server_is_usable};

/// Begins all of it. It ends soon after `stop` turns true; a message on its way is finished first.
/// Licenses that run out are looked for `first_reminders` after now, then each hour.
pub fn begin(app: &App, mailer: Mailer, first_reminders: Duration, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(outbox::run(app.clone(), mailer, stop.clone()));
    tasks.spawn(bulk::run(app.clone(), stop.clone()));
    tasks.spawn(sweep::run(app.clone(), stop.clone()));
    tasks.spawn(reminders::run(app.clone(), first_reminders, stop.clone()));
    tasks
}

/// Waits, but not longer than until the end; true when there is time to go on.
async fn pause(duration: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::time::timeout(duration, stop.wait_for(|stop| *stop)).await.is_err()
}
