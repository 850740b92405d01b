//! The User Manager: the list, adding and editing users.

mod confirm;
pub(crate) mod copy;
mod draft;
pub(crate) mod duplicates;
mod form;
pub(crate) mod images;
pub(crate) mod merge;
pub(crate) mod new_user;
pub(crate) mod offboarding;
pub(crate) mod professional_licenses;
mod seat;
pub(crate) mod side;
pub(crate) mod supervisor;
pub(crate) mod user;
pub(crate) mod user_type;
pub(crate) mod users;
