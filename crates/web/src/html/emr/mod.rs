//! The User Manager: the list, adding and editing users.

pub(crate) mod copy;
pub(crate) mod draft;
mod form;
pub(crate) mod images;
pub(crate) mod new_user;
mod seat;
pub(crate) mod side;
pub(crate) mod user;
pub(crate) mod user_type;
pub(crate) mod users;
