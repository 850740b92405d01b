//! One person, one profile: look-alikes of somebody new, pairs already in the system, and putting two together.

mod merge;
mod pairs;
mod same;

use muster_domain::audit::Action;
use muster_domain::emr::{License, Permission, Profile};
use muster_domain::people::{Likeness, Reason, Traits, likeness};
use muster_domain::{PersonId, Refusals};
use muster_store::{Handle, credentials, duplicates, people};

use super::{NewProfile, PersonView, blank};
use crate::{Actor, App, Result, Scope};

pub use merge::{MergePreview, Merged, MergedInto, Moved};
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
        /// Whom the actor saw and found to be someone else.
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
    /// Whom the actor may see; the likest first, at most ten.
    pub seen: Vec<Candidate>,
    /// There is somebody the actor may not see. Nothing more may be told than that.
    pub hidden: bool,
    /// Whom to ask about the hidden one: active company admins, who see everybody. Empty when nobody is hidden.
    pub ask: Vec<Contact>,
}

/// Somebody who can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The name.
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
    pub(crate) fn set_apart(&self, decision: &Decision) -> Vec<PersonId> {
        let Decision::SomeoneElse { ids, .. } = decision else { return Vec::new() };
        self.seen.iter().map(|c| c.view.profile().person.id).filter(|id| ids.contains(id)).collect()
    }
}

impl App {
    /// Who looks like somebody who is to be added; saves nothing.
    pub async fn duplicate_candidates(&self, actor: &Actor, new: &NewProfile) -> Result<Candidates> {
        actor.require_scope(Scope::PeopleRead)?;
        self.require(actor, Permission::EditUsers, Action::PersonViewed).await?;
        let before = blank(actor.organization(), PersonId(self.new_id()));
        let person = new.person.apply(&before.person, &mut Refusals::default());
        let text = |value: &Option<Option<String>>| value.clone().flatten();
        let license = new.emr.as_ref().map(|emr| License {
            number: text(&emr.license_number),
            state: text(&emr.license_state),
            expires_on: None,
        });
        let license: Vec<License> = license.into_iter().collect();
        let mut h = self.db.read().await?;
        look_alikes(&mut h, actor, person.id, &Traits::from_parts(&person, &license)).await
    }
}

/// Who looks like this profile, which is not saved yet.
pub(crate) async fn candidates(h: &mut impl Handle, actor: &Actor, profile: &Profile) -> Result<Candidates> {
    look_alikes(h, actor, profile.person.id, &Traits::of(profile)).await
}

async fn look_alikes(h: &mut impl Handle, actor: &Actor, me: PersonId, mine: &Traits) -> Result<Candidates> {
    let organization = actor.organization();
    let near = duplicates::sharing(h, organization, &mine.keys(duplicates::salt(organization))).await?;
    let mut alike: Vec<(PersonId, Likeness)> =
        near.into_iter().filter(|n| n.id != me).filter_map(|n| likeness(mine, &n.traits).map(|l| (n.id, l))).collect();
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
        let admins = credentials::company_admins(h, organization, ASKED).await?;
        found.ask = admins.into_iter().map(|(name, email)| Contact { name, email }).collect();
    }
    Ok(found)
}

/// Refuses while the decision leaves somebody open.
pub(crate) fn require_decided(found: &Candidates, decision: &Decision) -> Result<()> {
    if found.open(decision) { Err(crate::AppError::PossibleDuplicate(Box::new(found.clone()))) } else { Ok(()) }
}
