//! The program from outside: the real binary, as its users run it.

#![allow(clippy::unwrap_used)] // all of it is tests, helpers included

mod audit;
mod bulk;
mod configuration;
mod earlier_build;
mod first_steps;
mod imports;
mod licenses;
mod mail;
mod place;
mod reminders;
mod serving;
mod transfer;
