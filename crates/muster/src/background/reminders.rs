//! Handler of [`JobKind::SendReminders`](muster_app::jobs::JobKind::SendReminders): tells people and their managers of
//! professional licenses that expire. Reminders already sent are on record, so that neither a restart nor a second
//! program repeats one.

use muster_app::AppError;
use muster_app::jobs::JobKind;

use super::worker::Context;

/// Licenses of a practice written about in one run; the rest follows with the next.
const AT_ONCE: i64 = 500;

/// Queues the reminders that are due.
pub async fn run(context: &Context) -> Result<(), AppError> {
    let send = |_| async { context.app.send_due_reminders(AT_ONCE).await.map(drop) };
    context.run_scheduled(JobKind::SendReminders, send).await
}
