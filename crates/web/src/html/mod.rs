//! Pages for people: rendered here, working without scripts. Areas as in the other layers.

pub mod parts;

pub(crate) mod audit;
pub(crate) mod credentials;
pub(crate) mod emr;
pub(crate) mod home;
pub(crate) mod imports;
pub(crate) mod licenses;
pub(crate) mod organizations;
pub(crate) mod person_choice;
mod said;
mod shell;
pub(crate) mod sign_in;
