//! `GET /api/v1/people`

use axum::extract::State;
use axum::response::Response;
use muster_app::people::ListQuery;
use muster_app::{Cursor, Filter, Sort, Total};
use muster_domain::emr::{Permission, Status, UserType};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::shape::Person;
use crate::api::failure::Answer;
use crate::api::params::{Params, encode};
use crate::api::reply;
use crate::context::Web;
use crate::extract::Api;

/// What to list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)] // describes the query; `Params` reads it so that every fault is named at once
struct PeopleQuery {
    /// 1 to 200; 50 unless given.
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
    /// Any part of name, user name, email or NPI.
    q: Option<String>,
    /// Of this type.
    user_type: Option<String>,
    /// `active` or `inactive`.
    status: Option<String>,
    /// Member of this clinic.
    clinic_id: Option<Uuid>,
    /// Holder of this permission.
    permission: Option<String>,
    /// `name` (default), `username`, `user_type`, `status` or `last_sign_in_at`; a leading `-` turns it round.
    sort: Option<String>,
}

/// A page of people.
#[derive(Serialize, ToSchema)]
pub(crate) struct People {
    items: Vec<Person>,
    /// For `after`; null on the last page.
    next: Option<String>,
    /// How many match in all.
    total: i64,
    /// True when `total` was estimated from a sample.
    total_is_estimate: bool,
}

/// A cursor with the order it belongs to.
#[derive(Serialize, Deserialize)]
struct ListCursor {
    s: String,
    c: Cursor,
}

/// List people
///
/// The people the caller may see: oneself, and with View Users the colleagues of one's clinics. Count, search and
/// filters obey the same limits.
#[utoipa::path(get, path = "/api/v1/people", tag = "People", params(PeopleQuery),
    responses((status = 200, description = "A page", body = People)))]
pub(crate) async fn handle(State(web): State<Web>, api: Api, mut params: Params) -> Answer {
    let limit = params.limit();
    let (sort, descending) = params
        .read("sort", "name, username, user_type, status or last_sign_in_at, with - in front to turn it round", order)
        .unwrap_or((Sort::Name, false));
    let place: Option<ListCursor> = params.cursor();
    let order = format!("{}{}", if descending { "-" } else { "" }, sort.as_str());
    if place.as_ref().is_some_and(|p| p.s != order) {
        params.refuse_cursor();
    }
    let filter = Filter {
        q: params.text("q").unwrap_or_default(),
        user_type: params.read("user_type", "a user type such as PT", UserType::parse),
        status: params.read("status", "active or inactive", Status::parse),
        clinic: params.id("clinic_id"),
        permission: params.read("permission", "a permission such as edit_users", Permission::parse),
        sort,
        descending,
        ..Filter::default()
    };
    params.close()?;
    let asked = ListQuery { filter, after: place.map(|p| p.c), limit };
    let page = web.app.people(&api.actor, asked).await?;
    let (total, total_is_estimate) = match page.total {
        Total::Exact(n) => (n, false),
        Total::About(n) => (n, true),
    };
    let next = page.next.map(|c| encode(&ListCursor { s: order, c }));
    Ok(answer(&People { items: page.people.iter().map(Person::from).collect(), next, total, total_is_estimate }))
}

fn answer(people: &People) -> Response {
    reply::ok(people)
}

fn order(text: &str) -> Option<(Sort, bool)> {
    let (name, descending) = text.strip_prefix('-').map_or((text, false), |rest| (rest, true));
    Sort::ALL.into_iter().find(|s| s.as_str() == name).map(|sort| (sort, descending))
}
