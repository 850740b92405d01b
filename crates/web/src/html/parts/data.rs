//! Small pieces that show one fact: chips, pictures, marks, before and after.

use maud::{Markup, html};

use super::{Icon, icon};

/// The tone of a chip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChipKind {
    /// A fact.
    #[default]
    Plain,
    /// Switched off, past, not in use.
    Off,
    /// Good.
    Ok,
    /// Needs a look soon.
    Warn,
    /// Needs a look now.
    Bad,
}

impl ChipKind {
    fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Off => "off",
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// Draws a short fact.
pub fn chip(kind: ChipKind, text: &str) -> Markup {
    html! { span.chip.(kind.class()) { (text) } }
}

/// Draws a filter that is on, with a link that takes it off.
pub fn filter_chip(text: &str, remove_href: &str) -> Markup {
    html! {
        a.chip.plain.removable href=(remove_href) {
            span.vh { "Remove filter: " } (text) (icon(Icon::Close))
        }
    }
}

/// Draws a person's initials in a round field of one of eight colors.
///
/// The name stands beside it, so it says nothing to a screen reader.
pub fn avatar(initials: &str, hue: u8) -> Markup {
    html! { span.avatar.{ "hue-" (hue % 8) } aria-hidden="true" { (initials) } }
}

/// A color for a person that stays the same: give the id's bytes or the user name.
pub fn hue_of(seed: &[u8]) -> u8 {
    seed.iter().fold(7_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(*byte)) % 8
}

/// One cell of a matrix of people and permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Held.
    Yes,
    /// Not held.
    No,
    /// May not be held at all.
    Barred,
    /// Will be added by the change being previewed.
    Added,
    /// Will be taken away by the change being previewed.
    Removed,
}

/// Draws one cell of a matrix; `text` is what a screen reader says.
pub fn mark(mark: Mark, text: &str) -> Markup {
    let (class, path) = match mark {
        Mark::Yes => ("yes", "m4 8.2 2.7 2.8L12 5.2"),
        Mark::No => ("no", ""),
        Mark::Barred => ("barred", "M3.5 12.5l9-9"),
        Mark::Added => ("added", "M8 4v8M4 8h8"),
        Mark::Removed => ("removed", "M4 8h8"),
    };
    html! {
        span.mark.(class) title=(text) {
            svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false" {
                rect x="0.5" y="0.5" width="15" height="15" rx="4.5" {}
                @if !path.is_empty() { path d=(path) {} }
            }
            span.vh { (text) }
        }
    }
}

/// One field of a record before and after.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The field, in words.
    pub field: &'a str,
    /// What stood there; nothing when it was empty.
    pub before: Option<&'a str>,
    /// What stands there now; nothing when it is empty.
    pub after: Option<&'a str>,
}

/// Draws what a change did, field by field.
pub fn change_table(caption: &str, changes: &[Change]) -> Markup {
    html! {
        table.changes {
            caption.vh { (caption) }
            thead { tr { th scope="col" { "Field" } th scope="col" { "Before" } th scope="col" { "After" } } }
            tbody {
                @for change in changes {
                    tr {
                        th scope="row" { (change.field) }
                        td { @if let Some(text) = change.before { del { (text) } } @else { (nothing()) } }
                        td { @if let Some(text) = change.after { ins { (text) } } @else { (nothing()) } }
                    }
                }
            }
        }
    }
}

fn nothing() -> Markup {
    html! { span.soft { span aria-hidden="true" { "–" } span.vh { "empty" } } }
}
