//! What came of an import.

use std::collections::BTreeMap;

use muster_domain::people::Reason;
use muster_domain::{PersonId, Refusals};
use serde::Serialize;
use serde_json::{Value, json};

use super::run::EvaluatedBatch;
use crate::people::Contact;

/// Refused rows that are listed; beyond them only the counts go on.
const LISTED: usize = 10_000;
/// Characters of a refused row that are kept; of a longer one only the reasons are.
const KEPT: usize = 4_000;
/// Names of new clinics that are listed.
const NAMED: usize = 1_000;

/// How far an import has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportProgress {
    /// Rows read.
    pub rows: u64,
    /// People added.
    pub added: u64,
    /// People who were there already.
    pub unchanged: u64,
    /// Rows refused.
    pub refused: u64,
    /// Bytes of the file read.
    pub bytes: u64,
}

/// A row that was not imported, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowRefusal {
    /// The line of the file it begins on; the header is line 1.
    pub line: u64,
    /// Its cells, so that a file of the refused rows can be written; none when it is very long.
    pub row: Option<Vec<String>>,
    /// Every reason.
    pub refusals: Refusals,
}

impl RowRefusal {
    pub(super) fn new(line: u64, row: &[String], refusals: Refusals) -> Self {
        let short = row.iter().map(String::len).sum::<usize>() <= KEPT;
        Self { line, row: short.then(|| row.to_vec()), refusals }
    }
}

/// A row whose person may be somebody who is there already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowLikeness {
    /// The line of the file it begins on.
    pub line: u64,
    /// The candidates, the most similar first; at most three.
    pub candidates: Vec<RowCandidate>,
    /// There is somebody the actor may not see. Nothing more may be told than that.
    pub hidden: bool,
}

/// Somebody a row is like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowCandidate {
    /// Who; none for somebody a dry run would have added.
    pub person_id: Option<PersonId>,
    /// The line of the file, for somebody of a row shortly before.
    pub line: Option<u64>,
    /// The name as shown.
    pub full_name: String,
    /// How alike, up to 100.
    pub score: u8,
    /// Why, as codes.
    pub reasons: Vec<Reason>,
}

impl RowLikeness {
    /// As people read it.
    pub fn sentence(&self) -> String {
        let mut like: Vec<String> = self.candidates.iter().map(RowCandidate::words).collect();
        if self.hidden {
            like.push("someone you cannot see".to_owned());
        }
        format!("Line {} may be {}.", self.line, like.join(" or "))
    }
}

impl RowCandidate {
    fn words(&self) -> String {
        let place = self.line.map(|line| format!(" of line {line}")).unwrap_or_default();
        let reasons: Vec<&str> = self.reasons.iter().map(|r| r.sentence()).collect();
        format!("{}{place} ({} of 100 alike: {})", self.full_name, self.score, reasons.join("; "))
    }
}

/// What still has to be done about the people added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportFlags {
    /// Profiles with the placeholder NPI.
    pub npi_placeholders: u64,
    /// Profiles with the placeholder license number.
    pub license_placeholders: u64,
    /// Inactive until they have an email.
    pub needs_email: u64,
    /// Inactive because no license was free.
    pub no_license: u64,
    /// User names made up.
    pub usernames_made_up: u64,
    /// Invitations sent.
    pub invited: u64,
}

impl ImportFlags {
    pub(super) fn add(&mut self, more: Self) {
        self.npi_placeholders += more.npi_placeholders;
        self.license_placeholders += more.license_placeholders;
        self.needs_email += more.needs_email;
        self.no_license += more.no_license;
        self.usernames_made_up += more.usernames_made_up;
        self.invited += more.invited;
    }
}

/// How an import went as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportStatus {
    /// No row was refused.
    All,
    /// Some rows were refused.
    Some,
    /// Every row was refused.
    Nothing,
}

