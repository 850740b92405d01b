//! From a cookie or a token to an [`Actor`].

use std::collections::BTreeSet;

use jiff::SignedDuration;
use muster_domain::access::Authority;
use muster_domain::organizations::Organization;
use muster_domain::sign_in::{PasswordState, SessionState, can_sign_in, password_due};
use muster_domain::{Code, OrganizationId, Refusal};
use muster_store::Tx;
use muster_store::people::StoredProfile;
use muster_store::sign_in::{self, SessionContext, SignIn};
use uuid::Uuid;

use crate::actor::Credential;
use crate::keys::fingerprint;
use crate::{Actor, App, AppError, Origin, Result, Scope};

/// Idle minutes of operators, who belong to no practice.
const OPERATOR_IDLE_MINUTES: i64 = 15;
/// A session's last activity is written at most this often.
const TOUCH_SECONDS: i64 = 15;

/// What pages need to know of a session.
#[derive(Clone, Debug)]
pub struct SessionInfo {
    /// Public identity.
    pub id: Uuid,
    /// For forms.
    pub csrf: String,
    /// The organization worked in.
    pub organization: Option<Organization>,
    /// Locks after this long without activity.
    pub idle_minutes: i64,
    /// Days until the password has to be changed, when that is a week or less away.
    pub password_due_in_days: Option<i64>,
}

/// What a cookie proves.
#[derive(Clone, Debug)]
pub enum SessionStatus {
    /// Nothing.
    Nobody,
    /// A session left alone too long: its password opens it again.
    Locked {
        /// For the unlock form.
        csrf: String,
        /// Whose.
        name: String,
    },
    /// Signed in, but the password has to be changed before anything else.
    PasswordChangeDue(Box<(Actor, SessionInfo)>),
    /// Signed in.
    Open(Box<(Actor, SessionInfo)>),
}

impl App {
    /// Judges a session cookie.
    pub async fn authenticate(&self, session_token: &str, origin: Origin) -> Result<SessionStatus> {
        let hash = fingerprint(session_token);
        let at = sign_in::session_context(&mut self.db.read().await?, &hash).await?;
        let Some(at) = at else { return Ok(SessionStatus::Nobody) };
        let SessionContext { session, owner: found, profile, practice: organization } = at;
        let idle_minutes = idle_minutes(organization.as_ref(), &found);
        let Some(actor) = actor_of(&found, profile, session.organization, origin, None) else {
            return Ok(SessionStatus::Nobody);
        };
        let actor = actor.proved_by(Credential::Session(hash.clone()));

        let now = self.now();
        match SessionState::at(now, session.started_at, session.last_seen_at, session.locked, idle_minutes) {
            SessionState::Ended => return Ok(SessionStatus::Nobody),
            SessionState::Locked => {
                if !session.locked {
                    let mut tx = self.db.begin().await?;
                    sign_in::touch_session(&mut tx, &hash, session.last_seen_at, true).await?;
                    tx.commit().await?;
                }
                return Ok(SessionStatus::Locked { csrf: session.csrf, name: actor.name().to_owned() });
            }
            SessionState::Open => {}
        }
        if now.duration_since(session.last_seen_at) >= SignedDuration::from_secs(TOUCH_SECONDS) {
            let mut tx = self.db.begin().await?;
            sign_in::touch_session(&mut tx, &hash, now, false).await?;
            tx.commit().await?;
        }
        let expiry =
            organization.as_ref().filter(|_| found.organization.is_some()).and_then(|o| o.password_expiry_days);
        let due = found.password_changed_at.and_then(|changed| password_due(now, changed, expiry));
        let info = SessionInfo {
            id: session.id,
            csrf: session.csrf,
            organization,
            idle_minutes,
            password_due_in_days: due.filter(|d| *d <= 7),
        };
        let both = Box::new((actor, info));
        if found.password_state == PasswordState::MustChange || due.is_some_and(|d| d <= 0) {
            Ok(SessionStatus::PasswordChangeDue(both))
        } else {
            Ok(SessionStatus::Open(both))
        }
    }

    /// Locks a session now: what the idle page asks for.
    pub async fn lock_session(&self, session_token: &str) -> Result<()> {
        let mut tx = self.db.begin().await?;
        sign_in::touch_session(&mut tx, &fingerprint(session_token), self.now(), true).await?;
        Ok(tx.commit().await?)
    }

