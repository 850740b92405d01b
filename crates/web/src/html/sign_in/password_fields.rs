//! The two password fields with live requirements, as every password form shows them.

use maud::{Markup, html};
use muster_domain::sign_in::Assessment;

use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Field, FieldKind, PasswordView};
use crate::urls;

/// The meter for a judgment; nothing is said about the strength of what is not there yet.
pub(crate) fn meter(judged: &Assessment, is_empty: bool) -> Markup {
    let requirements: Vec<(bool, &str)> = judged.requirements.iter().map(|r| (r.met, r.label.as_str())).collect();
    parts::password_meter(&PasswordView {
        requirements: &requirements,
        score_label: if is_empty { "" } else { judged.strength },
        score: judged.score,
        acceptable: judged.refusals.is_empty(),
    })
}

/// New password and its repetition; `judged` is the judgment of an empty one.
pub(crate) fn fields(said: &FormErrors, judged: &Assessment) -> Markup {
    let password = Field::new("password", "New password", "")
        .kind(FieldKind::Password)
        .required()
        .autocomplete("new-password")
        .errors(said.at("password"))
        .described_by("password-meter")
        .attr("hx-post", urls::PASSWORD_CHECK)
        .attr("hx-trigger", "input changed delay:150ms")
        .attr("hx-target", "#password-meter")
        .attr("hx-swap", "outerHTML")
        .attr("hx-sync", "this:replace");
    let again = Field::new("password_confirmation", "Confirm password", "")
        .kind(FieldKind::Password)
        .required()
        .autocomplete("new-password")
        .errors(said.at("password_confirmation"))
        .attr("data-confirms", "password");
    html! {
        div.stack {
            (parts::input(&password))
            (meter(judged, true))
            (parts::input(&again))
        }
    }
}
