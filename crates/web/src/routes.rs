//! The list of everything that can be asked for, in one flat table, and the router built from it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use muster_app::App;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::context::{Web, WebSettings};
use crate::{api, assets, errors, headers, html, operations};

/// Who may call a route at all; what they may do there is the use case's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody.
    Anyone,
    /// Somebody signed in, in a browser.
    Person,
    /// Somebody signed in, or a token.
    Program,
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// `get`, `post`, `patch`, `put` or `delete`.
    pub method: &'static str,
    /// With `{parameters}`.
    pub path: &'static str,
    /// Who may call it.
    pub who: Who,
}

macro_rules! routes {
    ($($method:ident $path:literal $who:ident $handler:path;)*) => {
        /// Every route.
        pub const ROUTES: &[Route] =
            &[$(Route { method: stringify!($method), path: $path, who: Who::$who }),*];

        fn routed() -> Router<Web> {
            Router::new()$(.route($path, axum::routing::$method($handler)))*
        }
    };
}

routes! {
    // Operators
    get "/healthz" Anyone operations::health;
    get "/readyz" Anyone operations::ready;
    get "/assets/{hash}/{name}" Anyone assets::serve;

    // Signing in
    get "/" Person html::home::show;
    get "/setup/{token}" Anyone html::sign_in::setup::show;
    post "/setup/{token}" Anyone html::sign_in::setup::save;
    get "/sign-in" Anyone html::sign_in::sign_in::show;
    post "/sign-in" Anyone html::sign_in::sign_in::save;
    get "/sign-out" Anyone html::sign_in::sign_out::show;
    post "/sign-out" Anyone html::sign_in::sign_out::save;
    get "/unlock" Anyone html::sign_in::unlock::show;
    post "/unlock" Anyone html::sign_in::unlock::save;
    get "/reset-password" Anyone html::sign_in::reset::show;
    post "/reset-password" Anyone html::sign_in::reset::save;
    get "/reset-password/{token}" Anyone html::sign_in::link::show;
    post "/reset-password/{token}" Anyone html::sign_in::link::save;
    get "/invitation/{token}" Anyone html::sign_in::link::show;
    post "/invitation/{token}" Anyone html::sign_in::link::save;
    post "/password-check" Anyone html::sign_in::password_check::show;

    // One's own account
    get "/me" Person html::sign_in::me::show;
    get "/me/password" Person html::sign_in::my_password::show;
    post "/me/password" Person html::sign_in::my_password::save;
    post "/me/tokens" Person html::sign_in::my_tokens::save;
    post "/me/tokens/{token}/revoke" Person html::sign_in::my_tokens::revoke;
    post "/me/sessions/{session}/end" Person html::sign_in::me::end_session;

    // EMR users
    get "/emr/users" Person html::emr::users::show;
    get "/emr/users.csv" Person html::emr::users::file;
    get "/clinic-names" Person html::organizations::clinic_choice::names;
    get "/person-names" Person crate::html::people::person_choice::names;
    get "/emr/users/bulk" Person html::bulk::select::show;
    post "/emr/users/bulk" Person html::bulk::select::save;
    get "/emr/bulk" Person html::bulk::earlier;
    get "/emr/bulk/{job}" Person html::bulk::show;
    post "/emr/bulk/{job}/preview" Person html::bulk::draft::preview;
    post "/emr/bulk/{job}/leave-out" Person html::bulk::draft::leave_out;
    post "/emr/bulk/{job}/keep" Person html::bulk::draft::keep;
    post "/emr/bulk/{job}/start" Person html::bulk::draft::start;
    get "/emr/bulk/{job}/events" Person html::bulk::progress::events;
    post "/emr/bulk/{job}/cancel" Person html::bulk::cancel;
    get "/emr/bulk/{job}/results.csv" Person html::bulk::results_csv;
    get "/emr/bulk/{job}/rows.csv" Person html::bulk::file_rows;
    get "/emr/bulk/{job}/undo" Person html::bulk::undo::show;
    post "/emr/bulk/{job}/undo" Person html::bulk::undo::save;
    get "/import" Person html::imports::show;
    post "/import" Person html::imports::save;
    post "/import/columns" Person html::imports::columns;
    get "/emr/users/new" Person html::emr::new_user::show;
    post "/emr/users/new" Person html::emr::new_user::save;
    get "/emr/users/{person}" Person html::emr::user::show;
    post "/emr/users/{person}" Person html::emr::user::save;
    post "/emr/users/{person}/picture" Person html::emr::images::set_picture;
    post "/emr/users/{person}/picture/remove" Person html::emr::images::remove_picture;
    post "/emr/users/{person}/signature" Person html::emr::images::set_signature;
    post "/emr/users/{person}/signature/remove" Person html::emr::images::remove_signature;
    get "/emr/users/{person}/copy" Person html::emr::copy::show;
    post "/emr/users/{person}/copy" Person html::emr::copy::save;
    post "/emr/users/{person}/sign-in-link" Person html::emr::user::send_link;
    post "/emr/users/{person}/sessions" Person html::emr::user::end_sessions;
    get "/emr/users/{person}/professional-licenses" Person html::credentials::professional_licenses::show;
    post "/emr/users/{person}/professional-licenses" Person html::credentials::professional_licenses::add;
    post "/emr/users/{person}/professional-licenses/{license}" Person html::credentials::professional_licenses::save;
    post "/emr/users/{person}/professional-licenses/{license}/remove" Person html::credentials::professional_licenses::remove;
    post "/emr/users/{person}/supervisor" Person html::credentials::supervisor::save;
    get "/emr/users/{person}/offboarding" Person html::people::offboarding::show;
    post "/emr/users/{person}/offboarding" Person html::people::offboarding::save;
    get "/emr/users/{person}/type" Person html::emr::user_type::show;
    post "/emr/users/{person}/type" Person html::emr::user_type::save;

    // EMR licenses
    get "/emr/licenses" Person html::licenses::overview::show;
    get "/emr/licenses/clinics/{clinic}" Person html::licenses::clinic::show;
    get "/emr/licenses/requests" Person html::licenses::requests::list;
    get "/emr/licenses/requests/new" Person html::licenses::ask::show;
    post "/emr/licenses/requests/new" Person html::licenses::ask::save;
    get "/emr/licenses/requests/{request}" Person html::licenses::requests::show;
    post "/emr/licenses/requests/{request}/withdraw" Person html::licenses::requests::withdraw;
    get "/emr/licenses/waiting" Person html::licenses::waiting::show;
    post "/emr/licenses/waiting" Person html::licenses::waiting::activate;
    get "/emr/licenses/unused" Person html::licenses::unused::show;
    get "/emr/licenses/ledger" Person html::licenses::ledger::show;
    get "/emr/licenses/ledger.csv" Person html::licenses::ledger::export;

    // Across products
    get "/people/credentials" Person html::credentials::worklist::show;
    get "/people/credentials.csv" Person html::credentials::worklist::export;

    // One person, one profile
    get "/people/duplicates" Person html::people::duplicates::show;
    post "/people/duplicates/merge" Person html::people::merge::merge;
    post "/people/duplicates/someone-else" Person html::people::merge::mark_distinct;
    post "/people/duplicates/merges/{merge}/undo" Person html::people::merge::undo;

    // The practice
    get "/audit" Person html::audit::show;
    get "/audit.csv" Person html::audit::export;
    get "/settings" Person html::organizations::settings::show;
    post "/settings" Person html::organizations::settings::save;
    post "/settings/clinics" Person html::organizations::settings::add_clinic;
    post "/settings/clinics/{clinic}" Person html::organizations::settings::save_clinic;
    get "/support" Person html::organizations::support::show;
    post "/support/organizations/{organization}" Person html::organizations::support::enter;

    get "/support/license-requests" Person html::licenses::support::queue;
    get "/support/license-requests/{request}" Person html::licenses::support::show;
    post "/support/license-requests/{request}/process" Person html::licenses::support::process;
    post "/support/license-requests/{request}/reject" Person html::licenses::support::reject;
    get "/support/organizations/{organization}/prices" Person html::licenses::prices::show;
    post "/support/organizations/{organization}/prices" Person html::licenses::prices::save;

    // Programs
    get "/api/docs" Anyone api::docs::show;
    get "/api/v1/openapi.json" Anyone api::docs::document;
    get "/api/v1/me" Program api::me::handle;
    put "/api/v1/me/password" Program api::me::change_password;
    get "/api/v1/organizations" Program api::organizations::list;
    get "/api/v1/organizations/{organization}" Program api::organizations::show;
    patch "/api/v1/organizations/{organization}" Program api::organizations::save;
    get "/api/v1/clinics" Program api::clinics::list;
    post "/api/v1/clinics" Program api::clinics::create;
    get "/api/v1/clinics/{clinic}" Program api::clinics::show;
    patch "/api/v1/clinics/{clinic}" Program api::clinics::save;
    get "/api/v1/people" Program api::people::list::handle;
    post "/api/v1/people" Program api::people::create::handle;
    get "/api/v1/people/duplicates" Program api::people::duplicates::list;
    post "/api/v1/people/duplicates/someone-else" Program api::people::duplicates::mark_distinct;
    post "/api/v1/people/duplicates/same-person" Program api::people::duplicates::link_existing;
    post "/api/v1/people/duplicates/merge-preview" Program api::people::duplicates::preview;
    post "/api/v1/people/duplicates/merge" Program api::people::duplicates::merge;
    get "/api/v1/people/duplicates/merges" Program api::people::duplicates::merges;
    post "/api/v1/people/duplicates/merges/{merge}/undo" Program api::people::duplicates::undo;
    get "/api/v1/people/{person}" Program api::people::show::handle;
    patch "/api/v1/people/{person}" Program api::people::update::handle;
    get "/api/v1/people/{person}/emr-account" Program api::people::emr_account::show;
    patch "/api/v1/people/{person}/emr-account" Program api::people::emr_account::save;
    post "/api/v1/people/{person}/emr-account/type-preview" Program api::people::type_preview::handle;
    post "/api/v1/people/{person}/sign-in-link" Program api::people::sign_in_link::handle;
    get "/api/v1/people/{person}/sessions" Program api::people::sessions::list;
    delete "/api/v1/people/{person}/sessions" Program api::people::sessions::end_all;
    delete "/api/v1/people/{person}/sessions/{session}" Program api::people::sessions::end;
    get "/api/v1/people/{person}/picture" Program api::people::images::picture;
    put "/api/v1/people/{person}/picture" Program api::people::images::set_picture;
    delete "/api/v1/people/{person}/picture" Program api::people::images::remove_picture;
    get "/api/v1/people/{person}/signature" Program api::people::images::signature;
    put "/api/v1/people/{person}/signature" Program api::people::images::set_signature;
    delete "/api/v1/people/{person}/signature" Program api::people::images::remove_signature;
    post "/api/v1/people/{person}/copy-from" Program api::people::copy_from::handle;
    get "/api/v1/people/credentials" Program api::people::credentials::handle;
    get "/api/v1/people/{person}/professional-licenses" Program api::people::professional_licenses::list;
    post "/api/v1/people/{person}/professional-licenses" Program api::people::professional_licenses::create;
    patch "/api/v1/people/{person}/professional-licenses/{license}" Program api::people::professional_licenses::save;
    delete "/api/v1/people/{person}/professional-licenses/{license}" Program api::people::professional_licenses::remove;
    get "/api/v1/people/{person}/supervisor" Program api::people::supervisor::show;
    put "/api/v1/people/{person}/supervisor" Program api::people::supervisor::save;
    get "/api/v1/people/{person}/offboarding" Program api::people::offboarding::show;
    post "/api/v1/people/{person}/offboarding" Program api::people::offboarding::create;
    get "/api/v1/people/{person}/history" Program api::people::history::handle;
    get "/api/v1/license-pools" Program api::license_pools::list;
    get "/api/v1/license-pools/unused" Program api::license_pools::unused;
    put "/api/v1/license-pools/{clinic}/{group}" Program api::license_pools::set;
    get "/api/v1/license-pools/{clinic}/{group}/history" Program api::license_pools::history;
    get "/api/v1/license-requests" Program api::license_requests::list;
    post "/api/v1/license-requests" Program api::license_requests::create;
    get "/api/v1/license-requests/{request}" Program api::license_requests::show;
    post "/api/v1/license-requests/{request}/withdraw" Program api::license_requests::withdraw;
    post "/api/v1/license-requests/{request}/process" Program api::license_requests::process;
    post "/api/v1/license-requests/{request}/reject" Program api::license_requests::reject;
    get "/api/v1/license-waiting-list" Program api::license_waiting::list;
    post "/api/v1/license-waiting-list/activate" Program api::license_waiting::activate;
    get "/api/v1/license-ledger" Program api::license_ledger::list;
    get "/api/v1/license-prices" Program api::license_prices::show;
    put "/api/v1/license-prices" Program api::license_prices::save;
    get "/api/v1/audit-events" Program api::audit_events::handle;
    get "/api/v1/tokens" Program api::tokens::list;
    post "/api/v1/tokens" Program api::tokens::create;
    delete "/api/v1/tokens/{token}" Program api::tokens::revoke;
    get "/api/v1/people/export" Program api::bulk::export;
    post "/api/v1/bulk-updates/preview" Program api::bulk::preview;
    post "/api/v1/bulk-updates/file" Program api::bulk::changes;
    get "/api/v1/bulk-updates/presets" Program api::bulk::list_presets;
    post "/api/v1/bulk-updates/presets" Program api::bulk::save_preset;
    delete "/api/v1/bulk-updates/presets/{preset}" Program api::bulk::remove_preset;
    get "/api/v1/bulk-updates" Program api::bulk::list;
    post "/api/v1/bulk-updates" Program api::bulk::create;
    get "/api/v1/bulk-updates/{bulk_update}" Program api::bulk::show;
    get "/api/v1/bulk-updates/{bulk_update}/results" Program api::bulk::results;
    post "/api/v1/bulk-updates/{bulk_update}/cancel" Program api::bulk::cancel;
    post "/api/v1/bulk-updates/{bulk_update}/undo-preview" Program api::bulk::undo_preview;
    post "/api/v1/bulk-updates/{bulk_update}/undo" Program api::bulk::undo;
    post "/api/v1/imports" Program api::imports::handle;
}

