use std::collections::BTreeSet;

use jiff::Timestamp;
use muster_domain::OrganizationId;
use muster_store::jobs::{self, JobFilter, Lease, LeasedJob, NewJob};
use muster_store::{Db, Result};
use muster_testkit::both_engines;
use muster_testkit::databases::{an_id, later, noon, numbered};
use uuid::Uuid;

use crate::in_tx;

const EMAIL: &str = "send_email";

fn home() -> OrganizationId {
    OrganizationId(numbered("practice", 1))
}

fn job(id: Uuid, kind: &'static str, due_at: Timestamp) -> NewJob {
    NewJob { id, kind, payload: b"sealed \0\xff".to_vec(), due_at }
}

async fn queue(db: &Db, id: Uuid, seconds: i64) {
    in_tx!(db, |tx| jobs::insert(tx, home(), &[job(id, EMAIL, later(seconds))], noon()).await).expect("a queued job");
}

fn lease(seconds: i64) -> Lease {
    Lease { worker: an_id(), now: later(seconds), until: later(seconds + 60) }
}

async fn take_by(db: &Db, lease: Lease, limit: i64) -> Result<Vec<LeasedJob>> {
    let mut tx = db.begin().await?;
    let taken = jobs::take(&mut tx, EMAIL, lease, limit).await?;
    tx.commit().await?;
    Ok(taken)
}

async fn take(db: &Db, seconds: i64, limit: i64) -> Vec<Uuid> {
    take_by(db, lease(seconds), limit).await.expect("jobs").into_iter().map(|j| j.job_id).collect()
}

async fn due(db: &Db, seconds: i64) -> Vec<String> {
    jobs::due_kinds(&mut db.read().await.expect("a connection"), later(seconds)).await.expect("kinds")
}

async fn row(db: &Db, id: Uuid) -> (String, Vec<u8>, String, i64) {
    let text = "SELECT state, payload, last_error, attempts FROM jobs WHERE job_id = $1";
    match db {
        Db::Sqlite { read, .. } => sqlx::query_as(text).bind(id).fetch_one(read).await,
        Db::Postgres { read, .. } => sqlx::query_as(text).bind(id).fetch_one(read).await,
    }
    .expect("the job")
}

