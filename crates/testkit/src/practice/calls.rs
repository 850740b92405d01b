//! What is sent to a practice, and what comes back.

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use serde_json::Value;

use super::Practice;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, decompressed or not, as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// One header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The refusals of a problem: field (empty = the whole request) and code.
    pub fn refusals(&self) -> Vec<(String, String)> {
        let json = self.json();
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        json["errors"].as_array().into_iter().flatten().map(|e| (text(&e["field"]), text(&e["code"]))).collect()
    }

    /// Fails the test unless the status is this one.
    #[track_caller]
    #[allow(clippy::return_self_not_must_use)] // often the check is all that is wanted
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// Calls of the JSON API; addresses are below `/api/v1`.
#[derive(Clone)]
pub struct Api<'a> {
    pub(super) practice: &'a Practice,
    pub(super) token: &'a str,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Api<'_> {
    /// With a further header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A call with any body.
    pub async fn send(&self, method: &str, path: &str, kind: Option<&str>, body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        self.practice.call(request.body(body.into()).expect("a request")).await
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, Body::empty()).await
    }

    /// `DELETE`
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None, Body::empty()).await
    }

    /// `POST` of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some("application/json"), body.to_string()).await
    }

    /// `PUT` of JSON.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, Some("application/json"), body.to_string()).await
    }

    /// `PATCH` of a merge patch.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, Some("application/merge-patch+json"), body.to_string()).await
    }
}

/// Somebody who sends the forms of the pages, without a browser.
#[derive(Clone)]
pub struct Visitor<'a> {
    pub(super) practice: &'a Practice,
    pub(super) cookie: String,
    /// What every form of this visitor carries.
    pub csrf: String,
}

impl Visitor<'_> {
    /// A page.
    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("cookie", &self.cookie).body(Body::empty()).expect("a request");
        self.practice.call(request).await
    }

    /// A form of text fields.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = format!("csrf={}", muster_web::urls::encode(&self.csrf));
        for (name, value) in fields {
            body += &format!("&{name}={}", muster_web::urls::encode(value));
        }
        self.send(path, "application/x-www-form-urlencoded", body).await
    }

    /// A form of another kind; its `csrf` field is the sender's business.
    pub async fn send(&self, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path).header("cookie", &self.cookie).header("content-type", kind);
        self.practice.call(request.body(body.into()).expect("a request")).await
    }
}

pub(super) fn csrf_in(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").expect("a form");
    rest.split('"').next().unwrap_or_default().to_owned()
}