const WENT_WRONG: &str = "Something went wrong on our side. Nothing was saved.";

/// Everything a request passes, outermost last.
pub fn router(app: App, settings: WebSettings) -> Router {
    let web = Web { app, settings: Arc::new(settings) };
    routed()
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(axum::extract::DefaultBodyLimit::max(1024 * 1024))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| internal_error()))
        .layer(axum::middleware::from_fn(in_time))
        .layer(CompressionLayer::new())
        .layer(axum::middleware::from_fn_with_state(web.clone(), headers::guard))
        .with_state(web)
}

/// A request that takes too long is given up; an import may take as long as its file is long.
async fn in_time(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if matches!(path.as_str(), "/api/v1/imports" | "/api/v1/bulk-updates/file" | "/import") {
        return next.run(request).await;
    }
    let answered = tokio::time::timeout(Duration::from_secs(30), next.run(request)).await;
    let sentence = "This took too long and was given up. Try again in a moment.";
    let mut response =
        answered.unwrap_or_else(|_| answer(&path, StatusCode::SERVICE_UNAVAILABLE, "timed_out", sentence));
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR && path.starts_with("/api/") && is_page(&response) {
        // A caught panic knows nothing of the path; programs get their own kind of answer.
        response = answer(&path, StatusCode::INTERNAL_SERVER_ERROR, "internal", WENT_WRONG);
    }
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(HeaderValue::from_static("5"));
    }
    response
}

fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    kind.is_some_and(|k| k.starts_with("text/html"))
}

async fn not_found(uri: axum::http::Uri) -> Response {
    answer(uri.path(), StatusCode::NOT_FOUND, "not_found", "There is nothing at this address.")
}

async fn wrong_method(uri: axum::http::Uri) -> Response {
    answer(uri.path(), StatusCode::METHOD_NOT_ALLOWED, "wrong_method", "This address does not take that method.")
}

fn internal_error() -> Response {
    errors::page(StatusCode::INTERNAL_SERVER_ERROR, WENT_WRONG)
}

fn answer(path: &str, status: StatusCode, code: &str, sentence: &str) -> Response {
    if path.starts_with("/api/") {
        errors::problem(status, code, sentence, Vec::new())
    } else {
        errors::page(status, sentence)
    }
}
