//! `/emr/bulk/{job}`: one address from the choice of changes to the result.

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use muster_app::AppError;
use muster_domain::bulk::BulkState;
use uuid::Uuid;

use super::{draft, outcome, progress};
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::form::FormData;
use crate::html::form_errors::FormErrors;
use crate::html::shell;
use crate::urls;

/// `GET /emr/bulk/{job}`
pub(crate) async fn show(
    State(web): State<Web>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    page: Page,
) -> Response {
    let form = FormData::query(query.as_deref());
    let drawn = async {
        let id: Uuid = id.parse().map_err(|_| AppError::NotFound)?;
        let view = web.app.bulk_job(&page.actor, id).await?;
        match view.job.state {
            BulkState::Draft => draft::draw(&web, &page, &view, &form, &FormErrors::default()).await,
            BulkState::Running => Ok(progress::draw(&web, &page, &view)),
            _ => outcome::draw(&web, &page, &view, &form).await,
        }
    };
    match drawn.await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST /emr/bulk/{job}/cancel`
pub(crate) async fn cancel(State(web): State<Web>, Path(id): Path<String>, posted: PageForm) -> Response {
    let Ok(id) = id.parse::<Uuid>() else { return PageError(AppError::NotFound).into_response() };
    match web.app.cancel_bulk(&posted.page.actor, id).await {
        Ok(_) => shell::redirect(&urls::bulk(id)),
        Err(error) => PageError(error).into_response(),
    }
}
