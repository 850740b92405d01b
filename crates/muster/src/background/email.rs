//! Handler of [`JobKind::SendEmail`](muster_app::jobs::JobKind::SendEmail). A message may go out twice, under the same
//! Message-ID, when the program dies between the mail server's answer and its record of it.

use muster_app::AppError;

use super::worker::Context;

/// Taken at once: few enough that all are tried within their lease.
const TAKEN_AT_ONCE: i64 = 8;

/// Sends what is due.
pub async fn run(context: &Context) -> Result<(), AppError> {
    while !context.is_stopping() {
        let taken = context.app.take_messages(TAKEN_AT_ONCE).await?;
        if taken.is_empty() {
            break;
        }
        for message in taken {
            // A message taken and not tried is due again when its lease ends.
            if context.is_stopping() {
                break;
            }
            let result = context.mailer.send(&message).await;
            if let Err(error) = &result {
                tracing::warn!(message = %message.id, error, "a message was not accepted; trying again later");
            }
            context.app.message_done(&message, result).await?;
        }
    }
    Ok(())
}
