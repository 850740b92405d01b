//! Who stands at the door with a name, and how often that went wrong.

use jiff::Timestamp;
use muster_domain::emr::Status;
use muster_domain::text::unique_key;
use sqlx::FromRow;

use super::owners::{self, SIGN_IN, SignIn};
use super::{joined, throttles};
use crate::{Handle, Result, StoreError, typed};

/// The holder of a name who would sign in with it.
#[derive(Clone, Debug)]
pub struct Entrant {
    /// Sign-in.
    pub sign_in: SignIn,
    /// Of a person with a profile.
    pub full_name: Option<String>,
    /// Of a person with an EMR account.
    pub status: Option<Status>,
}

/// One for each key with failures, at least one.
struct Row {
    owner: Option<owners::Row>,
    full_name: Option<String>,
    status: Option<String>,
    failures: Option<throttles::Row>,
}

impl<'r, R: sqlx::Row> FromRow<'r, R> for Row
where
    owners::Row: FromRow<'r, R>,
    throttles::Row: FromRow<'r, R>,
    &'static str: sqlx::ColumnIndex<R>,
    Option<String>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self {
            owner: joined(row, "subject_id")?,
            full_name: row.try_get("full_name")?,
            status: row.try_get("status")?,
            failures: joined(row, "throttle_key")?,
        })
    }
}

/// The holder of a user name or email, with what decides whether they may come in; and the failures under each of these
/// keys, as [`throttles::failures`] gives them.
pub async fn at_the_door(
    h: &mut impl Handle,
    name: &str,
    keys: &[&str],
) -> Result<(Option<Entrant>, Vec<(i64, Timestamp)>)> {
    let text = format!(
        "SELECT {SIGN_IN}, p.full_name, a.status, t.throttle_key, t.failures, t.last_failure_at FROM (SELECT 1 AS one) o
        LEFT JOIN sign_in_names n ON n.name_key = $1
        LEFT JOIN sign_ins s ON s.subject_id = n.subject_id
        LEFT JOIN people p ON p.organization_id = s.organization_id AND p.person_id = s.subject_id
        LEFT JOIN emr_accounts a ON a.organization_id = s.organization_id AND a.person_id = s.subject_id
        LEFT JOIN throttles t ON {{among t.throttle_key $2}}"
    );
    let keys = throttles::Keys::new(keys);
    let mut rows: Vec<Row> = on!(h, &text, |sql, c| {
        sqlx::query_as(sql).bind(typed(&unique_key(name))).bind(keys.bound()).fetch_all(c).await?
    });
    let failures: Vec<throttles::Row> = rows.iter_mut().filter_map(|r| r.failures.take()).collect();
    let failures = keys.each_of(&failures);
    let Some(Row { owner: Some(owner), full_name, status, .. }) = rows.into_iter().next() else {
        return Ok((None, failures));
    };
    let status = status.map(|s| Status::parse(&s).ok_or(StoreError::Corrupt(s))).transpose()?;
    Ok((Some(Entrant { sign_in: owner.into(), full_name, status }), failures))
}
