//! Which column of a CSV file stands for what.

use std::collections::BTreeMap;

use super::FieldSet;
use crate::refusal::{Code, Refusal, Refusals};
use crate::text::search_key;

/// What a column can hold. The names are those of the JSON contract; clinics are given by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)] // each is the contract field of the same name
pub enum Field {
    FirstName,
    LastName,
    FullName,
    PreviousNames,
    Email,
    Phone,
    Npi,
    Username,
    UserType,
    Status,
    DefaultClinic,
    Clinics,
    Permissions,
    LicenseNumber,
    LicenseState,
    LicenseExpiresOn,
    FacilityName,
    Address,
    City,
    State,
    Zip,
}

impl Field {
    /// How many there are.
    pub(super) const COUNT: usize = Self::Zip as usize + 1;
}

/// How the values of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueStyle {
    /// Taken as typed.
    AsTyped,
    /// CMS files are written in capitals.
    Capitals,
}

use Field as F;
use ValueStyle::{AsTyped, Capitals};

/// Our own names come first: only these may stand on the right of a mapping.
const OWN: [(&str, Field); Field::COUNT] = [
    ("first_name", F::FirstName),
    ("last_name", F::LastName),
    ("full_name", F::FullName),
    ("previous_names", F::PreviousNames),
    ("email", F::Email),
    ("phone", F::Phone),
    ("npi", F::Npi),
    ("username", F::Username),
    ("user_type", F::UserType),
    ("status", F::Status),
    ("default_clinic", F::DefaultClinic),
    ("clinics", F::Clinics),
    ("permissions", F::Permissions),
    ("license_number", F::LicenseNumber),
    ("license_state", F::LicenseState),
    ("license_expires_on", F::LicenseExpiresOn),
    ("facility_name", F::FacilityName),
    ("address", F::Address),
    ("city", F::City),
    ("state", F::State),
    ("zip", F::Zip),
];

/// Headers of the public clinician files of the Centers for Medicare & Medicaid Services through the years, and
/// other spellings of our own.
const OTHERS: [(&str, Field, ValueStyle); 23] = [
    ("Provider Name", F::FullName, Capitals),
    ("Provider First Name", F::FirstName, Capitals),
    ("frst_nm", F::FirstName, Capitals),
    ("Provider Last Name", F::LastName, Capitals),
    ("lst_nm", F::LastName, Capitals),
    ("Primary Specialty", F::UserType, Capitals),
    ("pri_spec", F::UserType, Capitals),
    ("specialty", F::UserType, Capitals),
    ("org_nm", F::FacilityName, Capitals),
    ("Organization legal name", F::FacilityName, Capitals),
    ("adr_ln_1", F::Address, Capitals),
    ("Line 1 Street Address", F::Address, Capitals),
    ("Street Address", F::Address, Capitals),
    ("City/Town", F::City, Capitals),
    ("cty", F::City, Capitals),
    ("st", F::State, Capitals),
    ("ZIP Code", F::Zip, Capitals),
    ("Telephone Number", F::Phone, Capitals),
    ("phn_numbr", F::Phone, Capitals),
    ("clinic", F::Clinics, AsTyped),
    ("phone_number", F::Phone, AsTyped),
    ("email_address", F::Email, AsTyped),
    ("permission", F::Permissions, AsTyped),
];

/// Headers are compared by their letters and digits alone.
pub(super) fn folded(header: &str) -> String {
    search_key(header).chars().filter(|c| c.is_alphanumeric()).collect()
}

fn own(name: &str) -> Option<Field> {
    let name = folded(name);
    OWN.iter().find(|(known, _)| folded(known) == name).map(|(_, field)| *field)
}

fn recognized(header: &str) -> Option<(Field, ValueStyle)> {
    // The facility columns are CMS columns even though they carry our names.
    let by_own = own(header).map(|field| (field, if field >= F::FacilityName { Capitals } else { AsTyped }));
    by_own.or_else(|| {
        let name = folded(header);
        OTHERS.iter().find(|(known, ..)| folded(known) == name).map(|(_, field, style)| (*field, *style))
    })
}

/// What each column of a file means.
#[derive(Clone, Debug)]
pub struct Columns {
    pub(super) places: FieldSet<(usize, ValueStyle)>,
    ignored: Vec<String>,
    width: usize,
}

impl Columns {
    /// Reads the header. `map` says what a column of another name stands for, `(column, our field)`, and outranks
    /// what the header itself says; nothing on the right means that the column is not read. Of two columns that stand
    /// for the same, the first counts.
    ///
    /// # Errors
    /// A mapping to or from nothing, and a header in which nothing is known.
    pub fn read(header: &[String], map: &[(String, String)]) -> Result<Self, Refusals> {
        let (columns, mut refusals) = Self::understood(header, map);
        if refusals.is_empty() && columns.places.iter().next().is_none() {
            let names = header.iter().take(20).map(|h| format!("“{h}”")).collect::<Vec<_>>().join(", ");
            refusals.push(about(&format!(
                "None of these columns is one Muster knows: {names}. Name the columns like first_name, last_name, \
                 email, or say what they stand for with a mapping."
            )));
        }
        refusals.into_result().map(|()| columns)
    }

