//! Gathers what the judge of a profile change has to know.

use std::collections::BTreeSet;

use muster_domain::emr::EmrFacts;
use muster_domain::organizations::Organization;
use muster_domain::people::{Change, Facts, Profile};
use muster_domain::people::{NameOwner, npi};
use muster_domain::{ClinicId, OrganizationId, PersonId};
use muster_store::{Handle, images, licenses, organizations, people, sign_in};

use crate::{Actor, AppError, Result};

/// The organization and the facts about one change.
pub(crate) struct DecisionContext {
    pub organization: Organization,
    pub facts: Facts,
    pub owners: Owners,
}

/// People of the organization who already hold what belongs to one person only.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Owners {
    pub npi: Option<PersonId>,
    pub email: Option<PersonId>,
}

impl Owners {
    /// The holders of this NPI and this email, other than `me`.
    pub async fn load(
        h: &mut impl Handle,
        organization: OrganizationId,
        me: PersonId,
        npi: Option<&str>,
        email: Option<&str>,
    ) -> Result<Self> {
        let npi = npi_holder(h, organization, me, npi).await?;
        let email = name_holder(h, me, email).await?.and_then(|holder| holder.within(organization));
        Ok(Self { npi, email })
    }
}

/// The holder of a user name or email, in any organization.
#[derive(Clone, Copy)]
struct Holder {
    id: PersonId,
    home: Option<OrganizationId>,
}

impl Holder {
    fn within(self, organization: OrganizationId) -> Option<PersonId> {
        (self.home == Some(organization)).then_some(self.id)
    }
}

impl DecisionContext {
    /// Loads the facts for judging `change` of `before`.
    pub async fn load(h: &mut impl Handle, actor: &Actor, before: &Profile, change: &Change) -> Result<Self> {
        let id = actor.organization();
        let organization = organizations::find(h, id).await?.ok_or(AppError::NotFound)?;
        let me = before.person.id;

        let username = change.person.username.as_deref();
        let email = change.person.email.as_ref().and_then(Option::as_deref);
        let number = change.person.npi.as_ref().and_then(Option::as_deref).and_then(|n| npi::check(n).ok());
        let username = name_holder(h, me, username).await?;
        let email = name_holder(h, me, email).await?;
        let number = npi_holder(h, id, me, number.as_deref()).await?;
        let owners = Owners { npi: number, email: email.and_then(|holder| holder.within(id)) };
        let number = number.map(|holder| Holder { id: holder, home: Some(id) });
        let facts = Facts {
            username_owner: named(h, actor, username).await?,
            email_owner: named(h, actor, email).await?,
            npi_owner: named(h, actor, number).await?,
            password_policy: organization.password_policy(),
            emr: emr_facts(h, id, me, before, change).await?,
        };
        Ok(Self { organization, facts, owners })
    }
}

/// The EMR's part: the clinics and pools the change is about, and who else could take over from this person.
async fn emr_facts(
    h: &mut impl Handle,
    id: OrganizationId,
    me: PersonId,
    before: &Profile,
    change: &Change,
) -> Result<EmrFacts> {
    let mut clinics: BTreeSet<ClinicId> = before.emr.iter().flat_map(|e| &e.clinics).copied().collect();
    if let Some(patch) = &change.emr {
        clinics.extend(patch.clinics.iter().flatten());
        clinics.extend(patch.default_clinic);
    }
    let clinics: Vec<ClinicId> = clinics.into_iter().collect();
    let known = organizations::clinics_by_id(h, id, &clinics).await?;
    let pools = licenses::pools(h, id, Some(&clinics)).await?;
    Ok(EmrFacts {
        clinics: known.into_iter().map(|c| (c.id, c)).collect(),
        seats: pools.iter().map(|p| ((p.clinic, p.group), p.availability())).collect(),
        other_company_admin: people::another_company_admin(h, id, me).await?,
        clinics_managed_by_others: people::clinics_managed_by_others(h, id, &clinics, me).await?,
        signature_on_file: images::has_signature(h, id, me).await?,
    })
}

async fn name_holder(h: &mut impl Handle, me: PersonId, name: Option<&str>) -> Result<Option<Holder>> {
    let Some(name) = name.filter(|n| !n.trim().is_empty()) else { return Ok(None) };
    let found = sign_in::name_owner(h, name).await?;
    Ok(found.filter(|(subject, _)| *subject != me.0).map(|(subject, home)| Holder { id: PersonId(subject), home }))
}

async fn npi_holder(
    h: &mut impl Handle,
    organization: OrganizationId,
    me: PersonId,
    npi: Option<&str>,
) -> Result<Option<PersonId>> {
    let Some(npi) = npi else { return Ok(None) };
    Ok(people::npi_holder(h, organization, npi).await?.filter(|holder| *holder != me))
}

/// The owner by name when the actor may see that person.
async fn named(h: &mut impl Handle, actor: &Actor, holder: Option<Holder>) -> Result<Option<NameOwner>> {
    let Some(holder) = holder else { return Ok(None) };
    let Some(id) = holder.within(actor.organization()) else { return Ok(Some(NameOwner::Hidden)) };
    let found = people::find(h, actor.organization(), id).await?;
    Ok(Some(match found.filter(|s| actor.authority().may_see(&s.profile)) {
        Some(stored) => NameOwner::Visible(stored.profile.person.full_name),
        None => NameOwner::Hidden,
    }))
}
