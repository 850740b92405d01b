//! Looks into the queue and starts handlers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use muster_app::jobs::{Job, JobFailure, JobKind};
use muster_app::{App, AppError};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::mail::Mailer;
use super::{bulk_update, email, reminders, retention, sweep};

/// How soon a job that another program added is noticed.
const LOOK_EVERY: Duration = Duration::from_millis(400);
/// The longest wait while the database is away.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What handlers work with.
pub(super) struct Context {
    pub app: App,
    pub mailer: Mailer,
    pub stop: watch::Receiver<bool>,
}

impl Context {
    /// True when the program is about to end: no further job is begun.
    pub fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Runs a handler of a kind that comes again and again, and records how it went.
    pub async fn run_scheduled<F>(&self, kind: JobKind, handler: impl Fn(Job) -> F) -> Result<(), AppError>
    where
        F: Future<Output = Result<(), AppError>>,
    {
        for job in self.app.take_jobs(kind, 1).await? {
            let result = handler(job.clone()).await;
            if let Err(error) = &result {
                tracing::warn!(kind = kind.as_str(), %error, "a scheduled job failed; it is tried again in an hour");
            }
            self.app.end_attempt(&job, result.map_err(|error| JobFailure::Temporary(error.to_string()))).await?;
        }
        Ok(())
    }
}

/// Works until the end.
pub(super) async fn run(app: App, mailer: Mailer, first_reminders: Duration, mut stop: watch::Receiver<bool>) {
    let context = Arc::new(Context { app, mailer, stop: stop.clone() });
    let mut handlers: JoinSet<JobKind> = JoinSet::new();
    let mut busy = BTreeSet::new();
    let first_reminders = SignedDuration::try_from(first_reminders).unwrap_or(SignedDuration::ZERO);
    let (mut wait, mut is_scheduled) = (LOOK_EVERY, false);
    loop {
        let go_on = tokio::select! {
            stopped = stop.wait_for(|stop| *stop) => stopped.is_err(),
            Some(ended) = handlers.join_next() => {
                if let Ok(kind) = ended {
                    busy.remove(&kind);
                }
                true
            }
            () = context.app.job_added() => true,
            () = tokio::time::sleep(wait) => true,
        };
        if !go_on || context.is_stopping() {
            break;
        }
        let due = look(&context.app, &mut is_scheduled, first_reminders).await;
        match due {
            Ok(kinds) => {
                if wait > LOOK_EVERY {
                    tracing::info!("the queue of jobs is reachable again");
                }
                wait = LOOK_EVERY;
                for kind in kinds.into_iter().filter(|kind| busy.insert(*kind)) {
                    handlers.spawn(handle(Arc::clone(&context), kind));
                }
            }
            Err(error) => {
                if wait == LOOK_EVERY {
                    tracing::warn!(%error, "the queue of jobs cannot be reached; trying again");
                }
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
    while handlers.join_next().await.is_some() {}
}

async fn look(app: &App, is_scheduled: &mut bool, first_reminders: SignedDuration) -> Result<Vec<JobKind>, AppError> {
    if !*is_scheduled {
        app.schedule_jobs(first_reminders).await?;
        *is_scheduled = true;
    }
    app.due_job_kinds().await
}

async fn handle(context: Arc<Context>, kind: JobKind) -> JobKind {
    let handled = match kind {
        JobKind::SendEmail => email::run(&context).await,
        JobKind::RunBulkUpdate => bulk_update::run(&context).await,
        JobKind::SendReminders => reminders::run(&context).await,
        JobKind::Sweep => sweep::run(&context).await,
        JobKind::Retention => retention::run(&context).await,
    };
    if let Err(error) = handled {
        tracing::warn!(kind = kind.as_str(), %error, "a job could not be carried out; trying again");
        // The database may be away; the worker finds out, and waits longer.
        tokio::time::sleep(LOOK_EVERY).await;
    }
    kind
}
