//! The JSON API as a program meets it: through HTTP, on both databases.

#![allow(clippy::unwrap_used)] // a test's helpers may fail it too

mod bulk;
mod copy_from;
mod coverage;
mod credentials;
mod document;
mod duplicates;
mod edits;
mod held_requests;
mod images;
mod imports;
mod licenses;
mod lists;
mod malformed;
mod merges;
mod people;
mod practice;
mod races;
mod records;
mod refusals;
mod repeats;
mod routes_table;
mod security;
mod sessions;
mod set_up;
mod tenants;
mod throttling;
mod tokens;
mod visibility;
mod window;
mod without_emr;

use muster_domain::emr::Permission;
use muster_testkit::practice::{Answer, Member, PersonSpec, Practice};
use serde_json::{Value, json};

/// What a clinic's user manager holds.
const MANAGER: &[Permission] =
    &[Permission::ViewPatients, Permission::EditPatients, Permission::ViewUsers, Permission::EditUsers];

/// A user manager of the first clinic only, a clerk, with a token of every scope.
async fn a_clinic_manager(practice: &Practice) -> (Member, String) {
    let manager = practice
        .add(PersonSpec {
            username: "manager",
            user_type: muster_domain::emr::UserType::Clerical,
            permissions: Some(MANAGER),
            ..PersonSpec::default()
        })
        .await;
    let token = practice.token("manager").await;
    (manager, token)
}

/// Someone whom a manager of the first clinic may not know of.
async fn a_stranger(practice: &Practice) -> Member {
    practice.add(PersonSpec { username: "stranger", clinics: &practice.clinics[1..2], ..PersonSpec::default() }).await
}

/// The body of a valid new physical therapist.
fn a_therapist(practice: &Practice, username: &str) -> Value {
    json!({
        "first_name": "Mara", "last_name": "Harlow", "username": username,
        "email": format!("{username}@saco.example"), "npi": practice.fresh_npi(),
        "emr_account": {
            "user_type": "PT", "clinic_ids": [practice.clinics[0]],
            "permissions": ["view_patients", "edit_patients"], "license_number": "PT1234", "license_state": "ME",
        },
    })
}

/// `field code` of every refusal, sorted.
fn refused(answer: &Answer) -> Vec<String> {
    let mut found: Vec<String> = answer.refusals().iter().map(|(f, c)| format!("{f} {c}")).collect();
    found.sort();
    found
}

#[track_caller]
fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)), "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["status"], status);
    assert_eq!(problem["type"], format!("/api/docs#{code}"));
    for key in ["title", "detail"] {
        assert!(problem[key].as_str().is_some_and(|t| !t.is_empty()), "{key}: {problem}");
    }
}
