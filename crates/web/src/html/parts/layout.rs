//! How a page is divided.

use maud::{Markup, html};

use super::{Icon, icon};

/// Draws the page's heading; `aside` (actions or seat tiles) stands at its right.
pub fn heading(title: &str, subtitle: Option<&str>, aside: &Markup) -> Markup {
    html! {
        div.page-head {
            div {
                h1 { (title) }
                @if let Some(subtitle) = subtitle { p { (subtitle) } }
            }
            @if !aside.0.is_empty() { div.page-aside { (aside) } }
        }
    }
}

/// Draws the heading of a page about one person, with their picture.
pub fn person_heading(picture: &Markup, name: &str, subtitle: Option<&str>, aside: &Markup) -> Markup {
    html! {
        div.page-head.of-person {
            div.who {
                (picture)
                div {
                    h1 { (name) }
                    @if let Some(subtitle) = subtitle { p { (subtitle) } }
                }
            }
            @if !aside.0.is_empty() { div.page-aside { (aside) } }
        }
    }
}

/// Draws something that opens when asked for, in a card of its own.
pub fn disclosure(summary: &str, open: bool, body: &Markup) -> Markup {
    html! {
        details.card open[open] {
            summary { (summary) }
            div.card-body { (body) }
        }
    }
}

/// Draws a card; without a title when that is empty.
pub fn card(title: &str, body: &Markup) -> Markup {
    card_with(title, &html! {}, body)
}

/// Draws a card with actions at the right of its title.
pub fn card_with(title: &str, actions: &Markup, body: &Markup) -> Markup {
    html! {
        section.card {
            @if !title.is_empty() {
                div.card-head { h2 { (title) } @if !actions.0.is_empty() { div.cluster { (actions) } } }
            }
            div.card-body { (body) }
        }
    }
}

/// Draws a part of a page under a heading of its own, without a frame.
pub fn section(title: &str, text: Option<&str>, body: &Markup) -> Markup {
    html! {
        section.section {
            h2 { (title) }
            @if let Some(text) = text { p.soft { (text) } }
            (body)
        }
    }
}

/// Draws the main column and, at its right, what helps with it.
pub fn split(main: &Markup, aside: &Markup) -> Markup {
    html! { div.split { div.stack { (main) } aside.stack { (aside) } } }
}

/// Draws the buttons under a form; they stay in view while the form is longer than the window.
pub fn form_actions(actions: &Markup) -> Markup {
    html! { div.form-actions { (actions) } }
}

/// Draws the controls over a list: filters at the left, actions at the right.
pub fn toolbar(filters: &Markup, actions: &Markup) -> Markup {
    html! {
        div.toolbar {
            div.toolbar-filters { (filters) }
            @if !actions.0.is_empty() { div.toolbar-actions { (actions) } }
        }
    }
}

/// One of several views of the same thing, each a page of its own.
#[derive(Clone, Copy, Debug)]
pub struct Tab<'a> {
    /// What it says.
    pub label: &'a str,
    /// Where it goes.
    pub href: &'a str,
    /// Whether it is the one shown.
    pub current: bool,
    /// How many things are in it.
    pub count: Option<u64>,
}

/// Draws links between several views of the same thing.
pub fn tabs(label: &str, tabs: &[Tab]) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            ul {
                @for tab in tabs {
                    li {
                        a href=(tab.href) aria-current=[tab.current.then_some("page")] {
                            (tab.label)
                            @if let Some(count) = tab.count { span.count { (count) } }
                        }
                    }
                }
            }
        }
    }
}

/// How far a step of a longer task has come.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// What the step is.
    pub label: &'a str,
    /// Where it can be gone back to.
    pub href: Option<&'a str>,
}

/// Draws the steps of a longer task; `current` counts from zero.
pub fn steps(label: &str, steps: &[Step], current: usize) -> Markup {
    html! {
        ol.steps aria-label=(label) {
            @for (index, step) in steps.iter().enumerate() {
                li.done[index < current] aria-current=[(index == current).then_some("step")] {
                    span.step-number aria-hidden="true" {
                        @if index < current { (icon(Icon::Check)) } @else { (index + 1) }
                    }
                    @match step.href {
                        Some(href) if index < current => a href=(href) { (step.label) },
                        _ => span { (step.label) },
                    }
                    @if index < current { span.vh { " done" } }
                }
            }
        }
    }
}

/// Draws facts as pairs of a word and its value.
pub fn definition_list(pairs: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts {
            @for (word, value) in pairs {
                div { dt { (word) } dd { (value) } }
            }
        }
    }
}