    /// Judges a bearer token. `organization` is the practice an operator's token works in.
    ///
    /// # Errors
    /// [`AppError::NotSignedIn`] when it is worthless.
    pub async fn authenticate_token(
        &self,
        secret: &str,
        organization: Option<OrganizationId>,
        origin: Origin,
    ) -> Result<Actor> {
        let hash = fingerprint(secret);
        let found = sign_in::token(&mut self.db.read().await?, &hash).await?;
        let (token, found, profile) = found.ok_or(AppError::NotSignedIn)?;
        let now = self.now();
        if token.expires_at.is_some_and(|end| end <= now) {
            return Err(AppError::NotSignedIn);
        }
        let scopes: BTreeSet<Scope> = token.scopes.split(' ').filter_map(Scope::parse).collect();
        let home = token.organization.or(organization);
        let actor = actor_of(&found, profile, home, origin, Some(scopes)).ok_or(AppError::NotSignedIn)?;
        let actor = actor.proved_by(Credential::Token(hash.clone()));
        if token.last_used_at.is_none_or(|used| now.duration_since(used) >= SignedDuration::from_mins(1)) {
            let mut tx = self.db.begin().await?;
            sign_in::touch_token(&mut tx, &hash, now).await?;
            tx.commit().await?;
        }
        Ok(actor)
    }
}

impl App {
    /// Checks inside a transaction, under the practice's lock, that an actor may still act as at the beginning of the
    /// request: the session or token is there and good, and the rights are the same.
    ///
    /// # Errors
    /// [`AppError::NotSignedIn`], [`AppError::Locked`], or [`Code::RightsChanged`].
    pub(crate) async fn check_actor(&self, tx: &mut Tx, actor: &Actor) -> Result<()> {
        let now = self.now();
        let (found, profile) = match actor.credential() {
            Credential::Machine => return Ok(()),
            Credential::Session(hash) => {
                let at = sign_in::session_context(tx, hash).await?.ok_or(AppError::NotSignedIn)?;
                let SessionContext { session: s, owner, profile, practice } = at;
                let idle = idle_minutes(practice.as_ref(), &owner);
                match SessionState::at(now, s.started_at, s.last_seen_at, s.locked, idle) {
                    SessionState::Ended => return Err(AppError::NotSignedIn),
                    SessionState::Locked => return Err(AppError::Locked),
                    SessionState::Open => (owner, profile),
                }
            }
            Credential::Token(hash) => {
                let (token, owner, profile) = sign_in::token(tx, hash).await?.ok_or(AppError::NotSignedIn)?;
                if token.expires_at.is_some_and(|end| end <= now) {
                    return Err(AppError::NotSignedIn);
                }
                (owner, profile)
            }
        };
        if found.organization.is_none() {
            // An operator: there is nothing but the sign-in to lose.
            return Ok(());
        }
        let profile = profile.filter(|s| can_sign_in(&s.profile)).ok_or(AppError::NotSignedIn)?;
        if Authority::of(&profile.profile).has_same_rights(actor.authority()) {
            Ok(())
        } else {
            Err(Refusal::whole(Code::RightsChanged).into())
        }
    }
}

/// Minutes without activity after which a session locks.
fn idle_minutes(practice: Option<&Organization>, owner: &SignIn) -> i64 {
    match (practice, owner.organization) {
        (Some(practice), Some(_)) => practice.idle_minutes,
        _ => OPERATOR_IDLE_MINUTES,
    }
}

/// The actor behind a sign-in; none when it is inactive.
fn actor_of(
    found: &SignIn,
    profile: Option<StoredProfile>,
    organization: Option<OrganizationId>,
    origin: Origin,
    scopes: Option<BTreeSet<Scope>>,
) -> Option<Actor> {
    if found.organization.is_some() {
        let active = profile.filter(|s| can_sign_in(&s.profile));
        return active.map(|s| Actor::person(&s.profile, origin, scopes));
    }
    let chosen = organization.unwrap_or(OrganizationId::INSTALLATION);
    Some(Actor::support(found.subject, &found.shown_name, chosen, origin, scopes))
}
