//! What must hold whatever people do: scope, last admins, uniqueness, seats, and a complete record. On both engines.
//!
//! What happens is thrown from a seed. A test that fails prints it; `MUSTER_TEST_SEED=0x5eed` throws that one alone.

mod attempts;
mod denials;
mod last_admin;
mod last_admin_bulk;
mod last_admin_paths;
mod names;
mod record;
mod record_day;
mod record_steps;
mod rush;
mod scope;
mod world;
