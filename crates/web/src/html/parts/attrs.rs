//! Attributes decided at run time, which maud's syntax does not cover.

use core::fmt::Write as _;

use maud::{Escaper, Markup, PreEscaped};

/// Extra attributes of a control: name and value; an empty value gives a bare attribute.
pub type AttrList<'a> = Vec<(&'a str, String)>;

/// The opening tag of one element, built attribute by attribute.
pub(super) struct Tag(String);

impl Tag {
    /// Starts the tag of the element `name`.
    pub(super) fn new(name: &'static str) -> Self {
        Self(format!("<{name}"))
    }

    /// Adds an attribute with a value.
    pub(super) fn set(mut self, name: &str, value: &str) -> Self {
        if allowed(name) {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            // Writing to a String cannot fail.
            let _ = Escaper::new(&mut self.0).write_str(value);
            self.0.push('"');
        }
        self
    }

    /// Adds an attribute when there is a value for it.
    pub(super) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// Adds a bare attribute when `on`.
    pub(super) fn flag(mut self, name: &str, on: bool) -> Self {
        if on && allowed(name) {
            self.0.push(' ');
            self.0.push_str(name);
        }
        self
    }

    /// Adds a caller's extra attributes.
    pub(super) fn extend(mut self, attrs: &[(&str, String)]) -> Self {
        for (name, value) in attrs {
            self = if value.is_empty() { self.flag(name, true) } else { self.set(name, value) };
        }
        self
    }

    /// Ends the opening tag; enough for an element without content.
    pub(super) fn open(mut self) -> Markup {
        self.0.push('>');
        PreEscaped(self.0)
    }

    /// Ends the tag and closes the element around `content`.
    pub(super) fn around(mut self, name: &'static str, content: &Markup) -> Markup {
        self.0.push('>');
        self.0.push_str(&content.0);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        PreEscaped(self.0)
    }
}

/// Whether an attribute may be written: well-formed, and neither a style nor a handler,
/// which the content security policy would refuse anyway.
fn allowed(name: &str) -> bool {
    !name.is_empty()
        && name != "style"
        && !name.starts_with("on")
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':'))
}

/// What stands around a control: its hint and its refusals, and how it points to them.
pub(super) struct Notes<'a> {
    id: &'a str,
    hint: Option<&'a str>,
    errors: &'a [String],
    also: Option<&'a str>,
}

impl<'a> Notes<'a> {
    /// The notes of the control with this id.
    pub(super) fn new(id: &'a str, hint: Option<&'a str>, errors: &'a [String]) -> Self {
        Self { id, hint, errors, also: None }
    }

    /// Something else on the page, by its id, that describes the control too.
    pub(super) fn and(mut self, also: Option<&'a str>) -> Self {
        self.also = also;
        self
    }

    /// Whether the control was refused.
    pub(super) fn refused(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The value of `aria-describedby`, if anything describes the control.
    pub(super) fn described_by(&self) -> Option<String> {
        let mut ids = Vec::new();
        if self.refused() {
            ids.push(format!("{}-error", self.id));
        }
        if self.hint.is_some() {
            ids.push(format!("{}-hint", self.id));
        }
        ids.extend(self.also.map(str::to_owned));
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    /// The hint's text.
    pub(super) fn hint(&self) -> Markup {
        maud::html! {
            @if let Some(hint) = self.hint {
                p.hint id={ (self.id) "-hint" } { (hint) }
            }
        }
    }

    /// The refusals' text.
    pub(super) fn errors(&self) -> Markup {
        maud::html! {
            @if self.refused() {
                div.error id={ (self.id) "-error" } {
                    (super::icon(super::Icon::Alert))
                    div {
                        @for error in self.errors { p { (error) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tag;

    #[test]
    fn values_are_escaped() {
        let tag = Tag::new("input").set("value", "a\"><b>&").open();
        assert_eq!(tag.0, "<input value=\"a&quot;&gt;&lt;b&gt;&amp;\">");
    }

    #[test]
    fn styles_and_handlers_are_dropped() {
        let attrs = [
            ("style", "color:red".to_owned()),
            ("onclick", "x()".to_owned()),
            ("hx-get", "/x".to_owned()),
            ("data-guard", String::new()),
            ("a b", "c".to_owned()),
        ];
        let tag = Tag::new("form").extend(&attrs).open();
        assert_eq!(tag.0, "<form hx-get=\"/x\" data-guard>");
    }
}
