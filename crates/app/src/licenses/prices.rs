//! Prices of licenses: set by support, shown to people who may request licenses.

use muster_domain::OrganizationId;
use muster_domain::audit::Action;
use muster_domain::licenses::{Prices, check_prices};
use muster_domain::{Code, Refusal};
use muster_store::{licenses, organizations};
use serde_json::{Value, json};

use crate::work::AuditSubject;
use crate::{Actor, App, AppError, Result, Scope};

fn record(prices: &Prices) -> Value {
    let amounts: serde_json::Map<String, Value> =
        prices.amounts.iter().map(|(group, amount)| (group.as_str().to_owned(), json!(amount))).collect();
    json!({"currency": prices.currency, "amounts": amounts})
}

impl App {
    /// The prices of the actor's practice.
    pub async fn license_prices(&self, actor: &Actor) -> Result<Prices> {
        actor.require_scope(Scope::Licenses)?;
        self.require_licenses(actor).await?;
        let mut h = self.db.read().await?;
        Ok(licenses::prices(&mut h, actor.organization()).await?)
    }

    /// The prices of any practice, for support.
    pub async fn license_prices_of(&self, actor: &Actor, organization: OrganizationId) -> Result<Prices> {
        if !actor.is_support() {
            return Err(AppError::NotFound);
        }
        self.license_prices(&actor.working_for(organization)).await
    }

    /// Sets the prices of a practice, in the place of all earlier ones; support only.
    pub async fn set_license_prices(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        prices: &Prices,
    ) -> Result<Prices> {
        actor.require_scope(Scope::Licenses)?;
        if !actor.is_support() {
            if organization != actor.organization() {
                return Err(AppError::NotFound);
            }
            let error = Refusal::whole(Code::SupportOnlyRequests).into();
            return Err(self.audit_denial(actor, Action::LicensePricesSet, AuditSubject::none(), error).await);
        }
        check_prices(prices)?;
        let acting = actor.working_for(organization);
        let mut work = self.work_for(actor, organization).await?;
        let found = organizations::find(&mut work.tx, organization).await?.ok_or(AppError::NotFound)?;
        let before = licenses::prices(&mut work.tx, organization).await?;
        if before != *prices {
            licenses::set_prices(&mut work.tx, organization, prices).await?;
            let detail = json!({"prices": {"before": record(&before), "after": record(prices)}});
            work.audit_done(&acting, Action::LicensePricesSet, AuditSubject::new(organization.0, &found.name), &detail);
            work.commit().await?;
        }
        Ok(prices.clone())
    }
}
