//! The one decision about every change of a person: form, JSON, CSV row, bulk step and command line all end here. It
//! judges the person and the sign-in, asks each product about its account, and joins all refusals.

use super::{Change, Facts, NameOwner, NewPassword, Outcome, Person, PersonPatch, Profile};
use crate::access::{Authority, may_add_people, may_edit, may_reset_sign_in};
use crate::emr;
use crate::refusal::{Code, Refusal, Refusals};
use crate::sign_in::{SignInStatus, assess};

/// Judges a change. `before` is the stored profile, or a blank one for a new person.
///
/// # Errors
/// Every refusal at once, each with code, field and sentence. Fields of an account carry its name.
pub fn decide(
    actor: &Authority,
    facts: &Facts,
    before: &Profile,
    is_new: bool,
    change: &Change,
) -> Result<Outcome, Refusals> {
    let mut refusals = Refusals::default();
    if is_new {
        may_add_people(actor)?;
        require_on_creation(&change.person, &mut refusals);
        if change.emr.is_none() && !actor.emr().reaches_all() {
            // Without a clinic the actor could never see the person again.
            refusals.push(Refusal::new(emr::field::CLINIC_IDS, Code::ClinicRequired));
        }
    } else {
        may_edit(actor, before)?;
    }

    let person = change.person.apply(&before.person, &mut refusals);
    refuse_taken_names(facts, &before.person, &person, &mut refusals);

    let mut notices = Vec::new();
    let account = emr::decide_account(
        actor,
        &facts.emr,
        (&person, before.emr.as_ref()),
        change.emr.as_ref(),
        &mut refusals,
        &mut notices,
    );
    let mut after = Profile { person, emr: account, ..before.clone() };
    after.sign_in = judge_sign_in_status(before, &after, change, &mut refusals);
    judge_sign_in(actor, facts, before, &after, is_new, change, &mut refusals);
    refusals.into_result()?;

    notices.extend(emr::license_notice(actor, &facts.emr, before.emr.as_ref(), after.emr.as_ref()));
    Ok(Outcome::between(before, after, notices))
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

/// The status is a person's own only while there is no account; with the first account the accounts decide.
fn judge_sign_in_status(before: &Profile, after: &Profile, change: &Change, refusals: &mut Refusals) -> SignInStatus {
    let field = "sign_in_status";
    match change.sign_in_status.as_deref() {
        None if after.has_account() => SignInStatus::Open,
        None => before.sign_in,
        Some(_) if after.has_account() => {
            refusals.push(Refusal::new(field, Code::SignInFollowsAccounts));
            before.sign_in
        }
        Some(text) => SignInStatus::parse(text.trim()).unwrap_or_else(|| {
            refusals.push(Refusal::new(field, Code::NotUnderstood).about(&[format!("“{text}”")]));
            before.sign_in
        }),
    }
}

/// User name, email and password are as strong as the person's rights.
fn judge_sign_in(
    actor: &Authority,
    facts: &Facts,
    before: &Profile,
    after: &Profile,
    is_new: bool,
    change: &Change,
    refusals: &mut Refusals,
) {
    let changes = change.password.is_some()
        || after.person.username != before.person.username
        || after.person.email != before.person.email;
    if !is_new
        && changes
        && let Err(refusal) = may_reset_sign_in(actor, before)
    {
        refusals.push(refusal);
    }
    if let Some(new) = &change.password {
        if !is_new && actor.is_self(before.person.id) {
            refusals.push(Refusal::new("password", Code::OwnPassword));
        }
        judge_password(facts, after, new, refusals);
    }
}

fn judge_password(facts: &Facts, after: &Profile, new: &NewPassword, refusals: &mut Refusals) {
    let mut words = after.person.personal_words();
    let clinics = after.emr.iter().flat_map(|e| &e.clinics).filter_map(|c| facts.emr.clinics.get(c));
    words.extend(clinics.map(|c| c.name.clone()));
    for refusal in assess(&facts.password_policy, &new.password, &words).refusals {
        refusals.push(refusal);
    }
    if new.confirmation.as_ref().is_some_and(|c| *c != new.password) {
        refusals.push(Refusal::new("password_confirmation", Code::PasswordMismatch));
    }
}
