//! A browser's window without a browser: it keeps cookies, and fills in and sends the forms of pages.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::http::request::Builder;
use muster_testkit::practice::{Answer, PASSWORD, Practice, ask};
use muster_web::WebSettings;
use muster_web::urls::encode;

/// What a form sends, in order.
pub type Fields = Vec<(String, String)>;

#[derive(Clone)]
pub struct Window {
    router: Router,
    address: SocketAddr,
    /// The cookies it holds.
    pub jar: BTreeMap<String, String>,
}

/// The settings the practice itself is served with.
pub fn settings(practice: &Practice) -> WebSettings {
    WebSettings { public_url: practice.url.clone(), trusted_proxies: Vec::new(), demo: false, mail_note: None }
}

impl Window {
    pub fn at(router: Router) -> Self {
        Self { router, address: SocketAddr::from(([203, 0, 113, 1], 50_000)), jar: BTreeMap::new() }
    }

    pub fn of(practice: &Practice) -> Self {
        Self::with(practice, settings(practice))
    }

    pub fn with(practice: &Practice, settings: WebSettings) -> Self {
        Self::at(muster_web::router(practice.app.clone(), settings))
    }

    /// Somebody signed in who has the usual password.
    pub async fn signed_in(practice: &Practice, username: &str) -> Self {
        let mut window = Self::of(practice);
        window.sign_in(username, PASSWORD).await.expect(303);
        window
    }

    /// The same window at another network address.
    pub fn from(mut self, address: impl Into<IpAddr>) -> Self {
        self.address.set_ip(address.into());
        self
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.call(Request::get(path), Body::empty()).await
    }

    /// Exactly these fields, whatever the page's form holds.
    pub async fn send(&mut self, path: &str, fields: &Fields) -> Answer {
        let pairs: Vec<String> = fields.iter().map(|(n, v)| format!("{}={}", encode(n), encode(v))).collect();
        let kind = "application/x-www-form-urlencoded";
        self.call(Request::post(path).header("content-type", kind), pairs.join("&").into()).await
    }

    pub async fn call(&mut self, request: Builder, body: Body) -> Answer {
        let cookies: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) };
        let mut request = request.body(body).unwrap();
        request.extensions_mut().insert(ConnectInfo(self.address));
        let answer = ask(&self.router, request).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, rest) = cookie.split_once('=').unwrap();
            match rest.split(';').next().unwrap_or_default() {
                "" => self.jar.remove(name),
                value => self.jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    /// The form of a page, filled in.
    pub async fn fill(&mut self, page: &str, action: &str, typed: &[(&str, &str)]) -> Fields {
        let mut fields = form(&self.get(page).await.expect(200).text(), action);
        fields.retain(|(name, _)| typed.iter().all(|(n, _)| n != name));
        fields.extend(typed.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        fields
    }

    /// Opens a page, fills in its form and sends it.
    pub async fn submit(&mut self, page: &str, action: &str, typed: &[(&str, &str)]) -> Answer {
        let fields = self.fill(page, action, typed).await;
        self.send(action, &fields).await
    }

    pub async fn sign_in(&mut self, username: &str, password: &str) -> Answer {
        self.submit("/sign-in", "/sign-in", &[("username", username), ("password", password)]).await
    }

    /// Changes the own password.
    pub async fn change_password(&mut self, current: &str, new: &str) -> Answer {
        let typed = [("current_password", current), ("password", new), ("password_confirmation", new)];
        self.submit("/me/password", "/me/password", &typed).await
    }

    /// Chooses a password by a link.
    pub async fn use_link(&mut self, link: &str, password: &str) -> Answer {
        self.submit(link, link, &[("password", password), ("password_confirmation", password)]).await
    }

    /// Where a page leads instead of showing itself; empty when it opens.
    pub async fn led_to(&mut self, path: &str) -> String {
        let answer = self.get(path).await;
        let to = answer.header("location").to_owned();
        answer.expect(if to.is_empty() { 200 } else { 303 });
        to
    }
}

/// What the form with that address sends as it stands on the page.
pub fn form(page: &str, action: &str) -> Fields {
    let address = format!("action=\"{action}\"");
    let is_it = |form: &&str| form.split('>').next().is_some_and(|t| t.contains(&address) && t.contains("\"post\""));
    let form = page.split("<form").skip(1).find(is_it).unwrap_or_else(|| panic!("no form {action}:\n{page}"));
    let (mut fields, mut choosing) = (Fields::new(), None);
    for piece in form.split("</form>").next().unwrap_or_default().split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        let has = |flag: &str| tag.split_whitespace().any(|word| word == flag);
        let value = attribute(tag, "value").unwrap_or_default();
        let kind = attribute(tag, "type").unwrap_or_default();
        let unticked = matches!(kind.as_str(), "checkbox" | "radio") && !has("checked");
        match (tag.split_whitespace().next(), attribute(tag, "name")) {
            (Some("input"), Some(name)) if !has("disabled") && !unticked => fields.push((name, value)),
            (Some("textarea"), Some(name)) if !has("disabled") => fields.push((name, plain(text))),
            (Some("select"), name) => choosing = name.filter(|_| !has("disabled")),
            // The first option stands until another one is selected.
            (Some("option"), _) => {
                if let Some(name) = &choosing {
                    let known = fields.iter().any(|(n, _)| n == name);
                    if has("selected") {
                        fields.retain(|(n, _)| n != name);
                    }
                    if has("selected") || !known {
                        fields.push((name.clone(), value));
                    }
                }
            }
            _ => {}
        }
    }
    fields
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next().map(plain)
}

fn plain(html: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")]
        .iter()
        .fold(html.to_owned(), |t, (a, b)| t.replace(a, b))
}
