//! `/api/v1/people/duplicates`: pairs that may be one person, and what to do about them.

use axum::extract::State;
use jiff::Timestamp;
use muster_app::people::{Candidate, Candidates, Contact, Decision, MergeReceipt, MovedField, NewProfile};
use muster_domain::PersonId;
use muster_domain::people::Reason;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::read::{self, EmrAccountInput};
use super::shape::{Person, SavedPerson};
use crate::api::body::Body;
use crate::api::failure::Answer;
use crate::api::fields::Fields;
use crate::api::params::{Params, encode};
use crate::api::path::PathIds;
use crate::api::reply;
use crate::context::Web;
use crate::errors::ProblemField;
use crate::extract::Api;

/// Why two profiles may be one person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LikenessReason {
    /// The stable code, such as `nickname`.
    code: &'static str,
    /// In words.
    message: &'static str,
}

impl From<&Reason> for LikenessReason {
    fn from(reason: &Reason) -> Self {
        Self { code: reason.as_str(), message: reason.sentence() }
    }
}

/// Somebody who may be the same person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DuplicateCandidate {
    person: Person,
    /// How alike, up to 100.
    score: u8,
    reasons: Vec<LikenessReason>,
}

impl From<&Candidate> for DuplicateCandidate {
    fn from(candidate: &Candidate) -> Self {
        let reasons = candidate.reasons.iter().map(LikenessReason::from).collect();
        Self { person: Person::from(&candidate.view), score: candidate.score, reasons }
    }
}

/// Everybody who may be the same person.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct DuplicateCandidates {
    /// The likest first, at most ten.
    people: Vec<DuplicateCandidate>,
    /// There is somebody the caller may not see; those named in `ask` can say who.
    hidden: bool,
    /// Active company admins of the practice, at most three; empty when nobody is hidden.
    ask: Vec<ContactPerson>,
}

/// Somebody who sees everyone of the practice.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContactPerson {
    full_name: String,
    email: String,
}

impl From<&Candidates> for DuplicateCandidates {
    fn from(found: &Candidates) -> Self {
        let ask = |c: &Contact| ContactPerson { full_name: c.name.clone(), email: c.email.clone() };
        Self {
            people: found.seen.iter().map(DuplicateCandidate::from).collect(),
            hidden: found.hidden,
            ask: found.ask.iter().map(ask).collect(),
        }
    }
}

/// What a request says about look-alikes.
pub(super) fn decision(fields: &mut Fields) -> Decision {
    let ask = match fields.text("duplicates").as_deref() {
        None | Some("note") => false,
        Some("check") => true,
        Some(_) => {
            fields.note(crate::api::failure::at(
                "duplicates",
                muster_domain::Code::WrongType,
                &["duplicates", "note or check"],
            ));
            true
        }
    };
    let ids: Option<Vec<PersonId>> = fields.ids("someone_else");
    let hidden = fields.switch("someone_else_hidden");
    match (ids, hidden) {
        (None, None) if ask => Decision::Ask,
        (None, None) => Decision::Note,
        (ids, hidden) => Decision::SomeoneElse { ids: ids.unwrap_or_default(), hidden: hidden.unwrap_or(false) },
    }
}

/// Two profiles that may be one person.
#[derive(Serialize, ToSchema)]
pub(crate) struct DuplicatePair {
    /// The profile that was there first.
    older: Person,
    newer: Person,
    /// How alike, up to 100.
    score: u8,
    reasons: Vec<LikenessReason>,
}

/// Pairs.
#[derive(Serialize, ToSchema)]
pub(crate) struct DuplicatePairs {
    /// The likest first within this page.
    items: Vec<DuplicatePair>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

/// List possible duplicates
///
/// Pairs of people within the caller's sight who may be one person. Pairs somebody decided about are left out.
#[utoipa::path(get, path = "/api/v1/people/duplicates", tag = "Duplicates",
    params(("after" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, description = "A page of pairs", body = DuplicatePairs)))]
