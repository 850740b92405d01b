//! The record as a file.

use muster_app::imports::ImportOptions;
use muster_testkit::both_practices;
use muster_testkit::practice::Answer;
use serde_json::json;

/// The numbers of the records in a file, in its order.
fn numbers(file: &Answer) -> Vec<i64> {
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    let mut lines = csv::Reader::from_reader(file.body.as_slice());
    lines.records().map(|line| line.expect("a line")[0].parse().expect("a number")).collect()
}

both_practices! {
    async fn a_long_record_is_exported_whole_in_either_order(practice) {
        let mut people = String::from("first_name,last_name,email,user_type,clinics,permissions\n");
        for n in 0..2100 {
            people.push_str(&format!("P{n},Lund,p{n}@saco.example,Clerical,Saco,view_patients\n"));
        }
        let file = std::io::Cursor::new(people.into_bytes());
        practice.app.import_people(&practice.machine(), file, ImportOptions::default(), |_| {}).await.expect("people");
        let token = practice.token("admin").await;
        let newest = async || practice.api(&token).get("/audit-events?limit=1").await.expect(200).json()["items"][0].clone();
        let admin = practice.visitor("admin").await;

        let last = newest().await["seq"].as_i64().expect("a number");
        assert!(last > 2100);
        let all = numbers(&admin.get("/audit.csv").await.expect(200));
        assert_eq!(all, (1..=last).rev().collect::<Vec<_>>());
        let exported = newest().await;
        assert_eq!((&exported["action"], &exported["detail"]), (&json!("audit.exported"), &json!({})));
        let all = numbers(&admin.get("/audit.csv?sort=seq").await.expect(200));
        assert_eq!(all, (1..=last + 1).collect::<Vec<_>>(), "without the record of this very export");
        let some = numbers(&admin.get("/audit.csv?action=person.created").await.expect(200));
        assert!(some.len() >= 2100 && some.len() < all.len(), "{}", some.len());
        assert_eq!(newest().await["detail"], json!({"action": "person.created"}));
    }
}
