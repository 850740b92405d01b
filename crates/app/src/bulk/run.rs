//! Carrying out bulk updates, chunk by chunk. People, results, records and the place reached are one transaction, so that
//! a worker that takes over after an interruption continues exactly there. The lease of the job in the queue keeps two
//! workers from the same bulk update; each chunk checks it in its own transaction.

use std::collections::BTreeMap;

use jiff::Timestamp;
use muster_domain::audit::{Action, Effect};
use muster_domain::bulk::{BulkKind, BulkState, ChangeRecord, ChangeSet};
use muster_domain::emr::EmrAccount;
use muster_domain::licenses::Group;
use muster_domain::people::Outcome;
use muster_domain::sign_in::can_sign_in;
use muster_domain::{ClinicId, Code, PersonId, Refusal};
use muster_store::bulk::{self, BulkJob, ChangedAccount, Done};
use muster_store::jobs::{self as queue, Lease};
use muster_store::{Handle, licenses, people, sign_in};
use serde_json::json;
use uuid::Uuid;

use super::each::{BulkEvaluator, EvaluatedPerson, RefusedLine};
use super::{BulkView, CHUNK, Selection, find_job};
use crate::jobs::{self, Job, JobKind};
use crate::work::{AuditActor, AuditSubject, UnitOfWork};
use crate::{Actor, App, AppError, Channel, Idempotency, Origin, Result};

/// Chunks done at once by whoever starts a bulk update; the rest is done in the background.
const AT_ONCE: usize = 1;

/// How a chunk went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChunkStatus {
    /// There is more to do.
    More,
    /// That was the last one.
    Finished,
    /// Somebody else works on it, or it was canceled.
    NotOurs,
}

impl App {
    /// Starts one's draft. What fits into a moment is done before the answer, the rest in the background.
    ///
    /// # Errors
    /// [`AppError::Refused`] when the changes contradict each other, or it was started already.
    pub async fn start_bulk(
        &self,
        actor: &Actor,
        id: Uuid,
        changes: &ChangeSet,
        idempotency: Option<&Idempotency>,
    ) -> Result<BulkView> {
        self.require_bulk(actor).await?;
        let mut work = self.work_for(actor, actor.organization()).await?;
        if let Some(made) = work.replay(actor, idempotency).await? {
            return Ok(BulkView::of(find_job(&mut work.tx, actor, made).await?, self.now()));
        }
        let job = find_job(&mut work.tx, actor, id).await?;
        if job.selected == 0 {
            return Err(Refusal::new("selection", Code::NobodySelected).into());
        }
        if changes.is_empty() && job.kind == BulkKind::Update {
            return Err(Refusal::new("changes", Code::NoChangesChosen).into());
        }
        if !self.start_job(&mut work, id, changes).await? {
            return Err(Refusal::whole(Code::BulkStartedAlready).into());
        }
        work.remember(actor, idempotency, id).await?;
        work.commit().await?;
        self.done_at_once(actor, id).await
    }

    /// Selects people and starts at once.
    pub async fn bulk_update(
        &self,
        actor: &Actor,
        selection: &Selection,
        changes: &ChangeSet,
        idempotency: Option<&Idempotency>,
    ) -> Result<BulkView> {
        self.require_bulk(actor).await?;
        let mut work = self.work_for(actor, actor.organization()).await?;
        if let Some(made) = work.replay(actor, idempotency).await? {
            return Ok(BulkView::of(find_job(&mut work.tx, actor, made).await?, self.now()));
        }
        let job = self.select(&mut work, actor, BulkKind::Update, selection).await?;
        self.start_job(&mut work, job.id, changes).await?;
        work.remember(actor, idempotency, job.id).await?;
        work.commit().await?;
        self.done_at_once(actor, job.id).await
    }

