//! `muster jobs`: what background work is queued or was given up, and asking for it again.

use clap::{Args, Subcommand};
use muster_app::jobs::{JobEntry, JobFilter, JobKind};
use serde_json::json;
use uuid::Uuid;

use crate::cli::{DatabaseArguments, Output};
use crate::exit::{ExitStatus, Failure};
use crate::open::{Schema, with};
use crate::output::say;

/// Most jobs that are listed.
const LISTED: i64 = 1000;

/// Background work: emails, bulk updates, reminders, clean-up
#[derive(Debug, Subcommand)]
#[allow(missing_docs)] // each command is described at its arguments
pub enum JobsCommand {
    List(ListJobs),
    Retry(RetryJobs),
}

impl JobsCommand {
    /// Text or JSON.
    pub fn output(&self) -> Output {
        match self {
            Self::List(arguments) => arguments.output,
            Self::Retry(arguments) => arguments.output,
        }
    }
}

/// List the jobs that are queued or were given up, the one due first on top; never what is in them
#[derive(Args, Debug)]
#[command(after_help = "\
Kinds: send_email run_bulk_update send_reminders sweep retention

Examples:
  muster jobs list
  muster jobs list --failed --json
  muster jobs list --kind send_email")]
pub struct ListJobs {
    /// Only jobs of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only jobs that were given up
    #[arg(long)]
    failed: bool,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// Queue jobs again that were given up
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  muster jobs retry 0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001
  muster jobs retry --all-failed")]
pub struct RetryJobs {
    /// The job's id, from `muster jobs list --failed`
    #[arg(value_name = "ID", required_unless_present = "all_failed", conflicts_with = "all_failed")]
    job: Option<Uuid>,
    /// Every job that was given up
    #[arg(long)]
    all_failed: bool,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// Runs the command.
pub async fn run(place: DatabaseArguments, command: JobsCommand) -> Result<ExitStatus, Failure> {
    match command {
        JobsCommand::List(arguments) => list(place, arguments).await,
        JobsCommand::Retry(arguments) => retry(place, arguments).await,
    }
}

async fn list(place: DatabaseArguments, arguments: ListJobs) -> Result<ExitStatus, Failure> {
    if let Some(kind) = arguments.kind.as_deref().filter(|k| JobKind::parse(k).is_none()) {
        let kinds: Vec<&str> = JobKind::ALL.iter().map(|k| k.as_str()).collect();
        return Err(Failure::new(format!("“{kind}” is no kind of job. Kinds are: {}.", kinds.join(", "))));
    }
    let filter = JobFilter { kind: arguments.kind, failed: arguments.failed };
    with(place.given(), Schema::Prepare, async |app| {
        let jobs = app.jobs(&filter, LISTED).await?;
        if arguments.output.json {
            say(&json!(jobs.iter().map(as_json).collect::<Vec<_>>()).to_string());
        } else if jobs.is_empty() {
            say(if filter.failed { "No job was given up." } else { "No job is queued." });
        } else {
            for job in &jobs {
                say(&line(job));
            }
        }
        Ok(ExitStatus::Done)
    })
    .await
}

fn as_json(job: &JobEntry) -> serde_json::Value {
    json!({
        "id": job.id, "organization_id": job.organization, "kind": job.kind, "state": job.state,
        "is_running": job.running, "due_at": job.due_at, "attempts": job.attempts, "last_error": job.last_error,
    })
}

fn line(job: &JobEntry) -> String {
    let state = if job.running { "running" } else { job.state.as_str() };
    let due = job.due_at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default();
    let error = if job.last_error.is_empty() { String::new() } else { format!(": {}", job.last_error) };
    format!("{}  {}  {state}, due {due}, {} attempts{error}", job.id, job.kind, job.attempts)
}

async fn retry(place: DatabaseArguments, arguments: RetryJobs) -> Result<ExitStatus, Failure> {
    with(place.given(), Schema::Prepare, async |app| {
        let queued = match arguments.job {
            Some(job) if app.retry_job(job).await? => 1,
            Some(job) => return Err(Failure::new(format!("No job with the id {job} was given up."))),
            None => app.retry_failed_jobs().await?,
        };
        if arguments.output.json {
            say(&json!({"queued": queued}).to_string());
        } else {
            say(&format!("{queued} {} queued again.", if queued == 1 { "job is" } else { "jobs are" }));
        }
        Ok(ExitStatus::Done)
    })
    .await
}
