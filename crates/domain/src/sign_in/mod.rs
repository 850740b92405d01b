//! Who can sign in, passwords, sessions, and how often a sign-in may be tried.

mod can_sign_in;
mod password;
mod session;
mod throttle;

pub use can_sign_in::{SignInStatus, can_sign_in};
pub use password::{Assessment, LONGEST_PASSWORD, PasswordPolicy, Preset, Requirement, assess};
pub use session::{
    LINK_MINUTES_INVITATION, LINK_MINUTES_RESET, LinkPurpose, PasswordState, SESSION_HOURS, SessionState, password_due,
};
pub use throttle::{Throttle, throttle};
