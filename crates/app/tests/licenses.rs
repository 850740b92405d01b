//! Licenses under random, parallel and ordinary use, on both engines.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;
use muster_app::credentials::OffboardingPlan;
use muster_app::licenses::{ActivationRequest, LedgerQuery, Request, WaitingQuery};
use muster_app::people::NewProfile;
use muster_app::{Actor, App, AppError};
use muster_domain::emr::{EmrPatch, Permission, UserType};
use muster_domain::licenses::{Group, Prices, RequestDraft, RequestKind, RequestState, SeatForecast};
use muster_domain::people::PersonPatch;
use muster_domain::people::{Change, OffboardingKind};
use muster_domain::{ClinicId, Code, LicenseRequestId, OrganizationId, PersonId};
use muster_testkit::both_practices;
use muster_testkit::practice::{PersonSpec, Practice};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

static NEXT: AtomicUsize = AtomicUsize::new(1);

fn status(active: bool) -> Change {
    let status = if active { "active" } else { "inactive" };
    Change { emr: Some(EmrPatch { status: Some(status.into()), ..EmrPatch::default() }), ..Change::default() }
}

fn somebody(kind: UserType, clinics: &[ClinicId], home: ClinicId, active: bool) -> NewProfile {
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    NewProfile {
        person: PersonPatch {
            first_name: Some(format!("First{n}")),
            last_name: Some(format!("Last{n}")),
            email: Some(Some(format!("s{n}@saco.example"))),
            username: Some(format!("s{n}")),
            ..PersonPatch::default()
        },
        emr: Some(EmrPatch {
            user_type: Some(kind.as_str().into()),
            status: Some(if active { "active" } else { "inactive" }.into()),
            clinics: Some(clinics.iter().copied().collect()),
            default_clinic: Some(home),
            permissions: Some(vec!["view_patients".into()]),
            license_number: (kind.group() != Group::Student).then(|| Some(format!("L{n}"))),
            ..EmrPatch::default()
        }),
        invite: Some(false),
        ..NewProfile::default()
    }
}

fn refused(error: &AppError) -> Vec<Code> {
    match error {
        AppError::Refused(r) => r.0.iter().map(|r| r.code).collect(),
        other => panic!("{other}"),
    }
}

fn wanted(kind: RequestKind, clinic: ClinicId, group: Group, count: i64) -> RequestDraft {
    RequestDraft { kind, clinic, group, count, note: "because".into() }
}

/// Something a practice or support does; places are taken modulo what there is.
#[derive(Clone, Debug)]
enum Act {
    Create(usize, usize),
    Toggle(usize),
    Move(usize, usize),
    Ask(RequestKind, usize, usize, i64),
    Process(usize),
    Reject(usize),
    Withdraw(usize),
    SetTotal(usize, usize, i64),
    ActivateAll,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let kind = prop_oneof![Just(RequestKind::Add), Just(RequestKind::Release)];
    let act = prop_oneof![
        5 => (0..2_usize, 0..2_usize).prop_map(|(c, g)| Act::Create(c, g)),
        5 => any::<usize>().prop_map(Act::Toggle),
        3 => (any::<usize>(), 0..2_usize).prop_map(|(p, c)| Act::Move(p, c)),
        5 => (kind, 0..2_usize, 0..2_usize, 1..4_i64).prop_map(|(k, c, g, n)| Act::Ask(k, c, g, n)),
        5 => any::<usize>().prop_map(Act::Process),
        1 => any::<usize>().prop_map(Act::Reject),
        1 => any::<usize>().prop_map(Act::Withdraw),
        2 => (0..2_usize, 0..2_usize, 0..5_i64).prop_map(|(c, g, n)| Act::SetTotal(c, g, n)),
        1 => Just(Act::ActivateAll),
    ];
    proptest::collection::vec(act, 10..45)
}

const TYPES: [UserType; 2] = [UserType::SPT, UserType::PTA];

/// A request: which, what for, in which pool, how many, and how far it has come.
type RequestRow = (LicenseRequestId, RequestKind, (usize, usize), i64, RequestState);

