//! One's own account.

use crate::common::{Desk, SECRET, practice};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_is_changed_by_its_owner() {
    let practice = practice().await;
    let desk = Desk::of_admin(&practice).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_session_is_seen_and_ended() {
    let practice = practice().await;
    let other = Desk::at(&practice).await;
    other.sign_in("admin", SECRET).await;
    other.arrive("/emr/users").await;
    let desk = Desk::of_admin(&practice).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_shown_once_works_and_is_revoked() {
    let practice = practice().await;
    let desk = Desk::of_admin(&practice).await;
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
