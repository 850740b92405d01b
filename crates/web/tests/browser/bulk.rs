//! Bulk updates as a clinic admin does them: by pointer, by keyboard, on a phone, without scripts.

use muster_domain::bulk::{BulkChange, ChangeSet};
use muster_domain::emr::{Permission, UserType};
use muster_domain::licenses::Group;
use muster_domain::people::Change;
use muster_domain::people::PersonPatch;
use muster_testkit::browser::Browser;
use muster_testkit::practice::{Member, PersonSpec, Practice};
use muster_testkit::{both_practices, sqlite_practice};

use crate::common::{Desk, named, someone_with_password};

const CHIEF: [Permission; 5] = [
    Permission::ViewPatients,
    Permission::EditPatients,
    Permission::ViewUsers,
    Permission::EditUsers,
    Permission::ClinicAdmin,
];

/// A therapist, a clerk, an assistant and a student at the first clinic.
pub async fn four(practice: &Practice) -> [Member; 4] {
    [
        named(practice, "Mara", "Quill", PersonSpec { username: "mara", ..PersonSpec::default() }).await,
        named(
            practice,
            "Zoe",
            "Stone",
            PersonSpec { username: "zoe", user_type: UserType::Clerical, ..PersonSpec::default() },
        )
        .await,
        named(
            practice,
            "Liam",
            "Ash",
            PersonSpec { username: "liam", user_type: UserType::PTA, ..PersonSpec::default() },
        )
        .await,
        named(
            practice,
            "Sam",
            "Reed",
            PersonSpec { username: "sam", user_type: UserType::SPT, ..PersonSpec::default() },
        )
        .await,
    ]
}

/// Selects these people and goes on to the changes.
async fn select(desk: &Desk<'_>, people: &[&Member]) {
    desk.go("/emr/users/bulk").await;
    for person in people {
        desk.browser.tick("person_ids", &person.id.to_string(), true).await;
    }
    let count = format!("return document.querySelector('[data-selection-count]').textContent === '{}'", people.len());
    desk.until("the count follows", &count).await;
    desk.browser.press("Proceed").await;
    desk.browser.see("Nothing is saved before you press Save.").await;
}

/// Ticks a change, also one that is grayed out.
async fn choose(desk: &Desk<'_>, op: &str, value: &str) {
    let script = format!(
        "const b = document.getElementById('changes-{op}-{value}'); b.disabled = false; b.checked = true; \
         b.dispatchEvent(new Event('change', {{ bubbles: true }})); return true"
    );
    desk.script(&script).await;
}

pub async fn save(desk: &Desk<'_>) {
    desk.browser.press("Save").await;
}

/// Waits for the banner; opens it and gives what it says of one reason.
async fn outcome(desk: &Desk<'_>, wanted: &str, code: &str) -> String {
    let there = format!("return !!document.querySelector('[data-outcome={wanted}]')");
    desk.until(&format!("the banner says {wanted}"), &there).await;
    let script = format!(
        "for (const d of document.querySelectorAll('[data-outcome] details')) d.open = true; \
         const e = document.querySelector('[data-outcome] details[data-code={code}]'); return e ? e.innerText : ''"
    );
    let said = desk.script(&script).await;
    let said = said.as_str().unwrap_or_default().to_owned();
    assert!(!said.is_empty(), "{code} is not in the banner:\n{}", desk.browser.text().await);
    said
}

