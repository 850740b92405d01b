//! Selecting people and looking at what would happen. A draft pins the version of everybody selected.

use muster_domain::access::ClinicAccess;
use muster_domain::bulk::{
    BulkKind, BulkOutcome, BulkState, ChangeSet, MOST_PEOPLE_BY_FILTER, MOST_PEOPLE_BY_ID, Tally,
};
use muster_domain::{Code, PersonId, Refusal};
use muster_store::bulk::{self, BulkJob};
use muster_store::listing::Filter;
use serde_json::json;
use uuid::Uuid;

use super::each::{BulkEvaluator, EvaluatedPerson, RefusedLine};
use super::{BulkView, CHUNK, find_job};
use crate::work::UnitOfWork;
use crate::{Actor, App, Result};

/// Refused people a preview names.
pub(super) const NAMED: usize = 1000;

/// The people of a bulk update.
#[derive(Clone, Debug)]
pub enum Selection {
    /// These people.
    Ids(Vec<PersonId>),
    /// Everybody who matches; the scope comes from the actor alone.
    Filter(Filter),
}

impl Selection {
    /// As it is kept for reading.
    fn description(&self) -> String {
        match self {
            Self::Ids(ids) => json!({"ids": ids.len()}).to_string(),
            Self::Filter(f) => json!({"filter": {
                "q": f.q.trim(), "user_type": f.user_type.map(muster_domain::emr::UserType::as_str),
                "status": f.status.map(muster_domain::emr::Status::as_str), "clinic_id": f.clinic,
                "permission": f.permission.map(muster_domain::emr::Permission::as_str),
            }})
            .to_string(),
        }
    }
}

/// One person of a preview.
#[derive(Clone, Debug)]
pub struct PreviewLine {
    /// Who.
    pub person: PersonId,
    /// The name, where it may be told.
    pub full_name: Option<String>,
    /// What would be made.
    pub made: ChangeSet,
    /// What would not.
    pub refused: Vec<RefusedLine>,
}

/// What would happen.
#[derive(Clone, Debug)]
pub struct BulkPreview {
    /// The sums.
    pub tally: Tally,
    /// How it would go as a whole.
    pub outcome: BulkOutcome,
    /// The first thousand people somebody would be refused something.
    pub refused: Vec<PreviewLine>,
    /// The first thousand people who would be changed.
    pub changed: Vec<PreviewLine>,
}

impl PreviewLine {
    fn of(each: &EvaluatedPerson) -> Self {
        Self {
            person: PersonId(each.item.person_id),
            full_name: each.before.as_ref().map(|b| b.profile.person.full_name.clone()),
            made: ChangeSet::in_order(each.judged.made.iter().copied()),
            refused: each.judged.refused.iter().map(RefusedLine::from).collect(),
        }
    }
}

/// Sums up a preview, person by person.
#[derive(Default)]
pub(super) struct PreviewBuilder {
    tally: Tally,
    refused: Vec<PreviewLine>,
    changed: Vec<PreviewLine>,
}

impl PreviewBuilder {
    pub fn add(&mut self, each: &EvaluatedPerson) {
        self.tally.add(&each.judged, each.changes.changes());
        if !each.judged.refused.is_empty() && self.refused.len() < NAMED {
            self.refused.push(PreviewLine::of(each));
        }
        if each.judged.outcome.is_some() && self.changed.len() < NAMED {
            self.changed.push(PreviewLine::of(each));
        }
    }

    pub fn done(self) -> BulkPreview {
        let outcome = self.tally.outcome(self.tally.judged);
        BulkPreview { tally: self.tally, outcome, refused: self.refused, changed: self.changed }
    }
}

impl App {
    /// Selects people for a bulk update and pins the versions they have now. Nothing is changed, and nothing recorded,
    /// until it is started.
    ///
    /// # Errors
    /// [`AppError::Refused`] when nobody or too many are selected.
    pub async fn draft_bulk(&self, actor: &Actor, selection: Selection) -> Result<BulkView> {
        self.require_bulk(actor).await?;
        let mut work = self.work_for(actor, actor.organization()).await?;
        let job = self.select(&mut work, actor, BulkKind::Update, &selection).await?;
        work.commit().await?;
        Ok(BulkView::of(job, self.now()))
    }

