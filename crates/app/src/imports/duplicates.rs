//! Finds the rows of a batch that may be people who are stored already, with the candidates and reasons.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use muster_domain::PersonId;
use muster_domain::access::ClinicAccess;
use muster_domain::emr::Permission;
use muster_domain::people::{Likeness, MatchFeatures, likeness};
use muster_store::{Handle, duplicates, people};

use super::report::{RowCandidate, RowLikeness};
use super::run::{EvaluatedBatch, ImportRun};
use crate::{Actor, Result};

/// How many candidates are named for a row.
const NAMED: usize = 3;

/// Somebody of the batch.
struct EarlierRow {
    id: PersonId,
    line: u64,
    name: String,
    traits: MatchFeatures,
}

/// Somebody a row is compared with: stored, or of a row before it.
struct ComparedPerson<'a> {
    id: PersonId,
    line: Option<u64>,
    name: &'a str,
    traits: &'a MatchFeatures,
}

impl<'a> ComparedPerson<'a> {
    fn earlier(one: &'a EarlierRow) -> Self {
        Self { id: one.id, line: Some(one.line), name: &one.name, traits: &one.traits }
    }
}

/// Notes the rows whose profiles look like somebody stored, or like an earlier one of the file: by every sign the check
/// of a single person knows. A fixed number of statements. What is looked up and compared is few where NPIs are known.
pub(super) async fn note(
    h: &mut impl Handle,
    actor: &Actor,
    run: &ImportRun,
    batch: &mut EvaluatedBatch,
) -> Result<()> {
    let organization = actor.organization();
    let salt = duplicates::salt(organization);
    let rows = batch.profiles.iter().zip(&batch.lines);
    let people: Vec<EarlierRow> = rows
        .map(|(p, line)| EarlierRow {
            id: p.person.id,
            line: *line,
            name: p.person.full_name.clone(),
            traits: MatchFeatures::of(p),
        })
        .collect();
    let keys: Vec<Vec<i64>> = people.iter().map(|p| p.traits.keys(salt)).collect();
    let (with_npi, without): (Vec<_>, Vec<_>) = people.iter().zip(&keys).partition(|(p, _)| p.traits.has_npi());
    let stored = duplicates::sharing_many(h, organization, &all_of(&without), &all_of(&with_npi)).await?;
    let mut others: Vec<ComparedPerson<'_>> = stored
        .iter()
        .map(|near| ComparedPerson { id: near.id, line: None, name: &near.name, traits: &near.traits })
        .collect();
    let mut by_key: HashMap<i64, Vec<usize>> = HashMap::new();
    for (at, other) in others.iter().enumerate() {
        for key in other.traits.keys(salt) {
            by_key.entry(key).or_default().push(at);
        }
    }
    let mut found: Vec<(u64, Vec<(usize, Likeness)>)> = Vec::new();
    for (one, keys) in people.iter().zip(&keys) {
        let telling = keys.iter().filter_map(|key| by_key.get(key)).filter(|among| !duplicates::is_full(among.len()));
        let near: BTreeSet<usize> = telling.flatten().copied().collect();
        let mut alike: Vec<(usize, Likeness)> =
            near.into_iter().filter_map(|at| likeness(&one.traits, others[at].traits).map(|l| (at, l))).collect();
        if !alike.is_empty() {
            alike.sort_by_key(|(at, l)| (Reverse(l.score), *at));
            found.push((one.line, alike));
        }
        for key in keys {
            by_key.entry(*key).or_default().push(others.len());
        }
        others.push(ComparedPerson::earlier(one));
    }
    batch.alike = visible_candidates(h, actor, run.options.dry_run, &others, found).await?;
    Ok(())
}

/// The numbers of these, each once and in order: looked up one beside the next.
fn all_of(some: &[(&EarlierRow, &Vec<i64>)]) -> Vec<i64> {
    let keys: BTreeSet<i64> = some.iter().flat_map(|(_, keys)| keys.iter().copied()).collect();
    keys.into_iter().collect()
}

/// What the actor may be told of them.
async fn visible_candidates(
    h: &mut impl Handle,
    actor: &Actor,
    dry_run: bool,
    others: &[ComparedPerson<'_>],
    found: Vec<(u64, Vec<(usize, Likeness)>)>,
) -> Result<Vec<RowLikeness>> {
    let stored = found.iter().flat_map(|(_, alike)| alike).map(|(at, _)| &others[*at]).filter(|o| o.line.is_none());
    let stored: BTreeSet<PersonId> = stored.map(|o| o.id).collect();
    let visible = visible(h, actor, stored).await?;
    let row = |(line, alike): (u64, Vec<(usize, Likeness)>)| {
        let seen = |at: &usize| others[*at].line.is_some() || visible.contains(&others[*at].id);
        let hidden = alike.iter().any(|(at, _)| !seen(at));
        let candidate = |(at, likeness): (usize, Likeness)| {
            let ComparedPerson { id, line, name, .. } = &others[at];
            RowCandidate {
                person_id: (line.is_none() || !dry_run).then_some(*id),
                line: *line,
                full_name: (*name).to_owned(),
                score: likeness.score,
                reasons: likeness.reasons,
            }
        };
        let candidates = alike.into_iter().filter(|(at, _)| seen(at)).take(NAMED).map(candidate).collect();
        RowLikeness { line, candidates, hidden }
    };
    Ok(found.into_iter().map(row).collect())
}

/// Of these, the people the actor may see.
async fn visible(h: &mut impl Handle, actor: &Actor, ids: BTreeSet<PersonId>) -> Result<BTreeSet<PersonId>> {
    let authority = actor.authority();
    let sees_all = *authority.emr().clinics() == ClinicAccess::All
        && authority.emr().permissions().contains(Permission::ViewUsers);
    if ids.is_empty() || sees_all {
        return Ok(ids);
    }
    let ids: Vec<PersonId> = ids.into_iter().collect();
    let stored = people::find_many(h, actor.organization(), &ids).await?;
    Ok(stored.iter().filter(|s| authority.may_see(&s.profile)).map(|s| s.profile.person.id).collect())
}
