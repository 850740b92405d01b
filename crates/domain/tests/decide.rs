//! The judge of profile changes, rule by rule, and its matrices as a reviewer reads them.

use std::collections::{BTreeMap, BTreeSet};

use muster_domain::access::{ActorKind, Authority};
use muster_domain::emr::{
    Attestation, EmrFacts, EmrPatch, InactiveReason, Permission, PermissionSet, Status, UserType, default_permissions,
    preview_type_change,
};
use muster_domain::fixtures::{self, HOME, ProfileBuilder, clinic_id as clinic, person_id as person};
use muster_domain::licenses::{Availability, Group};
use muster_domain::organizations::AssistantFinish;
use muster_domain::people::{Change, Facts, NewPassword, Outcome, Profile, decide};
use muster_domain::people::{NameOwner, PersonPatch};
use muster_domain::sign_in::{PasswordPolicy, Preset, SignInStatus};
use muster_domain::{ClinicId, Code, Refusals};

fn profile(n: u128, kind: UserType, permissions: &[Permission], clinics: &[u128]) -> Profile {
    let clinics: Vec<ClinicId> = clinics.iter().map(|c| clinic(*c)).collect();
    ProfileBuilder::new(n, kind).clinics(&clinics).permissions(permissions).with_credentials().build()
}

fn facts() -> Facts {
    let emr = EmrFacts {
        clinics: (1..=4).map(|n| (clinic(n), fixtures::clinic(n))).collect(),
        seats: BTreeMap::new(),
        other_company_admin: true,
        clinics_managed_by_others: (1..=4).map(clinic).collect(),
        signature_on_file: true,
    };
    Facts::for_new_person(PasswordPolicy { preset: Preset::Seed, expiry_days: None }, emr)
}

const MANAGER: [Permission; 8] = [
    Permission::ViewPatients,
    Permission::EditPatients,
    Permission::ViewUsers,
    Permission::EditUsers,
    Permission::StartSoapNotes,
    Permission::ForwardSoapNotes,
    Permission::FinishSoapNotes,
    Permission::ClinicAdmin,
];

/// A physical therapist who manages the users of clinics 1 and 2.
fn manager() -> Authority {
    Authority::of(&profile(1, UserType::PT, &MANAGER, &[1, 2]))
}

fn company_admin() -> Authority {
    Authority::of(&profile(2, UserType::Clerical, &[Permission::CompanyAdmin, Permission::EditUsers], &[1]))
}

fn support() -> Authority {
    Authority::operator(ActorKind::Support, HOME)
}

fn permissions(list: &[Permission]) -> Vec<String> {
    list.iter().map(|p| p.as_str().to_owned()).collect()
}

fn edit(actor: &Authority, facts: &Facts, before: &Profile, patch: EmrPatch) -> Result<Outcome, Refusals> {
    decide(actor, facts, before, false, &Change { emr: Some(patch), ..Change::default() })
}

fn new_pta() -> Change {
    Change {
        person: PersonPatch {
            first_name: Some("Jonah".into()),
            last_name: Some("Harrell".into()),
            email: Some(Some("jonah@saco.example".into())),
            username: Some("jharrell".into()),
            ..PersonPatch::default()
        },
        emr: Some(EmrPatch {
            user_type: Some("PTA".into()),
            clinics: Some(BTreeSet::from([clinic(1)])),
            license_number: Some(Some("A-77".into())),
            ..EmrPatch::default()
        }),
        ..Change::default()
    }
}

fn blank() -> Profile {
    let mut blank = profile(50, UserType::PT, &[], &[1]);
    blank.emr = None;
    blank.person.first_name.clear();
    blank.person.last_name.clear();
    blank.person.full_name.clear();
    blank.person.username.clear();
    blank.person.email = None;
    blank.person.npi = None;
    blank
}

fn codes(result: Result<Outcome, Refusals>) -> Vec<(Option<&'static str>, Code)> {
    result.err().map(|r| r.0.into_iter().map(|x| (x.field, x.code)).collect()).unwrap_or_default()
}

#[test]
fn a_new_assistant_gets_the_defaults_of_the_type_and_takes_a_seat() {
    let outcome = decide(&manager(), &facts(), &blank(), true, &new_pta()).unwrap();
    let emr = outcome.profile.emr.unwrap();
    assert_eq!(emr.permissions, default_permissions(UserType::PTA));
    assert_eq!((emr.status, emr.default_clinic), (Status::Active, clinic(1)));
    assert_eq!(outcome.seats.to, Some((clinic(1), Group::Assistant)));
    assert_eq!(outcome.profile.person.full_name, "Jonah Harrell");
}

