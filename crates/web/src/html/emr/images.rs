//! Picture and signature of a profile: the two cards, and the forms in them.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use muster_app::images::Image;
use muster_app::people::PersonView;
use muster_domain::emr::{self, Permission, SignatureOrigin};
use muster_domain::licenses::Group;
use muster_domain::organizations::Clinic;
use muster_domain::text::initials;
use muster_domain::{Code, PersonId};

use super::user;
use crate::assets;
use crate::context::Web;
use crate::errors::PageError;
use crate::extract::{Page, PageForm};
use crate::html::form_errors::FormErrors;
use crate::html::parts::{self, Button, Checkbox, Field, FieldKind, Icon};
use crate::html::shell::{self, moment};
use crate::upload::ImageForm;
use crate::urls;

/// `POST /emr/users/{person}/picture`
pub(crate) async fn set_picture(State(web): State<Web>, Path(id): Path<PersonId>, posted: ImageForm) -> Response {
    let ImageForm { page, form, file } = posted;
    let cut = form.one("crop") == "middle";
    let set = web.app.set_picture(&page.actor, id, file, cut).await;
    answer(&web, &page, id, "picture", set.map(drop)).await
}

/// `POST /emr/users/{person}/picture/remove`
pub(crate) async fn remove_picture(State(web): State<Web>, Path(id): Path<PersonId>, posted: PageForm) -> Response {
    let removed = web.app.remove_picture(&posted.page.actor, id).await;
    answer(&web, &posted.page, id, "picture-removed", removed).await
}

/// `POST /emr/users/{person}/signature`
pub(crate) async fn set_signature(State(web): State<Web>, Path(id): Path<PersonId>, posted: ImageForm) -> Response {
    let ImageForm { page, form, file } = posted;
    let origin = SignatureOrigin::parse(form.one("origin")).unwrap_or(SignatureOrigin::Uploaded);
    let set = web.app.set_signature(&page.actor, id, origin, file).await;
    answer(&web, &page, id, "signature", set.map(drop)).await
}

/// `POST /emr/users/{person}/signature/remove`
pub(crate) async fn remove_signature(State(web): State<Web>, Path(id): Path<PersonId>, posted: PageForm) -> Response {
    let removed = web.app.remove_signature(&posted.page.actor, id).await;
    answer(&web, &posted.page, id, "signature-removed", removed).await
}

async fn answer(web: &Web, page: &Page, id: PersonId, done: &str, outcome: muster_app::Result<()>) -> Response {
    match outcome {
        Ok(()) => shell::redirect(&urls::with_query(&urls::user(id), &[("done", done)])),
        Err(error @ muster_app::AppError::Refused(_)) => user::refused_image(web, page, id, error).await,
        Err(error) => PageError(error).into_response(),
    }
}

/// Picture and signature of a person, as loaded for the page.
pub(super) struct Images {
    pub picture: Option<Image>,
    pub signature: Option<Image>,
}

impl Images {
    /// Loads both.
    pub async fn load(web: &Web, page: &Page, id: PersonId) -> muster_app::Result<Self> {
        let picture = web.app.picture(&page.actor, id).await?;
        let signature = web.app.signature(&page.actor, id).await?;
        Ok(Self { picture, signature })
    }
}

fn set_by(page: &Page, image: &Image) -> String {
    let how = if image.origin == Some(SignatureOrigin::Drawn) { "Drawn here; saved" } else { "Set" };
    format!("{how} by {}, {}.", image.set_by, moment(image.set_at, page.info.organization.as_ref()))
}

fn remove_form(page: &Page, action: &str, label: &str) -> Markup {
    html! {
        form method="post" action=(action) {
            (parts::csrf_field(&page.info.csrf))
            (parts::button(&Button { label, ..Button::default() }))
        }
    }
}

