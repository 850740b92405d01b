//! `muster licences set`: support's own correction of a licence pool.

use clap::{Args, Subcommand};
use muster_domain::licences::Group;
use muster_domain::text::unique_key;
use serde_json::json;

use super::actor_for;
use crate::cli::{Output, Place};
use crate::ending::{Ending, Failure};
use crate::open::{Schema, with};
use crate::output::say;

/// Licence pools
#[derive(Debug, Subcommand)]
pub enum Command {
    /// What it says.
    Set(Arguments),
}

/// Set how many licences of a group a clinic has; written to the ledger
#[derive(Args, Debug)]
#[command(after_help = "\
Groups: therapist assistant student (clerical is free and always unlimited)

Example:
  muster licences set --organization 'Harbor Therapy' --clinic Saco --group therapist --total 12")]
pub struct Arguments {
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
    /// What it answers.
    #[command(flatten)]
    pub output: Output,
}

/// Sets it.
pub async fn run(place: Place, arguments: Arguments) -> Result<Ending, Failure> {
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
        let pool = app.set_licence_total(&actor, clinic.id, group, arguments.total, &arguments.note).await?;
        if arguments.output.json {
            let available = pool.total.map(|total| total - pool.assigned);
            let answer = json!({"clinic_id": pool.clinic, "group": pool.group.as_str(), "total": pool.total,
            "assigned": pool.assigned, "available": available});
            say(&answer.to_string());
        } else {
            say(&format!(
                "{}: {} {} licences, {} assigned.",
                clinic.name,
                arguments.total,
                group.label().to_lowercase(),
                pool.assigned
            ));
        }
        Ok(Ending::Done)
    })
    .await
}
