//! The judge of every change to a profile: form, JSON, CSV row, bulk step and command line all end here.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Attestation, Credentials, EmrAccount, EmrPatch, InactiveReason, License, Permission, PermissionSet, Profile,
    Status, UserType, default_permissions, eligibility, grantable,
};
use crate::access::{Authority, ClinicAccess};
use crate::ids::ClinicId;
use crate::licences::{Availability, Group};
use crate::organizations::Clinic;
use crate::people::{NameOwner, Person, PersonPatch, check_state};
use crate::refusal::{Code, Refusal, Refusals};
use crate::sign_in::{PasswordPolicy, assess};
use crate::text::LONGEST_NAME;

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
    /// Free licences, by pool; a missing pool is unlimited.
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
    fn clinic_name(&self, actor: &Authority, clinic: ClinicId) -> String {
        match self.clinics.get(&clinic) {
            Some(found) if actor.reaches(clinic) => found.name.clone(),
            _ => "that clinic".to_owned(),
        }
    }

    fn seat_free(&self, clinic: ClinicId, group: Group) -> bool {
        self.seats.get(&(clinic, group)).is_none_or(|a| a.has_free())
    }
}

/// Something the person who saved should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Saved inactive, because no licence of this group was free at this clinic.
    SavedInactiveNoLicence(Group, String),
    /// Made inactive: the licence stays with the practice, and on the bill, until it is released.
    LicenceStays(Group, String),
}

impl Notice {
    /// The sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::SavedInactiveNoLicence(group, clinic) => format!(
                "Saved as inactive: no {} licence is free at {clinic}. Ask support for one more, then make this person active.",
                group.as_str()
            ),
            Self::LicenceStays(group, clinic) => format!(
                "The {} licence stays with {clinic}, and on the bill, until it is released. Making someone inactive does not release it.",
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
    /// The profile afterwards.
    pub profile: Profile,
    /// The seats that move.
    pub seats: SeatMove,
    /// What to tell.
    pub notices: Vec<Notice>,
    /// Sessions, links and tokens of the person end.
    pub ends_access: bool,
}

/// Whether the actor may change this person at all: Edit Users, and the person holds no permission the actor lacks.
pub fn may_edit(actor: &Authority, person: &Profile) -> Result<(), Refusal> {
    if !actor.permissions().contains(Permission::EditUsers) {
        return Err(Refusal::whole(Code::NotAllowed).about(&[Permission::EditUsers.label()]));
    }
    if !actor.may_see(person) {
        return Err(Refusal::whole(Code::UserOutsideYourAccess));
    }
    let held = person.emr.as_ref().map_or(PermissionSet::EMPTY, |e| e.permissions.effective());
    if actor.is_self(person.person.id) || held.is_within(actor.may_give()) {
        Ok(())
    } else {
        Err(Refusal::whole(Code::HoldsMoreThanYou))
    }
}

/// Whether the actor may change how this person signs in. Stricter than [`may_edit`]: whoever can set a password can
/// become that person, so the actor has to reach every clinic the person reaches.
pub fn may_reset_sign_in(actor: &Authority, person: &Profile) -> Result<(), Refusal> {
    may_edit(actor, person)?;
    let within = person.emr.iter().flat_map(|e| &e.clinics).all(|c| actor.reaches(*c));
    if within || actor.is_self(person.person.id) { Ok(()) } else { Err(Refusal::whole(Code::HoldsMoreThanYou)) }
}

