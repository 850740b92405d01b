//! The waiting list: who is inactive for lack of a license, what will free them, and making them active in one go.

use std::collections::{BTreeMap, BTreeSet};

use muster_domain::access::{ClinicAccess, may_reset_sign_in};
use muster_domain::audit::{Action, Effect, changes};
use muster_domain::emr::{EmrAccount, EmrFacts, EmrPatch, InactiveReason, Status};
use muster_domain::licenses::{Availability, Group, SeatForecast, seats_freed_by};
use muster_domain::people::{Change, Facts, Profile, decide};
use muster_domain::sign_in::PasswordState;
use muster_domain::{ClinicId, Code, LicenseRequestId, PersonId, Refusal, Refusals};
use muster_store::licenses::{self, Seats, WaitingFilter, WaitingPerson};
use muster_store::{Handle, organizations, people};
use serde_json::json;
use uuid::Uuid;

use crate::people::{PersonView, SaveError, is_denial};
use crate::work::{AuditActor, AuditSubject, UnitOfWork};
use crate::{Actor, App, AppError, Result, Scope};

/// People in one page.
const LARGEST_PAGE: i64 = 200;
/// People made active in one go.
const MOST_AT_ONCE: i64 = 1000;

/// Filter and page of the waiting list.
#[derive(Clone, Debug, Default)]
pub struct WaitingQuery {
    /// Of this clinic's pools.
    pub clinic: Option<ClinicId>,
    /// Of this group's.
    pub group: Option<Group>,
    /// Where to go on.
    pub after: Option<(String, Uuid)>,
    /// 1 to 200.
    pub limit: i64,
}

/// Somebody who waits, and for what.
#[derive(Clone, Debug)]
pub struct QueueEntry {
    /// Who, and for which pool.
    pub waiting: WaitingPerson,
    /// Whether a license is free already, which request will free one, or neither.
    pub freed: SeatForecast,
    /// The request meant, with its number.
    pub request: Option<(LicenseRequestId, i64)>,
}

/// A page of the list.
#[derive(Clone, Debug)]
pub struct WaitingPage {
    /// By clinic, then the longest waiting first.
    pub items: Vec<QueueEntry>,
    /// Where the next page begins.
    pub next: Option<(String, Uuid)>,
}

/// The people to make active.
#[derive(Clone, Debug, Default)]
pub struct ActivationRequest {
    /// Of this clinic's pools.
    pub clinic: Option<ClinicId>,
    /// Of this group's.
    pub group: Option<Group>,
    /// Of these people only.
    pub people: Option<Vec<PersonId>>,
    /// Also invite those who never had a password.
    pub invite: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct ActivationReport {
    /// Active now.
    pub active: Vec<(PersonId, String)>,
    /// Still waiting, and why.
    pub refused: Vec<(PersonId, String, Refusals)>,
    /// How many invitations are on their way.
    pub invited: u64,
}

/// What can be done next about the license of one person.
#[derive(Clone, Debug)]
pub enum NextStep {
    /// Waits: make active, look at the request, or ask for more.
    Wait(Box<QueueEntry>),
    /// Inactive, while a license that could be released stays on the bill.
    Release(ClinicId, Group),
}

impl App {
    /// Who waits, within the actor's access.
    pub async fn waiting_list(&self, actor: &Actor, asked: &WaitingQuery) -> Result<WaitingPage> {
        actor.require_scope(Scope::Licenses)?;
        self.require_view_users(actor).await?;
        let limit = asked.limit.clamp(1, LARGEST_PAGE);
        let mut h = self.db.read().await?;
        let filter = filter(actor, asked.clinic, asked.group);
        let mut found =
            licenses::waiting(&mut h, actor.organization(), &filter, asked.after.as_ref(), limit + 1).await?;
        let more = i64::try_from(found.len()).unwrap_or(0) > limit;
        found.truncate(usize::try_from(limit).unwrap_or(0));
        let next = found.last().filter(|_| more).map(|w| (w.clinic_key.clone(), w.person.0));
        Ok(WaitingPage { items: queued(&mut h, actor, found).await?, next })
    }

