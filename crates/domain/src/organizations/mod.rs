//! The practice group, its settings and its clinics.

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::emr::Status;
use crate::ids::{ClinicId, OrganizationId};
use crate::people::human_name;
use crate::refusal::{Code, Refusal, Refusals};
use crate::sign_in::{PasswordPolicy, Preset};

/// A practice group and what its admins may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Organization {
    /// Identity.
    pub id: OrganizationId,
    /// Shown name, unique in the installation.
    pub name: String,
    /// IANA name; dates on pages are shown in it.
    pub time_zone: String,
    /// Which password rules hold.
    pub password_preset: Preset,
    /// After how many days a password has to be changed; none = never.
    pub password_expiry_days: Option<i64>,
    /// After how many minutes without activity a session locks.
    pub idle_minutes: i64,
    /// Row version.
    #[serde(skip)]
    pub version: i64,
}

impl Organization {
    /// What a new practice starts with.
    pub fn new(id: OrganizationId, name: &str, time_zone: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            time_zone: time_zone.to_owned(),
            password_preset: Preset::Seed,
            password_expiry_days: None,
            idle_minutes: 15,
            version: 1,
        }
    }

    /// The rules passwords are judged by.
    pub fn password_policy(&self) -> PasswordPolicy {
        PasswordPolicy { preset: self.password_preset, expiry_days: self.password_expiry_days }
    }

    /// The zone dates are shown in.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }
}

/// The settings a change may carry.
#[derive(Clone, Debug, Default)]
pub struct OrganizationPatch {
    /// New name.
    pub name: Option<String>,
    /// New time zone.
    pub time_zone: Option<String>,
    /// `seed` or `nist-800-63b`.
    pub password_preset: Option<String>,
    /// `never`, or 30, 60 or 90.
    pub password_expiry_days: Option<Option<i64>>,
    /// 1 to 240.
    pub idle_minutes: Option<i64>,
}

impl OrganizationPatch {
    /// The organization after this change, or everything wrong with it.
    pub fn apply(&self, before: &Organization) -> Result<Organization, Refusals> {
        let mut refusals = Refusals::default();
        let mut after = before.clone();
        if let Some(name) = &self.name {
            after.name = refusals.take(human_name("name", "The name", name)).unwrap_or_default();
        }
        if let Some(zone) = &self.time_zone {
            if TimeZone::get(zone.trim()).is_ok() && !zone.trim().is_empty() {
                zone.trim().clone_into(&mut after.time_zone);
            } else {
                refusals.push(Refusal::new("time_zone", Code::TimeZoneUnknown).about(&[format!("“{zone}”")]));
            }
        }
        if let Some(preset) = &self.password_preset {
            match Preset::parse(preset) {
                Some(preset) => after.password_preset = preset,
                None => {
                    refusals.push(Refusal::new("password_preset", Code::NotUnderstood).about(&[format!("“{preset}”")]));
                }
            }
        }
        if let Some(days) = self.password_expiry_days {
            if days.is_none_or(|d| [30, 60, 90].contains(&d)) {
                after.password_expiry_days = days;
            } else {
                let allowed = "Passwords expire after 30, 60 or 90 days, or never";
                refusals.push(Refusal::new("password_expiry_days", Code::NumberOutOfRange).about(&[allowed]));
            }
        }
        if let Some(minutes) = self.idle_minutes {
            if (1..=240).contains(&minutes) {
                after.idle_minutes = minutes;
            } else {
                let allowed = "The idle time-out is between 1 and 240 minutes";
                refusals.push(Refusal::new("idle_minutes", Code::NumberOutOfRange).about(&[allowed]));
            }
        }
        refusals.into_result().map(|()| after)
    }
}

/// Whether assistants of a clinic may finish notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AssistantFinish {
    /// Those with the permission may.
    Allowed,
    /// None may, whatever their permission.
    Refused,
}

