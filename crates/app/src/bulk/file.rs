//! Changes from a CSV file: each row names a person who is there already and what to change. The rows become a draft,
//! looked at, started and undone like every other bulk update. A file that was imported already finds nothing to change.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use muster_domain::bulk::{BulkChange, BulkKind, ChangeSet};
use muster_domain::emr::{EmrAccount, Permission, Status};
use muster_domain::imports::{ChangeColumns, ChangeField as Field};
use muster_domain::text::unique_key;
use muster_domain::{ClinicId, Code, PersonId, Refusal};
use muster_store::people::StoredProfile;
use muster_store::{bulk, imports, organizations, people};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::draft::add_draft;
use super::{BulkView, find_job};
use crate::imports::reader::{self, FilePart, RawRow};
use crate::spreadsheet::harmless;
use crate::work::UnitOfWork;
use crate::{Actor, App, AppError, Result};

/// Faulty rows that are kept with their cells.
const KEPT: usize = 2000;
/// Most rows of a file.
const MOST_ROWS: u64 = 250_000;

/// How to read it.
#[derive(Clone, Debug, Default)]
pub struct FileOptions {
    /// The name of the file, for reading.
    pub name: String,
    /// What columns of other names stand for: `(column, our field)`.
    pub map: Vec<(String, String)>,
}

/// A row nothing can be done with, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFault {
    /// The line of the file.
    pub line: u64,
    /// Its cells.
    pub row: Vec<String>,
    /// The stable code.
    pub code: String,
    /// The sentence.
    pub message: String,
}

/// What a file says, as it is kept with its draft.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangesFile {
    /// The name of the file.
    pub file: String,
    /// The columns.
    pub header: Vec<String>,
    /// Those of them nothing is read from.
    pub ignored: Vec<String>,
    /// Rows below the header.
    pub rows: u64,
    /// How many of them are faulty.
    pub faulty: u64,
    /// The first 2,000 of those.
    pub faults: Vec<RowFault>,
}

/// What a row asks for one person, as it is kept.
#[derive(Serialize, Deserialize)]
pub(super) struct ChangesRow {
    pub changes: Vec<BulkChange>,
    pub row: Vec<String>,
}

impl App {
    /// Reads a file of changes into a draft; nobody is changed yet. The draft is there even when every row is faulty, so
    /// that the rows can be fetched and put right.
    ///
    /// # Errors
    /// [`AppError::Refused`] when nothing of the file can be understood.
    pub async fn draft_bulk_from_file(
        &self,
        actor: &Actor,
        source: impl Read + Send + 'static,
        options: FileOptions,
    ) -> Result<(BulkView, ChangesFile)> {
        self.require_bulk(actor).await?;
        let mut parts = reader::start(source);
        let header = reader::header(&mut parts).await?;
        let columns = ChangeColumns::read(&header, &options.map)?;
        let ignored = header.iter().enumerate().filter(|(at, _)| !columns.reads(*at)).map(|(_, h)| h.clone()).collect();
        let mut file = ChangesFile { file: options.name, header, ignored, ..ChangesFile::default() };
        // Read whole before anything is written: the upload itself must not hold the practice's lock.
        let mut all: Vec<RawRow> = Vec::new();
        while let Some(part) = parts.recv().await {
            if let FilePart::Rows(rows, _) = part {
                all.extend(rows);
                if all.len() as u64 > MOST_ROWS {
                    return Err(Refusal::new("file", Code::TooManyPeople).about(&["250,000"]).into());
                }
            }
        }
        let mut work = self.work_for(actor, actor.organization()).await?;
        let clinics = organizations::clinics(&mut work.tx, work.organization).await?;
        let reached = clinics.into_iter().filter(|c| actor.authority().emr().reaches(c.id));
        let clinics = reached.map(|c| (unique_key(&c.name), c.id)).collect();
        let mut reading = RowParser { columns, clinics, met: BTreeSet::new() };
        let mut job = self.new_job(actor, BulkKind::File, String::new());
        add_draft(&mut work, &job).await?;
        while !all.is_empty() {
            let rest = all.split_off(all.len().min(500));
            let rows = std::mem::replace(&mut all, rest);
            self.read_rows(&mut work, actor, job.id, &mut reading, rows, &mut file).await?;
        }
        job.selection = json!(file).to_string();
        bulk::describe(&mut work.tx, work.organization, job.id, &job.selection).await?;
        job.selected = bulk::count(&mut work.tx, work.organization, job.id).await?;
        work.commit().await?;
        Ok((BulkView::of(job, self.now()), file))
    }

