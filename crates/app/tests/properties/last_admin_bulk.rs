//! The last company admin and the last user manager of a clinic in what changes many at once: bulk updates, their undo,
//! and a file of changes as `muster import --changes` reads it. Both kinds share the code `last_admin`; the sentence
//! tells which one it was.

use muster_app::bulk::{FileOptions, Selection};
use muster_app::{AppError, Channel};
use muster_domain::PersonId;
use muster_domain::bulk::{BulkChange, ChangeSet};
use muster_domain::emr::{EmrPatch, Permission, Status};
use muster_testkit::both_engines;

use crate::last_admin::{Protected, by_file, in_bulk, protected_in, refused_in};
use crate::last_admin_paths::Cast;
use crate::world::{RunningFacts, app, status};

use BulkChange::{AddClinic, AddPermission, RemoveClinic, RemovePermission, SetStatus};
use Permission::{CompanyAdmin, EditUsers, ViewPatients};

const NEITHER: Protected = Protected { company_admin: false, user_manager: false };
const COMPANY_ADMIN: Protected = Protected { company_admin: true, user_manager: false };
const USER_MANAGER: Protected = Protected { company_admin: false, user_manager: true };

async fn active(world: &RunningFacts, people: &[PersonId]) -> usize {
    let mut found = 0;
    for id in people {
        found += usize::from(world.account(*id).await.status == Status::Active);
    }
    found
}

