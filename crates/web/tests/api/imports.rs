//! People from CSV files over HTTP. What a row means is proven where it is judged.

use muster_testkit::both_practices;
use muster_testkit::practice::{Answer, Practice};
use serde_json::json;

use crate::assert_problem;

const CSV: Option<&str> = Some("text/csv; charset=utf-8");

async fn import(practice: &Practice, token: &str, query: &str, file: &str) -> Answer {
    practice.api(token).send("POST", &format!("/imports{query}"), CSV, file.to_owned()).await
}

both_practices! {
    async fn a_file_is_tried_and_then_imported_and_the_rest_reported(practice) {
        let token = practice.token("admin").await;
        let file = format!(
            "first_name,last_name,email,npi,user_type,clinic,license_number\n\
             Mara,Harlow,mara@saco.example,{},PT,Saco,PT1\nBen,Ito,nope,{},PT,Saco,PT2\n",
            practice.fresh_npi(), practice.fresh_npi()
        );
        let tried = import(practice, &token, "?dry_run=true", &file).await.expect(200).json();
        assert_eq!((&tried["dry_run"], &tried["outcome"], &tried["rows"]), (&json!(true), &json!("some"), &json!(2)), "{tried}");
        let api = practice.api(&token);
        assert_eq!(api.get("/people").await.json()["total"], 1);
        let done = import(practice, &token, "", &file).await.expect(200).json();
        assert_eq!((&done["added"], &done["refused_rows"]), (&json!(1), &json!(1)), "{done}");
        assert_eq!((&done["refused"][0]["line"], &done["refused"][0]["refusals"][0]["code"]), (&json!(3), &json!("email_invalid")));
        assert_eq!(api.get("/people?q=mara").await.json()["total"], 1);
        let newest = api.get("/audit-events?limit=1").await.json();
        assert_eq!((&newest["items"][0]["action"], &newest["items"][0]["channel"]), (&json!("people.imported"), &json!("import")));
    }

    async fn a_file_needs_its_kind_and_its_queries(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        assert_problem(&api.send("POST", "/imports", Some("application/json"), "a,b").await, 415, "wrong_content_type");
        let large = api.clone().with("content-length", (256 * 1024 * 1024 + 1).to_string());
        assert_problem(&large.send("POST", "/imports", CSV, "a").await, 413, "too_large");
        let odd = import(practice, &token, "?dry_run=perhaps&map=x&color=red", "a,b\n").await.expect(422);
        assert_eq!(crate::refused(&odd), ["color unknown_parameter", "dry_run wrong_type", "map wrong_type"]);
        import(practice, &token, "", "").await.expect(422);
    }
}