both_practices! {
    async fn a_selection_is_previewed_live_saved_looked_at_and_undone(practice) {
        let people = four(practice).await;
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users").await;
        desk.browser.follow("Bulk update users").await;
        desk.browser.see("Choose whom it concerns").await;
        desk.browser.choose("user_type", "PT").await;
        desk.browser.press("Filter").await;
        desk.browser.dont_see("Zoe Stone").await;
        desk.browser.choose("user_type", "").await;
        desk.browser.press("Filter").await;
        desk.browser.press("Select all 5 users").await;
        desk.browser.see("5 selected, on all pages of this list").await;
        // One is left out again.
        desk.browser.tick("person_ids", &practice.admin.id.to_string(), false).await;
        desk.until("the count follows", "return document.querySelector('[data-selection-count]').textContent === '4'").await;
        desk.browser.press("Proceed").await;
        desk.browser.see("4 users selected. Nothing is saved before you press Save.").await;

        desk.browser.tick("changes", "add_permission:calendar_admin", true).await;
        desk.browser.see("3 users would be changed").await;
        desk.browser.see("Add Calendar Admin: 3, refused for 1").await;
        desk.browser.tick("changes", &format!("add_clinic:{}", practice.clinics[1]), true).await;
        desk.browser.see("4 users would be changed").await;
        desk.browser.see("Add Wells: 4").await;
        save(&desk).await;
        let said = outcome(&desk, "partial", "permission_not_for_type").await;
        assert!(said.contains("Sam Reed") && said.contains("Calendar Admin"), "{said}");
        desk.browser.see("1 user change and 0 clinic changes were not made.").await;
        desk.browser.see("4 of 4 users updated; not everything was done").await;

        desk.browser.follow("Undo…").await;
        desk.browser.see("4 users would be changed").await;
        desk.browser.see("Remove Calendar Admin: 3").await;
        desk.browser.assert_accessible().await;
        desk.browser.press("Undo").await;
        desk.until("it is green", "return !!document.querySelector('[data-outcome=complete]')").await;
        let mara = practice.app.person(&practice.machine(), people[0].id).await.expect("somebody");
        assert_eq!(mara.clinics.len(), 1);
        desk.browser.follow("Earlier bulk updates").await;
        desk.browser.see("Undo of another bulk update").await;
        desk.browser.see("undone").await;
    }
}

