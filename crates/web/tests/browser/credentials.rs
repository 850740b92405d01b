//! Credentials: the worklist and its file, licenses, supervisors, leaving.

use muster_domain::emr::UserType;
use muster_testkit::practice::PersonSpec;
use muster_testkit::{both_practices, sqlite_practice};

use crate::common::{Desk, named};

const STUDENT: PersonSpec<'_> =
    PersonSpec { username: "sam", user_type: UserType::SPT, permissions: None, clinics: &[], active: true };

both_practices! {
    async fn a_license_is_added_refused_at_its_field_and_found_on_the_worklist(practice) {
        let mara = named(practice, "Mara", "Quill", PersonSpec::default()).await;
        let desk = Desk::of_admin(practice).await;
        desk.go(&format!("/emr/users/{}/professional-licenses", mara.id)).await;
        let add = async |number: &str, state: &str| {
            desk.browser.press("Add a license").await;
            for (name, text) in [("number", number), ("state", state), ("expires_on", "2026-03-20")] {
                let script = format!("const f = document.getElementById('new-license-{name}'); f.value = '{text}'; return true");
                desk.until("the field is there", &script).await;
            }
            desk.browser.press("Add license").await;
        };
        add("OT 22", "XX").await;
        desk.browser.see("Nothing was saved yet").await;
        desk.refuses(&["state"]).await;
        desk.browser.assert_accessible().await;
        desk.browser.fill("state", "NH").await;
        desk.browser.press("Add license").await;
        desk.browser.see("The licenses were saved.").await;
        desk.browser.see("OT 22 NH, until 2026-03-20").await;
        desk.go("/people/credentials?kind=expires_30").await;
        desk.browser.see("Mara Quill").await;
        desk.browser.see("2026-03-20").await;
    }
}

sqlite_practice! {
    async fn the_worklist_is_narrowed_to_a_clinic_and_taken_away_as_a_file(practice) {
        named(practice, "Mara", "Quill", PersonSpec::default()).await;
        named(practice, "Ida", "Ito", PersonSpec { username: "iito", clinics: &practice.clinics[1..2], ..PersonSpec::default() }).await;
        let sam = named(practice, "Sam", "Lee", STUDENT).await;
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users").await;
        desk.browser.follow("Credentials").await;
        for words in ["Mara Quill", "Ida Ito", "Sam Lee", "No signature on file", "No supervisor"] {
            desk.browser.see(words).await;
        }
        desk.browser.choose("clinic_id", "Wells").await;
        desk.browser.press("Show").await;
        desk.browser.dont_see("Mara Quill").await;
        desk.browser.see("Ida Ito").await;
        let file = "const a = [...document.querySelectorAll('a')].find(a => a.textContent.includes('Export as CSV')); \
            return fetch(a.href).then(r => r.text())";
        let csv = desk.script(file).await;
        let lines: Vec<&str> = csv.as_str().expect("a file").lines().collect();
        assert_eq!(lines.len(), 2, "the clinic's people only: {lines:?}");
        assert!(lines[0].starts_with("full_name,username,") && lines[1].starts_with("Ida Ito,iito,"), "{lines:?}");
        assert!(lines[1].ends_with("missing_signature"), "{lines:?}");
        desk.browser.choose("clinic_id", "Any clinic").await;
        desk.browser.choose("kind", "No supervisor").await;
        desk.browser.press("Show").await;
        desk.browser.dont_see("Ida Ito").await;
        desk.browser.follow("Sam Lee").await;
        desk.arrive(&format!("/emr/users/{}", sam.id)).await;
    }

    async fn a_student_is_put_under_a_supervisor_who_hands_over_when_leaving(practice) {
        let mara = named(practice, "Mara", "Quill", PersonSpec::default()).await;
        named(practice, "Ida", "Ito", PersonSpec { username: "iito", ..PersonSpec::default() }).await;
        let sam = named(practice, "Sam", "Lee", STUDENT).await;
        let desk = Desk::of_admin(practice).await;
        desk.go(&format!("/emr/users/{}", sam.id)).await;
        desk.browser.see("Assistants and students need a supervising therapist.").await;
        desk.browser.choose("supervisor_id", "Mara Quill").await;
        desk.browser.press("Set supervisor").await;
        desk.browser.see("The supervisor was saved.").await;
        desk.browser.see("Mara Quill, since").await;

        desk.go(&format!("/emr/users/{}", mara.id)).await;
        desk.browser.follow("Leaves or goes on leave…").await;
        desk.browser.see("Supervises Sam Lee.").await;
        desk.browser.tick("kind", "departure", true).await;
        desk.browser.choose("hand_supervisees_to", "Ida Ito").await;
        desk.browser.press("Show what happens").await;
        desk.browser.see("From now on Ida Ito supervises Sam Lee.").await;
        desk.browser.assert_accessible().await;
        desk.browser.press("Off-board now").await;
        desk.browser.see("Off-boarded. This person can no longer sign in.").await;
        desk.browser.press("Left the practice, Mar 2, 2026, 07:00").await;
        desk.browser.see("Done by Ada Minton.").await;
        desk.browser.see("From now on Ida Ito supervises Sam Lee.").await;
        desk.go(&format!("/emr/users/{}", sam.id)).await;
        desk.browser.see("Ida Ito, since").await;
        desk.browser.press("Before").await;
        desk.browser.see("Mara Quill, Mar 2, 2026").await;
    }
}
