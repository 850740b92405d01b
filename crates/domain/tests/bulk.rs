//! The judge of bulk updates: its own rules, what it shares with the judge of single edits, and the matrix of both.

use std::collections::{BTreeMap, BTreeSet};

use muster_domain::access::Authority;
use muster_domain::bulk::{
    BulkChange, BulkDecision, BulkOutcome, BulkRequest, ChangeRecord, ChangeSet, Rules, RunningFacts, Tally, judge,
};
use muster_domain::emr::{Attestation, EmrAccount, InactiveReason, Permission, Status, UserType};
use muster_domain::fixtures::{ProfileBuilder, clinic_id as clinic};
use muster_domain::licenses::{Availability, Group};
use muster_domain::organizations::Clinic;
use muster_domain::people::Profile;
use muster_domain::{ClinicId, Code, PersonId};
use uuid::Uuid;

use BulkChange::{AddClinic, AddPermission, RemoveClinic, RemovePermission, SetStatus};
use Permission as P;

fn profile(n: u128, kind: UserType, permissions: &[P], clinics: &[u128]) -> Profile {
    let clinics: Vec<ClinicId> = clinics.iter().map(|c| clinic(*c)).collect();
    ProfileBuilder::new(n, kind).clinics(&clinics).permissions(permissions).with_credentials().build()
}

fn company_admin() -> Authority {
    Authority::of(&profile(2, UserType::Clerical, &[P::CompanyAdmin], &[1]))
}

/// Reaches clinics 1 and 2, and does not hold Analytics Access.
fn clinic_admin() -> Authority {
    let held = [P::ViewPatients, P::EditPatients, P::ViewUsers, P::EditUsers, P::ClinicAdmin, P::CalendarAdmin];
    Authority::of(&profile(1, UserType::Clerical, &held, &[1, 2]))
}

fn world() -> RunningFacts {
    let clinics: BTreeMap<_, _> =
        (1..=4).map(|n| (clinic(n), Clinic::new(clinic(n), &format!("Clinic {n}")))).collect();
    RunningFacts::new(clinics, BTreeMap::new(), 5, (1..=4).map(|n| (clinic(n), 5)).collect())
}

fn set(changes: &[BulkChange]) -> ChangeSet {
    ChangeSet::new(changes.iter().copied()).expect("changes that go together")
}

fn asked(changes: &ChangeSet) -> BulkRequest<'_> {
    BulkRequest { changes: changes.changes(), restore: None, changed_since: false, rules: Rules::Bulk }
}

fn judged(actor: &Authority, before: &Profile, changes: &[BulkChange]) -> BulkDecision {
    judge(actor, &mut world(), Some(before), asked(&set(changes)))
}

fn codes(judged: &BulkDecision) -> Vec<Code> {
    judged.refused.iter().map(|r| r.refusal.code).collect()
}

fn after(judged: &BulkDecision) -> EmrAccount {
    judged.outcome.as_ref().and_then(|o| o.profile.emr.clone()).expect("something was decided")
}

/// One cell of the matrix: what becomes of one change of one person.
fn cell(kind: UserType, change: BulkChange, bulk: bool) -> &'static str {
    let held: Vec<P> = match change {
        RemovePermission(p) => vec![P::ViewPatients, P::EditPatients, P::AnalyticsAccess, p],
        AddPermission(P::BillingReportAdmin) => vec![P::ViewPatients, P::AnalyticsAccess],
        AddPermission(P::ViewPatients) => vec![P::EditPatients],
        _ => vec![P::ViewPatients],
    };
    let before = profile(9, kind, &held, &[1, 2]);
    let rules = if bulk { Rules::Bulk } else { Rules::Undo };
    let changes = set(&[change]);
    let judged = judge(&company_admin(), &mut world(), Some(&before), BulkRequest { rules, ..asked(&changes) });
    codes(&judged).first().map_or("yes", |code| code.as_str())
}

/// A single edit and a bulk update of the same change, side by side. Both go through the same judge; where they differ,
/// a rule of bulk updates stands between.
#[test]
fn the_matrix_of_types_permissions_and_paths_is_as_reviewed() {
    let mut table = String::new();
    for kind in UserType::ALL {
        table += &format!("{} ({})\n", kind.as_str(), kind.group().as_str());
        table += &format!(
            "  {:<22}{:<34}{:<34}{:<10}{}\n",
            "permission", "add singly", "add in bulk", "remove", "remove in bulk"
        );
        for permission in Permission::ALL {
            let cells = [
                cell(kind, AddPermission(permission), false),
                cell(kind, AddPermission(permission), true),
                cell(kind, RemovePermission(permission), false),
                cell(kind, RemovePermission(permission), true),
            ];
            table +=
                format!("  {:<22}{:<34}{:<34}{:<10}{}", permission.as_str(), cells[0], cells[1], cells[2], cells[3])
                    .trim_end();
            table.push('\n');
        }
    }
    insta::assert_snapshot!("bulk_matrix", table);
}

