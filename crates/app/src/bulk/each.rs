//! Judges selected people, some hundred at a time: a fixed number of statements loads what the judge has to know.

use std::collections::{BTreeMap, BTreeSet};

use muster_domain::bulk::{
    BulkDecision, BulkKind, BulkRequest, ChangeRecord, ChangeSet, RefusedChange, Rules, RunningFacts, UndoState, judge,
};
use muster_domain::{ClinicId, OrganizationId, PersonId};
use muster_store::bulk::{self, BulkItem, BulkJob};
use muster_store::people::StoredProfile;
use muster_store::{Handle, licenses, organizations, people};
use serde::{Deserialize, Serialize};

use crate::{Actor, AppError, Result};

/// A change that was not made, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedLine {
    /// The operation; none when the whole person is refused.
    pub op: Option<String>,
    /// What it would have added, removed or set.
    pub value: Option<String>,
    /// The stable code.
    pub code: String,
    /// The sentence.
    pub message: String,
}

impl From<&RefusedChange> for RefusedLine {
    fn from(refused: &RefusedChange) -> Self {
        Self {
            op: refused.change.map(|c| c.op().to_owned()),
            value: refused.change.map(muster_domain::bulk::BulkChange::value),
            code: refused.refusal.code.as_str().to_owned(),
            message: refused.refusal.message.clone(),
        }
    }
}

/// One person, judged.
pub(super) struct EvaluatedPerson {
    pub item: BulkItem,
    pub before: Option<StoredProfile>,
    pub changes: ChangeSet,
    pub restore: Option<UndoState>,
    pub judged: BulkDecision,
}

/// What is asked for.
pub(super) struct BulkEvaluator {
    rules: Rules,
    for_all: ChangeSet,
    world: Option<RunningFacts>,
    known_clinics: BTreeSet<ClinicId>,
    most_admins: i64,
}

impl BulkEvaluator {
    /// For a job; `changes` are those for everybody.
    pub fn new(job: &BulkJob, changes: ChangeSet) -> Self {
        let rules = if job.kind == BulkKind::Undo { Rules::Undo } else { Rules::Bulk };
        Self::with(rules, changes, job.selected)
    }

    /// For some thousand people at most.
    pub fn with(rules: Rules, changes: ChangeSet, people: i64) -> Self {
        Self { rules, for_all: changes, world: None, known_clinics: BTreeSet::new(), most_admins: people + 2 }
    }

    fn asked(&self, item: &BulkItem) -> Result<(ChangeSet, Option<UndoState>)> {
        let corrupt = |e: serde_json::Error| AppError::Internal(format!("a bulk update's item: {e}"));
        match (&item.asked, self.rules) {
            (None, _) => Ok((self.for_all.clone(), None)),
            (Some(text), Rules::Undo) => {
                let trace: ChangeRecord = serde_json::from_str(text).map_err(corrupt)?;
                Ok((trace.reversed(), Some(trace.remembered().clone())))
            }
            (Some(text), Rules::Bulk) => {
                let row: super::file::ChangesRow = serde_json::from_str(text).map_err(corrupt)?;
                Ok((ChangeSet::in_order(row.changes), None))
            }
        }
    }

    /// Judges people. What was decided about those before counts for those after, also from call to call: a preview
    /// goes through all of them without saving any.
    pub async fn judge(
        &mut self,
        h: &mut impl Handle,
        actor: &Actor,
        organization: OrganizationId,
        items: Vec<BulkItem>,
    ) -> Result<Vec<EvaluatedPerson>> {
        let ids: Vec<PersonId> = items.iter().filter(|i| i.version > 0).map(|i| PersonId(i.person_id)).collect();
        let stored = people::find_many(h, organization, &ids).await?;
        let mut stored: BTreeMap<PersonId, StoredProfile> =
            stored.into_iter().map(|s| (s.profile.person.id, s)).collect();
        let mut each = Vec::with_capacity(items.len());
        for item in items {
            let (changes, restore) = self.asked(&item)?;
            let before = stored.remove(&PersonId(item.person_id));
            each.push(EvaluatedPerson { item, before, changes, restore, judged: BulkDecision::default() });
        }
        self.learn(h, organization, &each).await?;
        let Some(world) = &mut self.world else { return Ok(each) };
        for one in &mut each {
            let asked = BulkRequest {
                changes: one.changes.changes(),
                restore: one.restore.as_ref(),
                changed_since: one.before.as_ref().is_some_and(|b| b.version != one.item.version),
                rules: self.rules,
            };
            one.judged = judge(actor.authority(), world, one.before.as_ref().map(|b| &b.profile), asked);
        }
        Ok(each)
    }

    /// Loads what concerns these people and is not known yet.
    async fn learn(
        &mut self,
        h: &mut impl Handle,
        organization: OrganizationId,
        each: &[EvaluatedPerson],
    ) -> Result<()> {
        let accounts = || each.iter().filter_map(|e| e.before.as_ref()).filter_map(|s| s.profile.emr.as_ref());
        let mut at_risk: BTreeSet<ClinicId> = BTreeSet::new();
        let mut everywhere = false;
        let one_for_all = each.iter().all(|e| e.item.asked.is_none());
        for changes in if one_for_all { vec![&self.for_all] } else { each.iter().map(|e| &e.changes).collect() } {
            match changes.clinics_at_risk() {
                None => {
                    everywhere = true;
                    at_risk.extend(changes.clinics_added());
                }
                Some(some) => at_risk.extend(some),
            }
        }
        let mut homes: BTreeSet<ClinicId> = accounts().map(|a| a.default_clinic).collect();
        if everywhere {
            at_risk.extend(accounts().flat_map(|a| &a.clinics));
        }
        if self.world.is_some() {
            homes.retain(|c| !self.known_clinics.contains(c));
            at_risk.retain(|c| !self.known_clinics.contains(c));
        }
        let homes: Vec<ClinicId> = homes.into_iter().collect();
        let pools = if homes.is_empty() { Vec::new() } else { licenses::pools(h, organization, Some(&homes)).await? };
        let seats = pools.iter().map(|p| ((p.clinic, p.group), p.availability())).collect();
        let at_risk: Vec<ClinicId> = at_risk.into_iter().collect();
        let managers = bulk::managers(h, organization, &at_risk).await?;
        self.known_clinics.extend(homes);
        self.known_clinics.extend(at_risk);
        let signed = if self.rules == Rules::Undo {
            let ids: Vec<PersonId> = each.iter().map(|e| PersonId(e.item.person_id)).collect();
            bulk::signed(h, organization, &ids).await?
        } else {
            BTreeSet::new()
        };
        if let Some(world) = &mut self.world {
            world.learn(seats, managers, signed);
        } else {
            let clinics = organizations::clinics(h, organization).await?;
            let admins = bulk::company_admins(h, organization, self.most_admins).await?;
            let clinics = clinics.into_iter().map(|c| (c.id, c)).collect();
            let world = RunningFacts::new(clinics, seats, usize::try_from(admins).unwrap_or(0), managers);
            self.world = Some(world.with_signatures(signed));
        }
        Ok(())
    }
}
