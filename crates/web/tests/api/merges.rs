//! Putting two profiles together, and taking that back.

use jiff::SignedDuration;
use muster_app::images::made_up_signature;
use muster_domain::Code;
use muster_domain::emr::{EmrPatch, Permission, Status, UserType};
use muster_domain::people::PersonPatch;
use muster_domain::people::{Change, Profile};
use muster_testkit::both_practices;
use muster_testkit::practice::PersonSpec;
use serde_json::json;

use crate::duplicates::{a_manager, add, codes, further, id, licensed, profile, someone};

both_practices! {
    async fn merging_moves_everything_and_undoing_it_leaves_nothing(practice) {
        let machine = practice.machine();
        let kept = add(practice, "Mara", "Stone", "mstone", 0).await;
        let merged = add(practice, "Mara", "Stone-Harlow", "mharlow", 1).await;
        let npi = practice.fresh_npi();
        let change = Change {
            person: PersonPatch { npi: Some(Some(npi.clone())), phone: Some(Some("207 555 0142".to_owned())), ..PersonPatch::default() },
            emr: Some(EmrPatch {
                permissions: Some(vec!["company_admin".to_owned()]),
                license_number: Some(Some("PT77".to_owned())),
                license_state: Some(Some("ME".to_owned())),
                ..EmrPatch::default()
            }),
            ..Change::default()
        };
        practice.app.update_person(&machine, merged, None, change).await.expect("saved");
        let before = (profile(practice, kept).await, profile(practice, merged).await);

        let preview = practice.app.preview_merge(&machine, kept, merged).await.expect("a preview");
        assert_eq!(preview.refused, None);
        let fields: Vec<&str> = preview.moves.iter().map(|m| m.field.as_str()).collect();
        for field in ["emr_account.clinic_ids", "emr_account.permissions", "emr_account.license_number", "previous_names", "npi", "phone"] {
            assert!(fields.contains(&field), "{field}: {fields:?}");
        }
        assert_eq!((profile(practice, kept).await, profile(practice, merged).await), before, "a preview changes nothing");

        let done = practice.app.merge(&machine, kept, merged).await.expect("merged");
        let (mine, theirs) = (profile(practice, kept).await, profile(practice, merged).await);
        assert_eq!(mine.person.npi.as_deref(), Some(npi.as_str()));
        assert_eq!(mine.person.previous_names, ["Mara Stone-Harlow"]);
        assert_eq!(mine.emr.as_ref().expect("an account").clinics.len(), 2);
        assert!(mine.emr.as_ref().expect("an account").permissions.contains(Permission::CompanyAdmin));
        assert_eq!(theirs.emr.as_ref().expect("an account").status, Status::Inactive);
        assert!(practice.app.duplicate_pairs(&machine, None).await.expect("pairs").pairs.is_empty());
        assert_eq!(practice.app.merges(&machine).await.expect("merges").len(), 1);

        practice.app.undo_merge(&machine, done.id).await.expect("undone");
        assert_eq!((profile(practice, kept).await, profile(practice, merged).await), before);
        let again = practice.app.undo_merge(&machine, done.id).await.expect_err("once only");
        assert_eq!(codes(&again), [Code::MergeUndoneAlready]);
        assert_eq!(practice.app.duplicate_pairs(&machine, None).await.expect("pairs").pairs.len(), 1);
        assert_eq!(practice.app.verify_audit(|_| {}).await.expect("a walk"), []);
    }

    async fn a_merge_is_undone_for_thirty_days_to_the_second(practice) {
        let machine = practice.machine();
        let days = |n: i64| SignedDuration::from_hours(24 * n);
        for (wait, undone) in [(days(30) - SignedDuration::from_secs(1), true), (days(30) + SignedDuration::from_secs(1), false)] {
            let tag = if undone { "in" } else { "past" };
            let kept = add(practice, "Mara", "Stone", &format!("{tag}1"), 0).await;
            let merged = add(practice, "Mara", "Stone", &format!("{tag}2"), 0).await;
            let done = practice.app.merge(&machine, kept, merged).await.expect("merged");
            practice.clock.advance(wait);
            let listed = practice.app.merges(&machine).await.expect("merges").iter().any(|m| m.id == done.id);
            assert_eq!(listed, undone, "{tag}: what is offered is what is done");
            match practice.app.undo_merge(&machine, done.id).await {
                Ok(_) => assert!(undone, "{tag}"),
                Err(error) => assert_eq!((undone, codes(&error)), (false, vec![Code::MergeTooOld]), "{tag}"),
            }
            let left = profile(practice, merged).await.emr.expect("an account").status;
            assert_eq!(left == Status::Active, undone, "{tag}");
        }
    }

    async fn a_merge_takes_licenses_images_and_the_supervised_along_and_undoing_gives_exactly_them_back(practice) {
        let machine = practice.machine();
        let app = &practice.app;
        let mara = practice.add(PersonSpec { username: "mstone", clinics: &practice.clinics[..1], ..PersonSpec::default() }).await.id;
        let twin = practice.add(PersonSpec { username: "mharlow", clinics: &practice.clinics[1..2], ..PersonSpec::default() }).await;
        app.update_person(&machine, twin.id, None, licensed("PT-2", "NH")).await.expect("saved");
        for (number, state) in [("OT 22", "VT"), ("pt1", "ME"), ("SLP 3", "MA")] {
            app.add_professional_license(&machine, twin.id, &further(number, state), None).await.expect("added");
        }
        app.update_person(&machine, mara, None, licensed("PT-1", "ME")).await.expect("saved");
        app.add_professional_license(&machine, mara, &further("slp-3", "MA"), None).await.expect("added");
        practice.sign(&twin).await;
        app.set_picture(&machine, twin.id, made_up_signature(), true).await.expect("a picture");
        let sam = practice.add(PersonSpec { username: "sam", user_type: UserType::SPT, ..PersonSpec::default() }).await.id;
        let far = practice.add(PersonSpec { username: "far", user_type: UserType::PTA, clinics: &practice.clinics[2..3], ..PersonSpec::default() }).await.id;
        for one in [sam, far] {
            app.set_supervisor(&machine, one, Some(twin.id)).await.expect("supervised");
        }
        let all = async || {
            let mut found = Vec::new();
            for id in [mara, twin.id] {
                let licenses = app.professional_licenses(&machine, id).await.expect("licenses");
                let picture = app.picture(&machine, id).await.expect("read");
                let signature = app.signature(&machine, id).await.expect("read");
                found.push((profile(practice, id).await, licenses, picture, signature));
            }
            let of = async |id| app.supervision(&machine, id).await.expect("supervision").history;
            (found, of(sam).await, of(far).await)
        };
        let before = all().await;
        practice.clock.advance(SignedDuration::from_hours(1));

        let preview = app.preview_merge(&machine, mara, twin.id).await.expect("a preview");
        assert_eq!(preview.refused, None);
        let moved = |field: &str| preview.moves.iter().find(|m| m.field == field).map(|m| m.after.clone());
        let numbers: Vec<String> = moved("licenses").expect("licenses").as_array().expect("a list").iter()
            .map(|l| format!("{} {} {}", l["position"], l["number"].as_str().unwrap_or(""), l["state"].as_str().unwrap_or(""))).collect();
        assert_eq!(numbers, ["0 PT-1 ME", "1 slp-3 MA", "2 PT-2 NH", "3 OT 22 VT"]);
        assert_eq!((moved("picture"), moved("signature")), (Some(json!(true)), Some(json!(true))));
        let names: Vec<String> = moved("supervisees").expect("supervisees").as_array().expect("a list").iter()
            .map(|p| p["name"].as_str().unwrap_or("").to_owned()).collect();
        assert_eq!(names, ["Far Harlow", "Sam Harlow"]);
        assert_eq!(all().await, before, "a preview changes nothing");

        let done = app.merge(&machine, mara, twin.id).await.expect("merged");
        let (now, of_sam, _) = all().await;
        let kept: Vec<Option<&str>> = now[0].1.iter().map(|l| l.number.as_deref()).collect();
        assert_eq!(kept, [Some("PT-1"), Some("slp-3"), Some("PT-2"), Some("OT 22")]);
        let left: Vec<Option<&str>> = now[1].1.iter().map(|l| l.number.as_deref()).collect();
        assert_eq!(left, [Some("PT-2"), Some("pt1"), Some("SLP 3")], "what the kept profile has already, and the first, which its type needs");
        assert_eq!((&now[0].2, &now[0].3), (&before.0[1].2, &before.0[1].3), "with who set them and when");
        assert_eq!((&now[1].2, &now[1].3), (&None, &None));
        let supervisors: Vec<_> = of_sam.iter().map(|s| (s.supervisor.as_ref().map(|(id, _)| *id), s.until.is_some())).collect();
        assert_eq!(supervisors, [(Some(mara), false), (Some(twin.id), true)]);
        let of_both = [app.merges_of(&machine, mara).await.expect("merges"), app.merges_of(&machine, twin.id).await.expect("merges")];
        assert_eq!((of_both[0][0].is_gone, of_both[1][0].is_gone), (false, true), "the history of the other is found from both");

        app.undo_merge(&machine, done.id).await.expect("undone");
        assert_eq!(all().await, before);
        assert!(app.merges_of(&machine, mara).await.expect("merges").is_empty());
        assert_eq!(app.verify_audit(|_| {}).await.expect("a walk"), []);
        assert_eq!(app.check().await.expect("a check"), Vec::<String>::new());
    }

    async fn undoing_waits_for_nobody_but_overwrites_nothing(practice) {
        let machine = practice.machine();
        let app = &practice.app;
        let add = async |username: &'static str| practice.add(PersonSpec { username, ..PersonSpec::default() }).await;
        let (kept, twin, ida) = (add("mstone").await, add("mharlow").await, add("ida").await);
        app.update_person(&machine, twin.id, None, licensed("PT-2", "NH")).await.expect("saved");
        app.update_person(&machine, kept.id, None, licensed("PT-1", "ME")).await.expect("saved");
        practice.sign(&twin).await;
        let (sam, lee) = (
            practice.add(PersonSpec { username: "sam", user_type: UserType::SPT, ..PersonSpec::default() }).await.id,
            practice.add(PersonSpec { username: "lee", user_type: UserType::SPT, ..PersonSpec::default() }).await.id,
        );
        for one in [sam, lee] {
            app.set_supervisor(&machine, one, Some(twin.id)).await.expect("supervised");
        }
        let done = app.merge(&machine, kept.id, twin.id).await.expect("merged");
        app.set_supervisor(&machine, lee, Some(ida.id)).await.expect("under another");
        practice.sign(&kept).await;
        app.remove_signature(&machine, kept.id).await.expect("removed");
        let changed = app.undo_merge(&machine, done.id).await.expect_err("the signature is gone");
        assert_eq!(codes(&changed), [Code::ChangedSinceMerge]);
        practice.sign(&kept).await;
        let added = app.add_professional_license(&machine, kept.id, &further("OT 9", "VT"), None).await.expect("added");
        assert_eq!(codes(&app.undo_merge(&machine, done.id).await.expect_err("one more license")), [Code::ChangedSinceMerge]);
        app.remove_professional_license(&machine, kept.id, added.position).await.expect("removed");
        app.undo_merge(&machine, done.id).await.expect("as the merge left it");
        let under = async |id| {
            let found = app.supervision(&machine, id).await.expect("supervision");
            found.current().and_then(|s| s.supervisor.as_ref()).map(|(id, _)| *id)
        };
        assert_eq!((under(sam).await, under(lee).await), (Some(twin.id), Some(ida.id)), "who got another one since keeps that one");
    }

    async fn students_put_together_keep_their_supervisor_and_reminders_are_not_sent_twice(practice) {
        let machine = practice.machine();
        let app = &practice.app;
        let boss = practice.add(PersonSpec { username: "boss", ..PersonSpec::default() }).await.id;
        let (one, twin) = (
            practice.add(PersonSpec { username: "sam", user_type: UserType::SPT, ..PersonSpec::default() }).await.id,
            practice.add(PersonSpec { username: "samuel", user_type: UserType::SPT, ..PersonSpec::default() }).await.id,
        );
        app.set_supervisor(&machine, twin, Some(boss)).await.expect("supervised");
        let done = app.merge(&machine, one, twin).await.expect("merged");
        let under = async |id| {
            let found = app.supervision(&machine, id).await.expect("supervision");
            found.current().and_then(|s| s.supervisor.as_ref()).map(|(id, _)| *id)
        };
        assert_eq!((under(one).await, under(twin).await), (Some(boss), None));
        app.undo_merge(&machine, done.id).await.expect("undone");
        assert_eq!((under(one).await, under(twin).await), (None, Some(boss)));

        let (kept, other) = (
            practice.add(PersonSpec { username: "mstone", ..PersonSpec::default() }).await.id,
            practice.add(PersonSpec { username: "mharlow", ..PersonSpec::default() }).await.id,
        );
        app.update_person(&machine, other, None, licensed("PT-2", "NH")).await.expect("saved");
        let mut soon = further("OT 9", "VT");
        soon.expires_on = Some(Some("2026-03-20".to_owned()));
        app.add_professional_license(&machine, other, &soon, None).await.expect("added");
        assert_eq!(app.send_due_reminders(100).await.expect("a run"), 1);
        app.merge(&machine, kept, other).await.expect("merged");
        assert_eq!(app.send_due_reminders(100).await.expect("a run"), 0, "told already");
    }

    async fn whoever_works_here_under_the_merged_profile_goes_on_working_here(practice) {
        let machine = practice.machine();
        let old = practice.add(PersonSpec { username: "mstone", active: false, ..PersonSpec::default() }).await.id;
        let new = practice.add(PersonSpec { username: "mharlow", ..PersonSpec::default() }).await.id;
        practice.app.set_license_total(&machine, practice.clinics[0], muster_domain::licenses::Group::Therapist, 1, "").await.expect("a total");
        let before = (profile(practice, old).await, profile(practice, new).await);
        let done = practice.app.merge(&machine, old, new).await.expect("merged");
        let status = async |id| profile(practice, id).await.emr.expect("an account").status;
        assert_eq!((status(old).await, status(new).await), (Status::Active, Status::Inactive));
        practice.app.undo_merge(&machine, done.id).await.expect("undone");
        assert_eq!((profile(practice, old).await, profile(practice, new).await), before);
        assert_eq!(practice.app.check().await.expect("a check"), Vec::<String>::new());
    }

    async fn a_merge_is_not_undone_over_later_work_or_after_a_month(practice) {
        let machine = practice.machine();
        let kept = add(practice, "Mara", "Stone", "mstone", 0).await;
        let merged = add(practice, "Mara", "Stone", "mharlow", 0).await;
        let done = practice.app.merge(&machine, kept, merged).await.expect("merged");
        let phone = PersonPatch { phone: Some(Some("207 555 0142".to_owned())), ..PersonPatch::default() };
        let change = Change { person: phone, ..Change::default() };
        practice.app.update_person(&machine, kept, None, change).await.expect("saved");
        assert_eq!(codes(&practice.app.undo_merge(&machine, done.id).await.expect_err("changed")), [Code::ChangedSinceMerge]);

        let other = add(practice, "Ida", "Ito", "ito", 0).await;
        let twin = add(practice, "Ida", "Ito", "ito2", 0).await;
        let done = practice.app.merge(&machine, other, twin).await.expect("merged");
        practice.clock.advance(SignedDuration::from_hours(24 * 30 + 1));
        assert_eq!(codes(&practice.app.undo_merge(&machine, done.id).await.expect_err("late")), [Code::MergeTooOld]);
        assert_eq!(codes(&practice.app.merge(&machine, kept, kept).await.expect_err("one")), [Code::MergeWithItself]);
    }

    async fn nobody_merges_people_who_reach_further(practice) {
        let manager = a_manager(practice).await;
        let kept = add(practice, "Mara", "Stone", "mstone", 0).await;
        let new = someone("Mara", "Stone", "wide", &practice.clinics[..2]);
        let wide = id(&practice.app.add_person(&practice.machine(), new, None).await.expect("added"));
        let refused = practice.app.merge(&manager, kept, wide).await.expect_err("reaches further");
        assert_eq!(codes(&refused), [Code::HoldsMoreThanYou]);
        let preview = practice.app.preview_merge(&manager, kept, wide).await.expect("a preview");
        assert!(preview.refused.is_some() && preview.moves.is_empty());
    }

    async fn two_managers_merge_the_same_pair_the_other_way_round(practice) {
        let one = add(practice, "Mara", "Stone", "mstone", 0).await;
        let other = add(practice, "Mara", "Stone", "mharlow", 1).await;
        let (a, b) = (practice.machine(), practice.machine());
        let (first, second) = tokio::join!(practice.app.merge(&a, one, other), practice.app.merge(&b, other, one));
        assert!(first.is_ok() || second.is_ok());
        let clinics = |p: &Profile| p.emr.as_ref().map(|e| e.clinics.len());
        assert!([profile(practice, one).await, profile(practice, other).await].iter().any(|p| clinics(p) == Some(2)));
    }

    /// A student may hold neither right, so a merge into one would lose it.
    async fn no_merge_loses_the_last_company_admin_or_user_manager(practice) {
        let token = practice.token("admin").await;
        let api = practice.api(&token);
        let wells = practice.clinics[1];
        // Another user manager of Saco: the admin is the last company admin only.
        crate::a_clinic_manager(practice).await;
        let keeper = practice.add(PersonSpec {
            username: "keeper", user_type: UserType::Clerical, permissions: Some(crate::MANAGER), clinics: &[wells],
            ..PersonSpec::default()
        }).await;
        let student = practice.add(PersonSpec { username: "sam", user_type: UserType::SPT, ..PersonSpec::default() }).await;
        for (merged, sentence) in [
            (practice.admin.id, "Ada Minton is the last active company admin"),
            (keeper.id, "This person is the last user manager of Wells"),
        ] {
            let before = (profile(practice, student.id).await, profile(practice, merged).await);
            let body = json!({"kept_id": student.id, "merged_id": merged});
            let preview = api.post("/people/duplicates/merge-preview", &body).await.expect(200).json();
            assert_eq!(preview["refused"].as_array().map(Vec::len), Some(1), "{preview}");
            assert!(preview["refused"][0]["message"].as_str().is_some_and(|m| m.starts_with(sentence)), "{preview}");
            let answer = api.post("/people/duplicates/merge", &body).await.expect(409);
            assert_eq!(crate::refused(&answer), ["emr_account.status last_admin"]);
            let said = answer.json()["errors"][0]["message"].as_str().unwrap().to_owned();
            assert!(said.starts_with(sentence), "{said}");
            assert_eq!((profile(practice, student.id).await, profile(practice, merged).await), before);
        }
        // The other way round nothing is lost.
        let body = json!({"kept_id": keeper.id, "merged_id": student.id});
        api.post("/people/duplicates/merge", &body).await.expect(200);
    }
}
