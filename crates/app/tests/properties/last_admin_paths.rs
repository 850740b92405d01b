//! The last company admin and the last user manager of a clinic, door by door: edit, off-boarding, user type, merge and
//! its undo. Each is the last of one kind only, so that it shows which protection said no.

use std::collections::BTreeSet;

use muster_domain::emr::{EmrPatch, Permission, Status, UserType};
use muster_domain::people::{Change, OffboardingKind};
use muster_domain::{Code, PersonId};
use muster_store::Db;
use muster_testkit::both_engines;

use crate::world::{RunningFacts, app, refused, status};

use Permission::{CompanyAdmin, EditUsers, ViewPatients};

/// Two clinics. `crown` is the one company admin and no user manager; `keeper` is a user manager of both clinics and
/// the only one of the second; `other` is another of the first.
pub struct Cast {
    pub world: RunningFacts,
    pub crown: PersonId,
    pub keeper: PersonId,
    pub other: PersonId,
}

impl Cast {
    pub async fn on(db: &Db) -> Self {
        let world = RunningFacts::new(&app(db), "one", 2).await;
        let crown = world.clerk("crown", &[ViewPatients, CompanyAdmin], &[0, 1]).await;
        let keeper = world.clerk("keeper", &[ViewPatients, EditUsers], &[0, 1]).await;
        let other = world.clerk("other", &[ViewPatients, EditUsers], &[0]).await;
        Self { world, crown, keeper, other }
    }

    async fn student(&self, name: &str) -> PersonId {
        self.world.add(name, UserType::SPT, &[ViewPatients], &self.world.clinics[..1]).await
    }

    async fn is_active(&self, id: PersonId) -> bool {
        self.world.account(id).await.status == Status::Active
    }

    async fn holds(&self, id: PersonId, permission: Permission) -> bool {
        self.world.account(id).await.permissions.contains(permission)
    }
}

fn only_patients() -> EmrPatch {
    EmrPatch { permissions: Some(vec!["view_patients".into()]), ..EmrPatch::default() }
}