/// What should be so: plain values, no database.
#[derive(Default)]
struct Model {
    people: Vec<Person>,
    totals: BTreeMap<(usize, usize), i64>,
    requests: Vec<RequestRow>,
    changes: usize,
}

struct Person {
    id: PersonId,
    pool: (usize, usize),
    active: bool,
    waits: bool,
}

impl Model {
    fn assigned(&self, pool: (usize, usize)) -> i64 {
        i64::try_from(self.people.iter().filter(|p| p.active && p.pool == pool).count()).expect("few")
    }

    fn free(&self, pool: (usize, usize)) -> bool {
        self.totals.get(&pool).is_none_or(|t| self.assigned(pool) < *t)
    }

    fn open_releases(&self, pool: (usize, usize)) -> i64 {
        let open = |r: &&(_, RequestKind, (usize, usize), i64, RequestState)| {
            r.1 == RequestKind::Release && r.2 == pool && r.4 == RequestState::Submitted
        };
        self.requests.iter().filter(open).map(|r| r.3).sum()
    }
}

struct RunningFacts<'a> {
    app: &'a App,
    actor: Actor,
    clinics: [ClinicId; 2],
    model: Model,
}

impl RunningFacts<'_> {
    async fn act(&mut self, act: &Act) {
        match *act {
            Act::Create(clinic, kind) => self.create(clinic, kind).await,
            Act::Toggle(n) if !self.model.people.is_empty() => self.toggle(n % self.model.people.len()).await,
            Act::Move(n, to) if !self.model.people.is_empty() => self.move_home(n % self.model.people.len(), to).await,
            Act::Ask(kind, clinic, group, count) => self.ask(kind, (clinic, group), count).await,
            Act::Process(n) if !self.model.requests.is_empty() => self.process(n % self.model.requests.len()).await,
            Act::Reject(n) if !self.model.requests.is_empty() => {
                self.end(n % self.model.requests.len(), RequestState::Rejected).await;
            }
            Act::Withdraw(n) if !self.model.requests.is_empty() => {
                self.end(n % self.model.requests.len(), RequestState::Withdrawn).await;
            }
            Act::SetTotal(clinic, group, total) => self.set_total((clinic, group), total).await,
            Act::ActivateAll => self.activate_all().await,
            _ => {}
        }
    }

    async fn create(&mut self, clinic: usize, kind: usize) {
        let pool = (clinic, kind);
        let fits = self.model.free(pool);
        let new = somebody(TYPES[kind], &self.clinics, self.clinics[clinic], true);
        let saved = self.app.add_person(&self.actor, new, None).await.expect("saved either way");
        let account = saved.view.profile().emr.as_ref().expect("an account");
        assert_eq!(account.is_active(), fits);
        self.model.people.push(Person { id: saved.view.profile().person.id, pool, active: fits, waits: !fits });
    }

    async fn toggle(&mut self, n: usize) {
        let (id, pool, active) = (self.model.people[n].id, self.model.people[n].pool, self.model.people[n].active);
        let result = self.app.update_person(&self.actor, id, None, status(!active)).await;
        if active || self.model.free(pool) {
            let saved = result.expect("status changed");
            assert_eq!(saved.notices.iter().any(|s| s.contains("on the bill")), active);
            self.model.people[n].active = !active;
            self.model.people[n].waits = false;
        } else {
            assert_eq!(refused(&result.expect_err("full")), [Code::NoLicenseAvailable]);
        }
    }

    async fn move_home(&mut self, n: usize, to: usize) {
        let (id, pool, active) = (self.model.people[n].id, self.model.people[n].pool, self.model.people[n].active);
        let emr = EmrPatch { default_clinic: Some(self.clinics[to]), ..EmrPatch::default() };
        let change = Change { emr: Some(emr), ..Change::default() };
        let result = self.app.update_person(&self.actor, id, None, change).await;
        if !active || pool.0 == to || self.model.free((to, pool.1)) {
            result.expect("moved");
            self.model.people[n].pool.0 = to;
        } else {
            assert_eq!(refused(&result.expect_err("full")), [Code::NoLicenseAvailable]);
        }
    }

    async fn ask(&mut self, kind: RequestKind, pool: (usize, usize), count: i64) {
        let group = TYPES[pool.1].group();
        let asked = wanted(kind, self.clinics[pool.0], group, count);
        let result = self.app.submit_license_request(&self.actor, &asked, None).await;
        let expected = match (self.model.totals.get(&pool), kind) {
            (None, _) => Some(Code::PoolUnlimited),
            (Some(total), RequestKind::Release)
                if count > total - self.model.assigned(pool) - self.model.open_releases(pool) =>
            {
                Some(Code::ReleaseExceedsAvailable)
            }
            _ => None,
        };
        match expected {
            Some(code) => assert_eq!(refused(&result.expect_err("refused")), [code]),
            None => {
                let made = result.expect("submitted");
                let open = self.model.requests.iter().any(|r| r.2 == pool && r.4 == RequestState::Submitted);
                assert_eq!(!made.notices.is_empty(), open, "another open request is told of");
                self.model.requests.push((made.request.id, kind, pool, count, RequestState::Submitted));
            }
        }
    }

    async fn process(&mut self, n: usize) {
        let (id, kind, pool, count, state) = self.model.requests[n];
        let result = self.app.process_license_request(&self.actor, id, "").await;
        let total = self.model.totals[&pool];
        if state != RequestState::Submitted {
            assert_eq!(refused(&result.expect_err("ended")), [Code::RequestEnded]);
        } else if total + kind.effect(count) < self.model.assigned(pool) {
            assert_eq!(refused(&result.expect_err("taken")), [Code::ReleaseTakenMeanwhile]);
        } else {
            let ended = result.expect("processed");
            assert_eq!(ended.totals, Some((total, total + kind.effect(count))));
            self.model.totals.insert(pool, total + kind.effect(count));
            self.model.requests[n].4 = RequestState::Processed;
            self.model.changes += 1;
        }
    }

    async fn end(&mut self, n: usize, how: RequestState) {
        let (id, _, _, _, state) = self.model.requests[n];
        let result = if how == RequestState::Rejected {
            self.app.reject_license_request(&self.actor, id, "no").await
        } else {
            self.app.withdraw_license_request(&self.actor, id, "").await
        };
        if state == RequestState::Submitted {
            assert_eq!(result.expect("ended").state, how);
            self.model.requests[n].4 = how;
        } else {
            assert_eq!(refused(&result.expect_err("ended")), [Code::RequestEnded]);
        }
    }

    async fn set_total(&mut self, pool: (usize, usize), total: i64) {
        let (clinic, group) = (self.clinics[pool.0], TYPES[pool.1].group());
        let result = self.app.set_license_total(&self.actor, clinic, group, total, "").await;
        if total < self.model.assigned(pool) {
            assert_eq!(refused(&result.expect_err("taken")), [Code::TotalBelowAssigned]);
        } else {
            result.expect("set");
            self.model.totals.insert(pool, total);
            self.model.changes += 1;
        }
    }

    async fn activate_all(&mut self) {
        let result = self.app.activate_waiting(&self.actor, &ActivationRequest::default()).await;
        let mut queue: Vec<usize> = (0..self.model.people.len()).filter(|n| self.model.people[*n].waits).collect();
        if queue.is_empty() {
            assert_eq!(refused(&result.expect_err("nobody")), [Code::NobodyWaits]);
            return;
        }
        queue.sort_by_key(|n| self.model.people[*n].id);
        let done = result.expect("done");
        let mut active = Vec::new();
        for n in queue {
            if self.model.free(self.model.people[n].pool) {
                self.model.people[n].active = true;
                self.model.people[n].waits = false;
                active.push(self.model.people[n].id);
            }
        }
        assert_eq!(done.active.iter().map(|(id, _)| *id).collect::<Vec<_>>(), active);
        assert!(done.refused.iter().all(|(_, _, r)| r.has(Code::NoLicenseAvailable)));
    }

    /// Everything that is stored is what the model says.
    async fn compare(&self) {
        for pool in self.app.license_pools(&self.actor).await.expect("pools") {
            let Some(group) = TYPES.iter().position(|t| t.group() == pool.group) else { continue };
            let clinic = self.clinics.iter().position(|c| *c == pool.clinic).expect("one of the two");
            let key = (clinic, group);
            assert_eq!((pool.total, pool.assigned), (self.model.totals.get(&key).copied(), self.model.assigned(key)));
            assert!(pool.total.is_none_or(|t| pool.assigned <= t), "never more assigned than there are");
        }
        let asked = WaitingQuery { limit: 200, ..WaitingQuery::default() };
        let waiting = self.app.waiting_list(&self.actor, &asked).await.expect("a list").items.len();
        assert_eq!(waiting, self.model.people.iter().filter(|p| p.waits).count());
        let asked = LedgerQuery { limit: 200, ..LedgerQuery::default() };
        let ledger = self.app.license_ledger(&self.actor, &asked).await.expect("the ledger");
        assert_eq!(ledger.items.len(), self.model.changes);
    }
}

