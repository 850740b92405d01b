//! `muster import`: people from a CSV file.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::PathBuf;

use clap::Args;
use muster_app::App;
use muster_app::imports::{ImportFlags, ImportOptions, ImportReport, ImportStatus};
use serde_json::Value;

use super::{actor_for, import_changes};
use crate::cli::{DatabaseArguments, Output};
use crate::config::Overrides;
use crate::exit::{Attempt, ExitStatus, Failure};
use crate::open::{Schema, with};
use crate::output::{Progress, say};

/// Add people from a CSV file; people who are there already are left unchanged
#[derive(Args, Debug)]
#[command(after_help = "\
Columns: first_name last_name full_name previous_names email phone npi username user_type status default_clinic
clinics permissions license_number license_state license_expires_on, and those of the public CMS clinician files.
Several clinics or permissions in a cell are separated by semicolons.

With --changes, username, email, npi or person_id says who, and add_permissions remove_permissions add_clinics
remove_clinics status (or whole lists in permissions and clinics) what to change.

Exit codes: 0 all rows, 2 some were refused, 1 none was taken.

Examples:
  muster import people.csv --organization 'Harbor Therapy' --dry-run
  muster import people.csv --organization 'Harbor Therapy' --map 'Work mail=email' --invite
  muster import changes.csv --organization 'Harbor Therapy' --changes --dry-run --rows-to-fix again.csv
  curl https://hr.example/people.csv | muster import - --organization 'Harbor Therapy' --json")]
pub struct ImportArguments {
    /// The file, or - for standard input
    file: PathBuf,
    /// Name of the practice group
    #[arg(long, value_name = "NAME")]
    organization: String,
    /// What a column of another name stands for, or nothing after the = to pass it over; repeatable
    #[arg(long, value_name = "THEIRS=OURS", value_parser = mapping)]
    map: Vec<(String, String)>,
    /// Say what would happen, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Clinic for rows without address in a file of addresses
    #[arg(long, value_name = "NAME")]
    clinic_without_address: Option<String>,
    /// Send everyone added with an email an invitation
    #[arg(long)]
    invite: bool,
    /// The rows are changes to people who are there: permissions, clinics and status
    #[arg(long, conflicts_with_all = ["invite", "clinic_without_address", "public_url"])]
    changes: bool,
    /// With --changes: write the rows that were not imported to this file, each with its problem
    #[arg(long, value_name = "FILE", requires = "changes")]
    rows_to_fix: Option<PathBuf>,
    /// What the links of invitations begin with [env: MUSTER_PUBLIC_URL] [default: where serve listens]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Text or JSON.
    #[command(flatten)]
    pub output: Output,
}

/// Imports.
pub async fn run(place: DatabaseArguments, arguments: ImportArguments) -> Result<ExitStatus, Failure> {
    let flags = Overrides { public_url: arguments.public_url.clone(), ..Overrides::default() };
    // Opened first: without a file, no database is made.
    let (source, bytes) = open(&arguments.file)?;
    with(flags.or(place.given()), Schema::Prepare, async |app| import(&app, arguments, source, bytes).await).await
}

type Source = Box<dyn Read + Send>;

fn open(path: &std::path::Path) -> Result<(Source, Option<u64>), Failure> {
    if path.as_os_str() == "-" {
        return Ok((Box::new(stdin()), None));
    }
    let what = format!("{} cannot be read", path.display());
    let file = File::open(path).attempt(&what)?;
    let about = file.metadata().attempt(&what)?;
    if about.is_dir() {
        return Err(Failure::new(format!("{what}: it is a directory.")));
    }
    Ok((Box::new(file), about.is_file().then_some(about.len())))
}

