//! A whole Muster on a test's own database: a practice with people of every kind, a clock the test sets, and both
//! ways to reach it, without a socket ([`Practice::call`]) and with one ([`Practice::serve`]).

mod calls;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use jiff::{SignedDuration, Timestamp};
use muster_app::organizations::NewOrganization;
use muster_app::people::NewProfile;
use muster_app::sign_in::{NewOperator, NewToken, TokenOwner};
use muster_app::{Actor, App, Channel, Clock, Entropy, Keys, Origin, Scope, Settings};
use muster_domain::emr::{EmrPatch, Permission, UserType};
use muster_domain::people::{PersonPatch, npi};
use muster_domain::{ClinicId, OrganizationId, PersonId};
use muster_web::WebSettings;
use tower::ServiceExt;
use uuid::Uuid;

use crate::databases::{TestDb, noon};

pub use calls::{Answer, Api, Visitor};

/// The password of everybody who has one.
pub const PASSWORD: &str = "Tr4velling-oak-Ridge";

/// A clock that stands still until it is told otherwise.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Stands at this time.
    pub fn at(time: Timestamp) -> Self {
        Self(AtomicI64::new(time.as_microsecond()))
    }

    /// Lets time pass.
    pub fn advance(&self, by: SignedDuration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).expect("a short while"), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).expect("a time")
    }
}

/// Bytes that repeat from run to run and never within one.
#[derive(Debug, Default)]
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            // splitmix64 over a counter
            let mut x = self.0.fetch_add(1, Ordering::SeqCst).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(x ^ (x >> 31)).to_be_bytes()[..chunk.len()]);
        }
    }
}

/// A person to add; the rest of the profile is made up and valid.
#[derive(Clone, Debug)]
pub struct PersonSpec<'a> {
    /// User name; first and last name and the email are made of it.
    pub username: &'a str,
    /// What the person is.
    pub user_type: UserType,
    /// What the person may do; none = what comes with the type.
    pub permissions: Option<&'a [Permission]>,
    /// Where the person works, the default clinic first; empty = the practice's first clinic.
    pub clinics: &'a [ClinicId],
    /// In use.
    pub active: bool,
}

impl Default for PersonSpec<'_> {
    fn default() -> Self {
        Self { username: "mharlow", user_type: UserType::PT, permissions: None, clinics: &[], active: true }
    }
}

/// Someone who exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Identity.
    pub id: PersonId,
    /// User name.
    pub username: String,
}

/// A whole Muster.
pub struct Practice {
    /// The use cases.
    pub app: App,
    /// The time.
    pub clock: Arc<TestClock>,
    /// The practice.
    pub organization: OrganizationId,
    /// Saco, Wells and York.
    pub clinics: Vec<ClinicId>,
    /// Company admin and user manager, a clerk; signs in as `admin` with [`PASSWORD`].
    pub admin: Member,
    /// Where it is reached once it is served; links in messages begin with it.
    pub url: String,
    router: Router,
    listener: Mutex<Option<TcpListener>>,
    numbers: AtomicU64,
    // Dropped last.
    database: TestDb,
}

impl Practice {
    /// Panics when a person's row tells of another account than theirs; every test ends with it.
    pub async fn assert_snapshots_fresh(&self) {
        crate::databases::assert_snapshots_fresh(&self.database.db).await;
    }

