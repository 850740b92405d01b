//! Every page, looked at by axe: light, dark, and as wide as a phone.

use muster_domain::LicenceRequestId;
use muster_domain::emr::{Change, EmrPatch, Permission, UserType};
use muster_domain::licences::{Group, Kind, Wanted};
use muster_testkit::browser::{Browser, Options};
use muster_testkit::practice::{Member, Practice, Someone};

use crate::common::{Desk, Empty, named, practice, someone_with_password};

/// A practice that shows something of everything.
async fn lively() -> Practice {
    let practice = practice().await;
    let machine = practice.machine();
    for (group, total) in [(Group::Therapist, 2), (Group::Assistant, 1), (Group::Student, 3)] {
        practice.app.set_licence_total(&machine, practice.clinics[0], group, total, "").await.expect("a total");
    }
    named(&practice, "Zoë", "Ñúñez", Someone { username: "zoe", ..Someone::default() }).await;
    practice.add(Someone { username: "liam", user_type: UserType::PTA, active: false, ..Someone::default() }).await;
    let long = "Bartholomew-Maximilian Featherstonehaugh-Cholmondeley";
    named(&practice, long, long, Someone { username: "bart", user_type: UserType::SPT, ..Someone::default() }).await;
    practice.operator("helen").await;
    practice
}

/// A therapist whose signature is on file, and an assistant who finishes notes.
async fn who_sign(practice: &Practice) -> [Member; 2] {
    let pat = named(practice, "Pat", "Okafor", Someone { username: "pat", ..Someone::default() }).await;
    practice.sign(&pat).await;
    let view = [Permission::ViewPatients];
    let someone = Someone { username: "ned", user_type: UserType::PTA, permissions: Some(&view), ..Someone::default() };
    let ned = named(practice, "Ned", "Ahlgren", someone).await;
    practice.sign(&ned).await;
    let emr = EmrPatch {
        permissions: Some(vec!["view_patients".to_owned(), "finish_soap_notes".to_owned()]),
        finish_attested: true,
        ..EmrPatch::default()
    };
    let change = Change { emr: Some(emr), ..Change::default() };
    practice.app.update_person(&practice.machine(), ned.id, None, change).await.expect("may finish notes");
    [pat, ned]
}

/// An open request, and somebody who waits for a licence.
async fn a_request(practice: &Practice) -> LicenceRequestId {
    let late = Someone { username: "late", clinics: &practice.clinics[1..2], ..Someone::default() };
    let machine = practice.machine();
    practice.app.set_licence_total(&machine, practice.clinics[1], Group::Therapist, 0, "").await.expect("a total");
    practice.add(late).await;
    let (clinic, note) = (practice.clinics[0], "No longer needed".to_owned());
    let wanted = Wanted { kind: Kind::Release, clinic, group: Group::Student, count: 1, note };
    practice.app.submit_licence_request(&machine, &wanted, None).await.expect("a request").request.id
}

async fn look(desk: &Desk<'_>, page: &str) {
    desk.browser.assert_accessible().await;
    let fits = "const e = document.scrollingElement; return e.scrollWidth <= innerWidth || \
        [...document.querySelectorAll('body *')].filter(x => x.getBoundingClientRect().right > innerWidth + 1) \
        .slice(0, 5).map(x => x.tagName + '.' + x.className).join(' ')";
    assert_eq!(desk.script(fits).await, true, "{page} is wider than its window");
}

