//! Two profiles of one person become one: the kept profile receives what the other has, the other becomes inactive.
//! Within thirty days, and while nobody changed either, it can be undone.

mod hand_over;
mod list;
mod snapshot;
mod undo;

use std::collections::BTreeMap;

use muster_domain::access::may_reset_sign_in;
use muster_domain::audit::{Action, changes};
use muster_domain::people::{Change, MergePlan, MergeSide, decide, merge};
use muster_domain::{Code, PersonId, Refusal, Refusals};
use muster_store::images::{self, ImageKind};
use muster_store::merges::{self, Merge};
use muster_store::{credentials, people};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::people::save::SaveError;
use crate::people::view::find_visible;
use crate::people::{DecisionContext, PersonView};
use crate::work::{AuditSubject, UnitOfWork};
use crate::{Actor, App, AppError, Result, Scope};

use hand_over::TransferredAssets;
use snapshot::Snapshot;

pub use list::ProfileMerge;

/// How long a merge can be undone.
const UNDO_DAYS: i64 = 30;

/// One field that a merge changes.
#[derive(Clone, Debug, PartialEq)]
pub struct MovedField {
    /// The field of the contract; besides those of a profile `licenses`, `picture`, `signature`, `supervisor` and
    /// `supervisees`.
    pub field: String,
    /// Now.
    pub before: Value,
    /// Then.
    pub after: Value,
}

/// What a merge would do.
#[derive(Clone, Debug)]
pub struct MergePreview {
    /// Who stays.
    pub kept: PersonView,
    /// Who becomes inactive.
    pub merged: PersonView,
    /// What the kept profile receives.
    pub moves: Vec<MovedField>,
    /// Why it would be refused, if so.
    pub refused: Option<Refusals>,
}

/// Two profiles that were put together.
#[derive(Clone, Debug)]
pub struct MergeReceipt {
    /// Identity, for undoing it.
    pub id: Uuid,
    /// Who stayed.
    pub kept: PersonView,
    /// Who became inactive.
    pub merged: PersonView,
    /// Who did it.
    pub by: String,
    /// When.
    pub at: Option<jiff::Timestamp>,
}

async fn side(work: &mut UnitOfWork, actor: &Actor, id: PersonId) -> Result<MergeSide> {
    let organization = work.organization;
    let profile = find_visible(&mut work.tx, actor, id).await?.profile;
    let licenses =
        credentials::professional_licenses(&mut work.tx, organization, &[id]).await?.remove(&id).unwrap_or_default();
    let present = credentials::present_supervisions(&mut work.tx, organization, id).await?;
    Ok(MergeSide {
        profile,
        licenses,
        picture: images::hash(&mut work.tx, organization, id, ImageKind::Picture).await?.is_some(),
        signature: images::hash(&mut work.tx, organization, id, ImageKind::Signature).await?.is_some(),
        supervisor: present.iter().find(|a| a.person == id).map(|a| a.supervisor),
        supervises: present.iter().any(|a| a.supervisor == id),
    })
}

/// What was done, before it is committed.
struct MergeResult {
    kept: MergeSide,
    merged: MergeSide,
    handed: TransferredAssets,
}

impl App {
    /// Works out what putting two profiles together would do; changes nothing.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the actor may not see one of them.
    pub async fn preview_merge(&self, actor: &Actor, kept: PersonId, merged: PersonId) -> Result<MergePreview> {
        actor.require_scope(Scope::PeopleRead)?;
        // Tried out and dropped: the preview is what the merge does, and not a second opinion.
        let mut work = self.work_for(actor, actor.organization()).await?;
        let (before, other) =
            (find_visible(&mut work.tx, actor, kept).await?, find_visible(&mut work.tx, actor, merged).await?);
        let (moves, refused) = match self.try_merge_profiles(&mut work, actor, kept, merged).await {
            Ok(done) => (moves(&mut work, actor, &done).await?, None),
            Err(SaveError::Failed(AppError::Refused(refusals))) => (Vec::new(), Some(refusals)),
            Err(SaveError::Conflict) => (Vec::new(), Some(Refusal::whole(Code::SomeoneSavedFirst).into())),
            Err(SaveError::Failed(error)) => return Err(error),
        };
        let (kept, merged) = (PersonView::of(actor, before), PersonView::of(actor, other));
        Ok(MergePreview { kept, merged, moves, refused })
    }

    /// Puts two profiles together: `kept` receives, `merged` becomes inactive.
    ///
    /// # Errors
    /// [`AppError::Refused`] with everything in the way.
    pub async fn merge(&self, actor: &Actor, kept: PersonId, merged: PersonId) -> Result<MergeReceipt> {
        actor.require_scope(Scope::PeopleWrite)?;
        let mut about = AuditSubject { id: Some(kept.0), name: String::new() };
        match self.try_merge(actor, kept, merged, &mut about).await {
            Ok(done) => Ok(done),
            Err(SaveError::Conflict) => Err(Refusal::whole(Code::SomeoneSavedFirst).into()),
            Err(SaveError::Failed(error)) => Err(self.audit_denial(actor, Action::PeopleMerged, about, error).await),
        }
    }