/// Judges a change. `before` is the stored profile, or a blank person without account for a new one.
///
/// # Errors
/// Every refusal at once, each with code, field and sentence.
pub fn decide(
    actor: &Authority,
    facts: &Facts,
    before: &Profile,
    is_new: bool,
    change: &Change,
) -> Result<Outcome, Refusals> {
    let mut refusals = Refusals::default();
    if is_new {
        if !actor.permissions().contains(Permission::EditUsers) {
            return Err(Refusal::whole(Code::NotAllowed).about(&[Permission::EditUsers.label()]).into());
        }
        require_on_creation(&change.person, &mut refusals);
        if change.emr.is_none() && *actor.clinics() != ClinicAccess::All {
            // Without a clinic the actor could never see the person again.
            refusals.push(Refusal::new("clinic_ids", Code::ClinicRequired));
        }
    } else {
        may_edit(actor, before)?;
    }

    let person = change.person.apply(&before.person, &mut refusals);
    refuse_taken_names(facts, &before.person, &person, &mut refusals);

    let mut notices = Vec::new();
    let emr = match (&before.emr, &change.emr) {
        (before_emr, Some(patch)) => {
            judge_emr(actor, facts, before_emr.as_ref(), patch, &person, &mut refusals, &mut notices)
        }
        (Some(account), None) => {
            check_credentials(&person, &account.license, account.user_type, account.status, &mut refusals);
            Some(account.clone())
        }
        (None, None) => None,
    };

    let sign_in_changes =
        change.password.is_some() || person.username != before.person.username || person.email != before.person.email;
    if !is_new
        && sign_in_changes
        && let Err(refusal) = may_reset_sign_in(actor, before)
    {
        refusals.push(refusal);
    }
    if let Some(new) = &change.password {
        judge_password(facts, &person, emr.as_ref(), new, &mut refusals);
    }

    let after = Profile { person, emr };
    protect_last_admins(actor, facts, before, &after, &mut refusals);
    refusals.into_result()?;

    let seats = seat_move(before.emr.as_ref(), after.emr.as_ref());
    let was_active = before.emr.as_ref().is_some_and(EmrAccount::is_active);
    let ends_access = was_active && !after.emr.as_ref().is_some_and(EmrAccount::is_active);
    if let (true, Some(account)) = (ends_access, &after.emr)
        && account.user_type.group() != Group::Clerical
    {
        let clinic = facts.clinic_name(actor, account.default_clinic);
        notices.push(Notice::LicenceStays(account.user_type.group(), clinic));
    }
    Ok(Outcome { profile: after, seats, notices, ends_access })
}

fn require_on_creation(person: &PersonPatch, refusals: &mut Refusals) {
    let mut need = |value: &Option<String>, field, label: &str| {
        if value.is_none() {
            refusals.push(Refusal::new(field, Code::Required).about(&[label]));
        }
    };
    need(&person.first_name, "first_name", "The first name");
    need(&person.last_name, "last_name", "The last name");
    need(&person.username, "username", "A user name");
}

fn refuse_taken_names(facts: &Facts, before: &Person, after: &Person, refusals: &mut Refusals) {
    let mut taken = |changed: bool, owner: &Option<NameOwner>, field, code| {
        if let (true, Some(owner)) = (changed, owner) {
            refusals.push(Refusal::new(field, code).about(&[owner.described()]));
        }
    };
    taken(before.username != after.username, &facts.username_owner, "username", Code::UsernameTaken);
    taken(before.email != after.email, &facts.email_owner, "email", Code::EmailTaken);
    taken(before.npi != after.npi, &facts.npi_owner, "npi", Code::NpiTaken);
}

fn judge_emr(
    actor: &Authority,
    facts: &Facts,
    before: Option<&EmrAccount>,
    patch: &EmrPatch,
    person: &Person,
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
            refusals.push(Refusal::new("status", Code::NotUnderstood).about(&[format!("“{text}”")]));
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
        refusals.push(Refusal::new("user_type", Code::NotUnderstood).about(&[format!("“{text}”")]));
        return before.map(|b| b.user_type);
    };
    if before.is_some_and(|b| b.user_type != kind) && !actor.is_support() {
        refusals.push(Refusal::new("user_type", Code::SupportOnly));
    }
    Some(kind)
}

fn judge_clinics(
    actor: &Authority,
    facts: &Facts,
    before: Option<&EmrAccount>,
    patch: &EmrPatch,
    refusals: &mut Refusals,
) -> BTreeSet<ClinicId> {
    let held = before.map(|b| b.clinics.clone()).unwrap_or_default();
    let Some(wanted) = &patch.clinics else {
        if held.is_empty() {
            refusals.push(Refusal::new("clinic_ids", Code::ClinicRequired));
        }
        return held;
    };
    // What the actor cannot see was not on the page, so its absence is no request to remove it.
    let mut after: BTreeSet<ClinicId> = held.iter().copied().filter(|c| !actor.reaches(*c)).collect();
    for clinic in wanted {
        let known = facts.clinics.get(clinic).filter(|_| actor.reaches(*clinic));
        match known {
            _ if held.contains(clinic) => {}
            None => refusals.push(Refusal::new("clinic_ids", Code::ClinicOutsideYourAccess).about(&["that clinic"])),
            Some(found) if !found.is_active() => {
                refusals.push(Refusal::new("clinic_ids", Code::ClinicInactive).about(&[&found.name]));
            }
            Some(_) => {}
        }
        if known.is_some() || held.contains(clinic) {
            after.insert(*clinic);
        }
    }
    if after.is_empty() {
        refusals.push(Refusal::new("clinic_ids", Code::ClinicRequired));
    }
    let new_default = patch.default_clinic.or(before.map(|b| b.default_clinic));
    if let Some(lost) = new_default.filter(|d| held.contains(d) && !after.contains(d)) {
        let name = facts.clinic_name(actor, lost);
        refusals.push(Refusal::new("clinic_ids", Code::DefaultClinicNotRemovable).about(&[name]));
        after.insert(lost);
    }
    after
}

