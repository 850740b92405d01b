//! Copying access from colleagues.

use std::collections::BTreeSet;

use muster_domain::access::may_edit;
use muster_domain::audit::Action;
use muster_domain::emr::{CopyPlan, copy_from};
use muster_domain::people::{Change, Profile, decide};
use muster_domain::{ClinicId, Code, PersonId, Refusal};
use muster_store::{Handle, organizations, people};
use serde_json::json;

use crate::people::{DecisionContext, PersonView, SaveError, find_visible};
use crate::work::AuditSubject;
use crate::{Actor, App, AppError, Result, Scope};

/// Most people to copy from at once.
const MOST_SOURCES: usize = 50;

/// What copying would do, or did.
#[derive(Clone, Debug)]
pub struct CopyReport {
    /// What is added and what is left out.
    pub plan: CopyPlan,
    /// The profile: before, in a preview; after, when it was done.
    pub view: PersonView,
    /// Those copied from.
    pub sources: Vec<Profile>,
}

/// The profiles to copy from. One the actor may not know of is answered like one that does not exist.
async fn sources_of(h: &mut impl Handle, actor: &Actor, target: PersonId, ids: &[PersonId]) -> Result<Vec<Profile>> {
    let wanted: BTreeSet<PersonId> = ids.iter().copied().filter(|id| *id != target).collect();
    if wanted.is_empty() {
        return Err(Refusal::new("source_ids", Code::Required).about(&["Somebody to copy from"]).into());
    }
    if wanted.len() > MOST_SOURCES {
        let limit = format!("Copy from at most {MOST_SOURCES} people at once");
        return Err(Refusal::new("source_ids", Code::NumberOutOfRange).about(&[limit]).into());
    }
    let list: Vec<PersonId> = wanted.iter().copied().collect();
    let found = people::find_many(h, actor.organization(), &list).await?;
    let known: Vec<Profile> = found.into_iter().map(|s| s.profile).filter(|p| actor.authority().may_see(p)).collect();
    if known.len() < wanted.len() {
        return Err(Refusal::new("source_ids", Code::NotFound).into());
    }
    Ok(known)
}

async fn plan(
    h: &mut impl Handle,
    actor: &Actor,
    target: &Profile,
    ids: &[PersonId],
) -> Result<(CopyPlan, Vec<Profile>)> {
    may_edit(actor.authority(), target)?;
    let sources = sources_of(h, actor, target.person.id, ids).await?;
    let clinics: BTreeSet<ClinicId> =
        sources.iter().filter_map(|s| s.emr.as_ref()).flat_map(|e| &e.clinics).copied().collect();
    let clinics: Vec<ClinicId> = clinics.into_iter().collect();
    let known = organizations::clinics_by_id(h, actor.organization(), &clinics).await?;
    let known = known.into_iter().map(|c| (c.id, c)).collect();
    let profiles: Vec<&Profile> = sources.iter().collect();
    Ok((copy_from(actor.authority(), target, &profiles, &known), sources))
}

impl App {
    /// What copying from these people would add, and what it would leave out; changes nothing.
    ///
    /// # Errors
    /// [`AppError::Refused`] at `source_ids` when there is nobody to copy from.
    pub async fn preview_copy(&self, actor: &Actor, id: PersonId, from: &[PersonId]) -> Result<CopyReport> {
        actor.require_scope(Scope::PeopleRead)?;
        let looked = async {
            let mut h = self.db.read().await?;
            let stored = find_visible(&mut h, actor, id).await?;
            let (plan, sources) = plan(&mut h, actor, &stored.profile, from).await?;
            Ok(CopyReport { plan, view: PersonView::of(actor, stored), sources })
        };
        match looked.await {
            Ok(copied) => Ok(copied),
            Err(error) => Err(self.audit_denial(actor, Action::AccessCopied, denied(id), error).await),
        }
    }

    /// Adds what is missing, under the rules of every other change. When there is nothing to add, nothing is saved.
    ///
    /// # Errors
    /// As for [`App::preview_copy`], and those of [`App::update_person`].
    pub async fn copy_access(
        &self,
        actor: &Actor,
        id: PersonId,
        expected: Option<i64>,
        from: &[PersonId],
    ) -> Result<CopyReport> {
        actor.require_scope(Scope::PeopleWrite)?;
        match self.try_copy(actor, id, expected, from).await {
            Ok(copied) => Ok(copied),
            Err(SaveError::Conflict) => Err(Refusal::whole(Code::SomeoneSavedFirst).into()),
            Err(SaveError::Failed(error)) => {
                Err(self.audit_denial(actor, Action::AccessCopied, denied(id), error).await)
            }
        }
    }

    async fn try_copy(
        &self,
        actor: &Actor,
        id: PersonId,
        expected: Option<i64>,
        from: &[PersonId],
    ) -> std::result::Result<CopyReport, SaveError> {
        let mut work = self.work_for(actor, actor.organization()).await?;
        let before = find_visible(&mut work.tx, actor, id).await?;
        if expected.is_some_and(|e| e != before.version) {
            return Err(AppError::Stale { current: before.version }.into());
        }
        let (plan, sources) = plan(&mut work.tx, actor, &before.profile, from).await?;
        if plan.is_empty() {
            return Ok(CopyReport { plan, view: PersonView::of(actor, before), sources });
        }
        let change = Change { emr: plan.as_patch(&before.profile), ..Change::default() };
        let world = DecisionContext::load(&mut work.tx, actor, &before.profile, &change).await?;
        let outcome =
            decide(actor.authority(), &world.facts, &before.profile, false, &change).map_err(AppError::from)?;
        self.save_outcome(&mut work, actor, &before.profile, &outcome).await?;
        // Not by name: readers of the record may not know them.
        let ids: Vec<PersonId> = sources.iter().map(|s| s.person.id).collect();
        let about = AuditSubject::new(id.0, &before.profile.person.full_name);
        work.audit_done(actor, Action::AccessCopied, about, &json!({"source_ids": ids}));
        let stored = people::find(&mut work.tx, work.organization, id).await?.ok_or(AppError::NotFound)?;
        work.commit().await?;
        Ok(CopyReport { plan, view: PersonView::of(actor, stored), sources })
    }
}

fn denied(id: PersonId) -> AuditSubject {
    AuditSubject { id: Some(id.0), name: String::new() }
}
