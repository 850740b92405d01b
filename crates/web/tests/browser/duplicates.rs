//! One person, one profile: being asked, comparing, merging, undoing.

use muster_app::images::made_up_signature;
use muster_domain::emr::{Permission, UserType};
use muster_testkit::practice::PersonSpec;
use muster_testkit::{both_practices, sqlite_practice};

use crate::common::{Desk, named, someone_with_password};

both_practices! {
    async fn two_profiles_are_compared_merged_and_parted_again(practice) {
        let mara = PersonSpec { username: "mquill", clinics: &practice.clinics[..1], ..PersonSpec::default() };
        named(practice, "Mara", "Quill", mara).await;
        let clerk = PersonSpec {
            username: "mstone",
            user_type: UserType::Clerical,
            clinics: &practice.clinics[1..2],
            ..PersonSpec::default()
        };
        practice.clock.advance(jiff::SignedDuration::from_secs(1));
        let stone = named(practice, "Mara", "Quill-Stone", clerk).await;
        practice.app.set_picture(&practice.machine(), stone.id, made_up_signature(), true).await.expect("a picture");
        let desk = Desk::of_admin(practice).await;
        desk.go("/people/duplicates").await;
        desk.browser.see("One family name is part of the other").await;
        desk.browser.follow("Compare").await;
        desk.browser.see("What a merge does").await;
        desk.browser.see("differs").await;
        desk.browser.see("from the other profile").await;
        desk.browser.assert_accessible().await;
        desk.browser.press("Same person: merge").await;
        desk.browser.see("The two profiles are one now.").await;
        desk.browser.see("Merged in the last 30 days").await;
        desk.go(&format!("/emr/users/{}", stone.id)).await;
        desk.browser.see("Merged into Mara Quill (mquill)").await;
        desk.browser.follow("Mara Quill (mquill)").await;
        desk.browser.see("Took in Mara Quill-Stone (mstone)").await;
        desk.browser.see("Remove picture").await;
        desk.go("/people/duplicates").await;
        desk.browser.press("Undo").await;
        desk.browser.see("The merge was undone.").await;
        desk.browser.see("One family name is part of the other").await;
    }
}

