//! What a clinic's manager may not know of does not exist: in no list, count, search, filter or address.

use muster_domain::emr::UserType;
use muster_domain::licenses::Group;
use muster_testkit::both_practices;
use muster_testkit::practice::{Member, PersonSpec, Practice};
use serde_json::json;

use crate::{MANAGER, a_clinic_manager, a_stranger, assert_problem, refused};

/// Someone of Wells first, and of Saco too, whose clinics were changed in every way: at once, by bulk update and by file.
/// York is called Kittery here, for the time zone has a York in it.
async fn someone_moved_about(practice: &Practice) -> Member {
    let [saco, wells, york] = practice.clinics[..] else { panic!("three clinics") };
    let both = practice.add(PersonSpec { username: "both", clinics: &[wells, saco], ..PersonSpec::default() }).await;
    let token = practice.token("admin").await;
    let api = practice.api(&token);
    api.patch(&format!("/clinics/{york}"), &json!({"name": "Kittery"})).await.expect(200);
    let path = format!("/people/{}", both.id);
    for account in [
        json!({"clinic_ids": [saco, wells, york]}),
        json!({"default_clinic_id": saco}),
        json!({"default_clinic_id": york}),
        json!({"clinic_ids": [saco, york]}),
        json!({"clinic_ids": [saco, wells, york], "default_clinic_id": wells}),
    ] {
        api.patch(&path, &json!({"emr_account": account})).await.expect(200);
    }
    let away = json!([{"op": "remove_clinic", "value": york}]);
    let body = json!({"selection": {"ids": [both.id]}, "changes": away});
    let job = api.post("/bulk-updates", &body).await.expect(201).json();
    assert_eq!(job["outcome"], "complete");
    let file = "username,add_clinics\nboth,Kittery\n";
    let read = api.send("POST", "/bulk-updates/file", Some("text/csv"), file).await.expect(200).json();
    let started = json!({"preview_id": read["preview"]["preview_id"]});
    assert_eq!(api.post("/bulk-updates", &started).await.expect(201).json()["outcome"], "complete");
    both
}

