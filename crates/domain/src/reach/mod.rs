//! Reach: the third product of a person. Its rules are not here yet.

mod account;

pub use account::ReachAccount;
