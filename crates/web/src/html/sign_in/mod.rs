//! Signing in and out, and one's own account.

pub(crate) mod link;
pub(crate) mod me;
pub(crate) mod my_password;
pub(crate) mod my_tokens;
pub(crate) mod password_check;
pub(in crate::html) mod password_fields;
pub(crate) mod reset;
pub(crate) mod setup;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod unlock;
