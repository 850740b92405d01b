//! Adding a user of each kind.

use muster_domain::emr::{Permission, UserType};
use muster_domain::licenses::Group;
use muster_testkit::browser::Browser;
use muster_testkit::practice::{Member, PersonSpec};
use muster_testkit::{both_practices, sqlite_practice};

use crate::common::{Desk, SECRET};
use crate::refusals::refused;

/// Fills what every type asks for.
pub async fn who(desk: &Desk<'_>, username: &str) {
    desk.browser.fill("first_name", "Mara").await;
    desk.browser.fill("last_name", "Quill").await;
    desk.browser.fill("username", username).await;
    desk.browser.fill("email", &format!("{username}@saco.example")).await;
}

both_practices! {
    async fn a_therapist_is_added_with_what_comes_with_the_type_and_invited(practice) {
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users").await;
        desk.browser.follow("Add user").await;
        assert_eq!(desk.browser.value("user_type").await, "PT");
        for ticked in ["view_patients", "edit_patients"] {
            assert!(desk.browser.ticked("permissions", ticked).await, "{ticked}");
        }
        assert!(!desk.browser.ticked("permissions", "company_admin").await);
        who(&desk, "mquill").await;
        desk.browser.fill("npi", &practice.fresh_npi()).await;
        desk.browser.fill("license_number", "PT-4411").await;
        desk.browser.fill("license_state", "me").await;
        desk.browser.fill("license_expires_on", "2026-03-20").await;
        desk.browser.tick("clinic_ids", &practice.clinics[0].to_string(), true).await;
        desk.browser.tick("clinic_ids", &practice.clinics[1].to_string(), true).await;
        desk.browser.choose("default_clinic_id", "Wells").await;
        desk.browser.press("Save user").await;
        desk.browser.see("User added, and the invitation is on its way.").await;
        desk.browser.see("Mara Quill").await;
        desk.browser.see("PT, physical therapist").await;
        desk.browser.see("license expires in 18 days").await;
        desk.browser.see("Has not set a password yet").await;
        assert_eq!(desk.browser.value("license_state").await, "ME");
        assert_eq!(desk.browser.value("default_clinic_id").await, practice.clinics[1].to_string());
        assert!(!desk.browser.ticked("clinic_ids", &practice.clinics[2].to_string()).await);
        desk.go("/emr/users?q=quill").await;
        desk.list_becomes(&["Mara Quill"]).await;
        desk.browser.see("Wells ★, Saco").await;
        let message = practice.messages().await.pop().expect("a message");
        assert!(message.contains("mquill") && message.contains("/invitation/"), "{message}");
    }
}

