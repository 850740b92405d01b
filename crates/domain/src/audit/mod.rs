//! The record of what was done and what was refused, chained so that tampering shows.
//!
//! Each organization has one chain. A record's hash is an HMAC over its content and the hash before it, with a key
//! that does not lie in the database: who can write the database alone cannot mend the chain. The chain's head is
//! kept beside it, so that cutting off the end shows as well.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::Sha256;
use uuid::Uuid;

use crate::ids::OrganizationId;

macro_rules! actions {
    ($($variant:ident $code:literal $label:literal;)*) => {
        /// What was done, or asked for in vain.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $(#[doc = $label] $variant,)* }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Action] = &[$(Action::$variant,)*];
            /// As stored and as programs see it.
            pub fn as_str(self) -> &'static str { match self { $(Action::$variant => $code,)* } }
            /// In words.
            pub fn label(self) -> &'static str { match self { $(Action::$variant => $label,)* } }
        }
    };
}

actions! {
    OrganizationCreated "organization.created" "Practice set up";
    OrganizationUpdated "organization.updated" "Settings changed";
    ClinicCreated "clinic.created" "Clinic added";
    ClinicUpdated "clinic.updated" "Clinic changed";
    PersonCreated "person.created" "Person added";
    PersonUpdated "person.updated" "Profile changed";
    PersonViewed "person.viewed" "Profile looked for";
    UserTypeChanged "emr_account.type_changed" "User type changed";
    AccessCopied "emr_account.access_copied" "Access copied from others";
    PictureSet "picture.set" "Profile picture set";
    PictureRemoved "picture.removed" "Profile picture removed";
    SignatureSet "signature.set" "Signature set";
    SignatureRemoved "signature.removed" "Signature removed";
    LicenseAdded "professional_license.added" "Professional license added";
    LicenseChanged "professional_license.changed" "Professional license changed";
    LicenseRemoved "professional_license.removed" "Professional license removed";
    SupervisorChanged "supervisor.changed" "Supervisor changed";
    ReminderSent "license_reminder.sent" "License reminder sent";
    CredentialsExported "credentials.exported" "Credentials worklist exported";
    PersonOffboarded "person.offboarded" "Off-boarded";
    FoundToBeTwo "person.someone_else" "Found to be someone else";
    PeopleMerged "people.merged" "Profiles merged";
    MergeUndone "people.merge_undone" "Merge undone";
    PasswordSet "password.set" "Password set by a manager";
    PasswordChanged "password.changed" "Own password changed";
    InvitationSent "invitation.sent" "Invitation sent";
    ResetSent "password_reset.sent" "Password reset link sent";
    ResetRequested "password_reset.requested" "Password reset asked for";
    LinkUsed "link.used" "Link used to set a password";
    SignedIn "sign_in.succeeded" "Signed in";
    SignInFailed "sign_in.failed" "Sign-in failed";
    Unlocked "session.unlocked" "Session unlocked";
    SignedOut "sign_out" "Signed out";
    SessionsEnded "sessions.ended" "Sessions ended";
    TokenCreated "token.created" "Access token made";
    TokenRevoked "token.revoked" "Access token revoked";
    LicenseTotalSet "license_pool.total_set" "License total set";
    LicenseRequested "license_request.submitted" "Licenses asked for";
    LicenseRequestProcessed "license_request.processed" "License request processed";
    LicenseRequestRejected "license_request.rejected" "License request rejected";
    LicenseRequestWithdrawn "license_request.withdrawn" "License request withdrawn";
    LicensePricesSet "license_prices.set" "License prices set";
    LedgerExported "license_ledger.exported" "License ledger exported";
    PeopleImported "people.imported" "People imported";
    BulkUpdated "bulk_update.done" "Bulk update";
    BulkUndone "bulk_update.undone" "Bulk update undone";
    BulkPresetSaved "bulk_preset.saved" "Saved selection or change set";
    BulkPresetRemoved "bulk_preset.removed" "Saved selection or change set removed";
    PeopleExported "people.exported" "People exported";
    AuditExported "audit.exported" "Audit exported";
    AuditSealed "audit.sealed" "Audit taken as it stands";
    OperatorCreated "operator.created" "Support operator added";
    OperatorEntered "operator.entered" "Support opened the practice";
    AuditViewed "audit.viewed" "Audit looked for";
}

impl Action {
    /// The action a code names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|a| a.as_str() == text)
    }
}

/// Whether it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It was done.
    Done,
    /// It was refused.
    Denied,
}

impl Effect {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
        }
    }
}

/// A record before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Identity.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// `person`, `support`, `command_line`, or `nobody` before anyone has signed in.
    pub actor_kind: String,
    /// Who.
    pub actor_id: Option<Uuid>,
    /// The name then.
    pub actor_name: String,
    /// What.
    pub action: String,
    /// Done or denied.
    pub effect: String,
    /// The person or thing the record is about.
    pub subject_id: Option<Uuid>,
    /// The name then.
    pub subject_name: String,
    /// Which door: page, api, command_line, import, bulk.
    pub channel: String,
    /// From where; empty for the command line.
    pub address: String,
    /// Before → after, or the refusal codes; JSON text.
    pub detail: String,
}

