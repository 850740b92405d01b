//! Professional licenses of a person, and what is still missing from a provider's credentials.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::access::{Authority, may_edit};
use crate::emr::{Credentials, EmrAccount, LICENSE_PLACEHOLDER, check_license_number};
use crate::licenses::Group;
use crate::people::{Profile, check_state, npi};
use crate::refusal::{Code, Refusal, Refusals};
use crate::text::{LONGEST_NAME, is_unprintable, tidy};

/// Most licenses of one person: far more than there are states and professions for anybody, so that it only stops a
/// program that adds without end.
pub const MOST_LICENSES: usize = 200;

/// The place of the license that the EMR profile shows; its number, state and date are fields of the account.
pub const FIRST_LICENSE: i64 = 0;

/// One professional license.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfessionalLicense {
    /// Its place in the person's list, kept as long as it stands there; 0 is the one of the EMR profile.
    pub position: i64,
    /// As printed; possibly the placeholder.
    pub number: Option<String>,
    /// Two letters.
    pub state: Option<String>,
    /// In words, such as “Physical therapist”.
    pub profession: Option<String>,
    /// Last day it is valid.
    pub expires_on: Option<Date>,
}

/// The fields of a license a change may carry. `None` leaves a field alone, `Some(None)` clears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfessionalLicensePatch {
    /// As printed.
    pub number: Option<Option<String>>,
    /// Two letters.
    pub state: Option<Option<String>>,
    /// In words.
    pub profession: Option<Option<String>>,
    /// `YYYY-MM-DD`.
    pub expires_on: Option<Option<String>>,
}

impl ProfessionalLicensePatch {
    /// The license afterward; what is wrong is noted and left as it was.
    pub fn apply(&self, before: &ProfessionalLicense, refusals: &mut Refusals) -> ProfessionalLicense {
        let mut after = before.clone();
        let filled =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
        let moved = |field, result: Result<String, Refusal>| result.map_err(|r| Refusal { field: Some(field), ..r });
        if let Some(number) = &self.number {
            after.number = filled(number).and_then(|n| refusals.take(moved("number", check_license_number(&n))));
        }
        if let Some(state) = &self.state {
            after.state = filled(state).and_then(|s| refusals.take(moved("state", check_state(&s))));
        }
        if let Some(profession) = &self.profession {
            after.profession = filled(profession).and_then(|p| refusals.take(check_profession(&p)));
        }
        if let Some(day) = &self.expires_on {
            after.expires_on = filled(day)
                .and_then(|d| refusals.take(d.parse().map_err(|_| Refusal::new("expires_on", Code::DateInvalid))));
        }
        after
    }
}

fn check_profession(text: &str) -> Result<String, Refusal> {
    let text = tidy(text);
    if text.chars().count() > LONGEST_NAME {
        return Err(Refusal::new("profession", Code::TooLong).about(&["The profession"]));
    }
    if text.chars().any(is_unprintable) {
        return Err(Refusal::new("profession", Code::UnprintableCharacters).about(&["The profession"]));
    }
    Ok(text)
}

/// Judges a license to add (`before` is none) or to change, beside the others of the person.
///
/// # Errors
/// Every refusal at once.
pub fn judge_professional_license(
    actor: &Authority,
    profile: &Profile,
    others: &[ProfessionalLicense],
    before: Option<&ProfessionalLicense>,
    patch: &ProfessionalLicensePatch,
) -> Result<ProfessionalLicense, Refusals> {
    may_edit(actor, profile)?;
    let mut refusals = Refusals::default();
    let blank = ProfessionalLicense {
        position: others.iter().map(|l| l.position).max().unwrap_or(FIRST_LICENSE).max(FIRST_LICENSE) + 1,
        ..ProfessionalLicense::default()
    };
    let after = patch.apply(before.unwrap_or(&blank), &mut refusals);
    if let Some(emr) = profile.emr.as_ref().filter(|e| e.user_type.credentials() == Credentials::None) {
        refusals.push(Refusal::new("number", Code::LicenseNotForType).about(&[emr.user_type.title()]));
    }
    if after.number.is_none() && !refusals.0.iter().any(|r| r.field == Some("number")) {
        refusals.push(Refusal::new("number", Code::Required).about(&["A license number"]));
    }
    let real = after.number.as_deref().filter(|n| *n != LICENSE_PLACEHOLDER);
    let same = |l: &&ProfessionalLicense| {
        l.position != after.position && l.state == after.state && l.number.as_deref().is_some_and(|n| real == Some(n))
    };
    if others.iter().any(|l| same(&l)) {
        refusals.push(Refusal::new("number", Code::LicenseListedTwice));
    }
    if before.is_none() && others.len() >= MOST_LICENSES {
        refusals.push(Refusal::whole(Code::TooManyLicenses));
    }
    refusals.into_result()?;
    Ok(after)
}

/// How near the end of a license is. Each stage is told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReminderStage {
    /// Its last day is over.
    Expired,
    /// 30 days or fewer are left.
    Within30,
    /// 60 or fewer.
    Within60,
    /// 90 or fewer.
    Within90,
}

