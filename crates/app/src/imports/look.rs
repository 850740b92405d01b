//! A first look at a file: its columns, what they seem to hold, and what stands in them.

use std::io::Read;

use muster_domain::audit::Action;
use muster_domain::emr::Permission;
use muster_domain::imports::{ChangeColumns, Columns};

use super::reader::{self, FilePart};
use crate::{Actor, App, Result, Scope};

/// What is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// New people.
    People,
    /// Changes to people who are there.
    Changes,
}

impl FileKind {
    /// Our names for what a column can hold.
    pub fn names(self) -> Vec<&'static str> {
        match self {
            Self::People => Columns::names().collect(),
            Self::Changes => ChangeColumns::names().collect(),
        }
    }
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileColumn {
    /// Its name in the file.
    pub name: String,
    /// Some of what stands in it: at most three cells of the first rows, none of them empty or twice.
    pub samples: Vec<String>,
    /// What it would be read as, under our own name; none when nothing is read from it.
    pub meaning: Option<&'static str>,
}

/// Cells of a column that are shown.
const SAMPLES: usize = 3;

impl App {
    /// The columns of a file, of which the beginning is enough. `map` says what columns of other names stand for.
    ///
    /// # Errors
    /// [`AppError::Refused`] when the actor may not import such a file, or it is none.
    pub async fn preview_columns(
        &self,
        actor: &Actor,
        kind: FileKind,
        source: impl Read + Send + 'static,
        map: &[(String, String)],
    ) -> Result<Vec<FileColumn>> {
        match kind {
            FileKind::Changes => self.require_bulk(actor).await?,
            FileKind::People => {
                actor.require_scope(Scope::PeopleWrite)?;
                self.require(actor, Permission::EditUsers, Action::PeopleImported).await?;
            }
        }
        let mut parts = reader::start(source);
        let header = reader::header(&mut parts).await?;
        let meanings = match kind {
            FileKind::People => Columns::meanings(&header, map),
            FileKind::Changes => ChangeColumns::meanings(&header, map),
        };
        let rows = match parts.recv().await {
            Some(FilePart::Rows(rows, _)) => rows,
            _ => Vec::new(),
        };
        let mut columns: Vec<FileColumn> = header
            .into_iter()
            .zip(meanings)
            .map(|(name, meaning)| FileColumn { name, samples: Vec::new(), meaning })
            .collect();
        for cells in rows.iter().filter_map(|row| row.cells.as_ref().ok()) {
            for (column, cell) in columns.iter_mut().zip(cells.iter().map(|c| c.trim())) {
                if column.samples.len() < SAMPLES && !cell.is_empty() && !column.samples.iter().any(|s| s == cell) {
                    column.samples.push(cell.to_owned());
                }
            }
        }
        Ok(columns)
    }
}
