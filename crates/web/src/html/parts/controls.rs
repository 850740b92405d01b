//! Buttons, links that look like buttons, and the hidden form token.

use maud::{Markup, html};

use super::attrs::{AttrList, Tag};
use super::{Icon, icon};

/// How much a button asks for attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonKind {
    /// The one thing the page is for.
    Primary,
    /// Everything else.
    #[default]
    Secondary,
    /// Without a frame, for actions inside rows and cards.
    Quiet,
    /// Takes something away.
    Danger,
}

impl ButtonKind {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "button primary",
            Self::Secondary => "button",
            Self::Quiet => "button quiet",
            Self::Danger => "button danger",
        }
    }
}

/// A button that submits its form.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is one independent attribute")]
pub struct Button<'a> {
    /// What it says.
    pub label: &'a str,
    /// How much it asks for attention.
    pub kind: ButtonKind,
    /// A drawing before the text.
    pub icon: Option<Icon>,
    /// Only the drawing is seen; the text is read aloud.
    pub icon_only: bool,
    /// Name and value sent when this button is the one pressed.
    pub sends: Option<(&'a str, &'a str)>,
    /// Lower, for rows of a table.
    pub small: bool,
    /// Grayed out; say why beside it.
    pub disabled: bool,
    /// Further attributes, e.g. `formaction` or `form`.
    pub attrs: AttrList<'a>,
}

/// Draws a button that submits its form.
pub fn button(button: &Button) -> Markup {
    let class = if button.small { format!("{} small", button.kind.class()) } else { button.kind.class().to_owned() };
    Tag::new("button")
        .set("class", &class)
        .set("type", "submit")
        .maybe("name", button.sends.map(|(name, _)| name))
        .maybe("value", button.sends.map(|(_, value)| value))
        .flag("disabled", button.disabled)
        .extend(&button.attrs)
        .around("button", &button_content(button.label, button.icon, button.icon_only))
}

/// A link that looks like a button.
#[derive(Clone, Debug, Default)]
pub struct ButtonLink<'a> {
    /// Where it goes.
    pub href: &'a str,
    /// What it says.
    pub label: &'a str,
    /// How much it asks for attention.
    pub kind: ButtonKind,
    /// A drawing before the text.
    pub icon: Option<Icon>,
    /// Only the drawing is seen; the text is read aloud.
    pub icon_only: bool,
    /// Further attributes, e.g. `download`.
    pub attrs: AttrList<'a>,
}

/// Draws a link that looks like a button.
pub fn button_link(link: &ButtonLink) -> Markup {
    Tag::new("a")
        .set("class", link.kind.class())
        .set("href", link.href)
        .extend(&link.attrs)
        .around("a", &button_content(link.label, link.icon, link.icon_only))
}

fn button_content(label: &str, drawing: Option<Icon>, only: bool) -> Markup {
    html! {
        @if let Some(drawing) = drawing { (icon(drawing)) }
        @if only { span.vh { (label) } } @else { span { (label) } }
    }
}

/// The hidden token every form that changes something carries.
pub fn csrf_field(token: &str) -> Markup {
    html! { input type="hidden" name="csrf" value=(token); }
}
