//! A small HTTP client with kept-alive connections.

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Talks to one server.
#[derive(Clone)]
pub struct Client {
    pool: Pool<HttpConnector, Body>,
    base: String,
    token: String,
}

/// Status, cookies and body.
pub struct Answer {
    pub status: StatusCode,
    pub cookies: Vec<String>,
    pub body: Bytes,
}

impl Client {
    pub fn new(base: &str, token: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            pool: Pool::builder(TokioExecutor::new()).build(connector),
            base: base.to_owned(),
            token: token.to_owned(),
        }
    }

    /// `GET` with the token.
    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::get(format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// `GET` with a cookie.
    pub async fn page(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(format!("{}{path}", self.base)).header(header::COOKIE, cookie);
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// A form with a cookie.
    pub async fn form(&self, path: &str, cookie: &str, body: String) -> Answer {
        let request = Request::post(format!("{}{path}", self.base))
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).expect("a request")).await
    }

    /// `POST` of JSON with the token.
    pub async fn post(&self, path: &str, body: &serde_json::Value) -> Answer {
        let request = Request::post(format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.pool.request(request).await.expect("the server answers");
        let status = response.status();
        let cookies = response
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|v| v.to_str().ok()?.split(';').next().map(str::to_owned))
            .collect();
        let body = response.into_body().collect().await.expect("a whole answer").to_bytes();
        Answer { status, cookies, body }
    }
}
