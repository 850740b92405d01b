//! The first practice of an empty installation, through its one-time link.

use std::sync::Arc;

use jiff::SignedDuration;
use muster_app::audit::AuditQuery;
use muster_app::{Actor, App, Keys, Settings, SystemEntropy};
use muster_domain::OrganizationId;
use muster_domain::audit::Action;
use muster_testkit::both_engines;
use muster_testkit::databases::{Db, noon};
use muster_testkit::practice::{PASSWORD, TestClock};
use muster_web::WebSettings;

use crate::security::{forge, secret_of, token_of};
use crate::window::{Fields, Window};

/// An installation nobody has set up yet, and the link to do it.
struct Empty {
    app: App,
    clock: Arc<TestClock>,
    window: Window,
    link: String,
}

impl Empty {
    async fn on(db: &Db) -> Self {
        let (url, clock) = ("http://127.0.0.1:8080", Arc::new(TestClock::at(noon())));
        let settings = Settings { public_url: url.to_owned(), ..Settings::default() };
        let keys = Keys::derive(b"a secret of the tests, 32 bytes!");
        let app = App::new(db.clone(), clock.clone(), Arc::new(SystemEntropy::new()), keys, settings);
        let link = app.new_setup_link().await.unwrap().unwrap().strip_prefix(url).unwrap().to_owned();
        let web = WebSettings { public_url: url.to_owned(), trusted_proxies: Vec::new(), demo: false, mail_note: None };
        let window = Window::at(muster_web::router(app.clone(), web));
        Self { app, clock, window, link }
    }
}

const PRACTICE: [(&str, &str); 8] = [
    ("organization_name", "Saco Rehab"),
    ("clinic_name", "Portland"),
    ("first_name", "Ada"),
    ("last_name", "Minton"),
    ("username", "ada"),
    ("email", "ada@saco.example"),
    ("password", PASSWORD),
    ("password_confirmation", PASSWORD),
];

async fn set_up_is_on_record(app: &App) -> bool {
    let machine = Actor::command_line(OrganizationId::INSTALLATION);
    let practice = app.organizations(&machine, "", 1).await.unwrap().remove(0);
    let query = AuditQuery { limit: 10, ..AuditQuery::default() };
    let records = app.audit_records(&Actor::command_line(practice.id), &query).await.unwrap();
    records.records.iter().any(|r| r.entry.action == Action::OrganizationCreated.as_str())
}

both_engines! {
    async fn the_set_up_link_works_once_and_only_with_the_token_of_its_form(db) {
        let mut empty = Empty::on(db).await;
        let (link, window) = (empty.link.clone(), &mut empty.window);
        let other = token_of(&mut window.clone(), &link).await;
        let filled = window.fill(&link, &link, &PRACTICE).await;
        forge(window, &link, &filled, &other).await;
        let guessed = format!("{link}x");
        window.get(&guessed).await.expect(404);
        window.send(&guessed, &filled).await.expect(404);
        assert!(empty.app.is_empty().await.unwrap());

        let done = window.send(&link, &filled).await.expect(303);
        assert_eq!(done.header("location"), "/sign-in?done=set-up");
        assert!(!empty.app.is_empty().await.unwrap());
        window.get(&link).await.expect(404);
        let again: Fields =
            filled.into_iter().map(|(n, v)| (n.clone(), if n == "username" { "eve".to_owned() } else { v })).collect();
        window.send(&link, &again).await.expect(404);
        window.sign_in("eve", PASSWORD).await.expect(422);
        window.sign_in("ada", PASSWORD).await.expect(303);
        assert_eq!(window.led_to("/settings").await, "");
        assert!(set_up_is_on_record(&empty.app).await);
    }

    async fn only_the_newest_set_up_link_works_and_only_for_three_days(db) {
        let mut empty = Empty::on(db).await;
        let window = &mut empty.window;
        let filled = window.fill(&empty.link, &empty.link, &PRACTICE).await;
        let newer = empty.app.new_setup_link().await.unwrap().unwrap();
        window.send(&empty.link, &filled).await.expect(404);
        let newer = format!("/setup/{}", secret_of(&newer));
        empty.clock.advance(SignedDuration::from_hours(71));
        window.get(&newer).await.expect(200);
        empty.clock.advance(SignedDuration::from_hours(1));
        window.get(&newer).await.expect(404);
        window.send(&newer, &filled).await.expect(404);
        assert!(empty.app.is_empty().await.unwrap());
    }
}
