//! Asking for licenses: submitting, looking at and taking back requests.

use muster_domain::audit::Action;
use muster_domain::licenses::{
    Group, Money, PoolFacts, RequestDraft, RequestKind, RequestResolution, RequestState, check_note, may_withdraw,
    submit,
};
use muster_domain::{ClinicId, LicenseRequestId, PersonId, Refusal};
use muster_store::licenses::{self, NewRequest, Request, RequestEnding, RequestFilter};
use muster_store::organizations;
use serde_json::json;

use crate::work::{AuditSubject, UnitOfWork};
use crate::{Actor, App, AppError, Idempotency, Result, Scope};

/// Requests in one page.
const LARGEST_PAGE: i64 = 200;

/// A request just made.
#[derive(Clone, Debug)]
pub struct RequestReceipt {
    /// As kept.
    pub request: Request,
    /// Notices for the requester, e.g. that another request is open.
    pub notices: Vec<String>,
}

/// What a request does, or would do now, to the total and the bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseEffect {
    /// The total before; none = unlimited.
    pub before: Option<i64>,
    /// The total after.
    pub after: Option<i64>,
    /// What it adds to the bill a month; none where no price is set.
    pub monthly: Option<Money>,
}

impl LicenseEffect {
    /// Of a request; none for one that ended without effect.
    pub fn of(request: &Request) -> Option<Self> {
        let change = request.kind.effect(request.count);
        let monthly = request
            .price
            .as_ref()
            .map(|(amount, currency)| Money { amount: amount.saturating_mul(change), currency: currency.clone() });
        match (request.state, request.totals) {
            (RequestState::Processed, Some((before, after))) => {
                Some(Self { before: Some(before), after: Some(after), monthly })
            }
            (RequestState::Submitted, _) => {
                let before = request.pool_total;
                Some(Self { before, after: before.map(|t| t + change), monthly })
            }
            _ => None,
        }
    }
}

/// Which requests to list.
#[derive(Clone, Debug, Default)]
pub struct RequestQuery {
    /// In this state.
    pub state: Option<RequestState>,
    /// Of this kind.
    pub kind: Option<RequestKind>,
    /// Of this clinic.
    pub clinic: Option<ClinicId>,
    /// Of this group.
    pub group: Option<Group>,
    /// Where to go on: numbers below this one.
    pub before: Option<i64>,
    /// 1 to 200.
    pub limit: i64,
}

/// A page of requests.
#[derive(Clone, Debug)]
pub struct RequestsPage {
    /// The latest first.
    pub items: Vec<Request>,
    /// Where the next page begins.
    pub next: Option<i64>,
}

impl App {
    /// What is known of a pool before asking; none when the actor does not reach the clinic.
    pub async fn pool_facts(&self, actor: &Actor, clinic: ClinicId, group: Group) -> Result<Option<PoolFacts>> {
        actor.require_scope(Scope::Licenses)?;
        self.require_licenses(actor).await?;
        if !actor.authority().emr().reaches(clinic) {
            return Ok(None);
        }
        let mut h = self.db.read().await?;
        Ok(Some(licenses::pool_facts(&mut h, actor.organization(), clinic, group).await?))
    }

    /// Asks support for licenses, or to release some.
    ///
    /// # Errors
    /// [`AppError::Refused`] with everything that is wrong.
    pub async fn submit_license_request(
        &self,
        actor: &Actor,
        wanted: &RequestDraft,
        idempotency: Option<&Idempotency>,
    ) -> Result<RequestReceipt> {
        actor.require_scope(Scope::Licenses)?;
        let mut work = self.work_for(actor, actor.organization()).await?;
        if let Some(made) = work.replay(actor, idempotency).await? {
            let again = licenses::find(&mut work.tx, work.organization, LicenseRequestId(made)).await?;
            return Ok(RequestReceipt { request: again.ok_or(AppError::NotFound)?, notices: Vec::new() });
        }
        match self.request_in(&mut work, actor, wanted).await {
            Ok(submitted) => {
                work.remember(actor, idempotency, submitted.request.id.0).await?;
                work.commit().await?;
                Ok(submitted)
            }
            Err(error) => {
                drop(work);
                let about = AuditSubject { id: Some(wanted.clinic.0), name: String::new() };
                Err(self.audit_denial(actor, Action::LicenseRequested, about, error).await)
            }
        }
    }

    /// Asks within a change in progress.
    pub(crate) async fn request_in(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        wanted: &RequestDraft,
    ) -> Result<RequestReceipt> {
        let clinic = organizations::clinics_by_id(&mut work.tx, work.organization, &[wanted.clinic]).await?.pop();
        let facts = licenses::pool_facts(&mut work.tx, work.organization, wanted.clinic, wanted.group).await?;
        submit(actor.authority(), clinic.as_ref(), &facts, wanted)?;
        let new = NewRequest {
            id: LicenseRequestId(self.new_id()),
            kind: wanted.kind,
            clinic: wanted.clinic,
            group: wanted.group,
            count: wanted.count,
            note: wanted.note.trim().to_owned(),
            requester_id: actor.subject(),
            requester_kind: actor.authority().kind().as_str(),
            requester_name: actor.name().to_owned(),
            at: self.now(),
        };
        licenses::insert(&mut work.tx, work.organization, &new).await?;
        let request = licenses::find(&mut work.tx, work.organization, new.id).await?.ok_or(AppError::NotFound)?;
        self.queue_letters(work, &request).await?;
        note(work, actor, Action::LicenseRequested, &request);
        Ok(RequestReceipt { request, notices: facts.notice().into_iter().collect() })
    }

