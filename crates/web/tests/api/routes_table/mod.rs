//! A table of every route that changes something: who sends which request, and which audit record it leaves.
//!
//! [`program_cases`] holds the routes of the JSON API, [`page_cases`] the forms of pages. Every case can be sent to a fresh
//! practice by itself, and all of one list one after the other. [`Senders::request`] makes the request of a case.

mod pages;
mod programs;
mod subjects;

use std::collections::BTreeMap;

use axum::http::Request;
use muster_testkit::practice::{PASSWORD, Practice};
use muster_web::urls::encode;
use serde_json::Value;

use crate::window::{Fields, Window};

pub use pages::page_cases;
pub use programs::program_cases;

/// Sends nothing that says who they are.
pub const NOBODY: &str = "";
/// The company admin.
pub const ADMIN: &str = "admin";
/// A support operator; one with a window has opened the practice.
pub const SUPPORT: &str = "helpdesk";

/// Routes that change nothing although they are not `get`, and routes of drafts: a bulk update that has not begun is seen
/// by its author only and changes no person.
pub const CHANGES_NOTHING: &[(&str, &str)] = &[
    ("post", "/password-check"),
    ("post", "/emr/bulk/{job}/preview"),
    ("post", "/emr/bulk/{job}/leave-out"),
    ("post", "/import/columns"),
    ("post", "/api/v1/people/{person}/emr-account/type-preview"),
    ("post", "/api/v1/people/duplicates/merge-preview"),
    ("post", "/api/v1/bulk-updates/preview"),
    ("post", "/api/v1/bulk-updates/file"),
    ("post", "/api/v1/bulk-updates/{bulk_update}/undo-preview"),
];

/// Needs an empty installation instead of a practice; `set_up.rs` checks its record.
pub const SETS_UP: (&str, &str) = ("post", "/setup/{token}");

/// One request that changes something.
#[derive(Debug)]
pub struct Case {
    /// As in `muster_web::ROUTES`.
    pub method: &'static str,
    /// The route, with `{parameters}`.
    pub route: &'static str,
    /// The user name of the sender, or [`NOBODY`].
    pub sender: String,
    /// The address, with its parameters filled in.
    pub path: String,
    /// What is sent.
    pub content: Content,
    /// The code of the newest audit record afterward.
    pub action: &'static str,
}

/// The body of a request.
#[derive(Debug)]
pub enum Content {
    Empty,
    Json(Value),
    Csv(String),
    Image(Vec<u8>),
    Form(PageForm),
    /// A form with a file in one of its fields.
    Upload {
        form: PageForm,
        field: &'static str,
        file: Vec<u8>,
    },
}

/// A form as it is on a page, with some fields filled in anew.
#[derive(Debug)]
pub struct PageForm {
    pub page: String,
    pub action: String,
    pub typed: Vec<(&'static str, String)>,
}

/// The tokens and windows of those who send requests. Each is made when it is first needed.
pub struct Senders<'a> {
    practice: &'a Practice,
    tokens: BTreeMap<String, String>,
    windows: BTreeMap<String, Window>,
}

impl<'a> Senders<'a> {
    pub fn of(practice: &'a Practice) -> Self {
        Self { practice, tokens: BTreeMap::new(), windows: BTreeMap::new() }
    }

    /// The whole request of a case, with credentials.
    pub async fn request(&mut self, case: &Case) -> Request<Vec<u8>> {
        let method = case.method.to_uppercase();
        let mut request = Request::builder().method(method.as_str()).uri(&case.path);
        if case.route.starts_with("/api/") {
            let token = self.token(&case.sender).await;
            request = request
                .header("authorization", format!("Bearer {token}"))
                .header("muster-organization", self.practice.organization.to_string());
        }
        let (kind, body) = match &case.content {
            Content::Empty => (None, Vec::new()),
            Content::Json(value) => (Some("application/json"), value.to_string().into_bytes()),
            Content::Csv(text) => (Some("text/csv"), text.clone().into_bytes()),
            Content::Image(bytes) => (Some("image/png"), bytes.clone()),
            Content::Form(form) => {
                let (fields, cookies) = self.fill(&case.sender, form).await;
                request = request.header("cookie", cookies);
                let pairs: Vec<String> = fields.iter().map(|(n, v)| format!("{}={}", encode(n), encode(v))).collect();
                (Some("application/x-www-form-urlencoded"), pairs.join("&").into_bytes())
            }
            Content::Upload { form, field, file } => {
                let (mut fields, cookies) = self.fill(&case.sender, form).await;
                request = request.header("cookie", cookies);
                fields.retain(|(name, _)| name != field);
                (Some("multipart/form-data; boundary=B"), multipart(&fields, field, file))
            }
        };
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        request.body(body).unwrap()
    }

    async fn token(&mut self, sender: &str) -> String {
        if !self.tokens.contains_key(sender) {
            self.tokens.insert(sender.to_owned(), self.practice.token(sender).await);
        }
        self.tokens[sender].clone()
    }

    /// The fields of a form and the cookies it is sent with.
    async fn fill(&mut self, sender: &str, form: &PageForm) -> (Fields, String) {
        if !self.windows.contains_key(sender) {
            self.windows.insert(sender.to_owned(), self.new_window(sender).await);
        }
        let window = self.windows.get_mut(sender).unwrap();
        let typed: Vec<(&str, &str)> = form.typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let fields = window.fill(&form.page, &form.action, &typed).await;
        let cookies: Vec<String> = window.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (fields, cookies.join("; "))
    }

    async fn new_window(&self, sender: &str) -> Window {
        let mut window = Window::of(self.practice);
        if sender != NOBODY {
            window.sign_in(sender, PASSWORD).await.expect(303);
        }
        if sender == SUPPORT {
            let enter = format!("/support/organizations/{}", self.practice.organization);
            window.submit("/support", &enter, &[]).await.expect(303);
        }
        window
    }
}

fn multipart(fields: &Fields, file_field: &str, file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("--B\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    let head = format!("--B\r\ncontent-disposition: form-data; name=\"{file_field}\"; filename=\"file\"\r\n\r\n");
    body.extend(head.into_bytes());
    body.extend_from_slice(file);
    body.extend(b"\r\n--B--\r\n");
    body
}
