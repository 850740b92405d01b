//! What came of each person: page by page, grouped by reason, and as a file.

use std::collections::BTreeMap;

use muster_domain::bulk::{ChangeRecord, ChangeSet};
use muster_domain::{ClinicId, PersonId};
use muster_store::bulk::{self, NamedItem};
use muster_store::organizations;
use uuid::Uuid;

use super::each::RefusedLine;
use super::find_job;
use crate::spreadsheet::harmless;
use crate::{Actor, App, AppError, ExportChunk, Result};

/// Largest page.
const LARGEST_PAGE: i64 = 200;
/// Refused people looked through for the names under each reason.
const GROUPED: i64 = 2000;
/// People in one piece of a file.
const PIECE: i64 = 1000;
/// Names shown under a reason.
const NAMES: usize = 100;

/// What came of one person.
#[derive(Clone, Debug)]
pub struct BulkResult {
    /// Who.
    pub person: PersonId,
    /// The name now; none for someone the actor may not see.
    pub full_name: Option<String>,
    /// The user name now.
    pub username: Option<String>,
    /// The user type now.
    pub user_type: Option<String>,
    /// Active or inactive now.
    pub status: Option<String>,
    /// `waiting`, `updated`, `unchanged` or `refused`.
    pub state: String,
    /// What was made.
    pub made: ChangeSet,
    /// What was not.
    pub refused: Vec<RefusedLine>,
}

impl From<NamedItem> for BulkResult {
    fn from(named: NamedItem) -> Self {
        let NamedItem { item, full_name, username, user_type, status } = named;
        let trace = item.changed.as_deref().and_then(|t| serde_json::from_str::<ChangeRecord>(t).ok());
        let refused = item.refused.as_deref().and_then(|t| serde_json::from_str(t).ok());
        Self {
            person: PersonId(item.person_id),
            full_name,
            username,
            user_type,
            status,
            state: item.state,
            made: trace.map(|t| t.made()).unwrap_or_default(),
            refused: refused.unwrap_or_default(),
        }
    }
}

/// A page of results.
#[derive(Clone, Debug)]
pub struct BulkResults {
    /// In the order in which they were done.
    pub items: Vec<BulkResult>,
    /// Where the next page begins.
    pub next: Option<Uuid>,
}

/// A reason for refusals, how often it was given, and the people it was given to.
#[derive(Clone, Debug)]
pub struct ReasonGroup {
    /// The stable code.
    pub code: String,
    /// How often.
    pub count: u64,
    /// The first names with the sentence of each.
    pub people: Vec<(Option<String>, PersonId, String)>,
}

