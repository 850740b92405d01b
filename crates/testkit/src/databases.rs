//! A migrated database of either kind for each test, and a small practice to put into it.
//!
//! Identities and times come from counters, so that a failing test fails the same way again.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use muster_domain::emr::{EmrAccount, UserType};
use muster_domain::fixtures;
use muster_domain::organizations::{Clinic, Organization};
use muster_domain::people::Person;
use muster_domain::people::Profile;
use muster_domain::{ClinicId, OrganizationId, PersonId};
pub use muster_store::Db;
use uuid::Uuid;

use crate::postgres;

/// Runs the tests in it on both engines: `name::on_sqlite` and `name::on_postgres`. Whatever a test did, the
/// people list and its counts agree with the profiles at its end; so the database has to be open then.
///
/// ```ignore
/// both_engines! {
///     async fn what_is_saved_is_read_back(db) {
///         let practice = an_organization(db).await;
///         …
///     }
/// }
/// ```
/// `db` is a `&muster_store::Db` of the test's own. The calling crate needs tokio.
#[macro_export]
macro_rules! both_engines {
    ($($tests:tt)+) => { $crate::engine_tests! { [on_sqlite = sqlite, on_postgres = postgres] $($tests)+ } };
}

/// Like [`both_engines!`], but on SQLite only: for tests whose subject is above the database and tested on both elsewhere.
#[macro_export]
macro_rules! sqlite_engine {
    ($($tests:tt)+) => { $crate::engine_tests! { [on_sqlite = sqlite] $($tests)+ } };
}

/// The tests of [`both_engines!`] and [`sqlite_engine!`].
#[doc(hidden)]
#[macro_export]
macro_rules! engine_tests {
    ($engines:tt $($(#[$meta:meta])* async fn $name:ident($db:ident) $body:block)+) => {$(
        #[cfg(test)]
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[$meta])*
            async fn body($db: &$crate::databases::Db) $body

            $crate::engine_test! { $engines }
        }
    )+};
}

/// One test an engine, calling `body`.
#[doc(hidden)]
#[macro_export]
macro_rules! engine_test {
    ([$($test:ident = $engine:ident),+]) => {$(
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $test() {
            let test = $crate::databases::$engine().await;
            body(&test.db).await;
            $crate::databases::assert_snapshots_fresh(&test.db).await;
        }
    )+};
}

/// A test's own migrated database, gone when this is dropped.
#[derive(Debug)]
pub struct TestDb {
    /// Open.
    pub db: Db,
    /// Where it is, for a second process or pool: `sqlite:PATH` or `postgres://…`.
    pub url: String,
    // Dropped after `db`.
    _place: Place,
}

#[derive(Debug)]
#[expect(dead_code, reason = "held only to be dropped")]
enum Place {
    Directory(tempfile::TempDir),
    Server(postgres::Database),
}

/// Connections of a test's database: enough for racers, few enough for many tests at once.
const CONNECTIONS: u32 = 8;

/// A new migrated SQLite file.
pub async fn sqlite() -> TestDb {
    let template = sqlite_template().await;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("muster.db");
    std::fs::copy(&template, &path).expect("a copy of the template");
    let url = format!("sqlite:{}", path.display());
    let db = Db::open(&url, CONNECTIONS).await.expect("a copy of the template opens");
    TestDb { db, url, _place: Place::Directory(directory) }
}

/// A new migrated PostgreSQL database on the server of `scripts/with-postgres`.
pub async fn postgres() -> TestDb {
    let database = postgres::fresh_database(&Db::schema_fingerprint(), migrated).await;
    let url = database.url().to_owned();
    let db = Db::open(&url, CONNECTIONS).await.expect("a fresh database opens");
    TestDb { db, url, _place: Place::Server(database) }
}

/// A migrated file beside the test program, made once per schema. A test that finds none makes one and moves it into
/// place: of several makers the last wins, and all made the same.
async fn sqlite_template() -> PathBuf {
    let program = std::env::current_exe().expect("the test program's own path");
    let beside = program.parent().unwrap_or(Path::new(".")).join("muster-templates");
    let template = beside.join(format!("{}.db", Db::schema_fingerprint()));
    if template.exists() {
        return template;
    }
    std::fs::create_dir_all(&beside).expect("a directory for templates");
    let making = tempfile::tempdir_in(&beside).expect("a directory to make a template in");
    let path = making.path().join("unfinished.db");
    migrated(&format!("sqlite:{}", path.display())).await;
    assert!(!making.path().join("unfinished.db-wal").exists(), "closing writes everything into the one file");
    std::fs::rename(&path, &template).expect("the finished template moves into place");
    template
}

