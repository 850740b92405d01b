//! `GET` and `PUT /api/v1/license-prices`

use axum::extract::State;
use muster_domain::licenses::{Group, Prices};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::Body;
use super::failure::Answer;
use super::params::Params;
use super::reply;
use crate::context::Web;
use crate::extract::Api;

/// What one license of each group costs a month, in minor units (cents of a dollar).
#[derive(Serialize, ToSchema)]
pub(crate) struct LicensePrices {
    /// Three letters; null while no price is set.
    #[schema(example = "USD")]
    currency: Option<String>,
    /// Null where no price is set.
    #[schema(example = 9900)]
    therapist: Option<i64>,
    /// Null where no price is set.
    assistant: Option<i64>,
    /// Null where no price is set.
    student: Option<i64>,
}

impl From<&Prices> for LicensePrices {
    fn from(prices: &Prices) -> Self {
        let of = |group| prices.amounts.get(&group).copied();
        Self {
            currency: Some(prices.currency.clone()).filter(|c| !c.is_empty()),
            therapist: of(Group::Therapist),
            assistant: of(Group::Assistant),
            student: of(Group::Student),
        }
    }
}

/// Prices to set. A group left out, or null, has no price from then on.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body
pub(crate) struct LicensePricesInput {
    /// `USD`, `CAD`, `EUR`, `GBP` or `AUD`.
    #[schema(example = "USD")]
    currency: String,
    /// In minor units.
    #[schema(example = 9900)]
    therapist: Option<i64>,
    /// In minor units.
    assistant: Option<i64>,
    /// In minor units.
    student: Option<i64>,
}

/// Get what licenses cost
#[utoipa::path(get, path = "/api/v1/license-prices", tag = "Licenses",
    responses((status = 200, description = "The prices of the practice", body = LicensePrices)))]
pub(crate) async fn show(State(web): State<Web>, api: Api, params: Params) -> Answer {
    params.close()?;
    Ok(reply::ok(&LicensePrices::from(&web.app.license_prices(&api.actor).await?)))
}

/// Set what licenses cost
///
/// Support only, for the practice chosen; in the place of all earlier prices.
#[utoipa::path(put, path = "/api/v1/license-prices", tag = "Licenses", request_body = LicensePricesInput,
    responses((status = 200, description = "Set", body = LicensePrices)))]
pub(crate) async fn save(State(web): State<Web>, api: Api, mut body: Body) -> Answer {
    let currency = body.fields.text("currency");
    let currency = body.fields.require("currency", currency).unwrap_or_default();
    let mut prices = Prices { currency: currency.trim().to_uppercase(), ..Prices::default() };
    for (group, name) in [(Group::Therapist, "therapist"), (Group::Assistant, "assistant"), (Group::Student, "student")]
    {
        if let Some(amount) = body.fields.clearable_number(name).flatten() {
            prices.amounts.insert(group, amount);
        }
    }
    body.fields.close(&[])?;
    let saved = web.app.set_license_prices(&api.actor, api.actor.organization(), &prices).await?;
    Ok(reply::ok(&LicensePrices::from(&saved)))
}
