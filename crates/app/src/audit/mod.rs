//! Reading and verifying the audit record.

mod export;
mod redact;

use std::collections::BTreeSet;

use jiff::Timestamp;
use muster_domain::access::ClinicAccess;
use muster_domain::audit::{Action, Chain};
use muster_domain::emr::Permission;
use muster_domain::{OrganizationId, PersonId};
pub use muster_store::audit::AuditRecord;
use muster_store::audit::{self, AuditFilter};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::work::AuditSubject;
use crate::{Actor, App, AppError, ExportChunk, Result, Scope};

/// Records in one page.
const LARGEST_PAGE: i64 = 200;
/// Records in one piece of a file.
const PIECE: i64 = 1000;

/// What to look for in the record.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// The person the record is about.
    pub subject: Option<Uuid>,
    /// The actor.
    pub actor: Option<Uuid>,
    /// A code of [`Action`].
    pub action: Option<String>,
    /// `done` or `denied`.
    pub effect: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Oldest first.
    pub ascending: bool,
    /// The number of the last record seen.
    pub after: Option<i64>,
    /// 1 to 200.
    pub limit: i64,
}

impl AuditQuery {
    /// As the record of an export tells it: what was asked for, and nothing that was not.
    fn as_detail(&self) -> Value {
        let mut told = Map::new();
        let mut tell = |field: &str, asked: Option<String>| {
            told.extend(asked.map(|asked| (field.to_owned(), asked.into())));
        };
        tell("subject_id", self.subject.map(|id| id.to_string()));
        tell("actor_id", self.actor.map(|id| id.to_string()));
        // Only what there is: an address is not a way to write into the record.
        tell("action", self.action.as_deref().and_then(Action::parse).map(|a| a.as_str().to_owned()));
        tell("effect", self.effect.clone().filter(|e| ["done", "denied"].contains(&e.as_str())));
        tell("from", self.from.map(|at| at.to_string()));
        tell("until", self.until.map(|at| at.to_string()));
        Value::Object(told)
    }
}

/// A page of the record.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// In order.
    pub records: Vec<AuditRecord>,
    /// Where the next page begins.
    pub next: Option<i64>,
}

/// A place in a file of the record.
#[derive(Clone, Copy, Debug)]
pub struct AuditPlace {
    after: i64,
    /// What was recorded when the file was begun; what came later is not in it.
    up_to: i64,
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainFault {
    /// Whose chain.
    pub organization: OrganizationId,
    /// The number of the first bad record.
    pub seq: i64,
    /// In words.
    pub what: String,
}

impl App {
    /// Records the actor may see. Company admins see the practice's; other user managers those about people of their
    /// clinics; everyone those about oneself.
    pub async fn audit_records(&self, actor: &Actor, query: &AuditQuery) -> Result<AuditPage> {
        actor.require_scope(Scope::AuditRead)?;
        let filter = self.audit_filter(actor, query).await?;
        let limit = query.limit.clamp(1, LARGEST_PAGE);
        let mut h = self.db.read().await?;
        let mut records = audit::list(&mut h, actor.organization(), &filter, limit + 1).await?;
        let more = i64::try_from(records.len()).unwrap_or(0) > limit;
        records.truncate(usize::try_from(limit).unwrap_or(0));
        let next = records.last().filter(|_| more).map(|r| r.seq);
        redact::records(&mut h, actor, &mut records).await?;
        Ok(AuditPage { records, next })
    }

    async fn audit_filter(&self, actor: &Actor, query: &AuditQuery) -> Result<AuditFilter> {
        let own = query.subject.is_some() && query.subject == actor.subject();
        if !own {
            self.require(actor, Permission::ViewUsers, Action::AuditViewed).await?;
        }
        let scope = match actor.authority().emr().clinics() {
            ClinicAccess::Only(clinics) if !own => Some(clinics.iter().map(|c| c.0).collect()),
            _ => None,
        };
        Ok(AuditFilter {
            subject: query.subject,
            actor: query.actor,
            action: query.action.clone(),
            effect: query.effect.clone(),
            from: query.from,
            until: query.until,
            subjects_of_clinics: scope,
            ascending: query.ascending,
            after: query.after,
            up_to: None,
        })
    }

    /// The history of one person, newest first.
    pub async fn person_history(&self, actor: &Actor, id: PersonId, limit: i64) -> Result<Vec<AuditRecord>> {
        actor.require_scope(Scope::AuditRead)?;
        let mut h = self.db.read().await?;
        crate::people::find_visible(&mut h, actor, id).await?;
        let filter = AuditFilter { subject: Some(id.0), ..AuditFilter::default() };
        let mut records = audit::list(&mut h, actor.organization(), &filter, limit.clamp(1, LARGEST_PAGE)).await?;
        redact::records(&mut h, actor, &mut records).await?;
        Ok(records)
    }

