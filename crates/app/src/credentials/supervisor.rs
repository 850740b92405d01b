//! Who supervises an assistant or a student.

use std::collections::BTreeMap;

use jiff::Timestamp;
use muster_domain::audit::Action;
use muster_domain::credentials::{judge_supervisor, needs_supervisor};
use muster_domain::{Code, PersonId, Refusal};
use muster_store::{credentials, people};
use serde_json::json;

use super::offered;
use crate::people::find_visible;
use crate::work::AuditSubject;
use crate::{Actor, App, Result, Scope};

/// Stretches of time shown.
const MOST_SHOWN: i64 = 50;

/// A stretch of time under one supervisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupervisorView {
    /// Who supervised, when the actor may see that person.
    pub supervisor: Option<(PersonId, String)>,
    /// From.
    pub since: Option<Timestamp>,
    /// To; none while it goes on.
    pub until: Option<Timestamp>,
}

/// Supervision of one person.
#[derive(Clone, Debug)]
pub struct SuperviseeView {
    /// An assistant or a student.
    pub needed: bool,
    /// Now and before, newest first.
    pub history: Vec<SupervisorView>,
    /// Therapists to choose from.
    pub offered: Vec<(PersonId, String)>,
}

impl SuperviseeView {
    /// The person's supervisor now.
    pub fn current(&self) -> Option<&SupervisorView> {
        self.history.first().filter(|s| s.until.is_none())
    }
}

impl App {
    /// Who supervises and supervised a person.
    pub async fn supervision(&self, actor: &Actor, id: PersonId) -> Result<SuperviseeView> {
        actor.require_scope(Scope::PeopleRead)?;
        let mut h = self.db.read().await?;
        let stored = find_visible(&mut h, actor, id).await?;
        let found = credentials::supervisions(&mut h, actor.organization(), id, MOST_SHOWN).await?;
        let ids: Vec<PersonId> = found.iter().map(|s| s.supervisor).collect();
        let known = people::find_many(&mut h, actor.organization(), &ids).await?;
        let names: BTreeMap<PersonId, String> = known
            .into_iter()
            .filter(|s| actor.authority().may_see(&s.profile))
            .map(|s| (s.profile.person.id, s.profile.person.full_name))
            .collect();
        let history = found
            .into_iter()
            .map(|s| SupervisorView {
                supervisor: names.get(&s.supervisor).map(|name| (s.supervisor, name.clone())),
                since: s.since,
                until: s.until,
            })
            .collect();
        let needed = stored.profile.emr.as_ref().is_some_and(needs_supervisor);
        let offered = if needed { offered(&mut h, actor, &stored.profile).await? } else { Vec::new() };
        Ok(SuperviseeView { needed, history, offered })
    }

    /// Puts a person under a supervisor, or under none.
    ///
    /// # Errors
    /// [`crate::AppError::Refused`] with everything that is wrong.
    pub async fn set_supervisor(&self, actor: &Actor, id: PersonId, supervisor: Option<PersonId>) -> Result<()> {
        actor.require_scope(Scope::PeopleWrite)?;
        let mut about = AuditSubject { id: Some(id.0), name: String::new() };
        match self.try_set_supervisor(actor, id, supervisor, &mut about).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.audit_denial(actor, Action::SupervisorChanged, about, error).await),
        }
    }

    async fn try_set_supervisor(
        &self,
        actor: &Actor,
        id: PersonId,
        supervisor: Option<PersonId>,
        about: &mut AuditSubject,
    ) -> Result<()> {
        let mut work = self.work_for(actor, actor.organization()).await?;
        let stored = find_visible(&mut work.tx, actor, id).await?;
        about.name.clone_from(&stored.profile.person.full_name);
        let wanted = match supervisor {
            None => None,
            Some(chosen) => {
                let found = people::find(&mut work.tx, work.organization, chosen).await?;
                let visible = found.filter(|s| actor.authority().may_see(&s.profile));
                if visible.is_none() {
                    // Said like any other fault of the field: whether that person exists is not told.
                    judge_supervisor(actor.authority(), &stored.profile, None)?;
                    return Err(Refusal::new("supervisor_id", Code::SupervisorUnknown).into());
                }
                visible
            }
        };
        judge_supervisor(actor.authority(), &stored.profile, wanted.as_ref().map(|s| &s.profile))?;
        let latest = credentials::supervisions(&mut work.tx, work.organization, id, 1).await?;
        let before = latest.first().filter(|s| s.until.is_none()).map(|s| s.supervisor);
        if before == supervisor {
            return Ok(());
        }
        let entry = [(id, self.new_id())];
        credentials::set_supervisor(&mut work.tx, work.organization, &entry, supervisor, self.now()).await?;
        let detail = json!({"supervisor_id": {"before": before, "after": supervisor}});
        work.audit_done(actor, Action::SupervisorChanged, about.clone(), &detail);
        work.commit().await
    }
}
