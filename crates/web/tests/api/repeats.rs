//! Requests sent again after a connection broke.

use muster_testkit::both_practices;
use muster_testkit::practice::PersonSpec;
use serde_json::json;

use crate::{a_therapist, assert_problem};

both_practices! {
    async fn the_same_request_with_the_same_key_creates_one_person(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token).with("idempotency-key", "import-7/row 12");
        let body = a_therapist(practice, "mharlow");
        let first = api.post("/people", &body).await.expect(201);
        let again = api.post("/people", &body).await.expect(201);
        assert_eq!(first.json()["id"], again.json()["id"]);
        assert_eq!(first.header("location"), again.header("location"));
        assert_eq!(practice.messages().await.len(), 1, "one invitation");
        let other = a_therapist(practice, "other");
        assert_problem(&api.post("/people", &other).await, 422, "idempotency_key_reused");
        // Someone else's keys are their own.
        crate::a_clinic_manager(practice).await;
        let theirs = practice.token("manager").await;
        practice.api(&theirs).with("idempotency-key", "import-7/row 12").post("/people", &other).await.expect(201);
    }

    async fn sent_twice_at_once_it_still_creates_one(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token).with("idempotency-key", "k");
        let body = a_therapist(practice, "mharlow");
        let (a, b) = tokio::join!(api.post("/people", &body), api.post("/people", &body));
        assert_eq!((a.status, b.status), (201, 201), "{} {}", a.text(), b.text());
        assert_eq!(a.json()["id"], b.json()["id"]);
    }

    async fn a_refused_request_keeps_no_key(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token).with("idempotency-key", "k");
        let mut body = a_therapist(practice, "mharlow");
        body["email"] = json!("nope");
        api.post("/people", &body).await.expect(422);
        body["email"] = json!("mharlow@saco.example");
        api.post("/people", &body).await.expect(201);
    }

    async fn clinics_are_created_once_too_and_a_key_is_for_one_address(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token).with("idempotency-key", "k");
        let first = api.post("/clinics", &json!({"name": "Biddeford"})).await.expect(201);
        let again = api.post("/clinics", &json!({"name": "Biddeford"})).await.expect(201);
        assert_eq!(first.json()["id"], again.json()["id"]);
        assert_problem(&api.post("/people", &json!({"name": "Biddeford", "first_name": "x"})).await, 422, "unknown_field");
        assert_problem(&api.post("/people", &a_therapist(practice, "m2")).await, 422, "idempotency_key_reused");
    }

    async fn a_token_is_made_once_and_its_secret_shown_once(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token).with("idempotency-key", "k");
        let body = json!({"name": "Nightly sync", "scopes": ["people:read"]});
        api.post("/tokens", &body).await.expect(201);
        let again = api.post("/tokens", &body).await;
        assert_problem(&again, 422, "token_shown_before");
        assert!(!again.text().contains("muster_"), "{}", again.text());
        let made = practice.api(&token).get("/tokens").await.expect(200).json();
        assert_eq!(made["items"].as_array().unwrap().iter().filter(|t| t["name"] == "Nightly sync").count(), 1);
    }

    async fn a_license_is_added_once(practice) {
        let mara = practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        let token = practice.token("admin").await;
        let api = practice.api(&token).with("idempotency-key", "k");
        let (path, body) = (format!("/people/{}/professional-licenses", mara.id), json!({"number": "PT 77", "state": "NH"}));
        let (first, again) = (api.post(&path, &body).await.expect(201), api.post(&path, &body).await.expect(201));
        assert_eq!((first.json(), first.header("location")), (again.json(), again.header("location")));
        let all = api.get(&path).await.expect(200).json();
        assert_eq!(all["items"].as_array().unwrap().iter().filter(|l| l["number"] == "PT 77").count(), 1, "{all}");
        // Its place may be given to another one, which is not what the request made.
        let place = first.json()["id"].as_i64().expect("a place");
        let corrected = practice.api(&token).patch(&format!("{path}/{place}"), &json!({"number": "PT 79"})).await.expect(200);
        assert_eq!(api.post(&path, &body).await.expect(201).json(), corrected.json(), "what it made, as it is now");
        api.delete(&format!("{path}/{place}")).await.expect(204);
        // Nor is it made again.
        assert_problem(&api.post(&path, &body).await, 404, "not_found");
        let other = practice.api(&token).post(&path, &json!({"number": "PT 78", "state": "NH"})).await.expect(201).json();
        assert_eq!(other["id"], place);
        assert_problem(&api.post(&path, &body).await, 404, "not_found");
    }

    async fn a_key_has_at_most_two_hundred_characters(practice) {
        let token = practice.token("admin").await;
        let body = a_therapist(practice, "mharlow");
        for (key, code) in [("k".repeat(201), "too_long"), (" ".to_owned(), "wrong_type")] {
            let answer = practice.api(&token).with("idempotency-key", key).post("/people", &body).await;
            assert_problem(&answer, 422, code);
        }
        practice.api(&token).with("idempotency-key", "k".repeat(200)).post("/people", &body).await.expect(201);
    }
}
