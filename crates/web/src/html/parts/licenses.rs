//! The license header: seats per group of user types.

use maud::{Markup, html};

/// The seats of one group.
#[derive(Clone, Copy, Debug)]
pub struct SeatTile<'a> {
    /// The group's code: `therapist`, `assistant`, `student`, `clerical`.
    pub group: &'a str,
    /// The group in words.
    pub label: &'a str,
    /// How many seats there are; unlimited when nothing.
    pub total: Option<i64>,
    /// How many are held.
    pub assigned: i64,
    /// The same over all clinics, where the tile shows one of them: total and held.
    pub overall: Option<(Option<i64>, i64)>,
}

impl SeatTile<'_> {
    /// How many seats are free, never below none; nothing when unlimited.
    pub fn available(&self) -> Option<i64> {
        self.total.map(|total| (total - self.assigned).max(0))
    }

    /// The part that is held, in whole percent.
    fn percent(&self) -> i64 {
        match self.total {
            Some(total) if total > 0 => (self.assigned.clamp(0, total) * 100) / total,
            Some(_) => 100,
            None => 0,
        }
    }
}

/// Draws the seats of each group; red where none is free.
pub fn seat_tiles(tiles: &[SeatTile]) -> Markup {
    html! {
        ul.seats aria-label="Licenses" {
            @for tile in tiles {
                @let available = tile.available();
                @let total = tile.total.map(|n| n.to_string()).unwrap_or_default();
                @let free = available.map(|n| n.to_string()).unwrap_or_default();
                @let full = available == Some(0);
                li.seat.full[full] data-license-group=(tile.group) data-total=(total)
                    data-available=(free) data-assigned=(tile.assigned)
                {
                    span.seat-label { (tile.label) }
                    @if tile.total.is_some() {
                        span.seat-count { strong { (free) } " " span { "free of " (total) } }
                        svg.bar width="100%" height="4" aria-hidden="true" focusable="false" {
                            rect.bar-rest width="100%" height="4" rx="2" {}
                            rect.bar-used width={ (tile.percent()) "%" } height="4" rx="2" {}
                        }
                    } @else {
                        span.seat-count { strong { (tile.assigned) } " " span { "in use, no limit" } }
                    }
                    @if let Some((total, assigned)) = tile.overall {
                        span.seat-overall {
                            "All clinics: "
                            @match total {
                                Some(total) => { ((total - assigned).max(0)) " of " (total) },
                                None => { (assigned) " in use" },
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SeatTile, seat_tiles};

    fn tile(total: Option<i64>, assigned: i64) -> SeatTile<'static> {
        SeatTile { group: "therapist", label: "Therapist", total, assigned, overall: None }
    }

    #[test]
    fn the_attributes_tell_total_and_free() {
        let html = seat_tiles(&[tile(Some(40), 38)]).into_string();
        assert!(html.contains("data-total=\"40\" data-available=\"2\""));
        assert!(html.contains("width=\"95%\""));
    }

    #[test]
    fn a_clinic_stands_beside_the_sum_of_all() {
        let one = SeatTile { overall: Some((Some(90), 81)), ..tile(Some(4), 3) };
        assert!(seat_tiles(&[one]).into_string().contains("All clinics: 9 of 90"));
    }

    #[test]
    fn unlimited_is_an_empty_attribute() {
        let html = seat_tiles(&[tile(None, 18)]).into_string();
        assert!(html.contains("data-total=\"\" data-available=\"\""));
    }

    #[test]
    fn more_held_than_there_are_is_none_free() {
        let html = seat_tiles(&[tile(Some(3), 5)]).into_string();
        assert!(html.contains("seat full") && html.contains("data-available=\"0\""));
    }
}
