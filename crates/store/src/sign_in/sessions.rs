//! Signed-in browsers.

use jiff::Timestamp;
use muster_domain::OrganizationId;
use muster_domain::organizations::Organization;
use sqlx::FromRow;
use uuid::Uuid;

use super::owners::SignIn;
use super::{SecretOwner, joined, owner, to_owner};
use crate::organizations::{COLUMNS, OrganizationRow};
use crate::people::{self, StoredProfile};
use crate::sql::query::Query;
use crate::{Handle, Result, Tx, micros, typed, when};

/// A signed-in browser.
#[derive(Clone, Debug)]
pub struct Session {
    /// Public identity, for lists; the cookie's value is known only as a hash.
    pub id: Uuid,
    /// Whose.
    pub subject: Uuid,
    /// The organization worked in: a person's own, or the one an operator opened.
    pub organization: Option<OrganizationId>,
    /// Guards the session's forms.
    pub csrf: String,
    /// Since when.
    pub started_at: Timestamp,
    /// Last request.
    pub last_seen_at: Timestamp,
    /// True when only the password opens it again.
    pub locked: bool,
    /// From where.
    pub address: String,
    /// With what.
    pub user_agent: String,
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    session_id: Uuid,
    subject_id: Uuid,
    works_in: Option<Uuid>,
    csrf: String,
    started_at: i64,
    last_seen_at: i64,
    state: String,
    address: String,
    user_agent: String,
}

impl From<SessionRow> for Session {
    fn from(r: SessionRow) -> Self {
        Self {
            id: r.session_id,
            subject: r.subject_id,
            organization: r.works_in.map(OrganizationId),
            csrf: r.csrf,
            started_at: when(r.started_at).unwrap_or(Timestamp::UNIX_EPOCH),
            last_seen_at: when(r.last_seen_at).unwrap_or(Timestamp::UNIX_EPOCH),
            locked: r.state != OPEN,
            address: r.address,
            user_agent: r.user_agent,
        }
    }
}

const OPEN: &str = "open";
const LOCKED: &str = "locked";

const SESSION: &str = "x.session_id, x.organization_id AS works_in, x.csrf, x.started_at, x.last_seen_at, x.state, x.address, x.user_agent";

/// By the hash of its cookie, with its owner.
pub async fn session(h: &mut impl Handle, token_hash: &[u8]) -> Result<Option<(Session, SignIn)>> {
    Ok(session_context(h, token_hash).await?.map(|at| (at.session, at.owner)))
}

/// A session with all that has to be known to judge it.
#[derive(Clone, Debug)]
pub struct SessionContext {
    /// Itself.
    pub session: Session,
    /// Who signed in.
    pub owner: SignIn,
    /// Of a person.
    pub profile: Option<StoredProfile>,
    /// The organization worked in.
    pub practice: Option<Organization>,
}

struct SessionContextRow {
    session: SecretOwner<SessionRow>,
    practice: Option<OrganizationRow>,
}

impl<'r, R: sqlx::Row> FromRow<'r, R> for SessionContextRow
where
    SecretOwner<SessionRow>: FromRow<'r, R>,
    OrganizationRow: FromRow<'r, R>,
    &'static str: sqlx::ColumnIndex<R>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self { session: SecretOwner::from_row(row)?, practice: joined(row, "practice_id")? })
    }
}

/// By the hash of its cookie.
pub async fn session_context(h: &mut impl Handle, token_hash: &[u8]) -> Result<Option<SessionContext>> {
    let text = format!(
        "SELECT {SESSION}, {}, {COLUMNS} FROM sessions x {}
        LEFT JOIN organizations o ON o.organization_id = x.organization_id WHERE x.token_hash = $1",
        owner(h.split().engine()),
        to_owner()
    );
    let row: Option<SessionContextRow> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(token_hash.to_vec()).fetch_optional(c).await?);
    let Some(SessionContextRow { session: SecretOwner { what, owner, person }, practice }) = row else {
        return Ok(None);
    };
    Ok(Some(SessionContext {
        session: what.into(),
        owner: owner.try_into()?,
        profile: person.map(people::PersonRow::into_stored).transpose()?,
        practice: practice.map(Organization::try_from).transpose()?,
    }))
}

