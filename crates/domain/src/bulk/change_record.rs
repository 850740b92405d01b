//! What a bulk update did to one person, small enough to keep for each of them, and whole enough to take it back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{BulkChange, ChangeSet};
use crate::emr::{Attestation, EmrAccount, InactiveReason, PermissionSet, Status, field};
use crate::ids::{ClinicId, PersonId};

/// The difference a bulk update made to an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// Permissions before and after, as stored.
    #[serde(default, rename = "p", skip_serializing_if = "Option::is_none")]
    permissions: Option<(i64, i64)>,
    #[serde(default, rename = "a", skip_serializing_if = "Vec::is_empty")]
    clinics_added: Vec<ClinicId>,
    #[serde(default, rename = "r", skip_serializing_if = "Vec::is_empty")]
    clinics_removed: Vec<ClinicId>,
    /// Status before and after.
    #[serde(default, rename = "s", skip_serializing_if = "Option::is_none")]
    status: Option<(String, String)>,
    #[serde(default, rename = "m", skip_serializing_if = "UndoState::is_empty")]
    remembered: UndoState,
}

/// What follows from permissions and status and would not come back by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoState {
    /// Why the account was inactive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inactive_reason: Option<String>,
    /// The attestation of an assistant who finished notes: its author, and the time in microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<(Option<PersonId>, i64)>,
}

impl UndoState {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn bring_back(&self, account: &mut EmrAccount) {
        if !account.is_active()
            && let Some(reason) = self.inactive_reason.as_deref().and_then(InactiveReason::parse)
        {
            account.inactive_reason = Some(reason);
        }
        if let (Some(given), Some((by, _))) = (&mut account.finish_attestation, self.attestation) {
            *given = Attestation { by };
        }
    }
}

impl ChangeRecord {
    /// The difference between two states of an account; `attested_at` is when its attestation was given before.
    pub fn between(before: &EmrAccount, after: &EmrAccount, attested_at: Option<i64>) -> Self {
        let status = (before.status != after.status)
            .then(|| (before.status.as_str().to_owned(), after.status.as_str().to_owned()));
        let lost = before.finish_attestation.filter(|_| after.finish_attestation.is_none());
        Self {
            permissions: (before.permissions != after.permissions)
                .then(|| (before.permissions.bits(), after.permissions.bits())),
            clinics_added: after.clinics.difference(&before.clinics).copied().collect(),
            clinics_removed: before.clinics.difference(&after.clinics).copied().collect(),
            remembered: UndoState {
                inactive_reason: before.inactive_reason.filter(|_| status.is_some()).map(|r| r.as_str().to_owned()),
                attestation: lost.map(|a| (a.by, attested_at.unwrap_or(0))),
            },
            status,
        }
    }

    /// Clinics added.
    pub fn clinics_added(&self) -> &[ClinicId] {
        &self.clinics_added
    }

    /// Clinics taken away.
    pub fn clinics_removed(&self) -> &[ClinicId] {
        &self.clinics_removed
    }

    /// What has to be brought back beside the changes themselves.
    pub fn remembered(&self) -> &UndoState {
        &self.remembered
    }

    /// What was made, as changes.
    pub fn made(&self) -> ChangeSet {
        self.changes(false)
    }

    /// The changes that take it back.
    pub fn reversed(&self) -> ChangeSet {
        self.changes(true)
    }

    fn changes(&self, turned: bool) -> ChangeSet {
        let mut all = Vec::new();
        if let Some((before, after)) = self.permissions {
            let (before, after) = (PermissionSet::from_bits(before), PermissionSet::from_bits(after));
            all.extend(after.minus(before).iter().map(BulkChange::AddPermission));
            all.extend(before.minus(after).iter().map(BulkChange::RemovePermission));
        }
        all.extend(self.clinics_added.iter().copied().map(BulkChange::AddClinic));
        all.extend(self.clinics_removed.iter().copied().map(BulkChange::RemoveClinic));
        all.extend(self.status.as_ref().and_then(|(_, after)| Status::parse(after)).map(BulkChange::SetStatus));
        ChangeSet::in_order(all.into_iter().map(|c| if turned { c.opposite() } else { c }))
    }

    /// Before and after, field by field, as the audit keeps them. `clinics` are those of the person afterward.
    pub fn record(&self, before: &EmrAccount, after: &EmrAccount) -> Map<String, Value> {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        if self.permissions.is_some() {
            put(field::PERMISSIONS, json!({"before": before.permissions, "after": after.permissions}));
        }
        if !(self.clinics_added.is_empty() && self.clinics_removed.is_empty()) {
            put(field::CLINIC_IDS, json!({"before": before.clinics, "after": after.clinics}));
        }
        if self.status.is_some() {
            put(field::STATUS, json!({"before": before.status, "after": after.status}));
            put(field::INACTIVE_REASON, json!({"before": before.inactive_reason, "after": after.inactive_reason}));
        }
        out
    }
}