#[test]
fn what_a_person_may_have_is_made_and_the_rest_refused_each_with_its_reason() {
    let clerk = profile(9, UserType::Clerical, &[P::ViewPatients], &[1, 3]);
    let changes = [
        AddPermission(P::EditPatients),
        AddPermission(P::StartSoapNotes),
        AddPermission(P::AnalyticsAccess),
        AddClinic(clinic(2)),
        AddClinic(clinic(4)),
        RemoveClinic(clinic(1)),
        RemoveClinic(clinic(3)),
    ];
    let judged = judged(&clinic_admin(), &clerk, &changes);
    assert_eq!(judged.made, [AddPermission(P::EditPatients), AddClinic(clinic(2))]);
    let refused: Vec<(BulkChange, Code)> =
        judged.refused.iter().filter_map(|r| Some((r.change?, r.refusal.code))).collect();
    assert_eq!(
        refused,
        [
            (AddClinic(clinic(4)), Code::ClinicOutsideYourAccess),
            (RemoveClinic(clinic(3)), Code::ClinicOutsideYourAccess),
            (AddPermission(P::StartSoapNotes), Code::SoapNotForClericalOrBilling),
            (AddPermission(P::AnalyticsAccess), Code::PermissionNotHeldByYou),
            (RemoveClinic(clinic(1)), Code::DefaultClinicNotRemovable),
        ]
    );
    assert_eq!(after(&judged).clinics, BTreeSet::from([clinic(1), clinic(2), clinic(3)]));
    assert!(
        judged.refused.iter().all(|r| !r.refusal.message.contains("Clinic 3") && !r.refusal.message.contains("{}"))
    );
}

#[test]
fn admin_permissions_are_never_taken_in_bulk_and_finishing_never_given_to_assistants_and_students() {
    let admin = profile(9, UserType::Clerical, &[P::ViewPatients, P::ClinicAdmin, P::CompanyAdmin], &[1]);
    let both = [RemovePermission(P::ClinicAdmin), RemovePermission(P::CompanyAdmin)];
    assert_eq!(codes(&judged(&company_admin(), &admin, &both)), [Code::CannotRemoveAdminPermission; 2]);
    for kind in
        [UserType::PTA, UserType::COTA, UserType::SLPA, UserType::RTT, UserType::SPT, UserType::SOT, UserType::SSLP]
    {
        let one = profile(9, kind, &[P::ViewPatients], &[1]);
        let refused = judged(&company_admin(), &one, &[AddPermission(P::FinishSoapNotes)]);
        assert_eq!(codes(&refused), [Code::FinishNotInBulkForType], "{kind:?}");
    }
    let therapist = profile(9, UserType::PT, &[P::ViewPatients], &[1]);
    assert!(judged(&company_admin(), &therapist, &[AddPermission(P::FinishSoapNotes)]).refused.is_empty());
}

#[test]
fn whole_people_are_refused_before_their_changes_are_looked_at() {
    let changes = set(&[AddPermission(P::EditPatients)]);
    let elsewhere = profile(9, UserType::PT, &[P::ViewPatients], &[3]);
    let hidden = judge(&clinic_admin(), &mut world(), Some(&elsewhere), asked(&changes));
    let nobody = judge(&clinic_admin(), &mut world(), None, asked(&changes));
    assert_eq!(hidden.refused, nobody.refused, "whether somebody exists out of sight is not told");
    assert_eq!(codes(&nobody), [Code::UserOutsideYourAccess]);
    let here = profile(9, UserType::PT, &[P::ViewPatients], &[1]);
    let changed = BulkRequest { changed_since: true, ..asked(&changes) };
    assert_eq!(codes(&judge(&clinic_admin(), &mut world(), Some(&here), changed)), [Code::UserChangedSincePreview]);
    let mightier = profile(9, UserType::PT, &[P::CompanyAdmin], &[1]);
    assert_eq!(codes(&judged(&clinic_admin(), &mightier, &[AddPermission(P::EditPatients)])), [Code::HoldsMoreThanYou]);
}

