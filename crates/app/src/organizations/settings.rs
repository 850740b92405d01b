//! The practice's settings.

use muster_domain::audit::{Action, changes};
use muster_domain::emr::Permission;
use muster_domain::organizations::{Organization, OrganizationPatch};
use muster_domain::{Code, OrganizationId, Refusal};
use muster_store::{StoreError, organizations};
use serde_json::{Map, Value};

use crate::work::AuditSubject;
use crate::{Actor, App, AppError, Result, Scope};

fn record(organization: &Organization) -> Map<String, Value> {
    match serde_json::to_value(organization) {
        Ok(Value::Object(mut map)) => {
            map.remove("id");
            map
        }
        _ => Map::new(),
    }
}

impl App {
    /// The actor's organization.
    pub async fn organization(&self, actor: &Actor) -> Result<Organization> {
        let mut h = self.db.read().await?;
        organizations::find(&mut h, actor.organization()).await?.ok_or(AppError::NotFound)
    }

    /// A practice by its identity: one's own, or any for support.
    pub async fn organization_by_id(&self, actor: &Actor, id: OrganizationId) -> Result<Organization> {
        actor.require_scope(Scope::PeopleRead)?;
        if id != actor.organization() && !actor.is_support() {
            return Err(AppError::NotFound);
        }
        let mut h = self.db.read().await?;
        organizations::find(&mut h, id).await?.ok_or(AppError::NotFound)
    }

    /// Practices of the installation, for support: at most `limit` after a name key. One more than a page holds may
    /// be asked for, to learn whether there is another page.
    pub async fn organizations(&self, actor: &Actor, after: &str, limit: i64) -> Result<Vec<Organization>> {
        if !actor.is_support() {
            return Ok(vec![self.organization(actor).await?]);
        }
        let mut h = self.db.read().await?;
        Ok(organizations::list(&mut h, after, limit.clamp(1, 201)).await?)
    }

    /// The practice of that name; for the command line.
    pub async fn organization_named(&self, name: &str) -> Result<Option<Organization>> {
        let mut h = self.db.read().await?;
        Ok(organizations::find_by_name(&mut h, name).await?)
    }

    /// Changes settings; company admins only.
    pub async fn update_organization(
        &self,
        actor: &Actor,
        id: OrganizationId,
        expected: Option<i64>,
        patch: &OrganizationPatch,
    ) -> Result<Organization> {
        actor.require_scope(Scope::PeopleWrite)?;
        if id != actor.organization() {
            return Err(AppError::NotFound);
        }
        self.require(actor, Permission::CompanyAdmin, Action::OrganizationUpdated).await?;
        let mut work = self.work_for(actor, id).await?;
        let before = organizations::find(&mut work.tx, id).await?.ok_or(AppError::NotFound)?;
        if expected.is_some_and(|e| e != before.version) {
            return Err(AppError::Stale { current: before.version });
        }
        let after = patch.apply(&before)?;
        match organizations::update(&mut work.tx, &after).await {
            Err(StoreError::Taken(_)) => {
                return Err(Refusal::new("name", Code::NameTaken).about(&[&after.name]).into());
            }
            other => other?,
        }
        let saved = organizations::find(&mut work.tx, id).await?.ok_or(AppError::NotFound)?;
        work.audit_changed(
            actor,
            Action::OrganizationUpdated,
            AuditSubject::new(id.0, &after.name),
            changes(&record(&before), &record(&after)),
        );
        work.commit().await?;
        Ok(saved)
    }
}
