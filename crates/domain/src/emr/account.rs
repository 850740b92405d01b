//! A person's place in the EMR, and the change a form, JSON call, CSV row or bulk step asks for.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Permission, PermissionSet, UserType, default_permissions, field};
use crate::ids::{ClinicId, PersonId};

/// Whether an account is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// In use; holds a license.
    Active,
    /// Not in use; kept for ever.
    Inactive,
}

impl Status {
    /// True when it is in use.
    pub fn is_active(self) -> bool {
        self == Self::Active
    }

    /// The code of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }

    /// The status a code names.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "active" => Some(Self::Active),
            "inactive" => Some(Self::Inactive),
            _ => None,
        }
    }
}

/// Why an account is inactive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InactiveReason {
    /// A manager made it so.
    Deactivated,
    /// No license was free when it was saved.
    NoLicense,
    /// It has no email address yet.
    NeedsEmail,
    /// Away for a while.
    OnLeave,
}

impl InactiveReason {
    /// As stored and as programs see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deactivated => "deactivated",
            Self::NoLicense => "no_license",
            Self::NeedsEmail => "needs_email",
            Self::OnLeave => "on_leave",
        }
    }

    /// From storage.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Deactivated, Self::NoLicense, Self::NeedsEmail, Self::OnLeave].into_iter().find(|r| r.as_str() == text)
    }
}

/// The professional license an EMR profile shows first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrimaryLicense {
    /// As printed; possibly the placeholder.
    pub number: Option<String>,
    /// Two letters.
    pub state: Option<String>,
    /// Last day it is valid.
    pub expires_on: Option<Date>,
}

/// Who confirmed that an assistant's signature is on file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Attestation {
    /// The manager who confirmed it.
    pub by: Option<PersonId>,
}

/// A person's account in the EMR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmrAccount {
    /// What the person is.
    pub user_type: UserType,
    /// In use or not.
    pub status: Status,
    /// Set exactly when inactive.
    pub inactive_reason: Option<InactiveReason>,
    /// One of `clinics`; its pool gives the license.
    pub default_clinic: ClinicId,
    /// Where the person works; never empty.
    pub clinics: BTreeSet<ClinicId>,
    /// What was granted; never empty.
    pub permissions: PermissionSet,
    /// First professional license.
    pub license: PrimaryLicense,
    /// Present while an assistant may finish notes.
    pub finish_attestation: Option<Attestation>,
}

impl EmrAccount {
    /// An active account in one clinic, with the permissions that come with its type and no professional license.
    pub fn new(user_type: UserType, clinic: ClinicId) -> Self {
        Self {
            user_type,
            status: Status::Active,
            inactive_reason: None,
            default_clinic: clinic,
            clinics: BTreeSet::from([clinic]),
            permissions: default_permissions(user_type),
            license: PrimaryLicense::default(),
            finish_attestation: None,
        }
    }

    /// True when it is in use.
    pub fn is_active(&self) -> bool {
        self.status.is_active()
    }

    /// True when an active account may do everything in the organization.
    pub fn is_acting_company_admin(&self) -> bool {
        self.is_active() && self.permissions.contains(Permission::CompanyAdmin)
    }

    /// The clinics in which an active account is a user manager.
    pub fn managed_clinics(&self) -> BTreeSet<ClinicId> {
        if self.is_active() && self.permissions.contains(Permission::EditUsers) {
            self.clinics.clone()
        } else {
            BTreeSet::new()
        }
    }

    /// The account's part of [`crate::people::Profile::record`].
    pub fn record(&self) -> Map<String, Value> {
        let fields = [
            (field::USER_TYPE, json!(self.user_type)),
            (field::STATUS, json!(self.status)),
            (field::INACTIVE_REASON, json!(self.inactive_reason)),
            (field::DEFAULT_CLINIC_ID, json!(self.default_clinic)),
            (field::CLINIC_IDS, json!(self.clinics)),
            (field::PERMISSIONS, json!(self.permissions)),
            (field::LICENSE_NUMBER, json!(self.license.number)),
            (field::LICENSE_STATE, json!(self.license.state)),
            (field::LICENSE_EXPIRES_ON, json!(self.license.expires_on)),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The fields of an EMR account a change may carry. `None` leaves a field alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmrPatch {
    /// User type; for a saved profile only support may change it.
    pub user_type: Option<String>,
    /// `active` or `inactive`.
    pub status: Option<String>,
    /// Default clinic.
    pub default_clinic: Option<ClinicId>,
    /// All clinics the actor can see; clinics outside the actor's access stay as they are.
    pub clinics: Option<BTreeSet<ClinicId>>,
    /// All permissions, as codes.
    pub permissions: Option<Vec<String>>,
    /// First license number; `Some(None)` clears.
    pub license_number: Option<Option<String>>,
    /// Its state.
    pub license_state: Option<Option<String>>,
    /// Its last valid day, `YYYY-MM-DD`.
    pub license_expires_on: Option<Option<String>>,
    /// The actor confirms that the assistant's signature is on file.
    pub finish_attested: bool,
}
