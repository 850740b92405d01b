//! The record of what was done.

use jiff::SignedDuration;
use muster_testkit::practice::PersonSpec;
use muster_testkit::{both_practices, sqlite_practice};
use serde_json::Value;

use crate::common::Desk;

both_practices! {
    async fn the_record_is_filtered_by_person_action_effect_and_day(practice) {
        practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        practice.clock.advance(SignedDuration::from_hours(48));
        let desk = Desk::of_admin(practice).await;
        desk.sign_in("nobody", "nothing").await;
        desk.sign_in("mara", "Wrong-password-1").await;
        desk.hold_session("admin").await;
        desk.go("/audit").await;
        desk.browser.see("Practice set up").await;
        desk.browser.see("Signed in").await;

        desk.browser.choose("action", "Person added").await;
        desk.browser.press("Show").await;
        desk.until("only people added", &only(2, "Person added")).await;
        desk.browser.choose("action", "").await;
        desk.browser.choose("effect", "denied").await;
        desk.browser.press("Show").await;
        desk.until("only what was denied", &only(4, "Sign-in failed")).await;
        desk.arrive("/audit").await;
        desk.browser.choose("effect", "").await;
        desk.browser.fill("until", "2026-03-03").await;
        desk.browser.press("Show").await;
        desk.browser.see("Practice set up").await;
        desk.browser.dont_see("Sign-in failed  Denied").await;
        desk.browser.fill("from", "2026-03-05").await;
        desk.browser.fill("until", "").await;
        desk.browser.press("Show").await;
        desk.browser.see("Nothing matches").await;
        desk.browser.follow("Show everything").await;

        desk.browser.follow("Mara Harlow").await;
        desk.browser.see("About Mara Harlow").await;
        let about =
            "return [...document.querySelectorAll('.data > tbody > tr')].every(r => r.innerText.includes('Mara Harlow'))";
        desk.until("everything is about her", about).await;
        desk.browser.follow("When").await;
        let rows = "return document.querySelector('.data > tbody > tr').innerText.includes('Person added')";
        desk.until("the oldest comes first", rows).await;
        desk.browser.press("Because, Name").await;
        desk.browser.see("wrong password").await;
        desk.browser.press("Email, Clinics, Default clinic and 9 more").await;
        desk.browser.see("mara@saco.example").await;
    }
}

sqlite_practice! {
    async fn the_record_is_narrowed_to_whom_a_typed_name_means(practice) {
        for username in ["mara", "marius"] {
            practice.add(PersonSpec { username, ..PersonSpec::default() }).await;
        }
        let desk = Desk::of_admin(practice).await;
        desk.go("/audit").await;
        // Offered while typing, as user names; Tab leaves the field.
        desk.browser.fill("subject", "mar").await;
        let offered = "return [...document.querySelectorAll('#subject-names option')].map(o => o.value).join() === 'mara,marius'";
        desk.until("both are offered", offered).await;
        desk.browser.press("Show").await;
        desk.browser.see("“mar” fits several people.").await;
        desk.browser.dont_see("Export as CSV").await;
        assert_eq!(desk.browser.value("subject").await, "mar");
        desk.browser.assert_accessible().await;
        desk.browser.follow("Marius Harlow").await;
        desk.browser.see("About Marius Harlow").await;
        desk.until("everything is about him", &only(2, "Marius Harlow")).await;

        // Another name takes the place of the one before; an exact user name is one person.
        desk.browser.fill("subject", "MARA").await;
        desk.browser.fill("actor", "nobody at all").await;
        desk.browser.press("Show").await;
        desk.browser.see("Nobody you can see has “nobody at all”").await;
        desk.browser.follow("Show everybody").await;
        desk.browser.see("About Mara Harlow").await;
        desk.until("everything is about her", &only(2, "Mara Harlow")).await;
        desk.browser.fill("actor", "ada minton").await;
        desk.browser.press("Show").await;
        desk.browser.see("By Ada Minton").await;
        desk.browser.see("Nothing matches").await;
        desk.script("document.querySelector('.removable').click()").await;
        desk.until("only what she did", &only(5, "Ada Minton")).await;
    }
}

/// True when a few records are shown and each says this.
pub fn only(at_most: usize, words: &str) -> String {
    format!(
        "const rows = [...document.querySelectorAll('.data > tbody > tr')]; \
         return rows.length > 0 && rows.length <= {at_most} && rows.every(r => r.innerText.includes('{words}'))"
    )
}

sqlite_practice! {
    async fn the_record_is_exported_as_it_is_filtered(practice) {
        practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        let desk = Desk::of_admin(practice).await;
        desk.go("/audit?action=person.created").await;
        let fetch = "const done = arguments[0]; \
            const link = [...document.querySelectorAll('a')].find(a => a.textContent.trim() === 'Export as CSV'); \
            fetch(link.href).then(async r => done([r.headers.get('content-type'), r.headers.get('content-disposition'), await r.text()]))";
        let answer = desk.browser.client().execute_async(fetch, Vec::new()).await.unwrap();
        let [kind, name, text] = [0, 1, 2].map(|at| answer[at].as_str().unwrap_or_default().to_owned());
        assert_eq!(kind, "text/csv; charset=utf-8");
        assert_eq!(name, "attachment; filename=\"audit-2026-03-02.csv\"");
        assert_eq!(text.trim_end().lines().count(), 3, "{text}");
        assert!(text.contains("Mara Harlow") && text.contains("Ada Minton"), "{text}");
        assert_ne!(answer, Value::Null);
        desk.go("/audit").await;
        desk.browser.see("Audit exported").await;
    }
}
