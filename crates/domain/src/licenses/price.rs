//! What a license costs a month: whole minor units of one currency a practice.

use std::collections::BTreeMap;

use super::Group;
use crate::labels::grouped;
use crate::refusal::{Code, Refusal, Refusals};
use serde::Serialize;

/// The currencies Muster writes; each has two decimal places.
pub const CURRENCIES: [(&str, &str); 5] = [("USD", "$"), ("CAD", "CA$"), ("EUR", "€"), ("GBP", "£"), ("AUD", "A$")];

/// Highest price of one license a month, in minor units.
const HIGHEST: i64 = 100_000_000;

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Money {
    /// In minor units: cents of a dollar.
    pub amount: i64,
    /// Three letters.
    pub currency: String,
}

impl Money {
    /// As people write it: `$1,234.50`, `−$12.00`.
    pub fn written(&self) -> String {
        let sign = CURRENCIES.iter().find(|(code, _)| *code == self.currency).map_or("", |(_, sign)| sign);
        let minus = if self.amount < 0 { "−" } else { "" };
        let (whole, cents) = (self.amount.unsigned_abs() / 100, self.amount.unsigned_abs() % 100);
        format!("{minus}{sign}{}.{cents:02}", grouped(whole))
    }
}

/// The prices of a practice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// Three letters; empty while no price is set.
    pub currency: String,
    /// Of one license a month, in minor units.
    pub amounts: BTreeMap<Group, i64>,
}

impl Prices {
    /// What `count` licenses of a group cost a month; none when no price is known.
    pub fn of(&self, group: Group, count: i64) -> Option<Money> {
        let amount = self.amounts.get(&group)?.saturating_mul(count);
        Some(Money { amount, currency: self.currency.clone() })
    }

    /// The sum over several groups; none when no price of any is known.
    pub fn sum(&self, counts: impl IntoIterator<Item = (Group, i64)>) -> Option<Money> {
        let known: Vec<Money> = counts.into_iter().filter_map(|(g, n)| self.of(g, n)).collect();
        if known.is_empty() {
            return None;
        }
        let amount = known.iter().fold(0_i64, |sum, m| sum.saturating_add(m.amount));
        Some(Money { amount, currency: self.currency.clone() })
    }
}

/// Whether support may set these prices.
///
/// # Errors
/// Every refusal at once.
pub fn check_prices(prices: &Prices) -> Result<(), Refusals> {
    let mut refusals = Refusals::default();
    if !CURRENCIES.iter().any(|(code, _)| *code == prices.currency) {
        let typed = if prices.currency.is_empty() { "Nothing" } else { &prices.currency };
        refusals.push(Refusal::new("currency", Code::CurrencyUnknown).about(&[format!("“{typed}”")]));
    }
    for (group, amount) in &prices.amounts {
        if *group == Group::Clerical {
            refusals.push(Refusal::new("group", Code::PoolAlwaysUnlimited));
        } else if !(0..=HIGHEST).contains(amount) {
            let says = "A price is between 0 and 1,000,000 a month";
            refusals.push(Refusal::new(group.as_str(), Code::NumberOutOfRange).about(&[says]));
        }
    }
    refusals.into_result()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_with_its_sign_and_thousands() {
        let written = |amount, currency: &str| Money { amount, currency: currency.into() }.written();
        assert_eq!(written(123_456_789, "USD"), "$1,234,567.89");
        assert_eq!(written(-5, "EUR"), "−€0.05");
        assert_eq!(written(100_000, "GBP"), "£1,000.00");
    }

    #[test]
    fn a_sum_counts_what_has_a_price() {
        let prices = Prices { currency: "USD".into(), amounts: [(Group::Therapist, 9900), (Group::Student, 0)].into() };
        let sum = prices.sum([(Group::Therapist, 3), (Group::Assistant, 2), (Group::Student, 9)]);
        assert_eq!(sum.map(|m| m.amount), Some(29_700));
        assert_eq!(prices.sum([(Group::Assistant, 2)]), None);
        assert_eq!(Prices::default().of(Group::Therapist, 1), None);
    }

    #[test]
    fn prices_are_checked_together() {
        let wrong = Prices { currency: "XAU".into(), amounts: [(Group::Therapist, -1), (Group::Clerical, 5)].into() };
        let codes: Vec<Code> = check_prices(&wrong).unwrap_err().0.iter().map(|r| r.code).collect();
        assert_eq!(codes, [Code::CurrencyUnknown, Code::NumberOutOfRange, Code::PoolAlwaysUnlimited]);
        assert!(check_prices(&Prices { currency: "USD".into(), amounts: [(Group::Student, 0)].into() }).is_ok());
    }
}
