//! Bulk user management: the changes one action asks for, for many people at once. Each person is judged by the same
//! judge as a single edit, with a few rules of its own on top, and against what the action did to the people before.

mod change_record;
mod judge;
mod running_facts;
mod tally;

use serde::{Deserialize, Serialize};

pub use change_record::{ChangeRecord, UndoState};
pub use judge::{BulkDecision, BulkRequest, RefusedChange, Rules, judge};
pub use running_facts::RunningFacts;
pub use tally::{BulkOutcome, Tally};

use crate::emr::{Permission, Status};
use crate::ids::ClinicId;
use crate::people::Profile;
use crate::refusal::{Code, Refusal, Refusals};

/// Most people of one bulk update who are named one by one.
pub const MOST_PEOPLE_BY_ID: usize = 100_000;
/// Most people of one bulk update who are selected by a filter.
pub const MOST_PEOPLE_BY_FILTER: i64 = 250_000;
/// Most changes of one bulk update.
pub const MOST_CHANGES: usize = 200;
/// How long a bulk update can be undone.
pub const UNDO_DAYS: i64 = 30;

code_enum! {
    /// Where the changes of a bulk update come from.
    BulkKind {
        /// The same changes for everybody.
        Update "update";
        /// The changes of an earlier bulk update, taken back.
        Undo "undo";
        /// A file with changes of its own for each person.
        File "file";
    }
}

code_enum! {
    /// How far a bulk update has come.
    BulkState {
        /// People are selected; nothing was started.
        Draft "draft";
        /// It is being carried out.
        Running "running";
        /// Everybody was looked at.
        Done "done";
        /// Somebody ended it.
        Canceled "canceled";
        /// It ended because its starter lost the right to it.
        Stopped "stopped";
    }
}

/// One change of a bulk update. The order of the variants is the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BulkChange {
    /// Give a permission.
    AddPermission(Permission),
    /// Give access to a clinic.
    AddClinic(ClinicId),
    /// Take a permission away.
    RemovePermission(Permission),
    /// Take the access to a clinic away.
    RemoveClinic(ClinicId),
    /// Make active or inactive.
    SetStatus(Status),
}

/// A change as programs write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawChange {
    /// `add_permission`, `remove_permission`, `add_clinic`, `remove_clinic` or `set_status`.
    pub op: String,
    /// A permission, the id of a clinic, or a status.
    pub value: String,
}

impl BulkChange {
    /// The operation, as programs write it.
    pub fn op(self) -> &'static str {
        match self {
            Self::AddPermission(_) => "add_permission",
            Self::RemovePermission(_) => "remove_permission",
            Self::AddClinic(_) => "add_clinic",
            Self::RemoveClinic(_) => "remove_clinic",
            Self::SetStatus(_) => "set_status",
        }
    }

    /// What it adds, removes or sets.
    pub fn value(self) -> String {
        match self {
            Self::AddPermission(p) | Self::RemovePermission(p) => p.as_str().to_owned(),
            Self::AddClinic(c) | Self::RemoveClinic(c) => c.to_string(),
            Self::SetStatus(s) => s.as_str().to_owned(),
        }
    }

    /// The change an operation and a value name; what is wrong with them otherwise.
    pub fn parse(op: &str, value: &str) -> Result<Self, Refusal> {
        let unknown = |what: &str| Refusal::new("changes", Code::NotUnderstood).about(&[format!("“{what}”")]);
        let permission = || {
            Permission::parse(value)
                .ok_or_else(|| Refusal::new("changes", Code::UnknownPermission).about(&[format!("“{value}”")]))
        };
        let clinic = || value.parse::<ClinicId>().map_err(|_| unknown(value));
        Ok(match op {
            "add_permission" => Self::AddPermission(permission()?),
            "remove_permission" => Self::RemovePermission(permission()?),
            "add_clinic" => Self::AddClinic(clinic()?),
            "remove_clinic" => Self::RemoveClinic(clinic()?),
            "set_status" => Self::SetStatus(Status::parse(value).ok_or_else(|| unknown(value))?),
            _ => return Err(unknown(op)),
        })
    }

    /// True for the two that concern clinics.
    pub fn is_about_clinic(self) -> bool {
        matches!(self, Self::AddClinic(_) | Self::RemoveClinic(_))
    }

    /// True when the person is that way already.
    fn is_so(self, profile: &Profile) -> bool {
        let Some(account) = &profile.emr else { return false };
        match self {
            Self::AddPermission(p) => account.permissions.contains(p),
            Self::RemovePermission(p) => !account.permissions.contains(p),
            Self::AddClinic(c) => account.clinics.contains(&c),
            Self::RemoveClinic(c) => !account.clinics.contains(&c),
            Self::SetStatus(s) => account.status == s,
        }
    }

    /// What it turns round, for contradictions.
    fn opposite(self) -> Self {
        match self {
            Self::AddPermission(p) => Self::RemovePermission(p),
            Self::RemovePermission(p) => Self::AddPermission(p),
            Self::AddClinic(c) => Self::RemoveClinic(c),
            Self::RemoveClinic(c) => Self::AddClinic(c),
            Self::SetStatus(Status::Active) => Self::SetStatus(Status::Inactive),
            Self::SetStatus(Status::Inactive) => Self::SetStatus(Status::Active),
        }
    }
}

