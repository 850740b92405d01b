//! Support, and people who may look but not touch.

use muster_domain::emr::{Permission, UserType};
use muster_testkit::practice::PersonSpec;
use muster_testkit::{both_practices, sqlite_practice};

use crate::common::{Desk, SECRET, someone_with_password};

both_practices! {
    async fn support_opens_a_practice_and_changes_a_user_type_knowing_what_it_breaks(practice) {
        let mara = practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        practice.another("Other Rehab", "elsewhere").await;
        practice.operator("helen").await;
        let desk = Desk::at(practice).await;
        desk.sign_in("helen", SECRET).await;
        desk.arrive("/support").await;
        desk.browser.see("Other Rehab").await;
        let open = "[...document.querySelectorAll('tbody tr')].find(r => r.innerText.includes('Saco Rehab')).querySelector('button').click()";
        desk.script(open).await;
        desk.arrive("/emr/users").await;
        desk.browser.see("Mara Harlow").await;
        desk.go("/support").await;
        desk.browser.see("Open now").await;

        desk.go(&format!("/emr/users/{}", mara.id)).await;
        desk.browser.follow("Change user type").await;
        desk.browser.see("Now PT: physical therapist").await;
        desk.browser.choose("to", "SPT").await;
        desk.browser.press("Show what changes").await;
        desk.browser.see("Finish SOAP Notes is taken away").await;
        desk.browser.see("gives back its therapist license and takes a student license").await;
        desk.browser.see("NPI and license number are cleared").await;
        desk.browser.press("Change the user type").await;
        desk.browser.see("The user type was changed.").await;
        desk.browser.see("SPT, student physical therapist").await;
        desk.browser.see("User type changed").await;
        assert!(!desk.browser.ticked("permissions", "finish_soap_notes").await);
    }
}

sqlite_practice! {
    async fn whoever_may_only_look_sees_the_profile_and_why_it_cannot_be_changed(practice) {
        let mara = practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        let looker = PersonSpec {
            username: "lena",
            user_type: UserType::Clerical,
            permissions: Some(&[Permission::ViewUsers]),
            ..PersonSpec::default()
        };
        someone_with_password(practice, looker).await;
        let desk = Desk::at(practice).await;
        desk.hold_session("lena").await;
        desk.go(&format!("/emr/users/{}", mara.id)).await;
        desk.browser.see("You need the permission Edit Users for this.").await;
        desk.browser.see("Finish SOAP Notes").await;
        desk.browser.dont_see("Save user").await;
        desk.browser.dont_see("Send an invitation").await;
        desk.go("/emr/users").await;
        desk.browser.see("Mara Harlow").await;
        desk.browser.dont_see("Add user").await;
        desk.go("/emr/users/new").await;
        desk.browser.see("Not allowed").await;
    }

    async fn someone_who_holds_more_is_read_only_with_the_reason(practice) {
        let permissions = [Permission::ViewUsers, Permission::EditUsers];
        let manager = PersonSpec {
            username: "wendy",
            user_type: UserType::Clerical,
            permissions: Some(&permissions),
            ..PersonSpec::default()
        };
        someone_with_password(practice, manager).await;
        let desk = Desk::at(practice).await;
        desk.hold_session("wendy").await;
        desk.go(&format!("/emr/users/{}", practice.admin.id)).await;
        desk.browser.see("This person holds permissions or clinics that you do not.").await;
        desk.browser.dont_see("Save user").await;
    }

    async fn the_operators_pages_do_not_exist_for_anyone_else(practice) {
        let mara = practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        let desk = Desk::of_admin(practice).await;
        desk.go("/support").await;
        desk.browser.see("Nothing here").await;
        desk.go(&format!("/emr/users/{}/type", mara.id)).await;
        desk.browser.see("Only support can change the user type").await;
    }
}