    /// The requests of the clinics the actor reaches.
    pub async fn license_requests(&self, actor: &Actor, asked: &RequestQuery) -> Result<RequestsPage> {
        actor.require_scope(Scope::Licenses)?;
        self.require_licenses(actor).await?;
        let limit = asked.limit.clamp(1, LARGEST_PAGE);
        let filter = RequestFilter {
            scope: actor.authority().emr().clinics().clone(),
            state: asked.state,
            kind: asked.kind,
            clinic: asked.clinic,
            group: asked.group,
            before: asked.before,
            limit: limit + 1,
        };
        let mut h = self.db.read().await?;
        let mut items = licenses::requests(&mut h, actor.organization(), &filter).await?;
        let more = i64::try_from(items.len()).unwrap_or(0) > limit;
        items.truncate(usize::try_from(limit).unwrap_or(0));
        let next = items.last().filter(|_| more).map(|r| r.number);
        Ok(RequestsPage { items, next })
    }

    /// One request: of a clinic the actor reaches, or of any practice for support.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when it does not exist or the actor may not know that it does.
    pub async fn license_request(&self, actor: &Actor, id: LicenseRequestId) -> Result<Request> {
        actor.require_scope(Scope::Licenses)?;
        self.require_licenses(actor).await?;
        let mut h = self.db.read().await?;
        let found = if actor.is_support() {
            licenses::find_anywhere(&mut h, id).await?
        } else {
            licenses::find(&mut h, actor.organization(), id).await?
        };
        found.filter(|r| actor.is_support() || actor.authority().emr().reaches(r.clinic)).ok_or(AppError::NotFound)
    }

    /// Whether the actor may take a request back that is still open.
    pub fn may_withdraw(&self, actor: &Actor, request: &Request) -> bool {
        let ours = request.organization == actor.organization();
        ours && request.state == RequestState::Submitted
            && may_withdraw(actor.authority(), request.requester_id.map(PersonId)).is_ok()
    }

    /// Takes a request back: who asked, or a company admin.
    pub async fn withdraw_license_request(&self, actor: &Actor, id: LicenseRequestId, why: &str) -> Result<Request> {
        actor.require_scope(Scope::Licenses)?;
        let mut about = AuditSubject { id: None, name: String::new() };
        match self.try_withdraw(actor, id, why, &mut about).await {
            Ok(request) => Ok(request),
            Err(error) => Err(self.audit_denial(actor, Action::LicenseRequestWithdrawn, about, error).await),
        }
    }

    async fn try_withdraw(
        &self,
        actor: &Actor,
        id: LicenseRequestId,
        why: &str,
        about: &mut AuditSubject,
    ) -> Result<Request> {
        check_note(why)?;
        let mut work = self.work_for(actor, actor.organization()).await?;
        let found = licenses::find(&mut work.tx, work.organization, id).await?;
        let own = |r: &Request| actor.subject().is_some() && r.requester_id == actor.subject();
        let found = found.filter(|r| actor.authority().emr().reaches(r.clinic) || own(r)).ok_or(AppError::NotFound)?;
        *about = AuditSubject::new(found.clinic.0, &found.clinic_name);
        may_withdraw(actor.authority(), found.requester_id.map(PersonId))?;
        found.state.end(RequestResolution::Withdrawn)?;
        let ended = self.end_in(&mut work, actor, &found, RequestResolution::Withdrawn, why, None).await?;
        note(&mut work, actor, Action::LicenseRequestWithdrawn, &ended);
        work.commit().await?;
        Ok(ended)
    }

    /// Ends a request in its practice's change, and writes about it.
    pub(super) async fn end_in(
        &self,
        work: &mut UnitOfWork,
        actor: &Actor,
        request: &Request,
        how: RequestResolution,
        why: &str,
        totals: Option<(i64, i64)>,
    ) -> Result<Request> {
        let ending = RequestEnding {
            state: how.into(),
            actor_id: actor.subject(),
            actor_kind: actor.authority().kind().as_str(),
            actor_name: actor.name().to_owned(),
            note: why.trim().to_owned(),
            at: self.now(),
            totals,
        };
        if !licenses::end(&mut work.tx, work.organization, request.id, &ending).await? {
            let now = licenses::find(&mut work.tx, work.organization, request.id).await?.ok_or(AppError::NotFound)?;
            return Err(ended_already(&now).into());
        }
        let ended = licenses::find(&mut work.tx, work.organization, request.id).await?.ok_or(AppError::NotFound)?;
        self.queue_letters(work, &ended).await?;
        Ok(ended)
    }
}

fn ended_already(request: &Request) -> Refusal {
    Refusal::whole(muster_domain::Code::RequestEnded).about(&[request.state.as_str()])
}

/// Puts a step of a request on record.
pub(super) fn note(work: &mut UnitOfWork, actor: &Actor, action: Action, request: &Request) {
    let mut detail = json!({
        "request": request.number, "kind": request.kind, "group": request.group, "count": request.count,
    });
    let why = request.ended_note.as_deref().unwrap_or(&request.note);
    if !why.is_empty() {
        detail["note"] = json!(why);
    }
    if let Some((before, after)) = request.totals {
        detail["total"] = json!({"before": before, "after": after});
    }
    work.audit_done(actor, action, AuditSubject::new(request.clinic.0, &request.clinic_name), &detail);
}
