//! Support operators of the installation, and the practice they work in.

use muster_domain::audit::Action;
use muster_domain::people::{check_email, check_username};
use muster_domain::sign_in::{PasswordPolicy, PasswordState, Preset};
use muster_domain::{Code, OrganizationId, Refusal, Refusals};
use muster_store::{StoreError, organizations, sign_in};
use serde_json::json;
use uuid::Uuid;

use super::passwords::judge_new;
use crate::keys::fingerprint;
use crate::work::AuditSubject;
use crate::{Actor, App, AppError, Result};

/// An operator to add.
#[derive(Clone, Debug)]
pub struct NewOperator {
    /// User name.
    pub username: String,
    /// Email.
    pub email: String,
    /// Password.
    pub password: String,
}

impl App {
    /// Adds a support operator; from the command line of the machine only.
    pub async fn add_operator(&self, new: &NewOperator) -> Result<Uuid> {
        let mut refusals = Refusals::default();
        let username = refusals.take(check_username(&new.username)).unwrap_or_default();
        let email = refusals.take(check_email(&new.email)).unwrap_or_default();
        let policy = PasswordPolicy { preset: Preset::Seed, expiry_days: None };
        judge_new(&policy, &new.password, &new.password, std::slice::from_ref(&username), &mut refusals);
        refusals.into_result()?;
        let hash = self.hash_password(&new.password).await?;
        let id = self.new_id();
        let actor = Actor::command_line(OrganizationId::INSTALLATION);
        let mut tx = self.db.begin().await?;
        self.begin_own_chain(&mut tx).await?;
        tx.commit().await?;
        let mut work = self.system_work(OrganizationId::INSTALLATION).await?;
        match sign_in::insert_operator(&mut work.tx, id, &username, &email).await {
            Err(StoreError::Taken(_)) => {
                return Err(Refusal::new("username", Code::UsernameTaken)
                    .about(&["someone else, as user name or email"])
                    .into());
            }
            other => other?,
        }
        sign_in::set_password(&mut work.tx, id, &hash, PasswordState::Chosen, self.now()).await?;
        work.audit_done(&actor, Action::OperatorCreated, AuditSubject::new(id, &username), &json!({}));
        work.commit().await?;
        Ok(id)
    }

    /// The practice an operator's session works in from now on; recorded in that practice's own audit.
    pub async fn enter_organization(
        &self,
        actor: &Actor,
        session_token: &str,
        organization: OrganizationId,
    ) -> Result<()> {
        if !actor.is_support() {
            return Err(AppError::NotFound);
        }
        let mut work = self.work_for(actor, organization).await?;
        let found = organizations::find(&mut work.tx, organization).await?.ok_or(AppError::NotFound)?;
        sign_in::set_session_organization(&mut work.tx, &fingerprint(session_token), Some(organization)).await?;
        work.audit_done(actor, Action::OperatorEntered, AuditSubject::new(organization.0, &found.name), &json!({}));
        work.commit().await
    }
}
