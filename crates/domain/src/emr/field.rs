//! Names of the EMR account's fields, as refusals, audit records and merge snapshots carry them. Pages and the
//! account's own API resource show them without the account's name: see [`crate::refusal::bare_field`].

/// The prefix of every name below.
pub const ACCOUNT: &str = "emr_account";

macro_rules! fields {
    ($($constant:ident $name:literal;)*) => {
        $(#[doc = concat!("`", $name, "`")] pub const $constant: &str = concat!("emr_account.", $name);)*
    };
}

fields! {
    USER_TYPE "user_type";
    STATUS "status";
    INACTIVE_REASON "inactive_reason";
    DEFAULT_CLINIC_ID "default_clinic_id";
    CLINIC_IDS "clinic_ids";
    PERMISSIONS "permissions";
    LICENSE_NUMBER "license_number";
    LICENSE_STATE "license_state";
    LICENSE_EXPIRES_ON "license_expires_on";
    FINISH_ATTESTED "finish_attested";
}
