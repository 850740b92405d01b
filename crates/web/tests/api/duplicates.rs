//! One person, one profile: look-alikes of somebody new, pairs already there, merging and undoing it.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use muster_app::people::{Contact, Decision, NewProfile, SaveReceipt};
use muster_app::{Actor, AppError, Origin};
use muster_domain::credentials::ProfessionalLicensePatch;
use muster_domain::emr::{EmrPatch, Permission, UserType};
use muster_domain::people::{Change, Profile};
use muster_domain::people::{PersonPatch, Reason};
use muster_domain::{ClinicId, Code, PersonId};
use muster_testkit::both_practices;
use muster_testkit::practice::{PersonSpec, Practice};
use muster_testkit::variants::population;
use serde_json::json;

pub fn someone(first: &str, last: &str, username: &str, clinics: &[ClinicId]) -> NewProfile {
    let person = PersonPatch {
        first_name: Some(first.to_owned()),
        last_name: Some(last.to_owned()),
        email: Some(Some(format!("{username}@saco.example"))),
        username: Some(username.to_owned()),
        npi: Some(Some("9999999995".to_owned())),
        ..PersonPatch::default()
    };
    let emr = EmrPatch {
        user_type: Some("PT".to_owned()),
        clinics: Some(clinics.iter().copied().collect::<BTreeSet<_>>()),
        default_clinic: clinics.first().copied(),
        permissions: Some(vec!["view_patients".to_owned()]),
        license_number: Some(Some("00000".to_owned())),
        ..EmrPatch::default()
    };
    NewProfile { person, emr: Some(emr), invite: Some(false), ..NewProfile::default() }
}

pub async fn add(practice: &Practice, first: &str, last: &str, username: &str, clinic: usize) -> PersonId {
    let new = someone(first, last, username, &practice.clinics[clinic..=clinic]);
    id(&practice.app.add_person(&practice.machine(), new, None).await.expect("added"))
}

pub fn id(saved: &SaveReceipt) -> PersonId {
    saved.view.profile().person.id
}

pub async fn profile(practice: &Practice, id: PersonId) -> Profile {
    practice.app.person(&practice.machine(), id).await.expect("a person").stored.profile
}

/// A user manager of the first clinic only.
pub async fn a_manager(practice: &Practice) -> Actor {
    let permissions = [Permission::ViewUsers, Permission::EditUsers, Permission::ViewPatients];
    practice
        .add(PersonSpec {
            username: "manager",
            user_type: UserType::Clerical,
            permissions: Some(&permissions),
            ..PersonSpec::default()
        })
        .await;
    acting(practice, "manager").await
}

async fn acting(practice: &Practice, username: &str) -> Actor {
    let token = practice.token(username).await;
    let origin = Origin::command_line();
    practice.app.authenticate_token(&token, None, origin).await.expect("a token's owner")
}

pub fn licensed(number: &str, state: &str) -> Change {
    let emr = EmrPatch {
        license_number: Some(Some(number.to_owned())),
        license_state: Some(Some(state.to_owned())),
        ..EmrPatch::default()
    };
    Change { emr: Some(emr), ..Change::default() }
}

pub fn further(number: &str, state: &str) -> ProfessionalLicensePatch {
    ProfessionalLicensePatch {
        number: Some(Some(number.to_owned())),
        state: Some(Some(state.to_owned())),
        ..ProfessionalLicensePatch::default()
    }
}

pub fn codes(error: &AppError) -> Vec<Code> {
    match error {
        AppError::Refused(refusals) => refusals.0.iter().map(|r| r.code).collect(),
        other => panic!("refused, not {other:?}"),
    }
}

