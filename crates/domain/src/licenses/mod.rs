//! License pools: what a practice pays for, counted per clinic and group.

mod price;
mod request;
mod usage;
mod waiting;

pub use price::{CURRENCIES, Money, Prices, check_prices};
pub use request::{
    PoolFacts, RequestDraft, RequestKind, RequestResolution, RequestState, may_ask, may_withdraw, process, submit,
};
pub use usage::{UNUSED_DAYS, UsagePoint, unused};
pub use waiting::{SeatForecast, seats_freed_by};

use serde::{Deserialize, Serialize};

use crate::refusal::{Code, Refusal};
use crate::text::is_unprintable;

/// The group of user types that share a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Group {
    Therapist,
    Assistant,
    Student,
    Clerical,
}

impl Group {
    /// Every group, in the order of the license header.
    pub const ALL: [Self; 4] = [Self::Therapist, Self::Assistant, Self::Student, Self::Clerical];

    /// The code of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Therapist => "therapist",
            Self::Assistant => "assistant",
            Self::Student => "student",
            Self::Clerical => "clerical",
        }
    }

    /// The name on the page.
    pub fn label(self) -> &'static str {
        match self {
            Self::Therapist => "Therapist",
            Self::Assistant => "Assistant",
            Self::Student => "Student",
            Self::Clerical => "Clerical",
        }
    }

    /// The group a code names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|g| g.as_str().eq_ignore_ascii_case(text.trim()))
    }
}

/// What is left in a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// No total was ever set.
    Unlimited,
    /// That many seats are free.
    Free(i64),
}

impl Availability {
    /// From a total (none = unlimited) and the seats taken.
    pub fn of(total: Option<i64>, assigned: i64) -> Self {
        total.map_or(Self::Unlimited, |t| Self::Free((t - assigned).max(0)))
    }

    /// True when one more person fits.
    pub fn has_free(self) -> bool {
        self != Self::Free(0)
    }
}

/// Whether support may set this total: not for clerical, and not below what is assigned.
pub fn check_total(group: Group, total: i64, assigned: i64) -> Result<(), Refusal> {
    if group == Group::Clerical {
        return Err(Refusal::new("group", Code::PoolAlwaysUnlimited));
    }
    if !(0..=LARGEST_TOTAL).contains(&total) {
        return Err(Refusal::new("total", Code::NumberOutOfRange).about(&["A total is between 0 and 1,000,000"]));
    }
    if total < assigned {
        return Err(Refusal::new("total", Code::TotalBelowAssigned).about(&[assigned.to_string()]));
    }
    Ok(())
}

/// Longest note, in characters.
const LONGEST_NOTE: usize = 500;

/// Most licenses of one pool.
pub const LARGEST_TOTAL: i64 = 1_000_000;

/// Whether a note can be kept in the ledger.
pub fn check_note(note: &str) -> Result<(), Refusal> {
    if note.chars().count() > LONGEST_NOTE {
        return Err(Refusal::new("note", Code::TextTooLong).about(&["A note", "500"]));
    }
    if note.chars().any(|c| is_unprintable(c) && c != '\n') {
        return Err(Refusal::new("note", Code::UnprintableCharacters).about(&["The note"]));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_without_a_total_is_unlimited_and_none_goes_below_zero() {
        assert!(Availability::of(None, 900).has_free());
        assert!(Availability::of(Some(3), 2).has_free());
        assert!(!Availability::of(Some(3), 3).has_free());
        assert_eq!(Availability::of(Some(3), 5), Availability::Free(0));
    }

    #[test]
    fn a_total_never_falls_below_what_is_assigned() {
        assert!(check_total(Group::Student, 5, 5).is_ok());
        assert_eq!(check_total(Group::Student, 4, 5).unwrap_err().code, Code::TotalBelowAssigned);
        assert_eq!(check_total(Group::Clerical, 4, 0).unwrap_err().code, Code::PoolAlwaysUnlimited);
    }
}
