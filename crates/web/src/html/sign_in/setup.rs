//! `/setup/{token}`: the first practice of an empty installation.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_app::organizations::NewOrganization;
use muster_domain::Code;

use super::password_fields;
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Visitor, VisitorForm};
use crate::form::FormData;
use crate::html::form_errors::FormErrors;
use crate::html::organizations::time_zone_select;
use crate::html::parts::{self, Button, ButtonKind, Field, FieldKind, Fieldset};
use crate::html::shell;
use crate::urls;

/// `GET /setup/{token}`
pub(crate) async fn show(State(web): State<Web>, Path(token): Path<String>, visitor: Visitor) -> Response {
    match web.app.setup_link_works(&token).await {
        Ok(true) => {
            let page = draw(&web, &visitor.csrf, &token, &FormData::default(), &FormErrors::default());
            visitor.answer(&web, page)
        }
        Ok(false) => link_spent(&web),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST /setup/{token}`
pub(crate) async fn save(State(web): State<Web>, Path(token): Path<String>, posted: VisitorForm) -> Response {
    let (visitor, form) = (posted.visitor, posted.form);
    let text = |name: &str| form.one(name).to_owned();
    let new = NewOrganization {
        organization_name: text("organization_name"),
        time_zone: text("time_zone"),
        clinic_name: text("clinic_name"),
        first_name: text("first_name"),
        last_name: text("last_name"),
        username: text("username"),
        email: text("email"),
        password: text("password"),
        password_confirmation: Some(text("password_confirmation")),
    };
    match web.app.set_up_by_link(&token, &new).await {
        Ok(_) => shell::redirect(&urls::with_query(urls::SIGN_IN, &[("done", "set-up")])),
        Err(AppError::Refused(refusals)) if refusals.has(Code::LinkSpent) || refusals.has(Code::AlreadySetUp) => {
            link_spent(&web)
        }
        Err(AppError::Refused(refusals)) => {
            let page = draw(&web, &visitor.csrf, &token, &form, &FormErrors::of(&refusals));
            visitor.answer(&web, (StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(error) => PageError(error).into_response(),
    }
}

fn draw(web: &Web, csrf: &str, token: &str, form: &FormData, said: &FormErrors) -> Markup {
    let field = |name: &'static str, label: &'static str| {
        Field::new(name, label, form.one(name)).required().errors(said.at(name))
    };
    let judged = web.app.assess_password(None, "", &[]);
    let practice = html! {
        div.fields {
            (parts::input(&field("organization_name", "Name of the practice").wide()))
            (time_zone_select(form.filled("time_zone").unwrap_or("America/New_York"), said.at("time_zone")))
            (parts::input(&field("clinic_name", "First clinic").hint("You can add the others later.")))
        }
    };
    let manager = html! {
        div.fields {
            (parts::input(&field("first_name", "First name").autocomplete("given-name")))
            (parts::input(&field("last_name", "Last name").autocomplete("family-name")))
            (parts::input(&field("username", "User name").autocomplete("username").hint("What you sign in with.")))
            (parts::input(&field("email", "Email").kind(FieldKind::Email).autocomplete("email")))
        }
        (password_fields::fields(said, &judged))
    };
    let body = html! {
        (said.summary())
        form method="post" action=(urls::setup(token)) novalidate {
            (parts::csrf_field(csrf))
            (parts::fieldset(&Fieldset { id: "practice", legend: "Your practice", ..Fieldset::default() }, &practice))
            (parts::fieldset(&Fieldset {
                id: "manager",
                legend: "You, the first manager",
                hint: Some("You become company admin and user manager."),
                ..Fieldset::default()
            }, &manager))
            (parts::button(&Button { label: "Set up the practice", kind: ButtonKind::Primary, ..Button::default() }))
        }
    };
    shell::plain(
        web,
        "Set up Muster",
        Some("Two steps on one page; you can change all of it later."),
        None,
        true,
        &body,
    )
}

fn link_spent(web: &Web) -> Response {
    let body = html! { p.plain-links { a href=(urls::SIGN_IN) { "Sign in" } } };
    let lead =
        "This set-up link was used already or has run out. Restarting Muster on an empty database prints a new one.";
    (StatusCode::NOT_FOUND, shell::plain(web, "This link no longer works", Some(lead), None, false, &body))
        .into_response()
}