#[test]
fn every_problem_of_a_new_profile_is_named_at_once_at_its_field() {
    let change = Change {
        person: PersonPatch {
            first_name: Some(String::new()),
            last_name: Some("x".repeat(101)),
            email: Some(Some("nope".into())),
            username: Some("a b".into()),
            npi: Some(Some("1234567890".into())),
            ..PersonPatch::default()
        },
        emr: Some(EmrPatch {
            user_type: Some("PT".into()),
            status: Some("sleeping".into()),
            permissions: Some(vec![]),
            clinics: Some(BTreeSet::new()),
            license_expires_on: Some(Some("soon".into())),
            license_state: Some(Some("Maine".into())),
            ..EmrPatch::default()
        }),
        password: Some(NewPassword { password: "short".into(), confirmation: Some("shorter".into()) }),
        ..Change::default()
    };
    let found = codes(decide(&manager(), &facts(), &blank(), true, &change));
    for expected in [
        (Some("first_name"), Code::Required),
        (Some("last_name"), Code::TooLong),
        (Some("email"), Code::EmailInvalid),
        (Some("username"), Code::UsernameInvalid),
        (Some("npi"), Code::NpiInvalid),
        (Some("emr_account.status"), Code::NotUnderstood),
        (Some("emr_account.permissions"), Code::PermissionRequired),
        (Some("emr_account.clinic_ids"), Code::ClinicRequired),
        (Some("emr_account.license_number"), Code::LicenseRequired),
        (Some("emr_account.license_expires_on"), Code::DateInvalid),
        (Some("emr_account.license_state"), Code::StateInvalid),
        (Some("password"), Code::PasswordTooShort),
        (Some("password_confirmation"), Code::PasswordMismatch),
    ] {
        assert!(found.contains(&expected), "{expected:?} is missing in {found:?}");
    }
}

#[test]
fn nobody_gives_what_they_do_not_hold() {
    let target = profile(9, UserType::PT, &[Permission::ViewPatients], &[1]);
    let patch = EmrPatch {
        permissions: Some(permissions(&[Permission::ViewPatients, Permission::CompanyAdmin])),
        ..EmrPatch::default()
    };
    assert_eq!(
        codes(edit(&manager(), &facts(), &target, patch.clone())),
        [(Some("emr_account.permissions"), Code::PermissionNotHeldByYou)]
    );
    assert!(edit(&company_admin(), &facts(), &target, patch.clone()).is_ok());
    assert!(edit(&support(), &facts(), &target, patch).is_ok());
}

#[test]
fn a_front_office_manager_looks_after_therapists_and_still_gives_nothing_else() {
    let held = [Permission::ViewPatients, Permission::ViewUsers, Permission::EditUsers];
    let office = Authority::of(&profile(1, UserType::Clerical, &held, &[1]));
    let therapist = profile(9, UserType::PT, &[Permission::ViewPatients, Permission::FinishSoapNotes], &[1]);
    let wider = [Permission::ViewPatients, Permission::FinishSoapNotes, Permission::StartSoapNotes];
    let give = |list: &[Permission]| EmrPatch { permissions: Some(permissions(list)), ..EmrPatch::default() };
    assert!(edit(&office, &facts(), &therapist, give(&wider)).is_ok());
    assert_eq!(
        codes(edit(&office, &facts(), &therapist, give(&[Permission::ViewPatients, Permission::ClinicAdmin]))),
        [(Some("emr_account.permissions"), Code::PermissionNotHeldByYou)]
    );
    assert!(!office.emr().permissions().contains(Permission::FinishSoapNotes), "giving is not holding");
    let own_type_may_hold = Authority::of(&profile(2, UserType::PT, &held, &[1]));
    assert_eq!(codes(edit(&own_type_may_hold, &facts(), &therapist, give(&wider))), [(None, Code::HoldsMoreThanYou)]);
}

#[test]
fn nobody_changes_someone_who_holds_more() {
    let boss = profile(9, UserType::PT, &[Permission::ViewPatients, Permission::CompanyAdmin], &[1]);
    let rename = Change {
        person: PersonPatch { phone: Some(Some("207 555 0142".into())), ..PersonPatch::default() },
        ..Change::default()
    };
    assert_eq!(codes(decide(&manager(), &facts(), &boss, false, &rename)), [(None, Code::HoldsMoreThanYou)]);
    assert!(decide(&company_admin(), &facts(), &boss, false, &rename).is_ok());
}

