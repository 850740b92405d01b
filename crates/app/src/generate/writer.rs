//! Founds a practice and fills it by the thousand. Everyone is judged like anyone else, so what is generated could
//! have been typed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use muster_domain::audit::Action;
use muster_domain::emr::EmrFacts;
use muster_domain::licenses::{Availability, Group};
use muster_domain::organizations::{Clinic, Organization};
use muster_domain::people::{Change, Facts, Profile, decide};
use muster_domain::sign_in::PasswordState;
use muster_domain::{ClinicId, Code, OrganizationId, PersonId, Refusal};
use muster_store::credentials::Assignment;
use muster_store::licenses::LedgerEntry;
use muster_store::{StoreError, credentials, images, imports, licenses, organizations, sign_in};
use serde_json::json;

use crate::images::made_up_image;
use crate::people::SaveError;
use crate::work::{AuditSubject, UnitOfWork};
use crate::{Actor, App, AppError, Result};

/// People written together.
const BATCH: usize = 1000;
/// Made-up signatures that look different: few, because drawing one takes time.
const HANDS: usize = 4;

/// A practice being filled.
pub(super) struct PracticeWriter<'a> {
    app: &'a App,
    pub actor: Actor,
    pub clinics: Vec<Clinic>,
    facts: Facts,
    waiting: PendingWrites,
    /// Seats taken so far.
    pub taken: BTreeMap<(ClinicId, Group), i64>,
}

/// Not written yet.
#[derive(Default)]
struct PendingWrites {
    totals: Vec<(ClinicId, Group, i64)>,
    profiles: Vec<Profile>,
    seats: BTreeMap<(ClinicId, Group), i64>,
    sign_ins: Vec<(PersonId, Timestamp)>,
    passwords: Vec<(PersonId, String)>,
    signatures: Vec<PersonId>,
    supervisions: Vec<(PersonId, PersonId)>,
}

fn ended(attempt: SaveError) -> AppError {
    match attempt {
        SaveError::Conflict => Refusal::whole(Code::SomeoneSavedFirst).into(),
        SaveError::Failed(error) => error,
    }
}

impl<'a> PracticeWriter<'a> {
    /// Founds the practice with its clinics.
    pub async fn found(app: &'a App, name: &str, time_zone: &str, clinics: Vec<Clinic>) -> Result<Self> {
        let id = OrganizationId(app.new_id());
        let organization = Organization::new(id, name, time_zone);
        let actor = Actor::command_line(id);
        let mut work = app.work_on_new(id).await?;
        match organizations::insert(&mut work.tx, &organization, app.now()).await {
            Err(StoreError::Taken(_)) => return Err(Refusal::new("name", Code::NameTaken).about(&[name]).into()),
            other => other?,
        }
        let about = AuditSubject::new(id.0, name);
        work.audit_done(&actor, Action::OrganizationCreated, about, &json!({"name": name, "time_zone": time_zone}));
        app.save_new_clinics(&mut work, &actor, &clinics).await.map_err(ended)?;
        work.commit().await?;
        let known = clinics.iter().map(|c| (c.id, c.clone())).collect();
        // `write` draws a signature for everybody who needs one.
        let emr = EmrFacts { signature_on_file: true, ..EmrFacts::for_new_person(known, BTreeMap::new()) };
        let facts = Facts::for_new_person(organization.password_policy(), emr);
        Ok(Self { app, actor, clinics, facts, waiting: PendingWrites::default(), taken: BTreeMap::new() })
    }

    /// The practice.
    pub fn organization(&self) -> OrganizationId {
        self.actor.organization()
    }

    /// Pays for so many seats of a pool from now on.
    pub fn limit(&mut self, clinic: ClinicId, group: Group, total: i64) {
        let assigned = self.taken.get(&(clinic, group)).copied().unwrap_or(0);
        self.facts.emr.seats.insert((clinic, group), Availability::of(Some(total), assigned));
        self.waiting.totals.push((clinic, group, total));
    }

    /// The totals not written yet, to be written in another way.
    pub fn take_totals(&mut self) -> Vec<(ClinicId, Group, i64)> {
        std::mem::take(&mut self.waiting.totals)
    }

