//! The ledger: every change of a total, with its request.

use muster_domain::ClinicId;
use muster_domain::audit::Action;
use muster_domain::licenses::Group;
use muster_store::licenses::{self, Entry, LedgerPage};
use serde_json::json;

use crate::spreadsheet::harmless;
use crate::work::AuditSubject;
use crate::{Actor, App, AppError, ExportChunk, Result, Scope};

/// Lines in one page.
const LARGEST_PAGE: i64 = 200;
/// Lines in one piece of a file.
const PIECE: i64 = 1000;

/// Which lines to read.
#[derive(Clone, Debug, Default)]
pub struct LedgerQuery {
    /// Of this clinic.
    pub clinic: Option<ClinicId>,
    /// Of this group.
    pub group: Option<Group>,
    /// Where to go on: numbers below this one.
    pub before: Option<i64>,
    /// 1 to 200.
    pub limit: i64,
}

/// A page of the ledger.
#[derive(Clone, Debug)]
pub struct LedgerLines {
    /// The latest first.
    pub items: Vec<Entry>,
    /// Where the next page begins.
    pub next: Option<i64>,
}

impl App {
    /// The ledger of the clinics the actor reaches.
    pub async fn license_ledger(&self, actor: &Actor, asked: &LedgerQuery) -> Result<LedgerLines> {
        actor.require_scope(Scope::Licenses)?;
        self.require_licenses(actor).await?;
        self.ledger_lines(actor, asked, asked.limit.clamp(1, LARGEST_PAGE)).await
    }

    async fn ledger_lines(&self, actor: &Actor, asked: &LedgerQuery, limit: i64) -> Result<LedgerLines> {
        let page = LedgerPage {
            scope: actor.authority().emr().clinics().clone(),
            clinic: asked.clinic,
            group: asked.group,
            before: asked.before,
            limit: limit + 1,
        };
        let mut h = self.db.read().await?;
        let mut items = licenses::entries(&mut h, actor.organization(), &page).await?;
        let more = i64::try_from(items.len()).unwrap_or(0) > limit;
        items.truncate(usize::try_from(limit).unwrap_or(0));
        let next = items.last().filter(|_| more).map(|e| e.number);
        Ok(LedgerLines { items, next })
    }

    /// The ledger as a CSV file, the latest first, piece by piece; `before` is where the piece before ended. That it was
    /// exported is recorded with the first piece.
    pub async fn export_license_ledger(
        &self,
        actor: &Actor,
        asked: &LedgerQuery,
        before: Option<i64>,
    ) -> Result<ExportChunk<i64>> {
        actor.require_scope(Scope::Licenses)?;
        self.require_licenses(actor).await?;
        let lines = self.ledger_lines(actor, &LedgerQuery { before, ..asked.clone() }, PIECE).await?;
        if before.is_none() {
            let told = json!({"clinic": asked.clinic, "group": asked.group.map(Group::as_str)});
            let mut work = self.work_for(actor, actor.organization()).await?;
            work.audit_done(actor, Action::LedgerExported, AuditSubject::none(), &told);
            work.commit().await?;
        }
        Ok(ExportChunk { csv: csv(&lines.items, before.is_none())?, next: lines.next })
    }
}

/// The names of the columns.
const HEAD: [&str; 10] =
    ["entry", "at", "clinic", "group", "total_before", "total_after", "request", "actor_kind", "actor_name", "note"];

/// One line an entry, times in UTC; an empty total is unlimited.
fn csv(entries: &[Entry], with_head: bool) -> Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let failed = |e: csv::Error| AppError::Internal(e.to_string());
    if with_head {
        out.write_record(HEAD).map_err(failed)?;
    }
    let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
    for e in entries {
        let cells = [
            e.number.to_string(),
            e.at.map(|at| at.to_string()).unwrap_or_default(),
            harmless(&e.clinic_name),
            e.group.as_str().to_owned(),
            number(e.before),
            number(e.after),
            number(e.request.map(|r| r.1)),
            e.actor_kind.clone(),
            harmless(&e.actor_name),
            harmless(&e.note),
        ];
        out.write_record(&cells).map_err(failed)?;
    }
    out.into_inner().map_err(|e| AppError::Internal(e.to_string()))
}
