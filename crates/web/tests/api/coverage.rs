//! Tests nobody can forget to extend: every route is asked without credentials, and every one that changes something
//! leaves a record.

use axum::body::Body;
use axum::http::Request;
use muster_testkit::both_practices;
use muster_testkit::practice::{Answer, Practice};
use muster_web::{ROUTES, Route, Who};
use serde_json::{Value, json};

use crate::assert_problem;
use crate::routes_table::{ADMIN, CHANGES_NOTHING, Case, SETS_UP, Senders, page_cases, program_cases};

/// What the routes that anybody may call answer when they are sent nothing and the parameters name nothing: the status, and
/// a part of the body (empty = no body at all).
const WITHOUT_CREDENTIALS: &[(&str, &str, u16, &str)] = &[
    ("get", "/healthz", 200, "ok"),
    ("get", "/readyz", 200, "ready"),
    ("get", "/assets/{hash}/{name}", 404, ""),
    ("get", "/setup/{token}", 404, "This link no longer works"),
    ("post", "/setup/{token}", 403, STALE_FORM),
    ("get", "/sign-in", 200, "<title>Sign in"),
    ("post", "/sign-in", 403, STALE_FORM),
    ("get", "/sign-out", 303, ""),
    ("post", "/sign-out", 303, ""),
    ("get", "/unlock", 303, ""),
    ("post", "/unlock", 403, STALE_FORM),
    ("get", "/reset-password", 200, "We send a link to the email of your account."),
    ("post", "/reset-password", 403, STALE_FORM),
    ("get", "/reset-password/{token}", 404, "This link no longer works"),
    ("post", "/reset-password/{token}", 403, STALE_FORM),
    ("get", "/invitation/{token}", 404, "This link no longer works"),
    ("post", "/invitation/{token}", 403, STALE_FORM),
    ("post", "/password-check", 200, "Strength: "),
    ("get", "/api/docs", 200, "<h1>"),
    ("get", "/api/v1/openapi.json", 200, "\"openapi\": \"3.1"),
];
const STALE_FORM: &str = "This form is no longer valid";

fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| if part.starts_with('{') { "0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

async fn ask(practice: &Practice, route: &Route) -> Answer {
    let request = Request::builder().method(route.method.to_uppercase().as_str()).uri(filled(route.path));
    practice.call(request.body(Body::empty()).expect("a request")).await
}

fn assert_open(route: &Route, answer: &Answer) {
    let found = WITHOUT_CREDENTIALS.iter().find(|row| (row.0, row.1) == (route.method, route.path));
    let (_, _, status, text) = found.unwrap_or_else(|| panic!("{route:?} has no line in WITHOUT_CREDENTIALS"));
    let body = answer.text();
    let as_expected = if text.is_empty() { body.is_empty() } else { body.contains(text) };
    assert!(answer.status == *status && as_expected, "{route:?}: {} {body}", answer.status);
    if *status == 303 {
        assert!(answer.header("location").starts_with("/sign-in"), "{route:?}: {:?}", answer.headers);
    }
}

/// Number and action of the newest audit record.
async fn newest(practice: &Practice, token: &str) -> (i64, Value) {
    let list = practice.api(token).get("/audit-events?limit=1").await.expect(200).json();
    (list["items"][0]["seq"].as_i64().unwrap_or(0), list["items"][0]["action"].clone())
}

/// Fails for a route with this kind of sender that changes something and has no case.
fn assert_all_covered(cases: &[Case], of_programs: bool) {
    for route in ROUTES.iter().filter(|r| r.method != "get" && (r.who == Who::Program) == of_programs) {
        let key = (route.method, route.path);
        let excused = key == SETS_UP || CHANGES_NOTHING.contains(&key);
        assert!(excused || cases.iter().any(|c| (c.method, c.route) == key), "{route:?} has no audit test");
    }
    for case in cases {
        let known = ROUTES.iter().any(|r| (r.method, r.path) == (case.method, case.route));
        assert!(known, "there is no route {} {}", case.method, case.route);
    }
}

/// Sends each case and looks for its record.
async fn assert_on_record(practice: &Practice, cases: Vec<Case>) {
    let (mut senders, reader) = (Senders::of(practice), practice.token(ADMIN).await);
    for case in cases {
        let request = senders.request(&case).await;
        let (before, _) = newest(practice, &reader).await;
        let answer = practice.call(request.map(Body::from)).await;
        // A form that was taken leads to another page.
        let limit = if case.path.starts_with("/api/") { 300 } else { 304 };
        assert!(answer.status < limit, "{} {}: {} {}", case.method, case.path, answer.status, answer.text());
        let (after, action) = newest(practice, &reader).await;
        assert!(after > before, "{} {} left no record: {}", case.method, case.route, answer.text());
        assert_eq!(action, case.action, "{} {}", case.method, case.route);
    }
    assert_eq!(practice.app.verify_audit(|_| {}).await.expect("a walk"), []);
}

both_practices! {
    async fn without_credentials_programs_get_401_and_people_the_sign_in_page(practice) {
        for route in ROUTES {
            let answer = ask(practice, route).await;
            match route.who {
                Who::Program => assert_problem(&answer, 401, "not_signed_in"),
                Who::Person => {
                    assert_eq!(answer.status, 303, "{route:?}");
                    assert!(answer.header("location").starts_with("/sign-in"), "{route:?}");
                }
                Who::Anyone => assert_open(route, &answer),
            }
        }
    }

    async fn an_unknown_address_of_the_api_answers_with_a_problem(practice) {
        assert_problem(&practice.api("").get("/nothing").await, 404, "not_found");
        assert_problem(&practice.api("").send("PUT", "/people", None, "").await, 405, "wrong_method");
    }

    async fn everything_a_program_changes_is_on_record(practice) {
        let cases = program_cases(practice).await;
        assert_all_covered(&cases, true);
        assert_on_record(practice, cases).await;
    }

    async fn everything_a_form_changes_is_on_record(practice) {
        let cases = page_cases(practice).await;
        assert_all_covered(&cases, false);
        assert_on_record(practice, cases).await;
    }

    async fn what_was_refused_is_on_record_too(practice) {
        let (_, token) = crate::a_clinic_manager(practice).await;
        let stranger = crate::a_stranger(practice).await;
        let admin = practice.token("admin").await;
        for (path, patch, action, code) in [
            (format!("/people/{}", stranger.id), json!({"phone": "1"}), "person.updated", "not_found"),
            (format!("/people/{}", stranger.id), json!({"phone": 1}), "person.updated", "not_found"),
            (format!("/organizations/{}", practice.organization), json!({"idle_minutes": 5}), "organization.updated", "not_allowed"),
        ] {
            assert!(practice.api(&token).patch(&path, &patch).await.status >= 400);
            let newest = practice.api(&admin).get("/audit-events?limit=1").await.json()["items"][0].clone();
            assert_eq!((&newest["effect"], &newest["action"]), (&json!("denied"), &json!(action)), "{path}");
            assert_eq!(newest["detail"]["codes"], json!([code]));
            assert_eq!(newest["actor"]["name"], "Manager Harlow");
        }
    }
}
