//! Sign-in names, passwords, sessions, links, tokens and throttles at rest. Installation-wide: keyed by themselves.

mod links;
mod owners;
mod sessions;
mod throttles;
mod tokens;

use jiff::Timestamp;
use sqlx::{FromRow, ValueRef};
use uuid::Uuid;

pub use links::{Link, end_links, insert_link, link, spend_link};
pub(crate) use owners::password_state;
pub use owners::{
    SignIn, find, find_by_name, find_with_profile, insert_operator, name_owner, rehash_password, set_password,
};
pub use sessions::{
    Session, SessionContext, begin_session, end_session, end_session_by_id, end_sessions, session, session_context,
    sessions_of, set_session_organization, touch_session,
};
pub use throttles::{clear_failures, failures, note_failure};
pub use tokens::{Token, delete_token, insert_token, token, tokens_of, touch_token};

use crate::sql::dialect::Engine;
use crate::{Result, Tx, micros, people};

/// What a secret proves, with who signs in by it and, of a person, the profile: all that tells who is asking.
struct SecretOwner<T> {
    what: T,
    owner: owners::OwnerRow,
    person: Option<people::PersonRow>,
}

/// The columns of the owner of an `x`.
fn owner(engine: Engine) -> String {
    format!("{}, {}", owners::SIGN_IN, people::columns_beside_sign_in(engine))
}

/// Joins the owner to an `x`.
fn to_owner() -> String {
    format!(
        "JOIN sign_ins s ON s.subject_id = x.subject_id
        LEFT JOIN people p ON p.organization_id = s.organization_id AND p.person_id = s.subject_id {}",
        people::ACCOUNTS
    )
}

impl<'r, R: sqlx::Row, T: sqlx::FromRow<'r, R>> sqlx::FromRow<'r, R> for SecretOwner<T>
where
    owners::OwnerRow: sqlx::FromRow<'r, R>,
    people::PersonRow: sqlx::FromRow<'r, R>,
    &'static str: sqlx::ColumnIndex<R>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self { what: T::from_row(row)?, owner: FromRow::from_row(row)?, person: joined(row, "person_id")? })
    }
}

/// The part of a row that an outer join adds; none where its `key` is null.
fn joined<'r, T, R>(row: &'r R, key: &'static str) -> sqlx::Result<Option<T>>
where
    R: sqlx::Row,
    &'static str: sqlx::ColumnIndex<R>,
    T: sqlx::FromRow<'r, R>,
{
    if row.try_get_raw(key)?.is_null() { Ok(None) } else { T::from_row(row).map(Some) }
}

/// Ends everything a subject could still get in with: sessions, links and tokens.
pub async fn end_all_access(tx: &mut Tx, subject: Uuid) -> Result<()> {
    end_sessions(tx, subject, None).await?;
    end_links(tx, subject).await?;
    on!(tx, "DELETE FROM tokens WHERE subject_id = $1", |sql, c| {
        sqlx::query(sql).bind(subject).execute(c).await?;
    });
    Ok(())
}

/// Deletes what expired: links and tokens past `now`; sessions and throttles older than `sessions_before`.
pub async fn sweep(tx: &mut Tx, now: Timestamp, sessions_before: Timestamp) -> Result<()> {
    let text = "DELETE FROM sessions WHERE started_at < $1";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(micros(sessions_before)).execute(c).await?;
    });
    for text in ["DELETE FROM links WHERE expires_at < $1", "DELETE FROM tokens WHERE expires_at < $1"] {
        on!(tx, text, |sql, c| {
            sqlx::query(sql).bind(micros(now)).execute(c).await?;
        });
    }
    on!(tx, "DELETE FROM throttles WHERE last_failure_at < $1", |sql, c| {
        sqlx::query(sql).bind(micros(sessions_before)).execute(c).await?;
    });
    Ok(())
}
