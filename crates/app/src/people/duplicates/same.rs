//! “It is the same person”, and “these are two people”.

use std::collections::BTreeSet;

use muster_domain::audit::Action;
use muster_domain::emr::{EmrPatch, Permission, eligibility, grantable};
use muster_domain::people::Change;
use muster_domain::{ClinicId, PersonId};
use muster_store::duplicates;
use serde_json::json;

use crate::people::view::find_visible;
use crate::people::{NewProfile, SaveReceipt};
use crate::work::AuditSubject;
use crate::{Actor, App, Result, Scope};

impl App {
    /// Instead of adding somebody a second time, gives the person who is there the clinics and permissions meant for
    /// the new profile: those the actor may give, and the type may hold. Everything else of the person stays.
    ///
    /// # Errors
    /// As [`App::update_person`].
    pub async fn link_existing(&self, actor: &Actor, id: PersonId, new: &NewProfile) -> Result<SaveReceipt> {
        let view = self.person(actor, id).await?;
        let account = view.profile().emr.as_ref();
        let emr = match (account, &new.emr) {
            (_, None) => None,
            (None, Some(wanted)) => Some(wanted.clone()),
            (Some(account), Some(wanted)) => {
                let more = wanted.clinics.iter().flatten().copied();
                let clinics: BTreeSet<ClinicId> = view.clinics.iter().copied().chain(more).collect();
                let given = |p: &Permission| {
                    *p != Permission::FinishSoapNotes
                        && eligibility(account.user_type, *p).is_ok()
                        && grantable(actor.authority(), *p).is_ok()
                };
                let asked = wanted.permissions.iter().flatten().filter_map(|code| Permission::parse(code));
                let permissions =
                    asked.filter(given).fold(account.permissions, muster_domain::emr::PermissionSet::with);
                let permissions = permissions.iter().map(|p| p.as_str().to_owned()).collect();
                Some(EmrPatch { clinics: Some(clinics), permissions: Some(permissions), ..EmrPatch::default() })
            }
        };
        let change = Change { emr, ..Change::default() };
        self.update_person(actor, id, Some(view.stored.version), change).await
    }

    /// Notes that two profiles are two people, so that the pair is not raised again.
    ///
    /// # Errors
    /// [`crate::AppError::NotFound`] when the actor may not see one of them.
    pub async fn mark_distinct(&self, actor: &Actor, one: PersonId, other: PersonId) -> Result<()> {
        actor.require_scope(Scope::PeopleWrite)?;
        self.require(actor, Permission::EditUsers, Action::FoundToBeTwo).await?;
        match self.try_mark_distinct(actor, one, other).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.audit_denial(actor, Action::FoundToBeTwo, AuditSubject::none(), error).await),
        }
    }

    async fn try_mark_distinct(&self, actor: &Actor, one: PersonId, other: PersonId) -> Result<()> {
        let mut work = self.work_for(actor, actor.organization()).await?;
        let first = find_visible(&mut work.tx, actor, one).await?;
        let second = find_visible(&mut work.tx, actor, other).await?;
        duplicates::set_apart(&mut work.tx, work.organization, one, &[other], actor.name(), self.now()).await?;
        let about = AuditSubject::new(one.0, &first.profile.person.full_name);
        let detail = json!({"not": [{"id": other, "name": second.profile.person.full_name}]});
        work.audit_done(actor, Action::FoundToBeTwo, about, &detail);
        work.commit().await
    }
}
