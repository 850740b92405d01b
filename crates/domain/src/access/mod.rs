//! Who acts, and how far that reaches.

use std::collections::BTreeSet;

use crate::emr::{Permission, PermissionSet, Profile, eligibility};
use crate::ids::{ClinicId, OrganizationId, PersonId};

/// What kind of actor asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorKind {
    /// A person of the practice.
    Person,
    /// An operator of the installation, who works for every practice.
    Support,
    /// Whoever runs the program on the machine itself.
    CommandLine,
}

impl ActorKind {
    /// As the audit stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Support => "support",
            Self::CommandLine => "command_line",
        }
    }
}

/// The clinics an actor reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClinicAccess {
    /// Every clinic of the organization.
    All,
    /// These only.
    Only(BTreeSet<ClinicId>),
}

/// What an actor may do in one organization. A plain value: it proves nothing by itself; the application layer
/// wraps it into an actor only after authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    kind: ActorKind,
    organization: OrganizationId,
    person: Option<PersonId>,
    permissions: PermissionSet,
    may_give: PermissionSet,
    clinics: ClinicAccess,
}

impl Authority {
    /// Of a person, from the stored profile. An inactive account carries nothing.
    pub fn of(profile: &Profile) -> Self {
        let active = profile.emr.as_ref().filter(|e| e.is_active());
        let permissions = active.map_or(PermissionSet::EMPTY, |e| e.permissions.effective());
        let clinics = match active {
            Some(_) if permissions.contains(Permission::CompanyAdmin) => ClinicAccess::All,
            Some(account) => ClinicAccess::Only(account.clinics.clone()),
            None => ClinicAccess::Only(BTreeSet::new()),
        };
        // What a manager's own type bars them from holding does not count against them: front-office managers look
        // after therapists too.
        let barred = |p: &Permission| active.is_some_and(|e| p.is_soap() && eligibility(e.user_type, *p).is_err());
        let may_give = Permission::ALL.into_iter().filter(barred).fold(permissions, PermissionSet::with);
        Self {
            may_give,
            kind: ActorKind::Person,
            organization: profile.person.organization,
            person: Some(profile.person.id),
            permissions,
            clinics,
        }
    }

    /// Of support or the command line, working for one organization.
    pub fn operator(kind: ActorKind, organization: OrganizationId) -> Self {
        Self {
            kind,
            organization,
            person: None,
            permissions: PermissionSet::FULL,
            may_give: PermissionSet::FULL,
            clinics: ClinicAccess::All,
        }
    }

    /// What kind of actor.
    pub fn kind(&self) -> ActorKind {
        self.kind
    }

    /// The organization acted in.
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// The acting person, if it is one.
    pub fn person(&self) -> Option<PersonId> {
        self.person
    }

    /// What the actor holds, with what that implies.
    pub fn permissions(&self) -> PermissionSet {
        self.permissions
    }

    /// What the actor may give to others, and may see others hold and still change them: what the actor holds, and
    /// the note permissions the actor's own type rules out.
    pub fn may_give(&self) -> PermissionSet {
        self.may_give
    }

    /// The clinics reached.
    pub fn clinics(&self) -> &ClinicAccess {
        &self.clinics
    }

    /// True when `clinic` is within reach.
    pub fn reaches(&self, clinic: ClinicId) -> bool {
        match &self.clinics {
            ClinicAccess::All => true,
            ClinicAccess::Only(some) => some.contains(&clinic),
        }
    }

    /// True when that person is the actor.
    pub fn is_self(&self, person: PersonId) -> bool {
        self.person == Some(person)
    }

    /// True for whoever may do what is reserved to support.
    pub fn is_support(&self) -> bool {
        self.kind != ActorKind::Person
    }

    /// True when the actor may see that this person exists: oneself, or with View Users a colleague who shares a
    /// clinic; with access to all clinics everyone of the organization.
    pub fn may_see(&self, profile: &Profile) -> bool {
        if profile.person.organization != self.organization {
            return false;
        }
        if self.is_self(profile.person.id) {
            return true;
        }
        self.permissions.contains(Permission::ViewUsers)
            && match &self.clinics {
                ClinicAccess::All => true,
                ClinicAccess::Only(mine) => profile.emr.iter().flat_map(|e| &e.clinics).any(|c| mine.contains(c)),
            }
    }
}
