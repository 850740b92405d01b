//! A change in progress: the transaction, the organization's lock, and the audit records that commit with it.

use muster_domain::audit::{Action, AuditEntry, Chain, Effect};
use muster_domain::{OrganizationId, Refusals};
use muster_store::audit::{ChainHead, NewRecords};
use muster_store::idempotency::StoredAnswer;
use muster_store::{Tx, audit, organizations};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{Actor, App, AppError, Origin, Result};

/// A request that may be repeated: the key its sender chose and a hash of what was asked.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// Chosen by the client, at most 200 characters.
    pub key: String,
    /// SHA-256 of the request.
    pub request_hash: Vec<u8>,
}

/// Whom a record names as acting.
pub(crate) struct AuditActor<'a> {
    pub kind: &'a str,
    pub id: Option<Uuid>,
    pub name: &'a str,
    pub origin: &'a Origin,
}

impl<'a> From<&'a Actor> for AuditActor<'a> {
    fn from(actor: &'a Actor) -> Self {
        Self {
            kind: actor.authority().kind().as_str(),
            id: actor.subject(),
            name: actor.name(),
            origin: actor.origin(),
        }
    }
}

/// Whom a record is about.
#[derive(Clone, Debug)]
pub(crate) struct AuditSubject {
    pub id: Option<Uuid>,
    pub name: String,
}

impl AuditSubject {
    pub fn new(id: Uuid, name: &str) -> Self {
        Self { id: Some(id), name: name.to_owned() }
    }

    pub fn none() -> Self {
        Self { id: None, name: String::new() }
    }
}

/// A change in progress. Dropped without [`UnitOfWork::commit`], nothing happened.
pub(crate) struct UnitOfWork {
    pub tx: Tx,
    pub organization: OrganizationId,
    buffer: AuditBuffer,
    app: App,
}

/// The records of a change in progress. Needs no database until they are written.
pub(crate) struct AuditBuffer {
    chain: Chain,
    /// False when the head the chain goes on from was not left by this program. Then its end is never sealed again by
    /// itself, so that every verification tells it.
    sealed: bool,
    new: NewRecords,
    app: App,
}

impl App {
    /// Begins a change that an actor makes: takes the organization's lock and checks, inside the transaction, that the
    /// actor's credential still counts and that the rights are those the request began with. What was checked before the
    /// lock therefore still holds, and no use case can forget to look again.
    ///
    /// # Errors
    /// [`AppError::NotSignedIn`] or [`AppError::Locked`] when the session or token ended meanwhile;
    /// [`Code::RightsChanged`](muster_domain::Code::RightsChanged) when the rights are others by now.
    pub(crate) async fn work_for(&self, actor: &Actor, organization: OrganizationId) -> Result<UnitOfWork> {
        let mut work = self.system_work(organization).await?;
        self.check_actor(&mut work.tx, actor).await?;
        Ok(work)
    }

    /// Begins a change that nobody signed in makes: sign-in itself, links, background work, denials. Takes the
    /// organization's lock: changes of one practice follow one another.
    pub(crate) async fn system_work(&self, organization: OrganizationId) -> Result<UnitOfWork> {
        let mut tx = self.db.begin().await?;
        let (head, last) = match audit::lock(&mut tx, organization).await? {
            Some(locked) => locked,
            None => self.lock_missing(&mut tx, organization).await?,
        };
        let chain = Chain::continuing(organization, self.keys.audit(), head.seq, head.hash.clone());
        if chain.seal() == head.seal && last <= head.seq {
            return Ok(self.work_within(tx, organization, head));
        }
        tracing::error!(%organization, seq = head.seq, "the audit record does not end where this program left it");
        // A head that was moved back must not stop the practice: what is recorded goes behind what is there.
        let last = audit::last(&mut tx, organization).await?;
        let mut work = self.work_within(tx, organization, if last.seq >= head.seq { last } else { head });
        work.buffer.sealed = false;
        Ok(work)
    }

    /// The lock of an organization without a head. Somebody took it away, so the new one is not sealed and every
    /// verification tells it.
    async fn lock_missing(&self, tx: &mut Tx, organization: OrganizationId) -> Result<(ChainHead, i64)> {
        if organization == OrganizationId::INSTALLATION || organizations::find(tx, organization).await?.is_some() {
            audit::start(tx, organization, &[]).await?;
        }
        audit::lock(tx, organization).await?.ok_or(AppError::NotFound)
    }

    /// Begins the chain of what belongs to no practice: before the first practice, and before anything else is recorded.
    /// Later it would look whole after it was taken away.
    pub(crate) async fn begin_own_chain(&self, tx: &mut Tx) -> Result<()> {
        let own = OrganizationId::INSTALLATION;
        if organizations::none_exists(tx).await? {
            let seal = Chain::continuing(own, self.keys.audit(), 0, Vec::new()).seal();
            audit::start(tx, own, &seal).await?;
        }
        Ok(())
    }

    /// Begins the change that creates an organization.
    pub(crate) async fn work_on_new(&self, organization: OrganizationId) -> Result<UnitOfWork> {
        let mut tx = self.db.begin().await?;
        self.begin_own_chain(&mut tx).await?;
        Ok(self.work_within(tx, organization, ChainHead { seq: 0, hash: Vec::new(), seal: Vec::new() }))
    }

    fn work_within(&self, tx: Tx, organization: OrganizationId, head: ChainHead) -> UnitOfWork {
        let chain = Chain::continuing(organization, self.keys.audit(), head.seq, head.hash);
        let buffer = AuditBuffer { chain, sealed: true, new: NewRecords::of(&self.db), app: self.clone() };
        UnitOfWork { tx, organization, buffer, app: self.clone() }
    }

