//! Pictures for people to look at, made only when asked for:
//! `cargo nextest run -p muster-web --test browser --run-ignored only`.

use std::sync::Arc;

use muster_app::{App, Keys, Settings, SystemClock, SystemEntropy};
use muster_testkit::browser::{Browser, Options};
use muster_testkit::databases;
use muster_web::WebSettings;

/// The pages, and what each picture is called.
const PAGES: [(&str, &str); 17] = [
    ("users", "/emr/users"),
    ("add-user", "/emr/users/new"),
    ("bulk", "/emr/users/bulk"),
    ("licenses", "/emr/licenses"),
    ("license-requests", "/emr/licenses/requests"),
    ("ask-for-licenses", "/emr/licenses/requests/new"),
    ("waiting", "/emr/licenses/waiting"),
    ("unused", "/emr/licenses/unused"),
    ("ledger", "/emr/licenses/ledger"),
    ("credentials", "/people/credentials"),
    ("duplicates", "/people/duplicates"),
    ("import", "/import"),
    ("settings", "/settings"),
    ("audit", "/audit"),
    ("me", "/me"),
    ("password", "/me/password"),
    ("nothing", "/nowhere"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes docs/images/users.png, and the other pages into target/pictures"]
async fn pictures_are_taken_of_the_demo_practice() {
    let database = databases::sqlite().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let settings = Settings { public_url: url.clone(), ..Settings::default() };
    let keys = Keys::derive(b"a secret of the tests, 32 bytes!");
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy::new()));
    let app = App::new(database.db.clone(), clock, entropy, keys, settings);
    let demo = app.demo().await.unwrap();
    let first = &demo.sign_ins[0];
    let web = WebSettings { public_url: url.clone(), trusted_proxies: Vec::new(), demo: false, mail_note: None };
    let service = muster_web::router(app, web).into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });

    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    for (look, options) in
        [("light", Options::default()), ("dark", Browser::options().dark()), ("phone", Browser::options().phone())]
    {
        let browser = options.start().await;
        let picture = |name: &str| format!("{root}/target/pictures/{look}-{name}.png");
        browser.visit(&format!("{url}/sign-in")).await;
        browser.screenshot(picture("sign-in")).await;
        browser.fill("username", &first.username).await;
        browser.fill("password", &first.password).await;
        browser.press("Sign in").await;
        browser.see("Add user").await;
        if look == "light" {
            // So high that the page itself has 800 points.
            browser.client().set_window_size(1280, 943).await.unwrap();
            browser.choose("clinic_id", "Saco").await;
            browser.see("Saco ·").await;
            let address = browser.url().await;
            browser.visit(&address).await;
            browser.screenshot(format!("{root}/docs/images/users.png")).await;
        }
        for (name, page) in PAGES {
            browser.visit(&format!("{url}{page}")).await;
            browser.screenshot(picture(name)).await;
            browser.client().execute("scrollTo(0, 1e6)", Vec::new()).await.unwrap();
            browser.screenshot(picture(&format!("{name}-end"))).await;
        }
        browser.visit(&format!("{url}/emr/users?user_type=PT")).await;
        browser
            .client()
            .execute("document.querySelector('#people tbody tr:nth-child(2) a').click()", Vec::new())
            .await
            .unwrap();
        browser.see("History").await;
        browser.screenshot(picture("profile")).await;
        browser.client().execute("scrollTo(0, 700)", Vec::new()).await.unwrap();
        browser.screenshot(picture("profile-middle")).await;
        browser.client().execute("scrollTo(0, 1e6)", Vec::new()).await.unwrap();
        browser.screenshot(picture("profile-end")).await;
    }
}
