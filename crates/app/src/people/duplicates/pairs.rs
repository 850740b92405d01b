//! The pairs already in the system.

use std::collections::{BTreeMap, BTreeSet};

use muster_domain::PersonId;
use muster_domain::people::{Reason, Traits, likeness};
use muster_store::{duplicates, people};

use crate::people::PersonView;
use crate::{Actor, App, Result, Scope};

/// Shared numbers looked at in one step, and steps a page takes at most: a page stays quick whatever the practice.
const STEP: i64 = 1500;
const STEPS: usize = 4;
/// Pairs after which a page is full; the numbers of one step are always finished.
const FULL: usize = 25;

/// Two profiles that may be one person.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The one that was there first.
    pub older: PersonView,
    /// The other.
    pub newer: PersonView,
    /// How alike, up to 100.
    pub score: u8,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// A page of pairs.
#[derive(Clone, Debug)]
pub struct PairsPage {
    /// The likest first, within this page.
    pub pairs: Vec<Pair>,
    /// Where the next page begins. A page may be empty and still have a next one.
    pub next: Option<i64>,
}

impl App {
    /// Pairs of people who may be the same, both within the actor's sight; decided ones are left out. Each pair
    /// comes once, on the page of the smallest number both share.
    pub async fn duplicate_pairs(&self, actor: &Actor, after: Option<i64>) -> Result<PairsPage> {
        actor.require_scope(Scope::PeopleRead)?;
        self.require_view_users(actor).await?;
        let organization = actor.organization();
        let salt = duplicates::salt(organization);
        let mut h = self.db.read().await?;
        let mut after = after.unwrap_or(-1);
        let mut pairs: Vec<Pair> = Vec::new();
        for _ in 0..STEPS {
            let buckets = duplicates::shared_keys(&mut h, organization, after, STEP).await?;
            let Some(last) = buckets.keys().next_back().copied() else {
                return Ok(page(pairs, None));
            };
            let ended = i64::try_from(buckets.len()).unwrap_or(STEP) < STEP;
            let ids: BTreeSet<PersonId> = buckets.values().flatten().copied().collect();
            let ids: Vec<PersonId> = ids.into_iter().collect();
            let traits: BTreeMap<PersonId, Traits> =
                duplicates::traits(&mut h, organization, &ids).await?.into_iter().map(|n| (n.id, n.traits)).collect();
            let mut alike = BTreeMap::new();
            let mut compared = BTreeSet::new();
            for members in buckets.values() {
                for (at, one) in members.iter().enumerate() {
                    for other in &members[at + 1..] {
                        let pair = if one < other { (*one, *other) } else { (*other, *one) };
                        if !compared.insert(pair) {
                            continue;
                        }
                        let (Some(a), Some(b)) = (traits.get(&pair.0), traits.get(&pair.1)) else { continue };
                        if let Some(found) = likeness(a, b)
                            && first_shared(a, b, salt).is_none_or(|key| key > after)
                        {
                            alike.insert(pair, found);
                        }
                    }
                }
            }
            let ids: BTreeSet<PersonId> = alike.keys().flat_map(|(a, b)| [*a, *b]).collect();
            let ids: Vec<PersonId> = ids.into_iter().collect();
            let apart = duplicates::apart(&mut h, organization, &ids).await?;
            let stored = people::find_many(&mut h, organization, &ids).await?;
            let visible: BTreeMap<PersonId, PersonView> = stored
                .into_iter()
                .filter(|s| actor.authority().may_see(&s.profile))
                .map(|s| (s.profile.person.id, PersonView::of(actor, s)))
                .collect();
            for ((a, b), found) in alike.into_iter().filter(|(pair, _)| !apart.contains(pair)) {
                if let (Some(one), Some(other)) = (visible.get(&a), visible.get(&b)) {
                    let turned = other.stored.created_at < one.stored.created_at;
                    let (older, newer) =
                        if turned { (other.clone(), one.clone()) } else { (one.clone(), other.clone()) };
                    pairs.push(Pair { older, newer, score: found.score, reasons: found.reasons });
                }
            }
            after = last;
            if ended {
                return Ok(page(pairs, None));
            }
            if pairs.len() >= FULL {
                break;
            }
        }
        Ok(page(pairs, Some(after)))
    }
}

fn page(mut pairs: Vec<Pair>, next: Option<i64>) -> PairsPage {
    pairs.sort_by_key(|p| (std::cmp::Reverse(p.score), p.older.profile().person.id, p.newer.profile().person.id));
    PairsPage { pairs, next }
}

/// The smallest number both share. A pair met again behind it was on an earlier page.
fn first_shared(a: &Traits, b: &Traits, salt: u128) -> Option<i64> {
    let mine: BTreeSet<i64> = a.keys(salt).into_iter().collect();
    b.keys(salt).into_iter().find(|k| mine.contains(k))
}