    /// What can be done next about the license of a person the actor sees.
    pub async fn seat_step(&self, actor: &Actor, view: &PersonView) -> Result<Option<NextStep>> {
        let Some(account) = view.profile().emr.as_ref().filter(|e| !e.is_active()) else { return Ok(None) };
        let (clinic, group) = (account.default_clinic, account.user_type.group());
        let blind = actor.require_scope(Scope::Licenses).is_err() || !actor.authority().emr().reaches(clinic);
        if blind || group == Group::Clerical || muster_domain::licenses::may_ask(actor.authority()).is_err() {
            return Ok(None);
        }
        let mut h = self.db.read().await?;
        if account.inactive_reason == Some(InactiveReason::NoLicense) {
            let filter = filter(actor, Some(clinic), Some(group));
            let all = licenses::waiting(&mut h, actor.organization(), &filter, None, MOST_AT_ONCE).await?;
            let mine = all.into_iter().filter(|w| w.person == view.profile().person.id).collect();
            return Ok(queued(&mut h, actor, mine).await?.pop().map(Box::new).map(NextStep::Wait));
        }
        let facts = licenses::pool_facts(&mut h, actor.organization(), clinic, group).await?;
        Ok((facts.releasable() > 0).then_some(NextStep::Release(clinic, group)))
    }

    /// Makes everyone active who waits and fits, the longest waiting first, each judged by the rules of any
    /// activation. Those who do not fit stay as they are, with the reason.
    ///
    /// # Errors
    /// [`AppError::Refused`] when nobody chosen waits.
    pub async fn activate_waiting(&self, actor: &Actor, asked: &ActivationRequest) -> Result<ActivationReport> {
        actor.require_scope(Scope::PeopleWrite)?;
        actor.require_scope(Scope::Licenses)?;
        self.require_view_users(actor).await?;
        match self.try_activate(actor, asked).await {
            Ok(done) => Ok(done),
            Err(SaveError::Conflict) => Err(Refusal::whole(Code::SomeoneSavedFirst).into()),
            Err(SaveError::Failed(error)) => Err(error),
        }
    }