async fn a_case(practice: &Practice, acts: &[Act]) {
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let organization = practice.app.add_organization(&format!("Practice {n}"), "UTC").await.expect("a practice");
    let actor = Actor::command_line(organization);
    let mut clinics = Vec::new();
    for name in ["East", "West"] {
        clinics.push(practice.app.add_clinic(&actor, name, None).await.expect("a clinic").id);
    }
    let clinics = [clinics[0], clinics[1]];
    let mut world = RunningFacts { app: &practice.app, actor, clinics, model: Model::default() };
    for (clinic, group, total) in [(0, 0, 2), (0, 1, 1), (1, 0, 3)] {
        world.set_total((clinic, group), total).await;
    }
    for act in acts {
        world.act(act).await;
    }
    world.compare().await;
    assert_eq!(practice.app.check().await.expect("checks"), Vec::<String>::new());
}

both_practices! {
    /// Whatever a practice and support do, in whatever order: never more assigned than there are, never a lost seat,
    /// and the ledger adds up to the totals.
    async fn licenses_follow_the_reference_model_under_random_use(practice) {
        let mut runner = TestRunner::new_with_rng(
            Config { cases: 24, failure_persistence: None, ..Config::default() },
            proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
        );
        let outcome = runner.run(&acts(), |acts| {
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(a_case(practice, &acts)));
            Ok(())
        });
        outcome.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(practice.app.verify_audit(|_| {}).await.expect("a walk"), []);
    }
}

