//! Signing in, unlocking and signing out.

use jiff::{SignedDuration, Timestamp};
use muster_domain::audit::{Action, Effect};
use muster_domain::sign_in::{LONGEST_PASSWORD, SessionState, Throttle, can_sign_in, throttle};
use muster_domain::text::{LONGEST_NAME, unique_key};
use muster_domain::{Code, OrganizationId, PersonId, Refusal};
use muster_store::people::{self, StoredProfile};
use muster_store::sign_in::{self, Session, SignIn};
use serde_json::json;
use uuid::Uuid;

use crate::keys::fingerprint;
use crate::work::{AuditActor, AuditSubject};
use crate::{App, AppError, Origin, Result};

/// Failures of one name from one address before waits begin.
const FREE_FAILURES_PAIR: i64 = 5;
/// Failures of one name from anywhere before waits begin: high, so that strangers cannot shut its owner out.
const FREE_FAILURES_NAME: i64 = 100;
/// Failures from one address for any name.
const FREE_FAILURES_ADDRESS: i64 = 50;

/// A fresh session.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The cookie's value; stored only as a hash.
    pub token: String,
}

/// Who a name and password belong to, as far as records may tell.
#[derive(Debug)]
pub(super) struct SignInOwner {
    pub sign_in: SignIn,
    pub shown_name: String,
    pub active: bool,
}

impl App {
    /// Signs in with a user name or email and a password.
    ///
    /// # Errors
    /// The same refusal for an unknown name, a wrong password and an inactive account; [`AppError::TooMany`] after
    /// too many failures.
    pub async fn sign_in(&self, name: &str, password: &str, origin: &Origin) -> Result<SignedIn> {
        // A longer name is nobody's, and is neither compared nor counted letter by letter.
        let name = if name.chars().count() > 2 * LONGEST_NAME { "" } else { name };
        let keys = throttle_keys(name, &origin.address);
        let mut h = self.db.read().await?;
        let known =
            sign_in::find_with_profile(&mut h, name).await?.map(|(found, stored)| SignInOwner::of(found, stored));
        let failures = sign_in::failures(&mut h, &names_of(&keys)).await?;
        drop(h);
        let failed_before = self.judge_failures(&failures, &keys)?;
        let stored = known.as_ref().and_then(|k| k.sign_in.password_hash.clone());
        let fits = self.verify_password(password, stored).await;
        match known {
            Some(known) if fits && known.active => {
                let forgiven = keys.first().filter(|_| failed_before).map(|(key, _)| key.as_str());
                self.create_session(&known, forgiven, origin).await
            }
            known => {
                self.note_failed_sign_in(name, known.as_ref(), fits, &keys, origin).await?;
                Err(Refusal::new("password", Code::SignInFailed).into())
            }
        }
    }

    /// Begins a session and forgets the failures under the key `forgiven`.
    async fn create_session(&self, known: &SignInOwner, forgiven: Option<&str>, origin: &Origin) -> Result<SignedIn> {
        let mut work = self.system_work(chain_of(known.sign_in.organization)).await?;
        let now = self.now();
        let session = Session {
            id: self.new_id(),
            subject: known.sign_in.subject,
            organization: known.sign_in.organization,
            csrf: self.new_secret(),
            started_at: now,
            last_seen_at: now,
            locked: false,
            address: origin.address.clone(),
            user_agent: origin.user_agent.clone(),
        };
        if let Some(key) = forgiven {
            sign_in::clear_failures(&mut work.tx, &[key]).await?;
        }
        let token = self.new_secret();
        sign_in::begin_session(&mut work.tx, &fingerprint(&token), &session).await?;
        let about = AuditSubject::new(session.subject, &known.shown_name);
        work.audit(&known.who(origin), Action::SignedIn, Effect::Done, about, &json!({}));
        work.commit().await?;
        Ok(SignedIn { token })
    }

    async fn note_failed_sign_in(
        &self,
        name: &str,
        known: Option<&SignInOwner>,
        password_fits: bool,
        keys: &[(String, i64)],
        origin: &Origin,
    ) -> Result<()> {
        let organization = known.and_then(|k| k.sign_in.organization).unwrap_or(Self::installation());
        let mut work = self.system_work(organization).await?;
        let now = self.now();
        for (key, _) in keys {
            sign_in::note_failure(&mut work.tx, key, now, now - SignedDuration::from_mins(15)).await?;
        }
        let because = match known {
            None => "unknown_name",
            Some(_) if password_fits => "inactive",
            Some(_) => "wrong_password",
        };
        let typed: String = name.chars().take(100).collect();
        match known {
            // What was typed may be a password in the wrong field; it is kept only where it is a known name.
            None => work.audit(
                &nobody(origin),
                Action::SignInFailed,
                Effect::Denied,
                AuditSubject::none(),
                &json!({"because": because}),
            ),
            Some(known) => {
                let about = AuditSubject::new(known.sign_in.subject, &known.shown_name);
                let detail = json!({"because": because, "name": typed});
                work.audit(&nobody(origin), Action::SignInFailed, Effect::Denied, about, &detail);
            }
        }
        work.commit().await
    }

