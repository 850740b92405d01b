//! One identifier type per entity, so that a clinic can never be passed where a person is meant.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text.trim()).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    };
}

id!(
    /// A practice group: the tenant. Nothing crosses it.
    OrganizationId
);
id!(
    /// One human being of one organization; also the identity of that human's sign-in.
    PersonId
);
id!(
    /// An EMR location of an organization; licenses are counted here.
    ClinicId
);

id!(
    /// What a practice asks support for: licenses to add or to release.
    LicenseRequestId
);

impl OrganizationId {
    /// Stands for the installation itself, where an event belongs to no practice.
    pub const INSTALLATION: Self = Self(Uuid::nil());
}
