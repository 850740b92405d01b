//! People from CSV and back.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use muster_testkit::program::Finished;

use crate::place::{DatabaseArguments, HARBOR, arg, on_both};

fn cms_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/cms-therapists-maine.csv")
}

async fn import(place: &DatabaseArguments, file: &Path, more: &[&str]) -> Finished {
    place.muster(&[&["import", arg(file), "--organization", HARBOR][..], more].concat()).await
}

const HEADER: &str = "first_name,last_name,email,user_type,npi,clinics\n";

on_both! {
    async fn the_exit_code_tells_all_some_or_none(place) {
        place.set_up().await;
        let good = "Ada,Lund,ada@x.example,Clerical,,Saco\n";
        let bad = "Bo,,nowhere,Wizard,12,Saco\n";
        let all = place.write("all.csv", &format!("{HEADER}{good}"));
        let some = place.write("some.csv", &format!("{HEADER}Cy,Moe,cy@x.example,Clerical,,Saco\n{bad}"));
        let none = place.write("none.csv", &format!("{HEADER}{bad}"));

        let dry = import(place, &all, &["--dry-run"]).await;
        assert_eq!(dry.code, Some(0), "{dry:?}");
        assert_eq!(place.count("people").await, 1);

        assert_eq!(import(place, &all, &[]).await.code, Some(0));
        let partly = import(place, &some, &[]).await;
        assert_eq!(partly.code, Some(2), "{partly:?}");
        assert!(partly.stdout.contains("Line 3: "), "{partly:?}");
        let nothing = import(place, &none, &["--json"]).await;
        assert_eq!(nothing.code, Some(1), "{nothing:?}");
        let report: serde_json::Value = serde_json::from_str(&nothing.stdout).unwrap();
        assert_eq!((report["outcome"].as_str(), report["refused_rows"].as_u64()), (Some("nothing"), Some(1)));
        assert_eq!(place.count("people").await, 3);

        let again = import(place, &all, &["--json"]).await;
        assert!(again.code == Some(0) && again.stdout.contains("\"unchanged\":1"), "{again:?}");
    }
}

#[tokio::test]
async fn a_file_can_come_through_standard_input_with_columns_of_other_names() {
    let place = DatabaseArguments::sqlite();
    place.set_up().await;
    let line = ["import", "-", "--organization", HARBOR, "--map", "Given=first_name", "--map", "Work mail=email"];
    let text = "Given,last_name,Work mail,user_type,clinics\nAda,Lund,ada@x.example,Clerical,Saco\n";
    let finished = place.program(&line).stdin(text).run().await;
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(place.texts("SELECT email FROM people WHERE first_name = 'Ada'").await, ["ada@x.example"]);
    let nowhere = place.program(&["import", "-", "--organization", "Nowhere"]).stdin(text).run().await;
    assert!(nowhere.code == Some(1) && nowhere.stderr.contains("Nowhere"), "{nowhere:?}");
}

#[tokio::test]
async fn the_public_file_gives_the_same_people_on_both_engines() {
    let mut counts = Vec::new();
    for place in [DatabaseArguments::sqlite(), DatabaseArguments::postgres().await] {
        place.set_up().await;
        let finished = import(&place, &cms_file(), &["--json"]).await;
        assert!(matches!(finished.code, Some(0 | 2)), "{finished:?}");
        let report: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
        let people = place.count("people").await;
        assert_eq!(report["added"].as_u64(), u64::try_from(people).ok().map(|n| n - 1));
        assert!(people > 100, "{people}");
        let clinics = place.count("clinics").await;
        assert_eq!(place.muster(&["check"]).await.code, Some(0));
        let exported = place.done(&["export", "--organization", HARBOR]).await;
        assert_eq!(exported.lines().count(), people + 1);
        counts.push((people, clinics, report["refused_rows"].clone(), report["flags"].clone(), exported));
    }
    assert_eq!(counts[0], counts[1]);
}

#[tokio::test]
async fn what_is_exported_can_be_imported_and_formulas_are_text() {
    let place = DatabaseArguments::sqlite();
    place.set_up().await;
    let header = "first_name,last_name,email,user_type,clinics,default_clinic,phone\n";
    let text = format!("{header}=1+1,Lund,ada@x.example,Clerical,Saco; Wells,Saco,+1 207 555 0100\n");
    let file = place.write("people.csv", &text);
    assert_eq!(import(&place, &file, &[]).await.code, Some(0));
    let exported = place.done(&["export", "--organization", HARBOR]).await;
    assert!(exported.contains("'=1+1") && exported.contains("'+1 207"), "{exported}");
    assert!(!exported.lines().any(|line| line.starts_with('=') || line.contains(",=")), "{exported}");
    let back = place.write("back.csv", &exported);
    let finished = import(&place, &back, &["--json"]).await;
    assert!(finished.code == Some(0) && finished.stdout.contains("\"unchanged\":2"), "{finished:?}");
}

on_both! {
    async fn an_import_killed_half_way_is_completed_by_the_same_file(place) {
        const PEOPLE: usize = 4000;
        place.set_up().await;
        let mut text = HEADER.to_owned();
        for n in 0..PEOPLE {
            text.push_str(&format!("Ada{n},Lund,ada{n}@x.example,Clerical,,Clinic {}\n", n % 7));
        }
        let file = place.write("many.csv", &text);
        let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_muster"))
            .args(["import", arg(&file), "--organization", HARBOR])
            .args(place.where_it_is())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while place.count("people").await < 2 && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        child.kill().await.unwrap();
        let half = place.count("people").await;
        assert!(half > 1, "{half}");
        assert_eq!(place.muster(&["check"]).await.code, Some(0));

        assert_eq!(import(place, &file, &[]).await.code, Some(0));
        assert_eq!(place.count("people").await, PEOPLE + 1);
        assert_eq!(place.count("listing").await, PEOPLE + 1);
        let checked = place.muster(&["check"]).await;
        assert_eq!(checked.code, Some(0), "{checked:?}");

        // Sums, rows of the list and counts that were tampered with are named.
        for (broken, says) in [
            ("UPDATE license_sums SET assigned = assigned + 1", "sums of practice"),
            ("UPDATE listing SET permissions = 1 - permissions", "otherwise than their profile"),
            ("UPDATE listing_counts SET people = people + 1", "are not those of its list"),
        ] {
            place.sql(broken).await;
            let checked = place.muster(&["check"]).await;
            assert_eq!(checked.code, Some(1), "{checked:?}");
            assert!(format!("{checked:?}").contains(says), "{says}: {checked:?}");
        }
    }
}
