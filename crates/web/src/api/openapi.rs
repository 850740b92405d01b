//! The OpenAPI 3.1 document: the list of endpoints, and what all of them share.

use utoipa::openapi::path::Parameter;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, HeaderBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type};
use utoipa::{IntoParams, Modify, OpenApi};
use uuid::Uuid;

use super::{
    audit_events, bulk, clinics, imports, license_ledger, license_pools, license_prices, license_requests,
    license_waiting, me, organizations, people, tokens,
};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(title = "Muster", version = "1", license(name = "Apache-2.0", identifier = "Apache-2.0"),
        description = "Staff accounts, licenses and permissions of rehab-therapy practices. A readable version with \
            examples stands at /api/docs."),
    tags(
        (name = "People", description = "People and their EMR accounts. People are never deleted: they are made inactive."),
        (name = "Credentials", description = "Professional licenses, supervisors, what is missing, and leaving."),
        (name = "Duplicates", description = "People who may stand here twice: compare, merge, or say that they are two."),
        (name = "Sessions", description = "Where a person is signed in."),
        (name = "Practice", description = "The practice, its settings and its clinics."),
        (name = "Licenses", description = "What a practice pays for, per clinic and group of user types."),
        (name = "Bulk updates", description = "Many people in one action: select, preview, do, watch, take back."),
        (name = "Imports", description = "People from CSV files."),
        (name = "Audit", description = "What was done and what was refused, in a tamper-evident chain."),
        (name = "Tokens", description = "Who asks, and personal access tokens."),
    ),
    paths(
        people::list::handle, people::create::handle, people::show::handle, people::update::handle,
        people::emr_account::show, people::emr_account::save, people::type_preview::handle,
        people::sign_in_link::handle, people::history::handle,
        people::images::picture, people::images::set_picture, people::images::remove_picture,
        people::images::signature, people::images::set_signature, people::images::remove_signature,
        people::copy_from::handle,
        people::professional_licenses::list, people::professional_licenses::create, people::professional_licenses::save, people::professional_licenses::remove,
        people::supervisor::show, people::supervisor::save, people::credentials::handle,
        people::offboarding::show, people::offboarding::create,
        people::duplicates::list, people::duplicates::mark_distinct, people::duplicates::link_existing, people::duplicates::preview,
        people::duplicates::merge, people::duplicates::merges, people::duplicates::undo,
        people::sessions::list, people::sessions::end_all, people::sessions::end,
        organizations::list, organizations::show, organizations::save,
        clinics::list, clinics::create, clinics::show, clinics::save,
        license_pools::list, license_pools::set, license_pools::history, license_pools::unused,
        license_requests::list, license_requests::create, license_requests::show, license_requests::withdraw,
        license_requests::process, license_requests::reject,
        license_waiting::list, license_waiting::activate, license_ledger::list,
        license_prices::show, license_prices::save,
        bulk::preview, bulk::create, bulk::list, bulk::show, bulk::results, bulk::cancel, bulk::undo_preview, bulk::undo,
        bulk::changes, bulk::list_presets, bulk::save_preset, bulk::remove_preset,
        imports::handle, bulk::export, audit_events::handle,
        me::handle, me::change_password, tokens::list, tokens::create, tokens::revoke,
    ),
    components(schemas(crate::errors::Problem)),
    modifiers(&CommonResponses),
)]
pub(super) struct Document;

/// The person of the address.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code)] // describes a parameter, as the others below
pub(super) struct PersonPath {
    /// The person's id.
    person: Uuid,
}

/// The clinic of the address.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code)]
pub(super) struct ClinicPath {
    /// The clinic's id.
    clinic: Uuid,
}

/// The practice of the address.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code)]
pub(super) struct OrganizationPath {
    /// The practice's id.
    organization: Uuid,
}

/// Guards an edit against a race.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code)]
pub(super) struct IfMatch {
    /// The entity tag of what you saw, such as `"7"`. When someone else saved meanwhile the answer is 412. Without it
    /// the last save wins.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

/// Makes a creation repeatable.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code)]
pub(super) struct IdempotencyKey {
    /// At most 200 characters of your choice. The same request sent again with the same key within 48 hours makes nothing
    /// new, and answers with what the first one made.
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
}

/// What every endpoint shares: who may call it, and the problems it may answer with.
struct CommonResponses;

const PROBLEMS: [(&str, &str, &str); 7] = [
    ("401", "NotSignedIn", "No valid session or token"),
    ("403", "NotAllowed", "Known, but not allowed: `code` says why"),
    ("404", "NotFound", "It does not exist, or the caller may not know that it does"),
    ("422", "Invalid", "The request is at fault; `errors` names every field at once"),
    ("429", "TooMany", "Too many attempts; `Retry-After` says when to try again"),
    ("500", "Internal", "A fault on our side; nothing was saved"),
    ("503", "Unavailable", "The database does not answer; nothing was saved"),
];
const WITH_BODY: [(&str, &str, &str); 4] = [
    ("400", "Malformed", "The body cannot be read"),
    ("409", "Conflict", "At odds with what is stored"),
    ("413", "TooLarge", "The body is too large"),
    ("415", "WrongContentType", "The body is of the wrong kind"),
];
const STALE: (&str, &str, &str) = ("412", "Stale", "Someone else saved first; `ETag` is the version stored now");

impl Modify for CommonResponses {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("muster_…").build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::with_description(
            "__Host-muster_session",
            "A signed-in browser; `muster_session` where people come over plain http",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        for (_, name, description) in PROBLEMS.iter().chain(&WITH_BODY).chain([&STALE]) {
            components.responses.insert((*name).to_owned(), RefOr::T(problem(name, description)));
        }
        let none: [&str; 0] = [];
        document.security =
            Some(vec![SecurityRequirement::new("token", none), SecurityRequirement::new("session", none)]);
        for (path, item) in &mut document.paths.paths {
            let in_use = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
            for operation in in_use.into_iter().flatten() {
                let conditional = operation.parameters.iter().flatten().any(is_if_match);
                let body = operation.request_body.is_some();
                let also = WITH_BODY.iter().filter(|_| body).chain([&STALE].into_iter().filter(|_| conditional));
                for (status, name, _) in PROBLEMS.iter().chain(also) {
                    let one = RefOr::Ref(Ref::from_response_name(*name));
                    operation.responses.responses.insert((*status).to_owned(), one);
                }
                operation.operation_id = Some(operation_id(path, operation.summary.as_deref().unwrap_or_default()));
            }
        }
    }
}

fn is_if_match(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(p) if p.name == "If-Match")
}

/// The summary as one word: unique, and readable in generated clients.
fn operation_id(path: &str, summary: &str) -> String {
    let words: Vec<&str> = summary.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    if words.is_empty() { path.replace('/', "_") } else { words.join("_").to_lowercase() }
}

fn problem(name: &str, description: &str) -> Response {
    let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Problem"))));
    let response = ResponseBuilder::new().description(description).content("application/problem+json", content);
    let header = |text: &str, kind| {
        HeaderBuilder::new()
            .schema(Some(ObjectBuilder::new().schema_type(kind).build()))
            .description(Some(text))
            .build()
    };
    match name {
        "TooMany" | "Unavailable" => response.header("Retry-After", header("Seconds", Type::Integer)).build(),
        "Stale" => response.header("ETag", header("The version stored now", Type::String)).build(),
        _ => response.build(),
    }
}
