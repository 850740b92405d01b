//! The EMR's part of [`crate::people::decide`]: type, clinics, permissions, license and status of an account, and the
//! admins who must not be taken away.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Attestation, Credentials, EmrAccount, EmrPatch, InactiveReason, Permission, PermissionSet, PrimaryLicense, Status,
    UserType, default_permissions, eligibility, field, grantable,
};
use crate::access::Authority;
use crate::ids::ClinicId;
use crate::licenses::{Availability, Group};
use crate::organizations::Clinic;
use crate::people::{Notice, Person, check_state};
use crate::refusal::{Code, Refusal, Refusals};
use crate::text::LONGEST_NAME;

/// What the decision about an EMR account has to know of everything else.
#[derive(Clone, Debug)]
pub struct EmrFacts {
    /// Every clinic of the organization.
    pub clinics: BTreeMap<ClinicId, Clinic>,
    /// Free licenses, by pool; a missing pool is unlimited.
    pub seats: BTreeMap<(ClinicId, Group), Availability>,
    /// Another active company admin exists.
    pub other_company_admin: bool,
    /// Clinics with another active user manager.
    pub clinics_managed_by_others: BTreeSet<ClinicId>,
    /// The person has a signature on file.
    pub signature_on_file: bool,
}

impl EmrFacts {
    /// For a person who is not stored yet.
    pub fn for_new_person(
        clinics: BTreeMap<ClinicId, Clinic>,
        seats: BTreeMap<(ClinicId, Group), Availability>,
    ) -> Self {
        Self {
            clinics,
            seats,
            other_company_admin: false,
            clinics_managed_by_others: BTreeSet::new(),
            signature_on_file: false,
        }
    }

    fn clinic_name(&self, actor: &Authority, clinic: ClinicId) -> String {
        match self.clinics.get(&clinic) {
            Some(found) if actor.emr().reaches(clinic) => found.name.clone(),
            _ => "that clinic".to_owned(),
        }
    }

