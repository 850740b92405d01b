//! The audit chain at rest.
//!
//! The head row of an organization is also its write lock: every change begins with [`lock`], so that changes of one
//! practice follow one another, and the chain, the last admin and the last license are judged on settled facts.

use jiff::Timestamp;
use muster_domain::OrganizationId;
use muster_domain::audit::AuditEntry;
use uuid::Uuid;

use crate::sql::dialect::{self, Engine};
use crate::sql::query::Query;
use crate::sql::rows::Rows;
use crate::{Db, Handle, Result, StoreError, Tx, micros};

/// A record in its place.
#[derive(Clone, Debug)]
pub struct AuditRecord {
    /// Number in the organization's chain, from 1.
    pub seq: i64,
    /// What was recorded.
    pub entry: AuditEntry,
    /// The chain hash, 32 bytes.
    pub hash: Vec<u8>,
}

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ChainHead {
    /// Number of the last record; 0 before the first.
    pub seq: i64,
    /// Its hash; empty before the first.
    pub hash: Vec<u8>,
    /// The signature that the chain ends here; empty where none was made.
    pub seal: Vec<u8>,
}

/// Starts a chain, unless it has begun; `seal` is that of a chain without records.
pub async fn start(tx: &mut Tx, organization: OrganizationId, seal: &[u8]) -> Result<()> {
    let text =
        "INSERT INTO audit_heads (organization_id, seq, hash, seal) VALUES ($1, 0, $2, $3) ON CONFLICT DO NOTHING";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).bind(Vec::<u8>::new()).bind(seal.to_vec()).execute(c).await?;
    });
    Ok(())
}

/// Takes the organization's write lock until the transaction ends; gives the chain's head and the number of its last
/// record, 0 before the first, or none when there is no head.
pub async fn lock(tx: &mut Tx, organization: OrganizationId) -> Result<Option<(ChainHead, i64)>> {
    // What another change recorded while this one waited may be missing from the number: it never is larger than it should.
    // A file has one writer, and it is us.
    let locking = if tx.split().engine() == Engine::Postgres { "FOR UPDATE" } else { "" };
    let text = format!(
        "SELECT seq, hash, seal, COALESCE((SELECT MAX(e.seq) FROM audit_events e WHERE e.organization_id = $1), 0)
        FROM audit_heads WHERE organization_id = $1 {locking}"
    );
    let found: Option<(i64, Vec<u8>, Vec<u8>, i64)> =
        on!(tx, &text, |sql, c| sqlx::query_as(sql).bind(organization.0).fetch_optional(c).await?);
    Ok(found.map(|(seq, hash, seal, last)| (ChainHead { seq, hash, seal }, last)))
}

/// The head without locking.
pub async fn head(h: &mut impl Handle, organization: OrganizationId) -> Result<Option<ChainHead>> {
    let text = "SELECT seq, hash, seal FROM audit_heads WHERE organization_id = $1";
    Ok(on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).fetch_optional(c).await?))
}

/// Where the records of a chain end, whatever its head says: a head without a seal.
pub async fn last(h: &mut impl Handle, organization: OrganizationId) -> Result<ChainHead> {
    let text = "SELECT seq, hash FROM audit_events WHERE organization_id = $1 ORDER BY seq DESC LIMIT 1";
    let found: Option<(i64, Vec<u8>)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).fetch_optional(c).await?);
    let (seq, hash) = found.unwrap_or_default();
    Ok(ChainHead { seq, hash, seal: Vec::new() })
}

/// Signed records on their way into a chain, each made ready to be written as it comes.
#[derive(Debug)]
pub struct NewRecords(Rows);

impl NewRecords {
    /// None yet, for a database of this kind.
    #[must_use]
    pub fn of(db: &Db) -> Self {
        Self(Rows::new(db.engine()))
    }

    /// The next record, in the chain's order, with its number and hash.
    pub fn push(&mut self, e: &AuditEntry, seq: i64, hash: &[u8]) {
        self.0.push([
            ("seq", seq.into()),
            ("event_id", e.id.into()),
            ("at", micros(e.at).into()),
            ("actor_kind", e.actor_kind.as_str().into()),
            ("actor_id", e.actor_id.into()),
            ("actor_name", e.actor_name.as_str().into()),
            ("action", e.action.as_str().into()),
            ("effect", e.effect.as_str().into()),
            ("subject_id", e.subject_id.into()),
            ("subject_name", e.subject_name.as_str().into()),
            ("channel", e.channel.as_str().into()),
            ("address", e.address.as_str().into()),
            ("detail", e.detail.as_str().into()),
            ("hash", hash.into()),
        ]);
    }
}