/// An EMR location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clinic {
    /// Identity.
    pub id: ClinicId,
    /// Shown name, unique in the organization.
    pub name: String,
    /// Street and number.
    pub address: String,
    /// City or town.
    pub city: String,
    /// Two letters.
    pub state: String,
    /// Five or nine digits.
    pub zip: String,
    /// In use or not.
    pub status: Status,
    /// The switch "assistants may finish notes".
    pub assistants_may_finish: AssistantFinish,
    /// Row version.
    #[serde(skip)]
    pub version: i64,
}

impl Clinic {
    /// What a new clinic starts with.
    pub fn new(id: ClinicId, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            address: String::new(),
            city: String::new(),
            state: String::new(),
            zip: String::new(),
            status: Status::Active,
            assistants_may_finish: AssistantFinish::Allowed,
            version: 1,
        }
    }

    /// True when people can be added to it.
    pub fn is_active(&self) -> bool {
        self.status.is_active()
    }

    /// True when its assistants may finish notes.
    pub fn lets_assistants_finish(&self) -> bool {
        self.is_active() && self.assistants_may_finish == AssistantFinish::Allowed
    }
}

/// The fields of a clinic a change may carry.
#[derive(Clone, Debug, Default)]
pub struct ClinicPatch {
    /// New name.
    pub name: Option<String>,
    /// `active` or `inactive`.
    pub status: Option<String>,
    /// The switch.
    pub assistants_may_finish: Option<bool>,
}

/// What the rest of the practice says about a clinic that should change.
#[derive(Clone, Copy, Debug)]
pub struct ClinicFacts {
    /// Someone's default clinic.
    pub is_a_default: bool,
    /// Another clinic is active.
    pub another_active: bool,
}

impl ClinicPatch {
    /// The clinic after this change, or everything wrong with it.
    pub fn apply(&self, before: &Clinic, facts: ClinicFacts) -> Result<Clinic, Refusals> {
        let mut refusals = Refusals::default();
        let mut after = before.clone();
        if let Some(name) = &self.name {
            after.name = refusals.take(human_name("name", "The name", name)).unwrap_or_default();
        }
        if let Some(status) = &self.status {
            match Status::parse(status) {
                Some(status) => after.status = status,
                None => refusals.push(Refusal::new("status", Code::NotUnderstood).about(&[format!("“{status}”")])),
            }
            if after.status == Status::Inactive && before.is_active() {
                if facts.is_a_default {
                    refusals.push(Refusal::new("status", Code::ClinicIsADefault).about(&[&before.name]));
                }
                if !facts.another_active {
                    refusals.push(Refusal::new("status", Code::LastClinic));
                }
            }
        }
        if let Some(may) = self.assistants_may_finish {
            after.assistants_may_finish = if may { AssistantFinish::Allowed } else { AssistantFinish::Refused };
        }
        refusals.into_result().map(|()| after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clinic_that_is_a_default_stays_active() {
        let clinic = Clinic::new(ClinicId(uuid::Uuid::nil()), "Saco");
        let close = ClinicPatch { status: Some("inactive".into()), ..Default::default() };
        let refused = close.apply(&clinic, ClinicFacts { is_a_default: true, another_active: false }).unwrap_err();
        assert!(refused.has(Code::ClinicIsADefault) && refused.has(Code::LastClinic));
        assert!(close.apply(&clinic, ClinicFacts { is_a_default: false, another_active: true }).is_ok());
    }

    #[test]
    fn settings_outside_their_range_are_all_named() {
        let before = Organization::new(OrganizationId::INSTALLATION, "Saco Rehab", "America/New_York");
        let patch = OrganizationPatch {
            name: Some(String::new()),
            time_zone: Some("Mars/Olympus".into()),
            password_preset: Some("lax".into()),
            password_expiry_days: Some(Some(31)),
            idle_minutes: Some(0),
        };
        assert_eq!(patch.apply(&before).unwrap_err().0.len(), 5);
    }
}
