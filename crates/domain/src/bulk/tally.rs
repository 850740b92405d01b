//! The sums of a bulk update: what the banner says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{BulkChange, BulkDecision, ChangeSet};

/// How a bulk update went as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkOutcome {
    /// Everything that was asked for is so.
    Complete,
    /// Some of it.
    Partial,
    /// Nobody was changed.
    Failed,
}

impl BulkOutcome {
    /// As pages and programs see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// Sums over the people judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// People judged.
    pub judged: u64,
    /// People with at least one change made.
    pub updated: u64,
    /// People who were that way already.
    pub unchanged: u64,
    /// People with at least one change refused.
    pub refused: u64,
    /// Changes of permissions and status that were not made.
    pub user_changes_refused: u64,
    /// Changes of clinics that were not made.
    pub clinic_changes_refused: u64,
    /// How often each reason was given.
    pub by_code: BTreeMap<String, u64>,
    /// How many people got each change, and how many were refused it; `op value` names the change.
    pub by_change: BTreeMap<String, (u64, u64)>,
}

fn key(change: BulkChange) -> String {
    format!("{} {}", change.op(), change.value())
}

impl Tally {
    /// Adds what was decided about one person who was asked `changes`.
    pub fn add(&mut self, judged: &BulkDecision, changes: &[BulkChange]) {
        self.judged += 1;
        self.updated += u64::from(judged.outcome.is_some());
        for made in &judged.made {
            self.by_change.entry(key(*made)).or_default().0 += 1;
        }
        let unchanged = judged.is_unchanged();
        self.unchanged += u64::from(unchanged);
        self.refused += u64::from(!unchanged && !judged.refused.is_empty());
        for refused in &judged.refused {
            *self.by_code.entry(refused.refusal.code.as_str().to_owned()).or_default() += 1;
            if unchanged {
                continue;
            }
            // A person who is refused as a whole is refused each change.
            let which = refused.change.as_ref().map_or(changes, std::slice::from_ref);
            for change in which {
                self.by_change.entry(key(*change)).or_default().1 += 1;
                if change.is_about_clinic() {
                    self.clinic_changes_refused += 1;
                } else {
                    self.user_changes_refused += 1;
                }
            }
        }
    }

    /// How many people got a change, and how many were refused it.
    pub fn of(&self, change: BulkChange) -> (u64, u64) {
        self.by_change.get(&key(change)).copied().unwrap_or_default()
    }

    /// Every change somebody was asked, in the order in which they are made.
    pub fn changes(&self) -> ChangeSet {
        let parsed = self.by_change.keys().filter_map(|key| key.split_once(' '));
        ChangeSet::in_order(parsed.filter_map(|(op, value)| BulkChange::parse(op, value).ok()))
    }

    /// How it went, out of `selected` people.
    pub fn outcome(&self, selected: u64) -> BulkOutcome {
        match self {
            Self { updated: 0, .. } => BulkOutcome::Failed,
            Self { refused: 0, judged, .. } if *judged >= selected => BulkOutcome::Complete,
            _ => BulkOutcome::Partial,
        }
    }
}