    /// Opens a locked session again. A wrong password counts as a failed sign-in.
    pub async fn unlock(&self, session_token: &str, password: &str, origin: &Origin) -> Result<()> {
        let hash = fingerprint(session_token);
        let mut h = self.db.read().await?;
        let (session, found) = sign_in::session(&mut h, &hash).await?.ok_or(AppError::NotSignedIn)?;
        drop(h);
        if SessionState::at(self.now(), session.started_at, session.last_seen_at, true, 0) == SessionState::Ended {
            return Err(AppError::NotSignedIn);
        }
        let keys = throttle_keys(&session.subject.to_string(), &origin.address);
        let failed_before = self.check_throttles(&keys).await?;
        let shown_name = self.name_of(&found).await?;
        let known = SignInOwner { sign_in: found, shown_name, active: true };
        if self.verify_password(password, known.sign_in.password_hash.clone()).await {
            let mut work = self.system_work(known.sign_in.organization.unwrap_or(Self::installation())).await?;
            if failed_before {
                sign_in::clear_failures(&mut work.tx, &[&keys[0].0]).await?;
            }
            sign_in::touch_session(&mut work.tx, &hash, self.now(), false).await?;
            let about = AuditSubject::new(session.subject, &known.shown_name);
            work.audit(&known.who(origin), Action::Unlocked, Effect::Done, about, &json!({}));
            work.commit().await
        } else {
            self.note_failed_sign_in("", Some(&known), false, &keys, origin).await?;
            Err(Refusal::new("password", Code::CurrentPasswordWrong).into())
        }
    }

    /// Ends a session. Quietly does nothing when there is none.
    pub async fn sign_out(&self, session_token: &str, origin: &Origin) -> Result<()> {
        let hash = fingerprint(session_token);
        let mut h = self.db.read().await?;
        let Some((session, found)) = sign_in::session(&mut h, &hash).await? else { return Ok(()) };
        drop(h);
        let shown_name = self.name_of(&found).await?;
        let known = SignInOwner { sign_in: found, shown_name, active: true };
        let mut work = self.system_work(known.sign_in.organization.unwrap_or(Self::installation())).await?;
        sign_in::end_session(&mut work.tx, &hash).await?;
        let about = AuditSubject::new(session.subject, &known.shown_name);
        work.audit(&known.who(origin), Action::SignedOut, Effect::Done, about, &json!({}));
        work.commit().await
    }

    async fn name_of(&self, found: &SignIn) -> Result<String> {
        let Some(organization) = found.organization else { return Ok(found.shown_name.clone()) };
        let mut h = self.db.read().await?;
        let stored = people::find(&mut h, organization, PersonId(found.subject)).await?;
        Ok(stored.map(|s| s.profile.person.full_name).unwrap_or_default())
    }

    /// Refuses while failures demand a wait. An attempt made while waiting is not looked at and does not count. True when
    /// the first key has failures that a success would forgive.
    pub(crate) async fn check_throttles(&self, keys: &[(String, i64)]) -> Result<bool> {
        let mut h = self.db.read().await?;
        let found = sign_in::failures(&mut h, &names_of(keys)).await?;
        self.judge_failures(&found, keys)
    }

    fn judge_failures(&self, found: &[(i64, Timestamp)], keys: &[(String, i64)]) -> Result<bool> {
        for ((failures, last), (_, free)) in found.iter().zip(keys) {
            if let Throttle::Wait(seconds) = throttle(*failures, *free, *last, self.now()) {
                return Err(AppError::TooMany(seconds));
            }
        }
        Ok(found.first().is_some_and(|(failures, _)| *failures > 0))
    }

    /// Verifies without ever looking at more than the longest allowed password.
    pub(crate) async fn verify_password(&self, password: &str, stored: Option<String>) -> bool {
        let fits_length = password.chars().count() <= LONGEST_PASSWORD;
        let password = if fits_length { password.to_owned() } else { String::new() };
        self.hasher.verify(password, stored).await && fits_length
    }

    /// The stored form of a password.
    pub(crate) async fn hash_password(&self, password: &str) -> Result<String> {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        let hash = self.hasher.hash(password.to_owned(), salt).await;
        hash.ok_or_else(|| AppError::Internal("hashing failed".to_owned()))
    }
}

impl SignInOwner {
    fn of(sign_in: SignIn, stored: Option<StoredProfile>) -> Self {
        if sign_in.organization.is_none() {
            let shown_name = sign_in.shown_name.clone();
            return Self { sign_in, shown_name, active: true };
        }
        let active = stored.as_ref().is_some_and(|s| can_sign_in(&s.profile));
        let shown_name = stored.map(|s| s.profile.person.full_name).unwrap_or_default();
        Self { sign_in, shown_name, active }
    }

    pub fn who<'a>(&'a self, origin: &'a Origin) -> AuditActor<'a> {
        let kind = if self.sign_in.organization.is_some() { "person" } else { "support" };
        AuditActor { kind, id: Some(self.sign_in.subject), name: &self.shown_name, origin }
    }
}

/// Before anyone has signed in.
pub(crate) fn nobody(origin: &Origin) -> AuditActor<'_> {
    AuditActor { kind: "nobody", id: None::<Uuid>, name: "", origin }
}

/// The failures that concern an attempt: this name from this address, this name, this address.
fn throttle_keys(name: &str, address: &str) -> Vec<(String, i64)> {
    let name: String = unique_key(name).chars().take(100).collect();
    vec![
        (format!("pair:{address}:{name}"), FREE_FAILURES_PAIR),
        (format!("name:{name}"), FREE_FAILURES_NAME),
        (format!("address:{address}"), FREE_FAILURES_ADDRESS),
    ]
}

fn names_of(keys: &[(String, i64)]) -> Vec<&str> {
    keys.iter().map(|(key, _)| key.as_str()).collect()
}

/// The chain an organization's or the installation's records go to.
pub(crate) fn chain_of(organization: Option<OrganizationId>) -> OrganizationId {
    organization.unwrap_or(OrganizationId::INSTALLATION)
}
