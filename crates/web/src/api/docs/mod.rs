//! The description of the API, for programs and for people.

mod chapters;
mod endpoint;

use std::sync::OnceLock;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use maud::{Markup, html};
use serde_json::Value;
use utoipa::OpenApi;

use super::openapi::Document;
use crate::context::Web;
use crate::html::parts::{self, NavGroup, NavItem, Shell};

/// The OpenAPI document, as `docs/api/openapi.json` keeps it.
pub fn openapi_json() -> String {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| Document::openapi().to_pretty_json().unwrap_or_default()).clone()
}

/// `GET /api/v1/openapi.json`
pub(crate) async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], openapi_json())
}

fn link<'a>(label: &'a str, href: &'a str) -> NavItem<'a> {
    NavItem { label, href, current: false, badge: None }
}

/// `GET /api/docs`: the same document as a page that reads from top to bottom and needs no script.
pub(crate) async fn show(State(web): State<Web>) -> Markup {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| serde_json::from_str(&openapi_json()).unwrap_or_default());
    let assets = crate::assets::urls();
    let assets = parts::AssetUrls { css: &assets.css, js: &assets.js, htmx: &assets.htmx, icon: &assets.icon };
    let tags: Vec<&str> =
        document["tags"].as_array().into_iter().flatten().filter_map(|t| t["name"].as_str()).collect();
    let hrefs: Vec<String> = tags.iter().map(|t| format!("#{}", t.to_lowercase())).collect();
    let nav = vec![
        NavGroup { label: "How it works", items: chapters::CHAPTERS.iter().map(|c| link(c.title, c.href)).collect() },
        NavGroup { label: "Endpoints", items: tags.iter().zip(&hrefs).map(|(t, h)| link(t, h)).collect() },
    ];
    let shell = Shell {
        title: "API",
        organization: None,
        person: None,
        csrf: "",
        nav,
        idle_seconds: None,
        notice: None,
        reminder: None,
        assets: &assets,
        demo: false,
    };
    let base = &web.settings.public_url;
    let body = html! {
        div.docs {
            (parts::heading("API for programs", Some("Everything the pages can do with EMR users, as JSON."), &html! {
                a href="/api/v1/openapi.json" { "OpenAPI 3.1 document" }
            }))
            @for chapter in chapters::CHAPTERS { (chapters::chapter(chapter, base)) }
            @for tag in document["tags"].as_array().into_iter().flatten() {
                (endpoint::group(document, tag, base))
            }
        }
    };
    parts::page(&shell, &body)
}
