//! The pairs already in the system.

use std::collections::{BTreeMap, BTreeSet};

use muster_domain::PersonId;
use muster_domain::people::{Likeness, MatchFeatures, Reason, likeness};
use muster_store::{Handle, duplicates, people};

use crate::people::PersonView;
use crate::{Actor, App, Result, Scope};

/// Shared numbers looked at in one step, and steps a page takes at most: a page stays quick whatever the practice.
const STEP: i64 = 1500;
const STEPS: usize = 4;
/// Steps taken while nothing was found: a page without a pair sends nobody on to the next one. Only of a practice with
/// far more people than any we know of could this end a page early.
const STEPS_WITHOUT_A_PAIR: usize = 100;
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
    /// Where the next page begins.
    pub next: Option<i64>,
}

impl App {
    /// Pairs of people who may be the same, both within the actor's sight; decided ones are left out. Each pair
    /// comes once, on the page of the smallest number both share.
    pub async fn duplicate_pairs(&self, actor: &Actor, after: Option<i64>) -> Result<PairsPage> {
        actor.require_scope(Scope::PeopleRead)?;
        self.require_view_users(actor).await?;
        let mut h = self.db.read().await?;
        let mut after = after.unwrap_or(-1);
        let mut pairs: Vec<Pair> = Vec::new();
        for step in 1..=STEPS_WITHOUT_A_PAIR {
            let clinics = actor.authority().emr().clinics();
            let buckets = duplicates::shared_keys(&mut h, actor.organization(), clinics, after, STEP).await?;
            let Some(last) = buckets.keys().next_back().copied() else {
                return Ok(page(pairs, None));
            };
            pairs.extend(pairs_of(&mut h, actor, &buckets, after).await?);
            after = last;
            if i64::try_from(buckets.len()).unwrap_or(STEP) < STEP {
                return Ok(page(pairs, None));
            }
            if pairs.len() >= FULL || step >= STEPS && !pairs.is_empty() {
                break;
            }
        }
        Ok(page(pairs, Some(after)))
    }
}

/// The open pairs among those who share these numbers, without those of an earlier page.
async fn pairs_of(
    h: &mut impl Handle,
    actor: &Actor,
    buckets: &BTreeMap<i64, Vec<PersonId>>,
    after: i64,
) -> Result<Vec<Pair>> {
    let organization = actor.organization();
    let alike = alike(h, actor, buckets, after).await?;
    let ids: BTreeSet<PersonId> = alike.keys().flat_map(|(a, b)| [*a, *b]).collect();
    let ids: Vec<PersonId> = ids.into_iter().collect();
    let apart = duplicates::apart(h, organization, &ids).await?;
    let visible: BTreeMap<PersonId, PersonView> = people::find_many(h, organization, &ids)
        .await?
        .into_iter()
        .filter(|s| actor.authority().may_see(&s.profile))
        .map(|s| (s.profile.person.id, PersonView::of(actor, s)))
        .collect();
    let mut pairs = Vec::new();
    for ((a, b), found) in alike.into_iter().filter(|(pair, _)| !apart.contains(pair)) {
        if let (Some(one), Some(other)) = (visible.get(&a), visible.get(&b)) {
            let turned = other.stored.created_at < one.stored.created_at;
            let (older, newer) = if turned { (other.clone(), one.clone()) } else { (one.clone(), other.clone()) };
            pairs.push(Pair { older, newer, score: found.score, reasons: found.reasons });
        }
    }
    Ok(pairs)
}

type PairLikeness = BTreeMap<(PersonId, PersonId), Likeness>;

/// The similar pairs of a bucket. A pair that shares a number at or before `after` was on an earlier page, unless too
/// many people share that number for it to have been looked at.
async fn alike(
    h: &mut impl Handle,
    actor: &Actor,
    buckets: &BTreeMap<i64, Vec<PersonId>>,
    after: i64,
) -> Result<PairLikeness> {
    let organization = actor.organization();
    let ids: BTreeSet<PersonId> = buckets.values().flatten().copied().collect();
    let ids: Vec<PersonId> = ids.into_iter().collect();
    let traits: BTreeMap<PersonId, MatchFeatures> =
        duplicates::traits(h, organization, &ids).await?.into_iter().map(|n| (n.id, n.traits)).collect();
    let mut found = PairLikeness::new();
    let mut compared = BTreeSet::new();
    for members in buckets.values().filter(|m| !duplicates::is_full(m.len())) {
        for (at, one) in members.iter().enumerate() {
            for other in &members[at + 1..] {
                let pair = if one < other { (*one, *other) } else { (*other, *one) };
                if !compared.insert(pair) {
                    continue;
                }
                let (Some(a), Some(b)) = (traits.get(&pair.0), traits.get(&pair.1)) else { continue };
                found.extend(likeness(a, b).map(|l| (pair, l)));
            }
        }
    }
    let salt = duplicates::salt(organization);
    let earlier = |pair: &(PersonId, PersonId)| -> Vec<i64> {
        let keys = |id| traits.get(id).map(|t| t.keys(salt)).unwrap_or_default();
        let theirs: BTreeSet<i64> = keys(&pair.1).into_iter().collect();
        keys(&pair.0).into_iter().filter(|k| *k <= after && theirs.contains(k)).collect()
    };
    let met: BTreeMap<(PersonId, PersonId), Vec<i64>> =
        found.keys().map(|pair| (*pair, earlier(pair))).filter(|(_, keys)| !keys.is_empty()).collect();
    let keys: Vec<i64> = met.values().flatten().copied().collect();
    let behind = duplicates::members(h, organization, actor.authority().emr().clinics(), &keys).await?;
    let looked_at = |key: &i64| behind.get(key).is_some_and(|m| !duplicates::is_full(m.len()));
    found.retain(|pair, _| !met.get(pair).is_some_and(|keys| keys.iter().any(looked_at)));
    Ok(found)
}

fn page(mut pairs: Vec<Pair>, next: Option<i64>) -> PairsPage {
    pairs.sort_by_key(|p| (std::cmp::Reverse(p.score), p.older.profile().person.id, p.newer.profile().person.id));
    PairsPage { pairs, next }
}
