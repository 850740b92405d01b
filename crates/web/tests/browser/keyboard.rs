//! Work done without a pointer.

use muster_testkit::sqlite_practice;

use crate::common::{Desk, SECRET};

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const SPACE: &str = " ";
const DOWN: &str = "\u{e015}";

/// Goes on with the Tab key until the focus is on what a selector means.
async fn tab_to(desk: &Desk<'_>, css: &str) {
    let mut passed = Vec::new();
    for _ in 0..120 {
        desk.keys(TAB).await;
        let there = desk.script(&format!("return document.activeElement.matches({css:?})")).await;
        if there == true {
            let seen = "const r = document.activeElement.getBoundingClientRect(); \
                        const at = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2); \
                        return !!at && (document.activeElement.contains(at) || at.contains(document.activeElement))";
            assert_eq!(desk.script(seen).await, true, "{css} has the focus but something covers it");
            return;
        }
        passed.push(desk.script("const e = document.activeElement; return e.id || e.innerText").await);
    }
    panic!("the Tab key never reaches {css}; it passes {passed:?}");
}

sqlite_practice! {
    async fn a_user_is_added_with_the_keyboard_alone(practice) {
        let desk = Desk::at(practice).await;
        desk.go("/sign-in").await;
        desk.until("the first field has the focus", "return document.activeElement.name === 'username'").await;
        desk.keys("admin").await;
        desk.keys(TAB).await;
        desk.keys(&format!("{SECRET}{ENTER}")).await;
        desk.arrive("/emr/users").await;
        desk.browser.see("Ada Minton").await;

        // The first stop leads past the navigation.
        desk.keys(TAB).await;
        assert_eq!(desk.script("return document.activeElement.textContent").await, "Skip to content");
        desk.keys(ENTER).await;
        desk.until("the main part has the focus", "return document.activeElement.id === 'main'").await;
        tab_to(&desk, "a[href='/emr/users/new']").await;
        desk.keys(ENTER).await;
        desk.arrive("/emr/users/new").await;
        desk.browser.see("Start with the type").await;

        tab_to(&desk, "#user_type").await;
        desk.keys("Cl").await;
        desk.until("the fields are the type's", "return !document.querySelector('[name=npi]')").await;
        desk.until("the type keeps the focus", "return document.activeElement.id === 'user_type'").await;
        tab_to(&desk, "[name=access]").await;
        desk.keys(DOWN).await;
        desk.until("the password fields are there", "return document.getElementById('password').offsetParent !== null")
            .await;
        for (field, text) in [
            ("password", SECRET),
            ("password_confirmation", SECRET),
            ("first_name", "Mara"),
            ("last_name", "Quill"),
            ("username", "mara"),
            ("email", "mara@saco.example"),
        ] {
            tab_to(&desk, &format!("#{field}")).await;
            desk.keys(text).await;
        }
        tab_to(&desk, "#permissions-calendar_admin").await;
        desk.keys(SPACE).await;
        tab_to(&desk, &format!("[name=clinic_ids][value='{}']", practice.clinics[0])).await;
        desk.keys(SPACE).await;
        tab_to(&desk, ".form-actions .primary").await;
        desk.keys(ENTER).await;
        desk.browser.see("User added.").await;
        assert!(desk.browser.ticked("permissions", "calendar_admin").await);
        desk.browser.see("Mara Quill").await;
    }

    async fn the_slash_key_goes_to_the_search(practice) {
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users").await;
        desk.browser.see("Ada Minton").await;
        desk.keys("/").await;
        desk.until("the search has the focus", "return document.activeElement.name === 'q'").await;
        desk.keys("ad/a").await;
        assert_eq!(desk.browser.value("q").await, "ad/a");
    }
}
