//! What can be done next about the license of somebody who is inactive.

use maud::{Markup, html};
use muster_app::licenses::NextStep;
use muster_app::people::PersonView;
use muster_domain::licenses::{RequestKind, SeatForecast};

use crate::html::licenses::ask_address;
use crate::html::parts::{self, ButtonLink};
use crate::urls;

/// The next step as a sentence with its link; nothing when there is none.
pub(super) fn next(step: Option<&NextStep>, view: &PersonView) -> Markup {
    let name = &view.profile().person.full_name;
    html! {
        @match step {
            Some(NextStep::Wait(queued)) => {
                @let (clinic, group) = (queued.waiting.clinic, queued.waiting.group);
                @match (queued.freed, queued.request) {
                    (SeatForecast::Now, _) => p { "A license is free now: set the status to Active and save." },
                    (SeatForecast::Request(_), Some((id, number))) => p {
                        a href=(urls::license_request(id)) { "Request " (number) } " will free a license. Make this person active once support has processed it."
                    },
                    _ => p {
                        a href=(ask_address(RequestKind::Add, clinic, group, 1, &format!("For {name}"))) { "Ask support for one more" }
                        ", then make this person active."
                    },
                }
            }
            Some(NextStep::Release(clinic, group)) => p {
                a href=(ask_address(RequestKind::Release, *clinic, *group, 1, &format!("No longer needed for {name}"))) {
                    "Ask support to release the license"
                }
            },
            None => {}
        }
    }
}

/// The same as a card of the profile.
pub(super) fn card(step: Option<&NextStep>, view: &PersonView) -> Markup {
    let Some(step) = step else { return html! {} };
    let name = &view.profile().person.full_name;
    parts::card(
        "License",
        &html! {
            @match step {
                NextStep::Wait(queued) => {
                    p {
                        "Waits for a " (queued.waiting.group.as_str()) " license at " (queued.waiting.clinic_name)
                        ", number " (queued.waiting.place) " in the queue."
                    }
                    (next(Some(step), view))
                    p { a href=(urls::waiting_for(queued.waiting.clinic, queued.waiting.group)) { "Waiting list" } }
                }
                NextStep::Release(clinic, group) => {
                    p { "A free " (group.as_str()) " license stays on the bill of this clinic until it is released." }
                    (parts::button_link(&ButtonLink {
                        href: &ask_address(RequestKind::Release, *clinic, *group, 1, &format!("No longer needed for {name}")),
                        label: "Release a license",
                        ..ButtonLink::default()
                    }))
                }
            }
        },
    )
}
