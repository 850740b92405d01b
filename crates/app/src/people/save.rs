//! Adding and changing people: the one door of every profile change.

use jiff::Timestamp;
use muster_domain::audit::{Action, changes};
use muster_domain::emr::{EmrPatch, SeatMove, field};
use muster_domain::people::{Change, NewPassword, Notice, Outcome, PersonPatch, Profile, decide};
use muster_domain::sign_in::{PasswordState, can_sign_in};
use muster_domain::{Code, PersonId, Refusal, Refusals, Severity};
use muster_store::{StoreError, licenses, people, sign_in};
use serde_json::{Map, json};

use super::duplicates::{candidates, refusal_or_candidates, require_decided};
use super::view::find_visible;
use super::{Candidates, Decision, DecisionContext, PersonView};
use crate::work::{AuditActor, AuditSubject, UnitOfWork};
use crate::{Actor, App, AppError, Idempotency, Result, Scope};

/// A profile to add.
#[derive(Clone, Debug, Default)]
pub struct NewProfile {
    /// Names and how to reach the person.
    pub person: PersonPatch,
    /// `closed` keeps a person without accounts from signing in.
    pub sign_in_status: Option<String>,
    /// The EMR account; without one only the person is added.
    pub emr: Option<EmrPatch>,
    /// Typed by the manager. Without one an invitation is sent, so that no manager has to know a password.
    pub password: Option<NewPassword>,
    /// `false` keeps the invitation back.
    pub invite: Option<bool>,
    /// What to do about people who look alike.
    pub duplicates: Decision,
}

impl NewProfile {
    /// The change that makes a blank profile this one.
    pub(crate) fn change(&self) -> Change {
        Change {
            person: self.person.clone(),
            sign_in_status: self.sign_in_status.clone(),
            emr: self.emr.clone(),
            password: self.password.clone(),
        }
    }
}

/// What was saved.
#[derive(Clone, Debug)]
pub struct SaveReceipt {
    /// The profile afterward.
    pub view: PersonView,
    /// What the manager should know.
    pub notices: Vec<String>,
    /// Where an invitation went, if one was sent.
    pub invited: Option<String>,
    /// Who may be the same person; only after adding somebody.
    pub duplicates: Candidates,
}

/// True for refusals that belong into the record: what someone was not allowed to do.
pub(crate) fn is_denial(refusals: &Refusals) -> bool {
    refusals.0.iter().any(|r| {
        r.code.severity() == Severity::Forbidden
            || matches!(r.code, Code::LastCompanyAdmin | Code::LastUserManager | Code::NoLicenseAvailable)
    })
}

impl App {
    /// Adds a person with the accounts asked for; all or nothing.
    ///
    /// # Errors
    /// [`AppError::Refused`] with everything that is wrong.
    pub async fn add_person(
        &self,
        actor: &Actor,
        new: NewProfile,
        idempotency: Option<&Idempotency>,
    ) -> Result<SaveReceipt> {
        actor.require_scope(Scope::PeopleWrite)?;
        let id = PersonId(self.new_id());
        let password_hash = self.hash_typed(new.password.as_ref()).await?;
        let added = self.try_add(actor, id, &new, password_hash.as_deref(), idempotency).await;
        // A racer took the name, email or NPI between judging and saving: judge again, now with that fact.
        let added = match added {
            Err(SaveError::Conflict) => self.try_add(actor, id, &new, password_hash.as_deref(), idempotency).await,
            other => other,
        };
        match added {
            Ok(saved) => Ok(saved),
            Err(SaveError::Conflict) => Err(Refusal::whole(Code::SomeoneSavedFirst).into()),
            Err(SaveError::Failed(error)) => {
                Err(self.audit_denial(actor, Action::PersonCreated, AuditSubject::none(), error).await)
            }
        }
    }

