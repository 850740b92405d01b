//! People and their EMR accounts.

pub(crate) mod copy_from;
pub(crate) mod create;
pub(crate) mod credentials;
pub(crate) mod duplicates;
pub(crate) mod emr_account;
pub(crate) mod history;
pub(crate) mod images;
pub(crate) mod list;
pub(crate) mod offboarding;
pub(crate) mod professional_licenses;
pub(crate) mod read;
pub(crate) mod sessions;
pub(crate) mod shape;
pub(crate) mod show;
pub(crate) mod sign_in_link;
pub(crate) mod supervisor;
pub(crate) mod type_preview;
pub(crate) mod update;
