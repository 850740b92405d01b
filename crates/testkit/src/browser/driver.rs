//! Starting `chromedriver` and its Chromium, and ending both for certain.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::ClientBuilder;
use fantoccini::wd::Capabilities;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Browser;
use crate::processes;

/// How long the driver may take to come up on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// What kind of browser to start.
#[derive(Debug, Clone, Default)]
pub struct Options {
    without_javascript: bool,
    phone: bool,
    dark: bool,
}

impl Options {
    /// Pages cannot run scripts.
    #[must_use]
    pub fn without_javascript(mut self) -> Self {
        self.without_javascript = true;
        self
    }

    /// A touch screen of 390×844 points instead of a window of 1280×900.
    #[must_use]
    pub fn phone(mut self) -> Self {
        self.phone = true;
        self
    }

    /// Prefers a dark color scheme.
    #[must_use]
    pub fn dark(mut self) -> Self {
        self.dark = true;
        self
    }

    /// Starts it.
    pub async fn start(self) -> Browser {
        let driver = Driver::start().await;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(self.capabilities(&driver))
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .unwrap_or_else(|error| panic!("Chromium did not start: {error}\n{}", driver.log()));
        Browser { client, driver }
    }

    fn capabilities(&self, driver: &Driver) -> Capabilities {
        let profile = driver.directory.path().join("profile");
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--lang=en-US".to_owned(),
            "--window-size=1280,900".to_owned(),
            format!("--user-data-dir={}", profile.display()),
        ];
        if self.dark {
            arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
        }
        // The page of a new tab would take up to five seconds, waiting for a search engine nobody chose.
        let mut prefs = json!({ "session.restore_on_startup": 4, "session.startup_urls": ["about:blank"] });
        if self.without_javascript {
            prefs["profile.managed_default_content_settings.javascript"] = json!(2);
        }
        let mut chrome = json!({ "args": arguments, "prefs": prefs });
        if self.phone {
            // A real window cannot be this narrow.
            let screen = json!({ "width": 390, "height": 844, "pixelRatio": 3.0, "touch": true });
            chrome["mobileEmulation"] = json!({ "deviceMetrics": screen });
        }
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": chrome,
            // A dialog stays until the test answers it.
            "unhandledPromptBehavior": "ignore",
            "timeouts": { "script": 120_000, "pageLoad": 120_000 },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("an object") };
        capabilities
    }
}

/// A `chromedriver` on a port of its own, with the directory its browser lives in.
///
/// It stays in the test's process group, so that a runner that kills the group kills it too.
#[derive(Debug)]
pub(super) struct Driver {
    process: Child,
    port: u16,
    directory: TempDir,
}

impl Driver {
    async fn start() -> Self {
        // It asks for a free port on both kinds of address, and now and then somebody else is quicker on one of them.
        for _ in 0..5 {
            let mut driver = Self::spawned();
            if let Some(port) = driver.port_once_started().await {
                driver.port = port;
                return driver;
            }
            let log = driver.log();
            assert!(log.contains("Address already in use"), "chromedriver did not start:\n{log}");
        }
        panic!("chromedriver finds no free port");
    }

    fn spawned() -> Self {
        let directory = TempDir::with_prefix("muster-browser-").expect("a temporary directory");
        let log = std::fs::File::create(directory.path().join("log")).expect("the driver's log");
        let process = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the driver's log"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "cannot run chromedriver ({error}): install the Debian packages chromium and \
                     chromium-driver, or run `make test`"
                )
            });
        Self { process, port: 0, directory }
    }

    /// None when it ended instead.
    async fn port_once_started(&mut self) -> Option<u16> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(port) = announced_port(&self.log()) {
                return Some(port);
            }
            if matches!(self.process.try_wait(), Ok(Some(_))) {
                return None;
            }
            assert!(Instant::now() < deadline, "chromedriver did not start:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

/// The port in `ChromeDriver was started successfully on port 38123.`
fn announced_port(log: &str) -> Option<u16> {
    let (_, rest) = log.split_once("started successfully on port ")?;
    rest.split_once('.')?.0.parse().ok()
}

impl Drop for Driver {
    fn drop(&mut self) {
        let family = processes::family(self.process.id());
        processes::signal("KILL", &family);
        let _ = self.process.wait();
        // The directory goes next, and must not be written to meanwhile.
        processes::wait_until_gone(&family, Duration::from_secs(2));
    }
}