/// Sessions of a subject, newest first.
pub async fn sessions_of(h: &mut impl Handle, subject: Uuid) -> Result<Vec<Session>> {
    let text = format!(
        "SELECT {SESSION}, x.subject_id FROM sessions x WHERE x.subject_id = $1 ORDER BY x.started_at DESC LIMIT 100"
    );
    let rows: Vec<SessionRow> = on!(h, &text, |sql, c| sqlx::query_as(sql).bind(subject).fetch_all(c).await?);
    Ok(rows.into_iter().map(Session::from).collect())
}

/// Adds the session of somebody who just signed in, with the hash of its cookie; notes the time on the person and in the
/// list.
pub async fn begin_session(tx: &mut Tx, token_hash: &[u8], s: &Session) -> Result<()> {
    let text =
        "INSERT INTO sessions (token_hash, session_id, subject_id, organization_id, csrf, started_at, last_seen_at,
            state, address, user_agent)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9)";
    let session = Query::about(text, token_hash)
        .with(s.id)
        .with(s.subject)
        .with(s.organization.map(|o| o.0))
        .with(s.csrf.as_str())
        .with(micros(s.started_at))
        .with(micros(s.last_seen_at))
        .with(typed(&s.address).as_ref())
        .with(typed(&s.user_agent).as_ref());
    let of_person = |table: &str, home: OrganizationId| {
        let text = format!("UPDATE {table} SET last_sign_in_at = $3 WHERE organization_id = $1 AND person_id = $2");
        Query::about(&text, home.0).with(s.subject).with(micros(s.started_at))
    };
    let times = s.organization.into_iter().flat_map(|home| ["people", "listing"].map(|table| of_person(table, home)));
    Query::execute_together(times.chain([session]).collect(), tx).await
}

/// Sets `last_seen_at`, and locks or opens the session.
pub async fn touch_session(tx: &mut Tx, token_hash: &[u8], now: Timestamp, locked: bool) -> Result<()> {
    let state = if locked { LOCKED } else { OPEN };
    let text = "UPDATE sessions SET last_seen_at = $2, state = $3 WHERE token_hash = $1";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(token_hash.to_vec()).bind(micros(now)).bind(state).execute(c).await?;
    });
    Ok(())
}

/// The organization an operator works in from now on.
pub async fn set_session_organization(
    tx: &mut Tx,
    token_hash: &[u8],
    organization: Option<OrganizationId>,
) -> Result<()> {
    let text = "UPDATE sessions SET organization_id = $2 WHERE token_hash = $1";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(token_hash.to_vec()).bind(organization.map(|o| o.0)).execute(c).await?;
    });
    Ok(())
}

/// Ends one session.
pub async fn end_session(tx: &mut Tx, token_hash: &[u8]) -> Result<()> {
    on!(tx, "DELETE FROM sessions WHERE token_hash = $1", |sql, c| {
        sqlx::query(sql).bind(token_hash.to_vec()).execute(c).await?;
    });
    Ok(())
}

/// Ends one session of a subject by its public identity; false when there is none.
pub async fn end_session_by_id(tx: &mut Tx, subject: Uuid, session: Uuid) -> Result<bool> {
    let text = "DELETE FROM sessions WHERE subject_id = $1 AND session_id = $2";
    let changed =
        on!(tx, text, |sql, c| sqlx::query(sql).bind(subject).bind(session).execute(c).await?.rows_affected());
    Ok(changed > 0)
}

/// Ends every session of a subject but `except` (a token hash); how many.
pub async fn end_sessions(tx: &mut Tx, subject: Uuid, except: Option<&[u8]>) -> Result<u64> {
    let text = "DELETE FROM sessions WHERE subject_id = $1 AND token_hash <> $2";
    let except = except.map(<[u8]>::to_vec).unwrap_or_default();
    Ok(on!(tx, text, |sql, c| sqlx::query(sql).bind(subject).bind(except).execute(c).await?.rows_affected()))
}