sqlite_practice! {
    async fn a_manager_is_asked_and_says_that_it_is_someone_else(practice) {
        named(practice, "Margaret", "Quill", PersonSpec { username: "mquill", ..PersonSpec::default() }).await;
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users/new").await;
        crate::add_user::who(&desk, "pquill").await;
        desk.browser.fill("npi", "9999999995").await;
        desk.browser.fill("license_number", "00000").await;
        desk.browser.fill("first_name", "Peggy").await;
        // The bar with the buttons stays in view and lies over what is just above the edge of the window.
        desk.script("window.scrollTo(0, document.body.scrollHeight); return true").await;
        desk.browser.tick("clinic_ids", &practice.clinics[0].to_string(), true).await;
        desk.browser.press("Save user").await;
        desk.browser.see("Someone much like this is here already.").await;
        desk.browser.see("One given name is a short form of the other").await;
        assert_eq!(desk.browser.value("first_name").await, "Peggy");
        assert_eq!(desk.browser.value("email").await, "pquill@saco.example");
        desk.script("document.querySelector('[name=someone_else]').scrollIntoView({block: 'center'}); return true").await;
        desk.browser.press("Someone else than Margaret Quill").await;
        desk.browser.see("User added, and the invitation is on its way.").await;
        desk.go("/people/duplicates").await;
        desk.browser.see("Nobody seems to stand here twice.").await;
    }

    async fn a_manager_is_asked_and_says_that_it_is_the_same_person(practice) {
        let mara = named(practice, "Margaret", "Quill", PersonSpec { username: "mquill", ..PersonSpec::default() }).await;
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users/new").await;
        crate::add_user::who(&desk, "pquill").await;
        desk.browser.fill("npi", "9999999995").await;
        desk.browser.fill("license_number", "00000").await;
        desk.browser.fill("first_name", "Peggy").await;
        desk.script("window.scrollTo(0, document.body.scrollHeight); return true").await;
        desk.browser.tick("clinic_ids", &practice.clinics[1].to_string(), true).await;
        desk.browser.press("Save user").await;
        desk.browser.see("Someone much like this is here already.").await;
        desk.browser.assert_accessible().await;
        desk.script("document.querySelector('[name=same_person]').scrollIntoView({block: 'center'}); return true").await;
        desk.browser.press("Same person: add the clinics and permissions to Margaret Quill").await;
        desk.arrive(&format!("/emr/users/{}", mara.id)).await;
        for clinic in &practice.clinics[..2] {
            assert!(desk.browser.ticked("clinic_ids", &clinic.to_string()).await);
        }
        desk.go("/emr/users?q=peggy").await;
        desk.browser.see("Nobody matches").await;
    }

    async fn whoever_has_the_npi_is_shown_beside_what_was_typed(practice) {
        let mara = named(practice, "Margaret", "Quill", PersonSpec { username: "mquill", ..PersonSpec::default() }).await;
        let npi = practice.app.person(&practice.machine(), mara.id).await.expect("a person").stored.profile.person.npi;
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users/new").await;
        crate::add_user::who(&desk, "zylstra").await;
        desk.browser.fill("last_name", "Zylstra").await;
        desk.browser.fill("npi", &npi.expect("an NPI")).await;
        desk.browser.fill("license_number", "00000").await;
        desk.script("window.scrollTo(0, document.body.scrollHeight); return true").await;
        desk.browser.tick("clinic_ids", &practice.clinics[1].to_string(), true).await;
        desk.browser.press("Save user").await;
        desk.browser.see("Someone much like this is here already.").await;
        desk.browser.see("Same NPI").await;
        desk.browser.see("This NPI already belongs to Margaret Quill.").await;
        desk.browser.assert_accessible().await;
        desk.script("document.querySelector('[name=someone_else]').scrollIntoView({block: 'center'}); return true").await;
        desk.browser.press("Someone else than Margaret Quill").await;
        // An NPI belongs to one person: that stays refused, at its field.
        desk.browser.see("Nothing was saved yet").await;
        let said = desk.browser.field_error("npi").await.unwrap_or_default();
        assert!(said.contains("already belongs to Margaret Quill"), "{said}");
        assert_eq!(desk.browser.value("last_name").await, "Zylstra");
        desk.browser.press("Save user").await;
        desk.browser.see("Someone much like this is here already.").await;
        desk.script("document.querySelector('[name=same_person]').scrollIntoView({block: 'center'}); return true").await;
        desk.browser.press("Same person: add the clinics and permissions to Margaret Quill").await;
        desk.arrive(&format!("/emr/users/{}", mara.id)).await;
        assert!(desk.browser.ticked("clinic_ids", &practice.clinics[1].to_string()).await);
        desk.go("/emr/users?q=zylstra").await;
        desk.browser.see("Nobody matches").await;
    }

    async fn of_someone_out_of_sight_a_manager_learns_only_whom_to_ask(practice) {
        named(practice, "Margaret", "Quill", PersonSpec { username: "mquill", clinics: &practice.clinics[1..2], ..PersonSpec::default() }).await;
        let manager = [Permission::ViewUsers, Permission::EditUsers, Permission::ViewPatients, Permission::EditPatients];
        someone_with_password(practice, PersonSpec { username: "vera", user_type: UserType::Clerical, permissions: Some(&manager), ..PersonSpec::default() }).await;
        let desk = Desk::at(practice).await;
        desk.hold_session("vera").await;
        desk.go("/emr/users/new").await;
        desk.browser.choose("user_type", "Clerical").await;
        crate::add_user::who(&desk, "pquill").await;
        desk.browser.fill("first_name", "Peggy").await;
        desk.script("window.scrollTo(0, document.body.scrollHeight); return true").await;
        desk.browser.tick("clinic_ids", &practice.clinics[0].to_string(), true).await;
        desk.browser.press("Save user").await;
        desk.browser.see("Someone you cannot see").await;
        desk.browser.see("Ada Minton, ada@saco.example").await;
        desk.browser.dont_see("Margaret").await;
        desk.browser.dont_see("alike").await;
        desk.browser.assert_accessible().await;
    }
}
