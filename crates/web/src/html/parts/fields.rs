//! One-line and many-line text controls.

use maud::{Markup, html};

use super::attrs::{AttrList, Notes, Tag};
use super::{Icon, icon};

/// What a text control takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldKind {
    /// Any one line.
    #[default]
    Text,
    /// An email address.
    Email,
    /// A secret; its value is never written back.
    Password,
    /// A telephone number.
    Tel,
    /// A whole number.
    Number,
    /// A calendar date.
    Date,
    /// A date and a time of day.
    DateTime,
    /// A search; drawn with a magnifying glass and focused by the `/` key.
    Search,
    /// A file; the form needs `enctype="multipart/form-data"`.
    File,
    /// Digits typed from a device: a one-time code.
    Code,
    /// A web address.
    Url,
}

impl FieldKind {
    fn html(self) -> &'static str {
        match self {
            Self::Text | Self::Code => "text",
            Self::Email => "email",
            Self::Password => "password",
            Self::Tel => "tel",
            Self::Number => "number",
            Self::Date => "date",
            Self::DateTime => "datetime-local",
            Self::Search => "search",
            Self::File => "file",
            Self::Url => "url",
        }
    }
}

/// A labeled text control. Its id is its name unless `id` says otherwise.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is one independent attribute")]
pub struct Field<'a> {
    /// The form field's name: the JSON field of the contract.
    pub name: &'a str,
    /// The id, when two forms of a page use one name.
    pub id: Option<&'a str>,
    /// The visible label.
    pub label: &'a str,
    /// What stands in it now.
    pub value: &'a str,
    /// What it takes.
    pub kind: FieldKind,
    /// Whether the form cannot be saved without it; otherwise it says "optional".
    pub required: bool,
    /// Leaves out the word "optional", for search and filter controls.
    pub bare: bool,
    /// Shown but not editable.
    pub read_only: bool,
    /// One sentence of help under the control.
    pub hint: Option<&'a str>,
    /// The id of something else on the page that describes it.
    pub described_by: Option<&'a str>,
    /// Why the value was refused, each a sentence.
    pub errors: &'a [String],
    /// The browser's autofill token, e.g. `email`, `current-password`, `off`.
    pub autocomplete: Option<&'a str>,
    /// Takes both columns of a `.fields` grid.
    pub wide: bool,
    /// Further attributes, e.g. `maxlength` or `hx-get`.
    pub attrs: AttrList<'a>,
}

impl<'a> Field<'a> {
    /// An optional text field.
    pub fn new(name: &'a str, label: &'a str, value: &'a str) -> Self {
        Self { name, label, value, ..Self::default() }
    }

    /// A search or filter field: no "optional", a magnifying glass, found by the `/` key.
    pub fn search(name: &'a str, label: &'a str, value: &'a str) -> Self {
        Self::new(name, label, value).kind(FieldKind::Search).bare()
    }

    /// Sets what it takes.
    #[must_use]
    pub fn kind(mut self, kind: FieldKind) -> Self {
        self.kind = kind;
        self
    }

    /// Makes it required.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Leaves out the word "optional".
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// Shows the value without letting it be changed.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Gives it both columns.
    #[must_use]
    pub fn wide(mut self) -> Self {
        self.wide = true;
        self
    }

    /// Adds a sentence of help.
    #[must_use]
    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Points to something else on the page that describes it.
    #[must_use]
    pub fn described_by(mut self, id: &'a str) -> Self {
        self.described_by = Some(id);
        self
    }

    /// Adds the refusals.
    #[must_use]
    pub fn errors(mut self, errors: &'a [String]) -> Self {
        self.errors = errors;
        self
    }

    /// Sets the autofill token.
    #[must_use]
    pub fn autocomplete(mut self, token: &'a str) -> Self {
        self.autocomplete = Some(token);
        self
    }

    /// Sets an id different from the name.
    #[must_use]
    pub fn id(mut self, id: &'a str) -> Self {
        self.id = Some(id);
        self
    }

    /// Adds one attribute; an empty value gives a bare one.
    #[must_use]
    pub fn attr(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.attrs.push((name, value.into()));
        self
    }
}

/// The label of a control, with "optional" where it may stay empty.
pub(super) fn label(id: &str, text: &str, optional: bool) -> Markup {
    html! {
        label for=(id) {
            (text)
            @if optional { " " span.optional { "optional" } }
        }
    }
}

/// Draws a labeled text control.
pub fn input(field: &Field) -> Markup {
    let id = field.id.unwrap_or(field.name);
    let notes = Notes::new(id, field.hint, field.errors).and(field.described_by);
    let value = match field.kind {
        FieldKind::Password | FieldKind::File => None,
        _ => Some(field.value).filter(|value| !value.is_empty()),
    };
    let code = field.kind == FieldKind::Code;
    let literal = matches!(field.kind, FieldKind::Password | FieldKind::Code | FieldKind::Email | FieldKind::Url);
    let control = Tag::new("input")
        .set("id", id)
        .set("name", field.name)
        .set("type", field.kind.html())
        .maybe("class", code.then_some("code"))
        .maybe("inputmode", code.then_some("numeric"))
        .maybe("value", value)
        .maybe("autocomplete", field.autocomplete)
        .maybe("autocapitalize", literal.then_some("none"))
        .maybe("spellcheck", literal.then_some("false"))
        .flag("required", field.required)
        .maybe("aria-required", field.required.then_some("true"))
        .flag("readonly", field.read_only)
        .maybe("aria-invalid", notes.refused().then_some("true"))
        .maybe("aria-describedby", notes.described_by().as_deref())
        .flag("data-search", field.kind == FieldKind::Search)
        .extend(&field.attrs)
        .open();
    html! {
        div.field.wide[field.wide].refused[notes.refused()] {
            (label(id, field.label, !field.required && !field.bare && !field.read_only))
            @if field.kind == FieldKind::Search {
                span.search-box { (icon(Icon::Search)) (control) }
            } @else {
                (control)
            }
            (notes.errors())
            (notes.hint())
        }
    }
}

/// A labeled text control of several lines.
#[derive(Clone, Debug, Default)]
pub struct Textarea<'a> {
    /// The form field's name, and the control's id.
    pub name: &'a str,
    /// The visible label.
    pub label: &'a str,
    /// What stands in it now.
    pub value: &'a str,
    /// Height in lines; three when zero.
    pub rows: u8,
    /// Whether the form cannot be saved without it.
    pub required: bool,
    /// One sentence of help.
    pub hint: Option<&'a str>,
    /// Why the value was refused.
    pub errors: &'a [String],
    /// Further attributes.
    pub attrs: AttrList<'a>,
}

/// Draws a labeled text control of several lines.
pub fn textarea(area: &Textarea) -> Markup {
    let notes = Notes::new(area.name, area.hint, area.errors);
    let rows = if area.rows == 0 { 3 } else { area.rows };
    // A line break right after the tag is dropped by the parser, so one is always written.
    let content = html! { "\n" (area.value) };
    let control = Tag::new("textarea")
        .set("id", area.name)
        .set("name", area.name)
        .set("rows", &rows.to_string())
        .flag("required", area.required)
        .maybe("aria-required", area.required.then_some("true"))
        .maybe("aria-invalid", notes.refused().then_some("true"))
        .maybe("aria-describedby", notes.described_by().as_deref())
        .extend(&area.attrs)
        .around("textarea", &content);
    html! {
        div.field.wide.refused[notes.refused()] {
            (label(area.name, area.label, !area.required))
            (control)
            (notes.errors())
            (notes.hint())
        }
    }
}
