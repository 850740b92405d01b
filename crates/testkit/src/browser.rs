//! A headless Chromium used the way a person uses a browser.
//!
//! Fields go by their `name`, buttons and links by the words on them, and nothing is told to sleep:
//! each verb tries for ten seconds and then panics with what the page says and a screenshot.

mod axe;
mod driver;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, Locator};
use tokio::time::sleep;

use self::driver::Driver;
pub use self::driver::Options;

/// How long a verb waits for the page to be ready for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where screenshots of failures go, below the workspace root.
const FAILURES: &str = "target/browser-failures";

/// A browser with one window and an empty profile; it and its driver die with this handle.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    driver: Driver,
}

impl Browser {
    /// Starts Chromium in a window of 1280×900.
    ///
    /// # Panics
    /// When `chromedriver` or Chromium is missing (Debian: `chromium-driver`, `chromium`).
    pub async fn start() -> Self {
        Self::options().start().await
    }

    /// Other ways to start: `Browser::options().phone().without_javascript().start().await`.
    pub fn options() -> Options {
        Options::default()
    }

    /// The WebDriver session, for what the verbs here do not cover.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Ends the session politely. Dropping the browser ends it too, less politely.
    pub async fn close(self) {
        let _ = self.client.close().await;
        drop(self.driver);
    }

    /// Goes to an address and waits until the page has loaded.
    pub async fn visit(&self, url: &str) {
        if let Err(error) = self.client.goto(url).await {
            panic!("cannot visit {url}: {error}");
        }
    }

    /// The address of the page.
    pub async fn url(&self) -> String {
        self.client.current_url().await.expect("the page's address").to_string()
    }

    /// Replaces what a field says. Date, time and color fields take the value as it is submitted
    /// (`2026-01-31`, `18:30`).
    pub async fn fill(&self, name: &str, text: &str) {
        self.attempt(&format!("fill {name:?} with {text:?}"), async || {
            let Some(field) = self.field(name).await? else {
                return Ok(None);
            };
            let kind = field.prop("type").await?.unwrap_or_default();
            let picker = ["date", "time", "datetime-local", "month", "week", "color", "range"];
            // The driver types only characters of the basic plane: no emoji.
            if picker.contains(&kind.as_str()) || text.chars().any(|c| c > '\u{ffff}') {
                self.set_value(&field, text).await?;
            } else {
                field.clear().await?;
                field.send_keys(text).await?;
            }
            Ok(Some(()))
        })
        .await;
    }

    /// Puts a file into a file field.
    pub async fn attach(&self, name: &str, file: &Path) {
        let file = file.canonicalize().expect("a file to attach");
        let path = file.to_str().expect("a file name in UTF-8");
        self.attempt(&format!("attach {path} to {name:?}"), async || {
            let Some(field) = self.field(name).await? else {
                return Ok(None);
            };
            field.send_keys(path).await.map(Some)
        })
        .await;
    }

    /// Chooses the option of a select by its value, or else by its words.
    pub async fn choose(&self, name: &str, value: &str) {
        self.attempt(&format!("choose {value:?} in {name:?}"), async || {
            let Some(select) = self.field(name).await? else {
                return Ok(None);
            };
            let options = select.find_all(Locator::Css("option")).await?;
            for property in ["value", "text"] {
                for option in &options {
                    if option.prop(property).await?.as_deref() == Some(value) {
                        if !option.is_selected().await? {
                            self.bring_into_view(&select).await?;
                            option.click().await?;
                        }
                        return Ok(Some(()));
                    }
                }
            }
            Ok(None)
        })
        .await;
    }

    /// Sets (`true`) or clears (`false`) the checkbox or radio button with this name and value.
    pub async fn tick(&self, name: &str, value: &str, on: bool) {
        self.attempt(&format!("set {name:?} {value:?} to {on}"), async || {
            let Some(mark) = self.mark(name, value).await? else {
                return Ok(None);
            };
            if mark.is_selected().await? != on {
                self.bring_into_view(&mark).await?;
                mark.click().await?;
            }
            Ok((mark.is_selected().await? == on).then_some(()))
        })
        .await;
    }

