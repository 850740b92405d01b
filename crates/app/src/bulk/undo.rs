//! Taking a bulk update back: what it did, where nobody changed the person since. The undo is a bulk update of its own,
//! judged by the rules of single edits, with its own results.

use jiff::SignedDuration;
use muster_domain::bulk::{BulkKind, ChangeSet, Rules, UNDO_DAYS};
use muster_domain::{Code, Refusal};
use muster_store::bulk::{self, BulkJob};
use serde_json::json;
use uuid::Uuid;

use super::draft::{BulkPreview, PreviewBuilder};
use super::each::BulkEvaluator;
use super::{BulkView, CHUNK, find_job};
use crate::{Actor, App, Idempotency, Result};

/// What an undo would do.
pub type UndoPreview = BulkPreview;

impl App {
    fn may_undo(&self, job: &BulkJob) -> std::result::Result<(), Refusal> {
        let refused = |code| Err(Refusal::whole(code));
        match job.finished_at {
            None => refused(Code::BulkNotFinished),
            Some(_) if job.kind == BulkKind::Undo || job.tally.updated == 0 => refused(Code::BulkNothingToUndo),
            Some(_) if job.undone_by.is_some() => refused(Code::BulkUndoneAlready),
            Some(at) if at + SignedDuration::from_hours(24 * UNDO_DAYS) <= self.now() => refused(Code::BulkUndoTooOld),
            Some(_) => Ok(()),
        }
    }

    /// What undoing would do; changes nothing.
    pub async fn preview_bulk_undo(&self, actor: &Actor, id: Uuid) -> Result<UndoPreview> {
        self.require_bulk(actor).await?;
        let mut h = self.db.read().await?;
        let job = find_job(&mut h, actor, id).await?;
        self.may_undo(&job)?;
        let mut bench = BulkEvaluator::with(Rules::Undo, ChangeSet::default(), job.selected);
        let (mut summing, mut after) = (PreviewBuilder::default(), Uuid::nil());
        loop {
            let items = bulk::items_to_undo(&mut h, job.organization, id, after, CHUNK).await?;
            let Some(last) = items.last() else { return Ok(summing.done()) };
            after = last.person_id;
            let judged = bench.judge(&mut h, actor, job.organization, items).await?;
            for each in &judged {
                summing.add(each);
            }
        }
    }

    /// Undoes a bulk update; gives the one that does it.
    ///
    /// # Errors
    /// [`crate::AppError::Refused`] after 30 days, while it runs, or when it was undone already.
    pub async fn undo_bulk(&self, actor: &Actor, id: Uuid, idempotency: Option<&Idempotency>) -> Result<BulkView> {
        self.require_bulk(actor).await?;
        let mut work = self.work_for(actor, actor.organization()).await?;
        if let Some(made) = work.replay(actor, idempotency).await? {
            return Ok(BulkView::of(find_job(&mut work.tx, actor, made).await?, self.now()));
        }
        let job = find_job(&mut work.tx, actor, id).await?;
        self.may_undo(&job)?;
        let undo =
            BulkJob { undo_of: Some(id), ..self.new_job(actor, BulkKind::Undo, json!({"undo_of": id}).to_string()) };
        bulk::insert(&mut work.tx, &undo).await?;
        bulk::select_changed(&mut work.tx, work.organization, undo.id, id).await?;
        let undo = self.counted(&mut work, undo).await?;
        if !bulk::mark_undone(&mut work.tx, work.organization, id, undo.id).await? {
            return Err(Refusal::whole(Code::BulkUndoneAlready).into());
        }
        self.start_job(&mut work, undo.id, &ChangeSet::default()).await?;
        work.remember(actor, idempotency, undo.id).await?;
        work.commit().await?;
        self.done_at_once(actor, undo.id).await
    }
}
