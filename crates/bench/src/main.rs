//! Measures Muster. One line a row: `name  ours  limit  ratio  goal  ok|short`.
//!
//! The machine may be shared and its speed changes, so every figure stands beside a limit taken in the same run. For times
//! the limit is one hash: a bare Argon2id hash (19 MiB, t=2) on one core. A row that is short does not fail the run.

mod arguments;
mod bulk;
mod client;
mod duplicates;
mod hash;
mod import;
mod installation;
mod licenses;
mod lists;
mod report;
mod rng;
mod sign_in;
mod start;

use std::process::{Command, ExitCode};

use arguments::{Arguments, Part};
use clap::Parser;
use installation::{Engine, ServedInstallation};
use report::Report;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if cfg!(debug_assertions) {
        eprintln!("The bench measures release builds: cargo run --release --package muster-bench");
        return ExitCode::FAILURE;
    }
    if let Err(reason) = build_program() {
        eprintln!("{reason}");
        return ExitCode::FAILURE;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(run(&arguments));
    ExitCode::SUCCESS
}

/// Builds the release program, which `muster_testkit::program` finds beside this one, unless `MUSTER_BIN` names another.
fn build_program() -> Result<(), String> {
    if std::env::var_os("MUSTER_BIN").is_some() {
        return Ok(());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(["build", "--release", "--package", "muster"]).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("The program could not be built: {status}")),
        Err(error) => Err(format!("The program could not be built: {error}")),
    }
}

async fn run(arguments: &Arguments) {
    println!("Measured: {}", muster_testkit::program::path().display());
    let mut report = Report::new();
    for engine in Engine::ALL.into_iter().filter(|e| arguments.engine.is_none_or(|wanted| wanted == *e)) {
        if arguments.wants(Part::Start) {
            start::measure(engine, &mut report).await;
        }
        if arguments.wants(Part::Import) {
            import::measure(engine, arguments, &mut report).await;
        }
        if !Part::OF_SERVED.into_iter().any(|part| arguments.wants(part)) {
            continue;
        }
        let served = ServedInstallation::build(engine, arguments).await;
        lists::measure(&served, arguments, &mut report).await;
        if arguments.wants(Part::Duplicates) {
            duplicates::measure(&served, &mut report).await;
        }
        if arguments.wants(Part::Licenses) {
            licenses::measure(&served, &mut report).await;
        }
        if arguments.wants(Part::SignIn) {
            sign_in::measure(&served, &mut report).await;
        }
        // The last: its bare statements break the audit chain.
        if arguments.wants(Part::Bulk) {
            bulk::measure(&served, arguments.bulk_people, &mut report).await;
        }
        served.tear_down().await;
    }
    report.finish();
}
