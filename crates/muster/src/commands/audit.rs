//! `muster audit`: walks the audit chains, and takes one as it stands.

use clap::{Args, Subcommand};
use muster_app::App;
use muster_app::audit::ChainFault;
use muster_domain::OrganizationId;
use serde_json::json;

use crate::cli::{DatabaseArguments, Output};
use crate::exit::{ExitStatus, Failure};
use crate::open::{Schema, with};
use crate::output::{Progress, say};

/// The audit record
#[derive(Debug, Subcommand)]
#[allow(missing_docs)] // each command is described at its arguments
pub enum AuditCommand {
    Verify(VerifyArguments),
    Seal(SealArguments),
}

impl AuditCommand {
    /// Runs it.
    pub async fn run(self, place: DatabaseArguments) -> Result<ExitStatus, Failure> {
        match self {
            Self::Verify(arguments) => run(place, arguments).await,
            Self::Seal(arguments) => seal(place, arguments).await,
        }
    }
}

/// Take audit chains that do not end where Muster left them as they stand, and record that
///
/// Needed once after an upgrade from a release without seals, and after you have found out why `muster audit verify` said
/// that an end is not sealed. Records that were changed or removed are told as before.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  muster audit seal --data-dir /var/lib/muster")]
pub struct SealArguments {
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

async fn seal(place: DatabaseArguments, arguments: SealArguments) -> Result<ExitStatus, Failure> {
    with(place.given(), Schema::AsItIs, async |app| {
        let sealed = app.seal_audit().await?;
        if arguments.output.json {
            say(&json!({"sealed": sealed}).to_string());
        } else {
            let what = if sealed == 1 { "audit chain was" } else { "audit chains were" };
            say(&format!("{sealed} {what} taken as they stand."));
        }
        Ok(ExitStatus::Done)
    })
    .await
}

/// Walk the audit record of every organization; exit 1 and the first bad record when it was tampered with
#[derive(Args, Debug)]
#[command(after_help = "\
The secret key has to be the one the records were signed with.

Example:
  muster audit verify --data-dir /var/lib/muster")]
pub struct VerifyArguments {
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// Verifies.
async fn run(place: DatabaseArguments, arguments: VerifyArguments) -> Result<ExitStatus, Failure> {
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
        Ok(if tampered.is_empty() { ExitStatus::Done } else { ExitStatus::Nothing })
    })
    .await
}

/// How many records were walked, and the first bad one of each chain that was tampered with.
pub async fn verify(app: &App) -> Result<(u64, Vec<ChainFault>), Failure> {
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
pub fn in_words(bad: &ChainFault) -> String {
    let whose = if bad.organization == OrganizationId::INSTALLATION {
        "the installation".to_owned()
    } else {
        format!("organization {}", bad.organization)
    };
    format!("The audit record of {whose} is not intact: record {}: {}.", bad.seq, bad.what)
}
