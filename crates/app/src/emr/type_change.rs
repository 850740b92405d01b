//! Changing the user type of a saved profile: support only, with a preview of what breaks.

use muster_domain::audit::{Action, changes};
use muster_domain::emr::{TypeChange, UserType, field, preview_type_change};
use muster_domain::people::{Change, decide};
use muster_domain::{Code, PersonId, Refusal};
use serde_json::json;

use crate::people::{Candidates, DecisionContext, PersonView, SaveError, SaveReceipt, find_visible};
use crate::work::AuditSubject;
use crate::{Actor, App, AppError, Result, Scope};

/// What a new user type would do.
#[derive(Clone, Debug)]
pub struct TypeChangePreview {
    /// The consequences.
    pub change: TypeChange,
    /// What stands in the way altogether, for example a full license pool.
    pub refused: Option<muster_domain::Refusals>,
}

impl App {
    /// Works out what a new user type would break; changes nothing.
    pub async fn preview_type_change(&self, actor: &Actor, id: PersonId, to: UserType) -> Result<TypeChangePreview> {
        actor.require_scope(Scope::PeopleRead)?;
        if !actor.is_support() {
            let error = Refusal::new(field::USER_TYPE, Code::SupportOnly).into();
            return Err(self
                .audit_denial(
                    actor,
                    Action::UserTypeChanged,
                    AuditSubject { id: Some(id.0), name: String::new() },
                    error,
                )
                .await);
        }
        let mut h = self.db.read().await?;
        let stored = find_visible(&mut h, actor, id).await?;
        let account = stored.profile.emr.as_ref().ok_or(AppError::NotFound)?;
        let preview = preview_type_change(&stored.profile.person, account, to);
        let (person, emr) = preview.as_patches(account);
        let change = Change { person, emr: Some(emr), ..Change::default() };
        let world = DecisionContext::load(&mut h, actor, &stored.profile, &change).await?;
        let refused = decide(actor.authority(), &world.facts, &stored.profile, false, &change).err();
        Ok(TypeChangePreview { change: preview, refused })
    }

    /// Changes the user type, with everything the preview said.
    pub async fn change_type(
        &self,
        actor: &Actor,
        id: PersonId,
        expected: Option<i64>,
        to: UserType,
    ) -> Result<SaveReceipt> {
        actor.require_scope(Scope::PeopleWrite)?;
        let mut about = AuditSubject { id: Some(id.0), name: String::new() };
        match self.try_change_type(actor, id, expected, to, &mut about).await {
            Ok(saved) => Ok(saved),
            Err(SaveError::Conflict) => Err(Refusal::whole(Code::SomeoneSavedFirst).into()),
            Err(SaveError::Failed(error)) => Err(self.audit_denial(actor, Action::UserTypeChanged, about, error).await),
        }
    }

    async fn try_change_type(
        &self,
        actor: &Actor,
        id: PersonId,
        expected: Option<i64>,
        to: UserType,
        about: &mut AuditSubject,
    ) -> std::result::Result<SaveReceipt, SaveError> {
        let mut work = self.work_for(actor, actor.organization()).await?;
        let before = find_visible(&mut work.tx, actor, id).await?;
        about.name.clone_from(&before.profile.person.full_name);
        if !actor.is_support() {
            return Err(AppError::from(Refusal::new(field::USER_TYPE, Code::SupportOnly)).into());
        }
        if expected.is_some_and(|e| e != before.version) {
            return Err(AppError::Stale { current: before.version }.into());
        }
        let account = before.profile.emr.as_ref().ok_or(AppError::NotFound)?;
        let preview = preview_type_change(&before.profile.person, account, to);
        let (person, emr) = preview.as_patches(account);
        let change = Change { person, emr: Some(emr), ..Change::default() };
        let world = DecisionContext::load(&mut work.tx, actor, &before.profile, &change).await?;
        let outcome =
            decide(actor.authority(), &world.facts, &before.profile, false, &change).map_err(AppError::from)?;
        self.save_outcome(&mut work, actor, &before.profile, &outcome).await?;
        let kinds = changes(&before.profile.record(), &outcome.profile.record());
        let kind = kinds.get(field::USER_TYPE).cloned().unwrap_or_else(|| json!({}));
        work.audit_done(actor, Action::UserTypeChanged, about.clone(), &json!({field::USER_TYPE: kind}));
        let stored =
            muster_store::people::find(&mut work.tx, work.organization, id).await?.ok_or(AppError::NotFound)?;
        work.commit().await?;
        Ok(SaveReceipt {
            view: PersonView::of(actor, stored),
            notices: preview.sentences(),
            invited: None,
            duplicates: Candidates::default(),
        })
    }
}
