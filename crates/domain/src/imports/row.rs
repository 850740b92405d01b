//! A row of a CSV file as a change, for the same judge as every other change.

use super::columns::{Columns, Field, ValueStyle};
use super::{clinic_name, human_case, made_up_username, restore_zip, split_name, type_of_specialty};
use crate::emr::{Credentials, EmrPatch, LICENSE_PLACEHOLDER, Permission, Status, UserType};
use crate::ids::ClinicId;
use crate::organizations::Clinic;
use crate::people::Change;
use crate::people::{PersonPatch, check_email, check_state, check_username, human_name, npi};
use crate::refusal::{Refusal, Refusals};
use crate::text::{search_key, tidy, unique_key};

/// Where a clinic is, as far as the row says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ClinicAddress {
    address: String,
    city: String,
    state: String,
    zip: String,
}

/// A row as read. Clinics are given by name; the importer finds or creates them.
#[derive(Clone, Debug)]
pub struct ParsedRow {
    /// Everything but clinics and a made-up user name.
    pub change: Change,
    /// Clinics by name.
    pub clinics: Vec<String>,
    /// The default clinic by name.
    pub default_clinic: Option<String>,
    /// Where the row gives no user name: what one is made of. A number is appended where it is taken.
    pub username_base: Option<String>,
    place: ClinicAddress,
}

/// By what a row is recognized as someone who is there already, in this order; see [`ParsedRow::keys`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowKeys {
    /// A real NPI.
    pub npi: Option<String>,
    /// Email, as compared.
    pub email: Option<String>,
    /// User name, as compared.
    pub username: Option<String>,
}

impl RowKeys {
    /// True when the row carries none of the three.
    pub fn is_empty(&self) -> bool {
        self.npi.is_none() && self.email.is_none() && self.username.is_none()
    }
}

struct Cells<'a> {
    columns: &'a Columns,
    cells: &'a [&'a str],
}

impl Cells<'_> {
    /// A cell that holds something.
    fn get(&self, field: Field) -> Option<String> {
        let (place, style) = *self.columns.places.get(field)?;
        let text = self.cells.get(place)?.trim();
        match style {
            _ if text.is_empty() => None,
            ValueStyle::Capitals if matches!(field, Field::FirstName | Field::LastName | Field::FullName) => {
                Some(human_case(text))
            }
            _ => Some(text.to_owned()),
        }
    }

    fn list(&self, field: Field) -> Vec<String> {
        let text = self.get(field).unwrap_or_default();
        text.split(';').map(tidy).filter(|t| !t.is_empty()).collect()
    }
}

impl Columns {
    /// What a row asks for; its cells are as many as [`Columns::width`]. A row of a file with addresses that has none
    /// goes into the clinic `without_address`.
    pub fn wanted(&self, cells: &[&str], without_address: &str) -> ParsedRow {
        let cells = Cells { columns: self, cells };
        let user_type = cells.get(Field::UserType).map(|t| match type_of_specialty(&t) {
            Some(kind) => kind.as_str().to_owned(),
            None => t,
        });
        let kind = user_type.as_deref().map_or(Some(UserType::DEFAULT), UserType::parse);
        let credentials = kind.map_or(Credentials::None, UserType::credentials);
        let person = person(&cells, credentials);
        let username_base = person.username.is_none().then(|| {
            made_up_username(person.first_name.as_deref().unwrap_or(""), person.last_name.as_deref().unwrap_or(""))
        });
        let place = ClinicAddress {
            address: human_case(&cells.get(Field::Address).unwrap_or_default()),
            city: human_case(&cells.get(Field::City).unwrap_or_default()),
            state: cells.get(Field::State).unwrap_or_default(),
            zip: restore_zip(&cells.get(Field::Zip).unwrap_or_default()),
        };
        let default_clinic = cells.get(Field::DefaultClinic).map(|c| tidy(&c));
        let mut clinics = cells.list(Field::Clinics);
        if clinics.is_empty() {
            let by_place = || self.clinic_of_place(&cells, &place, without_address);
            clinics.extend(default_clinic.clone().or_else(by_place));
        }
        let license_number = cells.get(Field::LicenseNumber);
        let placeholder = (credentials != Credentials::None).then(|| LICENSE_PLACEHOLDER.to_owned());
        let status = cells.get(Field::Status);
        // Nobody can sign in without an email, so such a profile waits for one.
        let waits = (person.email.is_none()).then(|| Status::Inactive.as_str().to_owned());
        let emr = EmrPatch {
            user_type,
            status: status.or(waits),
            permissions: Some(cells.list(Field::Permissions)).filter(|p| !p.is_empty()).map(codes),
            license_number: Some(license_number.or(placeholder)),
            license_state: cells.get(Field::LicenseState).map(Some),
            license_expires_on: cells.get(Field::LicenseExpiresOn).map(Some),
            ..EmrPatch::default()
        };
        ParsedRow {
            change: Change { person, emr: Some(emr), ..Change::default() },
            clinics,
            default_clinic,
            username_base,
            place,
        }
    }

