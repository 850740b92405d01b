//! Judging a change without making it.

use muster_domain::PersonId;
use muster_domain::audit::Action;
use muster_domain::people::{Change, Profile, decide};

use super::DecisionContext;
use super::view::find_visible;
use crate::work::AuditSubject;
use crate::{Actor, App, AppError, Result, Scope};

impl App {
    /// Judges a change and saves nothing: for a request that is refused already for its form, so that its sender
    /// learns everything at once. Without `id` it is about a new person.
    ///
    /// # Errors
    /// As [`App::add_person`] and [`App::update_person`], and recorded like theirs.
    pub async fn check_person(&self, actor: &Actor, id: Option<PersonId>, change: &Change) -> Result<()> {
        actor.require_scope(Scope::PeopleWrite)?;
        let action = if id.is_some() { Action::PersonUpdated } else { Action::PersonCreated };
        match self.try_check(actor, id, change).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let about = AuditSubject { id: id.map(|p| p.0), name: String::new() };
                Err(self.audit_denial(actor, action, about, error).await)
            }
        }
    }

    async fn try_check(&self, actor: &Actor, id: Option<PersonId>, change: &Change) -> Result<()> {
        let mut h = self.db.read().await?;
        let before = match id {
            Some(id) => find_visible(&mut h, actor, id).await?.profile,
            None => Profile::blank(actor.organization(), PersonId(self.new_id())),
        };
        let world = DecisionContext::load(&mut h, actor, &before, change).await?;
        decide(actor.authority(), &world.facts, &before, id.is_none(), change).map(drop).map_err(AppError::from)
    }
}