impl App {
    /// What came of each person, or of those who were refused something.
    pub async fn bulk_results(
        &self,
        actor: &Actor,
        id: Uuid,
        refused_only: bool,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<BulkResults> {
        self.require_bulk(actor).await?;
        let mut h = self.db.read().await?;
        let job = find_job(&mut h, actor, id).await?;
        let limit = limit.clamp(1, LARGEST_PAGE);
        let after = after.unwrap_or(Uuid::nil());
        let mut items = bulk::named_items(&mut h, job.organization, id, refused_only, after, limit + 1).await?;
        let more = i64::try_from(items.len()).unwrap_or(0) > limit;
        items.truncate(usize::try_from(limit).unwrap_or(0));
        let next = items.last().filter(|_| more).map(|i| i.item.person_id);
        Ok(BulkResults { items: items.into_iter().map(BulkResult::from).collect(), next })
    }

    /// The reasons of a bulk update, the most frequent first, with names.
    pub async fn bulk_reasons(&self, actor: &Actor, id: Uuid) -> Result<Vec<ReasonGroup>> {
        self.require_bulk(actor).await?;
        let mut h = self.db.read().await?;
        let job = find_job(&mut h, actor, id).await?;
        let items = bulk::named_items(&mut h, job.organization, id, true, Uuid::nil(), GROUPED).await?;
        let lines = items.into_iter().map(BulkResult::from).flat_map(|r| {
            let (name, person) = (r.full_name, r.person);
            r.refused.into_iter().map(move |line| (name.clone(), person, line))
        });
        Ok(group(&job.tally.by_code, lines))
    }

    /// All results as a CSV file, one line a person and change, piece by piece; `after` is where the piece before ended.
    pub async fn bulk_results_csv(&self, actor: &Actor, id: Uuid, after: Option<Uuid>) -> Result<ExportChunk<Uuid>> {
        self.require_bulk(actor).await?;
        let mut h = self.db.read().await?;
        let job = find_job(&mut h, actor, id).await?;
        let clinics = organizations::clinics(&mut h, job.organization).await?;
        let reached = clinics.into_iter().filter(|c| actor.authority().emr().reaches(c.id));
        let names: BTreeMap<ClinicId, String> = reached.map(|c| (c.id, c.name)).collect();
        let mut out = csv::Writer::from_writer(Vec::new());
        let failed = |e: csv::Error| AppError::Internal(e.to_string());
        if after.is_none() {
            let header = ["person_id", "full_name", "username", "result", "op", "value", "code", "reason"];
            out.write_record(header).map_err(failed)?;
        }
        let after = after.unwrap_or(Uuid::nil());
        let items = bulk::named_items(&mut h, job.organization, id, false, after, PIECE).await?;
        let full = i64::try_from(items.len()).unwrap_or(0) == PIECE;
        let next = items.last().map(|i| i.item.person_id).filter(|_| full);
        for result in items.into_iter().map(BulkResult::from) {
            for line in lines(&result, &names) {
                out.write_record(line).map_err(failed)?;
            }
        }
        Ok(ExportChunk { csv: out.into_inner().map_err(|e| AppError::Internal(e.to_string()))?, next })
    }
}

fn lines(result: &BulkResult, clinics: &BTreeMap<ClinicId, String>) -> Vec<[String; 8]> {
    let line = |word: &str, op: &str, value: &str, code: &str, reason: &str| {
        let value = value.parse::<ClinicId>().ok().and_then(|c| clinics.get(&c)).map_or(value, String::as_str);
        [
            result.person.to_string(),
            harmless(result.full_name.as_deref().unwrap_or_default()),
            harmless(result.username.as_deref().unwrap_or_default()),
            word.to_owned(),
            op.to_owned(),
            harmless(value),
            code.to_owned(),
            harmless(reason),
        ]
    };
    let made = result.made.changes().iter().map(|c| line("updated", c.op(), &c.value(), "", ""));
    let word = if result.state == "unchanged" { "unchanged" } else { "refused" };
    let refused = result
        .refused
        .iter()
        .map(|r| line(word, r.op.as_deref().unwrap_or(""), r.value.as_deref().unwrap_or(""), &r.code, &r.message));
    let mut all: Vec<_> = made.chain(refused).collect();
    if all.is_empty() {
        all.push(line("waiting", "", "", "", ""));
    }
    all
}

/// Sorts refused changes by reason.
pub(super) fn group(
    counts: &BTreeMap<String, u64>,
    lines: impl Iterator<Item = (Option<String>, PersonId, RefusedLine)>,
) -> Vec<ReasonGroup> {
    let mut groups: BTreeMap<String, ReasonGroup> = counts
        .iter()
        .map(|(code, count)| (code.clone(), ReasonGroup { code: code.clone(), count: *count, people: Vec::new() }))
        .collect();
    for (name, person, line) in lines {
        if let Some(group) = groups.get_mut(&line.code)
            && group.people.len() < NAMES
        {
            group.people.push((name, person, line.message));
        }
    }
    let mut groups: Vec<ReasonGroup> = groups.into_values().collect();
    groups.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.code.cmp(&b.code)));
    groups
}

impl super::BulkPreview {
    /// The reasons, the most frequent first, with names.
    pub fn reasons(&self) -> Vec<ReasonGroup> {
        let lines =
            self.refused.iter().flat_map(|l| l.refused.iter().map(|r| (l.full_name.clone(), l.person, r.clone())));
        group(&self.tally.by_code, lines)
    }
}
