//! People and their EMR accounts.

pub(crate) mod create;
pub(crate) mod emr_account;
pub(crate) mod history;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod sessions;
pub(crate) mod shape;
pub(crate) mod show;
pub(crate) mod sign_in_link;
pub(crate) mod type_preview;
pub(crate) mod update;
