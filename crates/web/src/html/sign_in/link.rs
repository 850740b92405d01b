//! `/invitation/{token}` and `/reset-password/{token}`: choosing a password by a link.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_app::sign_in::LinkView;
use muster_domain::Code;

use super::password_fields;
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Visitor, VisitorForm};
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Button, ButtonKind};
use crate::html::shell;
use crate::urls;

/// `GET`
pub(crate) async fn show(State(web): State<Web>, Path(token): Path<String>, visitor: Visitor) -> Response {
    match web.app.find_link(&token).await {
        Ok(Some(view)) => {
            let page = draw(&web, &visitor.csrf, &token, &view, &FormErrors::default());
            visitor.answer(&web, page)
        }
        Ok(None) => link_spent(&web),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST`
pub(crate) async fn save(State(web): State<Web>, Path(token): Path<String>, posted: VisitorForm) -> Response {
    let (visitor, form) = (posted.visitor, posted.form);
    let used = web.app.use_link(&token, form.one("password"), form.one("password_confirmation"), &visitor.origin).await;
    match used {
        Ok(()) => shell::redirect(&urls::with_query(urls::SIGN_IN, &[("done", "password")])),
        Err(AppError::Refused(refusals)) if refusals.has(Code::LinkSpent) => link_spent(&web),
        Err(AppError::Refused(refusals)) => match web.app.find_link(&token).await {
            Ok(Some(view)) => {
                let page = draw(&web, &visitor.csrf, &token, &view, &FormErrors::of(&refusals));
                visitor.answer(&web, (StatusCode::UNPROCESSABLE_ENTITY, page))
            }
            _ => link_spent(&web),
        },
        Err(error) => PageError(error).into_response(),
    }
}

fn draw(web: &Web, csrf: &str, token: &str, view: &LinkView, said: &FormErrors) -> Markup {
    let judged = web.app.assess_password(Some(&view.organization), "", &view.words);
    let body = html! {
        (said.summary())
        form method="post" action=(urls::link(view.invitation, token)) novalidate {
            (parts::csrf_field(csrf))
            input type="hidden" name="link" value=(token);
            // Lets password keepers store the new password under the right name.
            input type="text" name="username" value=(view.username) autocomplete="username" hidden readonly;
            p { "Your user name is " strong { (view.username) } "." }
            (password_fields::fields(said, &judged))
            (parts::button(&Button { label: "Set the password", kind: ButtonKind::Primary, ..Button::default() }))
        }
    };
    let (title, lead) = if view.invitation {
        (
            format!("Welcome, {}", view.full_name),
            format!("{} has added you to Muster. Choose your password.", view.organization.name),
        )
    } else {
        ("Choose a new password".to_owned(), format!("For {} at {}.", view.full_name, view.organization.name))
    };
    shell::plain(web, &title, Some(&lead), None, false, &body)
}

fn link_spent(web: &Web) -> Response {
    let body = html! {
        p.plain-links { a href=(urls::RESET) { "Send me a new link" } " " a href=(urls::SIGN_IN) { "Sign in" } }
    };
    let page = shell::plain(web, "This link no longer works", Some(Code::LinkSpent.sentence()), None, false, &body);
    (StatusCode::NOT_FOUND, page).into_response()
}
