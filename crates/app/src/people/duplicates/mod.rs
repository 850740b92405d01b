//! One person, one profile: look-alikes of somebody new, pairs already in the system, and putting two together.

mod merge;
mod pairs;
mod same;

use std::collections::BTreeMap;

use muster_domain::audit::Action;
use muster_domain::emr::{Permission, PrimaryLicense, UserType};
use muster_domain::people::Profile;
use muster_domain::people::{Likeness, MatchFeatures, NameOwner, Person, Reason, likeness};
use muster_domain::{Code, PersonId, Refusal, Refusals};
use muster_store::{Handle, credentials, duplicates, merges, people};
use serde::Serialize;

use super::facts::Owners;
use super::{DecisionContext, NewProfile, PersonView};
use crate::{Actor, App, AppError, Result, Scope};

pub use merge::{MergePreview, MergeReceipt, MovedField, ProfileMerge};
pub use pairs::{Pair, PairsPage};

/// Look-alikes shown for one person; beyond them nobody reads on.
const SHOWN: usize = 10;
/// Company admins named; one of them will answer.
const ASKED: i64 = 3;

/// What to do about look-alikes when somebody is added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Decision {
    /// Add the person, and say who looks alike.
    #[default]
    Note,
    /// Do not add the person while anybody looks alike.
    Ask,
    /// Somebody looked: these are other people. Anybody else who looks alike is asked about.
    SomeoneElse {
        /// The candidates the actor marked as someone else.
        ids: Vec<PersonId>,
        /// The actor was told that there is someone out of sight, and goes on.
        hidden: bool,
    },
}

/// Somebody who may be the same person, within the actor's sight.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Who.
    pub view: PersonView,
    /// How alike, up to 100.
    pub score: u8,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// Everybody who may be the same person.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    /// The candidates the actor may see, the most similar first; at most ten.
    pub seen: Vec<Candidate>,
    /// There is somebody the actor may not see. Nothing more may be told than that.
    pub hidden: bool,
    /// Contacts for the hidden candidate: active company admins, who see everybody. Empty when nobody is hidden.
    pub ask: Vec<Contact>,
    /// Values that already belong to a visible candidate and to one person only: refused whatever is decided.
    pub taken: Refusals,
}

/// Somebody who can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// The name.
    #[serde(rename = "full_name")]
    pub name: String,
    /// The address.
    pub email: String,
}

impl Candidates {
    /// True when nobody looks alike.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty() && !self.hidden
    }

    /// What the decision leaves open.
    fn open(&self, decision: &Decision) -> bool {
        match decision {
            Decision::Note => false,
            Decision::Ask => !self.is_empty(),
            Decision::SomeoneElse { ids, hidden } => {
                self.hidden && !hidden || self.seen.iter().any(|c| !ids.contains(&c.view.profile().person.id))
            }
        }
    }

    /// Who was found to be someone else.
    pub(crate) fn distinct_people(&self, decision: &Decision) -> Vec<PersonId> {
        let Decision::SomeoneElse { ids, .. } = decision else { return Vec::new() };
        self.seen.iter().map(|c| c.view.profile().person.id).filter(|id| ids.contains(id)).collect()
    }
}

impl App {
    /// Who looks like somebody who is to be added; saves nothing.
    pub async fn duplicate_candidates(&self, actor: &Actor, new: &NewProfile) -> Result<Candidates> {
        actor.require_scope(Scope::PeopleRead)?;
        self.require(actor, Permission::EditUsers, Action::PersonViewed).await?;
        let before = Profile::blank(actor.organization(), PersonId(self.new_id()));
        let person = new.person.apply(&before.person, &mut Refusals::default());
        let mut h = self.db.read().await?;
        let (npi, email) = (person.npi.as_deref(), person.email.as_deref());
        let owners = Owners::load(&mut h, actor.organization(), person.id, npi, email).await?;
        let owners = surviving_owners(&mut h, actor, owners).await?;
        find_candidates(&mut h, actor, person.id, &typed(&person, new), &owners).await
    }
}

/// What was typed, as compared.
fn typed(person: &Person, new: &NewProfile) -> MatchFeatures {
    let text = |value: &Option<Option<String>>| value.clone().flatten();
    let license = new.emr.as_ref().map(|emr| PrimaryLicense {
        number: text(&emr.license_number),
        state: text(&emr.license_state),
        expires_on: None,
    });
    let kind = new.emr.as_ref().and_then(|emr| emr.user_type.as_deref().map_or(Some(UserType::PT), UserType::parse));
    MatchFeatures::from_parts(person, &license.into_iter().collect::<Vec<_>>(), kind)
}

