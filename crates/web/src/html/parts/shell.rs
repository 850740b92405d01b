//! The whole document around a signed-in page.

use maud::{DOCTYPE, Markup, html};

use super::controls::csrf_field;
use super::icon::brand_mark;
use super::{Banner, Icon, avatar, banner, hue_of, icon};

/// One link of the navigation.
#[derive(Clone, Copy, Debug)]
pub struct NavItem<'a> {
    /// What it says.
    pub label: &'a str,
    /// Where it goes.
    pub href: &'a str,
    /// Whether it is the page shown.
    pub current: bool,
    /// How many things wait there.
    pub badge: Option<u64>,
}

/// Links that belong together.
#[derive(Clone, Debug)]
pub struct NavGroup<'a> {
    /// What they have in common; no heading when empty.
    pub label: &'a str,
    /// The links.
    pub items: Vec<NavItem<'a>>,
}

/// Where the style sheet and scripts are, with their content hash.
#[derive(Clone, Copy, Debug)]
pub struct AssetUrls<'a> {
    /// The style sheet.
    pub css: &'a str,
    /// Our own script, a module.
    pub js: &'a str,
    /// The htmx library.
    pub htmx: &'a str,
    /// The drawing on the browser's tab.
    pub icon: &'a str,
}

/// Everything around the body of a page.
#[derive(Clone, Debug)]
pub struct Shell<'a> {
    /// The page's title, without the product's name.
    pub title: &'a str,
    /// The organization worked in.
    pub organization: Option<&'a str>,
    /// The name of the person signed in.
    pub person: Option<&'a str>,
    /// The form token.
    pub csrf: &'a str,
    /// The navigation.
    pub nav: Vec<NavGroup<'a>>,
    /// After how long without activity the page locks.
    pub idle_seconds: Option<u32>,
    /// A sentence over the page, e.g. what was just saved.
    pub notice: Option<Banner<'a>>,
    /// What stays true on every page until something is done about it.
    pub reminder: Option<Banner<'a>>,
    /// Style sheet and scripts.
    pub assets: &'a AssetUrls<'a>,
    /// Whether the people shown are invented.
    pub demo: bool,
}

/// Draws the whole document of a signed-in page.
pub fn page(shell: &Shell, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(shell.title, shell.assets))
            body.app data-idle-seconds=[shell.idle_seconds] {
                a.skip href="#main" { "Skip to content" }
                header.top {
                    button.menu-button type="button" popovertarget="nav" {
                        (icon(Icon::Menu)) span { "Menu" }
                    }
                    @if let Some(organization) = shell.organization {
                        p.organization { (icon(Icon::Building)) span { (organization) } }
                    }
                    @if shell.demo { p.demo { "Demo" span.demo-more { ": invented people" } } }
                    @if let Some(person) = shell.person { (person_menu(person, shell.csrf)) }
                }
                nav #nav.side popover aria-label="Main" {
                    a.brand href="/" { (brand_mark()) span { "Muster" } }
                    @for (index, group) in shell.nav.iter().enumerate() { (nav_group(index, group)) }
                }
                main #main tabindex="-1" {
                    @for note in [&shell.notice, &shell.reminder].into_iter().flatten() { (banner(note)) }
                    (body)
                }
                (idle_warning())
            }
        }
    }
}

/// How htmx behaves: nothing inline, nothing of a page kept in the browser's storage, and the back button loads anew.
const HTMX: &str = r#"{"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true,"historyCacheSize":0,"refreshOnHistoryMiss":true}"#;

/// The document's head.
pub(super) fn head(title: &str, assets: &AssetUrls) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="theme-color" content="#0f2f34";
            meta name="htmx-config" content=(HTMX);
            title { (title) " · Muster" }
            link rel="icon" type="image/svg+xml" href=(assets.icon);
            link rel="stylesheet" href=(assets.css);
            script src=(assets.htmx) defer {}
            script type="module" src=(assets.js) {}
        }
    }
}

fn nav_group(index: usize, group: &NavGroup) -> Markup {
    let id = format!("nav-{index}");
    let named = !group.label.is_empty();
    html! {
        @if named { p.nav-label id=(id) { (group.label) } }
        ul aria-labelledby=[named.then_some(&id)] {
            @for item in &group.items {
                li {
                    a href=(item.href) aria-current=[item.current.then_some("page")] {
                        span { (item.label) }
                        @if let Some(badge) = item.badge.filter(|count| *count > 0) {
                            span.badge { (badge) span.vh { " waiting" } }
                        }
                    }
                }
            }
        }
    }
}

fn person_menu(person: &str, csrf: &str) -> Markup {
    let initials: String = person.split_whitespace().filter_map(|word| word.chars().next()).take(2).collect();
    html! {
        div.person-menu {
            a.me href="/me" {
                (avatar(&initials.to_uppercase(), hue_of(person.as_bytes())))
                span.me-name { (person) }
            }
            form method="post" action="/sign-out" {
                (csrf_field(csrf))
                button.button.quiet type="submit" {
                    (icon(Icon::SignOut)) span.sign-out-text { "Sign out" }
                }
            }
        }
    }
}

/// Shown by the script shortly before the page locks.
fn idle_warning() -> Markup {
    html! {
        div #idle-warning.idle-warning role="status" aria-live="polite" {
            div.idle-box hidden {
                (icon(Icon::Clock))
                p data-idle-text {}
                button.button type="button" data-idle-stay { "Stay signed in" }
            }
        }
    }
}
