//! A CSV file of people into an empty practice.

use std::fmt::Write;
use std::time::Instant;

use muster_app::imports::ImportOptions;
use muster_app::{Actor, Channel};
use muster_domain::people::npi;

use crate::arguments::Arguments;
use crate::installation::{EmptyInstallation, Engine};
use crate::report::Report;
use crate::start::resident_mib;

/// Measures the rate of an import, and how much more memory its second half needs than its first.
pub async fn measure(engine: Engine, arguments: &Arguments, report: &mut Report) {
    let usual = if arguments.large { 200_000 } else { 100_000 };
    let count = arguments.people.and_then(|n| usize::try_from(n).ok()).unwrap_or(usual);
    let empty = EmptyInstallation::open(engine).await;
    let organization = empty.app.add_organization("Imported practice", "America/New_York").await;
    let actor = Actor::command_line(organization.expect("an organization")).through(Channel::Import);
    let file = std::io::Cursor::new(csv(count).into_bytes());
    let mut memory = Vec::new();
    let sample_memory = |_: &_| memory.push(resident_mib(Some(std::process::id())));
    report.refresh_hash();
    let begun = Instant::now();
    let imported = empty.app.import_people(&actor, file, ImportOptions::default(), sample_memory).await;
    let took = begun.elapsed().as_secs_f64();
    let imported = imported.expect("an import");
    assert_eq!(imported.added, count as u64, "{:?}", imported.refused.first());
    let name = engine.name();
    #[allow(clippy::cast_precision_loss)]
    report.rate_at_least(&format!("{name}: import of {count} people"), count as f64 / took, "rows", 85.0);
    // A few dozen bytes a person are kept; anything else that grew with the file would show here.
    let most = |part: &[f64]| part.iter().copied().fold(0.0, f64::max);
    let (first, second) = memory.split_at(memory.len() / 2);
    let grown = (most(second) - most(first)).max(0.0);
    report.at_most(&format!("{name}: memory of an import's second half over its first"), grown, "MiB", 16.0);
}

fn csv(count: usize) -> String {
    let mut csv = String::with_capacity(count * 110);
    csv.push_str("first_name,last_name,email,npi,user_type,clinics,license_number\n");
    for n in 0..count {
        let nine = format!("2{n:08}");
        let digit = npi::check_digit(nine.as_bytes());
        let (given, family, clinic) = (n % 997, n % 4999, n % 200);
        let _ = writeln!(
            csv,
            "Given{given},Family{family},import{n}@imported.example,{nine}{digit},PT,Clinic {clinic},L{n}"
        );
    }
    csv
}
