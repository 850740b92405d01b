//! Who may finish notes where, as it stands this moment.

use super::{EmrAccount, Permission, eligibility};
use crate::licenses::Group;
use crate::organizations::Clinic;
use crate::refusal::Code;

/// Whether the holder of `account` may finish notes at `clinic` now. A withdrawn permission and a switched-off clinic
/// count at once, because nothing here is remembered from when the permission was given.
///
/// # Errors
/// The first reason why not.
pub fn may_finish_notes(account: &EmrAccount, clinic: &Clinic) -> Result<(), Code> {
    if !account.is_active() {
        return Err(Code::AccountInactive);
    }
    if !clinic.is_active() {
        return Err(Code::ClinicClosed);
    }
    if !account.clinics.contains(&clinic.id) {
        return Err(Code::NotAtThisClinic);
    }
    eligibility(account.user_type, Permission::FinishSoapNotes)?;
    if !account.permissions.contains(Permission::FinishSoapNotes) {
        return Err(Code::FinishNotGranted);
    }
    if account.user_type.group() == Group::Assistant {
        if !clinic.lets_assistants_finish() {
            return Err(Code::FinishSwitchedOff);
        }
        if account.finish_attestation.is_none() {
            return Err(Code::AttestationRequired);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::emr::{Status, UserType};
    use crate::fixtures::{ProfileBuilder, clinic_id};
    use crate::organizations::AssistantFinish;

    fn gorham() -> Clinic {
        Clinic::new(clinic_id(1), "Gorham")
    }

    fn account(user_type: UserType) -> EmrAccount {
        let held = [Permission::ViewPatients, Permission::FinishSoapNotes];
        let profile = ProfileBuilder::new(1, user_type).clinics(&[gorham().id]).permissions(&held).build();
        profile.emr.expect("an account")
    }

    #[test]
    fn a_therapist_and_an_attested_assistant_finish_where_they_work() {
        for kind in [UserType::PT, UserType::AT, UserType::PTA, UserType::RTT] {
            assert_eq!(may_finish_notes(&account(kind), &gorham()), Ok(()), "{kind:?}");
        }
    }

    #[test]
    fn a_clinic_switched_off_stops_its_assistants_at_once_but_not_its_therapists() {
        let closed = Clinic { assistants_may_finish: AssistantFinish::Refused, ..gorham() };
        assert_eq!(may_finish_notes(&account(UserType::PTA), &closed), Err(Code::FinishSwitchedOff));
        assert_eq!(may_finish_notes(&account(UserType::PT), &closed), Ok(()));
    }

    #[test]
    fn every_condition_counts_by_itself() {
        let mut gone = account(UserType::PTA);
        gone.status = Status::Inactive;
        let mut elsewhere = account(UserType::PTA);
        elsewhere.clinics.clear();
        let mut withdrawn = account(UserType::PTA);
        withdrawn.permissions = withdrawn.permissions.without(Permission::FinishSoapNotes);
        let mut unattested = account(UserType::PTA);
        unattested.finish_attestation = None;
        let mut promoted = account(UserType::PT);
        promoted.permissions = withdrawn.permissions.with(Permission::CompanyAdmin);
        for (account, code) in [
            (gone, Code::AccountInactive),
            (elsewhere, Code::NotAtThisClinic),
            (withdrawn, Code::FinishNotGranted),
            (unattested, Code::AttestationRequired),
            (account(UserType::SPT), Code::FinishNotForStudent),
            (account(UserType::Billing), Code::SoapNotForClericalOrBilling),
            (promoted, Code::FinishNotGranted),
        ] {
            assert_eq!(may_finish_notes(&account, &gorham()), Err(code));
        }
        let shut = Clinic { status: Status::Inactive, ..gorham() };
        assert_eq!(may_finish_notes(&account(UserType::PT), &shut), Err(Code::ClinicClosed));
    }
}
