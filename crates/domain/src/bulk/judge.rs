//! The judge of one person and many changes.

use super::{BulkChange, RunningFacts, UndoState};
use crate::access::Authority;
use crate::access::may_edit;
use crate::emr::{EmrAccount, EmrPatch, Permission, field};
use crate::licenses::Group;
use crate::people::{Change, Outcome, Profile, decide};
use crate::refusal::{Code, Refusal, Refusals};

/// Which rules come on top of those of a single edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Those of bulk updates.
    Bulk,
    /// None: an undo takes back what a bulk update did, even what bulk updates may not ask for.
    Undo,
}

/// What is asked for one person.
#[derive(Clone, Copy, Debug)]
pub struct BulkRequest<'a> {
    /// The changes, in order.
    pub changes: &'a [BulkChange],
    /// With an undo, what a change of permissions or status alone would not bring back.
    pub restore: Option<&'a UndoState>,
    /// The profile is not any more what it was when it was selected.
    pub changed_since: bool,
    /// Which rules hold.
    pub rules: Rules,
}

/// A change that is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedChange {
    /// Which; none when the whole person is refused.
    pub change: Option<BulkChange>,
    /// Why.
    pub refusal: Refusal,
}

/// What was decided about one person.
#[derive(Clone, Debug, Default)]
pub struct BulkDecision {
    /// What to save; none when nothing of it.
    pub outcome: Option<Outcome>,
    /// The changes that are made, in order.
    pub made: Vec<BulkChange>,
    /// Those that are not. A person with nothing to change has one entry that says so.
    pub refused: Vec<RefusedChange>,
}

impl BulkDecision {
    fn whole(refusal: Refusal) -> Self {
        Self { refused: vec![RefusedChange { change: None, refusal }], ..Self::default() }
    }

    /// True when the person is that way already: nothing is made, and nothing was refused either.
    pub fn is_unchanged(&self) -> bool {
        self.outcome.is_none() && self.refused.iter().all(|r| r.refusal.code == Code::NothingToChange)
    }
}

/// Judges one person. `before` is none where there is no such person. The world goes on from what is decided.
///
/// What a person may have is made; what not is refused, change by change. When all of it together is allowed it is made
/// together, else one after the other.
pub fn judge(
    actor: &Authority,
    world: &mut RunningFacts,
    before: Option<&Profile>,
    asked: BulkRequest<'_>,
) -> BulkDecision {
    let seen = before.filter(|p| actor.may_see(p));
    let Some((before, account)) = seen.and_then(|p| p.emr.as_ref().map(|a| (p, a))) else {
        return BulkDecision::whole(Refusal::whole(Code::UserOutsideYourAccess));
    };
    if asked.changed_since {
        let code = match asked.rules {
            Rules::Bulk => Code::UserChangedSincePreview,
            Rules::Undo => Code::ChangedSinceBulkUpdate,
        };
        return BulkDecision::whole(Refusal::whole(code));
    }
    if let Err(refusal) = may_edit(actor, before) {
        return BulkDecision::whole(refusal);
    }
    let mut judged = BulkDecision::default();
    for change in asked.changes {
        match own_rules(actor, before, account, *change, asked.rules) {
            Ok(true) => judged.made.push(*change),
            Ok(false) => {}
            Err(refusal) => judged.refused.push(RefusedChange { change: Some(*change), refusal }),
        }
    }
    if judged.made.is_empty() {
        if judged.refused.is_empty() {
            return BulkDecision::whole(Refusal::whole(Code::NothingToChange));
        }
        return judged;
    }
    let further = judged.made.iter().filter_map(|c| if let BulkChange::AddClinic(c) = c { Some(*c) } else { None });
    world.facts_for(before, further);
    let attested = asked.restore.is_some_and(|r| r.attestation.is_some());
    let outcome = match decide(actor, &world.facts, before, false, &as_change(before, &judged.made, attested)) {
        Ok(outcome) => Some(outcome),
        Err(_) => one_by_one(actor, world, before, attested, &mut judged),
    };
    if let Some(mut outcome) = outcome {
        if let (Some(after), Some(restore)) = (&mut outcome.profile.emr, asked.restore) {
            restore.bring_back(after);
        }
        if let Some(after) = &outcome.profile.emr {
            world.apply(account, after);
        }
        judged.outcome = Some(outcome);
    }
    judged
}