both_practices! {
    async fn someone_of_another_clinic_is_not_there(practice) {
        let (_, token) = a_clinic_manager(practice).await;
        let stranger = a_stranger(practice).await;
        let api = practice.api(&token);
        let path = format!("/people/{}", stranger.id);
        let nobody = "/people/0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001";
        for path in [path.as_str(), nobody, "/people/not-an-id", "/people/%FF"] {
            for answer in [
                api.get(path).await,
                api.get(&format!("{path}/emr-account")).await,
                api.get(&format!("{path}/sessions")).await,
                api.get(&format!("{path}/history")).await,
                api.patch(path, &json!({"phone": "207 555 0142"})).await,
                api.patch(path, &json!({"phone": 5})).await,
                api.patch(&format!("{path}/emr-account"), &json!({"status": "inactive"})).await,
                api.send("POST", &format!("{path}/sign-in-link"), None, "").await,
                api.delete(&format!("{path}/sessions")).await,
                api.delete(&format!("{path}/sessions/0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001")).await,
            ] {
                assert_problem(&answer, 404, "not_found");
            }
        }
        let stale = api.clone().with("if-match", "\"99\"").patch(&path, &json!({"phone": null})).await;
        assert_problem(&stale, 404, "not_found");
    }

    async fn lists_searches_filters_and_counts_leave_them_out(practice) {
        let (_, token) = a_clinic_manager(practice).await;
        let stranger = a_stranger(practice).await;
        let api = practice.api(&token);
        let all = api.get("/people").await.expect(200);
        assert!(!all.text().contains("stranger"));
        // The admin works in the first clinic too.
        assert_eq!(all.json()["total"], 2);
        let wells = practice.clinics[1];
        for query in ["q=stranger", "q=stranger@saco.example", &format!("clinic_id={wells}"), "user_type=PT"] {
            let list = api.get(&format!("/people?{query}")).await.expect(200).json();
            assert_eq!((&list["total"], &list["items"]), (&json!(0), &json!([])), "{query}");
        }
        let audit = api.get("/audit-events").await.expect(200).text();
        assert!(!audit.contains(&stranger.id.to_string()), "{audit}");
        let about = api.get(&format!("/audit-events?subject_id={}", stranger.id)).await.expect(200).json();
        assert_eq!(about["items"], json!([]));
    }

    async fn nobody_out_of_reach_is_offered_or_meant_by_what_is_typed(practice) {
        let (manager, _) = a_clinic_manager(practice).await;
        a_stranger(practice).await;
        practice.give_password(&manager).await;
        let page = practice.visitor("manager").await;
        assert!(page.get("/person-names?subject=a").await.expect(200).text().contains("value=\"admin\""));
        for typed in ["stranger", "STRANGER", "stranger%40saco.example", "tranger"] {
            for field in ["subject", "actor"] {
                let offered = page.get(&format!("/person-names?{field}={typed}")).await.expect(200).text();
                assert_eq!(offered, "", "{typed}");
                let asked = page.get(&format!("/audit?{field}={typed}")).await.expect(200).text();
                assert!(asked.contains("No such person") && !asked.contains("Stranger"), "{typed}: {asked}");
            }
        }
        let clerk = PersonSpec { username: "clerk", user_type: UserType::Clerical, ..PersonSpec::default() };
        let clerk = practice.add(clerk).await;
        practice.give_password(&clerk).await;
        practice.visitor("clerk").await.get("/person-names?subject=a").await.expect(403);
    }

    async fn clinics_and_pools_out_of_reach_are_not_there(practice) {
        let (_, token) = a_clinic_manager(practice).await;
        let api = practice.api(&token);
        let clinics = api.get("/clinics").await.expect(200).json();
        assert_eq!((&clinics["total"], &clinics["items"][0]["name"]), (&json!(1), &json!("Saco")));
        let wells = practice.clinics[1];
        assert_problem(&api.get(&format!("/clinics/{wells}")).await, 404, "not_found");
        assert_problem(&api.patch(&format!("/clinics/{wells}"), &json!({"name": "X"})).await, 404, "not_found");
        let pools = api.get("/license-pools").await.expect(200).json();
        assert_eq!(pools["total"], 4);
        assert_eq!(api.get(&format!("/license-pools?clinic_id={wells}")).await.json()["total"], 0);
    }

    async fn a_shared_persons_other_clinics_are_only_counted(practice) {
        let (_, token) = a_clinic_manager(practice).await;
        let [_, wells, _] = practice.clinics[..] else { panic!("three clinics") };
        let both = practice.add(PersonSpec {
            username: "both", clinics: &[wells, practice.clinics[0]], ..Default::default()
        }).await;
        let shown = practice.api(&token).get(&format!("/people/{}", both.id)).await.expect(200);
        assert!(!shown.text().contains(&wells.to_string()), "{}", shown.text());
        let account = &shown.json()["emr_account"];
        assert_eq!(
            (&account["default_clinic_id"], &account["clinic_ids"], &account["hidden_clinics"]),
            (&json!(null), &json!([practice.clinics[0]]), &json!(1))
        );
    }

    async fn without_view_users_one_sees_oneself_only(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        let token = practice.token("mharlow").await;
        let api = practice.api(&token);
        api.get(&format!("/people/{}", mara.id)).await.expect(200);
        assert_problem(&api.get(&format!("/people/{}", practice.admin.id)).await, 404, "not_found");
        assert_problem(&api.get("/people").await, 403, "not_allowed");
        assert_problem(&api.get("/license-pools").await, 403, "not_allowed");
        assert_problem(&api.get("/audit-events").await, 403, "not_allowed");
        let own = api.get(&format!("/audit-events?subject_id={}", mara.id)).await.expect(200).json();
        assert!(own["items"].as_array().is_some_and(|i| !i.is_empty()));
    }

    async fn the_history_of_a_shared_person_keeps_the_other_clinics_to_itself(practice) {
        let both = someone_moved_about(practice).await;
        let (_, token) = a_clinic_manager(practice).await;
        let admin = practice.token("admin").await;
        let [saco, wells, york] = practice.clinics[..] else { panic!("three clinics") };
        for path in [
            format!("/people/{}/history?limit=200", both.id),
            format!("/audit-events?limit=200&subject_id={}", both.id),
            "/audit-events?limit=200".to_owned(),
        ] {
            let all = practice.api(&admin).get(&path).await.expect(200).text();
            for clinic in [saco, wells, york] {
                assert!(all.contains(&clinic.to_string()), "whoever reaches everything reads everything: {path}");
            }
            let shown = practice.api(&token).get(&path).await.expect(200);
            let changes = shown.json()["items"].as_array().map_or(0, |items| {
                items.iter().filter(|i| i["subject"]["id"] == json!(both.id) && i["action"] == "person.updated").count()
            });
            assert!(changes >= 6, "the changes themselves are told: {path}: {}", shown.text());
            assert!(shown.text().contains(&saco.to_string()), "{path}");
            for hidden in [wells.to_string(), york.to_string(), "Wells".into(), "Kittery".into()] {
                assert!(!shown.text().contains(&hidden), "{hidden} in {path}: {}", shown.text());
            }
        }
    }

    async fn the_pages_about_a_shared_person_keep_the_other_clinics_to_themselves(practice) {
        let both = someone_moved_about(practice).await;
        let (manager, _) = a_clinic_manager(practice).await;
        practice.give_password(&manager).await;
        practice.give_password(&practice.admin).await;
        let (admin, visitor) = (practice.visitor("admin").await, practice.visitor("manager").await);
        let [_, wells, york] = practice.clinics[..] else { panic!("three clinics") };
        for path in [
            format!("/emr/users/{}", both.id),
            format!("/audit?subject_id={}", both.id),
            "/audit".to_owned(),
            format!("/audit.csv?subject_id={}", both.id),
            "/audit.csv".to_owned(),
        ] {
            let all = admin.get(&path).await.expect(200).text();
            let told = |name: &str, id: String| all.contains(name) || all.contains(&id);
            assert!(told("Wells", wells.to_string()) && told("Kittery", york.to_string()), "{path}: {all}");
            let shown = visitor.get(&path).await.expect(200).text();
            assert!(shown.contains("Both Harlow"), "{path}: {shown}");
            for hidden in [wells.to_string(), york.to_string(), "Wells".into(), "Kittery".into()] {
                assert!(!shown.contains(&hidden), "{hidden} in {path}: {shown}");
            }
        }
    }

    /// What is written down when somebody leaves is read by others than who did it.
    async fn how_a_shared_person_left_names_no_clinic_out_of_reach(practice) {
        let [saco, wells, _] = practice.clinics[..] else { panic!("three clinics") };
        let both = practice.add(PersonSpec { username: "both", clinics: &[wells, saco], ..PersonSpec::default() }).await;
        practice.app.set_license_total(&practice.machine(), wells, Group::Therapist, 5, "").await.expect("a total");
        let (manager, _) = a_clinic_manager(practice).await;
        practice.give_password(&manager).await;
        let (token, admin) = (practice.token("manager").await, practice.token("admin").await);
        let path = format!("/people/{}/offboarding", both.id);
        let body = json!({"kind": "departure", "release_license": true});
        practice.api(&admin).post(&path, &body).await.expect(201);
        let all = practice.api(&admin).get(&path).await.expect(200).text();
        assert!(all.contains("Wells"), "whoever reaches the clinic is told: {all}");
        let shown = practice.api(&token).get(&path).await.expect(200);
        assert_eq!(shown.json()["items"].as_array().map(Vec::len), Some(1), "that they left is told");
        assert!(!shown.text().contains("Wells"), "{}", shown.text());
        let visitor = practice.visitor("manager").await;
        for page in [format!("/emr/users/{}", both.id), format!("/emr/users/{}/offboarding", both.id)] {
            let shown = visitor.get(&page).await.expect(200).text();
            assert!(shown.contains("Both Harlow") && !shown.contains("Wells"), "{page}: {shown}");
        }
    }

    async fn how_a_shared_person_left_names_nobody_out_of_reach(practice) {
        let [saco, wells, _] = practice.clinics[..] else { panic!("three clinics") };
        let both = practice.add(PersonSpec { username: "both", clinics: &[wells, saco], ..PersonSpec::default() }).await;
        let heir = practice.add(PersonSpec { username: "heir", clinics: &[wells], ..PersonSpec::default() }).await;
        let student = PersonSpec { username: "stranger", user_type: UserType::SPT, clinics: &[wells], ..PersonSpec::default() };
        let student = practice.add(student).await;
        practice.app.set_supervisor(&practice.machine(), student.id, Some(both.id)).await.expect("supervised");
        let (_, token) = a_clinic_manager(practice).await;
        let admin = practice.token("admin").await;
        let path = format!("/people/{}/offboarding", both.id);
        let body = json!({"kind": "departure", "hand_supervisees_to": heir.id});
        practice.api(&admin).post(&path, &body).await.expect(201);
        let shown = practice.api(&token).get(&path).await.expect(200);
        assert_eq!(shown.json()["items"].as_array().map(Vec::len), Some(1), "that they left is told");
        let all = practice.api(&admin).get(&path).await.expect(200).text();
        for hidden in ["Stranger", "Heir"] {
            assert!(all.contains(hidden), "whoever may know them is told: {all}");
            assert!(!shown.text().contains(hidden), "{}", shown.text());
        }
    }

    /// As with access copied from somebody: not by name, for whoever reads the record may not know them.
    async fn that_two_are_two_people_names_nobody_out_of_reach(practice) {
        let here = practice.add(PersonSpec { username: "here", ..PersonSpec::default() }).await;
        let stranger = a_stranger(practice).await;
        let admin = practice.token("admin").await;
        let body = json!({"person_id": here.id, "other_id": stranger.id});
        let said = practice.api(&admin).post("/people/duplicates/someone-else", &body).await;
        assert!(said.status < 300, "{}", said.text());
        let (_, token) = a_clinic_manager(practice).await;
        let path = format!("/people/{}/history", here.id);
        let shown = practice.api(&token).get(&path).await.expect(200).text();
        assert!(shown.contains("person.someone_else"), "that somebody looked is told: {shown}");
        assert!(!shown.contains("Stranger"), "{shown}");
    }

    async fn a_refusal_about_a_clinic_out_of_reach_does_not_name_it(practice) {
        let [saco, wells, _] = practice.clinics[..] else { panic!("three clinics") };
        let keeper = practice.add(PersonSpec {
            username: "keeper", user_type: UserType::Clerical, permissions: Some(MANAGER), clinics: &[saco, wells],
            ..PersonSpec::default()
        }).await;
        let (_, token) = a_clinic_manager(practice).await;
        let path = format!("/people/{}", keeper.id);
        let off = json!({"emr_account": {"status": "inactive"}});
        let said = practice.api(&token).patch(&path, &off).await.expect(409);
        assert_eq!(refused(&said), ["emr_account.status last_admin"]);
        assert!(said.text().contains("last user manager of") && !said.text().contains("Wells"), "{}", said.text());
        let left = practice.api(&token).post(&format!("{path}/offboarding"), &json!({"kind": "leave"})).await.expect(409);
        assert!(left.text().contains("last user manager of") && !left.text().contains("Wells"), "{}", left.text());
    }
}
