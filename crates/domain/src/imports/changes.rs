//! Which column of a CSV file says who is meant, and which what is to change.

use super::columns::{about, folded, mapped};
use crate::refusal::Refusals;

/// What a column of a file of changes can hold. Several entries of a cell stand with a semicolon between them; clinics
/// are given by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // each is the contract field or bulk operation of the same name
pub enum ChangeField {
    PersonId,
    Username,
    Email,
    Npi,
    AddPermissions,
    RemovePermissions,
    AddClinics,
    RemoveClinics,
    Permissions,
    Clinics,
    Status,
}

use ChangeField as F;

/// Says who.
const WHO: [ChangeField; 4] = [F::PersonId, F::Username, F::Email, F::Npi];

const NAMES: [(&str, ChangeField); 11] = [
    ("person_id", F::PersonId),
    ("username", F::Username),
    ("email", F::Email),
    ("npi", F::Npi),
    ("add_permissions", F::AddPermissions),
    ("remove_permissions", F::RemovePermissions),
    ("add_clinics", F::AddClinics),
    ("remove_clinics", F::RemoveClinics),
    ("permissions", F::Permissions),
    ("clinics", F::Clinics),
    ("status", F::Status),
];

fn named(name: &str) -> Option<(&'static str, ChangeField)> {
    NAMES.into_iter().find(|(known, _)| folded(known) == folded(name))
}

/// What each column of a file of changes means.
#[derive(Clone, Debug)]
pub struct ChangeColumns(Vec<Option<ChangeField>>);

impl ChangeColumns {
    /// Reads the header. `map` says what a column of another name stands for, as in [`super::Columns::read`].
    ///
    /// # Errors
    /// A mapping to or from nothing; no column says who, or none says what.
    pub fn read(header: &[String], map: &[(String, String)]) -> Result<Self, Refusals> {
        let (known, mut refusals) = understood(header, map);
        let fields: Vec<Option<ChangeField>> = known.into_iter().map(|known| known.map(|(_, field)| field)).collect();
        if !fields.iter().flatten().any(|f| WHO.contains(f)) {
            refusals.push(about(
                "No column says who is meant. One of username, email, npi or person_id is needed; map one of yours to it.",
            ));
        }
        if !fields.iter().flatten().any(|f| !WHO.contains(f)) {
            refusals.push(about(
                "No column says what to change. Use add_permissions, remove_permissions, add_clinics, remove_clinics, \
                 permissions, clinics or status.",
            ));
        }
        refusals.into_result().map(|()| Self(fields))
    }

    /// What each column of a header would be read as, under our own name; none for one nothing is read from.
    pub fn meanings(header: &[String], map: &[(String, String)]) -> Vec<Option<&'static str>> {
        understood(header, map).0.into_iter().map(|known| known.map(|(name, _)| name)).collect()
    }

    /// Our own names, which a column may be mapped to; those that say who come first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().map(|(name, _)| name)
    }

    /// Cells of a row.
    pub fn width(&self) -> usize {
        self.0.len()
    }

    /// True when the column at this place is read.
    pub fn reads(&self, place: usize) -> bool {
        self.0.get(place).is_some_and(Option::is_some)
    }

    /// What stands in a row under a field; none when nothing does.
    pub fn cell<'a>(&self, cells: &'a [String], field: ChangeField) -> Option<&'a str> {
        let at = self.0.iter().position(|f| *f == Some(field))?;
        cells.get(at).map(|c| c.trim()).filter(|c| !c.is_empty())
    }
}

/// Our name for a column, and what it holds.
type KnownColumn = Option<(&'static str, ChangeField)>;

fn understood(header: &[String], map: &[(String, String)]) -> (Vec<KnownColumn>, Refusals) {
    let (mapped, refusals) = mapped(header, map, |name| named(name).is_some());
    let known = header.iter().enumerate().map(|(at, column)| named(mapped.get(&at).unwrap_or(&column.as_str())));
    (known.collect(), refusals)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn a_file_says_who_and_what() {
        let refused = ChangeColumns::read(&header(&["Login", "Shoe size"]), &[]).unwrap_err();
        assert_eq!(refused.0.len(), 2, "{refused}");
        let map = [("Login".to_owned(), "username".to_owned()), ("Shoe size".to_owned(), "add_clinics".to_owned())];
        let columns = ChangeColumns::read(&header(&["Login", "Shoe size", "status"]), &map).unwrap();
        let row = header(&["mara", " ", "active"]);
        assert_eq!(columns.cell(&row, F::Username), Some("mara"));
        assert_eq!(columns.cell(&row, F::AddClinics), None);
        assert_eq!(columns.cell(&row, F::Status), Some("active"));
        assert!(columns.reads(2) && !columns.reads(3));
    }

    #[test]
    fn a_column_can_be_passed_over() {
        let map = [("status".to_owned(), String::new())];
        assert_eq!(ChangeColumns::meanings(&header(&["NPI", "Status"]), &map), [Some("npi"), None]);
        assert!(ChangeColumns::read(&header(&["NPI", "Status"]), &map).is_err());
    }
}
