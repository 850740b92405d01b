//! The same work where no script runs.

use jiff::SignedDuration;
use muster_domain::emr::{Permission, UserType};
use muster_testkit::browser::Browser;
use muster_testkit::practice::{PersonSpec, Practice};
use muster_testkit::{sqlite_engine, sqlite_practice};
use serde_json::json;

use crate::audit::only;
use crate::common::{Desk, Empty, SECRET, alert, link_sent};
use crate::idle_lock::left_alone_for_a_while;
use crate::refusals::fill;
use crate::set_up::fill_in;

/// A browser that runs no script of the page; what the tests ask it comes from outside.
async fn plain(practice: &Practice) -> Desk<'_> {
    Desk::with(practice, Browser::options().without_javascript()).await
}

sqlite_engine! {
    async fn a_practice_is_set_up_without_scripts(db) {
        let empty = Empty::on(db, Browser::options().without_javascript()).await;
        let browser = &empty.browser;
        browser.visit(&empty.link).await;
        browser.fill("organization_name", "Saco Rehab").await;
        browser.press("Set up the practice").await;
        browser.see("Nothing was saved yet").await;
        assert_eq!(browser.value("organization_name").await, "Saco Rehab");
        fill_in(&empty).await;
        browser.press("Set up the practice").await;
        browser.see("Your practice is set up.").await;
    }
}