    async fn try_merge(
        &self,
        actor: &Actor,
        kept: PersonId,
        merged: PersonId,
        about: &mut AuditSubject,
    ) -> std::result::Result<MergeReceipt, SaveError> {
        let mut work = self.work_for(actor, actor.organization()).await?;
        let before = find_visible(&mut work.tx, actor, kept).await?;
        about.name.clone_from(&before.profile.person.full_name);
        let done = self.try_merge_profiles(&mut work, actor, kept, merged).await?;
        let both = people::find_many(&mut work.tx, work.organization, &[kept, merged]).await?;
        let [mine, theirs] = &both[..] else { return Err(AppError::NotFound.into()) };
        let merge = Merge {
            id: self.new_id(),
            kept,
            merged,
            snapshot: Snapshot::of(&done).written()?,
            kept_version: mine.version,
            merged_version: theirs.version,
            by: actor.name().to_owned(),
            at: Some(self.now()),
            undone_at: None,
        };
        merges::insert(&mut work.tx, work.organization, &merge, self.now()).await?;
        let (name, gone) = (&done.kept.profile.person.full_name, &done.merged.profile.person.full_name);
        let mut detail = done.handed.recorded();
        detail.insert("merge".to_owned(), json!(merge.id));
        let mut of_merged = detail.clone();
        detail.insert("merged".to_owned(), json!({"id": merged, "name": gone}));
        work.audit_done(actor, Action::PeopleMerged, AuditSubject::new(kept.0, name), &Value::Object(detail));
        of_merged.insert("into".to_owned(), json!({"id": kept, "name": name}));
        work.audit_done(actor, Action::PeopleMerged, AuditSubject::new(merged.0, gone), &Value::Object(of_merged));
        let done = MergeReceipt {
            id: merge.id,
            kept: PersonView::of(actor, mine.clone()),
            merged: PersonView::of(actor, theirs.clone()),
            by: merge.by,
            at: merge.at,
        };
        work.commit().await?;
        Ok(done)
    }

    async fn try_merge_profiles(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        kept: PersonId,
        merged: PersonId,
    ) -> std::result::Result<MergeResult, SaveError> {
        let (kept, merged) = (side(work, actor, kept).await?, side(work, actor, merged).await?);
        for one in [&kept, &merged] {
            may_reset_sign_in(actor.authority(), &one.profile).map_err(AppError::from)?;
        }
        let plan: MergePlan = merge(&kept, &merged).map_err(AppError::from)?;
        self.apply(work, actor, kept.profile.person.id, &plan.access).await?;
        self.apply(work, actor, merged.profile.person.id, &plan.leaving).await?;
        self.apply(work, actor, kept.profile.person.id, &plan.identity).await?;
        let handed = self.hand_over(work, actor, &kept, &merged, plan).await?;
        Ok(MergeResult { kept, merged, handed })
    }

    async fn apply(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        id: PersonId,
        change: &Change,
    ) -> std::result::Result<(), SaveError> {
        if change.is_empty() {
            return Ok(());
        }
        let before = find_visible(&mut work.tx, actor, id).await?.profile;
        let world = DecisionContext::load(&mut work.tx, actor, &before, change).await?;
        let outcome = decide(actor.authority(), &world.facts, &before, false, change).map_err(AppError::from)?;
        self.save_outcome(work, actor, &before, &outcome).await
    }
}

/// What the kept profile received, field by field; supervisors and the supervised by name where the actor sees them.
async fn moves(work: &mut UnitOfWork, actor: &Actor, done: &MergeResult) -> Result<Vec<MovedField>> {
    let (id, organization) = (done.kept.profile.person.id, work.organization);
    let after = people::find(&mut work.tx, organization, id).await?.ok_or(AppError::NotFound)?;
    let mut moves = moved(&changes(&done.kept.profile.record(), &after.profile.record()));
    let mut add = |field: &str, before: Value, after: Value| {
        moves.push(MovedField { field: field.to_owned(), before, after });
    };
    if !done.handed.licenses.is_empty() {
        add("licenses", json!(done.kept.licenses), json!(done.handed.kept_licenses));
    }
    if done.handed.picture.is_some() {
        add("picture", json!(false), json!(true));
    }
    if done.handed.signature.is_some() {
        add("signature", json!(false), json!(true));
    }
    let supervisees: Vec<PersonId> = done.handed.supervisees().collect();
    let wanted: Vec<PersonId> = supervisees.iter().copied().chain(done.handed.supervisor).collect();
    let known: BTreeMap<PersonId, String> = people::find_many(&mut work.tx, organization, &wanted)
        .await?
        .into_iter()
        .filter(|s| actor.authority().may_see(&s.profile))
        .map(|s| (s.profile.person.id, s.profile.person.full_name))
        .collect();
    let named = |id: &PersonId| known.get(id).map(|name| json!({"id": id, "name": name}));
    if let Some(supervisor) = done.handed.supervisor {
        add("supervisor", Value::Null, named(&supervisor).unwrap_or_else(|| json!({"name": "Someone you cannot see"})));
    }
    let mut supervisees: Vec<PersonId> = supervisees.into_iter().filter(|id| known.contains_key(id)).collect();
    supervisees.sort_by_key(|id| known.get(id));
    let names: Vec<Value> = supervisees.iter().filter_map(named).collect();
    if !names.is_empty() {
        add("supervisees", json!([]), json!(names));
    }
    Ok(moves)
}

fn moved(changes: &Map<String, Value>) -> Vec<MovedField> {
    let one = |(field, change): (&String, &Value)| MovedField {
        field: field.clone(),
        before: change["before"].clone(),
        after: change["after"].clone(),
    };
    changes.iter().map(one).collect()
}