async fn every_page(options: Options) {
    let practice = lively().await;
    let asked = a_request(&practice).await;
    let desk = Desk::with(&practice, options).await;
    let visit = async |page: &str, words: &str| {
        desk.go(page).await;
        desk.browser.see(words).await;
        look(&desk, page).await;
    };
    visit("/sign-in?done=signed-out", "You are signed out.").await;
    visit("/reset-password", "Choose a new password").await;
    visit("/reset-password/none", "This link no longer works").await;
    visit("/nowhere", "Nothing here").await;
    let mara = practice.add(Someone { username: "mara", user_type: UserType::Clerical, ..Someone::default() }).await;
    practice.app.send_sign_in_link(&practice.machine(), mara.id).await.expect("a link");
    visit(&crate::common::link_sent(&practice).await, "Welcome").await;

    desk.hold_session("admin").await;
    let (liam, admin) = (format!("/emr/users/{}", mara.id), format!("/emr/users/{}", practice.admin.id));
    visit("/emr/users", "Zoë Ñúñez").await;
    visit("/emr/users?q=qqq", "Nobody matches").await;
    visit("/emr/users/new", "Start with the type").await;
    desk.browser.tick("access", "type", true).await;
    desk.browser.press("Save user").await;
    desk.browser.see("Nothing was saved yet").await;
    look(&desk, "a refused new user").await;
    visit(&liam, "Mara Harlow").await;
    visit(&admin, "Ada Minton").await;
    visit("/emr/users/bulk", "Choose whom it concerns").await;
    desk.browser.tick("person_ids", &practice.admin.id.to_string(), true).await;
    desk.browser.press("Proceed").await;
    desk.browser.see("Choose changes").await;
    look(&desk, "the choice of changes").await;
    desk.browser.tick("changes", "add_permission:start_soap_notes", true).await;
    desk.browser.see("Nobody would be changed").await;
    look(&desk, "the preview of a bulk update").await;
    desk.browser.press("Save").await;
    desk.browser.see("Nobody was updated").await;
    look(&desk, "the result of a bulk update").await;
    visit("/emr/bulk", "Bulk updates").await;
    visit("/import", "What is in the file?").await;
    visit("/people/credentials", "No signature on file").await;
    visit("/people/credentials?kind=expired", "Nothing is missing").await;
    visit(&format!("{liam}/licences"), "Add a licence").await;
    visit("/people/duplicates", "Nobody seems to stand here twice").await;
    let [pat, ned] = who_sign(&practice).await;
    visit(&format!("/emr/users/{}", pat.id), "Replace signature").await;
    visit(&format!("/emr/users/{}", ned.id), "Signature on file confirmed by").await;
    // A second Zoë, and a long name once more.
    let zoe = Someone { username: "zoe2", user_type: UserType::Clerical, ..Someone::default() };
    named(&practice, "Zoe", "Nunez", zoe).await;
    let long = "Bartholomew-Maximilian Featherstonehaugh-Cholmondeley";
    named(&practice, long, long, Someone { username: "bart2", user_type: UserType::SPT, ..Someone::default() }).await;
    visit("/people/duplicates", "of 100 alike").await;
    assert_eq!(desk.count(".table-card tbody tr").await, 2, "both pairs");
    let (one, other) = (practice.admin.id, mara.id);
    visit(&format!("/people/duplicates?kept={one}&merged={other}"), "What a merge does").await;
    visit(&format!("{liam}/copy"), "Copy access").await;
    visit(&format!("{liam}/offboarding?kind=leave"), "What happens").await;
    visit("/emr/licences", "Ask for licences").await;
    visit("/emr/licences?q=qqq", "No clinic matches").await;
    visit(&format!("/emr/licences/clinics/{}", practice.clinics[0]), "Changes of totals").await;
    visit("/emr/licences/requests/new", "Send to support").await;
    desk.browser.press("Send to support").await;
    desk.browser.see("Nothing was saved yet").await;
    look(&desk, "a refused licence request").await;
    visit("/emr/licences/requests", "Release 1 student").await;
    visit(&format!("/emr/licences/requests/{asked}"), "Withdraw the request").await;
    visit("/emr/licences/waiting", "Activate all who fit").await;
    visit("/emr/licences/unused", "Every licence is in use").await;
    visit("/emr/licences/ledger", "Export as CSV").await;
    visit("/audit", "Practice set up").await;
    visit("/audit?action=sign_out", "Nothing matches").await;
    visit("/settings", "Lock after").await;
    desk.browser.fill("idle_minutes", "0").await;
    desk.browser.press("Save settings").await;
    desk.browser.see("Nothing was saved yet").await;
    look(&desk, "refused settings").await;
    visit("/me", "Where you are signed in").await;
    visit("/me/password", "Change your password").await;
    visit("/support", "Nothing here").await;
    visit("/sign-out", "Sign out?").await;
    visit("/unlock?next=/me", "Locked").await;

    someone_with_password(
        &practice,
        Someone { username: "tessa", user_type: UserType::Clerical, ..Someone::default() },
    )
    .await;
    desk.hold_session("tessa").await;
    visit("/emr/users", "Not allowed").await;

    desk.hold_session("helen").await;
    visit("/support", "Saco Rehab").await;
    desk.browser.press("Open").await;
    desk.arrive("/emr/users").await;
    visit(&format!("{liam}/type?to=SPT"), "What changes").await;
    visit("/support/licence-requests", "Release 1 student").await;
    visit(&format!("/support/licence-requests/{asked}"), "Your answer").await;
    desk.browser.press("Reject").await;
    desk.browser.see("Nothing was saved yet").await;
    look(&desk, "a refused rejection").await;
    visit(&format!("/support/organizations/{}/prices", practice.organization), "Save prices").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_accessible_in_light() {
    every_page(Browser::options()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_accessible_in_the_dark() {
    every_page(Browser::options().dark()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_accessible_on_a_phone() {
    every_page(Browser::options().phone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_set_up_page_is_accessible() {
    for options in [Browser::options(), Browser::options().dark(), Browser::options().phone()] {
        let empty = Empty::with(options).await;
        empty.browser.visit(&empty.link).await;
        empty.browser.see("Set up Muster").await;
        empty.browser.assert_accessible().await;
        empty.browser.press("Set up the practice").await;
        empty.browser.see("Nothing was saved yet").await;
        empty.browser.assert_accessible().await;
    }
}
