//! The list of a person's professional licences.

use muster_domain::audit::{Action, changes};
use muster_domain::emr::{
    Change, EmrPatch, FIRST_LICENCE, LicencePatch, ProfessionalLicence, decide, judge_licence, may_edit,
};
use muster_domain::{Code, PersonId, Refusal};
use muster_store::people::Stored;
use muster_store::{Handle, credentials};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::keys::fingerprint;
use crate::people::{Attempt, Seen, seen};
use crate::work::{About, Work};
use crate::{Actor, App, AppError, Idempotency, Result, Scope};

/// What is to happen to a licence.
enum Step<'a> {
    Add(&'a LicencePatch, Option<&'a Idempotency>),
    Change(i64, &'a LicencePatch),
    Remove(i64),
}

impl Step<'_> {
    fn action(&self) -> Action {
        match self {
            Self::Add(..) => Action::LicenceAdded,
            Self::Change(..) => Action::LicenceChanged,
            Self::Remove(_) => Action::LicenceRemoved,
        }
    }
}

impl App {
    /// The licences of a person, the one of the EMR profile first.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the actor may not know of the person.
    pub async fn licences(&self, actor: &Actor, id: PersonId) -> Result<Vec<ProfessionalLicence>> {
        actor.require_scope(Scope::PeopleRead)?;
        let mut h = self.db.read().await?;
        seen(&mut h, actor, id).await?;
        of(&mut h, actor, id).await
    }

    /// Adds a licence.
    pub async fn add_licence(
        &self,
        actor: &Actor,
        id: PersonId,
        patch: &LicencePatch,
        idempotency: Option<&Idempotency>,
    ) -> Result<ProfessionalLicence> {
        self.licence_step(actor, id, &Step::Add(patch, idempotency)).await
    }

    /// Changes the licence at a place. That at the first place is part of the EMR profile and judged with it.
    pub async fn change_licence(
        &self,
        actor: &Actor,
        id: PersonId,
        position: i64,
        patch: &LicencePatch,
    ) -> Result<ProfessionalLicence> {
        self.licence_step(actor, id, &Step::Change(position, patch)).await
    }

    /// Removes the licence at a place; gives what it was.
    pub async fn remove_licence(&self, actor: &Actor, id: PersonId, position: i64) -> Result<ProfessionalLicence> {
        self.licence_step(actor, id, &Step::Remove(position)).await
    }

    async fn licence_step(&self, actor: &Actor, id: PersonId, step: &Step<'_>) -> Result<ProfessionalLicence> {
        actor.require_scope(Scope::PeopleWrite)?;
        let mut about = About { id: Some(id.0), name: String::new() };
        match self.try_licence_step(actor, id, step, &mut about).await {
            Ok(licence) => Ok(licence),
            Err(Attempt::Raced) => Err(Refusal::whole(Code::SomeoneSavedFirst).into()),
            Err(Attempt::Failed(error)) => Err(self.recorded(actor, step.action(), about, error).await),
        }
    }

    async fn try_licence_step(
        &self,
        actor: &Actor,
        id: PersonId,
        step: &Step<'_>,
        about: &mut About,
    ) -> std::result::Result<ProfessionalLicence, Attempt> {
        let mut work = self.work(actor.organization()).await?;
        let stored = seen(&mut work.tx, actor, id).await?;
        about.name.clone_from(&stored.profile.person.full_name);
        let all = of(&mut work.tx, actor, id).await?;
        let at = |position: i64| all.iter().find(|l| l.position == position).ok_or(AppError::NotFound);
        let idempotency = if let Step::Add(_, idempotency) = step { *idempotency } else { None };
        if let Some(made) = work.replay(actor, idempotency).await? {
            let still = all.iter().find(|l| place(id, l.position) == made).ok_or(AppError::NotFound)?;
            return Ok(still.clone());
        }
        let (before, after) = match step {
            Step::Add(patch, _) => {
                (None, Some(judged(judge_licence(actor.authority(), &stored.profile, &all, None, patch))?))
            }
            Step::Change(position, patch) => {
                let before = at(*position)?;
                let judged = judged(judge_licence(actor.authority(), &stored.profile, &all, Some(before), patch))?;
                (Some(before), Some(judged))
            }
            Step::Remove(position) => {
                may_edit(actor.authority(), &stored.profile).map_err(AppError::from)?;
                (Some(at(*position)?), None)
            }
        };
        let record = |l: Option<&ProfessionalLicence>| match l.map(|l| json!(l)) {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        let differences = changes(&record(before), &record(after.as_ref()));
        let position = after.as_ref().or(before).map_or(FIRST_LICENCE, |l| l.position);
        if position == FIRST_LICENCE && !differences.is_empty() {
            self.save_first(&mut work, actor, &stored, after.as_ref()).await?;
        }
        match &after {
            Some(licence) if !differences.is_empty() => {
                credentials::save_licence(&mut work.tx, work.organization, id, licence).await?;
            }
            Some(_) => {}
            None => {
                credentials::remove_licence(&mut work.tx, work.organization, id, position).await?;
                // Its place may be given to another one.
                work.forget(place(id, position)).await?;
            }
        }
        if let Some(made) = &after {
            work.remember(actor, idempotency, place(id, made.position)).await?;
        }
        work.changed(actor, step.action(), about.clone(), differences);
        work.commit().await?;
        after.or_else(|| before.cloned()).ok_or(Attempt::Failed(AppError::NotFound))
    }

    /// The first licence goes through the one judge of profile changes.
    async fn save_first(
        &self,
        work: &mut Work,
        actor: &Actor,
        stored: &Stored,
        licence: Option<&ProfessionalLicence>,
    ) -> std::result::Result<(), Attempt> {
        let patch = EmrPatch {
            license_number: Some(licence.and_then(|l| l.number.clone())),
            license_state: Some(licence.and_then(|l| l.state.clone())),
            license_expires_on: Some(licence.and_then(|l| l.expires_on).map(|d| d.to_string())),
            ..EmrPatch::default()
        };
        let change = Change { emr: Some(patch), ..Change::default() };
        let world = Seen::load(&mut work.tx, actor, &stored.profile, &change).await?;
        let outcome =
            decide(actor.authority(), &world.facts, &stored.profile, false, &change).map_err(AppError::from)?;
        self.save_outcome(work, actor, &stored.profile, &outcome).await
    }
}

fn judged<T>(result: std::result::Result<T, muster_domain::Refusals>) -> std::result::Result<T, Attempt> {
    result.map_err(|refusals| Attempt::Failed(refusals.into()))
}

async fn of(h: &mut impl Handle, actor: &Actor, id: PersonId) -> Result<Vec<ProfessionalLicence>> {
    Ok(credentials::licences(h, actor.organization(), &[id]).await?.remove(&id).unwrap_or_default())
}

/// What a licence is known by when the request that made it is repeated.
fn place(id: PersonId, position: i64) -> Uuid {
    let hash = fingerprint(&format!("{id}/{position}"));
    Uuid::from_slice(hash.get(..16).unwrap_or_default()).unwrap_or_default()
}
