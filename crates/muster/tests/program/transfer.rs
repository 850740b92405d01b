//! Backup and restore, between both engines.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::place::{DatabaseArguments, HARBOR, arg, on_both};

/// A practice with people, records, tokens, links and messages.
async fn filled(place: &DatabaseArguments) {
    place.set_up().await;
    let mut text = "first_name,last_name,email,user_type,clinics,phone,previous_names\n".to_owned();
    for n in 0..40 {
        text.push_str(&format!(
            "\"Zoë \"\"Z\"\" {n}\",Łuk-李{n},zoe{n}@x.example,Clerical,Clinic {},,Öld; Nåme\n",
            n % 3
        ));
    }
    let file = place.write("people.csv", &text);
    place.done(&["import", arg(&file), "--organization", HARBOR, "--invite"]).await;
    place.done(&["token", "create", "--username", "mara", "--scope", "check"]).await;
    place
        .done(&["licenses", "set", "--organization", HARBOR, "--clinic", HARBOR, "--group", "student", "--total", "4"])
        .await;
    place.sql("UPDATE people SET last_sign_in_at = 1772452800000000").await;
    place.sql("UPDATE listing SET last_sign_in_at = 1772452800000000").await;
}

/// Every row of a backup by table, in an order of its own.
fn content(path: &Path) -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let mut found = BTreeMap::new();
    for table in header["tables"].as_array().unwrap() {
        let columns = table["columns"].as_array().unwrap();
        let count = usize::try_from(table["rows"].as_u64().unwrap()).unwrap();
        let mut rows: Vec<String> = lines
            .by_ref()
            .take(count)
            .map(|line| {
                let row: Vec<Value> = serde_json::from_str(line).unwrap();
                let named: BTreeMap<&str, Value> = columns.iter().map(|c| c.as_str().unwrap()).zip(row).collect();
                serde_json::to_string(&named).unwrap()
            })
            .collect();
        rows.sort();
        found.insert(table["name"].as_str().unwrap().to_owned(), rows);
    }
    assert_eq!(lines.count(), 1, "only the checksum is left");
    found
}

/// The people list is not carried: it has to come out the same all the same.
async fn listing(place: &DatabaseArguments) -> Vec<String> {
    let mut rows = place
        .texts(
            "SELECT name_key || '|' || username_key || '|' || search_text || '|' || user_type || '|' || status
                || '|' || CAST(permissions AS text) || '|' || CAST(last_sign_in_at AS text) FROM listing",
        )
        .await;
    rows.sort();
    rows
}

on_both! {
    async fn a_backup_made_while_serving_restores_to_either_engine(place) {
        filled(place).await;
        let server = place.program(&["serve"]).start().await;
        let first = place.file("first.backup");
        place.done(&["backup", arg(&first)]).await;
        server.terminate().await;

        let original = content(&first);
        assert_eq!(original["people"].len(), 41);
        assert!(original["jobs"].len() >= 40, "an email each, and what is scheduled");
        for target in [DatabaseArguments::sqlite(), DatabaseArguments::postgres().await] {
            // What a mere start leaves behind is no reason to refuse.
            target.program(&["serve"]).start().await.terminate().await;
            std::fs::copy(place.data().join("secret.key"), target.data().join("secret.key")).unwrap();
            target.done(&["restore", arg(&first)]).await;
            let second = target.file("second.backup");
            target.done(&["backup", arg(&second)]).await;
            let restored = content(&second);
            assert_eq!(restored.keys().collect::<Vec<_>>(), original.keys().collect::<Vec<_>>());
            for (table, rows) in &original {
                assert_eq!(rows, &restored[table], "{table}");
            }
            assert_eq!(listing(&target).await, listing(place).await);
            target.done(&["check"]).await;
            target.done(&["audit", "verify"]).await;
            assert_eq!(
                target.done(&["export", "--organization", HARBOR]).await,
                place.done(&["export", "--organization", HARBOR]).await
            );
            // Work goes on where it stopped.
            target.done(&["token", "create", "--username", "mara", "--scope", "check"]).await;
            target.done(&["audit", "verify"]).await;
        }
    }

    async fn a_target_that_holds_something_is_left_alone(place) {
        place.set_up().await;
        let backup = place.file("own.backup");
        place.done(&["backup", arg(&backup)]).await;
        let before = content(&backup);
        let finished = place.muster(&["restore", arg(&backup)]).await;
        assert_eq!(finished.code, Some(1));
        assert!(finished.stderr.contains("already holds data"), "{finished:?}");
        place.done(&["backup", arg(&backup), "--overwrite"]).await;
        assert_eq!(content(&backup), before);
    }

    async fn a_damaged_backup_restores_nothing(place) {
        let source = DatabaseArguments::sqlite();
        filled(&source).await;
        let whole = source.file("whole.backup");
        source.done(&["backup", arg(&whole)]).await;
        let text = std::fs::read_to_string(&whole).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let half = text.len() / 2 - text[..text.len() / 2].chars().rev().take_while(|c| !c.is_ascii()).count() * 4;
        let damaged = [
            ("empty", String::new()),
            ("foreign", "first_name,last_name\n".to_owned()),
            ("cut", text[..half].to_owned()),
            ("without end", format!("{}\n", lines[..lines.len() - 1].join("\n"))),
            ("changed", text.replacen("zoe7@x.example", "eve7@x.example", 1)),
            ("longer", format!("{text}[]\n")),
            ("a row less", format!("{}\n", [&lines[..9], &lines[10..]].concat().join("\n"))),
            ("other release", text.replacen("\"schema\":\"", "\"schema\":\"0", 1)),
        ];
        for (how, text) in damaged {
            let file = place.write("damaged.backup", &text);
            let finished = place.muster(&["restore", arg(&file)]).await;
            assert_eq!(finished.code, Some(1), "{how}: {finished:?}");
            assert_eq!(finished.stderr.lines().count(), 1, "{how}: {finished:?}");
            for table in ["organizations", "people", "audit_events", "listing"] {
                assert_eq!(place.count(table).await, 0, "{how}: {table}");
            }
        }
        place.done(&["restore", arg(&whole)]).await;
        assert_eq!(place.count("people").await, 41);
    }
}

#[tokio::test]
async fn a_backup_is_for_its_owner_and_never_replaced_by_accident() {
    use std::os::unix::fs::PermissionsExt;
    let place = DatabaseArguments::sqlite();
    place.set_up().await;
    let file = place.file("own.backup");
    place.done(&["backup", arg(&file)]).await;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(
        !std::fs::read_to_string(&file)
            .unwrap()
            .contains(&std::fs::read_to_string(place.data().join("secret.key")).unwrap())
    );
    assert_eq!(place.muster(&["backup", arg(&file)]).await.code, Some(1));
    assert_eq!(place.muster(&["backup", "/nowhere/at/all"]).await.code, Some(1));
}

#[tokio::test]
async fn a_restore_under_another_secret_says_what_that_means() {
    let (place, target) = (DatabaseArguments::sqlite(), DatabaseArguments::sqlite());
    place.set_up().await;
    let file = place.file("own.backup");
    place.done(&["backup", arg(&file)]).await;
    let finished = target.muster(&["restore", arg(&file)]).await;
    assert!(finished.code == Some(0) && finished.stderr.contains("another secret key"), "{finished:?}");
}
