//! What is asked for, what the judge has to know, and what comes of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::Authority;
use crate::emr::{EmrPatch, Profile};
use crate::ids::ClinicId;
use crate::licenses::{Availability, Group};
use crate::organizations::Clinic;
use crate::people::{NameOwner, PersonPatch};
use crate::sign_in::PasswordPolicy;

/// A password typed for someone.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword {
    /// The password.
    pub password: String,
    /// The same again, where the form asks for it.
    pub confirmation: Option<String>,
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

/// What is asked for: to create a profile (nothing stored yet) or to change one.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Of the person.
    pub person: PersonPatch,
    /// Of the EMR account.
    pub emr: Option<EmrPatch>,
    /// A password typed by a manager; its owner has to change it at the first sign-in.
    pub password: Option<NewPassword>,
}

/// What the judge has to know of the rest of the world.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Every clinic of the organization.
    pub clinics: BTreeMap<ClinicId, Clinic>,
    /// Someone else who holds the wanted user name.
    pub username_owner: Option<NameOwner>,
    /// Someone else who holds the wanted email.
    pub email_owner: Option<NameOwner>,
    /// Someone else in the organization who holds the wanted (real) NPI.
    pub npi_owner: Option<NameOwner>,
    /// Free licenses, by pool; a missing pool is unlimited.
    pub seats: BTreeMap<(ClinicId, Group), Availability>,
    /// Another active company admin exists.
    pub other_company_admin: bool,
    /// Clinics with another active user manager.
    pub clinics_managed_by_others: BTreeSet<ClinicId>,
    /// The organization's password rules.
    pub password_policy: PasswordPolicy,
    /// The person has a signature on file.
    pub signature_on_file: bool,
}

impl Facts {
    pub(super) fn clinic_name(&self, actor: &Authority, clinic: ClinicId) -> String {
        match self.clinics.get(&clinic) {
            Some(found) if actor.reaches(clinic) => found.name.clone(),
            _ => "that clinic".to_owned(),
        }
    }

    pub(super) fn seat_free(&self, clinic: ClinicId, group: Group) -> bool {
        self.seats.get(&(clinic, group)).is_none_or(|a| a.has_free())
    }
}

/// Something the person who saved should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Saved inactive, because no license of this group was free at this clinic.
    SavedInactiveNoLicense(Group, String),
    /// Made inactive: the license stays with the practice, and on the bill, until it is released.
    LicenseStays(Group, String),
}

impl Notice {
    /// The sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::SavedInactiveNoLicense(group, clinic) => format!(
                "Saved as inactive: no {} license is free at {clinic}. Ask support for one more, then make this person active.",
                group.as_str()
            ),
            Self::LicenseStays(group, clinic) => format!(
                "The {} license stays with {clinic}, and on the bill, until it is released. Making someone inactive does not release it.",
                group.as_str()
            ),
        }
    }
}

/// A seat given back and a seat taken; store moves them in the same transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeatMove {
    /// Given back.
    pub from: Option<(ClinicId, Group)>,
    /// Taken.
    pub to: Option<(ClinicId, Group)>,
}

/// What will be saved.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The profile afterward.
    pub profile: Profile,
    /// The seats that move.
    pub seats: SeatMove,
    /// What to tell.
    pub notices: Vec<Notice>,
    /// Sessions, links and tokens of the person end.
    pub ends_access: bool,
}
