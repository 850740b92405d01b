//! The lock after a while without activity.

use jiff::SignedDuration;
use muster_domain::organizations::OrganizationPatch;

use muster_testkit::sqlite_practice;

use crate::common::{Desk, SECRET};

/// From the list of the only person there: what follows a while without activity, until the list is there again.
pub async fn left_alone_for_a_while(desk: &Desk<'_>) {
    desk.practice.clock.advance(SignedDuration::from_mins(16));
    desk.browser.follow("Type").await;
    desk.arrive("/unlock").await;
    desk.browser.see("Ada Minton, nothing happened here for a while").await;
    desk.browser.fill("password", "wrong").await;
    desk.browser.press("Unlock").await;
    desk.browser.see("not your current password").await;
    // Locked means locked: no other page opens.
    desk.go("/settings").await;
    desk.arrive("/unlock").await;
    desk.go("/emr/users?sort=user_type").await;
    desk.browser.fill("password", SECRET).await;
    desk.browser.press("Unlock").await;
    desk.arrive("/emr/users?sort=user_type").await;
    desk.list_becomes(&["Ada Minton"]).await;
}

sqlite_practice! {
    async fn after_the_minutes_the_next_click_asks_for_the_password_and_goes_on(practice) {
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users").await;
        practice.clock.advance(SignedDuration::from_mins(14));
        desk.browser.follow("Name").await;
        desk.arrive("/emr/users?sort=-name").await;
        left_alone_for_a_while(&desk).await;
    }

    async fn a_filter_used_after_the_minutes_leads_to_the_lock_too(practice) {
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users").await;
        practice.clock.advance(SignedDuration::from_mins(16));
        desk.browser.fill("q", "ada").await;
        desk.arrive("/unlock").await;
    }

    async fn the_page_warns_and_locks_by_itself(practice) {
        let one = OrganizationPatch { idle_minutes: Some(1), ..OrganizationPatch::default() };
        practice.app.update_organization(&practice.machine(), practice.organization, None, &one).await.unwrap();
        let desk = Desk::of_admin(practice).await;
        desk.go("/settings").await;
        assert_eq!(desk.script("return document.body.dataset.idleSeconds").await, "60");
        desk.browser.fill("idle_minutes", "5").await;
        // The browser's own clock runs ahead, so that nobody has to wait.
        let ahead = |seconds: u32| format!("window.real ??= Date.now; Date.now = () => real() + {seconds}000");
        desk.script(&ahead(40)).await;
        desk.browser.see("This page locks in").await;
        desk.browser.press("Stay signed in").await;
        desk.browser.dont_see("This page locks in").await;
        desk.script(&ahead(95)).await;
        desk.browser.see("This page locks in").await;
        desk.script(&ahead(105)).await;
        desk.arrive("/unlock?next=%2Fsettings").await;
        desk.browser.fill("password", SECRET).await;
        desk.browser.press("Unlock").await;
        desk.arrive("/settings").await;
    }
}
