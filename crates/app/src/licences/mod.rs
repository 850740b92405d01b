//! Licence pools: what the list shows, and support's own correction of a total.

use std::collections::BTreeMap;

use muster_domain::audit::Action;
use muster_domain::licences::{Group, check_note, check_total};
use muster_domain::{ClinicId, Code, Refusal};
use muster_store::licences::{self, LedgerEntry, Pool};
use muster_store::organizations;
use serde_json::json;

use crate::work::About;
use crate::{Actor, App, AppError, Result, Scope};

/// One tile of the licence header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSum {
    /// For whom.
    pub group: Group,
    /// Paid for; none = unlimited.
    pub total: Option<i64>,
    /// Held by active people.
    pub assigned: i64,
}

impl App {
    /// The pools of the clinics the actor reaches.
    pub async fn licence_pools(&self, actor: &Actor) -> Result<Vec<Pool>> {
        actor.require_scope(Scope::Licences)?;
        self.require_view_users(actor).await?;
        let clinics: Vec<ClinicId> = self.all_reached(actor).await?;
        let mut h = self.db.read().await?;
        let stored = licences::pools(&mut h, actor.organization(), Some(&clinics)).await?;
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

    async fn all_reached(&self, actor: &Actor) -> Result<Vec<ClinicId>> {
        let mut h = self.db.read().await?;
        let all = organizations::clinics(&mut h, actor.organization()).await?;
        Ok(all.into_iter().map(|c| c.id).filter(|c| actor.authority().reaches(*c)).collect())
    }

    /// Total and assigned per group: of one clinic, or summed over all the actor reaches. A sum over any unlimited
    /// pool is unlimited.
    pub async fn licence_header(&self, actor: &Actor, clinic: Option<ClinicId>) -> Result<Vec<PoolSum>> {
        let mut sums: Vec<PoolSum> =
            Group::ALL.into_iter().map(|group| PoolSum { group, total: Some(0), assigned: 0 }).collect();
        for pool in self.licence_pools(actor).await?.into_iter().filter(|p| clinic.is_none_or(|c| c == p.clinic)) {
            if let Some(sum) = sums.iter_mut().find(|s| s.group == pool.group) {
                sum.assigned += pool.assigned;
                sum.total = sum.total.zip(pool.total).map(|(a, b)| a + b);
            }
        }
        for sum in &mut sums {
            if sum.group == Group::Clerical {
                sum.total = None;
            }
        }
        Ok(sums)
    }

    /// Support's own correction of a pool's total, written to the ledger.
    pub async fn set_licence_total(
        &self,
        actor: &Actor,
        clinic: ClinicId,
        group: Group,
        total: i64,
        note: &str,
    ) -> Result<Pool> {
        actor.require_scope(Scope::Licences)?;
        if !actor.is_support() {
            let error = Refusal::whole(Code::SupportOnlyTotals).into();
            return Err(self.recorded(actor, Action::LicenceTotalSet, About::nothing(), error).await);
        }
        check_note(note)?;
        let mut work = self.work(actor.organization()).await?;
        let found = organizations::clinics_by_id(&mut work.tx, work.organization, &[clinic]).await?.pop();
        let found = found.ok_or(AppError::NotFound)?;
        let stored = licences::pools(&mut work.tx, work.organization, Some(&[clinic])).await?;
        let empty = Pool { clinic, group, total: None, assigned: 0 };
        let before = stored.into_iter().find(|p| p.group == group).unwrap_or(empty);
        check_total(group, total, before.assigned)?;
        let entry = LedgerEntry {
            id: self.new_id(),
            clinic,
            group,
            before: before.total,
            after: Some(total),
            actor_kind: actor.authority().kind().as_str(),
            actor_name: actor.name().to_owned(),
            note: note.to_owned(),
        };
        licences::set_total(&mut work.tx, work.organization, &entry, self.now()).await?;
        let detail = json!({"group": group, "total": {"before": before.total, "after": total}});
        work.done(actor, Action::LicenceTotalSet, About::new(clinic.0, &found.name), &detail);
        work.commit().await?;
        Ok(Pool { total: Some(total), ..before })
    }

    /// What is inconsistent in the stored data; empty when all is well.
    pub async fn check(&self) -> Result<Vec<String>> {
        let mut h = self.db.read().await?;
        Ok(licences::miscounted(&mut h).await?)
    }
}