/// Appends records, of which the last is where the chain ends now. Only under [`lock`].
pub async fn append(tx: &mut Tx, organization: OrganizationId, new: NewRecords, head: ChainHead) -> Result<()> {
    let Some(rows) = new.0.finish() else { return Ok(()) };
    let text = "INSERT INTO audit_events (organization_id, seq, event_id, at, actor_kind, actor_id, actor_name, action,
            effect, subject_id, subject_name, channel, address, detail, hash)
        SELECT $1, r.seq, r.event_id, r.at, r.actor_kind, r.actor_id, r.actor_name, r.action, r.effect, r.subject_id,
            r.subject_name, r.channel, r.address, r.detail, r.hash
        FROM {rows $2: seq int, event_id uuid, at int, actor_kind text, actor_id uuid, actor_name text, action text,
            effect text, subject_id uuid, subject_name text, channel text, address text, detail text, hash bytes} r";
    let events = Query::about(text, organization.0).with(rows);
    let text = "UPDATE audit_heads SET seq = $2, hash = $3, seal = $4 WHERE organization_id = $1";
    let head = Query::about(text, organization.0).with(head.seq).with(head.hash.as_slice()).with(head.seal.as_slice());
    Query::execute_together(vec![events, head], tx).await
}

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// For whom.
    pub subject: Option<Uuid>,
    /// By whom.
    pub actor: Option<Uuid>,
    /// What.
    pub action: Option<String>,
    /// `done` or `denied`.
    pub effect: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Only records about these people (scope); none = all.
    pub subjects_of_clinics: Option<Vec<Uuid>>,
    /// Oldest first.
    pub ascending: bool,
    /// After this record, in the order asked for.
    pub after: Option<i64>,
    /// Up to this number and not past it.
    pub up_to: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct AuditRow {
    seq: i64,
    event_id: Uuid,
    at: i64,
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_name: String,
    action: String,
    effect: String,
    subject_id: Option<Uuid>,
    subject_name: String,
    channel: String,
    address: String,
    detail: String,
    hash: Vec<u8>,
}

impl TryFrom<AuditRow> for AuditRecord {
    type Error = StoreError;
    fn try_from(r: AuditRow) -> Result<Self> {
        Ok(Self {
            seq: r.seq,
            entry: AuditEntry {
                id: r.event_id,
                at: Timestamp::from_microsecond(r.at).map_err(|e| StoreError::Corrupt(e.to_string()))?,
                actor_kind: r.actor_kind,
                actor_id: r.actor_id,
                actor_name: r.actor_name,
                action: r.action,
                effect: r.effect,
                subject_id: r.subject_id,
                subject_name: r.subject_name,
                channel: r.channel,
                address: r.address,
                detail: r.detail,
            },
            hash: r.hash,
        })
    }
}

/// At most `limit` records that match, newest first unless asked otherwise.
pub async fn list(
    h: &mut impl Handle,
    organization: OrganizationId,
    filter: &AuditFilter,
    limit: i64,
) -> Result<Vec<AuditRecord>> {
    let mut q = Query::new("SELECT * FROM audit_events WHERE organization_id = ", organization.0);
    let id = |q: &mut Query, clause: &str, id: Option<Uuid>| {
        if let Some(id) = id {
            q.push(clause).bind(id);
        }
    };
    id(&mut q, " AND subject_id = ", filter.subject);
    id(&mut q, " AND actor_id = ", filter.actor);
    if let Some(action) = &filter.action {
        q.push(" AND action = ").bind(action.as_str());
    }
    if let Some(effect) = &filter.effect {
        q.push(" AND effect = ").bind(effect.as_str());
    }
    if let Some(from) = filter.from {
        q.push(" AND at >= ").bind(micros(from));
    }
    if let Some(until) = filter.until {
        q.push(" AND at < ").bind(micros(until));
    }
    if let Some(clinics) = &filter.subjects_of_clinics {
        q.push(" AND subject_id IN (SELECT person_id FROM emr_account_clinics WHERE organization_id = $1 AND clinic_id IN {ids ")
            .bind(dialect::id_list(clinics))
            .push("})");
    }
    if let Some(after) = filter.after {
        q.push(if filter.ascending { " AND seq > " } else { " AND seq < " }).bind(after);
    }
    if let Some(up_to) = filter.up_to {
        q.push(" AND seq <= ").bind(up_to);
    }
    q.push(if filter.ascending { " ORDER BY seq LIMIT " } else { " ORDER BY seq DESC LIMIT " }).bind(limit);
    let rows: Vec<AuditRow> = q.fetch_all(h).await?;
    rows.into_iter().map(AuditRecord::try_from).collect()
}

/// The next `limit` records of a chain after `seq`, for verification.
pub async fn records_after(
    h: &mut impl Handle,
    organization: OrganizationId,
    seq: i64,
    limit: i64,
) -> Result<Vec<AuditRecord>> {
    let text = "SELECT * FROM audit_events WHERE organization_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let rows: Vec<AuditRow> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).bind(seq).bind(limit).fetch_all(c).await?);
    rows.into_iter().map(AuditRecord::try_from).collect()
}

/// Every organization that has a chain, the installation's own included.
pub async fn chains(h: &mut impl Handle) -> Result<Vec<OrganizationId>> {
    let text = "SELECT organization_id FROM audit_heads UNION SELECT DISTINCT organization_id FROM audit_events
        UNION SELECT organization_id FROM organizations ORDER BY 1";
    let rows: Vec<(Uuid,)> = on!(h, text, |sql, c| sqlx::query_as(sql).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(id,)| OrganizationId(id)).collect())
}