/// The card at the top of the profile.
pub(super) fn picture_card(page: &Page, view: &PersonView, images: &Images, said: &FormErrors) -> Markup {
    let person = &view.profile().person;
    let action = urls::user_picture(person.id);
    let field = Field::new("picture", "Picture file", "")
        .kind(FieldKind::File)
        .bare()
        .errors(said.at("picture"))
        .hint("A square PNG, JPEG or WebP of at most 5 MiB. It is shown in this profile only.")
        .attr("accept", "image/png,image/jpeg,image/webp");
    let body = html! {
        div.image-row {
            @match &images.picture {
                Some(_) => img.profile-picture src=(urls::picture_file(person.id)) width="96" height="96" alt={ "Picture of " (person.full_name) };,
                None => div.profile-picture { (parts::avatar(&initials(&person.first_name, &person.last_name), parts::hue_of(person.id.0.as_bytes()))) },
            }
            div.stack {
                @if let Some(picture) = &images.picture { p.soft { (set_by(page, picture)) } }
                @if view.edit_refused.is_none() {
                    form method="post" action=(action) enctype="multipart/form-data" data-crop {
                        (parts::csrf_field(&page.info.csrf))
                        (parts::input(&field))
                        div data-crop-fallback {
                            (parts::checkbox(&Checkbox { name: "crop", value: "middle", label: "Cut out the middle square if it is not square", ..Checkbox::default() }))
                        }
                        (crop_tool())
                        div.cluster { (parts::button(&Button { label: "Save picture", icon: Some(Icon::Upload), ..Button::default() })) }
                    }
                    @if images.picture.is_some() { (remove_form(page, &urls::removal(&action), "Remove picture")) }
                } @else if images.picture.is_none() {
                    p.soft { "No picture yet." }
                }
            }
        }
        @if view.edit_refused.is_none() { script type="module" src=(assets::urls().crop) {} }
    };
    parts::card("Profile picture", &body)
}

/// What `crop.js` works with: a canvas to drag on, the result beside it, and sliders for the keyboard.
fn crop_tool() -> Markup {
    let sliders =
        [("size", "Size", "10", "100"), ("left", "Left to right", "0", "50"), ("top", "Top to bottom", "0", "50")];
    html! {
        div.crop data-crop-tool hidden {
            p { "Drag the square, or use the sliders." }
            div.crop-canvases {
                canvas data-crop-canvas width="320" height="320" role="img" aria-label="The picture with the square to keep" {}
                canvas.profile-picture data-crop-preview width="96" height="96" role="img" aria-label="What will be saved" {}
            }
            div.fields {
                @for (name, label, min, value) in sliders {
                    div.field {
                        label for={ "crop-" (name) } { (label) }
                        input type="range" id={ "crop-" (name) } min=(min) max="100" value=(value);
                    }
                }
            }
        }
    }
}

