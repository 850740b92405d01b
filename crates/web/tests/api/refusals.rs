//! Each refusal of a profile change, with its code, field and status, over JSON.

use muster_domain::emr::{Permission, UserType};
use muster_domain::licenses::Group;
use muster_testkit::both_practices;
use muster_testkit::practice::{PersonSpec, Practice};
use serde_json::{Value, json};

use crate::{MANAGER, a_clinic_manager, a_therapist, refused};

/// Sends a new therapist with `change` merged in, and expects exactly these refusals.
async fn on_creation(practice: &Practice, token: &str, change: Value, status: u16, expected: &[&str]) {
    let mut body = a_therapist(practice, "candidate");
    merge(&mut body, &change);
    let answer = practice.api(token).post("/people", &body).await;
    assert_eq!((answer.status, refused(&answer)), (status, sorted(expected)), "{change}: {}", answer.text());
}

async fn on_change(practice: &Practice, token: &str, id: impl ToString, patch: Value, status: u16, expected: &[&str]) {
    let answer = practice.api(token).patch(&format!("/people/{}", id.to_string()), &patch).await;
    assert_eq!((answer.status, refused(&answer)), (status, sorted(expected)), "{patch}: {}", answer.text());
}

fn sorted(expected: &[&str]) -> Vec<String> {
    let mut expected: Vec<String> = expected.iter().map(|e| (*e).to_owned()).collect();
    expected.sort();
    expected
}