/// Panics when the people list and its counts do not agree with the profiles, and when the database does not answer.
pub async fn assert_snapshots_fresh(db: &Db) {
    let mut reading = db.read().await.expect("a database that is still open");
    assert_eq!(muster_store::listing::check(&mut reading).await.expect("an answer"), Vec::<String>::new());
}

async fn migrated(url: &str) {
    let db = Db::open(url, 1).await.expect("an empty database opens");
    db.migrate().await.expect("an empty database can be migrated");
    db.close().await;
}

/// The moment tests begin: noon, 2 March 2026, UTC.
pub fn noon() -> Timestamp {
    Timestamp::from_second(1_772_452_800).expect("a time")
}

/// That many seconds after [`noon`].
pub fn later(seconds: i64) -> Timestamp {
    noon() + SignedDuration::from_secs(seconds)
}

/// The next identity of a counter shared by the whole test program.
pub fn an_id() -> Uuid {
    static COUNTER: AtomicU64 = AtomicU64::new(1);
    numbered("id", COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// The identity of the `n`-th thing of a kind.
pub fn numbered(kind: &str, n: u64) -> Uuid {
    let kind = kind.bytes().fold(0_u64, |all, byte| (all << 8) | u64::from(byte));
    Uuid::from_u64_pair(kind, n)
}

/// The identity of the `n`-th person.
pub fn person_id(n: u64) -> PersonId {
    PersonId(numbered("person", n))
}

/// A practice with three clinics.
#[derive(Clone, Debug)]
pub struct StoredOrganization {
    /// Its identity.
    pub id: OrganizationId,
    /// Itself.
    pub organization: Organization,
    /// Saco, Wells and York.
    pub clinics: Vec<Clinic>,
}

impl StoredOrganization {
    /// The identities of its clinics.
    pub fn clinic_ids(&self) -> Vec<ClinicId> {
        self.clinics.iter().map(|c| c.id).collect()
    }

    /// The `n`-th person, a physical therapist of the first clinic.
    pub fn therapist(&self, n: u64) -> Profile {
        Profile::new(a_person(self.id, n)).with_emr(an_emr_account(UserType::PT, &[self.clinics[0].id]))
    }
}

/// A practice, stored; each call makes another one.
pub async fn an_organization(db: &Db) -> StoredOrganization {
    static COUNTER: AtomicU64 = AtomicU64::new(1);
    let n = COUNTER.fetch_add(1, Ordering::Relaxed);
    let id = OrganizationId(numbered("practice", n));
    let organization = Organization::new(id, &format!("Practice {n}"), "America/New_York");
    let clinics: Vec<Clinic> = ["Saco", "Wells", "York"]
        .iter()
        .zip(0..)
        .map(|(name, at)| Clinic::new(ClinicId(numbered("clinic", n * 10 + at)), name))
        .collect();
    let mut tx = db.begin().await.expect("a transaction");
    muster_store::organizations::insert(&mut tx, &organization, noon()).await.expect("a new practice");
    muster_store::organizations::insert_clinics(&mut tx, id, &clinics, noon()).await.expect("its clinics");
    tx.commit().await.expect("the practice is stored");
    StoredOrganization { id, organization, clinics }
}

/// The `n`-th person; no two share a user name or email, whatever their practice.
pub fn a_person(organization: OrganizationId, n: u64) -> Person {
    let person = fixtures::person(u128::from(n), &format!("Mara{n}"), "Harlow");
    Person { id: person_id(n), organization, email: Some(format!("mara{n}@saco.example")), ..person }
}

/// An active account that may see patients, of these clinics; the first is the default.
pub fn an_emr_account(user_type: UserType, clinics: &[ClinicId]) -> EmrAccount {
    fixtures::emr_account(user_type, clinics)
}
