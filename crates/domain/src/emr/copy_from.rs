//! Copying access from colleagues: adds what is missing, takes nothing away, and says what it leaves out.

use std::collections::{BTreeMap, BTreeSet};

use super::{EmrPatch, Permission, PermissionSet, eligibility, grantable};
use crate::access::Authority;
use crate::ids::ClinicId;
use crate::organizations::Clinic;
use crate::people::Profile;
use crate::refusal::{Code, Refusal};

/// What a skipped entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkippedKind {
    /// A permission.
    Permission(Permission),
    /// A clinic the actor reaches.
    Clinic(ClinicId),
    /// Clinics the actor does not reach: never which.
    HiddenClinics,
}

/// Something a source has and the target does not get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedCopy {
    /// What.
    pub what: SkippedKind,
    /// Why.
    pub code: Code,
    /// Why, in words.
    pub message: String,
}

/// What copying would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyPlan {
    /// Permissions that are added.
    pub permissions: PermissionSet,
    /// Clinics that are added.
    pub clinics: BTreeSet<ClinicId>,
    /// What is left out, permissions first.
    pub skipped: Vec<SkippedCopy>,
}

/// Works out what copying from `sources` would add to `target` when `actor` does it. `clinics` holds at least the
/// clinics of the sources. A target without an EMR account gets nothing.
pub fn copy_from(
    actor: &Authority,
    target: &Profile,
    sources: &[&Profile],
    clinics: &BTreeMap<ClinicId, Clinic>,
) -> CopyPlan {
    let mut plan = CopyPlan::default();
    let Some(account) = &target.emr else { return plan };
    let accounts = || sources.iter().filter_map(|s| s.emr.as_ref());

    let offered = accounts().fold(PermissionSet::EMPTY, |all, a| all.with_all(a.permissions));
    for permission in offered.minus(account.permissions).iter() {
        let judged = if permission.is_soap() {
            Err(Code::SoapNeverCopied)
        } else {
            eligibility(account.user_type, permission).and_then(|()| grantable(actor, permission))
        };
        match judged {
            Ok(()) => plan.permissions = plan.permissions.with(permission),
            Err(code) => plan.skip(SkippedKind::Permission(permission), code, permission.label()),
        }
    }
    let report = Permission::BillingReportAdmin;
    let analytics = account.permissions.with_all(plan.permissions).contains(Permission::AnalyticsAccess);
    if plan.permissions.contains(report) && !analytics {
        plan.permissions = plan.permissions.without(report);
        plan.skip(SkippedKind::Permission(report), Code::NeedsAnalyticsAccess, report.label());
    }

    let wanted: BTreeSet<ClinicId> = accounts().flat_map(|a| &a.clinics).copied().collect();
    let mut hidden = false;
    for clinic in wanted.difference(&account.clinics) {
        match clinics.get(clinic).filter(|_| actor.emr().reaches(*clinic)) {
            Some(found) if found.is_active() => {
                plan.clinics.insert(*clinic);
            }
            Some(found) => plan.skip(SkippedKind::Clinic(*clinic), Code::ClinicInactive, &found.name),
            None => hidden = true,
        }
    }
    if hidden {
        plan.skip(SkippedKind::HiddenClinics, Code::ClinicOutsideYourAccess, "some of their clinics");
    }
    plan
}

impl CopyPlan {
    fn skip(&mut self, what: SkippedKind, code: Code, name: &str) {
        let message = Refusal::whole(code).about(&[name]).message;
        self.skipped.push(SkippedCopy { what, code, message });
    }

    /// True when nothing would be added.
    pub fn is_empty(&self) -> bool {
        self.permissions.is_empty() && self.clinics.is_empty()
    }

