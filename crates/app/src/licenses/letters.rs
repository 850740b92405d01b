//! The letters about each step of a request, to the requester and the company admins.

use std::collections::BTreeMap;

use muster_domain::licenses::{RequestKind, RequestState};
use muster_domain::{PersonId, text::unique_key};
use muster_store::licenses::Request;
use muster_store::people;

use super::LicenseEffect;
use crate::messages::{Message, header_line};
use crate::work::UnitOfWork;
use crate::{App, Result};

impl App {
    /// Queues the letters about the step a request has just taken, in the step's own transaction.
    pub(super) async fn queue_letters(&self, work: &mut UnitOfWork, request: &Request) -> Result<()> {
        let mut readers: BTreeMap<String, (String, String)> = BTreeMap::new();
        let mut add = |email: String, name: String| {
            readers.entry(unique_key(&email)).or_insert((email, name));
        };
        if let Some(id) = request.requester_id {
            let found = people::find(&mut work.tx, work.organization, PersonId(id)).await?;
            if let Some(person) = found.map(|s| s.profile.person)
                && let Some(email) = person.email
            {
                add(email, person.full_name);
            }
        }
        for (_, name, email) in people::company_admins(&mut work.tx, work.organization).await? {
            add(email, name);
        }
        let url = format!("{}/emr/licenses/requests/{}", self.settings.public_url, request.id);
        let letters: Vec<(String, Message)> =
            readers.into_values().map(|(to, name)| (to, letter(request, &name, &url))).collect();
        self.queue_many(work, &letters).await
    }
}

fn letter(request: &Request, name: &str, url: &str) -> Message {
    let (number, organization) = (request.number, &request.organization_name);
    let wish = request_title(request);
    let by = request.ended_name.as_deref().unwrap_or_default();
    let (state, news) = match request.state {
        RequestState::Submitted => (
            "submitted",
            format!(
                "{} asked support to {wish}. Support will process or reject the request; you will get an email either way.",
                request.requester_name
            ),
        ),
        RequestState::Processed => {
            ("processed", format!("Support has processed the request to {wish}.{}", next_step(request)))
        }
        RequestState::Rejected => {
            ("rejected", format!("Support has rejected the request to {wish}. Nothing has changed."))
        }
        RequestState::Withdrawn => {
            ("withdrawn", format!("{by} has withdrawn the request to {wish}. Nothing has changed."))
        }
    };
    let mut lines = Vec::new();
    if let Some(effect) = LicenseEffect::of(request) {
        let number = |n: Option<i64>| n.map_or_else(|| "no limit".to_owned(), |n| n.to_string());
        lines.push(format!(
            "Licenses of this kind there: {} before, {} after",
            number(effect.before),
            number(effect.after)
        ));
        if let Some(monthly) = effect.monthly {
            let sign = if monthly.amount > 0 { "+" } else { "" };
            lines.push(format!("Monthly bill: {sign}{}", monthly.written()));
        }
    }
    if !request.note.is_empty() {
        lines.push(format!("Note of the request: {}", request.note));
    }
    if let Some(note) = request.ended_note.as_deref().filter(|n| !n.is_empty()) {
        lines.push(format!("Answer: {note}"));
    }
    let lines: Vec<String> = lines.iter().map(|l| format!("- {l}\n")).collect();
    Message {
        subject: header_line(&format!("License request {number} {state}: {wish}")),
        body: format!("Hello {name},\n\n{news}\n\n{}\nRequest {number} of {organization}:\n{url}\n", lines.concat()),
    }
}

/// `add 2 therapist licenses at Saco`
fn request_title(request: &Request) -> String {
    let (verb, place) = match request.kind {
        RequestKind::Add => ("add", "at"),
        RequestKind::Release => ("release", "of"),
    };
    let plural = if request.count == 1 { "license" } else { "licenses" };
    format!("{verb} {} {} {plural} {place} {}", request.count, request.group.as_str(), request.clinic_name)
}

fn next_step(request: &Request) -> &'static str {
    match request.kind {
        RequestKind::Add => {
            " You can make the people who wait for a license active now, on the waiting list under Licenses."
        }
        RequestKind::Release => " From now on these licenses are no longer on the bill.",
    }
}