both_practices! {
    async fn a_look_alike_is_asked_about_once(practice) {
        let first = add(practice, "Margaret", "Harlow", "mharlow", 0).await;
        let machine = practice.machine();
        let mut new = someone("Peggy", "Harlow", "peggy", &practice.clinics[..1]);
        new.duplicates = Decision::Ask;
        let asked = practice.app.add_person(&machine, new.clone(), None).await;
        let Err(AppError::PossibleDuplicate(found)) = asked else { panic!("asked: {asked:?}") };
        assert_eq!(found.seen.len(), 1);
        assert_eq!(found.seen[0].view.profile().person.id, first);
        assert_eq!(found.seen[0].reasons, [Reason::Nickname]);
        assert!(!found.hidden);

        new.duplicates = Decision::SomeoneElse { ids: vec![first], hidden: false };
        let second = id(&practice.app.add_person(&machine, new, None).await.expect("someone else"));
        assert!(practice.app.duplicate_pairs(&machine, None).await.expect("pairs").pairs.is_empty(), "never raised again");
        let third = add(practice, "Margaret", "Harlow", "third", 1).await;
        let pairs = practice.app.duplicate_pairs(&machine, None).await.expect("pairs").pairs;
        let pairs: BTreeSet<BTreeSet<PersonId>> =
            pairs.iter().map(|p| BTreeSet::from([p.older.profile().person.id, p.newer.profile().person.id])).collect();
        assert_eq!(pairs, BTreeSet::from([[first, third].into(), [second, third].into()]));
        practice.app.mark_distinct(&machine, third, first).await.expect("noted");
        practice.app.mark_distinct(&machine, third, first).await.expect("noted again");
        assert_eq!(practice.app.duplicate_pairs(&machine, None).await.expect("pairs").pairs.len(), 1);
    }

    async fn without_a_question_the_person_is_added_and_the_look_alikes_named(practice) {
        let first = add(practice, "Mara", "Stone", "mstone", 0).await;
        practice.app.update_person(&practice.machine(), first, None, Change {
            emr: Some(EmrPatch { status: Some("inactive".to_owned()), ..EmrPatch::default() }),
            ..Change::default()
        }).await.expect("inactive people count too");
        let new = someone("Stone", "Mara", "other", &practice.clinics[..1]);
        let saved = practice.app.add_person(&practice.machine(), new, None).await.expect("added");
        assert_eq!(saved.duplicates.seen[0].view.profile().person.id, first);
        assert_eq!(saved.duplicates.seen[0].reasons, [Reason::Transposed]);
    }

    async fn of_somebody_out_of_sight_only_the_existence_is_told(practice) {
        let hidden = add(practice, "Mara", "Stone", "mstone", 1).await;
        let manager = a_manager(practice).await;
        let mut new = someone("Mara", "Stone", "other", &practice.clinics[..1]);
        new.duplicates = Decision::Ask;
        let asked = practice.app.add_person(&manager, new.clone(), None).await;
        let Err(AppError::PossibleDuplicate(found)) = asked else { panic!("asked: {asked:?}") };
        assert!(found.hidden && found.seen.is_empty());
        assert_eq!(found.ask, [Contact { name: "Ada Minton".to_owned(), email: "ada@saco.example".to_owned() }]);
        let token = practice.token("manager").await;
        let mut body = crate::a_therapist(practice, "third");
        (body["first_name"], body["last_name"], body["duplicates"]) = (json!("Mara"), json!("Stone"), json!("check"));
        body["emr_account"]["permissions"] = json!(["view_patients"]);
        let told = practice.api(&token).post("/people", &body).await.expect(409).json();
        let admin = json!({"full_name": "Ada Minton", "email": "ada@saco.example"});
        assert_eq!(told["candidates"], json!({"people": [], "hidden": true, "ask": [admin]}));
        new.duplicates = Decision::SomeoneElse { ids: vec![hidden], hidden: false };
        assert!(practice.app.add_person(&manager, new.clone(), None).await.is_err(), "naming the hidden one is no way in");
        new.duplicates = Decision::SomeoneElse { ids: vec![hidden], hidden: true };
        let added = id(&practice.app.add_person(&manager, new, None).await.expect("added"));
        assert!(practice.app.duplicate_pairs(&manager, None).await.expect("pairs").pairs.is_empty());
        let pairs = practice.app.duplicate_pairs(&practice.machine(), None).await.expect("pairs").pairs;
        assert_eq!(pairs.len(), 1, "who sees both still has to decide");
        assert!(matches!(practice.app.mark_distinct(&manager, added, hidden).await, Err(AppError::NotFound)));
        assert!(matches!(practice.app.preview_merge(&manager, added, hidden).await, Err(AppError::NotFound)));
        assert!(matches!(practice.app.merge(&manager, added, hidden).await, Err(AppError::NotFound)));
    }

    async fn whoever_has_the_npi_or_email_is_shown_and_keeps_them(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let mut here = crate::a_therapist(practice, "holder");
        (here["first_name"], here["last_name"]) = (json!("Mara"), json!("Stone"));
        let holder = api.post("/people", &here).await.expect(201).json();
        let body = |field: &str| {
            let mut body = crate::a_therapist(practice, "newcomer");
            (body["first_name"], body["last_name"]) = (json!("Quentin"), json!("Zylstra"));
            (body["npi"], body["emr_account"]["license_number"]) = (json!("9999999995"), json!("00000"));
            body[field] = holder[field].clone();
            body
        };
        for (field, reason, code) in [("npi", "same_npi", "npi_taken"), ("email", "same_email", "email_taken")] {
            let mut new = body(field);
            for asking in [None, Some("check"), Some("note")] {
                new["duplicates"] = json!(asking.unwrap_or("note"));
                if asking.is_none() {
                    new.as_object_mut().expect("fields").remove("duplicates");
                }
                let asked = api.post("/people", &new).await.expect(409).json();
                assert_eq!(asked["code"], "possible_duplicate", "{asked}");
                let people = asked["candidates"]["people"].as_array().expect("candidates");
                assert_eq!(people.len(), 1, "{asked}");
                assert_eq!(people[0]["person"]["id"], holder["id"]);
                assert_eq!(people[0]["reasons"][0]["code"], reason);
                assert_eq!((&asked["errors"][0]["field"], &asked["errors"][0]["code"]), (&json!(field), &json!(code)));
            }
            // An NPI and an email belong to one person: saying that it is someone else does not help.
            new["someone_else"] = json!([holder["id"]]);
            let refused = api.post("/people", &new).await.expect(409).json();
            assert_eq!((&refused["code"], refused.get("candidates")), (&json!(code), None), "{refused}");
            // With anything else wrong, all of it is told at once.
            let mut worse = body(field);
            worse["last_name"] = json!("");
            let refused = api.post("/people", &worse).await.expect(422).json();
            let codes: BTreeSet<&str> = refused["errors"].as_array().expect("errors").iter().filter_map(|e| e["code"].as_str()).collect();
            assert_eq!(codes, BTreeSet::from([code, "required"]), "{refused}");
        }
        let stored = api.get("/people?q=zylstra").await.expect(200).json();
        assert_eq!(stored["items"], json!([]), "nobody was added");
    }

    async fn an_npi_and_an_email_are_found_though_their_holders_have_another_of_the_other(practice) {
        let machine = practice.machine();
        let mut one = someone("Mara", "Stone", "mstone", &practice.clinics[..1]);
        one.person.npi = Some(Some("1234567893".to_owned()));
        let one = id(&practice.app.add_person(&machine, one, None).await.expect("added"));
        let mut other = someone("Ida", "Ito", "iito", &practice.clinics[..1]);
        other.person.npi = Some(Some("1000000004".to_owned()));
        let other = id(&practice.app.add_person(&machine, other, None).await.expect("added"));
        let mut new = someone("Quentin", "Zylstra", "qz", &practice.clinics[..1]);
        (new.person.npi, new.person.email) = (Some(Some("1234567893".to_owned())), Some(Some("IIto@saco.example".to_owned())));
        let Err(AppError::PossibleDuplicate(found)) = practice.app.add_person(&machine, new.clone(), None).await else { panic!("asked") };
        let seen: Vec<_> = found.seen.iter().map(|c| (c.view.profile().person.id, c.score, c.reasons.clone())).collect();
        assert_eq!(seen, [(one, 100, vec![Reason::SameNpi]), (other, 99, vec![Reason::SameEmail])]);
        new.duplicates = Decision::SomeoneElse { ids: vec![one], hidden: true };
        assert!(matches!(practice.app.add_person(&machine, new.clone(), None).await, Err(AppError::PossibleDuplicate(_))));
        new.duplicates = Decision::SomeoneElse { ids: vec![one, other], hidden: false };
        let refused = practice.app.add_person(&machine, new, None).await.expect_err("both are taken");
        assert_eq!(codes(&refused), [Code::EmailTaken, Code::NpiTaken]);
    }

    async fn a_holder_out_of_sight_stays_hidden(practice) {
        let mut hidden = someone("Mara", "Stone", "mstone", &practice.clinics[1..2]);
        hidden.person.npi = Some(Some("1234567893".to_owned()));
        practice.app.add_person(&practice.machine(), hidden, None).await.expect("added");
        let manager = a_manager(practice).await;
        let token = practice.token("manager").await;
        for (field, value, code) in [("npi", "1234567893", Code::NpiTaken), ("email", "mstone@saco.example", Code::EmailTaken)] {
            let mut body = crate::a_therapist(practice, "newcomer");
            body["emr_account"]["permissions"] = json!(["view_patients"]);
            (body["first_name"], body["last_name"], body[field]) = (json!("Quentin"), json!("Zylstra"), json!(value));
            let answer = practice.api(&token).post("/people", &body).await;
            let text = answer.text();
            assert!(!text.contains("Stone") && !text.contains("Mara") && !text.contains("mstone"), "{text}");
            let told = answer.expect(409).json();
            let admin = json!({"full_name": "Ada Minton", "email": "ada@saco.example"});
            assert_eq!(told["candidates"], json!({"people": [], "hidden": true, "ask": [admin]}), "{told}");
            assert_eq!(told["errors"], json!([]));
            let mut new = someone("Quentin", "Zylstra", "qz", &practice.clinics[..1]);
            if field == "npi" { new.person.npi = Some(Some(value.to_owned())) } else { new.person.email = Some(Some(value.to_owned())) }
            new.duplicates = Decision::SomeoneElse { ids: Vec::new(), hidden: true };
            let refused = practice.app.add_person(&manager, new, None).await.expect_err("still taken");
            assert_eq!(codes(&refused), [code]);
        }
    }

    async fn a_holder_in_another_practice_is_not_told(practice) {
        practice.another("Other practice", "elsewhere").await;
        let mut new = someone("Quentin", "Zylstra", "qz", &practice.clinics[..1]);
        new.person.email = Some(Some("elsewhere@saco.example".to_owned()));
        let refused = practice.app.add_person(&practice.machine(), new, None).await.expect_err("taken elsewhere");
        assert_eq!(codes(&refused), [Code::EmailTaken]);
    }

    async fn who_was_merged_is_nobodys_double_until_that_is_undone(practice) {
        let machine = practice.machine();
        let kept = add(practice, "Mara", "Stone", "mstone", 0).await;
        practice.clock.advance(SignedDuration::from_secs(1));
        let merged = add(practice, "Mara", "Stone", "second", 0).await;
        let looks = async |app: &muster_app::App| -> BTreeSet<PersonId> {
            let new = someone("Mara", "Stone", "third", &practice.clinics[..1]);
            let found = app.duplicate_candidates(&machine, &new).await.expect("candidates");
            found.seen.iter().map(|c| c.view.profile().person.id).collect()
        };
        assert_eq!(looks(&practice.app).await, BTreeSet::from([kept, merged]));
        let done = practice.app.merge(&machine, kept, merged).await.expect("merged");
        assert_eq!(looks(&practice.app).await, BTreeSet::from([kept]));
        // Their email still belongs to the merged profile; the one that stands for both is shown.
        let mut new = someone("Quentin", "Zylstra", "qz", &practice.clinics[..1]);
        new.person.email = Some(Some("second@saco.example".to_owned()));
        let Err(AppError::PossibleDuplicate(found)) = practice.app.add_person(&machine, new, None).await else { panic!("asked") };
        let seen: Vec<PersonId> = found.seen.iter().map(|c| c.view.profile().person.id).collect();
        assert_eq!(seen, [kept]);
        let third = add(practice, "Mara", "Stone", "third", 0).await;
        let pairs = practice.app.duplicate_pairs(&machine, None).await.expect("pairs").pairs;
        let pairs: Vec<_> = pairs.iter().map(|p| (p.older.profile().person.id, p.newer.profile().person.id)).collect();
        assert_eq!(pairs.len(), 1, "{pairs:?}");
        assert!(pairs[0] == (kept, third) || pairs[0] == (third, kept), "{pairs:?}");
        practice.app.undo_merge(&machine, done.id).await.expect("undone");
        assert_eq!(looks(&practice.app).await, BTreeSet::from([kept, merged, third]));
        assert_eq!(practice.app.duplicate_pairs(&machine, None).await.expect("pairs").pairs.len(), 3);
    }

    async fn the_same_person_gets_the_new_clinics_and_what_the_actor_may_give(practice) {
        let first = add(practice, "Mara", "Stone", "mstone", 0).await;
        let manager = a_manager(practice).await;
        let mut new = someone("Mara", "Stone", "other", &practice.clinics[..1]);
        new.emr.as_mut().expect("an account").permissions = Some(vec!["view_users".to_owned(), "company_admin".to_owned()]);
        practice.app.link_existing(&manager, first, &new).await.expect("saved");
        let after = profile(practice, first).await.emr.expect("an account");
        let held: Vec<&str> = after.permissions.iter().map(Permission::as_str).collect();
        assert_eq!(held, ["view_patients", "view_users"]);
        new.emr.as_mut().expect("an account").clinics = Some(practice.clinics[1..2].iter().copied().collect());
        let refused = practice.app.link_existing(&manager, first, &new).await.expect_err("a clinic out of reach");
        assert_eq!(codes(&refused), [Code::ClinicOutsideYourAccess]);
        practice.app.link_existing(&practice.machine(), first, &new).await.expect("saved");
        assert_eq!(profile(practice, first).await.emr.expect("an account").clinics.len(), 2);
    }

    async fn somebody_new_is_found_by_any_license_of_who_is_here(practice) {
        let machine = practice.machine();
        let here = add(practice, "Mara", "Stone", "mstone", 0).await;
        practice.app.add_professional_license(&machine, here, &further("OT-7731", "NH"), None).await.expect("added");
        let mut new = someone("Quentin", "Zylstra", "qz", &practice.clinics[..1]);
        let emr = new.emr.as_mut().expect("an account");
        (emr.license_number, emr.license_state) = (Some(Some("ot 7731".to_owned())), Some(Some("NH".to_owned())));
        new.duplicates = Decision::Ask;
        let asked = practice.app.add_person(&machine, new.clone(), None).await;
        let Err(AppError::PossibleDuplicate(found)) = asked else { panic!("asked: {asked:?}") };
        assert_eq!((found.seen[0].view.profile().person.id, found.seen[0].reasons[0]), (here, Reason::SameLicense));
        new.duplicates = Decision::Note;
        practice.clock.advance(SignedDuration::from_secs(1));
        let added = id(&practice.app.add_person(&machine, new, None).await.expect("added"));
        let pairs = practice.app.duplicate_pairs(&machine, None).await.expect("pairs").pairs;
        let pair = pairs.iter().map(|p| (p.older.profile().person.id, p.newer.profile().person.id)).collect::<Vec<_>>();
        assert_eq!(pair, [(here, added)]);
    }

    async fn generated_second_entries_are_found_in_the_database_too(practice) {
        let world = population(3, 120, 42);
        let machine = practice.machine();
        let mut ids = Vec::new();
        for one in &world.people {
            let mut new = someone(&one.first_name, &one.last_name, &one.username, &practice.clinics[..1]);
            new.person.previous_names = Some(one.previous_names.clone());
            ids.push(id(&practice.app.add_person(&machine, new, None).await.expect("added")));
        }
        let (mut found, mut wrong) = (0, 0);
        for variant in &world.variants {
            let one = &variant.person;
            let mut new = someone(&one.first_name, &one.last_name, &one.username, &practice.clinics[..1]);
            new.person.previous_names = Some(one.previous_names.clone());
            new.duplicates = Decision::Ask;
            if let Err(AppError::PossibleDuplicate(asked)) = practice.app.add_person(&machine, new, None).await {
                let raised: Vec<PersonId> = asked.seen.iter().map(|c| c.view.profile().person.id).collect();
                found += usize::from(raised.contains(&ids[variant.of]));
                wrong += usize::from(raised.iter().any(|p| *p != ids[variant.of]));
            }
        }
        assert_eq!((found, wrong), (world.variants.len(), 0));
    }
}