    /// Starts a draft and queues the job that carries it out, which has the same identity. False when it was started
    /// already.
    pub(super) async fn start_job(&self, work: &mut UnitOfWork, id: Uuid, changes: &ChangeSet) -> Result<bool> {
        let changes = json!(changes).to_string();
        if !bulk::start(&mut work.tx, work.organization, id, &changes, self.now()).await? {
            return Ok(false);
        }
        let job = jobs::new_job(id, JobKind::RunBulkUpdate, Vec::new(), self.now());
        self.enqueue(work, &[job]).await?;
        Ok(true)
    }

    /// Carries out the first chunks of a bulk update that was just started, and gives it as it is then.
    pub(super) async fn done_at_once(&self, actor: &Actor, id: Uuid) -> Result<BulkView> {
        let lease = self.lease(JobKind::RunBulkUpdate);
        let mut tx = self.db.begin().await?;
        let taken = queue::take_this(&mut tx, actor.organization(), id, lease).await?;
        tx.commit().await?;
        if let Some(taken) = taken {
            let job = Job::of(JobKind::RunBulkUpdate, taken, lease.worker);
            let mut chunks = 0..AT_ONCE;
            let is_done = self.run_bulk_job(&job, || chunks.next().is_some()).await?;
            if !is_done {
                self.job_added.notify_one();
            }
        }
        let mut h = self.db.read().await?;
        Ok(BulkView::of(find_job(&mut h, actor, id).await?, self.now()))
    }

    /// Works on one queued bulk update until it is done, another worker has it, or `go_on` says no. False when none is
    /// queued.
    pub async fn work_on_bulk(&self, go_on: impl FnMut() -> bool) -> Result<bool> {
        let Some(job) = self.take_jobs(JobKind::RunBulkUpdate, 1).await?.pop() else { return Ok(false) };
        self.run_bulk_job(&job, go_on).await?;
        Ok(true)
    }

    /// Carries out a bulk update from the place reached. True when it is done, or not this worker's any more; else it
    /// was given back to the queue. Idempotent: a chunk that was saved is not repeated.
    pub async fn run_bulk_job(&self, job: &Job, mut go_on: impl FnMut() -> bool) -> Result<bool> {
        while go_on() {
            if self.bulk_chunk(job).await? != ChunkStatus::More {
                return Ok(true);
            }
        }
        let mut tx = self.db.begin().await?;
        queue::release(&mut tx, job.organization, job.id, job.worker).await?;
        tx.commit().await?;
        Ok(false)
    }

    /// Stops a running bulk update; what was done stays done and can be undone.
    pub async fn cancel_bulk(&self, actor: &Actor, id: Uuid) -> Result<BulkView> {
        self.require_bulk(actor).await?;
        let mut work = self.work_for(actor, actor.organization()).await?;
        let job = find_job(&mut work.tx, actor, id).await?;
        if self.finish_job(&mut work, &job, BulkState::Canceled, None).await? {
            work.commit().await?;
        }
        self.bulk_job(actor, id).await
    }

    /// Ends a running bulk update and its job in the queue, with one record. False when it does not run.
    async fn finish_job(
        &self,
        work: &mut UnitOfWork,
        job: &BulkJob,
        state: BulkState,
        stopped_by: Option<Code>,
    ) -> Result<bool> {
        let (now, code) = (self.now(), stopped_by.map(Code::as_str));
        if !bulk::finish(&mut work.tx, work.organization, job.id, state, code, now).await? {
            return Ok(false);
        }
        queue::complete(&mut work.tx, work.organization, job.id, now).await?;
        record(work, job, state);
        Ok(true)
    }

