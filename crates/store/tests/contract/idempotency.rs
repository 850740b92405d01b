use muster_domain::OrganizationId;
use muster_store::idempotency::{self, StoredAnswer};
use muster_store::{Db, Result, StoreError};
use muster_testkit::both_engines;
use muster_testkit::databases::{noon, numbered};
use uuid::Uuid;

fn answer(n: u8) -> StoredAnswer {
    StoredAnswer { request_hash: vec![n; 32], status: 201, body: format!("{{\"é\":{n}}}"), etag: "\"1\"".into() }
}

async fn keep(db: &Db, organization: OrganizationId, subject: Uuid, key: &str, n: u8) -> Result<()> {
    let mut tx = db.begin().await?;
    idempotency::insert(&mut tx, organization, subject, key, &answer(n), noon()).await?;
    tx.commit().await
}

both_engines! {
    async fn an_answer_is_found_again_by_the_same_subject_with_the_same_key(db) {
        let (here, there) = (OrganizationId(numbered("practice", 1)), OrganizationId(numbered("practice", 2)));
        let (mara, sam) = (numbered("person", 1), numbered("person", 2));
        keep(db, here, mara, "k", 1).await.unwrap();
        keep(db, here, sam, "k", 2).await.unwrap();
        keep(db, there, mara, "k", 3).await.unwrap();
        keep(db, here, mara, "K", 4).await.unwrap();
        let mut reading = db.read().await.unwrap();
        for (organization, subject, key, n) in [(here, mara, "k", 1), (here, sam, "k", 2), (there, mara, "k", 3)] {
            let found = idempotency::find(&mut reading, organization, subject, key).await.unwrap().unwrap();
            assert_eq!((found.request_hash, found.status, found.body, found.etag), {
                let a = answer(n);
                (a.request_hash, a.status, a.body, a.etag)
            });
        }
        assert!(idempotency::find(&mut reading, there, sam, "k").await.unwrap().is_none());
    }

    async fn of_twin_requests_one_is_kept_and_the_others_are_told(db) {
        let (home, mara) = (OrganizationId(numbered("practice", 1)), numbered("person", 1));
        let twins: Vec<_> = (0..6)
            .map(|n| {
                let db = db.clone();
                tokio::spawn(async move { keep(&db, home, mara, "twin", n).await })
            })
            .collect();
        let mut winners = Vec::new();
        for (twin, n) in twins.into_iter().zip(0..) {
            match twin.await.unwrap() {
                Ok(()) => winners.push(n),
                Err(StoreError::Taken(_)) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(winners.len(), 1);
        let kept = idempotency::find(&mut db.read().await.unwrap(), home, mara, "twin").await.unwrap().unwrap();
        assert_eq!(kept.request_hash, vec![winners[0]; 32]);
    }
}
