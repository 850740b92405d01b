//! `muster licenses`: support's own correction of a pool, and the requests of every practice for support's scripts.

use clap::{Args, Subcommand};
use muster_app::Actor;
use muster_app::licenses::{LicenseEffect, Request};
use muster_domain::licenses::Group;
use muster_domain::text::unique_key;
use muster_domain::{LicenseRequestId, OrganizationId};
use serde_json::json;

use super::actor_for;
use crate::cli::{DatabaseArguments, Output};
use crate::exit::{ExitStatus, Failure};
use crate::open::{Schema, with};
use crate::output::say;

/// License pools
#[derive(Debug, Subcommand)]
#[allow(missing_docs)] // each command is described at its arguments
pub enum LicensesCommand {
    Set(SetArguments),
    /// List the requests of every practice that wait for support, the oldest first
    Requests(RequestsArguments),
    /// Process a request: the total changes, and the practice is written to
    Process(DecisionArguments),
    /// Reject a request, with a note that says why
    Reject(DecisionArguments),
}

impl LicensesCommand {
    /// Text or JSON.
    pub fn output(&self) -> Output {
        match self {
            Self::Set(a) => a.output,
            Self::Requests(a) => a.output,
            Self::Process(a) | Self::Reject(a) => a.output,
        }
    }
}

/// Which requests.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  muster licenses requests --json")]
pub struct RequestsArguments {
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// About one request.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  muster licenses process 0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001 --note 'Active from today'")]
pub struct DecisionArguments {
    /// The request's id, from `muster licenses requests`
    #[arg(value_name = "ID")]
    request: LicenseRequestId,
    /// For the practice; a rejection needs one
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// Runs the command.
pub async fn run(place: DatabaseArguments, command: LicensesCommand) -> Result<ExitStatus, Failure> {
    match command {
        LicensesCommand::Set(arguments) => set(place, arguments).await,
        LicensesCommand::Requests(arguments) => requests(place, arguments).await,
        LicensesCommand::Process(decision) => decide(place, decision, true).await,
        LicensesCommand::Reject(decision) => decide(place, decision, false).await,
    }
}

fn shown(r: &Request) -> serde_json::Value {
    let effect = LicenseEffect::of(r);
    json!({
        "id": r.id, "number": r.number, "organization": r.organization_name, "clinic": r.clinic_name,
        "kind": r.kind, "group": r.group, "count": r.count, "note": r.note, "state": r.state,
        "submitted_by": r.requester_name, "submitted_at": r.submitted_at,
        "total_before": effect.as_ref().and_then(|e| e.before), "total_after": effect.as_ref().and_then(|e| e.after),
    })
}

async fn requests(place: DatabaseArguments, arguments: RequestsArguments) -> Result<ExitStatus, Failure> {
    with(place.given(), Schema::Prepare, async |app| {
        let operator = Actor::command_line(OrganizationId::INSTALLATION);
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = app.license_queue(&operator, after, 200).await?;
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if arguments.output.json {
            say(&json!(all.iter().map(shown).collect::<Vec<_>>()).to_string());
        } else if all.is_empty() {
            say("No request waits.");
        } else {
            for r in &all {
                say(&format!(
                    "{}  {}, {}: {} {} {}",
                    r.id,
                    r.organization_name,
                    r.clinic_name,
                    r.kind.as_str(),
                    r.count,
                    r.group.as_str()
                ));
            }
        }
        Ok(ExitStatus::Done)
    })
    .await
}

async fn decide(place: DatabaseArguments, decision: DecisionArguments, process: bool) -> Result<ExitStatus, Failure> {
    with(place.given(), Schema::Prepare, async |app| {
        let operator = Actor::command_line(OrganizationId::INSTALLATION);
        let ended = if process {
            app.process_license_request(&operator, decision.request, &decision.note).await?
        } else {
            app.reject_license_request(&operator, decision.request, &decision.note).await?
        };
        if decision.output.json {
            say(&shown(&ended).to_string());
        } else {
            let total = ended.totals.map(|(a, b)| format!(" The total went from {a} to {b}.")).unwrap_or_default();
            say(&format!("Request {} of {}: {}.{total}", ended.number, ended.organization_name, ended.state.as_str()));
        }
        Ok(ExitStatus::Done)
    })
    .await
}

/// Set how many licenses of a group a clinic has; written to the ledger
#[derive(Args, Debug)]
#[command(after_help = "\
Groups: therapist assistant student (clerical is free and always unlimited)

Example:
  muster licenses set --organization 'Harbor Therapy' --clinic Saco --group therapist --total 12")]
pub struct SetArguments {
    /// Name of the practice group
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// Name of the clinic
    #[arg(long, value_name = "NAME")]
    clinic: String,
    /// Which pool
    #[arg(long, value_name = "GROUP")]
    group: String,
    /// The new total
    #[arg(long, value_name = "N")]
    total: i64,
    /// Why, for the ledger
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

async fn set(place: DatabaseArguments, arguments: SetArguments) -> Result<ExitStatus, Failure> {
    let group = Group::parse(&arguments.group).ok_or_else(|| {
        let known: Vec<&str> = Group::ALL.iter().map(|group| group.as_str()).collect();
        Failure::new(format!("There is no group “{}”; the groups are {}.", arguments.group, known.join(", ")))
    })?;
    with(place.given(), Schema::Prepare, async |app| {
        let actor = actor_for(&app, &arguments.organization).await?;
        let wanted = unique_key(&arguments.clinic);
        let clinics = app.clinics(&actor).await?;
        let clinic = clinics.into_iter().find(|clinic| unique_key(&clinic.name) == wanted).ok_or_else(|| {
            Failure::new(format!("{} has no clinic called “{}”.", arguments.organization, arguments.clinic))
        })?;
        let pool = app.set_license_total(&actor, clinic.id, group, arguments.total, &arguments.note).await?;
        if arguments.output.json {
            let available = pool.total.map(|total| total - pool.assigned);
            let answer = json!({"clinic_id": pool.clinic, "group": pool.group.as_str(), "total": pool.total,
            "assigned": pool.assigned, "available": available});
            say(&answer.to_string());
        } else {
            say(&format!(
                "{}: {} {} licenses, {} assigned.",
                clinic.name,
                arguments.total,
                group.label().to_lowercase(),
                pool.assigned
            ));
        }
        Ok(ExitStatus::Done)
    })
    .await
}
