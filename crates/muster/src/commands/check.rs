//! `muster check`: whether what is stored is consistent.

use clap::Args;
use serde_json::json;

use super::audit::{in_words, verify};
use crate::cli::{DatabaseArguments, Output};
use crate::exit::{ExitStatus, Failure};
use crate::open::{Schema, with};
use crate::output::say;

/// Check that what is stored is consistent, the audit record included; exit 1 when it is not
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  muster check --json")]
pub struct CheckArguments {
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// Checks.
pub async fn run(place: DatabaseArguments, arguments: CheckArguments) -> Result<ExitStatus, Failure> {
    with(place.given(), Schema::AsItIs, async |app| {
        let mut problems = app.check().await?;
        let (records, tampered) = verify(&app).await?;
        problems.extend(tampered.iter().map(in_words));
        if arguments.output.json {
            say(&json!({"ok": problems.is_empty(), "audit_records": records, "problems": problems}).to_string());
        } else {
            for problem in &problems {
                say(problem);
            }
            if problems.is_empty() {
                say(&format!("All is well: licenses are counted right, totals are the sum of their ledger, and {records} audit records are intact."));
            }
        }
        if problems.is_empty() {
            return Ok(ExitStatus::Done);
        }
        eprintln!("The check found {} problem{}.", problems.len(), if problems.len() == 1 { "" } else { "s" });
        Ok(ExitStatus::Nothing)
    })
    .await
}