    /// Everything that matches as a CSV file, one line a record, piece by piece; `at` is where the piece before ended. That
    /// it was exported is recorded with the first piece.
    pub async fn export_audit(
        &self,
        actor: &Actor,
        query: &AuditQuery,
        at: Option<AuditPlace>,
    ) -> Result<ExportChunk<AuditPlace>> {
        actor.require_scope(Scope::AuditRead)?;
        let filter = self.audit_filter(actor, query).await?;
        let mut h = self.db.read().await?;
        let up_to = match at {
            Some(at) => at.up_to,
            None => audit::last(&mut h, actor.organization()).await?.seq,
        };
        let filter = AuditFilter { after: at.map(|at| at.after), up_to: Some(up_to), ..filter };
        let mut records = audit::list(&mut h, actor.organization(), &filter, PIECE).await?;
        redact::records(&mut h, actor, &mut records).await?;
        drop(h);
        if at.is_none() {
            let mut work = self.work_for(actor, actor.organization()).await?;
            work.audit_done(actor, Action::AuditExported, AuditSubject::none(), &query.as_detail());
            work.commit().await?;
        }
        let whole = i64::try_from(records.len()).is_ok_and(|n| n == PIECE);
        let next = records.last().filter(|_| whole).map(|r| AuditPlace { after: r.seq, up_to });
        Ok(ExportChunk { csv: export::csv(&records, at.is_none())?, next })
    }

    /// Walks every chain; the first bad record of each tampered one. `progress` hears of the records walked.
    pub async fn verify_audit(&self, mut progress: impl FnMut(u64)) -> Result<Vec<ChainFault>> {
        // Of one moment: a record added meanwhile is none past the head.
        let mut h = muster_store::transfer::snapshot(&self.db).await?;
        let mut found = Vec::new();
        for organization in self.chains(&mut h).await? {
            if let Some(bad) = self.verify_chain(&mut h, organization, &mut progress).await? {
                found.push(bad);
            }
        }
        Ok(found)
    }

    /// The chains there have to be: every practice's, and with the first practice the installation's.
    async fn chains(&self, h: &mut impl muster_store::Handle) -> Result<BTreeSet<OrganizationId>> {
        let mut chains: BTreeSet<OrganizationId> = audit::chains(h).await?.into_iter().collect();
        if !chains.is_empty() {
            chains.insert(OrganizationId::INSTALLATION);
        }
        Ok(chains)
    }

    /// Takes every chain that does not end where this program left it as it stands, and records that; how many. For the
    /// command line, after somebody has found out why: a release before there were seals, or what a verification told.
    pub async fn seal_audit(&self) -> Result<u64> {
        let mut sealed = 0;
        let chains = self.chains(&mut self.db.read().await?).await?;
        for organization in chains {
            let mut work = match self.system_work(organization).await {
                // Records of a practice that is no longer there: nothing seals those.
                Err(AppError::NotFound) => continue,
                work => work?,
            };
            if work.is_sealed() {
                continue;
            }
            work.seal();
            let last = work.head();
            let actor = Actor::command_line(organization);
            work.audit_done(&actor, Action::AuditSealed, AuditSubject::none(), &json!({"records": last}));
            work.commit().await?;
            sealed += 1;
        }
        Ok(sealed)
    }

    async fn verify_chain(
        &self,
        h: &mut impl muster_store::Handle,
        organization: OrganizationId,
        progress: &mut impl FnMut(u64),
    ) -> Result<Option<ChainFault>> {
        let bad = |seq, what: &str| Some(ChainFault { organization, seq, what: what.to_owned() });
        let head = audit::head(h, organization).await?;
        let mut chain = Chain::continuing(organization, self.keys.audit(), 0, Vec::new());
        let mut last = 0;
        loop {
            let records = audit::records_after(h, organization, last, 1000).await?;
            if records.is_empty() {
                break;
            }
            for record in &records {
                let expected = last + 1;
                if record.seq != expected {
                    return Ok(bad(expected, "a record is missing here"));
                }
                let (_, hash) = chain.append(&record.entry);
                if hash != record.hash {
                    return Ok(bad(record.seq, "this record was changed, or the one before it was replaced"));
                }
                last = record.seq;
            }
            progress(records.len() as u64);
        }
        Ok(match head {
            None => bad(last + 1, "the head of the chain is missing"),
            Some(head) if head.seq > last => bad(last + 1, "records are missing at the end"),
            Some(head) if head.seq < last => bad(head.seq + 1, "records were added past the head of the chain"),
            Some(head) if head.hash != chain.head().1 => bad(last, "the head of the chain was changed"),
            Some(head) if head.seal != chain.seal() => {
                bad(last, "the end of the chain is not sealed by this program: what came after may have been cut off")
            }
            Some(_) => None,
        })
    }

    /// Gives an error for an unknown action code, so that a mistyped filter does not look like an empty record.
    pub fn known_action(&self, code: &str) -> Result<Action> {
        Action::parse(code).ok_or(AppError::NotFound)
    }
}