fn judge_default_clinic(
    facts: &Facts,
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
                refusals.push(Refusal::new("default_clinic_id", Code::DefaultClinicRequired));
            }
            None
        }
        Some(clinic) if !clinics.contains(&clinic) => {
            if !clinics.is_empty() || facts.clinics.contains_key(&clinic) {
                refusals.push(Refusal::new("default_clinic_id", Code::DefaultClinicNotAmongClinics));
            }
            None
        }
        Some(clinic) => Some(clinic),
    }
}

fn judge_permissions(
    actor: &Authority,
    facts: &Facts,
    before: Option<&EmrAccount>,
    patch: &EmrPatch,
    user_type: UserType,
    clinics: &BTreeSet<ClinicId>,
    refusals: &mut Refusals,
) -> PermissionSet {
    let field = "permissions";
    let held = before.map_or(PermissionSet::EMPTY, |b| b.permissions);
    let wanted = match (&patch.permissions, before) {
        (Some(codes), _) => {
            let mut set = PermissionSet::EMPTY;
            for code in codes.iter().filter(|c| !c.trim().is_empty()) {
                match Permission::parse(code) {
                    Some(permission) => set = set.with(permission),
                    None => refusals.push(Refusal::new(field, Code::UnknownPermission).about(&[format!("“{code}”")])),
                }
            }
            set
        }
        (None, Some(_)) => held,
        (None, None) => default_permissions(user_type).and(actor.may_give()),
    };
    let type_changed = before.is_some_and(|b| b.user_type != user_type);
    let added = wanted.minus(held);
    for permission in (if type_changed { wanted } else { added }).iter() {
        if let Err(code) = eligibility(user_type, permission) {
            refusals.push(Refusal::new(field, code).about(&[permission.label()]));
        }
    }
    for permission in added.iter() {
        if let Err(code) = grantable(actor, permission) {
            refusals.push(Refusal::new(field, code).about(&[permission.label()]));
        }
    }
    if wanted.is_empty() {
        refusals.push(Refusal::new(field, Code::PermissionRequired));
    }
    if wanted.contains(Permission::BillingReportAdmin) && !wanted.contains(Permission::AnalyticsAccess) {
        refusals.push(Refusal::new(field, Code::NeedsAnalyticsAccess));
    }
    // Whoever becomes an assistant brings no right to finish along: it is given anew, with all that takes.
    let becomes_assistant = before.is_some_and(|b| b.user_type.group() != Group::Assistant);
    let newly = wanted.contains(Permission::FinishSoapNotes)
        && (becomes_assistant || added.contains(Permission::FinishSoapNotes));
    if newly && user_type.group() == Group::Assistant {
        if !facts.signature_on_file {
            let label = Permission::FinishSoapNotes.label();
            refusals.push(Refusal::new(field, Code::SignatureRequired).about(&[label]));
        }
        let somewhere = clinics.iter().filter_map(|c| facts.clinics.get(c)).any(Clinic::lets_assistants_finish);
        if !somewhere && !clinics.is_empty() {
            refusals.push(Refusal::new(field, Code::ClinicForbidsAssistantFinish));
        }
        if !patch.finish_attested {
            refusals.push(Refusal::new("finish_attested", Code::AttestationRequired));
        }
    }
    wanted
}

fn judge_license(before: Option<&EmrAccount>, patch: &EmrPatch, refusals: &mut Refusals) -> License {
    let mut license = before.map(|b| b.license.clone()).unwrap_or_default();
    let filled = |text: &Option<String>| text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
    if let Some(number) = &patch.license_number {
        license.number = filled(number).and_then(|n| refusals.take(check_license_number(&n)));
    }
    if let Some(state) = &patch.license_state {
        license.state = filled(state).and_then(|s| refusals.take(check_state(&s)));
    }
    if let Some(day) = &patch.license_expires_on {
        license.expires_on = filled(day)
            .and_then(|d| refusals.take(d.parse().map_err(|_| Refusal::new("license_expires_on", Code::DateInvalid))));
    }
    license
}

