//! `muster generate`: synthetic but plausible data, for tests and benchmarks.

use clap::Args;
use muster_app::generate::GenerateSpec;
use serde_json::json;

use crate::cli::{DatabaseArguments, Output};
use crate::exit::{ExitStatus, Failure};
use crate::open::{Schema, with};
use crate::output::{Progress, say};

/// Fill the database with made-up practices, clinics and people, for tests and benchmarks
#[derive(Args, Debug)]
#[command(after_help = "\
Nobody in the data exists and nobody can sign in. The same seed gives the same people.

Example:
  muster generate --organizations 400 --people 1000000 --largest 200000 --seed 7")]
pub struct GenerateArguments {
    /// How many practices
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    organizations: u64,
    /// How many people, over all practices
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=100_000_000))]
    people: u64,
    /// What the made-up data follows from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many of the people belong to the first practice [default: about as many as to the others]
    #[arg(long, value_name = "N")]
    largest: Option<u64>,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// Generates.
pub async fn run(place: DatabaseArguments, arguments: GenerateArguments) -> Result<ExitStatus, Failure> {
    let GenerateArguments { organizations, people, seed, largest, output } = arguments;
    let spec = GenerateSpec { organizations, people, seed, largest };
    with(place.given(), Schema::Prepare, async |app| {
        let progress = Progress::of("people");
        let made = app.generate(spec, |so_far| progress.at_of(so_far.people, people)).await?;
        drop(progress);
        if output.json {
            say(&json!(made).to_string());
        } else {
            say(&format!(
                "Made up {} people in {} clinics of {} practices.",
                made.people, made.clinics, made.organizations
            ));
        }
        Ok(ExitStatus::Done)
    })
    .await
}