#[test]
fn who_is_that_way_already_is_unchanged_and_turns_nothing_yellow() {
    let one = profile(9, UserType::PT, &[P::ViewPatients], &[1]);
    let (mut tally, changes) = (Tally::default(), set(&[AddPermission(P::ViewPatients), SetStatus(Status::Active)]));
    let same = judge(&company_admin(), &mut world(), Some(&one), asked(&changes));
    assert_eq!(codes(&same), [Code::NothingToChange]);
    tally.add(&same, changes.changes());
    assert_eq!(tally.outcome(1), BulkOutcome::Failed, "nobody was changed");
    let other = profile(10, UserType::PT, &[P::EditPatients], &[1]);
    tally.add(&judge(&company_admin(), &mut world(), Some(&other), asked(&changes)), changes.changes());
    assert_eq!((tally.updated, tally.unchanged, tally.refused), (1, 1, 0));
    assert_eq!(tally.outcome(2), BulkOutcome::Complete);
    assert_eq!(tally.outcome(3), BulkOutcome::Partial, "somebody was not looked at");
}

#[test]
fn the_last_admin_and_the_last_license_count_over_the_whole_action() {
    let clinics: BTreeMap<_, _> = [(clinic(1), Clinic::new(clinic(1), "Saco"))].into();
    let seats = [((clinic(1), Group::Therapist), Availability::Free(2))].into();
    let mut world = RunningFacts::new(clinics, seats, 2, [(clinic(1), 2)].into());
    let away = set(&[SetStatus(Status::Inactive)]);
    let admins: Vec<Profile> =
        (0..2).map(|n| profile(n, UserType::Clerical, &[P::CompanyAdmin, P::EditUsers], &[1])).collect();
    let results: Vec<Vec<Code>> =
        admins.iter().map(|a| codes(&judge(&company_admin(), &mut world, Some(a), asked(&away)))).collect();
    assert_eq!(results, [vec![], vec![Code::LastCompanyAdmin]]);

    let back = set(&[SetStatus(Status::Active)]);
    let sleeping = |n| {
        let mut one = profile(n, UserType::PT, &[P::ViewPatients], &[1]);
        let account = one.emr.as_mut().expect("an account");
        (account.status, account.inactive_reason) = (Status::Inactive, Some(InactiveReason::OnLeave));
        one
    };
    let results: Vec<bool> = (10..14)
        .map(|n| judge(&company_admin(), &mut world, Some(&sleeping(n)), asked(&back)).outcome.is_some())
        .collect();
    assert_eq!(results, [true, true, false, false], "two licenses were free");
}

/// Managers of clinics 1 and 2; two of the first, one of the second.
fn managed() -> RunningFacts {
    let clinics = (1..=3).map(|n| (clinic(n), Clinic::new(clinic(n), &format!("Clinic {n}")))).collect();
    RunningFacts::new(clinics, BTreeMap::new(), 5, [(clinic(1), 2), (clinic(2), 1)].into())
}

#[test]
fn the_last_user_manager_of_a_clinic_stays_whatever_would_take_it_away() {
    let keeper = profile(9, UserType::Clerical, &[P::ViewPatients, P::EditUsers], &[1, 2]);
    for change in [SetStatus(Status::Inactive), RemovePermission(P::EditUsers), RemoveClinic(clinic(2))] {
        for rules in [Rules::Bulk, Rules::Undo] {
            let changes = set(&[change]);
            let asked = BulkRequest { rules, ..asked(&changes) };
            let refused = judge(&company_admin(), &mut managed(), Some(&keeper), asked);
            assert_eq!(codes(&refused), [Code::LastUserManager], "{change:?}, {rules:?}");
            assert!(refused.refused[0].refusal.message.contains("Clinic 2"), "{change:?}, {rules:?}");
            assert!(refused.outcome.is_none(), "{change:?}, {rules:?}");
        }
    }
    let other = profile(8, UserType::Clerical, &[P::ViewPatients, P::EditUsers], &[1]);
    let free = judge(&company_admin(), &mut managed(), Some(&other), asked(&set(&[SetStatus(Status::Inactive)])));
    assert_eq!(codes(&free), [], "the first clinic has another");
}

