//! How many people match type, status and permission: kept with every save, so that a total is read and not counted.

use std::collections::BTreeMap;

use muster_domain::OrganizationId;
use muster_domain::emr::Permission;
use serde::Deserialize;

use super::Filter;
use crate::sql::query::Query;
use crate::sql::rows::rows;
use crate::{Handle, Result, Tx};

/// In place of a permission: everybody, whatever they hold.
const EVERYBODY: i64 = 0;

#[derive(Debug, Deserialize, sqlx::FromRow)]
struct Count {
    permission: i64,
    user_type: String,
    status: String,
    people: i64,
}

/// The counts of an organization.
#[derive(Debug)]
pub(super) struct Counts(Vec<Count>);

impl Counts {
    /// As far as a filter needs them.
    pub async fn load(h: &mut impl Handle, organization: OrganizationId, filter: &Filter) -> Result<Self> {
        let text = "SELECT permission, user_type, status, people FROM listing_counts
            WHERE organization_id = $1 AND permission IN (0, $2)";
        let held = filter.permission.map_or(EVERYBODY, Permission::bit);
        let columns = "permission int, user_type text, status text, people int";
        Query::about(text, organization.0).with(held).fetch_json_rows(h, columns).await.map(Self)
    }

    /// How many match type, status and permission of this filter.
    pub fn matching(&self, filter: &Filter) -> i64 {
        let held = filter.permission.map_or(EVERYBODY, Permission::bit);
        let matches = |c: &&Count| {
            c.permission == held
                && filter.user_type.is_none_or(|t| t.as_str() == c.user_type)
                && filter.status.is_none_or(|s| s.as_str() == c.status)
        };
        self.0.iter().filter(matches).map(|c| c.people).sum()
    }

    /// How many people there are.
    pub fn people(&self) -> i64 {
        self.matching(&Filter::default())
    }
}

/// What a save adds to the counts and takes from them, by permission, type and status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CountChanges(BTreeMap<(i64, String, String), i64>);

impl CountChanges {
    /// What it would be to take away the rows of these people (a list for an `{ids}` marker) as they are stored.
    pub async fn removing(tx: &mut Tx, organization: OrganizationId, ids: String) -> Result<Self> {
        let text = "SELECT d.user_type, d.status, d.permissions, count(*) FROM listing d
            WHERE d.organization_id = $1 AND d.person_id IN {ids $2} GROUP BY d.user_type, d.status, d.permissions";
        let stored: Vec<(String, String, i64, i64)> =
            Query::about(text, organization.0).with(ids).fetch_all(tx).await?;
        let mut changes = Self::default();
        for (user_type, status, permissions, people) in stored {
            changes.add(&user_type, &status, permissions, -people);
        }
        Ok(changes)
    }

    /// So many more people of this type and status, who hold these permissions.
    pub fn add(&mut self, user_type: &str, status: &str, permissions: i64, people: i64) {
        let held = Permission::ALL.iter().map(|p| p.bit()).filter(|bit| permissions & bit != 0);
        for permission in std::iter::once(EVERYBODY).chain(held) {
            *self.0.entry((permission, user_type.to_owned(), status.to_owned())).or_default() += people;
        }
    }

    /// These and others.
    pub fn join(&mut self, others: Self) {
        for (key, people) in others.0 {
            *self.0.entry(key).or_default() += people;
        }
    }

    /// Makes them.
    pub async fn save(self, tx: &mut Tx, organization: OrganizationId) -> Result<()> {
        let changed = self.0.into_iter().filter(|(_, people)| *people != 0);
        let changed = changed.map(|((permission, user_type, status), people)| {
            [
                ("permission", permission.into()),
                ("user_type", user_type.into()),
                ("status", status.into()),
                ("people", people.into()),
            ]
        });
        let Some(rows) = rows(tx.split().engine(), changed) else { return Ok(()) };
        let text = "INSERT INTO listing_counts (organization_id, permission, user_type, status, people)
            SELECT $1, r.permission, r.user_type, r.status, r.people
            FROM {rows $2: permission int, user_type text, status text, people int} r WHERE true
            ON CONFLICT (organization_id, permission, user_type, status)
                DO UPDATE SET people = listing_counts.people + excluded.people";
        Query::about(text, organization.0).with(rows).execute(tx).await.map(drop)
    }

    /// True when these are the counts that are stored of an organization.
    pub async fn are_stored(&self, h: &mut impl Handle, organization: OrganizationId) -> Result<bool> {
        let text = "SELECT permission, user_type, status, people FROM listing_counts
            WHERE organization_id = $1 AND people <> 0";
        let stored: Vec<Count> = Query::about(text, organization.0).fetch_all(h).await?;
        let stored = stored.into_iter().map(|c| ((c.permission, c.user_type, c.status), c.people));
        Ok(Self(stored.collect()) == *self)
    }
}
