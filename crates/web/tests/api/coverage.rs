//! Tests nobody can forget to extend: every route is asked without credentials, and every one that changes something
//! leaves a record.

use axum::body::Body;
use axum::http::Request;
use muster_testkit::both_practices;
use muster_testkit::practice::{PASSWORD, PersonSpec, Practice};
use muster_web::{ROUTES, Route, Who};
use serde_json::{Value, json};

use crate::{a_therapist, assert_problem};

/// Routes that change nothing, whatever their method.
const CHANGES_NOTHING: &[(&str, &str)] = &[
    ("post", "/api/v1/people/{person}/emr-account/type-preview"),
    ("post", "/api/v1/people/duplicates/merge-preview"),
    ("post", "/api/v1/bulk-updates/preview"),
    ("post", "/api/v1/bulk-updates/file"),
    ("post", "/api/v1/bulk-updates/{bulk_update}/undo-preview"),
];

fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| if part.starts_with('{') { "0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

async fn ask(practice: &Practice, route: &Route) -> muster_testkit::practice::Answer {
    let request = Request::builder().method(route.method.to_uppercase().as_str()).uri(filled(route.path));
    practice.call(request.body(Body::empty()).expect("a request")).await
}

/// A bulk update that is done and one that still runs: more people than fit into a moment.
async fn two_bulk_updates(practice: &Practice) -> (String, String) {
    use muster_app::bulk::Selection;
    use muster_domain::bulk::{BulkChange, ChangeSet};
    use muster_domain::emr::Permission;
    let mut csv = String::from("first_name,last_name,email,user_type,clinics,permissions\n");
    for n in 0..1001 {
        csv.push_str(&format!("Bulk{n},Lund,bulk{n}@saco.example,Clerical,Saco,view_patients\n"));
    }
    let machine = practice.machine();
    let options = muster_app::imports::ImportOptions::default();
    practice
        .app
        .import_people(&machine, std::io::Cursor::new(csv.into_bytes()), options, |_| {})
        .await
        .expect("people");
    let changes = ChangeSet::new([BulkChange::AddPermission(Permission::EditPatients)]).expect("a change");
    let filter = |q: &str| Selection::Filter(muster_app::Filter { q: q.to_owned(), ..muster_app::Filter::default() });
    let done = practice.app.bulk_update(&machine, &filter("bulk77@"), &changes, None).await.expect("done");
    let running = practice.app.bulk_update(&machine, &filter("lund"), &changes, None).await.expect("begun");
    assert!(!done.is_running() && running.is_running());
    (done.job.id.to_string(), running.job.id.to_string())
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
                Who::Anyone => assert!(answer.status < 500, "{route:?}: {}", answer.text()),
            }
        }
    }

    async fn an_unknown_address_of_the_api_answers_with_a_problem(practice) {
        assert_problem(&practice.api("").get("/nothing").await, 404, "not_found");
        assert_problem(&practice.api("").send("PUT", "/people", None, "").await, 405, "wrong_method");
    }

    async fn everything_that_changes_something_is_on_record(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        let student = practice.add(PersonSpec { username: "sam", user_type: muster_domain::emr::UserType::SPT, ..PersonSpec::default() }).await;
        practice.give_password(&mara).await;
        practice.session("mharlow").await;
        practice.operator("helpdesk").await;
        let twins = [practice.add(PersonSpec { username: "ann", ..PersonSpec::default() }).await.id, practice.add(PersonSpec { username: "anna", ..PersonSpec::default() }).await.id];
        let old_twins = [practice.add(PersonSpec { username: "bea", ..PersonSpec::default() }).await.id, practice.add(PersonSpec { username: "beatrix", ..PersonSpec::default() }).await.id];
        let merge = practice.app.merge(&practice.machine(), old_twins[0], old_twins[1]).await.expect("merged").id;
        let (admin, support) = (practice.token("admin").await, practice.token("helpdesk").await);
        let sessions = practice.api(&admin).get(&format!("/people/{}/sessions", mara.id)).await.expect(200).json();
        let session = sessions["items"][0]["id"].as_str().expect("a session").to_owned();
        let made = practice.api(&admin).post("/tokens", &json!({"name": "x", "scopes": ["admin"]})).await.expect(201);
        let token = made.json()["id"].as_str().expect("a token").to_owned();
        for group in [muster_domain::licenses::Group::Assistant, muster_domain::licenses::Group::Therapist] {
            practice.app.set_license_total(&practice.machine(), practice.clinics[0], group, 30, "").await.expect("set");
        }
        let mut asked = Vec::new();
        for _ in 0..3 {
            let wanted = muster_domain::licenses::RequestDraft {
                kind: muster_domain::licenses::RequestKind::Add,
                clinic: practice.clinics[0],
                group: muster_domain::licenses::Group::Assistant,
                count: 1,
                note: String::new(),
            };
            asked.push(practice.app.submit_license_request(&practice.machine(), &wanted, None).await.expect("asked").request.id);
        }
        practice.app.set_license_total(&practice.machine(), practice.clinics[2], muster_domain::licenses::Group::Student, 0, "").await.expect("set");
        let late = PersonSpec { username: "late", user_type: muster_domain::emr::UserType::SPT, clinics: &practice.clinics[2..], ..PersonSpec::default() };
        practice.add(late).await;
        practice.app.set_license_total(&practice.machine(), practice.clinics[2], muster_domain::licenses::Group::Student, 1, "").await.expect("set");
        let csv = format!("first_name,last_name,email,npi,user_type,clinic,license_number\nIda,Ito,ida@saco.example,{},PT,Saco,1\n", practice.fresh_npi());
        let text = |v: Value| v.to_string();
        let (done, running) = two_bulk_updates(practice).await;
        let kept = practice.api(&admin).post("/bulk-updates/presets", &json!({"name": "x", "filter": {}})).await.expect(201).json();
        let kept = kept["id"].as_str().expect("an id").to_owned();
        let more = json!([{"op": "add_permission", "value": "calendar_admin"}]);
        let (organization, clinic) = (practice.organization, practice.clinics[1]);
        let person = format!("/people/{}", mara.id);
        let cases: Vec<(&str, &str, String, String, &str)> = vec![
            ("patch", "/organizations/{organization}", format!("/organizations/{organization}"), text(json!({"idle_minutes": 7})), "organization.updated"),
            ("post", "/clinics", "/clinics".into(), text(json!({"name": "Biddeford"})), "clinic.created"),
            ("patch", "/clinics/{clinic}", format!("/clinics/{clinic}"), text(json!({"name": "Wells Beach"})), "clinic.updated"),
            ("post", "/people", "/people".into(), text(a_therapist(practice, "new")), "invitation.sent"),
            ("patch", "/people/{person}", person.clone(), text(json!({"phone": "207 555 0142"})), "person.updated"),
            ("patch", "/people/{person}/emr-account", format!("{person}/emr-account"), text(json!({"license_state": "ME"})), "person.updated"),
            ("post", "/people/{person}/professional-licenses", format!("{person}/professional-licenses"), text(json!({"number": "PT-77", "state": "NH"})), "professional_license.added"),
            ("patch", "/people/{person}/professional-licenses/{license}", format!("{person}/professional-licenses/1"), text(json!({"state": "VT"})), "professional_license.changed"),
            ("delete", "/people/{person}/professional-licenses/{license}", format!("{person}/professional-licenses/1"), String::new(), "professional_license.removed"),
            ("put", "/people/{person}/supervisor", format!("/people/{}/supervisor", student.id), text(json!({"supervisor_id": mara.id.to_string()})), "supervisor.changed"),
            ("post", "/people/{person}/sign-in-link", format!("{person}/sign-in-link"), String::new(), "password_reset.sent"),
            ("delete", "/people/{person}/sessions/{session}", format!("{person}/sessions/{session}"), String::new(), "sessions.ended"),
            ("delete", "/people/{person}/sessions", format!("{person}/sessions"), String::new(), "sessions.ended"),
            ("post", "/people/{person}/copy-from", format!("{person}/copy-from"), text(json!({"source_ids": [practice.admin.id]})), "emr_account.access_copied"),
            ("put", "/people/{person}/picture", format!("{person}/picture?crop=middle"), "image".into(), "picture.set"),
            ("delete", "/people/{person}/picture", format!("{person}/picture"), String::new(), "picture.removed"),
            ("put", "/people/{person}/signature", format!("{person}/signature"), "image".into(), "signature.set"),
            ("delete", "/people/{person}/signature", format!("{person}/signature"), String::new(), "signature.removed"),
            ("post", "/people/{person}/offboarding", format!("/people/{}/offboarding", student.id), text(json!({"kind": "leave"})), "person.offboarded"),
            ("put", "/license-pools/{clinic}/{group}", format!("/license-pools/{clinic}/student"), text(json!({"total": 3})), "license_pool.total_set"),
            ("post", "/license-requests", "/license-requests".into(), text(json!({"kind": "add", "clinic_id": practice.clinics[0], "group": "assistant", "count": 2})), "license_request.submitted"),
            ("post", "/license-requests/{request}/withdraw", format!("/license-requests/{}/withdraw", asked[0]), text(json!({})), "license_request.withdrawn"),
            ("post", "/license-requests/{request}/process", format!("/license-requests/{}/process", asked[1]), text(json!({"note": "x"})), "license_request.processed"),
            ("post", "/license-requests/{request}/reject", format!("/license-requests/{}/reject", asked[2]), text(json!({"note": "x"})), "license_request.rejected"),
            ("post", "/license-waiting-list/activate", "/license-waiting-list/activate".into(), text(json!({"invite": false})), "person.updated"),
            ("put", "/license-prices", "/license-prices".into(), text(json!({"currency": "USD", "therapist": 9900})), "license_prices.set"),
            ("put", "/me/password", "/me/password".into(), text(json!({"current_password": PASSWORD, "password": "Quiet-harbor-Lamp-42"})), "password.changed"),
            ("post", "/tokens", "/tokens".into(), text(json!({"name": "y", "scopes": ["admin"]})), "token.created"),
            ("delete", "/tokens/{token}", format!("/tokens/{token}"), String::new(), "token.revoked"),
            ("post", "/people/duplicates/someone-else", "/people/duplicates/someone-else".into(), text(json!({"person_id": twins[0], "other_id": mara.id})), "person.someone_else"),
            ("post", "/people/duplicates/same-person", "/people/duplicates/same-person".into(), text(json!({"person_id": twins[0], "emr_account": {"clinic_ids": [practice.clinics[2]]}})), "person.updated"),
            ("post", "/people/duplicates/merge", "/people/duplicates/merge".into(), text(json!({"kept_id": twins[0], "merged_id": twins[1]})), "people.merged"),
            ("post", "/people/duplicates/merges/{merge}/undo", format!("/people/duplicates/merges/{merge}/undo"), String::new(), "people.merge_undone"),
            ("post", "/bulk-updates", "/bulk-updates".into(), text(json!({"selection": {"ids": [twins[0]]}, "changes": more})), "bulk_update.done"),
            ("post", "/bulk-updates/{bulk_update}/undo", format!("/bulk-updates/{done}/undo"), String::new(), "bulk_update.undone"),
            ("post", "/bulk-updates/{bulk_update}/cancel", format!("/bulk-updates/{running}/cancel"), String::new(), "bulk_update.done"),
            ("post", "/bulk-updates/presets", "/bulk-updates/presets".into(), text(json!({"name": "y", "changes": more})), "bulk_preset.saved"),
            ("delete", "/bulk-updates/presets/{preset}", format!("/bulk-updates/presets/{kept}"), String::new(), "bulk_preset.removed"),
            ("post", "/imports", "/imports".into(), csv, "people.imported"),
        ];
        for route in ROUTES.iter().filter(|r| r.who == Who::Program && r.method != "get") {
            let key = (route.method, route.path.trim_start_matches("/api/v1"));
            let excused = CHANGES_NOTHING.contains(&(route.method, route.path));
            assert!(excused || cases.iter().any(|c| (c.0, c.1) == key), "{route:?} has no audit test");
        }
        for (method, template, path, body, action) in cases {
            let by_support = ["/license-pools", "/license-prices", "/license-requests/{request}/process", "/license-requests/{request}/reject"];
            let who = if by_support.iter().any(|t| template.starts_with(t)) { &support } else { &admin };
            let api = practice.api(who).with("muster-organization", organization.to_string());
            let newest = |list: Value| (list["items"][0]["seq"].as_i64().unwrap_or(0), list["items"][0]["action"].clone());
            let reader = practice.api(&admin);
            let (before, _) = newest(reader.get("/audit-events?limit=1").await.expect(200).json());
            let (kind, body) = match (template, body.as_str()) {
                ("/imports", _) => ("text/csv", body.into_bytes()),
                (_, "image") => ("image/png", muster_app::images::made_up_signature()),
                _ => ("application/json", body.into_bytes()),
            };
            let answer = api.send(&method.to_uppercase(), &path, Some(kind), body).await;
            assert!(answer.status < 300, "{method} {path}: {}", answer.text());
            let (after, found) = newest(reader.get("/audit-events?limit=1").await.expect(200).json());
            assert!(after > before, "{method} {template} left no record");
            assert_eq!(found, action, "{method} {template}");
        }
        assert_eq!(practice.app.verify_audit(|_| {}).await.expect("a walk"), []);
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
