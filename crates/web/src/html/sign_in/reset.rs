//! `/reset-password`: asking for a link.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::html;

use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Visitor, VisitorForm};
use crate::html::parts::{self, Banner, BannerKind, Button, ButtonKind, Field};
use crate::html::shell;
use crate::urls;

/// `GET /reset-password`
pub(crate) async fn show(State(web): State<Web>, visitor: Visitor) -> Response {
    let name = Field::new("username", "User name or email", "").required().autocomplete("username");
    let body = html! {
        form method="post" action=(urls::RESET) novalidate {
            (parts::csrf_field(&visitor.csrf))
            (parts::input(&name))
            (parts::button(&Button { label: "Send the link", kind: ButtonKind::Primary, ..Button::default() }))
        }
        p.plain-links { a href=(urls::SIGN_IN) { "Back to sign-in" } }
    };
    let lead = "We send a link to the email of your account. It works once, for one hour.";
    let page = shell::plain(&web, "Choose a new password", Some(lead), None, false, &body);
    visitor.answer(&web, page)
}

/// `POST /reset-password`: the same answer whether or not the name exists.
pub(crate) async fn save(State(web): State<Web>, posted: VisitorForm) -> Response {
    if let Err(error) = web.app.request_reset(posted.form.one("username"), &posted.visitor.origin).await {
        return PageError(error).into_response();
    }
    let note = web.settings.mail_note.as_deref();
    let body = html! {
        @if let Some(note) = note { (parts::banner(&Banner::line(BannerKind::Info, note))) }
        p { "Nothing arrived after a few minutes? Look in the spam folder, or ask your clinic manager to send you a link." }
        p.plain-links { a href=(urls::SIGN_IN) { "Back to sign-in" } }
    };
    let lead = "If that name belongs to an active account, a link is on its way to its email.";
    shell::plain(&web, "Look at your email", Some(lead), None, false, &body).into_response()
}
