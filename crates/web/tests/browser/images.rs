//! Pictures and signatures: cropped and drawn in the page, and without scripts.

use std::io::Cursor;
use std::time::Duration;

use fantoccini::Locator;
use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PenActions, PointerAction, TouchActions};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use muster_testkit::browser::Browser;
use muster_testkit::practice::PersonSpec;
use muster_testkit::{both_practices, sqlite_practice};

use crate::common::Desk;
use crate::refusals::refused;

fn a_file(image: &DynamicImage) -> tempfile::NamedTempFile {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).expect("encoded");
    let file = tempfile::Builder::new().suffix(".png").tempfile().expect("a file");
    std::fs::write(file.path(), bytes.into_inner()).expect("is written");
    file
}

/// Twice as wide as high; the left half is red, the right half blue.
fn red_and_blue() -> tempfile::NamedTempFile {
    let side = |x| if x < 200 { Rgb([220, 20, 20]) } else { Rgb([20, 20, 220]) };
    a_file(&RgbImage::from_fn(400, 200, |x, _| side(x)).into())
}

/// What a canvas or image shows at a place given in parts of its size: `[red, green, blue, alpha]`.
async fn pixel(desk: &Desk<'_>, css: &str, x: f64, y: f64) -> [u64; 4] {
    let script = format!(
        "const from = document.querySelector('{css}'); \
         const [w, h] = [from.naturalWidth ?? from.width, from.naturalHeight ?? from.height]; \
         const to = Object.assign(document.createElement('canvas'), {{width: w, height: h}}); \
         const pen = to.getContext('2d'); pen.drawImage(from, 0, 0); \
         return [...pen.getImageData(Math.floor(w * {x}), Math.floor(h * {y}), 1, 1).data]"
    );
    let found = desk.script(&script).await;
    let channel = |at: usize| found[at].as_u64().expect("a channel");
    [channel(0), channel(1), channel(2), channel(3)]
}

fn is_red([red, _, blue, _]: [u64; 4]) -> bool {
    red > 180 && blue < 80
}

fn is_blue([red, _, blue, _]: [u64; 4]) -> bool {
    blue > 180 && red < 80
}

