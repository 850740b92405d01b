//! Bulk updates as programs do them.

use jiff::SignedDuration;
use muster_app::Scope;
use muster_domain::emr::{Permission, UserType};
use muster_testkit::both_practices;
use muster_testkit::practice::{PersonSpec, Practice};
use serde_json::{Value, json};

use crate::{a_clinic_manager, assert_problem, refused};

async fn three(practice: &Practice) -> Vec<String> {
    let mut ids = Vec::new();
    for (username, user_type) in [("mara", UserType::PT), ("zoe", UserType::Clerical), ("sam", UserType::SPT)] {
        ids.push(practice.add(PersonSpec { username, user_type, ..PersonSpec::default() }).await.id.to_string());
    }
    ids
}

fn add(permission: &str) -> Value {
    json!({"op": "add_permission", "value": permission})
}

both_practices! {
    async fn a_preview_says_all_of_it_and_starts_with_what_it_pinned(practice) {
        let ids = three(practice).await;
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let changes = json!([add("calendar_admin"), add("start_soap_notes"), {"op": "add_clinic", "value": practice.clinics[1]}]);
        let preview = api.post("/bulk-updates/preview", &json!({"selection": {"ids": ids}, "changes": changes})).await.expect(200).json();
        assert_eq!((&preview["outcome"], &preview["selected"], &preview["updated"]), (&json!("partial"), &json!(3), &json!(3)));
        assert_eq!(preview["counts_by_code"], json!({"permission_not_for_type": 1, "soap_not_for_clerical_or_billing": 1}));
        assert_eq!((&preview["user_changes_refused"], &preview["clinic_changes_refused"]), (&json!(2), &json!(0)));
        assert_eq!(preview["would_change"].as_array().map(Vec::len), Some(3));
        assert_eq!(api.get(&format!("/people/{}", ids[0])).await.json()["version"], 1, "nothing was changed");

        api.patch(&format!("/people/{}", ids[0]), &json!({"phone": "207 555 0142"})).await.expect(200);
        let body = json!({"preview_id": preview["preview_id"], "changes": changes});
        let done = api.post("/bulk-updates", &body).await.expect(201);
        let job = done.json();
        let at = format!("/bulk-updates/{}", job["id"].as_str().unwrap());
        assert_eq!(done.header("location"), format!("/api/v1{at}"));
        assert_eq!((&job["state"], &job["outcome"], &job["updated"]), (&json!("done"), &json!("partial"), &json!(2)));
        assert_eq!(job["counts_by_code"]["user_changed_since_preview"], 1);
        assert_eq!(job["clinic_changes_refused"], 1, "the whole person is refused, and with it the clinic");
        let lines: Vec<(&Value, &Value, &Value)> =
            job["refused"].as_array().unwrap().iter().map(|r| (&r["person_id"], &r["op"], &r["code"])).collect();
        assert!(lines.contains(&(&json!(ids[0]), &json!(null), &json!("user_changed_since_preview"))), "{lines:?}");
        assert!(lines.contains(&(&json!(ids[1]), &json!("add_permission"), &json!("soap_not_for_clerical_or_billing"))), "{lines:?}");
        assert_eq!(api.get(&at).await.expect(200).json(), job);
        let results = api.get(&format!("{at}/results?limit=2")).await.expect(200).json();
        assert_eq!(results["items"].as_array().map(Vec::len), Some(2));
        let rest = api.get(&format!("{at}/results?limit=2&after={}", results["next"].as_str().unwrap())).await.expect(200).json();
        assert_eq!((rest["items"].as_array().map(Vec::len), &rest["next"]), (Some(1), &json!(null)));
        let mut all: Vec<Value> = results["items"].as_array().unwrap().clone();
        all.extend(rest["items"].as_array().unwrap().clone());
        let of = |id: &str| all.iter().find(|r| r["person_id"] == id).unwrap();
        assert_eq!((&of(&ids[0])["state"], &of(&ids[2])["state"]), (&json!("refused"), &json!("updated")));

        let undo = api.post(&format!("{at}/undo-preview"), &json!({})).await.expect(200).json();
        assert_eq!((&undo["updated"], &undo["preview_id"]), (&json!(2), &json!(null)));
        practice.clock.advance(SignedDuration::from_secs(1));
        let undone = api.post(&format!("{at}/undo"), &json!({})).await.expect(201).json();
        assert_eq!((&undone["kind"], &undone["outcome"], &undone["undo_of"]), (&json!("undo"), &json!("complete"), &job["id"]));
        let after = api.get(&at).await.json();
        assert_eq!((&after["undone_by"], &after["undo_until"]), (&undone["id"], &json!(null)));
        assert_problem(&api.post(&format!("{at}/undo"), &json!({})).await, 409, "bulk_undone_already");
        let list = api.get("/bulk-updates?limit=1").await.expect(200).json();
        assert_eq!(list["items"][0]["id"], undone["id"]);
        let next = list["next"].as_str().unwrap();
        assert_eq!(api.get(&format!("/bulk-updates?after={next}")).await.json()["items"][0]["id"], job["id"]);
    }

    async fn a_repeated_request_does_nothing_twice(practice) {
        three(practice).await;
        let token = practice.token("admin").await;
        let api = practice.api(&token).with("idempotency-key", "once");
        let body = json!({"selection": {"filter": {"user_type": "PT"}}, "changes": [add("calendar_admin")]});
        let one = api.post("/bulk-updates", &body).await.expect(201).json();
        let two = api.post("/bulk-updates", &body).await.expect(201).json();
        assert_eq!((&one["id"], &one["updated"]), (&two["id"], &json!(1)));
        let other = json!({"selection": {"filter": {}}, "changes": [add("calendar_admin")]});
        assert_problem(&api.post("/bulk-updates", &other).await, 422, "idempotency_key_reused");
        let undo = format!("/bulk-updates/{}/undo", one["id"].as_str().unwrap());
        let back = practice.api(&token).with("idempotency-key", "back");
        let undone = back.post(&undo, &json!({})).await.expect(201).json();
        assert_eq!(back.post(&undo, &json!({})).await.expect(201).json()["id"], undone["id"]);
    }

    async fn every_fault_of_form_is_named_at_once(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let body = json!({
            "selection": {"filter": {"user_type": "Wizard", "fly": 1}, "more": 2},
            "changes": [add("fly"), {"op": "add_clinic"}, {"op": "dance", "value": "x"}], "extra": true,
        });
        let answer = api.post("/bulk-updates/preview", &body).await.expect(422);
        assert_eq!(refused(&answer), [
            "changes[0] unknown_permission", "changes[1] wrong_type", "changes[2] not_understood", "extra unknown_field",
            "selection.filter.fly unknown_field", "selection.filter.user_type wrong_type", "selection.more unknown_field",
        ]);
        for (body, wrong) in [
            (json!({}), vec!["changes no_changes_chosen", "selection required"]),
            (json!({"selection": {}, "changes": [add("edit_patients")]}), vec!["selection wrong_type"]),
            (json!({"selection": {"ids": []}, "changes": [add("edit_patients")]}), vec!["selection nobody_selected"]),
            (json!({"selection": {"ids": [practice.admin.id]}, "changes": [add("edit_patients"), {"op": "remove_permission", "value": "edit_patients"}]}), vec!["changes changes_contradict"]),
        ] {
            assert_eq!(refused(&api.post("/bulk-updates/preview", &body).await.expect(422)), wrong, "{body}");
        }
    }

    async fn it_takes_the_scope_and_clinic_admin(practice) {
        let (_, manager) = a_clinic_manager(practice).await;
        let body = json!({"selection": {"filter": {}}, "changes": [add("edit_patients")]});
        for path in ["/bulk-updates", "/bulk-updates/preview"] {
            assert_problem(&practice.api(&manager).post(path, &body).await, 403, "not_allowed");
        }
        assert_problem(&practice.api(&manager).get("/bulk-updates").await, 403, "not_allowed");
        let narrow = practice.token_with("admin", &[Scope::PeopleRead, Scope::PeopleWrite]).await;
        assert_problem(&practice.api(&narrow).post("/bulk-updates", &body).await, 403, "scope_missing");
        let bulk = practice.token_with("admin", &[Scope::Bulk]).await;
        practice.api(&bulk).post("/bulk-updates", &body).await.expect(201);
        assert_problem(&practice.api(&bulk).get("/bulk-updates/0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001").await, 404, "not_found");
    }

    async fn a_clinic_admin_acts_within_the_clinics_and_learns_nothing_of_others(practice) {
        let held = [Permission::ViewUsers, Permission::EditUsers, Permission::ClinicAdmin, Permission::ViewPatients, Permission::EditPatients];
        practice.add(PersonSpec { username: "chief", user_type: UserType::Clerical, permissions: Some(&held), ..PersonSpec::default() }).await;
        let stranger = crate::a_stranger(practice).await;
        let mara = practice.add(PersonSpec { username: "mara", ..PersonSpec::default() }).await;
        let token = practice.token("chief").await;
        let api = practice.api(&token);
        let body = json!({
            "selection": {"ids": [stranger.id, mara.id, "0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001"]},
            "changes": [add("edit_patients"), add("analytics_access"), {"op": "add_clinic", "value": practice.clinics[1]}],
        });
        let job = api.post("/bulk-updates", &body).await.expect(201).json();
        assert_eq!(job["counts_by_code"], json!({
            "user_outside_your_access": 2, "permission_not_held_by_you": 1, "clinic_outside_your_access": 1,
        }), "{job}");
        let text = job.to_string();
        assert!(!text.contains("Stranger") && !text.contains("Wells"), "{text}");
        let filtered = json!({"selection": {"filter": {"clinic_id": practice.clinics[1]}}, "changes": [add("edit_patients")]});
        assert_problem(&api.post("/bulk-updates", &filtered).await, 422, "nobody_selected");
    }

    async fn saved_selections_and_change_sets_are_the_practices(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let set = json!({"name": "Front-desk starter", "changes": [add("edit_patients"), {"op": "set_status", "value": "active"}]});
        let saved = api.post("/bulk-updates/presets", &set).await.expect(201).json();
        let again = api.post("/bulk-updates/presets", &json!({"name": "front-DESK starter", "changes": [add("view_patients")]})).await.expect(201).json();
        assert_eq!(saved["id"], again["id"], "one name, one set");
        api.post("/bulk-updates/presets", &json!({"name": "Active clerks", "filter": {"user_type": "Clerical", "status": "active"}})).await.expect(201);
        let list = api.get("/bulk-updates/presets").await.expect(200).json();
        let names: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|p| &p["name"]).collect();
        assert_eq!(names, [&json!("front-DESK starter"), &json!("Active clerks")]);
        assert_eq!(list["items"][0]["changes"], json!([add("view_patients")]));
        assert_eq!(list["items"][1]["filter"]["user_type"], "Clerical");
        assert_eq!(refused(&api.post("/bulk-updates/presets", &json!({"name": ""})).await.expect(422)), ["changes wrong_type"]);
        let (other, _, _) = practice.another("Elsewhere", "boss").await;
        let _ = other;
        let theirs = practice.token("boss").await;
        assert_problem(&practice.api(&theirs).delete(&format!("/bulk-updates/presets/{}", saved["id"].as_str().unwrap())).await, 404, "not_found");
        api.delete(&format!("/bulk-updates/presets/{}", saved["id"].as_str().unwrap())).await.expect(204);
    }

    async fn a_file_of_changes_is_looked_at_and_started_and_the_list_goes_out_as_one(practice) {
        three(practice).await;
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let exported = api.get("/people/export?user_type=PT").await.expect(200);
        assert!(exported.header("content-type").starts_with("text/csv"));
        let text = exported.text();
        assert_eq!(text.lines().count(), 2, "{text}");
        let edited = text.replace("view_patients; ", "view_patients; calendar_admin; ").replace(",Saco,Saco,", ",Saco,Saco; Wells,");
        assert_ne!(edited, text);
        let read = |body: String| api.send("POST", "/bulk-updates/file", Some("text/csv"), body);
        let looked = read(edited.clone()).await.expect(200).json();
        assert_eq!((&looked["rows"], &looked["faulty_rows"], &looked["preview"]["updated"]), (&json!(1), &json!(0), &json!(1)), "{looked}");
        let job = api.post("/bulk-updates", &json!({"preview_id": looked["preview"]["preview_id"]})).await.expect(201).json();
        assert_eq!((&job["outcome"], &job["kind"]), (&json!("complete"), &json!("file")));
        let again = read(edited).await.expect(200).json();
        assert_eq!((&again["preview"]["updated"], &again["preview"]["unchanged"]), (&json!(0), &json!(1)));
        let bad = read("username,status\nnobody,active\n".into()).await.expect(200).json();
        assert_eq!((&bad["preview"], &bad["faults"][0]["code"]), (&json!(null), &json!("user_outside_your_access")));
        assert_problem(&read("a,b\n1,2\n".into()).await, 422, "unknown_column");
    }

    /// `last_admin` is one code for both kinds; the sentence tells which was met.
    async fn neither_a_bulk_update_nor_a_file_takes_the_last_company_admin_or_user_manager(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let wells = practice.clinics[1];
        // Another user manager of Saco: the admin is the last company admin only.
        a_clinic_manager(practice).await;
        let keeper = practice.add(PersonSpec {
            username: "keeper", user_type: UserType::Clerical, permissions: Some(crate::MANAGER),
            clinics: &practice.clinics[..2], ..PersonSpec::default()
        }).await;
        let (admin, manager) = ("is the last active company admin", "is the last user manager of Wells");
        let off = json!({"op": "set_status", "value": "inactive"});
        let no_edit = json!({"op": "remove_permission", "value": "edit_users"});
        let versions = async || {
            let version = async |id: &str| api.get(&format!("/people/{id}")).await.expect(200).json()["version"].clone();
            (version(&practice.admin.id.to_string()).await, version(&keeper.id.to_string()).await)
        };
        let before = versions().await;
        for (id, change, sentence) in [
            (practice.admin.id, off.clone(), admin),
            (keeper.id, off, manager),
            (keeper.id, no_edit, manager),
            (keeper.id, json!({"op": "remove_clinic", "value": wells}), manager),
        ] {
            let body = json!({"selection": {"ids": [id]}, "changes": [change]});
            for (path, status) in [("/bulk-updates/preview", 200), ("/bulk-updates", 201)] {
                let done = api.post(path, &body).await.expect(status).json();
                assert_eq!(done["counts_by_code"], json!({"last_admin": 1}), "{path}: {done}");
                assert!(done["refused"].to_string().contains(sentence), "{path}: {done}");
            }
        }
        for (file, sentence) in [
            ("username,status\nadmin,inactive\n", admin),
            ("username,status\nkeeper,inactive\n", manager),
            ("username,remove_permissions\nkeeper,Edit Users\n", manager),
            ("username,clinics\nkeeper,Saco\n", manager),
        ] {
            let read = api.send("POST", "/bulk-updates/file", Some("text/csv"), file).await.expect(200).json();
            assert_eq!((&read["rows"], &read["faulty_rows"]), (&json!(1), &json!(0)), "{read}");
            assert_eq!(read["preview"]["counts_by_code"], json!({"last_admin": 1}), "{read}");
            let started = json!({"preview_id": read["preview"]["preview_id"]});
            let done = api.post("/bulk-updates", &started).await.expect(201).json();
            assert_eq!((&done["updated"], &done["counts_by_code"]), (&json!(0), &json!({"last_admin": 1})), "{done}");
            assert!(done["refused"].to_string().contains(sentence), "{file}: {done}");
        }
        assert_eq!(versions().await, before);
    }
}
