//! What is grayed out, gone meanwhile, or not on the page at all, and is sent all the same.

use muster_domain::emr::{EmrPatch, Permission, UserType};
use muster_domain::organizations::ClinicPatch;
use muster_domain::people::Change;
use muster_testkit::practice::{Member, PersonSpec, Practice};
use muster_testkit::sqlite_practice;

use crate::common::{Desk, alert, someone_with_password};
use crate::refusals::{fill, new_user, refused};

const MANAGES: [Permission; 4] =
    [Permission::ViewUsers, Permission::EditUsers, Permission::ViewPatients, Permission::AnalyticsAccess];

/// A user manager of the first two clinics, signed in.
async fn manager(practice: &Practice) -> (Member, Desk<'_>) {
    let wendy = PersonSpec {
        username: "wendy",
        user_type: UserType::Clerical,
        permissions: Some(&MANAGES),
        clinics: &practice.clinics[..2],
        ..PersonSpec::default()
    };
    let wendy = someone_with_password(practice, wendy).await;
    let desk = Desk::at(practice).await;
    desk.hold_session("wendy").await;
    (wendy, desk)
}

/// What a clerk needs.
async fn a_clerk(desk: &Desk<'_>) {
    let typed = [("first_name", "Mara"), ("last_name", "Quill"), ("username", "mquill"), ("email", "m@saco.example")];
    fill(desk, &typed).await;
}

/// Somebody with more rights changes somebody's account meanwhile.
async fn meanwhile(practice: &Practice, whom: &Member, emr: EmrPatch) {
    let change = Change { emr: Some(emr), ..Change::default() };
    practice.app.update_person(&practice.machine(), whom.id, None, change).await.expect("a change");
}

/// Sends a form the page does not have, the way a page of another making would: with its token.
async fn post(desk: &Desk<'_>, path: &str, field: &str, value: &str) {
    let script = format!(
        "const form = document.createElement('form'); form.method = 'post'; form.action = '{path}'; \
         const csrf = document.querySelector('input[name=csrf]').value; \
         for (const [name, value] of [['csrf', csrf], ['{field}', '{value}']]) \
         form.append(Object.assign(document.createElement('input'), {{ name, value }})); \
         document.body.append(form); form.submit()"
    );
    desk.script(&script).await;
}

