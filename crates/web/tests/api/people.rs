//! Adding, reading and changing people.

use muster_app::sign_in::SessionStatus;
use muster_app::{Channel, Origin, Scope};
use muster_domain::emr::{Permission, UserType};
use muster_testkit::both_practices;
use muster_testkit::practice::{PASSWORD, PersonSpec};
use serde_json::json;

use crate::{a_therapist, assert_problem, refused};

both_practices! {
    async fn a_password_can_be_typed_for_somebody_saved(practice) {
        let mara = practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let path = format!("/people/{}", mara.id);
        let answer = api.patch(&path, &json!({"password": "mara2026"})).await.expect(422);
        assert!(refused(&answer).iter().all(|r| r.starts_with("password ")), "{:?}", refused(&answer));
        let strong = json!({"password": "Quiet-Lantern-42-Ferry", "phone": "(207) 555-0142"});
        let saved = api.patch(&path, &strong).await.expect(200).json();
        assert_eq!((&saved["password_state"], &saved["phone"]), (&json!("must_change"), &strong["phone"]));
    }

    async fn ones_own_password_is_changed_with_the_current_one_only(practice) {
        const NEW: &str = "Quiet-Lantern-42-Ferry";
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let cookie = practice.session("admin").await;
        let path = format!("/people/{}", practice.admin.id);
        let answer = api.patch(&path, &json!({"password": NEW})).await.expect(403);
        assert_eq!(refused(&answer), ["password own_password"]);
        api.patch(&path, &json!({"password": null, "phone": "207 555 0142"})).await.expect(200);

        let change = async |current: &str, new: &str| {
            api.put("/me/password", &json!({"current_password": current, "password": new})).await
        };
        assert_eq!(refused(&change("Wrong-password-1", NEW).await.expect(422)), ["current_password current_password_wrong"]);
        assert_eq!(refused(&change(PASSWORD, PASSWORD).await.expect(422)), ["password password_unchanged"]);
        assert!(refused(&change(PASSWORD, "weak").await.expect(422)).iter().all(|r| r.starts_with("password ")));
        let reader = practice.token_with("admin", &[Scope::PeopleRead]).await;
        let body = json!({"current_password": PASSWORD, "password": NEW});
        assert_problem(&practice.api(&reader).put("/me/password", &body).await, 403, "scope_missing");
        assert!(practice.messages().await.is_empty());
        change(PASSWORD, NEW).await.expect(204);
        let origin = Origin { channel: Channel::Page, address: "127.0.0.1".to_owned(), user_agent: String::new() };
        let before = practice.app.authenticate(&cookie, origin.clone()).await.expect("an answer");
        assert!(matches!(before, SessionStatus::Nobody), "{before:?}");
        practice.app.sign_in("admin", NEW, &origin).await.expect("signed in");
        assert!(practice.messages().await.pop().expect("a message").contains("was changed just now"));
    }

    async fn a_person_is_added_with_the_account_in_one_call_and_read_back(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let body = a_therapist(practice, "mharlow");
        let added = api.post("/people", &body).await.expect(201);
        let person = added.json();
        assert_eq!(added.header("location"), format!("/api/v1/people/{}", person["id"].as_str().unwrap()));
        assert_eq!(added.header("etag"), "\"1\"");
        assert_eq!(person["invitation_sent_to"], "mharlow@saco.example");
        assert_eq!(person["notices"], json!([]));

        let shown = api.get(&format!("/people/{}", person["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(shown.header("etag"), "\"1\"");
        let shown = shown.json();
        for field in ["first_name", "last_name", "username", "email", "npi"] {
            assert_eq!(shown[field], body[field], "{field}");
        }
        let account = &shown["emr_account"];
        for field in ["user_type", "clinic_ids", "permissions", "license_number", "license_state"] {
            assert_eq!(account[field], body["emr_account"][field], "{field}");
        }
        assert_eq!(account["default_clinic_id"], json!(practice.clinics[0]));
        assert_eq!(
            (&shown["full_name"], &shown["phone"], &shown["version"], &account["status"], &account["inactive_reason"]),
            (&json!("Mara Harlow"), &json!(null), &json!(1), &json!("active"), &json!(null))
        );
        assert_eq!((&shown["password_state"], &shown["can_edit"]), (&json!("none"), &json!(true)));
        assert_eq!(shown["created_at"], "2026-03-02T12:00:00Z");
        let message = practice.messages().await.pop().expect("an invitation");
        assert!(message.contains(&format!("{}/invitation/", practice.url)), "{message}");
    }

    async fn nothing_of_a_refused_person_is_kept(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let mut body = a_therapist(practice, "mharlow");
        body["emr_account"]["permissions"] = json!([]);
        api.post("/people", &body).await.expect(422);
        assert_eq!(api.get("/people?q=mharlow").await.expect(200).json()["total"], 0);
        body["emr_account"]["permissions"] = json!(["view_patients"]);
        api.post("/people", &body).await.expect(201);
    }

    async fn a_typed_password_has_to_be_changed_and_no_invitation_goes_out(practice) {
        let token = practice.token("admin").await;
        let mut body = a_therapist(practice, "mharlow");
        body["password"] = json!("Gr4nite-lantern-Field");
        let added = practice.api(&token).post("/people", &body).await.expect(201).json();
        assert_eq!((&added["password_state"], &added["invitation_sent_to"]), (&json!("must_change"), &json!(null)));
        assert!(practice.messages().await.is_empty());
        assert!(!added.to_string().contains("lantern"));
        body["username"] = json!("second");
        body["password"] = json!("password");
        let answer = practice.api(&token).post("/people", &body).await.expect(422);
        let codes: Vec<String> = refused(&answer).into_iter().filter(|r| r.starts_with("password ")).collect();
        assert!(codes.contains(&"password password_common".to_owned()), "{codes:?}");
        assert!(codes.contains(&"password password_not_strong".to_owned()), "{codes:?}");
    }

    async fn an_invitation_can_be_kept_back(practice) {
        let token = practice.token("admin").await;
        let mut body = a_therapist(practice, "mharlow");
        body["send_invitation"] = json!(false);
        let added = practice.api(&token).post("/people", &body).await.expect(201).json();
        assert_eq!(added["invitation_sent_to"], json!(null));
        assert!(practice.messages().await.is_empty());
    }

    async fn a_merge_patch_clears_with_null_and_leaves_what_is_absent(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let mut body = a_therapist(practice, "mharlow");
        body["phone"] = json!("207 555 0142");
        let id = api.post("/people", &body).await.expect(201).json()["id"].as_str().unwrap().to_owned();
        let path = format!("/people/{id}");

        let patch = json!({"phone": null, "last_name": "Harlow-Ito", "emr_account": {"license_state": null}});
        let saved = api.patch(&path, &patch).await.expect(200);
        assert_eq!(saved.header("etag"), "\"2\"");
        let saved = saved.json();
        assert_eq!((&saved["phone"], &saved["full_name"]), (&json!(null), &json!("Mara Harlow-Ito")));
        assert_eq!(saved["previous_names"], json!(["Mara Harlow"]));
        assert_eq!(saved["emr_account"]["license_state"], json!(null));
        assert_eq!(saved["emr_account"]["license_number"], "PT1234");
        assert_eq!(saved["email"], "mharlow@saco.example");

        let unchanged = api.patch(&path, &json!({})).await.expect(200);
        assert_eq!(unchanged.header("etag"), "\"2\"");
        let plain = api.send("PATCH", &path, Some("application/json; charset=utf-8"), "{\"first_name\":\"Zoë\"}").await;
        assert_eq!(plain.expect(200).json()["first_name"], "Zoë");
    }

    async fn person_and_account_are_saved_together_or_not_at_all(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let mara = practice.add(PersonSpec::default()).await;
        let path = format!("/people/{}", mara.id);
        let patch = json!({"phone": "207 555 0142", "emr_account": {"permissions": ["fly"]}});
        let answer = api.patch(&path, &patch).await.expect(422);
        assert_eq!(refused(&answer), ["emr_account.permissions permission_required", "emr_account.permissions unknown_permission"]);
        assert_eq!(api.get(&path).await.json()["phone"], json!(null));
    }

    async fn the_account_stands_at_an_address_of_its_own(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let mara = practice.add(PersonSpec::default()).await;
        let path = format!("/people/{}/emr-account", mara.id);
        let shown = api.get(&path).await.expect(200);
        assert_eq!((shown.header("etag"), &shown.json()["user_type"]), ("\"1\"", &json!("PT")));
        let patch = json!({"clinic_ids": [practice.clinics[0], practice.clinics[2]]});
        let saved = api.patch(&path, &patch).await.expect(200);
        assert_eq!(saved.header("etag"), "\"2\"");
        assert_eq!(saved.json()["clinic_ids"].as_array().map(Vec::len), Some(2));
        assert_problem(&api.delete(&format!("/people/{}", mara.id)).await, 405, "wrong_method");
    }

    async fn an_inactive_person_keeps_everything_but_access(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let mara = practice.add(PersonSpec::default()).await;
        let maras = practice.token("mharlow").await;
        practice.api(&maras).get("/me").await.expect(200);
        let path = format!("/people/{}", mara.id);
        let saved = api.patch(&path, &json!({"emr_account": {"status": "inactive"}})).await.expect(200).json();
        assert_eq!(saved["emr_account"]["inactive_reason"], "deactivated");
        assert!(saved["notices"][0].as_str().is_some_and(|n| n.contains("license stays")), "{saved}");
        practice.api(&maras).get("/me").await.expect(401);
        api.patch(&path, &json!({"emr_account": {"status": "active"}})).await.expect(200);
    }

    async fn placeholders_are_accepted_and_flagged(practice) {
        let token = practice.token("admin").await;
        let mut body = a_therapist(practice, "mharlow");
        body["npi"] = json!("9999999995");
        body["emr_account"]["license_number"] = json!("00000");
        let added = practice.api(&token).post("/people", &body).await.expect(201).json();
        assert_eq!(added["placeholders"], json!(["npi", "license_number"]));
    }

    async fn an_assistants_right_to_finish_notes_is_attested_and_dated(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let view = [Permission::ViewPatients];
        let someone = PersonSpec { user_type: UserType::PTA, permissions: Some(&view), ..PersonSpec::default() };
        let quill = practice.add(someone).await;
        let path = format!("/people/{}/emr-account", quill.id);
        let mut patch = json!({"permissions": ["view_patients", "finish_soap_notes"]});
        let answer = api.patch(&path, &patch).await.expect(422);
        assert_eq!(refused(&answer), ["finish_attested attestation_required", "permissions signature_required"]);
        practice.sign(&quill).await;
        let answer = api.patch(&path, &patch).await.expect(422);
        assert_eq!(refused(&answer), ["finish_attested attestation_required"]);
        patch["finish_attested"] = json!(true);
        let saved = api.patch(&path, &patch).await.expect(200).json();
        assert_eq!(
            (&saved["finish_attested"], &saved["finish_attested_at"]),
            (&json!(true), &json!("2026-03-02T12:00:00Z"))
        );
    }

    async fn only_support_changes_a_user_type_and_sees_first_what_breaks(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        let admin = practice.token("admin").await;
        let path = format!("/people/{}/emr-account", mara.id);
        let answer = practice.api(&admin).patch(&path, &json!({"user_type": "Clerical"})).await.expect(403);
        assert!(refused(&answer).contains(&"user_type support_only".to_owned()));
        let preview = format!("{path}/type-preview");
        let answer = practice.api(&admin).post(&preview, &json!({"user_type": "Clerical"})).await;
        assert_problem(&answer, 403, "support_only");

        practice.operator("helpdesk").await;
        let support = practice.token("helpdesk").await;
        let api = practice.api(&support).with("muster-organization", practice.organization.to_string());
        let seen = api.post(&preview, &json!({"user_type": "Clerical"})).await.expect(200).json();
        assert_eq!((&seen["from"], &seen["to"]), (&json!("PT"), &json!("Clerical")));
        assert_eq!(seen["pool"], json!({"from": "therapist", "to": "clerical"}));
        assert_eq!(seen["credentials_cleared"], true);
        let lost = json!(["start_soap_notes", "forward_soap_notes", "finish_soap_notes"]);
        assert_eq!(seen["permissions_lost"], lost);
        assert_eq!(seen["refused"], json!([]));
        let saved = api.patch(&path, &json!({"user_type": "Clerical"})).await.expect(200).json();
        assert_eq!(saved["user_type"], "Clerical");
        assert_eq!(saved["permissions"], json!(["view_patients", "edit_patients"]));
        let answer = api.post(&preview, &json!({"user_type": "MD"})).await.expect(422);
        assert_eq!(refused(&answer), ["user_type not_understood"]);
        let answer = api.post(&preview, &json!({})).await.expect(422);
        assert_eq!(refused(&answer), ["user_type required"]);
    }

    async fn a_sign_in_link_is_an_invitation_first_and_a_reset_later(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let mara = practice.add(PersonSpec::default()).await;
        let path = format!("/people/{}/sign-in-link", mara.id);
        let sent = api.send("POST", &path, None, "").await.expect(202).json();
        assert_eq!(sent, json!({"to": "mharlow@saco.example", "invitation": true}));
        practice.give_password(&mara).await;
        let sent = api.send("POST", &path, None, "").await.expect(202).json();
        assert_eq!(sent["invitation"], false);
        api.patch(&format!("/people/{}", mara.id), &json!({"emr_account": {"status": "inactive"}})).await.expect(200);
        let answer = api.send("POST", &path, None, "").await.expect(409);
        assert_eq!(refused(&answer), ["emr_account.status inactive_cannot_sign_in"]);
    }

    async fn sessions_are_listed_and_ended(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let mara = practice.add(PersonSpec::default()).await;
        practice.give_password(&mara).await;
        practice.session("mharlow").await;
        practice.session("mharlow").await;
        let path = format!("/people/{}/sessions", mara.id);
        let list = api.get(&path).await.expect(200).json();
        assert_eq!(list["total"], 2);
        let first = list["items"][0]["id"].as_str().unwrap();
        api.delete(&format!("{path}/{first}")).await.expect(204);
        api.delete(&format!("{path}/{first}")).await.expect(404);
        assert_eq!(api.get(&path).await.json()["total"], 1);
        api.delete(&path).await.expect(204);
        assert_eq!(api.get(&path).await.json()["total"], 0);
    }

    async fn the_history_tells_before_and_after_and_who(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let mara = practice.add(PersonSpec::default()).await;
        api.patch(&format!("/people/{}", mara.id), &json!({"phone": "207 555 0142"})).await.expect(200);
        let history = api.get(&format!("/people/{}/history", mara.id)).await.expect(200).json();
        let newest = &history["items"][0];
        assert_eq!((&newest["action"], &newest["effect"], &newest["channel"]), (&json!("person.updated"), &json!("done"), &json!("api")));
        assert_eq!(newest["detail"]["phone"], json!({"before": null, "after": "207 555 0142"}));
        assert_eq!(newest["actor"]["name"], "Ada Minton");
        assert_eq!(newest["subject"]["id"], json!(mara.id));
        assert_eq!(history["items"].as_array().map(Vec::len), Some(2));
    }
}