    async fn try_activate(
        &self,
        actor: &Actor,
        asked: &ActivationRequest,
    ) -> std::result::Result<ActivationReport, SaveError> {
        let mut work = self.work_for(actor, actor.organization()).await?;
        let organization = organizations::find(&mut work.tx, work.organization).await?.ok_or(AppError::NotFound)?;
        let filter = filter(actor, asked.clinic, asked.group);
        let people = asked.people.as_deref();
        let ids = licenses::waiting_ids(&mut work.tx, work.organization, &filter, people, MOST_AT_ONCE).await?;
        if ids.is_empty() {
            return Err(AppError::from(Refusal::whole(Code::NobodyWaits)).into());
        }
        let waiting = people::find_many(&mut work.tx, work.organization, &ids).await?;
        let profiles: Vec<&Profile> = waiting.iter().map(|s| &s.profile).collect();
        let mut facts = shared_facts(&mut work.tx, actor, &profiles, organization.password_policy()).await?;
        let patch = EmrPatch { status: Some(Status::Active.as_str().to_owned()), ..EmrPatch::default() };
        let change = Change { emr: Some(patch), ..Change::default() };

        let mut done = ActivationReport::default();
        let mut seats: BTreeMap<(ClinicId, Group), i64> = BTreeMap::new();
        let (mut saved, mut to_invite) = (Vec::new(), Vec::new());
        for stored in &waiting {
            let person = &stored.profile.person;
            match decide(actor.authority(), &facts, &stored.profile, false, &change) {
                Ok(outcome) => {
                    if let Some(pool) = outcome.seats.to {
                        *seats.entry(pool).or_default() += 1;
                        if let Some(Availability::Free(free)) = facts.emr.seats.get_mut(&pool) {
                            *free -= 1;
                        }
                    }
                    let about = AuditSubject::new(person.id.0, &person.full_name);
                    let differences = changes(&stored.profile.record(), &outcome.profile.record());
                    work.audit_changed(actor, Action::PersonUpdated, about, differences);
                    let may_invite = may_reset_sign_in(actor.authority(), &stored.profile).is_ok();
                    if asked.invite && stored.password_state == PasswordState::Missing && may_invite {
                        to_invite.push(outcome.profile.clone());
                    }
                    done.active.push((person.id, person.full_name.clone()));
                    saved.push(outcome.profile);
                }
                Err(refusals) => {
                    deny(&mut work, actor, &stored.profile, &refusals);
                    done.refused.push((person.id, person.full_name.clone(), refusals));
                }
            }
        }
        let seats: Vec<Seats> = seats.into_iter().map(|((clinic, group), n)| (clinic, group, n)).collect();
        if !licenses::take_seats(&mut work.tx, work.organization, &seats, self.now()).await? {
            return Err(SaveError::Conflict);
        }
        if !saved.is_empty() {
            people::update(&mut work.tx, work.organization, &saved, self.now()).await?;
        }
        done.invited = self.invite_many(&mut work, actor, &to_invite, &organization).await?;
        work.commit().await?;
        Ok(done)
    }
}

/// The pools the actor reaches.
fn filter(actor: &Actor, clinic: Option<ClinicId>, group: Option<Group>) -> WaitingFilter {
    let scope = match clinic {
        Some(one) if !actor.authority().emr().reaches(one) => ClinicAccess::Only(BTreeSet::new()),
        _ => actor.authority().emr().clinics().clone(),
    };
    WaitingFilter { scope, clinic, group }
}

/// Finds out for each what will free them: three statements, however many.
async fn queued(h: &mut impl Handle, actor: &Actor, waiting: Vec<WaitingPerson>) -> Result<Vec<QueueEntry>> {
    let clinics: BTreeSet<ClinicId> = waiting.iter().map(|w| w.clinic).collect();
    let clinics: Vec<ClinicId> = clinics.into_iter().collect();
    let pools = licenses::pools(h, actor.organization(), Some(&clinics)).await?;
    let free: BTreeMap<(ClinicId, Group), Option<i64>> =
        pools.iter().map(|p| ((p.clinic, p.group), p.total.map(|t| t - p.assigned))).collect();
    let open = licenses::open_sums(h, actor.organization(), &clinics).await?;
    let mut last: BTreeMap<(ClinicId, Group), usize> = BTreeMap::new();
    let place = |w: &WaitingPerson| usize::try_from(w.place).unwrap_or(1).max(1);
    for w in &waiting {
        let seen = last.entry((w.clinic, w.group)).or_default();
        *seen = (*seen).max(place(w));
    }
    let freed: BTreeMap<(ClinicId, Group), Vec<SeatForecast>> = last
        .into_iter()
        .map(|(pool, count)| {
            let asked: Vec<i64> = open.get(&pool).map(|o| o.adds.iter().map(|a| a.2).collect()).unwrap_or_default();
            (pool, seats_freed_by(free.get(&pool).copied().flatten(), &asked, count))
        })
        .collect();
    let item = |waiting: WaitingPerson| {
        let pool = (waiting.clinic, waiting.group);
        let freed = freed.get(&pool).and_then(|f| f.get(place(&waiting) - 1)).copied().unwrap_or(SeatForecast::Nothing);
        let request = match freed {
            SeatForecast::Request(at) => {
                open.get(&pool).and_then(|o| o.adds.get(at)).map(|(id, number, _)| (*id, *number))
            }
            _ => None,
        };
        QueueEntry { waiting, freed, request }
    };
    Ok(waiting.into_iter().map(item).collect())
}

/// What the judge has to know of all of them together. Nothing but the status changes, so names and admins of others
/// do not matter.
async fn shared_facts(
    h: &mut impl Handle,
    actor: &Actor,
    profiles: &[&Profile],
    password_policy: muster_domain::sign_in::PasswordPolicy,
) -> Result<Facts> {
    let organization = actor.organization();
    let accounts: Vec<&EmrAccount> = profiles.iter().filter_map(|p| p.emr.as_ref()).collect();
    let clinics: BTreeSet<ClinicId> = accounts.iter().flat_map(|e| &e.clinics).copied().collect();
    let clinics: Vec<ClinicId> = clinics.into_iter().collect();
    let known = organizations::clinics_by_id(h, organization, &clinics).await?;
    let pools = licenses::pools(h, organization, Some(&clinics)).await?;
    let emr = EmrFacts {
        other_company_admin: true,
        clinics_managed_by_others: clinics.into_iter().collect(),
        ..EmrFacts::for_new_person(
            known.into_iter().map(|c| (c.id, c)).collect(),
            pools.iter().map(|p| ((p.clinic, p.group), p.availability())).collect(),
        )
    };
    Ok(Facts::for_new_person(password_policy, emr))
}

fn deny(work: &mut UnitOfWork, actor: &Actor, profile: &Profile, refusals: &Refusals) {
    if is_denial(refusals) {
        let codes: Vec<&str> = refusals.0.iter().map(|r| r.code.as_str()).collect();
        let about = AuditSubject::new(profile.person.id.0, &profile.person.full_name);
        work.audit(&AuditActor::from(actor), Action::PersonUpdated, Effect::Denied, about, &json!({"codes": codes}));
    }
}
