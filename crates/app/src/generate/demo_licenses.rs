//! How the demo's licenses came to be: half a year of totals, requests and use, so that chart, queue and list of the
//! unused have something to show.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use muster_domain::audit::Action;
use muster_domain::licenses::{Group, Prices, RequestKind, RequestState, UsagePoint};
use muster_domain::{ClinicId, LicenseRequestId, PersonId};
use muster_store::licenses::{self, LedgerEntry, NewRequest, RequestEnding};
use serde_json::json;

use super::random::SeededRng;
use super::writer::PracticeWriter;
use crate::work::{AuditSubject, UnitOfWork};
use crate::{Actor, App, Result};

/// Days the history reaches back.
const DAYS: i64 = 200;

/// A request of the past: where, what, when (in hours ago), how it ended, and what was said.
struct DemoRequest {
    clinic: usize,
    group: Group,
    kind: RequestKind,
    count: i64,
    note: &'static str,
    submitted: i64,
    ended: Option<(i64, RequestState, &'static str)>,
    /// Whether the manager of Saco asked, instead of the company admin.
    by_manager: bool,
}

const fn demo_request(
    clinic: usize,
    group: Group,
    kind: RequestKind,
    count: i64,
    note: &'static str,
    days: i64,
) -> DemoRequest {
    DemoRequest { clinic, group, kind, count, note, submitted: days * 24 + 5, ended: None, by_manager: false }
}

impl DemoRequest {
    const fn ended(mut self, days: i64, state: RequestState, answer: &'static str) -> Self {
        self.ended = Some((days * 24 + 2, state, answer));
        self
    }

    const fn by_manager(mut self) -> Self {
        self.by_manager = true;
        self
    }

    /// What it did to the total, once processed.
    fn effect(&self) -> i64 {
        match self.ended {
            Some((_, RequestState::Processed, _)) => self.kind.effect(self.count),
            _ => 0,
        }
    }
}

use Group::{Assistant, Student, Therapist};
use RequestKind::{Add, Release};
use RequestState::{Processed, Rejected, Withdrawn};

/// Clinics by their place in the demo: Saco, Gorham, Biddeford, Scarborough, Portland.
const STORIES: [DemoRequest; 11] = [
    demo_request(0, Therapist, Add, 2, "Two therapists start in the new wing.", 150)
        .ended(148, Processed, "")
        .by_manager(),
    demo_request(4, Therapist, Add, 3, "The evening clinic opens.", 121).ended(118, Processed, "Active from today."),
    demo_request(0, Assistant, Add, 3, "For the summer.", 92)
        .ended(90, Rejected, "The budget has to be approved first.")
        .by_manager(),
    demo_request(4, Assistant, Add, 1, "", 76).ended(74, Processed, ""),
    demo_request(0, Therapist, Release, 1, "One therapist has retired.", 60).ended(57, Processed, "").by_manager(),
    demo_request(2, Therapist, Add, 2, "For the Saturday shift.", 44).ended(41, Processed, ""),
    demo_request(4, Therapist, Add, 2, "Perhaps for the spring.", 30).ended(
        29,
        Withdrawn,
        "We found colleagues in Gorham.",
    ),
    demo_request(3, Assistant, Release, 2, "Two assistants have left.", 21).ended(
        18,
        Processed,
        "No longer on the bill from next month.",
    ),
    demo_request(1, Therapist, Release, 4, "Four have been free since the move to Saco.", 6),
    demo_request(0, Assistant, Add, 1, "Somebody waits for it.", 2).by_manager(),
    demo_request(2, Student, Add, 1, "The second student has started.", 0),
];

impl PracticeWriter<'_> {
    /// Writes the totals that were set aside as the outcome of half a year, with the requests on the way.
    pub(super) async fn write_license_history(
        &self,
        app: &App,
        totals: &[(ClinicId, Group, i64)],
        (admin, manager): ((PersonId, &str), (PersonId, &str)),
        random: &mut SeededRng,
    ) -> Result<()> {
        let now = app.now();
        let ago = |hours: i64| now - SignedDuration::from_hours(hours);
        let mut work = app.system_work(self.organization()).await?;
        let amounts = [(Therapist, 9900), (Assistant, 7900), (Student, 2500)].into();
        licenses::set_prices(&mut work.tx, work.organization, &Prices { currency: "USD".to_owned(), amounts }).await?;
        work.audit_done(
            &self.actor,
            Action::LicensePricesSet,
            AuditSubject::new(work.organization.0, "Generated"),
            &json!({}),
        );

        let mut standing: BTreeMap<(ClinicId, Group), i64> = BTreeMap::new();
        for (clinic, group, total) in totals {
            let stories = STORIES.iter().filter(|s| (self.clinics[s.clinic].id, s.group) == (*clinic, *group));
            let first = total - stories.map(DemoRequest::effect).sum::<i64>();
            standing.insert((*clinic, *group), first);
            let entry = entry(app, (*clinic, *group), (None, first), None, "As agreed in the contract", ago(DAYS * 24));
            licenses::set_total(&mut work.tx, work.organization, &entry).await?;
            let name = self.clinics.iter().find(|c| c.id == *clinic).map_or("", |c| c.name.as_str());
            let detail = json!({"group": group, "total": {"before": null, "after": first}});
            work.audit_done(&self.actor, Action::LicenseTotalSet, AuditSubject::new(clinic.0, name), &detail);
        }
        let mut points = Vec::new();
        for (clinic, group, total) in totals {
            let assigned = self.taken.get(&(*clinic, *group)).copied().unwrap_or(0);
            let first = standing.get(&(*clinic, *group)).copied().unwrap_or(*total);
            points.extend(self.use_over_time((*clinic, *group), first, (*total, assigned), now, random));
        }
        for told in &STORIES {
            let who = if told.by_manager { manager } else { admin };
            self.simulate_request(app, &mut work, told, who, &mut standing).await?;
        }
        licenses::insert_points(&mut work.tx, work.organization, &points).await?;
        work.commit().await
    }

