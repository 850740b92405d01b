//! Professional licenses, supervisors, the worklist, reminders and leaving.

use jiff::SignedDuration;
use muster_domain::emr::{Permission, UserType};
use muster_testkit::both_practices;
use muster_testkit::practice::{Member, PersonSpec, Practice};
use serde_json::{Value, json};

use crate::{a_clinic_manager, a_stranger, assert_problem, refused};

async fn a_student(practice: &Practice, username: &str) -> Member {
    practice.add(PersonSpec { username, user_type: UserType::SPT, ..PersonSpec::default() }).await
}

fn uuid_of_nobody() -> &'static str {
    "0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001"
}

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * n)
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().expect("items").iter().filter_map(|i| i["username"].as_str()).collect()
}

both_practices! {
    async fn any_number_of_licenses_is_kept_and_the_first_is_that_of_the_emr_account(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let path = format!("/people/{}/professional-licenses", mara.id);
        let body = json!({"number": "OT 9", "state": "nh", "profession": "Hand therapist", "expires_on": "2027-03-31"});
        let made = api.post(&path, &body).await.expect(201);
        let second = made.header("location").trim_start_matches("/api/v1").to_owned();
        assert_eq!(made.json(), json!({"id": 1, "number": "OT 9", "state": "NH", "profession": "Hand therapist", "expires_on": "2027-03-31"}));
        assert_eq!(refused(&api.post(&path, &body).await.expect(409)), ["number license_listed_twice"]);
        let wrong = json!({"number": "<b>", "state": "XX", "profession": "x", "expires_on": "soon"});
        assert_eq!(refused(&api.post(&path, &wrong).await.expect(422)),
            ["expires_on date_invalid", "number license_invalid", "state state_invalid"]);
        let first = api.patch(&format!("{path}/0"), &json!({"number": "PT-2", "profession": "Physical therapist"})).await.expect(200).json();
        assert_eq!((&first["number"], &first["profession"]), (&json!("PT-2"), &json!("Physical therapist")));
        let shown = api.get(&format!("/people/{}", mara.id)).await.json();
        assert_eq!(shown["emr_account"]["license_number"], "PT-2");
        api.patch(&format!("/people/{}", mara.id), &json!({"phone": "207 555 0142", "emr_account": {"license_state": "ME"}})).await.expect(200);
        let listed = api.get(&path).await.expect(200).json();
        assert_eq!((&listed["total"], &listed["items"][0]["profession"], &listed["items"][0]["state"], &listed["items"][1]["number"]),
            (&json!(2), &json!("Physical therapist"), &json!("ME"), &json!("OT 9")), "saving a profile leaves the list alone");
        assert_eq!(api.delete(&format!("{path}/0")).await.expect(422).refusals()[0].1, "license_required");
        api.delete(&second).await.expect(204);
        api.delete(&second).await.expect(404);
        assert_eq!(api.get(&path).await.json()["total"], 1);
    }

    async fn licenses_of_people_out_of_reach_do_not_exist_and_viewers_change_nothing(practice) {
        let (_, manager) = a_clinic_manager(practice).await;
        let stranger = a_stranger(practice).await;
        let path = format!("/people/{}/professional-licenses", stranger.id);
        let api = practice.api(&manager);
        api.get(&path).await.expect(404);
        api.post(&path, &json!({"number": "1"})).await.expect(404);
        api.get(&format!("/people/{}/supervisor", stranger.id)).await.expect(404);
        api.get(&format!("/people/{}/offboarding?kind=leave", stranger.id)).await.expect(404);
        let mara = practice.add(PersonSpec::default()).await;
        let view = [Permission::ViewPatients, Permission::ViewUsers];
        practice.add(PersonSpec { username: "vera", user_type: UserType::Clerical, permissions: Some(&view), ..PersonSpec::default() }).await;
        let token = practice.token("vera").await;
        let path = format!("/people/{}/professional-licenses", mara.id);
        practice.api(&token).get(&path).await.expect(200);
        assert_problem(&practice.api(&token).post(&path, &json!({"number": "1"})).await, 403, "not_allowed");
        let body = json!({"kind": "leave"});
        assert_problem(&practice.api(&token).post(&format!("/people/{}/offboarding", mara.id), &body).await, 403, "not_allowed");
        practice.add(PersonSpec { username: "plain", ..PersonSpec::default() }).await;
        let token = practice.token("plain").await;
        assert_problem(&practice.api(&token).get("/people/credentials").await, 403, "not_allowed");
    }

    async fn a_student_has_one_supervisor_at_a_time_and_a_history(practice) {
        let (mara, ida) = (practice.add(PersonSpec::default()).await, practice.add(PersonSpec { username: "ida", ..PersonSpec::default() }).await);
        let sam = a_student(practice, "sam").await;
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let path = format!("/people/{}/supervisor", sam.id);
        let set = |who: Value| json!({"supervisor_id": who});
        let first = api.put(&path, &set(json!(mara.id.to_string()))).await.expect(200).json();
        assert_eq!(first["supervisor"]["full_name"], "Mharlow Harlow");
        practice.clock.advance(days(1));
        api.put(&path, &set(json!(ida.id.to_string()))).await.expect(200);
        practice.clock.advance(days(1));
        let none = api.put(&path, &set(json!(null))).await.expect(200).json();
        assert_eq!((&none["needed"], &none["supervisor"]), (&json!(true), &json!(null)));
        let before: Vec<_> = none["history"].as_array().unwrap().iter().map(|h| h["full_name"].as_str().unwrap()).collect();
        assert_eq!(before, ["Ida Harlow", "Mharlow Harlow"]);
        for (body, expected) in [
            (set(json!(sam.id.to_string())), "supervisor_id supervisor_not_therapist"),
            (set(json!("x")), "supervisor_id wrong_type"),
            (json!({}), "supervisor_id required"),
        ] {
            assert_eq!(refused(&api.put(&path, &body).await.expect(422)), [expected]);
        }
        let of_mara = format!("/people/{}/supervisor", mara.id);
        assert_eq!(refused(&api.put(&of_mara, &set(json!(ida.id.to_string()))).await.expect(422)), ["supervisor_id supervisor_not_for_type"]);
        let (_, manager) = a_clinic_manager(practice).await;
        let stranger = a_stranger(practice).await;
        let hidden = practice.api(&manager).put(&path, &set(json!(stranger.id.to_string()))).await.expect(422);
        assert_eq!(refused(&hidden), ["supervisor_id supervisor_unknown"]);
    }

    async fn the_worklist_shows_what_is_missing_within_scope_page_by_page(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        let (_, manager) = a_clinic_manager(practice).await;
        a_stranger(practice).await;
        a_student(practice, "sam").await;
        practice.add(PersonSpec { username: "gone", active: false, ..PersonSpec::default() }).await;
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let emr = json!({"npi": "9999999995", "emr_account": {"license_number": "00000", "license_expires_on": "2026-04-20"}});
        api.patch(&format!("/people/{}", mara.id), &emr).await.expect(200);
        api.post(&format!("/people/{}/professional-licenses", mara.id), &json!({"number": "X", "expires_on": "2026-03-01"})).await.expect(201);
        let all = api.get("/people/credentials").await.expect(200).json();
        assert_eq!(names(&all), ["mharlow", "sam", "stranger"]);
        assert_eq!(all["items"][0]["issues"], json!(["expired", "expires_60", "placeholder_npi", "placeholder_license", "missing_signature"]));
        assert_eq!(all["items"][0]["soonest_expiry"], "2026-03-01");
        for (kind, who) in [
            ("expired", vec!["mharlow"]), ("expires_30", vec![]), ("expires_60", vec!["mharlow"]),
            ("expires_90", vec!["mharlow"]), ("placeholder_npi", vec!["mharlow"]), ("placeholder_license", vec!["mharlow"]),
            ("missing_signature", vec!["mharlow", "stranger"]), ("missing_supervisor", vec!["sam"]),
        ] {
            assert_eq!(names(&api.get(&format!("/people/credentials?kind={kind}")).await.expect(200).json()), who, "{kind}");
        }
        assert_eq!(names(&practice.api(&manager).get("/people/credentials").await.expect(200).json()), ["mharlow", "sam"]);
        let wells = format!("/people/credentials?clinic_id={}", practice.clinics[1]);
        assert_eq!(names(&api.get(&wells).await.expect(200).json()), ["stranger"]);
        assert!(names(&practice.api(&manager).get(&wells).await.expect(200).json()).is_empty());
        let first = api.get("/people/credentials?limit=2").await.expect(200).json();
        let next = first["next"].as_str().expect("a next page");
        let second = api.get(&format!("/people/credentials?limit=2&after={next}")).await.expect(200).json();
        assert_eq!((names(&second), &second["next"]), (vec!["stranger"], &json!(null)));
        assert_eq!(refused(&api.get("/people/credentials?kind=x&after=y").await.expect(422)), ["after cursor_invalid", "kind wrong_type"]);
    }

    async fn reminders_go_out_once_a_stage_however_many_programs_run(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        a_clinic_manager(practice).await;
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let first = format!("/people/{}/professional-licenses/0", mara.id);
        api.patch(&first, &json!({"expires_on": "2026-05-15"})).await.expect(200); // 74 days on
        practice.messages().await;
        let (one, two) = tokio::join!(practice.app.send_due_reminders(100), practice.app.send_due_reminders(100));
        assert_eq!(one.expect("a run") + two.expect("a run"), 1, "two racing runs send once");
        let sent = practice.messages().await;
        assert_eq!(sent.len(), 3, "to her and the two managers of Saco: {sent:?}");
        assert!(sent.iter().any(|m| m.contains("Your license PT-1 runs out after 2026-05-15.")), "{sent:?}");
        assert!(sent.iter().any(|m| m.contains("Mharlow Harlow: license PT-1 runs out after 2026-05-15.")), "{sent:?}");
        let run = || async { practice.app.send_due_reminders(100).await.expect("a run") };
        assert_eq!(run().await, 0);
        let settings = muster_app::Settings { public_url: practice.url.clone(), ..muster_app::Settings::default() };
        let keys = muster_app::Keys::derive(b"a secret of the tests, 32 bytes!");
        let entropy = std::sync::Arc::new(muster_app::SystemEntropy::new());
        let restarted = muster_app::App::new(practice.db().clone(), practice.clock.clone(), entropy, keys, settings);
        assert_eq!(restarted.send_due_reminders(100).await.expect("a run"), 0, "a restart repeats nothing");
        for (later, due) in [(13, 0), (1, 1), (30, 1), (29, 0), (3, 1), (300, 0)] {
            practice.clock.advance(days(later));
            assert_eq!(run().await, due, "after {later} more days");
        }
        let told = practice.messages().await;
        assert!(told.iter().any(|m| m.contains("ran out on 2026-05-15")), "{told:?}");
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        api.patch(&first, &json!({"expires_on": "2027-05-01"})).await.expect(200);
        assert_eq!(run().await, 1, "a new date starts anew");
        let newest = api.get("/audit-events?limit=1").await.expect(200).json()["items"][0].clone();
        assert_eq!((&newest["action"], &newest["subject"]["id"]), (&json!("license_reminder.sent"), &json!(mara.id.to_string())));
        assert_eq!(practice.app.verify_audit(|_| {}).await.expect("a walk"), []);
    }

    async fn an_assistant_finishes_notes_only_where_and_as_long_as_it_is_allowed(practice) {
        let pat = practice.add(PersonSpec { username: "pat", user_type: UserType::PTA, clinics: &practice.clinics[..2], ..PersonSpec::default() }).await;
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let path = format!("/people/{}", pat.id);
        let with = json!({"emr_account": {"permissions": ["view_patients", "finish_soap_notes"], "finish_attested": true}});
        assert_eq!(refused(&api.patch(&path, &with).await.expect(422)), ["emr_account.permissions signature_required"]);
        practice.sign(&pat).await;
        let unsaid = json!({"emr_account": {"permissions": ["view_patients", "finish_soap_notes"]}});
        assert_eq!(refused(&api.patch(&path, &unsaid).await.expect(422)), ["emr_account.finish_attested attestation_required"]);
        api.patch(&path, &with).await.expect(200);
        let event = api.get("/audit-events?limit=1").await.json()["items"][0].clone();
        assert_eq!(event["detail"]["emr_account.finish_attested"]["after"], true, "{event}");
        let admin = practice.visitor("admin").await;
        let shown = async || admin.get(&format!("/emr/users/{}", pat.id)).await.expect(200).text();
        let profile = shown().await;
        assert!(profile.contains("At Saco: yes") && profile.contains("At Wells: yes"), "{profile}");
        api.patch(&format!("/clinics/{}", practice.clinics[0]), &json!({"assistants_may_finish": false})).await.expect(200);
        let profile = shown().await;
        assert!(profile.contains("Not at Saco: switched off there") && profile.contains("At Wells: yes"), "{profile}");
        assert_eq!(api.delete(&format!("{path}/signature")).await.expect(409).json()["code"], "signature_in_use");
        api.patch(&path, &json!({"emr_account": {"permissions": ["view_patients"]}})).await.expect(200);
        assert!(!shown().await.contains("Finishing notes"));
    }

    async fn leaving_does_everything_at_once_and_keeps_a_record(practice) {
        let (mara, ida) = (practice.add(PersonSpec::default()).await, practice.add(PersonSpec { username: "ida", ..PersonSpec::default() }).await);
        let sam = a_student(practice, "sam").await;
        practice.give_password(&mara).await;
        practice.session("mharlow").await;
        let hers = practice.token("mharlow").await;
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        api.put(&format!("/people/{}/supervisor", sam.id), &json!({"supervisor_id": mara.id.to_string()})).await.expect(200);
        let path = format!("/people/{}/offboarding", mara.id);
        let plan = api.get(&format!("{path}?kind=departure")).await.expect(200).json();
        assert_eq!((&plan["plan"]["supervisees"], &plan["items"]), (&json!(["Sam Harlow"]), &json!([])));
        assert_eq!(plan["plan"]["refused"][0]["code"], "supervisees_need_supervisor");
        let refusal = api.post(&path, &json!({"kind": "departure"})).await.expect(422);
        assert_eq!(refused(&refusal), ["hand_supervisees_to supervisees_need_supervisor"]);
        let nobody = json!({"kind": "departure", "hand_supervisees_to": uuid_of_nobody()});
        assert_eq!(refused(&api.post(&path, &nobody).await.expect(422)), ["hand_supervisees_to supervisor_unknown"]);
        assert_eq!(refused(&api.post(&path, &json!({"kind": "holiday"})).await.expect(422)), ["kind wrong_type"]);
        let shown = api.get(&format!("/people/{}", mara.id)).await.json();
        assert_eq!(shown["emr_account"]["status"], "active", "a refusal changes nothing");
        practice.clock.advance(days(1));
        let body = json!({"kind": "departure", "hand_supervisees_to": ida.id.to_string()});
        let left = api.post(&path, &body).await.expect(201).json();
        let steps: Vec<_> = left["steps"].as_array().unwrap().iter().map(|s| s["step"].as_str().unwrap()).collect();
        assert_eq!(steps, ["emr_account", "access", "license", "supervisees"]);
        assert_eq!((&left["kind"], &left["actor_name"]), (&json!("departure"), &json!("Ada Minton")));
        let shown = api.get(&format!("/people/{}", mara.id)).await.json();
        assert_eq!((&shown["emr_account"]["status"], &shown["emr_account"]["inactive_reason"]), (&json!("inactive"), &json!("deactivated")));
        practice.api(&hers).get("/me").await.expect(401);
        let of_sam = api.get(&format!("/people/{}/supervisor", sam.id)).await.json();
        assert_eq!(of_sam["supervisor"]["full_name"], "Ida Harlow");
        assert_eq!(api.get(&path).await.json()["items"].as_array().map(Vec::len), Some(1));
        let of_admin = format!("/people/{}/offboarding", practice.admin.id);
        let answer = api.post(&of_admin, &json!({"kind": "leave"})).await.expect(409);
        assert!(refused(&answer).contains(&"emr_account.status last_admin".to_owned()));
        assert_eq!(practice.app.verify_audit(|_| {}).await.expect("a walk"), []);
    }

    async fn leaving_ends_sessions_and_links(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        practice.give_password(&mara).await;
        let (hers, stranger) = (practice.visitor("mharlow").await, practice.stranger().await);
        practice.app.send_sign_in_link(&practice.machine(), mara.id).await.expect("a link is sent");
        let letter = practice.messages().await.pop().expect("a letter");
        let link = letter.split_whitespace().find(|w| w.contains("/reset-password/")).expect("a link");
        let link = &link[link.find("/reset-password/").expect("a path")..];
        hers.get("/me").await.expect(200);
        let shown = stranger.get(link).await.expect(200).text();
        assert!(shown.contains("name=\"password\""), "the link works: {shown}");
        let token = practice.token("admin").await;
        let path = format!("/people/{}/offboarding", mara.id);
        practice.api(&token).post(&path, &json!({"kind": "departure"})).await.expect(201);
        let sent = hers.get("/me").await.expect(303);
        assert!(sent.header("location").starts_with("/sign-in"), "{}", sent.header("location"));
        let shown = stranger.get(link).await.text();
        assert!(shown.contains("This link no longer works") && !shown.contains("name=\"password\""), "{shown}");
        // Nor does coming back bring them back.
        practice.api(&token).patch(&format!("/people/{}", mara.id), &json!({"emr_account": {"status": "active"}})).await.expect(200);
        hers.get("/me").await.expect(303);
        assert!(stranger.get(link).await.text().contains("This link no longer works"));
    }

    async fn the_worklist_is_exported_to_its_end(practice) {
        let mut csv = String::from("first_name,last_name,email,npi,user_type,clinics,permissions,license_number\n");
        for n in 0..1203 {
            csv.push_str(&format!("Ida{n},Lund{n},ida{n}@saco.example,9999999995,PT,Saco,view_patients,00000\n"));
        }
        let options = muster_app::imports::ImportOptions::default();
        let file = std::io::Cursor::new(csv.into_bytes());
        practice.app.import_people(&practice.machine(), file, options, |_| {}).await.expect("people");
        practice.give_password(&practice.admin).await;
        let file = practice.visitor("admin").await.get("/people/credentials.csv?kind=placeholder_npi").await.expect(200).text();
        let lines: Vec<&str> = file.lines().collect();
        assert_eq!(lines.len(), 1 + 1203, "{}", lines.len());
        assert_eq!(lines.iter().filter(|l| l.starts_with("full_name,")).count(), 1, "one head");
        let names: std::collections::BTreeSet<&str> = lines.iter().skip(1).filter_map(|l| l.split(',').next()).collect();
        assert_eq!(names.len(), 1203, "each once");
        let events = practice.api(&practice.token("admin").await).get("/audit-events?action=credentials.exported").await;
        assert_eq!(events.expect(200).json()["items"].as_array().map(Vec::len), Some(1), "one export, one record");
    }

    async fn whoever_comes_back_from_leave_is_simply_made_active_again(practice) {
        let mara = practice.add(PersonSpec::default()).await;
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let path = format!("/people/{}", mara.id);
        api.post(&format!("{path}/offboarding"), &json!({"kind": "leave"})).await.expect(201);
        let account = |v: Value| (v["emr_account"]["status"].clone(), v["emr_account"]["inactive_reason"].clone());
        assert_eq!(account(api.get(&path).await.json()), (json!("inactive"), json!("on_leave")));
        let twice = api.post(&format!("{path}/offboarding"), &json!({"kind": "leave"})).await;
        assert_problem(&twice, 422, "nothing_to_change");
        api.patch(&path, &json!({"phone": "207 555 0142"})).await.expect(200);
        assert_eq!(account(api.get(&path).await.json()), (json!("inactive"), json!("on_leave")), "an edit leaves the reason alone");
        api.patch(&path, &json!({"emr_account": {"status": "active"}})).await.expect(200);
        assert_eq!(account(api.get(&path).await.json()), (json!("active"), json!(null)));
    }

    async fn the_pages_do_all_of_it_without_scripts(practice) {
        let (mara, ida) = (practice.add(PersonSpec::default()).await, practice.add(PersonSpec { username: "ida", ..PersonSpec::default() }).await);
        let sam = a_student(practice, "sam").await;
        let admin = practice.visitor("admin").await;
        let user = |m: &Member| format!("/emr/users/{}", m.id);
        let sent = admin.post(&format!("{}/professional-licenses", user(&mara)), &[("number", "OT9"), ("state", "NH"), ("profession", ""), ("expires_on", "2026-03-20")]).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        let shown = admin.get(&user(&mara)).await.expect(200).text();
        assert!(shown.contains("OT9") && shown.contains("expires soon"), "{shown}");
        let wrong = admin.post(&format!("{}/professional-licenses/1", user(&mara)), &[("number", ""), ("state", "XX")]).await.expect(422).text();
        assert!(wrong.contains("A license number is needed.") && wrong.contains("id=\"state-error\""), "{wrong}");
        let sent = admin.post(&format!("{}/professional-licenses/1/remove", user(&mara)), &[]).await;
        assert_eq!(sent.status, 303);
        let sent = admin.post(&format!("{}/supervisor", user(&sam)), &[("supervisor_id", &mara.id.to_string())]).await;
        assert_eq!(sent.status, 303);
        let shown = admin.get(&user(&sam)).await.expect(200).text();
        assert!(shown.contains("Mharlow Harlow</strong>"), "{shown}");
        let off = format!("{}/offboarding", user(&mara));
        let plan = admin.get(&format!("{off}?kind=leave&hand_supervisees_to={}", ida.id)).await.expect(200).text();
        assert!(plan.contains("From now on Ida Harlow supervises Sam Harlow."), "{plan}");
        let refusal = admin.post(&off, &[("kind", "leave")]).await.expect(422).text();
        assert!(refusal.contains("Choose the therapist who takes them over."), "{refusal}");
        let sent = admin.post(&off, &[("kind", "leave"), ("hand_supervisees_to", &ida.id.to_string())]).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        let shown = admin.get(&user(&mara)).await.expect(200).text();
        assert!(shown.contains("On leave") && shown.contains("Went on leave"), "{shown}");
        practice.app.update_person(&practice.machine(), ida.id, None, muster_domain::people::Change {
            person: muster_domain::people::PersonPatch { full_name: Some("=Ida".into()), ..Default::default() },
            ..Default::default()
        }).await.expect("renamed");
        let list = admin.get("/people/credentials?kind=missing_signature").await.expect(200).text();
        assert!(list.contains("=Ida") && !list.contains("Sam Harlow"), "{list}");
        let file = admin.get("/people/credentials.csv").await.expect(200);
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
        assert!(file.text().contains("'=Ida,ida,"), "{}", file.text());
    }
}
