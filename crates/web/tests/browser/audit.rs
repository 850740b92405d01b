//! The record of what was done.

use jiff::SignedDuration;
use muster_testkit::practice::Someone;
use serde_json::Value;

use crate::common::{Desk, practice};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_record_is_filtered_by_person_action_effect_and_day() {
    let practice = practice().await;
    practice.add(Someone { username: "mara", ..Someone::default() }).await;
    practice.clock.advance(SignedDuration::from_hours(48));
    let desk = Desk::of_admin(&practice).await;
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
    desk.browser.press("Clinics, Default clinic, Email and 9 more").await;
    desk.browser.see("mara@saco.example").await;
}

/// True when a few records are shown and each says this.
pub fn only(at_most: usize, words: &str) -> String {
    format!(
        "const rows = [...document.querySelectorAll('.data > tbody > tr')]; \
         return rows.length > 0 && rows.length <= {at_most} && rows.every(r => r.innerText.includes('{words}'))"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_record_is_exported_as_it_is_filtered() {
    let practice = practice().await;
    practice.add(Someone { username: "mara", ..Someone::default() }).await;
    let desk = Desk::of_admin(&practice).await;
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