#[test]
fn the_last_user_manager_counts_over_the_whole_action() {
    let manager = |n, clinics: &[u128]| profile(n, UserType::Clerical, &[P::ViewPatients, P::EditUsers], clinics);
    let away = set(&[SetStatus(Status::Inactive)]);
    let mut world = managed();
    let first = judge(&company_admin(), &mut world, Some(&manager(8, &[1])), asked(&away));
    let second = judge(&company_admin(), &mut world, Some(&manager(9, &[1])), asked(&away));
    assert_eq!((codes(&first), codes(&second)), (vec![], vec![Code::LastUserManager]));

    // Whoever is given the right first lets the other go afterward.
    let mut world = managed();
    let given = set(&[AddPermission(P::EditUsers)]);
    let heir = profile(10, UserType::Clerical, &[P::ViewPatients], &[2]);
    assert_eq!(codes(&judge(&company_admin(), &mut world, Some(&heir), asked(&given))), []);
    assert_eq!(codes(&judge(&company_admin(), &mut world, Some(&manager(9, &[1, 2])), asked(&away))), []);
}

#[test]
fn a_report_permission_comes_with_what_it_works_in_whatever_the_order() {
    let one = profile(9, UserType::PT, &[P::ViewPatients], &[1]);
    let both = [AddPermission(P::BillingReportAdmin), AddPermission(P::AnalyticsAccess)];
    let given = judged(&company_admin(), &one, &both);
    assert_eq!(given.refused, []);
    let holder = profile(9, UserType::PT, &[P::ViewPatients, P::AnalyticsAccess, P::BillingReportAdmin], &[1]);
    let both = [
        RemovePermission(P::AnalyticsAccess),
        RemovePermission(P::BillingReportAdmin),
        AddPermission(P::StartSoapNotes),
    ];
    assert_eq!(judged(&company_admin(), &holder, &both).refused, []);
    let one_only = judged(&company_admin(), &holder, &[RemovePermission(P::AnalyticsAccess)]);
    assert_eq!(codes(&one_only), [Code::NeedsAnalyticsAccess]);
}

#[test]
fn a_change_set_knows_what_contradicts_itself() {
    let wrong = |changes: &[BulkChange]| ChangeSet::new(changes.iter().copied()).err().map(|r| r.0[0].code);
    assert_eq!(wrong(&[]), Some(Code::NoChangesChosen));
    assert_eq!(wrong(&[AddPermission(P::ViewUsers), RemovePermission(P::ViewUsers)]), Some(Code::ChangesContradict));
    assert_eq!(wrong(&[SetStatus(Status::Active), SetStatus(Status::Inactive)]), Some(Code::ChangesContradict));
    assert_eq!(wrong(&[AddClinic(clinic(1)), AddClinic(clinic(1))]), None, "twice the same is once");
    for bad in [("fly", "high"), ("add_permission", "fly"), ("add_clinic", "x"), ("set_status", "asleep")] {
        assert!(BulkChange::parse(bad.0, bad.1).is_err(), "{bad:?}");
    }
}

#[test]
fn what_was_done_can_be_taken_back_exactly_even_what_bulk_may_not_ask_for() {
    let mut before = profile(9, UserType::PTA, &[P::ViewPatients, P::StartSoapNotes, P::FinishSoapNotes], &[1, 2]);
    let account = before.emr.as_mut().expect("an account");
    account.finish_attestation = Some(Attestation { by: Some(PersonId(Uuid::from_u128(77))) });
    (account.status, account.inactive_reason) = (Status::Inactive, Some(InactiveReason::OnLeave));
    let changes = [
        AddPermission(P::ClinicAdmin),
        RemovePermission(P::FinishSoapNotes),
        AddClinic(clinic(3)),
        RemoveClinic(clinic(2)),
        SetStatus(Status::Active),
    ];
    let done = judged(&company_admin(), &before, &changes);
    assert_eq!(done.refused, []);
    let old = before.emr.as_ref().expect("an account");
    let trace = ChangeRecord::between(old, &after(&done), Some(42));
    let kept: ChangeRecord = serde_json::from_str(&serde_json::to_string(&trace).expect("text")).expect("a trace");
    assert_eq!(kept, trace);
    assert_eq!(kept.made().changes(), set(&changes).changes());
    let back = kept.reversed();
    let asked = BulkRequest { restore: Some(kept.remembered()), rules: Rules::Undo, ..asked(&back) };
    let changed = done.outcome.expect("decided").profile;
    let mut world = world().with_signatures([before.person.id].into());
    let undone = judge(&company_admin(), &mut world, Some(&changed), asked);
    assert_eq!(undone.refused, []);
    assert_eq!(undone.outcome.expect("decided").profile, before);
}