    /// The clinic a row's address stands for; none when the file has no addresses at all.
    fn clinic_of_place(&self, cells: &Cells<'_>, place: &ClinicAddress, without_address: &str) -> Option<String> {
        if !place.address.is_empty() {
            return Some(clinic_name(&place.address, &place.city));
        }
        let facility = cells.get(Field::FacilityName).map(|f| human_case(&f));
        let has_addresses = self.has(Field::Address) || self.has(Field::FacilityName);
        facility.or_else(|| has_addresses.then(|| without_address.to_owned()))
    }
}

fn person(cells: &Cells<'_>, credentials: Credentials) -> PersonPatch {
    let (mut first, mut last) = (cells.get(Field::FirstName), cells.get(Field::LastName));
    let mut full = cells.get(Field::FullName);
    if let (None, None, Some(whole)) = (&first, &last, &full) {
        let (one, other) = split_name(whole);
        (first, last, full) = (Some(one).filter(|n| !n.is_empty()), Some(other), None);
    }
    let placeholder = (credentials == Credentials::NpiAndLicense).then(|| npi::PLACEHOLDER.to_owned());
    let previous = cells.list(Field::PreviousNames);
    PersonPatch {
        first_name: first,
        last_name: last,
        full_name: full,
        previous_names: (!previous.is_empty()).then_some(previous),
        email: cells.get(Field::Email).map(Some),
        phone: cells.get(Field::Phone).map(Some),
        npi: cells.get(Field::Npi).or(placeholder).map(Some),
        username: cells.get(Field::Username),
    }
}

/// Permissions by code or by the name on the page; what is neither is left for the judge to refuse.
fn codes(wanted: Vec<String>) -> Vec<String> {
    let code = |text: String| {
        let named = Permission::ALL.into_iter().find(|p| p.label().eq_ignore_ascii_case(&text));
        named.or_else(|| Permission::parse(&text.to_lowercase())).map_or(text, |p| p.as_str().to_owned())
    };
    wanted.into_iter().map(code).collect()
}

impl ParsedRow {
    /// By what the row is recognized. What is not even valid recognizes nobody.
    pub fn keys(&self) -> RowKeys {
        let person = &self.change.person;
        let number = person.npi.as_ref().and_then(Option::as_deref).and_then(|n| npi::check(n).ok());
        let email = person.email.as_ref().and_then(Option::as_deref).and_then(|e| check_email(e).ok());
        let username = person.username.as_deref().and_then(|u| check_username(u).ok());
        RowKeys {
            npi: number.filter(|n| npi::is_real(n)),
            email: email.map(|e| unique_key(&e)),
            username: username.map(|u| unique_key(&u)),
        }
    }

    /// The folded name, as lists sort it; none when there is no valid name. With clinic and type it recognizes
    /// someone whose row carries none of the [`RowKeys`].
    pub fn name_key(&self) -> Option<String> {
        let person = &self.change.person;
        let name = |part: &Option<String>| human_name("first_name", "", part.as_deref().unwrap_or("")).ok();
        Some(search_key(&format!("{} {}", name(&person.last_name)?, name(&person.first_name)?)))
    }

    /// What the person will be; none when the row's type is not understood.
    pub fn user_type(&self) -> Option<UserType> {
        let text = self.change.emr.as_ref().and_then(|e| e.user_type.as_deref());
        text.map_or(Some(UserType::DEFAULT), UserType::parse)
    }

