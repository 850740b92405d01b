//! The first organization of an empty installation: by a one-time link, or from the command line.

use std::collections::BTreeSet;

use muster_domain::audit::Action;
use muster_domain::emr::{EmrPatch, Permission};
use muster_domain::organizations::{Clinic, Organization, OrganizationPatch};
use muster_domain::people::{Change, NewPassword, Outcome, PersonPatch, Profile, decide, human_name};
use muster_domain::sign_in::{LinkPurpose, PasswordState};
use muster_domain::{ClinicId, Code, OrganizationId, PersonId, Refusal, Refusals};
use muster_store::sign_in::Link;
use muster_store::{StoreError, organizations, sign_in};
use serde_json::json;

use crate::keys::fingerprint;
use crate::people::{DecisionContext, SaveError};
use crate::work::{AuditSubject, UnitOfWork};
use crate::{Actor, App, Result};

/// What the set-up page asks.
#[derive(Clone, Debug, Default)]
pub struct NewOrganization {
    /// Name of the practice.
    pub organization_name: String,
    /// IANA time zone.
    pub time_zone: String,
    /// Name of the first clinic.
    pub clinic_name: String,
    /// First manager: given name.
    pub first_name: String,
    /// First manager: family name.
    pub last_name: String,
    /// First manager: user name.
    pub username: String,
    /// First manager: email.
    pub email: String,
    /// First manager: password.
    pub password: String,
    /// The same again.
    pub password_confirmation: Option<String>,
}

/// What was set up.
#[derive(Clone, Copy, Debug)]
pub struct SetUpReceipt {
    /// The practice.
    pub organization: OrganizationId,
    /// Its first clinic.
    pub clinic: ClinicId,
    /// Company admin and user manager.
    pub person: PersonId,
}

impl App {
    /// True when nothing has been set up yet.
    pub async fn is_empty(&self) -> Result<bool> {
        let mut h = self.db.read().await?;
        Ok(organizations::none_exists(&mut h).await?)
    }

    /// Makes the one-time set-up link; an earlier one is worthless from now on. None once something is set up.
    pub async fn new_setup_link(&self) -> Result<Option<String>> {
        if !self.is_empty().await? {
            return Ok(None);
        }
        let secret = self.new_secret();
        let link = Link {
            purpose: LinkPurpose::Setup,
            subject: uuid::Uuid::nil(),
            organization: None,
            expires_at: self.now() + jiff::SignedDuration::from_hours(72),
        };
        let mut tx = self.db.begin().await?;
        self.begin_own_chain(&mut tx).await?;
        sign_in::insert_link(&mut tx, &fingerprint(&secret), &link).await?;
        tx.commit().await?;
        Ok(Some(self.link_url(LinkPurpose::Setup, &secret)))
    }

    /// True while the set-up link works.
    pub async fn setup_link_works(&self, secret: &str) -> Result<bool> {
        let mut h = self.db.read().await?;
        let link = sign_in::link(&mut h, &fingerprint(secret), self.now()).await?;
        Ok(link.is_some_and(|l| l.purpose == LinkPurpose::Setup) && organizations::none_exists(&mut h).await?)
    }

    /// Sets up the first organization through the link.
    pub async fn set_up_by_link(&self, secret: &str, new: &NewOrganization) -> Result<SetUpReceipt> {
        if !self.setup_link_works(secret).await? {
            return Err(Refusal::whole(Code::LinkSpent).into());
        }
        self.set_up_with(new, Some(secret)).await
    }

    /// Sets up the first organization from the command line; refuses an installation that has one.
    pub async fn set_up(&self, new: &NewOrganization) -> Result<SetUpReceipt> {
        self.set_up_with(new, None).await
    }

    async fn set_up_with(&self, new: &NewOrganization, link: Option<&str>) -> Result<SetUpReceipt> {
        if !self.is_empty().await? {
            return Err(Refusal::whole(Code::AlreadySetUp).into());
        }
        let hash = self.hash_password(&new.password.chars().take(256).collect::<String>()).await?;
        let ids = SetUpReceipt {
            organization: OrganizationId(self.new_id()),
            clinic: ClinicId(self.new_id()),
            person: PersonId(self.new_id()),
        };
        let now = self.now();
        let actor = Actor::command_line(ids.organization);
        let mut work = self.work_on_new(ids.organization).await?;
        if !organizations::none_exists(&mut work.tx).await? {
            return Err(Refusal::whole(Code::AlreadySetUp).into());
        }
        if let Some(secret) = link
            && !sign_in::spend_link(&mut work.tx, &fingerprint(secret)).await?
        {
            return Err(Refusal::whole(Code::LinkSpent).into());
        }
        let ((mut refusals, organization), (more, clinic)) = judge_organization(new, ids);
        refusals.0.extend(more.0);
        // Written first, so that the first manager is judged and saved like anybody who is added later. Whatever is
        // refused, nothing of it is committed.
        organizations::insert(&mut work.tx, &organization, now).await?;
        organizations::insert_clinics(&mut work.tx, ids.organization, std::slice::from_ref(&clinic), now).await?;
        let outcome = judge_first_manager(&mut work, &actor, new, ids, refusals).await?;
        let about = AuditSubject::new(ids.organization.0, &organization.name);
        work.audit_done(
            &actor,
            Action::OrganizationCreated,
            about,
            &json!({"name": organization.name, "time_zone": organization.time_zone}),
        );
        work.audit_done(
            &actor,
            Action::ClinicCreated,
            AuditSubject::new(ids.clinic.0, &clinic.name),
            &json!({"name": clinic.name}),
        );
        match self.insert_person(&mut work, &actor, &outcome).await {
            Ok(()) => {}
            // An operator took the name a moment ago.
            Err(SaveError::Conflict) => {
                return Err(Refusal::new("username", Code::UsernameTaken)
                    .about(&["someone else, as user name or email"])
                    .into());
            }
            Err(SaveError::Failed(error)) => return Err(error),
        }
        sign_in::set_password(&mut work.tx, ids.person.0, &hash, PasswordState::Chosen, now).await?;
        work.commit().await?;
        Ok(ids)
    }

