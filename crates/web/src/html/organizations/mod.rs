//! The practice's settings, and the operators' way into a practice.

pub(crate) mod clinic_choice;
pub(crate) mod settings;
pub(crate) mod support;

use maud::Markup;

use super::parts::{self, Choice, Select};

/// The zones of the United States, by the names people know; any other zone can be set through the API.
const ZONES: [(&str, &str); 9] = [
    ("America/New_York", "Eastern (New York)"),
    ("America/Chicago", "Central (Chicago)"),
    ("America/Denver", "Mountain (Denver)"),
    ("America/Phoenix", "Mountain, no daylight saving (Phoenix)"),
    ("America/Los_Angeles", "Pacific (Los Angeles)"),
    ("America/Anchorage", "Alaska (Anchorage)"),
    ("Pacific/Honolulu", "Hawaii (Honolulu)"),
    ("America/Puerto_Rico", "Atlantic (Puerto Rico)"),
    ("Pacific/Guam", "Chamorro (Guam)"),
];

/// A choice of time zones that always contains the current one.
pub(crate) fn time_zone_select(current: &str, errors: &[String]) -> Markup {
    let mut options: Vec<Choice> = ZONES.iter().map(|(value, label)| Choice::new(value, label, current)).collect();
    if !ZONES.iter().any(|(value, _)| *value == current) {
        options.push(Choice::new(current, current, current));
    }
    parts::select(&Select {
        name: "time_zone",
        label: "Time zone",
        options: &options,
        required: true,
        errors,
        ..Select::default()
    })
}
