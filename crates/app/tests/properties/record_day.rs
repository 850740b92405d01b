//! A day of a practice, thrown step by step, with what has to be on record afterward.

use std::collections::BTreeMap;

use muster_app::bulk::Selection;
use muster_app::imports::ImportOptions;
use muster_app::people::ListQuery;
use muster_app::{Actor, AppError, Filter};
use muster_domain::bulk::{BulkChange, ChangeSet};
use muster_domain::emr::{EmrAccount, EmrPatch, Permission, Status, UserType};
use muster_domain::licenses::Group;
use muster_domain::people::PersonPatch;
use muster_domain::people::{Change, OffboardingKind, Profile};
use muster_domain::{Code, PersonId, Severity};
use uuid::Uuid;

use crate::world::{MANAGE, RunningFacts, SeededRng, VIEW};

/// About whom or what, which action, and whether it was done or denied; how often.
pub type Record = BTreeMap<(Option<Uuid>, &'static str, &'static str), usize>;

/// What may happen.
pub const STEPS: usize = 19;

pub struct Day {
    pub world: RunningFacts,
    pub rng: SeededRng,
    pub expected: Record,
    /// The machine, a manager of the first clinic, and a clerk of it who may only look.
    pub actors: [Actor; 3],
    pub people: Vec<PersonId>,
    pub n: usize,
}

fn is_denial(error: &AppError) -> bool {
    match error {
        AppError::NotFound => true,
        AppError::Refused(r) => r.0.iter().any(|x| {
            x.code.severity() == Severity::Forbidden
                || matches!(x.code, Code::LastCompanyAdmin | Code::LastUserManager | Code::NoLicenseAvailable)
        }),
        _ => false,
    }
}

fn is_active(profile: &Profile) -> bool {
    profile.emr.as_ref().is_some_and(EmrAccount::is_active)
}

impl Day {
    pub async fn begin(world: RunningFacts, rng: SeededRng) -> Self {
        let all = [&MANAGE[..], &[Permission::CompanyAdmin]].concat();
        let boss = world.clerk("boss", &all, &[0, 1]).await;
        world.clerk("manager", &MANAGE, &[0]).await;
        world.clerk("clerk", &VIEW, &[0]).await;
        let mut people = vec![boss];
        for n in 0..6 {
            let (kind, at) = if n % 2 == 0 { (UserType::PT, n % 3) } else { (UserType::SOT, (n + 1) % 3) };
            people.push(world.add(&format!("p{n}"), kind, &[Permission::ViewPatients], &world.clinics[at..=at]).await);
        }
        // Where there is no limit nobody asks for more.
        let limited = world.app.set_license_total(&world.machine(), world.clinics[0], Group::Assistant, 5, "").await;
        limited.expect("a total");
        let actors = [world.machine(), world.actor("manager").await, world.actor("clerk").await];
        Self { world, rng, expected: Record::new(), actors, people, n: 0 }
    }

    pub fn expect(&mut self, about: Option<Uuid>, action: &'static str, effect: &'static str) {
        *self.expected.entry((about, action, effect)).or_default() += 1;
    }

    pub fn done(&mut self, about: impl Into<Option<Uuid>>, action: &'static str) {
        self.expect(about.into(), action, "done");
    }

    /// A refusal is on record when it is about what someone was not allowed.
    pub fn refused(&mut self, error: &AppError, about: impl Into<Option<Uuid>>, action: &'static str) {
        assert!(!matches!(error, AppError::Internal(_) | AppError::Unavailable), "{error:?}");
        if is_denial(error) {
            self.expect(about.into(), action, "denied");
        }
    }

    pub fn anybody(&mut self) -> PersonId {
        self.rng.of(&self.people)
    }

    pub fn somebody_acts(&mut self) -> Actor {
        let at = self.rng.roll(self.actors.len());
        self.actors[at].clone()
    }

    /// What a changed profile leaves behind, besides the record of the action itself.
    pub async fn profile_changed(&mut self, id: PersonId, before: &Profile) {
        let after = self.world.stored(id).await;
        if before.record() != after.record() {
            self.done(id.0, "person.updated");
        }
        if is_active(before) && !is_active(&after) {
            self.done(id.0, "sessions.ended");
        }
    }

    pub async fn unchanged(&self, id: PersonId, before: &Profile) {
        assert_eq!(&self.world.stored(id).await, before, "a refused change changes nothing");
    }

    pub async fn step(&mut self, what: usize) {
        self.n += 1;
        match what {
            0 => self.somebody_new().await,
            1 | 2 => self.an_edit().await,
            3 => self.a_bulk_update().await,
            4 => self.somebody_leaves().await,
            5 => self.clinics().await,
            6 => self.settings().await,
            7 => self.tokens().await,
            8 => self.professional_licenses().await,
            9 => self.license_pools().await,
            10 => self.license_requests().await,
            11 => self.a_supervisor().await,
            12 => self.a_link_or_sessions().await,
            13 => self.copied_access().await,
            14 => self.another_type().await,
            15 => self.a_picture().await,
            16 => self.exports().await,
            17 => self.presets_and_pairs().await,
            _ => self.a_merge_and_back().await,
        }
    }

