//! Who can sign in: the one place that says so.

use serde::Serialize;

use crate::billing::BillingAccount;
use crate::emr::EmrAccount;
use crate::people::Profile;
use crate::reach::ReachAccount;

/// Whether a person without accounts may sign in. The accounts of everybody else decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInStatus {
    /// The person may sign in.
    #[default]
    Open,
    /// The person left.
    Closed,
}

impl SignInStatus {
    /// As stored and as programs see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    /// The status a code names.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Closed].into_iter().find(|s| s.as_str() == text.trim())
    }
}

/// True when the person may sign in: at least one account is active, or the person has no account and has not left.
pub fn can_sign_in(profile: &Profile) -> bool {
    if profile.has_account() {
        profile.emr.as_ref().is_some_and(EmrAccount::is_active)
            || profile.billing.as_ref().is_some_and(BillingAccount::is_active)
            || profile.reach.as_ref().is_some_and(ReachAccount::is_active)
    } else {
        profile.sign_in == SignInStatus::Open
    }
}
