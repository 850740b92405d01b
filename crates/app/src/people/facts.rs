//! Gathers what the judge of a profile change has to know.

use std::collections::BTreeSet;

use muster_domain::emr::{Change, Facts, Profile};
use muster_domain::organizations::Organization;
use muster_domain::people::{NameOwner, npi};
use muster_domain::{ClinicId, OrganizationId, PersonId};
use muster_store::{Handle, images, licences, organizations, people, sign_in};

use crate::{Actor, AppError, Result};

/// The organization and the facts about one change.
pub(crate) struct Seen {
    pub organization: Organization,
    pub facts: Facts,
}

impl Seen {
    /// Loads the facts for judging `change` of `before`.
    pub async fn load(h: &mut impl Handle, actor: &Actor, before: &Profile, change: &Change) -> Result<Self> {
        let id = actor.organization();
        let organization = organizations::find(h, id).await?.ok_or(AppError::NotFound)?;
        let me = before.person.id;

        let mut clinics: BTreeSet<ClinicId> = before.emr.iter().flat_map(|e| &e.clinics).copied().collect();
        if let Some(patch) = &change.emr {
            clinics.extend(patch.clinics.iter().flatten());
            clinics.extend(patch.default_clinic);
        }
        let clinics: Vec<ClinicId> = clinics.into_iter().collect();
        let known = organizations::clinics_by_id(h, id, &clinics).await?;
        let pools = licences::pools(h, id, Some(&clinics)).await?;

        let username = change.person.username.as_deref();
        let email = change.person.email.as_ref().and_then(Option::as_deref);
        let number = change.person.npi.as_ref().and_then(Option::as_deref).and_then(|n| npi::check(n).ok());
        let facts = Facts {
            clinics: known.into_iter().map(|c| (c.id, c)).collect(),
            username_owner: name_owner(h, actor, me, username).await?,
            email_owner: name_owner(h, actor, me, email).await?,
            npi_owner: npi_owner(h, actor, me, number.as_deref()).await?,
            seats: pools.iter().map(|p| ((p.clinic, p.group), p.availability())).collect(),
            other_company_admin: people::another_company_admin(h, id, me).await?,
            clinics_managed_by_others: people::clinics_managed_by_others(h, id, &clinics, me).await?,
            password_policy: organization.password_policy(),
            signature_on_file: images::has_signature(h, id, me).await?,
        };
        Ok(Self { organization, facts })
    }
}

async fn name_owner(h: &mut impl Handle, actor: &Actor, me: PersonId, name: Option<&str>) -> Result<Option<NameOwner>> {
    let Some(name) = name.filter(|n| !n.trim().is_empty()) else { return Ok(None) };
    match sign_in::name_owner(h, name).await? {
        Some((subject, home)) if subject != me.0 => Ok(Some(named(h, actor, home, PersonId(subject)).await?)),
        _ => Ok(None),
    }
}

async fn npi_owner(h: &mut impl Handle, actor: &Actor, me: PersonId, npi: Option<&str>) -> Result<Option<NameOwner>> {
    let Some(npi) = npi else { return Ok(None) };
    match people::npi_holder(h, actor.organization(), npi).await? {
        Some(holder) if holder != me => Ok(Some(named(h, actor, Some(actor.organization()), holder).await?)),
        _ => Ok(None),
    }
}

/// The owner by name when the actor may see that person.
async fn named(h: &mut impl Handle, actor: &Actor, home: Option<OrganizationId>, id: PersonId) -> Result<NameOwner> {
    if home != Some(actor.organization()) {
        return Ok(NameOwner::Hidden);
    }
    let found = people::find(h, actor.organization(), id).await?;
    Ok(match found.filter(|s| actor.authority().may_see(&s.profile)) {
        Some(stored) => NameOwner::Visible(stored.profile.person.full_name),
        None => NameOwner::Hidden,
    })
}
