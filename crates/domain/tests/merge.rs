//! Two profiles of one person: what moves, what stays, and what stands in the way.

use muster_domain::credentials::ProfessionalLicense;
use muster_domain::emr::{EmrAccount, Permission, PermissionSet, Status, UserType};
use muster_domain::fixtures::ProfileBuilder;
use muster_domain::people::{MergeSide, merge};
use muster_domain::{Code, PersonId};
use uuid::Uuid;

fn side(n: u128, kind: UserType, first: Option<(&str, &str)>) -> MergeSide {
    let builder = ProfileBuilder::new(n, kind);
    let profile = match first {
        Some((number, state)) => builder.license(number, Some(state)).build(),
        None => builder.build(),
    };
    let licenses = first.map(|(number, state)| numbered_license(0, number, state)).into_iter().collect();
    MergeSide { profile, licenses, picture: false, signature: false, supervisor: None, supervises: false }
}

fn numbered_license(position: i64, number: &str, state: &str) -> ProfessionalLicense {
    ProfessionalLicense {
        position,
        number: Some(number.into()),
        state: Some(state.into()),
        ..ProfessionalLicense::default()
    }
}

fn account(side: &mut MergeSide) -> &mut EmrAccount {
    side.profile.emr.as_mut().expect("an account")
}

#[test]
fn licenses_move_unless_the_same_number_and_state_is_there_however_it_is_written() {
    let mut kept = side(1, UserType::PT, Some(("PT-1", "ME")));
    kept.licenses.push(numbered_license(2, "OT 9", "NH"));
    let mut merged = side(2, UserType::PT, Some(("pt1", "ME")));
    merged.licenses.extend([
        numbered_license(1, "ot-9", "NH"),
        numbered_license(2, "OT9", "VT"),
        numbered_license(5, "X 7", "MA"),
    ]);
    let moves = merge(&kept, &merged).expect("a plan").licenses;
    let told: Vec<_> = moves.iter().map(|m| (m.from, m.license.position, m.stays)).collect();
    assert_eq!(told, [(2, 3, false), (5, 4, false)]);

    let other_state = side(2, UserType::PT, Some(("PT-1", "NH")));
    let moves = merge(&kept, &other_state).expect("a plan").licenses;
    assert_eq!((moves[0].from, moves[0].license.position, moves[0].stays), (0, 3, true), "its type needs it there too");
}

#[test]
fn a_real_first_license_takes_the_place_of_the_placeholder_and_the_placeholder_never_moves() {
    let (kept, merged) = (side(1, UserType::PT, Some(("00000", "ME"))), side(2, UserType::PT, Some(("PT-1", "ME"))));
    let plan = merge(&kept, &merged).expect("a plan");
    assert_eq!(plan.identity.emr.expect("a change").license_number, Some(Some("PT-1".to_owned())));
    assert_eq!((plan.licenses[0].license.position, plan.licenses.len()), (0, 1));
    assert!(merge(&merged, &kept).expect("a plan").licenses.is_empty());
    let clerk = side(3, UserType::Clerical, None);
    assert!(merge(&clerk, &merged).expect("a plan").licenses.is_empty(), "a clerk carries none");
}

#[test]
fn more_licenses_than_a_person_may_have_are_refused() {
    let mut kept = side(1, UserType::PT, Some(("PT-1", "ME")));
    kept.licenses.extend((1..199).map(|n| numbered_license(n, &format!("N{n}"), "ME")));
    let mut merged = side(2, UserType::PT, Some(("PT-1", "ME")));
    merged.licenses.push(numbered_license(1, "A", "VT"));
    assert!(merge(&kept, &merged).is_ok());
    merged.licenses.push(numbered_license(2, "B", "VT"));
    assert_eq!(merge(&kept, &merged).expect_err("too many").0[0].code, Code::TooManyLicenses);
}

#[test]
fn picture_and_signature_move_only_to_who_has_none_and_carries_one() {
    let mut merged = side(2, UserType::PT, Some(("PT-2", "ME")));
    (merged.picture, merged.signature) = (true, true);
    let mut kept = side(1, UserType::PT, Some(("PT-1", "NH")));
    let plan = merge(&kept, &merged).expect("a plan");
    assert!(plan.picture && plan.signature);
    (kept.picture, kept.signature) = (true, true);
    let plan = merge(&kept, &merged).expect("a plan");
    assert!(!plan.picture && !plan.signature);
    assert!(!merge(&side(3, UserType::Clerical, None), &merged).expect("a plan").signature);
}

