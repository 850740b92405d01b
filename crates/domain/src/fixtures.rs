//! Made-up people, accounts and clinics for the tests of every crate. Compiled for tests only, with the feature `fixtures`.
//! What a test is about, it sets itself; the rest is valid.

use uuid::Uuid;

use crate::emr::{Attestation, EmrAccount, Permission, PermissionSet, PrimaryLicense, UserType};
use crate::ids::{ClinicId, OrganizationId, PersonId};
use crate::licenses::Group;
use crate::organizations::Clinic;
use crate::people::{Person, Profile};

/// The organization of fixtures.
pub const HOME: OrganizationId = OrganizationId(Uuid::from_u128(1));

/// A valid NPI.
pub const NPI: &str = "1234567893";

/// The identity of the `n`-th clinic.
pub const fn clinic_id(n: u128) -> ClinicId {
    ClinicId(Uuid::from_u128(100 + n))
}

/// The `n`-th clinic, by the name “Clinic n”.
pub fn clinic(n: u128) -> Clinic {
    Clinic::new(clinic_id(n), &format!("Clinic {n}"))
}

/// The identity of the `n`-th person.
pub const fn person_id(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(1000 + n))
}

/// The `n`-th person, by this name and without an email.
pub fn person(n: u128, first_name: &str, last_name: &str) -> Person {
    Person {
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        full_name: format!("{first_name} {last_name}"),
        username: format!("mharlow{n}"),
        ..Person::blank(HOME, person_id(n))
    }
}

/// An active account of these clinics that may see patients only; the first clinic is the default.
pub fn emr_account(user_type: UserType, clinics: &[ClinicId]) -> EmrAccount {
    EmrAccount {
        clinics: clinics.iter().copied().collect(),
        permissions: PermissionSet::EMPTY.with(Permission::ViewPatients),
        ..EmrAccount::new(user_type, clinics[0])
    }
}

/// Builds a profile with an EMR account.
#[derive(Clone, Debug)]
pub struct ProfileBuilder {
    person: Person,
    account: EmrAccount,
}

impl ProfileBuilder {
    /// The `n`-th person, “Mara Harlow`n`” with an email, and an account of the first clinic.
    pub fn new(n: u128, user_type: UserType) -> Self {
        let person =
            Person { email: Some(format!("mara{n}@saco.example")), ..person(n, "Mara", &format!("Harlow{n}")) };
        Self { person, account: emr_account(user_type, &[clinic_id(1)]) }
    }

    /// Works in these clinics; the first is the default.
    #[must_use]
    pub fn clinics(mut self, clinics: &[ClinicId]) -> Self {
        self.account.default_clinic = clinics[0];
        self.account.clinics = clinics.iter().copied().collect();
        self
    }

    /// Holds these permissions. An assistant who finishes notes is attested.
    #[must_use]
    pub fn permissions(mut self, permissions: &[Permission]) -> Self {
        self.account.permissions = permissions.iter().copied().collect();
        let attested = self.account.user_type.group() == Group::Assistant
            && self.account.permissions.contains(Permission::FinishSoapNotes);
        self.account.finish_attestation = attested.then_some(Attestation { by: None });
        self
    }

    /// Has this primary license.
    #[must_use]
    pub fn license(mut self, number: &str, state: Option<&str>) -> Self {
        self.account.license =
            PrimaryLicense { number: Some(number.to_owned()), state: state.map(str::to_owned), expires_on: None };
        self
    }

    /// Has what the user type requires: therapists an NPI and a license, assistants a license.
    #[must_use]
    pub fn with_credentials(mut self) -> Self {
        let group = self.account.user_type.group();
        if group == Group::Therapist {
            self.person.npi = Some(NPI.to_owned());
        }
        if matches!(group, Group::Therapist | Group::Assistant) { self.license("PT1234", None) } else { self }
    }

    /// The profile.
    pub fn build(self) -> Profile {
        Profile::new(self.person).with_emr(self.account)
    }
}