    /// One chunk, or the end: one transaction.
    async fn bulk_chunk(&self, queued: &Job) -> Result<ChunkStatus> {
        let organization = queued.organization;
        let mut work = self.system_work(organization).await?;
        if !self.extend_lease(&mut work, queued).await? {
            return Ok(ChunkStatus::NotOurs);
        }
        let Some(mut job) = bulk::running(&mut work.tx, organization, queued.id).await? else {
            return Ok(ChunkStatus::NotOurs);
        };
        // The rights are checked in each chunk: an actor who lost them does not continue in the background.
        let actor = self.actor_behind(&mut work.tx, &job).await?;
        let Some(actor) = actor.filter(|a| self.may_update_in_bulk(a)) else {
            self.finish_job(&mut work, &job, BulkState::Stopped, Some(Code::NotAllowed)).await?;
            work.commit().await?;
            return Ok(ChunkStatus::Finished);
        };
        let items = bulk::items(&mut work.tx, organization, job.id, job.cursor, CHUNK).await?;
        let full = i64::try_from(items.len()).unwrap_or(0) == CHUNK;
        if let Some(last) = items.last() {
            job.cursor = last.person_id;
            let changes = serde_json::from_str::<Vec<_>>(&job.changes).map(ChangeSet::in_order).unwrap_or_default();
            let each = BulkEvaluator::new(&job, changes).judge(&mut work.tx, &actor, organization, items).await?;
            for one in &each {
                job.tally.add(&one.judged, one.changes.changes());
            }
            self.save_each(&mut work, &actor, &job, &each).await?;
            bulk::progress(&mut work.tx, &job).await?;
        }
        if full {
            self.extend_lease(&mut work, queued).await?;
        } else {
            self.finish_job(&mut work, &job, BulkState::Done, None).await?;
        }
        work.commit().await?;
        Ok(if full { ChunkStatus::More } else { ChunkStatus::Finished })
    }

    /// Extends the lease from now on. False when another worker has the job.
    async fn extend_lease(&self, work: &mut UnitOfWork, queued: &Job) -> Result<bool> {
        let lease = Lease { worker: queued.worker, ..self.lease(JobKind::RunBulkUpdate) };
        Ok(queue::extend(&mut work.tx, queued.organization, queued.id, lease).await?)
    }

    /// Saves what was decided, with a record each.
    async fn save_each(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        job: &BulkJob,
        each: &[EvaluatedPerson],
    ) -> Result<()> {
        let mut seats: BTreeMap<(ClinicId, Group), i64> = BTreeMap::new();
        let mut saved: Vec<PendingSave<'_>> = Vec::new();
        let mut done = Vec::with_capacity(each.len());
        for one in each {
            let person = PersonId(one.item.person_id);
            let refused = (!one.judged.refused.is_empty())
                .then(|| json!(one.judged.refused.iter().map(RefusedLine::from).collect::<Vec<_>>()).to_string());
            let saving = PendingSave::of(one);
            let state = match &saving {
                Some(_) => "updated",
                None if one.judged.is_unchanged() => "unchanged",
                None => "refused",
            };
            let changed = saving.as_ref().map(|s| json!(s.trace).to_string());
            let version_after = saving.as_ref().map(|_| one.item.version + 1);
            done.push(Done { person, state, changed, refused, version_after });
            if let Some(saving) = saving {
                for (pool, more) in [(saving.outcome.seats.from, -1), (saving.outcome.seats.to, 1)] {
                    if let Some(pool) = pool {
                        *seats.entry(pool).or_default() += more;
                    }
                }
                let mut detail = saving.trace.record(saving.before, saving.after);
                detail.insert("bulk_update".to_owned(), json!(job.id));
                if saving.outcome.ends_access {
                    detail.insert("sessions_ended".to_owned(), json!(true));
                }
                let name = &saving.outcome.profile.person.full_name;
                work.audit_done(actor, Action::PersonUpdated, AuditSubject::new(person.0, name), &detail.into());
                saved.push(saving);
            }
        }
        move_seats(work, &seats, self.now()).await?;
        let changed: Vec<ChangedAccount<'_>> = saved.iter().map(PendingSave::row).collect();
        bulk::save_accounts(&mut work.tx, work.organization, &changed, self.now()).await?;
        let gone: Vec<PersonId> =
            saved.iter().filter(|s| s.outcome.ends_access).map(|s| s.outcome.profile.person.id).collect();
        bulk::end_all_access(&mut work.tx, work.organization, &gone).await?;
        bulk::save_items(&mut work.tx, work.organization, job.id, &done).await?;
        Ok(())
    }

