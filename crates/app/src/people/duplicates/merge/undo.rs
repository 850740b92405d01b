//! Taking a merge back.

use jiff::SignedDuration;
use muster_domain::access::may_reset_sign_in;
use muster_domain::audit::Action;
use muster_domain::emr::EmrAccount;
use muster_domain::people::{Change, Profile, decide};
use muster_domain::{Code, Refusal};
use muster_store::{credentials, merges, people};
use serde_json::json;
use uuid::Uuid;

use super::snapshot::{Snapshot, restoring_change};
use super::{MergeReceipt, UNDO_DAYS};
use crate::people::save::SaveError;
use crate::people::view::find_visible;
use crate::people::{DecisionContext, PersonView};
use crate::work::{AuditSubject, UnitOfWork};
use crate::{Actor, App, AppError, Result, Scope};

impl App {
    /// Takes a merge back: both profiles are again what they were, and what moved is back where it was. A supervised
    /// person who got yet another supervisor since keeps that one.
    ///
    /// # Errors
    /// [`AppError::Refused`] after thirty days, or when either profile was changed since.
    pub async fn undo_merge(&self, actor: &Actor, id: Uuid) -> Result<MergeReceipt> {
        actor.require_scope(Scope::PeopleWrite)?;
        match self.try_undo(actor, id).await {
            Ok(done) => Ok(done),
            Err(SaveError::Conflict) => Err(Refusal::whole(Code::SomeoneSavedFirst).into()),
            Err(SaveError::Failed(error)) => {
                Err(self.audit_denial(actor, Action::MergeUndone, AuditSubject::none(), error).await)
            }
        }
    }

    async fn try_undo(&self, actor: &Actor, id: Uuid) -> std::result::Result<MergeReceipt, SaveError> {
        let refused = |code| -> SaveError { AppError::from(Refusal::whole(code)).into() };
        let mut work = self.work_for(actor, actor.organization()).await?;
        let merge = merges::find(&mut work.tx, work.organization, id).await?.ok_or(AppError::NotFound)?;
        let kept = find_visible(&mut work.tx, actor, merge.kept).await?;
        let merged = find_visible(&mut work.tx, actor, merge.merged).await?;
        for one in [&kept, &merged] {
            may_reset_sign_in(actor.authority(), &one.profile).map_err(AppError::from)?;
        }
        if merge.undone_at.is_some() {
            return Err(refused(Code::MergeUndoneAlready));
        }
        if merge.at.is_none_or(|at| self.now().duration_since(at) > SignedDuration::from_hours(24 * UNDO_DAYS)) {
            return Err(refused(Code::MergeTooOld));
        }
        if kept.version != merge.kept_version || merged.version != merge.merged_version {
            return Err(refused(Code::ChangedSinceMerge));
        }
        let snapshot = Snapshot::read(&merge.snapshot)?;
        let (kept_was, merged_was) = snapshot.profiles(&kept.profile, &merged.profile)?;
        // First what permissions rest on: an assistant who finishes notes needs the signature back.
        self.reverse(&mut work, actor, &merge, &snapshot.handed).await?;
        // What only one profile can have goes back before it is taken again.
        let mut returned = restoring_change(&kept_was);
        returned.emr = None;
        self.apply(&mut work, actor, merge.kept, &returned).await?;
        let active = |p: &Profile| p.emr.as_ref().is_some_and(EmrAccount::is_active);
        if active(&merged_was) && !active(&kept_was) {
            // The seat is free again before it is taken.
            self.restore_profile(&mut work, actor, &kept_was).await?;
            self.restore_profile(&mut work, actor, &merged_was).await?;
        } else {
            // Admins are admins again before anyone stops being one.
            self.restore_profile(&mut work, actor, &merged_was).await?;
            self.restore_profile(&mut work, actor, &kept_was).await?;
        }
        if let Some(first) = snapshot.first.as_ref().filter(|_| snapshot.handed.moves_first_license()) {
            // The profession is no field of the profile.
            credentials::save_professional_license(&mut work.tx, work.organization, merge.kept, first).await?;
        }
        merges::undo(&mut work.tx, work.organization, id, self.now()).await?;
        let both = people::find_many(&mut work.tx, work.organization, &[merge.kept, merge.merged]).await?;
        let [mine, theirs] = &both[..] else { return Err(AppError::NotFound.into()) };
        for one in &both {
            let about = AuditSubject::new(one.profile.person.id.0, &one.profile.person.full_name);
            work.audit_done(actor, Action::MergeUndone, about, &json!({"merge": id}));
        }
        let done = MergeReceipt {
            id,
            kept: PersonView::of(actor, mine.clone()),
            merged: PersonView::of(actor, theirs.clone()),
            by: merge.by,
            at: merge.at,
        };
        work.commit().await?;
        Ok(done)
    }

    async fn restore_profile(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        was: &Profile,
    ) -> std::result::Result<(), SaveError> {
        let change: Change = restoring_change(was);
        let before = find_visible(&mut work.tx, actor, was.person.id).await?.profile;
        let world = DecisionContext::load(&mut work.tx, actor, &before, &change).await?;
        let mut outcome = decide(actor.authority(), &world.facts, &before, false, &change).map_err(AppError::from)?;
        if let (Some(account), Some(old)) = (&mut outcome.profile.emr, &was.emr) {
            // No field a change carries.
            account.inactive_reason = old.inactive_reason;
        }
        self.save_outcome(work, actor, &before, &outcome).await
    }
}
