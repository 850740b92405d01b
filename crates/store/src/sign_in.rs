//! Sign-in names, passwords, sessions, links, tokens and throttles at rest. Installation-wide: keyed by themselves.

use jiff::Timestamp;
use muster_domain::OrganizationId;
use muster_domain::text::unique_key;
use uuid::Uuid;

use crate::{Handle, Result, Tx, micros, typed, when};

/// Who signs in with a name.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// A person, or an operator of the installation.
    pub subject: Uuid,
    /// `person` or `operator`.
    pub kind: String,
    /// Of a person.
    pub organization: Option<OrganizationId>,
    /// Of an operator.
    pub shown_name: String,
    /// Argon2id in PHC form.
    pub password_hash: Option<String>,
    /// `none`, `set` or `must_change`.
    pub password_state: String,
    /// When it was set.
    pub password_changed_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct SignInRow {
    subject_id: Uuid,
    kind: String,
    organization_id: Option<Uuid>,
    shown_name: String,
    password_hash: Option<String>,
    password_state: String,
    password_changed_at: i64,
}

impl From<SignInRow> for SignIn {
    fn from(r: SignInRow) -> Self {
        Self {
            subject: r.subject_id,
            kind: r.kind,
            organization: r.organization_id.map(OrganizationId),
            shown_name: r.shown_name,
            password_hash: r.password_hash,
            password_state: r.password_state,
            password_changed_at: when(r.password_changed_at),
        }
    }
}

const SIGN_IN: &str =
    "s.subject_id, s.kind, s.organization_id, s.shown_name, s.password_hash, s.password_state, s.password_changed_at";

/// By user name or email.
pub async fn find_by_name(h: &mut impl Handle, name: &str) -> Result<Option<SignIn>> {
    let text = format!(
        "SELECT {SIGN_IN} FROM sign_in_names n JOIN sign_ins s ON s.subject_id = n.subject_id WHERE n.name_key = $1"
    );
    let row: Option<SignInRow> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(typed(&unique_key(name))).fetch_optional(c).await?);
    Ok(row.map(SignIn::from))
}

/// By identity.
pub async fn find(h: &mut impl Handle, subject: Uuid) -> Result<Option<SignIn>> {
    let text = format!("SELECT {SIGN_IN} FROM sign_ins s WHERE s.subject_id = $1");
    let row: Option<SignInRow> = on!(h, &text, |sql, c| sqlx::query_as(sql).bind(subject).fetch_optional(c).await?);
    Ok(row.map(SignIn::from))
}

/// Who holds a user name or email: the subject and, for a person, the organization.
pub async fn name_owner(h: &mut impl Handle, name: &str) -> Result<Option<(Uuid, Option<OrganizationId>)>> {
    let text = "SELECT subject_id, organization_id FROM sign_in_names WHERE name_key = $1";
    let row: Option<(Uuid, Option<Uuid>)> =
        on!(h, text, |sql, c| sqlx::query_as(sql).bind(typed(&unique_key(name))).fetch_optional(c).await?);
    Ok(row.map(|(subject, organization)| (subject, organization.map(OrganizationId))))
}

/// Adds an operator of the installation. [`crate::StoreError::Taken`] when a name is in use.
pub async fn insert_operator(tx: &mut Tx, id: Uuid, username: &str, email: &str) -> Result<()> {
    let text =
        "INSERT INTO sign_ins (subject_id, kind, shown_name, password_state) VALUES ($1, 'operator', $2, 'none')";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(id).bind(username).execute(c).await?;
    });
    for key in std::collections::BTreeSet::from([unique_key(username), unique_key(email)]) {
        let text = "INSERT INTO sign_in_names (name_key, subject_id) VALUES ($1, $2)";
        on!(tx, text, |sql, c| {
            sqlx::query(sql).bind(key).bind(id).execute(c).await?;
        });
    }
    Ok(())
}

/// Sets a password. `state` is `set` or `must_change`.
pub async fn set_password(tx: &mut Tx, subject: Uuid, hash: &str, state: &str, now: Timestamp) -> Result<()> {
    let text =
        "UPDATE sign_ins SET password_hash = $2, password_state = $3, password_changed_at = $4 WHERE subject_id = $1";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(subject).bind(hash).bind(state).bind(micros(now)).execute(c).await?;
    });
    Ok(())
}