    /// Adds somebody, if the judge agrees.
    pub fn add(&mut self, change: &Change, last_sign_in: Option<Timestamp>) -> Result<PersonId> {
        let before = Profile::blank(self.organization(), PersonId(self.app.new_id()));
        let outcome = decide(self.actor.authority(), &self.facts, &before, true, change)?;
        let id = outcome.profile.person.id;
        if let Some(pool) = outcome.seats.to {
            *self.taken.entry(pool).or_default() += 1;
            *self.waiting.seats.entry(pool).or_default() += 1;
            if let Some(Availability::Free(free)) = self.facts.emr.seats.get_mut(&pool) {
                *free -= 1;
            }
        }
        self.waiting.sign_ins.extend(last_sign_in.map(|at| (id, at)));
        self.waiting.profiles.push(outcome.profile);
        Ok(id)
    }

    /// Gives somebody just added a password, hashed already.
    pub fn set_password(&mut self, id: PersonId, hash: &str) {
        self.waiting.passwords.push((id, hash.to_owned()));
    }

    /// Puts a made-up signature on file for somebody just added.
    pub fn sign(&mut self, id: PersonId) {
        self.waiting.signatures.push(id);
    }

    /// Puts somebody just added under a supervisor.
    pub fn supervise(&mut self, id: PersonId, supervisor: PersonId) {
        self.waiting.supervisions.push((id, supervisor));
    }

    /// Writes when enough is waiting; how many people.
    pub async fn write_full(&mut self) -> Result<u64> {
        if self.waiting.profiles.len() >= BATCH { self.write().await } else { Ok(0) }
    }

    /// Writes what is waiting; how many people.
    pub async fn write(&mut self) -> Result<u64> {
        let waiting = std::mem::take(&mut self.waiting);
        let (app, actor) = (self.app, &self.actor);
        let mut work = app.work_for(actor, actor.organization()).await?;
        if !waiting.profiles.is_empty() {
            let people = app.new_people(actor.organization(), &waiting.profiles);
            app.save_new_people(&mut work, actor, people, &waiting.seats).await.map_err(ended)?;
            self.write_credentials(&mut work, &waiting).await?;
            imports::set_last_sign_ins(&mut work.tx, actor.organization(), &waiting.sign_ins).await?;
        }
        for (id, hash) in &waiting.passwords {
            sign_in::set_password(&mut work.tx, id.0, hash, PasswordState::Chosen, app.now()).await?;
        }
        for (clinic, group, total) in &waiting.totals {
            let entry = LedgerEntry {
                id: app.new_id(),
                clinic: *clinic,
                group: *group,
                before: None,
                after: Some(*total),
                request: None,
                actor_id: None,
                actor_kind: actor.authority().kind().as_str(),
                actor_name: actor.name().to_owned(),
                note: "Generated".to_owned(),
                at: app.now(),
            };
            licenses::set_total(&mut work.tx, actor.organization(), &entry).await?;
            let name = self.facts.emr.clinics.get(clinic).map_or("", |c| c.name.as_str());
            let detail = json!({"group": group, "total": {"before": null, "after": total}});
            work.audit_done(actor, Action::LicenseTotalSet, AuditSubject::new(clinic.0, name), &detail);
        }
        work.commit().await?;
        Ok(waiting.profiles.len() as u64)
    }

    /// Signatures, one of several handwritings a profile, and supervisors.
    async fn write_credentials(&self, work: &mut UnitOfWork, waiting: &PendingWrites) -> Result<()> {
        let (app, organization) = (self.app, self.organization());
        // An assistant finishes notes only with a signature on file.
        let finishing = |p: &&Profile| p.emr.as_ref().is_some_and(|e| e.finish_attestation.is_some());
        let finishing = waiting.profiles.iter().filter(finishing).map(|p| p.person.id);
        let signing: BTreeSet<PersonId> = finishing.chain(waiting.signatures.iter().copied()).collect();
        let signing: Vec<PersonId> = signing.into_iter().collect();
        for hand in 0..HANDS {
            let people: Vec<PersonId> = signing.iter().copied().skip(hand).step_by(HANDS).collect();
            if !people.is_empty() {
                let signature = made_up_image(hand, self.actor.name(), app.now())?;
                images::set_signatures(&mut work.tx, organization, &people, &signature).await?;
            }
        }
        let new = |(person, supervisor): &(PersonId, PersonId)| Assignment {
            id: app.new_id(),
            person: *person,
            supervisor: *supervisor,
        };
        let entries: Vec<Assignment> = waiting.supervisions.iter().map(new).collect();
        Ok(credentials::begin_supervisions(&mut work.tx, organization, &entries, app.now()).await?)
    }
}
