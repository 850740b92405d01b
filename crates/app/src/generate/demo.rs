//! The demo practice: shaped by hand so that every page has something to show. The same each time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, ToSpan};
use muster_domain::emr::{Credentials, EmrPatch, LICENSE_PLACEHOLDER, Permission, UserType, default_permissions};
use muster_domain::imports::made_up_username;
use muster_domain::licenses::Group;
use muster_domain::organizations::{AssistantFinish, Clinic};
use muster_domain::people::{Change, NewPassword};
use muster_domain::people::{PersonPatch, npi};
use muster_domain::text::search_key;
use muster_domain::{ClinicId, OrganizationId, PersonId};

use super::cast::{CLINICS, DemoPerson, KNOWN, LOOKALIKES, STAFF};
use super::names::NameLists;
use super::random::SeededRng;
use super::writer::PracticeWriter;
use crate::sign_in::NewOperator;
use crate::{App, Result};

use UserType::PT;

/// A demo practice, ready to be signed in to.
#[derive(Clone, Debug)]
pub struct DemoPractice {
    /// The practice.
    pub organization: OrganizationId,
    /// Who can sign in.
    pub sign_ins: Vec<DemoSignIn>,
}

/// Somebody who can sign in to the demo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoSignIn {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
    /// What they are.
    pub what: &'static str,
}

/// The password of every demo sign-in. It is no secret: the demo listens on this machine only.
const PASSWORD: &str = "Lobster-47-kayak-Tides";

impl App {
    /// Makes the demo practice and its sign-ins in an empty database.
    pub async fn demo(&self) -> Result<DemoPractice> {
        let hash = self.hash_password(PASSWORD).await?;
        let clinics = CLINICS.iter().map(|(town, address, zip)| Clinic {
            address: (*address).to_owned(),
            city: (*town).to_owned(),
            state: "ME".to_owned(),
            zip: (*zip).to_owned(),
            assistants_may_finish: if *town == "Scarborough" {
                AssistantFinish::Refused
            } else {
                AssistantFinish::Allowed
            },
            ..Clinic::new(ClinicId(self.new_id()), town)
        });
        let writer = PracticeWriter::found(self, "Saco Bay Rehab Group", "America/New_York", clinics.collect()).await?;
        let mut demo = Demo {
            app: self,
            writer,
            names: NameLists::new(),
            random: SeededRng::new(207),
            count: 0,
            used: BTreeMap::new(),
            therapists: [const { Vec::new() }; 5],
            supervised: Vec::new(),
        };
        let (mut sign_ins, mut ids) = (Vec::new(), Vec::new());
        for known in &KNOWN {
            let id = demo.add_known(known)?;
            ids.push(id);
            demo.writer.set_password(id, &hash);
            let username = made_up_username(known.name.0, known.name.1);
            sign_ins.push(DemoSignIn { username, password: PASSWORD.to_owned(), what: known.what });
        }
        demo.people()?;
        let organization = demo.writer.organization();
        let totals = demo.writer.take_totals();
        demo.writer.write().await?;
        let names: Vec<String> = KNOWN.iter().map(|k| format!("{} {}", k.name.0, k.name.1)).collect();
        let who = ((ids[0], names[0].as_str()), (ids[1], names[1].as_str()));
        demo.writer.write_license_history(self, &totals, who, &mut demo.random).await?;
        let support = NewOperator {
            username: "support".to_owned(),
            email: "support@muster.example".to_owned(),
            password: PASSWORD.to_owned(),
        };
        self.add_operator(&support).await?;
        let what = "support operator of the installation: license requests and totals, user types, every practice";
        sign_ins.push(DemoSignIn { username: support.username, password: support.password, what });
        Ok(DemoPractice { organization, sign_ins })
    }
}

/// The practice in the making.
struct Demo<'a> {
    app: &'a App,
    writer: PracticeWriter<'a>,
    names: NameLists,
    random: SeededRng,
    count: u64,
    /// How often a user name or email was given.
    used: BTreeMap<String, u32>,
    /// Active therapists, by clinic.
    therapists: [Vec<PersonId>; 5],
    /// Who works under one of them, with the clinic.
    supervised: Vec<(PersonId, usize)>,
}

