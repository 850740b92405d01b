//! Setting up, operators, tokens and licenses.

use crate::place::{DatabaseArguments, HARBOR, PASSWORD, on_both};

on_both! {
    async fn a_database_is_set_up_once(place) {
        place.set_up().await;
        let again = ["setup", "--organization", "Other", "--username", "eve", "--email", "eve@x.example", "--password-stdin"];
        let finished = place.program(&again).stdin(format!("{PASSWORD}\n")).run().await;
        assert_eq!(finished.code, Some(1));
        assert_eq!(finished.stdout, "");
        assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
        assert_eq!(place.count("organizations").await, 1);
    }

    async fn a_token_is_printed_once_and_kept_as_a_hash(place) {
        place.set_up().await;
        let made = place.done(&["token", "create", "--username", "mara", "--scope", "people:read,check", "--scope", "bulk"]).await;
        let token = made.trim();
        assert!(token.starts_with("muster_") && made.lines().count() == 1, "{made}");
        let scopes = place.texts("SELECT scopes FROM tokens").await;
        assert_eq!(scopes, ["people:read bulk check"]);
        assert_eq!(place.texts("SELECT name FROM tokens WHERE name LIKE 'muster_%'").await.len(), 0);

        let json = place.done(&["token", "create", "--username", "mara@harbor.example", "--scope", "check", "--expires", "30d", "--json"]).await;
        let answer: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert!(answer["token"].as_str().unwrap().starts_with("muster_"));
        assert!(answer["expires_at"].is_string());
    }
}

#[tokio::test]
async fn a_refused_set_up_names_everything_wrong_and_changes_nothing() {
    let place = DatabaseArguments::sqlite();
    let wrong =
        ["setup", "--organization", "", "--username", "x y", "--email", "nowhere", "--password-stdin", "--json"];
    let finished = place.program(&wrong).stdin("short\n").run().await;
    assert_eq!(finished.code, Some(1));
    let answer: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
    let fields: Vec<&str> = answer["errors"].as_array().unwrap().iter().filter_map(|e| e["field"].as_str()).collect();
    for field in ["organization_name", "username", "email", "password"] {
        assert!(fields.contains(&field), "{field} in {fields:?}");
    }
    assert_eq!(place.count("organizations").await, 0);
}

#[tokio::test]
async fn a_token_for_nobody_or_for_nothing_is_refused() {
    let place = DatabaseArguments::sqlite();
    place.set_up().await;
    for (name, scope) in [("nobody", "check"), ("mara", "everything")] {
        let finished = place.muster(&["token", "create", "--username", name, "--scope", scope]).await;
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{finished:?}");
    }
    assert_eq!(place.count("tokens").await, 0);
}

#[tokio::test]
async fn an_operator_belongs_to_no_organization() {
    let place = DatabaseArguments::sqlite();
    let create = ["admin", "create", "--username", "support", "--email", "support@muster.example", "--password-stdin"];
    let finished = place.program(&create).stdin(PASSWORD).run().await;
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(place.count("sign_ins WHERE organization_id IS NULL").await, 1);
    place.set_up().await;
}

#[tokio::test]
async fn support_sets_a_license_total_and_the_ledger_tells() {
    let place = DatabaseArguments::sqlite();
    place.set_up().await;
    let set = |group, total| {
        [
            "licenses",
            "set",
            "--organization",
            HARBOR,
            "--clinic",
            "harbor therapy",
            "--group",
            group,
            "--total",
            total,
            "--json",
        ]
    };
    let answer: serde_json::Value = serde_json::from_str(&place.done(&set("therapist", "12")).await).unwrap();
    assert_eq!((answer["total"].as_i64(), answer["available"].as_i64()), (Some(12), Some(12)));
    assert_eq!(place.count("license_ledger").await, 1);
    for (group, total) in [("clerical", "3"), ("janitor", "3"), ("therapist", "-1")] {
        assert_eq!(place.muster(&set(group, total)).await.code, Some(1), "{group} {total}");
    }
    let nowhere =
        ["licenses", "set", "--organization", HARBOR, "--clinic", "Atlantis", "--group", "student", "--total", "1"];
    assert!(place.muster(&nowhere).await.stderr.contains("Atlantis"));
    assert_eq!(place.count("license_ledger").await, 1);
}