/// Makes each change on top of those before it.
fn one_by_one(
    actor: &Authority,
    world: &RunningFacts,
    before: &Profile,
    attested: bool,
    judged: &mut BulkDecision,
) -> Option<Outcome> {
    let mut last: Option<Outcome> = None;
    for change in std::mem::take(&mut judged.made) {
        let now = last.as_ref().map_or(before, |o| &o.profile);
        match decide(actor, &world.facts, now, false, &as_change(now, &[change], attested)) {
            Ok(outcome) => {
                judged.made.push(change);
                last = Some(outcome);
            }
            Err(refusals) => {
                judged.refused.extend(
                    main_reason(refusals).into_iter().map(|refusal| RefusedChange { change: Some(change), refusal }),
                );
            }
        }
    }
    // Each step saw the one before it; what moves and ends follows from the first state and the last.
    last.map(|outcome| Outcome::between(before, outcome.profile, outcome.notices))
}

/// The most useful of several reasons against one change: a person who would lose the default clinic may lose the last
/// clinic too, but the default clinic is what has to be changed first.
fn main_reason(mut refusals: Refusals) -> Option<Refusal> {
    let at = refusals.0.iter().position(|r| r.code == Code::DefaultClinicNotRemovable).unwrap_or(0);
    (at < refusals.0.len()).then(|| refusals.0.swap_remove(at))
}

/// The rules that stand before the judge of single edits. `false` when the person is that way already.
fn own_rules(
    actor: &Authority,
    before: &Profile,
    account: &EmrAccount,
    change: BulkChange,
    rules: Rules,
) -> Result<bool, Refusal> {
    // Before anything else: whether the person works in a clinic out of reach is not told.
    if let BulkChange::AddClinic(clinic) | BulkChange::RemoveClinic(clinic) = change
        && !actor.emr().reaches(clinic)
    {
        return Err(Refusal::new(field::CLINIC_IDS, Code::ClinicOutsideYourAccess).about(&["that clinic"]));
    }
    if change.is_so(before) {
        return Ok(false);
    }
    if rules == Rules::Bulk {
        match change {
            BulkChange::RemovePermission(p @ (Permission::ClinicAdmin | Permission::CompanyAdmin)) => {
                return Err(Refusal::new(field::PERMISSIONS, Code::CannotRemoveAdminPermission).about(&[p.label()]));
            }
            BulkChange::AddPermission(Permission::FinishSoapNotes)
                if matches!(account.user_type.group(), Group::Assistant | Group::Student) =>
            {
                let title = account.user_type.title();
                return Err(Refusal::new(field::PERMISSIONS, Code::FinishNotInBulkForType).about(&[title]));
            }
            _ => {}
        }
    }
    Ok(true)
}

/// The changes as a single edit of `now`.
fn as_change(now: &Profile, changes: &[BulkChange], attested: bool) -> Change {
    let mut patch = EmrPatch { finish_attested: attested, ..EmrPatch::default() };
    let Some(account) = &now.emr else { return Change::default() };
    let mut permissions = account.permissions;
    for change in changes {
        match change {
            BulkChange::AddPermission(p) => permissions = permissions.with(*p),
            BulkChange::RemovePermission(p) => permissions = permissions.without(*p),
            BulkChange::AddClinic(c) => {
                patch.clinics.get_or_insert_with(|| account.clinics.clone()).insert(*c);
            }
            BulkChange::RemoveClinic(c) => {
                patch.clinics.get_or_insert_with(|| account.clinics.clone()).remove(c);
            }
            BulkChange::SetStatus(status) => patch.status = Some(status.as_str().to_owned()),
        }
    }
    if permissions != account.permissions {
        patch.permissions = Some(permissions.iter().map(|p| p.as_str().to_owned()).collect());
    }
    Change { emr: Some(patch), ..Change::default() }
}
