//! Personal access tokens: for programs that act for a person.

use jiff::{SignedDuration, Timestamp};
use muster_domain::audit::Action;
use muster_domain::people::human_name;
use muster_domain::{Code, OrganizationId, Refusal, Refusals};
use muster_store::sign_in::{self, Token};
use serde_json::json;
use uuid::Uuid;

use super::sign_in::chain_of;
use crate::keys::fingerprint;
use crate::work::AuditSubject;
use crate::{Actor, App, AppError, Idempotency, Result, Scope};

/// A token to make.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// Codes of scopes; at least one.
    pub scopes: Vec<String>,
    /// Days until it runs out; none = never.
    pub expires_in_days: Option<i64>,
}

/// Whom a token acts for, when the command line makes it.
#[derive(Clone, Debug)]
pub struct TokenOwner {
    /// User name or email.
    pub username: String,
}

/// A token in lists; its secret is never shown again.
#[derive(Clone, Debug)]
pub struct TokenView {
    /// As stored.
    pub token: Token,
}

impl App {
    /// Makes a token for oneself; the secret is shown this once, so a repeated request makes no second one and is refused.
    /// It never carries more than its owner may do.
    pub async fn create_token(
        &self,
        actor: &Actor,
        new: &NewToken,
        idempotency: Option<&Idempotency>,
    ) -> Result<(Token, String)> {
        actor.require_scope(Scope::Admin)?;
        let subject = actor.subject().ok_or(AppError::NotSignedIn)?;
        let organization = (!actor.is_support()).then(|| actor.organization());
        self.insert_token(actor, subject, organization, actor.name(), new, idempotency).await
    }

    /// Makes a token for someone from the command line of the machine.
    pub async fn create_token_for(&self, owner: &TokenOwner, new: &NewToken) -> Result<(Token, String)> {
        let mut h = self.db.read().await?;
        let found = sign_in::find_by_name(&mut h, &owner.username).await?.ok_or(AppError::NotFound)?;
        drop(h);
        let actor = Actor::command_line(chain_of(found.organization));
        self.insert_token(&actor, found.subject, found.organization, &owner.username, new, None).await
    }

    async fn insert_token(
        &self,
        actor: &Actor,
        subject: Uuid,
        organization: Option<OrganizationId>,
        owner: &str,
        new: &NewToken,
        idempotency: Option<&Idempotency>,
    ) -> Result<(Token, String)> {
        let mut refusals = Refusals::default();
        let name = refusals.take(human_name("name", "A name", &new.name));
        let mut scopes: Vec<Scope> = Vec::new();
        for code in &new.scopes {
            match Scope::parse(code) {
                Some(scope) => scopes.push(scope),
                None => refusals.push(Refusal::new("scopes", Code::NotUnderstood).about(&[format!("“{code}”")])),
            }
        }
        if new.scopes.is_empty() {
            refusals.push(Refusal::new("scopes", Code::Required).about(&["At least one scope"]));
        }
        if new.expires_in_days.is_some_and(|d| !(1..=3650).contains(&d)) {
            let allowed = "A token works for 1 to 3650 days";
            refusals.push(Refusal::new("expires_in_days", Code::NumberOutOfRange).about(&[allowed]));
        }
        refusals.into_result()?;
        // A token cannot make one that may do more than itself.
        for scope in &scopes {
            actor.require_scope(*scope)?;
        }
        scopes.sort();
        scopes.dedup();
        let now = self.now();
        let secret = format!("muster_{}", self.new_secret());
        let codes: Vec<&str> = scopes.iter().map(|s| s.as_str()).collect();
        let token = Token {
            id: self.new_id(),
            subject,
            organization,
            name: name.unwrap_or_default(),
            scopes: codes.join(" "),
            created_at: now,
            expires_at: new.expires_in_days.map(|d| now + SignedDuration::from_hours(24 * d)),
            last_used_at: None,
        };
        let mut work = self.work_for(actor, chain_of(organization)).await?;
        if work.replay(actor, idempotency).await?.is_some() {
            return Err(Refusal::whole(Code::TokenShownBefore).about(&[&token.name]).into());
        }
        work.remember(actor, idempotency, token.id).await?;
        sign_in::insert_token(&mut work.tx, &fingerprint(&secret), &token).await?;
        let detail = json!({"name": token.name, "scopes": codes, "expires_at": token.expires_at.map(|t: Timestamp| t.to_string())});
        work.audit_done(actor, Action::TokenCreated, AuditSubject::new(subject, owner), &detail);
        work.commit().await?;
        Ok((token, secret))
    }