impl Demo<'_> {
    fn clinic(&self, at: usize) -> ClinicId {
        self.writer.clinics[at].id
    }

    fn people(&mut self) -> Result<()> {
        for (at, staff) in STAFF.iter().enumerate() {
            self.limits_before(at);
            for (kind, count) in *staff {
                for _ in 0..*count {
                    let (first, last) = self.names.person(&mut self.random);
                    self.add(&first, &last, *kind, at, true)?;
                }
            }
            self.limits_after(at);
        }
        for (first, last, at, numbers) in LOOKALIKES {
            self.add(first, last, PT, at, numbers)?;
        }
        self.supervisors();
        Ok(())
    }

    /// Most assistants and students work under a therapist of their clinic; for some nobody has said so yet.
    fn supervisors(&mut self) {
        let waiting = std::mem::take(&mut self.supervised);
        for (n, (person, at)) in waiting.into_iter().enumerate() {
            let therapists = &self.therapists[at];
            if n % 6 != 4 && !therapists.is_empty() {
                self.writer.supervise(person, therapists[n % therapists.len()]);
            }
        }
    }

    /// Two pools are too small for those who come, so somebody waits for a license.
    fn limits_before(&mut self, at: usize) {
        let clinic = self.clinic(at);
        match CLINICS[at].0 {
            "Saco" => self.writer.limit(clinic, Group::Assistant, 6),
            "Biddeford" => self.writer.limit(clinic, Group::Student, 1),
            _ => {}
        }
    }

    /// The other pools have seats left, or are just full.
    fn limits_after(&mut self, at: usize) {
        let clinic = self.clinic(at);
        // Seats beyond those taken so far: therapists, assistants, students. Where look-alikes come, they take one more.
        let room: [Option<i64>; 3] = match CLINICS[at].0 {
            "Saco" => [Some(2), None, Some(3)],
            "Gorham" => [None, Some(0), Some(1)],
            "Biddeford" => [Some(2), Some(1), None],
            "Scarborough" => [Some(1), Some(1), Some(0)],
            _ => [Some(4), Some(2), Some(2)],
        };
        for (group, more) in [Group::Therapist, Group::Assistant, Group::Student].into_iter().zip(room) {
            if let Some(more) = more {
                let taken = self.writer.taken.get(&(clinic, group)).copied().unwrap_or(0);
                self.writer.limit(clinic, group, taken + more);
            }
        }
        if CLINICS[at].0 == "Gorham" {
            // Paid for and hardly used.
            self.writer.limit(clinic, Group::Therapist, 20);
        }
    }

    fn unique(&mut self, wanted: String) -> String {
        let times = self.used.entry(wanted.clone()).or_default();
        *times += 1;
        if *times == 1 { wanted } else { format!("{wanted}{times}") }
    }

    fn email(&mut self, first: &str, last: &str, username: &str) -> String {
        let plain = |text: &str| search_key(text).chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let (first, last) = (plain(first), plain(last));
        let local = if first.is_empty() || last.is_empty() { username.to_owned() } else { format!("{first}.{last}") };
        self.unique(local) + "@sacobay.example"
    }

    fn npi(&self) -> String {
        let nine = (130_000_000 + self.count * 48_611).to_string();
        format!("{nine}{}", npi::check_digit(nine.as_bytes()))
    }

    fn add_known(&mut self, known: &DemoPerson) -> Result<PersonId> {
        self.count += 1;
        let (first, last) = known.name;
        let username = self.unique(made_up_username(first, last));
        let person = PersonPatch {
            first_name: Some(first.to_owned()),
            last_name: Some(last.to_owned()),
            email: Some(Some(self.email(first, last, &username))),
            phone: Some(Some(format!("(207) 555-01{:02}", self.count))),
            npi: (known.kind == PT).then(|| Some(self.npi())),
            username: Some(username),
            ..PersonPatch::default()
        };
        let emr = EmrPatch {
            user_type: Some(known.kind.as_str().to_owned()),
            default_clinic: known.clinics.first().map(|c| self.clinic(*c)),
            clinics: Some(known.clinics.iter().map(|c| self.clinic(*c)).collect()),
            permissions: Some(known.permissions.iter().map(|p| p.as_str().to_owned()).collect()),
            ..self.license(known.kind, true)
        };
        let password = Some(NewPassword { password: PASSWORD.to_owned(), confirmation: None });
        let yesterday = self.app.now() - SignedDuration::from_hours(20 + i64::try_from(self.count).unwrap_or(0));
        let id = self.writer.add(&Change { person, emr: Some(emr), password, ..Change::default() }, Some(yesterday))?;
        if known.kind.has_signature() {
            self.writer.sign(id);
        }
        Ok(id)
    }

    /// Everyone else. What is special about somebody follows from their number, so that there is a bit of everything.
    /// Without `numbers` NPI and license are stood in for.
    fn add(&mut self, first: &str, last: &str, kind: UserType, at: usize, numbers: bool) -> Result<PersonId> {
        self.count += 1;
        let every = |n: u64, rest: u64| self.count % n == rest;
        let (needs_email, deactivated) = (every(41, 17), every(19, 9));
        let placeholder = every(23, 7) || !numbers;
        let attested = kind.group() == Group::Assistant && every(3, 0) && CLINICS[at].0 != "Scarborough";
        let views_users = kind.group() != Group::Student && every(11, 4);
        let married = every(29, 12);
        let username = self.unique(made_up_username(first, last));
        let email = self.email(first, last, &username);
        let number = if placeholder { npi::PLACEHOLDER.to_owned() } else { self.npi() };
        let person = PersonPatch {
            first_name: Some(first.to_owned()),
            last_name: Some(last.to_owned()),
            previous_names: married.then(|| vec![format!("{first} {}", self.names.last(&mut self.random))]),
            email: Some(Some(email).filter(|_| !needs_email)),
            phone: Some(Some(format!("(207) 555-{:04}", 1000 + self.count))).filter(|_| !self.count.is_multiple_of(4)),
            npi: (kind.credentials() == Credentials::NpiAndLicense).then_some(Some(number)),
            username: Some(username),
            ..PersonPatch::default()
        };
        let mut permissions = default_permissions(kind);
        if attested {
            permissions = permissions.with(Permission::FinishSoapNotes);
        }
        if views_users {
            permissions = permissions.with(Permission::ViewUsers);
        }
        let mut clinics = vec![at];
        if self.count.is_multiple_of(5) {
            clinics.push((at + 1) % CLINICS.len());
        }
        let emr = EmrPatch {
            user_type: Some(kind.as_str().to_owned()),
            status: (needs_email || deactivated).then(|| "inactive".to_owned()),
            default_clinic: Some(self.clinic(at)),
            clinics: Some(clinics.into_iter().map(|c| self.clinic(c)).collect()),
            permissions: Some(permissions.iter().map(|p| p.as_str().to_owned()).collect()),
            finish_attested: attested,
            ..self.license(kind, numbers)
        };
        let active = emr.status.is_none();
        let ago = SignedDuration::from_mins(self.random.between(10, 90 * 1440) * self.random.between(1, 10) / 10);
        let signed_in = (!needs_email && !self.count.is_multiple_of(13)).then(|| self.app.now() - ago);
        let id = self.writer.add(&Change { person, emr: Some(emr), ..Change::default() }, signed_in)?;
        // New people and people with other duties have not signed yet.
        if kind.has_signature() && numbers && !self.count.is_multiple_of(9) {
            self.writer.sign(id);
        }
        match kind.group() {
            Group::Therapist if active => self.therapists[at].push(id),
            Group::Assistant | Group::Student if active => self.supervised.push((id, at)),
            _ => {}
        }
        Ok(id)
    }

    fn license(&mut self, kind: UserType, number: bool) -> EmrPatch {
        if kind.credentials() == Credentials::None {
            return EmrPatch::default();
        }
        if self.count % 21 == 5 || !number {
            return EmrPatch { license_number: Some(Some(LICENSE_PLACEHOLDER.to_owned())), ..EmrPatch::default() };
        }
        let days = match self.count {
            n if n % 17 == 6 => -self.random.between(3, 60),
            n if n % 17 == 9 => self.random.between(2, 28),
            n if n % 17 == 13 => self.random.between(40, 85),
            _ => self.random.between(120, 720),
        };
        EmrPatch {
            license_number: Some(Some(format!("{}{}", kind.as_str(), 2000 + self.count * 7))),
            license_state: Some(Some(if self.count.is_multiple_of(15) { "NH" } else { "ME" }.to_owned())),
            license_expires_on: Some(Some(self.app.today().saturating_add(days.days()).to_string())),
            ..EmrPatch::default()
        }
    }
}
