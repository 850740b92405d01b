//! Pictures and signatures: cropped and drawn in the page, and without scripts.

use std::time::Duration;

use fantoccini::Locator;
use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use muster_app::images::made_up_signature;
use muster_testkit::practice::Someone;

use crate::common::{Desk, practice};

fn a_wide_file() -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".png").tempfile().expect("a file");
    std::fs::write(file.path(), made_up_signature()).expect("is written");
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_is_not_square_is_cropped_in_the_page() {
    let practice = practice().await;
    let mara = practice.add(Someone::default()).await;
    let desk = Desk::of_admin(&practice).await;
    desk.go(&format!("/emr/users/{}", mara.id)).await;
    let file = a_wide_file();
    desk.browser.attach("picture", file.path()).await;
    desk.browser.see("Drag the square, or use the sliders.").await;
    desk.browser.assert_accessible().await;
    desk.browser.press("Save picture").await;
    desk.browser.see("Picture saved.").await;
    let square = "const p = document.querySelector('img.profile-picture'); return p.complete && p.naturalWidth > 0 && p.naturalWidth === p.naturalHeight";
    desk.until("the picture is a square", square).await;
    desk.browser.press("Remove picture").await;
    desk.browser.see("Picture removed.").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_is_drawn_with_undo_and_clear() {
    let practice = practice().await;
    let mara = practice.add(Someone::default()).await;
    let desk = Desk::of_admin(&practice).await;
    desk.go(&format!("/emr/users/{}", mara.id)).await;
    desk.browser.see("No signature on file yet.").await;
    let client = desk.browser.client();
    let stroke = async |to: (f64, f64)| {
        let pad = client.find(Locator::Css(".signature-pad")).await.unwrap();
        let at = |x, y| PointerAction::MoveToElement { element: pad.clone(), duration: Some(Duration::ZERO), x, y };
        let drawn = MouseActions::new("mouse".to_owned())
            .then(at(-80.0, 0.0))
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(at(-20.0, -30.0))
            .then(at(to.0, to.1))
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        client.perform_actions(drawn).await.unwrap();
    };
    let waits = |on: bool| format!("return document.querySelector('[data-sign-undo]').disabled === {}", !on);
    desk.until("nothing can be saved yet", &waits(false)).await;
    stroke((60.0, 30.0)).await;
    desk.until("a stroke can be undone", &waits(true)).await;
    desk.browser.press("Undo").await;
    desk.until("it is undone", &waits(false)).await;
    stroke((60.0, 30.0)).await;
    stroke((90.0, -20.0)).await;
    desk.browser.press("Save drawing").await;
    desk.browser.see("Signature saved.").await;
    desk.browser.see("Drawn here; saved by Ada Minton").await;
    let kept = "const s = document.querySelector('.signature-sheet img'); return s.complete && s.naturalWidth > s.naturalHeight";
    desk.until("the signature is shown", kept).await;
    desk.browser.press("Remove signature").await;
    desk.browser.see("Signature removed.").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn access_is_copied_after_a_look_at_what_changes() {
    let practice = practice().await;
    let view = [muster_domain::emr::Permission::ViewPatients];
    let mara = practice.add(Someone { permissions: Some(&view), ..Someone::default() }).await;
    practice.add(Someone { username: "quill", clinics: &practice.clinics[..2], ..Someone::default() }).await;
    let desk = Desk::of_admin(&practice).await;
    desk.go(&format!("/emr/users/{}", mara.id)).await;
    desk.browser.follow("Copy access from…").await;
    desk.browser.fill("q", "quill").await;
    desk.browser.press("Search").await;
    let searched = "return location.search.includes('q=quill') && document.readyState === 'complete'";
    desk.until("the search is done", searched).await;
    let tick = "document.querySelector('tbody [name=source_ids]').click(); return true";
    desk.until("the source is ticked", tick).await;
    desk.browser.press("Show what would change").await;
    desk.browser.see("Clinic added: Wells").await;
    desk.browser.see("Permission added: Edit Patients").await;
    desk.browser.see("Start SOAP Notes: SOAP note permissions are never copied.").await;
    desk.browser.assert_accessible().await;
    desk.browser.press("Copy access").await;
    desk.browser.see("Access copied.").await;
    assert!(desk.browser.ticked("permissions", "edit_patients").await);
}
