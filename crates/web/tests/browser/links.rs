//! Passwords chosen by links: invitations and resets.

use jiff::SignedDuration;
use muster_testkit::practice::PersonSpec;
use muster_testkit::{both_practices, sqlite_practice};

use crate::common::{Desk, SECRET, link_sent};
use crate::refusals::refused;

async fn choose(desk: &Desk<'_>, password: &str) {
    desk.browser.fill("password", password).await;
    desk.browser.fill("password_confirmation", password).await;
    desk.browser.press("Set the password").await;
}

both_practices! {
    async fn an_invitation_leads_to_a_password_once(practice) {
        let mara = practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        let desk = Desk::of_admin(practice).await;
        desk.go(&format!("/emr/users/{}", mara.id)).await;
        desk.browser.see("Last signed in: never").await;
        desk.browser.press("Send an invitation").await;
        desk.browser.see("The link is on its way. It works once.").await;
        desk.browser.press("Sign out").await;

        let link = link_sent(practice).await;
        assert!(link.starts_with("/invitation/"), "{link}");
        desk.go(&link).await;
        desk.browser.see("Welcome, Mara Harlow").await;
        desk.browser.see("Your user name is mara.").await;
        choose(&desk, "mara-harlow").await;
        refused(&desk, &[("password", &["must not contain the person's name"])]).await;
        choose(&desk, SECRET).await;
        desk.browser.see("Your password is set. Sign in with it now.").await;
        desk.browser.fill("username", "mara").await;
        desk.browser.fill("password", SECRET).await;
        desk.browser.press("Sign in").await;
        desk.arrive("/me").await;
        desk.go(&link).await;
        desk.browser.see("This link no longer works").await;
    }
}

sqlite_practice! {
    async fn a_forgotten_password_is_chosen_anew_within_the_hour(practice) {
        let desk = Desk::at(practice).await;
        let ask = async |name: &str| {
            desk.go("/sign-in").await;
            desk.browser.follow("Forgot your password?").await;
            desk.browser.fill("username", name).await;
            desk.browser.press("Send the link").await;
            desk.browser.see("If that name belongs to an active account, a link is on its way to its email.").await;
        };
        ask("nobody-of-that-name").await;
        assert!(practice.messages().await.is_empty());
        ask("ada@saco.example").await;
        let late = link_sent(practice).await;
        practice.clock.advance(SignedDuration::from_mins(61));
        desk.go(&late).await;
        desk.browser.see("This link no longer works").await;
        desk.browser.follow("Send me a new link").await;
        desk.arrive("/reset-password").await;

        ask("admin").await;
        let link = link_sent(practice).await;
        practice.clock.advance(SignedDuration::from_mins(59));
        desk.go(&link).await;
        choose(&desk, "Quiet-harbor-Lamp-42").await;
        desk.browser.see("Your password is set.").await;
        desk.sign_in("admin", SECRET).await;
        desk.browser.see("not right").await;
        desk.sign_in("admin", "Quiet-harbor-Lamp-42").await;
        desk.arrive("/emr/users").await;
        desk.go(&link).await;
        desk.browser.see("This link no longer works").await;
    }

    async fn a_manager_resets_a_password_and_ends_the_sessions(practice) {
        let mara = practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        practice.give_password(&mara).await;
        practice.messages().await;
        let theirs = Desk::at(practice).await;
        theirs.hold_session("mara").await;
        theirs.go("/me").await;
        theirs.browser.see("Your account").await;

        let desk = Desk::of_admin(practice).await;
        desk.go(&format!("/emr/users/{}", mara.id)).await;
        desk.browser.press("Send a reset link").await;
        desk.browser.see("The link is on its way.").await;
        assert!(link_sent(practice).await.starts_with("/reset-password/"));
        desk.browser.press("End all sessions").await;
        desk.browser.see("Every session of this person was ended.").await;
        theirs.go("/me").await;
        theirs.arrive("/sign-in").await;
    }
}
