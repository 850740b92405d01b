//! Every page, looked at by axe: light, dark, and as wide as a phone.

use std::cell::RefCell;
use std::collections::BTreeSet;

use muster_app::bulk::Selection;
use muster_app::{Channel, Origin};
use muster_domain::LicenseRequestId;
use muster_domain::bulk::{BulkChange, ChangeSet};
use muster_domain::emr::{EmrPatch, Permission, UserType};
use muster_domain::licenses::{Group, RequestDraft, RequestKind};
use muster_domain::people::Change;
use muster_domain::people::PersonPatch;
use muster_testkit::browser::{Browser, Options};
use muster_testkit::practice::{Member, PASSWORD, PersonSpec, Practice};
use muster_testkit::{sqlite_engine, sqlite_practice};
use muster_web::ROUTES;

use crate::common::{Desk, Empty, link_sent, named, someone_with_password};

/// What is fetched like a page and is none.
const NO_PAGES: [&str; 7] = [
    // Leads on to a page.
    "/",
    "/healthz",
    "/readyz",
    "/assets/{hash}/{name}",
    // Parts of a page, looked at inside it.
    "/clinic-names",
    "/person-names",
    "/emr/bulk/{job}/events",
];

/// So long a page that it has a test of its own.
const API_DOCS: &str = "/api/docs";

/// The addresses of all pages.
fn pages() -> impl Iterator<Item = &'static str> {
    let all = ROUTES.iter().filter(|r| r.method == "get").map(|r| r.path);
    all.filter(|p| !NO_PAGES.contains(p) && !p.starts_with("/api/v1/") && !p.contains(".csv"))
}

/// The page at an address, where there is one.
fn page_at(address: &str) -> Option<&'static str> {
    let parts: Vec<&str> = address.split('?').next().unwrap_or_default().split('/').collect();
    let fits = |page: &&str| {
        let wanted: Vec<&str> = page.split('/').collect();
        wanted.len() == parts.len() && wanted.iter().zip(&parts).all(|(w, p)| w.starts_with('{') || w == p)
    };
    // A page with a name of its own is not somebody's page.
    let mut found: Vec<&str> = pages().filter(fits).collect();
    found.sort_by_key(|page| page.matches('{').count());
    found.first().copied()
}

/// A browser that keeps in mind which pages axe has seen.
struct Tour<'a> {
    desk: Desk<'a>,
    seen: RefCell<BTreeSet<&'static str>>,
}

impl Tour<'_> {
    async fn look(&self, page: &str) {
        self.desk.browser.assert_accessible().await;
        let fits = "const e = document.scrollingElement; return e.scrollWidth <= innerWidth || \
            [...document.querySelectorAll('body *')].filter(x => x.getBoundingClientRect().right > innerWidth + 1) \
            .slice(0, 5).map(x => x.tagName + '.' + x.className).join(' ')";
        assert_eq!(self.desk.script(fits).await, true, "{page} is wider than its window");
        let here = self.desk.here().await;
        self.seen.borrow_mut().extend(page_at(&here));
    }

    /// Goes to a page, waits for these words, and looks.
    async fn visit(&self, page: &str, words: &str) {
        self.desk.go(page).await;
        self.shown(page, words).await;
    }

    /// Presses a button, waits for these words, and looks at the answer.
    async fn press(&self, button: &str, words: &str) {
        self.desk.browser.press(button).await;
        self.shown(words, words).await;
    }

    async fn shown(&self, page: &str, words: &str) {
        self.desk.browser.see(words).await;
        self.look(page).await;
    }
}

/// A practice that shows something of everything.
async fn lively(practice: &Practice) {
    let machine = practice.machine();
    for (group, total) in [(Group::Therapist, 2), (Group::Assistant, 1), (Group::Student, 3)] {
        practice.app.set_license_total(&machine, practice.clinics[0], group, total, "").await.expect("a total");
    }
    named(practice, "Zoë", "Ñúñez", PersonSpec { username: "zoe", ..PersonSpec::default() }).await;
    practice
        .add(PersonSpec { username: "liam", user_type: UserType::PTA, active: false, ..PersonSpec::default() })
        .await;
    let long = "Bartholomew-Maximilian Featherstonehaugh-Cholmondeley";
    named(practice, long, long, PersonSpec { username: "bart", user_type: UserType::SPT, ..PersonSpec::default() })
        .await;
    practice.operator("helen").await;
}

