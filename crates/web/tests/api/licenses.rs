//! License requests, the waiting list, the ledger, use and prices, as programs meet them.

use muster_domain::emr::UserType;
use muster_testkit::both_practices;
use muster_testkit::practice::{Api, PersonSpec, Practice};
use serde_json::{Value, json};

use crate::{a_clinic_manager, assert_problem, refused};

async fn totals(practice: &Practice, api: &Api<'_>, totals: &[(usize, &str, i64)]) {
    for (clinic, group, total) in totals {
        let path = format!("/license-pools/{}/{group}", practice.clinics[*clinic]);
        api.put(&path, &json!({"total": total})).await.expect(200);
    }
}

fn ask(practice: &Practice, kind: &str, group: &str, count: i64) -> Value {
    json!({"kind": kind, "clinic_id": practice.clinics[0], "group": group, "count": count, "note": "because"})
}

both_practices! {
    async fn licenses_are_asked_for_processed_and_released(practice) {
        practice.operator("helpdesk").await;
        let (admin, help) = (practice.token("admin").await, practice.token("helpdesk").await);
        let (api, queue) = (practice.api(&admin), practice.api(&help));
        let support = queue.clone().with("muster-organization", practice.organization.to_string());
        totals(practice, &support, &[(0, "student", 2)]).await;
        let prices = json!({"currency": "usd", "student": 2500, "therapist": null});
        let set = support.put("/license-prices", &prices).await.expect(200).json();
        assert_eq!(set, json!({"currency": "USD", "therapist": null, "assistant": null, "student": 2500}));
        assert_eq!(api.get("/license-prices").await.expect(200).json(), set);

        let first = api.clone().with("idempotency-key", "k1").post("/license-requests", &ask(practice, "add", "student", 2)).await.expect(201);
        let again = api.clone().with("idempotency-key", "k1").post("/license-requests", &ask(practice, "add", "student", 2)).await.expect(201);
        let (first, again) = (first.json(), again.json());
        assert_eq!((&first["id"], &first["number"], &first["state"]), (&again["id"], &json!(1), &json!("submitted")));
        assert_eq!(first["effect"], json!({"total_before": 2, "total_after": 4, "monthly": {"amount": 5000, "currency": "USD"}}));
        assert_eq!(first["notices"], json!([]));
        practice.clock.advance(jiff::SignedDuration::from_secs(1));
        let second = api.post("/license-requests", &ask(practice, "release", "student", 2)).await.expect(201).json();
        assert!(second["notices"][0].as_str().is_some_and(|n| n.contains("Another request is open")), "{second}");
        let path = |r: &Value, what: &str| format!("/license-requests/{}{what}", r["id"].as_str().expect("an id"));

        assert_problem(&api.post(&path(&first, "/process"), &json!({})).await, 403, "support_only");
        let waiting = queue.get("/license-requests").await.expect(200).json();
        assert_eq!(waiting["items"].as_array().map(|i| i.iter().map(|r| r["number"].clone()).collect::<Vec<_>>()), Some(vec![json!(1), json!(2)]));
        assert_eq!(waiting["items"][0]["organization_name"], "Saco Rehab");
        let done = queue.post(&path(&first, "/process"), &json!({"note": "=Active now"})).await.expect(200).json();
        assert_eq!((&done["state"], &done["ended_by"]["kind"], &done["ended_note"]), (&json!("processed"), &json!("support"), &json!("=Active now")));
        assert_problem(&queue.post(&path(&first, "/process"), &json!({})).await, 409, "request_ended");
        assert_problem(&queue.post(&path(&second, "/reject"), &json!({})).await, 422, "required");
        for n in 0..3 {
            let username = format!("s{n}");
            practice.add(PersonSpec { username: &username, user_type: UserType::SPT, ..PersonSpec::default() }).await;
        }
        assert_problem(&queue.post(&path(&second, "/process"), &json!({})).await, 409, "release_taken_meanwhile");
        assert_eq!(refused(&api.post("/license-requests", &ask(practice, "release", "student", 1)).await.expect(409)), ["count release_exceeds_available"]);
        assert_eq!(api.post(&path(&second, "/withdraw"), &json!({})).await.expect(200).json()["state"], "withdrawn");
        assert_problem(&api.post(&path(&second, "/withdraw"), &json!({})).await, 409, "request_ended");

        let ledger = api.get("/license-ledger").await.expect(200).json();
        let lines: Vec<_> = ledger["items"].as_array().into_iter().flatten().map(|e| (e["total_before"].clone(), e["total_after"].clone(), e["request_number"].clone())).collect();
        assert_eq!(lines, [(json!(2), json!(4), json!(1)), (json!(null), json!(2), json!(null))]);
        let file = practice.visitor("admin").await.get("/emr/licenses/ledger.csv").await.expect(200);
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
        assert!(file.header("content-disposition").starts_with("attachment; filename=\"license-ledger-"));
        let mut read = csv::Reader::from_reader(file.body.as_slice());
        assert_eq!(read.headers().expect("a header"), vec!["entry", "at", "clinic", "group", "total_before", "total_after", "request", "actor_kind", "actor_name", "note"]);
        let of = |at: usize, row: &csv::StringRecord| row.get(at).unwrap_or_default().to_owned();
        let written: Vec<Vec<String>> = read.records().map(|r| [2, 3, 4, 5, 6, 9].map(|at| of(at, r.as_ref().expect("a row"))).to_vec()).collect();
        // A spreadsheet would take a note that begins like a formula for one.
        assert_eq!(written, [["Saco", "student", "2", "4", "1", "'=Active now"], ["Saco", "student", "", "2", "", ""]]);
        let exported = api.get("/audit-events?limit=1").await.json()["items"][0].clone();
        assert_eq!((&exported["action"], &exported["detail"]), (&json!("license_ledger.exported"), &json!({"clinic": null, "group": null})));
        let history = api.get(&format!("/license-pools/{}/student/history", practice.clinics[0])).await.expect(200).json();
        assert_eq!((&history["items"][0]["total"], &history["items"][0]["assigned"]), (&json!(4), &json!(3)));
        assert_eq!(api.get("/license-pools/unused").await.expect(200).json()["unused"], 0);
        let listed = api.get("/license-requests?state=processed&kind=add&limit=1").await.expect(200).json();
        assert_eq!((&listed["total"], &listed["items"][0]["number"]), (&json!(1), &json!(1)));
    }

    async fn what_cannot_be_asked_for_is_refused_field_by_field(practice) {
        let admin = practice.token("admin").await;
        let api = practice.api(&admin);
        let wrong = json!({"kind": "more", "clinic_id": "x", "group": "wizards", "count": "2", "note": 5, "zzz": 1});
        assert_eq!(refused(&api.post("/license-requests", &wrong).await.expect(422)), [
            "clinic_id wrong_type", "count wrong_type", "group wrong_type", "kind wrong_type", "note wrong_type", "zzz unknown_field",
        ]);
        let found = refused(&api.post("/license-requests", &json!({})).await.expect(422));
        assert_eq!(found, ["clinic_id required", "count required", "group required", "kind required"]);
        assert_eq!(refused(&api.post("/license-requests", &ask(practice, "add", "student", 1)).await.expect(409)), ["group pool_unlimited"]);
        assert_eq!(refused(&api.post("/license-requests", &ask(practice, "add", "clerical", 1)).await.expect(422)), ["group pool_always_unlimited"]);
        let silent = json!({"kind": "release", "clinic_id": practice.clinics[0], "group": "student", "count": 0});
        assert_eq!(refused(&api.post("/license-requests", &silent).await.expect(422)), [
            "count number_out_of_range", "group pool_unlimited", "note required",
        ]);
        let (_, manager) = a_clinic_manager(practice).await;
        let elsewhere = json!({"kind": "add", "clinic_id": practice.clinics[1], "group": "student", "count": 1});
        assert_eq!(refused(&practice.api(&manager).post("/license-requests", &elsewhere).await.expect(403)), ["clinic_id clinic_outside_your_access"]);
        assert_problem(&api.put("/license-prices", &json!({"currency": "USD"})).await, 403, "support_only");
        practice.add(PersonSpec::default()).await;
        let token = practice.token("mharlow").await;
        let nobody = practice.api(&token);
        for path in ["/license-requests", "/license-ledger", "/license-prices", "/license-pools/unused", "/license-waiting-list"] {
            assert_problem(&nobody.get(path).await, 403, "not_allowed");
        }
        assert_problem(&nobody.post("/license-requests", &ask(practice, "add", "student", 1)).await, 403, "not_allowed");
    }

    async fn those_who_wait_are_activated_as_far_as_licenses_go(practice) {
        practice.operator("helpdesk").await;
        let (admin, help) = (practice.token("admin").await, practice.token("helpdesk").await);
        let (api, support) = (practice.api(&admin), practice.api(&help).with("muster-organization", practice.organization.to_string()));
        totals(practice, &support, &[(0, "student", 0)]).await;
        for username in ["one", "two", "three"] {
            practice.add(PersonSpec { username, user_type: UserType::SPT, ..PersonSpec::default() }).await;
        }
        let listed = api.get("/license-waiting-list").await.expect(200).json();
        assert_eq!((&listed["total"], &listed["items"][0]["seats_freed_by"], &listed["items"][2]["place"]), (&json!(3), &json!("nothing"), &json!(3)));
        let page = api.get("/license-waiting-list?limit=2").await.expect(200).json();
        let next = page["next"].as_str().expect("a page more");
        assert_eq!(api.get(&format!("/license-waiting-list?limit=2&after={next}")).await.expect(200).json()["items"][0]["place"], 3);
        totals(practice, &support, &[(0, "student", 2)]).await;
        let chosen: Vec<Value> = listed["items"].as_array().into_iter().flatten().skip(2).map(|i| i["person_id"].clone()).collect();
        let done = api.post("/license-waiting-list/activate", &json!({"person_ids": chosen})).await.expect(200).json();
        assert_eq!((&done["activated"][0]["person_id"], &done["invited"]), (&chosen[0], &json!(1)));
        let done = api.post("/license-waiting-list/activate", &json!({"group": "student", "invite": false})).await.expect(200).json();
        assert_eq!((done["activated"].as_array().map(Vec::len), done["refused"][0]["errors"][0]["code"].as_str()), (Some(1), Some("no_license_available")));
        let none = json!({"clinic_id": practice.clinics[1]});
        assert_problem(&api.post("/license-waiting-list/activate", &none).await, 422, "nobody_waits");
        assert_eq!(practice.app.check().await.expect("a check"), Vec::<String>::new());
    }
}