both_practices! {
    async fn programs_are_asked_only_when_they_want_to_be(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let body = |first: &str, username: &str| {
            let mut body = crate::a_therapist(practice, username);
            body["first_name"] = json!(first);
            body["last_name"] = json!("Stone");
            body["npi"] = json!("9999999995");
            body["emr_account"]["license_number"] = json!("00000");
            body
        };
        let first = api.post("/people", &body("Margaret", "mstone")).await.expect(201).json();
        let added = api.post("/people", &body("Peggy", "peggy")).await.expect(201).json();
        assert_eq!(added["possible_duplicates"]["people"][0]["person"]["id"], first["id"]);

        let mut asking = body("Meg", "meg");
        asking["duplicates"] = json!("check");
        let asked = api.post("/people", &asking).await.expect(409).json();
        assert_eq!(asked["code"], "possible_duplicate");
        let candidates = asked["candidates"]["people"].as_array().expect("candidates").clone();
        assert_eq!(candidates.len(), 2);
        assert_eq!(candidates[0]["reasons"][0]["code"], "nickname");
        asking["someone_else"] = json!([first["id"]]);
        api.post("/people", &asking).await.expect(409);
        asking["someone_else"] = json!([first["id"], added["id"]]);
        api.post("/people", &asking).await.expect(201);
        asking["duplicates"] = json!("perhaps");
        api.post("/people", &asking).await.expect(422);

        let pairs = api.get("/people/duplicates").await.expect(200).json();
        assert_eq!(pairs["items"].as_array().map(Vec::len), Some(1), "{pairs}");
        let both = json!({"kept_id": first["id"], "merged_id": added["id"]});
        let plan = api.post("/people/duplicates/merge-preview", &both).await.expect(200).json();
        assert_eq!(plan["refused"], json!([]));
        let merged = api.post("/people/duplicates/merge", &both).await.expect(200).json();
        assert_eq!(merged["merged"]["emr_account"]["status"], "inactive");
        let path = format!("/people/duplicates/merges/{}/undo", merged["id"].as_str().expect("an id"));
        api.send("POST", &path, None, "").await.expect(200);
        api.send("POST", &path, None, "").await.expect(409);
        assert_eq!(api.get("/people/duplicates/merges").await.expect(200).json()["items"], json!([]));
        let apart = json!({"person_id": first["id"], "other_id": added["id"]});
        api.post("/people/duplicates/someone-else", &apart).await.expect(204);
        assert_eq!(api.get("/people/duplicates").await.expect(200).json()["items"], json!([]));
        api.get("/people/duplicates?after=nonsense").await.expect(422);
        api.post("/people/duplicates/merge", &json!({"kept_id": first["id"]})).await.expect(422);
    }

    async fn an_import_of_people_with_npis_finds_those_without_one(practice) {
        let machine = practice.machine();
        let without = add(practice, "Mara", "Stone", "mstone", 0).await;
        let mut other = someone("Ida", "Ito", "iito", &practice.clinics[..1]);
        other.person.npi = Some(Some("1234567893".to_owned()));
        practice.app.add_person(&machine, other, None).await.expect("added");
        let csv = "first_name,last_name,email,npi,user_type,clinic,license_number\n\
            Mara,Stone,a@saco.example,1000000004,PT,Saco,00000\n\
            Ida,Ito,b@saco.example,1245319599,PT,Saco,00000\n\
            Ida,Ito,c@saco.example,9999999995,PT,Saco,00000\n";
        let token = practice.token("admin").await;
        let report = practice.api(&token).send("POST", "/imports?dry_run=true", Some("text/csv"), csv).await.expect(200).json();
        assert_eq!(report["added"], 3, "{report}");
        let rows = report["possible_duplicate_rows"].as_array().expect("rows");
        let lines: Vec<i64> = rows.iter().filter_map(|r| r["line"].as_i64()).collect();
        assert_eq!(lines, [2, 4], "two NPIs are two people: {report}");
        assert_eq!(rows[0]["candidates"][0]["person_id"], json!(without));
    }

    async fn programs_say_that_it_is_the_same_person(practice) {
        let token = practice.token("admin").await;
        let first = add(practice, "Mara", "Stone", "mstone", 0).await;
        let account = json!({"clinic_ids": [practice.clinics[1]], "permissions": ["edit_patients"]});
        let body = json!({"person_id": first, "emr_account": account});
        let path = "/people/duplicates/same-person";
        let saved = practice.api(&token).post(path, &body).await.expect(200);
        assert!(!saved.header("etag").is_empty());
        let saved = saved.json();
        assert_eq!((&saved["id"], &saved["username"]), (&json!(first), &json!("mstone")));
        assert_eq!(saved["emr_account"]["permissions"], json!(["view_patients", "edit_patients"]));
        let after = profile(practice, first).await.emr.expect("an account");
        assert_eq!(after.clinics, practice.clinics[..2].iter().copied().collect());
        assert_eq!(after.default_clinic, practice.clinics[0], "everything else stays");
        practice.api(&token).post(path, &json!({"emr_account": account})).await.expect(422);
        practice.api(&token).post(path, &json!({"person_id": first, "first_name": "Ida"})).await.expect(422);
        a_manager(practice).await;
        let manager = practice.token("manager").await;
        practice.api(&manager).post(path, &body).await.expect(403);
        let hidden = add(practice, "Ida", "Ito", "iito", 2).await;
        practice.api(&manager).post(path, &json!({"person_id": hidden, "emr_account": account})).await.expect(404);
    }

    async fn an_import_adds_and_flags(practice) {
        let token = practice.token("admin").await;
        let mara = add(practice, "Mara", "Stone", "mstone", 0).await;
        let csv = "first_name,last_name,email,npi,user_type,clinic,license_number\n\
            Stone,Mara,a@saco.example,9999999995,PT,Saco,00000\n\
            Ida,Ito,b@saco.example,9999999995,PT,Saco,00000\n\
            IDA,Itó,c@saco.example,9999999995,PT,Saco,00000\n";
        for dry in ["?dry_run=true", ""] {
            let path = format!("/imports{dry}");
            let report = practice.api(&token).send("POST", &path, Some("text/csv"), csv).await.expect(200).json();
            assert_eq!(report["added"], 3, "{report}");
            assert_eq!(report["possible_duplicates"], 2, "{report}");
            let rows = &report["possible_duplicate_rows"];
            assert_eq!(rows.as_array().map(Vec::len), Some(2), "{rows}");
            let stored = json!({"person_id": mara, "line": null, "full_name": "Mara Stone", "score": 90, "reasons": ["transposed"]});
            assert_eq!(rows[0], json!({"line": 2, "candidates": [stored], "hidden": false}), "{rows}");
            assert_eq!((&rows[1]["line"], &rows[1]["candidates"][0]["line"]), (&json!(4), &json!(3)), "{rows}");
            assert_eq!(rows[1]["candidates"][0]["person_id"].is_null(), !dry.is_empty(), "{rows}");
            assert_eq!(rows[1]["candidates"][0]["reasons"], json!(["same_name"]), "{rows}");
        }
    }

    async fn an_import_finds_all_that_the_form_would_find(practice) {
        let token = practice.token("admin").await;
        let here = add(practice, "Margaret", "Harlow", "mharlow", 0).await;
        add(practice, "Mara", "Quill", "mquill", 1).await;
        let csv = "first_name,last_name,email,npi,user_type,clinic,license_number\n\
            Peggy,Harlow,a@saco.example,9999999995,PT,Saco,00000\n\
            Margaret,Halrow,b@saco.example,9999999995,PT,Saco,00000\n\
            Margaret,Stone-Harlow,c@saco.example,9999999995,PT,Saco,00000\n\
            Mara,Quil,d@saco.example,9999999995,PT,Saco,00000\n";
        let import = async |token: &str| {
            let answer = practice.api(token).send("POST", "/imports?dry_run=true", Some("text/csv"), csv).await;
            answer.expect(200).json()
        };
        let report = import(&token).await;
        assert_eq!((&report["possible_duplicates"], &report["ask"]), (&json!(4), &json!([])), "{report}");
        let reasons: Vec<&str> = (0..3)
            .map(|row| {
                let candidates = report["possible_duplicate_rows"][row]["candidates"].as_array().expect("candidates");
                let stored = candidates.iter().find(|c| c["person_id"] == json!(here)).expect("the one who is here");
                stored["reasons"][0].as_str().expect("a reason")
            })
            .collect();
        assert_eq!(reasons, ["nickname", "spelled_alike", "part_of_family_name"]);
        // Whoever may not see the second clinic learns of her only that there is somebody.
        a_manager(practice).await;
        let report = import(&practice.token("manager").await).await;
        assert_eq!(report["possible_duplicate_rows"][3], json!({"line": 5, "candidates": [], "hidden": true}), "{report}");
        assert!(!report.to_string().contains("Mara Quill"), "{report}");
        assert_eq!(report["ask"], json!([{"full_name": "Ada Minton", "email": "ada@saco.example"}]));
    }
}