both_engines! {
    async fn no_bulk_update_takes_the_last_of_either_kind(db) {
        let cast = Cast::on(db).await;
        let world = &cast.world;
        let before = (world.stored(cast.crown).await, world.stored(cast.keeper).await);
        let crown = in_bulk(world, &[cast.crown], SetStatus(Status::Inactive)).await.expect("done");
        assert_eq!(crown, COMPANY_ADMIN);
        for change in [SetStatus(Status::Inactive), RemovePermission(EditUsers), RemoveClinic(world.clinics[1])] {
            let keeper = in_bulk(world, &[cast.keeper], change).await.expect("done");
            assert_eq!(keeper, USER_MANAGER, "{change:?}");
        }
        assert_eq!((world.stored(cast.crown).await, world.stored(cast.keeper).await), before);
        let free = in_bulk(world, &[cast.other], SetStatus(Status::Inactive)).await.expect("done");
        assert_eq!((free, active(world, &[cast.other]).await), (NEITHER, 0), "who is no last one goes");
    }

    async fn of_all_user_managers_in_one_bulk_update_one_a_clinic_stays(db) {
        let app = app(db);
        for change in ["status", "permission", "clinic"] {
            let test = RunningFacts::new(&app, change, 2).await;
            let mut managers = Vec::new();
            for n in 0..4 {
                managers.push(test.clerk(&format!("m{n}"), &[ViewPatients, EditUsers], &[0, 1]).await);
            }
            let asked = match change {
                "status" => SetStatus(Status::Inactive),
                "permission" => RemovePermission(EditUsers),
                _ => RemoveClinic(test.clinics[1]),
            };
            let changes = ChangeSet::new([asked]).expect("one change");
            let machine = test.machine();
            let draft = test.app.draft_bulk(&machine, Selection::Ids(managers.clone())).await.expect("a draft");
            let preview = test.app.preview_bulk(&machine, draft.job.id, &changes).await.expect("a preview");
            let job = test.app.start_bulk(&machine, draft.job.id, &changes, None).await.expect("starts");
            for tally in [&preview.tally, &job.job.tally] {
                assert_eq!((tally.updated, tally.refused), (3, 1), "{change}");
                assert_eq!(tally.by_code, [("last_admin".to_owned(), 1)].into(), "{change}");
            }
            assert_eq!(protected_in(&refused_in(&test, &machine, &job).await), USER_MANAGER, "{change}");
            let mut left = 0;
            for id in &managers {
                left += usize::from(test.account(*id).await.managed_clinics().contains(&test.clinics[1]));
            }
            assert_eq!(left, 1, "{change}");
        }
    }

    async fn no_file_of_changes_takes_the_last_of_either_kind(db) {
        let cast = Cast::on(db).await;
        let world = &cast.world;
        let before = (world.stored(cast.crown).await, world.stored(cast.keeper).await);
        let (crown, keeper) = (world.username("crown"), world.username("keeper"));
        let first = world.clinic_name(0);
        let second = world.clinic_name(1);
        for (text, expected) in [
            (format!("username,status\n{crown},inactive\n"), COMPANY_ADMIN),
            (format!("username,status\n{keeper},inactive\n"), USER_MANAGER),
            (format!("username,remove_permissions\n{keeper},Edit Users\n"), USER_MANAGER),
            (format!("username,permissions\n{keeper},view_patients\n"), USER_MANAGER),
            (format!("username,remove_clinics\n{keeper},{second}\n"), USER_MANAGER),
            (format!("username,clinics\n{keeper},{first}\n"), USER_MANAGER),
        ] {
            assert_eq!(by_file(world, text.clone()).await.expect("done"), expected, "{text}");
            assert_eq!((world.stored(cast.crown).await, world.stored(cast.keeper).await), before, "{text}");
        }
        // Not by a list of permissions either: admin permissions are never taken away by file.
        let listed = by_file(world, format!("username,permissions\n{crown},view_patients\n")).await.expect("done");
        assert_eq!((listed, world.stored(cast.crown).await), (NEITHER, before.0));
    }

    async fn a_file_that_names_every_admin_leaves_the_last_ones_and_says_so_in_its_rows(db) {
        let cast = Cast::on(db).await;
        let world = &cast.world;
        let heir = world.clerk("heir", &[ViewPatients, CompanyAdmin], &[0]).await;
        let everybody = ["crown", "heir", "keeper", "other"].map(|n| format!("{},inactive\n", world.username(n)));
        let text = format!("username,status\n{}", everybody.concat());
        let machine = world.machine().through(Channel::Import);
        let source = std::io::Cursor::new(text.into_bytes());
        let read = world.app.draft_bulk_from_file(&machine, source, FileOptions::default()).await;
        let (draft, file) = read.expect("a draft");
        assert_eq!((file.rows, file.faulty), (4, 0));
        let none = ChangeSet::default();
        let preview = world.app.preview_bulk(&machine, draft.job.id, &none).await.expect("a preview");
        let job = world.app.start_bulk(&machine, draft.job.id, &none, None).await.expect("starts");
        for tally in [&preview.tally, &job.job.tally] {
            assert_eq!(tally.by_code, [("last_admin".to_owned(), 2)].into());
            assert_eq!((tally.updated, tally.refused), (2, 2));
        }
        let met = protected_in(&refused_in(world, &machine, &job).await);
        assert_eq!(met, Protected { company_admin: true, user_manager: true });
        assert_eq!(active(world, &[cast.crown, heir]).await, 1);
        assert_eq!(active(world, &[cast.keeper, cast.other]).await, 1);
        assert_eq!(active(world, &[cast.keeper]).await, 1, "the second clinic has no other");
        let rows = world.app.bulk_rows_to_fix(&machine, job.job.id).await.expect("rows");
        let rows = String::from_utf8(rows).expect("text");
        assert!(rows.contains("last active company admin") && rows.contains("last user manager of"), "{rows}");
        assert_eq!(rows.lines().count(), 3, "{rows}");
        world.chain_is_whole().await;
    }

    /// What a bulk update gave may be all there is by the time it is taken back.
    async fn undoing_a_bulk_update_does_not_take_the_last_of_either_kind(db) {
        let cast = Cast::on(db).await;
        let (world, machine) = (&cast.world, cast.world.machine());
        let none = EmrPatch { permissions: Some(vec!["view_patients".into()]), ..EmrPatch::default() };
        let asleep = world.clerk("asleep", &[ViewPatients, CompanyAdmin], &[0]).await;
        world.patch(asleep, status("inactive")).await.expect("made inactive");
        let steward = world.clerk("steward", &[ViewPatients], &[0]).await;
        let roamer = world.clerk("roamer", &[ViewPatients, EditUsers], &[0]).await;
        let mut before = cast.crown;
        for (who, given, expected) in [
            (asleep, SetStatus(Status::Active), COMPANY_ADMIN),
            (steward, AddPermission(CompanyAdmin), COMPANY_ADMIN),
            (roamer, AddClinic(world.clinics[1]), USER_MANAGER),
        ] {
            let changes = ChangeSet::new([given]).expect("one change");
            let selection = Selection::Ids(vec![who]);
            let job = world.app.bulk_update(&machine, &selection, &changes, None).await.expect("done");
            assert_eq!(job.job.tally.updated, 1, "{given:?}");
            if expected == USER_MANAGER {
                before = cast.keeper;
            }
            world.patch(before, none.clone()).await.expect("somebody else is there");
            let stand = world.stored(who).await;
            let preview = world.app.preview_bulk_undo(&machine, job.job.id).await.expect("a preview");
            assert_eq!(preview.tally.by_code, [("last_admin".to_owned(), 1)].into(), "{given:?}");
            let undo = world.app.undo_bulk(&machine, job.job.id, None).await.expect("runs");
            assert_eq!(protected_in(&refused_in(world, &machine, &undo).await), expected, "{given:?}");
            assert_eq!(world.stored(who).await, stand, "{given:?}");
            before = who;
        }
    }

    async fn two_files_at_once_leave_one_of_each_kind(db) {
        let cast = Cast::on(db).await;
        let world = &cast.world;
        let second = world.clerk("second", &[ViewPatients, EditUsers], &[1]).await;
        let heir = world.clerk("heir", &[ViewPatients, CompanyAdmin], &[0]).await;
        let file = |names: [&str; 2]| {
            let rows = names.map(|n| format!("{},inactive\n", world.username(n))).concat();
            by_file(world, format!("username,status\n{rows}"))
        };
        let (one, two) = tokio::join!(file(["crown", "keeper"]), file(["heir", "second"]));
        let met: Vec<Protected> = [one, two].into_iter().map(|r: Result<_, AppError>| r.expect("done")).collect();
        assert!(met.iter().any(|m| m.company_admin) && met.iter().any(|m| m.user_manager), "{met:?}");
        assert_eq!(active(world, &[cast.crown, heir]).await, 1);
        assert_eq!(active(world, &[cast.keeper, second]).await, 1);
    }
}
