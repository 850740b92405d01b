//! The practice itself: settings, clinics, license pools.

use muster_testkit::both_practices;
use muster_testkit::practice::PersonSpec;
use serde_json::{Value, json};

use crate::{a_clinic_manager, assert_problem, refused};

both_practices! {
    async fn settings_are_read_and_changed_by_a_company_admin(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let path = format!("/organizations/{}", practice.organization);
        let shown = api.get(&path).await.expect(200).json();
        assert_eq!((&shown["name"], &shown["time_zone"]), (&json!("Saco Rehab"), &json!("America/New_York")));
        assert_eq!((&shown["password_preset"], &shown["password_expiry_days"], &shown["idle_minutes"]),
            (&json!("seed"), &json!(null), &json!(15)));
        let patch = json!({"password_preset": "nist-800-63b", "password_expiry_days": 90, "idle_minutes": 30});
        let saved = api.patch(&path, &patch).await.expect(200).json();
        assert_eq!((&saved["password_preset"], &saved["password_expiry_days"]), (&json!("nist-800-63b"), &json!(90)));
        let saved = api.patch(&path, &json!({"password_expiry_days": null})).await.expect(200).json();
        assert_eq!((&saved["password_expiry_days"], &saved["idle_minutes"]), (&json!(null), &json!(30)));
        let wrong = json!({"name": "", "time_zone": "Mars", "password_preset": "x", "password_expiry_days": 31, "idle_minutes": 0});
        assert_eq!(refused(&api.patch(&path, &wrong).await.expect(422)), [
            "idle_minutes number_out_of_range", "name required", "password_expiry_days number_out_of_range",
            "password_preset not_understood", "time_zone time_zone_unknown",
        ]);
        let (_, manager) = a_clinic_manager(practice).await;
        assert_problem(&practice.api(&manager).patch(&path, &json!({"idle_minutes": 5})).await, 403, "not_allowed");
    }

    async fn clinics_come_whole_or_page_by_page_and_by_a_part_of_their_name(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let names = |page: &Value| -> Vec<String> {
            let items = page["items"].as_array().unwrap().iter();
            items.map(|c| c["name"].as_str().unwrap().to_owned()).collect()
        };
        let all = api.get("/clinics").await.expect(200).json();
        assert_eq!((names(&all), &all["next"], &all["total"]), (vec!["Saco".into(), "Wells".into(), "York".into()], &Value::Null, &json!(3)));
        let first = api.get("/clinics?limit=2").await.expect(200).json();
        assert_eq!((names(&first), &first["total"]), (vec!["Saco".into(), "Wells".into()], &json!(3)));
        let next = first["next"].as_str().unwrap();
        let second = api.get(&format!("/clinics?limit=2&after={next}")).await.expect(200).json();
        assert_eq!((names(&second), &second["next"]), (vec!["York".into()], &Value::Null));
        let found = api.get("/clinics?q=%20WELL").await.expect(200).json();
        assert_eq!((names(&found), &found["total"]), (vec!["Wells".into()], &json!(1)));
        for wrong in ["limit=0", "limit=201", "limit=x", "after=x"] {
            api.get(&format!("/clinics?{wrong}")).await.expect(422);
        }
        // Whoever works in one clinic finds, and counts, only that.
        let clerk = practice.add(PersonSpec { username: "clerk", clinics: &practice.clinics[2..], ..PersonSpec::default() }).await;
        let token = practice.token(&clerk.username).await;
        let hers = practice.api(&token).get("/clinics?q=s&limit=5").await.expect(200).json();
        assert_eq!((names(&hers), &hers["total"]), (vec![], &json!(0)));
    }

    async fn clinics_are_added_renamed_and_closed(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let made = api.post("/clinics", &json!({"name": "Biddeford"})).await.expect(201);
        let path = made.header("location").trim_start_matches("/api/v1").to_owned();
        assert_eq!((&made.json()["status"], &made.json()["assistants_may_finish"]), (&json!("active"), &json!(true)));
        assert_eq!(refused(&api.post("/clinics", &json!({"name": "biddeford"})).await.expect(409)), ["name name_taken"]);
        assert_eq!(refused(&api.post("/clinics", &json!({})).await.expect(422)), ["name required"]);
        let saved = api.patch(&path, &json!({"name": "Biddeford Pool", "status": "inactive"})).await.expect(200).json();
        assert_eq!((&saved["name"], &saved["status"]), (&json!("Biddeford Pool"), &json!("inactive")));
        assert_eq!(refused(&api.patch(&path, &json!({"city": "Saco"})).await.expect(422)), ["city read_only_field"]);
        let saco = format!("/clinics/{}", practice.clinics[0]);
        let answer = api.patch(&saco, &json!({"status": "inactive"})).await.expect(409);
        assert_eq!(refused(&answer), ["status clinic_is_a_default"]);
        let (_, manager) = a_clinic_manager(practice).await;
        assert_problem(&practice.api(&manager).post("/clinics", &json!({"name": "X"})).await, 403, "not_allowed");
        assert_problem(&practice.api(&manager).patch(&saco, &json!({"name": "X"})).await, 403, "not_allowed");
    }

    async fn pools_show_what_is_left_and_only_support_sets_totals(practice) {
        let saco = practice.clinics[0];
        practice.add(PersonSpec::default()).await;
        let admin = practice.token("admin").await;
        let path = format!("/license-pools/{saco}/therapist");
        let answer = practice.api(&admin).put(&path, &json!({"total": 3})).await;
        assert_problem(&answer, 403, "support_only");
        practice.operator("helpdesk").await;
        let token = practice.token("helpdesk").await;
        let api = practice.api(&token).with("muster-organization", practice.organization.to_string());
        let pool = api.put(&path, &json!({"total": 3, "note": "As agreed by phone"})).await.expect(200).json();
        assert_eq!(pool, json!({"clinic_id": saco, "group": "therapist", "total": 3, "assigned": 1, "available": 2}));
        let listed = practice.api(&admin).get(&format!("/license-pools?clinic_id={saco}&group=therapist")).await.json();
        assert_eq!(listed["items"], json!([pool]));
        let clerical = practice.api(&admin).get("/license-pools?group=clerical").await.json();
        assert_eq!((&clerical["total"], &clerical["items"][0]["available"]), (&json!(3), &json!(null)));
        for (path, body, status, code) in [
            (path.as_str(), json!({"total": 0}), 409, "total_below_assigned"),
            (path.as_str(), json!({"total": -1}), 422, "number_out_of_range"),
            (path.as_str(), json!({"total": "3"}), 422, "wrong_type"),
            (path.as_str(), json!({}), 422, "required"),
            (path.as_str(), json!({"total": 3, "note": "a\u{0}b"}), 422, "unprintable_characters"),
            (path.as_str(), json!({"total": 3, "note": "x".repeat(501)}), 422, "too_long"),
            (&format!("/license-pools/{saco}/clerical"), json!({"total": 3}), 422, "pool_always_unlimited"),
            (&format!("/license-pools/{saco}/wizards"), json!({"total": 3}), 404, "not_found"),
            ("/license-pools/0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001/student", json!({"total": 3}), 404, "not_found"),
        ] {
            assert_problem(&api.put(path, &body).await, status, code);
        }
        assert_eq!(refused(&api.get("/license-pools?group=x").await.expect(422)), ["group wrong_type"]);
    }
}
