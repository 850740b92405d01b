//! The people list: a read model of one row a person, in any order, with any filter, from any page.

mod check;
mod conditions;
mod counts;
mod list;
#[cfg(test)]
mod plans;
mod row;
mod save;
mod statements;

use muster_domain::ClinicId;
use muster_domain::access::ClinicAccess;
use muster_domain::emr::{Permission, Status, UserType};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::people::StoredProfile;

pub use check::check;
pub(crate) use conditions::narrow;
pub use list::list;
pub(crate) use save::{Entries, rows, save, update};

/// How the list is sorted; ties by name, then by identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Sort {
    #[default]
    Name,
    Username,
    UserType,
    Status,
    LastSignIn,
}

impl Sort {
    /// Every order.
    pub const ALL: [Self; 5] = [Self::Name, Self::Username, Self::UserType, Self::Status, Self::LastSignIn];

    /// The value of `?sort=`; a leading `-` turns it round.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Username => "username",
            Self::UserType => "user_type",
            Self::Status => "status",
            Self::LastSignIn => "last_sign_in_at",
        }
    }
}

/// What to list.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The clinics whose people may be seen.
    pub scope: ClinicAccess,
    /// Any part of name, user name, email or NPI.
    pub q: String,
    /// Of this type.
    pub user_type: Option<UserType>,
    /// Active or inactive.
    pub status: Option<Status>,
    /// Member of this clinic.
    pub clinic: Option<ClinicId>,
    /// Holder of this permission.
    pub permission: Option<Permission>,
    /// Order.
    pub sort: Sort,
    /// Turned round.
    pub descending: bool,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            scope: ClinicAccess::All,
            q: String::new(),
            user_type: None,
            status: None,
            clinic: None,
            permission: None,
            sort: Sort::Name,
            descending: false,
        }
    }
}

/// A place in the list: the sort values of the last row seen, and the total known there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// First sort column, text or number.
    k: String,
    /// Name, where it breaks ties.
    n: String,
    /// Person.
    p: Uuid,
    /// Total of the first page.
    t: Total,
}

/// How many there are in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Total {
    /// Kept, or counted.
    Exact(i64),
    /// Estimated: as common as among those that were looked at.
    About(i64),
}

/// A page of the list.
#[derive(Clone, Debug)]
pub struct Page {
    /// In order.
    pub people: Vec<StoredProfile>,
    /// Where the next page begins.
    pub next: Option<Cursor>,
    /// How many match in all.
    pub total: Total,
}