    /// Whether the checkbox or radio button with this name and value is set.
    pub async fn ticked(&self, name: &str, value: &str) -> bool {
        self.attempt(&format!("find {name:?} {value:?}"), async || {
            let Some(mark) = self.mark(name, value).await? else {
                return Ok(None);
            };
            mark.is_selected().await.map(Some)
        })
        .await
    }

    /// Presses the first visible button (or summary of a fold) with these words or this label.
    pub async fn press(&self, button: &str) {
        let words = quoted(button);
        let buttons = "self::button or self::summary or @role='button' or @role='tab' or @role='menuitem'";
        self.click(
            &format!("press {button:?}"),
            &format!(
                "//*[{buttons}][normalize-space(.)={words} or @aria-label={words}] | \
                 //input[@type='submit' or @type='button' or @type='reset'][@value={words}]"
            ),
        )
        .await;
    }

    /// Follows the first visible link with these words or this label.
    pub async fn follow(&self, link: &str) {
        let words = quoted(link);
        self.click(
            &format!("follow {link:?}"),
            &format!("//a[@href][normalize-space(.)={words} or @aria-label={words}]"),
        )
        .await;
    }

    /// The text of the page as a person sees it: nothing hidden, no field contents.
    pub async fn text(&self) -> String {
        self.attempt("read the page", async || self.visible_text().await.map(Some)).await
    }

    /// Waits until the page shows this text; runs of white space count as one space.
    pub async fn see(&self, text: &str) {
        let wanted = spaced(text);
        self.attempt(&format!("see {text:?}"), async || {
            Ok(spaced(&self.visible_text().await?).contains(&wanted).then_some(()))
        })
        .await;
    }

    /// Waits until the page does not show this text (any more). Say what must be there first:
    /// a page that is still empty shows nothing.
    pub async fn dont_see(&self, text: &str) {
        let unwanted = spaced(text);
        self.attempt(&format!("not see {text:?}"), async || {
            Ok((!spaced(&self.visible_text().await?).contains(&unwanted)).then_some(()))
        })
        .await;
    }

    /// The refusal beside a field (`id="{name}-error"`), `None` when there is none.
    pub async fn field_error(&self, name: &str) -> Option<String> {
        let path = format!("//*[@id={}]", quoted(&format!("{name}-error")));
        self.attempt(&format!("read the refusal of {name:?}"), async || {
            let Some(refusal) = self.first_visible(&path).await? else {
                return Ok(Some(None));
            };
            let text = refusal.text().await?;
            Ok(Some((!text.is_empty()).then_some(text)))
        })
        .await
    }

    /// What a field contains now.
    pub async fn value(&self, name: &str) -> String {
        self.attempt(&format!("read {name:?}"), async || {
            let Some(field) = self.field(name).await? else {
                return Ok(None);
            };
            field.prop("value").await
        })
        .await
    }

