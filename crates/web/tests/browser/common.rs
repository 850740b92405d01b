//! What the tests share: a practice being served, and somebody's browser in it.

use std::sync::Arc;

use fantoccini::Locator;
use muster_app::{App, Keys, Settings, SystemClock, SystemEntropy};
use muster_domain::people::Change;
use muster_domain::people::PersonPatch;
use muster_testkit::browser::{Browser, Options};
use muster_testkit::databases::Db;
use muster_testkit::practice::{Member, PASSWORD, PersonSpec, Practice};
use muster_web::WebSettings;
use serde_json::Value;

/// Somebody's browser.
pub struct Desk<'a> {
    pub practice: &'a Practice,
    pub browser: Browser,
}

impl<'a> Desk<'a> {
    /// Nobody signed in yet.
    pub async fn at(practice: &'a Practice) -> Self {
        Self::with(practice, Browser::options()).await
    }

    /// The same with another kind of browser.
    pub async fn with(practice: &'a Practice, options: Options) -> Self {
        practice.serve().await;
        Self { practice, browser: options.start().await }
    }

    /// The first manager's browser, signed in.
    pub async fn of_admin(practice: &'a Practice) -> Self {
        let desk = Self::at(practice).await;
        desk.hold_session("admin").await;
        desk
    }

    /// Signs in without the form, which has tests of its own.
    pub async fn hold_session(&self, username: &str) {
        self.go("/healthz").await;
        let cookie = format!("muster_session={}; path=/", self.practice.session(username).await);
        self.browser.client().execute("document.cookie = arguments[0]", vec![cookie.into()]).await.expect("a cookie");
    }

    /// Signs in with the form.
    pub async fn sign_in(&self, username: &str, password: &str) {
        self.go("/sign-in").await;
        self.browser.fill("username", username).await;
        self.browser.fill("password", password).await;
        self.browser.press("Sign in").await;
    }

    /// Goes to an address of the practice.
    pub async fn go(&self, path: &str) {
        self.browser.visit(&format!("{}{path}", self.practice.url)).await;
    }

    /// Path and query of the page.
    pub async fn here(&self) -> String {
        self.browser.url().await.strip_prefix(&self.practice.url).unwrap_or_default().to_owned()
    }

    /// Waits until the page is at this address; a query nobody asked about is left out.
    pub async fn arrive(&self, path: &str) {
        let mut here = String::new();
        for _ in 0..300 {
            here = self.here().await;
            let reached = if path.contains('?') { here == path } else { here.split('?').next() == Some(path) };
            if reached {
                return;
            }
            pause().await;
        }
        panic!("still at {here}, not at {path}\n{}", self.browser.text().await);
    }

    /// What a script in the page answers.
    pub async fn script(&self, script: &str) -> Value {
        self.browser.client().execute(script, Vec::new()).await.expect("a script runs")
    }

    /// Waits until a script answers `true`.
    pub async fn until(&self, what: &str, script: &str) {
        for _ in 0..300 {
            // A page that is just being replaced answers with an error.
            let answer = self.browser.client().execute(script, Vec::new()).await;
            if matches!(answer, Ok(Value::Bool(true))) {
                return;
            }
            pause().await;
        }
        panic!("waited in vain until {what}\n{}", self.browser.text().await);
    }

    /// How many elements fit a selector.
    pub async fn count(&self, css: &str) -> usize {
        self.browser.client().find_all(Locator::Css(css)).await.expect("elements").len()
    }

    /// Types keys into whatever has the focus.
    pub async fn keys(&self, keys: &str) {
        let focused = self.browser.client().active_element().await.expect("a focused element");
        focused.send_keys(keys).await.expect("keys are typed");
    }

    /// Waits until exactly these fields are refused, whatever was refused on the page before.
    pub async fn refuses(&self, fields: &[&str]) {
        let script = "return [...document.querySelectorAll('main [id$=\"-error\"]')] \
                      .filter(e => e.offsetParent).map(e => e.id.slice(0, -6)).sort()";
        let mut wanted: Vec<&str> = fields.to_vec();
        wanted.sort_unstable();
        let mut shown = Value::Null;
        for _ in 0..300 {
            // A page that is just being replaced answers with an error.
            shown = self.browser.client().execute(script, Vec::new()).await.unwrap_or_default();
            if shown == serde_json::json!(wanted) {
                return;
            }
            pause().await;
        }
        panic!("{shown} is refused, not {wanted:?}\n{}", self.browser.text().await);
    }

    /// The names shown in the list.
    pub async fn listed(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('#people tbody th a')].map(a => a.textContent)";
        serde_json::from_value(self.script(script).await).expect("names")
    }

    /// Waits until the list shows exactly these people, in this order.
    pub async fn list_becomes(&self, names: &[&str]) {
        let mut listed = Vec::new();
        for _ in 0..300 {
            listed = self.listed().await;
            if listed == names {
                return;
            }
            pause().await;
        }
        panic!("the list shows {listed:?}, not {names:?}, at {}", self.here().await);
    }
}

/// Between two looks at the page.
async fn pause() {
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
}

/// Someone with a name of their own.
pub async fn named(practice: &Practice, first: &str, last: &str, someone: PersonSpec<'_>) -> Member {
    let member = practice.add(someone).await;
    let person = PersonPatch {
        first_name: Some(first.to_owned()),
        last_name: Some(last.to_owned()),
        full_name: Some(String::new()),
        previous_names: Some(Vec::new()),
        ..PersonPatch::default()
    };
    let change = Change { person, ..Change::default() };
    practice.app.update_person(&practice.machine(), member.id, None, change).await.expect("a name is given");
    member
}

/// Someone who has a password, so that they can sign in.
pub async fn someone_with_password(practice: &Practice, someone: PersonSpec<'_>) -> Member {
    let member = practice.add(someone).await;
    practice.give_password(&member).await;
    member
}

/// The link in the newest message waiting, as a path of the site.
pub async fn link_sent(practice: &Practice) -> String {
    let text = practice.messages().await.pop().expect("a message");
    let link = text.split_whitespace().find(|word| word.starts_with("http")).expect("a link in it");
    link.strip_prefix(&practice.url).expect("a link to the practice").to_owned()
}

/// The password of everybody, again.
pub const SECRET: &str = PASSWORD;

/// An installation nobody has set up, with a browser.
pub struct Empty {
    pub browser: Browser,
    /// The set-up link.
    pub link: String,
}

impl Empty {
    /// Starts one on an empty database, with this kind of browser.
    pub async fn on(db: &Db, options: Options) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let settings = Settings { public_url: url.clone(), ..Settings::default() };
        let keys = Keys::derive(b"a secret of the tests, 32 bytes!");
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy::new()));
        let app = App::new(db.clone(), clock, entropy, keys, settings);
        let link = app.new_setup_link().await.expect("an empty database").expect("a link");
        let web = WebSettings { public_url: url, trusted_proxies: Vec::new(), demo: false, mail_note: None };
        let service = muster_web::router(app, web).into_make_service_with_connect_info::<std::net::SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { browser: options.start().await, link }
    }

    /// What the page says with `role="alert"`.
    pub async fn alert(&self) -> String {
        alert(&self.browser).await
    }
}

/// What the page says with `role="alert"`.
pub async fn alert(browser: &Browser) -> String {
    let script = "return [...document.querySelectorAll('[role=alert]')].map(e => e.innerText).join('\\n')";
    let text = browser.client().execute(script, Vec::new()).await.expect("a script runs");
    text.as_str().unwrap_or_default().to_owned()
}
