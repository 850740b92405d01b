//! Changing a profile: saved, inactive, and when two managers do it at once.

use muster_domain::emr::{Permission, UserType};
use muster_testkit::practice::PersonSpec;
use muster_testkit::{both_practices, sqlite_practice};

use crate::common::{Desk, alert, someone_with_password};

both_practices! {
    async fn a_change_is_saved_shown_and_kept_in_the_history(practice) {
        let mara = practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        let desk = Desk::of_admin(practice).await;
        let page = format!("/emr/users/{}", mara.id);
        desk.go(&page).await;
        desk.browser.fill("last_name", "Harlow-Ito").await;
        desk.browser.fill("phone", "(207) 555-0142 x7").await;
        desk.browser.tick("permissions", "calendar_admin", true).await;
        desk.browser.press("Save user").await;
        desk.browser.see("Saved.").await;
        desk.browser.see("Mara Harlow-Ito").await;
        assert!(desk.browser.ticked("permissions", "calendar_admin").await);
        desk.browser.see("Profile changed").await;
        desk.browser.follow("All records").await;
        desk.arrive("/audit").await;
        desk.browser.see("About Mara Harlow-Ito").await;
        desk.browser.see("Profile changed").await;
        desk.go(&page).await;
        desk.browser.choose("status", "inactive").await;
        desk.browser.press("Save user").await;
        desk.browser.see("Saved. This person can no longer sign in.").await;
        desk.browser.see("The license stays with the practice, and on the bill, until it is released.").await;
        desk.go("/emr/users?status=inactive").await;
        desk.list_becomes(&["Mara Harlow-Ito"]).await;
    }
}

sqlite_practice! {
    async fn of_two_managers_the_second_is_told_what_the_first_changed_and_loses_nothing(practice) {
        let mara = practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        let all: Vec<Permission> = Permission::ALL.into_iter().filter(|p| !p.is_soap()).collect();
        // Whoever edits a therapist has to hold what she holds.
        let held =
            [all.as_slice(), &[Permission::StartSoapNotes, Permission::ForwardSoapNotes, Permission::FinishSoapNotes]]
                .concat();
        let second = PersonSpec { username: "petra", user_type: UserType::PT, permissions: Some(&held), ..PersonSpec::default() };
        someone_with_password(practice, second).await;
        let page = format!("/emr/users/{}", mara.id);
        let ada = Desk::of_admin(practice).await;
        let petra = Desk::at(practice).await;
        petra.hold_session("petra").await;
        ada.go(&page).await;
        petra.go(&page).await;

        ada.browser.fill("phone", "207-555-0101").await;
        ada.browser.press("Save user").await;
        ada.browser.see("Saved.").await;

        petra.browser.fill("phone", "207-555-0202").await;
        petra.browser.fill("first_name", "Marianne").await;
        petra.browser.tick("permissions", "analytics_access", true).await;
        petra.browser.press("Save user").await;
        petra.browser.see("Someone else saved first.").await;
        let told = alert(&petra.browser).await;
        assert!(told.contains("Ada Minton") && told.contains("Profile changed"), "{told}");
        petra.browser.see("207-555-0101").await;
        assert_eq!(petra.browser.value("phone").await, "207-555-0202");
        assert_eq!(petra.browser.value("first_name").await, "Marianne");
        assert!(petra.browser.ticked("permissions", "analytics_access").await);

        petra.browser.press("Save user").await;
        petra.browser.see("Saved.").await;
        assert_eq!(petra.browser.value("phone").await, "207-555-0202");
        ada.go(&page).await;
        ada.browser.see("Marianne Harlow").await;
    }

    async fn leaving_with_unsaved_changes_is_asked_about(practice) {
        let mara = practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        let desk = Desk::of_admin(practice).await;
        desk.go(&format!("/emr/users/{}", mara.id)).await;
        let asks = "return !dispatchEvent(new Event('beforeunload', { cancelable: true }))";
        assert_eq!(desk.script(asks).await, false);
        desk.browser.fill("phone", "207-555-0101").await;
        assert_eq!(desk.script(asks).await, true);
        desk.browser.press("Save user").await;
        desk.browser.see("Saved.").await;
        assert_eq!(desk.script(asks).await, false);
    }
}