sqlite_practice! {
    async fn people_are_found_added_and_changed_without_scripts(practice) {
        let desk = plain(practice).await;
        desk.sign_in("admin", SECRET).await;
        desk.arrive("/emr/users").await;
        desk.browser.follow("Add user").await;
        desk.browser.fill("first_name", "Mara").await;
        desk.browser.choose("user_type", "Clerical").await;
        desk.browser.press("Show the fields of this type").await;
        desk.browser.see("Clerical and Billing users cannot hold SOAP note permissions.").await;
        desk.browser.dont_see("License number").await;
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

    async fn an_invitation_is_accepted_and_a_forgotten_password_chosen_anew_without_scripts(practice) {
        let mara = practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        practice.app.send_sign_in_link(&practice.machine(), mara.id).await.expect("a link");
        let desk = plain(practice).await;
        let choose = async |password: &str, again: &str| {
            fill(&desk, &[("password", password), ("password_confirmation", again)]).await;
            desk.browser.press("Set the password").await;
        };
        let lacks = async |fields: &[&str]| {
            desk.browser.see("Nothing was saved yet").await;
            desk.refuses(fields).await;
        };
        desk.go(&link_sent(practice).await).await;
        desk.browser.see("Welcome, Mara Harlow").await;
        // Nothing judges while typing here, so what is needed stands there from the start.
        desk.browser.see("an upper-case letter").await;
        choose("", "").await;
        lacks(&["password"]).await;
        choose(SECRET, "Tr4velling-oak-Rigde").await;
        lacks(&["password_confirmation"]).await;
        choose(SECRET, SECRET).await;
        desk.browser.see("Your password is set. Sign in with it now.").await;
        desk.sign_in("mara", SECRET).await;
        desk.arrive("/me").await;
        desk.browser.press("Sign out").await;

        desk.browser.follow("Forgot your password?").await;
        desk.browser.fill("username", "mara").await;
        desk.browser.press("Send the link").await;
        desk.browser.see("a link is on its way to its email").await;
        desk.go(&link_sent(practice).await).await;
        desk.browser.see("For Mara Harlow at Saco Rehab.").await;
        choose("Quiet-harbor-Lamp-42", "Quiet-harbor-Lamp-42").await;
        desk.browser.see("Your password is set.").await;
        desk.sign_in("mara", SECRET).await;
        desk.browser.see("not right").await;
        desk.sign_in("mara", "Quiet-harbor-Lamp-42").await;
        desk.arrive("/me").await;
    }

    async fn a_session_left_alone_asks_for_the_password_and_goes_on_without_scripts(practice) {
        let desk = plain(practice).await;
        desk.sign_in("admin", SECRET).await;
        desk.arrive("/emr/users").await;
        left_alone_for_a_while(&desk).await;
        // A form that was being sent is not sent behind anybody's back: its page is there again.
        desk.go("/settings").await;
        desk.browser.fill("idle_minutes", "20").await;
        practice.clock.advance(SignedDuration::from_mins(16));
        desk.browser.press("Save settings").await;
        desk.arrive("/unlock").await;
        desk.browser.fill("password", SECRET).await;
        desk.browser.press("Unlock").await;
        desk.arrive("/settings").await;
        assert_eq!(desk.browser.value("idle_minutes").await, "15");
        // Whoever is not the one who left signs out instead.
        desk.go("/unlock").await;
        desk.browser.follow("Sign out instead").await;
        desk.browser.press("Sign out").await;
        desk.browser.see("You are signed out.").await;
    }

    async fn the_second_of_two_managers_is_told_what_changed_and_loses_nothing_without_scripts(practice) {
        let mara = practice.add(PersonSpec { username: "mara", user_type: UserType::Clerical, ..PersonSpec::default() }).await;
        let permissions =
            [Permission::ViewPatients, Permission::EditPatients, Permission::ViewUsers, Permission::EditUsers];
        let petra = PersonSpec {
            username: "petra",
            user_type: UserType::Clerical,
            permissions: Some(&permissions),
            ..PersonSpec::default()
        };
        practice.add(petra).await;
        let desk = plain(practice).await;
        desk.hold_session("admin").await;
        desk.go(&format!("/emr/users/{}", mara.id)).await;
        let token = practice.token("petra").await;
        let first = json!({ "phone": "207-555-0101" });
        practice.api(&token).patch(&format!("/people/{}", mara.id), &first).await.expect(200);

        fill(&desk, &[("phone", "207-555-0202"), ("first_name", "Marianne")]).await;
        desk.browser.tick("permissions", "analytics_access", true).await;
        desk.browser.tick("clinic_ids", &practice.clinics[1].to_string(), true).await;
        desk.browser.press("Save user").await;
        desk.browser.see("Someone else saved first.").await;
        let told = alert(&desk.browser).await;
        for part in ["Petra Harlow", "Profile changed", "Phone", "207-555-0101"] {
            assert!(told.contains(part), "{part:?} is not in {told:?}");
        }
        assert_eq!(desk.browser.value("phone").await, "207-555-0202");
        assert_eq!(desk.browser.value("first_name").await, "Marianne");
        assert!(desk.browser.ticked("permissions", "analytics_access").await);
        assert!(desk.browser.ticked("clinic_ids", &practice.clinics[1].to_string()).await);
        desk.browser.press("Save user").await;
        desk.browser.see("Saved.").await;
        desk.browser.see("Marianne Harlow").await;
        assert_eq!(desk.browser.value("phone").await, "207-555-0202");
    }

    async fn settings_are_changed_and_the_record_is_filtered_without_scripts(practice) {
        let desk = plain(practice).await;
        desk.hold_session("admin").await;
        desk.go("/settings").await;
        desk.browser.fill("idle_minutes", "500").await;
        desk.browser.press("Save settings").await;
        desk.browser.see("Nothing was saved yet").await;
        let said = desk.browser.field_error("idle_minutes").await.unwrap_or_default();
        assert!(said.contains("between 1 and 240 minutes"), "{said}");
        desk.browser.fill("idle_minutes", "20").await;
        desk.browser.choose("password_expiry_days", "90").await;
        desk.browser.tick("password_preset", "nist-800-63b", true).await;
        desk.browser.press("Save settings").await;
        desk.browser.see("Settings saved.").await;
        assert_eq!(desk.browser.value("idle_minutes").await, "20");
        desk.browser.fill("new-clinic-name", "Kittery").await;
        desk.browser.press("Add clinic").await;
        desk.browser.see("Clinic added.").await;

        desk.browser.follow("Audit").await;
        desk.browser.choose("action", "Settings changed").await;
        desk.browser.press("Show").await;
        desk.until("only changes of settings", &only(1, "Settings changed")).await;
        desk.browser.press("Lock after, Passwords expire, Password rules").await;
        desk.until("the new minutes are told", &only(1, "20")).await;
        desk.browser.choose("action", "").await;
        desk.browser.fill("from", "2026-03-05").await;
        desk.browser.press("Show").await;
        desk.browser.see("Nothing matches").await;
        desk.browser.follow("Show everything").await;
        desk.browser.follow("When").await;
        desk.arrive("/audit?sort=seq").await;
        let first = "return document.querySelector('.data > tbody > tr').innerText.includes('Practice set up')";
        desk.until("the oldest comes first", first).await;
    }

    async fn forms_sent_empty_say_what_they_need_without_scripts(practice) {
        let desk = plain(practice).await;
        desk.hold_session("admin").await;
        for (page, fold, button, fields) in [
            (
                "/emr/users/new",
                None,
                "Save user",
                vec!["first_name", "last_name", "username", "email", "npi", "license_number", "clinic_ids"],
            ),
            ("/emr/licenses/requests/new", None, "Send to support", vec!["clinic_id", "group"]),
            ("/me", Some("Make a new token"), "Make a token", vec!["name", "scopes"]),
            ("/me/password", None, "Change password", vec!["current_password", "password"]),
            ("/settings", None, "Add clinic", vec!["name"]),
        ] {
            desk.go(page).await;
            if let Some(fold) = fold {
                desk.browser.press(fold).await;
            }
            desk.browser.press(button).await;
            desk.browser.see("Nothing was saved yet").await;
            desk.refuses(&fields).await;
            let leads =
                "return [...document.querySelectorAll('#refusals a')].every(a => document.getElementById(a.hash.slice(1)))";
            assert_eq!(desk.script(leads).await, true, "every line of the summary of {page} leads somewhere");
        }
    }
}
