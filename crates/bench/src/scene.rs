//! The people that are measured with: one organization of 100,000, or 400 of 1,000,000 with one of 200,000.

use std::sync::Arc;
use std::time::Instant;

use muster_app::generate::GenerateSpec;
use muster_app::imports::ImportOptions;
use muster_app::people::{Listed, NewProfile};
use muster_app::sign_in::{NewToken, TokenOwner};
use muster_app::{Actor, App, Channel, Filter, Keys, Settings, SystemClock, SystemEntropy, Total};
use muster_domain::emr::{EmrPatch, Permission};
use muster_domain::people::PersonPatch;
use muster_store::Db;
use muster_testkit::program::{Program, Server};

use crate::row::Rows;
use crate::starts::resident_mib;

/// Which database.
#[derive(Clone, Debug)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// As named on the command line.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// As printed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// An empty installation, its address, and what it lies in.
struct Installation {
    app: App,
    url: String,
    directory: tempfile::TempDir,
    database: Option<muster_testkit::postgres::Database>,
}

/// Fewer people, to try the bench itself.
fn fewer() -> Option<u64> {
    std::env::var("MUSTER_BENCH_PEOPLE").ok()?.parse().ok()
}

const SECRET: &str = "5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed";

async fn installation(engine: &Engine) -> Installation {
    let directory = tempfile::tempdir().expect("a directory");
    let mut database = None;
    let url = match engine {
        Engine::Sqlite => format!("sqlite:{}", directory.path().join("muster.db").display()),
        Engine::Postgres => {
            let made = muster_testkit::postgres::empty_database().await;
            let url = made.url().to_owned();
            database = Some(made);
            url
        }
    };
    let db = Db::open(&url, 8).await.expect("a database");
    db.migrate().await.expect("a schema");
    let bytes: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&SECRET[i * 2..i * 2 + 2], 16).unwrap_or(0)).collect();
    let app =
        App::new(db, Arc::new(SystemClock), Arc::new(SystemEntropy::new()), Keys::derive(&bytes), Settings::default());
    Installation { app, url, directory, database }
}

/// Numbers that look random and repeat with the seed (xorshift64*).
pub struct SeededRng(pub u64);

impl SeededRng {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap_or(0) % sides
    }
}

/// A served installation full of people.
#[derive(Clone)]
pub struct Scene {
    engine: Engine,
    pub large: bool,
    pub url: String,
    pub admin_token: String,
    pub manager_token: String,
    pub cookie: String,
    pub clinics: Vec<String>,
    pub words: Vec<String>,
    pub app: App,
    pub organization: muster_domain::OrganizationId,
    pub username: String,
    pub password: String,
    pub database_url: String,
    server: Arc<tokio::sync::Mutex<Option<Server>>>,
    _directory: Arc<tempfile::TempDir>,
    _database: Arc<Option<muster_testkit::postgres::Database>>,
}

const PASSWORD: &str = "Quiet-Lantern-42-Ferry";

impl Scene {
    /// The engine's name.
    pub fn name(&self) -> &'static str {
        self.engine.name()
    }

    /// Generates, adds the people who act, and serves.
    pub async fn build(engine: Engine, large: bool) -> Self {
        let Installation { app, url, directory, database } = installation(&engine).await;
        let (organizations, people, largest) =
            if large { (400, 1_000_000, Some(200_000)) } else { (1, fewer().unwrap_or(100_000), None) };
        let begun = Instant::now();
        app.generate(GenerateSpec { organizations, people, seed: 7, largest }, |_| ()).await.expect("people");
        let took = begun.elapsed().as_secs_f64();
        Rows::note(&format!("{}: {people} people generated", engine.name()), &format!("{took:.0} s"));

        let organization = largest_organization(&app).await;
        let operator = Actor::command_line(organization);
        let clinics = app.clinics(&operator).await.expect("clinics");
        let clinic_ids: Vec<String> = clinics.iter().map(|c| c.id.to_string()).collect();
        let all: Vec<String> = Permission::ALL.iter().filter(|p| !p.is_soap()).map(|p| p.as_str().to_owned()).collect();
        let some = ["view_patients", "view_users", "edit_users"].map(str::to_owned).to_vec();
        for (username, permissions) in [("bench-admin", all), ("bench-manager", some)] {
            let new = NewProfile {
                person: PersonPatch {
                    first_name: Some("Bench".into()),
                    last_name: Some(username.into()),
                    username: Some(username.into()),
                    email: Some(Some(format!("{username}@bench.example"))),
                    ..PersonPatch::default()
                },
                emr: Some(EmrPatch {
                    user_type: Some("Clerical".into()),
                    clinics: Some([clinics[clinics.len() / 2].id].into()),
                    permissions: Some(permissions),
                    ..EmrPatch::default()
                }),
                password: None,
                invite: Some(false),
                ..NewProfile::default()
            };
            app.add_person(&operator, new, None).await.expect("someone who acts");
        }
        // Before the tokens: whoever chooses a new password loses those of before.
        set_own_password(&app, organization).await;
        let token = |name: &str| NewToken {
            name: name.into(),
            scopes: muster_app::Scope::ALL.iter().map(|s| s.as_str().to_owned()).collect(),
            expires_in_days: None,
        };
        let (_, admin_token) = app
            .create_token_for(&TokenOwner { username: "bench-admin".into() }, &token("bench"))
            .await
            .expect("a token");
        let (_, manager_token) = app
            .create_token_for(&TokenOwner { username: "bench-manager".into() }, &token("bench"))
            .await
            .expect("a token");
        let words = sample(&app, &operator).await;
        if let Some(database) = &database {
            database.checkpoint().await;
        }

        let arguments = ["--database-url".to_owned(), url.clone()];
        let server = Program::new(std::iter::once("serve".to_owned()).chain(arguments))
            .env("MUSTER_SECRET_KEY", SECRET)
            .start()
            .await;
        let mut scene = Self {
            engine,
            large,
            url: server.url(),
            admin_token,
            manager_token,
            cookie: String::new(),
            clinics: clinic_ids,
            words,
            app,
            organization,
            username: "bench-admin".into(),
            password: PASSWORD.into(),
            database_url: url,
            server: Arc::new(tokio::sync::Mutex::new(Some(server))),
            _directory: Arc::new(directory),
            _database: Arc::new(database),
        };
        scene.cookie = crate::sign_ins::cookie(&scene).await;
        scene
    }

    /// What the server holds in memory now, in MiB.
    pub async fn resident_mib(&self) -> f64 {
        resident_mib(self.server.lock().await.as_ref().and_then(Server::process))
    }

    /// Memory after the work, then the end of the server.
    pub async fn tear_down(self) {
        if let Some(server) = self.server.lock().await.take() {
            println!(
                "{:<56} {:.1} MiB",
                format!("{}: memory after all this", self.name()),
                resident_mib(server.process())
            );
            server.kill_9().await;
        }
    }
}

