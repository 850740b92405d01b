//! Who signs in: names and passwords.

use jiff::Timestamp;
use muster_domain::OrganizationId;
use muster_domain::sign_in::PasswordState;
use muster_domain::text::unique_key;
use uuid::Uuid;

use super::{SecretOwner, owner, to_owner};
use crate::people::{self, StoredProfile};
use crate::sql::query::Query;
use crate::{Handle, Result, StoreError, Tx, micros, typed, when};

/// Who signs in with a name.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// A person, or an operator of the installation.
    pub subject: Uuid,
    /// Of a person; an operator has none.
    pub organization: Option<OrganizationId>,
    /// Of an operator.
    pub shown_name: String,
    /// Argon2id in PHC form.
    pub password_hash: Option<String>,
    /// What is known of the password.
    pub password_state: PasswordState,
    /// When it was set.
    pub password_changed_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
pub(super) struct OwnerRow {
    subject_id: Uuid,
    organization_id: Option<Uuid>,
    shown_name: String,
    password_hash: Option<String>,
    password_state: String,
    password_changed_at: i64,
}

impl TryFrom<OwnerRow> for SignIn {
    type Error = StoreError;

    fn try_from(r: OwnerRow) -> Result<Self> {
        Ok(Self {
            subject: r.subject_id,
            organization: r.organization_id.map(OrganizationId),
            shown_name: r.shown_name,
            password_hash: r.password_hash,
            password_state: password_state(r.password_state)?,
            password_changed_at: when(r.password_changed_at),
        })
    }
}

/// A stored code as a password state.
pub(crate) fn password_state(code: String) -> Result<PasswordState> {
    PasswordState::parse(&code).ok_or(StoreError::Corrupt(code))
}

pub(super) const SIGN_IN: &str =
    "s.subject_id, s.organization_id, s.shown_name, s.password_hash, s.password_state, s.password_changed_at";

/// By user name or email.
pub async fn find_by_name(h: &mut impl Handle, name: &str) -> Result<Option<SignIn>> {
    let text = format!(
        "SELECT {SIGN_IN} FROM sign_in_names n JOIN sign_ins s ON s.subject_id = n.subject_id WHERE n.name_key = $1"
    );
    let row: Option<OwnerRow> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(typed(&unique_key(name))).fetch_optional(c).await?);
    row.map(SignIn::try_from).transpose()
}

/// By user name or email, with the profile of a person: all that decides whether the holder may sign in.
pub async fn find_with_profile(h: &mut impl Handle, name: &str) -> Result<Option<(SignIn, Option<StoredProfile>)>> {
    let owner = owner(h.split().engine());
    let text = format!("SELECT {owner} FROM sign_in_names x {} WHERE x.name_key = $1", to_owner());
    let row: Option<SecretOwner<()>> =
        on!(h, &text, |sql, c| sqlx::query_as(sql).bind(typed(&unique_key(name))).fetch_optional(c).await?);
    let Some(SecretOwner { owner, person, .. }) = row else { return Ok(None) };
    Ok(Some((owner.try_into()?, person.map(people::PersonRow::into_stored).transpose()?)))
}

/// By identity.
pub async fn find(h: &mut impl Handle, subject: Uuid) -> Result<Option<SignIn>> {
    let text = format!("SELECT {SIGN_IN} FROM sign_ins s WHERE s.subject_id = $1");
    let row: Option<OwnerRow> = on!(h, &text, |sql, c| sqlx::query_as(sql).bind(subject).fetch_optional(c).await?);
    row.map(SignIn::try_from).transpose()
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

/// Sets a password; its state is written on the person as well, where profiles are read.
pub async fn set_password(tx: &mut Tx, subject: Uuid, hash: &str, state: PasswordState, now: Timestamp) -> Result<()> {
    let text =
        "UPDATE sign_ins SET password_hash = $2, password_state = $3, password_changed_at = $4 WHERE subject_id = $1";
    let password = Query::about(text, subject).with(hash).with(state.as_str()).with(micros(now));
    let text = "UPDATE people SET password_state = $2 WHERE person_id = $1
        AND organization_id = (SELECT s.organization_id FROM sign_ins s WHERE s.subject_id = $1)";
    Query::execute_together(vec![Query::about(text, subject).with(state.as_str()), password], tx).await
}

/// Replaces a hash by a stronger one of the same password, unless the password changed meanwhile.
pub async fn rehash_password(tx: &mut Tx, subject: Uuid, old: &str, new: &str) -> Result<()> {
    let text = "UPDATE sign_ins SET password_hash = $3 WHERE subject_id = $1 AND password_hash = $2";
    on!(tx, text, |sql, c| {
        sqlx::query(sql).bind(subject).bind(old).bind(new).execute(c).await?;
    });
    Ok(())
}
