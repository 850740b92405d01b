//! `/support/organizations/{organization}/prices`: what a practice pays for one license a month.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::AppError;
use muster_domain::licenses::{CURRENCIES, Group, Prices};
use muster_domain::{Code, OrganizationId, Refusal, Refusals};
use serde::Deserialize;

use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::form::FormData;
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Banner, BannerKind, Button, ButtonKind, ButtonLink, Choice, Field, Icon, Select};
use crate::html::shell;
use crate::urls;

const PRICED: [Group; 3] = [Group::Therapist, Group::Assistant, Group::Student];

/// What the address may carry.
#[derive(Deserialize)]
pub(crate) struct PricesQuery {
    #[serde(default)]
    done: String,
}

/// `GET /support/organizations/{organization}/prices`
pub(crate) async fn show(
    State(web): State<Web>,
    Path(id): Path<OrganizationId>,
    Query(query): Query<PricesQuery>,
    page: Page,
) -> Response {
    match draw(&web, &page, id, None, &FormErrors::default(), query.done == "saved").await {
        Ok(markup) => markup.into_response(),
        Err(error) => PageError(error).into_response(),
    }
}

/// `POST /support/organizations/{organization}/prices`
pub(crate) async fn save(State(web): State<Web>, Path(id): Path<OrganizationId>, posted: PageForm) -> Response {
    let (page, form) = (posted.page, posted.form);
    let saved = match typed_prices(&form) {
        Ok(prices) => web.app.set_license_prices(&page.actor, id, &prices).await,
        Err(refusals) => Err(AppError::Refused(refusals)),
    };
    match saved {
        Ok(_) => shell::redirect(&urls::with_query(&urls::support_prices(id), &[("done", "saved")])),
        Err(AppError::Refused(refusals)) if page.actor.is_support() => {
            match draw(&web, &page, id, Some(&form), &FormErrors::of(&refusals), false).await {
                Ok(markup) => shell::refused(&AppError::Refused(refusals), markup),
                Err(error) => PageError(error).into_response(),
            }
        }
        Err(error) => PageError(error).into_response(),
    }
}

/// Amounts as people type them, `99` or `99.50`, in minor units.
fn typed_prices(form: &FormData) -> Result<Prices, Refusals> {
    let mut refusals = Refusals::default();
    let mut prices = Prices { currency: form.one("currency").to_owned(), ..Prices::default() };
    for group in PRICED {
        let Some(text) = form.filled(group.as_str()) else { continue };
        match minor(text) {
            Some(amount) => {
                prices.amounts.insert(group, amount);
            }
            None => {
                let says = "Write a price such as 99 or 99.50";
                refusals.push(Refusal::new(group.as_str(), Code::NumberOutOfRange).about(&[says]));
            }
        }
    }
    refusals.into_result().map(|()| prices)
}

fn minor(text: &str) -> Option<i64> {
    let text = text.replace(',', "");
    let (whole, cents) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |t: &str| !t.is_empty() && t.len() <= 9 && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || cents.len() > 2 || !(cents.is_empty() || digits(cents)) {
        return None;
    }
    let cents = format!("{cents:0<2}");
    Some(whole.parse::<i64>().ok()? * 100 + cents.parse::<i64>().ok()?)
}

async fn draw(
    web: &Web,
    page: &Page,
    id: OrganizationId,
    form: Option<&FormData>,
    said: &FormErrors,
    saved: bool,
) -> muster_app::Result<Markup> {
    let prices = web.app.license_prices_of(&page.actor, id).await?;
    let practice = web.app.organization_by_id(&page.actor, id).await?;
    let stored = |group: Group| prices.amounts.get(&group).map(|a| format!("{}.{:02}", a / 100, a % 100));
    let value = |group: Group| match form {
        Some(form) => form.one(group.as_str()).to_owned(),
        None => stored(group).unwrap_or_default(),
    };
    let currency = form.map_or(prices.currency.as_str(), |f| f.one("currency"));
    let currency = if currency.is_empty() { "USD" } else { currency };
    let currencies: Vec<Choice> = CURRENCIES.iter().map(|(code, _)| Choice::new(code, code, currency)).collect();
    let fields = html! {
        form method="post" action=(urls::support_prices(id)) novalidate {
            (parts::csrf_field(&page.info.csrf))
            div.fields {
                (parts::select(&Select { name: "currency", label: "Currency", options: &currencies, required: true, errors: said.at("currency"), ..Select::default() }))
                @for group in PRICED {
                    (parts::input(&Field::new(group.as_str(), group.label(), &value(group)).errors(said.at(group.as_str())).attr("inputmode", "decimal")))
                }
            }
            (parts::form_actions(&html! {
                (parts::button_link(&ButtonLink { href: urls::SUPPORT, label: "Cancel", ..ButtonLink::default() }))
                (parts::button(&Button { label: "Save prices", kind: ButtonKind::Primary, ..Button::default() }))
            }))
        }
    };
    let banner = saved.then(|| Banner::line(BannerKind::Ok, "The prices were saved."));
    let body = html! {
        p.back { a href=(urls::SUPPORT) { (parts::icon(Icon::ChevronLeft)) " Practices" } }
        (parts::heading(&format!("Prices of {}", practice.name), Some("Of one license a month. Clerical licenses are free."), &html! {}))
        (said.summary())
        (parts::card("", &fields))
    };
    Ok(shell::page(web, page, "Prices", banner, &body))
}

#[cfg(test)]
mod tests {
    use super::minor;

    #[test]
    fn prices_are_read_as_people_type_them() {
        for (text, expected) in [("99", 9900), ("99.5", 9950), ("1,299.05", 129_905), ("0", 0)] {
            assert_eq!(minor(text), Some(expected), "{text}");
        }
        for wrong in ["", "-1", "1.234", "x", "1.x", ".5", "9999999999"] {
            assert_eq!(minor(wrong), None, "{wrong}");
        }
    }
}
