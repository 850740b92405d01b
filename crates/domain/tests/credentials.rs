//! Professional licenses, supervision, the worklist and leaving, rule by rule.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use muster_domain::access::{ActorKind, Authority};
use muster_domain::credentials::{
    CredentialIssue, ProfessionalLicense, ProfessionalLicensePatch, ReminderStage, issues, judge_professional_license,
    judge_supervisor,
};
use muster_domain::emr::{EmrFacts, InactiveReason, Permission, PermissionSet, Status, UserType};
use muster_domain::fixtures::{HOME, NPI, ProfileBuilder, clinic_id};
use muster_domain::organizations::Clinic;
use muster_domain::people::{Facts, OffboardingKind, Profile, offboard};
use muster_domain::sign_in::{PasswordPolicy, Preset};
use muster_domain::{ClinicId, Code, OrganizationId, Refusals};
use uuid::Uuid;

const CLINIC: ClinicId = clinic_id(1);
const TODAY: Date = date(2026, 3, 2);

fn someone(n: u128, kind: UserType) -> Profile {
    let builder = ProfileBuilder::new(n, kind);
    if kind.has_signature() { builder.license("PT1", None).build() } else { builder.build() }
}

fn therapist(n: u128) -> Profile {
    let mut made = someone(n, UserType::PT);
    made.person.npi = Some(NPI.into());
    made
}

fn support() -> Authority {
    Authority::operator(ActorKind::Support, HOME)
}

fn license(position: i64, number: &str, expires_on: Option<Date>) -> ProfessionalLicense {
    ProfessionalLicense { position, number: Some(number.into()), state: None, profession: None, expires_on }
}

fn codes<T: std::fmt::Debug>(result: Result<T, Refusals>) -> Vec<(Option<&'static str>, Code)> {
    result.expect_err("refused").0.into_iter().map(|r| (r.field, r.code)).collect()
}

fn facts() -> Facts {
    let emr = EmrFacts {
        clinics: BTreeMap::from([(CLINIC, Clinic::new(CLINIC, "Saco"))]),
        seats: BTreeMap::new(),
        other_company_admin: true,
        clinics_managed_by_others: BTreeSet::from([CLINIC]),
        signature_on_file: true,
    };
    Facts::for_new_person(PasswordPolicy { preset: Preset::Seed, expiry_days: None }, emr)
}

#[test]
fn everything_wrong_with_a_license_is_said_at_its_field() {
    let patch = ProfessionalLicensePatch {
        number: Some(Some("<x>".into())),
        state: Some(Some("XX".into())),
        profession: Some(Some("x".repeat(101))),
        expires_on: Some(Some("31.3.2027".into())),
    };
    assert_eq!(
        codes(judge_professional_license(&support(), &therapist(1), &[], None, &patch)),
        [
            (Some("number"), Code::LicenseInvalid),
            (Some("state"), Code::StateInvalid),
            (Some("profession"), Code::TooLong),
            (Some("expires_on"), Code::DateInvalid),
        ]
    );
    let nothing =
        judge_professional_license(&support(), &therapist(1), &[], None, &ProfessionalLicensePatch::default());
    assert_eq!(codes(nothing), [(Some("number"), Code::Required)]);
}

#[test]
fn a_license_gets_a_place_of_its_own_and_stands_on_the_list_once() {
    let others = [license(0, "PT1", None), license(3, "PT9", None)];
    let patch = ProfessionalLicensePatch {
        number: Some(Some(" PT2 ".into())),
        state: Some(Some("me".into())),
        ..Default::default()
    };
    let made = judge_professional_license(&support(), &therapist(1), &others, None, &patch).expect("fine");
    assert_eq!((made.position, made.number.as_deref(), made.state.as_deref()), (4, Some("PT2"), Some("ME")));
    let again = ProfessionalLicensePatch { number: Some(Some("PT9".into())), ..Default::default() };
    let twice = judge_professional_license(&support(), &therapist(1), &others, None, &again);
    assert_eq!(codes(twice), [(Some("number"), Code::LicenseListedTwice)]);
    assert!(judge_professional_license(&support(), &therapist(1), &others, Some(&others[1]), &again).is_ok());
    let full: Vec<_> = (0..200).map(|n| license(n, &format!("N{n}"), None)).collect();
    assert_eq!(
        codes(judge_professional_license(&support(), &therapist(1), &full, None, &patch)),
        [(None, Code::TooManyLicenses)]
    );
    let student = judge_professional_license(&support(), &someone(1, UserType::SPT), &[], None, &patch);
    assert_eq!(codes(student), [(Some("number"), Code::LicenseNotForType)]);
}

#[test]
fn a_license_is_told_about_at_ninety_sixty_and_thirty_days_and_when_it_is_over() {
    for (days, stage) in [
        (91, None),
        (90, Some(ReminderStage::Within90)),
        (61, Some(ReminderStage::Within90)),
        (60, Some(ReminderStage::Within60)),
        (31, Some(ReminderStage::Within60)),
        (30, Some(ReminderStage::Within30)),
        (0, Some(ReminderStage::Within30)),
        (-1, Some(ReminderStage::Expired)),
        (-400, Some(ReminderStage::Expired)),
    ] {
        let day = TODAY.saturating_add(jiff::Span::new().days(days));
        assert_eq!(ReminderStage::of(day, TODAY), stage, "{days}");
    }
}

