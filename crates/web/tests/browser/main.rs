//! What people do in the browser, in a real Chromium; one module an area. (`browser` in the name of the binary makes
//! nextest run few of its tests at a time.)
//!
//! Tests run on SQLite; one of each area runs on both engines. All that differs between the engines is in the store, and the
//! API tests cover both.

#![allow(clippy::unwrap_used)] // helper functions of tests are tests too

mod accessibility;
mod add_user;
mod audit;
mod bulk;
mod common;
mod credentials;
mod duplicates;
mod edit_user;
mod forged;
mod idle_lock;
mod images;
mod imports;
mod keyboard;
mod licenses;
mod links;
mod me;
mod passwords;
mod pictures;
mod refusals;
mod set_up;
mod settings;
mod sign_in;
mod support;
mod user_list;
mod without_javascript;
