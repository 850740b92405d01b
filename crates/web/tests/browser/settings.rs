//! The practice's settings.

use muster_testkit::{both_practices, sqlite_practice};

use crate::common::{Desk, alert};
use fantoccini::Locator;

/// The form of one clinic, or of a new one, by the heading of its card.
async fn card(desk: &Desk<'_>, title: &str, then: &str) {
    let script = format!(
        "const c = [...document.querySelectorAll('section.card')].find(c => c.querySelector('h2')?.textContent === {title:?}); {then}"
    );
    desk.script(&script).await;
}

async fn save_clinic(desk: &Desk<'_>, title: &str, change: &str) {
    card(desk, title, &format!("{change}; c.querySelector('button').click()")).await;
}

both_practices! {
    async fn the_practice_is_renamed_and_its_rules_are_changed(practice) {
        let desk = Desk::of_admin(practice).await;
        desk.go("/settings").await;
        let name = desk.browser.client().find(Locator::Css("form[action='/settings'] [name=name]")).await.unwrap();
        name.clear().await.unwrap();
        name.send_keys("Saco Bay Rehab").await.unwrap();
        desk.browser.choose("password_expiry_days", "90").await;
        desk.browser.tick("password_preset", "nist-800-63b", true).await;
        desk.browser.fill("idle_minutes", "20").await;
        desk.browser.press("Save settings").await;
        desk.browser.see("Settings saved.").await;
        assert_eq!(desk.browser.value("idle_minutes").await, "20");
        assert_eq!(desk.browser.value("password_expiry_days").await, "90");
        assert!(desk.browser.ticked("password_preset", "nist-800-63b").await);
        assert_eq!(desk.script("return document.querySelector('.organization').innerText").await, "Saco Bay Rehab");
        desk.go("/me/password").await;
        desk.browser.see("15 characters").await;

        desk.go("/settings").await;
        desk.browser.fill("idle_minutes", "500").await;
        desk.browser.press("Save settings").await;
        desk.browser.see("Nothing was saved yet").await;
        let said = desk.browser.field_error("idle_minutes").await.unwrap_or_default();
        assert!(said.contains("between 1 and 240 minutes"), "{said}");
        assert_eq!(desk.browser.value("idle_minutes").await, "500");
    }
}

sqlite_practice! {
    async fn clinics_are_added_renamed_and_closed(practice) {
        let desk = Desk::of_admin(practice).await;
        desk.go("/settings").await;
        save_clinic(&desk, "Add a clinic", "c.querySelector('[name=name]').value = 'Kittery'").await;
        desk.browser.see("Clinic added. Its licenses are unlimited until support sets a total.").await;
        save_clinic(&desk, "Kittery", "c.querySelector('[name=name]').value = 'Kittery Point'").await;
        desk.browser.see("Clinic saved.").await;
        save_clinic(&desk, "Kittery Point", "c.querySelector('[name=status]').value = 'inactive'").await;
        desk.browser.see("Clinic saved.").await;
        card(&desk, "Kittery Point", "if (!c.innerText.includes('Inactive')) throw 'not closed'").await;
        desk.go("/emr/users/new").await;
        desk.browser.see("York").await;
        desk.browser.dont_see("Kittery Point").await;

        desk.go("/settings").await;
        save_clinic(&desk, "Saco", "c.querySelector('[name=status]').value = 'inactive'").await;
        desk.browser.see("Nothing was saved yet").await;
        let said = desk.browser.field_error("status").await.unwrap_or_default();
        assert!(said.contains("Saco is still someone's default clinic"), "{said}");
        assert!(alert(&desk.browser).await.contains(&said));
        // The summary leads to this clinic's field, not to one of the same name elsewhere on the page.
        let leads = "const id = document.querySelector('#refusals a').hash.slice(1); \
                     return document.getElementById(id).closest('section').querySelector('h2').textContent";
        assert_eq!(desk.script(leads).await, "Saco");

        desk.go("/settings").await;
        save_clinic(&desk, "Add a clinic", "c.querySelector('[name=name]').value = ' york '").await;
        desk.browser.see("already in use here").await;
        let said = desk.browser.field_error("name").await.unwrap_or_default();
        assert!(said.contains("already in use here"), "{said}");
        let leads = desk.script(leads).await;
        assert_eq!(leads, "Add a clinic");
    }

    async fn a_clinic_decides_whether_assistants_finish_notes(practice) {
        let desk = Desk::of_admin(practice).await;
        desk.go("/settings").await;
        let wells = practice.clinics[1].to_string();
        assert!(desk.browser.ticked("assistants_may_finish", &wells).await);
        save_clinic(&desk, "Wells", "c.querySelector('[name=assistants_may_finish]').click()").await;
        desk.browser.see("Clinic saved.").await;
        assert!(!desk.browser.ticked("assistants_may_finish", &wells).await);
    }
}
