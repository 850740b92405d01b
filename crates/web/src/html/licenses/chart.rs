//! How a pool was used over time, drawn as steps, with the numbers behind it.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use muster_domain::licenses::UsagePoint;

use crate::html::parts::{self, Column, Table};

const WIDTH: i64 = 640;
const HEIGHT: i64 = 170;
const LEFT: i64 = 34;
const TOP: i64 = 10;
const BOTTOM: i64 = 24;

/// Where things stand in the drawing.
struct Frame {
    from: i64,
    to: i64,
    most: i64,
}

impl Frame {
    fn x(&self, hour: i64) -> i64 {
        let span = (self.to - self.from).max(1);
        LEFT + (hour.clamp(self.from, self.to) - self.from) * (WIDTH - LEFT - 8) / span
    }

    fn y(&self, seats: i64) -> i64 {
        let height = HEIGHT - TOP - BOTTOM;
        TOP + height - seats.clamp(0, self.most) * height / self.most.max(1)
    }
}

/// A line of steps through the known values; a gap where there is none.
fn steps(frame: &Frame, points: &[UsagePoint], value: impl Fn(&UsagePoint) -> Option<i64>) -> String {
    let mut path = String::new();
    let mut drawn = false;
    for (at, point) in points.iter().enumerate() {
        let end = points.get(at + 1).map_or(frame.to, |next| next.hour);
        match value(point) {
            Some(seats) => {
                let (x, y) = (frame.x(point.hour), frame.y(seats));
                let _ = write!(path, "{}{x} {y} H{} ", if drawn { "L" } else { "M" }, frame.x(end));
                drawn = true;
            }
            None => drawn = false,
        }
    }
    path
}

/// A round number at or above what has to fit.
fn scale(most: i64) -> i64 {
    let mut step = 4;
    while step < most {
        step = if step % 3 == 0 || step == 4 { step * 2 } else { step + step / 2 };
        if step > 1_000_000 {
            return most;
        }
    }
    step
}

/// Draws one pool: `title` names it, `points` in order, `now` closes the drawing.
pub(super) fn draw(title: &str, id: &str, points: &[UsagePoint], now: Timestamp, zone: &TimeZone) -> Markup {
    let now = now.as_second().div_euclid(3600);
    let Some(first) = points.first() else {
        return html! { p.soft { "Nothing has changed here yet." } };
    };
    let from = first.hour.max(now - 365 * 24).min(now - 24);
    let most = points.iter().map(|p| p.total.unwrap_or(0).max(p.assigned)).max().unwrap_or(0);
    let frame = Frame { from, to: now, most: scale(most.max(1)) };
    let assigned = steps(&frame, points, |p| Some(p.assigned));
    let area = format!("{assigned}V{} H{} Z", frame.y(0), frame.x(first.hour));
    let total = steps(&frame, points, |p| p.total);
    let day = |hour: i64| match Timestamp::from_second(hour * 3600) {
        Ok(at) => at.to_zoned(zone.clone()).strftime("%b %-d, %Y").to_string(),
        Err(_) => String::new(),
    };
    let last = points.last().unwrap_or(first);
    let says = format!(
        "{title}: {} assigned{} now; from {} to today, {} assigned at the start.",
        last.assigned,
        last.total.map(|t| format!(" of {t}")).unwrap_or_default(),
        day(from),
        first.assigned
    );
    let when = |hour: i64| match Timestamp::from_second(hour * 3600) {
        Ok(at) => at.to_zoned(zone.clone()).strftime("%b %-d, %Y, %H:%M").to_string(),
        Err(_) => String::new(),
    };
    let rows: Vec<Vec<Markup>> = points
        .iter()
        .rev()
        .map(|p| vec![html! { (when(p.hour)) }, html! { (super::number(p.total)) }, html! { (p.assigned) }])
        .collect();
    let columns = [Column::new("From"), Column::new("Total").class("num"), Column::new("Assigned").class("num")];
    let caption = format!("{title}: total and assigned over time");
    html! {
        figure.pool-chart {
            svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby={ (id) "-says" } {
                title id={ (id) "-says" } { (says) }
                @for seats in [0, frame.most / 2, frame.most] {
                    line.axis x1=(LEFT) x2=(WIDTH - 8) y1=(frame.y(seats)) y2=(frame.y(seats)) {}
                    text x=(LEFT - 6) y=(frame.y(seats) + 4) text-anchor="end" { (seats) }
                }
                path.area d=(area) {}
                path.line d=(assigned) {}
                @if !total.is_empty() { path.line.total d=(total) {} }
                text x=(LEFT) y=(HEIGHT - 6) { (day(from)) }
                text x=(WIDTH - 8) y=(HEIGHT - 6) text-anchor="end" { "today" }
            }
            details {
                summary { "The numbers" span.vh { " of " (title) } }
                (parts::data_table(&Table { caption: &caption, columns: &columns, rows: &rows, dense: true, ..Table::default() }))
            }
        }
    }
}

/// What the lines mean; once for all drawings of a page.
pub(super) fn legend() -> Markup {
    html! {
        ul.legend {
            li { svg width="22" height="10" aria-hidden="true" { line.key-total x1="0" x2="22" y1="5" y2="5" {} } "paid for" }
            li { svg width="22" height="10" aria-hidden="true" { line.key-assigned x1="0" x2="22" y1="5" y2="5" {} } "assigned" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_round_and_high_enough() {
        for (most, expected) in [(1, 4), (4, 4), (5, 8), (9, 12), (13, 24), (100, 144)] {
            let found = scale(most);
            assert!(found >= most && found <= most * 2 + 4, "{most}: {found} (about {expected})");
        }
        assert_eq!(scale(900_000_000), 900_000_000);
    }

    #[test]
    fn an_unlimited_pool_has_a_gap_in_the_line_of_totals() {
        let at = |hour, total, assigned| UsagePoint { hour, total, assigned };
        let frame = Frame { from: 0, to: 100, most: 10 };
        let points = [at(0, Some(5), 2), at(40, None, 3), at(60, Some(8), 3)];
        assert_eq!(steps(&frame, &points, |p| p.total).matches('M').count(), 2);
        assert_eq!(steps(&frame, &points, |p| Some(p.assigned)).matches('M').count(), 1);
    }
}
