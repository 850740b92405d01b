//! What the page says back: refusals, outcomes, progress, and empty lists.

use maud::{Markup, html};

use super::{Icon, icon};

/// Draws the refusals of a form on top of it, each a link to its field.
///
/// `outcome`: what did not happen; `problems`: the id of the field (if it has one) and the sentence. Draws nothing without any.
pub fn refusal_summary(outcome: &str, problems: &[(Option<&str>, &str)]) -> Markup {
    html! {
        @if !problems.is_empty() {
            div #refusals.banner.bad role="alert" tabindex="-1" data-focus {
                (icon(Icon::Alert))
                div {
                    h2 {
                        (outcome) ": "
                        @if problems.len() == 1 { "1 thing" } @else { (problems.len()) " things" }
                        " to put right"
                    }
                    ul {
                        @for (field, sentence) in problems {
                            li {
                                @if let Some(field) = field {
                                    a href={ "#" (field) } { (sentence) }
                                } @else { (sentence) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The tone of a banner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BannerKind {
    /// Worth knowing.
    #[default]
    Info,
    /// It worked.
    Ok,
    /// It worked in part, or needs a look.
    Warn,
    /// It did not work.
    Bad,
}

/// A sentence across the page.
#[derive(Clone, Debug, Default)]
pub struct Banner<'a> {
    /// Its tone.
    pub kind: BannerKind,
    /// The outcome in a few words.
    pub title: &'a str,
    /// The rest; may be empty.
    pub body: Markup,
    /// `complete`, `partial` or `failed`, for the result of a bulk update.
    pub outcome: Option<&'a str>,
}

impl<'a> Banner<'a> {
    /// A banner of one line.
    pub fn line(kind: BannerKind, title: &'a str) -> Self {
        Self { kind, title, ..Self::default() }
    }
}

/// Draws a sentence across the page.
pub fn banner(banner: &Banner) -> Markup {
    let (class, role, drawing) = match banner.kind {
        BannerKind::Info => ("info", "status", Icon::Info),
        BannerKind::Ok => ("ok", "status", Icon::CheckCircle),
        BannerKind::Warn => ("warn", "status", Icon::Alert),
        BannerKind::Bad => ("bad", "alert", Icon::Alert),
    };
    html! {
        div.banner.(class) role=(role) data-outcome=[banner.outcome] {
            (icon(drawing))
            div {
                p.banner-title { (banner.title) }
                (banner.body)
            }
        }
    }
}

/// Draws what a list says when it has nothing to list, and what to do next.
pub fn empty_state(drawing: Icon, title: &str, text: &str, action: &Markup) -> Markup {
    html! {
        div.empty {
            span.empty-icon { (icon(drawing)) }
            p.empty-title { (title) }
            p { (text) }
            @if !action.0.is_empty() { div.cluster { (action) } }
        }
    }
}

/// Something that may be meant by what was typed.
#[derive(Clone, Debug)]
pub struct Suggestion<'a> {
    /// Where it leads.
    pub href: String,
    /// Its name.
    pub name: &'a str,
    /// What tells it from others of that name.
    pub more: String,
}

/// Asks which of several was meant; `title` is the question, `whole` false when there are more than these.
pub fn disambiguation(title: &str, text: &str, offers: &[Suggestion], whole: bool) -> Markup {
    let text = format!("{text}{}", if whole { "" } else { " These are the first; type more to find others." });
    let links = html! {
        ul.offers {
            @for offer in offers {
                li {
                    a href=(offer.href) { (offer.name) }
                    @if !offer.more.is_empty() { " " span.soft { (offer.more) } }
                }
            }
        }
    };
    empty_state(Icon::Search, title, &text, &links)
}

/// What is known about a password while it is being typed.
#[derive(Clone, Copy, Debug)]
pub struct PasswordView<'a> {
    /// Each requirement and whether it is met.
    pub requirements: &'a [(bool, &'a str)],
    /// The strength in a word; empty before anything is typed.
    pub score_label: &'a str,
    /// The strength from 0 to 4.
    pub score: u8,
    /// Whether the password may be saved.
    pub acceptable: bool,
}

/// Draws the strength of a password and its requirements: the fragment `#password-meter`.
pub fn password_meter(view: &PasswordView) -> Markup {
    let tone = match (view.acceptable, view.score) {
        (true, _) => "ok",
        (false, 0..=1) => "bad",
        (false, _) => "warn",
    };
    html! {
        div #password-meter.password-meter aria-live="polite" {
            div.segments.(tone) aria-hidden="true" {
                @for step in 1..=4_u8 { span.on[step <= view.score] {} }
            }
            p.strength.(tone) {
                "Strength: "
                @if view.score_label.is_empty() { span.soft { "nothing typed yet" } }
                @else {
                    strong { (view.score_label) }
                    @if !view.acceptable { ", not enough yet" }
                }
            }
            ul.requirements {
                @for (met, text) in view.requirements {
                    li.met[*met] {
                        (icon(if *met { Icon::Check } else { Icon::Circle }))
                        span { (text) span.vh { @if *met { ": met" } @else { ": not met yet" } } }
                    }
                }
            }
        }
    }
}

/// Draws how far a long action has come; without a total, only that it is running.
pub fn progress(label: &str, done: u64, total: Option<u64>) -> Markup {
    html! {
        div.progress {
            label for="progress" { (label) }
            span.soft {
                (done) @if let Some(total) = total { " of " (total) }
            }
            @if let Some(total) = total {
                progress #progress max=(total.max(1)) value=(done.min(total)) {}
            } @else {
                progress #progress {}
            }
        }
    }
}
