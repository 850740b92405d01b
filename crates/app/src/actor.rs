//! Who acts. An [`Actor`] only comes out of authentication, or from the command line of the machine itself.

use std::collections::BTreeSet;

use muster_domain::access::{self, ActorKind, Authority};
use muster_domain::emr::Permission;
use muster_domain::people::Profile;
use muster_domain::{Code, OrganizationId, PersonId, Refusal};
use uuid::Uuid;

use crate::error::AppError;

macro_rules! scopes {
    ($($variant:ident $code:literal $label:literal;)*) => {
        /// What an access token may be used for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Scope { $(#[doc = $label] $variant,)* }

        impl Scope {
            /// Every scope.
            pub const ALL: &'static [Scope] = &[$(Scope::$variant,)*];
            /// As programs write it.
            pub fn as_str(self) -> &'static str { match self { $(Scope::$variant => $code,)* } }
            /// In words.
            pub fn label(self) -> &'static str { match self { $(Scope::$variant => $label,)* } }
        }
    };
}

scopes! {
    PeopleRead "people:read" "Read people, clinics and settings";
    PeopleWrite "people:write" "Add and change people, clinics and settings";
    Bulk "bulk" "Bulk updates";
    Licenses "licenses" "License pools and requests";
    Billing "billing" "Billing accounts";
    Reach "reach" "Reach accounts and events";
    AuditRead "audit:read" "Read the audit record";
    Check "check" "Ask what a person may do";
    Admin "admin" "Tokens, sessions and everything else";
}

impl Scope {
    /// The scope a code names.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.as_str() == text.trim())
    }
}

/// Through which door a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Channel {
    Page,
    Api,
    CommandLine,
    Import,
    Bulk,
}

impl Channel {
    /// As the audit stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Api => "api",
            Self::CommandLine => "command_line",
            Self::Import => "import",
            Self::Bulk => "bulk",
        }
    }
}

/// Where a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Which door.
    pub channel: Channel,
    /// The client's network address as text; empty for the command line.
    pub address: String,
    /// What the browser calls itself, cut to 200 characters.
    pub user_agent: String,
}

impl Origin {
    /// The machine itself.
    pub fn command_line() -> Self {
        Self { channel: Channel::CommandLine, address: String::new(), user_agent: String::new() }
    }
}

/// What an actor proved who they are with. It is looked at again inside the transaction of every change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// The hash of a session's cookie.
    Session(Vec<u8>),
    /// The hash of an access token.
    Token(Vec<u8>),
    /// The machine itself, or background work that checks its starter's rights chunk by chunk.
    Machine,
}

/// Somebody who proved who they are.
#[derive(Clone, Debug)]
pub struct Actor {
    authority: Authority,
    subject: Option<Uuid>,
    name: String,
    origin: Origin,
    scopes: Option<BTreeSet<Scope>>,
    credential: Credential,
}

impl Actor {
    /// The operator at the command line, working for one organization.
    pub fn command_line(organization: OrganizationId) -> Self {
        Self {
            authority: Authority::operator(ActorKind::CommandLine, organization),
            subject: None,
            name: "Command line".to_owned(),
            origin: Origin::command_line(),
            scopes: None,
            credential: Credential::Machine,
        }
    }

    pub(crate) fn person(profile: &Profile, origin: Origin, scopes: Option<BTreeSet<Scope>>) -> Self {
        Self {
            authority: Authority::of(profile),
            subject: Some(profile.person.id.0),
            name: profile.person.full_name.clone(),
            origin,
            scopes,
            credential: Credential::Machine,
        }
    }

    pub(crate) fn support(
        subject: Uuid,
        name: &str,
        organization: OrganizationId,
        origin: Origin,
        scopes: Option<BTreeSet<Scope>>,
    ) -> Self {
        Self {
            authority: Authority::operator(ActorKind::Support, organization),
            subject: Some(subject),
            name: name.to_owned(),
            origin,
            scopes,
            credential: Credential::Machine,
        }
    }

    /// The same actor, who proved it with this.
    #[must_use]
    pub(crate) fn proved_by(self, credential: Credential) -> Self {
        Self { credential, ..self }
    }

    /// What the actor proved who they are with.
    pub(crate) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The same actor through another door.
    #[must_use]
    pub fn through(mut self, channel: Channel) -> Self {
        self.origin.channel = channel;
        self
    }

    /// The same operator, working for another practice. People stay where they are.
    #[must_use]
    pub(crate) fn working_for(&self, organization: OrganizationId) -> Self {
        let mut other = self.clone();
        if self.is_support() {
            other.authority = Authority::operator(self.authority.kind(), organization);
        }
        other
    }

    /// What the actor may do.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The organization acted in.
    pub fn organization(&self) -> OrganizationId {
        self.authority.organization()
    }

    /// The acting person, if it is one.
    pub fn person_id(&self) -> Option<PersonId> {
        self.authority.person()
    }

    /// The sign-in that acts; none for the command line.
    pub fn subject(&self) -> Option<Uuid> {
        self.subject
    }

    /// The name, for greetings and records.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the request came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// True for support operators and the command line.
    pub fn is_support(&self) -> bool {
        self.authority.is_support()
    }

    /// What the token may be used for; none = everything, as with a session.
    pub fn scopes(&self) -> Option<&BTreeSet<Scope>> {
        self.scopes.as_ref()
    }

    /// Refuses when the token lacks the scope; sessions carry all.
    pub fn require_scope(&self, scope: Scope) -> Result<(), AppError> {
        match &self.scopes {
            Some(held) if !held.contains(&scope) => Err(AppError::ScopeMissing(scope.as_str())),
            _ => Ok(()),
        }
    }

    /// True when the actor may do this somewhere in the organization: what the navigation asks.
    pub fn may(&self, permission: Permission) -> bool {
        let action = access::AccessAction::Emr(permission);
        access::evaluate(&self.authority, action, access::Resource::Organization, access::Context::default())
            .is_allowed()
    }

    /// The refusal when the actor lacks a permission.
    pub fn require(&self, permission: Permission) -> Result<(), Refusal> {
        if self.may(permission) { Ok(()) } else { Err(Refusal::whole(Code::NotAllowed).about(&[permission.label()])) }
    }
}
