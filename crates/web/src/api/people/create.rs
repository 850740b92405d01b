//! `POST /api/v1/people`

use axum::extract::State;
use muster_app::people::NewProfile;
use muster_domain::people::Change;

use super::read;
use super::shape::SavedPerson;
use crate::api::body::Body;
use crate::api::failure::{Answer, Failure};
use crate::api::reply;
use crate::context::Web;
use crate::extract::Api;

/// Add a person
///
/// With the EMR account in the same call: all or nothing. Without a password the person gets an invitation by email.
/// With no free license the profile is saved inactive, and `notices` says so. People who look alike are named in
/// `possible_duplicates`; send `"duplicates": "check"` to be asked first: the answer is then 409 `possible_duplicate` with
/// `candidates`, and `someone_else` says which of them are other people. A person of the practice with the same NPI or
/// email is always asked about in that way; `errors` says what stays refused.
#[utoipa::path(post, path = "/api/v1/people", tag = "People", params(crate::api::openapi::IdempotencyKey),
    request_body(content = read::NewPersonInput, example = json!({
        "first_name": "Mara", "last_name": "Harlow", "email": "mara@saco.example", "npi": "1234567893",
        "username": "mharlow", "emr_account": {
            "user_type": "PT", "clinic_ids": ["0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001"],
            "permissions": ["view_patients", "edit_patients"], "license_number": "PT1234", "license_state": "ME"}})),
    responses((status = 201, description = "Added", body = SavedPerson,
        headers(("Location" = String, description = "Where it is"), ("ETag" = String, description = "Its version"))),
        (status = 409, description = "A name, email or NPI is taken, or somebody looks alike", body = crate::errors::Problem)))]
pub(crate) async fn handle(State(web): State<Web>, api: Api, mut body: Body) -> Answer {
    let fields = &mut body.fields;
    let person = read::person(fields);
    let emr = read::accounts(fields);
    let sign_in_status = read::sign_in_status(fields);
    let password = read::password(fields);
    let invite = fields.switch("send_invitation");
    let duplicates = super::duplicates::decision(fields);
    let found = std::mem::take(fields).end(read::READ_ONLY);
    if !found.is_empty() {
        let change = Change { person, sign_in_status, emr, password };
        return Err(Failure::merged(found, web.app.check_person(&api.actor, None, &change).await));
    }
    let new = NewProfile { person, sign_in_status, emr, password, invite, duplicates };
    let saved = web.app.add_person(&api.actor, new, body.idempotency.as_ref()).await?;
    let location = format!("/api/v1/people/{}", saved.view.profile().person.id);
    Ok(reply::tagged(reply::created(&SavedPerson::from(&saved), &location), saved.view.stored.version))
}
