//! Bodies nobody should send.

use muster_testkit::both_practices;
use muster_testkit::practice::PersonSpec;
use serde_json::{Value, json};

use crate::{a_therapist, assert_problem, refused};

both_practices! {
    async fn a_body_that_cannot_be_read_is_told_so(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let json_ = Some("application/json");
        let deep = format!("{}{}", "{\"a\":".repeat(200), "1".to_owned() + &"}".repeat(200));
        for body in ["", "{", "{\"a\":1,}", "\u{feff}{}", "nope", "{\"a\":\"\\ud800\"}", deep.as_str()] {
            assert_problem(&api.send("POST", "/people", json_, body.to_owned()).await, 400, "malformed_json");
        }
        assert_problem(&api.send("POST", "/people", json_, vec![b'{', 0xff, b'}']).await, 400, "malformed_json");
        for body in ["[]", "null", "1", "\"x\"", "true"] {
            assert_problem(&api.send("POST", "/people", json_, body).await, 422, "wrong_type");
        }
        for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonp")] {
            assert_problem(&api.send("POST", "/people", kind, "{}").await, 415, "wrong_content_type");
        }
        let large = json!({"first_name": "x".repeat(1024 * 1024)}).to_string();
        assert_problem(&api.send("POST", "/people", json_, large).await, 413, "too_large");
    }

    async fn every_fault_of_form_is_told_together_with_what_the_rest_means(practice) {
        let token = practice.token("admin").await;
        let body = json!({
            "id": 1, "color": "red", "first_name": 5, "last_name": null, "username": "a b", "email": [],
            "npi": "1", "send_invitation": "yes",
            "emr_account": {"clinic_ids": "all", "permissions": [1], "status": false, "inactive_reason": "x", "shoe": 1},
        });
        let answer = practice.api(&token).post("/people", &body).await.expect(422);
        assert_eq!(refused(&answer), [
            "color unknown_field",
            "email wrong_type",
            "emr_account.clinic_ids wrong_type",
            "emr_account.inactive_reason read_only_field",
            "emr_account.license_number license_required",
            "emr_account.permissions wrong_type",
            "emr_account.shoe unknown_field",
            "emr_account.status wrong_type",
            "first_name wrong_type",
            "id read_only_field",
            "last_name wrong_type",
            "npi npi_invalid",
            "send_invitation wrong_type",
            "username username_invalid",
        ]);
        let sentence = "email must be text or null.";
        assert!(answer.json()["errors"].as_array().unwrap().iter().any(|e| e["message"] == sentence), "{}", answer.text());
        let account = practice.api(&token).post("/people", &json!({"emr_account": []})).await.expect(422);
        assert!(refused(&account).contains(&"emr_account wrong_type".to_owned()));
    }

    async fn whoever_may_not_is_told_so_even_when_the_form_is_wrong(practice) {
        practice.add(PersonSpec::default()).await;
        let token = practice.token("mharlow").await;
        let answer = practice.api(&token).post("/people", &json!({"first_name": 5})).await.expect(403);
        assert!(refused(&answer).contains(&" not_allowed".to_owned()), "{}", answer.text());
    }

    async fn awkward_values_are_refused_or_kept_and_never_a_fault_of_ours(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let mara = practice.add(PersonSpec::default()).await;
        let path = format!("/people/{}", mara.id);
        let awkward = [
            json!(""), json!(" "), json!("\u{0}"), json!("a\u{0}b"), json!("\u{202e}x"), json!("x".repeat(300)),
            json!("x".repeat(20_000)), json!("😀"), json!("<script>"), json!("'; DROP TABLE people; --"), json!(-1),
            json!(1e300), json!(18_446_744_073_709_551_615_u64), json!([]), json!({}), json!(null), json!(true),
        ];
        let person = ["first_name", "last_name", "full_name", "previous_names", "email", "phone", "npi", "username", "emr_account"];
        let emr = [
            "user_type", "status", "default_clinic_id", "clinic_ids", "permissions", "license_number", "license_state",
            "license_expires_on", "finish_attested",
        ];
        for value in &awkward {
            for field in person {
                let answer = api.patch(&path, &json!({field: value})).await;
                assert!(matches!(answer.status, 200 | 403 | 409 | 422), "{field} {value}: {}", answer.text());
            }
            for field in emr {
                let answer = api.patch(&path, &json!({"emr_account": {field: value}})).await;
                assert!(matches!(answer.status, 200 | 403 | 409 | 422), "{field} {value}: {}", answer.text());
                let mut body = a_therapist(practice, "candidate");
                body["emr_account"][field] = value.clone();
                body["send_invitation"] = json!(false);
                let answer = api.post("/people", &body).await;
                assert!(matches!(answer.status, 201 | 403 | 409 | 422), "{field} {value}: {}", answer.text());
            }
            let places: [(&str, &str, &[&str]); 4] = [
                ("POST", "/clinics", &["name"]),
                ("POST", "/tokens", &["name", "scopes", "expires_in_days"]),
                ("PATCH", &format!("/clinics/{}", practice.clinics[2]), &["name", "status", "assistants_may_finish"]),
                ("PATCH", &format!("/organizations/{}", practice.organization),
                    &["name", "time_zone", "password_preset", "password_expiry_days", "idle_minutes"]),
            ];
            for (method, path, fields) in places {
                for field in fields {
                    let answer = api.send(method, path, Some("application/json"), json!({*field: value}).to_string()).await;
                    assert!(answer.status < 500, "{method} {path} {field} {value}: {}", answer.text());
                }
            }
        }
        // Whatever was kept reads back.
        api.get("/people").await.expect(200);
    }

    async fn a_flood_of_nonsense_is_answered_briefly(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let unknown: serde_json::Map<String, Value> = (0..50_000).map(|n| (format!("f{n}"), json!(1))).collect();
        let answer = api.post("/people", &Value::Object(unknown)).await.expect(422);
        assert!(answer.body.len() < 60_000, "{}", answer.body.len());
        let codes: Vec<String> = (0..80_000).map(|n| n.to_string()).collect();
        let mut body = a_therapist(practice, "candidate");
        body["emr_account"]["permissions"] = json!(codes);
        assert_eq!(refused(&api.post("/people", &body).await.expect(422)), ["emr_account.permissions wrong_type"]);
        let many = (0..500).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
        assert!(api.get(&format!("/people?{many}")).await.expect(422).body.len() < 60_000);
    }
}