    /// Writes a PNG of the window.
    pub async fn screenshot(&self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        let picture = self.client.screenshot().await.expect("a picture of the page");
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).expect("a directory for the picture");
        }
        std::fs::write(path, picture).expect("the picture on disk");
    }

    /// What axe finds wrong with this page under WCAG 2.2 A and AA and its best practices: one
    /// line a finding.
    ///
    /// # Panics
    /// When axe has not been fetched yet (`make assets`).
    pub async fn axe(&self) -> Vec<String> {
        axe::violations(&self.client).await
    }

    /// Panics with all that [`Browser::axe`] finds, if anything.
    pub async fn assert_accessible(&self) {
        let violations = self.axe().await;
        if !violations.is_empty() {
            self.fail(&format!("find the page accessible:\n{}", violations.join("\n"))).await;
        }
    }

    async fn click(&self, what: &str, path: &str) {
        self.attempt(what, async || {
            let Some(element) = self.first_visible(path).await? else {
                return Ok(None);
            };
            if !element.is_enabled().await? {
                return Ok(None);
            }
            let leaves = self.bring_into_view(&element).await?;
            let place = element.clone();
            element.click().await?;
            if leaves {
                self.wait_until_gone(&place).await;
            }
            Ok(Some(()))
        })
        .await;
    }

    /// A form that was sent leaves its page a moment after the click; until then the page before answers. One that a
    /// script sends in its own way stays, which takes this long to see.
    async fn wait_until_gone(&self, element: &Element) {
        let deadline = Instant::now() + Duration::from_secs(1);
        while Instant::now() < deadline && element.is_enabled().await.is_ok() {
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// As a person would scroll: away from the edges, where bars that stay in view may cover it. True when a click sends a
    /// form, and no script of ours does it instead.
    async fn bring_into_view(&self, element: &Element) -> Result<bool, CmdError> {
        let element = serde_json::to_value(element).map_err(CmdError::Json)?;
        let script = "const e = arguments[0], byScript = '[hx-get], [hx-post], [hx-put], [hx-delete], [hx-patch]'; \
            e.scrollIntoView({ block: 'center' }); \
            const sends = e.type === 'submit' && !!e.form && e.form.method !== 'dialog'; \
            return sends && !(window.htmx && (e.matches(byScript) || e.form.matches(byScript)))";
        self.client.execute(script, vec![element]).await.map(|answer| answer == true)
    }

    async fn field(&self, name: &str) -> Result<Option<Element>, CmdError> {
        // By its id, where several have the same name.
        let name = quoted(name);
        self.first_visible(&format!("//*[@name={name} or (@id={name} and @name)][not(self::meta)]")).await
    }

    /// Compared by property, because a checkbox without a value attribute has the value `on`.
    async fn mark(&self, name: &str, value: &str) -> Result<Option<Element>, CmdError> {
        let path = format!("//input[@name={}][@type='checkbox' or @type='radio']", quoted(name));
        for mark in self.client.find_all(Locator::XPath(&path)).await? {
            if mark.prop("value").await?.as_deref() == Some(value) {
                return Ok(Some(mark));
            }
        }
        Ok(None)
    }

    async fn first_visible(&self, path: &str) -> Result<Option<Element>, CmdError> {
        for element in self.client.find_all(Locator::XPath(path)).await? {
            if element.is_displayed().await? {
                return Ok(Some(element));
            }
        }
        Ok(None)
    }

    async fn visible_text(&self) -> Result<String, CmdError> {
        let text = self.client.execute("return document.body.innerText", Vec::new()).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    async fn set_value(&self, field: &Element, text: &str) -> Result<(), CmdError> {
        let script = "const [field, text] = arguments; field.focus(); field.value = text; \
                      for (const kind of ['input', 'change']) \
                      field.dispatchEvent(new Event(kind, { bubbles: true }));";
        let field = serde_json::to_value(field).map_err(CmdError::Json)?;
        self.client.execute(script, vec![field, text.into()]).await.map(drop)
    }

    /// Tries until it succeeds. A page that changes underneath makes any step fail, so a failure
    /// is reported only when it lasts.
    async fn attempt<T>(&self, what: &str, step: impl AsyncFn() -> Result<Option<T>, CmdError>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let outcome = step().await;
            if let Ok(Some(done)) = outcome {
                return done;
            }
            if Instant::now() > deadline {
                let reason = outcome.err().map_or_else(String::new, |error| format!(" ({error})"));
                self.fail(&format!("{what}{reason}")).await;
            }
            sleep(Duration::from_millis(30)).await;
        }
    }

    async fn fail(&self, what: &str) -> ! {
        let picture = failure_picture();
        self.screenshot(&picture).await;
        let url = self.url().await;
        let text = self.visible_text().await.unwrap_or_else(|error| error.to_string());
        panic!("could not {what}\nat {url} (picture: {})\n--- page ---\n{text}\n---", picture.display());
    }
}

/// A file named after the running test.
fn failure_picture() -> PathBuf {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("test").replace(|c: char| !c.is_alphanumeric(), "-");
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(FAILURES)
        .join(format!("{test}-{}.png", std::process::id()))
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A string literal of XPath, which knows no escapes.
fn quoted(text: &str) -> String {
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    let parts: Vec<String> = text.split('\'').map(|part| format!("'{part}'")).collect();
    format!("concat({})", parts.join(r#", "'", "#))
}
