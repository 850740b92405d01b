//! Bulk user management: select people, see what a set of changes would do to each, do it in the background, and take it
//! back. Each person is judged by [`muster_domain::bulk::judge`]; here stands how people are selected, loaded and
//! saved by the hundred, and how a bulk update goes on after the program was interrupted.

mod draft;
mod each;
mod file;
mod list;
mod presets;
mod results;
mod run;
mod undo;

use muster_domain::access::ClinicAccess;
use muster_domain::audit::Action;
use muster_domain::bulk::{BulkKind, BulkOutcome, BulkState, ChangeSet, UNDO_DAYS};
use muster_domain::emr::Permission;
use muster_store::{Handle, bulk};
use uuid::Uuid;

use crate::{Actor, App, AppError, Result, Scope};

pub use draft::{BulkPreview, PreviewLine, Selection};
pub use each::RefusedLine;
pub use file::{ChangesFile, FileOptions, RowFault};
pub use muster_store::bulk::{BulkJob, Preset};
pub use presets::{NewPreset, PresetContent, PresetFilter};
pub use results::{BulkResult, BulkResults, ReasonGroup};
pub use undo::UndoPreview;

/// People judged and saved in one transaction.
pub(crate) const CHUNK: i64 = 1000;

/// A bulk update as its page and programs see it.
#[derive(Clone, Debug)]
pub struct BulkView {
    /// As stored.
    pub job: BulkJob,
    /// What was asked for; empty where each person was asked something else.
    pub changes: ChangeSet,
    /// How it went; none while it runs.
    pub outcome: Option<BulkOutcome>,
    /// It can be undone until then; none when it cannot.
    pub undo_until: Option<jiff::Timestamp>,
}

impl BulkView {
    fn of(job: BulkJob, now: jiff::Timestamp) -> Self {
        let changes = serde_json::from_str::<Vec<_>>(&job.changes).map(ChangeSet::in_order).unwrap_or_default();
        let selected = u64::try_from(job.selected).unwrap_or(0);
        let outcome = job.finished_at.map(|_| job.tally.outcome(selected));
        let until = job.finished_at.map(|at| at + jiff::SignedDuration::from_hours(24 * UNDO_DAYS));
        let undoable = job.kind != BulkKind::Undo && job.undone_by.is_none() && job.tally.updated > 0;
        let undo_until = until.filter(|until| undoable && *until > now);
        Self { job, changes, outcome, undo_until }
    }

    /// True while somebody works on it, or soon will.
    pub fn is_running(&self) -> bool {
        self.job.state == BulkState::Running
    }
}

impl App {
    /// True when the actor may update people in bulk.
    pub fn may_update_in_bulk(&self, actor: &Actor) -> bool {
        NEEDED.iter().all(|p| actor.may(*p))
    }

    /// Refuses an actor who may not update in bulk, and records the denial.
    pub(crate) async fn require_bulk(&self, actor: &Actor) -> Result<()> {
        actor.require_scope(Scope::Bulk)?;
        for permission in NEEDED {
            self.require(actor, permission, Action::BulkUpdated).await?;
        }
        Ok(())
    }

    /// A bulk update of the actor, or of anybody when the actor reaches every clinic.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for everybody else's.
    pub async fn bulk_job(&self, actor: &Actor, id: Uuid) -> Result<BulkView> {
        self.require_bulk(actor).await?;
        let mut h = self.db.read().await?;
        Ok(BulkView::of(find_job(&mut h, actor, id).await?, self.now()))
    }

    /// Bulk updates, newest first: the actor's own, or all when the actor reaches every clinic. At most `limit` before
    /// `before`.
    pub async fn bulk_jobs(&self, actor: &Actor, before: Option<Uuid>, limit: i64) -> Result<Vec<BulkView>> {
        self.require_bulk(actor).await?;
        let mut h = self.db.read().await?;
        let whose = if *actor.authority().emr().clinics() == ClinicAccess::All { None } else { actor.subject() };
        let jobs = bulk::list(&mut h, actor.organization(), whose, before, limit.clamp(1, 201)).await?;
        let now = self.now();
        Ok(jobs.into_iter().map(|job| BulkView::of(job, now)).collect())
    }
}

/// What it takes: Clinic Admin opens it, and every change is an edit of a user.
const NEEDED: [Permission; 3] = [Permission::ClinicAdmin, Permission::ViewUsers, Permission::EditUsers];

/// True when the actor began it.
fn is_own(actor: &Actor, job: &BulkJob) -> bool {
    job.actor_id == actor.subject() && job.actor_kind == actor.authority().kind().as_str()
}

/// A bulk update the actor may know of. A draft is its maker's alone.
async fn find_job(h: &mut impl Handle, actor: &Actor, id: Uuid) -> Result<BulkJob> {
    let found = bulk::find(h, actor.organization(), id).await?;
    let all = *actor.authority().emr().clinics() == ClinicAccess::All;
    found.filter(|job| is_own(actor, job) || (all && job.state != BulkState::Draft)).ok_or(AppError::NotFound)
}
