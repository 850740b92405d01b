//! What off-boarding and a new user type have in common: what happens is shown, and nothing done, before a second button.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::{AppError, Result};
use muster_domain::Refusals;

use crate::errors::PageError;
use crate::extract::Page;
use crate::html::parts::{self, Banner, BannerKind, Button, ButtonKind, ButtonLink};
use crate::html::shell;

/// A page that was drawn, or why not.
pub(super) fn answer(drawn: Result<Markup>) -> Response {
    drawn.map_or_else(|error| PageError(error).into_response(), IntoResponse::into_response)
}

/// The page again, with what was refused.
pub(super) fn refused(refusals: Refusals, drawn: Result<Markup>) -> Response {
    match drawn {
        Ok(markup) => shell::refused(&AppError::Refused(refusals), markup),
        Err(error) => PageError(error).into_response(),
    }
}

/// Why it cannot be done at all.
pub(super) fn refusal_list(refusals: &Refusals) -> Markup {
    parts::banner(&Banner {
        kind: BannerKind::Bad,
        title: "This cannot be done now",
        body: html! { @for refusal in &refusals.0 { p { (refusal.message) } } },
        outcome: None,
    })
}

/// The second button.
pub(super) struct ConfirmForm<'a> {
    /// Where the form goes.
    pub action: &'a str,
    /// What was chosen before, as names and values.
    pub fields: &'a [(&'a str, &'a str)],
    /// What is still to be chosen here.
    pub choice: Option<&'a Markup>,
    /// Where “Cancel” leads.
    pub back: &'a str,
    /// What the button says.
    pub label: &'a str,
    /// How it looks.
    pub kind: ButtonKind,
}

impl ConfirmForm<'_> {
    /// The form.
    pub fn form(&self, page: &Page) -> Markup {
        html! {
            form method="post" action=(self.action) {
                (parts::csrf_field(&page.info.csrf))
                @for (name, value) in self.fields { input type="hidden" name=(name) value=(value); }
                @if let Some(choice) = self.choice { (choice) }
                div.cluster {
                    (parts::button_link(&ButtonLink { href: self.back, label: "Cancel", ..ButtonLink::default() }))
                    (parts::button(&Button { label: self.label, kind: self.kind, ..Button::default() }))
                }
            }
        }
    }
}
