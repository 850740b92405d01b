//! How pools were used over time, and what is paid for without being used.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use muster_domain::ClinicId;
use muster_domain::licenses::{Group, Money, Prices, UsagePoint, unused};
use muster_store::{licenses, organizations};

use crate::{Actor, App, Result, Scope};

/// How far back a chart reaches.
const HISTORY_DAYS: i64 = 365;
/// Most changes of a pool in a chart.
const MOST_POINTS: i64 = 400;

/// How the pools of a clinic stood over the last year, oldest first.
pub type History = BTreeMap<Group, Vec<UsagePoint>>;

/// Licenses of a pool that are paid for and used by nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedLicenses {
    /// Where.
    pub clinic: ClinicId,
    /// By name.
    pub clinic_name: String,
    /// The license group.
    pub group: Group,
    /// Paid for.
    pub total: i64,
    /// Held now.
    pub assigned: i64,
    /// Held by nobody for two weeks.
    pub unused: i64,
    /// What they cost a month.
    pub monthly: Option<Money>,
}

/// All of them, page by page.
#[derive(Clone, Debug)]
pub struct UnusedReport {
    /// What costs most comes first.
    pub items: Vec<UnusedLicenses>,
    /// Where the next page begins.
    pub next: Option<usize>,
    /// How many licenses in all.
    pub licenses: i64,
    /// What they cost a month in all.
    pub monthly: Option<Money>,
}

impl App {
    /// How the pools of a clinic stood over the last year.
    pub async fn license_history(&self, actor: &Actor, clinic: ClinicId) -> Result<History> {
        self.clinic_licenses(actor, clinic).await?;
        let since = self.now() - SignedDuration::from_hours(24 * HISTORY_DAYS);
        let mut h = self.db.read().await?;
        Ok(licenses::usage(&mut h, actor.organization(), clinic, since, MOST_POINTS).await?)
    }

    /// Licenses nobody held for two weeks, within the actor's access: at most `limit`, leaving out the first `skip`.
    pub async fn unused_licenses(&self, actor: &Actor, skip: usize, limit: usize) -> Result<UnusedReport> {
        actor.require_scope(Scope::Licenses)?;
        self.require_licenses(actor).await?;
        let organization = actor.organization();
        let mut h = self.db.read().await?;
        let prices: Prices = licenses::prices(&mut h, organization).await?;
        let standings =
            licenses::standings(&mut h, organization, actor.authority().emr().clinics(), None, self.now()).await?;
        let mut found: Vec<UnusedLicenses> = standings
            .into_iter()
            .map(|s| {
                let unused = unused(s.standing, s.fewest_since);
                UnusedLicenses {
                    clinic: s.pool.clinic,
                    clinic_name: String::new(),
                    group: s.pool.group,
                    total: s.pool.total.unwrap_or(0),
                    assigned: s.pool.assigned,
                    unused,
                    monthly: prices.of(s.pool.group, unused),
                }
            })
            .filter(|u| u.unused > 0)
            .collect();
        let cost = |u: &UnusedLicenses| u.monthly.as_ref().map_or(0, |m| m.amount);
        found.sort_by_key(|u| (std::cmp::Reverse(cost(u)), std::cmp::Reverse(u.unused), u.clinic, u.group));
        let licenses = found.iter().map(|u| u.unused).sum();
        let monthly = prices.sum(found.iter().map(|u| (u.group, u.unused)));
        let next = (found.len() > skip.saturating_add(limit)).then(|| skip + limit);
        let mut items: Vec<UnusedLicenses> = found.into_iter().skip(skip).take(limit).collect();
        let ids: Vec<ClinicId> = items.iter().map(|u| u.clinic).collect();
        let names = organizations::clinics_by_id(&mut h, organization, &ids).await?;
        let names: BTreeMap<ClinicId, String> = names.into_iter().map(|c| (c.id, c.name)).collect();
        for item in &mut items {
            item.clinic_name = names.get(&item.clinic).cloned().unwrap_or_default();
        }
        Ok(UnusedReport { items, next, licenses, monthly })
    }
}
