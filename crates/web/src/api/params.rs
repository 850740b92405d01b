//! The query of a list: every parameter is known, read once, and every fault named at once.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use muster_domain::Code;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failure::{Answer, Failure, at};
use crate::errors::ProblemField;

/// Items of a page unless asked otherwise.
const USUAL_LIMIT: i64 = 50;
/// Items of the largest page.
const LARGEST_LIMIT: i64 = 200;
/// Longest value looked at.
const LONGEST_VALUE: usize = 2000;

/// A query being read.
#[derive(Debug)]
pub(crate) struct Params {
    left: Vec<(String, String)>,
    found: Vec<ProblemField>,
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let text = parts.uri.query().unwrap_or_default();
        let mut left: Vec<(String, String)> = serde_urlencoded::from_str(text).unwrap_or_default();
        // Operators name the practice they work in; authentication has read it.
        left.retain(|(name, _)| name != "organization_id");
        Ok(Self { left, found: Vec::new() })
    }
}

impl Params {
    fn wrong(&mut self, name: &'static str, expected: &str) {
        self.found.push(at(name, Code::WrongType, &[name, expected]));
    }

    /// Text; empty counts as absent.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        let place = self.left.iter().position(|(key, _)| key == name)?;
        let (_, value) = self.left.remove(place);
        if self.left.iter().any(|(key, _)| key == name) {
            self.wrong(name, "given once");
            self.left.retain(|(key, _)| key != name);
        }
        if value.len() > LONGEST_VALUE {
            self.found.push(at(name, Code::TextTooLong, &[name, "2,000"]));
            return None;
        }
        Some(value).filter(|v| !v.trim().is_empty())
    }

    /// Every `Left=right` of a name that may be repeated.
    pub fn pairs(&mut self, name: &'static str) -> Vec<(String, String)> {
        let (taken, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.left).into_iter().partition(|(key, _)| key == name);
        self.left = left;
        let split =
            |(_, text): (String, String)| text.rsplit_once('=').map(|(a, b)| (a.trim().into(), b.trim().into()));
        let read: Option<Vec<(String, String)>> = taken.into_iter().map(split).collect();
        if read.is_none() {
            self.wrong(name, "written as Their column=our_field");
        }
        read.unwrap_or_default()
    }

    /// A value that `read` understands; `expected` says what that is.
    pub fn read<T>(&mut self, name: &'static str, expected: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let value = read(&text);
        if value.is_none() {
            self.wrong(name, expected);
        }
        value
    }

    /// An identity.
    pub fn id<T: FromStr>(&mut self, name: &'static str) -> Option<T> {
        self.read(name, "an id (UUID)", |text| text.parse().ok())
    }

    /// `true` or `false`.
    pub fn switch(&mut self, name: &'static str) -> Option<bool> {
        self.read(name, "true or false", |text| text.parse().ok())
    }

    /// How many items a page has.
    pub fn limit(&mut self) -> i64 {
        self.limit_if_given().unwrap_or(USUAL_LIMIT)
    }

    /// The same for a list that comes whole unless a limit is given.
    pub fn limit_if_given(&mut self) -> Option<i64> {
        let allowed = |text: &str| text.parse().ok().filter(|n| (1..=LARGEST_LIMIT).contains(n));
        self.read("limit", "a whole number from 1 to 200", allowed)
    }

    /// Where the page begins.
    pub fn cursor<T: DeserializeOwned>(&mut self) -> Option<T> {
        let text = self.text("after")?;
        let found = decode(&text);
        if found.is_none() {
            self.found.push(at("after", Code::CursorInvalid, &[]));
        }
        found
    }

    /// Notes a cursor that does not belong to this list.
    pub fn refuse_cursor(&mut self) {
        self.found.push(at("after", Code::CursorInvalid, &[]));
    }

    /// Ends reading: whatever is left is no parameter here.
    pub fn close(mut self) -> Answer<()> {
        for (name, _) in self.left.iter().take(100) {
            let short: String = name.chars().take(100).collect();
            let message = Code::UnknownParameter.sentence().replacen("{}", &short, 1);
            let code = Code::UnknownParameter.as_str().to_owned();
            self.found.push(ProblemField { field: Some(short), code, message });
        }
        if self.found.is_empty() { Ok(()) } else { Err(Failure::fields(self.found)) }
    }
}

/// A cursor as it travels: opaque.
pub(crate) fn encode<T: Serialize>(cursor: &T) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor).unwrap_or_default())
}

fn decode<T: DeserializeOwned>(text: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text.trim()).ok()?;
    // No database key holds a NUL, and PostgreSQL would stumble over one.
    let nul = bytes.windows(6).any(|w| w == b"\\u0000");
    if nul { None } else { serde_json::from_slice(&bytes).ok() }
}
