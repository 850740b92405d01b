use std::collections::BTreeSet;

use muster_domain::OrganizationId;
use muster_store::outbox::{self, Waiting};
use muster_store::{Db, Result};
use muster_testkit::both_engines;
use muster_testkit::databases::{an_id, later, noon, numbered};
use uuid::Uuid;

use crate::in_tx;

fn home() -> OrganizationId {
    OrganizationId(numbered("practice", 1))
}

async fn queue(db: &Db, id: Uuid, seconds: i64) {
    in_tx!(db, |tx| outbox::insert(tx, home(), id, "mara@saco.example", b"sealed \0\xff", later(seconds)).await)
        .expect("a queued message");
}

async fn take(db: &Db, seconds: i64, limit: i64) -> Result<Vec<Waiting>> {
    let mut tx = db.begin().await?;
    let taken = outbox::take(&mut tx, later(seconds), later(seconds + 60), limit).await?;
    tx.commit().await?;
    Ok(taken)
}

/// How many are due and held by nobody, one second after noon.
async fn due(db: &Db) -> i64 {
    let text = "SELECT count(*) FROM outbox WHERE next_at <= $1";
    let at = later(1).as_microsecond();
    match db {
        Db::Sqlite { read, .. } => sqlx::query_scalar(text).bind(at).fetch_one(read).await,
        Db::Postgres { write, .. } => sqlx::query_scalar(text).bind(at).fetch_one(write).await,
    }
    .expect("a count")
}

async fn row(db: &Db, id: Uuid) -> (String, Option<Vec<u8>>, String) {
    let text = "SELECT state, sealed, last_error FROM outbox WHERE message_id = $1";
    match db {
        Db::Sqlite { read, .. } => sqlx::query_as(text).bind(id).fetch_one(read).await,
        Db::Postgres { write, .. } => sqlx::query_as(text).bind(id).fetch_one(write).await,
    }
    .expect("the message")
}

both_engines! {
    async fn a_message_is_taken_when_due_and_comes_due_again_when_its_sender_dies(db) {
        let id = an_id();
        queue(db, id, 10).await;
        assert!(take(db, 9, 10).await.unwrap().is_empty());
        let taken = take(db, 10, 10).await.unwrap();
        assert_eq!(taken.len(), 1);
        assert_eq!((taken[0].message_id, taken[0].organization_id), (id, home().0));
        assert_eq!((taken[0].recipient.as_str(), taken[0].attempts), ("mara@saco.example", 1));
        assert_eq!(taken[0].sealed.as_deref(), Some(&b"sealed \0\xff"[..]));
        assert!(take(db, 69, 10).await.unwrap().is_empty(), "held by its sender");
        let again = take(db, 70, 10).await.unwrap();
        assert_eq!((again.len(), again[0].attempts), (1, 2));
    }

    async fn messages_leave_in_the_order_they_came_due(db) {
        let ids: Vec<Uuid> = (0..5).map(|_| an_id()).collect();
        for (id, seconds) in ids.iter().zip([3, 1, 4, 0, 2]) {
            queue(db, *id, seconds).await;
        }
        let mut order = Vec::new();
        for _ in 0..3 {
            order.push(take(db, 5, 2).await.unwrap().into_iter().map(|m| m.message_id).collect::<BTreeSet<_>>());
        }
        assert_eq!(order, [[ids[3], ids[1]].into(), [ids[4], ids[0]].into(), [ids[2]].into()]);
    }

    async fn parallel_senders_never_take_the_same_message(db) {
        let ids: BTreeSet<Uuid> = (0..120).map(|_| an_id()).collect();
        for id in &ids {
            queue(db, *id, 0).await;
        }
        let senders: Vec<_> = (0..4)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move {
                    let mut mine = Vec::new();
                    // An empty hand may only mean that the others held what was due: ask until all is gone.
                    while due(&db).await > 0 {
                        mine.extend(take(&db, 1, 5).await.expect("messages").into_iter().map(|m| m.message_id));
                    }
                    mine
                })
            })
            .collect();
        let mut all = Vec::new();
        for sender in senders {
            all.extend(sender.await.unwrap());
        }
        assert_eq!(all.len(), ids.len(), "none twice");
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>(), ids, "and none forgotten");
    }

    async fn a_sent_message_is_forgotten_and_never_due_again(db) {
        let id = an_id();
        queue(db, id, 0).await;
        assert_eq!(outbox::waiting(&mut db.read().await.unwrap()).await.unwrap(), 1);
        let taken = take(db, 0, 1).await.unwrap();
        in_tx!(db, |tx| outbox::sent(tx, &taken[0]).await).unwrap();
        assert_eq!(outbox::waiting(&mut db.read().await.unwrap()).await.unwrap(), 0);
        assert_eq!(row(db, id).await, ("sent".to_owned(), None, String::new()));
        assert!(take(db, 100_000, 10).await.unwrap().is_empty());
    }

    async fn a_failed_message_is_due_again_when_said_or_given_up_and_forgotten(db) {
        let id = an_id();
        queue(db, id, 0).await;
        let taken = take(db, 0, 1).await.unwrap();
        in_tx!(db, |tx| outbox::failed(tx, &taken[0], "no route", Some(later(30))).await).unwrap();
        assert_eq!(row(db, id).await, ("waiting".to_owned(), taken[0].sealed.clone(), "no route".to_owned()));
        assert!(take(db, 29, 1).await.unwrap().is_empty());
        let taken = take(db, 30, 1).await.unwrap();
        in_tx!(db, |tx| outbox::failed(tx, &taken[0], "no such user", None).await).unwrap();
        assert_eq!(row(db, id).await, ("failed".to_owned(), None, "no such user".to_owned()));
        assert!(take(db, 100_000, 10).await.unwrap().is_empty());
    }

    async fn a_slow_sender_that_fails_does_not_bring_back_what_another_sent(db) {
        let id = an_id();
        queue(db, id, 0).await;
        let slow = take(db, 0, 1).await.unwrap();
        let quick = take(db, 60, 1).await.unwrap();
        in_tx!(db, |tx| outbox::sent(tx, &quick[0]).await).unwrap();
        in_tx!(db, |tx| outbox::failed(tx, &slow[0], "timed out", Some(later(90))).await).unwrap();
        assert_eq!(row(db, id).await.0, "sent");
        assert!(take(db, 100_000, 10).await.unwrap().is_empty());
    }

    async fn a_message_of_a_change_that_was_dropped_is_never_sent(db) {
        let mut tx = db.begin().await.unwrap();
        outbox::insert(&mut tx, home(), an_id(), "mara@saco.example", b"x", noon()).await.unwrap();
        drop(tx);
        assert_eq!(outbox::waiting(&mut db.read().await.unwrap()).await.unwrap(), 0);
    }
}