/// Replaces a hash by a stronger one of the same password, unless the password changed meanwhile.
pub async fn rehash_password(tx: &mut Tx, subject: Uuid, old: &str, new: &str) -> Result<()> {
    let text = "UPDATE sign_ins SET password_hash = $3 WHERE subject_id = $1 AND password_hash = $2";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(subject).bind(old).bind(new).execute(c).await?;
    });
    Ok(())
}

/// Notes a successful sign-in, on the sign-in and in the list.
pub async fn note_sign_in(
    tx: &mut Tx,
    subject: Uuid,
    organization: Option<OrganizationId>,
    now: Timestamp,
) -> Result<()> {
    let text = "UPDATE sign_ins SET last_sign_in_at = $2 WHERE subject_id = $1";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(subject).bind(micros(now)).execute(c).await?;
    });
    if let Some(organization) = organization {
        let text = "UPDATE directory SET last_sign_in_at = $3 WHERE organization_id = $1 AND person_id = $2";
        on!(tx, text, |sql, c| {
            sqlx::query(sql).bind(organization.0).bind(subject).bind(micros(now)).execute(c).await?;
        });
    }
    Ok(())
}

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
    /// `open` or `locked`.
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
            locked: r.state != "open",
            address: r.address,
            user_agent: r.user_agent,
        }
    }
}

const SESSION: &str = "x.session_id, x.organization_id AS works_in, x.csrf, x.started_at, x.last_seen_at, x.state, x.address, x.user_agent";

/// What a secret proves, with who signs in by it.
#[derive(sqlx::FromRow)]
struct Owned<T> {
    #[sqlx(flatten)]
    what: T,
    #[sqlx(flatten)]
    owner: SignInRow,
}

/// By the hash of its cookie, with its owner.
pub async fn session(h: &mut impl Handle, token_hash: &[u8]) -> Result<Option<(Session, SignIn)>> {
    let text = format!(
        "SELECT {SESSION}, {SIGN_IN} FROM sessions x JOIN sign_ins s ON s.subject_id = x.subject_id WHERE x.token_hash = $1"
    );
    let row: Option<Owned<SessionRow>> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(token_hash.to_vec()).fetch_optional(c).await?);
    Ok(row.map(|r| (r.what.into(), r.owner.into())))
}

/// Sessions of a subject, newest first.
pub async fn sessions_of(h: &mut impl Handle, subject: Uuid) -> Result<Vec<Session>> {
    let text = format!(
        "SELECT {SESSION}, x.subject_id FROM sessions x WHERE x.subject_id = $1 ORDER BY x.started_at DESC LIMIT 100"
    );
    let rows: Vec<SessionRow> = on!(h, &text, |sql, c| sqlx::query_as(sql).bind(subject).fetch_all(c).await?);
    Ok(rows.into_iter().map(Session::from).collect())
}

