//! `muster admin create`: a support operator of the installation.

use clap::{Args, Subcommand};
use muster_app::sign_in::NewOperator;
use serde_json::json;

use super::password::PasswordSource;
use crate::cli::{DatabaseArguments, Output};
use crate::exit::{ExitStatus, Failure};
use crate::open::{Schema, with};
use crate::output::say;

/// Support operators of the installation
#[derive(Debug, Subcommand)]
#[allow(missing_docs)] // each command is described at its arguments
pub enum AdminCommand {
    Create(AdminArguments),
}

/// Add a support operator, who belongs to no organization and works for all of them
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  muster admin create --username support --email support@muster.example --password-stdin < password")]
pub struct AdminArguments {
    /// User name
    #[arg(long, value_name = "NAME")]
    username: String,
    /// Email
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    #[command(flatten)]
    password: PasswordSource,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// Adds one.
pub async fn run(place: DatabaseArguments, arguments: AdminArguments) -> Result<ExitStatus, Failure> {
    let password = arguments.password.read()?;
    let new = NewOperator { username: arguments.username, email: arguments.email, password };
    with(place.given(), Schema::Prepare, async |app| {
        let id = app.add_operator(&new).await?;
        if arguments.output.json {
            say(&json!({"id": id, "username": new.username}).to_string());
        } else {
            say(&format!("{} can sign in as support now.", new.username));
        }
        Ok(ExitStatus::Done)
    })
    .await
}
