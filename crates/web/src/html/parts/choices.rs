//! Controls that offer a choice: lists, check boxes, radio buttons, and groups of them.

use maud::{Markup, html};

use super::attrs::{AttrList, Notes, Tag};
use super::fields::{Field, label};

/// One entry of a list.
#[derive(Clone, Debug, Default)]
pub struct Choice<'a> {
    /// What is sent.
    pub value: &'a str,
    /// What is read.
    pub label: &'a str,
    /// Whether it is chosen.
    pub selected: bool,
    /// Whether it is shown without being selectable.
    pub disabled: bool,
}

impl<'a> Choice<'a> {
    /// A selectable entry, chosen when its value equals `current`.
    pub fn new(value: &'a str, label: &'a str, current: &str) -> Self {
        Self { value, label, selected: value == current, disabled: false }
    }
}

/// A labeled drop-down list.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is one independent attribute")]
pub struct Select<'a> {
    /// The form field's name.
    pub name: &'a str,
    /// The id, when it is not the name.
    pub id: Option<&'a str>,
    /// The visible label.
    pub label: &'a str,
    /// The entries, in order.
    pub options: &'a [Choice<'a>],
    /// Whether the form cannot be saved without it.
    pub required: bool,
    /// Leaves out the word "optional", for filters.
    pub bare: bool,
    /// Shown but not to be changed.
    pub disabled: bool,
    /// Takes both columns of a `.fields` grid.
    pub wide: bool,
    /// The label is read aloud but not seen, where a table says the same.
    pub quiet: bool,
    /// One sentence of help.
    pub hint: Option<&'a str>,
    /// Why the choice was refused.
    pub errors: &'a [String],
    /// Further attributes.
    pub attrs: AttrList<'a>,
}

/// Draws a labeled drop-down list.
pub fn select(list: &Select) -> Markup {
    let id = list.id.unwrap_or(list.name);
    let notes = Notes::new(id, list.hint, list.errors);
    let options = html! {
        @for choice in list.options {
            option value=(choice.value) selected[choice.selected] disabled[choice.disabled] {
                (choice.label)
            }
        }
    };
    let control = Tag::new("select")
        .set("id", id)
        .set("name", list.name)
        .flag("required", list.required)
        .maybe("aria-required", list.required.then_some("true"))
        .flag("disabled", list.disabled)
        .maybe("aria-invalid", notes.refused().then_some("true"))
        .maybe("aria-describedby", notes.described_by().as_deref())
        .extend(&list.attrs)
        .around("select", &options);
    html! {
        div.field.wide[list.wide].refused[notes.refused()] {
            @if list.quiet {
                label.vh for=(id) { (list.label) }
            } @else {
                (label(id, list.label, !list.required && !list.bare && !list.disabled))
            }
            (control)
            (notes.errors())
            (notes.hint())
        }
    }
}

/// A check box with its label. Its id is `{name}-{value}`, or the name when the value is `true`.
#[derive(Clone, Debug, Default)]
pub struct Checkbox<'a> {
    /// The form field's name.
    pub name: &'a str,
    /// What is sent when it is ticked.
    pub value: &'a str,
    /// The visible label.
    pub label: &'a str,
    /// Whether it is ticked.
    pub checked: bool,
    /// Grayed out, with the reason; a browser sends nothing for it, ticked or not.
    pub disabled_reason: Option<&'a str>,
    /// One sentence of help.
    pub hint: Option<&'a str>,
    /// Why it was refused.
    pub errors: &'a [String],
    /// Further attributes.
    pub attrs: AttrList<'a>,
}

/// Draws a check box with its label.
pub fn checkbox(check: &Checkbox) -> Markup {
    let id = if check.value == "true" { check.name.to_owned() } else { format!("{}-{}", check.name, check.value) };
    let control = ToggleField {
        kind: "checkbox",
        id: &id,
        name: check.name,
        value: check.value,
        checked: check.checked,
        reason: check.disabled_reason,
        hint: check.hint,
        errors: check.errors,
        attrs: &check.attrs,
    };
    control.draw(check.label)
}

/// One of several radio buttons.
#[derive(Clone, Debug, Default)]
pub struct RadioChoice<'a> {
    /// What is sent.
    pub value: &'a str,
    /// What is read.
    pub label: &'a str,
    /// One sentence of help.
    pub hint: Option<&'a str>,
    /// Grayed out, with the reason.
    pub disabled_reason: Option<&'a str>,
}