both_engines! {
    async fn a_job_is_taken_when_due_and_taken_again_when_its_lease_ends(db) {
        let id = an_id();
        queue(db, id, 10).await;
        assert!(due(db, 9).await.is_empty());
        assert!(take(db, 9, 10).await.is_empty());
        assert_eq!(due(db, 10).await, [EMAIL]);
        let taken = take_by(db, lease(10), 10).await.unwrap();
        assert_eq!(taken.len(), 1);
        assert_eq!((taken[0].job_id, taken[0].organization_id, taken[0].attempts), (id, home().0, 1));
        assert_eq!((taken[0].kind.as_str(), &taken[0].payload[..]), (EMAIL, &b"sealed \0\xff"[..]));
        assert!(due(db, 69).await.is_empty() && take(db, 69, 10).await.is_empty(), "held by its worker");
        let again = take_by(db, lease(70), 10).await.unwrap();
        assert_eq!((again.len(), again[0].attempts), (1, 2));
    }

    async fn jobs_of_another_kind_are_left_alone(db) {
        let other = an_id();
        in_tx!(db, |tx| jobs::insert(tx, home(), &[job(other, "sweep", noon())], noon()).await).unwrap();
        assert!(take(db, 1, 10).await.is_empty());
        assert_eq!(due(db, 1).await, ["sweep"]);
    }

    async fn jobs_are_taken_in_the_order_they_came_due(db) {
        let ids: Vec<Uuid> = (0..5).map(|_| an_id()).collect();
        for (id, seconds) in ids.iter().zip([3, 1, 4, 0, 2]) {
            queue(db, *id, seconds).await;
        }
        let mut order: Vec<BTreeSet<Uuid>> = Vec::new();
        for _ in 0..3 {
            order.push(take(db, 5, 2).await.into_iter().collect());
        }
        assert_eq!(order, [[ids[3], ids[1]].into(), [ids[4], ids[0]].into(), [ids[2]].into()]);
    }

    async fn parallel_workers_never_take_the_same_job(db) {
        let ids: BTreeSet<Uuid> = (0..120).map(|_| an_id()).collect();
        for id in &ids {
            queue(db, *id, 0).await;
        }
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move {
                    let mut mine = Vec::new();
                    // Nothing taken may only mean that the others held what was due: ask until all is gone.
                    while !due(&db, 1).await.is_empty() {
                        mine.extend(take(&db, 1, 5).await);
                    }
                    mine
                })
            })
            .collect();
        let mut all = Vec::new();
        for worker in workers {
            all.extend(worker.await.unwrap());
        }
        assert_eq!(all.len(), ids.len(), "none twice");
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), ids, "and none forgotten");
    }

    async fn a_completed_job_forgets_its_payload_and_is_never_due_again(db) {
        let id = an_id();
        queue(db, id, 0).await;
        take(db, 0, 1).await;
        in_tx!(db, |tx| jobs::complete(tx, home(), id, later(1)).await).unwrap();
        assert_eq!(row(db, id).await, ("done".to_owned(), Vec::new(), String::new(), 1));
        assert!(due(db, 100_000).await.is_empty() && take(db, 100_000, 10).await.is_empty());
    }

    async fn a_failed_attempt_is_put_off_and_a_job_given_up_can_be_retried(db) {
        let id = an_id();
        queue(db, id, 0).await;
        let first = lease(0);
        take_by(db, first, 1).await.unwrap();
        in_tx!(db, |tx| jobs::requeue(tx, home(), id, first.worker, later(30), "no route").await).unwrap();
        assert_eq!(row(db, id).await.2, "no route");
        assert!(take(db, 29, 1).await.is_empty());
        let second = lease(30);
        assert_eq!(take_by(db, second, 1).await.unwrap()[0].attempts, 2);
        in_tx!(db, |tx| jobs::give_up(tx, home(), id, second.worker, "no such user", later(31)).await).unwrap();
        let (state, payload, error, _) = row(db, id).await;
        assert_eq!((state.as_str(), &payload[..], error.as_str()), ("failed", &b"sealed \0\xff"[..], "no such user"));
        assert!(take(db, 100_000, 10).await.is_empty());

        let failed = JobFilter { failed: true, ..JobFilter::default() };
        let listed = jobs::list(&mut db.read().await.unwrap(), &failed, later(40), 10).await.unwrap();
        assert_eq!(listed.iter().map(|j| (j.id, j.attempts, j.running)).collect::<Vec<_>>(), [(id, 2, false)]);
        assert!(!in_tx!(db, |tx| jobs::retry(tx, an_id(), later(40)).await).unwrap(), "no such job");
        assert!(in_tx!(db, |tx| jobs::retry(tx, id, later(40)).await).unwrap());
        assert_eq!(take_by(db, lease(40), 1).await.unwrap()[0].attempts, 1);
    }

    async fn a_worker_whose_lease_ended_changes_nothing_that_another_did(db) {
        let id = an_id();
        queue(db, id, 0).await;
        let (slow, quick) = (lease(0), lease(60));
        take_by(db, slow, 1).await.unwrap();
        take_by(db, quick, 1).await.unwrap();
        in_tx!(db, |tx| jobs::requeue(tx, home(), id, slow.worker, later(61), "timed out").await).unwrap();
        assert!(take(db, 62, 1).await.is_empty(), "held by the second worker");
        assert!(!in_tx!(db, |tx| jobs::extend(tx, home(), id, slow).await).unwrap());
        assert!(in_tx!(db, |tx| jobs::extend(tx, home(), id, Lease { until: later(200), ..quick }).await).unwrap());
        assert!(take(db, 150, 1).await.is_empty(), "extended");
        in_tx!(db, |tx| jobs::complete(tx, home(), id, later(160)).await).unwrap();
        in_tx!(db, |tx| jobs::give_up(tx, home(), id, slow.worker, "timed out", later(161)).await).unwrap();
        assert_eq!(row(db, id).await.0, "done");
    }

    async fn a_job_given_back_is_due_at_once(db) {
        let id = an_id();
        queue(db, id, 0).await;
        let first = lease(0);
        assert!(in_tx!(db, |tx| jobs::take_this(tx, home(), id, first).await).unwrap().is_some());
        assert!(in_tx!(db, |tx| jobs::take_this(tx, home(), id, lease(1)).await).unwrap().is_none());
        in_tx!(db, |tx| jobs::release(tx, home(), id, first.worker).await).unwrap();
        assert_eq!(take(db, 1, 1).await, [id]);
    }

    async fn a_scheduled_job_is_there_once_and_is_only_brought_forward(db) {
        for (seconds, expected) in [(3600, 3600), (60, 60), (1800, 60)] {
            in_tx!(db, |tx| jobs::schedule(tx, &job(an_id(), "sweep", later(seconds)), noon()).await).unwrap();
            let listed = jobs::list(&mut db.read().await.unwrap(), &JobFilter::default(), noon(), 10).await.unwrap();
            assert_eq!(listed.iter().map(|j| j.due_at).collect::<Vec<_>>(), [Some(later(expected))]);
        }
        let worker = lease(60);
        let id = in_tx!(db, |tx| jobs::take(tx, "sweep", worker, 5).await).unwrap()[0].job_id;
        in_tx!(db, |tx| jobs::requeue(tx, OrganizationId::INSTALLATION, id, worker.worker, later(3660), "").await)
            .unwrap();
        assert!(due(db, 3659).await.is_empty());
        assert_eq!(due(db, 3660).await, ["sweep"]);
    }

    async fn ended_jobs_are_forgotten_after_a_while_and_counted_until_then(db) {
        let (done, failed, queued) = (an_id(), an_id(), an_id());
        for id in [done, failed, queued] {
            queue(db, id, 0).await;
        }
        let worker = lease(0);
        take_by(db, worker, 3).await.unwrap();
        in_tx!(db, |tx| jobs::complete(tx, home(), done, later(1)).await).unwrap();
        in_tx!(db, |tx| jobs::give_up(tx, home(), failed, worker.worker, "no", later(1)).await).unwrap();
        let counts = jobs::counts(&mut db.read().await.unwrap()).await.unwrap();
        let counts: Vec<_> = counts.iter().map(|c| (c.kind.as_str(), c.state.as_str(), c.jobs)).collect();
        assert_eq!(counts, [(EMAIL, "failed", 1), (EMAIL, "queued", 1)]);
        in_tx!(db, |tx| jobs::forget_ended(tx, later(2), later(1)).await).unwrap();
        assert_eq!(row(db, failed).await.0, "failed");
        in_tx!(db, |tx| jobs::forget_ended(tx, later(2), later(2)).await).unwrap();
        let left = jobs::list(&mut db.read().await.unwrap(), &JobFilter::default(), noon(), 10).await.unwrap();
        assert_eq!(left.iter().map(|j| j.id).collect::<Vec<_>>(), [queued]);
    }

    async fn a_job_of_a_change_that_was_dropped_is_never_done(db) {
        let mut tx = db.begin().await.unwrap();
        jobs::insert(&mut tx, home(), &[job(an_id(), EMAIL, noon())], noon()).await.unwrap();
        drop(tx);
        assert!(due(db, 1).await.is_empty());
    }
}