    /// The name of the clinic the person would be counted in: the default clinic, or the only one.
    pub fn home(&self) -> Option<&str> {
        let only = if self.clinics.len() == 1 { self.clinics.first() } else { None };
        self.default_clinic.as_ref().or(only).map(String::as_str)
    }

    /// A clinic the row names and the practice does not have yet. The row's address is taken as its address when it
    /// names no other.
    pub fn new_clinic(&self, id: ClinicId, name: &str) -> Result<Clinic, Refusals> {
        let mut refusals = Refusals::default();
        let mut clinic =
            Clinic::new(id, &refusals.take(human_name("clinics", "The name of a clinic", name)).unwrap_or_default());
        if self.clinics.len() == 1 {
            let mut text = |field, label, text: &str| {
                let filled = Some(text).filter(|t| !t.is_empty());
                filled.and_then(|t| refusals.take(human_name(field, label, t))).unwrap_or_default()
            };
            clinic.address = text("address", "The address", &self.place.address);
            clinic.city = text("city", "The city", &self.place.city);
            if !self.place.state.is_empty() {
                let state = check_state(&self.place.state).map_err(|r| Refusal { field: Some("state"), ..r });
                clinic.state = refusals.take(state).unwrap_or_default();
            }
            clinic.zip.clone_from(&self.place.zip);
        }
        refusals.into_result().map(|()| clinic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(header: &str, row: &str) -> ParsedRow {
        let header: Vec<String> = header.split(',').map(str::to_owned).collect();
        let cells: Vec<&str> = row.split(',').collect();
        Columns::read(&header, &[]).unwrap().wanted(&cells, "No address on file")
    }

    const CMS: &str = "NPI,Provider Name,Primary Specialty,Address,City/Town,State,ZIP Code";

    #[test]
    fn a_public_row_becomes_a_profile_that_waits_for_an_email() {
        let row = wanted(CMS, "1003025214,KELLY HANSCOM,PHYSICAL THERAPIST,120 ELM PLZ,WATERVILLE,ME,49014936");
        let emr = row.change.emr.clone().unwrap();
        assert_eq!(row.change.person.first_name.as_deref(), Some("Kelly"));
        assert_eq!((emr.user_type.as_deref(), emr.status.as_deref()), (Some("PT"), Some("inactive")));
        assert_eq!(emr.license_number, Some(Some("00000".to_owned())));
        assert_eq!(row.username_base.as_deref(), Some("khanscom"));
        assert_eq!(row.home(), Some("Waterville – 120 Elm Plz"));
        let clinic = row.new_clinic(ClinicId(uuid::Uuid::nil()), row.home().unwrap()).unwrap();
        assert_eq!((clinic.city.as_str(), clinic.zip.as_str()), ("Waterville", "04901-4936"));
    }

    #[test]
    fn a_row_without_address_goes_into_the_named_clinic_and_one_of_another_kind_of_file_does_not() {
        let row = wanted(CMS, "1003025214,KELLY HANSCOM,SPEECH LANGUAGE PATHOLOGIST,,,ME,");
        assert_eq!(row.clinics, ["No address on file"]);
        assert!(wanted("first_name,last_name,clinics", "Mara,Harlow,").clinics.is_empty());
    }

    #[test]
    fn our_own_columns_are_taken_as_typed() {
        let row = wanted(
            "first_name,last_name,email,user_type,clinics,default_clinic,permissions",
            "MARA,van Dam,m@s.example,clerical,Saco; York ,York,View Patients;edit_users;fly",
        );
        let emr = row.change.emr.clone().unwrap();
        assert_eq!(row.change.person.first_name.as_deref(), Some("MARA"));
        assert_eq!(emr.permissions.unwrap(), ["view_patients", "edit_users", "fly"]);
        assert_eq!((row.clinics.as_slice(), row.home()), (&["Saco".to_owned(), "York".to_owned()][..], Some("York")));
        assert_eq!(emr.license_number, Some(None), "a clerk has none, not a placeholder");
        assert_eq!(row.keys().email.as_deref(), Some("m@s.example"));
    }

    #[test]
    fn placeholders_and_hidden_marks_recognize_nobody() {
        let row = wanted("first_name,last_name,npi,email", "Ma\0ra,Harlow,9999999995,not an email");
        assert!(row.keys().is_empty() && row.name_key().is_none());
    }
}
