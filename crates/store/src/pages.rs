//! Connections to a server for what pages ask for over and over.
//!
//! The driver's pool hands out the connection that rested longest, so each of them has to learn every statement, and it
//! asks each whether it still stands when it comes back. Here whoever came back last goes first, and only one that rested
//! or was not given back in good order is asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Result;
use crate::db::{PATIENCE, RESTED};
use crate::error::StoreError;

/// A connection that nobody wanted for so long is closed.
const UNWANTED: Duration = Duration::from_mins(10);

/// A connection is not used longer: what its server set aside for it grows.
const LIFETIME: Duration = Duration::from_mins(30);

/// How long a connection that is asked may take to answer.
const AT_WORK: Duration = Duration::from_millis(250);

/// One plan serves a statement whatever is asked for; left to itself the server makes one each time for those whose
/// values promise much, and takes longer for it than to carry it out. Only for pages: such a plan knows nothing of
/// tables that grow a thousandfold while it is in use.
const MANNERS: &str = "SET plan_cache_mode = force_generic_plan; SET default_transaction_read_only = on";

/// A few connections, of which as few as possible are used. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pages {
    options: Arc<PgConnectOptions>,
    places: Arc<Semaphore>,
    resting: Arc<Mutex<Vec<Resting>>>,
}

/// A connection nobody uses.
#[derive(Debug)]
struct Resting {
    connection: PgConnection,
    opened: Instant,
    since: Instant,
    in_order: bool,
}

/// A connection in use.
#[derive(Debug)]
pub struct Lent {
    /// Taken when dropped.
    connection: Option<PgConnection>,
    opened: Instant,
    pages: Pages,
    _place: OwnedSemaphorePermit,
}

impl Pages {
    pub(crate) fn new(options: PgConnectOptions, connections: u32) -> Self {
        let places = Arc::new(Semaphore::new(usize::try_from(connections).unwrap_or(1)));
        Self { options: Arc::new(options), places, resting: Arc::default() }
    }

    pub(crate) async fn lend(&self) -> Result<Lent> {
        let lend = async {
            let place = self.places.clone().acquire_owned().await;
            let place = place.map_err(|_| StoreError::Unavailable("the database is being closed".to_owned()))?;
            let (connection, opened) = loop {
                let Some(mut resting) = self.resting().pop() else { break (self.open().await?, Instant::now()) };
                if resting.opened.elapsed() > LIFETIME {
                    continue;
                }
                let asked = !resting.in_order || resting.since.elapsed() > RESTED;
                if !asked || stands(&mut resting.connection).await {
                    break (resting.connection, resting.opened);
                }
            };
            Ok(Lent { connection: Some(connection), opened, pages: self.clone(), _place: place })
        };
        let late = |_| StoreError::Unavailable("no connection to the database became free".to_owned());
        tokio::time::timeout(PATIENCE, lend).await.map_err(late)?
    }

    async fn open(&self) -> Result<PgConnection> {
        let mut connection = self.options.connect().await?;
        sqlx::raw_sql(MANNERS).execute(&mut connection).await?;
        Ok(connection)
    }

    /// Closes what rests; nothing is lent any more.
    pub(crate) async fn close(&self) {
        self.places.close();
        let resting: Vec<Resting> = std::mem::take(&mut *self.resting());
        for one in resting {
            // It ends either way.
            let _ = one.connection.close().await;
        }
    }

    fn resting(&self) -> MutexGuard<'_, Vec<Resting>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// False also when it is still at work for somebody who went away.
async fn stands(connection: &mut PgConnection) -> bool {
    matches!(tokio::time::timeout(AT_WORK, connection.ping()).await, Ok(Ok(())))
}

impl Lent {
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("taken only when dropped")
    }

    /// Everything that was asked for was answered.
    pub(crate) fn give_back(mut self) {
        self.rest(true);
    }

    fn rest(&mut self, in_order: bool) {
        let Some(connection) = self.connection.take() else { return };
        if self.pages.places.is_closed() {
            return;
        }
        let back = Resting { connection, opened: self.opened, since: Instant::now(), in_order };
        let mut resting = self.pages.resting();
        if resting.first().is_some_and(|longest| longest.since.elapsed() > UNWANTED) {
            resting.remove(0);
        }
        // Whoever has to be asked first is wanted last.
        let place = if in_order { resting.len() } else { 0 };
        resting.insert(place, back);
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.rest(false);
    }
}