    async fn try_add(
        &self,
        actor: &Actor,
        id: PersonId,
        new: &NewProfile,
        password_hash: Option<&str>,
        idempotency: Option<&Idempotency>,
    ) -> std::result::Result<SaveReceipt, SaveError> {
        let mut work = self.work_for(actor, actor.organization()).await?;
        if let Some(made) = work.replay(actor, idempotency).await? {
            let stored = find_visible(&mut work.tx, actor, PersonId(made)).await?;
            return Ok(SaveReceipt {
                view: PersonView::of(actor, stored),
                notices: Vec::new(),
                invited: None,
                duplicates: Candidates::default(),
            });
        }
        let before = Profile::blank(actor.organization(), id);
        let change = new.change();
        let world = DecisionContext::load(&mut work.tx, actor, &before, &change).await?;
        let outcome = match decide(actor.authority(), &world.facts, &before, true, &change) {
            Ok(outcome) => outcome,
            Err(refusals) => {
                return Err(refusal_or_candidates(&mut work.tx, actor, new, (&before, &world), refusals).await.into());
            }
        };

        let duplicates = candidates(&mut work.tx, actor, &outcome.profile).await?;
        require_decided(&duplicates, &new.duplicates)?;

        self.insert_person(&mut work, actor, &outcome).await?;
        let about = AuditSubject::new(id.0, &outcome.profile.person.full_name);
        let others = duplicates.distinct_people(&new.duplicates);
        if !others.is_empty() {
            muster_store::duplicates::set_apart(&mut work.tx, work.organization, id, &others, actor.name(), self.now())
                .await?;
            work.audit_done(actor, Action::FoundToBeTwo, about.clone(), &json!({"not": others}));
        }
        let mut invited = None;
        if let Some(hash) = password_hash {
            sign_in::set_password(&mut work.tx, id.0, hash, PasswordState::MustChange, self.now()).await?;
            work.audit_done(actor, Action::PasswordSet, about, &json!({}));
        } else if new.invite.unwrap_or(true) && can_sign_in(&outcome.profile) {
            invited = self.send_invitation(&mut work, actor, &outcome.profile, &world.organization).await?;
        }
        work.remember(actor, idempotency, id.0).await?;
        let stored = people::find(&mut work.tx, work.organization, id).await?.ok_or(AppError::NotFound)?;
        work.commit().await?;
        Ok(SaveReceipt { view: PersonView::of(actor, stored), notices: sentences(&outcome), invited, duplicates })
    }

    /// Writes a new person as decided: seats, profile and record. Set-up uses it too.
    pub(crate) async fn insert_person(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        outcome: &Outcome,
    ) -> std::result::Result<(), SaveError> {
        let profile = &outcome.profile;
        move_seats(work, &outcome.seats, self.now()).await?;
        people::insert(&mut work.tx, work.organization, std::slice::from_ref(profile), self.now()).await?;
        let about = AuditSubject::new(profile.person.id.0, &profile.person.full_name);
        work.audit_changed(actor, Action::PersonCreated, about, changes(&Map::new(), &profile.record()));
        Ok(())
    }

    /// Changes a person; `expected` is the version the actor saw.
    ///
    /// # Errors
    /// [`AppError::Stale`] when someone else saved meanwhile, [`AppError::Refused`] with everything that is wrong.
    pub async fn update_person(
        &self,
        actor: &Actor,
        id: PersonId,
        expected: Option<i64>,
        change: Change,
    ) -> Result<SaveReceipt> {
        actor.require_scope(Scope::PeopleWrite)?;
        let password_hash = self.hash_typed(change.password.as_ref()).await?;
        let mut about = AuditSubject { id: Some(id.0), name: String::new() };
        let mut saved = self.try_update(actor, id, expected, &change, password_hash.as_deref(), &mut about).await;
        if matches!(saved, Err(SaveError::Conflict)) {
            saved = self.try_update(actor, id, expected, &change, password_hash.as_deref(), &mut about).await;
        }
        match saved {
            Ok(saved) => Ok(saved),
            Err(SaveError::Conflict) => Err(Refusal::whole(Code::SomeoneSavedFirst).into()),
            Err(SaveError::Failed(error)) => Err(self.audit_denial(actor, Action::PersonUpdated, about, error).await),
        }
    }

    async fn try_update(
        &self,
        actor: &Actor,
        id: PersonId,
        expected: Option<i64>,
        change: &Change,
        password_hash: Option<&str>,
        about: &mut AuditSubject,
    ) -> std::result::Result<SaveReceipt, SaveError> {
        let mut work = self.work_for(actor, actor.organization()).await?;
        let before = find_visible(&mut work.tx, actor, id).await?;
        about.name.clone_from(&before.profile.person.full_name);
        let world = DecisionContext::load(&mut work.tx, actor, &before.profile, change).await?;
        let judged = decide(actor.authority(), &world.facts, &before.profile, false, change);
        if let Some(expected) = expected.filter(|e| *e != before.version) {
            let _ = expected;
            return Err(AppError::Stale { current: before.version }.into());
        }
        let outcome = judged.map_err(AppError::from)?;

        self.save_outcome(&mut work, actor, &before.profile, &outcome).await?;
        if let Some(hash) = password_hash {
            sign_in::set_password(&mut work.tx, id.0, hash, PasswordState::MustChange, self.now()).await?;
            sign_in::end_all_access(&mut work.tx, id.0).await?;
            work.audit_done(actor, Action::PasswordSet, about.clone(), &json!({}));
        }
        let stored = people::find(&mut work.tx, work.organization, id).await?.ok_or(AppError::NotFound)?;
        work.commit().await?;
        Ok(SaveReceipt {
            view: PersonView::of(actor, stored),
            notices: sentences(&outcome),
            invited: None,
            duplicates: Candidates::default(),
        })
    }