pub(crate) async fn list(State(web): State<Web>, api: Api, mut params: Params) -> Answer {
    let after: Option<i64> = params.cursor();
    params.close()?;
    let page = web.app.duplicate_pairs(&api.actor, after).await?;
    let pair = |p: &muster_app::people::Pair| DuplicatePair {
        older: Person::from(&p.older),
        newer: Person::from(&p.newer),
        score: p.score,
        reasons: p.reasons.iter().map(LikenessReason::from).collect(),
    };
    let next = page.next.as_ref().map(encode);
    Ok(reply::ok(&DuplicatePairs { items: page.pairs.iter().map(pair).collect(), next }))
}

/// Two people.
#[derive(ToSchema)]
#[allow(dead_code)] // describes a body, as the next
pub(crate) struct SomeoneElseInput {
    /// One of them.
    person_id: Uuid,
    /// Who is someone else.
    other_id: Uuid,
}

/// The two profiles to merge.
#[derive(ToSchema)]
#[allow(dead_code)]
pub(crate) struct MergeInput {
    /// Who stays and receives.
    kept_id: Uuid,
    /// Who becomes inactive.
    merged_id: Uuid,
}

fn two(mut fields: Fields, first: &'static str, second: &'static str) -> Answer<(PersonId, PersonId)> {
    let (one, other) = (fields.id::<PersonId>(first), fields.id::<PersonId>(second));
    let (one, other) = (fields.require(first, one), fields.require(second, other));
    fields.close(&[])?;
    one.zip(other).ok_or_else(|| muster_app::AppError::NotFound.into())
}

/// Say that two people are two people
///
/// Recorded; the pair is not raised again.
#[utoipa::path(post, path = "/api/v1/people/duplicates/someone-else", tag = "Duplicates",
    request_body = SomeoneElseInput, responses((status = 204, description = "Recorded")))]
pub(crate) async fn mark_distinct(State(web): State<Web>, api: Api, body: Body) -> Answer {
    let (one, other) = two(body.fields, "person_id", "other_id")?;
    web.app.mark_distinct(&api.actor, one, other).await?;
    Ok(reply::nothing())
}

/// The stored person a new profile turned out to be.
#[derive(ToSchema)]
#[allow(dead_code)] // as above
pub(crate) struct SamePersonInput {
    /// Who is there already.
    person_id: Uuid,
    /// The account meant for the new profile. Its clinics and permissions are added; of somebody who has no EMR account
    /// yet it becomes the account.
    emr_account: Option<EmrAccountInput>,
}

/// Say that a new profile is somebody who is here
///
/// Instead of adding a second profile: the person gets the clinics and permissions meant for it, those the caller may
/// give and the type may hold. Everything else stays as it is.
#[utoipa::path(post, path = "/api/v1/people/duplicates/same-person", tag = "Duplicates",
    request_body = SamePersonInput, responses((status = 200, description = "Saved", body = SavedPerson,
        headers(("ETag" = String, description = "The person's new version")))))]
pub(crate) async fn link_existing(State(web): State<Web>, api: Api, body: Body) -> Answer {
    let mut fields = body.fields;
    let person = fields.id::<PersonId>("person_id");
    let person = fields.require("person_id", person);
    let emr = read::accounts(&mut fields);
    fields.close(&[])?;
    let person = person.ok_or(muster_app::AppError::NotFound)?;
    let saved = web.app.link_existing(&api.actor, person, &NewProfile { emr, ..NewProfile::default() }).await?;
    Ok(reply::tagged(reply::ok(&SavedPerson::from(&saved)), saved.view.stored.version))
}

/// A field that moves.
#[derive(Serialize, ToSchema)]
pub(crate) struct MovedFieldItem {
    /// A field of the person or the EMR account, or one of: `licenses` (the whole list), `picture` and `signature`
    /// (true: the other profile's), `supervisor` and `supervisees` (`{id, name}`; those the caller sees).
    field: String,
    before: serde_json::Value,
    after: serde_json::Value,
}

impl From<&MovedField> for MovedFieldItem {
    fn from(moved: &MovedField) -> Self {
        Self { field: moved.field.clone(), before: moved.before.clone(), after: moved.after.clone() }
    }
}

