//! Who can sign in: the one place that says so.

use crate::billing::BillingAccount;
use crate::emr::EmrAccount;
use crate::people::Profile;
use crate::reach::ReachAccount;

code_enum! {
    /// Whether a person without accounts may sign in. The accounts of everybody else decide.
    #[derive(Default)]
    SignInStatus {
        /// The person may sign in.
        #[default]
        Open "open";
        /// The person left.
        Closed "closed";
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::emr::{Status, UserType};
    use crate::ids::{ClinicId, OrganizationId, PersonId};

    fn blank() -> Profile {
        Profile::blank(OrganizationId::INSTALLATION, PersonId(Uuid::nil()))
    }

    fn with_emr(status: Status) -> Profile {
        let account = EmrAccount::new(UserType::PT, ClinicId(Uuid::nil()));
        blank().with_emr(EmrAccount { status, ..account })
    }

    #[test]
    fn accounts_decide_where_there_are_any_and_the_status_where_there_are_none() {
        let closed = |profile: Profile| Profile { sign_in: SignInStatus::Closed, ..profile };
        for (profile, expected) in [
            (blank(), true),
            (closed(blank()), false),
            (with_emr(Status::Active), true),
            (with_emr(Status::Inactive), false),
            (closed(with_emr(Status::Active)), true),
        ] {
            assert_eq!(can_sign_in(&profile), expected, "{profile:?}");
        }
    }
}