    /// Writes a draft with its people.
    pub(super) async fn select(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        kind: BulkKind,
        selection: &Selection,
    ) -> Result<BulkJob> {
        let job = self.new_job(actor, kind, selection.description());
        add_draft(work, &job).await?;
        match selection {
            Selection::Ids(ids) => {
                if ids.len() > MOST_PEOPLE_BY_ID {
                    return Err(Refusal::new("selection", Code::TooManyPeople).about(&["100,000"]).into());
                }
                let myself = actor.person_id();
                let scope = actor.authority().emr().clinics();
                let people: Vec<(PersonId, Option<String>)> = ids.iter().map(|id| (*id, None)).collect();
                bulk::select_by_ids(&mut work.tx, work.organization, job.id, scope, myself, &people).await?;
            }
            Selection::Filter(filter) => {
                let mut filter = filter.clone();
                filter.scope = actor.authority().emr().clinics().clone();
                if filter.clinic.is_some_and(|c| !actor.authority().emr().reaches(c)) {
                    filter.scope = ClinicAccess::Only(std::collections::BTreeSet::new());
                }
                let most = MOST_PEOPLE_BY_FILTER;
                let found = bulk::select_by_filter(&mut work.tx, work.organization, job.id, &filter, most + 1).await?;
                if found > most {
                    return Err(Refusal::new("selection", Code::TooManyPeople).about(&["250,000"]).into());
                }
            }
        }
        self.counted(work, job).await
    }

    /// A job not yet stored.
    pub(super) fn new_job(&self, actor: &Actor, kind: BulkKind, selection: String) -> BulkJob {
        BulkJob {
            organization: actor.organization(),
            id: self.new_id(),
            kind,
            state: BulkState::Draft,
            actor_kind: actor.authority().kind().as_str().to_owned(),
            actor_id: actor.subject(),
            actor_name: actor.name().to_owned(),
            channel: actor.origin().channel.as_str().to_owned(),
            address: actor.origin().address.clone(),
            selection,
            changes: "[]".to_owned(),
            undo_of: None,
            undone_by: None,
            selected: 0,
            tally: Tally::default(),
            stopped_by: None,
            cursor: Uuid::nil(),
            created_at: Some(self.now()),
            started_at: None,
            finished_at: None,
        }
    }

    /// The job with the number of its people; refused when there are none.
    pub(super) async fn counted(&self, work: &mut UnitOfWork, mut job: BulkJob) -> Result<BulkJob> {
        job.selected = bulk::count(&mut work.tx, work.organization, job.id).await?;
        if job.selected == 0 {
            return Err(Refusal::new("selection", Code::NobodySelected).into());
        }
        Ok(job)
    }

    /// Leaves people of one's draft out again. How many are left; it may be nobody.
    pub async fn leave_out_of_bulk(&self, actor: &Actor, id: Uuid, people: &[PersonId]) -> Result<i64> {
        self.require_bulk(actor).await?;
        let mut work = self.work_for(actor, actor.organization()).await?;
        let job = find_job(&mut work.tx, actor, id).await?;
        if job.state != BulkState::Draft {
            return Err(Refusal::whole(Code::BulkStartedAlready).into());
        }
        bulk::leave_out(&mut work.tx, work.organization, id, people).await?;
        let left = bulk::count(&mut work.tx, work.organization, id).await?;
        work.commit().await?;
        Ok(left)
    }

    /// What a set of changes would do to the people of one's draft, person by person, with what is stored now. Changes
    /// nothing. For a draft from a file, whose people have changes of their own, the set is left empty.
    pub async fn preview_bulk(&self, actor: &Actor, id: Uuid, changes: &ChangeSet) -> Result<BulkPreview> {
        self.require_bulk(actor).await?;
        let mut h = self.db.read().await?;
        let job = find_job(&mut h, actor, id).await?;
        if job.state != BulkState::Draft {
            return Err(Refusal::whole(Code::BulkStartedAlready).into());
        }
        if changes.is_empty() && job.kind == BulkKind::Update {
            return Err(Refusal::new("changes", Code::NoChangesChosen).into());
        }
        let (mut bench, mut summing) = (BulkEvaluator::new(&job, changes.clone()), PreviewBuilder::default());
        let mut after = Uuid::nil();
        loop {
            let items = bulk::items(&mut h, job.organization, id, after, CHUNK).await?;
            let Some(last) = items.last() else { return Ok(summing.done()) };
            after = last.person_id;
            let judged = bench.judge(&mut h, actor, job.organization, items).await?;
            for each in &judged {
                summing.add(each);
            }
        }
    }
}

/// Drafts of one person that are kept; each may hold the ids of a whole practice.
const DRAFTS: i64 = 10;

/// Stores a draft; the oldest of the same person make room.
pub(super) async fn add_draft(work: &mut UnitOfWork, job: &BulkJob) -> Result<()> {
    bulk::forget_older_drafts(&mut work.tx, job, DRAFTS - 1).await?;
    Ok(bulk::insert(&mut work.tx, job).await?)
}