    async fn simulate_request(
        &self,
        app: &App,
        work: &mut UnitOfWork,
        told: &DemoRequest,
        (person, name): (PersonId, &str),
        standing: &mut BTreeMap<(ClinicId, Group), i64>,
    ) -> Result<()> {
        let ago = |hours: i64| app.now() - SignedDuration::from_hours(hours);
        let clinic = &self.clinics[told.clinic];
        let new = NewRequest {
            id: LicenseRequestId(app.new_id()),
            kind: told.kind,
            clinic: clinic.id,
            group: told.group,
            count: told.count,
            note: told.note.to_owned(),
            requester_id: Some(person.0),
            requester_kind: "person",
            requester_name: name.to_owned(),
            at: ago(told.submitted),
        };
        licenses::insert(&mut work.tx, work.organization, &new).await?;
        let about = AuditSubject::new(clinic.id.0, &clinic.name);
        let detail = json!({"kind": told.kind, "group": told.group, "count": told.count});
        record(work, &self.actor, Action::LicenseRequested, &about, &detail);
        let Some((hours, state, answer)) = told.ended else { return Ok(()) };
        let pool = (clinic.id, told.group);
        let before = standing.get(&pool).copied().unwrap_or(0);
        let after = before + told.effect();
        let totals = (state == RequestState::Processed).then_some((before, after));
        if totals.is_some() {
            standing.insert(pool, after);
            let entry = entry(app, pool, (Some(before), after), Some(new.id), answer, ago(hours));
            licenses::set_total(&mut work.tx, work.organization, &entry).await?;
        }
        let by_support = state != RequestState::Withdrawn;
        let ending = RequestEnding {
            state,
            actor_id: (!by_support).then_some(person.0),
            actor_kind: if by_support { "support" } else { "person" },
            actor_name: if by_support { "support" } else { name }.to_owned(),
            note: answer.to_owned(),
            at: ago(hours),
            totals,
        };
        licenses::end(&mut work.tx, work.organization, new.id, &ending).await?;
        let action = match state {
            RequestState::Processed => Action::LicenseRequestProcessed,
            RequestState::Rejected => Action::LicenseRequestRejected,
            _ => Action::LicenseRequestWithdrawn,
        };
        record(work, &self.actor, action, &about, &detail);
        Ok(())
    }

    /// A point every week or so: people come and go, within what was paid for then.
    fn use_over_time(
        &self,
        (clinic, group): (ClinicId, Group),
        first: i64,
        (total, assigned): (i64, i64),
        now: Timestamp,
        random: &mut SeededRng,
    ) -> Vec<(ClinicId, Group, UsagePoint)> {
        let hour = |ago: i64| now.as_second().div_euclid(3600) - ago;
        let mut steps: Vec<(i64, i64)> = STORIES
            .iter()
            .filter(|s| (self.clinics[s.clinic].id, s.group) == (clinic, group) && s.effect() != 0)
            .filter_map(|s| s.ended.map(|(hours, _, _)| (hours, s.effect())))
            .collect();
        steps.sort_unstable_by_key(|(hours, _)| std::cmp::Reverse(*hours));
        let paid = |ago: i64| first + steps.iter().filter(|(hours, _)| *hours >= ago).map(|(_, n)| n).sum::<i64>();
        let mut times: Vec<i64> = (2..=DAYS / 8).map(|n| n * 8 * 24 + 3).chain(steps.iter().map(|s| s.0)).collect();
        times.push(DAYS * 24);
        let mut points: Vec<(ClinicId, Group, UsagePoint)> = times
            .into_iter()
            .map(|ago| {
                // The further back, the fewer there were.
                let grown = ago * 3 / (DAYS * 24) + random.between(0, 2) - 1;
                let held = (assigned - grown).clamp(0, paid(ago).max(0));
                (clinic, group, UsagePoint { hour: hour(ago), total: Some(paid(ago)), assigned: held })
            })
            .collect();
        points.push((clinic, group, UsagePoint { hour: hour(0), total: Some(total), assigned }));
        points
    }
}

fn record(work: &mut UnitOfWork, actor: &Actor, action: Action, about: &AuditSubject, detail: &serde_json::Value) {
    work.audit_done(actor, action, about.clone(), detail);
}

fn entry(
    app: &App,
    (clinic, group): (ClinicId, Group),
    (before, after): (Option<i64>, i64),
    request: Option<LicenseRequestId>,
    note: &str,
    at: Timestamp,
) -> LedgerEntry {
    LedgerEntry {
        id: app.new_id(),
        clinic,
        group,
        before,
        after: Some(after),
        request,
        actor_id: None,
        actor_kind: "support",
        actor_name: "support".to_owned(),
        note: note.to_owned(),
        at,
    }
}
