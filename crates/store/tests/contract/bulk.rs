use std::collections::BTreeSet;

use muster_domain::access::ClinicAccess;
use muster_domain::bulk::Tally;
use muster_domain::bulk::{BulkKind, BulkState};
use muster_domain::emr::{Permission, Status};
use muster_domain::{OrganizationId, PersonId};
use muster_store::bulk::{self, BulkJob, ChangedAccount, Done};
use muster_store::listing::Filter;
use muster_store::{Db, people};
use muster_testkit::both_engines;
use muster_testkit::databases::{an_id, an_organization, later, noon, person_id};
use uuid::Uuid;

use crate::insert;

fn job(organization: OrganizationId) -> BulkJob {
    BulkJob {
        organization,
        id: an_id(),
        kind: BulkKind::Update,
        state: BulkState::Draft,
        actor_kind: "person".into(),
        actor_id: Some(an_id()),
        actor_name: "Mara".into(),
        channel: "page".into(),
        address: String::new(),
        selection: "{}".into(),
        changes: "[]".into(),
        undo_of: None,
        undone_by: None,
        selected: 0,
        tally: Tally::default(),
        stopped_by: None,
        cursor: Uuid::nil(),
        created_at: Some(noon()),
        started_at: None,
        finished_at: None,
    }
}

async fn drafted(db: &Db, organization: OrganizationId, filter: &Filter) -> (BulkJob, i64) {
    let job = job(organization);
    let mut tx = db.begin().await.expect("stored");
    bulk::insert(&mut tx, &job).await.expect("stored");
    bulk::select_by_filter(&mut tx, organization, job.id, filter, 100).await.expect("stored");
    let count = bulk::count(&mut tx, organization, job.id).await.expect("stored");
    tx.commit().await.expect("stored");
    (job, count)
}

async fn selected(db: &Db, job: &BulkJob) -> Vec<(Uuid, i64)> {
    let mut h = db.read().await.expect("stored");
    let items = bulk::items(&mut h, job.organization, job.id, Uuid::nil(), 100).await.expect("stored");
    items.into_iter().map(|i| (i.person_id, i.version)).collect()
}