/// Radio buttons under one question.
#[derive(Clone, Debug, Default)]
pub struct RadioGroup<'a> {
    /// The form field's name, and the group's id.
    pub name: &'a str,
    /// The question.
    pub legend: &'a str,
    /// The chosen value.
    pub current: &'a str,
    /// The answers, in order.
    pub options: &'a [RadioChoice<'a>],
    /// One sentence of help.
    pub hint: Option<&'a str>,
    /// Why the answer was refused.
    pub errors: &'a [String],
}

/// Draws radio buttons under one question.
pub fn radio_group(group: &RadioGroup) -> Markup {
    let body = html! {
        div.checks.one-column {
            @for choice in group.options {
                (ToggleField {
                    kind: "radio",
                    id: &format!("{}-{}", group.name, choice.value),
                    name: group.name,
                    value: choice.value,
                    checked: choice.value == group.current,
                    reason: choice.disabled_reason,
                    hint: choice.hint,
                    errors: &[],
                    attrs: &[],
                }
                .draw(choice.label))
            }
        }
    };
    let head = Fieldset { id: group.name, legend: group.legend, hint: group.hint, errors: group.errors, inner: true };
    fieldset(&head, &body)
}

/// The head of a group of controls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fieldset<'a> {
    /// The group's id: what a refusal summary links to; refusals get `{id}-error`.
    pub id: &'a str,
    /// What the group is about.
    pub legend: &'a str,
    /// A sentence of help under the legend.
    pub hint: Option<&'a str>,
    /// Why the group was refused.
    pub errors: &'a [String],
    /// A question inside a section rather than a section of a form.
    pub inner: bool,
}

/// Draws a group of controls.
pub fn fieldset(head: &Fieldset, body: &Markup) -> Markup {
    let notes = Notes::new(head.id, head.hint, head.errors);
    let open = Tag::new("fieldset")
        .set("id", head.id)
        .set("class", if head.inner { "group" } else { "form-section" })
        .set("tabindex", "-1")
        .maybe("aria-describedby", notes.described_by().as_deref());
    let content = html! {
        legend { (head.legend) }
        (notes.hint())
        (notes.errors())
        (body)
    };
    open.around("fieldset", &content)
}

/// A check box or radio button with everything around it.
struct ToggleField<'a> {
    kind: &'static str,
    id: &'a str,
    name: &'a str,
    value: &'a str,
    checked: bool,
    reason: Option<&'a str>,
    hint: Option<&'a str>,
    errors: &'a [String],
    attrs: &'a [(&'a str, String)],
}

impl ToggleField<'_> {
    fn draw(&self, label: &str) -> Markup {
        let notes = Notes::new(self.id, self.reason.or(self.hint), self.errors);
        let control = Tag::new("input")
            .set("id", self.id)
            .set("name", self.name)
            .set("type", self.kind)
            .set("value", self.value)
            .flag("checked", self.checked)
            .flag("disabled", self.reason.is_some())
            .maybe("aria-invalid", notes.refused().then_some("true"))
            .maybe("aria-describedby", notes.described_by().as_deref())
            .extend(self.attrs)
            .open();
        html! {
            div.check.grayed[self.reason.is_some()].refused[notes.refused()] {
                (control)
                div {
                    label for=(self.id) { (label) }
                    (notes.hint())
                    (notes.errors())
                }
            }
        }
    }
}

/// A field for a part of a name, which offers the names that contain it as one types.
#[derive(Clone, Copy, Debug)]
pub struct NameField<'a> {
    /// The form field's name.
    pub name: &'a str,
    /// The label, for those who hear the page.
    pub label: &'a str,
    /// What stands there while it is empty.
    pub placeholder: &'a str,
    /// What is filled in.
    pub value: &'a str,
    /// Where the names come from: the address gets the field, and answers with `<option>`s.
    pub names: &'a str,
}

/// Draws a field for a part of a name.
pub fn name_field(field: &NameField) -> Markup {
    let list = format!("{}-names", field.name);
    let target = format!("#{list}");
    // What the form around it asks for its list is not what this asks for its names.
    let input = Field::new(field.name, field.label, field.value)
        .bare()
        .autocomplete("off")
        .attr("list", &list)
        .attr("placeholder", field.placeholder)
        .attr("maxlength", "100")
        .attr("data-chooses", "")
        .attr("hx-get", field.names)
        .attr("hx-trigger", "input changed delay:150ms, focus once")
        .attr("hx-target", &target)
        .attr("hx-swap", "innerHTML")
        .attr("hx-select", "unset")
        .attr("hx-select-oob", "unset")
        .attr("hx-push-url", "false")
        .attr("hx-indicator", "this")
        .attr("hx-sync", "this:replace");
    html! {
        (super::input(&input))
        datalist id=(list) {}
    }
}
