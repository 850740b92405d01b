//! How long sessions, links and passwords live.

use jiff::{SignedDuration, Timestamp};

/// A session ends this long after signing in, however busy it is.
pub const SESSION_HOURS: i64 = 12;
/// A reset link works this long.
pub const LINK_MINUTES_RESET: i64 = 60;
/// An invitation works this long: a new colleague may be on holiday.
pub const LINK_MINUTES_INVITATION: i64 = 7 * 24 * 60;

code_enum! {
    /// What a single-use link is for.
    LinkPurpose {
        /// Setting up the first practice.
        Setup "setup";
        /// The first password of a person.
        Invitation "invitation";
        /// A new password instead of a forgotten one.
        Reset "reset";
    }
}

code_enum! {
    /// What is known of a person's password.
    PasswordState {
        /// There is none yet.
        Missing "none";
        /// The person chose it.
        Chosen "set";
        /// A manager chose it: the person has to choose another one.
        MustChange "must_change";
    }
}

/// What a stored session is good for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// In use.
    Open,
    /// Left alone too long: the password opens it again.
    Locked,
    /// Over.
    Ended,
}

impl SessionState {
    /// Judges a session by its times.
    pub fn at(now: Timestamp, started: Timestamp, last_seen: Timestamp, locked: bool, idle_minutes: i64) -> Self {
        if now.duration_since(started) >= SignedDuration::from_hours(SESSION_HOURS) {
            Self::Ended
        } else if locked || now.duration_since(last_seen) >= SignedDuration::from_mins(idle_minutes) {
            Self::Locked
        } else {
            Self::Open
        }
    }
}

/// Days until a password has to be changed: negative or zero = now, none = never.
pub fn password_due(now: Timestamp, changed: Timestamp, expiry_days: Option<i64>) -> Option<i64> {
    expiry_days.map(|days| days - now.duration_since(changed).as_hours() / 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_locks_when_idle_and_ends_after_a_shift() {
        let at = |s: i64| Timestamp::from_second(1_800_000_000 + s).unwrap();
        let state = |now, seen, locked| SessionState::at(at(now), at(0), at(seen), locked, 15);
        assert_eq!(state(899, 0, false), SessionState::Open);
        assert_eq!(state(900, 0, false), SessionState::Locked);
        assert_eq!(state(10, 0, true), SessionState::Locked);
        assert_eq!(state(12 * 3600, 12 * 3600 - 1, false), SessionState::Ended);
    }

    #[test]
    fn a_password_is_due_after_its_days() {
        let day = |d: i64| Timestamp::from_second(1_800_000_000 + d * 86_400).unwrap();
        assert_eq!(password_due(day(83), day(0), Some(90)), Some(7));
        assert_eq!(password_due(day(90), day(0), Some(90)), Some(0));
        assert_eq!(password_due(day(9000), day(0), None), None);
    }
}
