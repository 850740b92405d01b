//! What an actor holds, product by product.

use std::collections::BTreeSet;

use crate::emr::{EmrAccount, Permission, PermissionSet, eligibility};
use crate::ids::{ClinicId, OrganizationId, PersonId};
use crate::people::Profile;
use crate::sign_in::can_sign_in;

/// What kind of actor asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorKind {
    /// A person of the practice.
    Person,
    /// An operator of the installation, who works for every practice.
    Support,
    /// The operator at the command line.
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

/// What an actor may do in one organization, one part a product. A plain value: it proves nothing by itself; the
/// application layer wraps it into an actor only after authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    kind: ActorKind,
    organization: OrganizationId,
    person: Option<PersonId>,
    can_sign_in: bool,
    emr: EmrAuthority,
}

impl Authority {
    /// Of a person, from the stored profile. An inactive account carries nothing.
    pub fn of(profile: &Profile) -> Self {
        Self {
            kind: ActorKind::Person,
            organization: profile.person.organization,
            person: Some(profile.person.id),
            can_sign_in: can_sign_in(profile),
            emr: EmrAuthority::of(profile.emr.as_ref()),
        }
    }

    /// Of support or the command line, working for one organization.
    pub fn operator(kind: ActorKind, organization: OrganizationId) -> Self {
        Self { kind, organization, person: None, can_sign_in: true, emr: EmrAuthority::full() }
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

    /// True when that person is the actor.
    pub fn is_self(&self, person: PersonId) -> bool {
        self.person == Some(person)
    }

    /// True for support and the command line, who may do what is reserved to them.
    pub fn is_support(&self) -> bool {
        self.kind != ActorKind::Person
    }

    /// True when the actor may sign in at all.
    pub fn can_sign_in(&self) -> bool {
        self.can_sign_in
    }

    /// True when both are the same actor with the same rights in every product; what else changed of the accounts does
    /// not matter.
    pub fn has_same_rights(&self, other: &Self) -> bool {
        let of = |a: &Self| (a.kind, a.organization, a.person, a.can_sign_in);
        of(self) == of(other) && self.emr.has_same_rights(&other.emr)
    }

    /// What the actor holds in the EMR.
    pub fn emr(&self) -> &EmrAuthority {
        &self.emr
    }
}

/// What an actor holds in the EMR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmrAuthority {
    /// The account it comes from; none for operators and for people without one.
    account: Option<EmrAccount>,
    permissions: PermissionSet,
    may_give: PermissionSet,
    clinics: ClinicAccess,
}

impl EmrAuthority {
    fn of(account: Option<&EmrAccount>) -> Self {
        let active = account.filter(|a| a.is_active());
        let permissions = active.map_or(PermissionSet::EMPTY, |a| a.permissions.effective());
        let clinics = match active {
            Some(_) if permissions.contains(Permission::CompanyAdmin) => ClinicAccess::All,
            Some(account) => ClinicAccess::Only(account.clinics.clone()),
            None => ClinicAccess::Only(BTreeSet::new()),
        };
        // Permissions that a manager's own type may not hold do not count against the manager: front-office managers
        // look after therapists too.
        let barred = |p: &Permission| active.is_some_and(|a| p.is_soap() && eligibility(a.user_type, *p).is_err());
        let may_give = Permission::ALL.into_iter().filter(barred).fold(permissions, PermissionSet::with);
        Self { account: account.cloned(), permissions, may_give, clinics }
    }

    fn full() -> Self {
        Self {
            account: None,
            permissions: PermissionSet::FULL,
            may_give: PermissionSet::FULL,
            clinics: ClinicAccess::All,
        }
    }

    /// The account, active or not.
    pub fn account(&self) -> Option<&EmrAccount> {
        self.account.as_ref()
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

    /// True when every clinic of the organization is within reach.
    pub fn reaches_all(&self) -> bool {
        self.clinics == ClinicAccess::All
    }

    /// True when `clinic` is within reach.
    pub fn reaches(&self, clinic: ClinicId) -> bool {
        match &self.clinics {
            ClinicAccess::All => true,
            ClinicAccess::Only(some) => some.contains(&clinic),
        }
    }

    fn has_same_rights(&self, other: &Self) -> bool {
        self.permissions == other.permissions && self.may_give == other.may_give && self.clinics == other.clinics
    }

    /// True when the EMR shows this person to the actor: with View Users, a colleague who shares a clinic, or
    /// everybody when the actor reaches all clinics.
    pub(super) fn may_see(&self, profile: &Profile) -> bool {
        self.permissions.contains(Permission::ViewUsers)
            && match &self.clinics {
                ClinicAccess::All => true,
                ClinicAccess::Only(mine) => profile.emr.iter().flat_map(|a| &a.clinics).any(|c| mine.contains(c)),
            }
    }

    /// True when the actor holds at least what this account holds.
    pub(super) fn covers(&self, account: Option<&EmrAccount>) -> bool {
        account.is_none_or(|a| a.permissions.effective().is_within(self.may_give))
    }

    /// True when the actor reaches every clinic of this account.
    pub(super) fn reaches_all_of(&self, account: Option<&EmrAccount>) -> bool {
        account.is_none_or(|a| a.clinics.iter().all(|c| self.reaches(*c)))
    }
}