    /// Adds a further organization with its first clinic, without people; support and the command line only.
    pub async fn add_organization(&self, name: &str, time_zone: &str) -> Result<OrganizationId> {
        let ids = SetUpReceipt {
            organization: OrganizationId(self.new_id()),
            clinic: ClinicId(self.new_id()),
            person: PersonId(self.new_id()),
        };
        let new = NewOrganization { organization_name: name.into(), time_zone: time_zone.into(), ..Default::default() };
        let (refusals, organization) = judge_organization(&new, ids).0;
        refusals.into_result()?;
        let mut work = self.work_on_new(ids.organization).await?;
        match organizations::insert(&mut work.tx, &organization, self.now()).await {
            Err(StoreError::Taken(_)) => {
                return Err(Refusal::new("name", Code::NameTaken).about(&[organization.name]).into());
            }
            other => other?,
        }
        let actor = Actor::command_line(ids.organization);
        let about = AuditSubject::new(ids.organization.0, &organization.name);
        work.audit_done(&actor, Action::OrganizationCreated, about, &json!({"name": organization.name}));
        work.commit().await?;
        Ok(ids.organization)
    }
}

/// Judges the first manager like anybody who is added, together with what was refused before.
async fn judge_first_manager(
    work: &mut UnitOfWork,
    actor: &Actor,
    new: &NewOrganization,
    ids: SetUpReceipt,
    mut refusals: Refusals,
) -> Result<Outcome> {
    let before = Profile::blank(ids.organization, ids.person);
    let change = first_manager(new, ids.clinic);
    let world = DecisionContext::load(&mut work.tx, actor, &before, &change).await?;
    match decide(actor.authority(), &world.facts, &before, true, &change) {
        Ok(outcome) => refusals.into_result().map(|()| outcome).map_err(Into::into),
        Err(more) => {
            refusals.0.extend(more.0);
            Err(refusals.into())
        }
    }
}

type Judged<T> = (Refusals, T);

fn judge_organization(new: &NewOrganization, ids: SetUpReceipt) -> (Judged<Organization>, Judged<Clinic>) {
    let start = Organization::new(ids.organization, "", "UTC");
    let patch = OrganizationPatch {
        name: Some(new.organization_name.clone()),
        time_zone: Some(new.time_zone.clone()),
        ..OrganizationPatch::default()
    };
    let organization = match patch.apply(&start) {
        Ok(organization) => (Refusals::default(), organization),
        Err(mut refusals) => {
            for refusal in &mut refusals.0 {
                if refusal.field == Some("name") {
                    refusal.field = Some("organization_name");
                }
            }
            (refusals, start)
        }
    };
    let mut refusals = Refusals::default();
    let name = refusals.take(human_name("clinic_name", "The first clinic", &new.clinic_name)).unwrap_or_default();
    (organization, (refusals, Clinic::new(ids.clinic, &name)))
}

/// The first manager: office staff with every permission that type may hold. The type can be changed by support.
fn first_manager(new: &NewOrganization, clinic: ClinicId) -> Change {
    let all = Permission::ALL.into_iter().filter(|p| !p.is_soap()).map(|p| p.as_str().to_owned());
    Change {
        person: PersonPatch {
            first_name: Some(new.first_name.clone()),
            last_name: Some(new.last_name.clone()),
            email: Some(Some(new.email.clone())),
            username: Some(new.username.clone()),
            ..PersonPatch::default()
        },
        emr: Some(EmrPatch {
            user_type: Some("Clerical".to_owned()),
            status: Some("active".to_owned()),
            clinics: Some(BTreeSet::from([clinic])),
            default_clinic: Some(clinic),
            permissions: Some(all.collect()),
            ..EmrPatch::default()
        }),
        password: Some(NewPassword { password: new.password.clone(), confirmation: new.password_confirmation.clone() }),
        ..Change::default()
    }
}
