//! The program: command line, configuration, wiring and background work. No rule stands here; every command calls
//! one use case of the application layer.

mod background;
mod cli;
mod commands;
mod config;
mod exit;
mod log;
mod open;
mod output;
mod secret;
mod shutdown;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::cli::Cli;
use crate::exit::{ExitStatus, Failure};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::of_usage(&error),
    };
    let json = cli.command.wants_json();
    match run(cli) {
        Ok(ending) => ending.code(),
        Err(failure) => failure.tell(json),
    }
}

fn run(cli: Cli) -> Result<ExitStatus, Failure> {
    // Two workers serve thousands of people; threads that hashed a password or read a file go away soon.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_keep_alive(Duration::from_secs(2))
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("The program cannot start: {error}.")))?;
    let ended = runtime.block_on(commands::run(cli));
    runtime.shutdown_timeout(Duration::from_millis(500));
    ended
}