/// A licence number as states print them: 1 to 40 letters, digits and a few marks.
pub(super) fn check_license_number(text: &str) -> Result<String, Refusal> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '/' | ' ' | '#');
    if text.chars().count() <= 40.min(LONGEST_NAME) && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(Refusal::new("license_number", Code::LicenseInvalid))
    }
}

fn check_credentials(person: &Person, license: &License, kind: UserType, status: Status, refusals: &mut Refusals) {
    let refused = |refusals: &Refusals, field| refusals.0.iter().any(|r| r.field == Some(field));
    let credentials = kind.credentials();
    if credentials == Credentials::NpiAndLicense && person.npi.is_none() && !refused(refusals, "npi") {
        refusals.push(Refusal::new("npi", Code::NpiRequired).about(&[kind.title()]));
    }
    if credentials == Credentials::None && person.npi.is_some() {
        refusals.push(Refusal::new("npi", Code::NpiNotForType).about(&[kind.title()]));
    }
    if credentials == Credentials::None && license.number.is_some() {
        refusals.push(Refusal::new("license_number", Code::LicenseNotForType).about(&[kind.title()]));
    }
    if credentials != Credentials::None && license.number.is_none() && !refused(refusals, "license_number") {
        refusals.push(Refusal::new("license_number", Code::LicenseRequired).about(&[kind.title()]));
    }
    if status == Status::Active && person.email.is_none() && !refused(refusals, "email") {
        refusals.push(Refusal::new("email", Code::EmailRequired));
    }
}

fn judge_status(
    actor: &Authority,
    facts: &Facts,
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
            notices.push(Notice::SavedInactiveNoLicence(kind.group(), clinic_name()));
            (Status::Inactive, Some(InactiveReason::NoLicence))
        }
        (Some(_), Status::Active) => {
            let field = if held_seat.is_some() { "default_clinic_id" } else { "status" };
            refusals
                .push(Refusal::new(field, Code::NoLicenceAvailable).about(&[kind.group().as_str(), &clinic_name()]));
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

fn judge_password(
    facts: &Facts,
    person: &Person,
    emr: Option<&EmrAccount>,
    new: &NewPassword,
    refusals: &mut Refusals,
) {
    let mut words = person.personal_words();
    let clinics = emr.iter().flat_map(|e| &e.clinics).filter_map(|c| facts.clinics.get(c));
    words.extend(clinics.map(|c| c.name.clone()));
    for refusal in assess(&facts.password_policy, &new.password, &words).refusals {
        refusals.push(refusal);
    }
    if new.confirmation.as_ref().is_some_and(|c| *c != new.password) {
        refusals.push(Refusal::new("password_confirmation", Code::PasswordMismatch));
    }
}

fn protect_last_admins(actor: &Authority, facts: &Facts, before: &Profile, after: &Profile, refusals: &mut Refusals) {
    let Some(old) = &before.emr else { return };
    let still_admin = after.emr.as_ref().is_some_and(EmrAccount::is_acting_company_admin);
    let field = if after.emr.as_ref().is_some_and(|a| a.status != old.status) { "status" } else { "permissions" };
    if old.is_acting_company_admin() && !still_admin && !facts.other_company_admin {
        refusals.push(Refusal::new(field, Code::LastCompanyAdmin).about(&[&before.person.full_name]));
    }
    let manages = after.emr.as_ref().map(EmrAccount::managed_clinics).unwrap_or_default();
    for clinic in old.managed_clinics().difference(&manages) {
        let kept_open = facts.clinics.get(clinic).is_none_or(Clinic::is_active);
        if kept_open && !facts.clinics_managed_by_others.contains(clinic) {
            let keeps_permission = after.emr.as_ref().is_some_and(|a| a.permissions.contains(Permission::EditUsers));
            let field = if keeps_permission && field == "permissions" { "clinic_ids" } else { field };
            let name = facts.clinic_name(actor, *clinic);
            refusals.push(Refusal::new(field, Code::LastUserManager).about(&[name]));
        }
    }
}

pub(super) fn seat_move(before: Option<&EmrAccount>, after: Option<&EmrAccount>) -> SeatMove {
    let seat = |a: Option<&EmrAccount>| a.filter(|a| a.is_active()).map(|a| (a.default_clinic, a.user_type.group()));
    match (seat(before), seat(after)) {
        (from, to) if from == to => SeatMove::default(),
        (from, to) => SeatMove { from, to },
    }
}