/// Adds one.
pub async fn insert_session(tx: &mut Tx, token_hash: &[u8], s: &Session) -> Result<()> {
    let text =
        "INSERT INTO sessions (token_hash, session_id, subject_id, organization_id, csrf, started_at, last_seen_at,
            state, address, user_agent) VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(token_hash.to_vec())
            .bind(s.id)
            .bind(s.subject)
            .bind(s.organization.map(|o| o.0))
            .bind(&s.csrf)
            .bind(micros(s.started_at))
            .bind(micros(s.last_seen_at))
            .bind(&s.address)
            .bind(&s.user_agent)
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Moves `last_seen_at` forward and sets the state (`open` or `locked`).
pub async fn touch_session(tx: &mut Tx, token_hash: &[u8], now: Timestamp, state: &str) -> Result<()> {
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

/// Ends everything a subject could still get in with: sessions, links and tokens.
pub async fn end_all_access(tx: &mut Tx, subject: Uuid) -> Result<()> {
    end_sessions(tx, subject, None).await?;
    end_links(tx, subject).await?;
    on!(tx, "DELETE FROM tokens WHERE subject_id = $1", |sql, c| {
        sqlx::query(sql).bind(subject).execute(c).await?;
    });
    Ok(())
}

/// Makes every link of a subject worthless.
pub async fn end_links(tx: &mut Tx, subject: Uuid) -> Result<()> {
    on!(tx, "DELETE FROM links WHERE subject_id = $1", |sql, c| {
        sqlx::query(sql).bind(subject).execute(c).await?;
    });
    Ok(())
}

/// A single-use link.
#[derive(Clone, Debug)]
pub struct Link {
    /// `setup`, `invitation` or `reset`.
    pub purpose: String,
    /// Whose password it sets; nil for `setup`.
    pub subject: Uuid,
    /// Of a person.
    pub organization: Option<OrganizationId>,
    /// Worthless from then on.
    pub expires_at: Timestamp,
}

/// Stores a link, replacing every earlier one of the same subject and purpose kind.
pub async fn insert_link(tx: &mut Tx, token_hash: &[u8], link: &Link) -> Result<()> {
    on!(tx, "DELETE FROM links WHERE subject_id = $1", |sql, c| {
        sqlx::query(sql).bind(link.subject).execute(c).await?;
    });
    let text =
        "INSERT INTO links (token_hash, purpose, subject_id, organization_id, expires_at) VALUES ($1, $2, $3, $4, $5)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(token_hash.to_vec())
            .bind(&link.purpose)
            .bind(link.subject)
            .bind(link.organization.map(|o| o.0))
            .bind(micros(link.expires_at))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// A link that still works at `now`.
pub async fn link(h: &mut impl Handle, token_hash: &[u8], now: Timestamp) -> Result<Option<Link>> {
    let text =
        "SELECT purpose, subject_id, organization_id, expires_at FROM links WHERE token_hash = $1 AND expires_at > $2";
    let row: Option<(String, Uuid, Option<Uuid>, i64)> = on!(h, text, |sql, c| {
        sqlx::query_as(sql).bind(token_hash.to_vec()).bind(micros(now)).fetch_optional(c).await?
    });
    Ok(row.map(|(purpose, subject, organization, expires)| Link {
        purpose,
        subject,
        organization: organization.map(OrganizationId),
        expires_at: when(expires).unwrap_or(Timestamp::UNIX_EPOCH),
    }))
}

/// Uses a link up. False when somebody else just did: the link works once, whoever races.
pub async fn spend_link(tx: &mut Tx, token_hash: &[u8]) -> Result<bool> {
    let changed = on!(tx, "DELETE FROM links WHERE token_hash = $1", |sql, c| {
        sqlx::query(sql).bind(token_hash.to_vec()).execute(c).await?.rows_affected()
    });
    Ok(changed == 1)
}

/// How many failures stand under each of these keys, in their order, and when the last one was.
pub async fn failures(h: &mut impl Handle, keys: &[&str]) -> Result<Vec<(i64, Timestamp)>> {
    let text = "SELECT throttle_key, failures, last_failure_at FROM throttles WHERE {among throttle_key $1}";
    let keys: Vec<_> = keys.iter().map(|k| typed(k)).collect();
    let list = serde_json::json!(keys).to_string();
    let rows: Vec<(String, i64, i64)> = on!(h, text, |sql, c| sqlx::query_as(sql).bind(list).fetch_all(c).await?);
    let of = |key: &str| rows.iter().find(|(k, ..)| k == key).map_or((0, 0), |(_, failures, at)| (*failures, *at));
    Ok(keys.iter().map(|key| of(key)).map(|(n, at)| (n, when(at).unwrap_or(Timestamp::UNIX_EPOCH))).collect())
}

/// Notes one more failure; a count whose last failure is older than `forget_before` starts anew.
pub async fn note_failure(tx: &mut Tx, key: &str, now: Timestamp, forget_before: Timestamp) -> Result<()> {
    let text = "INSERT INTO throttles (throttle_key, failures, last_failure_at) VALUES ($1, 1, $2)
        ON CONFLICT (throttle_key) DO UPDATE SET last_failure_at = $2,
            failures = CASE WHEN throttles.last_failure_at < $3 THEN 1 ELSE throttles.failures + 1 END";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(typed(key)).bind(micros(now)).bind(micros(forget_before)).execute(c).await?;
    });
    Ok(())
}

/// Forgets the failures under a key.
pub async fn clear_failures(tx: &mut Tx, key: &str) -> Result<()> {
    on!(tx, "DELETE FROM throttles WHERE throttle_key = $1", |sql, c| {
        sqlx::query(sql).bind(typed(key)).execute(c).await?;
    });
    Ok(())
}

