//! What a merge writes down, so that it can be undone.

use muster_domain::credentials::ProfessionalLicense;
use muster_domain::emr::{EmrAccount, EmrPatch, InactiveReason, Permission, PrimaryLicense, Status, field};
use muster_domain::people::{Change, Profile};
use muster_domain::people::{Person, PersonPatch};
use muster_domain::sign_in::SignInStatus;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::MergeResult;
use super::hand_over::TransferredAssets;
use crate::{AppError, Result};

/// Both profiles as they were, and what was handed over.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Snapshot {
    kept: Map<String, Value>,
    merged: Map<String, Value>,
    /// The kept profile's first license, with its profession.
    #[serde(default)]
    pub first: Option<ProfessionalLicense>,
    /// Nothing in merges of before these moved.
    #[serde(default)]
    pub handed: TransferredAssets,
}

impl Snapshot {
    pub fn of(done: &MergeResult) -> Self {
        Self {
            kept: done.kept.profile.record(),
            merged: done.merged.profile.record(),
            first: done.kept.licenses.iter().find(|l| l.position == muster_domain::credentials::FIRST_LICENSE).cloned(),
            handed: done.handed.clone(),
        }
    }

    pub fn written(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| AppError::Internal(format!("writing a merge down: {e}")))
    }

    pub fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|e| AppError::Internal(format!("reading what a merge was: {e}")))
    }

    /// The two profiles as they were; what a merge does not touch is as it is now.
    pub fn profiles(&self, kept: &Profile, merged: &Profile) -> Result<(Profile, Profile)> {
        let unreadable = || AppError::Internal("a merge's snapshot cannot be read".to_owned());
        let kept = parsed(&self.kept, kept).ok_or_else(unreadable)?;
        Ok((kept, parsed(&self.merged, merged).ok_or_else(unreadable)?))
    }
}

/// The change that makes a profile exactly this again.
pub(super) fn restoring_change(profile: &Profile) -> Change {
    let person = &profile.person;
    let emr = profile.emr.as_ref().map(|e| EmrPatch {
        user_type: None,
        status: Some(e.status.as_str().to_owned()),
        default_clinic: Some(e.default_clinic),
        clinics: Some(e.clinics.clone()),
        permissions: Some(e.permissions.iter().map(|p| p.as_str().to_owned()).collect()),
        license_number: Some(e.license.number.clone()),
        license_state: Some(e.license.state.clone()),
        license_expires_on: Some(e.license.expires_on.map(|d| d.to_string())),
        // The actor who undoes restores what was confirmed before.
        finish_attested: e.permissions.contains(Permission::FinishSoapNotes),
    });
    let person = PersonPatch {
        first_name: Some(person.first_name.clone()),
        last_name: Some(person.last_name.clone()),
        full_name: Some(person.full_name.clone()),
        previous_names: Some(person.previous_names.clone()),
        email: Some(person.email.clone()),
        phone: Some(person.phone.clone()),
        npi: Some(person.npi.clone()),
        username: Some(person.username.clone()),
    };
    let sign_in_status = (!profile.has_account()).then(|| profile.sign_in.as_str().to_owned());
    Change { person, sign_in_status, emr, ..Change::default() }
}

fn parsed(record: &Map<String, Value>, now: &Profile) -> Option<Profile> {
    let list = |name: &str| -> Vec<String> {
        let items = record.get(name).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|n| n.as_str().map(str::to_owned)).collect()
    };
    let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
    let person = Person {
        first_name: text("first_name")?,
        last_name: text("last_name")?,
        full_name: text("full_name")?,
        previous_names: list("previous_names"),
        email: text("email"),
        phone: text("phone"),
        npi: text("npi"),
        username: text("username")?,
        ..now.person.clone()
    };
    let emr = match &now.emr {
        None => None,
        Some(account) => Some(EmrAccount {
            status: Status::parse(&text(field::STATUS)?)?,
            inactive_reason: text(field::INACTIVE_REASON).as_deref().and_then(InactiveReason::parse),
            default_clinic: text(field::DEFAULT_CLINIC_ID)?.parse().ok()?,
            clinics: list(field::CLINIC_IDS).iter().filter_map(|c| c.parse().ok()).collect(),
            permissions: list(field::PERMISSIONS).iter().filter_map(|p| Permission::parse(p)).collect(),
            license: PrimaryLicense {
                number: text(field::LICENSE_NUMBER),
                state: text(field::LICENSE_STATE),
                expires_on: text(field::LICENSE_EXPIRES_ON).and_then(|d| d.parse().ok()),
            },
            ..account.clone()
        }),
    };
    // Records name the status only where it is not the usual one.
    let sign_in = text("sign_in_status").as_deref().and_then(SignInStatus::parse).unwrap_or_default();
    Some(Profile { person, sign_in, emr, ..now.clone() })
}