#[test]
fn whoever_does_not_reach_all_clinics_of_a_person_cannot_become_them() {
    let elsewhere = profile(9, UserType::PT, &[Permission::ViewPatients], &[1, 3]);
    let take_over = Change {
        person: PersonPatch { email: Some(Some("evil@saco.example".into())), ..PersonPatch::default() },
        ..Change::default()
    };
    assert_eq!(codes(decide(&manager(), &facts(), &elsewhere, false, &take_over)), [(None, Code::HoldsMoreThanYou)]);
    let password = NewPassword { password: "Tr4velling-oak-Ridge".into(), confirmation: None };
    let take_over = Change { password: Some(password), ..Change::default() };
    assert_eq!(codes(decide(&manager(), &facts(), &elsewhere, false, &take_over)), [(None, Code::HoldsMoreThanYou)]);
    let harmless = Change {
        person: PersonPatch { phone: Some(Some("207 555 0142".into())), ..PersonPatch::default() },
        ..Change::default()
    };
    assert!(decide(&manager(), &facts(), &elsewhere, false, &harmless).is_ok());
}

#[test]
fn nobody_sets_their_own_password_without_the_current_one() {
    let held = [Permission::ViewPatients, Permission::ViewUsers, Permission::EditUsers];
    let me = profile(9, UserType::PT, &held, &[1]);
    let password = NewPassword { password: "Tr4velling-oak-Ridge".into(), confirmation: None };
    let change = Change { password: Some(password), ..Change::default() };
    let own = codes(decide(&Authority::of(&me), &facts(), &me, false, &change));
    assert_eq!(own, [(Some("password"), Code::OwnPassword)]);
    assert!(decide(&manager(), &facts(), &me, false, &change).is_ok());
}

#[test]
fn clinics_outside_the_actors_access_are_neither_added_nor_lost() {
    let target = profile(9, UserType::PT, &[Permission::ViewPatients], &[1, 3]);
    let add = EmrPatch { clinics: Some(BTreeSet::from([clinic(1), clinic(4)])), ..EmrPatch::default() };
    assert_eq!(
        codes(edit(&manager(), &facts(), &target, add)),
        [(Some("emr_account.clinic_ids"), Code::ClinicOutsideYourAccess)]
    );
    // A clinic of another practice answers the same: nobody learns that it exists.
    let unknown = EmrPatch { clinics: Some(BTreeSet::from([clinic(1), clinic(77)])), ..EmrPatch::default() };
    assert_eq!(
        codes(edit(&manager(), &facts(), &target, unknown)),
        [(Some("emr_account.clinic_ids"), Code::ClinicOutsideYourAccess)]
    );
    let swap = EmrPatch { clinics: Some(BTreeSet::from([clinic(1), clinic(2)])), ..EmrPatch::default() };
    let kept = edit(&manager(), &facts(), &target, swap).unwrap().profile.emr.unwrap().clinics;
    assert_eq!(kept, BTreeSet::from([clinic(1), clinic(2), clinic(3)]), "the clinic the manager does not see stays");
}

#[test]
fn the_default_clinic_stays_among_the_clinics() {
    let target = profile(9, UserType::PT, &[Permission::ViewPatients], &[1, 2]);
    let remove = EmrPatch { clinics: Some(BTreeSet::from([clinic(2)])), ..EmrPatch::default() };
    assert_eq!(
        codes(edit(&manager(), &facts(), &target, remove)),
        [(Some("emr_account.clinic_ids"), Code::DefaultClinicNotRemovable)]
    );
    let both =
        EmrPatch { clinics: Some(BTreeSet::from([clinic(2)])), default_clinic: Some(clinic(2)), ..EmrPatch::default() };
    assert_eq!(edit(&manager(), &facts(), &target, both).unwrap().seats.to, Some((clinic(2), Group::Therapist)));
    let outside = EmrPatch { default_clinic: Some(clinic(3)), ..EmrPatch::default() };
    assert_eq!(
        codes(edit(&manager(), &facts(), &target, outside)),
        [(Some("emr_account.default_clinic_id"), Code::DefaultClinicNotAmongClinics)]
    );
}

