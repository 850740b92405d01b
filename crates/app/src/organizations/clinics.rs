//! Clinics.

use std::collections::HashMap;

use muster_domain::access::ClinicAccess;
use muster_domain::audit::{Action, changes};
use muster_domain::emr::Permission;
use muster_domain::organizations::{Clinic, ClinicFacts, ClinicPatch};
use muster_domain::people::human_name;
use muster_domain::text::unique_key;
use muster_domain::{ClinicId, Code, Refusal};
use muster_store::{StoreError, organizations};
use serde_json::{Map, Value, json};

use crate::work::AuditSubject;
use crate::{Actor, App, AppError, Idempotency, Result, Scope};

/// Characters of a clinic's name.
const LONGEST_NAME: usize = 100;

fn record(clinic: &Clinic) -> Map<String, Value> {
    match serde_json::to_value(clinic) {
        Ok(Value::Object(mut map)) => {
            map.remove("id");
            map
        }
        _ => Map::new(),
    }
}

/// Clinics as asked for.
#[derive(Clone, Debug, Default)]
pub struct ClinicQuery {
    /// Part of the name.
    pub q: String,
    /// Names after this one, as compared.
    pub after: Option<String>,
    /// At most so many; all without it.
    pub limit: Option<usize>,
}

/// Some of the clinics asked for.
#[derive(Clone, Debug)]
pub struct ClinicPage {
    /// By name.
    pub items: Vec<Clinic>,
    /// For [`ClinicQuery::after`]; none on the last page.
    pub next: Option<String>,
    /// How many there are in all.
    pub total: usize,
}

