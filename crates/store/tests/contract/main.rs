//! What the store promises, proven on both engines.

mod audit;
mod bulk;
mod duplicates;
mod idempotency;
mod images;
mod jobs;
mod licenses;
mod listing;
mod organizations;
mod people;
mod schema;
mod sign_in;

use muster_domain::OrganizationId;
use muster_domain::people::Profile;
use muster_store::{Db, Result};
use muster_testkit::databases::noon;

/// Stores new profiles in a transaction of their own.
async fn insert(db: &Db, organization: OrganizationId, profiles: &[Profile]) -> Result<()> {
    let mut tx = db.begin().await?;
    muster_store::people::insert(&mut tx, organization, profiles, noon()).await?;
    tx.commit().await
}

/// Runs `$body` in a transaction and commits it.
macro_rules! in_tx {
    ($db:expr, |$tx:ident| $body:expr) => {{
        let mut transaction = $db.begin().await.expect("a transaction");
        let $tx = &mut transaction;
        let outcome = $body;
        transaction.commit().await.expect("committed");
        outcome
    }};
}
pub(crate) use in_tx;
