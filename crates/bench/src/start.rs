//! How soon the program answers, and what memory it needs while idle.

use std::time::{Duration, Instant};

use muster_testkit::program::Program;

use crate::installation::Engine;
use crate::report::{Report, percentile};

const STARTS: usize = 7;

/// Resident memory of a process in MiB.
pub fn resident_mib(process: Option<u32>) -> f64 {
    let process = process.unwrap_or(0);
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Starts on fresh databases and again, and memory when nothing happens.
pub async fn measure(engine: Engine, report: &mut Report) {
    let mut fresh = Vec::new();
    let mut again = Vec::new();
    let mut idle = f64::MAX;
    // Kept until the end: dropping a database makes the server work.
    let mut databases = Vec::new();
    for _ in 0..STARTS {
        // Without an address the program makes a SQLite file in its own new directory.
        if engine == Engine::Postgres {
            let database = muster_testkit::postgres::empty_database().await;
            database.checkpoint().await;
            databases.push(database);
        }
        let options = databases.last().into_iter().flat_map(|d| ["--database-url".to_owned(), d.url().to_owned()]);
        let begun = Instant::now();
        let server = Program::serve(options).await;
        fresh.push(begun.elapsed());
        tokio::time::sleep(Duration::from_secs(1)).await;
        idle = idle.min(resident_mib(server.process()));
        let program = server.kill_9().await;
        let begun = Instant::now();
        let server = program.start().await;
        again.push(begun.elapsed());
        server.kill_9().await;
    }
    let engine = engine.name();
    let first = format!("{engine}: first answer on a fresh database (median)");
    report.time_at_most(&first, percentile(&mut fresh, 0.5), 9.0);
    report.time_at_most(&format!("{engine}: first answer again (median)"), percentile(&mut again, 0.5), 3.0);
    report.at_most(&format!("{engine}: idle memory"), idle, "MiB", 22.0);
}
