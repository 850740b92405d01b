//! Access control: what an actor holds in each product, the people an actor may see and change, and the one answer to
//! "may this subject do this here?".

mod authority;
mod evaluate;
mod visibility;

pub use authority::{ActorKind, Authority, ClinicAccess, EmrAuthority};
pub use evaluate::{AccessAction, Context, Decision, Product, Resource, evaluate};
pub use visibility::{may_add_people, may_edit, may_reset_sign_in};
