//! Off-boarding, for good or for a while: everything that belongs to it in one transaction, with a record.

use muster_domain::access::ClinicAccess;
use muster_domain::access::may_edit;
use muster_domain::audit::Action;
use muster_domain::licenses::{Group, RequestDraft, RequestKind, may_ask};
use muster_domain::people::{
    Offboarding, OffboardingKind, OffboardingStep, Profile, departure, offboard, release_step, without_names,
};
use muster_domain::{ClinicId, Code, PersonId, Refusal, Refusals};
use muster_store::people::StoredProfile;
use muster_store::{Handle, credentials, licenses, people};
use serde_json::{Value, json};

use super::offered;
use crate::people::{DecisionContext, SaveError, find_visible};
use crate::work::{AuditSubject, UnitOfWork};
use crate::{Actor, App, AppError, Result, Scope};

/// Records shown.
const MOST_SHOWN: i64 = 20;

/// What would happen.
#[derive(Clone, Debug)]
pub struct OffboardingPlan {
    /// The steps, in order; empty when refused.
    pub steps: Vec<OffboardingStep>,
    /// What stands in the way.
    pub refused: Option<Refusals>,
    /// Assistants and students to hand over, by name.
    pub supervisees: Vec<String>,
    /// Therapists who may take them over.
    pub offered: Vec<(PersonId, String)>,
    /// The license whose release the actor may ask for in the same action: clinic and group.
    pub releasable: Option<(ClinicId, Group)>,
}

/// How someone left.
pub type OffboardingRecord = credentials::OffboardingRecord;

/// Everything known before judging.
struct OffboardingFacts {
    before: StoredProfile,
    supervisees: Vec<(PersonId, String)>,
    successor: Option<Profile>,
    judged: std::result::Result<Offboarding, Refusals>,
}

/// Replaces stored text that may name people and clinics the reader may not know.
fn forget_names(left: &mut OffboardingRecord) {
    let Ok(Value::Array(mut steps)) = serde_json::from_str(&left.steps) else { return };
    for step in &mut steps {
        if let Some(general) = step["step"].as_str().and_then(without_names) {
            step["text"] = general.into();
        }
    }
    left.steps = Value::Array(steps).to_string();
}

impl App {
    /// What leaving would do; changes nothing.
    pub async fn offboarding_plan(
        &self,
        actor: &Actor,
        id: PersonId,
        kind: OffboardingKind,
        successor: Option<PersonId>,
    ) -> Result<OffboardingPlan> {
        actor.require_scope(Scope::PeopleRead)?;
        let mut h = self.db.read().await?;
        let known = know(&mut h, actor, id, kind, successor).await?;
        let offered = if known.supervisees.is_empty() {
            Vec::new()
        } else {
            offered(&mut h, actor, &known.before.profile).await?
        };
        let (steps, refused) = match known.judged {
            Ok(judged) => (judged.steps, None),
            Err(refusals) => (Vec::new(), Some(refusals)),
        };
        let supervisees = known.supervisees.into_iter().map(|(_, name)| name).collect();
        let releasable = releasable(&mut h, actor, &known.before.profile).await?;
        Ok(OffboardingPlan { steps, refused, supervisees, offered, releasable })
    }

    /// How a person left before, newest first.
    pub async fn offboardings(&self, actor: &Actor, id: PersonId) -> Result<Vec<OffboardingRecord>> {
        actor.require_scope(Scope::PeopleRead)?;
        let mut h = self.db.read().await?;
        find_visible(&mut h, actor, id).await?;
        let mut left = credentials::offboardings(&mut h, actor.organization(), id, MOST_SHOWN).await?;
        if *actor.authority().emr().clinics() != ClinicAccess::All {
            left.iter_mut().for_each(forget_names);
        }
        Ok(left)
    }

    /// Does it, all or nothing. With `release`, support is asked in the same change to release the license.
    ///
    /// # Errors
    /// [`AppError::Refused`] with everything that stands in the way.
    pub async fn offboard(
        &self,
        actor: &Actor,
        id: PersonId,
        kind: OffboardingKind,
        successor: Option<PersonId>,
        release: bool,
    ) -> Result<OffboardingRecord> {
        actor.require_scope(Scope::PeopleWrite)?;
        let mut about = AuditSubject { id: Some(id.0), name: String::new() };
        match self.try_offboard(actor, id, (kind, release), successor, &mut about).await {
            Ok(left) => Ok(left),
            Err(SaveError::Conflict) => Err(Refusal::whole(Code::SomeoneSavedFirst).into()),
            Err(SaveError::Failed(error)) => {
                Err(self.audit_denial(actor, Action::PersonOffboarded, about, error).await)
            }
        }
    }

