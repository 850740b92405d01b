//! Copying access from colleagues.

use muster_domain::emr::{Permission, UserType};
use muster_testkit::both_practices;
use muster_testkit::practice::PersonSpec;
use serde_json::json;

use crate::{a_clinic_manager, a_stranger, assert_problem, refused};

both_practices! {
    async fn access_is_previewed_then_copied_and_what_is_left_out_is_said(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let view = [Permission::ViewPatients];
        let target = practice.add(PersonSpec { username: "target", permissions: Some(&view), ..PersonSpec::default() }).await;
        let [saco, wells, york] = practice.clinics[..] else { panic!("three clinics") };
        let source = practice.add(PersonSpec { username: "source", clinics: &[saco, wells, york],
            permissions: Some(&[Permission::ViewPatients, Permission::ViewUsers, Permission::StartSoapNotes]), ..PersonSpec::default() }).await;
        let other = practice.add(PersonSpec { username: "other", user_type: UserType::Clerical,
            permissions: Some(&[Permission::AnalyticsAccess]), ..PersonSpec::default() }).await;
        api.patch(&format!("/clinics/{york}"), &json!({"status": "inactive"})).await.expect(200);
        let path = format!("/people/{}/copy-from", target.id);
        let ids = json!([source.id, other.id]);
        let tried = api.post(&path, &json!({"source_ids": ids, "preview": true})).await.expect(200);
        assert_eq!(tried.json()["added_permissions"], json!(["view_users", "analytics_access"]));
        assert_eq!(tried.json()["added_clinics"], json!([wells]));
        let skipped = tried.json()["skipped"].clone();
        assert_eq!((&skipped[0]["what"], &skipped[0]["value"], &skipped[0]["code"]),
            (&json!("permission"), &json!("start_soap_notes"), &json!("soap_never_copied")));
        assert_eq!((&skipped[1]["what"], &skipped[1]["value"], &skipped[1]["code"]),
            (&json!("clinic"), &json!(york), &json!("clinic_inactive")));
        let before = api.get(&format!("/people/{}", target.id)).await.json();
        assert_eq!(before["emr_account"]["permissions"], json!(["view_patients"]));

        let stale = api.clone().with("if-match", "\"99\"");
        assert_problem(&stale.post(&path, &json!({"source_ids": ids})).await, 412, "someone_saved_first");
        let done = api.post(&path, &json!({"source_ids": ids})).await.expect(200);
        assert_eq!(done.json()["added_permissions"], tried.json()["added_permissions"]);
        let after = api.get(&format!("/people/{}", target.id)).await.expect(200);
        assert_eq!(after.json()["emr_account"]["permissions"], json!(["view_patients", "view_users", "analytics_access"]));
        assert_eq!(done.header("etag"), after.header("etag"));
        let again = api.post(&path, &json!({"source_ids": ids})).await.expect(200).json();
        assert_eq!((&again["added_permissions"], &again["added_clinics"]), (&json!([]), &json!([])));
        let actions = api.get("/audit-events?limit=2").await.json();
        assert_eq!((&actions["items"][0]["action"], &actions["items"][1]["action"]),
            (&json!("emr_account.access_copied"), &json!("person.updated")));
    }

    async fn nobody_copies_from_or_to_those_they_may_not_know_or_change(practice) {
        let (_, token) = a_clinic_manager(practice).await;
        let stranger = a_stranger(practice).await;
        let mara = practice.add(PersonSpec { permissions: Some(&[Permission::ViewPatients]), ..PersonSpec::default() }).await;
        let api = practice.api(&token);
        let path = format!("/people/{}/copy-from", mara.id);
        let nobody = "0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001";
        for preview in [true, false] {
            for unknown in [json!(stranger.id), json!(nobody)] {
                let answer = api.post(&path, &json!({"source_ids": [unknown], "preview": preview})).await.expect(403);
                assert_eq!(refused(&answer), ["source_ids not_found"]);
            }
            for none in [json!([]), json!([mara.id])] {
                let answer = api.post(&path, &json!({"source_ids": none, "preview": preview})).await.expect(422);
                assert_eq!(refused(&answer), ["source_ids required"]);
            }
            let body = json!({"source_ids": [mara.id], "preview": preview});
            assert_problem(&api.post(&format!("/people/{}/copy-from", stranger.id), &body).await, 404, "not_found");
            assert_problem(&api.post(&format!("/people/{}/copy-from", practice.admin.id), &body).await, 403, "holds_more_than_you");
        }
        let boss = api.post(&path, &json!({"source_ids": [practice.admin.id], "preview": true})).await.expect(200).json();
        assert!(boss["skipped"].as_array().unwrap().iter().any(|s| s["code"] == "permission_not_held_by_you"), "{boss}");
    }
}
