//! Handler of [`JobKind::RunBulkUpdate`](muster_app::jobs::JobKind::RunBulkUpdate): also of bulk updates that another
//! program left behind. Chunks that were saved are not repeated.

use muster_app::AppError;
use muster_app::jobs::{JobFailure, JobKind};

use super::worker::Context;

/// Carries out what is queued; the chunk at hand is finished before the program ends.
pub async fn run(context: &Context) -> Result<(), AppError> {
    while !context.is_stopping() {
        let Some(job) = context.app.take_jobs(JobKind::RunBulkUpdate, 1).await?.pop() else { break };
        if let Err(error) = context.app.run_bulk_job(&job, || !context.is_stopping()).await {
            tracing::warn!(job = %job.id, %error, "a bulk update cannot continue; trying again");
            context.app.end_attempt(&job, Err(JobFailure::Temporary(error.to_string()))).await?;
        }
    }
    Ok(())
}
