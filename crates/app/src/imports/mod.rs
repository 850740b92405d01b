//! People from a CSV file: each row becomes a [`muster_domain::people::Change`] and is decided like any other. This
//! module only reads, looks up and saves rows in batches.

mod batch;
mod duplicates;
mod known;
mod look;
pub(crate) mod reader;
mod report;
mod run;
mod save;

use std::io::Read;

use muster_domain::audit::Action;
use muster_domain::emr::Permission;
use muster_domain::imports::Columns;
use muster_store::organizations;

use crate::people::contacts;
use crate::work::AuditSubject;
use crate::{Actor, App, AppError, Result, Scope};

pub use look::{FileColumn, FileKind};
pub use report::{ImportFlags, ImportProgress, ImportReport, ImportStatus, RowCandidate, RowLikeness, RowRefusal};

use reader::FilePart;
use run::ImportRun;

/// How to import.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// Say what would happen, and do nothing.
    pub dry_run: bool,
    /// What columns of other names stand for: `(column, our field)`.
    pub map: Vec<(String, String)>,
    /// The clinic for rows of a file with addresses that have none.
    pub clinic_without_address: String,
    /// Send everyone added with an active profile an invitation.
    pub invite: bool,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self { dry_run: false, map: Vec::new(), clinic_without_address: "No address on file".to_owned(), invite: false }
    }
}

/// So many new people change how a practice's lists are best read.
const MANY: u64 = 1000;

impl App {
    /// Adds the people of a CSV file. What is refused is reported and the rest is saved, in batches: after an
    /// interruption the same file may be imported again, and people who are stored already are left unchanged.
    ///
    /// # Errors
    /// [`AppError::Refused`] when the actor may not, or when nothing of the file can be understood.
    pub async fn import_people(
        &self,
        actor: &Actor,
        source: impl Read + Send + 'static,
        options: ImportOptions,
        mut progress: impl FnMut(&ImportProgress) + Send,
    ) -> Result<ImportReport> {
        actor.require_scope(Scope::PeopleWrite)?;
        self.require(actor, Permission::EditUsers, Action::PeopleImported).await?;
        let mut parts = reader::start(source);
        let header = reader::header(&mut parts).await?;
        let columns = Columns::read(&header, &options.map)?;
        let mut h = self.db.read().await?;
        let organization = organizations::find(&mut h, actor.organization()).await?.ok_or(AppError::NotFound)?;
        drop(h);
        let mut report = ImportReport::new(options.dry_run, header, columns.ignored().to_vec());
        let mut run = ImportRun::new(organization, columns, options);
        while let Some(part) = parts.recv().await {
            let FilePart::Rows(rows, bytes) = part else { continue };
            let batch = self.import_rows(actor, &mut run, &rows).await?;
            report.add_batch(batch, rows.len());
            progress(&report.progress(bytes));
        }
        if report.possible_duplicate_rows.iter().any(|row| row.hidden) {
            report.ask = contacts(&mut self.db.read().await?, actor).await?;
        }
        if !report.dry_run {
            let mut work = self.work_for(actor, actor.organization()).await?;
            work.audit_done(actor, Action::PeopleImported, AuditSubject::none(), &report.summary());
            work.commit().await?;
            if report.added >= MANY {
                self.analyze().await;
            }
        }
        Ok(report)
    }
}
