//! Every refusal the profile form can meet stands at its field and in the summary, and what was typed stays.

use muster_domain::emr::{Permission, UserType};
use muster_domain::licenses::Group;
use muster_domain::organizations::ClinicPatch;
use muster_testkit::practice::{PersonSpec, Practice};
use muster_testkit::sqlite_practice;

use crate::common::{Desk, SECRET, alert};

/// Waits for the refusals, each at its field and in the summary; nothing else is refused.
pub async fn refused(desk: &Desk<'_>, wanted: &[(&str, &[&str])]) {
    let fields: Vec<&str> = wanted.iter().map(|(field, _)| *field).collect();
    desk.browser.see("Nothing was saved yet").await;
    desk.refuses(&fields).await;
    for (field, words) in wanted {
        for part in *words {
            // The page before may have refused the same field for another reason.
            let script = format!(
                "return [...document.querySelectorAll('[id=\"{field}-error\"]')].some(e => e.innerText.includes({part:?}))"
            );
            desk.until(&format!("{field} is refused with {part:?}"), &script).await;
        }
        let summary = alert(&desk.browser).await;
        let said = desk.browser.field_error(field).await.unwrap_or_default();
        assert!(!said.is_empty(), "{field} is refused");
        for sentence in said.lines() {
            assert!(summary.contains(sentence), "{sentence:?} is not in the summary:\n{summary}");
        }
        let described = format!(
            "const e = document.getElementById('{field}'); return !!e && e.getAttribute('aria-describedby').includes('{field}-error')"
        );
        assert_eq!(desk.script(&described).await, true, "{field} points to its refusal");
    }
}

pub async fn fill(desk: &Desk<'_>, typed: &[(&str, &str)]) {
    for (name, text) in typed {
        desk.browser.fill(name, text).await;
    }
}

pub async fn new_user(desk: &Desk<'_>, kind: &str) {
    desk.go("/emr/users/new").await;
    if kind != "PT" {
        desk.browser.choose("user_type", kind).await;
        let ready = format!("return document.querySelector('#user_type option[selected]').value === '{kind}'");
        desk.until("the fields are the type's", &ready).await;
    }
}

