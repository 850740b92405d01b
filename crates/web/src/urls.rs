//! Every address of a page, built in one place.

use muster_domain::licenses::Group;
use muster_domain::{ClinicId, LicenseRequestId, PersonId};

/// Percent-encodes a query value or path segment.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            use std::fmt::Write;
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `path?a=b&…`, leaving out empty values.
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let filled: Vec<String> =
        pairs.iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| format!("{k}={}", encode(v))).collect();
    if filled.is_empty() { path.to_owned() } else { format!("{path}?{}", filled.join("&")) }
}

/// An address to go on to after signing in: a path of this site, or the start page.
pub fn local(next: &str) -> &str {
    let harmless = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(char::is_control)
        && next.len() <= 2000;
    if harmless { next } else { HOME }
}

/// The start page.
pub const HOME: &str = "/";
/// Signing in.
pub const SIGN_IN: &str = "/sign-in";
/// Signing out.
pub const SIGN_OUT: &str = "/sign-out";
/// Opening a locked session.
pub const UNLOCK: &str = "/unlock";
/// Asking for a new password.
pub const RESET: &str = "/reset-password";
/// Live judgment of a password.
pub const PASSWORD_CHECK: &str = "/password-check";
/// One's own account.
pub const ME: &str = "/me";
/// Changing one's own password.
pub const MY_PASSWORD: &str = "/me/password";
/// One's own access tokens.
pub const MY_TOKENS: &str = "/me/tokens";
/// The user list.
pub const USERS: &str = "/emr/users";
/// The clinics whose names contain what was typed.
pub const CLINIC_NAMES: &str = "/clinic-names";
/// The people whose name, user name or email contains what was typed.
pub const PERSON_NAMES: &str = "/person-names";
/// Adding a user.
pub const NEW_USER: &str = "/emr/users/new";
/// The list as a file.
pub const USERS_CSV: &str = "/emr/users.csv";
/// Choosing the people of a bulk update.
pub const BULK_SELECT: &str = "/emr/users/bulk";
/// Earlier bulk updates.
pub const BULK_JOBS: &str = "/emr/bulk";
/// People and changes from a file.
pub const IMPORT: &str = "/import";
/// What the columns of a file hold.
pub const IMPORT_COLUMNS: &str = "/import/columns";
/// Whose credentials lack something.
pub const CREDENTIALS: &str = "/people/credentials";
/// The same as a file.
pub const CREDENTIALS_CSV: &str = "/people/credentials.csv";
/// Licenses by clinic.
pub const LICENSES: &str = "/emr/licenses";
/// What was asked of support.
pub const LICENSE_REQUESTS: &str = "/emr/licenses/requests";
/// Asking for licenses.
pub const NEW_LICENSE_REQUEST: &str = "/emr/licenses/requests/new";
/// Who waits for a license.
pub const LICENSE_WAITING: &str = "/emr/licenses/waiting";
/// What is paid for and used by nobody.
pub const LICENSE_UNUSED: &str = "/emr/licenses/unused";
/// Every change of a total.
pub const LICENSE_LEDGER: &str = "/emr/licenses/ledger";
/// The same as a file.
pub const LICENSE_LEDGER_CSV: &str = "/emr/licenses/ledger.csv";
/// The operators' queue of license requests.
pub const SUPPORT_REQUESTS: &str = "/support/license-requests";
/// Possible duplicates.
pub const DUPLICATES: &str = "/people/duplicates";
/// Putting two profiles together.
pub const MERGE: &str = "/people/duplicates/merge";
/// Saying that two people are two people.
pub const SOMEONE_ELSE: &str = "/people/duplicates/someone-else";
/// The audit record.
pub const AUDIT: &str = "/audit";
/// The audit record as a file.
pub const AUDIT_CSV: &str = "/audit.csv";
/// Settings of the practice.
pub const SETTINGS: &str = "/settings";
/// Clinics of the practice.
pub const CLINICS: &str = "/settings/clinics";
/// The operators' page.
pub const SUPPORT: &str = "/support";
/// Description of the JSON API.
pub const API_DOCS: &str = "/api/docs";

/// Signing in and going on to `next`.
pub fn sign_in_then(next: &str) -> String {
    with_query(SIGN_IN, &[("next", if next == HOME { "" } else { next })])
}

/// Unlocking and going on to `next`.
pub fn unlock_then(next: &str) -> String {
    with_query(UNLOCK, &[("next", if next == HOME { "" } else { next })])
}

/// A bulk update: choosing its changes, watching it, and its result.
pub fn bulk(id: uuid::Uuid) -> String {
    format!("{BULK_JOBS}/{id}")
}

