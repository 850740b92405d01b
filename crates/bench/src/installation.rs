//! The installations that are measured: an empty one, and one that is served with one organization of 100,000 people, or with
//! 400 of 1,000,000 and one of them of 200,000.

use std::sync::Arc;
use std::time::Instant;

use clap::ValueEnum;
use muster_app::generate::GenerateSpec;
use muster_app::people::{ListQuery, NewProfile};
use muster_app::sign_in::{NewToken, TokenOwner};
use muster_app::{Actor, App, Channel, Filter, Keys, Origin, Scope, Settings, SystemClock, SystemEntropy, Total};
use muster_domain::emr::{EmrPatch, Permission};
use muster_domain::organizations::Clinic;
use muster_domain::people::PersonPatch;
use muster_domain::{ClinicId, OrganizationId};
use muster_store::Db;
use muster_testkit::postgres::Database;
use muster_testkit::program::{Program, Server};

use crate::arguments::Arguments;
use crate::report::Report;
use crate::start::resident_mib;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// As printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// The user names of those whose requests are measured.
const ADMIN: &str = "bench-admin";
const MANAGER: &str = "bench-manager";
const PASSWORD: &str = "Quiet-Lantern-42-Ferry";
/// The secret key of the installation, in hexadecimal.
const SECRET: &str = "5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed";

/// A migrated database without an organization, gone when this is dropped.
pub struct EmptyInstallation {
    pub app: App,
    url: String,
    directory: tempfile::TempDir,
    database: Option<Database>,
}

impl EmptyInstallation {
    /// Makes one.
    pub async fn open(engine: Engine) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(muster_testkit::postgres::empty_database().await),
        };
        let file = directory.path().join("muster.db");
        let url = database.as_ref().map_or_else(|| format!("sqlite:{}", file.display()), |d| d.url().to_owned());
        let db = Db::open(&url, 8).await.expect("a database");
        db.migrate().await.expect("a schema");
        let bytes: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&SECRET[i * 2..i * 2 + 2], 16).unwrap_or(0)).collect();
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy::new()));
        let app = App::new(db, clock, entropy, Keys::derive(&bytes), Settings::default());
        Self { app, url, directory, database }
    }
}

/// An installation full of people, served by the release program.
#[derive(Clone)]
pub struct ServedInstallation {
    engine: Engine,
    pub large: bool,
    pub url: String,
    pub admin_token: String,
    pub manager_token: String,
    /// A session of the company admin.
    pub cookie: String,
    /// The ids of the clinics of `organization`.
    pub clinics: Vec<String>,
    /// What can be searched for.
    pub words: Vec<String>,
    pub app: App,
    /// The one with most people.
    pub organization: OrganizationId,
    /// The company admin's.
    pub username: String,
    pub password: String,
    pub database_url: String,
    server: Arc<tokio::sync::Mutex<Option<Server>>>,
    _directory: Arc<tempfile::TempDir>,
    _database: Arc<Option<Database>>,
}

impl ServedInstallation {
    /// The engine's name.
    pub fn name(&self) -> &'static str {
        self.engine.name()
    }

    /// Generates people, adds those whose requests are measured, and serves.
    pub async fn build(engine: Engine, arguments: &Arguments) -> Self {
        let EmptyInstallation { app, url, directory, database } = EmptyInstallation::open(engine).await;
        generate(&app, engine, arguments).await;
        let organization = largest_organization(&app).await;
        let operator = Actor::command_line(organization);
        let clinics = app.clinics(&operator).await.expect("clinics");
        add_admin_and_manager(&app, &operator, &clinics).await;
        // Before the tokens: a new password ends those of before.
        set_password_by_link(&app, organization).await;
        let (admin_token, manager_token) = (new_token(&app, ADMIN).await, new_token(&app, MANAGER).await);
        let words = words_of_sample(&app, &operator).await;
        if let Some(database) = &database {
            database.checkpoint().await;
        }
        let options = ["--database-url".to_owned(), url.clone()];
        let program = Program::new(std::iter::once("serve".to_owned()).chain(options));
        let server = program.env("MUSTER_SECRET_KEY", SECRET).start().await;
        let mut served = Self {
            engine,
            large: arguments.large,
            url: server.url(),
            admin_token,
            manager_token,
            cookie: String::new(),
            clinics: clinics.iter().map(|c| c.id.to_string()).collect(),
            words,
            app,
            organization,
            username: ADMIN.to_owned(),
            password: PASSWORD.to_owned(),
            database_url: url,
            server: Arc::new(tokio::sync::Mutex::new(Some(server))),
            _directory: Arc::new(directory),
            _database: Arc::new(database),
        };
        served.cookie = crate::sign_in::session_cookie(&served).await;
        served
    }

    /// What the server holds in memory now, in MiB.
    pub async fn resident_mib(&self) -> f64 {
        resident_mib(self.server.lock().await.as_ref().and_then(Server::process))
    }

    /// Prints the memory after all measurements and ends the server.
    pub async fn tear_down(self) {
        if let Some(server) = self.server.lock().await.take() {
            let memory = format!("{:.1} MiB", resident_mib(server.process()));
            Report::note(&format!("{}: memory after all this", self.name()), &memory);
            server.kill_9().await;
        }
    }
}

