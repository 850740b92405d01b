//! License pools: what the list shows, and support's own correction of a total.

use std::collections::BTreeMap;

use jiff::Timestamp;
use muster_domain::access::ClinicAccess;
use muster_domain::audit::Action;
use muster_domain::licenses::{Group, check_note, check_total, may_ask, unused};
use muster_domain::organizations::Clinic;
use muster_domain::text::unique_key;
use muster_domain::{ClinicId, Code, Refusal};
use muster_store::licenses::{self, LedgerEntry, OpenSum, Pool};
use muster_store::{Handle, organizations};
use serde_json::json;

use crate::work::AuditSubject;
use crate::{Actor, App, AppError, Result, Scope};

/// One tile of the license header.
pub type PoolSum = licenses::Sum;

/// Clinics in one page.
const LARGEST_PAGE: i64 = 200;

/// Which clinics to show.
#[derive(Clone, Debug, Default)]
pub struct OverviewQuery {
    /// Part of the clinic's name.
    pub q: String,
    /// Where to go on: the name key of the last clinic seen.
    pub after: Option<String>,
    /// 1 to 200.
    pub limit: i64,
}

/// A clinic and its pools.
#[derive(Clone, Debug)]
pub struct ClinicPools {
    /// Where.
    pub clinic: Clinic,
    /// One a group, in the order of [`Group::ALL`].
    pub pools: Vec<PoolState>,
}

/// A pool with what is going on about it.
#[derive(Clone, Debug)]
pub struct PoolState {
    /// As it stands.
    pub pool: Pool,
    /// Its open requests.
    pub open: OpenSum,
    /// Licenses nobody held for two weeks.
    pub unused: i64,
}

/// A page of clinics.
#[derive(Clone, Debug)]
pub struct OverviewPage {
    /// By name.
    pub items: Vec<ClinicPools>,
    /// Where the next page begins.
    pub next: Option<String>,
}

impl App {
    /// The pools of the clinics the actor reaches.
    pub async fn license_pools(&self, actor: &Actor) -> Result<Vec<Pool>> {
        actor.require_scope(Scope::Licenses)?;
        self.require_view_users(actor).await?;
        let clinics: Vec<ClinicId> = self.reachable_clinics(actor).await?;
        let mut h = self.db.read().await?;
        let stored = licenses::pools(&mut h, actor.organization(), Some(&clinics)).await?;
        let mut by_key: BTreeMap<(ClinicId, Group), Pool> =
            stored.into_iter().map(|p| ((p.clinic, p.group), p)).collect();
        let mut pools = Vec::with_capacity(clinics.len() * Group::ALL.len());
        for clinic in clinics {
            for group in Group::ALL {
                let empty = Pool { clinic, group, total: None, assigned: 0 };
                pools.push(by_key.remove(&(clinic, group)).unwrap_or(empty));
            }
        }
        Ok(pools)
    }

    async fn reachable_clinics(&self, actor: &Actor) -> Result<Vec<ClinicId>> {
        let mut h = self.db.read().await?;
        let all = organizations::clinics(&mut h, actor.organization()).await?;
        Ok(all.into_iter().map(|c| c.id).filter(|c| actor.authority().emr().reaches(*c)).collect())
    }

    /// Total and assigned per group: of one clinic, or summed over all the actor reaches. A sum over any unlimited
    /// pool is unlimited. A fixed number of statements, however many clinics.
    pub async fn license_header(&self, actor: &Actor, clinic: Option<ClinicId>) -> Result<Vec<PoolSum>> {
        actor.require_scope(Scope::Licenses)?;
        self.require_view_users(actor).await?;
        let scope = match clinic {
            None => actor.authority().emr().clinics().clone(),
            Some(one) => {
                ClinicAccess::Only([one].into_iter().filter(|c| actor.authority().emr().reaches(*c)).collect())
            }
        };
        let mut h = self.db.read().await?;
        let mut sums = licenses::sums(&mut h, actor.organization(), &scope).await?;
        for sum in sums.iter_mut().filter(|s| s.group == Group::Clerical) {
            sum.total = None;
        }
        Ok(sums)
    }

    /// Clinics within the actor's access whose name contains `q`, by name, each with its pools.
    pub async fn license_overview(&self, actor: &Actor, asked: &OverviewQuery) -> Result<OverviewPage> {
        actor.require_scope(Scope::Licenses)?;
        self.require_licenses(actor).await?;
        let organization = actor.organization();
        let limit = asked.limit.clamp(1, LARGEST_PAGE);
        let mut h = self.db.read().await?;
        let scope = actor.authority().emr().clinics();
        let q: String = asked.q.chars().take(100).collect();
        let mut clinics =
            organizations::clinic_page(&mut h, organization, scope, &q, asked.after.as_deref(), limit + 1).await?;
        let more = i64::try_from(clinics.len()).unwrap_or(0) > limit;
        clinics.truncate(usize::try_from(limit).unwrap_or(0));
        let next = clinics.last().filter(|_| more).map(|c| unique_key(&c.name));
        let items = overview(&mut h, actor, clinics, self.now()).await?;
        Ok(OverviewPage { items, next })
    }

