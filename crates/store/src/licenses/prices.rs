//! What a license costs, a group and practice.

use muster_domain::OrganizationId;
use muster_domain::licenses::Prices;

use super::group;
use crate::sql::query::Query;
use crate::sql::rows::rows;
use crate::{Handle, Result, Tx};

/// The prices of a practice; without any the currency is empty.
pub async fn prices(h: &mut impl Handle, organization: OrganizationId) -> Result<Prices> {
    let text = "SELECT pool_group, amount, currency FROM license_prices WHERE organization_id = $1";
    let rows: Vec<(String, i64, String)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(organization.0).fetch_all(c).await?);
    let mut found = Prices::default();
    for (pool, amount, currency) in rows {
        found.amounts.insert(group(&pool)?, amount);
        found.currency = currency;
    }
    Ok(found)
}

/// Puts these prices in the place of all earlier ones.
pub async fn set_prices(tx: &mut Tx, organization: OrganizationId, prices: &Prices) -> Result<()> {
    let text = "DELETE FROM license_prices WHERE organization_id = $1";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(organization.0).execute(c).await?;
    });
    let each =
        prices.amounts.iter().map(|(group, amount)| [("pool", group.as_str().into()), ("amount", (*amount).into())]);
    let Some(rows) = rows(tx.split().engine(), each) else { return Ok(()) };
    let text = "INSERT INTO license_prices (organization_id, pool_group, amount, currency)
        SELECT $1, r.pool, r.amount, $3 FROM {rows $2: pool text, amount int} r";
    Query::about(text, organization.0).with(rows).with(prices.currency.as_str()).execute(tx).await.map(drop)
}
