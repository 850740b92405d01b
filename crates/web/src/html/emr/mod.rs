//! The User Manager: the list, adding and editing users.

pub(crate) mod bulk;
pub(crate) mod copy;
mod draft;
pub(crate) mod duplicates;
mod foreseen;
mod form;
pub(crate) mod images;
pub(crate) mod professional_licenses;
pub(crate) mod merge;
pub(crate) mod new_user;
pub(crate) mod offboarding;
mod seat;
pub(crate) mod side;
pub(crate) mod supervisor;
pub(crate) mod user;
pub(crate) mod user_type;
pub(crate) mod users;
