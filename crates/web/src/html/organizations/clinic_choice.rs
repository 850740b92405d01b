//! Choosing the clinic of a list: from a drop-down list while they are few, by a part of the name when they are many.
//!
//! A name typed without scripts, or followed too soon, may mean several clinics or none: then the list shows nobody, and
//! asks which one was meant.

use std::collections::{BTreeSet, HashMap};

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_domain::ClinicId;
use muster_domain::organizations::Clinic;

use crate::context::Web;
use crate::errors::PageError;
use crate::extract::Page;
use crate::form::FormData;
use crate::html::parts::{self, ButtonLink, Choice, Icon, NameField, Select, Suggestion};
use crate::urls;

/// Clinics a drop-down list may hold.
const LISTED: usize = 60;
/// Names offered for what was typed so far.
const OFFERED: i64 = 12;

/// The clinics a list may be cut to, and the one it is.
pub(crate) struct ClinicChoice {
    /// All of them, when they are few.
    listed: Option<Vec<Clinic>>,
    /// The one chosen.
    pub chosen: Option<Clinic>,
    /// What was typed and what it may mean, when that is not one clinic.
    unclear: Option<(String, Vec<Clinic>)>,
}

impl ClinicChoice {
    /// True when the form names a clinic by what was typed, so that its people are known only after [`Self::of`].
    pub fn is_named(form: &FormData) -> bool {
        form.filled("clinic").is_some()
    }

    /// Reads `clinic_id`, or the name typed as `clinic`, of a form. Returned with the form whose `clinic_id` says what was
    /// meant; when that is unclear, a clinic that does not exist.
    pub async fn of(web: &Web, page: &Page, form: FormData) -> muster_app::Result<(Self, FormData)> {
        let listed = web.app.few_clinics(&page.actor, LISTED).await?;
        let mut choice = Self { listed, chosen: None, unclear: None };
        if let Some(typed) = form.filled("clinic").map(str::to_owned) {
            let mut meant = web.app.match_clinics(&page.actor, &typed, OFFERED).await?;
            if meant.len() == 1 {
                choice.chosen = meant.pop();
            } else {
                choice.unclear = Some((typed, meant));
            }
            let id = choice.chosen.as_ref().map_or(ClinicId(uuid::Uuid::nil()), |c| c.id);
            return Ok((choice, form.with("clinic_id", &id.to_string())));
        }
        if let Some(id) = form.filled("clinic_id").and_then(|c| c.parse().ok()) {
            choice.chosen = match &choice.listed {
                Some(listed) => listed.iter().find(|c| c.id == id).cloned(),
                None => web.app.clinics_by_id(&page.actor, &[id]).await?.pop(),
            };
        }
        Ok((choice, form))
    }

    /// The names of the clinics in a page's rows: at hand, or read by these ids.
    pub async fn names(
        &self,
        web: &Web,
        page: &Page,
        ids: BTreeSet<ClinicId>,
    ) -> muster_app::Result<HashMap<ClinicId, String>> {
        match &self.listed {
            Some(listed) => Ok(listed.iter().map(|c| (c.id, c.name.clone())).collect()),
            None => web.app.clinic_names(&page.actor, &Vec::from_iter(ids)).await,
        }
    }

    /// True when there is more than one to choose from.
    pub fn is_a_choice(&self) -> bool {
        self.listed.as_ref().is_none_or(|l| l.len() > 1)
    }

    /// Where the list's people are, for its heading.
    pub fn place(&self) -> String {
        match (&self.chosen, &self.unclear, &self.listed) {
            (Some(one), _, _) => one.name.clone(),
            (None, Some((typed, _)), _) => format!("“{typed}”"),
            (None, None, Some(listed)) if listed.len() == 1 => listed[0].name.clone(),
            (None, None, Some(listed)) => format!("{} clinics", listed.len()),
            (None, None, None) => "All clinics".to_owned(),
        }
    }

    /// Draws the control.
    pub fn control(&self) -> Markup {
        let Some(listed) = &self.listed else { return self.typed_control() };
        let chosen = self.chosen.as_ref().map(|c| c.id.to_string()).unwrap_or_default();
        let ids: Vec<(String, &str)> = listed.iter().map(|c| (c.id.to_string(), c.name.as_str())).collect();
        let mut options = vec![Choice::new("", "Any clinic", &chosen)];
        options.extend(ids.iter().map(|(id, name)| Choice::new(id, name, &chosen)));
        parts::select(&Select {
            name: "clinic_id",
            label: "Clinic",
            options: &options,
            bare: true,
            ..Select::default()
        })
    }

    fn typed_control(&self) -> Markup {
        let typed = self.unclear.as_ref().map(|(typed, _)| typed.as_str());
        let value = self.chosen.as_ref().map(|c| c.name.as_str()).or(typed).unwrap_or_default();
        parts::name_field(&NameField {
            name: "clinic",
            label: "Clinic",
            placeholder: "Any clinic",
            value,
            names: urls::CLINIC_NAMES,
        })
    }

    /// Asks which clinic was meant, when that is unclear; `address` leads to the list of one.
    pub fn question(&self, everywhere: &str, address: impl Fn(&str) -> String) -> Option<Markup> {
        let (typed, meant) = self.unclear.as_ref()?;
        if meant.is_empty() {
            let text = format!("No clinic of yours has “{typed}” in its name.");
            let all = ButtonLink { href: everywhere, label: "Show every clinic", ..ButtonLink::default() };
            return Some(parts::empty_state(Icon::Search, "No such clinic", &text, &parts::button_link(&all)));
        }
        let offers: Vec<Suggestion> = meant
            .iter()
            .map(|c| Suggestion { href: address(&c.id.to_string()), name: &c.name, more: town(c) })
            .collect();
        let whole = i64::try_from(offers.len()).is_ok_and(|n| n < OFFERED);
        Some(parts::disambiguation("Which clinic?", &format!("“{typed}” is part of several names."), &offers, whole))
    }
}

fn town(clinic: &Clinic) -> String {
    [clinic.city.as_str(), clinic.state.as_str()].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(", ")
}

/// `GET /clinic-names`: what may be meant by what was typed so far.
pub(crate) async fn names(State(web): State<Web>, RawQuery(query): RawQuery, page: Page) -> Response {
    let form = FormData::query(query.as_deref());
    match web.app.clinics_like(&page.actor, form.one("clinic"), OFFERED).await {
        Ok(like) => html! { @for c in &like { option value=(c.name) { (town(c)) } } }.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}