async fn generate(app: &App, engine: Engine, arguments: &Arguments) {
    let (organizations, people, largest) =
        if arguments.large { (400, 1_000_000, Some(200_000)) } else { (1, arguments.people.unwrap_or(100_000), None) };
    let begun = Instant::now();
    app.generate(GenerateSpec { organizations, people, seed: 7, largest }, |_| ()).await.expect("people");
    let took = begun.elapsed().as_secs_f64();
    Report::note(&format!("{}: {people} people generated", engine.name()), &format!("{took:.0} s"));
}

async fn add_admin_and_manager(app: &App, operator: &Actor, clinics: &[Clinic]) {
    let clinic: ClinicId = clinics[clinics.len() / 2].id;
    let all: Vec<String> = Permission::ALL.iter().filter(|p| !p.is_soap()).map(|p| p.as_str().to_owned()).collect();
    let some = ["view_patients", "view_users", "edit_users"].map(str::to_owned).to_vec();
    for (username, permissions) in [(ADMIN, all), (MANAGER, some)] {
        let person = PersonPatch {
            first_name: Some("Bench".into()),
            last_name: Some(username.into()),
            username: Some(username.into()),
            email: Some(Some(format!("{username}@bench.example"))),
            ..PersonPatch::default()
        };
        let emr = EmrPatch {
            user_type: Some("Clerical".into()),
            clinics: Some([clinic].into()),
            permissions: Some(permissions),
            ..EmrPatch::default()
        };
        let new = NewProfile { person, emr: Some(emr), invite: Some(false), ..NewProfile::default() };
        app.add_person(operator, new, None).await.expect("an admin and a manager");
    }
}

async fn new_token(app: &App, username: &str) -> String {
    let scopes = Scope::ALL.iter().map(|s| s.as_str().to_owned()).collect();
    let new = NewToken { name: "bench".into(), scopes, expires_in_days: None };
    app.create_token_for(&TokenOwner { username: username.into() }, &new).await.expect("a token").1
}

/// The organization with most people.
async fn largest_organization(app: &App) -> OrganizationId {
    let machine = Actor::command_line(OrganizationId::INSTALLATION);
    let mut after = String::new();
    let mut best = (0, OrganizationId::INSTALLATION);
    loop {
        let found = app.organizations(&machine, &after, 200).await.expect("organizations");
        let Some(last) = found.last() else { return best.1 };
        after = muster_domain::text::unique_key(&last.name);
        for organization in &found {
            let query = ListQuery { limit: 1, ..ListQuery::default() };
            let page = app.people(&Actor::command_line(organization.id), query).await.expect("a page");
            let (Total::Exact(count) | Total::About(count)) = page.total;
            best = best.max((count, organization.id));
        }
    }
}

fn search(text: &str, limit: i64) -> ListQuery {
    ListQuery { filter: Filter { q: text.into(), ..Filter::default() }, after: None, limit }
}

/// Names, user names, emails and NPIs of some people.
async fn words_of_sample(app: &App, operator: &Actor) -> Vec<String> {
    let mut words = Vec::new();
    for text in ["a", "i", "o", "z", "77"] {
        for view in app.people(operator, search(text, 100)).await.expect("a sample").people {
            let person = &view.profile().person;
            words.extend([person.first_name.clone(), person.last_name.clone(), person.username.clone()]);
            words.extend(person.email.clone());
            words.extend(person.npi.clone());
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

/// Sets the company admin's password the way people do: by the link of an invitation.
async fn set_password_by_link(app: &App, organization: OrganizationId) {
    let operator = Actor::command_line(organization);
    let found = app.people(&operator, search(ADMIN, 1)).await.expect("a search").people;
    let id = found.first().expect("the company admin").profile().person.id;
    app.send_sign_in_link(&operator, id).await.expect("a link");
    let messages = app.take_messages(10).await.expect("messages");
    let message = messages.into_iter().find(|m| m.to.starts_with(ADMIN)).expect("the link");
    let mut words = message.message.body.split_whitespace();
    let (_, token) = words.find_map(|w| w.rsplit_once("/invitation/")).expect("an address");
    let origin = Origin { channel: Channel::Page, address: String::new(), user_agent: String::new() };
    app.use_link(token, PASSWORD, PASSWORD, &origin).await.expect("a password");
}
