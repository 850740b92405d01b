//! The description of the API: checked in, and about the routes there are.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use muster_domain::Code;
use muster_testkit::both_practices;
use muster_web::{ROUTES, Who};
use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(&muster_web::openapi_json()).expect("JSON")
}

/// Whoever changes the API looks at its document too: run with `UPDATE=1` and review the difference.
#[test]
fn the_checked_in_document_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/openapi.json");
    let current = muster_web::openapi_json() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &current).expect("the document is written");
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == current, "docs/api/openapi.json is stale: run this test with UPDATE=1 and review the difference");
}

#[test]
fn it_describes_exactly_the_routes_of_programs() {
    let document = document();
    let described: BTreeSet<(&str, &str)> = document["paths"]
        .as_object()
        .expect("paths")
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().expect("methods").keys().map(move |m| (m.as_str(), path.as_str()))
        })
        .collect();
    let routed: BTreeSet<(&str, &str)> =
        ROUTES.iter().filter(|r| r.who == Who::Program).map(|r| (r.method, r.path)).collect();
    assert_eq!(described, routed);
}

#[test]
fn every_operation_says_what_it_does_and_what_it_answers() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let at = format!("{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|s| !s.is_empty()), "{at} has no summary");
            let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
            assert!(ids.insert(id), "{at}: its operationId is used twice");
            let responses = operation["responses"].as_object().expect("responses");
            assert!(responses.keys().any(|status| status.starts_with('2')), "{at} never succeeds");
            assert!(responses.contains_key("401"), "{at} does not mention 401");
            let described = operation["parameters"].as_array().into_iter().flatten();
            let in_path: BTreeSet<&str> =
                described.filter(|p| p["in"] == "path").filter_map(|p| p["name"].as_str()).collect();
            let named: BTreeSet<&str> =
                path.split('/').filter_map(|s| s.strip_prefix('{').and_then(|s| s.strip_suffix('}'))).collect();
            assert_eq!(in_path, named, "{at}");
        }
    }
}

fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|v| references(v, found));
        }
        Value::Array(list) => list.iter().for_each(|v| references(v, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

both_practices! {
    async fn it_is_served_to_anyone_for_programs_and_as_a_page(practice) {
        let served = practice.api("").get("/openapi.json").await.expect(200);
        assert_eq!(served.header("content-type"), "application/json");
        assert_eq!(served.json(), document());

        let request = Request::get("/api/docs").body(Body::empty()).expect("a request");
        let page = practice.call(request).await.expect(200).text();
        for route in ROUTES.iter().filter(|r| r.who == Who::Program) {
            assert!(page.contains(&format!("{} {}", route.method.to_uppercase(), route.path)), "{route:?}");
        }
        for code in Code::ALL {
            assert!(page.contains(&format!("id=\"{}\"", code.as_str())), "{code:?} has no anchor");
        }
        let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let unique: BTreeSet<&&str> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "an id stands twice");
        assert!(!page.contains("<script>") && !page.contains("style="), "the page obeys its own policy");
    }
}