    async fn read_rows(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        job: Uuid,
        reading: &mut RowParser,
        rows: Vec<RawRow>,
        file: &mut ChangesFile,
    ) -> Result<()> {
        file.rows += rows.len() as u64;
        let mut keys: Vec<String> = Vec::new();
        let mut npis: Vec<String> = Vec::new();
        for cells in rows.iter().filter_map(|r| r.cells.as_ref().ok()) {
            keys.extend(reading.columns.cell(cells, Field::Username).map(unique_key));
            keys.extend(reading.columns.cell(cells, Field::Email).map(unique_key));
            npis.extend(reading.columns.cell(cells, Field::Npi).map(str::to_owned));
        }
        let holders = imports::name_holders(&mut work.tx, &keys).await?;
        let npis = people::taken_npis(&mut work.tx, work.organization, &npis).await?;
        let who = |cells: &[String]| -> Option<PersonId> {
            let by_id = reading.columns.cell(cells, Field::PersonId).map(|t| t.parse::<PersonId>().ok());
            let name = |field| {
                reading.columns.cell(cells, field).map(|t| {
                    let found = holders.get(&unique_key(t)).filter(|(_, home)| *home == Some(work.organization));
                    found.map(|(id, _)| PersonId(*id))
                })
            };
            let by_npi = || reading.columns.cell(cells, Field::Npi).map(|n| npis.get(n).copied());
            by_id.or_else(|| name(Field::Username)).or_else(|| name(Field::Email)).or_else(by_npi).flatten()
        };
        let found: Vec<(RawRow, Option<PersonId>)> = rows
            .into_iter()
            .map(|row| {
                let person = row.cells.as_ref().ok().and_then(|c| who(c));
                (row, person)
            })
            .collect();
        let ids: Vec<PersonId> = found.iter().filter_map(|(_, id)| *id).collect();
        let stored = people::find_many(&mut work.tx, work.organization, &ids).await?;
        let stored: BTreeMap<PersonId, StoredProfile> = stored.into_iter().map(|s| (s.profile.person.id, s)).collect();
        let mut asked: Vec<(PersonId, Option<String>)> = Vec::new();
        for (row, person) in found {
            let line = row.line;
            let (cells, judged) = match row.cells {
                Err(unread) => (unread.cells, Err(unread.refusal)),
                Ok(cells) => {
                    let judged = reading.changes(actor, &cells, person.and_then(|p| stored.get(&p)));
                    (cells, judged)
                }
            };
            match (judged, person) {
                (Ok(changes), Some(person)) => {
                    reading.met.insert(person);
                    let kept = ChangesRow { changes: changes.changes().to_vec(), row: cells };
                    asked.push((person, Some(json!(kept).to_string())));
                }
                (Err(refusal), _) => file.fault(line, cells, &refusal),
                (Ok(_), None) => file.fault(line, cells, &Refusal::whole(Code::UserOutsideYourAccess)),
            }
        }
        let (scope, myself) = (actor.authority().emr().clinics(), actor.person_id());
        bulk::select_by_ids(&mut work.tx, work.organization, job, scope, myself, &asked).await?;
        Ok(())
    }

    /// The rows of a file that were not imported, whole or in part, with what is wrong with each: to put right and
    /// import again. The columns are those of the file, and `problem`, which an import does not read.
    pub async fn bulk_rows_to_fix(&self, actor: &Actor, id: Uuid) -> Result<Vec<u8>> {
        self.require_bulk(actor).await?;
        let mut h = self.db.read().await?;
        let job = find_job(&mut h, actor, id).await?;
        let file: ChangesFile = serde_json::from_str(&job.selection).map_err(|_| AppError::NotFound)?;
        let failed = |e: csv::Error| AppError::Internal(e.to_string());
        let mut out = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        let width = file.header.len();
        let mut line = |row: &[String], problem: &str| {
            let mut cells: Vec<String> = row.iter().map(|c| harmless(c)).collect();
            cells.resize(width, String::new());
            cells.push(harmless(problem));
            out.write_record(cells)
        };
        line(&file.header, "problem").map_err(failed)?;
        for fault in &file.faults {
            line(&fault.row, &fault.message).map_err(failed)?;
        }
        let mut after = Uuid::nil();
        loop {
            let items = bulk::named_items(&mut h, job.organization, id, true, after, 1000).await?;
            let Some(last) = items.last() else { break };
            after = last.item.person_id;
            for named in items.iter().filter(|n| n.item.state != "unchanged") {
                let asked = named.item.asked.as_deref().and_then(|t| serde_json::from_str::<ChangesRow>(t).ok());
                let refused: Vec<super::RefusedLine> =
                    named.item.refused.as_deref().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
                let problems: Vec<&str> = refused.iter().map(|r| r.message.as_str()).collect();
                line(&asked.map(|a| a.row).unwrap_or_default(), &problems.join(" ")).map_err(failed)?;
            }
        }
        out.into_inner().map_err(|e| AppError::Internal(e.to_string()))
    }
}