    fn seat_free(&self, clinic: ClinicId, group: Group) -> bool {
        self.seats.get(&(clinic, group)).is_none_or(|a| a.has_free())
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

/// The seats that move when an account changes. Only an active account holds one, in its default clinic's pool.
pub fn seat_move(before: Option<&EmrAccount>, after: Option<&EmrAccount>) -> SeatMove {
    let seat = |a: Option<&EmrAccount>| a.filter(|a| a.is_active()).map(|a| (a.default_clinic, a.user_type.group()));
    match (seat(before), seat(after)) {
        (from, to) if from == to => SeatMove::default(),
        (from, to) => SeatMove { from, to },
    }
}

/// Judges the account of a person. Without a patch the account stays as it is, and is only held against the person's
/// new credentials. Gives the account afterward; none when there is none, or when it cannot be made out.
pub fn decide_account(
    actor: &Authority,
    facts: &EmrFacts,
    (person, before): (&Person, Option<&EmrAccount>),
    patch: Option<&EmrPatch>,
    refusals: &mut Refusals,
    notices: &mut Vec<Notice>,
) -> Option<EmrAccount> {
    let after = match (before, patch) {
        (before, Some(patch)) => judge_patch(actor, facts, (person, before), patch, refusals, notices),
        (Some(account), None) => {
            check_credentials(person, &account.license, account.user_type, account.status, refusals);
            Some(account.clone())
        }
        (None, None) => None,
    };
    if let Some(before) = before {
        protect_last_admins(actor, facts, person, before, after.as_ref(), refusals);
    }
    after
}

/// What to tell when an account goes out of use: its license is not released by that.
pub fn license_notice(
    actor: &Authority,
    facts: &EmrFacts,
    before: Option<&EmrAccount>,
    after: Option<&EmrAccount>,
) -> Option<Notice> {
    let account = after.filter(|a| !a.is_active() && before.is_some_and(EmrAccount::is_active))?;
    let group = account.user_type.group();
    (group != Group::Clerical).then(|| Notice::LicenseStays(group, facts.clinic_name(actor, account.default_clinic)))
}

fn judge_patch(
    actor: &Authority,
    facts: &EmrFacts,
    (person, before): (&Person, Option<&EmrAccount>),
    patch: &EmrPatch,
    refusals: &mut Refusals,
    notices: &mut Vec<Notice>,
) -> Option<EmrAccount> {
    let user_type = judge_type(actor, before, patch, refusals)?;
    let clinics = judge_clinics(actor, facts, before, patch, refusals);
    let default_clinic = judge_default_clinic(facts, before, patch, &clinics, refusals);
    let permissions = judge_permissions(actor, facts, before, patch, user_type, &clinics, refusals);
    let license = judge_license(before, patch, refusals);
    let wanted = match &patch.status {
        None => before.map_or(Status::Active, |b| b.status),
        Some(text) => Status::parse(text).unwrap_or_else(|| {
            refusals.push(Refusal::new(field::STATUS, Code::NotUnderstood).about(&[format!("“{text}”")]));
            Status::Inactive
        }),
    };
    check_credentials(person, &license, user_type, wanted, refusals);

    let default_clinic = default_clinic?;
    let (status, inactive_reason) =
        judge_status(actor, facts, before, (wanted, default_clinic, user_type), person, refusals, notices);
    let keeps_finish = permissions.contains(Permission::FinishSoapNotes) && user_type.group() == Group::Assistant;
    let finish_attestation = match before.and_then(|b| b.finish_attestation) {
        kept @ Some(_) if keeps_finish => kept,
        _ if keeps_finish => Some(Attestation { by: actor.person() }),
        _ => None,
    };
    Some(EmrAccount {
        user_type,
        status,
        inactive_reason,
        default_clinic,
        clinics,
        permissions,
        license,
        finish_attestation,
    })
}

fn judge_type(
    actor: &Authority,
    before: Option<&EmrAccount>,
    patch: &EmrPatch,
    refusals: &mut Refusals,
) -> Option<UserType> {
    let Some(text) = &patch.user_type else {
        return Some(before.map_or(UserType::DEFAULT, |b| b.user_type));
    };
    let Some(kind) = UserType::parse(text) else {
        refusals.push(Refusal::new(field::USER_TYPE, Code::NotUnderstood).about(&[format!("“{text}”")]));
        return before.map(|b| b.user_type);
    };
    if before.is_some_and(|b| b.user_type != kind) && !actor.is_support() {
        refusals.push(Refusal::new(field::USER_TYPE, Code::SupportOnly));
    }
    Some(kind)
}

fn judge_clinics(
    actor: &Authority,
    facts: &EmrFacts,
    before: Option<&EmrAccount>,
    patch: &EmrPatch,
    refusals: &mut Refusals,
) -> BTreeSet<ClinicId> {
    let held = before.map(|b| b.clinics.clone()).unwrap_or_default();
    let Some(wanted) = &patch.clinics else {
        if held.is_empty() {
            refusals.push(Refusal::new(field::CLINIC_IDS, Code::ClinicRequired));
        }
        return held;
    };
    // What the actor cannot see was not on the page, so its absence is no request to remove it.
    let mut after: BTreeSet<ClinicId> = held.iter().copied().filter(|c| !actor.emr().reaches(*c)).collect();
    for clinic in wanted {
        let known = facts.clinics.get(clinic).filter(|_| actor.emr().reaches(*clinic));
        match known {
            _ if held.contains(clinic) => {}
            None => {
                refusals.push(Refusal::new(field::CLINIC_IDS, Code::ClinicOutsideYourAccess).about(&["that clinic"]));
            }
            Some(found) if !found.is_active() => {
                refusals.push(Refusal::new(field::CLINIC_IDS, Code::ClinicInactive).about(&[&found.name]));
            }
            Some(_) => {}
        }
        if known.is_some() || held.contains(clinic) {
            after.insert(*clinic);
        }
    }
    if after.is_empty() {
        refusals.push(Refusal::new(field::CLINIC_IDS, Code::ClinicRequired));
    }
    let new_default = patch.default_clinic.or(before.map(|b| b.default_clinic));
    if let Some(lost) = new_default.filter(|d| held.contains(d) && !after.contains(d)) {
        let name = facts.clinic_name(actor, lost);
        refusals.push(Refusal::new(field::CLINIC_IDS, Code::DefaultClinicNotRemovable).about(&[name]));
        after.insert(lost);
    }
    after
}

fn judge_default_clinic(
    facts: &EmrFacts,
    before: Option<&EmrAccount>,
    patch: &EmrPatch,
    clinics: &BTreeSet<ClinicId>,
    refusals: &mut Refusals,
) -> Option<ClinicId> {
    let only = if clinics.len() == 1 { clinics.first().copied() } else { None };
    let chosen = patch.default_clinic.or(before.map(|b| b.default_clinic)).or(only);
    match chosen {
        None => {
            if !clinics.is_empty() {
                refusals.push(Refusal::new(field::DEFAULT_CLINIC_ID, Code::DefaultClinicRequired));
            }
            None
        }
        Some(clinic) if !clinics.contains(&clinic) => {
            if !clinics.is_empty() || facts.clinics.contains_key(&clinic) {
                refusals.push(Refusal::new(field::DEFAULT_CLINIC_ID, Code::DefaultClinicNotAmongClinics));
            }
            None
        }
        Some(clinic) => Some(clinic),
    }
}

fn judge_permissions(
    actor: &Authority,
    facts: &EmrFacts,
    before: Option<&EmrAccount>,
    patch: &EmrPatch,
    user_type: UserType,
    clinics: &BTreeSet<ClinicId>,
    refusals: &mut Refusals,
) -> PermissionSet {
    let held = before.map_or(PermissionSet::EMPTY, |b| b.permissions);
    let wanted = match (&patch.permissions, before) {
        (Some(codes), _) => {
            let mut set = PermissionSet::EMPTY;
            for code in codes.iter().filter(|c| !c.trim().is_empty()) {
                match Permission::parse(code) {
                    Some(permission) => set = set.with(permission),
                    None => refusals
                        .push(Refusal::new(field::PERMISSIONS, Code::UnknownPermission).about(&[format!("“{code}”")])),
                }
            }
            set
        }
        (None, Some(_)) => held,
        (None, None) => default_permissions(user_type).and(actor.emr().may_give()),
    };
    let type_changed = before.is_some_and(|b| b.user_type != user_type);
    let added = wanted.minus(held);
    for permission in (if type_changed { wanted } else { added }).iter() {
        if let Err(code) = eligibility(user_type, permission) {
            refusals.push(Refusal::new(field::PERMISSIONS, code).about(&[permission.label()]));
        }
    }
    for permission in added.iter() {
        if let Err(code) = grantable(actor, permission) {
            refusals.push(Refusal::new(field::PERMISSIONS, code).about(&[permission.label()]));
        }
    }
    if wanted.is_empty() {
        refusals.push(Refusal::new(field::PERMISSIONS, Code::PermissionRequired));
    }
    if wanted.contains(Permission::BillingReportAdmin) && !wanted.contains(Permission::AnalyticsAccess) {
        refusals.push(Refusal::new(field::PERMISSIONS, Code::NeedsAnalyticsAccess));
    }
    // A person who becomes an assistant loses the permission to finish notes: it has to be granted anew, with all
    // conditions.
    let becomes_assistant = before.is_some_and(|b| b.user_type.group() != Group::Assistant);
    let newly = wanted.contains(Permission::FinishSoapNotes)
        && (becomes_assistant || added.contains(Permission::FinishSoapNotes));
    if newly && user_type.group() == Group::Assistant {
        if !facts.signature_on_file {
            let label = Permission::FinishSoapNotes.label();
            refusals.push(Refusal::new(field::PERMISSIONS, Code::SignatureRequired).about(&[label]));
        }
        let somewhere = clinics.iter().filter_map(|c| facts.clinics.get(c)).any(Clinic::lets_assistants_finish);
        if !somewhere && !clinics.is_empty() {
            refusals.push(Refusal::new(field::PERMISSIONS, Code::ClinicForbidsAssistantFinish));
        }
        if !patch.finish_attested {
            refusals.push(Refusal::new(field::FINISH_ATTESTED, Code::AttestationRequired));
        }
    }
    wanted
}

fn judge_license(before: Option<&EmrAccount>, patch: &EmrPatch, refusals: &mut Refusals) -> PrimaryLicense {
    let mut license = before.map(|b| b.license.clone()).unwrap_or_default();
    let filled = |text: &Option<String>| text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
    if let Some(number) = &patch.license_number {
        license.number = filled(number).and_then(|n| refusals.take(check_license_number(&n)));
    }
    if let Some(state) = &patch.license_state {
        let checked = |s: String| check_state(&s).map_err(|r| Refusal { field: Some(field::LICENSE_STATE), ..r });
        license.state = filled(state).and_then(|s| refusals.take(checked(s)));
    }
    if let Some(day) = &patch.license_expires_on {
        license.expires_on = filled(day).and_then(|d| {
            refusals.take(d.parse().map_err(|_| Refusal::new(field::LICENSE_EXPIRES_ON, Code::DateInvalid)))
        });
    }
    license
}

/// A license number as states print them: 1 to 40 letters, digits and a few marks.
pub(crate) fn check_license_number(text: &str) -> Result<String, Refusal> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '/' | ' ' | '#');
    if text.chars().count() <= 40.min(LONGEST_NAME) && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(Refusal::new(field::LICENSE_NUMBER, Code::LicenseInvalid))
    }
}