    /// The change that makes it so; it goes through the same judge as every other.
    pub fn as_patch(&self, target: &Profile) -> Option<EmrPatch> {
        let account = target.emr.as_ref()?;
        let permissions = account.permissions.with_all(self.permissions);
        Some(EmrPatch {
            clinics: Some(account.clinics.union(&self.clinics).copied().collect()),
            permissions: Some(permissions.iter().map(|p| p.as_str().to_owned()).collect()),
            ..EmrPatch::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emr::{Status, UserType};
    use crate::fixtures::{self, ProfileBuilder, clinic_id as clinic};

    fn profile(n: u128, user_type: UserType, permissions: &[Permission], clinics: &[u128]) -> Profile {
        let clinics: Vec<ClinicId> = clinics.iter().copied().map(clinic).collect();
        ProfileBuilder::new(n, user_type).clinics(&clinics).permissions(permissions).build()
    }

    fn clinics() -> BTreeMap<ClinicId, Clinic> {
        let mut all: BTreeMap<ClinicId, Clinic> = (1..=4).map(|n| (clinic(n), fixtures::clinic(n))).collect();
        all.get_mut(&clinic(3)).unwrap().status = Status::Inactive;
        all
    }

    fn planned(actor: &Profile, target: &Profile, sources: &[&Profile]) -> CopyPlan {
        copy_from(&Authority::of(actor), target, sources, &clinics())
    }

    fn codes(plan: &CopyPlan) -> Vec<(SkippedKind, Code)> {
        plan.skipped.iter().map(|s| (s.what, s.code)).collect()
    }

    use Permission as P;

    fn manager() -> Profile {
        profile(1, UserType::PT, &[P::ViewPatients, P::EditPatients, P::EditUsers, P::StartSoapNotes], &[1, 2, 3])
    }

    #[test]
    fn it_adds_what_is_missing_from_several_people_and_takes_nothing_away() {
        let target = profile(2, UserType::PT, &[P::ViewPatients, P::FinishSoapNotes], &[1]);
        let a = profile(3, UserType::PT, &[P::EditPatients], &[1]);
        let b = profile(4, UserType::Clerical, &[P::ViewPatients, P::ViewUsers], &[2]);
        let plan = planned(&manager(), &target, &[&a, &b]);
        assert_eq!(plan.permissions.iter().collect::<Vec<_>>(), [P::EditPatients, P::ViewUsers]);
        assert_eq!(plan.clinics, BTreeSet::from([clinic(2)]));
        assert_eq!(plan.skipped, []);
        let patch = plan.as_patch(&target).unwrap();
        assert_eq!(patch.permissions.unwrap(), ["view_patients", "edit_patients", "view_users", "finish_soap_notes"]);
        assert_eq!(patch.clinics.unwrap(), BTreeSet::from([clinic(1), clinic(2)]));
    }

    #[test]
    fn it_says_what_it_leaves_out_and_why() {
        let target = profile(2, UserType::SPT, &[P::ViewPatients], &[1]);
        let source = profile(
            3,
            UserType::PT,
            &[P::EditPatients, P::StartSoapNotes, P::ClinicAdmin, P::AnalyticsAccess],
            &[2, 3, 4],
        );
        let plan = planned(&manager(), &target, &[&source]);
        assert_eq!(plan.permissions.iter().collect::<Vec<_>>(), [P::EditPatients]);
        assert_eq!(plan.clinics, BTreeSet::from([clinic(2)]));
        assert_eq!(
            codes(&plan),
            [
                (SkippedKind::Permission(P::StartSoapNotes), Code::SoapNeverCopied),
                (SkippedKind::Permission(P::ClinicAdmin), Code::PermissionNotForType),
                (SkippedKind::Permission(P::AnalyticsAccess), Code::PermissionNotHeldByYou),
                (SkippedKind::Clinic(clinic(3)), Code::ClinicInactive),
                (SkippedKind::HiddenClinics, Code::ClinicOutsideYourAccess),
            ]
        );
        assert!(plan.skipped.iter().all(|s| !s.message.contains("{}") && !s.message.contains("Clinic 4")));
    }

    #[test]
    fn a_report_permission_comes_only_with_what_it_works_in() {
        let admin = profile(1, UserType::Clerical, &[P::CompanyAdmin], &[1]);
        let target = profile(2, UserType::Clerical, &[P::ViewPatients], &[1]);
        let bare = profile(3, UserType::Clerical, &[P::BillingReportAdmin], &[1]);
        let plan = planned(&admin, &target, &[&bare]);
        assert_eq!(codes(&plan), [(SkippedKind::Permission(P::BillingReportAdmin), Code::NeedsAnalyticsAccess)]);
        assert!(plan.is_empty());
        let both = profile(4, UserType::Clerical, &[P::AnalyticsAccess], &[1]);
        assert_eq!(planned(&admin, &target, &[&bare, &both]).permissions.iter().count(), 2);
    }
}
