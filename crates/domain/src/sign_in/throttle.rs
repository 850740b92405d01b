//! How failed attempts slow down further ones.
//!
//! The wait grows, but is bounded, so that nobody can be locked out for good by someone who types wrong passwords.

use jiff::{SignedDuration, Timestamp};

/// Whether one more attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttle {
    /// Go on.
    Free,
    /// Not before that many seconds have passed.
    Wait(i64),
}

/// Judges by the failures so far (`free` of them cost nothing) and the time of the last one. The wait doubles from
/// 2 seconds and ends at 5 minutes; a quiet quarter of an hour forgets the failures.
pub fn throttle(failures: i64, free: i64, last_failure: Timestamp, now: Timestamp) -> Throttle {
    if failures < free || now.duration_since(last_failure) >= SignedDuration::from_mins(15) {
        return Throttle::Free;
    }
    let doublings = u32::try_from((failures - free).clamp(0, 10)).unwrap_or(0);
    let wait = (2_i64 << doublings).min(300);
    let passed = now.duration_since(last_failure).as_secs();
    if passed >= wait { Throttle::Free } else { Throttle::Wait(wait - passed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_bounded() {
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        assert_eq!(throttle(4, 5, start, start), Throttle::Free);
        assert_eq!(throttle(5, 5, start, start), Throttle::Wait(2));
        assert_eq!(throttle(8, 5, start, start), Throttle::Wait(16));
        assert_eq!(throttle(9_000, 5, start, start), Throttle::Wait(300));
        let later = start + SignedDuration::from_mins(15);
        assert_eq!(throttle(9_000, 5, start, later), Throttle::Free);
    }
}
