//! Signing in and out, sessions, passwords, links and access tokens.

mod authenticate;
mod links;
mod operators;
mod passwords;
mod sign_in;
mod tokens;

pub use authenticate::{SessionInfo, SessionStatus};
pub use links::LinkView;
pub use operators::NewOperator;
pub use sign_in::SignedIn;
pub use tokens::{NewToken, TokenOwner, TokenView};
