//! Walking, searching, filtering and sorting lists.

use muster_domain::emr::UserType;
use muster_testkit::both_practices;
use muster_testkit::practice::PersonSpec;
use serde_json::{Value, json};

use crate::{assert_problem, refused};

fn usernames(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|p| p["username"].as_str().unwrap().to_owned()).collect()
}

both_practices! {
    async fn every_order_is_walked_page_by_page_without_gap_or_repeat(practice) {
        for (username, user_type) in
            [("zora", UserType::PT), ("abel", UserType::OT), ("mia", UserType::PTA), ("ben", UserType::SPT)]
        {
            practice.add(PersonSpec { username, user_type, active: username != "mia", ..PersonSpec::default() }).await;
        }
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        for sort in ["name", "username", "user_type", "status", "last_sign_in_at"] {
            let ahead = usernames(&api.get(&format!("/people?sort={sort}")).await.expect(200).json());
            assert_eq!(ahead.len(), 5);
            for (sort, mut expected) in [(sort.to_owned(), ahead.clone()), (format!("-{sort}"), ahead)] {
                if sort.starts_with('-') {
                    expected.reverse();
                }
                let (mut walked, mut next) = (Vec::new(), String::new());
                loop {
                    let page = api.get(&format!("/people?limit=2&sort={sort}{next}")).await.expect(200).json();
                    assert_eq!((&page["total"], &page["total_is_estimate"]), (&json!(5), &json!(false)));
                    walked.extend(usernames(&page));
                    match page["next"].as_str() {
                        Some(cursor) => next = format!("&after={cursor}"),
                        None => break,
                    }
                }
                assert_eq!(walked, expected, "{sort}");
            }
        }
    }

    async fn any_part_of_name_user_name_email_or_npi_finds(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let npi = api.get(&format!("/people/{}", mara.id)).await.json()["npi"].as_str().unwrap().to_owned();
        for q in ["Mharlow", "ARL", "mharlow@saco", &npi, "m"] {
            let found = api.get(&format!("/people?q={q}")).await.expect(200).json();
            assert!(usernames(&found).contains(&"mharlow".to_owned()), "{q}");
        }
        for q in ["nobody%25", "%00", "%5C", "%27%20OR%201=1", "%F0%9F%98%80"] {
            assert_eq!(api.get(&format!("/people?q={q}")).await.expect(200).json()["total"], 0, "{q}");
        }
    }

    async fn filters_narrow_together(practice) {
        let wells = practice.clinics[1];
        practice.add(PersonSpec::default()).await;
        practice.add(PersonSpec { username: "mia", user_type: UserType::PTA, clinics: &[wells], ..PersonSpec::default() }).await;
        practice.add(PersonSpec { username: "off", active: false, ..PersonSpec::default() }).await;
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        for (query, expected) in [
            ("user_type=PTA".to_owned(), vec!["mia"]),
            ("status=inactive".to_owned(), vec!["off"]),
            (format!("clinic_id={wells}"), vec!["mia"]),
            ("permission=company_admin".to_owned(), vec!["admin"]),
            ("user_type=PT&status=active".to_owned(), vec!["mharlow"]),
            (format!("user_type=PT&clinic_id={wells}"), vec![]),
        ] {
            let found = api.get(&format!("/people?{query}")).await.expect(200).json();
            assert_eq!(usernames(&found), expected, "{query}");
        }
    }

    async fn files_made_while_they_are_sent_arrive_whole_for_a_browser_that_takes_them_compressed(practice) {
        for n in 0..40 {
            practice.add(PersonSpec { username: &format!("person{n}"), ..PersonSpec::default() }).await;
        }
        let cookie = format!("muster_session={}", practice.session("admin").await);
        for path in ["/emr/users.csv", "/people/credentials.csv"] {
            let request = axum::http::Request::get(path).header("cookie", &cookie).header("accept-encoding", "gzip, br");
            let answer = practice.call(request.body(axum::body::Body::empty()).expect("a request")).await.expect(200);
            assert!(!answer.header("content-encoding").is_empty(), "{path} is compressed");
            let plain = practice.visitor("admin").await.get(path).await.expect(200);
            assert_eq!(plain.text().lines().filter(|l| l.contains("person")).count(), 40, "{path}");
            assert!(answer.body.len() > 100 && answer.body.len() < plain.body.len(), "{path}");
        }
    }

    async fn a_query_nobody_understands_is_refused_in_every_part(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let query = "limit=201&sort=age&user_type=MD&status=x&clinic_id=7&permission=fly&color=red&after=%21";
        let answer = api.get(&format!("/people?{query}")).await;
        assert_eq!(answer.status, 422);
        assert_eq!(refused(&answer), [
            "after cursor_invalid", "clinic_id wrong_type", "color unknown_parameter", "limit wrong_type",
            "permission wrong_type", "sort wrong_type", "status wrong_type", "user_type wrong_type",
        ]);
        for limit in ["0", "-1", "x", "1.5", "99999999999999999999"] {
            assert_eq!(refused(&api.get(&format!("/people?limit={limit}")).await), ["limit wrong_type"]);
        }
        assert_eq!(refused(&api.get("/people?limit=1&limit=2").await), ["limit wrong_type"]);
        assert_eq!(refused(&api.get("/clinics?x=1").await), ["x unknown_parameter"]);
        api.get("/people?limit=200").await.expect(200);
    }

    async fn a_cursor_of_another_order_or_list_is_refused(practice) {
        practice.add(PersonSpec::default()).await;
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let page = api.get("/people?limit=1&sort=name").await.expect(200).json();
        let cursor = page["next"].as_str().unwrap();
        assert_problem(&api.get(&format!("/people?sort=-name&after={cursor}")).await, 422, "cursor_invalid");
        assert_problem(&api.get(&format!("/audit-events?after={cursor}")).await, 422, "cursor_invalid");
        let nul = "eyJzIjoibmFtZSIsImMiOnsiayI6Ilx1MDAwMCIsIm4iOiIiLCJwIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIiwidCI6eyJFeGFjdCI6MX19fQ";
        assert_problem(&api.get(&format!("/people?sort=name&after={nul}")).await, 422, "cursor_invalid");
    }

    async fn the_audit_record_is_walked_both_ways_and_filtered(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let seqs = |page: &Value| -> Vec<i64> {
            page["items"].as_array().unwrap().iter().map(|r| r["seq"].as_i64().unwrap()).collect()
        };
        let newest = api.get("/audit-events?limit=2").await.expect(200).json();
        let head = seqs(&newest)[0];
        let next = newest["next"].as_str().unwrap();
        let older = api.get(&format!("/audit-events?limit=2&after={next}")).await.expect(200).json();
        assert_eq!([seqs(&newest), seqs(&older)].concat(), [head, head - 1, head - 2, head - 3]);
        let oldest = api.get("/audit-events?sort=seq").await.expect(200).json();
        assert_eq!(seqs(&oldest), (1..=head).collect::<Vec<_>>());
        assert_eq!(oldest["next"], json!(null));

        let about = api.get(&format!("/audit-events?subject_id={}&action=person.created", mara.id)).await.json();
        let record = &about["items"][0];
        assert_eq!(about["items"].as_array().map(Vec::len), Some(1));
        assert_eq!((&record["actor"]["kind"], &record["channel"]), (&json!("command_line"), &json!("command_line")));
        assert_eq!(record["hash"].as_str().map(str::len), Some(64));
        assert_eq!(record["at"], "2026-03-02T12:00:00Z");
        for empty in ["effect=denied", "until=2026-03-02T12:00:00Z", "from=2026-03-02T12:00:01Z"] {
            assert_eq!(api.get(&format!("/audit-events?{empty}")).await.expect(200).json()["items"], json!([]), "{empty}");
        }
        let answer = api.get("/audit-events?action=made.up&effect=x&from=yesterday&sort=at&actor_id=1").await.expect(422);
        assert_eq!(refused(&answer).len(), 5, "{}", answer.text());
    }
}