    async fn try_offboard(
        &self,
        actor: &Actor,
        id: PersonId,
        (kind, release): (OffboardingKind, bool),
        successor: Option<PersonId>,
        about: &mut AuditSubject,
    ) -> std::result::Result<OffboardingRecord, SaveError> {
        let mut work = self.work_for(actor, actor.organization()).await?;
        let known = know(&mut work.tx, actor, id, kind, successor).await?;
        about.name.clone_from(&known.before.profile.person.full_name);
        let mut judged = known.judged.map_err(AppError::from)?;
        self.save_outcome(&mut work, actor, &known.before.profile, &judged.outcome).await?;
        if let Some(to) = known.successor.as_ref().filter(|_| !known.supervisees.is_empty()) {
            let to = to.person.id;
            let entries: Vec<_> = known.supervisees.iter().map(|(p, _)| (*p, self.new_id())).collect();
            credentials::set_supervisor(&mut work.tx, work.organization, &entries, Some(to), self.now()).await?;
            for (person, name) in &known.supervisees {
                let detail = json!({"supervisor_id": {"before": id, "after": to}});
                work.audit_done(actor, Action::SupervisorChanged, AuditSubject::new(person.0, name), &detail);
            }
        }
        if release {
            let step = self.ask_for_release(&mut work, actor, &known.before.profile, kind).await?;
            judged.steps.push(step);
        }
        let left = OffboardingRecord {
            id: self.new_id(),
            kind: kind.as_str().to_owned(),
            actor_id: actor.subject(),
            actor_name: actor.name().to_owned(),
            steps: json!(judged.steps).to_string(),
            at: Some(self.now()),
        };
        credentials::insert_offboarding(&mut work.tx, work.organization, id, &left, self.now()).await?;
        let done: Vec<&str> = judged.steps.iter().map(|s| s.step).collect();
        work.audit_done(actor, Action::PersonOffboarded, about.clone(), &json!({"kind": kind, "steps": done}));
        work.commit().await?;
        Ok(left)
    }
}

impl App {
    /// Asks to release the license of somebody who has just left; refused at the box that asks for it.
    async fn ask_for_release(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        before: &Profile,
        kind: OffboardingKind,
    ) -> std::result::Result<OffboardingStep, SaveError> {
        let Some(account) = before.emr.as_ref().filter(|e| e.is_active()) else {
            return Err(AppError::from(Refusal::new("release_license", Code::NothingToChange)).into());
        };
        let group = account.user_type.group();
        let note = format!("{}: {}", kind.label(), before.person.full_name);
        let wanted = RequestDraft { kind: RequestKind::Release, clinic: account.default_clinic, group, count: 1, note };
        match self.request_in(work, actor, &wanted).await {
            Ok(submitted) => Ok(release_step(group, &submitted.request.clinic_name)),
            Err(AppError::Refused(refusals)) => {
                let at_the_box = |r: Refusal| Refusal { field: Some("release_license"), ..r };
                Err(AppError::Refused(Refusals(refusals.0.into_iter().map(at_the_box).collect())).into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The license an active person holds in a pool with a limit, where the actor may ask for its release.
async fn releasable(h: &mut impl Handle, actor: &Actor, profile: &Profile) -> Result<Option<(ClinicId, Group)>> {
    let Some(account) = profile.emr.as_ref().filter(|e| e.is_active()) else { return Ok(None) };
    let (clinic, group) = (account.default_clinic, account.user_type.group());
    if group == Group::Clerical || !actor.authority().emr().reaches(clinic) || may_ask(actor.authority()).is_err() {
        return Ok(None);
    }
    let pools = licenses::pools(h, actor.organization(), Some(&[clinic])).await?;
    let limited = pools.iter().any(|p| p.group == group && p.total.is_some());
    Ok(limited.then_some((clinic, group)))
}

async fn know(
    h: &mut impl Handle,
    actor: &Actor,
    id: PersonId,
    kind: OffboardingKind,
    successor: Option<PersonId>,
) -> Result<OffboardingFacts> {
    let organization = actor.organization();
    let before = find_visible(h, actor, id).await?;
    may_edit(actor.authority(), &before.profile)?;
    let theirs = credentials::supervisees(h, organization, id).await?;
    let theirs = people::find_many(h, organization, &theirs).await?;
    // People the actor may not change are neither handed over nor named; their own managers find them on the worklist.
    let supervisees: Vec<(PersonId, String)> = theirs
        .into_iter()
        .filter(|s| may_edit(actor.authority(), &s.profile).is_ok())
        .map(|s| (s.profile.person.id, s.profile.person.full_name))
        .collect();
    let found = match successor {
        None => None,
        Some(chosen) => people::find(h, organization, chosen).await?.map(|s| s.profile),
    };
    let visible = found.filter(|p| actor.authority().may_see(p));
    let unknown = successor.is_some() && visible.is_none();
    let successor = visible;
    let change = departure(&before.profile);
    let world = DecisionContext::load(h, actor, &before.profile, &change).await?;
    let names: Vec<String> = supervisees.iter().map(|(_, name)| name.clone()).collect();
    let mut judged = offboard(actor.authority(), &world.facts, &before.profile, kind, &names, successor.as_ref());
    if unknown {
        // Said like any other fault of the field: whether that person exists is not told.
        let mut refusals = judged.err().unwrap_or_default();
        refusals.0.retain(|r| r.code != Code::SuperviseesNeedSupervisor);
        refusals.push(Refusal::new("hand_supervisees_to", Code::SupervisorUnknown));
        judged = Err(refusals);
    }
    Ok(OffboardingFacts { before, supervisees, successor, judged })
}