/// Something to do with a bulk update.
pub fn bulk_to(id: uuid::Uuid, what: &str) -> String {
    format!("{BULK_JOBS}/{id}/{what}")
}

/// A person's EMR profile.
pub fn user(id: PersonId) -> String {
    format!("{USERS}/{id}")
}

/// Sending a person a sign-in link.
pub fn user_sign_in_link(id: PersonId) -> String {
    format!("{USERS}/{id}/sign-in-link")
}

/// Setting a person's picture.
pub fn user_picture(id: PersonId) -> String {
    format!("{USERS}/{id}/picture")
}

/// Setting a person's signature.
pub fn user_signature(id: PersonId) -> String {
    format!("{USERS}/{id}/signature")
}

/// Removing what stands at one of these two.
pub fn removal(image: &str) -> String {
    format!("{image}/remove")
}

/// Copying access from colleagues.
pub fn user_copy(id: PersonId) -> String {
    format!("{USERS}/{id}/copy")
}

/// A person's picture itself.
pub fn picture_file(id: PersonId) -> String {
    format!("/api/v1/people/{id}/picture")
}

/// A person's signature itself.
pub fn signature_file(id: PersonId) -> String {
    format!("/api/v1/people/{id}/signature")
}

/// A person's professional licenses.
pub fn professional_licenses(id: PersonId) -> String {
    format!("{USERS}/{id}/professional-licenses")
}

/// One of them, by its place.
pub fn professional_license(id: PersonId, position: i64) -> String {
    format!("{USERS}/{id}/professional-licenses/{position}")
}

/// Setting a person's supervisor.
pub fn user_supervisor(id: PersonId) -> String {
    format!("{USERS}/{id}/supervisor")
}

/// OffboardingKind, for good or for a while.
pub fn user_offboarding(id: PersonId) -> String {
    format!("{USERS}/{id}/offboarding")
}

/// Changing a person's user type.
pub fn user_type(id: PersonId) -> String {
    format!("{USERS}/{id}/type")
}

/// Ending a person's sessions.
pub fn user_sessions(id: PersonId) -> String {
    format!("{USERS}/{id}/sessions")
}

/// Undoing a merge.
pub fn merge_undo(id: uuid::Uuid) -> String {
    format!("{DUPLICATES}/merges/{id}/undo")
}

/// One clinic's settings form.
pub fn clinic(id: muster_domain::ClinicId) -> String {
    format!("{CLINICS}/{id}")
}

/// A set-up link's page.
pub fn setup(token: &str) -> String {
    format!("/setup/{}", encode(token))
}

/// Where a password link is used.
pub fn link(invitation: bool, token: &str) -> String {
    format!("{}/{}", if invitation { "/invitation" } else { RESET }, encode(token))
}

/// Opening a practice as support.
pub fn support_enter(id: muster_domain::OrganizationId) -> String {
    format!("{SUPPORT}/organizations/{id}")
}

/// One clinic's licenses.
pub fn clinic_licenses(id: ClinicId) -> String {
    format!("{LICENSES}/clinics/{id}")
}

/// One license request.
pub fn license_request(id: LicenseRequestId) -> String {
    format!("{LICENSE_REQUESTS}/{id}")
}

/// Taking a request back.
pub fn license_request_withdraw(id: LicenseRequestId) -> String {
    format!("{LICENSE_REQUESTS}/{id}/withdraw")
}

/// Who waits for the licenses of one pool.
pub fn waiting_for(clinic: ClinicId, group: Group) -> String {
    with_query(LICENSE_WAITING, &[("clinic_id", &clinic.to_string()), ("group", group.as_str())])
}

/// One request, for support to decide.
pub fn support_request(id: LicenseRequestId) -> String {
    format!("{SUPPORT_REQUESTS}/{id}")
}

/// Processing it.
pub fn support_request_process(id: LicenseRequestId) -> String {
    format!("{SUPPORT_REQUESTS}/{id}/process")
}

/// Rejecting it.
pub fn support_request_reject(id: LicenseRequestId) -> String {
    format!("{SUPPORT_REQUESTS}/{id}/reject")
}

/// What a practice pays for a license.
pub fn support_prices(id: muster_domain::OrganizationId) -> String {
    format!("{SUPPORT}/organizations/{id}/prices")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_gone_on_to() {
        assert_eq!(local("/emr/users?q=a%20b"), "/emr/users?q=a%20b");
        for bad in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/a\r\nb"] {
            assert_eq!(local(bad), "/", "{bad}");
        }
    }

    #[test]
    fn values_are_encoded() {
        assert_eq!(with_query("/x", &[("q", "a&b ü"), ("r", "")]), "/x?q=a%26b%20%C3%BC");
    }
}