#[test]
fn without_a_free_license_a_new_profile_is_saved_inactive_and_an_old_one_stays_so() {
    let mut facts = facts();
    facts.emr.seats.insert((clinic(1), Group::Assistant), Availability::Free(0));
    let outcome = decide(&manager(), &facts, &blank(), true, &new_pta()).unwrap();
    let emr = outcome.profile.emr.unwrap();
    assert_eq!((emr.status, emr.inactive_reason), (Status::Inactive, Some(InactiveReason::NoLicense)));
    assert_eq!((outcome.seats.to, outcome.notices.len()), (None, 1));
    let mut waiting = profile(9, UserType::PTA, &[Permission::ViewPatients], &[1]);
    waiting.emr.as_mut().unwrap().status = Status::Inactive;
    let activate = EmrPatch { status: Some("active".into()), ..EmrPatch::default() };
    assert_eq!(
        codes(edit(&manager(), &facts, &waiting, activate)),
        [(Some("emr_account.status"), Code::NoLicenseAvailable)]
    );
    let moved = EmrPatch {
        clinics: Some(BTreeSet::from([clinic(1), clinic(2)])),
        default_clinic: Some(clinic(1)),
        ..EmrPatch::default()
    };
    let active_elsewhere = profile(9, UserType::PTA, &[Permission::ViewPatients], &[2]);
    assert_eq!(
        codes(edit(&manager(), &facts, &active_elsewhere, moved)),
        [(Some("emr_account.default_clinic_id"), Code::NoLicenseAvailable)]
    );
}

#[test]
fn making_someone_inactive_gives_the_seat_back_ends_access_and_says_that_the_license_stays() {
    let target = profile(9, UserType::PT, &[Permission::ViewPatients], &[1]);
    let outcome =
        edit(&manager(), &facts(), &target, EmrPatch { status: Some("inactive".into()), ..EmrPatch::default() })
            .unwrap();
    assert!(outcome.ends_access);
    assert_eq!(outcome.seats.from, Some((clinic(1), Group::Therapist)));
    assert!(outcome.notices[0].sentence().contains("until it is released"));
}

#[test]
fn the_last_company_admin_and_the_last_manager_of_a_clinic_stay_on_every_path() {
    let mut facts = facts();
    facts.emr.other_company_admin = false;
    facts.emr.clinics_managed_by_others = BTreeSet::from([clinic(2)]);
    let last = profile(
        2,
        UserType::Clerical,
        &[Permission::CompanyAdmin, Permission::EditUsers, Permission::ViewPatients],
        &[1, 2],
    );
    let paths = [
        ("deactivate", EmrPatch { status: Some("inactive".into()), ..EmrPatch::default() }),
        (
            "take the permissions",
            EmrPatch { permissions: Some(permissions(&[Permission::ViewPatients])), ..EmrPatch::default() },
        ),
        (
            "change the type",
            EmrPatch {
                user_type: Some("SPT".into()),
                permissions: Some(permissions(&[Permission::ViewPatients])),
                ..EmrPatch::default()
            },
        ),
    ];
    for (path, patch) in paths {
        let found = edit(&support(), &facts, &last, patch).unwrap_err();
        assert!(found.has(Code::LastCompanyAdmin), "{path}: {found:?}");
        assert!(found.has(Code::LastUserManager), "{path}: {found:?}");
    }
    let leave =
        EmrPatch { clinics: Some(BTreeSet::from([clinic(2)])), default_clinic: Some(clinic(2)), ..EmrPatch::default() };
    assert_eq!(
        codes(edit(&support(), &facts, &last, leave)),
        [(Some("emr_account.clinic_ids"), Code::LastUserManager)]
    );
}

#[test]
fn an_assistant_finishes_only_with_an_attestation_where_a_clinic_allows_it() {
    let pta = profile(9, UserType::PTA, &[Permission::ViewPatients], &[1]);
    let grant = |attested| EmrPatch {
        permissions: Some(permissions(&[Permission::ViewPatients, Permission::FinishSoapNotes])),
        finish_attested: attested,
        ..EmrPatch::default()
    };
    assert_eq!(
        codes(edit(&manager(), &facts(), &pta, grant(false))),
        [(Some("emr_account.finish_attested"), Code::AttestationRequired)]
    );
    let attested = edit(&manager(), &facts(), &pta, grant(true)).unwrap().profile.emr.unwrap().finish_attestation;
    assert_eq!(attested, Some(Attestation { by: Some(person(1)) }));
    let mut unsigned = facts();
    unsigned.emr.signature_on_file = false;
    let refused = edit(&manager(), &unsigned, &pta, grant(true)).unwrap_err();
    assert_eq!(refused.0[0].message.split(". ").next(), Some("Finish SOAP Notes: needs a signature on file first"));
    assert_eq!(codes(Err(refused)), [(Some("emr_account.permissions"), Code::SignatureRequired)]);
    let mut closed = facts();
    closed.emr.clinics.get_mut(&clinic(1)).unwrap().assistants_may_finish = AssistantFinish::Refused;
    assert_eq!(
        codes(edit(&manager(), &closed, &pta, grant(true))),
        [(Some("emr_account.permissions"), Code::ClinicForbidsAssistantFinish)]
    );
}

