//! Bulk updates as programs see them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use muster_app::bulk::{BulkPreview, BulkResult, BulkView, PreviewLine, RefusedLine};
use muster_domain::bulk::ChangeSet;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// One change.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkChangeShape {
    op: String,
    value: String,
}

pub(super) fn changes(set: &ChangeSet) -> Vec<BulkChangeShape> {
    set.changes().iter().map(|c| BulkChangeShape { op: c.op().to_owned(), value: c.value() }).collect()
}

/// A change that was not made.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkRefusal {
    person_id: Uuid,
    /// Null when the whole person was refused, or has nothing to change.
    op: Option<String>,
    value: Option<String>,
    /// The stable code.
    code: String,
    /// In words.
    message: String,
}

fn refusal(person: Uuid, line: &RefusedLine) -> BulkRefusal {
    let RefusedLine { op, value, code, message } = line.clone();
    BulkRefusal { person_id: person, op, value, code, message }
}

/// A bulk update.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkUpdate {
    id: Uuid,
    /// `update`, `undo` or `file`.
    kind: &'static str,
    /// `running`, `done`, `canceled`, or `stopped` when whoever began it lost the right to go on.
    state: &'static str,
    /// `complete`, `partial` or `failed`; null while it runs.
    outcome: Option<&'static str>,
    changes: Vec<BulkChangeShape>,
    /// People selected.
    selected: i64,
    /// People done so far.
    judged: u64,
    /// People with at least one change made.
    updated: u64,
    /// People who were that way already.
    unchanged: u64,
    /// People with at least one change refused.
    refused_people: u64,
    /// Changes of permissions and status that were not made.
    user_changes_refused: u64,
    /// Changes of clinics that were not made.
    clinic_changes_refused: u64,
    /// The first of the changes that were not made; `…/results?refused=true` gives all. A person who needs no change is
    /// here with `nothing_to_change`.
    refused: Vec<BulkRefusal>,
    /// How often each reason was given, over all people.
    counts_by_code: BTreeMap<String, u64>,
    /// It can be undone until then; null when it cannot be undone.
    undo_until: Option<Timestamp>,
    /// The bulk update this one undoes.
    undo_of: Option<Uuid>,
    /// The bulk update that undid this one.
    undone_by: Option<Uuid>,
    /// Who began it.
    started_by: String,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
}

impl BulkUpdate {
    /// With the first of what was refused.
    pub fn of(view: &BulkView, refused: &[BulkResult]) -> Self {
        let (job, tally) = (&view.job, &view.job.tally);
        Self {
            id: job.id,
            kind: job.kind.as_str(),
            state: job.state.as_str(),
            outcome: view.outcome.map(muster_domain::bulk::BulkOutcome::as_str),
            changes: changes(&view.changes),
            selected: job.selected,
            judged: tally.judged,
            updated: tally.updated,
            unchanged: tally.unchanged,
            refused_people: tally.refused,
            user_changes_refused: tally.user_changes_refused,
            clinic_changes_refused: tally.clinic_changes_refused,
            refused: refused.iter().flat_map(|r| r.refused.iter().map(|l| refusal(r.person.0, l))).collect(),
            counts_by_code: tally.by_code.clone(),
            undo_until: view.undo_until,
            undo_of: job.undo_of,
            undone_by: job.undone_by,
            started_by: job.actor_name.clone(),
            started_at: job.started_at,
            finished_at: job.finished_at,
        }
    }
}

/// Bulk updates.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkUpdates {
    /// Newest first; without what was refused.
    pub items: Vec<BulkUpdate>,
    /// For `after`; null on the last page.
    pub next: Option<String>,
}

/// What would happen to one person.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkPreviewPerson {
    person_id: Uuid,
    /// Null for a person the caller may not see.
    full_name: Option<String>,
    /// The changes that would be made.
    changes: Vec<BulkChangeShape>,
}

/// What would happen.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkPreviewShape {
    /// Start exactly these people with it; null for the preview of an undo. It is kept for two days, and the caller's ten
    /// newest are.
    preview_id: Option<Uuid>,
    outcome: &'static str,
    selected: u64,
    updated: u64,
    unchanged: u64,
    refused_people: u64,
    user_changes_refused: u64,
    clinic_changes_refused: u64,
    /// The changes that would not be made, of the first thousand people concerned.
    refused: Vec<BulkRefusal>,
    counts_by_code: BTreeMap<String, u64>,
    /// The first thousand people who would be changed.
    would_change: Vec<BulkPreviewPerson>,
}

impl BulkPreviewShape {
    pub fn of(id: Option<Uuid>, preview: &BulkPreview) -> Self {
        let tally = &preview.tally;
        let person = |line: &PreviewLine| BulkPreviewPerson {
            person_id: line.person.0,
            full_name: line.full_name.clone(),
            changes: changes(&line.made),
        };
        let refused = preview.refused.iter().flat_map(|l| l.refused.iter().map(|r| refusal(l.person.0, r)));
        Self {
            preview_id: id,
            outcome: preview.outcome.as_str(),
            selected: tally.judged,
            updated: tally.updated,
            unchanged: tally.unchanged,
            refused_people: tally.refused,
            user_changes_refused: tally.user_changes_refused,
            clinic_changes_refused: tally.clinic_changes_refused,
            refused: refused.collect(),
            counts_by_code: tally.by_code.clone(),
            would_change: preview.changed.iter().map(person).collect(),
        }
    }
}

/// What came of one person.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkResultShape {
    person_id: Uuid,
    /// Null for a person the caller may not see.
    full_name: Option<String>,
    username: Option<String>,
    /// `waiting`, `updated`, `unchanged` or `refused`.
    state: String,
    /// What was made.
    changes: Vec<BulkChangeShape>,
    /// What was not.
    refused: Vec<BulkRefusal>,
}

impl From<&BulkResult> for BulkResultShape {
    fn from(result: &BulkResult) -> Self {
        Self {
            person_id: result.person.0,
            full_name: result.full_name.clone(),
            username: result.username.clone(),
            state: result.state.clone(),
            changes: changes(&result.made),
            refused: result.refused.iter().map(|l| refusal(result.person.0, l)).collect(),
        }
    }
}

/// A page of results.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkResultsShape {
    pub items: Vec<BulkResultShape>,
    /// For `after`; null on the last page.
    pub next: Option<String>,
}