both_practices! {
    async fn access_is_copied_after_a_look_at_what_changes(practice) {
        let view = [muster_domain::emr::Permission::ViewPatients];
        let mara = practice.add(PersonSpec { permissions: Some(&view), ..PersonSpec::default() }).await;
        practice.add(PersonSpec { username: "quill", clinics: &practice.clinics[..2], ..PersonSpec::default() }).await;
        let desk = Desk::of_admin(practice).await;
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
}

sqlite_practice! {
    async fn a_picture_that_is_not_square_is_cropped_in_the_page(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        let desk = Desk::of_admin(practice).await;
        desk.go(&format!("/emr/users/{}", mara.id)).await;
        let file = red_and_blue();
        desk.browser.attach("picture", file.path()).await;
        desk.browser.see("Drag the square, or use the sliders.").await;
        desk.browser.assert_accessible().await;
        let preview = "[data-crop-preview]";
        let [left, right] = [pixel(&desk, preview, 0.1, 0.5).await, pixel(&desk, preview, 0.9, 0.5).await];
        assert!(is_red(left) && is_blue(right), "the middle, before anything is moved: {left:?} {right:?}");
        // To the right end, with the keyboard.
        let slider = desk.browser.client().find(Locator::Css("#crop-left")).await.expect("the browser");
        slider.send_keys("\u{e010}").await.expect("the browser");
        for x in [0.1, 0.9] {
            let shown = pixel(&desk, preview, x, 0.5).await;
            assert!(is_blue(shown), "the right end, while it is moved: {shown:?}");
        }
        desk.browser.press("Save picture").await;
        desk.browser.see("Picture saved.").await;
        let square = "const p = document.querySelector('img.profile-picture'); return p.complete && p.naturalWidth > 0 && p.naturalWidth === p.naturalHeight";
        desk.until("the picture is a square", square).await;
        for x in [0.1, 0.9] {
            let kept = pixel(&desk, "img.profile-picture", x, 0.5).await;
            assert!(is_blue(kept), "what was shown is what is kept: {kept:?}");
        }
        desk.browser.press("Remove picture").await;
        desk.browser.see("Picture removed.").await;
    }

    async fn a_signature_is_drawn_with_undo_and_clear(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        let desk = Desk::of_admin(practice).await;
        desk.go(&format!("/emr/users/{}", mara.id)).await;
        desk.browser.see("No signature on file yet.").await;
        let client = desk.browser.client();
        let stroke = async |to: (f64, f64)| {
            let pad = client.find(Locator::Css("form[data-sign] canvas")).await.expect("the browser");
            let at = |x, y| PointerAction::MoveToElement { element: pad.clone(), duration: Some(Duration::ZERO), x, y };
            let drawn = MouseActions::new("mouse".to_owned())
                .then(at(-80.0, 0.0))
                .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
                .then(at(-20.0, -30.0))
                .then(at(to.0, to.1))
                .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
            client.perform_actions(drawn).await.expect("the browser");
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

    async fn a_signature_is_drawn_with_a_pen_and_a_finger_and_cleared(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        let desk = Desk::of_admin(practice).await;
        desk.go(&format!("/emr/users/{}", mara.id)).await;
        desk.browser.see("Sign here with a mouse, a pen or a finger:").await;
        let seen = "window.kinds = []; document.querySelector('form[data-sign] canvas').addEventListener('pointerdown', (e) => window.kinds.push(e.pointerType)); return true";
        desk.script(seen).await;
        desk.script("document.querySelector('form[data-sign] canvas').scrollIntoView({block: 'center'}); return true").await;
        let client = desk.browser.client();
        let pad = client.find(Locator::Css("form[data-sign] canvas")).await.expect("the browser");
        let stroke = |from: f64, to: f64| {
            let at = |x, y| PointerAction::MoveToElement { element: pad.clone(), duration: Some(Duration::ZERO), x, y };
            [at(from, 0.0), PointerAction::Down { button: MOUSE_BUTTON_LEFT }, at(0.0, 10.0), at(to, -10.0), PointerAction::Up { button: MOUSE_BUTTON_LEFT }]
        };
        let inked = "const c = document.querySelector('form[data-sign] canvas'); \
            return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v, n) => n % 4 === 0 && v < 100)";
        let pen = stroke(-80.0, 80.0).into_iter().fold(PenActions::new("pen".to_owned()), InputSource::then);
        client.perform_actions(pen).await.expect("the browser");
        desk.until("the pen drew", inked).await;
        desk.browser.press("Clear").await;
        assert_eq!(desk.script(inked).await, false, "nothing is left");
        assert_eq!(desk.script("return document.querySelector('form[data-sign] [type=submit]').disabled").await, true);
        desk.script("document.querySelector('form[data-sign] canvas').scrollIntoView({block: 'center'}); return true").await;
        let finger = stroke(-60.0, 100.0).into_iter().fold(TouchActions::new("finger".to_owned()), InputSource::then);
        client.perform_actions(finger).await.expect("the browser");
        desk.until("the finger drew", inked).await;
        assert_eq!(desk.script("return window.kinds.join(' ')").await, "pen touch");
        desk.browser.press("Save drawing").await;
        desk.browser.see("Drawn here; saved by Ada Minton").await;
    }

    async fn a_signature_file_is_shown_on_white_before_and_after_it_is_saved(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        let desk = Desk::with(practice, Browser::options().dark()).await;
        desk.hold_session("admin").await;
        desk.go(&format!("/emr/users/{}", mara.id)).await;
        // Ink on nothing: what lies beneath shows.
        let line = |x: u32, y: u32| (20..180).contains(&x) && (30..50).contains(&y);
        let ink = |x, y| if line(x, y) { Rgba([10, 10, 80, 255]) } else { Rgba([0, 0, 0, 0]) };
        let file = a_file(&RgbaImage::from_fn(200, 80, ink).into());
        let sheet = "[data-signature-preview] canvas";
        assert_eq!(desk.script("return document.querySelector('[data-signature-preview]').hidden").await, true);
        let field = desk.browser.client().find(Locator::Css("form[data-signature-file] input[type=file]")).await.expect("the browser");
        field.send_keys(file.path().to_str().expect("a path")).await.expect("the browser");
        desk.browser.see("This is the file, on white.").await;
        assert_eq!(pixel(&desk, sheet, 0.01, 0.01).await, [255; 4], "paper");
        let middle = pixel(&desk, sheet, 0.5, 0.5).await;
        assert!(middle[0] < 60 && middle[3] == 255, "ink: {middle:?}");
        desk.browser.assert_accessible().await;
        desk.browser.press("Save signature").await;
        desk.browser.see("Signature saved.").await;
        let ground = "return getComputedStyle(document.querySelector('.signature-sheet')).backgroundColor";
        assert_eq!(desk.script(ground).await, "rgb(255, 255, 255)", "in the dark too");
    }

    async fn without_scripts_a_picture_that_is_not_square_is_refused_or_cut_in_the_middle(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        let desk = Desk::with(practice, Browser::options().without_javascript()).await;
        desk.hold_session("admin").await;
        desk.go(&format!("/emr/users/{}", mara.id)).await;
        let file = red_and_blue();
        desk.browser.attach("picture", file.path()).await;
        desk.browser.press("Save picture").await;
        let words = "A profile picture is a perfect square; this one is 400 × 200 pixels. Crop it and send it again.";
        refused(&desk, &[("picture", &[words])]).await;
        assert_eq!(desk.count("img.profile-picture").await, 0);
        desk.browser.attach("picture", file.path()).await;
        desk.browser.tick("crop", "middle", true).await;
        desk.browser.press("Save picture").await;
        desk.browser.see("Picture saved.").await;
        let [left, right] =
            [pixel(&desk, "img.profile-picture", 0.1, 0.5).await, pixel(&desk, "img.profile-picture", 0.9, 0.5).await];
        assert!(is_red(left) && is_blue(right), "the middle: {left:?} {right:?}");
    }
}