sqlite_practice! {
    async fn green_when_all_is_done_and_red_when_nothing_is(practice) {
        let people = four(practice).await;
        let desk = Desk::of_admin(practice).await;
        select(&desk, &[&people[0], &people[1]]).await;
        choose(&desk, "add_permission", "calendar_admin").await;
        save(&desk).await;
        desk.browser.see("All done: 2 users updated").await;
        assert_eq!(desk.count("[data-outcome=complete]").await, 1);
        // The same again: nobody has anything to change.
        select(&desk, &[&people[0], &people[1]]).await;
        choose(&desk, "add_permission", "calendar_admin").await;
        desk.browser.see("Add Calendar Admin: 0").await;
        save(&desk).await;
        let said = outcome(&desk, "failed", "nothing_to_change").await;
        assert!(said.contains("Mara Quill") && said.contains("Zoe Stone"), "{said}");
    }

    async fn the_rules_of_permissions_are_told_with_the_names(practice) {
        let people = four(practice).await;
        let desk = Desk::of_admin(practice).await;
        let barred = "return [...document.querySelectorAll('[name=changes]:disabled')].map(b => b.value).join()";
        select(&desk, &[&people[0], &people[1], &people[2], &people[3], &practice.admin]).await;
        assert_eq!(desk.script(barred).await, "remove_permission:clinic_admin,remove_permission:company_admin");
        choose(&desk, "remove_permission", "company_admin").await;
        choose(&desk, "add_permission", "finish_soap_notes").await;
        save(&desk).await;
        let said = outcome(&desk, "failed", "cannot_remove_admin_permission").await;
        assert!(said.contains("Ada Minton") && said.contains("never taken away in bulk"), "{said}");
        let said = outcome(&desk, "failed", "finish_not_in_bulk_for_type").await;
        assert!(said.contains("Liam Ash") && said.contains("Sam Reed"), "{said}");
        let said = outcome(&desk, "failed", "soap_not_for_clerical_or_billing").await;
        assert!(said.contains("Zoe Stone"), "{said}");
    }

    async fn clinics_licenses_and_the_last_admin_hold(practice) {
        let people = four(practice).await;
        practice
            .app
            .set_license_total(&practice.machine(), practice.clinics[0], Group::Therapist, 1, "")
            .await
            .expect("a total");
        let desk = Desk::of_admin(practice).await;
        select(&desk, &[&people[0], &people[1]]).await;
        choose(&desk, "remove_clinic", &practice.clinics[0].to_string()).await;
        choose(&desk, "add_clinic", &practice.clinics[2].to_string()).await;
        save(&desk).await;
        let said = outcome(&desk, "partial", "default_clinic_not_removable").await;
        assert!(said.contains("Mara Quill") && said.contains("Saco is this person's default clinic"), "{said}");
        desk.browser.see("0 user changes and 2 clinic changes were not made.").await;

        select(&desk, &[&people[0], &practice.admin]).await;
        desk.browser.tick("status", "inactive", true).await;
        desk.browser.see("1 user would be changed").await;
        save(&desk).await;
        let said = outcome(&desk, "partial", "last_admin").await;
        assert!(said.contains("Ada Minton"), "{said}");

        let late = practice.add(PersonSpec { username: "late", ..PersonSpec::default() }).await;
        select(&desk, &[&people[0]]).await;
        desk.browser.tick("status", "active", true).await;
        save(&desk).await;
        let said = outcome(&desk, "failed", "no_license_available").await;
        assert!(said.contains("No therapist license is free at Saco"), "{said}");
        let _ = late;
    }

    async fn what_is_out_of_reach_stays_so(practice) {
        let people = four(practice).await;
        let chief =
            PersonSpec { username: "chief", user_type: UserType::Clerical, permissions: Some(&CHIEF), ..PersonSpec::default() };
        someone_with_password(practice, chief).await;
        let elsewhere =
            practice.add(PersonSpec { username: "else", clinics: &practice.clinics[1..2], ..PersonSpec::default() }).await;
        let desk = Desk::at(practice).await;
        desk.hold_session("chief").await;
        desk.go("/emr/users/bulk").await;
        desk.browser.dont_see("Else").await;
        // Somebody out of sight, slipped into the form.
        desk.browser.tick("person_ids", &people[0].id.to_string(), true).await;
        let slip = format!(
            "const i = document.createElement('input'); i.type = 'hidden'; i.name = 'kept'; i.value = '{}'; \
             document.getElementById('select').append(i); return true",
            elsewhere.id
        );
        desk.script(&slip).await;
        desk.browser.press("Proceed").await;
        desk.browser.see("Nothing is saved before you press Save.").await;
        desk.browser.see("You do not hold this yourself, so you cannot give it.").await;
        choose(&desk, "add_permission", "analytics_access").await;
        let slip = format!(
            "const b = document.getElementById('changes-add_permission-edit_patients'); b.value = 'add_clinic:{}'; b.checked = true; return true",
            practice.clinics[1]
        );
        desk.script(&slip).await;
        save(&desk).await;
        let said = outcome(&desk, "failed", "user_outside_your_access").await;
        assert!(said.contains("Someone you cannot see") && !said.contains("Else"), "{said}");
        let said = outcome(&desk, "failed", "permission_not_held_by_you").await;
        assert!(said.contains("Mara Quill"), "{said}");
        let said = outcome(&desk, "failed", "clinic_outside_your_access").await;
        assert!(said.contains("Mara Quill") && !said.contains("Wells"), "{said}");
    }

    async fn whoever_was_changed_meanwhile_is_not_overwritten(practice) {
        let people = four(practice).await;
        let desk = Desk::of_admin(practice).await;
        select(&desk, &[&people[0], &people[1]]).await;
        let phone = PersonPatch { phone: Some(Some("207 555 0142".into())), ..PersonPatch::default() };
        let change = Change { person: phone, ..Change::default() };
        practice.app.update_person(&practice.machine(), people[0].id, None, change).await.expect("saved");
        choose(&desk, "add_permission", "calendar_admin").await;
        save(&desk).await;
        let said = outcome(&desk, "partial", "user_changed_since_preview").await;
        assert!(said.contains("Mara Quill"), "{said}");
        desk.browser.see("1 of 2 users updated; not everything was done").await;
    }

    async fn refusals_of_the_form_stand_at_their_places(practice) {
        let people = four(practice).await;
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users/bulk").await;
        desk.browser.press("Proceed").await;
        desk.browser.see("Nobody is selected").await;
        desk.refuses(&["people"]).await;
        select(&desk, &[&people[0]]).await;
        save(&desk).await;
        desk.browser.see("Nothing was saved yet").await;
        desk.refuses(&["changes"]).await;
        choose(&desk, "add_permission", "calendar_admin").await;
        choose(&desk, "remove_permission", "calendar_admin").await;
        save(&desk).await;
        desk.browser.see("Calendar Admin cannot be changed both ways at once.").await;
        assert!(desk.browser.ticked("changes", "add_permission:calendar_admin").await, "kept as ticked");
    }

    async fn people_are_left_out_and_sets_and_filters_used_again(practice) {
        let people = four(practice).await;
        let desk = Desk::of_admin(practice).await;
        select(&desk, &[&people[0], &people[1]]).await;
        choose(&desk, "add_permission", "calendar_admin").await;
        desk.browser.press("Review the 2 users").await;
        desk.browser.press("Leave out Zoe Stone").await;
        desk.browser.see("1 user selected").await;
        assert!(desk.browser.ticked("changes", "add_permission:calendar_admin").await, "kept as ticked");
        desk.browser.press("Save these changes to use again").await;
        desk.browser.fill("name", "Front-desk starter").await;
        desk.browser.press("Save change set").await;
        desk.browser.see("Saved change sets: Front-desk starter").await;
        desk.go("/emr/users/bulk?user_type=PT").await;
        desk.browser.press("Save this filter to use again").await;
        desk.browser.fill("name", "Therapists").await;
        desk.browser.press("Save filter").await;
        desk.browser.see("Saved selections: Therapists").await;
        desk.go("/emr/users/bulk").await;
        desk.browser.follow("Therapists").await;
        desk.browser.dont_see("Zoe Stone").await;
        desk.browser.press("Select all 1 user").await;
        desk.browser.press("Proceed").await;
        desk.browser.follow("Front-desk starter").await;
        desk.browser.see("1 user would be changed").await;
        save(&desk).await;
        desk.browser.see("All done: 1 user updated").await;
    }
}

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const SPACE: &str = " ";

