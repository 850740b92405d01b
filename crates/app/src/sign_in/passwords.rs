//! Changing one's own password, and the live judgment while typing.

use muster_domain::audit::Action;
use muster_domain::organizations::Organization;
use muster_domain::sign_in::{Assessment, PasswordPolicy, PasswordState, Preset, assess};
use muster_domain::{Code, PersonId, Refusal, Refusals};
use muster_store::{organizations, people, sign_in};
use serde_json::json;

use crate::keys::fingerprint;
use crate::messages::Message;
use crate::work::AuditSubject;
use crate::{Actor, App, AppError, Result, Scope};

impl App {
    /// What is to be said about a password while it is typed. `words` are those it must not contain.
    pub fn assess_password(&self, organization: Option<&Organization>, password: &str, words: &[String]) -> Assessment {
        let strictest = PasswordPolicy { preset: Preset::Seed, expiry_days: None };
        assess(&organization.map_or(strictest, Organization::password_policy), password, words)
    }

    /// Changes one's own password and ends every session, but for the one it is done in.
    ///
    /// # Errors
    /// [`AppError::Refused`] with everything that is wrong; a wrong current password counts as a failed sign-in.
    pub async fn change_own_password(
        &self,
        actor: &Actor,
        session_token: Option<&str>,
        current: &str,
        new: &str,
        confirmation: &str,
    ) -> Result<()> {
        actor.require_scope(Scope::PeopleWrite)?;
        let subject = actor.subject().ok_or(AppError::NotSignedIn)?;
        let mut h = self.db.read().await?;
        let found = sign_in::find(&mut h, subject).await?.ok_or(AppError::NotSignedIn)?;
        let (policy, words, address) = match found.organization {
            Some(home) => {
                let organization = organizations::find(&mut h, home).await?.ok_or(AppError::NotFound)?;
                let stored = people::find(&mut h, home, PersonId(subject)).await?.ok_or(AppError::NotFound)?;
                let mut words = stored.profile.person.personal_words();
                let clinics: Vec<_> = stored.profile.emr.iter().flat_map(|e| &e.clinics).copied().collect();
                let clinics = organizations::clinics_by_id(&mut h, home, &clinics).await?;
                words.extend(clinics.into_iter().map(|c| c.name));
                let address = stored.profile.person.email.map(|to| (to, organization.name.clone()));
                (organization.password_policy(), words, address)
            }
            None => {
                let words = vec![found.shown_name.clone()];
                (PasswordPolicy { preset: Preset::Seed, expiry_days: None }, words, None)
            }
        };
        drop(h);
        let key = (format!("own-password:{subject}"), 5);
        self.check_throttles(std::slice::from_ref(&key)).await?;
        let mut refusals = Refusals::default();
        if !self.verify_password(current, found.password_hash.clone()).await {
            let mut tx = self.db.begin().await?;
            let now = self.now();
            sign_in::note_failure(&mut tx, &key.0, now, now - jiff::SignedDuration::from_mins(15)).await?;
            tx.commit().await?;
            refusals.push(Refusal::new("current_password", Code::CurrentPasswordWrong));
        } else if current == new {
            refusals.push(Refusal::new("password", Code::PasswordUnchanged));
        }
        judge_new(&policy, new, confirmation, &words, &mut refusals);
        refusals.into_result()?;
        let hash = self.hash_password(new).await?;
        let mut work = self.work_for(actor, super::sign_in::chain_of(found.organization)).await?;
        sign_in::set_password(&mut work.tx, subject, &hash, PasswordState::Chosen, self.now()).await?;
        sign_in::end_sessions(&mut work.tx, subject, session_token.map(fingerprint).as_deref()).await?;
        // Nor does a link that was asked for before, by whomever, undo it.
        sign_in::end_links(&mut work.tx, subject).await?;
        work.audit_done(actor, Action::PasswordChanged, AuditSubject::new(subject, actor.name()), &json!({}));
        if let Some((to, organization)) = address {
            self.queue(&mut work, &to, &Message::password_changed(actor.name(), &organization)).await?;
        }
        work.commit().await
    }
}

/// Notes everything wrong with a new password its owner typed twice.
pub(crate) fn judge_new(policy: &PasswordPolicy, new: &str, again: &str, words: &[String], refusals: &mut Refusals) {
    for refusal in assess(policy, new, words).refusals {
        refusals.push(refusal);
    }
    if new != again {
        refusals.push(Refusal::new("password_confirmation", Code::PasswordMismatch));
    }
}
