//! One's own account.

use muster_testkit::sqlite_practice;

use crate::common::{Desk, SECRET};

sqlite_practice! {
    async fn the_password_is_changed_by_its_owner(practice) {
        let desk = Desk::of_admin(practice).await;
        desk.go("/me").await;
        desk.browser.follow("Change password").await;
        desk.browser.fill("current_password", "not it").await;
        desk.browser.fill("password", "Quiet-harbor-Lamp-42").await;
        desk.browser.fill("password_confirmation", "Quiet-harbor-Lamp-42").await;
        desk.browser.press("Change password").await;
        desk.browser.see("Nothing was saved yet").await;
        let said = desk.browser.field_error("current_password").await.unwrap_or_default();
        assert!(said.contains("not your current password"), "{said}");
        desk.browser.fill("current_password", SECRET).await;
        desk.browser.fill("password", SECRET).await;
        desk.browser.fill("password_confirmation", SECRET).await;
        desk.browser.press("Change password").await;
        desk.browser.see("This is the password in use now.").await;
        desk.browser.fill("current_password", SECRET).await;
        desk.browser.fill("password", "Quiet-harbor-Lamp-42").await;
        desk.browser.fill("password_confirmation", "Quiet-harbor-Lamp-42").await;
        desk.browser.press("Change password").await;
        desk.browser.see("Your password was changed. Your other sessions were ended.").await;
        let message = practice.messages().await.pop().unwrap();
        assert!(message.contains("was changed just now"), "{message}");
    }

    async fn ones_own_profile_leads_to_where_the_password_is_changed(practice) {
        let desk = Desk::of_admin(practice).await;
        let own = format!("/emr/users/{}", practice.admin.id);
        desk.go(&own).await;
        assert_eq!(desk.count("[type=password]").await, 0);
        desk.browser.follow("Change your password").await;
        desk.arrive("/me/password").await;
        // A page forged to send one all the same.
        desk.go(&own).await;
        desk.script(
            "for (const name of ['password', 'password_confirmation']) { const e = document.createElement('input'); \
             e.name = name; e.value = 'Quiet-harbor-Lamp-42'; document.getElementById('profile-form').append(e) }",
        )
        .await;
        desk.browser.press("Save user").await;
        desk.browser.see("Nothing was saved yet").await;
        desk.refuses(&["password"]).await;
        desk.browser.see("Change your own password under My account").await;
        desk.browser.assert_accessible().await;
        desk.sign_in("admin", SECRET).await;
        desk.arrive("/emr/users").await;
    }

    async fn another_session_is_seen_and_ended(practice) {
        let other = Desk::at(practice).await;
        other.sign_in("admin", SECRET).await;
        other.arrive("/emr/users").await;
        let desk = Desk::of_admin(practice).await;
        desk.go("/me").await;
        desk.browser.see("Chrome on Linux").await;
        desk.browser.see("This one").await;
        desk.browser.press("End").await;
        desk.browser.see("That session was ended.").await;
        desk.browser.dont_see("Chrome on Linux").await;
        other.go("/emr/users").await;
        other.arrive("/sign-in").await;
        desk.go("/me").await;
        desk.arrive("/me").await;
    }

    async fn a_token_is_shown_once_works_and_is_revoked(practice) {
        let desk = Desk::of_admin(practice).await;
        desk.go("/me").await;
        desk.browser.see("No access tokens").await;
        desk.browser.press("Make a new token").await;
        desk.browser.press("Make a token").await;
        desk.browser.see("Nothing was saved yet").await;
        assert!(desk.browser.field_error("name").await.is_some());
        assert!(desk.browser.field_error("scopes").await.is_some());
        desk.browser.fill("name", "Payroll").await;
        desk.browser.fill("expires_in_days", "30").await;
        desk.browser.tick("scopes", "people:read", true).await;
        desk.browser.press("Make a token").await;
        desk.browser.see("Copy your new token now").await;
        let secret = desk.script("return document.querySelector('.secret').textContent").await;
        let secret = secret.as_str().unwrap().to_owned();
        practice.api(&secret).get("/people").await.expect(200);
        desk.go("/me").await;
        desk.browser.see("Payroll").await;
        desk.browser.dont_see(&secret).await;
        desk.browser.press("Revoke").await;
        desk.browser.see("That token no longer works.").await;
        practice.api(&secret).get("/people").await.expect(401);
    }
}
