//! `muster audit verify`: walks the audit chains.

use clap::{Args, Subcommand};
use muster_app::App;
use muster_app::audit::Tampering;
use muster_domain::OrganizationId;
use serde_json::json;

use crate::cli::{Output, Place};
use crate::ending::{Ending, Failure};
use crate::open::{Schema, with};
use crate::output::{Progress, say};

/// The audit record
#[derive(Debug, Subcommand)]
pub enum Command {
    /// What it says.
    Verify(Arguments),
}

/// Walk the audit record of every organization; exit 1 and the first bad record when it was tampered with
#[derive(Args, Debug)]
#[command(after_help = "\
The secret key has to be the one the records were signed with.

Example:
  muster audit verify --data-dir /var/lib/muster")]
pub struct Arguments {
    /// What it answers.
    #[command(flatten)]
    pub output: Output,
}

/// Verifies.
pub async fn run(place: Place, arguments: Arguments) -> Result<Ending, Failure> {
    with(place.given(), Schema::AsItIs, async |app| {
        let (records, tampered) = verify(&app).await?;
        if arguments.output.json {
            let bad: Vec<_> = tampered
                .iter()
                .map(|bad| json!({"organization_id": bad.organization, "seq": bad.seq, "what": bad.what}))
                .collect();
            say(&json!({"ok": bad.is_empty(), "records": records, "tampered": bad}).to_string());
        } else if tampered.is_empty() {
            say(&format!("{records} audit records are intact."));
        }
        for bad in &tampered {
            eprintln!("{}", in_words(bad));
        }
        Ok(if tampered.is_empty() { Ending::Done } else { Ending::Nothing })
    })
    .await
}

/// How many records were walked, and the first bad one of each chain that was tampered with.
pub async fn verify(app: &App) -> Result<(u64, Vec<Tampering>), Failure> {
    let progress = Progress::of("audit records");
    let mut records = 0;
    let tampered = app
        .verify_audit(|more| {
            records += more;
            progress.add(more);
        })
        .await?;
    Ok((records, tampered))
}

/// What is wrong with a chain, in a sentence.
pub fn in_words(bad: &Tampering) -> String {
    let whose = if bad.organization == OrganizationId::INSTALLATION {
        "the installation".to_owned()
    } else {
        format!("organization {}", bad.organization)
    };
    format!("The audit record of {whose} is not intact: record {}: {}.", bad.seq, bad.what)
}
