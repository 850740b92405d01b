//! Adding and releasing licenses in two steps, as the help article tells it; with scripts and without.

use muster_domain::emr::UserType;
use muster_domain::licenses::Group;
use muster_testkit::browser::{Browser, Options};
use muster_testkit::practice::{PersonSpec, Practice};
use muster_testkit::{both_practices, sqlite_practice};

use crate::common::{Desk, SECRET, named};

async fn limit(practice: &Practice, total: i64) {
    practice.operator("helen").await;
    let machine = practice.machine();
    practice.app.set_license_total(&machine, practice.clinics[0], Group::Student, total, "").await.expect("a total");
}

/// Support finds the request in the queue and answers it.
async fn support_processes(practice: &Practice, desk: &Desk<'_>, request: &str) {
    desk.browser.press("Sign out").await;
    desk.browser.see("You are signed out.").await;
    desk.sign_in("helen", SECRET).await;
    desk.arrive("/support").await;
    desk.browser.follow("License requests").await;
    desk.browser.follow(request).await;
    desk.browser.see("Saco Rehab").await;
    desk.browser.press("Process").await;
    desk.browser.see("Processed. The practice has been written to.").await;
    desk.browser.see("Nothing waits for you").await;
    let told = practice.messages().await;
    assert!(told.iter().any(|t| t.contains("Support has processed the request")), "{told:?}");
    desk.browser.press("Sign out").await;
    desk.browser.see("You are signed out.").await;
    desk.sign_in("admin", SECRET).await;
    desk.arrive("/emr/users").await;
}

async fn add_in_two_steps(practice: &Practice, options: Options) {
    limit(practice, 0).await;
    let sam = named(
        practice,
        "Sam",
        "Poole",
        PersonSpec { username: "sam", user_type: UserType::SPT, ..PersonSpec::default() },
    )
    .await;
    let desk = Desk::with(practice, options).await;
    desk.sign_in("admin", SECRET).await;
    desk.arrive("/emr/users").await;
    desk.go(&format!("/emr/users/{}?done=added", sam.id)).await;
    desk.browser.see("Saved as inactive.").await;
    desk.browser.follow("Ask support for one more").await;
    desk.browser.see("Student licenses at Saco").await;
    assert_eq!(desk.browser.value("count").await, "1");
    assert_eq!(desk.browser.value("note").await, "For Sam Poole");
    desk.browser.fill("count", "2").await;
    desk.browser.press("Send to support").await;
    desk.browser.see("Sent to support.").await;
    desk.browser.see("Submitted").await;
    desk.go("/emr/licenses/waiting").await;
    desk.browser.see("Request 1").await;
    desk.browser.press("Activate all who fit").await;
    desk.browser.see("Nobody could be made active.").await;
    desk.browser.see("No student license is free at Saco.").await;

    support_processes(practice, &desk, "Add 2 student").await;
    desk.browser.follow("Licenses").await;
    desk.browser.see("2 free of 2").await;
    desk.browser.follow("Waiting list").await;
    desk.browser.see("A license is free").await;
    desk.browser.press("Activate all who fit").await;
    desk.browser.see("Active now: 1 person.").await;
    desk.browser.see("Nobody waits").await;
    desk.go(&format!("/emr/users?clinic_id={}", practice.clinics[0])).await;
    let tile =
        "const t = document.querySelector('[data-license-group=student]').dataset; return t.total + ' ' + t.available";
    assert_eq!(desk.script(tile).await, "2 1");
    desk.browser.see("All clinics:").await;
}

async fn release_in_two_steps(practice: &Practice, options: Options) {
    limit(practice, 1).await;
    let sam = named(
        practice,
        "Sam",
        "Poole",
        PersonSpec { username: "sam", user_type: UserType::SPT, ..PersonSpec::default() },
    )
    .await;
    let desk = Desk::with(practice, options).await;
    desk.sign_in("admin", SECRET).await;
    desk.arrive("/emr/users").await;
    desk.go(&format!("/emr/users/{}", sam.id)).await;
    desk.browser.choose("status", "inactive").await;
    desk.browser.press("Save user").await;
    desk.browser.see("The license stays with the practice, and on the bill, until it is released.").await;
    desk.browser.follow("Ask support to release the license").await;
    desk.browser.fill("note", "").await;
    desk.browser.press("Send to support").await;
    desk.browser.see("The reason of a release is needed.").await;
    desk.browser.fill("note", "Sam has finished").await;
    desk.browser.press("Send to support").await;
    desk.browser.see("Sent to support.").await;

    support_processes(practice, &desk, "Release 1 student").await;
    desk.go("/emr/licenses/ledger").await;
    desk.browser.see("Request 1").await;
    desk.go("/emr/licenses").await;
    desk.browser.see("0 free of 0").await;
    assert_eq!(practice.app.check().await.expect("a check"), Vec::<String>::new());
}

both_practices! {
    async fn licenses_are_added_in_two_steps(practice) {
        add_in_two_steps(practice, Browser::options()).await;
    }
}

sqlite_practice! {
    async fn licenses_are_added_in_two_steps_without_scripts(practice) {
        add_in_two_steps(practice, Browser::options().without_javascript()).await;
    }

    async fn licenses_are_released_in_two_steps(practice) {
        release_in_two_steps(practice, Browser::options()).await;
    }

    async fn licenses_are_released_in_two_steps_without_scripts(practice) {
        release_in_two_steps(practice, Browser::options().without_javascript()).await;
    }

    async fn the_form_shows_what_is_free_in_the_pool_chosen(practice) {
        limit(practice, 7).await;
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/licenses/requests/new").await;
        desk.browser.see("Choose a clinic and a group").await;
        desk.browser.choose("clinic_id", &practice.clinics[0].to_string()).await;
        desk.browser.choose("group", "student").await;
        desk.browser.see("Student licenses at Saco").await;
        desk.browser.choose("group", "assistant").await;
        desk.browser.see("There is no limit here").await;
        desk.browser.press("Send to support").await;
        desk.browser.see("have no limit, so there is nothing to add or to release").await;
    }

    async fn off_boarding_asks_for_the_release_in_the_same_action(practice) {
        limit(practice, 2).await;
        let sam = practice.add(PersonSpec { username: "sam", user_type: UserType::SPT, ..PersonSpec::default() }).await;
        let desk = Desk::of_admin(practice).await;
        desk.go(&format!("/emr/users/{}/offboarding?kind=departure", sam.id)).await;
        desk.browser.tick("release_license", "true", true).await;
        desk.browser.press("Off-board now").await;
        desk.browser.see("Off-boarded.").await;
        desk.go("/emr/licenses/requests").await;
        desk.browser.see("Release 1 student").await;
    }
}