    /// One clinic with its pools.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the actor does not reach it.
    pub async fn clinic_licenses(&self, actor: &Actor, clinic: ClinicId) -> Result<ClinicPools> {
        actor.require_scope(Scope::Licenses)?;
        self.require_licenses(actor).await?;
        let mut h = self.db.read().await?;
        let found = organizations::clinics_by_id(&mut h, actor.organization(), &[clinic]).await?;
        let found = found.into_iter().filter(|c| actor.authority().emr().reaches(c.id)).collect();
        overview(&mut h, actor, found, self.now()).await?.pop().ok_or(AppError::NotFound)
    }

    /// Refuses an actor who may neither see nor request licenses, and records the denial.
    pub(crate) async fn require_licenses(&self, actor: &Actor) -> Result<()> {
        if let Err(refusal) = may_ask(actor.authority()) {
            let error = AppError::from(refusal);
            return Err(self.audit_denial(actor, Action::LicenseRequested, AuditSubject::none(), error).await);
        }
        Ok(())
    }

    /// Support's own correction of a pool's total, written to the ledger.
    pub async fn set_license_total(
        &self,
        actor: &Actor,
        clinic: ClinicId,
        group: Group,
        total: i64,
        note: &str,
    ) -> Result<Pool> {
        actor.require_scope(Scope::Licenses)?;
        if !actor.is_support() {
            let error = Refusal::whole(Code::SupportOnlyTotals).into();
            return Err(self.audit_denial(actor, Action::LicenseTotalSet, AuditSubject::none(), error).await);
        }
        check_note(note)?;
        let mut work = self.work_for(actor, actor.organization()).await?;
        let found = organizations::clinics_by_id(&mut work.tx, work.organization, &[clinic]).await?.pop();
        let found = found.ok_or(AppError::NotFound)?;
        let stored = licenses::pools(&mut work.tx, work.organization, Some(&[clinic])).await?;
        let empty = Pool { clinic, group, total: None, assigned: 0 };
        let before = stored.into_iter().find(|p| p.group == group).unwrap_or(empty);
        check_total(group, total, before.assigned)?;
        let entry = LedgerEntry {
            id: self.new_id(),
            clinic,
            group,
            before: before.total,
            after: Some(total),
            request: None,
            actor_id: actor.subject(),
            actor_kind: actor.authority().kind().as_str(),
            actor_name: actor.name().to_owned(),
            note: note.to_owned(),
            at: self.now(),
        };
        licenses::set_total(&mut work.tx, work.organization, &entry).await?;
        let detail = json!({"group": group, "total": {"before": before.total, "after": total}});
        work.audit_done(actor, Action::LicenseTotalSet, AuditSubject::new(clinic.0, &found.name), &detail);
        work.commit().await?;
        Ok(Pool { total: Some(total), ..before })
    }
}

async fn overview(
    h: &mut impl Handle,
    actor: &Actor,
    clinics: Vec<Clinic>,
    now: Timestamp,
) -> Result<Vec<ClinicPools>> {
    let organization = actor.organization();
    let ids: Vec<ClinicId> = clinics.iter().map(|c| c.id).collect();
    let stored = licenses::pools(h, organization, Some(&ids)).await?;
    let mut stored: BTreeMap<(ClinicId, Group), Pool> = stored.into_iter().map(|p| ((p.clinic, p.group), p)).collect();
    let mut open = licenses::open_sums(h, organization, &ids).await?;
    let standings = licenses::standings(h, organization, actor.authority().emr().clinics(), Some(&ids), now).await?;
    let mut idle: BTreeMap<(ClinicId, Group), i64> =
        standings.into_iter().map(|s| ((s.pool.clinic, s.pool.group), unused(s.standing, s.fewest_since))).collect();
    let mut state = |clinic: ClinicId, group: Group| PoolState {
        pool: stored.remove(&(clinic, group)).unwrap_or(Pool { clinic, group, total: None, assigned: 0 }),
        open: open.remove(&(clinic, group)).unwrap_or_default(),
        unused: idle.remove(&(clinic, group)).unwrap_or(0),
    };
    let pools = |id: ClinicId, state: &mut dyn FnMut(ClinicId, Group) -> PoolState| {
        Group::ALL.into_iter().map(|group| state(id, group)).collect()
    };
    Ok(clinics.into_iter().map(|clinic| ClinicPools { pools: pools(clinic.id, &mut state), clinic }).collect())
}
