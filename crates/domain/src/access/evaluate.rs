//! "May this subject do this here?" One pure function answers use cases, the navigation and programs alike.

use std::net::IpAddr;

use jiff::Timestamp;

use super::Authority;
use crate::emr::{Permission, may_finish_notes};
use crate::organizations::Clinic;
use crate::refusal::Code;

/// A product of the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    /// The electronic medical record.
    Emr,
    /// Billing.
    Billing,
    /// Patient engagement.
    Reach,
}

/// What the subject wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessAction {
    /// Use an EMR permission.
    Emr(Permission),
    /// Sign in to a product.
    SignIn,
}

/// Where the subject wants to do it.
#[derive(Clone, Copy, Debug)]
pub enum Resource<'a> {
    /// Somewhere in the organization: is there any place at all?
    Organization,
    /// In this clinic.
    Clinic(&'a Clinic),
    /// In this product.
    Product(Product),
}

/// The circumstances. EMR answers do not depend on them; Billing's address rule and access hours will.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// The client's network address.
    pub address: Option<IpAddr>,
    /// The moment asked about.
    pub time: Option<Timestamp>,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Why not; none when it is allowed.
    pub refused: Option<Code>,
}

impl Decision {
    /// True when it is allowed.
    pub fn is_allowed(self) -> bool {
        self.refused.is_none()
    }
}

impl From<Result<(), Code>> for Decision {
    fn from(result: Result<(), Code>) -> Self {
        Self { refused: result.err() }
    }
}

/// Answers for one subject, as its accounts are this moment. Nothing is remembered from when a right was given.
pub fn evaluate(subject: &Authority, action: AccessAction, resource: Resource<'_>, context: Context) -> Decision {
    // No rule of the EMR depends on the circumstances.
    let Context { address: _, time: _ } = context;
    match (action, resource) {
        (AccessAction::Emr(permission), Resource::Organization) => holds(subject, permission),
        (AccessAction::Emr(permission), Resource::Clinic(clinic)) => holds_at(subject, permission, clinic),
        (AccessAction::SignIn, Resource::Organization) if subject.can_sign_in() => Ok(()),
        (AccessAction::SignIn, Resource::Organization) => Err(Code::InactiveCannotSignIn),
        (AccessAction::SignIn, Resource::Product(Product::Emr)) => has_active_emr_account(subject),
        // A product without accounts, or an action that does not fit the resource.
        _ => Err(Code::NotAllowed),
    }
    .into()
}

fn holds(subject: &Authority, permission: Permission) -> Result<(), Code> {
    let emr = subject.emr();
    if emr.permissions().contains(permission) {
        return Ok(());
    }
    match emr.account() {
        Some(account) if !account.is_active() => Err(Code::AccountInactive),
        _ => Err(Code::NotAllowed),
    }
}

fn holds_at(subject: &Authority, permission: Permission, clinic: &Clinic) -> Result<(), Code> {
    if let (Permission::FinishSoapNotes, Some(account)) = (permission, subject.emr().account()) {
        return may_finish_notes(account, clinic);
    }
    holds(subject, permission)?;
    if !subject.emr().reaches(clinic.id) {
        return Err(Code::NotAtThisClinic);
    }
    if clinic.is_active() { Ok(()) } else { Err(Code::ClinicClosed) }
}

fn has_active_emr_account(subject: &Authority) -> Result<(), Code> {
    match subject.emr().account() {
        Some(account) if account.is_active() => Ok(()),
        Some(_) => Err(Code::AccountInactive),
        None => Err(Code::NotAllowed),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::access::ActorKind;
    use crate::emr::{EmrAccount, Status, UserType};
    use crate::ids::{ClinicId, OrganizationId, PersonId};
    use crate::people::Profile;

    fn clinic(n: u128) -> Clinic {
        Clinic::new(ClinicId(Uuid::from_u128(n)), "Saco")
    }

    fn subject(permissions: &[Permission], status: Status) -> Authority {
        let mut account = EmrAccount::new(UserType::PT, clinic(1).id);
        account.permissions = permissions.iter().copied().collect();
        account.status = status;
        let blank = Profile::blank(OrganizationId::INSTALLATION, PersonId(Uuid::nil()));
        Authority::of(&blank.with_emr(account))
    }

    fn ask(subject: &Authority, action: AccessAction, resource: Resource<'_>) -> Option<Code> {
        evaluate(subject, action, resource, Context::default()).refused
    }

    #[test]
    fn a_permission_counts_where_the_subject_works_and_while_the_account_is_active() {
        let view = AccessAction::Emr(Permission::ViewPatients);
        let edit = AccessAction::Emr(Permission::EditPatients);
        let active = subject(&[Permission::ViewPatients], Status::Active);
        assert_eq!(ask(&active, view, Resource::Clinic(&clinic(1))), None);
        assert_eq!(ask(&active, view, Resource::Organization), None);
        assert_eq!(ask(&active, view, Resource::Clinic(&clinic(2))), Some(Code::NotAtThisClinic));
        assert_eq!(ask(&active, edit, Resource::Clinic(&clinic(1))), Some(Code::NotAllowed));
        let closed = Clinic { status: Status::Inactive, ..clinic(1) };
        assert_eq!(ask(&active, view, Resource::Clinic(&closed)), Some(Code::ClinicClosed));
        let inactive = subject(&[Permission::ViewPatients], Status::Inactive);
        assert_eq!(ask(&inactive, view, Resource::Clinic(&clinic(1))), Some(Code::AccountInactive));
        let admin = subject(&[Permission::CompanyAdmin], Status::Active);
        assert_eq!(ask(&admin, edit, Resource::Clinic(&clinic(2))), None);
    }

    #[test]
    fn finishing_notes_takes_more_than_the_permission() {
        let finish = AccessAction::Emr(Permission::FinishSoapNotes);
        let admin = subject(&[Permission::CompanyAdmin], Status::Active);
        assert_eq!(ask(&admin, finish, Resource::Clinic(&clinic(1))), Some(Code::FinishNotGranted));
        let therapist = subject(&[Permission::FinishSoapNotes], Status::Active);
        assert_eq!(ask(&therapist, finish, Resource::Clinic(&clinic(1))), None);
    }

    #[test]
    fn signing_in_takes_an_active_account_of_the_product_asked_about() {
        let emr = Resource::Product(Product::Emr);
        let active = subject(&[Permission::ViewPatients], Status::Active);
        let inactive = subject(&[Permission::ViewPatients], Status::Inactive);
        let nobody = Authority::of(&Profile::blank(OrganizationId::INSTALLATION, PersonId(Uuid::nil())));
        assert_eq!(ask(&active, AccessAction::SignIn, emr), None);
        assert_eq!(ask(&inactive, AccessAction::SignIn, emr), Some(Code::AccountInactive));
        assert_eq!(ask(&nobody, AccessAction::SignIn, emr), Some(Code::NotAllowed));
        assert_eq!(ask(&nobody, AccessAction::SignIn, Resource::Organization), None);
        assert_eq!(ask(&inactive, AccessAction::SignIn, Resource::Organization), Some(Code::InactiveCannotSignIn));
        assert_eq!(ask(&active, AccessAction::SignIn, Resource::Product(Product::Billing)), Some(Code::NotAllowed));
        let operator = Authority::operator(ActorKind::Support, OrganizationId::INSTALLATION);
        assert_eq!(ask(&operator, AccessAction::Emr(Permission::CompanyAdmin), Resource::Organization), None);
    }
}