    /// Sets one up on an empty database.
    pub async fn on(database: TestDb) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let clock = Arc::new(TestClock::at(noon()));
        let settings = Settings { public_url: url.clone(), ..Settings::default() };
        let keys = Keys::derive(b"a secret of the tests, 32 bytes!");
        let app = App::new(database.db.clone(), clock.clone(), Arc::new(Counting::default()), keys, settings);
        let made = app.set_up(&first_manager()).await.expect("the practice is set up");
        let mut clinics = vec![made.clinic];
        let machine = Actor::command_line(made.organization);
        for name in ["Wells", "York"] {
            clinics.push(app.add_clinic(&machine, name, None).await.expect("a clinic").id);
        }
        let web = WebSettings { public_url: url.clone(), trusted_proxies: Vec::new(), demo: false, mail_note: None };
        let router = muster_web::router(app.clone(), web);
        Self {
            app,
            clock,
            organization: made.organization,
            clinics,
            admin: Member { id: made.person, username: "admin".to_owned() },
            url,
            router,
            listener: Mutex::new(Some(listener)),
            numbers: AtomicU64::new(1),
            database,
        }
    }

    /// The database, for what cannot be reached otherwise.
    pub fn db(&self) -> &muster_store::Db {
        &self.database.db
    }

    /// The operator at the command line; may do everything in this practice.
    pub fn machine(&self) -> Actor {
        Actor::command_line(self.organization)
    }

    /// An NPI nobody has yet.
    pub fn fresh_npi(&self) -> String {
        let nine = format!("1{:08}", self.numbers.fetch_add(1, Ordering::SeqCst));
        format!("{nine}{}", npi::check_digit(nine.as_bytes()))
    }

    /// Adds someone to this practice.
    pub async fn add(&self, someone: PersonSpec<'_>) -> Member {
        self.add_to(self.organization, &self.clinics[..1], someone).await
    }

    /// Puts a signature on file for a therapist or an assistant.
    pub async fn sign(&self, member: &Member) {
        let drawing = muster_app::images::made_up_signature();
        let origin = muster_domain::emr::SignatureOrigin::Uploaded;
        self.app.set_signature(&self.machine(), member.id, origin, drawing).await.expect("a signature");
    }

    async fn add_to(&self, organization: OrganizationId, usual: &[ClinicId], someone: PersonSpec<'_>) -> Member {
        let clinics = if someone.clinics.is_empty() { usual } else { someone.clinics };
        let mut person = PersonPatch {
            first_name: Some(capital(someone.username)),
            last_name: Some("Harlow".to_owned()),
            email: Some(Some(format!("{}@saco.example", someone.username))),
            username: Some(someone.username.to_owned()),
            ..PersonPatch::default()
        };
        let mut emr = EmrPatch {
            user_type: Some(someone.user_type.as_str().to_owned()),
            status: Some(if someone.active { "active" } else { "inactive" }.to_owned()),
            clinics: Some(clinics.iter().copied().collect::<BTreeSet<_>>()),
            default_clinic: Some(clinics[0]),
            permissions: someone.permissions.map(|p| p.iter().map(|p| p.as_str().to_owned()).collect()),
            finish_attested: true,
            ..EmrPatch::default()
        };
        if someone.user_type.has_signature() {
            person.npi = Some(Some(self.fresh_npi()));
            emr.license_number = Some(Some("PT-1".to_owned()));
        }
        let new = NewProfile { person, emr: Some(emr), password: None, invite: Some(false), ..NewProfile::default() };
        let saved = self.app.add_person(&Actor::command_line(organization), new, None).await;
        let saved = saved.unwrap_or_else(|e| panic!("{} is added: {e}", someone.username));
        Member { id: saved.view.profile().person.id, username: someone.username.to_owned() }
    }

    /// Another practice of the same installation, with one clinic and a company admin of that user name.
    pub async fn another(&self, name: &str, admin: &str) -> (OrganizationId, ClinicId, Member) {
        let organization = self.app.add_organization(name, "UTC").await.expect("another practice");
        let machine = Actor::command_line(organization);
        let clinic = self.app.add_clinic(&machine, "Portland", None).await.expect("its clinic").id;
        let permissions = [Permission::CompanyAdmin, Permission::ViewUsers, Permission::EditUsers];
        let someone = PersonSpec {
            username: admin,
            user_type: UserType::Clerical,
            permissions: Some(&permissions),
            ..PersonSpec::default()
        };
        let member = self.add_to(organization, &[clinic], someone).await;
        (organization, clinic, member)
    }

    /// Adds a support operator, who signs in with [`PASSWORD`].
    pub async fn operator(&self, username: &str) -> Uuid {
        let new = NewOperator {
            username: username.to_owned(),
            email: format!("{username}@operator.example"),
            password: PASSWORD.to_owned(),
        };
        self.app.add_operator(&new).await.expect("an operator")
    }

    /// A token with every scope for someone.
    pub async fn token(&self, username: &str) -> String {
        self.token_with(username, Scope::ALL).await
    }

    /// A token with these scopes.
    pub async fn token_with(&self, username: &str, scopes: &[Scope]) -> String {
        let owner = TokenOwner { username: username.to_owned() };
        let scopes = scopes.iter().map(|s| s.as_str().to_owned()).collect();
        let new = NewToken { name: "Test".to_owned(), scopes, expires_in_days: None };
        self.app.create_token_for(&owner, &new).await.expect("a token").1
    }

    /// Gives someone [`PASSWORD`] the way people get one: an invitation by email, and its link.
    pub async fn give_password(&self, member: &Member) {
        self.app.send_sign_in_link(&self.machine(), member.id).await.expect("a link is sent");
        let link = self.messages().await.pop().and_then(|text| secret_in(&text)).expect("a message with a link");
        let origin = Origin { channel: Channel::Page, address: "127.0.0.1".to_owned(), user_agent: String::new() };
        self.app.use_link(&link, PASSWORD, PASSWORD, &origin).await.expect("the link works");
    }

    /// Signs someone in who has a password; the cookie's value.
    pub async fn session(&self, username: &str) -> String {
        let origin = Origin { channel: Channel::Page, address: "127.0.0.1".to_owned(), user_agent: "Test".to_owned() };
        self.app.sign_in(username, PASSWORD, &origin).await.expect("signed in").token
    }

    /// The texts of all messages waiting; they count as sent.
    pub async fn messages(&self) -> Vec<String> {
        let mut texts = Vec::new();
        for outgoing in self.app.take_messages(1000).await.expect("messages") {
            self.app.message_done(&outgoing, Ok(())).await.expect("noted");
            texts.push(outgoing.message.body);
        }
        texts
    }

    /// Calls the router without a socket.
    pub async fn call(&self, request: Request<Body>) -> Answer {
        ask(&self.router, request).await
    }

    /// The JSON API as a token sees it; empty = nobody.
    pub fn api<'a>(&'a self, token: &'a str) -> Api<'a> {
        Api { practice: self, token, headers: Vec::new() }
    }

    /// The pages as somebody signed in sees them.
    pub async fn visitor<'a>(&'a self, username: &str) -> Visitor<'a> {
        let cookie = format!("muster_session={}", self.session(username).await);
        let visitor = Visitor { practice: self, cookie, csrf: String::new() };
        let csrf = calls::csrf_in(&visitor.get("/me").await.text());
        Visitor { csrf, ..visitor }
    }

    /// The pages as somebody sees them who is not signed in.
    pub async fn stranger(&self) -> Visitor<'_> {
        let visitor = Visitor { practice: self, cookie: String::new(), csrf: String::new() };
        let answer = visitor.get("/sign-in").await;
        let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        Visitor { cookie, csrf: calls::csrf_in(&answer.text()), ..visitor }
    }

    /// Really listens, until the test ends; gives [`Practice::url`].
    #[allow(clippy::unused_async)] // serving needs a runtime, and this says so
    pub async fn serve(&self) -> &str {
        let held = self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(listener) = held {
            listener.set_nonblocking(true).expect("a listener");
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let service = self.router.clone().into_make_service_with_connect_info::<std::net::SocketAddr>();
            tokio::spawn(async move { axum::serve(listener, service).await });
        }
        &self.url
    }
}

