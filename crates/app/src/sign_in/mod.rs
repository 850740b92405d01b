//! Signing in and out, sessions, passwords, links and access tokens.

mod arrivals;
mod authenticate;
mod enter;
mod links;
mod operators;
mod passwords;
mod tokens;

pub(crate) use arrivals::Arrivals;
pub use authenticate::{SessionInfo, Standing};
pub use enter::SignedIn;
pub use links::LinkView;
pub use operators::NewOperator;
pub use tokens::{NewToken, TokenOwner, TokenView};