/// The organization with most people.
async fn largest_organization(app: &App) -> muster_domain::OrganizationId {
    let machine = Actor::command_line(muster_domain::OrganizationId::INSTALLATION);
    let mut after = String::new();
    let mut best = (0, muster_domain::OrganizationId::INSTALLATION);
    loop {
        let found = app.organizations(&machine, &after, 200).await.expect("organizations");
        let Some(last) = found.last() else { return best.1 };
        after = muster_domain::text::unique_key(&last.name);
        for organization in &found {
            let listed = Listed { limit: 1, ..Listed::default() };
            let page = app.people(&Actor::command_line(organization.id), listed).await.expect("a page");
            let (Total::Exact(count) | Total::About(count)) = page.total;
            best = best.max((count, organization.id));
        }
    }
}

/// People's words to search for: names, user names, emails, NPIs of a sample.
async fn sample(app: &App, operator: &Actor) -> Vec<String> {
    let mut words = Vec::new();
    for q in ["a", "i", "o", "z", "77"] {
        let listed = Listed { filter: Filter { q: q.into(), ..Filter::default() }, after: None, limit: 100 };
        for view in app.people(operator, listed).await.expect("a sample").people {
            let person = &view.profile().person;
            words.extend([person.first_name.clone(), person.last_name.clone(), person.username.clone()]);
            words.extend(person.email.clone());
            words.extend(person.npi.clone());
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

async fn set_own_password(app: &App, organization: muster_domain::OrganizationId) {
    let operator = Actor::command_line(organization);
    let listed = Listed { filter: Filter { q: "bench-admin".into(), ..Filter::default() }, after: None, limit: 1 };
    let found = app.people(&operator, listed).await.expect("finds").people;
    let id = found.first().expect("the one who acts").profile().person.id;
    app.send_sign_in_link(&operator, id).await.expect("a link");
    let message = app
        .take_messages(10)
        .await
        .expect("mail")
        .into_iter()
        .find(|m| m.to.starts_with("bench-admin"))
        .expect("the link");
    let token = message
        .message
        .body
        .split_whitespace()
        .find_map(|w| w.rsplit_once("/invitation/"))
        .expect("an address")
        .1
        .to_owned();
    let origin = muster_app::Origin { channel: Channel::Page, address: String::new(), user_agent: String::new() };
    app.use_link(&token, PASSWORD, PASSWORD, &origin).await.expect("a password");
}

/// Imports a file of people into an empty practice.
pub async fn import_alone(engine: &Engine, large: bool, rows: &mut Rows) {
    let count = fewer().and_then(|n| usize::try_from(n).ok()).unwrap_or(if large { 200_000 } else { 100_000 });
    let Installation { app, directory: _directory, database: _database, .. } = installation(engine).await;
    let name = engine.name();
    let organization = app.add_organization("Imported practice", "America/New_York").await.expect("an organization");
    let mut csv = String::with_capacity(count * 110);
    csv.push_str("first_name,last_name,email,npi,user_type,clinics,license_number\n");
    for n in 0..count {
        use std::fmt::Write;
        let nine = format!("2{n:08}");
        let digit = muster_domain::people::npi::check_digit(nine.as_bytes());
        let _ = writeln!(
            csv,
            "Given{},Family{},import{n}@imported.example,{nine}{digit},PT,Clinic {},L{n}",
            n % 997,
            n % 4999,
            n % 200
        );
    }
    let actor = Actor::command_line(organization).through(Channel::Import);
    let mut memory = Vec::new();
    let look = |_: &_| memory.push(resident_mib(Some(std::process::id())));
    let begun = Instant::now();
    let report = app
        .import_people(&actor, std::io::Cursor::new(csv.into_bytes()), ImportOptions::default(), look)
        .await
        .expect("an import");
    let took = begun.elapsed().as_secs_f64();
    assert_eq!(report.added, count as u64, "{:?}", report.refused.first());
    #[allow(clippy::cast_precision_loss)]
    rows.rate(&format!("{name}: import of {count} people"), count as f64 / took, "rows/s", 5000.0);
    // About forty bytes a person are kept; anything else that grew with the file would show here.
    let most = |part: &[f64]| part.iter().copied().fold(0.0, f64::max);
    let (first, second) = memory.split_at(memory.len() / 2);
    let grown = (most(second) - most(first)).max(0.0);
    rows.at_most(&format!("{name}: memory of its second half over its first"), grown, "MiB", 16.0);
}
