//! The profile form: type first, then what that type needs, in the order of the User Manager.

use maud::{Markup, html};
use muster_domain::Code;
use muster_domain::access::Authority;
use muster_domain::emr::{self, Credentials, Permission, PermissionOffer, UserType};
use muster_domain::licenses::Group;
use muster_domain::organizations::Clinic;
use muster_domain::sign_in::Assessment;

use super::draft::Draft;
use crate::html::form_errors::FormErrors;
use crate::html::parts::{
    self, Button, Checkbox, Choice, Field, FieldKind, Fieldset, Icon, RadioChoice, RadioGroup, Select, Textarea,
};
use crate::html::sign_in::password_fields;
use crate::urls;

/// What the form needs to draw itself.
pub(super) struct FormView<'a> {
    pub actor: &'a Authority,
    pub draft: &'a Draft,
    pub said: &'a FormErrors,
    /// Clinics the actor reaches.
    pub clinics: &'a [Clinic],
    /// Clinics of the person the actor does not reach.
    pub hidden_clinics: usize,
    /// The judgment of an empty password, for the list of requirements.
    pub judged: &'a Assessment,
    /// Where the form is sent.
    pub action: &'a str,
    /// A profile that does not exist yet.
    pub is_new: bool,
    /// One's own profile.
    pub is_own: bool,
    /// Why the sign-in of the person cannot be changed, if so.
    pub sign_in_refused: Option<&'a str>,
    /// An assistant cannot be given Finish SOAP Notes yet: no signature is on file.
    pub needs_signature: bool,
}