#[test]
fn only_support_changes_the_type_and_sees_what_breaks() {
    let pt =
        profile(9, UserType::PT, &[Permission::ViewPatients, Permission::FinishSoapNotes, Permission::ViewUsers], &[1]);
    let patch = EmrPatch { user_type: Some("SPT".into()), ..EmrPatch::default() };
    assert!(
        codes(edit(&company_admin(), &facts(), &pt, patch))
            .contains(&(Some("emr_account.user_type"), Code::SupportOnly))
    );
    let preview = preview_type_change(&pt.person, pt.emr.as_ref().unwrap(), UserType::SPT);
    let lost: Vec<Permission> = preview.permissions_lost.iter().collect();
    assert_eq!(lost, [Permission::ViewUsers, Permission::FinishSoapNotes]);
    assert_eq!(preview.pool, Some((Group::Therapist, Group::Student)));
    assert!(preview.credentials_cleared);
    let (person, emr) = preview.as_patches(pt.emr.as_ref().unwrap());
    let change = Change { person, emr: Some(emr), ..Change::default() };
    let after = decide(&support(), &facts(), &pt, false, &change).unwrap();
    assert_eq!(after.profile.emr.unwrap().user_type, UserType::SPT);
    assert_eq!(after.seats.to, Some((clinic(1), Group::Student)));
}

#[test]
fn taken_names_name_their_owner_only_when_the_actor_may_see_them() {
    let mut facts = facts();
    facts.email_owner = Some(NameOwner::Hidden);
    facts.username_owner = Some(NameOwner::Visible("Ana Hart".into()));
    let refused = decide(&manager(), &facts, &blank(), true, &new_pta()).unwrap_err();
    let message = |code| refused.0.iter().find(|r| r.code == code).unwrap().message.clone();
    assert!(message(Code::UsernameTaken).contains("Ana Hart"));
    assert!(message(Code::EmailTaken).contains("you cannot see"));
}

#[test]
fn an_active_profile_needs_an_email_and_an_inactive_one_may_wait_for_it() {
    let mut change = new_pta();
    change.person.email = None;
    assert_eq!(codes(decide(&manager(), &facts(), &blank(), true, &change)), [(Some("email"), Code::EmailRequired)]);
    change.emr.as_mut().unwrap().status = Some("inactive".into());
    let emr = decide(&manager(), &facts(), &blank(), true, &change).unwrap().profile.emr.unwrap();
    assert_eq!(emr.inactive_reason, Some(InactiveReason::NeedsEmail));
}

/// User type × permission × path, as reviewed: what a company admin's request to add one permission answers.
#[test]
fn the_matrix_of_types_permissions_and_paths_is_as_reviewed() {
    let mut table = String::from("# ok = saved; otherwise the codes of the refusal. Actor: company admin.\n");
    for kind in UserType::ALL {
        for permission in Permission::ALL {
            let mut cells = Vec::new();
            let base: PermissionSet = [Permission::ViewPatients, Permission::AnalyticsAccess].into_iter().collect();
            let wanted = base.with(permission);
            let list: Vec<String> = wanted.iter().map(|p| p.as_str().to_owned()).collect();
            let existing = profile(9, kind, &[Permission::ViewPatients, Permission::AnalyticsAccess], &[1]);
            for (path, attested) in [("edit", false), ("edit+attest", true)] {
                let patch =
                    EmrPatch { permissions: Some(list.clone()), finish_attested: attested, ..EmrPatch::default() };
                cells.push(format!("{path}: {}", outcome(edit(&company_admin(), &facts(), &existing, patch))));
            }
            let mut without = existing.clone();
            without.emr.as_mut().unwrap().permissions = wanted;
            if permission == Permission::FinishSoapNotes {
                without.emr.as_mut().unwrap().finish_attestation = Some(Attestation { by: None });
            }
            let kept: Vec<String> = wanted.without(permission).iter().map(|p| p.as_str().to_owned()).collect();
            let patch = EmrPatch { permissions: Some(kept), ..EmrPatch::default() };
            cells.push(format!("remove: {}", outcome(edit(&company_admin(), &facts(), &without, patch))));
            table += &format!("{:<9}{:<22}{}\n", kind.as_str(), permission.as_str(), cells.join("   "));
        }
    }
    insta::assert_snapshot!("type_by_permission_by_path", table);
}

