//! People and their EMR accounts.

mod check;
mod facts;
mod invite;
mod list;
mod save;
mod type_change;
mod view;

pub use invite::{Sent, SetUpLink};
pub use list::{Listed, PeoplePage};
pub use save::{NewProfile, Saved};
pub use type_change::TypeChangePreview;
pub use view::PersonView;

pub(crate) use facts::Seen;
pub(crate) use save::{Attempt, blank};
pub(crate) use view::seen;