/// What came of an import, or would come of it.
#[derive(Clone, Debug, Serialize)]
pub struct ImportReport {
    /// Nothing was saved; this is what would happen.
    pub dry_run: bool,
    /// The columns of the file.
    pub header: Vec<String>,
    /// Those of them nothing is read from.
    pub ignored_columns: Vec<String>,
    /// Rows below the header.
    pub rows: u64,
    /// People added.
    pub added: u64,
    /// People who were there already, and stay as they are.
    pub unchanged: u64,
    /// Rows refused.
    pub refused_rows: u64,
    /// The first 10,000 of them.
    pub refused: Vec<RowRefusal>,
    /// How often each reason was given, over all rows.
    pub refused_by_code: BTreeMap<&'static str, u64>,
    /// People added who may be somebody who is there already.
    pub possible_duplicates: u64,
    /// The first 1,000 of them, with candidates and reasons.
    pub possible_duplicate_rows: Vec<RowLikeness>,
    /// Admins to ask about candidates the actor may not see; empty when the actor may see all.
    pub ask: Vec<Contact>,
    /// Clinics added.
    pub clinics_added: u64,
    /// The first 1,000 of them, by name.
    pub new_clinics: Vec<String>,
    /// What still has to be done.
    pub flags: ImportFlags,
}

impl ImportReport {
    pub(super) fn new(dry_run: bool, header: Vec<String>, ignored_columns: Vec<String>) -> Self {
        Self {
            dry_run,
            header,
            ignored_columns,
            rows: 0,
            added: 0,
            unchanged: 0,
            refused_rows: 0,
            refused: Vec::new(),
            refused_by_code: BTreeMap::new(),
            possible_duplicates: 0,
            possible_duplicate_rows: Vec::new(),
            ask: Vec::new(),
            clinics_added: 0,
            new_clinics: Vec::new(),
            flags: ImportFlags::default(),
        }
    }

    /// How it went as a whole.
    pub fn outcome(&self) -> ImportStatus {
        match self.refused_rows {
            0 => ImportStatus::All,
            refused if refused == self.rows => ImportStatus::Nothing,
            _ => ImportStatus::Some,
        }
    }

    /// Counts in a batch that was saved, or would have been.
    pub(super) fn add_batch(&mut self, batch: EvaluatedBatch, rows: usize) {
        self.rows += rows as u64;
        self.added += batch.profiles.len() as u64;
        self.unchanged += batch.unchanged;
        self.flags.add(batch.flags);
        self.flag_duplicates(batch.alike);
        batch.clinics.iter().for_each(|c| self.name_clinic(&c.name));
        batch.refused.into_iter().for_each(|r| self.refuse(r));
    }

    fn refuse(&mut self, refusal: RowRefusal) {
        self.refused_rows += 1;
        for reason in &refusal.refusals.0 {
            *self.refused_by_code.entry(reason.code.as_str()).or_default() += 1;
        }
        if self.refused.len() < LISTED {
            self.refused.push(refusal);
        }
    }

    fn flag_duplicates(&mut self, rows: Vec<RowLikeness>) {
        self.possible_duplicates += rows.len() as u64;
        let room = NAMED.saturating_sub(self.possible_duplicate_rows.len());
        self.possible_duplicate_rows.extend(rows.into_iter().take(room));
    }

    fn name_clinic(&mut self, name: &str) {
        self.clinics_added += 1;
        if self.new_clinics.len() < NAMED {
            self.new_clinics.push(name.to_owned());
        }
    }

    pub(super) fn progress(&self, bytes: u64) -> ImportProgress {
        let Self { rows, added, unchanged, refused_rows: refused, .. } = *self;
        ImportProgress { rows, added, unchanged, refused, bytes }
    }

    /// What the audit record keeps.
    pub(super) fn summary(&self) -> Value {
        json!({
            "rows": self.rows, "added": self.added, "unchanged": self.unchanged, "refused": self.refused_rows,
            "refused_by_code": self.refused_by_code, "possible_duplicates": self.possible_duplicates, "clinics_added": self.clinics_added, "flags": self.flags,
        })
    }
}