sqlite_practice! {
    async fn what_is_typed_while_the_type_is_on_its_way_stays(practice) {
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users/new").await;
        // Typed after the request was put together, and before its answer is there.
        desk.script(
            "document.addEventListener('htmx:beforeSend', () => { document.querySelector('[name=last_name]').value = 'Typed-Meanwhile' });
            document.addEventListener('htmx:afterSettle', () => document.querySelector('h1').append(' (settled)'));
            return true",
        )
        .await;
        desk.browser.fill("first_name", "Mara").await;
        desk.browser.choose("user_type", "Clerical").await;
        desk.browser.see("(settled)").await;
        assert_eq!(desk.browser.value("last_name").await, "Typed-Meanwhile");
        assert_eq!(desk.browser.value("first_name").await, "Mara");
        assert_eq!(desk.browser.value("user_type").await, "Clerical");
    }

    async fn the_type_decides_the_fields_and_what_was_typed_stays(practice) {
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users/new").await;
        who(&desk, "aquill").await;
        desk.browser.tick("clinic_ids", &practice.clinics[0].to_string(), true).await;
        desk.browser.see("At Saco:").await;

        desk.browser.choose("user_type", "SPT").await;
        desk.browser.dont_see("License number").await;
        assert_eq!(desk.count("[name=npi]").await, 0);
        assert!(!desk.browser.ticked("permissions", "finish_soap_notes").await);
        desk.browser.see("Finish SOAP Notes can never be given to a student.").await;
        assert_eq!(desk.browser.value("first_name").await, "Mara");
        assert!(desk.browser.ticked("clinic_ids", &practice.clinics[0].to_string()).await);
        desk.browser.see("Takes one student license").await;
        // The keyboard stays where it was.
        assert_eq!(desk.script("return document.activeElement.id").await, "user_type");

        desk.browser.choose("user_type", "Clerical").await;
        desk.browser.see("Clerical and Billing users cannot hold SOAP note permissions.").await;
        desk.browser.see("No license is needed").await;
        let disabled = desk.script("return document.getElementById('permissions-start_soap_notes').disabled").await;
        assert_eq!(disabled, true);

        desk.browser.choose("user_type", "PTA").await;
        desk.browser.see("License number").await;
        desk.browser.see("NPI optional").await;
        desk.browser.see("Needs a signature on file first").await;
        assert_eq!(desk.browser.value("username").await, "aquill");
        // The summary follows what is ticked.
        desk.browser.see("Send notes for co-signature").await;
        desk.browser.tick("permissions", "forward_soap_notes", false).await;
        desk.until("the summary follows", "return !document.getElementById('summary').innerText.includes('co-signature')")
            .await;
    }

    async fn an_assistant_may_finish_notes_once_the_signature_is_on_file_and_attested(practice) {
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users/new").await;
        desk.browser.choose("user_type", "PTA").await;
        desk.browser.see("NPI optional").await;
        who(&desk, "aquill").await;
        desk.browser.fill("license_number", "00000").await;
        desk.browser.tick("clinic_ids", &practice.clinics[0].to_string(), true).await;
        desk.browser.see("Needs a signature on file first").await;
        desk.browser.press("Save user").await;
        desk.browser.see("User added").await;
        let id = desk.browser.url().await.rsplit('/').next().unwrap_or_default()[..36].parse().expect("an identity");
        practice.sign(&Member { id, username: "aquill".to_owned() }).await;
        desk.go(&format!("/emr/users/{id}")).await;
        let asks = "return document.querySelector('#attestation').open";
        assert_eq!(desk.script(asks).await, false);
        desk.browser.tick("permissions", "finish_soap_notes", true).await;
        desk.browser.see("I confirm that this assistant's signature is on file, and that").await;
        desk.browser.assert_accessible().await;
        desk.browser.press("Do not give it").await;
        for (name, value) in [("permissions", "finish_soap_notes"), ("finish_attested", "true")] {
            assert!(!desk.browser.ticked(name, value).await, "{name} is taken back");
        }
        // Escape is no "yes" either.
        desk.browser.tick("finish_attested", "true", true).await;
        desk.until("it is asked again", asks).await;
        desk.keys("\u{e00c}").await;
        desk.until("it is closed", "return !document.querySelector('#attestation').open").await;
        assert!(!desk.browser.ticked("finish_attested", "true").await);
        desk.browser.tick("permissions", "finish_soap_notes", true).await;
        desk.browser.press("I confirm").await;
        assert!(desk.browser.ticked("finish_attested", "true").await);
        desk.browser.press("Save user").await;
        desk.browser.see("Saved.").await;
        desk.browser.see("placeholder license").await;
        desk.browser.see("At Saco: yes").await;
        desk.browser.see("Signature on file confirmed by Ada Minton,").await;
        assert!(desk.browser.ticked("permissions", "finish_soap_notes").await);
    }

    async fn without_scripts_the_box_alone_attests(practice) {
        let view = [Permission::ViewPatients];
        let quill = practice.add(PersonSpec { user_type: UserType::PTA, permissions: Some(&view), ..PersonSpec::default() }).await;
        practice.sign(&quill).await;
        practice.give_password(&practice.admin).await;
        let desk = Desk::with(practice, Browser::options().without_javascript()).await;
        desk.sign_in("admin", SECRET).await;
        desk.arrive("/emr/users").await;
        desk.go(&format!("/emr/users/{}", quill.id)).await;
        desk.browser.tick("permissions", "finish_soap_notes", true).await;
        desk.browser.press("Save user").await;
        desk.browser.see("Nothing was saved yet").await;
        let said = desk.browser.field_error("finish_attested").await.unwrap_or_default();
        assert!(said.contains("signature is on file"), "{said}");
        desk.browser.tick("finish_attested", "true", true).await;
        desk.browser.press("Save user").await;
        desk.browser.see("Saved.").await;
        desk.browser.see("Signature on file confirmed by Ada Minton,").await;
    }

    async fn a_student_and_a_clerk_are_added_without_credentials(practice) {
        let desk = Desk::of_admin(practice).await;
        // Two names, or the second would be asked about as a likeness of the first.
        for (kind, username, first, last, words) in [
            ("SOT", "student", "Ines", "Brandt", "SOT, student occupational therapist"),
            ("Clerical", "clerk", "Otto", "Villareal", "Clerical, front office"),
        ] {
            desk.go("/emr/users/new").await;
            desk.browser.choose("user_type", kind).await;
            desk.until("the fields are the type's", "return !document.querySelector('[name=npi]')").await;
            who(&desk, username).await;
            desk.browser.fill("first_name", first).await;
            desk.browser.fill("last_name", last).await;
            desk.browser.tick("clinic_ids", &practice.clinics[0].to_string(), true).await;
            desk.browser.press("Save user").await;
            desk.browser.see("User added").await;
            desk.browser.see(words).await;
        }
    }

    async fn without_a_free_license_the_profile_is_saved_inactive_and_says_why(practice) {
        practice.app.set_license_total(&practice.machine(), practice.clinics[0], Group::Therapist, 0, "").await.unwrap();
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users/new").await;
        who(&desk, "mquill").await;
        desk.browser.fill("npi", "9999999995").await;
        desk.browser.fill("license_number", "00000").await;
        desk.browser.tick("clinic_ids", &practice.clinics[0].to_string(), true).await;
        desk.browser.press("Save user").await;
        desk.browser.see("Saved as inactive.").await;
        desk.browser.see("No therapist license is free at the default clinic.").await;
        desk.browser.see("Inactive: no license free").await;
        desk.browser.see("placeholder NPI").await;
        assert_eq!(practice.messages().await.len(), 0, "an inactive person is not invited");
        // Making the person active needs a license too.
        desk.browser.choose("status", "active").await;
        desk.browser.press("Save user").await;
        refused(&desk, &[("status", &["No therapist license is free at Saco"])]).await;
    }

    async fn a_typed_password_is_judged_live_and_changed_at_the_first_sign_in(practice) {
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users/new").await;
        desk.browser.choose("user_type", "Clerical").await;
        desk.until("the fields are the type's", "return !document.querySelector('[name=npi]')").await;
        who(&desk, "mquill").await;
        assert_eq!(desk.count(".field input[type=password]:not([hidden])").await, 2);
        desk.browser.dont_see("Confirm password").await;
        desk.browser.tick("access", "type", true).await;
        desk.browser.see("Strength: nothing typed yet").await;
        desk.browser.fill("password", "abc").await;
        desk.browser.see("not enough yet").await;
        desk.until("one requirement is met", "return document.querySelectorAll('.requirements .met').length >= 1").await;
        // Good is not enough: the names typed beside it count as well.
        desk.browser.fill("password", "Mquill-12345").await;
        desk.browser.see("not enough yet").await;
        desk.browser.fill("password", "Quiet-harbor-Lamp-42").await;
        desk.browser.see("Strength: Strong").await;
        let all = "return document.querySelectorAll('.requirements li').length === document.querySelectorAll('.requirements .met').length";
        desk.until("every requirement is met", all).await;
        desk.browser.fill("password_confirmation", "Quiet-harbor-Lamp-43").await;
        desk.browser.see("The two passwords differ.").await;
        let red = "const f = document.getElementById('password_confirmation'); \
                   return f.getAttribute('aria-invalid') === 'true' && f.closest('.field').classList.contains('refused')";
        desk.until("the repetition is red", red).await;
        desk.browser.fill("password_confirmation", "Quiet-harbor-Lamp-42").await;
        desk.browser.dont_see("The two passwords differ.").await;
        desk.browser.tick("clinic_ids", &practice.clinics[0].to_string(), true).await;
        desk.browser.press("Save user").await;
        desk.browser.see("User added.").await;
        desk.browser.see("Has to change the password at the next sign-in").await;

        desk.browser.press("Sign out").await;
        desk.sign_in("mquill", "Quiet-harbor-Lamp-42").await;
        desk.arrive("/me/password").await;
        desk.go("/me").await;
        desk.arrive("/me/password").await;
        for (name, text) in
            [("current_password", "Quiet-harbor-Lamp-42"), ("password", SECRET), ("password_confirmation", SECRET)]
        {
            desk.browser.fill(name, text).await;
        }
        desk.browser.press("Change password").await;
        desk.browser.see("Your password was changed.").await;
        desk.arrive("/me").await;
    }
}