#[test]
fn the_worklist_names_what_is_missing_most_urgent_first_and_only_of_active_people() {
    let mut mara = someone(1, UserType::PTA);
    mara.person.npi = Some("9999999995".into());
    let licenses = [license(0, "00000", Some(date(2026, 3, 20))), license(1, "X", Some(date(2026, 3, 1)))];
    assert_eq!(
        issues(&mara, &licenses, false, false, TODAY),
        [
            CredentialIssue::Expired,
            CredentialIssue::Expires30,
            CredentialIssue::PlaceholderNpi,
            CredentialIssue::PlaceholderLicense,
            CredentialIssue::MissingSignature,
            CredentialIssue::MissingSupervisor,
        ]
    );
    assert_eq!(issues(&therapist(1), &[license(0, "PT1", None)], true, false, TODAY), []);
    assert_eq!(issues(&someone(1, UserType::SPT), &[], false, false, TODAY), [CredentialIssue::MissingSupervisor]);
    assert_eq!(issues(&someone(1, UserType::Clerical), &[], false, false, TODAY), []);
    mara.emr.as_mut().expect("an account").status = Status::Inactive;
    assert_eq!(issues(&mara, &licenses, false, false, TODAY), []);
}

#[test]
fn only_an_active_therapist_supervises_and_only_assistants_and_students_are_supervised() {
    let (student, mara) = (someone(1, UserType::SPT), therapist(2));
    assert_eq!(judge_supervisor(&support(), &student, Some(&mara)), Ok(()));
    assert_eq!(judge_supervisor(&support(), &student, None), Ok(()));
    let field = Some("supervisor_id");
    let pta = someone(3, UserType::PTA);
    assert_eq!(codes(judge_supervisor(&support(), &student, Some(&pta))), [(field, Code::SupervisorNotTherapist)]);
    assert_eq!(codes(judge_supervisor(&support(), &mara, Some(&mara))), [(field, Code::SupervisorNotForType)]);
    let mut away = therapist(4);
    away.emr.as_mut().expect("an account").status = Status::Inactive;
    assert_eq!(codes(judge_supervisor(&support(), &student, Some(&away))), [(field, Code::SupervisorNotTherapist)]);
    let mut foreign = therapist(5);
    foreign.person.organization = OrganizationId(Uuid::from_u128(2));
    assert_eq!(codes(judge_supervisor(&support(), &student, Some(&foreign))), [(field, Code::SupervisorUnknown)]);
}

#[test]
fn leaving_names_its_steps_and_a_leave_is_not_a_departure() {
    let mara = therapist(1);
    let gone = offboard(&support(), &facts(), &mara, OffboardingKind::Departure, &[], None).expect("leaves");
    let emr = gone.outcome.profile.emr.as_ref().expect("an account");
    assert_eq!((emr.status, emr.inactive_reason), (Status::Inactive, Some(InactiveReason::Deactivated)));
    assert!(gone.outcome.ends_access);
    let steps: Vec<&str> = gone.steps.iter().map(|s| s.step).collect();
    assert_eq!(steps, ["emr_account", "access", "license"]);
    let away = offboard(&support(), &facts(), &mara, OffboardingKind::Leave, &[], None).expect("goes on leave");
    let away = away.outcome.profile;
    assert_eq!(away.emr.as_ref().and_then(|e| e.inactive_reason), Some(InactiveReason::OnLeave));
    let again = offboard(&support(), &facts(), &away, OffboardingKind::Leave, &[], None);
    assert_eq!(codes(again), [(None, Code::NothingToChange)]);
    assert!(offboard(&support(), &facts(), &away, OffboardingKind::Departure, &[], None).is_ok());
}

#[test]
fn whoever_supervises_hands_over_to_another_active_therapist_and_the_last_admin_stays() {
    let (mara, next) = (therapist(1), therapist(2));
    let field = Some("hand_supervisees_to");
    let theirs = ["Sam Lee".to_owned()];
    let left = |to: Option<&Profile>| offboard(&support(), &facts(), &mara, OffboardingKind::Departure, &theirs, to);
    assert_eq!(codes(left(None)), [(field, Code::SuperviseesNeedSupervisor)]);
    assert_eq!(codes(left(Some(&mara))), [(field, Code::SupervisorLeaving)]);
    assert_eq!(codes(left(Some(&someone(3, UserType::PTA)))), [(field, Code::SupervisorNotTherapist)]);
    let done = left(Some(&next)).expect("leaves");
    assert_eq!(done.steps.last().map(|s| s.text.as_str()), Some("From now on Mara Harlow2 supervises Sam Lee."));
    let mut admin = therapist(4);
    admin.emr.as_mut().expect("an account").permissions = PermissionSet::EMPTY.with(Permission::CompanyAdmin);
    let mut alone = facts();
    alone.emr.other_company_admin = false;
    let refused = offboard(&support(), &alone, &admin, OffboardingKind::Departure, &[], None);
    assert!(codes(refused).contains(&(Some("emr_account.status"), Code::LastCompanyAdmin)));
}