    /// Records that something was refused, in a transaction of its own: the refusal has to outlive the roll-back.
    pub(crate) async fn deny(
        &self,
        who: &AuditActor<'_>,
        organization: OrganizationId,
        action: Action,
        about: AuditSubject,
        refusals: &Refusals,
    ) {
        let codes: Vec<&str> = refusals.0.iter().map(|r| r.code.as_str()).collect();
        let denied = async {
            let mut work = self.system_work(organization).await?;
            work.audit(who, action, Effect::Denied, about, &json!({"codes": codes}));
            work.commit().await
        };
        if let Err(error) = denied.await {
            tracing::error!(%error, "a denial could not be recorded");
        }
    }
}

impl AuditBuffer {
    /// Adds a record.
    #[allow(clippy::needless_pass_by_value)] // callers build it for this one call
    fn record(&mut self, who: &AuditActor<'_>, action: Action, effect: Effect, about: AuditSubject, detail: &Value) {
        // What people typed may hold a NUL, which no text column of PostgreSQL takes.
        let clean = |text: &str| text.replace('\0', "");
        let entry = AuditEntry {
            id: self.app.new_id(),
            at: self.app.now(),
            actor_kind: who.kind.to_owned(),
            actor_id: who.id,
            actor_name: clean(who.name),
            action: action.as_str().to_owned(),
            effect: effect.as_str().to_owned(),
            subject_id: about.id,
            subject_name: clean(&about.name),
            channel: who.origin.channel.as_str().to_owned(),
            address: who.origin.address.clone(),
            detail: detail.to_string().replace("\\u0000", ""),
        };
        let (seq, hash) = self.chain.append(&entry);
        self.new.push(&entry, seq, &hash);
    }

    fn head(&self) -> ChainHead {
        let (seq, hash) = self.chain.head();
        let seal = if self.sealed { self.chain.seal() } else { Vec::new() };
        ChainHead { seq, hash: hash.to_vec(), seal }
    }

    /// Adds a record of changed fields; nothing when none changed.
    pub fn record_changed(&mut self, actor: &Actor, action: Action, about: AuditSubject, changes: Map<String, Value>) {
        if !changes.is_empty() {
            self.record(&AuditActor::from(actor), action, Effect::Done, about, &Value::Object(changes));
        }
    }
}

impl UnitOfWork {
    /// Where the organization's chain stands with what was recorded so far.
    pub fn head(&self) -> i64 {
        self.buffer.chain.head().0
    }

    /// True when the chain goes on from a head this program left.
    pub fn is_sealed(&self) -> bool {
        self.buffer.sealed
    }

    /// Seals the end of the chain, whoever left it.
    pub fn seal(&mut self) {
        self.buffer.sealed = true;
    }

    /// The transaction and the records by themselves, for both to go on at once. After an error of one the whole has to
    /// be dropped.
    pub fn parts(&mut self) -> (&mut Tx, &mut AuditBuffer) {
        (&mut self.tx, &mut self.buffer)
    }

    /// Adds a record; it is written by [`UnitOfWork::commit`].
    pub fn audit(&mut self, who: &AuditActor<'_>, action: Action, effect: Effect, about: AuditSubject, detail: &Value) {
        self.buffer.record(who, action, effect, about, detail);
    }

    /// Adds a record of something done by an actor.
    pub fn audit_done(&mut self, actor: &Actor, action: Action, about: AuditSubject, detail: &Value) {
        self.audit(&AuditActor::from(actor), action, Effect::Done, about, detail);
    }

    /// Adds a record of changed fields; nothing when none changed.
    pub fn audit_changed(&mut self, actor: &Actor, action: Action, about: AuditSubject, changes: Map<String, Value>) {
        self.buffer.record_changed(actor, action, about, changes);
    }

    /// What a repeated request answered the first time.
    pub async fn replay(&mut self, actor: &Actor, idempotency: Option<&Idempotency>) -> Result<Option<Uuid>> {
        let (Some(wanted), Some(subject)) = (idempotency, actor.subject()) else { return Ok(None) };
        let found = muster_store::idempotency::find(&mut self.tx, self.organization, subject, &wanted.key).await?;
        match found {
            None => Ok(None),
            Some(answer) if answer.request_hash == self.app.keys.request(&wanted.request_hash) => {
                Ok(answer.body.parse().ok())
            }
            Some(_) => Err(muster_domain::Refusal::whole(muster_domain::Code::IdempotencyKeyReused).into()),
        }
    }

    /// Keeps what was made, for a repetition of the request.
    pub async fn remember(&mut self, actor: &Actor, idempotency: Option<&Idempotency>, made: Uuid) -> Result<()> {
        let (Some(wanted), Some(subject)) = (idempotency, actor.subject()) else { return Ok(()) };
        let answer = StoredAnswer {
            request_hash: self.app.keys.request(&wanted.request_hash),
            status: 201,
            body: made.to_string(),
            etag: String::new(),
        };
        let now = self.app.now();
        Ok(muster_store::idempotency::insert(&mut self.tx, self.organization, subject, &wanted.key, &answer, now)
            .await?)
    }

    /// What was made is no longer there: a repetition of the request that made it finds nothing.
    pub async fn forget(&mut self, made: Uuid) -> Result<()> {
        Ok(muster_store::idempotency::forget(
            &mut self.tx,
            self.organization,
            &made.to_string(),
            &Uuid::nil().to_string(),
        )
        .await?)
    }

    /// Writes the records and makes everything so.
    pub async fn commit(mut self) -> Result<()> {
        let head = self.buffer.head();
        audit::append(&mut self.tx, self.organization, self.buffer.new, head).await?;
        Ok(self.tx.commit().await?)
    }
}