#[test]
fn an_assistant_who_loses_the_signature_no_longer_finishes_notes_with_it() {
    let kept = side(1, UserType::PTA, Some(("A1", "ME")));
    let mut merged = side(2, UserType::PTA, Some(("A2", "NH")));
    merged.signature = true;
    account(&mut merged).permissions = [Permission::ViewPatients, Permission::FinishSoapNotes].into_iter().collect();
    let plan = merge(&kept, &merged).expect("a plan");
    assert!(plan.signature);
    assert_eq!(plan.leaving.emr.expect("a change").permissions, Some(vec!["view_patients".to_owned()]));
    let given = plan.access.emr.expect("a change").permissions.expect("permissions");
    assert!(!given.contains(&"finish_soap_notes".to_owned()), "confirmed for the other profile only");
    account(&mut merged).permissions = PermissionSet::EMPTY.with(Permission::FinishSoapNotes);
    assert!(!merge(&kept, &merged).expect("a plan").signature, "nothing would be left");
}

#[test]
fn whoever_supervises_goes_on_only_as_an_active_therapist() {
    let mut merged = side(2, UserType::PT, Some(("PT-2", "ME")));
    merged.supervises = true;
    assert!(merge(&side(1, UserType::OT, Some(("OT-1", "ME"))), &merged).is_ok());
    let refused = merge(&side(1, UserType::PTA, Some(("A1", "ME"))), &merged).expect_err("an assistant");
    assert_eq!(refused.0[0].code, Code::SupervisorNotTherapist);
    let mut away = side(1, UserType::PT, Some(("PT-1", "ME")));
    account(&mut away).status = Status::Inactive;
    let plan = merge(&away, &merged).expect("active again");
    assert_eq!(plan.identity.emr.expect("a change").status.as_deref(), Some("active"));
    account(&mut merged).status = Status::Inactive;
    assert!(merge(&away, &merged).is_err(), "nobody is active");
}

#[test]
fn the_own_supervisor_is_taken_over_by_who_needs_one_and_has_none() {
    let (boss, other) = (PersonId(Uuid::from_u128(7)), PersonId(Uuid::from_u128(8)));
    let (mut kept, mut merged) = (side(1, UserType::SPT, None), side(2, UserType::SPT, None));
    merged.supervisor = Some(boss);
    assert_eq!(merge(&kept, &merged).expect("a plan").supervisor, Some(boss));
    kept.supervisor = Some(other);
    assert_eq!(merge(&kept, &merged).expect("a plan").supervisor, None);
    assert_eq!(merge(&side(3, UserType::Clerical, None), &merged).expect("a plan").supervisor, None);
}

#[test]
fn an_account_is_not_lost_and_nobody_is_merged_with_themselves() {
    let merged = side(2, UserType::PT, Some(("PT-2", "ME")));
    let mut bare = side(1, UserType::PT, None);
    bare.profile.emr = None;
    assert_eq!(merge(&bare, &merged).expect_err("an account").0[0].code, Code::MergeKeepsAccount);
    assert!(merge(&merged, &bare).is_ok());
    assert_eq!(merge(&merged, &merged).expect_err("one").0[0].code, Code::MergeWithItself);
}

#[test]
fn what_a_type_may_not_hold_does_not_come_over_and_admin_rights_do_before_the_other_leaves() {
    let mut merged = side(2, UserType::Clerical, None);
    account(&mut merged).permissions =
        [Permission::ViewPatients, Permission::CompanyAdmin, Permission::EditUsers].into_iter().collect();
    let given = |kept: MergeSide| {
        let plan = merge(&kept, &merged).expect("a plan");
        let leaving = plan.leaving.emr.expect("a change");
        assert_eq!((leaving.status.as_deref(), leaving.permissions), (Some("inactive"), None));
        plan.access.emr.expect("a change").permissions.expect("permissions")
    };
    assert_eq!(given(side(1, UserType::SPT, None)), ["view_patients"]);
    assert_eq!(given(side(1, UserType::Clerical, None)), ["view_patients", "edit_users", "company_admin"]);
}