fn outcome(result: Result<Outcome, Refusals>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(refusals) => refusals.0.iter().map(|r| r.code.as_str()).collect::<Vec<_>>().join("+"),
    }
}

/// Actor × action, as reviewed.
#[test]
fn the_matrix_of_actors_and_actions_is_as_reviewed() {
    let view_only =
        Authority::of(&profile(3, UserType::Clerical, &[Permission::ViewPatients, Permission::ViewUsers], &[1]));
    let therapist =
        Authority::of(&profile(4, UserType::PT, &[Permission::ViewPatients, Permission::FinishSoapNotes], &[1]));
    let mut gone = profile(5, UserType::PT, &MANAGER, &[1, 2]);
    gone.emr.as_mut().unwrap().status = Status::Inactive;
    let actors = [
        ("support", support()),
        ("company admin", company_admin()),
        ("user manager of clinics 1, 2", manager()),
        ("views users", view_only),
        ("therapist", therapist),
        ("inactive manager", Authority::of(&gone)),
    ];
    let colleague = profile(9, UserType::PT, &[Permission::ViewPatients], &[1]);
    let shared = profile(10, UserType::PT, &[Permission::ViewPatients], &[1, 3]);
    let elsewhere = profile(11, UserType::PT, &[Permission::ViewPatients], &[3]);
    let boss = profile(12, UserType::Clerical, &[Permission::ViewPatients, Permission::CompanyAdmin], &[1]);
    let mut table = String::new();
    for (name, actor) in &actors {
        for (who, target) in [
            ("colleague", &colleague),
            ("colleague of clinics 1, 3", &shared),
            ("someone of clinic 3", &elsewhere),
            ("company admin", &boss),
        ] {
            let change = |change| outcome(decide(actor, &facts(), target, false, &change));
            let phone = PersonPatch { phone: Some(Some("207 555 0142".into())), ..PersonPatch::default() };
            let email = PersonPatch { email: Some(Some("new@saco.example".into())), ..PersonPatch::default() };
            table += &format!(
                "{name:<30}{who:<28}see: {:<6}edit: {:<24}email: {:<24}deactivate: {}\n",
                actor.may_see(target),
                change(Change { person: phone, ..Change::default() }),
                change(Change { person: email, ..Change::default() }),
                outcome(edit(
                    actor,
                    &facts(),
                    target,
                    EmrPatch { status: Some("inactive".into()), ..EmrPatch::default() }
                )),
            );
        }
        table += &format!(
            "{name:<30}{:<28}add: {}\n\n",
            "a new assistant",
            outcome(decide(actor, &facts(), &blank(), true, &new_pta()))
        );
    }
    insta::assert_snapshot!("actor_by_action", table);
}

#[test]
fn a_person_without_accounts_is_closed_and_opened_and_accounts_take_over_from_there() {
    let before = Profile::blank(HOME, person(60));
    let change = |status: &str| Change { sign_in_status: Some(status.to_owned()), ..Change::default() };
    let decided = |before: &Profile, change: &Change| decide(&company_admin(), &facts(), before, false, change);
    let gone = decided(&before, &change("closed")).unwrap();
    assert!(gone.ends_access);
    assert_eq!(gone.profile.sign_in, SignInStatus::Closed);
    let back = decided(&gone.profile, &change("open")).unwrap();
    assert_eq!((back.profile.sign_in, back.ends_access), (SignInStatus::Open, false));
    assert_eq!(codes(decided(&before, &change("ajar"))), [(Some("sign_in_status"), Code::NotUnderstood)]);

    let mut hired = new_pta();
    hired.person = PersonPatch { email: Some(Some("bo@saco.example".into())), ..PersonPatch::default() };
    let account = decided(&gone.profile, &hired).unwrap();
    assert_eq!(account.profile.sign_in, SignInStatus::Open);
    let both = Change { sign_in_status: Some("closed".into()), ..Change::default() };
    assert_eq!(codes(decided(&account.profile, &both)), [(Some("sign_in_status"), Code::SignInFollowsAccounts)]);
}
