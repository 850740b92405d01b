//! The list of a person's professional licenses.

use muster_domain::access::may_edit;
use muster_domain::audit::{Action, changes};
use muster_domain::credentials::{
    FIRST_LICENSE, ProfessionalLicense, ProfessionalLicensePatch, judge_professional_license,
};
use muster_domain::emr::EmrPatch;
use muster_domain::people::{Change, decide};
use muster_domain::{Code, PersonId, Refusal};
use muster_store::people::StoredProfile;
use muster_store::{Handle, credentials};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::keys::fingerprint;
use crate::people::{DecisionContext, SaveError, find_visible};
use crate::work::{AuditSubject, UnitOfWork};
use crate::{Actor, App, AppError, Idempotency, Result, Scope};

/// What is to happen to a license.
enum LicenseEdit<'a> {
    Add(&'a ProfessionalLicensePatch, Option<&'a Idempotency>),
    Change(i64, &'a ProfessionalLicensePatch),
    Remove(i64),
}

impl LicenseEdit<'_> {
    fn action(&self) -> Action {
        match self {
            Self::Add(..) => Action::LicenseAdded,
            Self::Change(..) => Action::LicenseChanged,
            Self::Remove(_) => Action::LicenseRemoved,
        }
    }
}

impl App {
    /// The licenses of a person, the one of the EMR profile first.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the actor may not know of the person.
    pub async fn professional_licenses(&self, actor: &Actor, id: PersonId) -> Result<Vec<ProfessionalLicense>> {
        actor.require_scope(Scope::PeopleRead)?;
        let mut h = self.db.read().await?;
        find_visible(&mut h, actor, id).await?;
        of(&mut h, actor, id).await
    }

    /// Adds a license.
    pub async fn add_professional_license(
        &self,
        actor: &Actor,
        id: PersonId,
        patch: &ProfessionalLicensePatch,
        idempotency: Option<&Idempotency>,
    ) -> Result<ProfessionalLicense> {
        self.license_step(actor, id, &LicenseEdit::Add(patch, idempotency)).await
    }

    /// Changes the license at a place. That at the first place is part of the EMR profile and judged with it.
    pub async fn change_professional_license(
        &self,
        actor: &Actor,
        id: PersonId,
        position: i64,
        patch: &ProfessionalLicensePatch,
    ) -> Result<ProfessionalLicense> {
        self.license_step(actor, id, &LicenseEdit::Change(position, patch)).await
    }

    /// Removes the license at a place; gives what it was.
    pub async fn remove_professional_license(
        &self,
        actor: &Actor,
        id: PersonId,
        position: i64,
    ) -> Result<ProfessionalLicense> {
        self.license_step(actor, id, &LicenseEdit::Remove(position)).await
    }

    async fn license_step(&self, actor: &Actor, id: PersonId, step: &LicenseEdit<'_>) -> Result<ProfessionalLicense> {
        actor.require_scope(Scope::PeopleWrite)?;
        let mut about = AuditSubject { id: Some(id.0), name: String::new() };
        match self.try_license_step(actor, id, step, &mut about).await {
            Ok(license) => Ok(license),
            Err(SaveError::Conflict) => Err(Refusal::whole(Code::SomeoneSavedFirst).into()),
            Err(SaveError::Failed(error)) => Err(self.audit_denial(actor, step.action(), about, error).await),
        }
    }

    async fn try_license_step(
        &self,
        actor: &Actor,
        id: PersonId,
        step: &LicenseEdit<'_>,
        about: &mut AuditSubject,
    ) -> std::result::Result<ProfessionalLicense, SaveError> {
        let mut work = self.work_for(actor, actor.organization()).await?;
        let stored = find_visible(&mut work.tx, actor, id).await?;
        about.name.clone_from(&stored.profile.person.full_name);
        let all = of(&mut work.tx, actor, id).await?;
        let at = |position: i64| all.iter().find(|l| l.position == position).ok_or(AppError::NotFound);
        let idempotency = if let LicenseEdit::Add(_, idempotency) = step { *idempotency } else { None };
        if let Some(made) = work.replay(actor, idempotency).await? {
            let still = all.iter().find(|l| license_request_id(id, l.position) == made).ok_or(AppError::NotFound)?;
            return Ok(still.clone());
        }
        let (before, after) = match step {
            LicenseEdit::Add(patch, _) => {
                (None, Some(judged(judge_professional_license(actor.authority(), &stored.profile, &all, None, patch))?))
            }
            LicenseEdit::Change(position, patch) => {
                let before = at(*position)?;
                let judged =
                    judged(judge_professional_license(actor.authority(), &stored.profile, &all, Some(before), patch))?;
                (Some(before), Some(judged))
            }
            LicenseEdit::Remove(position) => {
                may_edit(actor.authority(), &stored.profile).map_err(AppError::from)?;
                (Some(at(*position)?), None)
            }
        };
        let record = |l: Option<&ProfessionalLicense>| match l.map(|l| json!(l)) {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        let differences = changes(&record(before), &record(after.as_ref()));
        let position = after.as_ref().or(before).map_or(FIRST_LICENSE, |l| l.position);
        if position == FIRST_LICENSE && !differences.is_empty() {
            self.save_first(&mut work, actor, &stored, after.as_ref()).await?;
        }
        match &after {
            Some(license) if !differences.is_empty() => {
                credentials::save_professional_license(&mut work.tx, work.organization, id, license).await?;
            }
            Some(_) => {}
            None => {
                credentials::remove_professional_license(&mut work.tx, work.organization, id, position).await?;
                // Its place may be given to another one.
                work.forget(license_request_id(id, position)).await?;
            }
        }
        if let Some(made) = &after {
            work.remember(actor, idempotency, license_request_id(id, made.position)).await?;
        }
        work.audit_changed(actor, step.action(), about.clone(), differences);
        work.commit().await?;
        after.or_else(|| before.cloned()).ok_or(SaveError::Failed(AppError::NotFound))
    }

    /// The first license goes through the one judge of profile changes.
    async fn save_first(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        stored: &StoredProfile,
        license: Option<&ProfessionalLicense>,
    ) -> std::result::Result<(), SaveError> {
        let patch = EmrPatch {
            license_number: Some(license.and_then(|l| l.number.clone())),
            license_state: Some(license.and_then(|l| l.state.clone())),
            license_expires_on: Some(license.and_then(|l| l.expires_on).map(|d| d.to_string())),
            ..EmrPatch::default()
        };
        let change = Change { emr: Some(patch), ..Change::default() };
        let world = DecisionContext::load(&mut work.tx, actor, &stored.profile, &change).await?;
        let outcome =
            decide(actor.authority(), &world.facts, &stored.profile, false, &change).map_err(AppError::from)?;
        self.save_outcome(work, actor, &stored.profile, &outcome).await
    }
}

fn judged<T>(result: std::result::Result<T, muster_domain::Refusals>) -> std::result::Result<T, SaveError> {
    result.map_err(|refusals| SaveError::Failed(refusals.into()))
}

async fn of(h: &mut impl Handle, actor: &Actor, id: PersonId) -> Result<Vec<ProfessionalLicense>> {
    Ok(credentials::professional_licenses(h, actor.organization(), &[id]).await?.remove(&id).unwrap_or_default())
}

/// What a license is known by when the request that made it is repeated.
fn license_request_id(id: PersonId, position: i64) -> Uuid {
    let hash = fingerprint(&format!("{id}/{position}"));
    Uuid::from_slice(hash.get(..16).unwrap_or_default()).unwrap_or_default()
}
