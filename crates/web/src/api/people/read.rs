//! A person as JSON: what comes in. Form only; what the values mean is judged by the one judge of profile changes.

use muster_domain::Code;
use muster_domain::emr::{EmrPatch, field};
use muster_domain::people::NewPassword;
use muster_domain::people::PersonPatch;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::failure::at;
use crate::api::fields::Fields;

/// Fields of a person that are shown and cannot be set.
pub(crate) const READ_ONLY: &[&str] = &[
    "id",
    "placeholders",
    "version",
    "created_at",
    "last_sign_in_at",
    "password_state",
    "can_sign_in",
    "can_edit",
    "can_reset_sign_in",
    "notices",
    "invitation_sent_to",
    "possible_duplicates",
];

/// Fields of an EMR account that are shown and cannot be set.
pub(crate) const EMR_READ_ONLY: &[&str] = &["inactive_reason", "hidden_clinics", "finish_attested_at"];

/// Takes the fields of a person.
pub(crate) fn person(fields: &mut Fields) -> PersonPatch {
    PersonPatch {
        first_name: fields.text("first_name"),
        last_name: fields.text("last_name"),
        full_name: fields.clearable("full_name").map(Option::unwrap_or_default),
        previous_names: fields.texts("previous_names"),
        email: fields.clearable("email"),
        phone: fields.clearable("phone"),
        npi: fields.clearable("npi"),
        username: fields.text("username"),
    }
}

/// Takes the sign-in status of a person without accounts.
pub(crate) fn sign_in_status(fields: &mut Fields) -> Option<String> {
    fields.text("sign_in_status")
}

/// Takes the password that is to be set; a program types it once.
pub(crate) fn password(fields: &mut Fields) -> Option<NewPassword> {
    fields.clearable("password").flatten().map(|password| NewPassword { password, confirmation: None })
}

/// Takes the fields of an EMR account.
pub(crate) fn emr(fields: &mut Fields) -> EmrPatch {
    EmrPatch {
        user_type: fields.text("user_type"),
        status: fields.text("status"),
        default_clinic: fields.id("default_clinic_id"),
        clinics: fields.ids("clinic_ids"),
        permissions: fields.texts("permissions"),
        license_number: fields.clearable("license_number"),
        license_state: fields.clearable("license_state"),
        license_expires_on: fields.clearable("license_expires_on"),
        finish_attested: fields.switch("finish_attested").unwrap_or(false),
    }
}

/// Takes the accounts that come with a person: the EMR's, if any; the others are not there yet.
pub(crate) fn accounts(fields: &mut Fields) -> Option<EmrPatch> {
    for later in ["billing_account", "reach_account"] {
        if fields.has(later) {
            fields.drop(later);
            fields.note(at(later, Code::NotAvailableYet, &[later]));
        }
    }
    let mut account = fields.object("emr_account")?;
    let patch = emr(&mut account);
    for fault in account.end(EMR_READ_ONLY) {
        fields.note(fault.within(field::ACCOUNT));
    }
    Some(patch)
}

/// Person fields of a request. Absent leaves a field alone, null clears it.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body; reading it field by field names every fault at once
pub(crate) struct PersonInput {
    /// Given name, at most 100 characters of any script.
    #[schema(example = "Mara")]
    first_name: Option<String>,
    /// Family name.
    #[schema(example = "Harlow")]
    last_name: Option<String>,
    /// Shown name; null or empty: made from first and last name.
    full_name: Option<String>,
    /// Names before; at most 20.
    previous_names: Option<Vec<String>>,
    /// Needed while the account is active.
    #[schema(example = "mara@saco.example")]
    email: Option<String>,
    /// 7 to 20 digits.
    #[schema(example = "(207) 555-0142")]
    phone: Option<String>,
    /// Ten digits with a valid check digit, or `9999999995` while it is not known.
    #[schema(example = "1234567893")]
    npi: Option<String>,
    /// 2 to 100 letters, digits or `. _ - @ + '`.
    #[schema(example = "mharlow")]
    username: Option<String>,
    /// `open` or `closed`: whether a person without accounts may sign in. Accounts decide for everybody else.
    #[schema(example = "open")]
    sign_in_status: Option<String>,
    /// A password for someone else, who has to change it at the next sign-in; null or absent = none. A new person
    /// without one gets an invitation.
    password: Option<String>,
    /// The EMR account, saved together with the person.
    emr_account: Option<EmrAccountInput>,
}

/// A person to add. `first_name`, `last_name` and `username` are needed.
#[derive(ToSchema)]
#[allow(dead_code)] // as above
pub(crate) struct NewPersonInput {
    #[schema(inline)]
    #[serde(flatten)]
    person: PersonInput,
    /// `false` keeps the invitation back. Default: true.
    send_invitation: Option<bool>,
    /// `note` (default): add the person and name who looks alike. `check`: add nobody while somebody looks alike.
    duplicates: Option<String>,
    /// Candidates who were looked at and are other people; anybody else who looks alike is asked about.
    someone_else: Option<Vec<Uuid>>,
    /// Go on although somebody out of the caller's sight looks alike.
    someone_else_hidden: Option<bool>,
}

/// Fields of an EMR account. Absent leaves a field alone.
#[derive(ToSchema)]
#[allow(dead_code)] // as above
pub(crate) struct EmrAccountInput {
    /// PT (default), OT, SLP, RT, AT, PTA, COTA, SLPA, RTT, SPT, SOT, SSLP, Clerical or Billing. Of a saved profile
    /// only support changes it.
    #[schema(example = "PT")]
    user_type: Option<String>,
    /// `active` (default) or `inactive`.
    #[schema(example = "active")]
    status: Option<String>,
    /// One of `clinic_ids`; may be left out when there is only one.
    default_clinic_id: Option<Uuid>,
    /// All clinics the caller can see. Clinics outside the caller's access stay as they are.
    clinic_ids: Option<Vec<Uuid>>,
    /// All permissions, as codes. Left out on creation: those of the user type.
    permissions: Option<Vec<String>>,
    /// Therapists and assistants; `00000` while it is not known.
    license_number: Option<String>,
    /// Two letters.
    license_state: Option<String>,
    /// Last valid day, `YYYY-MM-DD`.
    #[schema(format = Date)]
    license_expires_on: Option<String>,
    /// Confirms that an assistant's signature is on file; needed when `finish_soap_notes` is given to one.
    finish_attested: Option<bool>,
}
