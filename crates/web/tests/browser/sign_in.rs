//! Signing in and out.

use jiff::SignedDuration;
use muster_testkit::practice::PersonSpec;
use muster_testkit::{both_practices, sqlite_practice};

use crate::common::{Desk, SECRET, alert, someone_with_password};

both_practices! {
    async fn signing_in_goes_on_to_the_page_asked_for_and_signing_out_ends_it(practice) {
        let desk = Desk::at(practice).await;
        desk.go("/emr/users?q=ada").await;
        desk.arrive("/sign-in").await;
        desk.browser.fill("username", "ADA@saco.example").await;
        desk.browser.fill("password", SECRET).await;
        desk.browser.press("Sign in").await;
        desk.arrive("/emr/users?q=ada").await;
        desk.list_becomes(&["Ada Minton"]).await;
        desk.browser.press("Sign out").await;
        desk.browser.see("You are signed out.").await;
        desk.go("/emr/users").await;
        desk.arrive("/sign-in").await;
        // The page before is not shown from the browser's memory.
        desk.browser.client().back().await.unwrap();
        desk.browser.client().back().await.unwrap();
        desk.arrive("/sign-in").await;
        desk.browser.dont_see("Ada Minton").await;
    }
}

sqlite_practice! {
    async fn a_wrong_password_and_an_unknown_name_are_told_in_the_same_words(practice) {
        practice.add(PersonSpec { username: "nopassword", ..PersonSpec::default() }).await;
        let desk = Desk::at(practice).await;
        let mut said = Vec::new();
        let long = format!("admin{}x", " ".repeat(300));
        for (name, password) in
            [("admin", "Wrong-password-1"), ("nobody", SECRET), ("nopassword", SECRET), (long.as_str(), SECRET)]
        {
            desk.sign_in(name, password).await;
            desk.browser.see("The user name or password is not right.").await;
            assert_eq!(desk.browser.value("username").await, name);
            said.push(desk.browser.text().await);
        }
        assert!(said.iter().all(|text| *text == said[0]), "{said:#?}");
    }

    async fn whoever_guesses_waits_and_the_owner_gets_in_afterward(practice) {
        let desk = Desk::at(practice).await;
        for _ in 0..5 {
            desk.sign_in("admin", "Wrong-password-1").await;
            desk.browser.see("The user name or password is not right.").await;
        }
        desk.sign_in("admin", SECRET).await;
        desk.browser.see("Too many attempts. Try again in 2 seconds.").await;
        practice.clock.advance(SignedDuration::from_secs(3));
        desk.sign_in("admin", SECRET).await;
        desk.arrive("/emr/users").await;
    }

    async fn whoever_may_not_see_users_lands_on_their_own_account(practice) {
        someone_with_password(practice, PersonSpec { username: "tessa", ..PersonSpec::default() }).await;
        let desk = Desk::at(practice).await;
        desk.sign_in("tessa", SECRET).await;
        desk.arrive("/me").await;
        desk.browser.see("Tessa Harlow").await;
        desk.browser.see("Start SOAP Notes").await;
        for (page, words) in [("/emr/users", "View Users"), ("/audit", "Not allowed"), ("/settings", "Clinic Admin")] {
            desk.go(page).await;
            desk.browser.see("Not allowed").await;
            desk.browser.see(words).await;
        }
    }

    async fn a_refused_sign_in_and_a_refused_unlock_stand_in_a_summary_too(practice) {
        let desk = Desk::at(practice).await;
        let told = async |outcome: &str, wrong: &str| {
            desk.browser.see(&format!("{outcome}: 1 thing to put right")).await;
            assert_eq!(desk.browser.field_error("password").await.as_deref(), Some(wrong));
            let summary = alert(&desk.browser).await;
            assert!(summary.contains(wrong), "at {}: {summary:?}", desk.here().await);
        };
        desk.sign_in("admin", "Wrong-password-1").await;
        told("You are not signed in", "The user name or password is not right.").await;
        desk.hold_session("admin").await;
        desk.go("/unlock").await;
        desk.browser.fill("password", "Wrong-password-1").await;
        desk.browser.press("Unlock").await;
        told("Still locked", "That is not your current password.").await;
    }
}