/// What a merge would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct MergePlan {
    /// Who stays, as stored now.
    kept: Person,
    /// Who would become inactive.
    merged: Person,
    /// What the kept profile would receive.
    changes: Vec<MovedFieldItem>,
    /// Why it would be refused; empty when it would not.
    refused: Vec<ProblemField>,
}

/// Preview a merge
///
/// Changes nothing.
#[utoipa::path(post, path = "/api/v1/people/duplicates/merge-preview", tag = "Duplicates",
    request_body = MergeInput, responses((status = 200, description = "What would happen", body = MergePlan)))]
pub(crate) async fn preview(State(web): State<Web>, api: Api, body: Body) -> Answer {
    let (kept, merged) = two(body.fields, "kept_id", "merged_id")?;
    let plan = web.app.preview_merge(&api.actor, kept, merged).await?;
    Ok(reply::ok(&MergePlan {
        kept: Person::from(&plan.kept),
        merged: Person::from(&plan.merged),
        changes: plan.moves.iter().map(MovedFieldItem::from).collect(),
        refused: plan.refused.iter().flat_map(|r| &r.0).map(ProblemField::from).collect(),
    }))
}

/// Two profiles that were put together.
#[derive(Serialize, ToSchema)]
pub(crate) struct MergeDone {
    /// For undoing it.
    id: Uuid,
    kept: Person,
    merged: Person,
    /// Who did it.
    merged_by: String,
    merged_at: Option<Timestamp>,
}

impl From<&MergeReceipt> for MergeDone {
    fn from(done: &MergeReceipt) -> Self {
        let (kept, merged) = (Person::from(&done.kept), Person::from(&done.merged));
        Self { id: done.id, kept, merged, merged_by: done.by.clone(), merged_at: done.at }
    }
}

/// Merge two people
///
/// The kept profile receives clinics, permissions, previous names, further professional licenses, the supervisees of
/// the other, and what it lacks of email, phone, NPI, license, picture, signature and supervisor; the other becomes
/// inactive and keeps its user name and history. Can be undone for 30 days.
#[utoipa::path(post, path = "/api/v1/people/duplicates/merge", tag = "Duplicates",
    request_body = MergeInput, responses((status = 200, description = "Merged", body = MergeDone)))]
pub(crate) async fn merge(State(web): State<Web>, api: Api, body: Body) -> Answer {
    let (kept, merged) = two(body.fields, "kept_id", "merged_id")?;
    Ok(reply::ok(&MergeDone::from(&web.app.merge(&api.actor, kept, merged).await?)))
}

/// Merges.
#[derive(Serialize, ToSchema)]
pub(crate) struct Merges {
    items: Vec<MergeDone>,
    /// Always null: there is one page.
    next: Option<String>,
}

/// List merges
///
/// Those of the last 30 days, which can be undone, newest first. With `person_id` those that person was part of, however
/// long ago.
#[utoipa::path(get, path = "/api/v1/people/duplicates/merges", tag = "Duplicates",
    params(("person_id" = Option<Uuid>, Query, description = "On either side")),
    responses((status = 200, description = "Merges that were not undone", body = Merges)))]
pub(crate) async fn merges(State(web): State<Web>, api: Api, mut params: Params) -> Answer {
    let person: Option<PersonId> = params.id("person_id");
    params.close()?;
    let found = match person {
        Some(id) => web.app.merges_of(&api.actor, id).await?.into_iter().map(|m| m.merge).collect(),
        None => web.app.merges(&api.actor).await?,
    };
    Ok(reply::ok(&Merges { items: found.iter().map(MergeDone::from).collect(), next: None }))
}

/// Undo a merge
///
/// Both profiles are again what they were, and what moved is back. Refused after 30 days, or when either was changed
/// since.
#[utoipa::path(post, path = "/api/v1/people/duplicates/merges/{merge}/undo", tag = "Duplicates",
    params(("merge" = Uuid, Path, description = "The merge")),
    responses((status = 200, description = "Undone", body = MergeDone)))]
pub(crate) async fn undo(State(web): State<Web>, api: Api, ids: PathIds) -> Answer {
    Ok(reply::ok(&MergeDone::from(&web.app.undo_merge(&api.actor, ids.one("merge")?).await?)))
}