async fn tab_to(desk: &Desk<'_>, css: &str) {
    for _ in 0..160 {
        desk.keys(TAB).await;
        if desk.script(&format!("return document.activeElement.matches({css:?})")).await == true {
            return;
        }
    }
    panic!("the Tab key never reaches {css}\n{}", desk.browser.text().await);
}

sqlite_practice! {
    async fn the_whole_way_goes_by_keyboard(practice) {
        let people = four(practice).await;
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users/bulk").await;
        desk.browser.see("Mara Quill").await;
        for person in [&people[3], &people[1]] {
            // Sam Reed comes before Zoe Stone.
            tab_to(&desk, &format!("[name=person_ids][value='{}']", person.id)).await;
            desk.keys(SPACE).await;
        }
        desk.until("two are selected", "return document.querySelector('[data-selection-count]').textContent === '2'").await;
        desk.script("document.getElementById('main').focus(); return true").await;
        tab_to(&desk, "button[value=proceed]").await;
        desk.keys(ENTER).await;
        desk.browser.see("Nothing is saved before you press Save.").await;
        tab_to(&desk, "#changes-add_permission-calendar_admin").await;
        desk.keys(SPACE).await;
        desk.browser.see("1 user would be changed").await;
        tab_to(&desk, "button[data-save]").await;
        desk.keys(ENTER).await;
        desk.browser.see("not everything was done").await;
        tab_to(&desk, "[data-outcome] details.reasons > summary").await;
        desk.keys(ENTER).await;
        tab_to(&desk, "[data-outcome] details[data-code=permission_not_for_type] > summary").await;
        desk.keys(ENTER).await;
        desk.browser.see("Sam Reed: Calendar Admin").await;
    }

    async fn the_whole_way_goes_on_a_phone_and_without_scripts(practice) {
        let people = four(practice).await;
        for options in [Browser::options().phone(), Browser::options().without_javascript()] {
            let desk = Desk::with(practice, options).await;
            desk.sign_in("admin", crate::common::SECRET).await;
            desk.arrive("/emr/users").await;
            desk.go("/emr/users/bulk?q=quill").await;
            desk.browser.press("Select all 1 user").await;
            desk.browser.press("Proceed").await;
            desk.browser.see("1 user selected").await;
            desk.browser.tick("changes", "add_permission:calendar_admin", true).await;
            desk.browser.press("Show what would change").await;
            desk.browser.see("1 user would be changed").await;
            desk.browser.press("Save").await;
            desk.browser.see("All done: 1 user updated").await;
            desk.browser.follow("Undo…").await;
            desk.browser.press("Undo").await;
            desk.browser.see("All done: 1 user updated").await;
            let mara = practice.app.person(&practice.machine(), people[0].id).await.expect("somebody");
            let held = mara.profile().emr.as_ref().expect("an account").permissions;
            assert!(!held.contains(Permission::CalendarAdmin));
        }
    }

    async fn a_long_one_is_watched_left_and_come_back_to(practice) {
        let mut csv = String::from("first_name,last_name,email,user_type,clinics,permissions\n");
        for n in 0..1600 {
            csv.push_str(&format!("Ada{n},Lund,ada{n}@x.example,Clerical,Saco,view_patients\n"));
        }
        let machine = practice.machine();
        let options = muster_app::imports::ImportOptions::default();
        practice
            .app
            .import_people(&machine, std::io::Cursor::new(csv.into_bytes()), options, |_| {})
            .await
            .expect("people");
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users/bulk?q=lund").await;
        desk.script("document.querySelector('button[value=everybody]').click(); return true").await;
        desk.browser.see("on all pages of this list").await;
        desk.browser.press("Proceed").await;
        desk.browser.see("1,600 users selected").await;
        desk.browser.tick("changes", "add_permission:edit_patients", true).await;
        desk.browser.see("1,600 users would be changed").await;
        // Reviewing them page by page keeps what was chosen.
        desk.browser.press("Review the 1,600 users").await;
        desk.browser.press("Show the next users").await;
        desk.until("the page was drawn anew", "return new URL(location).pathname.endsWith('/preview')").await;
        assert!(desk.browser.ticked("changes", "add_permission:edit_patients").await);
        save(&desk).await;
        desk.browser.see("1000 of 1600").await;
        desk.browser.assert_accessible().await;
        let here = desk.here().await;
        desk.go("/emr/users").await;
        desk.go(&here).await;
        desk.browser.see("1000 of 1600").await;
        // Somebody works on it; the page follows by itself.
        assert!(practice.app.work_on_bulk(|| true).await.expect("works"));
        desk.browser.see("All done: 1,600 users updated").await;

        // Another one is stopped half-way, and what it did can be undone.
        let changes = ChangeSet::new([BulkChange::AddPermission(Permission::CalendarAdmin)]).expect("a change");
        let filter = muster_app::Filter { q: "lund".into(), ..muster_app::Filter::default() };
        let job = practice
            .app
            .bulk_update(&machine, &muster_app::bulk::Selection::Filter(filter), &changes, None)
            .await
            .expect("begun");
        desk.go(&format!("/emr/bulk/{}", job.job.id)).await;
        desk.browser.press("Stop here").await;
        desk.browser.see("600 users were not looked at, because it was stopped.").await;
        assert_eq!(desk.count("[data-outcome=partial]").await, 1);
    }
}