impl ChangesFile {
    fn fault(&mut self, line: u64, row: Vec<String>, refusal: &Refusal) {
        self.faulty += 1;
        if self.faults.len() < KEPT {
            let (code, message) = (refusal.code.as_str().to_owned(), refusal.message.clone());
            self.faults.push(RowFault { line, row, code, message });
        }
    }
}

/// How rows are read.
struct RowParser {
    columns: ChangeColumns,
    /// The clinics within reach, by name.
    clinics: BTreeMap<String, ClinicId>,
    /// Who was named by a row already.
    met: BTreeSet<PersonId>,
}

fn entries(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(';').map(str::trim).filter(|t| !t.is_empty())
}

impl RowParser {
    fn permissions(cell: &str) -> std::result::Result<BTreeSet<Permission>, Refusal> {
        let one = |text: &str| {
            let code = text.to_ascii_lowercase().replace(' ', "_");
            Permission::parse(&code)
                .ok_or_else(|| Refusal::new("permissions", Code::UnknownPermission).about(&[format!("“{text}”")]))
        };
        entries(cell).map(one).collect()
    }

    fn clinics(&self, cell: &str) -> std::result::Result<BTreeSet<ClinicId>, Refusal> {
        let one = |name: &str| {
            let known = self.clinics.get(&unique_key(name)).copied();
            known.ok_or_else(|| Refusal::new("clinic_ids", Code::ClinicOutsideYourAccess).about(&[format!("“{name}”")]))
        };
        entries(cell).map(one).collect()
    }

    /// What a row asks for.
    fn changes(
        &self,
        actor: &Actor,
        cells: &[String],
        stored: Option<&StoredProfile>,
    ) -> std::result::Result<ChangeSet, Refusal> {
        if cells.len() != self.columns.width() {
            let counts = [cells.len().to_string(), self.columns.width().to_string()];
            return Err(Refusal::whole(Code::RowWidth).about(&counts));
        }
        let seen = stored.filter(|s| actor.authority().may_see(&s.profile));
        let Some((person, account)) = seen.and_then(|s| Some((s.profile.person.id, s.profile.emr.as_ref()?))) else {
            return Err(Refusal::whole(Code::UserOutsideYourAccess));
        };
        if self.met.contains(&person) {
            return Err(Refusal::whole(Code::ListedTwice));
        }
        self.wanted(actor, cells, account)
    }

    fn wanted(&self, actor: &Actor, cells: &[String], account: &EmrAccount) -> std::result::Result<ChangeSet, Refusal> {
        let mut all: Vec<BulkChange> = Vec::new();
        let cell = |field| self.columns.cell(cells, field).unwrap_or_default();
        all.extend(Self::permissions(cell(Field::AddPermissions))?.into_iter().map(BulkChange::AddPermission));
        all.extend(Self::permissions(cell(Field::RemovePermissions))?.into_iter().map(BulkChange::RemovePermission));
        all.extend(self.clinics(cell(Field::AddClinics))?.into_iter().map(BulkChange::AddClinic));
        all.extend(self.clinics(cell(Field::RemoveClinics))?.into_iter().map(BulkChange::RemoveClinic));
        // A whole list says what is to be afterward; an empty cell says nothing.
        if let Some(list) = self.columns.cell(cells, Field::Permissions) {
            let wanted = Self::permissions(list)?;
            let held: BTreeSet<Permission> = account.permissions.iter().collect();
            all.extend(wanted.difference(&held).copied().map(BulkChange::AddPermission));
            all.extend(held.difference(&wanted).copied().map(BulkChange::RemovePermission));
        }
        if let Some(list) = self.columns.cell(cells, Field::Clinics) {
            let wanted = self.clinics(list)?;
            let held: BTreeSet<ClinicId> =
                account.clinics.iter().copied().filter(|c| actor.authority().emr().reaches(*c)).collect();
            all.extend(wanted.difference(&held).copied().map(BulkChange::AddClinic));
            all.extend(held.difference(&wanted).copied().map(BulkChange::RemoveClinic));
        }
        if let Some(text) = self.columns.cell(cells, Field::Status) {
            let status = Status::parse(text)
                .ok_or_else(|| Refusal::new("status", Code::NotUnderstood).about(&[format!("“{text}”")]))?;
            all.push(BulkChange::SetStatus(status));
        }
        if all.is_empty() {
            return Ok(ChangeSet::default());
        }
        ChangeSet::new(all).map_err(|r| r.0.into_iter().next().unwrap_or_else(|| Refusal::whole(Code::NotUnderstood)))
    }
}