/// The owners with what they own; for somebody who went up in another person, that other one.
async fn surviving_owners(h: &mut impl Handle, actor: &Actor, owners: Owners) -> Result<Vec<(PersonId, Reason)>> {
    let found = [(owners.npi, Reason::SameNpi), (owners.email, Reason::SameEmail)];
    let mut found: Vec<(PersonId, Reason)> = found.into_iter().filter_map(|(id, why)| id.map(|id| (id, why))).collect();
    if !found.is_empty() {
        let ids: Vec<PersonId> = found.iter().map(|(id, _)| *id).collect();
        let kept = merges::kept_for(h, actor.organization(), &ids).await?;
        for (id, _) in &mut found {
            *id = kept.get(id).copied().unwrap_or(*id);
        }
    }
    Ok(found)
}

/// The answer to a new profile that is refused for nothing but an NPI or email somebody of the organization has: very
/// likely that is the same person, so the question comes first. Once the actor said that it is someone else, or when
/// anything else is wrong, the refusals are the answer.
pub(crate) async fn refusal_or_candidates(
    h: &mut impl Handle,
    actor: &Actor,
    new: &NewProfile,
    (before, world): (&Profile, &DecisionContext),
    refusals: Refusals,
) -> AppError {
    let owners = match surviving_owners(h, actor, world.owners).await {
        Ok(owners) => owners,
        Err(error) => return error,
    };
    let owner_is_here = |refusal: &Refusal| match refusal.code {
        Code::NpiTaken => world.owners.npi.is_some(),
        Code::EmailTaken => world.owners.email.is_some(),
        _ => false,
    };
    if !refusals.0.iter().all(owner_is_here) {
        return refusals.into();
    }
    let person = new.person.apply(&before.person, &mut Refusals::default());
    let mut found = match find_candidates(h, actor, person.id, &typed(&person, new), &owners).await {
        Ok(found) => found,
        Err(error) => return error,
    };
    let seen = |id: &PersonId| found.seen.iter().any(|c| c.view.profile().person.id == *id);
    let decided = match &new.duplicates {
        Decision::SomeoneElse { ids, hidden } => {
            owners.iter().all(|(id, _)| if seen(id) { ids.contains(id) } else { *hidden })
        }
        Decision::Note | Decision::Ask => false,
    };
    if decided {
        return refusals.into();
    }
    let told = |refusal: &Refusal| match refusal.code {
        Code::NpiTaken => matches!(world.facts.npi_owner, Some(NameOwner::Visible(_))),
        _ => matches!(world.facts.email_owner, Some(NameOwner::Visible(_))),
    };
    found.taken = Refusals(refusals.0.into_iter().filter(told).collect());
    AppError::PossibleDuplicate(Box::new(found))
}

/// Who looks like this profile, which is not saved yet.
pub(crate) async fn candidates(h: &mut impl Handle, actor: &Actor, profile: &Profile) -> Result<Candidates> {
    find_candidates(h, actor, profile.person.id, &MatchFeatures::of(profile), &[]).await
}

/// Everybody like these traits. `owners` have something of theirs, whether or not they are found by anything else.
async fn find_candidates(
    h: &mut impl Handle,
    actor: &Actor,
    me: PersonId,
    mine: &MatchFeatures,
    owners: &[(PersonId, Reason)],
) -> Result<Candidates> {
    let organization = actor.organization();
    let near = duplicates::sharing(h, organization, &mine.keys(duplicates::salt(organization))).await?;
    let mut alike: BTreeMap<PersonId, Likeness> = BTreeMap::new();
    for (owner, why) in owners.iter().filter(|(id, _)| *id != me) {
        let owning = alike.entry(*owner).or_insert_with(|| Likeness::owning(*why));
        if !owning.reasons.contains(why) {
            owning.reasons.push(*why);
        }
    }
    for one in near.iter().filter(|n| n.id != me) {
        if let Some(found) = likeness(mine, &one.traits) {
            alike.entry(one.id).or_insert(found);
        }
    }
    let mut alike: Vec<(PersonId, Likeness)> = alike.into_iter().collect();
    alike.sort_by_key(|(id, l)| (std::cmp::Reverse(l.score), *id));
    let ids: Vec<PersonId> = alike.iter().map(|(id, _)| *id).collect();
    let mut found = Candidates::default();
    for (stored, (_, alike)) in people::find_many(h, organization, &ids).await?.into_iter().zip(alike) {
        if !actor.authority().may_see(&stored.profile) {
            found.hidden = true;
        } else if found.seen.len() < SHOWN {
            let view = PersonView::of(actor, stored);
            found.seen.push(Candidate { view, score: alike.score, reasons: alike.reasons });
        }
    }
    if found.hidden {
        found.ask = contacts(h, actor).await?;
    }
    Ok(found)
}

/// Who sees everybody of the practice.
pub(crate) async fn contacts(h: &mut impl Handle, actor: &Actor) -> Result<Vec<Contact>> {
    let admins = credentials::company_admins(h, actor.organization(), ASKED).await?;
    Ok(admins.into_iter().map(|(name, email)| Contact { name, email }).collect())
}

/// Refuses while the decision leaves somebody open.
pub(crate) fn require_decided(found: &Candidates, decision: &Decision) -> Result<()> {
    if found.open(decision) { Err(AppError::PossibleDuplicate(Box::new(found.clone()))) } else { Ok(()) }
}