/// A personal access token.
#[derive(Clone, Debug)]
pub struct Token {
    /// Public identity.
    pub id: Uuid,
    /// Whose rights it carries, at most.
    pub subject: Uuid,
    /// Of a person.
    pub organization: Option<OrganizationId>,
    /// What it is for, in its owner's words.
    pub name: String,
    /// Space-separated.
    pub scopes: String,
    /// When.
    pub created_at: Timestamp,
    /// Worthless from then on.
    pub expires_at: Option<Timestamp>,
    /// Last use, to the minute.
    pub last_used_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    token_id: Uuid,
    subject_id: Uuid,
    works_in: Option<Uuid>,
    name: String,
    scopes: String,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: i64,
}

impl From<TokenRow> for Token {
    fn from(r: TokenRow) -> Self {
        Self {
            id: r.token_id,
            subject: r.subject_id,
            organization: r.works_in.map(OrganizationId),
            name: r.name,
            scopes: r.scopes,
            created_at: when(r.created_at).unwrap_or(Timestamp::UNIX_EPOCH),
            expires_at: r.expires_at.and_then(when),
            last_used_at: when(r.last_used_at),
        }
    }
}

const TOKEN: &str =
    "x.token_id, x.organization_id AS works_in, x.name, x.scopes, x.created_at, x.expires_at, x.last_used_at";

/// By the hash of its secret, with its owner.
pub async fn token(h: &mut impl Handle, token_hash: &[u8]) -> Result<Option<(Token, SignIn)>> {
    let text = format!(
        "SELECT {TOKEN}, {SIGN_IN} FROM tokens x JOIN sign_ins s ON s.subject_id = x.subject_id WHERE x.token_hash = $1"
    );
    let row: Option<Owned<TokenRow>> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(token_hash.to_vec()).fetch_optional(c).await?);
    Ok(row.map(|r| (r.what.into(), r.owner.into())))
}

/// Tokens of a subject, newest first.
pub async fn tokens_of(h: &mut impl Handle, subject: Uuid) -> Result<Vec<Token>> {
    let text = format!(
        "SELECT {TOKEN}, x.subject_id FROM tokens x WHERE x.subject_id = $1 ORDER BY x.created_at DESC LIMIT 100"
    );
    let rows: Vec<TokenRow> = on!(h, &text, |sql, c| sqlx::query_as(sql).bind(subject).fetch_all(c).await?);
    Ok(rows.into_iter().map(Token::from).collect())
}

/// Adds one.
pub async fn insert_token(tx: &mut Tx, token_hash: &[u8], t: &Token) -> Result<()> {
    let text =
        "INSERT INTO tokens (token_hash, token_id, subject_id, organization_id, name, scopes, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on!(tx, text, |sql, c| {
        sqlx::query(sql)
            .bind(token_hash.to_vec())
            .bind(t.id)
            .bind(t.subject)
            .bind(t.organization.map(|o| o.0))
            .bind(&t.name)
            .bind(&t.scopes)
            .bind(micros(t.created_at))
            .bind(t.expires_at.map(micros))
            .execute(c)
            .await?;
    });
    Ok(())
}

/// Revokes a subject's token; false when there is none.
pub async fn delete_token(tx: &mut Tx, subject: Uuid, token: Uuid) -> Result<bool> {
    let text = "DELETE FROM tokens WHERE subject_id = $1 AND token_id = $2";
    let changed = on!(tx, text, |sql, c| sqlx::query(sql).bind(subject).bind(token).execute(c).await?.rows_affected());
    Ok(changed > 0)
}

/// Notes the use of a token.
pub async fn touch_token(tx: &mut Tx, token_hash: &[u8], now: Timestamp) -> Result<()> {
    let text = "UPDATE tokens SET last_used_at = $2 WHERE token_hash = $1";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(token_hash.to_vec()).bind(micros(now)).execute(c).await?;
    });
    Ok(())
}

/// Sweeps what has run out: links and tokens past `now`; sessions, throttles, remembered answers and settled messages
/// older than `sessions_before`.
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
    for text in [
        "DELETE FROM throttles WHERE last_failure_at < $1",
        "DELETE FROM idempotency_keys WHERE created_at < $1",
        "DELETE FROM outbox WHERE state <> 'waiting' AND created_at < $1",
    ] {
        on!(tx, text, |sql, c| {
            sqlx::query(sql).bind(micros(sessions_before)).execute(c).await?;
        });
    }
    Ok(())
}
