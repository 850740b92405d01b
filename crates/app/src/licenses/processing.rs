//! Support's side: the queue over all practices, and how a request is processed or rejected.

use jiff::Timestamp;
use muster_domain::audit::Action;
use muster_domain::licenses::{RequestResolution, check_note, process};
use muster_domain::{Code, LicenseRequestId, Refusal, Refusals};
use muster_store::licenses::{self, LedgerEntry, Request};
use uuid::Uuid;

use super::requests::note;
use crate::work::AuditSubject;
use crate::{Actor, App, AppError, Result, Scope};

/// Requests in one page.
const LARGEST_PAGE: i64 = 200;

/// A page of support's queue.
#[derive(Clone, Debug)]
pub struct QueuePage {
    /// The oldest first.
    pub items: Vec<Request>,
    /// Where the next page begins.
    pub next: Option<(i64, Uuid)>,
}

impl App {
    /// The requests of every practice that wait for support.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for anyone else.
    pub async fn license_queue(&self, actor: &Actor, after: Option<(i64, Uuid)>, limit: i64) -> Result<QueuePage> {
        actor.require_scope(Scope::Licenses)?;
        if !actor.is_support() {
            return Err(AppError::NotFound);
        }
        let limit = limit.clamp(1, LARGEST_PAGE);
        let mut h = self.db.read().await?;
        let mut items = licenses::queue(&mut h, after, limit + 1).await?;
        let more = i64::try_from(items.len()).unwrap_or(0) > limit;
        items.truncate(usize::try_from(limit).unwrap_or(0));
        let place = |r: &Request| (r.submitted_at.map_or(0, Timestamp::as_microsecond), r.id.0);
        let next = items.last().filter(|_| more).map(place);
        Ok(QueuePage { items, next })
    }

    /// Processes a request: the total changes, the ledger says so, and the practice is written to. Exactly once.
    ///
    /// # Errors
    /// [`AppError::Refused`] when it ended before, or when what was to be released is taken.
    pub async fn process_license_request(&self, actor: &Actor, id: LicenseRequestId, why: &str) -> Result<Request> {
        let (found, acting) = self.for_support(actor, id, Action::LicenseRequestProcessed).await?;
        check_note(why)?;
        let mut work = self.work_for(actor, found.organization).await?;
        let found = licenses::find(&mut work.tx, work.organization, id).await?.ok_or(AppError::NotFound)?;
        let after = process(
            found.state,
            found.kind,
            found.count,
            found.pool_total,
            found.pool_assigned,
            found.group,
            &found.clinic_name,
        )?;
        let before = found.pool_total.unwrap_or(0);
        let entry = LedgerEntry {
            id: self.new_id(),
            clinic: found.clinic,
            group: found.group,
            before: Some(before),
            after: Some(after),
            request: Some(id),
            actor_id: acting.subject(),
            actor_kind: acting.authority().kind().as_str(),
            actor_name: acting.name().to_owned(),
            note: why.trim().to_owned(),
            at: self.now(),
        };
        licenses::set_total(&mut work.tx, work.organization, &entry).await?;
        let ended =
            self.end_in(&mut work, &acting, &found, RequestResolution::Processed, why, Some((before, after))).await?;
        note(&mut work, &acting, Action::LicenseRequestProcessed, &ended);
        work.commit().await?;
        Ok(ended)
    }

    /// Says no, and why.
    pub async fn reject_license_request(&self, actor: &Actor, id: LicenseRequestId, why: &str) -> Result<Request> {
        let (found, acting) = self.for_support(actor, id, Action::LicenseRequestRejected).await?;
        let mut refusals = Refusals::default();
        let _ = refusals.take(check_note(why));
        if why.trim().is_empty() {
            refusals.push(Refusal::new("note", Code::Required).about(&["The reason of a rejection"]));
        }
        refusals.into_result()?;
        let mut work = self.work_for(actor, found.organization).await?;
        let found = licenses::find(&mut work.tx, work.organization, id).await?.ok_or(AppError::NotFound)?;
        found.state.end(RequestResolution::Rejected)?;
        let ended = self.end_in(&mut work, &acting, &found, RequestResolution::Rejected, why, None).await?;
        note(&mut work, &acting, Action::LicenseRequestRejected, &ended);
        work.commit().await?;
        Ok(ended)
    }

    /// The request, and support at work in its practice; anyone else is turned away, on record.
    async fn for_support(&self, actor: &Actor, id: LicenseRequestId, action: Action) -> Result<(Request, Actor)> {
        let found = self.license_request(actor, id).await?;
        if !actor.is_support() {
            let error = Refusal::whole(Code::SupportOnlyRequests).into();
            let about = AuditSubject::new(found.clinic.0, &found.clinic_name);
            return Err(self.audit_denial(actor, action, about, error).await);
        }
        let acting = actor.working_for(found.organization);
        Ok((found, acting))
    }
}