sqlite_practice! {
    async fn what_a_student_may_not_hold_is_grayed_out_says_why_and_is_refused_when_forced(practice) {
        let desk = Desk::of_admin(practice).await;
        new_user(&desk, "SPT").await;
        let why = "const of = b => document.getElementById(b.getAttribute('aria-describedby')).innerText; \
                   return [...document.querySelectorAll('[name=permissions]:disabled')].map(b => b.value + ': ' + of(b))";
        let barred =
            ["view_users", "edit_users", "calendar_admin", "clinic_admin", "company_admin", "billing_report_admin"];
        let mut wanted: Vec<String> = barred.iter().map(|p| format!("{p}: This user type may not hold it.")).collect();
        wanted.push("finish_soap_notes: Finish SOAP Notes can never be given to a student.".to_owned());
        let mut shown: Vec<String> = serde_json::from_value(desk.script(why).await).expect("reasons");
        wanted.sort_unstable();
        shown.sort_unstable();
        assert_eq!(shown, wanted);

        a_clerk(&desk).await;
        desk.browser.tick("clinic_ids", &practice.clinics[0].to_string(), true).await;
        desk.script(
            "for (const b of document.querySelectorAll('[name=permissions]:disabled')) \
             if (b.value === 'calendar_admin' || b.value === 'finish_soap_notes') { b.disabled = false; b.checked = true }",
        )
        .await;
        desk.browser.press("Save user").await;
        let words =
            ["Calendar Admin: this user type may not hold it.", "Finish SOAP Notes can never be given to a student."];
        refused(&desk, &[("permissions", &words)]).await;
        assert_eq!(desk.browser.value("first_name").await, "Mara");
    }

    async fn clinics_that_were_lost_or_closed_while_the_form_was_open_are_refused_at_the_clinics(practice) {
        let (wendy, desk) = manager(practice).await;
        let [saco, wells] = [practice.clinics[0], practice.clinics[1]];
        // Or Wells could not spare her.
        let petra = PersonSpec {
            username: "petra",
            user_type: UserType::Clerical,
            permissions: Some(&MANAGES),
            clinics: &[saco, wells],
            ..PersonSpec::default()
        };
        practice.add(petra).await;
        let ready = async || {
            new_user(&desk, "Clerical").await;
            a_clerk(&desk).await;
            for clinic in [saco, wells] {
                desk.browser.tick("clinic_ids", &clinic.to_string(), true).await;
            }
            desk.browser.choose("default_clinic_id", "Saco").await;
        };
        ready().await;
        let closed = ClinicPatch { status: Some("inactive".to_owned()), ..ClinicPatch::default() };
        practice.app.update_clinic(&practice.machine(), wells, None, &closed).await.expect("closed");
        desk.browser.press("Save user").await;
        refused(&desk, &[("clinic_ids", &["Wells is inactive. Nobody can be added to it."])]).await;
        assert!(desk.browser.ticked("clinic_ids", &wells.to_string()).await, "kept as ticked");

        let opened = ClinicPatch { status: Some("active".to_owned()), ..ClinicPatch::default() };
        practice.app.update_clinic(&practice.machine(), wells, None, &opened).await.expect("open again");
        ready().await;
        meanwhile(practice, &wendy, EmrPatch { clinics: Some([saco].into()), ..EmrPatch::default() }).await;
        desk.browser.press("Save user").await;
        // Not by its name: she has no business with it any more.
        refused(&desk, &[("clinic_ids", &["You do not have access to that clinic, so you cannot add or remove it."])])
            .await;
        assert_eq!(desk.browser.value("username").await, "mquill");
        desk.browser.dont_see("Wells").await;
    }

    async fn who_holds_more_is_not_changed_by_a_form_that_was_forged_or_open_before(practice) {
        let held = [Permission::ViewPatients, Permission::AnalyticsAccess];
        let mara =
            PersonSpec { username: "mara", user_type: UserType::Clerical, permissions: Some(&held), ..PersonSpec::default() };
        let mara = practice.add(mara).await;
        let (wendy, desk) = manager(practice).await;
        let reason = "This person holds permissions or clinics that you do not. \
                      Someone who holds at least as much has to make this change.";
        desk.go(&format!("/emr/users/{}", mara.id)).await;
        desk.browser.fill("phone", "207-555-0101").await;
        let less = vec!["view_users".to_owned(), "edit_users".to_owned(), "view_patients".to_owned()];
        meanwhile(practice, &wendy, EmrPatch { permissions: Some(less), ..EmrPatch::default() }).await;
        desk.browser.press("Save user").await;
        desk.browser.see("Nothing was saved yet").await;
        assert!(alert(&desk.browser).await.contains(reason), "{}", alert(&desk.browser).await);
        desk.browser.dont_see("Save user").await;

        let admin = format!("/emr/users/{}", practice.admin.id);
        desk.go(&admin).await;
        desk.browser.see(reason).await;
        post(&desk, &admin, "phone", "207-555-0102").await;
        desk.browser.see("Nothing was saved yet").await;
        assert!(alert(&desk.browser).await.contains(reason), "{}", alert(&desk.browser).await);
        // What has no field to stand at is a page of its own.
        for way in ["sign-in-link", "sessions"] {
            desk.go(&admin).await;
            post(&desk, &format!("{admin}/{way}"), "x", "").await;
            desk.browser.see("Not allowed").await;
            desk.browser.see(reason).await;
        }
        for person in [mara.id, practice.admin.id] {
            let stored = practice.app.person(&practice.machine(), person).await.expect("somebody");
            assert_eq!(stored.profile().person.phone, None);
        }
        assert!(practice.messages().await.is_empty(), "no link was sent");
    }
}
