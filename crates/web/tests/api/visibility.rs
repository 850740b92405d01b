//! What a clinic's manager may not know of does not exist: in no list, count, search, filter or address.

use muster_testkit::both_practices;
use muster_testkit::practice::Someone;
use serde_json::json;

use crate::{a_clinic_manager, a_stranger, assert_problem};

both_practices! {
    async fn someone_of_another_clinic_is_not_there(practice) {
        let (_, token) = a_clinic_manager(practice).await;
        let stranger = a_stranger(practice).await;
        let api = practice.api(&token);
        let path = format!("/people/{}", stranger.id);
        let nobody = "/people/0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001";
        for path in [path.as_str(), nobody, "/people/not-an-id", "/people/%FF"] {
            for answer in [
                api.get(path).await,
                api.get(&format!("{path}/emr-account")).await,
                api.get(&format!("{path}/sessions")).await,
                api.get(&format!("{path}/history")).await,
                api.patch(path, &json!({"phone": "207 555 0142"})).await,
                api.patch(path, &json!({"phone": 5})).await,
                api.patch(&format!("{path}/emr-account"), &json!({"status": "inactive"})).await,
                api.send("POST", &format!("{path}/sign-in-link"), None, "").await,
                api.delete(&format!("{path}/sessions")).await,
                api.delete(&format!("{path}/sessions/0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001")).await,
            ] {
                assert_problem(&answer, 404, "not_found");
            }
        }
        let stale = api.clone().with("if-match", "\"99\"").patch(&path, &json!({"phone": null})).await;
        assert_problem(&stale, 404, "not_found");
    }

    async fn lists_searches_filters_and_counts_leave_them_out(practice) {
        let (_, token) = a_clinic_manager(practice).await;
        let stranger = a_stranger(practice).await;
        let api = practice.api(&token);
        let all = api.get("/people").await.expect(200);
        assert!(!all.text().contains("stranger"));
        // The admin works in the first clinic too.
        assert_eq!(all.json()["total"], 2);
        let wells = practice.clinics[1];
        for query in ["q=stranger", "q=stranger@saco.example", &format!("clinic_id={wells}"), "user_type=PT"] {
            let list = api.get(&format!("/people?{query}")).await.expect(200).json();
            assert_eq!((&list["total"], &list["items"]), (&json!(0), &json!([])), "{query}");
        }
        let audit = api.get("/audit-events").await.expect(200).text();
        assert!(!audit.contains(&stranger.id.to_string()), "{audit}");
        let about = api.get(&format!("/audit-events?subject_id={}", stranger.id)).await.expect(200).json();
        assert_eq!(about["items"], json!([]));
    }

    async fn clinics_and_pools_out_of_reach_are_not_there(practice) {
        let (_, token) = a_clinic_manager(practice).await;
        let api = practice.api(&token);
        let clinics = api.get("/clinics").await.expect(200).json();
        assert_eq!((&clinics["total"], &clinics["items"][0]["name"]), (&json!(1), &json!("Saco")));
        let wells = practice.clinics[1];
        assert_problem(&api.get(&format!("/clinics/{wells}")).await, 404, "not_found");
        assert_problem(&api.patch(&format!("/clinics/{wells}"), &json!({"name": "X"})).await, 404, "not_found");
        let pools = api.get("/licence-pools").await.expect(200).json();
        assert_eq!(pools["total"], 4);
        assert_eq!(api.get(&format!("/licence-pools?clinic_id={wells}")).await.json()["total"], 0);
    }

    async fn a_shared_persons_other_clinics_are_only_counted(practice) {
        let (_, token) = a_clinic_manager(practice).await;
        let [_, wells, _] = practice.clinics[..] else { panic!("three clinics") };
        let both = practice.add(Someone {
            username: "both", clinics: &[wells, practice.clinics[0]], ..Default::default()
        }).await;
        let shown = practice.api(&token).get(&format!("/people/{}", both.id)).await.expect(200);
        assert!(!shown.text().contains(&wells.to_string()), "{}", shown.text());
        let account = &shown.json()["emr_account"];
        assert_eq!(
            (&account["default_clinic_id"], &account["clinic_ids"], &account["hidden_clinics"]),
            (&json!(null), &json!([practice.clinics[0]]), &json!(1))
        );
    }

    async fn without_view_users_one_sees_oneself_only(practice) {
        let mara = practice.add(Someone::default()).await;
        let token = practice.token("mharlow").await;
        let api = practice.api(&token);
        api.get(&format!("/people/{}", mara.id)).await.expect(200);
        assert_problem(&api.get(&format!("/people/{}", practice.admin.id)).await, 404, "not_found");
        assert_problem(&api.get("/people").await, 403, "not_allowed");
        assert_problem(&api.get("/licence-pools").await, 403, "not_allowed");
        assert_problem(&api.get("/audit-events").await, 403, "not_allowed");
        let own = api.get(&format!("/audit-events?subject_id={}", mara.id)).await.expect(200).json();
        assert!(own["items"].as_array().is_some_and(|i| !i.is_empty()));
    }
}