impl FormView<'_> {
    /// The sections, without the form around them.
    pub fn sections(&self) -> Markup {
        html! {
            @if self.is_new { (self.type_section()) }
            (self.password_section())
            (self.details_section())
            // The summary beside the form follows what is ticked here.
            div hx-post=(self.action) hx-trigger="change" hx-vals=r#"{"refresh":"summary"}"# hx-target="#summary" hx-select="#summary" hx-swap="outerHTML" {
                (self.permissions_section())
                (self.clinics_section())
            }
        }
    }

    fn type_section(&self) -> Markup {
        let labels: Vec<(String, &str)> =
            UserType::ALL.iter().map(|t| (format!("{}: {}", t.as_str(), t.title()), t.as_str())).collect();
        let options: Vec<Choice> =
            labels.iter().map(|(label, value)| Choice::new(value, label, &self.draft.user_type)).collect();
        let body = html! {
            div.fields {
                (parts::select(&Select {
                    name: "user_type",
                    label: "User type",
                    options: &options,
                    required: true,
                    errors: self.said.at("user_type"),
                    hint: Some("It decides what is asked below, and cannot be changed later without support."),
                    attrs: vec![
                        ("hx-post", self.action.to_owned()),
                        // Typing the letters of a type selects other types on the way.
                        ("hx-trigger", "change delay:300ms".to_owned()),
                        ("hx-sync", "this:replace".to_owned()),
                        ("hx-vals", r#"{"refresh":"type"}"#.to_owned()),
                        ("hx-target", "#profile".to_owned()),
                        ("hx-select", "#profile".to_owned()),
                        ("hx-swap", "outerHTML".to_owned()),
                    ],
                    ..Select::default()
                }))
                noscript {
                    (parts::button(&Button { label: "Show the fields of this type", sends: Some(("refresh", "type")), ..Button::default() }))
                }
            }
        };
        parts::fieldset(&Fieldset { id: "type", legend: "Start with the type", ..Fieldset::default() }, &body)
    }

    fn password_section(&self) -> Markup {
        if let Some(reason) = self.sign_in_refused {
            let body = html! { p.soft { (reason) } };
            return parts::fieldset(
                &Fieldset { id: "password-section", legend: "Password", ..Fieldset::default() },
                &body,
            );
        }
        let body = match (self.is_new, self.is_own) {
            (true, _) => self.new_password(),
            (false, true) => self.own_password(),
            (false, false) => self.stored_password(),
        };
        parts::fieldset(&Fieldset { id: "password-section", legend: "Password", ..Fieldset::default() }, &body)
    }

    fn new_password(&self) -> Markup {
        let choices = [
            RadioChoice {
                value: "invite",
                label: "Send an invitation",
                hint: Some("The person chooses the password; you never have to know it."),
                disabled_reason: None,
            },
            RadioChoice {
                value: "type",
                label: "Type a password now",
                hint: Some("It has to be changed at the first sign-in."),
                disabled_reason: None,
            },
        ];
        html! {
            (parts::radio_group(&RadioGroup { name: "access", legend: "First sign-in", current: &self.draft.access, options: &choices, ..RadioGroup::default() }))
            // The style sheet shows it when it is asked for.
            div.typed-password { (password_fields::fields(self.said, self.judged)) }
        }
    }

    /// What was sent all the same is told why it was refused.
    fn own_password(&self) -> Markup {
        html! {
            p { "Your own password is changed where the current one is asked for: " a #password href=(urls::MY_PASSWORD) { "Change your password" } "." }
            @for sentence in self.said.at("password") { p.error #password-error { (sentence) } }
        }
    }

    fn stored_password(&self) -> Markup {
        let typed = !self.said.at("password").is_empty() || !self.said.at("password_confirmation").is_empty();
        html! {
            p { "Nobody has to know a colleague's password: send a link instead, with the button under Sign-in." }
            details open[typed] {
                summary { "Type a new password" }
                p.soft { "It ends every session of this person and has to be changed at the next sign-in. Leave both empty to keep the password." }
                (password_fields::fields(self.said, self.judged))
            }
        }
    }

    fn field<'b>(&'b self, name: &'static str, label: &'static str, value: &'b str) -> Field<'b> {
        Field::new(name, label, value).errors(self.said.at(name))
    }

    fn details_section(&self) -> Markup {
        let d = self.draft;
        let locked = |field: Field<'_>| {
            if self.sign_in_refused.is_some() {
                html! { (parts::input(&field.read_only())) }
            } else {
                parts::input(&field)
            }
        };
        let statuses = [Choice::new("active", "Active", &d.status), Choice::new("inactive", "Inactive", &d.status)];
        let status_hint = if self.is_new {
            "With no license free at the default clinic, the profile is saved as inactive."
        } else {
            "Making someone inactive ends their sessions. The license stays on the bill until it is released."
        };
        let body = html! {
            div.fields {
                (parts::input(&self.field("first_name", "First name", &d.first_name).required().autocomplete("off")))
                (parts::input(&self.field("last_name", "Last name", &d.last_name).required().autocomplete("off")))
                (parts::input(&self.field("full_name", "Full name", &d.full_name).hint("As shown to others. Left empty, it is made of first and last name.")))
                (locked(self.field("username", "User name", &d.username).required().autocomplete("off").hint("Unique everywhere, other practices included.")))
                (locked(self.field("email", "Email", &d.email).kind(FieldKind::Email).required().autocomplete("off")))
                (parts::input(&self.field("phone", "Phone", &d.phone).kind(FieldKind::Tel).autocomplete("off")))
                (self.credentials())
                (parts::select(&Select { name: "status", label: "Status", options: &statuses, required: true, hint: Some(status_hint), errors: self.said.at("status"), ..Select::default() }))
                @if !self.is_new {
                    (parts::textarea(&Textarea { name: "previous_names", label: "Previous names", value: &d.previous_names, rows: 2, hint: Some("One a line. They help to find this person and to avoid entering them twice."), errors: self.said.at("previous_names"), ..Textarea::default() }))
                }
            }
        };
        parts::fieldset(&Fieldset { id: "details", legend: "Profile details", ..Fieldset::default() }, &body)
    }

    fn credentials(&self) -> Markup {
        let d = self.draft;
        let credentials = d.kind().credentials();
        let npi = Field::new("npi", "NPI", &d.npi)
            .errors(self.said.at("npi"))
            .attr("inputmode", "numeric")
            .autocomplete("off");
        let number = self
            .field("license_number", "License number", &d.license_number)
            .required()
            .autocomplete("off")
            .hint("If you do not have it yet: 00000");
        html! {
            @if credentials == Credentials::NpiAndLicense {
                (parts::input(&npi.required().hint("10 digits. If you do not have it yet: 9999999995")))
            } @else if credentials == Credentials::LicenseNpiOptional {
                (parts::input(&npi.hint("10 digits")))
            }
            @if credentials != Credentials::None {
                (parts::input(&number))
                (parts::input(&self.field("license_state", "License state", &d.license_state).hint("Two letters, such as ME")))
                (parts::input(&self.field("license_expires_on", "License expires on", &d.license_expires_on).kind(FieldKind::Date)))
            }
        }
    }

    fn permissions_section(&self) -> Markup {
        let mut offers = emr::offers(self.actor, self.draft.kind());
        for offer in offers.iter_mut().filter(|o| o.needs_attestation && self.needs_signature) {
            offer.refused = offer.refused.or(Some(Code::SignatureRequired));
        }
        let finish = offers.iter().find(|o| o.permission == Permission::FinishSoapNotes);
        let attest = finish.is_some_and(|o| o.needs_attestation && o.refused.is_none());
        let body = html! {
            div.checks { @for offer in &offers { (self.permission(offer)) } }
            @if attest {
                (parts::checkbox(&Checkbox {
                    name: "finish_attested",
                    value: "true",
                    label: "I confirm that this assistant's signature is on file",
                    checked: self.draft.finish_attested,
                    hint: Some("Needed to tick Finish SOAP Notes for an assistant. Your name and the time are recorded."),
                    errors: self.said.at("finish_attested"),
                    ..Checkbox::default()
                }))
                (attestation())
            }
        };
        parts::fieldset(
            &Fieldset {
                id: "permissions",
                legend: "Permissions",
                hint: Some("What is grayed out says why."),
                errors: self.said.at("permissions"),
                ..Fieldset::default()
            },
            &body,
        )
    }

    fn permission(&self, offer: &PermissionOffer) -> Markup {
        let reason = offer.refused.map(|code| code.sentence().trim_start_matches("{}: ").to_owned());
        let reason = reason.map(|r| {
            let mut chars = r.chars();
            chars.next().map(|c| c.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
        });
        parts::checkbox(&Checkbox {
            name: "permissions",
            value: offer.permission.as_str(),
            label: offer.permission.label(),
            checked: self.draft.ticks(offer.permission),
            disabled_reason: reason.as_deref(),
            hint: Some(offer.permission.grants()),
            ..Checkbox::default()
        })
    }

    fn clinics_section(&self) -> Markup {
        let ids: Vec<(String, &Clinic)> = self
            .clinics
            .iter()
            .filter(|c| c.is_active() || self.draft.clinics.contains(&c.id))
            .map(|c| (c.id.to_string(), c))
            .collect();
        let chosen = self.draft.default_clinic.map(|c| c.to_string()).unwrap_or_default();
        let keep = if self.hidden_clinics > 0 && chosen.is_empty() {
            "Stays as it is (a clinic you do not manage)"
        } else {
            "Choose…"
        };
        let mut options = vec![Choice::new("", keep, &chosen)];
        options.extend(ids.iter().map(|(id, c)| Choice::new(id, &c.name, &chosen)));
        let body = html! {
            div.checks {
                @for (id, clinic) in &ids {
                    (parts::checkbox(&Checkbox {
                        name: "clinic_ids",
                        value: id,
                        label: &clinic.name,
                        checked: self.draft.clinics.contains(&clinic.id),
                        ..Checkbox::default()
                    }))
                }
            }
            @if self.hidden_clinics > 0 {
                p.soft { "And " (self.hidden_clinics) " more that you do not manage; they stay as they are." }
            }
            div.fields {
                (parts::select(&Select {
                    name: "default_clinic_id",
                    label: "Default clinic",
                    options: &options,
                    required: true,
                    errors: self.said.at("default_clinic_id"),
                    hint: Some("Its license pool gives the seat."),
                    ..Select::default()
                }))
            }
        };
        parts::fieldset(
            &Fieldset {
                id: "clinic_ids",
                legend: "Clinics",
                hint: Some("You can add the clinics you have access to yourself."),
                errors: self.said.at("clinic_ids"),
                ..Fieldset::default()
            },
            &body,
        )
    }
}

/// What `app.js` asks when the box is ticked, or the permission it is for. Without scripts the box is enough.
fn attestation() -> Markup {
    html! {
        dialog #attestation aria-labelledby="attestation-title" aria-describedby="attestation-text" {
            h2 #attestation-title { "Finish SOAP Notes for an assistant" }
            p #attestation-text {
                "I confirm that this assistant's signature is on file, and that this assistant may finish notes where the "
                "clinic allows it. My name and the time are recorded when the profile is saved."
            }
            div.cluster {
                button.button.primary type="button" data-attest="yes" { "I confirm" }
                button.button type="button" data-attest="no" { "Do not give it" }
            }
        }
    }
}

/// What the person will be able to do, in sentences, beside the form.
pub(super) fn summary(draft: &Draft, clinics: &[Clinic]) -> Markup {
    let names: Vec<&str> = clinics.iter().filter(|c| draft.clinics.contains(&c.id)).map(|c| c.name.as_str()).collect();
    let place = if names.is_empty() { "no clinic yet".to_owned() } else { names.join(", ") };
    let ticked: Vec<Permission> = Permission::ALL.into_iter().filter(|p| draft.ticks(*p)).collect();
    let seat = match draft.kind().group() {
        Group::Clerical => "No license is needed: front office and billing are free.".to_owned(),
        group => format!("Takes one {} license of the default clinic while active.", group.as_str()),
    };
    html! {
        div #summary {
            (parts::card("What this person will be able to do", &html! {
                p { "At " strong { (place) } ":" }
                @if ticked.is_empty() { p.soft { "Nothing yet: tick at least one permission." } }
                @else { ul.can-do { @for p in &ticked { li { (parts::icon(Icon::Check)) span { (p.grants()) } } } } }
                p.soft { (seat) }
            }))
        }
    }
}

/// The address a form of a new user is sent to.
pub(super) const NEW_ACTION: &str = urls::NEW_USER;
