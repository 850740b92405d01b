//! A person as JSON: what comes out.

use jiff::Timestamp;
use muster_app::people::PersonView;
use muster_domain::emr::EmrAccount;
use muster_domain::sign_in::can_sign_in;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A human being of the practice, with the accounts the caller may see.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Person {
    /// Identity; never changes.
    id: Uuid,
    /// Given name.
    #[schema(example = "Mara")]
    first_name: String,
    /// Family name.
    #[schema(example = "Harlow")]
    last_name: String,
    /// The name as shown; follows first and last name unless it was set.
    full_name: String,
    /// Names this person had before; kept by itself when the name changes.
    previous_names: Vec<String>,
    /// Where messages go; null on imported profiles that still need one.
    #[schema(example = "mara@saco.example")]
    email: Option<String>,
    /// As typed.
    phone: Option<String>,
    /// National Provider Identifier; `9999999995` stands for one not known yet.
    #[schema(example = "1234567893")]
    npi: Option<String>,
    /// What the person signs in with; unique in the whole installation.
    #[schema(example = "mharlow")]
    username: String,
    /// Credentials that are only placeholders: `npi`, `license_number`.
    placeholders: Vec<&'static str>,
    /// Grows with every save; also the entity tag.
    version: i64,
    /// First save.
    created_at: Option<Timestamp>,
    /// Last successful sign-in.
    last_sign_in_at: Option<Timestamp>,
    /// `none`, `set`, or `must_change` after a manager set it.
    password_state: &'static str,
    /// `open`, or `closed` for a person without accounts who left.
    #[schema(example = "open")]
    sign_in_status: &'static str,
    /// Whether the person can sign in: an account is active, or there is none and `sign_in_status` is open.
    can_sign_in: bool,
    /// The place in the EMR; null without one.
    emr_account: Option<Emr>,
    /// Whether the caller may change this profile.
    can_edit: bool,
    /// Whether the caller may change how this person signs in.
    can_reset_sign_in: bool,
}

/// A person's account in the EMR.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Emr {
    /// What the person is.
    #[schema(example = "PT")]
    user_type: &'static str,
    /// `active` or `inactive`; an active account holds a license of its default clinic's pool.
    status: &'static str,
    /// `deactivated`, `no_license`, `needs_email` or `on_leave`; null while active.
    inactive_reason: Option<&'static str>,
    /// One of the clinics; null when the caller has no access to it.
    default_clinic_id: Option<Uuid>,
    /// The person's clinics within the caller's access.
    clinic_ids: Vec<Uuid>,
    /// How many more there are.
    hidden_clinics: usize,
    /// Codes of permissions, in the order of the profile.
    permissions: Vec<&'static str>,
    /// Professional license number; `00000` stands for one not known yet.
    license_number: Option<String>,
    /// Two letters.
    license_state: Option<String>,
    /// Last valid day.
    #[schema(format = Date)]
    license_expires_on: Option<String>,
    /// An assistant's right to finish notes was confirmed: a signature is on file.
    finish_attested: bool,
    /// When it was confirmed.
    finish_attested_at: Option<Timestamp>,
}

impl Emr {
    fn of(view: &PersonView, account: &EmrAccount) -> Self {
        Self {
            user_type: account.user_type.as_str(),
            status: account.status.as_str(),
            inactive_reason: account.inactive_reason.map(muster_domain::emr::InactiveReason::as_str),
            default_clinic_id: view.default_clinic().map(|c| c.0),
            clinic_ids: view.clinics.iter().map(|c| c.0).collect(),
            hidden_clinics: view.hidden_clinics,
            permissions: account.permissions.iter().map(muster_domain::emr::Permission::as_str).collect(),
            license_number: account.license.number.clone(),
            license_state: account.license.state.clone(),
            license_expires_on: account.license.expires_on.map(|d| d.to_string()),
            finish_attested: account.finish_attestation.is_some(),
            finish_attested_at: view.stored.finish_attested_at,
        }
    }

    /// Of a person who has one.
    pub fn from_view(view: &PersonView) -> Option<Self> {
        view.profile().emr.as_ref().map(|account| Self::of(view, account))
    }
}

impl From<&PersonView> for Person {
    fn from(view: &PersonView) -> Self {
        let person = &view.profile().person;
        Self {
            id: person.id.0,
            first_name: person.first_name.clone(),
            last_name: person.last_name.clone(),
            full_name: person.full_name.clone(),
            previous_names: person.previous_names.clone(),
            email: person.email.clone(),
            phone: person.phone.clone(),
            npi: person.npi.clone(),
            username: person.username.clone(),
            placeholders: view.placeholders(),
            version: view.stored.version,
            created_at: view.stored.created_at,
            last_sign_in_at: view.stored.last_sign_in_at,
            password_state: view.stored.password_state.as_str(),
            sign_in_status: view.profile().sign_in.as_str(),
            can_sign_in: can_sign_in(view.profile()),
            emr_account: Emr::from_view(view),
            can_edit: view.edit_refused.is_none(),
            can_reset_sign_in: view.sign_in_refused.is_none(),
        }
    }
}

/// A person just saved, with what the caller should know.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SavedPerson {
    #[serde(flatten)]
    person: Person,
    /// Sentences, for example that the profile was saved inactive because no license was free.
    notices: Vec<String>,
    /// Where an invitation went; null when none was sent.
    invitation_sent_to: Option<String>,
    /// Who may be the same person; only after adding somebody.
    possible_duplicates: super::duplicates::DuplicateCandidates,
}

impl From<&muster_app::people::SaveReceipt> for SavedPerson {
    fn from(saved: &muster_app::people::SaveReceipt) -> Self {
        Self {
            person: Person::from(&saved.view),
            notices: saved.notices.clone(),
            invitation_sent_to: saved.invited.clone(),
            possible_duplicates: super::duplicates::DuplicateCandidates::from(&saved.duplicates),
        }
    }
}
