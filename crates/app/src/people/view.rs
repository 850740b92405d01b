//! One profile as an actor may see it.

use std::collections::BTreeSet;

use muster_domain::access::{self, ClinicAccess};
use muster_domain::audit::Action;
use muster_domain::emr::{self, Permission};
use muster_domain::people::Profile;
use muster_domain::people::npi;
use muster_domain::{ClinicId, Code, PersonId, Refusal};
use muster_store::Handle;
use muster_store::people::{self, StoredProfile};

use crate::work::{AuditActor, AuditSubject};
use crate::{Actor, App, AppError, Result, Scope};

/// A profile cut to what the actor may see, with what the actor may do to it.
#[derive(Clone, Debug)]
pub struct PersonView {
    /// The stored profile. Its clinics are all of them: pages and JSON show [`PersonView::clinics`] only.
    pub stored: StoredProfile,
    /// The person's clinics within the actor's access.
    pub clinics: BTreeSet<ClinicId>,
    /// How many more there are.
    pub hidden_clinics: usize,
    /// Why the actor may not change the profile, if so.
    pub edit_refused: Option<Refusal>,
    /// Why the actor may not change how the person signs in, if so.
    pub sign_in_refused: Option<Refusal>,
}

impl PersonView {
    pub(crate) fn of(actor: &Actor, stored: StoredProfile) -> Self {
        let authority = actor.authority();
        let all = stored.profile.emr.iter().flat_map(|e| &e.clinics);
        let clinics: BTreeSet<ClinicId> = all.clone().copied().filter(|c| authority.emr().reaches(*c)).collect();
        let hidden_clinics = all.count() - clinics.len();
        let edit_refused = access::may_edit(authority, &stored.profile).err();
        let sign_in_refused = access::may_reset_sign_in(authority, &stored.profile).err();
        Self { stored, clinics, hidden_clinics, edit_refused, sign_in_refused }
    }

    /// The profile.
    pub fn profile(&self) -> &Profile {
        &self.stored.profile
    }

    /// The default clinic, when the actor may see it.
    pub fn default_clinic(&self) -> Option<ClinicId> {
        self.stored.profile.emr.as_ref().map(|e| e.default_clinic).filter(|c| self.clinics.contains(c))
    }

    /// What stands in for a credential not known yet: `npi`, `license_number`.
    pub fn placeholders(&self) -> Vec<&'static str> {
        let mut found = Vec::new();
        if self.stored.profile.person.npi.as_deref() == Some(npi::PLACEHOLDER) {
            found.push("npi");
        }
        let license = self.stored.profile.emr.as_ref().and_then(|e| e.license.number.as_deref());
        if license == Some(emr::LICENSE_PLACEHOLDER) {
            found.push("license_number");
        }
        found
    }
}

/// A stored profile the actor may know of; else it does not exist.
pub(crate) async fn find_visible(h: &mut impl Handle, actor: &Actor, id: PersonId) -> Result<StoredProfile> {
    let found = people::find(h, actor.organization(), id).await?;
    found.filter(|s| actor.authority().may_see(&s.profile)).ok_or(AppError::NotFound)
}

impl App {
    /// One profile.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when it does not exist or the actor may not know that it does.
    pub async fn person(&self, actor: &Actor, id: PersonId) -> Result<PersonView> {
        actor.require_scope(Scope::PeopleRead)?;
        let mut h = self.db.read().await?;
        Ok(PersonView::of(actor, find_visible(&mut h, actor, id).await?))
    }

    /// Refuses an actor who may not see the user list, and records the denial.
    pub(crate) async fn require_view_users(&self, actor: &Actor) -> Result<()> {
        self.require(actor, Permission::ViewUsers, Action::PersonViewed).await
    }

    /// Refuses an actor without this permission, and records the denial.
    pub(crate) async fn require(&self, actor: &Actor, permission: Permission, action: Action) -> Result<()> {
        if let Err(refusal) = actor.require(permission) {
            let refusals = refusal.into();
            self.deny(&AuditActor::from(actor), actor.organization(), action, AuditSubject::none(), &refusals).await;
            return Err(AppError::Refused(refusals));
        }
        Ok(())
    }

    /// True when the actor may add people somewhere.
    pub fn may_add_people(&self, actor: &Actor) -> bool {
        let somewhere = match actor.authority().emr().clinics() {
            ClinicAccess::All => true,
            ClinicAccess::Only(some) => !some.is_empty(),
        };
        somewhere && actor.may(Permission::EditUsers)
    }

    /// The refusal for a permission the actor lacks, as a sentence for a page.
    pub fn missing(&self, permission: Permission) -> Refusal {
        Refusal::whole(Code::NotAllowed).about(&[permission.label()])
    }
}
