//! `/me/password`: changing one's own password, by choice or because it is due.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;

use super::password_fields;
use crate::context::Web;
use crate::errors::{self, PageError};
use crate::extract::{Page, PageBeforeChange, PageFormBeforeChange};
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Banner, BannerKind, Button, ButtonKind, Field, FieldKind};
use crate::html::shell;
use crate::urls;

/// `GET /me/password`
pub(crate) async fn show(State(web): State<Web>, PageBeforeChange(page): PageBeforeChange) -> Response {
    draw(&web, &page, None, &FormErrors::default()).into_response()
}

/// `POST /me/password`
pub(crate) async fn save(State(web): State<Web>, PageFormBeforeChange(posted): PageFormBeforeChange) -> Response {
    let (page, form) = (posted.page, posted.form);
    let (current, new, again) = (form.one("current_password"), form.one("password"), form.one("password_confirmation"));
    match web.app.change_own_password(&page.actor, Some(&page.token), current, new, again).await {
        Ok(()) => shell::redirect(&urls::with_query(urls::ME, &[("done", "password")])),
        Err(AppError::Refused(refusals)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, draw(&web, &page, None, &FormErrors::of(&refusals))).into_response()
        }
        Err(error @ AppError::TooMany(_)) => {
            let text = error.to_string();
            let notice = Banner::line(BannerKind::Bad, &text);
            errors::in_place_of(error, draw(&web, &page, Some(notice), &FormErrors::default()))
        }
        Err(error) => PageError(error).into_response(),
    }
}

fn draw(web: &Web, page: &Page, notice: Option<Banner>, said: &FormErrors) -> Markup {
    let judged = web.app.assess_password(page.info.organization.as_ref(), "", &[]);
    let current = Field::new("current_password", "Current password", "")
        .kind(FieldKind::Password)
        .required()
        .autocomplete("current-password")
        .errors(said.at("current_password"));
    let form = html! {
        form method="post" action=(urls::MY_PASSWORD) novalidate {
            (parts::csrf_field(&page.info.csrf))
            div.stack {
                (parts::input(&current))
                (password_fields::fields(said, &judged))
            }
            (parts::form_actions(&html! {
                (parts::button(&Button { label: "Change password", kind: ButtonKind::Primary, ..Button::default() }))
            }))
        }
    };
    let body = html! {
        (parts::heading("Change your password", Some("If someone else set the password you have now, or it ran out, choose your own before you go on."), &html! {}))
        (said.summary())
        div.narrow { (parts::card("", &form)) }
    };
    shell::page(web, page, "Change your password", notice, &body)
}