impl ReminderStage {
    /// Where a license stands on a day; none while it is good for longer.
    pub fn of(expires_on: Date, today: Date) -> Option<Self> {
        match days_left(expires_on, today) {
            ..=-1 => Some(Self::Expired),
            0..=30 => Some(Self::Within30),
            31..=60 => Some(Self::Within60),
            61..=90 => Some(Self::Within90),
            _ => None,
        }
    }

    /// As stored with a reminder: days, 0 once it has run out.
    pub fn threshold(self) -> i64 {
        match self {
            Self::Expired => 0,
            Self::Within30 => 30,
            Self::Within60 => 60,
            Self::Within90 => 90,
        }
    }

    fn issue(self) -> CredentialIssue {
        match self {
            Self::Expired => CredentialIssue::Expired,
            Self::Within30 => CredentialIssue::Expires30,
            Self::Within60 => CredentialIssue::Expires60,
            Self::Within90 => CredentialIssue::Expires90,
        }
    }
}

/// Days until the last valid day; negative once it is over.
pub fn days_left(expires_on: Date, today: Date) -> i32 {
    today.until(expires_on).map_or(0, |span| span.get_days())
}

macro_rules! issues {
    ($($variant:ident $code:literal $label:literal;)*) => {
        /// What is missing from a provider's credentials.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CredentialIssue { $(#[doc = $label] $variant,)* }

        impl CredentialIssue {
            /// Every kind, most urgent first.
            pub const ALL: &'static [CredentialIssue] = &[$(CredentialIssue::$variant,)*];
            /// The code of the contract.
            pub fn as_str(self) -> &'static str { match self { $(CredentialIssue::$variant => $code,)* } }
            /// In words.
            pub fn label(self) -> &'static str { match self { $(CredentialIssue::$variant => $label,)* } }
        }
    };
}

issues! {
    Expired "expired" "License expired";
    Expires30 "expires_30" "License expires within 30 days";
    Expires60 "expires_60" "License expires within 60 days";
    Expires90 "expires_90" "License expires within 90 days";
    PlaceholderNpi "placeholder_npi" "Placeholder NPI";
    PlaceholderLicense "placeholder_license" "Placeholder license number";
    MissingSignature "missing_signature" "No signature on file";
    MissingSupervisor "missing_supervisor" "No supervisor";
}

impl CredentialIssue {
    /// The kind a code names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|i| i.as_str() == text.trim())
    }
}

/// What is missing, most urgent first: nothing for an account that is not in use.
pub fn issues(
    profile: &Profile,
    licenses: &[ProfessionalLicense],
    has_signature: bool,
    supervised: bool,
    today: Date,
) -> Vec<CredentialIssue> {
    let Some(account) = profile.emr.as_ref().filter(|e| e.is_active()) else { return Vec::new() };
    let mut found: Vec<CredentialIssue> =
        licenses.iter().filter_map(|l| ReminderStage::of(l.expires_on?, today)).map(ReminderStage::issue).collect();
    let mut add = |when: bool, issue| {
        if when {
            found.push(issue);
        }
    };
    add(profile.person.npi.as_deref() == Some(npi::PLACEHOLDER), CredentialIssue::PlaceholderNpi);
    add(licenses.iter().any(|l| l.number.as_deref() == Some(LICENSE_PLACEHOLDER)), CredentialIssue::PlaceholderLicense);
    add(account.user_type.has_signature() && !has_signature, CredentialIssue::MissingSignature);
    add(needs_supervisor(account) && !supervised, CredentialIssue::MissingSupervisor);
    found.sort_unstable();
    found.dedup();
    found
}

/// True for assistants and students.
pub fn needs_supervisor(account: &EmrAccount) -> bool {
    matches!(account.user_type.group(), Group::Assistant | Group::Student)
}

/// True for people who may supervise: active therapists.
pub fn may_supervise(profile: &Profile) -> bool {
    profile.emr.as_ref().is_some_and(|e| e.is_active() && e.user_type.group() == Group::Therapist)
}

/// Judges who is to supervise a person; `supervisor` is none to clear. The caller gives only someone the actor sees.
///
/// # Errors
/// Every refusal at once.
pub fn judge_supervisor(actor: &Authority, person: &Profile, supervisor: Option<&Profile>) -> Result<(), Refusals> {
    may_edit(actor, person)?;
    let Some(supervisor) = supervisor else { return Ok(()) };
    let mut refusals = Refusals::default();
    if !person.emr.as_ref().is_some_and(needs_supervisor) {
        refusals.push(Refusal::new("supervisor_id", Code::SupervisorNotForType));
    }
    if !actor.may_see(supervisor) {
        refusals.push(Refusal::new("supervisor_id", Code::SupervisorUnknown));
    } else if !may_supervise(supervisor) {
        let name = &supervisor.person.full_name;
        refusals.push(Refusal::new("supervisor_id", Code::SupervisorNotTherapist).about(&[name]));
    }
    refusals.into_result()
}
