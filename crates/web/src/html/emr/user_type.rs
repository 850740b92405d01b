//! `/emr/users/{person}/type`: support changes a user type, having seen what it breaks.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_domain::PersonId;
use muster_domain::emr::UserType;
use serde::Deserialize;

use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::html::confirm::{ConfirmForm, answer, refusal_list, refused};
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Button, ButtonKind, Choice, Select};
use crate::html::shell;
use crate::urls;

/// What the address may carry.
#[derive(Deserialize)]
pub(crate) struct UserTypeQuery {
    #[serde(default)]
    to: String,
}

/// `GET /emr/users/{person}/type`: choose, then see the consequences.
pub(crate) async fn show(
    State(web): State<Web>,
    Path(id): Path<PersonId>,
    Query(query): Query<UserTypeQuery>,
    page: Page,
) -> Response {
    answer(draw(&web, &page, id, &query.to, &FormErrors::default()).await)
}

/// `POST /emr/users/{person}/type`
pub(crate) async fn save(State(web): State<Web>, Path(id): Path<PersonId>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let Some(to) = UserType::parse(form.one("to")) else { return shell::redirect(&urls::user_type(id)) };
    let seen = form.filled("version").and_then(|v| v.parse().ok());
    match web.app.change_type(&page.actor, id, seen, to).await {
        Ok(_) => shell::redirect(&urls::with_query(&urls::user(id), &[("done", "type")])),
        Err(AppError::Refused(refusals)) => {
            let drawn = draw(&web, &page, id, form.one("to"), &FormErrors::of(&refusals)).await;
            refused(refusals, drawn)
        }
        Err(error) => PageError(error).into_response(),
    }
}

async fn draw(web: &Web, page: &Page, id: PersonId, to: &str, said: &FormErrors) -> muster_app::Result<Markup> {
    let view = web.app.person(&page.actor, id).await?;
    let current = view.profile().emr.as_ref().ok_or(AppError::NotFound)?.user_type;
    let wanted = UserType::parse(to).filter(|t| *t != current);
    // Judged even before a type is chosen, so that only support ever sees the page.
    let preview = web.app.preview_type_change(&page.actor, id, wanted.unwrap_or(current)).await?;
    let labels: Vec<(String, &str)> = UserType::ALL
        .iter()
        .filter(|t| **t != current)
        .map(|t| (format!("{}: {}", t.as_str(), t.title()), t.as_str()))
        .collect();
    let options: Vec<Choice> = labels.iter().map(|(label, value)| Choice::new(value, label, to)).collect();
    let version = view.stored.version.to_string();
    let address = urls::user_type(id);
    let back = urls::user(id);
    let subtitle = format!("Now {}: {}", current.as_str(), current.title());
    let body = html! {
        (parts::heading(&format!("User type of {}", view.profile().person.full_name), Some(&subtitle), &html! {}))
        (said.summary())
        (parts::card("New type", &html! {
            form method="get" action=(address) {
                div.fields { (parts::select(&Select { name: "to", label: "User type", options: &options, required: true, ..Select::default() })) }
                (parts::button(&Button { label: "Show what changes", ..Button::default() }))
            }
        }))
        @if let Some(wanted) = wanted {
            (parts::card("What changes", &html! {
                @let sentences = preview.change.sentences();
                @if sentences.is_empty() { p { "Nothing breaks: permissions, license and credentials stay as they are." } }
                ul { @for sentence in &sentences { li { (sentence) } } }
                @if let Some(refusals) = &preview.refused {
                    (refusal_list(refusals))
                } @else {
                    @let fields = [("to", wanted.as_str()), ("version", version.as_str())];
                    (ConfirmForm { action: &address, fields: &fields, choice: None, back: &back, label: "Change the user type", kind: ButtonKind::Primary }.form(page))
                }
            }))
        }
    };
    Ok(shell::page(web, page, "User type", None, &body))
}
