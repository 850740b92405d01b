//! Invitation and reset links: asking for one, looking at one, using one.

use jiff::SignedDuration;
use muster_domain::audit::{Action, Effect};
use muster_domain::organizations::Organization;
use muster_domain::sign_in::{LinkPurpose, PasswordState, can_sign_in};
use muster_domain::text::unique_key;
use muster_domain::{Code, PersonId, Refusal, Refusals};
use muster_store::people::StoredProfile;
use muster_store::sign_in::Link;
use muster_store::{Handle, organizations, people, sign_in};
use serde_json::json;

use super::passwords::judge_new;
use super::sign_in::nobody;
use crate::keys::fingerprint;
use crate::messages::Message;
use crate::work::{AuditActor, AuditSubject};
use crate::{App, AppError, Origin, Result};

/// What the page of a working link shows.
#[derive(Clone, Debug)]
pub struct LinkView {
    /// Whose password it sets.
    pub full_name: String,
    /// Shown, so that a new person learns it.
    pub username: String,
    /// First sign-in rather than reset.
    pub invitation: bool,
    /// For the rules and the name on the page.
    pub organization: Organization,
    /// Words the password must not contain.
    pub words: Vec<String>,
}

impl App {
    /// Sends a reset link, if the name belongs to an active person with an email. Says nothing about whether it does.
    pub async fn request_reset(&self, name: &str, origin: &Origin) -> Result<()> {
        let key: String = unique_key(name).chars().take(100).collect();
        let keys = [(format!("reset:{key}"), 3), (format!("reset-address:{}", origin.address), 20)];
        self.check_throttles(&keys).await?;
        let mut h = self.db.read().await?;
        let found = sign_in::find_by_name(&mut h, name).await?;
        let stored = match found.as_ref().and_then(|f| f.organization.map(|o| (f.subject, o))) {
            Some((subject, home)) => people::find(&mut h, home, PersonId(subject)).await?,
            None => None,
        };
        drop(h);
        let active = stored.filter(|s| can_sign_in(&s.profile));
        let organization = active.as_ref().map_or(Self::installation(), |s| s.profile.person.organization);
        let mut work = self.system_work(organization).await?;
        let now = self.now();
        for (key, _) in &keys {
            sign_in::note_failure(&mut work.tx, key, now, now - SignedDuration::from_mins(15)).await?;
        }
        match active {
            Some(stored) => {
                let person = &stored.profile.person;
                let about = AuditSubject::new(person.id.0, &person.full_name);
                if let Some(to) = &person.email {
                    let name =
                        organizations::find(&mut work.tx, organization).await?.map(|o| o.name).unwrap_or_default();
                    let url = self.new_link(&mut work, &stored.profile, LinkPurpose::Reset).await?;
                    self.queue(&mut work, to, &Message::reset(&person.full_name, &name, &url)).await?;
                }
                work.audit(&nobody(origin), Action::ResetRequested, Effect::Done, about, &json!({}));
            }
            None => {
                work.audit(&nobody(origin), Action::ResetRequested, Effect::Denied, AuditSubject::none(), &json!({}));
            }
        }
        work.commit().await
    }

    /// What a link is good for; none when it was used, has run out, or never was.
    pub async fn find_link(&self, secret: &str) -> Result<Option<LinkView>> {
        let mut h = self.db.read().await?;
        let Some((link, stored)) = self.find_working_link(&mut h, secret).await? else { return Ok(None) };
        let home = stored.profile.person.organization;
        let organization = organizations::find(&mut h, home).await?.ok_or(AppError::NotFound)?;
        let clinics: Vec<_> = stored.profile.emr.iter().flat_map(|e| &e.clinics).copied().collect();
        let clinics = organizations::clinics_by_id(&mut h, home, &clinics).await?;
        let mut words = stored.profile.person.personal_words();
        words.extend(clinics.into_iter().map(|c| c.name));
        Ok(Some(LinkView {
            full_name: stored.profile.person.full_name,
            username: stored.profile.person.username,
            invitation: link.purpose == LinkPurpose::Invitation,
            organization,
            words,
        }))
    }

    async fn find_working_link(&self, h: &mut impl Handle, secret: &str) -> Result<Option<(Link, StoredProfile)>> {
        let Some(link) = sign_in::link(h, &fingerprint(secret), self.now()).await? else { return Ok(None) };
        let Some(home) = link.organization else { return Ok(None) };
        let stored = people::find(h, home, PersonId(link.subject)).await?;
        let active = stored.filter(|s| can_sign_in(&s.profile));
        Ok(active.map(|stored| (link, stored)))
    }

    /// Sets a password by a link. The link is spent, every session ends, and waiting times are forgotten.
    pub async fn use_link(&self, secret: &str, new: &str, again: &str, origin: &Origin) -> Result<()> {
        let view = self.find_link(secret).await?;
        let Some(view) = view else { return Err(Refusal::whole(Code::LinkSpent).into()) };
        let mut refusals = Refusals::default();
        judge_new(&view.organization.password_policy(), new, again, &view.words, &mut refusals);
        refusals.into_result()?;
        let hash = self.hash_password(new).await?;

        let mut work = self.system_work(view.organization.id).await?;
        let found = self.find_working_link(&mut work.tx, secret).await?;
        let spent = sign_in::spend_link(&mut work.tx, &fingerprint(secret)).await?;
        let Some((_, stored)) = found.filter(|_| spent) else {
            return Err(Refusal::whole(Code::LinkSpent).into());
        };
        let person = &stored.profile.person;
        sign_in::set_password(&mut work.tx, person.id.0, &hash, PasswordState::Chosen, self.now()).await?;
        sign_in::end_all_access(&mut work.tx, person.id.0).await?;
        let mut names = vec![unique_key(&person.username)];
        names.extend(person.email.as_deref().map(unique_key));
        let keys: Vec<String> =
            names.iter().flat_map(|name| [format!("name:{name}"), format!("pair:{}:{name}", origin.address)]).collect();
        sign_in::clear_failures(&mut work.tx, &keys.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        let who = AuditActor { kind: "person", id: Some(person.id.0), name: &person.full_name, origin };
        let detail = json!({"invitation": view.invitation});
        work.audit(&who, Action::LinkUsed, Effect::Done, AuditSubject::new(person.id.0, &person.full_name), &detail);
        if let Some(to) = person.email.as_ref().filter(|_| !view.invitation) {
            self.queue(&mut work, to, &Message::password_changed(&person.full_name, &view.organization.name)).await?;
        }
        work.commit().await
    }
}
