//! Links by which people set their own password, so that no manager has to know one.

use jiff::SignedDuration;
use muster_domain::access::may_reset_sign_in;
use muster_domain::audit::Action;
use muster_domain::emr::field;
use muster_domain::organizations::Organization;
use muster_domain::people::Profile;
use muster_domain::sign_in::{LINK_MINUTES_INVITATION, LINK_MINUTES_RESET, LinkPurpose, PasswordState, can_sign_in};
use muster_domain::{Code, PersonId, Refusal};
use muster_store::sign_in::Link;
use muster_store::{organizations, sign_in};
use serde_json::json;

use super::view::find_visible;
use crate::keys::fingerprint;
use crate::messages::Message;
use crate::work::{AuditSubject, UnitOfWork};
use crate::{Actor, App, AppError, Result, Scope};

/// Where a link went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkReceipt {
    /// The address.
    pub to: String,
    /// An invitation (no password yet) rather than a reset.
    pub invitation: bool,
}

/// How long a link works, in minutes.
fn minutes(purpose: LinkPurpose) -> i64 {
    if purpose == LinkPurpose::Reset { LINK_MINUTES_RESET } else { LINK_MINUTES_INVITATION }
}

impl App {
    /// Sends a person a single-use link: an invitation when they never had a password, else a reset. The old password
    /// keeps working until the link is used.
    pub async fn send_sign_in_link(&self, actor: &Actor, id: PersonId) -> Result<LinkReceipt> {
        actor.require_scope(Scope::PeopleWrite)?;
        let mut about = AuditSubject { id: Some(id.0), name: String::new() };
        match self.try_send(actor, id, &mut about).await {
            Ok(sent) => Ok(sent),
            Err(error) => Err(self.audit_denial(actor, Action::ResetSent, about, error).await),
        }
    }

    async fn try_send(&self, actor: &Actor, id: PersonId, about: &mut AuditSubject) -> Result<LinkReceipt> {
        let mut work = self.work_for(actor, actor.organization()).await?;
        let stored = find_visible(&mut work.tx, actor, id).await?;
        about.name.clone_from(&stored.profile.person.full_name);
        may_reset_sign_in(actor.authority(), &stored.profile)?;
        let Some(to) = stored.profile.person.email.clone() else {
            return Err(Refusal::new("email", Code::EmailRequired).into());
        };
        if !can_sign_in(&stored.profile) {
            let at = if stored.profile.emr.is_some() { field::STATUS } else { "sign_in_status" };
            return Err(Refusal::new(at, Code::InactiveCannotSignIn).into());
        }
        let organization = organizations::find(&mut work.tx, work.organization).await?.ok_or(AppError::NotFound)?;
        let invitation = stored.password_state == PasswordState::Missing;
        if invitation {
            self.send_invitation(&mut work, actor, &stored.profile, &organization).await?;
        } else {
            let url = self.new_link(&mut work, &stored.profile, LinkPurpose::Reset).await?;
            let message = Message::reset(&stored.profile.person.full_name, &organization.name, &url);
            self.queue(&mut work, &to, &message).await?;
            work.audit_done(actor, Action::ResetSent, about.clone(), &json!({"to": to}));
        }
        work.commit().await?;
        Ok(LinkReceipt { to, invitation })
    }

    /// Queues an invitation; the address it goes to, or none when the person has no email.
    pub(crate) async fn send_invitation(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        profile: &Profile,
        organization: &Organization,
    ) -> Result<Option<String>> {
        let Some(to) = profile.person.email.clone() else { return Ok(None) };
        let url = self.new_link(work, profile, LinkPurpose::Invitation).await?;
        let message =
            Message::invitation(&profile.person.full_name, &profile.person.username, &organization.name, &url);
        self.queue(work, &to, &message).await?;
        let about = AuditSubject::new(profile.person.id.0, &profile.person.full_name);
        work.audit_done(actor, Action::InvitationSent, about, &json!({"to": to}));
        Ok(Some(to))
    }

    /// Makes a link; every earlier one of the person is worthless from now on.
    pub(crate) async fn new_link(
        &self,
        work: &mut UnitOfWork,
        profile: &Profile,
        purpose: LinkPurpose,
    ) -> Result<String> {
        let secret = self.new_secret();
        let link = Link {
            purpose,
            subject: profile.person.id.0,
            organization: Some(profile.person.organization),
            expires_at: self.now() + SignedDuration::from_mins(minutes(purpose)),
        };
        sign_in::insert_link(&mut work.tx, &fingerprint(&secret), &link).await?;
        Ok(self.link_url(purpose, &secret))
    }

    /// The address that a link's email shows.
    pub(crate) fn link_url(&self, purpose: LinkPurpose, secret: &str) -> String {
        let page = match purpose {
            LinkPurpose::Setup => "setup",
            LinkPurpose::Invitation => "invitation",
            LinkPurpose::Reset => "reset-password",
        };
        format!("{}/{page}/{secret}", self.settings.public_url)
    }
}
