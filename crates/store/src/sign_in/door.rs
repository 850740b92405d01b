//! Who stands at the door with a name, and how often that went wrong.

use std::collections::HashMap;

use jiff::Timestamp;
use muster_domain::emr::Status;
use muster_domain::text::unique_key;
use sqlx::FromRow;

use super::owners::{self, SIGN_IN, SignIn};
use super::{joined, throttles};
use crate::dialect::in_texts;
use crate::{Handle, Result, StoreError, typed};

/// The holder of a name who would sign in with it.
#[derive(Clone, Debug)]
pub struct SignInCandidate {
    /// Sign-in.
    pub sign_in: SignIn,
    /// Of a person with a profile.
    pub full_name: Option<String>,
    /// Of a person with an EMR account.
    pub status: Option<Status>,
}

/// What is known of somebody at the door.
#[derive(Clone, Debug)]
pub struct SignInLookup {
    /// Whose the name is.
    pub entrant: Option<SignInCandidate>,
    /// The failures under each of the keys asked about, as [`throttles::failures`] gives them.
    pub failures: Vec<(i64, Timestamp)>,
}

/// One for each name that somebody has, and one for each key with failures.
struct Row {
    name_key: Option<String>,
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
            name_key: row.try_get("name_key")?,
            owner: joined(row, "subject_id")?,
            full_name: row.try_get("full_name")?,
            status: row.try_get("status")?,
            failures: joined(row, "throttle_key")?,
        })
    }
}

/// For each user name or email, in their order: its holder, with what decides whether they may come in, and the failures
/// under the keys that go with it.
pub async fn look_up_sign_in(h: &mut impl Handle, asked: &[(&str, Vec<&str>)]) -> Result<Vec<SignInLookup>> {
    let names: Vec<String> = asked.iter().map(|(name, _)| typed(&unique_key(name)).into_owned()).collect();
    let all_keys: Vec<&str> = asked.iter().flat_map(|(_, keys)| keys.iter().copied()).collect();
    let engine = h.split().engine();
    let (is_named, is_counted) = (in_texts(engine, "n.name_key", "$1"), in_texts(engine, "t.throttle_key", "$2"));
    let text = format!(
        "SELECT n.name_key, {SIGN_IN}, p.full_name, a.status, t.throttle_key, t.failures, t.last_failure_at
        FROM (SELECT 1 AS side UNION ALL SELECT 2) o
        LEFT JOIN sign_in_names n ON o.side = 1 AND {is_named}
        LEFT JOIN sign_ins s ON s.subject_id = n.subject_id
        LEFT JOIN people p ON p.organization_id = s.organization_id AND p.person_id = s.subject_id
        LEFT JOIN emr_accounts a ON a.organization_id = s.organization_id AND a.person_id = s.subject_id
        LEFT JOIN throttles t ON o.side = 2 AND {is_counted}"
    );
    let bound = (serde_json::json!(names).to_string(), throttles::Keys::new(&all_keys).bound());
    let rows: Vec<Row> = on!(h, &text, |sql, c| sqlx::query_as(sql).bind(&bound.0).bind(&bound.1).fetch_all(c).await?);
    let mut failures = Vec::new();
    let mut holders = HashMap::new();
    for row in rows {
        failures.extend(row.failures);
        if let (Some(name), Some(owner)) = (row.name_key, row.owner) {
            holders.insert(name, entrant(owner, row.full_name, row.status)?);
        }
    }
    let each = names.iter().zip(asked).map(|(name, (_, keys))| SignInLookup {
        entrant: holders.get(name).cloned(),
        failures: throttles::Keys::new(keys).each_of(&failures),
    });
    Ok(each.collect())
}

fn entrant(owner: owners::Row, full_name: Option<String>, status: Option<String>) -> Result<SignInCandidate> {
    let status = status.map(|s| Status::parse(&s).ok_or(StoreError::Corrupt(s))).transpose()?;
    Ok(SignInCandidate { sign_in: owner.into(), full_name, status })
}
