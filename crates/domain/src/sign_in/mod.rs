//! Passwords, sessions and how often someone may try.

mod password;
mod session;
mod throttle;

pub use password::{Assessment, LONGEST_PASSWORD, PasswordPolicy, Preset, Requirement, assess};
pub use session::{LINK_MINUTES_INVITATION, LINK_MINUTES_RESET, SESSION_HOURS, SessionState, password_due};
pub use throttle::{Throttle, throttle};