impl Serialize for BulkChange {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawChange { op: self.op().to_owned(), value: self.value() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for BulkChange {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawChange::deserialize(deserializer)?;
        Self::parse(&raw.op, &raw.value).map_err(|r| serde::de::Error::custom(r.message))
    }
}

/// The changes of one bulk update: each once, none against another, in the order in which they are made.
///
/// What is given comes before what is taken away, so that nobody is without any permission in between; what works inside
/// something else comes after it and goes before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ChangeSet(Vec<BulkChange>);

impl ChangeSet {
    /// Puts changes in order.
    ///
    /// # Errors
    /// No change at all, too many, or two that contradict each other.
    pub fn new(changes: impl IntoIterator<Item = BulkChange>) -> Result<Self, Refusals> {
        let set = Self::in_order(changes);
        let mut refusals = Refusals::default();
        if set.0.is_empty() {
            refusals.push(Refusal::new("changes", Code::NoChangesChosen));
        }
        if set.0.len() > MOST_CHANGES {
            refusals.push(Refusal::new("changes", Code::NumberOutOfRange).about(&["At most 200 changes go together"]));
        }
        for change in &set.0 {
            if set.0.contains(&change.opposite()) {
                let name = match change {
                    BulkChange::AddPermission(p) | BulkChange::RemovePermission(p) => p.label(),
                    BulkChange::AddClinic(_) | BulkChange::RemoveClinic(_) => "A clinic",
                    BulkChange::SetStatus(_) => "The status",
                };
                refusals.push(Refusal::new("changes", Code::ChangesContradict).about(&[name]));
            }
        }
        refusals.into_result().map(|()| set)
    }

    /// The same without judging.
    pub fn in_order(changes: impl IntoIterator<Item = BulkChange>) -> Self {
        let mut all: Vec<BulkChange> = changes.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        let removals = |c: &BulkChange| matches!(c, BulkChange::RemovePermission(_));
        if let Some(from) = all.iter().position(removals) {
            let count = all[from..].iter().filter(|c| removals(c)).count();
            all[from..from + count].reverse();
        }
        Self(all)
    }

    /// The changes, in order.
    pub fn changes(&self) -> &[BulkChange] {
        &self.0
    }

    /// True when nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The clinics it adds.
    pub fn clinics_added(&self) -> impl Iterator<Item = ClinicId> {
        self.0.iter().filter_map(|c| if let BulkChange::AddClinic(c) = c { Some(*c) } else { None })
    }

    /// The clinics whose user managers may become fewer by it; none = those of everybody it concerns.
    pub fn clinics_at_risk(&self) -> Option<Vec<ClinicId>> {
        let everywhere = |c: &BulkChange| {
            matches!(c, BulkChange::RemovePermission(Permission::EditUsers) | BulkChange::SetStatus(Status::Inactive))
        };
        if self.0.iter().any(everywhere) {
            return None;
        }
        Some(self.0.iter().filter_map(|c| if let BulkChange::RemoveClinic(c) = c { Some(*c) } else { None }).collect())
    }
}
