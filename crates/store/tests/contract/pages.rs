use std::time::Duration;

use muster_store::{Db, Handle, Reading, Split, StoreError};
use muster_testkit::both_engines;
use muster_testkit::databases::{an_organization, postgres};
use sqlx::PgConnection;

fn of_server(reading: &mut Reading) -> &mut PgConnection {
    let Split::Postgres(connection) = reading.split() else { panic!("a server") };
    connection
}

/// Which of the server's processes answers.
async fn process(reading: &mut Reading) -> i32 {
    sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(of_server(reading)).await.expect("an answer")
}

async fn kill(db: &Db, process: i32) {
    let Db::Postgres { pool, .. } = db else { panic!("a server") };
    let gone = sqlx::query_scalar("SELECT pg_terminate_backend($1, 5000)").bind(process).fetch_one(pool).await;
    assert_eq!(gone.ok(), Some(true));
}

both_engines! {
    async fn what_reads_pages_can_change_nothing(db) {
        let practice = an_organization(db).await;
        let mut reading = db.page().await.unwrap();
        let text = "UPDATE organizations SET people_count = 7";
        let refused = match reading.split() {
            Split::Sqlite(c) => sqlx::query(text).execute(c).await.is_err(),
            Split::Postgres(c) => sqlx::query(text).execute(c).await.is_err(),
        };
        assert!(refused);
        drop(reading);
        let mut reading = db.page().await.unwrap();
        let found = muster_store::organizations::find(&mut reading, practice.id).await.unwrap();
        assert!(found.is_some(), "still of use after a refusal");
        reading.give_back();
    }
}

#[tokio::test]
async fn whoever_came_back_last_goes_first() {
    let test = postgres().await;
    let (mut one, mut other) = (test.db.page().await.unwrap(), test.db.page().await.unwrap());
    let (first, second) = (process(&mut one).await, process(&mut other).await);
    assert_ne!(first, second);
    one.give_back();
    other.give_back();
    let mut again = test.db.page().await.unwrap();
    assert_eq!(process(&mut again).await, second);
    again.give_back();
    let mut again = test.db.page().await.unwrap();
    assert_eq!(process(&mut again).await, second);
    // Not given back: it is wanted last.
    drop(again);
    let (mut one, mut other) = (test.db.page().await.unwrap(), test.db.page().await.unwrap());
    assert_eq!((process(&mut one).await, process(&mut other).await), (first, second));
}

#[tokio::test]
async fn a_connection_that_failed_is_not_handed_out_again() {
    let test = postgres().await;
    let mut reading = test.db.page().await.unwrap();
    let gone = process(&mut reading).await;
    kill(&test.db, gone).await;
    let failed: Result<i32, _> = sqlx::query_scalar("SELECT 1").fetch_one(of_server(&mut reading)).await;
    assert!(failed.is_err());
    drop(reading);
    let mut reading = test.db.page().await.unwrap();
    assert_ne!(process(&mut reading).await, gone);
    reading.give_back();
}

#[tokio::test]
async fn a_connection_that_rested_is_asked_whether_it_still_stands() {
    let test = postgres().await;
    let mut reading = test.db.page().await.unwrap();
    let gone = process(&mut reading).await;
    reading.give_back();
    kill(&test.db, gone).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    let mut reading = test.db.page().await.unwrap();
    assert_ne!(process(&mut reading).await, gone);
}

#[tokio::test]
async fn nobody_waits_for_what_somebody_else_no_longer_wants_to_know() {
    let test = postgres().await;
    let mut reading = test.db.page().await.unwrap();
    let busy = process(&mut reading).await;
    let long = sqlx::query("SELECT pg_sleep(60)").execute(of_server(&mut reading));
    assert!(tokio::time::timeout(Duration::from_millis(50), long).await.is_err());
    drop(reading);
    let mut reading = test.db.page().await.unwrap();
    assert_ne!(process(&mut reading).await, busy);
}

#[tokio::test]
async fn there_are_no_more_than_were_asked_for() {
    let test = postgres().await;
    // Of two connections one is for pages.
    let db = Db::open(&test.url, 2).await.unwrap();
    let mut reading = db.page().await.unwrap();
    let only = process(&mut reading).await;
    let waiting = tokio::spawn({
        let db = db.clone();
        async move { process(&mut db.page().await.unwrap()).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    reading.give_back();
    assert_eq!(waiting.await.unwrap(), only);
    db.close().await;
    assert!(matches!(db.page().await, Err(StoreError::Unavailable(_))));
}
