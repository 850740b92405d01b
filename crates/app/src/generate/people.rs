//! Makes up one person of a practice.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan};
use muster_domain::emr::{Credentials, EmrPatch, LICENSE_PLACEHOLDER, Permission, UserType, default_permissions};
use muster_domain::imports::made_up_username;
use muster_domain::licenses::Group;
use muster_domain::organizations::Clinic;
use muster_domain::people::Change;
use muster_domain::people::{PersonPatch, npi};
use muster_domain::text::search_key;

use super::names::NameLists;
use super::random::SeededRng;

/// How often each type is met, of a hundred.
const TYPES: [(UserType, u64); 14] = [
    (UserType::PT, 34),
    (UserType::PTA, 18),
    (UserType::OT, 9),
    (UserType::COTA, 6),
    (UserType::SLP, 6),
    (UserType::SLPA, 1),
    (UserType::AT, 3),
    (UserType::RT, 1),
    (UserType::RTT, 1),
    (UserType::SPT, 4),
    (UserType::SOT, 2),
    (UserType::SSLP, 1),
    (UserType::Clerical, 11),
    (UserType::Billing, 3),
];

/// What somebody does besides their trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobRole {
    CompanyAdmin,
    ClinicManager,
    None,
}

/// Somebody, and how long ago they last signed in.
pub(super) struct GeneratedPerson {
    pub change: Change,
    pub signed_in_ago: Option<SignedDuration>,
}

/// Makes up the people of one practice.
pub(super) struct PeopleGenerator<'a> {
    pub random: SeededRng,
    names: &'a NameLists,
    /// Letters no other practice of the installation has; part of every user name and email.
    code: String,
    state: &'static str,
    today: Date,
    first_npi: u64,
    people: u64,
    /// How often a user name or email was wanted.
    wanted: HashMap<String, u32>,
}

impl<'a> PeopleGenerator<'a> {
    pub fn new(mut random: SeededRng, names: &'a NameLists, code: String, today: Date) -> Self {
        let state = random.weighted(&[("ME", 6), ("NH", 2), ("VT", 1), ("MA", 3)]);
        let first_npi = random.below(100_000_000);
        Self { random, names, code, state, today, first_npi, people: 0, wanted: HashMap::new() }
    }

    /// The next person, of these clinics; the first is the default clinic.
    pub fn next(&mut self, clinics: &[&Clinic], duty: JobRole) -> GeneratedPerson {
        self.people += 1;
        let kind = match duty {
            JobRole::CompanyAdmin => UserType::Clerical,
            JobRole::ClinicManager => {
                self.random.weighted(&[(UserType::PT, 6), (UserType::OT, 2), (UserType::Clerical, 2)])
            }
            JobRole::None => self.random.weighted(&TYPES),
        };
        let in_office = duty != JobRole::None;
        let waits_for_email = !in_office && self.random.per_mille(15);
        let deactivated = !in_office && !waits_for_email && self.random.per_mille(65);
        let person = self.person(kind, waits_for_email);
        let attested = kind.group() == Group::Assistant
            && clinics.iter().any(|c| c.lets_assistants_finish())
            && self.random.per_mille(200);
        let emr = EmrPatch {
            user_type: Some(kind.as_str().to_owned()),
            status: Some(if waits_for_email || deactivated { "inactive" } else { "active" }.to_owned()),
            default_clinic: clinics.first().map(|c| c.id),
            clinics: Some(clinics.iter().map(|c| c.id).collect::<BTreeSet<_>>()),
            permissions: Some(self.permissions(kind, duty, attested)),
            finish_attested: attested,
            ..self.license(kind)
        };
        let signed_in_ago = match (waits_for_email, deactivated) {
            (true, _) => None,
            (_, true) => Some(SignedDuration::from_mins(self.random.between(30 * 1440, 90 * 1440))),
            _ => self.last_sign_in(),
        };
        GeneratedPerson { change: Change { person, emr: Some(emr), ..Change::default() }, signed_in_ago }
    }

    /// Some never; the others within 90 days, most of them within the last few.
    fn last_sign_in(&mut self) -> Option<SignedDuration> {
        let whole = 90 * 1440;
        let (one, other) = (self.random.between(1, whole), self.random.between(1, whole));
        (!self.random.per_mille(60)).then(|| SignedDuration::from_mins(one * other / whole + 1))
    }