/// A therapist whose signature is on file, and an assistant who finishes notes.
async fn who_sign(practice: &Practice) -> [Member; 2] {
    let pat = named(practice, "Pat", "Okafor", PersonSpec { username: "pat", ..PersonSpec::default() }).await;
    practice.sign(&pat).await;
    let view = [Permission::ViewPatients];
    let someone =
        PersonSpec { username: "ned", user_type: UserType::PTA, permissions: Some(&view), ..PersonSpec::default() };
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

/// An open request, and somebody who waits for a license.
async fn a_request(practice: &Practice) -> LicenseRequestId {
    let late = PersonSpec { username: "late", clinics: &practice.clinics[1..2], ..PersonSpec::default() };
    let machine = practice.machine();
    practice.app.set_license_total(&machine, practice.clinics[1], Group::Therapist, 0, "").await.expect("a total");
    practice.add(late).await;
    let (clinic, note) = (practice.clinics[0], "No longer needed".to_owned());
    let wanted = RequestDraft { kind: RequestKind::Release, clinic, group: Group::Student, count: 1, note };
    practice.app.submit_license_request(&machine, &wanted, None).await.expect("a request").request.id
}

/// The pages of whoever is not signed in.
async fn outside(tour: &Tour<'_>) {
    let (desk, practice) = (&tour.desk, tour.desk.practice);
    tour.visit("/setup/none", "This link no longer works").await;
    tour.visit("/nowhere", "Nothing here").await;
    tour.visit("/reset-password/none", "This link no longer works").await;
    tour.visit("/reset-password", "Choose a new password").await;
    desk.browser.fill("username", "admin").await;
    tour.press("Send the link", "Look at your email").await;
    tour.visit(&link_sent(practice).await, "For Ada Minton at Saco Rehab.").await;
    tour.visit("/sign-in?done=signed-out", "You are signed out.").await;
    desk.sign_in("nobody", "Wrong-password-1").await;
    tour.shown("a refused sign-in", "The user name or password is not right.").await;
    let origin = Origin { channel: Channel::Page, address: "127.0.0.1".to_owned(), user_agent: String::new() };
    for _ in 0..4 {
        practice.app.sign_in("nobody", PASSWORD, &origin).await.expect_err("nobody of that name");
    }
    desk.sign_in("nobody", "Wrong-password-1").await;
    tour.shown("a throttled sign-in", "Too many attempts.").await;
}

async fn every_page(practice: &Practice, options: Options) {
    lively(practice).await;
    let asked = a_request(practice).await;
    let tour = Tour { desk: Desk::with(practice, options).await, seen: RefCell::default() };
    let desk = &tour.desk;
    let visit = async |page: &str, words: &str| tour.visit(page, words).await;
    outside(&tour).await;
    let mara =
        practice.add(PersonSpec { username: "mara", user_type: UserType::Clerical, ..PersonSpec::default() }).await;
    practice.app.send_sign_in_link(&practice.machine(), mara.id).await.expect("a link");
    visit(&link_sent(practice).await, "Welcome").await;

    desk.hold_session("admin").await;
    let (liam, admin) = (format!("/emr/users/{}", mara.id), format!("/emr/users/{}", practice.admin.id));
    visit("/emr/users", "Zoë Ñúñez").await;
    visit("/emr/users?q=qqq", "Nobody matches").await;
    visit("/emr/users/new", "Start with the type").await;
    desk.browser.tick("access", "type", true).await;
    tour.press("Save user", "Nothing was saved yet").await;
    visit(&liam, "Mara Harlow").await;
    let phone = PersonPatch { phone: Some(Some("207-555-0101".to_owned())), ..PersonPatch::default() };
    let phone = Change { person: phone, ..Change::default() };
    practice.app.update_person(&practice.machine(), mara.id, None, phone).await.expect("someone saves first");
    tour.press("Save user", "Someone else saved first.").await;
    visit(&admin, "Ada Minton").await;
    visit("/emr/users/bulk", "Choose whom it concerns").await;
    desk.browser.tick("person_ids", &practice.admin.id.to_string(), true).await;
    tour.press("Proceed", "Choose changes").await;
    desk.browser.tick("changes", "add_permission:start_soap_notes", true).await;
    tour.shown("the preview of a bulk update", "Nobody would be changed").await;
    tour.press("Save", "Nobody was updated").await;
    let more = ChangeSet::new([BulkChange::AddPermission(Permission::AnalyticsAccess)]).expect("a change");
    let whom = Selection::Ids(vec![mara.id]);
    let done = practice.app.bulk_update(&practice.machine(), &whom, &more, None).await.expect("done").job.id;
    visit(&format!("/emr/bulk/{done}/undo"), "What would happen").await;
    visit("/emr/bulk", "Bulk updates").await;
    visit("/import", "What is in the file?").await;
    visit("/people/credentials", "No signature on file").await;
    visit("/people/credentials?kind=expired", "Nothing is missing").await;
    visit(&format!("{liam}/professional-licenses"), "Add a license").await;
    visit("/people/duplicates", "Nobody seems to stand here twice").await;
    let [pat, ned] = who_sign(practice).await;
    visit(&format!("/emr/users/{}", pat.id), "Replace signature").await;
    visit(&format!("/emr/users/{}", ned.id), "Signature on file confirmed by").await;
    // A second Zoë, and a long name once more.
    let zoe = PersonSpec { username: "zoe2", user_type: UserType::Clerical, ..PersonSpec::default() };
    named(practice, "Zoe", "Nunez", zoe).await;
    let long = "Bartholomew-Maximilian Featherstonehaugh-Cholmondeley";
    named(practice, long, long, PersonSpec { username: "bart2", user_type: UserType::SPT, ..PersonSpec::default() })
        .await;
    visit("/people/duplicates", "of 100 alike").await;
    assert_eq!(desk.count(".table-card tbody tr").await, 2, "both pairs");
    let (one, other) = (practice.admin.id, mara.id);
    visit(&format!("/people/duplicates?kept={one}&merged={other}"), "What a merge does").await;
    visit(&format!("{liam}/copy"), "Copy access").await;
    visit(&format!("{liam}/offboarding?kind=leave"), "What happens").await;
    visit("/emr/licenses", "Ask for licenses").await;
    visit("/emr/licenses?q=qqq", "No clinic matches").await;
    visit(&format!("/emr/licenses/clinics/{}", practice.clinics[0]), "Changes of totals").await;
    visit("/emr/licenses/requests/new", "Send to support").await;
    tour.press("Send to support", "Nothing was saved yet").await;
    visit("/emr/licenses/requests", "Release 1 student").await;
    visit(&format!("/emr/licenses/requests/{asked}"), "Withdraw the request").await;
    visit("/emr/licenses/waiting", "Activate all who fit").await;
    visit("/emr/licenses/unused", "Every license is in use").await;
    visit("/emr/licenses/ledger", "Export as CSV").await;
    visit("/audit", "Practice set up").await;
    visit("/audit?action=sign_out", "Nothing matches").await;
    visit("/settings", "Lock after").await;
    desk.browser.fill("idle_minutes", "0").await;
    tour.press("Save settings", "Nothing was saved yet").await;
    visit("/me", "Where you are signed in").await;
    desk.browser.press("Make a new token").await;
    desk.browser.fill("name", "Payroll").await;
    desk.browser.tick("scopes", "people:read", true).await;
    tour.press("Make a token", "Copy your new token now").await;
    visit("/me/password", "Change your password").await;
    tour.press("Change password", "Nothing was saved yet").await;
    visit("/support", "Nothing here").await;
    visit("/sign-out", "Sign out?").await;
    visit("/unlock?next=/me", "Locked").await;
    desk.browser.fill("password", "Wrong-password-1").await;
    tour.press("Unlock", "not your current password").await;

    let permissions = [Permission::ViewUsers, Permission::EditUsers];
    let tessa = PersonSpec {
        username: "tessa",
        user_type: UserType::Clerical,
        permissions: Some(&permissions),
        ..PersonSpec::default()
    };
    someone_with_password(practice, tessa).await;
    desk.hold_session("tessa").await;
    visit(&admin, "This person holds permissions or clinics that you do not.").await;
    visit("/settings", "Not allowed").await;

    desk.hold_session("helen").await;
    visit("/support", "Saco Rehab").await;
    desk.browser.press("Open").await;
    desk.arrive("/emr/users").await;
    visit(&format!("{liam}/type?to=SPT"), "What changes").await;
    visit("/support/license-requests", "Release 1 student").await;
    visit(&format!("/support/license-requests/{asked}"), "Your answer").await;
    tour.press("Reject", "Nothing was saved yet").await;
    visit(&format!("/support/organizations/{}/prices", practice.organization), "Save prices").await;

    let seen = tour.seen.into_inner();
    let missed: Vec<&str> = pages().filter(|p| *p != API_DOCS && !seen.contains(p)).collect();
    assert!(missed.is_empty(), "pages nobody looked at: {missed:?}");
}

sqlite_practice! {
    async fn every_page_is_accessible_in_light(practice) {
        every_page(practice, Browser::options()).await;
    }

    async fn every_page_is_accessible_in_the_dark(practice) {
        every_page(practice, Browser::options().dark()).await;
    }

    async fn every_page_is_accessible_on_a_phone(practice) {
        every_page(practice, Browser::options().phone()).await;
    }

    async fn the_description_of_the_api_is_accessible(practice) {
        for options in [Browser::options(), Browser::options().dark(), Browser::options().phone()] {
            let tour = Tour { desk: Desk::with(practice, options).await, seen: RefCell::default() };
            tour.visit(API_DOCS, "API for programs").await;
        }
    }
}

sqlite_engine! {
    async fn the_set_up_page_is_accessible(db) {
        for options in [Browser::options(), Browser::options().dark(), Browser::options().phone()] {
            let empty = Empty::on(db, options).await;
            empty.browser.visit(&empty.link).await;
            empty.browser.see("Set up Muster").await;
            empty.browser.assert_accessible().await;
            empty.browser.press("Set up the practice").await;
            empty.browser.see("Nothing was saved yet").await;
            empty.browser.assert_accessible().await;
        }
    }
}
