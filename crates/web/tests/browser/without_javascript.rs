//! The same work where no script runs.

use muster_testkit::browser::Browser;

use crate::common::{Desk, Empty, SECRET, practice};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_practice_is_set_up_without_scripts() {
    let empty = Empty::with(Browser::options().without_javascript()).await;
    let browser = &empty.browser;
    browser.visit(&empty.link).await;
    browser.fill("organization_name", "Saco Rehab").await;
    browser.press("Set up the practice").await;
    browser.see("Nothing was saved yet").await;
    assert_eq!(browser.value("organization_name").await, "Saco Rehab");
    let typed = [
        ("clinic_name", "Saco"),
        ("first_name", "Ada"),
        ("last_name", "Minton"),
        ("username", "ada"),
        ("email", "ada@saco.example"),
        ("password", SECRET),
        ("password_confirmation", SECRET),
    ];
    for (name, text) in typed {
        browser.fill(name, text).await;
    }
    browser.press("Set up the practice").await;
    browser.see("Your practice is set up.").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_found_added_and_changed_without_scripts() {
    let practice = practice().await;
    let desk = Desk::with(&practice, Browser::options().without_javascript()).await;
    desk.sign_in("admin", SECRET).await;
    desk.arrive("/emr/users").await;
    desk.browser.follow("Add user").await;
    desk.browser.fill("first_name", "Mara").await;
    desk.browser.choose("user_type", "Clerical").await;
    desk.browser.press("Show the fields of this type").await;
    desk.browser.see("Clerical and Billing users cannot hold SOAP note permissions.").await;
    desk.browser.dont_see("Licence number").await;
    assert_eq!(desk.browser.value("first_name").await, "Mara");
    desk.browser.fill("last_name", "Quill").await;
    desk.browser.fill("username", "mara").await;
    desk.browser.tick("access", "type", true).await;
    desk.browser.fill("password", SECRET).await;
    desk.browser.fill("password_confirmation", SECRET).await;
    desk.browser.tick("clinic_ids", &practice.clinics[0].to_string(), true).await;
    desk.browser.press("Save user").await;
    desk.browser.see("An active profile needs an email address").await;
    desk.browser.fill("email", "mara@saco.example").await;
    desk.browser.fill("password", SECRET).await;
    desk.browser.fill("password_confirmation", SECRET).await;
    desk.browser.press("Save user").await;
    desk.browser.see("User added.").await;

    desk.browser.fill("phone", "207-555-0101").await;
    desk.browser.press("Save user").await;
    desk.browser.see("Saved.").await;
    assert_eq!(desk.browser.value("phone").await, "207-555-0101");

    desk.go("/emr/users").await;
    desk.browser.fill("q", "quill").await;
    desk.browser.choose("user_type", "Clerical").await;
    desk.browser.press("Show").await;
    desk.list_becomes(&["Mara Quill"]).await;
    desk.browser.press("Sign out").await;
    desk.browser.see("You are signed out.").await;
}