fn merge(into: &mut Value, change: &Value) {
    match (into, change) {
        (Value::Object(into), Value::Object(change)) => {
            for (key, value) in change {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, change) => *into = change.clone(),
    }
}

both_practices! {
    async fn what_is_wrong_with_a_field_is_said_at_the_field(practice) {
        let token = practice.token("admin").await;
        let long = "x".repeat(101);
        let cases: Vec<(Value, &[&str])> = vec![
            (json!({"first_name": " "}), &["first_name required"]),
            (json!({"last_name": long}), &["last_name too_long"]),
            (json!({"full_name": "Ma\u{202e}ra"}), &["full_name unprintable_characters"]),
            (json!({"email": "nope"}), &["email email_invalid"]),
            (json!({"email": null}), &["email email_required"]),
            (json!({"phone": "call me"}), &["phone phone_invalid"]),
            (json!({"npi": "1234567890"}), &["npi npi_invalid"]),
            (json!({"npi": null}), &["npi npi_required"]),
            (json!({"username": "a b"}), &["username username_invalid"]),
            (json!({"emr_account": {"license_number": "!"}}), &["emr_account.license_number license_invalid"]),
            (json!({"emr_account": {"license_number": null}}), &["emr_account.license_number license_required"]),
            (json!({"emr_account": {"license_state": "XX"}}), &["emr_account.license_state state_invalid"]),
            (json!({"emr_account": {"license_expires_on": "31.3.2027"}}), &["emr_account.license_expires_on date_invalid"]),
            (json!({"emr_account": {"user_type": "Clerical", "permissions": ["view_patients"]}}),
                &["emr_account.license_number license_not_for_type", "npi npi_not_for_type"]),
            (json!({"emr_account": {"status": "asleep"}}), &["emr_account.status not_understood"]),
            (json!({"emr_account": {"user_type": "MD"}}), &["emr_account.user_type not_understood"]),
        ];
        for (change, expected) in cases {
            on_creation(practice, &token, change, 422, expected).await;
        }
    }

    async fn permissions_follow_type_actor_and_each_other(practice) {
        let admin = practice.token("admin").await;
        let (_, manager) = a_clinic_manager(practice).await;
        let student = |permissions: &[&str]| json!({"npi": null, "emr_account":
            {"user_type": "SPT", "license_number": null, "license_state": null, "permissions": permissions}});
        let clerk = |permissions: &[&str]| json!({"npi": null, "emr_account":
            {"user_type": "Clerical", "license_number": null, "license_state": null, "permissions": permissions}});
        let therapist = |permissions: &[&str]| json!({"emr_account": {"permissions": permissions}});
        let cases: Vec<(&str, Value, u16, &[&str])> = vec![
            (&admin, therapist(&[]), 422, &["emr_account.permissions permission_required"]),
            (&admin, therapist(&["fly"]), 422, &["emr_account.permissions permission_required", "emr_account.permissions unknown_permission"]),
            (&admin, clerk(&["start_soap_notes"]), 422, &["emr_account.permissions soap_not_for_clerical_or_billing"]),
            (&admin, clerk(&["forward_soap_notes"]), 422, &["emr_account.permissions soap_not_for_clerical_or_billing"]),
            (&admin, clerk(&["finish_soap_notes"]), 422, &["emr_account.permissions soap_not_for_clerical_or_billing"]),
            (&admin, student(&["finish_soap_notes"]), 422, &["emr_account.permissions finish_not_for_student"]),
            (&admin, student(&["company_admin"]), 422, &["emr_account.permissions permission_not_for_type"]),
            (&admin, student(&["view_users"]), 422, &["emr_account.permissions permission_not_for_type"]),
            (&admin, therapist(&["billing_report_admin"]), 422, &["emr_account.permissions needs_analytics_access"]),
            (&manager, therapist(&["company_admin"]), 403, &["emr_account.permissions permission_not_held_by_you"]),
            (&manager, therapist(&["view_patients", "calendar_admin"]), 403, &["emr_account.permissions permission_not_held_by_you"]),
        ];
        for (token, change, status, expected) in cases {
            on_creation(practice, token, change, status, expected).await;
        }
        let pta = json!({"emr_account": {"user_type": "PTA", "permissions": ["finish_soap_notes"]}});
        let unsigned = ["emr_account.finish_attested attestation_required", "emr_account.permissions signature_required"];
        on_creation(practice, &admin, pta.clone(), 422, &unsigned).await;
        let clinic = format!("/clinics/{}", practice.clinics[0]);
        practice.api(&admin).patch(&clinic, &json!({"assistants_may_finish": false})).await.expect(200);
        on_creation(practice, &admin, pta, 422,
            &["emr_account.finish_attested attestation_required", "emr_account.permissions clinic_forbids_assistant_finish", "emr_account.permissions signature_required"]).await;
    }

    async fn clinics_follow_access_and_default(practice) {
        let admin = practice.token("admin").await;
        let (_, manager) = a_clinic_manager(practice).await;
        let [saco, wells, york] = practice.clinics[..] else { panic!("three clinics") };
        let nowhere = "0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001";
        let emr = |account: Value| json!({"emr_account": account});
        on_creation(practice, &admin, emr(json!({"clinic_ids": []})), 422, &["emr_account.clinic_ids clinic_required"]).await;
        let two = emr(json!({"clinic_ids": [saco, wells]}));
        on_creation(practice, &admin, two, 422, &["emr_account.default_clinic_id default_clinic_required"]).await;
        let other = emr(json!({"clinic_ids": [saco], "default_clinic_id": wells}));
        on_creation(practice, &admin, other, 422, &["emr_account.default_clinic_id default_clinic_not_among_clinics"]).await;
        let outside = emr(json!({"clinic_ids": [saco, york], "default_clinic_id": saco}));
        on_creation(practice, &manager, outside, 403, &["emr_account.clinic_ids clinic_outside_your_access"]).await;
        let made_up = emr(json!({"clinic_ids": [saco, nowhere], "default_clinic_id": saco}));
        on_creation(practice, &admin, made_up, 403, &["emr_account.clinic_ids clinic_outside_your_access"]).await;
        practice.api(&admin).patch(&format!("/clinics/{york}"), &json!({"status": "inactive"})).await.expect(200);
        let closed = emr(json!({"clinic_ids": [saco, york], "default_clinic_id": saco}));
        on_creation(practice, &admin, closed, 422, &["emr_account.clinic_ids clinic_inactive"]).await;

        let mara = practice.add(PersonSpec { clinics: &[saco, wells], permissions: Some(&[Permission::ViewPatients]), ..PersonSpec::default() }).await;
        let without = emr(json!({"clinic_ids": [wells]}));
        on_change(practice, &admin, mara.id, without, 422, &["emr_account.clinic_ids default_clinic_not_removable"]).await;
        // What the manager cannot see was not sent, and stays.
        let kept = practice.api(&manager).patch(&format!("/people/{}", mara.id), &emr(json!({"clinic_ids": [saco]}))).await;
        assert_eq!(kept.expect(200).json()["emr_account"]["hidden_clinics"], 1);
    }

    async fn names_emails_and_npis_belong_to_one_person_however_they_are_written(practice) {
        let admin = practice.token("admin").await;
        let mara = practice.add(PersonSpec::default()).await;
        let npi = practice.api(&admin).get(&format!("/people/{}", mara.id)).await.json()["npi"].clone();
        let (_, _, _) = practice.another("Other practice", "elsewhere").await;
        let all = json!({"username": "MHARLOW", "email": "Mharlow@SACO.example", "npi": npi});
        on_creation(practice, &admin, all, 409, &["email email_taken", "npi npi_taken", "username username_taken"]).await;
        on_creation(practice, &admin, json!({"username": "Elsewhere"}), 409, &["username username_taken"]).await;
        on_creation(practice, &admin, json!({"username": "mharlow@saco.example"}), 409, &["username username_taken"]).await;
        let answer = practice.api(&admin).post("/people", &{
            let mut body = a_therapist(practice, "x1");
            merge(&mut body, &json!({"username": "elsewhere", "npi": npi}));
            body
        }).await;
        let text = answer.text();
        assert!(text.contains("Mharlow Harlow"), "the holder of the NPI is named: {text}");
        assert!(!text.contains("Elsewhere Harlow"), "nobody of another practice is: {text}");
    }

    async fn nobody_changes_someone_who_holds_more(practice) {
        let (manager, token) = a_clinic_manager(practice).await;
        let boss = practice.add(PersonSpec {
            username: "boss", user_type: UserType::Clerical, permissions: Some(&[Permission::CompanyAdmin]),
            ..PersonSpec::default()
        }).await;
        on_change(practice, &token, boss.id, json!({"phone": "207 555 0142"}), 403, &[" holds_more_than_you"]).await;
        let link = practice.api(&token).send("POST", &format!("/people/{}/sign-in-link", boss.id), None, "").await;
        assert_eq!((link.status, refused(&link)), (403, vec![" holds_more_than_you".to_owned()]));
        let up = json!({"emr_account": {"permissions": ["view_users", "edit_users", "company_admin"]}});
        on_change(practice, &token, manager.id, up, 403, &["emr_account.permissions permission_not_held_by_you"]).await;
        // Another clinic of the same person is enough to keep the sign-in out of reach.
        let both = practice.add(PersonSpec {
            username: "both", clinics: &practice.clinics[..2], permissions: Some(&[Permission::ViewPatients]),
            ..PersonSpec::default()
        }).await;
        on_change(practice, &token, both.id, json!({"email": "me@evil.example"}), 403, &[" holds_more_than_you"]).await;
        on_change(practice, &token, both.id, json!({"phone": "207 555 0142"}), 200, &[]).await;
    }

    async fn without_edit_users_nothing_is_changed(practice) {
        practice.add(PersonSpec { username: "viewer", permissions: Some(&[Permission::ViewUsers]), ..PersonSpec::default() }).await;
        let mara = practice.add(PersonSpec::default()).await;
        let token = practice.token("viewer").await;
        on_creation(practice, &token, json!({}), 403, &[" not_allowed"]).await;
        on_change(practice, &token, mara.id, json!({"phone": "207 555 0142"}), 403, &[" not_allowed"]).await;
        let shown = practice.api(&token).get(&format!("/people/{}", mara.id)).await.expect(200).json();
        assert_eq!((&shown["can_edit"], &shown["can_reset_sign_in"]), (&json!(false), &json!(false)));
    }

    async fn the_last_admins_stay(practice) {
        let token = practice.token("admin").await;
        let admin = practice.admin.id;
        let down = json!({"emr_account": {"permissions": ["view_users", "edit_users"]}});
        on_change(practice, &token, admin, down, 409, &["emr_account.permissions last_admin"]).await;
        let off = json!({"emr_account": {"status": "inactive"}});
        on_change(practice, &token, admin, off, 409, &["emr_account.status last_admin", "emr_account.status last_admin"]).await;
        let no_manager = json!({"emr_account": {"permissions": ["company_admin"]}});
        on_change(practice, &token, admin, no_manager, 409, &["emr_account.permissions last_admin"]).await;
    }

    async fn the_last_user_manager_of_a_clinic_keeps_the_clinic(practice) {
        let token = practice.token("admin").await;
        let [saco, wells, york] = practice.clinics[..] else { panic!("three clinics") };
        let keeper = practice.add(PersonSpec {
            username: "keeper", user_type: UserType::Clerical, permissions: Some(MANAGER), clinics: &[saco, wells],
            ..PersonSpec::default()
        }).await;
        let path = format!("/people/{}", keeper.id);
        let api = practice.api(&token);
        let before = api.get(&path).await.expect(200).json();
        let down = json!({"permissions": ["view_patients", "view_users"]});
        for (account, field) in [
            (json!({"clinic_ids": [saco]}), "clinic_ids"),
            (json!({"clinic_ids": [saco, york]}), "clinic_ids"),
            (json!({"clinic_ids": [york], "default_clinic_id": york}), "clinic_ids"),
            (down.clone(), "permissions"),
            (json!({"status": "inactive"}), "status"),
        ] {
            for (path, body) in [
                (path.clone(), json!({"emr_account": account})),
                (format!("{path}/emr-account"), account.clone()),
            ] {
                let answer = api.patch(&path, &body).await.expect(409);
                let account = if path.ends_with("emr-account") { "" } else { "emr_account." };
                assert_eq!(refused(&answer), [format!("{account}{field} last_admin")], "{body}");
                // One code for both kinds: the sentence tells that it is not about company admins.
                let message = answer.json()["errors"][0]["message"].as_str().unwrap().to_owned();
                assert!(message.contains("last user manager of Wells"), "{message}");
            }
        }
        assert_eq!(api.get(&path).await.expect(200).json(), before);
        practice.add(PersonSpec {
            username: "second", user_type: UserType::Clerical, permissions: Some(MANAGER), clinics: &[wells],
            ..PersonSpec::default()
        }).await;
        api.patch(&path, &json!({"emr_account": {"clinic_ids": [saco]}})).await.expect(200);
    }

    async fn licenses_are_counted(practice) {
        let token = practice.token("admin").await;
        let machine = practice.machine();
        practice.app.set_license_total(&machine, practice.clinics[0], Group::Therapist, 1, "").await.expect("a total");
        practice.app.set_license_total(&machine, practice.clinics[1], Group::Therapist, 0, "").await.expect("a total");
        let mara = practice.add(PersonSpec::default()).await;
        let late = practice.api(&token).post("/people", &a_therapist(practice, "late")).await.expect(201).json();
        assert_eq!(late["emr_account"]["inactive_reason"], "no_license");
        assert!(late["notices"][0].as_str().is_some_and(|n| n.starts_with("Saved as inactive")), "{late}");
        assert_eq!(late["invitation_sent_to"], json!(null));
        let on = json!({"emr_account": {"status": "active"}});
        on_change(practice, &token, late["id"].as_str().unwrap(), on, 409, &["emr_account.status no_license_available"]).await;
        let moved = json!({"emr_account": {"clinic_ids": [practice.clinics[0], practice.clinics[1]], "default_clinic_id": practice.clinics[1]}});
        on_change(practice, &token, mara.id, moved, 409, &["emr_account.default_clinic_id no_license_available"]).await;
    }

    async fn accounts_that_do_not_exist_yet_are_refused_by_name(practice) {
        let token = practice.token("admin").await;
        let change = json!({"billing_account": {"role": "x"}, "reach_account": {}});
        let expected = ["billing_account not_available_yet", "reach_account not_available_yet"];
        on_creation(practice, &token, change, 422, &expected).await;
    }
}
