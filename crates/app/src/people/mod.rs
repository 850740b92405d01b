//! People and their accounts: the list, one profile, adding, changing, inviting, and entries that are duplicates.

mod check;
mod duplicates;
mod facts;
mod invite;
mod list;
mod save;
mod view;

pub use duplicates::{
    Candidate, Candidates, Contact, Decision, MergePreview, Merged, MergedInto, MovedField, Pair, PairsPage,
};
pub use invite::{Sent, SetUpLink};
pub use list::{Listed, PeoplePage};
pub use save::{NewProfile, Saved};
pub use view::PersonView;

pub(crate) use duplicates::whom_to_ask;
pub(crate) use facts::DecisionContext;
pub(crate) use save::{SaveError, is_denial};
pub(crate) use view::find_visible;
