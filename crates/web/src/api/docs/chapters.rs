//! The chapters before the endpoints: signing in, lists, edits, repeating, errors.

use maud::{Markup, html};
use muster_app::Scope;
use muster_domain::{Code, Severity};

use crate::api::catalog::CODES;

/// A chapter.
pub(super) struct Chapter {
    pub title: &'static str,
    pub href: &'static str,
    body: fn(&str) -> Markup,
}

/// All of them, in order.
pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter { title: "Authentication", href: "#authentication", body: authentication },
    Chapter { title: "Lists and cursors", href: "#cursors", body: cursors },
    Chapter { title: "Edits and If-Match", href: "#if-match", body: edits },
    Chapter { title: "Repeating a request", href: "#idempotency", body: idempotency },
    Chapter { title: "Errors", href: "#errors", body: errors },
];

/// Draws one.
pub(super) fn chapter(chapter: &Chapter, base: &str) -> Markup {
    html! {
        section.card id=(chapter.href.trim_start_matches('#')) {
            div.card-head { h2 { (chapter.title) } }
            div.card-body { ((chapter.body)(base)) }
        }
    }
}

fn authentication(base: &str) -> Markup {
    html! {
        p {
            "Send a personal access token with every request. You make one under “My account”, with "
            a href="#make_a_token_for_oneself" { code { "POST /api/v1/tokens" } } ", or on the machine itself with "
            code { "muster token create" } ". It acts for you: it may do what you may do, within its scopes."
        }
        pre.scrolls tabindex="0" role="group" aria-label="Example" { code { "curl -H \"Authorization: Bearer $MUSTER_TOKEN\" " (base) "/api/v1/me" } }
        div.scrolls tabindex="0" role="group" aria-label="Table" { table.data {
            thead { tr { th scope="col" { "Scope" } th scope="col" { "Allows" } } }
            tbody {
                @for scope in Scope::ALL { tr { td { code { (scope.as_str()) } } td { (scope.label()) } } }
            }
        } }
        p {
            "Scripts of Muster's own pages may use the session cookie instead. Support operators name the practice they "
            "work in with the header " code { "Muster-Organization" } " or the parameter " code { "organization_id" } "."
        }
        p { "Who may see whom is the same everywhere: what you may not know of answers 404, in lists it does not count." }
    }
}

fn cursors(_: &str) -> Markup {
    html! {
        p {
            "A list answers " code { "{items, next, total}" } ". Ask for the next page with " code { "?after=" }
            " and the value of " code { "next" } ", unchanged and with the same " code { "sort" } "; on the last page "
            code { "next" } " is null. " code { "limit" } " is at most 200. Where a total was estimated, "
            code { "total_is_estimate" } " is true."
        }
        p { "Unknown parameters and values nobody understands are refused, all of them at once." }
    }
}

fn edits(base: &str) -> Markup {
    html! {
        p {
            "An edit is a JSON merge patch (RFC 7396): a field you leave out stays as it is, " code { "null" }
            " clears it. Fields Muster does not know are refused, so that a slip of the pen never passes for a change."
        }
        p {
            "Every answer carries its version as " code { "ETag" } ". Send it back in " code { "If-Match" }
            ": when someone else saved meanwhile you get 412 with " code { "someone_saved_first" }
            " and the current version, and nothing is overwritten. Without " code { "If-Match" } " the last save wins."
        }
        pre.scrolls tabindex="0" role="group" aria-label="Example" { code {
            "curl -X PATCH -H \"Authorization: Bearer $MUSTER_TOKEN\" -H 'If-Match: \"7\"' \\\n"
            "  -H 'Content-Type: application/merge-patch+json' -d '{\"phone\": null}' \\\n"
            "  " (base) "/api/v1/people/$PERSON"
        } }
    }
}

fn idempotency(_: &str) -> Markup {
    html! {
        p {
            "When a connection breaks you cannot know whether a person was created. Send " code { "POST" } " with an "
            code { "Idempotency-Key" } " of your choice (at most 200 characters) and you can simply send it again: the "
            "same request with the same key makes nothing new for 48 hours and answers with what the first one made; only "
            "a token is not shown again. The same key with another request is refused with " a href="#idempotency_key_reused" { code { "idempotency_key_reused" } } "."
        }
    }
}

/// The HTTP status a refusal has when it is the only one.
fn status(severity: Severity) -> u16 {
    match severity {
        Severity::Invalid => 422,
        Severity::Conflict => 409,
        Severity::Forbidden => 403,
    }
}

fn errors(_: &str) -> Markup {
    let mut seen = Vec::new();
    let mut first = |code: &'static str| {
        let fresh = !seen.contains(&code);
        seen.push(code);
        fresh.then_some(code)
    };
    html! {
        p {
            "Errors are " code { "application/problem+json" } " (RFC 9457) and name everything that is wrong at once: "
            code { "errors" } " has one entry a refusal, with its " code { "field" } ", a stable " code { "code" }
            " for your program and a " code { "message" } " for people. " code { "type" } " leads to this table."
        }
        pre.scrolls tabindex="0" role="group" aria-label="Example" { code { (EXAMPLE) } }
        div.scrolls tabindex="0" role="group" aria-label="Table" { table.data {
            thead { tr { th scope="col" { "Code" } th scope="col" { "Status" } th scope="col" { "Means" } } }
            tbody {
                @for (code, status, sentence) in CODES {
                    tr id=[first(code)] { td { code { (code) } } td { (status) } td { (sentence) } }
                }
                @for code in Code::ALL {
                    tr id=[first(code.as_str())] {
                        td { code { (code.as_str()) } }
                        td { (status(code.severity())) }
                        td { (code.sentence().replace("{}", "…")) }
                    }
                }
            }
        } }
        p { "With several refusals the status is 403 if any of them is, else 422 if any of them is, else 409." }
    }
}

const EXAMPLE: &str = r#"{
  "type": "/api/docs#npi_invalid",
  "title": "Please put this right",
  "status": 422,
  "detail": "This NPI is not valid: … Tick at least one permission.",
  "code": "npi_invalid",
  "errors": [
    {"field": "npi", "code": "npi_invalid", "message": "This NPI is not valid: …"},
    {"field": "permissions", "code": "permission_required", "message": "Tick at least one permission."}
  ]
}"#;