async fn activated(app: &App, actor: &Actor, id: PersonId) -> bool {
    loop {
        match app.update_person(actor, id, None, status(true)).await {
            Ok(_) => return true,
            // More at once than the database has connections for: asked again, as a program would.
            Err(AppError::Unavailable) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            Err(error) => {
                assert_eq!(refused(&error), [Code::NoLicenseAvailable]);
                return false;
            }
        }
    }
}

both_practices! {
    /// 200 activations at once for 20 seats, 20 times over: exactly 20 win each time.
    async fn as_many_win_as_there_are_seats(practice) {
        let (clinic, machine) = (practice.clinics[0], practice.machine());
        let mut people = Vec::new();
        for _ in 0..200 {
            let new = somebody(UserType::SPT, &[clinic], clinic, false);
            let saved = practice.app.add_person(&machine, new, None).await.expect("added");
            people.push(saved.view.profile().person.id);
        }
        practice.app.set_license_total(&machine, clinic, Group::Student, 20, "").await.expect("set");
        for round in 0..20 {
            let mut racing = Vec::new();
            for id in people.iter().copied() {
                let (app, actor) = (practice.app.clone(), machine.clone());
                racing.push(tokio::spawn(async move { activated(&app, &actor, id).await.then_some(id) }));
            }
            let mut won = Vec::new();
            for one in racing {
                won.extend(one.await.expect("runs"));
            }
            assert_eq!(won.len(), 20, "round {round}");
            let pools = practice.app.license_pools(&machine).await.expect("pools");
            let pool = pools.iter().find(|p| (p.clinic, p.group) == (clinic, Group::Student)).expect("the pool");
            assert_eq!((pool.total, pool.assigned), (Some(20), 20));
            for id in won {
                practice.app.update_person(&machine, id, None, status(false)).await.expect("inactive again");
            }
        }
        assert_eq!(practice.app.check().await.expect("checks"), Vec::<String>::new());
    }

    /// Of many who process one request at once, one does; and of a release and those who want its seats, one side wins.
    async fn a_request_takes_effect_once_however_many_process_it(practice) {
        let (clinic, machine) = (practice.clinics[0], practice.machine());
        practice.app.set_license_total(&machine, clinic, Group::Student, 4, "").await.expect("set");
        for _ in 0..5 {
            let asked = wanted(RequestKind::Add, clinic, Group::Student, 1);
            let id = practice.app.submit_license_request(&machine, &asked, None).await.expect("asked").request.id;
            let mut racing = Vec::new();
            for n in 0..6 {
                let (app, actor) = (practice.app.clone(), machine.clone());
                racing.push(tokio::spawn(async move {
                    match n % 3 {
                        0 => app.withdraw_license_request(&actor, id, "").await,
                        1 => app.reject_license_request(&actor, id, "no").await,
                        _ => app.process_license_request(&actor, id, "").await,
                    }
                }));
            }
            let mut ended = 0;
            for one in racing {
                match one.await.expect("runs") {
                    Ok(_) => ended += 1,
                    Err(error) => assert_eq!(refused(&error), [Code::RequestEnded]),
                }
            }
            assert_eq!(ended, 1);
        }
        assert_eq!(practice.app.check().await.expect("checks"), Vec::<String>::new());
    }

    /// The two-step add: saved inactive, asked for, processed, active in one go; each step written to who asked and to
    /// the company admins.
    async fn whoever_waits_is_made_active_once_support_has_added_licenses(practice) {
        let (clinic, machine, app) = (practice.clinics[0], practice.machine(), &practice.app);
        app.set_license_total(&machine, clinic, Group::Student, 1, "").await.expect("set");
        let prices = Prices { currency: "USD".into(), amounts: [(Group::Student, 2500)].into() };
        app.set_license_prices(&machine, practice.organization, &prices).await.expect("priced");
        let mut people = Vec::new();
        for _ in 0..4 {
            let new = somebody(UserType::SPT, &[clinic], clinic, true);
            people.push(app.add_person(&machine, new, None).await.expect("saved").view.profile().person.id);
        }
        let manager = PersonSpec {
            username: "manager",
            user_type: UserType::Clerical,
            permissions: Some(&[Permission::ViewUsers, Permission::EditUsers, Permission::ViewPatients]),
            ..PersonSpec::default()
        };
        let manager = practice.add(manager).await;
        practice.give_password(&manager).await;
        practice.messages().await;
        let acting = actor(practice, "manager").await;
        let asked = app.submit_license_request(&acting, &wanted(RequestKind::Add, clinic, Group::Student, 2), None).await;
        let request = asked.expect("asked").request;
        assert_eq!(letters(app).await, [
            ("ada@saco.example".to_owned(), "License request 1 submitted: add 2 student licenses at Saco".to_owned()),
            ("manager@saco.example".to_owned(), "License request 1 submitted: add 2 student licenses at Saco".to_owned()),
        ]);
        let waiting = app.waiting_list(&acting, &WaitingQuery { limit: 50, ..WaitingQuery::default() }).await.expect("list");
        let freed: Vec<_> = waiting.items.iter().map(|q| q.freed).collect();
        assert_eq!(freed, [SeatForecast::Request(0), SeatForecast::Request(0), SeatForecast::Nothing]);
        assert!(waiting.items[0].request.is_some_and(|(id, n)| (id, n) == (request.id, 1)));

        let support = Actor::command_line(OrganizationId::INSTALLATION);
        let queue = app.license_queue(&support, None, 50).await.expect("a queue");
        assert_eq!(queue.items.iter().map(|r| r.id).collect::<Vec<_>>(), [request.id]);
        assert_eq!(refused(&app.process_license_request(&acting, request.id, "").await.expect_err("no")), [Code::SupportOnlyRequests]);
        app.process_license_request(&support, request.id, "Welcome").await.expect("processed");
        let told = letters(app).await;
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|(_, subject)| subject.starts_with("License request 1 processed")), "{told:?}");

        let done = app.activate_waiting(&acting, &ActivationRequest { invite: true, ..ActivationRequest::default() }).await.expect("done");
        assert_eq!((done.active.len(), done.refused.len(), done.invited), (2, 1, 2));
        assert!(done.refused[0].2.has(Code::NoLicenseAvailable));
        assert_eq!(letters(app).await.len(), 2, "invitations");

        // Withdrawn and rejected are written about too.
        for (n, ending) in [(2, "withdrawn"), (3, "rejected")] {
            let asked = app.submit_license_request(&acting, &wanted(RequestKind::Add, clinic, Group::Student, 1), None).await;
            let id = asked.expect("asked").request.id;
            letters(app).await;
            if n == 2 {
                app.withdraw_license_request(&acting, id, "").await.expect("withdrawn");
            } else {
                assert_eq!(refused(&app.reject_license_request(&support, id, " ").await.expect_err("why?")), [Code::Required]);
                app.reject_license_request(&support, id, "Not yet").await.expect("rejected");
            }
            let told = letters(app).await;
            let subject = format!("License request {n} {ending}");
            assert!(told.len() == 2 && told.iter().all(|(_, s)| s.starts_with(&subject)), "{told:?}");
        }
        assert_eq!(app.check().await.expect("checks"), Vec::<String>::new());
    }

    /// The two-step release, asked for while off-boarding; what was taken meanwhile cannot be released.
    async fn leaving_can_ask_for_the_release_and_seats_taken_meanwhile_stay(practice) {
        let (clinic, machine, app) = (practice.clinics[0], practice.machine(), &practice.app);
        let new = || somebody(UserType::SPT, &[clinic], clinic, true);
        let first = app.add_person(&machine, new(), None).await.expect("saved").view.profile().person.id;
        let plan: OffboardingPlan = app.offboarding_plan(&machine, first, OffboardingKind::Departure, None).await.expect("a plan");
        assert_eq!(plan.releasable, None, "no limit, nothing to release");
        let error = app.offboard(&machine, first, OffboardingKind::Departure, None, true).await.expect_err("nothing to release");
        assert_eq!(refused(&error), [Code::PoolUnlimited]);
        app.set_license_total(&machine, clinic, Group::Student, 1, "").await.expect("set");
        let plan = app.offboarding_plan(&machine, first, OffboardingKind::Departure, None).await.expect("a plan");
        assert_eq!(plan.releasable, Some((clinic, Group::Student)));
        let left = app.offboard(&machine, first, OffboardingKind::Departure, None, true).await.expect("left");
        assert!(left.steps.contains("license_release"), "{}", left.steps);
        let queue = app.license_queue(&machine, None, 50).await.expect("a queue").items;
        let request: &Request = &queue[0];
        assert_eq!((request.kind, request.count), (RequestKind::Release, 1));

        let second = app.add_person(&machine, new(), None).await.expect("saved");
        assert!(second.view.profile().emr.as_ref().is_some_and(muster_domain::emr::EmrAccount::is_active));
        let error = app.process_license_request(&machine, request.id, "").await.expect_err("taken");
        assert_eq!(refused(&error), [Code::ReleaseTakenMeanwhile]);
        app.update_person(&machine, second.view.profile().person.id, None, status(false)).await.expect("inactive");
        let ended = app.process_license_request(&machine, request.id, "").await.expect("processed");
        assert_eq!(ended.totals, Some((1, 0)));
        assert_eq!(app.check().await.expect("checks"), Vec::<String>::new());
    }

    /// What nobody held for two weeks is unused; a practice sees no more than its own, and a manager her clinics'.
    async fn unused_licenses_are_found_after_two_weeks_within_the_scope(practice) {
        let (machine, app) = (practice.machine(), &practice.app);
        for clinic in &practice.clinics[..2] {
            app.set_license_total(&machine, *clinic, Group::Student, 3, "").await.expect("set");
        }
        let (other, elsewhere, _) = practice.another("Other Rehab", "boss").await;
        app.set_license_total(&Actor::command_line(other), elsewhere, Group::Student, 9, "").await.expect("set");
        let prices = Prices { currency: "USD".into(), amounts: [(Group::Student, 2500)].into() };
        app.set_license_prices(&machine, practice.organization, &prices).await.expect("priced");
        assert_eq!(app.unused_licenses(&machine, 0, 50).await.expect("none").licenses, 0);
        practice.clock.advance(SignedDuration::from_hours(24 * 13));
        let home = practice.clinics[0];
        let new = somebody(UserType::SPT, &[home], home, true);
        let id = app.add_person(&machine, new, None).await.expect("saved").view.profile().person.id;
        app.update_person(&machine, id, None, status(false)).await.expect("inactive");
        practice.clock.advance(SignedDuration::from_hours(24 * 2));
        let report = app.unused_licenses(&machine, 0, 50).await.expect("some");
        assert_eq!((report.licenses, report.monthly.map(|m| m.amount)), (5, Some(12_500)));
        assert_eq!(report.items.iter().map(|u| u.unused).collect::<Vec<_>>(), [3, 2]);

        let manager = PersonSpec {
            username: "manager",
            user_type: UserType::Clerical,
            permissions: Some(&[Permission::ViewUsers]),
            ..PersonSpec::default()
        };
        let manager = practice.add(manager).await;
        practice.give_password(&manager).await;
        let acting = actor(practice, "manager").await;
        assert_eq!(app.unused_licenses(&acting, 0, 50).await.expect("hers").licenses, 2);
        let asked = wanted(RequestKind::Add, practice.clinics[1], Group::Student, 1);
        let error = app.submit_license_request(&acting, &asked, None).await.expect_err("not hers");
        assert_eq!(refused(&error), [Code::ClinicOutsideYourAccess]);
        let theirs = app.submit_license_request(&machine, &asked, None).await.expect("asked").request.id;
        assert!(matches!(app.license_request(&acting, theirs).await, Err(AppError::NotFound)));
        assert!(matches!(app.withdraw_license_request(&acting, theirs, "").await, Err(AppError::NotFound)));
        assert!(matches!(app.license_queue(&acting, None, 50).await, Err(AppError::NotFound)));
        assert!(matches!(app.clinic_licenses(&acting, practice.clinics[1]).await, Err(AppError::NotFound)));
        let all = app.license_ledger(&acting, &LedgerQuery { limit: 50, ..LedgerQuery::default() }).await.expect("hers");
        assert!(all.items.iter().all(|e| e.clinic == practice.clinics[0]) && all.items.len() == 1);
    }
}

async fn actor(practice: &Practice, username: &str) -> Actor {
    let token = practice.session(username).await;
    let origin = muster_app::Origin {
        channel: muster_app::Channel::Page,
        address: "127.0.0.1".into(),
        user_agent: String::new(),
    };
    match practice.app.authenticate(&token, origin).await.expect("authenticates") {
        muster_app::sign_in::SessionStatus::Open(both) => both.0,
        other => panic!("{other:?}"),
    }
}

/// Recipient and subject of every letter waiting, in order; they count as sent.
async fn letters(app: &App) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for one in app.take_messages(1000).await.expect("messages") {
        app.message_done(&one, Ok(())).await.expect("noted");
        all.push((one.to.clone(), one.message.subject.clone()));
    }
    all.sort();
    all
}