fn check_credentials(
    person: &Person,
    license: &PrimaryLicense,
    kind: UserType,
    status: Status,
    refusals: &mut Refusals,
) {
    let refused = |refusals: &Refusals, field| refusals.0.iter().any(|r| r.field == Some(field));
    let credentials = kind.credentials();
    if credentials == Credentials::NpiAndLicense && person.npi.is_none() && !refused(refusals, "npi") {
        refusals.push(Refusal::new("npi", Code::NpiRequired).about(&[kind.title()]));
    }
    if credentials == Credentials::None && person.npi.is_some() {
        refusals.push(Refusal::new("npi", Code::NpiNotForType).about(&[kind.title()]));
    }
    if credentials == Credentials::None && license.number.is_some() {
        refusals.push(Refusal::new(field::LICENSE_NUMBER, Code::LicenseNotForType).about(&[kind.title()]));
    }
    if credentials != Credentials::None && license.number.is_none() && !refused(refusals, field::LICENSE_NUMBER) {
        refusals.push(Refusal::new(field::LICENSE_NUMBER, Code::LicenseRequired).about(&[kind.title()]));
    }
    if status == Status::Active && person.email.is_none() && !refused(refusals, "email") {
        refusals.push(Refusal::new("email", Code::EmailRequired));
    }
}