    /// The actor who began it, with the rights they have now; none when they can no longer act.
    async fn actor_behind(&self, h: &mut impl Handle, job: &BulkJob) -> Result<Option<Actor>> {
        let origin = Origin { channel: Channel::Bulk, address: job.address.clone(), user_agent: String::new() };
        match (job.actor_kind.as_str(), job.actor_id) {
            ("command_line", _) => Ok(Some(Actor::command_line(job.organization).through(Channel::Bulk))),
            ("support", Some(id)) => {
                let found = sign_in::find(h, id).await?.filter(|f| f.organization.is_none());
                Ok(found.map(|f| Actor::support(id, &f.shown_name, job.organization, origin, None)))
            }
            ("person", Some(id)) => {
                let found = people::find(h, job.organization, PersonId(id)).await?;
                let active = found.filter(|s| can_sign_in(&s.profile));
                Ok(active.map(|s| Actor::person(&s.profile, origin, None)))
            }
            _ => Err(AppError::Internal(format!("a bulk update of {}", job.actor_kind))),
        }
    }
}

/// A person about to be saved.
struct PendingSave<'a> {
    before: &'a EmrAccount,
    after: &'a EmrAccount,
    outcome: &'a Outcome,
    trace: ChangeRecord,
    attested_at: Option<i64>,
}

impl<'a> PendingSave<'a> {
    fn of(one: &'a EvaluatedPerson) -> Option<Self> {
        let outcome = one.judged.outcome.as_ref()?;
        let stored = one.before.as_ref()?;
        let (before, after) = (stored.profile.emr.as_ref()?, outcome.profile.emr.as_ref()?);
        let at = stored.finish_attested_at.map(Timestamp::as_microsecond);
        let restored = one.restore.as_ref().and_then(|r| r.attestation).map(|(_, at)| at).filter(|at| *at > 0);
        Some(Self { before, after, outcome, trace: ChangeRecord::between(before, after, at), attested_at: restored })
    }

    fn row(&self) -> ChangedAccount<'_> {
        ChangedAccount {
            person: self.outcome.profile.person.id,
            account: self.after,
            added: self.trace.clinics_added(),
            removed: self.trace.clinics_removed(),
            attested_at: self.attested_at,
        }
    }
}

async fn move_seats(work: &mut UnitOfWork, seats: &BTreeMap<(ClinicId, Group), i64>, now: Timestamp) -> Result<()> {
    let of = |sign: i64| -> Vec<(ClinicId, Group, i64)> {
        seats.iter().filter(|(_, n)| **n * sign > 0).map(|((c, g), n)| (*c, *g, n.abs())).collect()
    };
    licenses::give_seats(&mut work.tx, work.organization, &of(-1), now).await?;
    if !licenses::take_seats(&mut work.tx, work.organization, &of(1), now).await? {
        // The practice's lock is held and the seats were counted under it.
        return Err(AppError::Internal("seats were taken under the lock".to_owned()));
    }
    Ok(())
}

/// The one record of a bulk update, at its end.
fn record(work: &mut UnitOfWork, job: &BulkJob, state: BulkState) {
    let origin = Origin { channel: Channel::Page, address: job.address.clone(), user_agent: String::new() };
    let channel = match job.channel.as_str() {
        "api" => Channel::Api,
        "command_line" => Channel::CommandLine,
        "import" => Channel::Import,
        _ => Channel::Page,
    };
    let origin = Origin { channel, ..origin };
    let who = AuditActor { kind: &job.actor_kind, id: job.actor_id, name: &job.actor_name, origin: &origin };
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    let detail = json!({
        "state": state, "kind": job.kind, "selection": parsed(&job.selection), "changes": parsed(&job.changes),
        "undo_of": job.undo_of, "selected": job.selected, "updated": job.tally.updated,
        "unchanged": job.tally.unchanged, "refused": job.tally.refused, "refused_by_code": job.tally.by_code,
    });
    let action = if job.kind == BulkKind::Undo { Action::BulkUndone } else { Action::BulkUpdated };
    let name = if job.selected == 1 { "1 user".to_owned() } else { format!("{} users", job.selected) };
    work.audit(&who, action, Effect::Done, AuditSubject::new(job.id, &name), &detail);
}
