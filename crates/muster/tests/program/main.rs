//! The program from outside: the real binary, as its users run it.

mod audit;
mod configuration;
mod first_steps;
mod imports;
mod mail;
mod place;
mod serving;
mod transfer;
