//! The judge of every change to a profile: form, JSON, CSV row, bulk step and command line all end here.

mod account;
mod case;

use super::{EmrAccount, Permission, PermissionSet, Profile};
use crate::access::{Authority, ClinicAccess};
use crate::licenses::Group;
use crate::organizations::Clinic;
use crate::people::{NameOwner, Person, PersonPatch};
use crate::refusal::{Code, Refusal, Refusals};
use crate::sign_in::assess;

pub(in crate::emr) use account::check_license_number;
use account::{check_credentials, judge_emr};
pub use case::{Change, Facts, NewPassword, Notice, Outcome, SeatMove};

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
        if !is_new && actor.is_self(before.person.id) {
            refusals.push(Refusal::new("password", Code::OwnPassword));
        }
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
        notices.push(Notice::LicenseStays(account.user_type.group(), clinic));
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