    fn person(&mut self, kind: UserType, without_email: bool) -> PersonPatch {
        let (first, last) = self.names.person(&mut self.random);
        let credentials = kind.credentials();
        let has_npi = match credentials {
            Credentials::NpiAndLicense => true,
            Credentials::LicenseNpiOptional => self.random.per_mille(300),
            Credentials::None => false,
        };
        let number = if credentials == Credentials::NpiAndLicense && self.random.per_mille(30) {
            npi::PLACEHOLDER.to_owned()
        } else {
            self.npi()
        };
        let username = self.unique(&made_up_username(&first, &last), ".");
        let email = self.email(&first, &last);
        let earlier = self.random.per_mille(40).then(|| format!("{first} {}", self.names.last(&mut self.random)));
        let phone =
            format!("({}) 555-{:04}", self.random.weighted(&[(207, 6), (603, 2), (978, 1)]), self.random.below(10_000));
        PersonPatch {
            first_name: Some(first),
            last_name: Some(last),
            full_name: None,
            previous_names: earlier.map(|name| vec![name]),
            email: Some(Some(email).filter(|_| !without_email)),
            phone: self.random.per_mille(600).then_some(Some(phone)),
            npi: has_npi.then_some(Some(number)),
            username: Some(username),
        }
    }

    /// A valid NPI that nobody of this practice has: the step shares no factor with the range.
    fn npi(&self) -> String {
        let nine = 100_000_000 + (self.first_npi + self.people * 48_611) % 100_000_000;
        let nine = nine.to_string();
        format!("{nine}{}", npi::check_digit(nine.as_bytes()))
    }

    fn email(&mut self, first: &str, last: &str) -> String {
        let plain = |text: &str| search_key(text).chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let (first, last) = (plain(first), plain(last));
        let local = if first.is_empty() || last.is_empty() { "staff".to_owned() } else { format!("{first}.{last}") };
        self.unique(&local, "@") + ".example"
    }

    /// The wanted name with a number when others wanted it too, and the practice's letters.
    fn unique(&mut self, wanted: &str, mark: &str) -> String {
        let times = self.wanted.entry(format!("{wanted}{mark}")).or_default();
        *times += 1;
        let number = if *times == 1 { String::new() } else { times.to_string() };
        format!("{wanted}{number}{mark}{}", self.code)
    }

    fn license(&mut self, kind: UserType) -> EmrPatch {
        if kind.credentials() == Credentials::None {
            return EmrPatch::default();
        }
        if self.random.per_mille(35) {
            return EmrPatch { license_number: Some(Some(LICENSE_PLACEHOLDER.to_owned())), ..EmrPatch::default() };
        }
        let number = format!("{}{}", kind.as_str(), self.random.between(1000, 99_999));
        let expires = self.today.saturating_add(self.random.between(-60, 730).days());
        EmrPatch {
            license_number: Some(Some(number)),
            license_state: Some(Some(self.state.to_owned())),
            license_expires_on: Some(Some(expires.to_string())),
            ..EmrPatch::default()
        }
    }

    fn permissions(&mut self, kind: UserType, duty: JobRole, attested: bool) -> Vec<String> {
        let mut set = default_permissions(kind);
        match duty {
            JobRole::CompanyAdmin => {
                set = Permission::ALL.into_iter().filter(|p| !p.is_soap()).collect();
            }
            JobRole::ClinicManager => {
                for extra in
                    [Permission::ViewUsers, Permission::EditUsers, Permission::ClinicAdmin, Permission::CalendarAdmin]
                {
                    set = set.with(extra);
                }
            }
            JobRole::None if kind.group() != Group::Student => {
                if self.random.per_mille(150) {
                    set = set.with(Permission::ViewUsers);
                }
                if self.random.per_mille(100) {
                    set = set.with(Permission::AnalyticsAccess);
                }
            }
            JobRole::None => {}
        }
        if attested {
            set = set.with(Permission::FinishSoapNotes);
        }
        set.iter().map(|p| p.as_str().to_owned()).collect()
    }
}