fn judge_status(
    actor: &Authority,
    facts: &EmrFacts,
    before: Option<&EmrAccount>,
    (wanted, clinic, kind): (Status, ClinicId, UserType),
    person: &Person,
    refusals: &mut Refusals,
    notices: &mut Vec<Notice>,
) -> (Status, Option<InactiveReason>) {
    let seat = (clinic, kind.group());
    let held_seat = before.filter(|b| b.is_active()).map(|b| (b.default_clinic, b.user_type.group()));
    let clinic_name = || facts.clinic_name(actor, clinic);
    match (before, wanted) {
        (_, Status::Active) if held_seat == Some(seat) => (Status::Active, None),
        (_, Status::Active) if facts.seat_free(clinic, kind.group()) => (Status::Active, None),
        (None, Status::Active) => {
            notices.push(Notice::SavedInactiveNoLicense(kind.group(), clinic_name()));
            (Status::Inactive, Some(InactiveReason::NoLicense))
        }
        (Some(_), Status::Active) => {
            let at = if held_seat.is_some() { field::DEFAULT_CLINIC_ID } else { field::STATUS };
            refusals.push(Refusal::new(at, Code::NoLicenseAvailable).about(&[kind.group().as_str(), &clinic_name()]));
            (Status::Inactive, None)
        }
        (before, Status::Inactive) => {
            let kept = before.filter(|b| !b.is_active()).and_then(|b| b.inactive_reason);
            let reason = match kept {
                Some(InactiveReason::NeedsEmail) if person.email.is_some() => InactiveReason::Deactivated,
                Some(reason) => reason,
                None if before.is_none() && person.email.is_none() => InactiveReason::NeedsEmail,
                None => InactiveReason::Deactivated,
            };
            (Status::Inactive, Some(reason))
        }
    }
}

fn protect_last_admins(
    actor: &Authority,
    facts: &EmrFacts,
    person: &Person,
    before: &EmrAccount,
    after: Option<&EmrAccount>,
    refusals: &mut Refusals,
) {
    let still_admin = after.is_some_and(EmrAccount::is_acting_company_admin);
    let at = if after.is_some_and(|a| a.status != before.status) { field::STATUS } else { field::PERMISSIONS };
    if before.is_acting_company_admin() && !still_admin && !facts.other_company_admin {
        refusals.push(Refusal::new(at, Code::LastCompanyAdmin).about(&[&person.full_name]));
    }
    let manages = after.map(EmrAccount::managed_clinics).unwrap_or_default();
    for clinic in before.managed_clinics().difference(&manages) {
        let kept_open = facts.clinics.get(clinic).is_none_or(Clinic::is_active);
        if kept_open && !facts.clinics_managed_by_others.contains(clinic) {
            let keeps_permission = after.is_some_and(|a| a.permissions.contains(Permission::EditUsers));
            let at = if keeps_permission && at == field::PERMISSIONS { field::CLINIC_IDS } else { at };
            refusals.push(Refusal::new(at, Code::LastUserManager).about(&[facts.clinic_name(actor, *clinic)]));
        }
    }
}
