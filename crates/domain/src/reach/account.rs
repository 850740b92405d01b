//! A person's place in Reach.

/// A person's account in Reach.
///
/// The type has no values yet, so nobody can have such an account; profiles already carry its place, and the compiler
/// finds every `match` that has to learn about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReachAccount {}

impl ReachAccount {
    /// True when the account is in use.
    pub fn is_active(&self) -> bool {
        match *self {}
    }
}
