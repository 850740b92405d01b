//! Style sheet and scripts, embedded, under names that change with their content.

use std::fmt::Write as _;
use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web/assets"]
struct OwnFiles;

#[derive(RustEmbed)]
#[folder = "../../web/vendor"]
#[include = "htmx.min.js"]
struct VendorFiles;

/// Addresses of the files every page loads.
pub(crate) struct Urls {
    pub css: String,
    pub js: String,
    pub htmx: String,
    /// Loaded by the pages with a picture or signature only.
    pub crop: String,
    pub sign: String,
    /// Loaded by the import page only.
    pub columns: String,
    pub icon: String,
}

/// The addresses, worked out once.
pub(crate) fn urls() -> &'static Urls {
    static URLS: OnceLock<Urls> = OnceLock::new();
    URLS.get_or_init(|| Urls {
        css: url("app.css"),
        js: url("app.js"),
        htmx: url("htmx.min.js"),
        crop: url("crop.js"),
        sign: url("sign.js"),
        columns: url("columns.js"),
        icon: url("favicon.svg"),
    })
}

fn find(name: &str) -> Option<rust_embed::EmbeddedFile> {
    OwnFiles::get(name).or_else(|| VendorFiles::get(name))
}

fn url(name: &str) -> String {
    let hash = find(name).map_or_else(|| "absent".to_owned(), |f| hash_of(&f));
    format!("/assets/{hash}/{name}")
}

fn hash_of(file: &rust_embed::EmbeddedFile) -> String {
    let mut text = String::with_capacity(12);
    for byte in &file.metadata.sha256_hash()[..6] {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// `GET /assets/{hash}/{name}`
pub(crate) async fn serve(Path((hash, name)): Path<(String, String)>) -> Response {
    let Some(file) = find(&name).filter(|f| hash_of(f) == hash) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, file.data).into_response()
}