    /// What of the header is understood, and what is wrong with the mapping.
    fn understood(header: &[String], map: &[(String, String)]) -> (Self, Refusals) {
        let (mapped, refusals) = mapped(header, map, |name| own(name).is_some());
        let mut columns = Self { places: FieldSet::default(), ignored: Vec::new(), width: header.len() };
        for (place, to) in &mapped {
            if let Some(field) = own(to) {
                columns.places.put(field, (*place, style_of(&header[*place], field)));
            }
        }
        for (place, name) in header.iter().enumerate() {
            if columns.places.iter().any(|(at, _)| *at == place) {
                continue;
            }
            match recognized(name).filter(|_| !mapped.contains_key(&place)) {
                Some((field, style)) if columns.places.get(field).is_none() => {
                    columns.places.put(field, (place, style));
                }
                _ => columns.ignored.push(name.clone()),
            }
        }
        (columns, refusals)
    }

    /// What each column of a header would be read as, under our own name; none for one nothing is read from.
    pub fn meanings(header: &[String], map: &[(String, String)]) -> Vec<Option<&'static str>> {
        let (columns, _) = Self::understood(header, map);
        let meaning = |at: usize| {
            let is_there = |field: &Field| columns.places.get(*field).is_some_and(|(place, _)| *place == at);
            OWN.iter().find(|(_, field)| is_there(field)).map(|(name, _)| *name)
        };
        (0..header.len()).map(meaning).collect()
    }

    /// Our own names, which a column may be mapped to.
    pub fn names() -> impl Iterator<Item = &'static str> {
        OWN.iter().map(|(name, _)| *name)
    }

    /// The columns nothing is read from.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Cells of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// True when the file has this column.
    pub(super) fn has(&self, field: Field) -> bool {
        self.places.get(field).is_some()
    }
}

/// How a mapped column is written: as its own name says, where that stands for the same.
fn style_of(header: &str, field: Field) -> ValueStyle {
    recognized(header).filter(|(known, _)| *known == field).map_or(AsTyped, |(_, style)| style)
}

/// What the mapping says of each place of the header it names, and everything that is wrong with it. Nothing on the
/// right means that the column is not read.
pub(super) fn mapped<'a>(
    header: &[String],
    map: &'a [(String, String)],
    is_known: impl Fn(&str) -> bool,
) -> (BTreeMap<usize, &'a str>, Refusals) {
    let (mut places, mut refusals) = (BTreeMap::new(), Refusals::default());
    for (from, to) in map {
        let known = to.is_empty() || is_known(to);
        if !known {
            refusals.push(Refusal::new("map", Code::UnknownField).about(&[format!("“{to}”")]));
        }
        let is_it = |place: &usize| folded(&header[*place]) == folded(from);
        // Of columns of one name each is meant once, in their order.
        let place = (0..header.len()).find(|at| is_it(at) && !places.contains_key(at));
        match place.or_else(|| (0..header.len()).find(is_it)) {
            None => refusals.push(about(&format!("The file has no column “{from}”, which the mapping names."))),
            Some(place) if known => {
                places.insert(place, to.as_str());
            }
            Some(_) => {}
        }
    }
    (places, refusals)
}

/// Says what is wrong with the columns, at the mapping that can mend it.
pub(super) fn about(sentence: &str) -> Refusal {
    Refusal::new("map", Code::UnknownColumn).about(&[sentence])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn headers_are_known_whatever_their_case_and_marks() {
        for names in [["NPI", "Provider Last Name", "pri_spec"], ["npi", "PROVIDER LAST NAME", "Primary-Specialty"]] {
            let columns = Columns::read(&header(&names), &[]).unwrap();
            assert!(columns.has(F::Npi) && columns.has(F::LastName) && columns.has(F::UserType));
            assert!(columns.ignored().is_empty());
        }
    }

    #[test]
    fn a_mapping_outranks_the_header_and_what_is_not_read_is_named() {
        let map = [("Work mail".to_owned(), "email".to_owned())];
        let columns = Columns::read(&header(&["Work Mail", "email", "Shoe size"]), &map).unwrap();
        assert_eq!(columns.places.get(F::Email).unwrap().0, 0);
        assert_eq!(columns.ignored(), ["email", "Shoe size"]);
    }

    #[test]
    fn what_cannot_be_mapped_is_said_and_a_foreign_file_is_refused() {
        let map = [("Nowhere".to_owned(), "shoe_size".to_owned())];
        assert_eq!(Columns::read(&header(&["email"]), &map).unwrap_err().0.len(), 2);
        let refused = Columns::read(&header(&["a", "b"]), &[]).unwrap_err();
        assert!(refused.0[0].message.contains("“a”, “b”"), "{refused}");
    }

    #[test]
    fn a_column_can_be_passed_over_and_is_written_as_its_own_name_says() {
        let pairs =
            |all: &[(&str, &str)]| all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
        let names = header(&["lst_nm", "frst_nm", "email", "Login"]);
        let map = pairs(&[("lst_nm", "last_name"), ("email", ""), ("Login", "username")]);
        let columns = Columns::read(&names, &map).unwrap();
        assert_eq!(columns.places.get(F::LastName), Some(&(0, Capitals)));
        assert_eq!(columns.ignored(), ["email"]);
        let wanted = [Some("last_name"), Some("first_name"), None, Some("username")];
        assert_eq!(Columns::meanings(&names, &map), wanted);
        assert_eq!(Columns::meanings(&header(&["Shoe size"]), &[]), [None]);
        // As a form sends it back: two columns of one name, the second of which is not read.
        let twice = header(&["email", "Email", "npi"]);
        let sent = pairs(&[("email", "email"), ("Email", ""), ("npi", "npi")]);
        assert_eq!(Columns::meanings(&twice, &sent), [Some("email"), None, Some("npi")]);
    }
}