both_engines! {
    async fn a_selection_pins_versions_and_stays_within_the_practice_and_the_scope(db) {
        let (here, there) = (an_organization(db).await, an_organization(db).await);
        let clinics = here.clinic_ids();
        let mut all: Vec<_> = (1..=3).map(|n| here.therapist(n)).collect();
        all[2].emr.as_mut().unwrap().clinics = BTreeSet::from([clinics[1]]);
        all[2].emr.as_mut().unwrap().default_clinic = clinics[1];
        insert(db, here.id, &all).await.unwrap();
        insert(db, there.id, &[there.therapist(9)]).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        people::update(&mut tx, here.id, &all[..1], later(1)).await.unwrap();
        tx.commit().await.unwrap();

        let (everybody, count) = drafted(db, here.id, &Filter::default()).await;
        assert_eq!(count, 3);
        let versions: BTreeSet<(Uuid, i64)> = selected(db, &everybody).await.into_iter().collect();
        assert_eq!(versions, BTreeSet::from([(person_id(1).0, 2), (person_id(2).0, 1), (person_id(3).0, 1)]));
        let scope = ClinicAccess::Only(BTreeSet::from([clinics[1]]));
        let (scoped, count) = drafted(db, here.id, &Filter { scope: scope.clone(), ..Filter::default() }).await;
        assert_eq!((count, selected(db, &scoped).await[0].0), (1, person_id(3).0));

        // By name: whoever cannot be seen, or is not there, or is of another practice, looks the same.
        let by_ids = job(here.id);
        let mut tx = db.begin().await.unwrap();
        bulk::insert(&mut tx, &by_ids).await.unwrap();
        let asked = r#"{"changes": []}"#;
        let ids = [(1, None), (3, Some(asked.to_owned())), (9, None), (77, None), (3, None)].map(|(n, a)| (person_id(n), a));
        bulk::select_by_ids(&mut tx, here.id, by_ids.id, &scope, None, &ids).await.unwrap();
        bulk::leave_out(&mut tx, here.id, by_ids.id, &[person_id(77)]).await.unwrap();
        tx.commit().await.unwrap();
        let items = bulk::items(&mut db.read().await.unwrap(), here.id, by_ids.id, Uuid::nil(), 10).await.unwrap();
        let with_changes: Vec<(Uuid, Option<&str>)> = items.iter().map(|i| (i.person_id, i.asked.as_deref())).collect();
        assert!(with_changes.contains(&(person_id(3).0, Some(asked))) && with_changes.contains(&(person_id(1).0, None)));
        let mut pinned = selected(db, &by_ids).await;
        pinned.sort_unstable();
        let mut wanted = vec![(person_id(1).0, 0), (person_id(3).0, 1), (person_id(9).0, 0)];
        wanted.sort_unstable();
        assert_eq!(pinned, wanted);
    }

    async fn a_bulk_update_is_started_ended_and_undone_once(db) {
        let here = an_organization(db).await;
        insert(db, here.id, &[here.therapist(1)]).await.unwrap();
        let (job, _) = drafted(db, here.id, &Filter::default()).await;
        let mut tx = db.begin().await.unwrap();
        assert!(bulk::running(&mut tx, here.id, job.id).await.unwrap().is_none(), "a draft");
        assert!(bulk::start(&mut tx, here.id, job.id, "[]", noon()).await.unwrap());
        assert!(!bulk::start(&mut tx, here.id, job.id, "[]", noon()).await.unwrap(), "once");
        assert_eq!(bulk::running(&mut tx, here.id, job.id).await.unwrap().map(|j| j.id), Some(job.id));
        assert!(bulk::finish(&mut tx, here.id, job.id, BulkState::Done, None, later(4)).await.unwrap());
        assert!(!bulk::finish(&mut tx, here.id, job.id, BulkState::Canceled, None, later(4)).await.unwrap());
        assert!(bulk::running(&mut tx, here.id, job.id).await.unwrap().is_none());
        assert!(bulk::mark_undone(&mut tx, here.id, job.id, an_id()).await.unwrap());
        assert!(!bulk::mark_undone(&mut tx, here.id, job.id, an_id()).await.unwrap());
        tx.commit().await.unwrap();
        let found = bulk::find(&mut db.read().await.unwrap(), here.id, job.id).await.unwrap().unwrap();
        assert_eq!((found.state, found.finished_at), (BulkState::Done, Some(later(4))));
    }

    async fn only_what_was_changed_is_written_and_the_list_follows(db) {
        let here = an_organization(db).await;
        let clinics = here.clinic_ids();
        let (one, two) = (here.therapist(1), here.therapist(2));
        insert(db, here.id, &[one.clone(), two.clone()]).await.unwrap();
        let mut account = one.emr.clone().unwrap();
        account.permissions = account.permissions.with(Permission::CalendarAdmin);
        account.status = Status::Inactive;
        account.clinics.insert(clinics[1]);
        let (job, _) = drafted(db, here.id, &Filter::default()).await;
        let mut tx = db.begin().await.unwrap();
        let changed = ChangedAccount { person: person_id(1), account: &account, added: &clinics[1..2], removed: &[], attested_at: None };
        bulk::save_accounts(&mut tx, here.id, &[changed], later(1)).await.unwrap();
        let done = Done { person: person_id(1), state: "updated", changed: Some("{}".into()), refused: None, version_after: Some(2) };
        bulk::save_items(&mut tx, here.id, job.id, &[done]).await.unwrap();
        tx.commit().await.unwrap();

        let mut h = db.read().await.unwrap();
        let stored = people::find(&mut h, here.id, person_id(1)).await.unwrap().unwrap();
        assert_eq!((stored.version, stored.profile.emr.as_ref()), (2, Some(&account)));
        assert_eq!(stored.profile.person, one.person);
        assert_eq!(people::find(&mut h, here.id, person_id(2)).await.unwrap().unwrap().profile, two);
        let filter = Filter { status: Some(Status::Inactive), permission: Some(Permission::CalendarAdmin), ..Filter::default() };
        let listed = muster_store::listing::list(&mut h, here.id, &filter, None, 10).await.unwrap();
        assert_eq!(listed.people.iter().map(|s| s.profile.person.id).collect::<Vec<_>>(), [person_id(1)]);
        let undo = bulk::items_to_undo(&mut h, here.id, job.id, Uuid::nil(), 10).await.unwrap();
        assert_eq!(undo.iter().map(|i| (PersonId(i.person_id), i.version)).collect::<Vec<_>>(), [(person_id(1), 2)]);
        drop(h);
        account.clinics.remove(&clinics[0]);
        let mut tx = db.begin().await.unwrap();
        let changed = ChangedAccount { person: person_id(1), account: &account, added: &[], removed: &clinics[..1], attested_at: None };
        bulk::save_accounts(&mut tx, here.id, &[changed], later(2)).await.unwrap();
        tx.commit().await.unwrap();
        let stored = people::find(&mut db.read().await.unwrap(), here.id, person_id(1)).await.unwrap().unwrap();
        assert_eq!(stored.profile.emr.unwrap().clinics, BTreeSet::from([clinics[1]]));
    }

    async fn drafts_nobody_started_are_swept_and_nothing_else(db) {
        let here = an_organization(db).await;
        insert(db, here.id, &[here.therapist(1)]).await.unwrap();
        let (draft, _) = drafted(db, here.id, &Filter::default()).await;
        let (begun, _) = drafted(db, here.id, &Filter::default()).await;
        let mut tx = db.begin().await.unwrap();
        bulk::start(&mut tx, here.id, begun.id, "[]", noon()).await.unwrap();
        assert_eq!(bulk::sweep_drafts(&mut tx, noon()).await.unwrap(), 0, "it is young");
        assert_eq!(bulk::sweep_drafts(&mut tx, later(1)).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert!(bulk::find(&mut db.read().await.unwrap(), here.id, draft.id).await.unwrap().is_none());
        assert_eq!((selected(db, &draft).await.len(), selected(db, &begun).await.len()), (0, 1));
    }
}
