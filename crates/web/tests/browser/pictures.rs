//! Pictures for people to look at; made on request only.

use crate::common::{Desk, practice};
use muster_testkit::browser::Browser;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes pictures; run with --run-ignored all"]
async fn every_page_is_drawn_into_target_pictures() {
    let practice = practice().await;
    for (name, options) in
        [("light", Browser::options()), ("dark", Browser::options().dark()), ("phone", Browser::options().phone())]
    {
        let desk = Desk::with(&practice, options).await;
        desk.go("/sign-in").await;
        desk.browser.screenshot(format!("/tmp/shots/{name}-sign-in.png")).await;
        desk.hold_session("admin").await;
        for page in ["/emr/users", "/emr/users/new", "/settings", "/audit", "/me", "/me/password"] {
            desk.go(page).await;
            desk.browser.screenshot(format!("/tmp/shots/{name}{}.png", page.replace('/', "-"))).await;
        }
    }
}
