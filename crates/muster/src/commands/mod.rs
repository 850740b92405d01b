//! One command a file.

pub mod admin;
pub mod audit;
pub mod backup;
pub mod check;
mod demo;
pub mod export;
pub mod generate;
pub mod import;
mod import_changes;
pub mod jobs;
pub mod licenses;
mod metrics;
pub mod migrate;
pub mod openapi;
mod password;
pub mod restore;
pub mod serve;
pub mod setup;
pub mod token;

use muster_app::{Actor, App};

use crate::cli::{Cli, Command};
use crate::exit::{ExitStatus, Failure};

/// Runs the command.
pub async fn run(cli: Cli) -> Result<ExitStatus, Failure> {
    let place = cli.place;
    match cli.command {
        Command::Serve(arguments) => serve::run(place, arguments).await,
        Command::Setup(arguments) => setup::run(place, arguments).await,
        Command::Admin(admin::AdminCommand::Create(arguments)) => admin::run(place, arguments).await,
        Command::Token(token::TokenCommand::Create(arguments)) => token::run(place, arguments).await,
        Command::Licenses(command) => licenses::run(place, command).await,
        Command::Jobs(command) => jobs::run(place, command).await,
        Command::Import(arguments) => import::run(place, arguments).await,
        Command::Export(arguments) => export::run(place, arguments).await,
        Command::Backup(arguments) => backup::run(place, arguments).await,
        Command::Restore(arguments) => restore::run(place, arguments).await,
        Command::Migrate(arguments) => migrate::run(place, arguments).await,
        Command::Check(arguments) => check::run(place, arguments).await,
        Command::Audit(command) => command.run(place).await,
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::Generate(arguments) => generate::run(place, arguments).await,
    }
}

/// The operator at the command line, working for the organization of that name.
async fn actor_for(app: &App, organization: &str) -> Result<Actor, Failure> {
    match app.organization_named(organization).await? {
        Some(found) => Ok(Actor::command_line(found.id)),
        None => Err(Failure::new(format!("There is no organization called “{organization}”."))),
    }
}
