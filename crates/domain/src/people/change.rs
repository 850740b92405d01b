//! What a change of a person asks for, what the decision has to know, and what comes of it.

use super::{NameOwner, PersonPatch, Profile};
use crate::credentials::may_supervise;
use crate::emr::{EmrFacts, EmrPatch, SeatMove, seat_move};
use crate::licenses::Group;
use crate::sign_in::{PasswordPolicy, can_sign_in};

/// A password typed for someone else.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPassword {
    /// The password.
    pub password: String,
    /// The same again, where the form asks for it.
    pub confirmation: Option<String>,
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

/// A request to add a person (nothing stored yet) or to change one. `None` leaves an account alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Of the person.
    pub person: PersonPatch,
    /// `open` or `closed`; only for people without accounts, whose accounts would decide otherwise.
    pub sign_in_status: Option<String>,
    /// Of the EMR account.
    pub emr: Option<EmrPatch>,
    /// A password typed by a manager; its owner has to change it at the first sign-in.
    pub password: Option<NewPassword>,
}

impl Change {
    /// True when nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What the decision has to know of everything else, one part a product.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Someone else who holds the wanted user name.
    pub username_owner: Option<NameOwner>,
    /// Someone else who holds the wanted email.
    pub email_owner: Option<NameOwner>,
    /// Someone else in the organization who holds the wanted (real) NPI.
    pub npi_owner: Option<NameOwner>,
    /// The organization's password rules.
    pub password_policy: PasswordPolicy,
    /// Of the EMR.
    pub emr: EmrFacts,
}

impl Facts {
    /// For a person who is not stored yet and shares no name, email or NPI with anybody.
    pub fn for_new_person(password_policy: PasswordPolicy, emr: EmrFacts) -> Self {
        Self { username_owner: None, email_owner: None, npi_owner: None, password_policy, emr }
    }
}

/// Something the person who saved should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Saved inactive, because no license of this group was free at this clinic.
    SavedInactiveNoLicense(Group, String),
    /// Made inactive: the license stays with the practice, and on the bill, until it is released.
    LicenseStays(Group, String),
}

impl Notice {
    /// The sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::SavedInactiveNoLicense(group, clinic) => format!(
                "Saved as inactive: no {} license is free at {clinic}. Ask support for one more, then make this person active.",
                group.as_str()
            ),
            Self::LicenseStays(group, clinic) => format!(
                "The {} license stays with {clinic}, and on the bill, until it is released. Making someone inactive does not release it.",
                group.as_str()
            ),
        }
    }
}

/// What will be saved, and what ends with it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The profile afterward.
    pub profile: Profile,
    /// The seats that move.
    pub seats: SeatMove,
    /// What to tell.
    pub notices: Vec<Notice>,
    /// Sessions, links and tokens of the person end.
    pub ends_access: bool,
    /// The person supervised assistants or students, or might have, and no longer can.
    pub ends_supervision: bool,
}

impl Outcome {
    /// What follows from all accounts together when `before` becomes `profile`.
    pub fn between(before: &Profile, profile: Profile, notices: Vec<Notice>) -> Self {
        Self {
            seats: seat_move(before.emr.as_ref(), profile.emr.as_ref()),
            ends_access: can_sign_in(before) && !can_sign_in(&profile),
            ends_supervision: may_supervise(before) && !may_supervise(&profile),
            profile,
            notices,
        }
    }
}
