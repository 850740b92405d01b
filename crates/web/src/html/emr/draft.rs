//! What the profile form holds: read from a stored profile or from what was typed, and turned into a change.

use std::collections::BTreeSet;

use muster_app::people::{Decision, NewProfile, PersonView};
use muster_domain::ClinicId;
use muster_domain::access::Authority;
use muster_domain::emr::{self, EmrPatch, Permission, UserType};
use muster_domain::people::PersonPatch;
use muster_domain::people::{Change, NewPassword};

use crate::form::FormData;

/// The form's values, as text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub user_type: String,
    pub status: String,
    pub first_name: String,
    pub last_name: String,
    pub full_name: String,
    pub previous_names: String,
    pub email: String,
    pub phone: String,
    pub username: String,
    pub npi: String,
    pub license_number: String,
    pub license_state: String,
    pub license_expires_on: String,
    pub clinics: BTreeSet<ClinicId>,
    pub default_clinic: Option<ClinicId>,
    pub permissions: BTreeSet<String>,
    pub finish_attested: bool,
    /// `invite` or `type`, on a new profile.
    pub access: String,
    pub password: String,
    pub password_confirmation: String,
    pub version: Option<i64>,
    /// Number of the last audit record about the person when the form was opened.
    pub seen: i64,
}

impl Draft {
    /// A new profile: the default type with what it comes ticked with.
    pub fn blank(actor: &Authority, clinics: &[ClinicId]) -> Self {
        let mut draft = Self {
            user_type: UserType::DEFAULT.as_str().to_owned(),
            status: "active".to_owned(),
            access: "invite".to_owned(),
            ..Self::default()
        };
        if let [only] = clinics {
            draft.clinics.insert(*only);
            draft.default_clinic = Some(*only);
        }
        draft.tick_defaults(actor);
        draft
    }

    /// What a stored profile holds.
    pub fn of(view: &PersonView, seen: i64) -> Self {
        let person = &view.profile().person;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let mut draft = Self {
            first_name: person.first_name.clone(),
            last_name: person.last_name.clone(),
            full_name: person.full_name.clone(),
            previous_names: person.previous_names.join("\n"),
            email: text(&person.email),
            phone: text(&person.phone),
            username: person.username.clone(),
            npi: text(&person.npi),
            version: Some(view.stored.version),
            seen,
            ..Self::default()
        };
        if let Some(emr) = &view.profile().emr {
            emr.user_type.as_str().clone_into(&mut draft.user_type);
            emr.status.as_str().clone_into(&mut draft.status);
            draft.license_number = text(&emr.license.number);
            draft.license_state = text(&emr.license.state);
            draft.license_expires_on = emr.license.expires_on.map(|d| d.to_string()).unwrap_or_default();
            draft.clinics.clone_from(&view.clinics);
            draft.default_clinic = view.default_clinic();
            draft.permissions = emr.permissions.iter().map(|p| p.as_str().to_owned()).collect();
            draft.finish_attested = emr.finish_attestation.is_some();
        }
        draft
    }

    /// What was typed.
    pub fn typed(form: &FormData) -> Self {
        let text = |name: &str| form.one(name).to_owned();
        Self {
            user_type: text("user_type"),
            status: text("status"),
            first_name: text("first_name"),
            last_name: text("last_name"),
            full_name: text("full_name"),
            previous_names: text("previous_names"),
            email: text("email"),
            phone: text("phone"),
            username: text("username"),
            npi: text("npi"),
            license_number: text("license_number"),
            license_state: text("license_state"),
            license_expires_on: text("license_expires_on"),
            clinics: form.all("clinic_ids").filter_map(|c| c.parse().ok()).collect(),
            default_clinic: form.filled("default_clinic_id").and_then(|c| c.parse().ok()),
            permissions: form.all("permissions").map(str::to_owned).collect(),
            finish_attested: form.has("finish_attested"),
            access: text("access"),
            password: text("password"),
            password_confirmation: text("password_confirmation"),
            version: form.filled("version").and_then(|v| v.parse().ok()),
            seen: form.filled("seen").and_then(|v| v.parse().ok()).unwrap_or(0),
        }
    }

    /// The type, where it is one.
    pub fn kind(&self) -> UserType {
        UserType::parse(&self.user_type).unwrap_or(UserType::DEFAULT)
    }

    /// Ticks what the chosen type comes with, as far as the actor may give it.
    pub fn tick_defaults(&mut self, actor: &Authority) {
        self.permissions = emr::offers(actor, self.kind())
            .into_iter()
            .filter(|o| o.by_default)
            .map(|o| o.permission.as_str().to_owned())
            .collect();
    }

    /// True when a permission is ticked.
    pub fn ticks(&self, permission: Permission) -> bool {
        self.permissions.contains(permission.as_str())
    }

    fn person(&self) -> PersonPatch {
        let named = |text: &str| Some(text.to_owned());
        let cleared = |text: &str| Some(Some(text.to_owned()).filter(|t| !t.trim().is_empty()));
        PersonPatch {
            first_name: named(&self.first_name),
            last_name: named(&self.last_name),
            full_name: named(&self.full_name),
            previous_names: Some(self.previous_names.lines().map(str::to_owned).collect()),
            email: cleared(&self.email),
            phone: cleared(&self.phone),
            npi: cleared(&self.npi),
            username: named(&self.username),
        }
    }

    fn emr(&self) -> EmrPatch {
        let cleared = |text: &str| Some(Some(text.to_owned()).filter(|t| !t.trim().is_empty()));
        EmrPatch {
            user_type: Some(self.user_type.clone()),
            status: Some(self.status.clone()),
            default_clinic: self.default_clinic,
            clinics: Some(self.clinics.clone()),
            permissions: Some(self.permissions.iter().cloned().collect()),
            license_number: cleared(&self.license_number),
            license_state: cleared(&self.license_state),
            license_expires_on: cleared(&self.license_expires_on),
            finish_attested: self.finish_attested,
        }
    }

    fn password(&self) -> NewPassword {
        NewPassword { password: self.password.clone(), confirmation: Some(self.password_confirmation.clone()) }
    }

    /// The profile to add.
    pub fn new_profile(&self) -> NewProfile {
        let typed = self.access == "type";
        let mut person = self.person();
        person.previous_names = None;
        NewProfile {
            person,
            emr: Some(self.emr()),
            password: typed.then(|| self.password()),
            invite: Some(!typed),
            duplicates: Decision::Ask,
            ..NewProfile::default()
        }
    }

    /// The change to a stored profile. A grayed-out box sends nothing: what is held there stays.
    pub fn change(&self, actor: &Authority, view: &PersonView) -> Change {
        let mut emr = self.emr();
        let stored = view.profile().emr.as_ref();
        if let (Some(account), Some(wanted)) = (stored, &mut emr.permissions) {
            let grayed = emr::offers(actor, account.user_type).into_iter().filter(|o| o.refused.is_some());
            for offer in grayed.filter(|o| account.permissions.contains(o.permission)) {
                wanted.push(offer.permission.as_str().to_owned());
            }
        }
        // The type of a saved profile is changed on a page of its own.
        emr.user_type = None;
        Change {
            person: self.person(),
            emr: stored.is_some().then_some(emr),
            password: (!self.password.is_empty() || !self.password_confirmation.is_empty()).then(|| self.password()),
            ..Change::default()
        }
    }
}
