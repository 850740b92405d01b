//! Choosing a person for a list by a part of their name, user name or email.
//!
//! What was typed may mean several people or nobody: then the list shows nothing, and asks who was meant.

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::people::PersonView;

use crate::context::Web;
use crate::errors::PageError;
use crate::extract::Page;
use crate::form::FormData;
use crate::html::parts::{self, ButtonLink, Icon, NameField, Suggestion};
use crate::urls;

/// People offered for what was typed so far.
const OFFERED: i64 = 12;

/// The field a name is typed into, and the one that carries who was meant.
#[derive(Clone, Copy)]
pub(crate) struct NameFields {
    pub typed: &'static str,
    pub id: &'static str,
}

/// The person a list is about.
pub(crate) struct PersonChoice {
    /// The person the typed name means.
    chosen: Option<PersonView>,
    /// The typed name and the people it may mean, when that is not one person.
    unclear: Option<(String, Vec<PersonView>)>,
}

impl PersonChoice {
    /// Reads the name typed in a form. Returned with the form in which the id stands for it, once it is clear who was
    /// meant.
    pub async fn of(web: &Web, page: &Page, form: FormData, names: NameFields) -> muster_app::Result<(Self, FormData)> {
        let Some(typed) = form.filled(names.typed).map(str::to_owned) else {
            return Ok((Self { chosen: None, unclear: None }, form));
        };
        let mut meant = web.app.match_people(&page.actor, &typed, OFFERED).await?;
        if meant.len() != 1 {
            return Ok((Self { chosen: None, unclear: Some((typed, meant)) }, form));
        }
        let chosen = meant.pop();
        let id = chosen.as_ref().map(|p| p.profile().person.id.to_string()).unwrap_or_default();
        Ok((Self { chosen, unclear: None }, form.with(names.typed, "").with(names.id, &id)))
    }

    /// The name of the person the list is about.
    pub fn name(&self) -> Option<&str> {
        self.chosen.as_ref().map(|p| p.profile().person.full_name.as_str())
    }

    /// Draws the field; empty again once it is clear who was meant.
    pub fn control(&self, names: NameFields, label: &str, placeholder: &str) -> Markup {
        let value = self.unclear.as_ref().map_or("", |(typed, _)| typed.as_str());
        parts::name_field(&NameField { name: names.typed, label, placeholder, value, names: urls::PERSON_NAMES })
    }

    /// Asks who was meant, when that is unclear; `address` leads to the list of one.
    pub fn question(&self, everybody: &str, address: impl Fn(&str) -> String) -> Option<Markup> {
        let (typed, meant) = self.unclear.as_ref()?;
        if meant.is_empty() {
            let text = format!("Nobody you can see has “{typed}” in their name, user name or email.");
            let all = ButtonLink { href: everybody, label: "Show everybody", ..ButtonLink::default() };
            return Some(parts::empty_state(Icon::Search, "No such person", &text, &parts::button_link(&all)));
        }
        let offers: Vec<Suggestion> = meant
            .iter()
            .map(|one| &one.profile().person)
            .map(|p| Suggestion { href: address(&p.id.to_string()), name: &p.full_name, more: p.username.clone() })
            .collect();
        let whole = i64::try_from(offers.len()).is_ok_and(|n| n < OFFERED);
        Some(parts::disambiguation("Which person?", &format!("“{typed}” fits several people."), &offers, whole))
    }
}

/// `GET /person-names`: who may be meant by what was typed so far, in whichever field it was.
pub(crate) async fn names(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    let form = FormData::query(query.as_deref());
    let typed = form.filled("subject").or(form.filled("actor")).unwrap_or_default();
    match web.app.match_people(&page.actor, typed, OFFERED).await {
        Ok(meant) => html! {
            @for one in meant { option value=(one.profile().person.username) { (one.profile().person.full_name) } }
        }
        .into_response(),
        Err(error) => PageError(error).into_response(),
    }
}