sqlite_practice! {
    async fn an_empty_form_is_told_all_it_needs(practice) {
        let desk = Desk::of_admin(practice).await;
        new_user(&desk, "PT").await;
        desk.script("for (const box of document.querySelectorAll('[name=permissions]:checked')) box.click()").await;
        desk.browser.tick("access", "type", true).await;
        desk.browser.press("Save user").await;
        refused(
            &desk,
            &[
                ("first_name", &["The first name is needed."]),
                ("last_name", &["The last name is needed."]),
                ("username", &["A user name is needed."]),
                ("email", &["An active profile needs an email address"]),
                ("npi", &["A physical therapist needs an NPI", "9999999995"]),
                ("license_number", &["needs a license number", "00000"]),
                ("permissions", &["Tick at least one permission."]),
                ("clinic_ids", &["at least one clinic"]),
                (
                    "password",
                    &["at least 8 characters", "a number", "a special character", "an upper-case", "a lower-case"],
                ),
            ],
        )
        .await;
        assert!(!desk.browser.ticked("permissions", "view_patients").await);
        assert!(desk.browser.ticked("access", "type").await);
    }

    async fn everything_misspelled_is_said_at_once_and_stays_as_typed(practice) {
        let desk = Desk::of_admin(practice).await;
        new_user(&desk, "PT").await;
        let long = "x".repeat(101);
        let typed = [
            ("first_name", long.as_str()),
            ("last_name", "Ma\u{202e}ra"),
            ("username", "m quill"),
            ("email", "mara at saco"),
            ("phone", "12"),
            ("npi", "1234567890"),
            ("license_number", "PT*4411"),
            ("license_state", "ZZ"),
        ];
        fill(&desk, &typed).await;
        desk.browser.tick("access", "type", true).await;
        fill(&desk, &[("password", "Password1!"), ("password_confirmation", "Password2!")]).await;
        desk.browser.tick("clinic_ids", &practice.clinics[0].to_string(), true).await;
        desk.browser.choose("default_clinic_id", "Wells").await;
        desk.browser.tick("permissions", "billing_report_admin", true).await;
        desk.browser.press("Save user").await;
        refused(
            &desk,
            &[
                ("first_name", &["at most 100 characters"]),
                ("last_name", &["characters that cannot be shown"]),
                ("username", &["no spaces"]),
                ("email", &["name@practice.com"]),
                ("phone", &["7 to 20 digits"]),
                ("npi", &["This NPI is not valid"]),
                ("license_number", &["1 to 40 letters"]),
                ("license_state", &["two-letter abbreviation"]),
                ("permissions", &["tick Analytics Access too"]),
                ("default_clinic_id", &["default clinic"]),
                ("password", &["must be Strong"]),
                ("password_confirmation", &["not the same"]),
            ],
        )
        .await;
        for (name, text) in typed {
            assert_eq!(desk.browser.value(name).await, text, "{name}");
        }
        assert_eq!(desk.browser.value("password").await, "", "a password is never sent back");
        assert!(desk.browser.ticked("permissions", "billing_report_admin").await);
        assert_eq!(desk.browser.value("default_clinic_id").await, practice.clinics[1].to_string());
    }

    async fn a_day_that_no_calendar_has_is_refused_and_stays(practice) {
        let (desk, page) = edited(practice, UserType::PT).await;
        // Browsers let years grow beyond four digits.
        let typed = "20270-03-31";
        desk.browser.fill("license_expires_on", typed).await;
        desk.browser.press("Save user").await;
        let words = ["Write the date as year-month-day, such as 2027-03-31."];
        refused(&desk, &[("license_expires_on", &words)]).await;
        assert_eq!(desk.browser.value("license_expires_on").await, typed);

        desk.go(&format!("{page}/professional-licenses")).await;
        desk.browser.press("Add a license").await;
        desk.browser.fill("new-license-number", "PT-77").await;
        desk.browser.fill("new-license-expires_on", typed).await;
        desk.browser.press("Add license").await;
        refused(&desk, &[("expires_on", &words)]).await;
        // The refused form is open and has the plain names.
        assert_eq!(desk.browser.value("expires_on").await, typed);
    }

    async fn what_is_too_long_is_refused_and_never_cut_short(practice) {
        let desk = Desk::of_admin(practice).await;
        new_user(&desk, "PTA").await;
        desk.browser.tick("access", "type", true).await;
        // Cut to two letters, this would be Massachusetts; cut to 256 characters, nobody would know the password.
        let long = format!("{SECRET}-{}", "river-Stone-7 ".repeat(18));
        let typed = [
            ("first_name", "Mara"),
            ("last_name", "Quill"),
            ("username", "mquill"),
            ("email", "m@saco.example"),
            ("license_number", "00000"),
            ("license_state", "Maine"),
            ("password", long.as_str()),
            ("password_confirmation", long.as_str()),
        ];
        fill(&desk, &typed).await;
        desk.browser.tick("clinic_ids", &practice.clinics[0].to_string(), true).await;
        desk.browser.press("Save user").await;
        refused(
            &desk,
            &[("license_state", &["two-letter abbreviation"]), ("password", &["may have at most 256 characters"])],
        )
        .await;
        assert_eq!(desk.browser.value("license_state").await, "Maine");
    }

    async fn what_somebody_else_has_is_refused_with_their_name_where_it_may_be_told(practice) {
        let mara = practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        let npi = practice.app.person(&practice.machine(), mara.id).await.unwrap().profile().person.npi.clone().unwrap();
        practice.another("Other Rehab", "elsewhere").await;
        let desk = Desk::of_admin(practice).await;
        new_user(&desk, "PT").await;
        fill(
            &desk,
            &[
                ("first_name", "Mara"),
                ("last_name", "Quill"),
                ("username", "MARA"),
                ("email", "elsewhere@saco.example"),
                ("npi", &npi),
                ("license_number", "PT-1"),
            ],
        )
        .await;
        for clinic in &practice.clinics[..2] {
            desk.browser.tick("clinic_ids", &clinic.to_string(), true).await;
        }
        desk.browser.press("Save user").await;
        refused(
            &desk,
            &[
                ("username", &["already used by Mara Harlow"]),
                ("email", &["already used by someone you cannot see, perhaps at another practice"]),
                ("npi", &["already belongs to Mara Harlow"]),
                ("default_clinic_id", &["Choose which of the clinics"]),
            ],
        )
        .await;
    }

    async fn an_assistant_cannot_finish_notes_where_no_clinic_lets_assistants(practice) {
        let off = ClinicPatch { assistants_may_finish: Some(false), ..ClinicPatch::default() };
        practice.app.update_clinic(&practice.machine(), practice.clinics[0], None, &off).await.unwrap();
        let mara = practice.add(PersonSpec { user_type: UserType::COTA, ..PersonSpec::default() }).await;
        practice.sign(&mara).await;
        let desk = Desk::of_admin(practice).await;
        desk.go(&format!("/emr/users/{}", mara.id)).await;
        desk.browser.tick("permissions", "finish_soap_notes", true).await;
        desk.browser.press("I confirm").await;
        desk.browser.press("Save user").await;
        refused(&desk, &[("permissions", &["None of this person's clinics lets assistants finish notes"])]).await;
        assert!(desk.browser.ticked("finish_attested", "true").await);
    }
}

