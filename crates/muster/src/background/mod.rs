//! Background work: one worker looks into the queue of jobs and starts the handler of each kind that has something due,
//! one handler a kind at a time, so that a slow mail server holds up nothing but mail. Each handler is one file.

mod bulk_update;
mod email;
mod letter;
mod mail;
mod reminders;
mod retention;
mod sweep;
mod worker;

use std::time::Duration;

use muster_app::App;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use mail::{Mailer, mail_server_is_usable};

/// Starts the worker. It ends soon after `stop` turns true; the job at hand is finished first, or taken up again later.
/// Licenses that expire are first looked for `first_reminders` after now.
pub fn begin(app: &App, mailer: Mailer, first_reminders: Duration, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(worker::run(app.clone(), mailer, first_reminders, stop.clone()));
    tasks
}