both_engines! {
    async fn no_edit_takes_the_last_of_either_kind(db) {
        let cast = Cast::on(db).await;
        let world = &cast.world;
        let before = (world.stored(cast.crown).await, world.stored(cast.keeper).await);
        let first_only = EmrPatch {
            clinics: Some(BTreeSet::from([world.clinics[0]])),
            ..EmrPatch::default()
        };
        for patch in [status("inactive"), only_patients()] {
            assert_eq!(refused(world.patch(cast.crown, patch.clone()).await), [Code::LastCompanyAdmin], "{patch:?}");
            assert_eq!(refused(world.patch(cast.keeper, patch.clone()).await), [Code::LastUserManager], "{patch:?}");
        }
        assert_eq!(refused(world.patch(cast.keeper, first_only.clone()).await), [Code::LastUserManager]);
        assert_eq!((world.stored(cast.crown).await, world.stored(cast.keeper).await), before);
        // With somebody else there it goes.
        world.clerk("heir", &[ViewPatients, CompanyAdmin, EditUsers], &[1]).await;
        world.patch(cast.keeper, first_only).await.expect("another user manager is there");
        world.patch(cast.crown, only_patients()).await.expect("another company admin is there");
    }

    async fn who_is_inactive_is_no_other_admin(db) {
        let cast = Cast::on(db).await;
        let heir = cast.world.clerk("heir", &[ViewPatients, CompanyAdmin, EditUsers], &[1]).await;
        cast.world.patch(heir, status("inactive")).await.expect("made inactive");
        assert_eq!(refused(cast.world.patch(cast.crown, only_patients()).await), [Code::LastCompanyAdmin]);
        assert_eq!(refused(cast.world.patch(cast.keeper, only_patients()).await), [Code::LastUserManager]);
    }

    async fn nobody_leaves_as_the_last_of_either_kind(db) {
        let cast = Cast::on(db).await;
        let (world, machine) = (&cast.world, cast.world.machine());
        for kind in [OffboardingKind::Leave, OffboardingKind::Departure] {
            for (id, code) in [(cast.crown, Code::LastCompanyAdmin), (cast.keeper, Code::LastUserManager)] {
                let plan = world.app.offboarding_plan(&machine, id, kind, None).await.expect("a plan");
                let said: Vec<Code> = plan.refused.expect("refused").0.iter().map(|r| r.code).collect();
                assert_eq!(said, [code], "{kind:?}");
                assert_eq!(refused(world.app.offboard(&machine, id, kind, None, false).await), [code], "{kind:?}");
                assert!(cast.is_active(id).await);
            }
        }
        world.app.offboard(&machine, cast.other, OffboardingKind::Leave, None, false).await.expect("the keeper is there");
    }

    async fn support_makes_no_student_of_the_last_of_either_kind(db) {
        let cast = Cast::on(db).await;
        let (world, machine) = (&cast.world, cast.world.machine());
        for (id, code) in [(cast.crown, Code::LastCompanyAdmin), (cast.keeper, Code::LastUserManager)] {
            let preview = world.app.preview_type_change(&machine, id, UserType::SPT).await.expect("a preview");
            let said: Vec<Code> = preview.refused.expect("refused").0.iter().map(|r| r.code).collect();
            assert_eq!(said, [code]);
            assert_eq!(refused(world.app.change_type(&machine, id, None, UserType::SPT).await), [code]);
            assert_eq!(world.account(id).await.user_type, UserType::Clerical);
        }
        world.app.change_type(&machine, cast.other, None, UserType::SPT).await.expect("the keeper is there");
    }

    /// A student may hold neither right: what is merged into one loses both.
    async fn no_merge_loses_the_last_of_either_kind(db) {
        let cast = Cast::on(db).await;
        let (world, machine) = (&cast.world, cast.world.machine());
        let student = cast.student("student").await;
        for (id, code) in [(cast.crown, Code::LastCompanyAdmin), (cast.keeper, Code::LastUserManager)] {
            let before = (world.stored(student).await, world.stored(id).await);
            let preview = world.app.preview_merge(&machine, student, id).await.expect("a preview");
            let said: Vec<Code> = preview.refused.expect("refused").0.iter().map(|r| r.code).collect();
            assert_eq!(said, [code]);
            assert_eq!(refused(world.app.merge(&machine, student, id).await), [code]);
            assert_eq!((world.stored(student).await, world.stored(id).await), before);
        }
        world.app.merge(&machine, student, cast.other).await.expect("the keeper is there");
    }

    async fn a_merge_hands_the_last_of_either_kind_over(db) {
        let cast = Cast::on(db).await;
        let (world, machine) = (&cast.world, cast.world.machine());
        let heir = world.clerk("heir", &[ViewPatients], &[0]).await;
        world.app.merge(&machine, heir, cast.crown).await.expect("the heir is company admin now");
        assert!(cast.holds(heir, CompanyAdmin).await && !cast.is_active(cast.crown).await);
        assert_eq!(refused(world.patch(heir, status("inactive")).await), [Code::LastCompanyAdmin]);
        let second = world.clerk("second", &[ViewPatients], &[0]).await;
        world.app.merge(&machine, second, cast.keeper).await.expect("the second is user manager of both clinics now");
        let managed = world.account(second).await;
        assert!(managed.permissions.contains(EditUsers) && managed.clinics.contains(&world.clinics[1]));
        assert_eq!(refused(world.patch(second, status("inactive")).await), [Code::LastUserManager]);
    }

    /// A merge wakes the kept profile, and with it an admin; by the time it is undone that may be the last one.
    async fn undoing_a_merge_does_not_put_the_last_of_either_kind_to_sleep(db) {
        let cast = Cast::on(db).await;
        let (world, machine) = (&cast.world, cast.world.machine());
        for (name, right, before, code) in [
            ("queen", CompanyAdmin, cast.crown, Code::LastCompanyAdmin),
            ("warden", EditUsers, cast.keeper, Code::LastUserManager),
        ] {
            let old = world.clerk(name, &[ViewPatients, right], &[0, 1]).await;
            world.patch(old, status("inactive")).await.expect("made inactive");
            let new = world.clerk(&format!("new{name}"), &[ViewPatients], &[0]).await;
            let merge = world.app.merge(&machine, old, new).await.expect("merged");
            assert!(cast.is_active(old).await, "{name} works again");
            world.patch(before, only_patients()).await.expect("somebody else is there");
            let stand = (world.stored(old).await, world.stored(new).await);
            assert_eq!(refused(world.app.undo_merge(&machine, merge.id).await), [code], "{name}");
            assert_eq!((world.stored(old).await, world.stored(new).await), stand, "{name}");
        }
    }

    /// The last user manager of a clinic may lose what has nothing to do with it.
    async fn the_last_user_manager_is_edited_like_everybody_else(db) {
        let cast = Cast::on(db).await;
        let world = &cast.world;
        let given = EmrPatch { permissions: Some(vec!["edit_users".into()]), ..EmrPatch::default() };
        world.patch(cast.keeper, given).await.expect("view_patients can go");
        let moved = EmrPatch { default_clinic: Some(world.clinics[1]), ..EmrPatch::default() };
        world.patch(cast.keeper, moved).await.expect("another default clinic");
        let without_first = EmrPatch { clinics: Some(BTreeSet::from([world.clinics[1]])), ..EmrPatch::default() };
        world.patch(cast.keeper, without_first).await.expect("another user manager is at the first clinic");
        let renamed = Change {
            person: muster_domain::people::PersonPatch { last_name: Some("Kept".into()), ..Default::default() },
            ..Change::default()
        };
        world.app.update_person(&world.machine(), cast.keeper, None, renamed).await.expect("another name");
    }
}