    async fn somebody_new(&mut self) {
        let actor = self.somebody_acts();
        let name = format!("n{}", self.n);
        if self.rng.one_in(3) {
            let csv = format!(
                "first_name,last_name,username,email,user_type,clinics,permissions\nAda,Lund,{0},{0}@x.example,SOT,{1},\
                 view_patients\n",
                self.world.username(&name),
                self.world.clinic_name(0),
            );
            let source = std::io::Cursor::new(csv.into_bytes());
            match self.world.app.import_people(&actor, source, ImportOptions::default(), |_| ()).await {
                Ok(report) => {
                    self.done(None, "people.imported");
                    assert_eq!(report.added, 1, "{report:?}");
                    let filter = Filter { q: self.world.username(&name), ..Filter::default() };
                    let asked = ListQuery { filter, limit: 2, ..ListQuery::default() };
                    let page = self.world.app.people(&self.world.machine(), asked).await.expect("lists");
                    self.done(page.people[0].profile().person.id.0, "person.created");
                }
                Err(error) => self.refused(&error, None, "people.imported"),
            }
            return;
        }
        let at = self.rng.roll(3);
        let new = self.world.profile(&name, UserType::SOT, &[Permission::ViewPatients], &self.world.clinics[at..=at]);
        match self.world.app.add_person(&actor, new, None).await {
            Ok(saved) => {
                let id = saved.view.profile().person.id;
                self.done(id.0, "person.created");
                self.people.push(id);
            }
            Err(error) => self.refused(&error, None, "person.created"),
        }
    }

    async fn an_edit(&mut self) {
        let (actor, id) = (self.somebody_acts(), self.anybody());
        let before = self.world.stored(id).await;
        let change = match self.rng.roll(3) {
            0 => {
                let phone = Some(Some(format!("207 555 {:04}", self.n)));
                Change { person: PersonPatch { phone, ..PersonPatch::default() }, ..Change::default() }
            }
            1 => {
                let to = if is_active(&before) { "inactive" } else { "active" };
                Change { emr: Some(crate::world::status(to)), ..Change::default() }
            }
            _ => {
                let clinics = self.world.clinics.iter().copied().filter(|_| self.rng.one_in(2)).collect();
                let emr = EmrPatch { clinics: Some(clinics), ..EmrPatch::default() };
                Change { emr: Some(emr), ..Change::default() }
            }
        };
        match self.world.app.update_person(&actor, id, None, change).await {
            Ok(_) => self.profile_changed(id, &before).await,
            Err(error) => {
                self.unchanged(id, &before).await;
                self.refused(&error, id.0, "person.updated");
            }
        }
    }

    async fn a_bulk_update(&mut self) {
        let actor = self.somebody_acts();
        let some: Vec<PersonId> = (0..3).map(|_| self.anybody()).collect();
        let change = match self.rng.roll(4) {
            0 => BulkChange::SetStatus(Status::Active),
            1 => BulkChange::SetStatus(Status::Inactive),
            2 => BulkChange::AddPermission(Permission::EditPatients),
            _ => BulkChange::RemovePermission(Permission::EditPatients),
        };
        let changes = ChangeSet::new([change]).expect("one change");
        let job = match self.world.app.bulk_update(&actor, &Selection::Ids(some), &changes, None).await {
            Ok(job) => job,
            Err(error) => return self.refused(&error, None, "bulk_update.done"),
        };
        self.bulk_done(&actor, job.job.id, "bulk_update.done").await;
        if job.job.tally.updated > 0 && self.rng.one_in(2) {
            let undo = self.world.app.undo_bulk(&actor, job.job.id, None).await.expect("undone");
            self.bulk_done(&actor, undo.job.id, "bulk_update.undone").await;
        }
    }

    async fn bulk_done(&mut self, actor: &Actor, job: Uuid, action: &'static str) {
        self.done(job, action);
        let results = self.world.app.bulk_results(actor, job, false, None, 200).await.expect("results");
        for result in results.items.iter().filter(|r| r.state == "updated") {
            self.done(result.person.0, "person.updated");
        }
    }

    async fn somebody_leaves(&mut self) {
        let (actor, id) = (self.somebody_acts(), self.anybody());
        let before = self.world.stored(id).await;
        let kind = if self.rng.one_in(2) { OffboardingKind::Leave } else { OffboardingKind::Departure };
        match self.world.app.offboard(&actor, id, kind, None, false).await {
            Ok(_) => {
                self.done(id.0, "person.offboarded");
                self.profile_changed(id, &before).await;
            }
            Err(error) => {
                self.unchanged(id, &before).await;
                self.refused(&error, id.0, "person.offboarded");
            }
        }
    }
}