impl AuditEntry {
    /// The bytes that are signed: every field with its length, so that no two records read alike.
    fn bytes(&self, organization: OrganizationId, seq: i64) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 + self.detail.len());
        let mut put = |part: &[u8]| {
            out.extend_from_slice(&(part.len() as u64).to_be_bytes());
            out.extend_from_slice(part);
        };
        put(organization.0.as_bytes());
        put(&seq.to_be_bytes());
        put(self.id.as_bytes());
        put(&self.at.as_microsecond().to_be_bytes());
        put(self.actor_kind.as_bytes());
        put(self.actor_id.as_ref().map_or(&[][..], |id| id.as_bytes()));
        put(self.actor_name.as_bytes());
        put(self.action.as_bytes());
        put(self.effect.as_bytes());
        put(self.subject_id.as_ref().map_or(&[][..], |id| id.as_bytes()));
        put(self.subject_name.as_bytes());
        put(self.channel.as_bytes());
        put(self.address.as_bytes());
        put(self.detail.as_bytes());
        out
    }
}

/// A keyed chain of one organization.
#[derive(Clone)]
pub struct Chain {
    organization: OrganizationId,
    key: Hmac<Sha256>,
    seq: i64,
    hash: Vec<u8>,
}

impl Chain {
    /// Continues after the record `seq` with hash `hash`; 0 and empty at the very start.
    ///
    /// # Panics
    /// Never: HMAC takes keys of any length.
    pub fn continuing(organization: OrganizationId, key: &[u8], seq: i64, hash: Vec<u8>) -> Self {
        let key = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
        Self { organization, key, seq, hash }
    }

    /// Signs the next record; gives its number and hash.
    pub fn append(&mut self, entry: &AuditEntry) -> (i64, Vec<u8>) {
        self.seq += 1;
        let mut mac = self.key.clone();
        mac.update(&(self.hash.len() as u64).to_be_bytes());
        mac.update(&self.hash);
        mac.update(&entry.bytes(self.organization, self.seq));
        self.hash = mac.finalize().into_bytes().to_vec();
        (self.seq, self.hash.clone())
    }

    /// Signs that the chain ends here. It is no record's hash, so that nobody who can write the database can
    /// make another record the last one.
    pub fn seal(&self) -> Vec<u8> {
        let mut mac = self.key.clone();
        mac.update(b"ends here");
        mac.update(self.organization.0.as_bytes());
        mac.update(&self.seq.to_be_bytes());
        mac.update(&self.hash);
        mac.finalize().into_bytes().to_vec()
    }

    /// Number and hash of the last record.
    pub fn head(&self) -> (i64, &[u8]) {
        (self.seq, &self.hash)
    }
}

/// What changed between two flat records: `{field: {before, after}}`, only what differs.
pub fn changes(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    for (field, new) in after {
        let old = before.get(field).unwrap_or(&Value::Null);
        if old != new {
            out.insert(field.clone(), serde_json::json!({"before": old, "after": new}));
        }
    }
    for (field, old) in before {
        if !after.contains_key(field) && !old.is_null() {
            out.insert(field.clone(), serde_json::json!({"before": old, "after": Value::Null}));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(detail: &str) -> AuditEntry {
        AuditEntry {
            id: Uuid::nil(),
            at: Timestamp::UNIX_EPOCH,
            actor_kind: "person".into(),
            actor_id: None,
            actor_name: "Mara".into(),
            action: "person.updated".into(),
            effect: "done".into(),
            subject_id: None,
            subject_name: String::new(),
            channel: "page".into(),
            address: String::new(),
            detail: detail.into(),
        }
    }

    #[test]
    fn a_record_signs_everything_before_it_and_needs_the_key() {
        let chain = |key: &[u8], details: &[&str]| {
            let mut chain = Chain::continuing(OrganizationId::INSTALLATION, key, 0, vec![]);
            details.iter().map(|d| chain.append(&entry(d)).1).collect::<Vec<_>>().pop()
        };
        assert_eq!(chain(b"k", &["a", "b"]), chain(b"k", &["a", "b"]));
        assert_ne!(chain(b"k", &["a", "b"]), chain(b"k", &["x", "b"]));
        assert_ne!(chain(b"k", &["a", "b"]), chain(b"K", &["a", "b"]));
        assert_ne!(chain(b"k", &["b"]), chain(b"k", &["a", "b"]));
    }

    #[test]
    fn the_end_is_sealed_by_what_no_record_carries() {
        let of = |organization| Chain::continuing(organization, b"k", 0, vec![]);
        let mut chain = of(OrganizationId::INSTALLATION);
        let mut seals = vec![chain.seal(), of(OrganizationId(Uuid::from_u128(7))).seal()];
        for detail in ["a", "b"] {
            let (seq, hash) = chain.append(&entry(detail));
            assert_eq!(chain.seal(), Chain::continuing(OrganizationId::INSTALLATION, b"k", seq, hash.clone()).seal());
            seals.extend([chain.seal(), hash]);
        }
        let all = seals.len();
        seals.sort();
        seals.dedup();
        assert_eq!(seals.len(), all);
    }

    #[test]
    fn only_what_differs_is_recorded() {
        let map = |v: Value| v.as_object().cloned().unwrap_or_default();
        let before = map(serde_json::json!({"email": "a", "phone": null, "npi": "1"}));
        let after = map(serde_json::json!({"email": "b", "phone": null, "npi": "1", "user_type": "PT"}));
        let found = changes(&before, &after);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["email", "user_type"]);
    }
}
