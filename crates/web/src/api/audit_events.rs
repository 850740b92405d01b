//! `GET /api/v1/audit-events`

use axum::extract::State;
use jiff::Timestamp;
use muster_app::AuditRecord;
use muster_app::audit::AuditQuery;
use muster_domain::audit::Action;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::failure::Answer;
use super::params::{Params, encode};
use super::reply;
use crate::context::Web;
use crate::extract::Api;

/// What to look for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code)] // describes the query
struct AuditParams {
    /// 1 to 200; 50 unless given.
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
    /// About this person, clinic or practice.
    subject_id: Option<Uuid>,
    /// By this person or operator.
    actor_id: Option<Uuid>,
    /// An action such as `person.updated`.
    action: Option<String>,
    /// `done` or `denied`.
    effect: Option<String>,
    /// Not before this time.
    from: Option<Timestamp>,
    /// Before this time.
    until: Option<Timestamp>,
    /// `-seq` (default, newest first) or `seq`.
    sort: Option<String>,
}

/// A page of the record.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEvents {
    items: Vec<AuditEvent>,
    /// For `after`; null on the last page.
    next: Option<String>,
    /// Always null: the record is not counted.
    total: Option<i64>,
}

impl AuditEvents {
    /// A page.
    pub fn new(items: Vec<AuditEvent>, next: Option<String>) -> Self {
        Self { items, next, total: None }
    }
}

/// One record of the chain.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEvent {
    /// Number in the practice's chain, from 1.
    seq: i64,
    id: Uuid,
    at: Timestamp,
    actor: AuditActor,
    /// What was done or tried.
    #[schema(example = "person.updated")]
    action: String,
    /// `done` or `denied`.
    effect: String,
    subject: AuditSubject,
    /// `page`, `api`, `command_line` or `import`.
    channel: String,
    /// Network address; empty for the command line.
    address: String,
    /// What changed (`{field: {before, after}}`), or the codes of the refusals.
    #[schema(value_type = Object)]
    detail: Value,
    /// HMAC-SHA-256 over this record and the hash before it, in hex.
    hash: String,
}

/// Who acted.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditActor {
    /// `person`, `support`, `command_line`, or `nobody` before anyone has signed in and for
    /// what Muster does by itself.
    kind: String,
    id: Option<Uuid>,
    /// The name then.
    name: String,
}

/// Who or what it was about.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditSubject {
    id: Option<Uuid>,
    /// The name then.
    name: String,
}

impl From<AuditRecord> for AuditEvent {
    fn from(record: AuditRecord) -> Self {
        let entry = record.entry;
        Self {
            seq: record.seq,
            id: entry.id,
            at: entry.at,
            actor: AuditActor { kind: entry.actor_kind, id: entry.actor_id, name: entry.actor_name },
            action: entry.action,
            effect: entry.effect,
            subject: AuditSubject { id: entry.subject_id, name: entry.subject_name },
            channel: entry.channel,
            address: entry.address,
            detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
            hash: hex(&record.hash),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// List audit records
///
/// Company admins see the practice's; other user managers those about people of their clinics; everyone those about
/// oneself (`subject_id` of one's own).
#[utoipa::path(get, path = "/api/v1/audit-events", tag = "Audit", params(AuditParams),
    responses((status = 200, description = "A page", body = AuditEvents)))]
pub(crate) async fn handle(State(web): State<Web>, api: Api, mut params: Params) -> Answer {
    const TIME: &str = "a time such as 2026-03-02T12:00:00Z";
    let known_action = |text: &str| Action::parse(text).map(|a| a.as_str().to_owned());
    let known_effect = |text: &str| matches!(text, "done" | "denied").then(|| text.to_owned());
    let order = |text: &str| match text {
        "seq" => Some(true),
        "-seq" => Some(false),
        _ => None,
    };
    let query = AuditQuery {
        limit: params.limit(),
        after: params.cursor(),
        subject: params.id("subject_id"),
        actor: params.id("actor_id"),
        action: params.read("action", "an action such as person.updated", known_action),
        effect: params.read("effect", "done or denied", known_effect),
        from: params.read("from", TIME, |text| text.parse().ok()),
        until: params.read("until", TIME, |text| text.parse().ok()),
        ascending: params.read("sort", "seq or -seq", order).unwrap_or(false),
    };
    params.close()?;
    let page = web.app.audit_records(&api.actor, &query).await?;
    let items = page.records.into_iter().map(AuditEvent::from).collect();
    Ok(reply::ok(&AuditEvents::new(items, page.next.map(|seq| encode(&seq)))))
}
