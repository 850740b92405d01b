//! Sends the messages that wait.

use std::time::Duration;

use muster_app::{App, AppError};
use tokio::sync::watch;

use super::mail::Mailer;
use super::pause;

/// How soon a new message is noticed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The longest wait while the database is away.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Taken at once: few enough that all are tried within the time they are held for this sender.
const TAKEN_AT_ONCE: i64 = 8;

/// Sends until the end.
pub async fn run(app: App, mailer: Mailer, mut stop: watch::Receiver<bool>) {
    let mut wait = LOOK_EVERY;
    let mut away = false;
    while pause(wait, &mut stop).await {
        match send_waiting(&app, &mailer, &stop).await {
            Ok(()) => {
                if away {
                    tracing::info!("the outbox is reachable again");
                }
                away = false;
                wait = LOOK_EVERY;
            }
            Err(error) => {
                if !away {
                    tracing::warn!(%error, "the outbox cannot be reached; trying again");
                }
                away = true;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}

async fn send_waiting(app: &App, mailer: &Mailer, stop: &watch::Receiver<bool>) -> Result<(), AppError> {
    // Looking only reads; taking needs the one writer of a SQLite file.
    while !*stop.borrow() && app.messages_waiting().await? > 0 {
        let taken = app.take_messages(TAKEN_AT_ONCE).await?;
        if taken.is_empty() {
            break;
        }
        for message in taken {
            // A message taken and not tried is due again by itself.
            if *stop.borrow() {
                return Ok(());
            }
            let result = mailer.send(&message).await;
            if let Err(error) = &result {
                tracing::warn!(message = %message.id, error, "a message was not accepted; trying again later");
            }
            app.message_done(&message, result).await?;
        }
    }
    Ok(())
}
