//! How a pool was used over time, and what of it was paid for in vain.

/// A license counts as unused when nobody held it for this many days.
pub const UNUSED_DAYS: i64 = 14;

/// How a pool stood at the end of an hour in which it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsagePoint {
    /// Hours since 1970, UTC.
    pub hour: i64,
    /// What was paid for; none = unlimited.
    pub total: Option<i64>,
    /// Seats held.
    pub assigned: i64,
}

/// How many licenses nobody held for the last [`UNUSED_DAYS`] days. `standing` is what was free when they began, none
/// for a pool that is younger; `fewest_since` the fewest free at any moment since, none when nothing changed.
pub fn unused(standing: Option<i64>, fewest_since: Option<i64>) -> i64 {
    let Some(standing) = standing else { return 0 };
    fewest_since.map_or(standing, |fewest| fewest.min(standing)).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unused_is_what_was_free_all_the_time() {
        assert_eq!(unused(Some(5), None), 5);
        assert_eq!(unused(Some(5), Some(3)), 3, "somebody held two more for a while");
        assert_eq!(unused(Some(0), Some(9)), 0, "nine more have been paid for since yesterday only");
        assert_eq!(unused(None, Some(9)), 0, "the pool is younger than that");
        assert_eq!(unused(Some(-2), None), 0);
    }
}
