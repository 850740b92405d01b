//! Handler of [`JobKind::Sweep`](muster_app::jobs::JobKind::Sweep): deletes expired sessions, links, tokens and failed
//! attempts.

use muster_app::AppError;
use muster_app::jobs::JobKind;

use super::worker::Context;

/// Deletes them.
pub async fn run(context: &Context) -> Result<(), AppError> {
    context.run_scheduled(JobKind::Sweep, |_| context.app.sweep()).await
}
