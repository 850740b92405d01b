//! `/sign-in`

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use serde::Deserialize;

use crate::context::Web;
use crate::cookies::Cookie;
use crate::errors::{self, PageError};
use crate::extract::{Visitor, VisitorForm};
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Banner, BannerKind, Button, ButtonKind, Field, FieldKind};
use crate::html::shell;
use crate::urls;

/// What the address may carry.
#[derive(Default, Deserialize)]
pub(crate) struct SignInQuery {
    #[serde(default)]
    next: String,
    #[serde(default)]
    done: String,
}

/// `GET /sign-in`
pub(crate) async fn show(State(web): State<Web>, Query(query): Query<SignInQuery>, visitor: Visitor) -> Response {
    let notice = match query.done.as_str() {
        "password" => Some(Banner::line(BannerKind::Ok, "Your password is set. Sign in with it now.")),
        "set-up" => Some(Banner::line(BannerKind::Ok, "Your practice is set up. Sign in to add your people.")),
        "signed-out" => Some(Banner::line(BannerKind::Info, "You are signed out.")),
        _ => None,
    };
    let page = draw(&web, &visitor.csrf, "", urls::local(&query.next), notice, &FormErrors::default());
    visitor.answer(&web, page)
}

/// `POST /sign-in`
pub(crate) async fn save(State(web): State<Web>, headers: HeaderMap, posted: VisitorForm) -> Response {
    let (visitor, form) = (posted.visitor, posted.form);
    let name = form.one("username");
    let next = urls::local(form.one("next"));
    match web.app.sign_in(name, form.one("password"), &visitor.origin).await {
        Ok(signed_in) => {
            // A session somebody else left in this browser does not live on beside the new one.
            if let Some(old) = Cookie::Session.read(&headers, &web.settings) {
                let _ = web.app.sign_out(&old, &visitor.origin).await;
            }
            let mut response = shell::redirect(next);
            let (key, value) = Cookie::Session.set(&signed_in.token, &web.settings);
            response.headers_mut().append(key, value);
            response
        }
        Err(AppError::Refused(refusals)) => {
            let said = FormErrors::of(&refusals);
            let page = draw(&web, &visitor.csrf, name, next, None, &said);
            visitor.answer(&web, (axum::http::StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(error @ AppError::TooMany(_)) => {
            let text = error.to_string();
            let notice = Some(Banner::line(BannerKind::Bad, &text));
            let page = draw(&web, &visitor.csrf, name, next, notice, &FormErrors::default());
            visitor.answer(&web, errors::in_place_of(error, page))
        }
        Err(error) => PageError(error).into_response(),
    }
}

fn draw(web: &Web, csrf: &str, name: &str, next: &str, notice: Option<Banner>, said: &FormErrors) -> Markup {
    let username =
        Field::new("username", "User name or email", name).required().autocomplete("username").attr("autofocus", "");
    let password = Field::new("password", "Password", "")
        .kind(FieldKind::Password)
        .required()
        .autocomplete("current-password")
        .errors(said.at("password"));
    let body = html! {
        form method="post" action=(urls::SIGN_IN) novalidate {
            (parts::csrf_field(csrf))
            (said.summary_of("You are not signed in"))
            input type="hidden" name="next" value=(next);
            (parts::input(&username))
            (parts::input(&password))
            (parts::button(&Button { label: "Sign in", kind: ButtonKind::Primary, ..Button::default() }))
        }
        p.plain-links { a href=(urls::RESET) { "Forgot your password?" } }
    };
    shell::plain(web, "Sign in", None, notice, false, &body)
}
