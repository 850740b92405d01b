//! Who waits for a license, and what will free it.

/// What frees the next person of a pool's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatForecast {
    /// A license is free already.
    Now,
    /// The open request at this place of the list.
    Request(usize),
    /// Nothing that was asked for yet.
    Nothing,
}

/// What frees each of the `waiting` people of a pool, the longest waiting first: what is free now, then the open
/// requests for more, the oldest first. `free` is none for a pool without limit.
pub fn seats_freed_by(free: Option<i64>, requests: &[i64], waiting: usize) -> Vec<SeatForecast> {
    let Some(free) = free else { return vec![SeatForecast::Now; waiting] };
    let many = |n: i64| usize::try_from(n.max(0)).unwrap_or(usize::MAX).min(waiting);
    let now = std::iter::repeat_n(SeatForecast::Now, many(free));
    let later =
        requests.iter().enumerate().flat_map(|(at, n)| std::iter::repeat_n(SeatForecast::Request(at), many(*n)));
    now.chain(later).chain(std::iter::repeat(SeatForecast::Nothing)).take(waiting).collect()
}

#[cfg(test)]
mod tests {
    use super::SeatForecast::{Nothing, Now, Request};
    use super::*;

    #[test]
    fn the_longest_waiting_get_what_is_free_then_what_was_asked_for_first() {
        assert_eq!(seats_freed_by(Some(1), &[2, 1], 5), [Now, Request(0), Request(0), Request(1), Nothing]);
        assert_eq!(seats_freed_by(Some(0), &[], 2), [Nothing, Nothing]);
        assert_eq!(seats_freed_by(Some(9), &[9], 2), [Now, Now]);
        assert_eq!(seats_freed_by(None, &[9], 2), [Now, Now]);
        assert_eq!(seats_freed_by(Some(-3), &[1_000_000], 1), [Request(0)]);
    }
}
