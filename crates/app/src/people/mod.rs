//! People and their accounts: the list, one profile, adding, changing, inviting, and entries that are duplicates.

mod check;
mod duplicates;
mod facts;
mod invite;
mod list;
mod save;
mod view;

pub use duplicates::{
    Candidate, Candidates, Contact, Decision, MergePreview, MergeReceipt, MovedField, Pair, PairsPage, ProfileMerge,
};
pub use invite::LinkReceipt;
pub use list::{ListQuery, PeoplePage};
pub use save::{NewProfile, SaveReceipt};
pub use view::PersonView;

pub(crate) use duplicates::contacts;
pub(crate) use facts::DecisionContext;
pub(crate) use save::{SaveError, is_denial};
pub(crate) use view::find_visible;
