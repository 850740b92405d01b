//! The two cookies: the session, and the form token of people who are not signed in yet.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::context::WebSettings;

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// Proves a session.
    Session,
    /// Ties a sign-in, set-up or reset form to this browser.
    Form,
}

impl Cookie {
    /// With https the `__Host-` prefix ties it to this host and to https.
    fn name(self, https: bool) -> &'static str {
        match (self, https) {
            (Self::Session, true) => "__Host-muster_session",
            (Self::Session, false) => "muster_session",
            (Self::Form, true) => "__Host-muster_form",
            (Self::Form, false) => "muster_form",
        }
    }

    /// Its value in a request.
    pub fn read(self, headers: &HeaderMap, settings: &WebSettings) -> Option<String> {
        let name = self.name(settings.is_https());
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, value)| *key == name && !value.is_empty() && value.len() <= 200)
            .map(|(_, value)| value.to_owned())
    }

    /// The header that sets it; an empty value removes it.
    pub fn set(self, value: &str, settings: &WebSettings) -> (header::HeaderName, HeaderValue) {
        let https = settings.is_https();
        let secure = if https { "; Secure" } else { "" };
        let age = if value.is_empty() { "; Max-Age=0" } else { "" };
        let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}", self.name(https));
        (header::SET_COOKIE, HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("")))
    }
}