async fn edited(practice: &Practice, kind: UserType) -> (Desk<'_>, String) {
    let clinics = [practice.clinics[0], practice.clinics[1]];
    let member = practice
        .add(PersonSpec { username: "mara", user_type: kind, clinics: &clinics, ..PersonSpec::default() })
        .await;
    let desk = Desk::of_admin(practice).await;
    let page = format!("/emr/users/{}", member.id);
    desk.go(&page).await;
    (desk, page)
}

sqlite_practice! {
    async fn a_saved_profile_keeps_its_default_clinic_and_moves_only_where_a_license_is_free(practice) {
        practice.app.set_license_total(&practice.machine(), practice.clinics[1], Group::Therapist, 0, "").await.unwrap();
        let (desk, page) = edited(practice, UserType::PT).await;
        desk.browser.tick("clinic_ids", &practice.clinics[0].to_string(), false).await;
        desk.browser.press("Save user").await;
        refused(&desk, &[("clinic_ids", &["Saco is this person's default clinic"])]).await;
        assert!(!desk.browser.ticked("clinic_ids", &practice.clinics[0].to_string()).await, "kept as typed");
        desk.go(&page).await;
        desk.browser.choose("default_clinic_id", "Wells").await;
        desk.browser.press("Save user").await;
        refused(&desk, &[("default_clinic_id", &["No therapist license is free at Wells"])]).await;
        assert_eq!(desk.browser.value("default_clinic_id").await, practice.clinics[1].to_string());
    }

    async fn the_last_admin_cannot_be_taken_away(practice) {
        let desk = Desk::of_admin(practice).await;
        let page = format!("/emr/users/{}", practice.admin.id);
        desk.go(&page).await;
        desk.browser.choose("status", "inactive").await;
        desk.browser.press("Save user").await;
        refused(&desk, &[("status", &["Ada Minton is the last active company admin", "the last user manager of Saco"])])
            .await;
        assert_eq!(desk.browser.value("status").await, "inactive");
        desk.go(&page).await;
        desk.browser.tick("permissions", "company_admin", false).await;
        desk.browser.tick("permissions", "edit_users", false).await;
        desk.browser.press("Save user").await;
        refused(&desk, &[("permissions", &["last active company admin", "last user manager of Saco"])]).await;
    }

    async fn a_typed_password_of_a_saved_profile_is_refused_at_its_field(practice) {
        let (desk, _) = edited(practice, UserType::OT).await;
        desk.browser.press("Type a new password").await;
        fill(&desk, &[("password", "Mara-Harlow-2026!"), ("password_confirmation", "other")]).await;
        desk.browser.press("Save user").await;
        refused(
            &desk,
            &[("password", &["must not contain the person's name"]), ("password_confirmation", &["not the same"])],
        )
        .await;
    }

    async fn what_a_manager_does_not_hold_is_grayed_out_and_says_so(practice) {
        let permissions = [Permission::ViewUsers, Permission::EditUsers, Permission::ViewPatients];
        let manager = PersonSpec {
            username: "wendy",
            user_type: UserType::Clerical,
            permissions: Some(&permissions),
            ..PersonSpec::default()
        };
        crate::common::someone_with_password(practice, manager).await;
        let desk = Desk::at(practice).await;
        desk.hold_session("wendy").await;
        desk.go("/emr/users/new").await;
        desk.browser.see("You do not hold this permission yourself. Ask a company admin or support.").await;
        let open = "return [...document.querySelectorAll('[name=permissions]:enabled')].map(b => b.value).join()";
        assert_eq!(
            desk.script(open).await,
            "view_patients,view_users,edit_users,start_soap_notes,forward_soap_notes,finish_soap_notes"
        );
        // A box that was grayed out but is sent all the same is refused at its field.
        desk.script("const b = document.getElementById('permissions-company_admin'); b.disabled = false; b.checked = true")
            .await;
        fill(
            &desk,
            &[
                ("first_name", "Mara"),
                ("last_name", "Quill"),
                ("username", "mara"),
                ("email", "m@saco.example"),
                ("npi", "9999999995"),
                ("license_number", "00000"),
            ],
        )
        .await;
        desk.browser.tick("clinic_ids", &practice.clinics[0].to_string(), true).await;
        desk.browser.press("Save user").await;
        refused(&desk, &[("permissions", &["Company Admin: you do not hold this permission yourself"])]).await;
    }
}
