//! The User Manager: the list, adding and editing users.

mod draft;
mod form;
pub(crate) mod new_user;
mod side;
pub(crate) mod user;
pub(crate) mod user_type;
pub(crate) mod users;
