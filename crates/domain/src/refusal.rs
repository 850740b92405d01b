//! Refusals: what may not be done, why, and where it stands in the form.
//!
//! The enum [`Code`] is the catalog of every refusal Muster can give: its stable code for programs and its
//! sentence for people. A rule elsewhere only picks a code; it never words a refusal itself.

use std::fmt;

use serde::{Serialize, Serializer};

/// What kind of "no" a refusal is; one place maps it to an HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The input itself is not acceptable.
    Invalid,
    /// Acceptable in itself, but at odds with what is stored.
    Conflict,
    /// The actor may not do this.
    Forbidden,
}

macro_rules! codes {
    ($($variant:ident $code:literal $severity:ident $sentence:literal;)*) => {
        /// A stable reason for a refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $sentence] $variant,)* }

        impl Code {
            /// Every code, in the order of the catalog.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The code as programs see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            /// The sentence for people; `{}` stands for what the refusal is about.
            pub fn sentence(self) -> &'static str {
                match self { $(Code::$variant => $sentence,)* }
            }

            /// What kind of refusal this is.
            pub fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    // Fields
    Required "required" Invalid "{} is needed.";
    TooLong "too_long" Invalid "{} may have at most 100 characters.";
    TooManyPreviousNames "too_many_previous_names" Invalid "A person may have at most {} previous names.";
    UnprintableCharacters "unprintable_characters" Invalid "{} contains characters that cannot be shown. Type it again instead of pasting it.";
    NotUnderstood "not_understood" Invalid "{} is not a value Muster knows.";
    EmailInvalid "email_invalid" Invalid "This does not look like an email address. It should read like name@practice.com.";
    EmailRequired "email_required" Invalid "An active profile needs an email address, so that its owner can set a password and be reached.";
    EmailTaken "email_taken" Conflict "This email is already used by {}. Use another address.";
    UsernameInvalid "username_invalid" Invalid "A user name has 2 to 100 letters, digits or . _ - @ + ' and no spaces.";
    UsernameTaken "username_taken" Conflict "This user name is already used by {}. Choose another one.";
    PhoneInvalid "phone_invalid" Invalid "A phone number has 7 to 20 digits; spaces, dots, dashes, brackets, + and an extension (x123) are fine.";
    NpiInvalid "npi_invalid" Invalid "This NPI is not valid: an NPI has 10 digits, starts with 1 or 2, and its last digit checks the others. If you do not have it yet, enter 9999999995.";
    NpiRequired "npi_required" Invalid "A {} needs an NPI. If you do not have it yet, enter 9999999995 as a placeholder.";
    NpiTaken "npi_taken" Conflict "This NPI already belongs to {}. Look there first: one provider must not stand in the system twice.";
    NpiNotForType "npi_not_for_type" Invalid "A {} profile has no NPI. Leave it empty.";
    LicenseRequired "license_required" Invalid "A {} needs a license number. If you do not have it yet, enter 00000 as a placeholder.";
    LicenseInvalid "license_invalid" Invalid "A license number has 1 to 40 letters, digits, dots, dashes, slashes or spaces.";
    LicenseNotForType "license_not_for_type" Invalid "A {} profile has no license number. Leave it empty.";
    StateInvalid "state_invalid" Invalid "Use the two-letter abbreviation of a US state or territory, such as ME.";
    DateInvalid "date_invalid" Invalid "Write the date as year-month-day, such as 2027-03-31.";
    LicenseListedTwice "license_listed_twice" Conflict "This license is on the list already.";
    TooManyLicenses "too_many_licenses" Invalid "A person may have at most 200 licenses.";
    // Supervision and leaving
    SupervisorNotForType "supervisor_not_for_type" Invalid "Only assistants and students have a supervisor.";
    SupervisorUnknown "supervisor_unknown" Invalid "There is no such therapist, or you do not have access to that person.";
    SupervisorNotTherapist "supervisor_not_therapist" Invalid "{} is not an active therapist and cannot supervise.";
    SupervisorLeaving "supervisor_leaving" Invalid "This is the person who leaves. Choose another therapist.";
    SuperviseesNeedSupervisor "supervisees_need_supervisor" Invalid "This person supervises assistants or students. Choose the therapist who takes them over.";
    // Permissions of a profile
    PermissionRequired "permission_required" Invalid "Tick at least one permission.";
    UnknownPermission "unknown_permission" Invalid "{} is not a permission Muster knows.";
    PermissionNotForType "permission_not_for_type" Invalid "{}: this user type may not hold it.";
    SoapNotForClericalOrBilling "soap_not_for_clerical_or_billing" Invalid "{}: Clerical and Billing users cannot hold SOAP note permissions.";
    FinishNotForStudent "finish_not_for_student" Invalid "Finish SOAP Notes can never be given to a student.";
    NeedsAnalyticsAccess "needs_analytics_access" Invalid "Billing Report Admin works inside Analytics: tick Analytics Access too.";
    AttestationRequired "attestation_required" Invalid "To let an assistant finish SOAP notes, confirm that this person's signature is on file.";
    ClinicForbidsAssistantFinish "clinic_forbids_assistant_finish" Invalid "None of this person's clinics lets assistants finish notes. A clinic admin can switch that on in Settings.";
    FinishSwitchedOff "finish_switched_off" Invalid "Assistants may not finish notes at this clinic: it is switched off there. A clinic admin can switch it on in Settings.";
    FinishNotGranted "finish_not_granted" Invalid "Finish SOAP Notes was not given to this person.";
    AccountInactive "account_inactive" Invalid "This account is inactive.";
    ClinicClosed "clinic_closed" Invalid "This clinic is inactive.";
    NotAtThisClinic "not_at_this_clinic" Invalid "This person does not work at this clinic.";
    SignatureRequired "signature_required" Invalid "{}: needs a signature on file first. Add it to the saved profile, under Therapist signature.";
    SoapNeverCopied "soap_never_copied" Invalid "{}: SOAP note permissions are never copied. Give them on the profile.";
    PermissionNotHeldByYou "permission_not_held_by_you" Forbidden "{}: you do not hold this permission yourself. Ask a company admin or support.";
    // Clinics of a profile
    ClinicRequired "clinic_required" Invalid "Choose at least one clinic.";
    DefaultClinicRequired "default_clinic_required" Invalid "Choose which of the clinics is the default one.";
    DefaultClinicNotAmongClinics "default_clinic_not_among_clinics" Invalid "The default clinic must be one of the person's clinics.";
    DefaultClinicNotRemovable "default_clinic_not_removable" Invalid "{} is this person's default clinic. Choose another default clinic before you remove it.";
    ClinicOutsideYourAccess "clinic_outside_your_access" Forbidden "You do not have access to {}, so you cannot add or remove it.";
    ClinicInactive "clinic_inactive" Invalid "{} is inactive. Nobody can be added to it.";
    // Who may do what
    NotAllowed "not_allowed" Forbidden "You need the permission {} for this.";
    UserOutsideYourAccess "user_outside_your_access" Forbidden "This person works in none of your clinics.";
    RightsChanged "rights_changed" Forbidden "Your own access was changed a moment ago, so nothing was saved. Try again to see what you can do now.";
    HoldsMoreThanYou "holds_more_than_you" Forbidden "This person holds permissions or clinics that you do not. Someone who holds at least as much has to make this change.";
    OwnPassword "own_password" Forbidden "Change your own password under My account, where the current one is asked for.";
    SupportOnly "support_only" Forbidden "Only support can change the user type of a saved profile, because some changes break the profile.";
    SupportOnlyTotals "support_only" Forbidden "Only support sets license totals. Ask for an adjustment instead.";
    LastCompanyAdmin "last_admin" Conflict "{} is the last active company admin. Make someone else company admin first.";
    LastUserManager "last_admin" Conflict "This person is the last user manager of {}. Give someone else there Edit Users first.";
    NoLicenseAvailable "no_license_available" Conflict "No {} license is free at {}. Ask support for one more, or make someone else there inactive.";
    PossibleDuplicate "possible_duplicate" Conflict "Someone much like this is here already. Look first, then say whether it is the same person or someone else.";
    MergeWithItself "merge_with_itself" Invalid "A profile cannot be merged with itself.";
    MergeKeepsAccount "merge_keeps_account" Invalid "The profile of {} has an EMR account, and the one to keep has none. Keep the other profile instead.";
    MergeTooOld "merge_too_old" Conflict "This merge is more than 30 days old and cannot be undone any more.";
    MergeUndoneAlready "merge_undone_already" Conflict "This merge was undone already.";
    ChangedSinceMerge "changed_since_merge" Conflict "One of the two profiles was changed after the merge. Undoing it would lose that change.";
    NothingToChange "nothing_to_change" Invalid "Nothing was changed.";
    // Bulk updates
    CannotRemoveAdminPermission "cannot_remove_admin_permission" Invalid "{}: admin permissions are never taken away in bulk, so that no clinic loses its admins by accident. Take it away on the profile.";
    FinishNotInBulkForType "finish_not_in_bulk_for_type" Invalid "Finish SOAP Notes is never given in bulk to a {}. Where it may be given at all, give it on the profile.";
    UserChangedSincePreview "user_changed_since_preview" Conflict "This person was changed by someone else after you selected them, so nothing was overwritten. Look at the profile and select them again.";
    ChangedSinceBulkUpdate "changed_since_bulk_update" Conflict "This person was changed after the bulk update. Undoing it could lose that change.";
    NoChangesChosen "no_changes_chosen" Invalid "Choose at least one change.";
    ChangesContradict "changes_contradict" Invalid "{} cannot be changed both ways at once.";
    NobodySelected "nobody_selected" Invalid "Nobody is selected. Choose at least one person.";
    TooManyPeople "too_many_people" Invalid "At most {} people fit into one bulk update. Narrow the selection and go step by step.";
    BulkNotFinished "bulk_not_finished" Conflict "This bulk update is still running. Wait until it is done, or cancel it.";
    BulkStartedAlready "bulk_started_already" Conflict "This bulk update was started already.";
    BulkUndoTooOld "bulk_undo_too_old" Conflict "This bulk update is more than 30 days old and cannot be undone any more.";
    BulkUndoneAlready "bulk_undone_already" Conflict "This bulk update was undone already.";
    BulkNothingToUndo "bulk_nothing_to_undo" Conflict "There is nothing to undo: this bulk update changed nobody, or is itself an undo.";
    SomeoneSavedFirst "someone_saved_first" Conflict "Someone else saved this while you were working. Nothing of yours is lost: look at what changed, then save again.";
    // Picture and signature
    ImageMissing "image_missing" Invalid "Choose a file first.";
    ImageKind "image_kind" Invalid "This is not {} file. What counts is the content, not the name.";
    ImageUnreadable "image_unreadable" Invalid "This image is damaged or incomplete. Save it again, or choose another one.";
    ImageTooLarge "image_too_large" Invalid "This image is too large. It may have at most 4096 × 4096 pixels and 5 MiB.";
    PictureNotSquare "picture_not_square" Invalid "A profile picture is a perfect square; this one is {} × {} pixels. Crop it and send it again.";
    SignatureNotForType "signature_not_for_type" Invalid "A {} has no signature: therapists and assistants do.";
    SignatureEmpty "signature_empty" Invalid "There is nothing to see on this signature. Draw it again, or choose another file.";
    SignatureInUse "signature_in_use" Conflict "This assistant finishes SOAP notes with this signature. Take Finish SOAP Notes away first, or replace the signature.";
    // Password
    PasswordTooShort "password_too_short" Invalid "The password needs at least {} characters.";
    PasswordTooLong "password_too_long" Invalid "The password may have at most 256 characters.";
    PasswordNeedsNumber "password_needs_number" Invalid "The password needs a number.";
    PasswordNeedsSpecial "password_needs_special" Invalid "The password needs a special character, such as ! or ?.";
    PasswordNeedsUpper "password_needs_upper" Invalid "The password needs an upper-case letter.";
    PasswordNeedsLower "password_needs_lower" Invalid "The password needs a lower-case letter.";
    PasswordNotStrong "password_not_strong" Invalid "The strength is {}; it must be Strong. Longer and less predictable helps most.";
    PasswordCommon "password_common" Invalid "This is one of the passwords attackers try first. Choose another.";
    PasswordContainsName "password_contains_name" Invalid "The password must not contain the person's name, user name, email or clinic.";
    PasswordMismatch "password_mismatch" Invalid "The two passwords are not the same.";
    PasswordUnchanged "password_unchanged" Invalid "This is the password in use now. Choose a new one.";
    // Signing in
    SignInFailed "sign_in_failed" Invalid "The user name or password is not right.";
    CurrentPasswordWrong "current_password_wrong" Invalid "That is not your current password.";
    SignInFollowsAccounts "sign_in_follows_accounts" Invalid "This person has accounts, and those decide about signing in. Change the status of an account instead.";
    InactiveCannotSignIn "inactive_cannot_sign_in" Conflict "An inactive person cannot sign in. Make the profile active first.";
    NotFound "not_found" Forbidden "There is nothing here, or you do not have access to it.";
    LinkSpent "link_spent" Invalid "This link was used already, has run out, or was replaced by a newer one. Ask for a new one.";
    // Organization and clinics
    NameTaken "name_taken" Conflict "{} is already in use here. Choose another name.";
    TimeZoneUnknown "time_zone_unknown" Invalid "{} is not a time zone Muster knows. Use a name such as America/New_York.";
    NumberOutOfRange "number_out_of_range" Invalid "{}.";
    ClinicIsADefault "clinic_is_a_default" Conflict "{} is still someone's default clinic. Give those people another default clinic first.";
    LastClinic "last_clinic" Conflict "A practice needs at least one active clinic.";
    TotalBelowAssigned "total_below_assigned" Conflict "{} people hold a license of this pool; the total cannot be lower than that.";
    PoolAlwaysUnlimited "pool_always_unlimited" Invalid "Clerical licenses are free and unlimited; they have no total.";
    PoolUnlimited "pool_unlimited" Conflict "The {} licenses of {} have no limit, so there is nothing to add or to release.";
    ReleaseExceedsAvailable "release_exceeds_available" Conflict "At most {} can be released: that many are free and not asked to be released already. Make somebody inactive first.";
    ReleaseTakenMeanwhile "release_taken_meanwhile" Conflict "Only {} of the {} licenses are free now; the others were taken since the request was made. Reject it, or wait until they are free again.";
    RequestEnded "request_ended" Conflict "This request was {} already. Nothing was done a second time.";
    RequestNotYours "request_not_yours" Forbidden "Only the person who asked, or a company admin, can withdraw a request.";
    RequestsNotAllowed "not_allowed" Forbidden "You need View Users, Clinic Admin or Company Admin to ask for licenses.";
    SupportOnlyRequests "support_only" Forbidden "Only support processes or rejects requests, and sets what a license costs.";
    CurrencyUnknown "currency_unknown" Invalid "{} is not a currency Muster knows. Use USD, CAD, EUR, GBP or AUD.";
    NobodyWaits "nobody_waits" Invalid "Nobody of those chosen waits for a license any more.";
    IdempotencyKeyReused "idempotency_key_reused" Invalid "This Idempotency-Key was used for a different request.";
    TokenShownBefore "token_shown_before" Invalid "This request made the token “{}” before, and its secret is shown only once. If it got lost, revoke that token and make another under a new key.";
    AlreadySetUp "already_set_up" Conflict "This installation is set up already.";
    UnknownColumn "unknown_column" Invalid "{}";
    RowWidth "row_width" Invalid "This row has {} cells, but the header has {}. A value that contains the separator needs quotation marks around it.";
    RowNotUnicode "row_not_unicode" Invalid "This row is not UTF-8 text. Save the file as “CSV UTF-8” and import it again; rows that are there already stay as they are.";
    RowTooLong "row_too_long" Invalid "This row is longer than a megabyte, so a quotation mark is probably never closed. Nothing after it was read.";
    FileUnreadable "file_unreadable" Invalid "The file could not be read any further: {}.";
    ListedTwice "listed_twice" Invalid "This person stands in an earlier row of the file already. Put both changes into one row.";
    UnknownField "unknown_field" Invalid "{} is not a field of this record.";
    UnknownParameter "unknown_parameter" Invalid "{} is not a parameter of this address.";
    ReadOnlyField "read_only_field" Invalid "{} cannot be set: it follows from the rest of the record.";
    WrongType "wrong_type" Invalid "{} must be {}.";
    TextTooLong "too_long" Invalid "{} may have at most {} characters.";
    NotAvailableYet "not_available_yet" Invalid "{} cannot be given yet: this version keeps EMR accounts only.";
    CursorInvalid "cursor_invalid" Invalid "This is not a cursor of this list. Take it from `next` of the page before, with the same sort.";
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One reason why something was not done, at its field where it has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The field of the contract it belongs to; none when it is about the whole request.
    pub field: Option<&'static str>,
    /// The stable code.
    pub code: Code,
    /// The sentence, ready to show.
    pub message: String,
}

impl Refusal {
    /// A refusal whose sentence needs nothing filled in.
    pub fn new(field: &'static str, code: Code) -> Self {
        Self { field: Some(field), code, message: code.sentence().to_owned() }
    }

    /// A refusal about the whole request.
    pub fn whole(code: Code) -> Self {
        Self { field: None, code, message: code.sentence().to_owned() }
    }

    /// The same at the field's name without its account; see [`bare_field`].
    #[must_use]
    pub fn bare(self) -> Self {
        Self { field: self.field.map(bare_field), ..self }
    }

    /// Fills the `{}` places of the sentence, in order.
    #[must_use]
    pub fn about<T: AsRef<str>>(mut self, what: &[T]) -> Self {
        for one in what {
            self.message = self.message.replacen("{}", one.as_ref(), 1);
        }
        self
    }
}

/// A field's name without the account it belongs to: `user_type` for `emr_account.user_type`. Pages and the resource of
/// one account call it that.
pub fn bare_field(field: &str) -> &str {
    field.split_once("_account.").map_or(field, |(_, bare)| bare)
}

/// Every reason at once: nobody should have to save five times to learn five things.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Refusals(pub Vec<Refusal>);

impl Refusals {
    /// Adds one.
    pub fn push(&mut self, refusal: Refusal) {
        if !self.0.contains(&refusal) {
            self.0.push(refusal);
        }
    }

    /// Keeps the value, or notes the refusal and gives nothing.
    pub fn take<T>(&mut self, result: Result<T, Refusal>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(refusal) => {
                self.push(refusal);
                None
            }
        }
    }

    /// All of them at the fields' names without the account; see [`bare_field`].
    #[must_use]
    pub fn bare(self) -> Self {
        Self(self.0.into_iter().map(Refusal::bare).collect())
    }

    /// `Ok` when nothing was refused.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }

    /// True when nothing was refused.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when `code` is among the reasons.
    pub fn has(&self, code: Code) -> bool {
        self.0.iter().any(|r| r.code == code)
    }

    /// How the request as a whole is answered: forbidden outranks invalid, and only pure conflicts are conflicts.
    pub fn severity(&self) -> Severity {
        let any = |s| self.0.iter().any(|r| r.code.severity() == s);
        if any(Severity::Forbidden) {
            Severity::Forbidden
        } else if any(Severity::Invalid) {
            Severity::Invalid
        } else {
            Severity::Conflict
        }
    }
}

impl From<Refusal> for Refusals {
    fn from(refusal: Refusal) -> Self {
        Self(vec![refusal])
    }
}

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentences: Vec<&str> = self.0.iter().map(|r| r.message.as_str()).collect();
        f.write_str(&sentences.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_is_plain_and_ends() {
        for code in Code::ALL {
            let sentence = code.sentence();
            assert!(sentence.ends_with(['.', '}']), "{code:?}: {sentence}");
            assert!(!sentence.contains("  "), "{code:?}");
            assert!(code.as_str().chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{code:?}");
        }
    }

    #[test]
    fn forbidden_outranks_what_is_wrong_with_the_input() {
        let mut refusals = Refusals::default();
        refusals.push(Refusal::new("email", Code::EmailTaken).about(&["someone"]));
        assert_eq!(refusals.severity(), Severity::Conflict);
        refusals.push(Refusal::new("email", Code::EmailInvalid));
        assert_eq!(refusals.severity(), Severity::Invalid);
        refusals.push(Refusal::whole(Code::NotAllowed).about(&["Edit Users"]));
        assert_eq!(refusals.severity(), Severity::Forbidden);
    }
}
