//! The start page: goes where the visitor's work is.

use axum::extract::State;
use axum::response::Response;
use muster_domain::emr::Permission;

use super::shell::redirect;
use crate::context::Web;
use crate::extract::Page;
use crate::urls;

/// `GET /`
pub(crate) async fn show(State(_): State<Web>, page: Page) -> Response {
    if page.actor.is_support() && page.info.organization.is_none() {
        redirect(urls::SUPPORT)
    } else if page.actor.may(Permission::ViewUsers) {
        redirect(urls::USERS)
    } else {
        redirect(urls::ME)
    }
}
