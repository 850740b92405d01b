//! Pages for people: rendered here, working without scripts. Areas as in the other layers.

pub mod parts;

pub(crate) mod audit;
pub(crate) mod bulk;
mod confirm;
pub(crate) mod credentials;
pub(crate) mod emr;
mod form_errors;
pub(crate) mod home;
pub(crate) mod imports;
pub(crate) mod licenses;
pub(crate) mod organizations;
pub(crate) mod people;
mod shell;
pub(crate) mod sign_in;
