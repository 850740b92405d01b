//! Handler of [`JobKind::Retention`](muster_app::jobs::JobKind::Retention): deletes what is kept for a limited time
//! only.

use muster_app::AppError;
use muster_app::jobs::JobKind;

use super::worker::Context;

/// Deletes it.
pub async fn run(context: &Context) -> Result<(), AppError> {
    context.run_scheduled(JobKind::Retention, |_| context.app.apply_retention()).await
}
