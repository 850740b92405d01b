//! The document of pages before sign-in: sign-in itself, set-up, reset, unlock.

use maud::{DOCTYPE, Markup, html};

use super::icon::{brand_mark, person_list};
use super::shell::head;
use super::{AssetUrls, Banner, banner};

/// Everything around the body of a page before sign-in.
#[derive(Clone, Debug)]
pub struct PlainPage<'a> {
    /// The page's title and heading.
    pub title: &'a str,
    /// A sentence under the heading.
    pub lead: Option<&'a str>,
    /// A sentence over the form.
    pub notice: Option<Banner<'a>>,
    /// Style sheet and scripts.
    pub assets: &'a AssetUrls<'a>,
    /// Whether the people shown are invented.
    pub demo: bool,
    /// Room for a longer form, for set-up.
    pub wide: bool,
}

/// Draws the whole document of a page before sign-in.
pub fn plain_page(plain: &PlainPage, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(plain.title, plain.assets))
            body.outside {
                a.skip href="#main" { "Skip to content" }
                header.brand-side {
                    p.brand { (brand_mark()) span { "Muster" } }
                    div.brand-words {
                        (person_list())
                        p.brand-claim { "Everyone on the team, with the access their work needs." }
                        p { "Staff accounts, licenses and permissions for rehab-therapy practices." }
                    }
                }
                main #main tabindex="-1" {
                    div.plain-card.roomy[plain.wide] {
                        @if plain.demo { p.demo { "Demo: invented people" } }
                        h1 { (plain.title) }
                        @if let Some(lead) = plain.lead { p.lead { (lead) } }
                        @if let Some(notice) = &plain.notice { (banner(notice)) }
                        (body)
                    }
                }
            }
        }
    }
}