async fn import(
    app: &App,
    arguments: ImportArguments,
    source: Source,
    bytes: Option<u64>,
) -> Result<ExitStatus, Failure> {
    let actor = actor_for(app, &arguments.organization).await?;
    if arguments.changes {
        let wanted = import_changes::ChangesFileImport {
            name: arguments.file.display().to_string(),
            map: arguments.map,
            dry_run: arguments.dry_run,
            rows_to_fix: arguments.rows_to_fix,
            json: arguments.output.json,
        };
        return import_changes::run(app, &actor, source, wanted).await;
    }
    let defaults = ImportOptions::default();
    let options = ImportOptions {
        dry_run: arguments.dry_run,
        map: arguments.map,
        clinic_without_address: arguments.clinic_without_address.unwrap_or(defaults.clinic_without_address),
        invite: arguments.invite,
    };
    let progress = Progress::of("bytes");
    let report = app
        .import_people(&actor, source, options, |so_far| match bytes {
            Some(all) => progress.at_of(so_far.bytes, all),
            None => progress.at(so_far.bytes),
        })
        .await?;
    drop(progress);
    let outcome = report.outcome();
    if arguments.output.json {
        say(&in_json(&report, outcome)?);
    } else {
        tell(&report);
    }
    Ok(match outcome {
        ImportStatus::All => ExitStatus::Done,
        ImportStatus::Some => ExitStatus::Partly,
        ImportStatus::Nothing => {
            eprintln!("No row could be imported; the report says why.");
            ExitStatus::Nothing
        }
    })
}

fn in_json(report: &ImportReport, outcome: ImportStatus) -> Result<String, Failure> {
    let wrong = |error: serde_json::Error| Failure::new(format!("The report cannot be written: {error}."));
    let mut answer = serde_json::to_value(report).map_err(wrong)?;
    if let Value::Object(fields) = &mut answer {
        fields.insert("outcome".to_owned(), serde_json::to_value(outcome).map_err(wrong)?);
    }
    Ok(answer.to_string())
}

fn tell(report: &ImportReport) {
    for refused in &report.refused {
        say(&format!("Line {}: {}", refused.line, refused.refusals));
    }
    let listed = report.refused.len() as u64;
    if listed < report.refused_rows {
        say(&format!("… and {} more rows were refused.", report.refused_rows - listed));
    }
    if !report.ignored_columns.is_empty() {
        say(&format!("Columns nothing is read from: {}.", report.ignored_columns.join(", ")));
    }
    if report.clinics_added > 0 {
        say(&format!("Clinics added: {}.", report.clinics_added));
    }
    if report.possible_duplicates > 0 {
        report.possible_duplicate_rows.iter().for_each(|row| say(&row.sentence()));
        let listed = report.possible_duplicate_rows.len() as u64;
        if listed < report.possible_duplicates {
            say(&format!("… and {} more rows like somebody here.", report.possible_duplicates - listed));
        }
        for one in &report.ask {
            say(&format!("Who is meant out of sight, {} can say: {}.", one.name, one.email));
        }
        say(&format!("May be here twice, see “Duplicates”: {}.", report.possible_duplicates));
    }
    for (count, what) in to_do(&report.flags) {
        if count > 0 {
            say(&format!("{what}: {count}."));
        }
    }
    let ImportReport { rows, added, unchanged, refused_rows, .. } = report;
    let head = if report.dry_run { "This would happen" } else { "Done" };
    say(&format!("{head}: {rows} rows, {added} people added, {unchanged} there already, {refused_rows} rows refused."));
}

fn to_do(flags: &ImportFlags) -> [(u64, &'static str); 6] {
    [
        (flags.usernames_made_up, "User names made up"),
        (flags.needs_email, "Inactive until they have an email"),
        (flags.no_license, "Inactive because no license was free"),
        (flags.npi_placeholders, "Placeholder NPIs"),
        (flags.license_placeholders, "Placeholder license numbers"),
        (flags.invited, "Invitations sent"),
    ]
}

/// Ours never holds an equals sign; theirs may.
fn mapping(text: &str) -> Result<(String, String), String> {
    let (theirs, ours) = text.rsplit_once('=').ok_or("write it as 'Their column=our_column'")?;
    Ok((theirs.trim().to_owned(), ours.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::mapping;

    #[test]
    fn a_mapping_ends_in_our_column() {
        assert_eq!(mapping("Work mail = email").unwrap(), ("Work mail".into(), "email".into()));
        assert_eq!(mapping("a=b=npi").unwrap(), ("a=b".into(), "npi".into()));
        assert!(mapping("email").is_err());
    }
}