/// The card at the end of the profile, of therapists and assistants only.
pub(super) fn signature_card(page: &Page, view: &PersonView, images: &Images, said: &FormErrors) -> Markup {
    let person = &view.profile().person;
    let Some(account) = view.profile().emr.as_ref().filter(|e| e.user_type.has_signature()) else { return html! {} };
    let action = urls::user_signature(person.id);
    let field = Field::new("signature", "Signature file", "")
        .kind(FieldKind::File)
        .bare()
        .errors(said.at("signature"))
        .hint("A PNG or JPEG of at most 5 MiB, dark on white. The white is made transparent and the edges are trimmed.")
        .attr("accept", "image/png,image/jpeg");
    let in_use = emr::judge_signature_removal(view.profile()).err();
    let body = html! {
        @match &images.signature {
            Some(signature) => {
                div.signature-sheet { img src=(urls::signature_file(person.id)) alt={ "Signature of " (person.full_name) }; }
                p.soft { (set_by(page, signature)) }
            },
            None => p {
                "No signature on file yet."
                @if account.user_type.group() == Group::Assistant { " An assistant needs one before Finish SOAP Notes can be given." }
            },
        }
        @if view.edit_refused.is_none() {
            form method="post" action=(action) enctype="multipart/form-data" data-sign hidden {
                (parts::csrf_field(&page.info.csrf))
                input type="hidden" name="origin" value="drawn";
                input type="file" name="signature" hidden aria-label="The drawing";
                p { "Sign here with a mouse, a pen or a finger:" }
                canvas.signature-pad width="640" height="200" role="img" aria-label="Drawing area. With the keyboard, choose a file below instead." {}
                div.cluster {
                    (parts::button(&Button { label: "Save drawing", ..Button::default() }))
                    button.button.quiet type="button" data-sign-undo { "Undo" }
                    button.button.quiet type="button" data-sign-clear { "Clear" }
                }
            }
            form method="post" action=(action) enctype="multipart/form-data" data-signature-file {
                (parts::csrf_field(&page.info.csrf))
                input type="hidden" name="origin" value="uploaded";
                (parts::input(&field))
                div data-signature-preview hidden {
                    p { "This is the file, on white. Once saved, its edges are trimmed." }
                    canvas.signature-pad width="640" height="200" role="img" aria-label="The file you chose, on white" {}
                }
                div.cluster { (parts::button(&Button { label: if images.signature.is_some() { "Replace signature" } else { "Save signature" }, icon: Some(Icon::Upload), ..Button::default() })) }
            }
            @match (&images.signature, in_use) {
                (None, _) => {},
                (Some(_), Some(reason)) => p.soft { (reason.message) },
                (Some(_), None) => (remove_form(page, &urls::removal(&action), "Remove signature")),
            }
            script type="module" src=(assets::urls().sign) {}
        }
    };
    html! { div #therapist-signature { (parts::card("Therapist signature", &body)) } }
}

/// Where an assistant who holds Finish SOAP Notes may use it at this moment.
pub(super) fn finish_card(view: &PersonView, clinics: &[Clinic], attested: Option<&str>) -> Markup {
    let assistant = view.profile().emr.as_ref().filter(|e| e.user_type.group() == Group::Assistant);
    let Some(account) = assistant.filter(|e| e.permissions.contains(Permission::FinishSoapNotes)) else {
        return html! {};
    };
    let judged: Vec<(&Clinic, Result<(), Code>)> = clinics
        .iter()
        .filter(|c| view.clinics.contains(&c.id))
        .map(|c| (c, emr::may_finish_notes(account, c)))
        .collect();
    parts::card(
        "Finishing notes",
        &html! {
            ul {
                @for (clinic, answer) in &judged {
                    li {
                        @match answer {
                            Ok(()) => { "At " (clinic.name) ": yes" },
                            Err(code) => { "Not at " (clinic.name) ": " (briefly(*code)) },
                        }
                    }
                }
            }
            @if let Some(attested) = attested { p.soft { (attested) } }
        },
    )
}

/// Who confirmed the signature of an assistant who finishes notes, and when.
pub(super) async fn attested(web: &Web, page: &Page, view: &PersonView) -> muster_app::Result<Option<String>> {
    let given = view.profile().emr.as_ref().and_then(|e| e.finish_attestation);
    let Some((given, at)) = given.zip(view.stored.finish_attested_at) else { return Ok(None) };
    let who = match given.by {
        None => "an operator of Muster".to_owned(),
        Some(id) => match web.app.person(&page.actor, id).await {
            Ok(person) => person.profile().person.full_name.clone(),
            Err(muster_app::AppError::NotFound) => "someone you cannot see".to_owned(),
            Err(error) => return Err(error),
        },
    };
    let at = moment(at, page.info.organization.as_ref());
    Ok(Some(format!("Signature on file confirmed by {who}, {at}.")))
}

fn briefly(code: Code) -> &'static str {
    match code {
        Code::FinishSwitchedOff => "switched off there",
        Code::ClinicClosed => "the clinic is inactive",
        Code::AccountInactive => "the account is inactive",
        Code::AttestationRequired => "nobody has confirmed the signature yet",
        other => other.sentence(),
    }
}
