//! Selections and change sets under a name: "front-desk starter".

use muster_domain::ClinicId;
use muster_domain::audit::Action;
use muster_domain::bulk::BulkChange;
use muster_domain::emr::{Permission, Status, UserType};
use muster_domain::people::human_name;
use muster_store::bulk::{self, Preset};
use muster_store::listing::Filter;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::work::AuditSubject;
use crate::{Actor, App, AppError, Result};

/// A filter as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetFilter {
    /// Any part of name, user name, email or NPI.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub q: String,
    /// User type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_type: Option<String>,
    /// Status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Clinic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clinic_id: Option<ClinicId>,
    /// Permission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
}

impl PresetFilter {
    /// Of a filter in use.
    pub fn of(filter: &Filter) -> Self {
        Self {
            q: filter.q.trim().to_owned(),
            user_type: filter.user_type.map(|t| t.as_str().to_owned()),
            status: filter.status.map(|s| s.as_str().to_owned()),
            clinic_id: filter.clinic,
            permission: filter.permission.map(|p| p.as_str().to_owned()),
        }
    }

    /// To use again; what is not known any more is left out.
    pub fn filter(&self) -> Filter {
        Filter {
            q: self.q.clone(),
            user_type: self.user_type.as_deref().and_then(UserType::parse),
            status: self.status.as_deref().and_then(Status::parse),
            clinic: self.clinic_id,
            permission: self.permission.as_deref().and_then(Permission::parse),
            ..Filter::default()
        }
    }
}

/// What is saved under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresetContent {
    /// The people.
    Selection(PresetFilter),
    /// The changes.
    Changes(Vec<BulkChange>),
}

/// Something to keep.
#[derive(Clone, Debug)]
pub struct NewPreset {
    /// Its name; one of the same kind and name is replaced.
    pub name: String,
    /// What it holds.
    pub content: PresetContent,
}

impl PresetContent {
    /// What a stored preset holds; changes of clinics out of reach are left out.
    pub fn of(actor: &Actor, preset: &Preset) -> Option<Self> {
        match preset.kind.as_str() {
            "selection" => serde_json::from_str(&preset.content).ok().map(Self::Selection),
            _ => {
                let changes: Vec<BulkChange> = serde_json::from_str(&preset.content).ok()?;
                let reached = |c: &BulkChange| match c {
                    BulkChange::AddClinic(id) | BulkChange::RemoveClinic(id) => actor.authority().emr().reaches(*id),
                    _ => true,
                };
                Some(Self::Changes(changes.into_iter().filter(reached).collect()))
            }
        }
    }
}

impl App {
    /// What the practice has saved, by name.
    pub async fn bulk_presets(&self, actor: &Actor) -> Result<Vec<Preset>> {
        self.require_bulk(actor).await?;
        let mut h = self.db.read().await?;
        Ok(bulk::presets(&mut h, actor.organization()).await?)
    }

    /// Keeps a selection or change set for the practice.
    pub async fn save_bulk_preset(&self, actor: &Actor, new: &NewPreset) -> Result<Preset> {
        self.require_bulk(actor).await?;
        let name = human_name("name", "The name", &new.name)?;
        let (kind, content) = match &new.content {
            PresetContent::Selection(filter) => ("selection", json!(filter)),
            PresetContent::Changes(changes) => ("changes", json!(changes)),
        };
        let mut preset = Preset {
            preset_id: self.new_id(),
            kind: kind.to_owned(),
            name,
            content: content.to_string(),
            created_by: actor.name().to_owned(),
        };
        let mut work = self.work_for(actor, actor.organization()).await?;
        preset.preset_id = bulk::save_preset(&mut work.tx, work.organization, &preset, self.now()).await?;
        let about = AuditSubject::new(preset.preset_id, &preset.name);
        work.audit_done(actor, Action::BulkPresetSaved, about, &json!({"kind": kind, "content": content}));
        work.commit().await?;
        Ok(preset)
    }

    /// Forgets one.
    pub async fn remove_bulk_preset(&self, actor: &Actor, id: Uuid) -> Result<()> {
        self.require_bulk(actor).await?;
        let mut work = self.work_for(actor, actor.organization()).await?;
        let name = bulk::remove_preset(&mut work.tx, work.organization, id).await?.ok_or(AppError::NotFound)?;
        work.audit_done(actor, Action::BulkPresetRemoved, AuditSubject::new(id, &name), &json!({}));
        work.commit().await
    }
}
