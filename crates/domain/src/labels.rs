//! The names of fields as people read them: one catalog for pages, summaries and the audit.

use crate::refusal::bare_field;

/// The label of a field of the contract, with or without the name of its account.
pub fn field_label(field: &str) -> &str {
    match bare_field(field) {
        "first_name" => "First name",
        "last_name" => "Last name",
        "full_name" => "Full name",
        "previous_names" => "Previous names",
        "email" => "Email",
        "phone" => "Phone",
        "npi" => "NPI",
        "username" => "User name",
        "sign_in_status" => "Sign-in",
        "user_type" => "User type",
        "status" => "Status",
        "inactive_reason" => "Inactive because",
        "default_clinic_id" | "default_clinic" => "Default clinic",
        "clinic_ids" | "clinics" => "Clinics",
        "permissions" => "Permissions",
        "person_id" => "Identity in Muster",
        "add_permissions" => "Permissions to add",
        "remove_permissions" => "Permissions to remove",
        "add_clinics" => "Clinics to add",
        "remove_clinics" => "Clinics to remove",
        "facility_name" => "Name of the facility",
        "map" => "Columns",
        "file" => "File",
        "license_number" | "number" => "License number",
        "license_state" => "License state",
        "license_expires_on" => "License expires on",
        "finish_attested" => "Signature on file",
        "picture" => "Profile picture",
        "signature" => "Signature",
        "source_ids" => "Copy from",
        "password" => "Password",
        "password_confirmation" => "Confirm password",
        "name" => "Name",
        "time_zone" => "Time zone",
        "password_preset" => "Password rules",
        "password_expiry_days" => "Passwords expire",
        "idle_minutes" => "Lock after",
        "assistants_may_finish" => "Assistants may finish notes",
        "address" => "Address",
        "city" => "City",
        "state" => "State",
        "zip" => "ZIP code",
        "licenses" => "Professional licenses",
        "profession" => "Profession",
        "expires_on" => "Expires on",
        "supervisor" | "supervisor_id" => "Supervisor",
        "supervisees" => "Supervises",
        "hand_supervisees_to" => "Takes over the supervised",
        "kind" => "Kind",
        "steps" => "Steps",
        "merged" => "Merged profile",
        "into" => "Merged into",
        "threshold" => "Days before",
        "group" => "Group",
        "total" => "Total",
        "count" => "How many",
        "note" => "Note",
        "clinic_id" => "Clinic",
        "reason" => "Reason",
        "currency" => "Currency",
        "therapist" => "Therapist",
        "assistant" => "Assistant",
        "student" => "Student",
        "release_license" => "Release the license",
        "invite" => "Send invitations",
        "changes" => "Changes",
        "people" | "selection" => "Users",
        other => other,
    }
}

/// What a reason of a bulk update is called where many are listed under it.
pub fn reason_title(code: &str) -> &str {
    match code {
        "cannot_remove_admin_permission" => "Admin permissions are never removed in bulk",
        "soap_not_for_clerical_or_billing" => "Clerical and Billing users cannot hold SOAP note permissions",
        "finish_not_in_bulk_for_type" => "Finish SOAP Notes is not given in bulk to assistants and students",
        "permission_not_for_type" => "The user type may not hold the permission",
        "needs_analytics_access" => "Billing Report Admin needs Analytics Access",
        "permission_required" => "Nobody is left without any permission",
        "clinic_outside_your_access" => "The clinic is outside your access",
        "clinic_inactive" => "The clinic is inactive",
        "default_clinic_not_removable" => "A default clinic is not removed",
        "permission_not_held_by_you" => "You do not hold the permission yourself",
        "last_admin" => "The last admin stays",
        "user_outside_your_access" => "The user is outside your access",
        "holds_more_than_you" => "The user holds more than you do",
        "user_changed_since_preview" => "Changed by someone else since you selected them",
        "changed_since_bulk_update" => "Changed after the bulk update",
        "no_license_available" => "No license is free",
        "email_required" => "An active user needs an email address",
        "npi_required" | "license_required" => "A credential is missing",
        "nothing_to_change" => "Nothing to change",
        other => other,
    }
}

/// A number with its thousands apart: `1,204`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + 4);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 user`, `1,204 users`.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(count)) }
}
