//! Synthetic but plausible data, of any size and the same for the same seed; and the demo practice. Nobody in it exists.

mod cast;
mod demo;
mod demo_licenses;
mod names;
mod people;
mod random;
mod writer;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use muster_domain::ClinicId;
use muster_domain::licenses::Group;
use muster_domain::organizations::{AssistantFinish, Clinic};
use muster_store::imports;
use serde::Serialize;

use crate::{App, Result};

pub use demo::{DemoPractice, DemoSignIn};

use names::NameLists;
use people::{JobRole, PeopleGenerator};
use random::SeededRng;
use writer::PracticeWriter;

/// How much to make up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerateSpec {
    /// Practices; at least one.
    pub organizations: u64,
    /// People, over all of them.
    pub people: u64,
    /// The same seed makes the same names, types, clinics and dates.
    pub seed: u64,
    /// People of the first practice; the others share the rest.
    pub largest: Option<u64>,
}

/// What was made up, so far or in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Generated {
    /// Practices.
    pub organizations: u64,
    /// Clinics.
    pub clinics: u64,
    /// People.
    pub people: u64,
}

/// Where every generated practice is.
const TIME_ZONE: &str = "America/New_York";

impl App {
    /// Fills the database with practices, clinics and people beside what is there already. Nobody has a password.
    ///
    /// # Errors
    /// When the database fails, or when somebody has taken a generated name; whole practices and batches stay.
    pub async fn generate(&self, spec: GenerateSpec, mut progress: impl FnMut(&Generated) + Send) -> Result<Generated> {
        let names = NameLists::new();
        let mut random = SeededRng::new(spec.seed);
        let mut done = Generated::default();
        let mut h = self.db.read().await?;
        // Practices are never deleted, so this number has not been used for names before.
        let first = u64::try_from(imports::count_organizations(&mut h).await?).unwrap_or(0);
        drop(h);
        for (n, size) in (first..).zip(practice_sizes(&spec, &mut random)) {
            let (name, code) = names.practice(n);
            // Each practice has its own numbers, so that its size changes no other.
            let crowd = PeopleGenerator::new(SeededRng::new(random.below(u64::MAX)), &names, code, self.today());
            self.fill(&names, &name, crowd, size, &mut done, &mut progress).await?;
        }
        self.analyze().await;
        Ok(done)
    }

    fn today(&self) -> Date {
        self.now().to_zoned(TimeZone::get(TIME_ZONE).unwrap_or(TimeZone::UTC)).date()
    }

    async fn fill(
        &self,
        names: &NameLists,
        name: &str,
        mut crowd: PeopleGenerator<'_>,
        size: u64,
        done: &mut Generated,
        progress: &mut (impl FnMut(&Generated) + Send),
    ) -> Result<()> {
        let staffing = clinic_sizes(size, &mut crowd.random);
        let clinics = (0..staffing.len()).map(|n| self.made_up_clinic(names, n, &mut crowd.random)).collect();
        let mut writer = PracticeWriter::found(self, name, TIME_ZONE, clinics).await?;
        done.organizations += 1;
        done.clinics += staffing.len() as u64;
        let mut admins = 1 + crowd.random.below(3);
        for (n, people) in staffing.iter().enumerate() {
            let clinic = writer.clinics[n].id;
            if crowd.random.per_mille(80) {
                // Paid for fewer students than come: some have to wait.
                writer.limit(clinic, Group::Student, 1);
            }
            for at in 0..*people {
                let duty = match at {
                    0 if n == 0 => JobRole::CompanyAdmin,
                    1 => JobRole::ClinicManager,
                    2 if admins > 1 => {
                        admins -= 1;
                        JobRole::CompanyAdmin
                    }
                    _ => JobRole::None,
                };
                let places = clinics_of_person(n, writer.clinics.len(), &mut crowd.random);
                let places: Vec<Clinic> = places.into_iter().map(|p| writer.clinics[p].clone()).collect();
                let somebody = crowd.next(&places.iter().collect::<Vec<_>>(), duty);
                writer.add(&somebody.change, somebody.signed_in_ago.map(|ago| self.now() - ago))?;
                done.people += writer.write_full().await?;
                progress(done);
            }
            limit_some_pools(&mut writer, clinic, &mut crowd.random);
        }
        done.people += writer.write().await?;
        progress(done);
        Ok(())
    }

    fn made_up_clinic(&self, names: &NameLists, n: usize, random: &mut SeededRng) -> Clinic {
        let (name, town) = names.clinic(n);
        let finish = if random.per_mille(70) { AssistantFinish::Refused } else { AssistantFinish::Allowed };
        Clinic {
            address: names.street(random),
            city: town.to_owned(),
            state: "ME".to_owned(),
            zip: format!("04{:03}", random.below(1000)),
            assistants_may_finish: finish,
            ..Clinic::new(ClinicId(self.new_id()), &name)
        }
    }
}

/// How many people each practice has: they add up, and none is empty while there is somebody left.
fn practice_sizes(spec: &GenerateSpec, random: &mut SeededRng) -> Vec<u64> {
    let organizations = spec.organizations.max(1);
    let mut sizes = Vec::new();
    let mut left = spec.people;
    if let Some(largest) = spec.largest {
        sizes.push(largest.min(left));
        left -= sizes[0];
    }
    while (sizes.len() as u64) < organizations {
        let to_go = organizations - sizes.len() as u64;
        let even = left / to_go;
        let size = if to_go == 1 { left } else { (even / 3 + random.below(even * 4 / 3 + 1)).clamp(1.min(left), left) };
        sizes.push(size);
        left -= size;
    }
    sizes
}

/// How many people each clinic of a practice has: 10 to 60 where there are that many.
fn clinic_sizes(size: u64, random: &mut SeededRng) -> Vec<u64> {
    let mut staffing = Vec::new();
    let mut left = size;
    while left > 0 {
        let people = (10 + random.below(51)).min(left);
        // A handful left over joins the clinic before.
        let people = if left - people < 10 && left <= 70 { left } else { people };
        staffing.push(people);
        left -= people;
    }
    if staffing.is_empty() { vec![0] } else { staffing }
}

/// The clinic itself and up to three near it.
fn clinics_of_person(home: usize, clinics: usize, random: &mut SeededRng) -> Vec<usize> {
    let more = random.weighted(&[(0, 70), (1, 18), (2, 8), (3, 4)]);
    let mut places = vec![home];
    for _ in 0..more {
        let place = (home + 1 + random.index(6)) % clinics;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// Some clinics pay for licenses by number: some pools are full, most have a few free.
fn limit_some_pools(writer: &mut PracticeWriter<'_>, clinic: ClinicId, random: &mut SeededRng) {
    if !random.per_mille(400) {
        return;
    }
    for group in [Group::Therapist, Group::Assistant] {
        let taken = writer.taken.get(&(clinic, group)).copied().unwrap_or(0);
        let free = random.weighted(&[(0, 3), (1, 3), (2, 3), (4, 1), (12, 1)]);
        writer.limit(clinic, group, taken + free);
    }
}