    /// Saves what was decided: seats, profile, ended access and the record. A change of nothing saves nothing.
    pub(crate) async fn save_outcome(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        before: &Profile,
        outcome: &Outcome,
    ) -> std::result::Result<(), SaveError> {
        let id = outcome.profile.person.id;
        let mut differences = changes(&before.record(), &outcome.profile.record());
        let attested = |p: &Profile| p.emr.as_ref().and_then(|e| e.finish_attestation);
        if attested(before).is_none() && attested(&outcome.profile).is_some() {
            differences.insert(field::FINISH_ATTESTED.to_owned(), json!({"before": false, "after": true}));
        }
        if differences.is_empty() && *before == outcome.profile {
            return Ok(());
        }
        move_seats(work, &outcome.seats, self.now()).await?;
        people::update(&mut work.tx, work.organization, std::slice::from_ref(&outcome.profile), self.now()).await?;
        let about = AuditSubject::new(id.0, &outcome.profile.person.full_name);
        if before.person.email != outcome.profile.person.email {
            // The link is in the old mailbox, whose readers must not get in by it.
            sign_in::end_links(&mut work.tx, id.0).await?;
        }
        if outcome.ends_access {
            sign_in::end_all_access(&mut work.tx, id.0).await?;
            work.audit_done(actor, Action::SessionsEnded, about.clone(), &json!({"because": "inactive"}));
        }
        work.audit_changed(actor, Action::PersonUpdated, about, differences);
        Ok(())
    }

    /// Notes a denial; gives the error on.
    pub(crate) async fn audit_denial(
        &self,
        actor: &Actor,
        action: Action,
        about: AuditSubject,
        error: AppError,
    ) -> AppError {
        match &error {
            AppError::Refused(refusals) if is_denial(refusals) => {
                self.deny(&AuditActor::from(actor), actor.organization(), action, about, refusals).await;
            }
            AppError::NotFound => {
                // The record must not tell more than the actor was told, but it must tell that someone tried.
                let hidden = Refusals(vec![Refusal::whole(Code::NotFound)]);
                self.deny(&AuditActor::from(actor), actor.organization(), action, about, &hidden).await;
            }
            _ => {}
        }
        error
    }

    /// Hashes a typed password before the transaction begins, so that no lock is held meanwhile.
    async fn hash_typed(&self, typed: Option<&NewPassword>) -> Result<Option<String>> {
        let Some(typed) = typed else { return Ok(None) };
        if typed.password.chars().count() > muster_domain::sign_in::LONGEST_PASSWORD {
            return Ok(None);
        }
        self.hash_password(&typed.password).await.map(Some)
    }
}

async fn move_seats(work: &mut UnitOfWork, seats: &SeatMove, now: Timestamp) -> std::result::Result<(), SaveError> {
    if let Some((clinic, group)) = seats.from {
        licenses::give_seats(&mut work.tx, work.organization, &[(clinic, group, 1)], now).await?;
    }
    if let Some((clinic, group)) = seats.to
        && !licenses::take_seats(&mut work.tx, work.organization, &[(clinic, group, 1)], now).await?
    {
        return Err(SaveError::Conflict);
    }
    Ok(())
}

fn sentences(outcome: &Outcome) -> Vec<String> {
    outcome.notices.iter().map(Notice::sentence).collect()
}

/// Why an attempt to save ended.
pub(crate) enum SaveError {
    /// Someone else took what was free a moment ago; judging again tells what.
    Conflict,
    /// For good.
    Failed(AppError),
}

impl From<AppError> for SaveError {
    fn from(error: AppError) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for SaveError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(_) => Self::Conflict,
            other => Self::Failed(other.into()),
        }
    }
}