impl App {
    /// A page of the clinics within the actor's access.
    pub async fn clinic_page(&self, actor: &Actor, asked: &ClinicQuery) -> Result<ClinicPage> {
        let wanted = unique_key(&asked.q);
        let mut items = self.clinics(actor).await?;
        items.retain(|c| unique_key(&c.name).contains(&wanted));
        let total = items.len();
        if let Some(after) = &asked.after {
            items.retain(|c| unique_key(&c.name) > *after);
        }
        let limit = asked.limit.unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|c| unique_key(&c.name));
        Ok(ClinicPage { items, next, total })
    }

    /// The clinics within the actor's access, by name.
    pub async fn clinics(&self, actor: &Actor) -> Result<Vec<Clinic>> {
        actor.require_scope(Scope::PeopleRead)?;
        let mut h = self.db.read().await?;
        let all = organizations::clinics(&mut h, actor.organization()).await?;
        Ok(all.into_iter().filter(|c| actor.authority().emr().reaches(c.id)).collect())
    }

    /// The clinics within the actor's access, by name, when they are at most so many.
    pub async fn few_clinics(&self, actor: &Actor, most: usize) -> Result<Option<Vec<Clinic>>> {
        match actor.authority().emr().clinics() {
            ClinicAccess::All => {
                actor.require_scope(Scope::PeopleRead)?;
                Ok(organizations::few_clinics(&mut self.db.read().await?, actor.organization(), most).await?)
            }
            ClinicAccess::Only(some) if some.len() <= most => {
                self.clinics_by_id(actor, &some.iter().copied().collect::<Vec<_>>()).await.map(Some)
            }
            ClinicAccess::Only(_) => Ok(None),
        }
    }

    /// At most `limit` clinics within the actor's access whose name contains `q`, by name.
    pub async fn clinics_like(&self, actor: &Actor, q: &str, limit: i64) -> Result<Vec<Clinic>> {
        actor.require_scope(Scope::PeopleRead)?;
        let mut h = self.db.read().await?;
        let q: String = q.chars().take(LONGEST_NAME).collect();
        let scope = actor.authority().emr().clinics();
        Ok(organizations::clinic_page(&mut h, actor.organization(), scope, &q, None, limit).await?)
    }

    /// What somebody means who typed this: the clinic of exactly that name, else those whose name contains it.
    pub async fn match_clinics(&self, actor: &Actor, typed: &str, limit: i64) -> Result<Vec<Clinic>> {
        actor.require_scope(Scope::PeopleRead)?;
        let mut h = self.db.read().await?;
        let exact = organizations::clinic_by_name(&mut h, actor.organization(), typed).await?;
        drop(h);
        match exact.filter(|c| actor.authority().emr().reaches(c.id)) {
            Some(exact) => Ok(vec![exact]),
            None => self.clinics_like(actor, typed, limit).await,
        }
    }

    /// Those of these clinics that are within the actor's access.
    pub async fn clinics_by_id(&self, actor: &Actor, ids: &[ClinicId]) -> Result<Vec<Clinic>> {
        actor.require_scope(Scope::PeopleRead)?;
        let mut h = self.db.read().await?;
        let found = organizations::clinics_by_id(&mut h, actor.organization(), ids).await?;
        Ok(found.into_iter().filter(|c| actor.authority().emr().reaches(c.id)).collect())
    }

    /// The names of those of these clinics that are within the actor's access.
    pub async fn clinic_names(&self, actor: &Actor, ids: &[ClinicId]) -> Result<HashMap<ClinicId, String>> {
        actor.require_scope(Scope::PeopleRead)?;
        let mut h = self.db.read().await?;
        let found = organizations::clinic_names(&mut h, actor.organization(), ids).await?;
        Ok(found.into_iter().filter(|(id, _)| actor.authority().emr().reaches(*id)).collect())
    }

    /// One clinic within the actor's access.
    pub async fn clinic(&self, actor: &Actor, id: ClinicId) -> Result<Clinic> {
        self.clinics_by_id(actor, &[id]).await?.pop().ok_or(AppError::NotFound)
    }

    /// Adds a clinic; company admins only.
    pub async fn add_clinic(&self, actor: &Actor, name: &str, idempotency: Option<&Idempotency>) -> Result<Clinic> {
        actor.require_scope(Scope::PeopleWrite)?;
        self.require(actor, Permission::CompanyAdmin, Action::ClinicCreated).await?;
        let mut work = self.work_for(actor, actor.organization()).await?;
        if let Some(made) = work.replay(actor, idempotency).await? {
            let again = organizations::clinics_by_id(&mut work.tx, work.organization, &[ClinicId(made)]).await?.pop();
            return again.ok_or(AppError::NotFound);
        }
        let clinic = Clinic::new(ClinicId(self.new_id()), &human_name("name", "The name", name)?);
        match organizations::insert_clinics(&mut work.tx, work.organization, std::slice::from_ref(&clinic), self.now())
            .await
        {
            Err(StoreError::Taken(_)) => {
                return Err(Refusal::new("name", Code::NameTaken).about(&[&clinic.name]).into());
            }
            other => other?,
        }
        work.audit_done(
            actor,
            Action::ClinicCreated,
            AuditSubject::new(clinic.id.0, &clinic.name),
            &json!({"name": clinic.name}),
        );
        work.remember(actor, idempotency, clinic.id.0).await?;
        work.commit().await?;
        Ok(clinic)
    }

    /// Changes a clinic; its clinic admins and company admins.
    pub async fn update_clinic(
        &self,
        actor: &Actor,
        id: ClinicId,
        expected: Option<i64>,
        patch: &ClinicPatch,
    ) -> Result<Clinic> {
        actor.require_scope(Scope::PeopleWrite)?;
        let before = match self.clinic(actor, id).await {
            Ok(clinic) => clinic,
            Err(error) => {
                return Err(self.audit_denial(actor, Action::ClinicUpdated, AuditSubject::none(), error).await);
            }
        };
        self.require(actor, Permission::ClinicAdmin, Action::ClinicUpdated).await?;
        if patch.status.is_some() {
            self.require(actor, Permission::CompanyAdmin, Action::ClinicUpdated).await?;
        }
        let mut work = self.work_for(actor, actor.organization()).await?;
        let all = organizations::clinics(&mut work.tx, work.organization).await?;
        let current = all.iter().find(|c| c.id == id).cloned().ok_or(AppError::NotFound)?;
        if expected.is_some_and(|e| e != current.version) {
            return Err(AppError::Stale { current: current.version });
        }
        let facts = ClinicFacts {
            is_a_default: organizations::is_a_default(&mut work.tx, work.organization, id).await?,
            another_active: all.iter().any(|c| c.id != id && c.is_active()),
        };
        let after = patch.apply(&current, facts)?;
        match organizations::update_clinic(&mut work.tx, work.organization, &after).await {
            Err(StoreError::Taken(_)) => {
                return Err(Refusal::new("name", Code::NameTaken).about(&[&after.name]).into());
            }
            other => other?,
        }
        work.audit_changed(
            actor,
            Action::ClinicUpdated,
            AuditSubject::new(id.0, &before.name),
            changes(&record(&current), &record(&after)),
        );
        let saved = organizations::clinics_by_id(&mut work.tx, work.organization, &[id]).await?.pop();
        work.commit().await?;
        saved.ok_or(AppError::NotFound)
    }
}