/// Calls any router without a socket.
pub async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a whole answer").to_vec();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

fn first_manager() -> NewOrganization {
    NewOrganization {
        organization_name: "Saco Rehab".to_owned(),
        time_zone: "America/New_York".to_owned(),
        clinic_name: "Saco".to_owned(),
        first_name: "Ada".to_owned(),
        last_name: "Minton".to_owned(),
        username: "admin".to_owned(),
        email: "ada@saco.example".to_owned(),
        password: PASSWORD.to_owned(),
        password_confirmation: None,
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The secret of the first link in a message.
fn secret_in(text: &str) -> Option<String> {
    let link = text.split_whitespace().find(|word| word.starts_with("http"))?;
    link.rsplit('/').next().map(str::to_owned)
}

/// Runs the tests in it on both engines, each with a [`Practice`] of its own: `name::on_sqlite`, `name::on_postgres`.
#[macro_export]
macro_rules! both_practices {
    ($($tests:tt)+) => { $crate::practice_tests! { [on_sqlite = sqlite, on_postgres = postgres] $($tests)+ } };
}

/// Like [`both_practices!`], but on SQLite only: for tests whose subject is above the database and tested on both
/// elsewhere, such as what pages do in a browser.
#[macro_export]
macro_rules! sqlite_practice {
    ($($tests:tt)+) => { $crate::practice_tests! { [on_sqlite = sqlite] $($tests)+ } };
}

/// The tests of [`both_practices!`] and [`sqlite_practice!`].
#[doc(hidden)]
#[macro_export]
macro_rules! practice_tests {
    ($engines:tt $($(#[$meta:meta])* async fn $name:ident($practice:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[$meta])*
            async fn body($practice: &$crate::practice::Practice) $body

            $crate::practice_test! { $engines }
        }
    )+};
}

/// One test an engine, calling `body`.
#[doc(hidden)]
#[macro_export]
macro_rules! practice_test {
    ([$($test:ident = $engine:ident),+]) => {$(
        #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let practice = $crate::practice::Practice::on($crate::databases::$engine().await).await;
            body(&practice).await;
            practice.assert_snapshots_fresh().await;
        }
    )+};
}