    /// One's own tokens.
    pub async fn tokens(&self, actor: &Actor) -> Result<Vec<Token>> {
        actor.require_scope(Scope::Admin)?;
        let subject = actor.subject().ok_or(AppError::NotSignedIn)?;
        let mut h = self.db.read().await?;
        Ok(sign_in::tokens_of(&mut h, subject).await?)
    }

    /// Revokes one of one's own tokens.
    pub async fn revoke_token(&self, actor: &Actor, token: Uuid) -> Result<()> {
        actor.require_scope(Scope::Admin)?;
        let subject = actor.subject().ok_or(AppError::NotSignedIn)?;
        let home = if actor.is_support() { OrganizationId::INSTALLATION } else { actor.organization() };
        let mut work = self.work_for(actor, home).await?;
        if !sign_in::delete_token(&mut work.tx, subject, token).await? {
            return Err(AppError::NotFound);
        }
        work.audit_done(
            actor,
            Action::TokenRevoked,
            AuditSubject::new(subject, actor.name()),
            &json!({"token": token}),
        );
        work.commit().await
    }

    /// Sessions of oneself, or of a person whose sign-in the actor may manage.
    pub async fn sessions(&self, actor: &Actor, subject: Uuid) -> Result<Vec<sign_in::Session>> {
        actor.require_scope(Scope::Admin)?;
        let mut h = self.db.read().await?;
        if actor.subject() != Some(subject) {
            let stored = crate::people::find_visible(&mut h, actor, muster_domain::PersonId(subject)).await?;
            muster_domain::access::may_reset_sign_in(actor.authority(), &stored.profile)?;
        }
        Ok(sign_in::sessions_of(&mut h, subject).await?)
    }

    /// Ends sessions of oneself or of a person whose sign-in the actor may manage: one, or all.
    pub async fn end_sessions(&self, actor: &Actor, subject: Uuid, session: Option<Uuid>) -> Result<()> {
        actor.require_scope(Scope::Admin)?;
        let mut about = AuditSubject::new(subject, actor.name());
        let home = if actor.is_support() && actor.subject() == Some(subject) {
            OrganizationId::INSTALLATION
        } else {
            actor.organization()
        };
        let ended = async {
            let mut work = self.work_for(actor, home).await?;
            if actor.subject() != Some(subject) {
                let stored = crate::people::find_visible(&mut work.tx, actor, muster_domain::PersonId(subject)).await?;
                about.name.clone_from(&stored.profile.person.full_name);
                muster_domain::access::may_reset_sign_in(actor.authority(), &stored.profile)?;
            }
            match session {
                Some(session) => {
                    if !sign_in::end_session_by_id(&mut work.tx, subject, session).await? {
                        return Err(AppError::NotFound);
                    }
                }
                None => {
                    sign_in::end_sessions(&mut work.tx, subject, None).await?;
                }
            }
            work.audit_done(actor, Action::SessionsEnded, about.clone(), &json!({"session": session}));
            work.commit().await
        };
        match ended.await {
            Ok(()) => Ok(()),
            Err(error) => Err(self
                .audit_denial(
                    actor,
                    Action::SessionsEnded,
                    AuditSubject { id: Some(subject), name: String::new() },
                    error,
                )
                .await),
        }
    }

    /// Deletes expired sessions, links, tokens and failed attempts; called by background work.
    pub async fn sweep(&self) -> Result<()> {
        let now = self.now();
        let mut tx = self.db.begin().await?;
        sign_in::sweep(&mut tx, now, now - SignedDuration::from_hours(48)).await?;
        Ok(tx.commit().await?)
    }
}
