//! Tokens: what they carry, and what sessions may do instead.

use jiff::SignedDuration;
use muster_app::Scope;
use muster_testkit::both_practices;
use muster_testkit::practice::PersonSpec;
use serde_json::json;

use crate::{a_therapist, assert_problem, refused};

both_practices! {
    async fn each_call_needs_its_scope_and_no_other(practice) {
        practice.add(PersonSpec::default()).await;
        let admin = practice.admin.id;
        let clinic = practice.clinics[0];
        practice.operator("helpdesk").await;
        let calls: Vec<(&str, String, serde_json::Value, Option<Scope>)> = vec![
            ("GET", "/me".into(), json!(null), None),
            ("GET", "/people".into(), json!(null), Some(Scope::PeopleRead)),
            ("GET", format!("/people/{admin}"), json!(null), Some(Scope::PeopleRead)),
            ("GET", format!("/people/{admin}/emr-account"), json!(null), Some(Scope::PeopleRead)),
            ("GET", "/clinics".into(), json!(null), Some(Scope::PeopleRead)),
            ("GET", format!("/clinics/{clinic}"), json!(null), Some(Scope::PeopleRead)),
            ("POST", "/people".into(), a_therapist(practice, "new"), Some(Scope::PeopleWrite)),
            ("POST", "/people".into(), json!({"first_name": 1}), Some(Scope::PeopleWrite)),
            ("PATCH", format!("/people/{admin}"), json!({"phone": null}), Some(Scope::PeopleWrite)),
            ("POST", "/clinics".into(), json!({"name": "Biddeford"}), Some(Scope::PeopleWrite)),
            ("POST", format!("/people/{admin}/sign-in-link"), json!({}), Some(Scope::PeopleWrite)),
            ("GET", format!("/people/{admin}/sessions"), json!(null), Some(Scope::Admin)),
            ("DELETE", format!("/people/{admin}/sessions"), json!(null), Some(Scope::Admin)),
            ("GET", "/tokens".into(), json!(null), Some(Scope::Admin)),
            ("POST", "/tokens".into(), json!({"name": "x", "scopes": ["admin"]}), Some(Scope::Admin)),
            ("GET", format!("/people/{admin}/history"), json!(null), Some(Scope::AuditRead)),
            ("GET", "/audit-events".into(), json!(null), Some(Scope::AuditRead)),
            ("GET", "/license-pools".into(), json!(null), Some(Scope::Licenses)),
            ("PUT", format!("/license-pools/{clinic}/student"), json!({"total": 1}), Some(Scope::Licenses)),
        ];
        for (method, path, body, needed) in calls {
            let others: Vec<Scope> = Scope::ALL.iter().copied().filter(|s| Some(*s) != needed).collect();
            let token = practice.token_with("admin", &others).await;
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let answer = practice.api(&token).send(method, &path, Some("application/json"), body.clone()).await;
            if let Some(scope) = needed {
                assert_problem(&answer, 403, "scope_missing");
                let only: Vec<Scope> = vec![scope];
                let token = practice.token_with("admin", &only).await;
                let answer = practice.api(&token).send(method, &path, Some("application/json"), body).await;
                assert_ne!(answer.json()["code"], "scope_missing", "{method} {path}");
            } else {
                answer.expect(200);
            }
        }
    }

    async fn a_token_is_shown_once_works_and_can_be_revoked(practice) {
        let admin = practice.token("admin").await;
        let api = practice.api(&admin);
        let body = json!({"name": "Nightly sync", "scopes": ["people:read", "people:read"], "expires_in_days": 30});
        let made = api.post("/tokens", &body).await.expect(201);
        let (id, secret) = (made.json()["id"].clone(), made.json()["token"].as_str().unwrap().to_owned());
        assert_eq!(made.header("location"), format!("/api/v1/tokens/{}", id.as_str().unwrap()));
        assert_eq!((&made.json()["scopes"], &made.json()["expires_at"]), (&json!(["people:read"]), &json!("2026-04-01T12:00:00Z")));
        practice.api(&secret).get("/people").await.expect(200);
        let list = api.get("/tokens").await.expect(200);
        assert!(!list.text().contains(&secret));
        assert_eq!(list.json()["total"], 2);
        let path = format!("/tokens/{}", id.as_str().unwrap());
        let mine = practice.add(PersonSpec::default()).await;
        let other = practice.token(&mine.username).await;
        assert_problem(&practice.api(&other).delete(&path).await, 404, "not_found");
        api.delete(&path).await.expect(204);
        assert_problem(&practice.api(&secret).get("/people").await, 401, "not_signed_in");
        api.delete(&path).await.expect(404);
    }

    async fn a_token_runs_out(practice) {
        let admin = practice.token("admin").await;
        let body = json!({"name": "Short", "scopes": ["people:read"], "expires_in_days": 1});
        let secret = practice.api(&admin).post("/tokens", &body).await.expect(201).json()["token"].as_str().unwrap().to_owned();
        practice.clock.advance(SignedDuration::from_hours(23));
        practice.api(&secret).get("/me").await.expect(200);
        practice.clock.advance(SignedDuration::from_hours(1));
        practice.api(&secret).get("/me").await.expect(401);
    }

    async fn a_token_cannot_make_one_that_may_do_more(practice) {
        let token = practice.token_with("admin", &[Scope::Admin, Scope::PeopleRead]).await;
        let api = practice.api(&token);
        let more = json!({"name": "More", "scopes": ["people:read", "people:write"]});
        assert_problem(&api.post("/tokens", &more).await, 403, "scope_missing");
        api.post("/tokens", &json!({"name": "Less", "scopes": ["people:read"]})).await.expect(201);
        let answer = api.post("/tokens", &json!({"name": "", "scopes": ["fly"], "expires_in_days": 0})).await.expect(422);
        assert_eq!(refused(&answer), ["expires_in_days number_out_of_range", "name required", "scopes not_understood"]);
        let answer = api.post("/tokens", &json!({})).await.expect(422);
        assert_eq!(refused(&answer), ["name required", "scopes required"]);
    }

    async fn worthless_credentials_are_all_the_same(practice) {
        for value in ["Bearer nonsense", "Bearer", "Basic YTpi", "muster_x", ""] {
            let answer = practice.api("").with("authorization", value).get("/me").await;
            assert_problem(&answer, 401, "not_signed_in");
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"muster\"");
        }
    }

    async fn who_am_i(practice) {
        let (manager, token) = crate::a_clinic_manager(practice).await;
        let me = practice.api(&token).get("/me").await.expect(200).json();
        assert_eq!((&me["kind"], &me["id"], &me["name"]), (&json!("person"), &json!(manager.id), &json!("Manager Harlow")));
        assert_eq!(me["permissions"], json!(["view_patients", "edit_patients", "view_users", "edit_users"]));
        assert_eq!((&me["all_clinics"], &me["clinic_ids"]), (&json!(false), &json!([practice.clinics[0]])));
        assert_eq!(me["organization"]["name"], "Saco Rehab");
        assert_eq!(me["scopes"].as_array().map(Vec::len), Some(Scope::ALL.len()));
    }

    async fn a_page_of_this_site_may_use_the_session_and_others_may_not(practice) {
        let cookie = format!("muster_session={}", practice.session("admin").await);
        let nobody = practice.api("").with("cookie", cookie);
        let me = nobody.get("/me").await.expect(200).json();
        assert_eq!(me["scopes"], json!(null));
        let clinic = json!({"name": "Biddeford"});
        let evil = [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")];
        for (header, value) in evil {
            nobody.clone().with(header, value).post("/clinics", &clinic).await.expect(401);
        }
        nobody.clone().with("sec-fetch-site", "same-origin").post("/clinics", &clinic).await.expect(201);
        practice.clock.advance(SignedDuration::from_mins(16));
        assert_problem(&nobody.get("/me").await, 401, "session_locked");
    }
}
