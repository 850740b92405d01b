//! What bulk updates promise, on both engines: the same as single edits, nothing twice, and all of it can be taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use muster_app::bulk::{BulkResult, BulkView, Selection};
use muster_app::people::NewProfile;
use muster_app::sign_in::SessionStatus;
use muster_app::{Actor, App, AppError, Channel, Clock, Entropy, Filter, Keys, Origin, Settings};
use muster_domain::bulk::{BulkChange, BulkOutcome, BulkState, ChangeSet};
use muster_domain::emr::{EmrPatch, Permission, Status, UserType};
use muster_domain::licenses::Group;
use muster_domain::people::PersonPatch;
use muster_domain::people::{Change, NewPassword, Profile};
use muster_domain::{ClinicId, Code, OrganizationId, PersonId};
use muster_store::Db;
use muster_testkit::both_engines;

use BulkChange::{AddClinic, AddPermission, RemoveClinic, RemovePermission, SetStatus};
use Permission as P;

const PASSWORD: &str = "Quiet-Lantern-42-Ferry";

/// Numbers that look random and repeat with the seed (xorshift64*).
struct SeededRng(u64);

impl SeededRng {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).expect("31 bits") % sides
    }

    fn some<T: Copy>(&mut self, all: &[T], one_in: usize) -> Vec<T> {
        all.iter().copied().filter(|_| self.roll(one_in) == 0).collect()
    }
}

struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(self.0.load(Ordering::SeqCst)).expect("a time")
    }
}

struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let n = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            chunk.copy_from_slice(&n.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// An installation and its clock.
fn app(db: &Db) -> (App, Arc<Hands>) {
    let clock = Arc::new(Hands(1_800_000_000.into()));
    let keys = Keys::derive(b"a secret for tests, thirty-two b");
    (App::new(db.clone(), clock.clone(), Arc::new(Counted(1.into())), keys, Settings::default()), clock)
}

/// A practice with people in the order in which a bulk update goes through them.
struct RunningFacts {
    app: App,
    organization: OrganizationId,
    clinics: Vec<ClinicId>,
    people: Vec<PersonId>,
    tag: &'static str,
}

fn npi(n: usize) -> String {
    let nine = format!("1{n:08}");
    format!("{nine}{}", muster_domain::people::npi::check_digit(nine.as_bytes()))
}

impl RunningFacts {
    async fn new(app: &App, tag: &'static str, clinics: usize) -> Self {
        let organization = app.add_organization(&format!("Practice {tag}"), "UTC").await.expect("a practice");
        let mut world = Self { app: app.clone(), organization, clinics: vec![], people: vec![], tag };
        for n in 0..clinics {
            let clinic = app.add_clinic(&world.machine(), &format!("Clinic {n}"), None).await.expect("a clinic");
            world.clinics.push(clinic.id);
        }
        world
    }

    fn machine(&self) -> Actor {
        Actor::command_line(self.organization)
    }

    async fn add(&self, name: &str, kind: UserType, held: &[P], clinics: &[usize], active: bool) -> PersonId {
        let number = name.bytes().fold(7_usize, |sum, b| (sum * 31 + usize::from(b)) % 99_999_999);
        let clinics: Vec<ClinicId> = clinics.iter().map(|c| self.clinics[*c]).collect();
        let new = NewProfile {
            person: PersonPatch {
                first_name: Some(name.into()),
                last_name: Some("Quill".into()),
                email: Some(Some(format!("{name}@{}.example", self.tag))),
                username: Some(format!("{name}.{}", self.tag)),
                npi: (kind.group() == Group::Therapist).then(|| Some(npi(number))),
                ..PersonPatch::default()
            },
            emr: Some(EmrPatch {
                user_type: Some(kind.as_str().into()),
                status: Some(if active { "active" } else { "inactive" }.into()),
                default_clinic: clinics.first().copied(),
                clinics: Some(clinics.into_iter().collect()),
                permissions: Some(held.iter().map(|p| p.as_str().to_owned()).collect()),
                license_number: kind.has_signature().then(|| Some("L-1".into())),
                ..EmrPatch::default()
            }),
            password: Some(NewPassword { password: PASSWORD.into(), confirmation: None }),
            invite: Some(false),
            ..NewProfile::default()
        };
        let saved = self.app.add_person(&self.machine(), new, None).await;
        saved.unwrap_or_else(|e| panic!("{name}: {e}")).view.profile().person.id
    }

    async fn signed_in(&self, name: &str) -> Actor {
        let origin = || Origin { channel: Channel::Page, address: "192.0.2.1".into(), user_agent: "test".into() };
        let token =
            self.app.sign_in(&format!("{name}.{}", self.tag), PASSWORD, &origin()).await.expect("signs in").token;
        match self.app.authenticate(&token, origin()).await.expect("authenticates") {
            SessionStatus::Open(both) | SessionStatus::PasswordChangeDue(both) => both.0,
            other => panic!("{other:?}"),
        }
    }

    async fn profile(&self, person: PersonId) -> (Profile, i64) {
        let found = self.app.person(&self.machine(), person).await.expect("somebody");
        (found.stored.profile.clone(), found.stored.version)
    }

    async fn profiles(&self) -> Vec<Profile> {
        let mut all = Vec::new();
        for person in &self.people {
            all.push(self.profile(*person).await.0);
        }
        all
    }

    /// An account with everything that belongs to this practice alone taken out.
    fn plain(&self, profile: &Profile) -> String {
        let account = profile.emr.as_ref().expect("an account");
        let at = |c: &ClinicId| self.clinics.iter().position(|x| x == c);
        let clinics: BTreeSet<_> = account.clinics.iter().map(at).collect();
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?}",
            account.user_type,
            account.status,
            account.inactive_reason,
            at(&account.default_clinic),
            clinics,
            account.permissions
        )
    }

    async fn finished(&self, actor: &Actor, started: BulkView) -> BulkView {
        while self.app.work_on_bulk(|| true).await.expect("works") {}
        let view = self.app.bulk_job(actor, started.job.id).await.expect("the job");
        assert!(!view.is_running(), "{:?}", view.job);
        view
    }

    async fn results(&self, actor: &Actor, job: &BulkView) -> Vec<BulkResult> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.app.bulk_results(actor, job.job.id, false, after, 7).await.expect("results");
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                return all;
            }
        }
    }

    async fn is_whole(&self) {
        assert_eq!(self.app.verify_audit(|_| ()).await.expect("verifies"), vec![]);
        assert_eq!(self.app.check().await.expect("checks"), Vec::<String>::new());
    }
}

fn set(changes: &[BulkChange]) -> ChangeSet {
    ChangeSet::new(changes.iter().copied()).expect("changes that go together")
}

fn everybody() -> Selection {
    Selection::Filter(Filter::default())
}

/// The same practice twice: people, rights and licenses made of the same throws.
async fn twins(app: &App, seed: u64) -> [RunningFacts; 2] {
    let mut worlds = [RunningFacts::new(app, "a", 4).await, RunningFacts::new(app, "b", 4).await];
    for world in &mut worlds {
        let mut rng = SeededRng(seed);
        let chief = [P::ViewPatients, P::EditPatients, P::ViewUsers, P::EditUsers, P::ClinicAdmin, P::CalendarAdmin];
        world.people.push(world.add("chief", UserType::Clerical, &chief, &[0, 1], true).await);
        let all = [P::CompanyAdmin, P::ViewPatients];
        world.people.push(world.add("boss", UserType::Clerical, &all, &[0], true).await);
        for n in 0..24 {
            let kind = UserType::ALL[rng.roll(UserType::ALL.len())];
            let may: Vec<P> =
                P::ALL.into_iter().filter(|p| muster_domain::emr::eligibility(kind, *p).is_ok()).collect();
            let mut held = rng.some(&may, 3);
            held.retain(|p| *p != P::CompanyAdmin && (*p != P::FinishSoapNotes || kind.group() == Group::Therapist));
            held.push(P::ViewPatients);
            if held.contains(&P::BillingReportAdmin) {
                held.push(P::AnalyticsAccess);
            }
            let mut clinics = rng.some(&[0, 1, 2, 3], 3);
            if clinics.is_empty() {
                clinics.push(rng.roll(4));
            }
            let active = rng.roll(3) > 0;
            world.people.push(world.add(&format!("p{n}"), kind, &held, &clinics, active).await);
        }
        for clinic in 0..2 {
            let pools = world.app.license_pools(&world.machine()).await.expect("pools");
            let used =
                |g| pools.iter().find(|p| p.clinic == world.clinics[clinic] && p.group == g).map_or(0, |p| p.assigned);
            for group in [Group::Therapist, Group::Assistant] {
                let total = used(group) + 1;
                world
                    .app
                    .set_license_total(&world.machine(), world.clinics[clinic], group, total, "")
                    .await
                    .expect("a total");
            }
        }
    }
    // In the order in which a bulk update of the first goes through them, the second alike.
    let [a, b] = &mut worlds;
    let mut both: Vec<(PersonId, PersonId)> = a.people.iter().copied().zip(b.people.iter().copied()).collect();
    both.sort();
    (a.people, b.people) = both.into_iter().unzip();
    worlds
}

fn random_changes(world: &RunningFacts, rng: &mut SeededRng) -> Vec<BulkChange> {
    loop {
        let mut all = Vec::new();
        for p in P::ALL {
            match rng.roll(6) {
                0 => all.push(AddPermission(p)),
                1 => all.push(RemovePermission(p)),
                _ => {}
            }
        }
        for c in &world.clinics {
            match rng.roll(5) {
                0 => all.push(AddClinic(*c)),
                1 => all.push(RemoveClinic(*c)),
                _ => {}
            }
        }
        match rng.roll(4) {
            0 => all.push(SetStatus(Status::Active)),
            1 => all.push(SetStatus(Status::Inactive)),
            _ => {}
        }
        if !all.is_empty() {
            return all;
        }
    }
}

/// The bulk-only rules, as the help of the product states them.
fn bulk_only(kind: UserType, change: BulkChange) -> Option<&'static str> {
    match change {
        RemovePermission(P::ClinicAdmin | P::CompanyAdmin) => Some("cannot_remove_admin_permission"),
        AddPermission(P::FinishSoapNotes) if matches!(kind.group(), Group::Assistant | Group::Student) => {
            Some("finish_not_in_bulk_for_type")
        }
        _ => None,
    }
}

fn patch(profile: &Profile, changes: &[BulkChange]) -> Change {
    let account = profile.emr.as_ref().expect("an account");
    let (mut held, mut clinics, mut status) = (account.permissions, account.clinics.clone(), None);
    for change in changes {
        match change {
            AddPermission(p) => held = held.with(*p),
            RemovePermission(p) => held = held.without(*p),
            AddClinic(c) => drop(clinics.insert(*c)),
            RemoveClinic(c) => drop(clinics.remove(c)),
            SetStatus(s) => status = Some(s.as_str().to_owned()),
        }
    }
    let emr = EmrPatch {
        permissions: Some(held.iter().map(|p| p.as_str().to_owned()).collect()),
        clinics: Some(clinics),
        status,
        ..EmrPatch::default()
    };
    Change { emr: Some(emr), ..Change::default() }
}

fn is_so(profile: &Profile, change: BulkChange) -> bool {
    let account = profile.emr.as_ref().expect("an account");
    match change {
        AddPermission(p) => account.permissions.contains(p),
        RemovePermission(p) => !account.permissions.contains(p),
        AddClinic(c) => account.clinics.contains(&c),
        RemoveClinic(c) => !account.clinics.contains(&c),
        SetStatus(s) => account.status == s,
    }
}

/// The same by single edits: all of it in one save where that is allowed, else one save a change. What was refused.
async fn singly(
    world: &RunningFacts,
    actor: &Actor,
    person: PersonId,
    changes: &ChangeSet,
) -> Vec<(Option<String>, String)> {
    let whole = |code: &str| vec![(None, code.to_owned())];
    let Ok(before) = world.app.person(actor, person).await else { return whole("user_outside_your_access") };
    if let Some(refusal) = &before.edit_refused {
        return whole(refusal.code.as_str());
    }
    let before = before.stored.profile;
    let (mut wanted, mut refused) = (Vec::new(), Vec::new());
    for change in changes.changes() {
        let name = Some(change.op().to_owned());
        let kind = before.emr.as_ref().expect("an account").user_type;
        match *change {
            AddClinic(c) | RemoveClinic(c) if !actor.authority().emr().reaches(c) => {
                refused.push((name, "clinic_outside_your_access".to_owned()));
            }
            change if is_so(&before, change) => {}
            change => match bulk_only(kind, change) {
                Some(code) => refused.push((name, code.to_owned())),
                None => wanted.push(change),
            },
        }
    }
    if wanted.is_empty() {
        return if refused.is_empty() { whole("nothing_to_change") } else { refused };
    }
    if world.app.update_person(actor, person, None, patch(&before, &wanted)).await.is_ok() {
        return refused;
    }
    for change in wanted {
        let now = world.profile(person).await.0;
        match world.app.update_person(actor, person, None, patch(&now, &[change])).await {
            Ok(_) => {}
            Err(AppError::Refused(r)) => {
                let code =
                    if r.has(Code::DefaultClinicNotRemovable) { Code::DefaultClinicNotRemovable } else { r.0[0].code };
                refused.push((Some(change.op().to_owned()), code.as_str().to_owned()));
            }
            Err(error) => panic!("{error}"),
        }
    }
    refused
}

both_engines! {
    /// Whoever acts and whatever is asked for, a bulk update leaves behind what single edits would have, and its undo
    /// leaves behind what was there before.
    async fn a_bulk_update_equals_single_edits_and_its_undo_equals_nothing(db) {
        let (app, _) = app(db);
        let [a, b] = twins(&app, 0x5EED_0005).await;
        let mut rng = SeededRng(0xB01D_FACE);
        let mut codes: BTreeSet<String> = BTreeSet::new();
        for round in 0..14 {
            let seed = random_changes(&a, &mut rng);
            let turned: Vec<BulkChange> = seed.iter().map(|c| match c {
                AddClinic(c) => AddClinic(b.clinics[a.clinics.iter().position(|x| x == c).expect("a clinic")]),
                RemoveClinic(c) => RemoveClinic(b.clinics[a.clinics.iter().position(|x| x == c).expect("a clinic")]),
                other => *other,
            }).collect();
            // Identities of clinics differ between the two, and with them the order of changes; singly they have to
            // come in the order of the first.
            let in_a = set(&seed);
            let in_b = ChangeSet::in_order(turned);
            let as_chief = round % 3 == 1;
            let (of_a, of_b) = if as_chief {
                (a.signed_in("chief").await, b.signed_in("chief").await)
            } else {
                (a.machine(), b.machine())
            };
            let before = a.profiles().await;
            let pools = a.app.license_pools(&a.machine()).await.expect("pools");
            // Without the actor: single edits of one's own access would end the rights of the next request.
            let others: Vec<(PersonId, PersonId)> = a.people.iter().copied().zip(b.people.iter().copied())
                .filter(|(person, _)| of_a.person_id() != Some(*person)).collect();
            let selected = Selection::Ids(others.iter().map(|(person, _)| *person).collect());
            let job = app.bulk_update(&of_a, &selected, &in_a, None).await.expect("starts");
            let job = a.finished(&of_a, job).await;
            let results: BTreeMap<PersonId, BulkResult> =
                a.results(&of_a, &job).await.into_iter().map(|r| (r.person, r)).collect();
            assert_eq!(results.len(), others.len());
            for (in_a, in_b_person) in &others {
                let refused = singly(&b, &of_b, *in_b_person, &in_b).await;
                let ours: BTreeSet<(Option<String>, String)> =
                    results[in_a].refused.iter().map(|r| (r.op.clone(), r.code.clone())).collect();
                codes.extend(ours.iter().map(|(_, code)| code.clone()));
                let theirs: BTreeSet<(Option<String>, String)> = refused.into_iter().collect();
                assert_eq!(ours, theirs, "round {round}, {in_a}");
                let (mine, yours) = (a.profile(*in_a).await.0, b.profile(*in_b_person).await.0);
                assert_eq!(a.plain(&mine), b.plain(&yours), "round {round}, {in_a}, {:?}", results[in_a]);
            }
            let tally = &job.job.tally;
            assert_eq!(tally.updated, results.values().filter(|r| r.state == "updated").count() as u64);
            assert_eq!(tally.judged, others.len() as u64);
            a.is_whole().await;

            if tally.updated == 0 || (as_chief && in_a.changes().contains(&SetStatus(Status::Inactive))) {
                continue;
            }
            // Whoever undoes has to reach all of it: the chief may have given something away for good.
            let undo = app.undo_bulk(&a.machine(), job.job.id, None).await.expect("undoes");
            let undo = a.finished(&a.machine(), undo).await;
            assert_eq!(undo.outcome, Some(BulkOutcome::Complete), "{:?}", undo.job.tally);
            assert_eq!(a.profiles().await, before, "round {round}");
            assert_eq!(a.app.license_pools(&a.machine()).await.expect("pools"), pools);
            a.is_whole().await;
            // The second practice goes back as well, by hand.
            for (person, old) in b.people.iter().zip(&before) {
                let to = |c: &ClinicId| b.clinics[a.clinics.iter().position(|x| x == c).expect("a clinic")];
                let account = old.emr.as_ref().expect("an account");
                let emr = EmrPatch {
                    permissions: Some(account.permissions.iter().map(|p| p.as_str().to_owned()).collect()),
                    clinics: Some(account.clinics.iter().map(to).collect()),
                    status: Some(account.status.as_str().to_owned()),
                    ..EmrPatch::default()
                };
                let change = Change { emr: Some(emr), ..Change::default() };
                b.app.update_person(&b.machine(), *person, None, change).await.expect("goes back");
            }
        }
        for code in ["cannot_remove_admin_permission", "soap_not_for_clerical_or_billing", "finish_not_in_bulk_for_type",
            "clinic_outside_your_access", "default_clinic_not_removable", "permission_not_held_by_you", "last_admin",
            "user_outside_your_access", "no_license_available"] {
            assert!(codes.contains(code), "{code} was never met: {codes:?}");
        }
    }

    async fn whoever_was_changed_since_is_not_overwritten_neither_by_the_update_nor_by_its_undo(db) {
        let (app, _) = app(db);
        let mut world = RunningFacts::new(&app, "a", 2).await;
        for n in 0..3 {
            world.people.push(world.add(&format!("p{n}"), UserType::PT, &[P::ViewPatients], &[0], true).await);
        }
        let machine = world.machine();
        let phone = |text: &str| Change {
            person: PersonPatch { phone: Some(Some(text.into())), ..PersonPatch::default() },
            ..Change::default()
        };
        let draft = app.draft_bulk(&machine, Selection::Ids(world.people.clone())).await.expect("a draft");
        app.update_person(&machine, world.people[0], None, phone("207 555 0142")).await.expect("saved");
        let changes = set(&[AddPermission(P::EditPatients)]);
        let preview = app.preview_bulk(&machine, draft.job.id, &changes).await.expect("a preview");
        assert_eq!((preview.tally.updated, preview.tally.refused), (2, 1));
        let job = app.start_bulk(&machine, draft.job.id, &changes, None).await.expect("starts");
        assert_eq!(job.outcome, Some(BulkOutcome::Partial));
        assert_eq!(job.job.tally.by_code, [("user_changed_since_preview".to_owned(), 1)].into());
        assert_eq!((job.job.tally.user_changes_refused, job.job.tally.clinic_changes_refused), (1, 0));
        let again = app.start_bulk(&machine, draft.job.id, &changes, None).await;
        assert!(matches!(again, Err(AppError::Refused(r)) if r.has(Code::BulkStartedAlready)));

        app.update_person(&machine, world.people[1], None, phone("207 555 0143")).await.expect("saved");
        let preview = app.preview_bulk_undo(&machine, job.job.id).await.expect("a preview");
        assert_eq!((preview.tally.updated, preview.tally.refused), (1, 1));
        let undo = app.undo_bulk(&machine, job.job.id, None).await.expect("undoes");
        assert_eq!(undo.job.tally.by_code, [("changed_since_bulk_update".to_owned(), 1)].into());
        let twice = app.undo_bulk(&machine, job.job.id, None).await;
        assert!(matches!(twice, Err(AppError::Refused(r)) if r.has(Code::BulkUndoneAlready)));
        let held: Vec<bool> = world.profiles().await.iter()
            .map(|p| p.emr.as_ref().expect("an account").permissions.contains(P::EditPatients)).collect();
        assert_eq!(held, [false, true, false]);
        world.is_whole().await;
    }

    /// Two overlapping bulk updates, worked on by several programs at once: each person is done once by each, or refused
    /// because the other was there first.
    async fn overlapping_bulk_updates_do_nothing_twice(db) {
        let (app, _) = app(db);
        let world = RunningFacts::new(&app, "a", 2).await;
        let mut csv = String::from("first_name,last_name,email,user_type,clinics,permissions\n");
        for n in 0..1600 {
            csv.push_str(&format!("Ada{n},Lund,ada{n}@x.example,Clerical,Clinic 0,view_patients\n"));
        }
        let machine = world.machine();
        let options = muster_app::imports::ImportOptions::default();
        app.import_people(&machine, std::io::Cursor::new(csv.into_bytes()), options, |_| ()).await.expect("imported");
        let one = app.draft_bulk(&machine, everybody()).await.expect("a draft").job.id;
        let two = app.draft_bulk(&machine, everybody()).await.expect("a draft").job.id;
        let (first, second) = (set(&[AddPermission(P::EditPatients)]), set(&[AddClinic(world.clinics[1])]));
        let work = || {
            let app = app.clone();
            tokio::spawn(async move { while app.work_on_bulk(|| true).await.expect("works") {} })
        };
        let (started, also) = tokio::join!(
            app.start_bulk(&machine, one, &first, None),
            app.start_bulk(&machine, two, &second, None)
        );
        let workers = [work(), work(), work()];
        for worker in workers {
            worker.await.expect("ends");
        }
        let started = world.finished(&machine, started.expect("starts")).await;
        let also = world.finished(&machine, also.expect("starts")).await;
        let (a, b) = (&started.job.tally, &also.job.tally);
        assert_eq!((a.judged, b.judged), (1600, 1600));
        assert_eq!((a.updated + a.refused, b.updated + b.refused), (1600, 1600));
        assert_eq!(a.updated + b.updated, 1600, "each person was changed once");
        let query = muster_app::audit::AuditQuery { limit: 200, action: Some("bulk_update.done".into()), ..Default::default() };
        assert_eq!(app.audit_records(&machine, &query).await.expect("reads").records.len(), 2);
        world.is_whole().await;
    }

    async fn whoever_loses_the_right_meanwhile_does_not_go_on_by_way_of_the_background(db) {
        let (app, _) = app(db);
        let world = RunningFacts::new(&app, "a", 1).await;
        let chief = [P::ViewPatients, P::EditPatients, P::ViewUsers, P::EditUsers, P::ClinicAdmin];
        let id = world.add("chief", UserType::Clerical, &chief, &[0], true).await;
        world.add("other", UserType::Clerical, &chief, &[0], true).await;
        let mut csv = String::from("first_name,last_name,email,user_type,clinics,permissions\n");
        for n in 0..1400 {
            csv.push_str(&format!("Ada{n},Lund,ada{n}@x.example,Clerical,Clinic 0,view_patients\n"));
        }
        let options = muster_app::imports::ImportOptions::default();
        app.import_people(&world.machine(), std::io::Cursor::new(csv.into_bytes()), options, |_| ()).await.expect("imported");
        let actor = world.signed_in("chief").await;
        let changes = set(&[AddPermission(P::EditPatients)]);
        let job = app.bulk_update(&actor, &everybody(), &changes, None).await.expect("starts");
        assert!(job.is_running() && job.job.tally.judged == 1000, "{:?}", job.job.tally);
        let gone = Change {
            emr: Some(EmrPatch { status: Some("inactive".into()), ..EmrPatch::default() }),
            ..Change::default()
        };
        app.update_person(&world.machine(), id, None, gone).await.expect("made inactive");
        assert!(app.work_on_bulk(|| true).await.expect("works"));
        let job = app.bulk_job(&world.machine(), job.job.id).await.expect("the job");
        assert_eq!((job.job.state, job.job.tally.judged), (BulkState::Stopped, 1000));
        assert_eq!(job.outcome, Some(BulkOutcome::Partial));
        world.is_whole().await;
    }

    async fn nobody_without_the_right_and_nobody_else_gets_near_a_bulk_update(db) {
        let (app, clock) = app(db);
        let world = RunningFacts::new(&app, "a", 2).await;
        let chief = [P::ViewPatients, P::EditPatients, P::ViewUsers, P::EditUsers, P::ClinicAdmin];
        world.add("chief", UserType::Clerical, &chief, &[0], true).await;
        world.add("peer", UserType::Clerical, &chief, &[0], true).await;
        world.add("clerk", UserType::Clerical, &chief[..4], &[0], true).await;
        let here = world.add("here", UserType::PT, &[P::ViewPatients], &[0], true).await;
        let there = world.add("there", UserType::PT, &[P::ViewPatients], &[1], true).await;
        let foreign = RunningFacts::new(&app, "b", 1).await;
        let alien = foreign.add("alien", UserType::PT, &[P::ViewPatients], &[0], true).await;
        let (clerk, actor, peer) =
            (world.signed_in("clerk").await, world.signed_in("chief").await, world.signed_in("peer").await);
        let changes = set(&[AddPermission(P::EditPatients)]);
        let refused = app.bulk_update(&clerk, &everybody(), &changes, None).await;
        assert!(matches!(refused, Err(AppError::Refused(r)) if r.has(Code::NotAllowed)));

        let ids = Selection::Ids(vec![here, there, alien, PersonId(uuid::Uuid::from_u128(5))]);
        let job = app.bulk_update(&actor, &ids, &changes, None).await.expect("starts");
        assert_eq!((job.job.selected, job.job.tally.updated), (4, 1));
        assert_eq!(job.job.tally.by_code, [("user_outside_your_access".to_owned(), 3)].into());
        for result in world.results(&actor, &job).await {
            assert_eq!(result.full_name.is_some(), result.person == here, "{result:?}");
        }
        let by_filter = app.draft_bulk(&actor, everybody()).await.expect("a draft");
        assert_eq!(by_filter.job.selected, 4, "those of one's clinics: chief, peer, clerk, here");
        for id in [job.job.id, by_filter.job.id] {
            assert!(matches!(app.bulk_job(&peer, id).await, Err(AppError::NotFound)));
            assert!(matches!(app.bulk_job(&foreign.machine(), id).await, Err(AppError::NotFound)));
            assert!(matches!(app.undo_bulk(&peer, id, None).await, Err(AppError::NotFound)));
        }
        assert!(app.bulk_job(&world.machine(), job.job.id).await.is_ok(), "whoever reaches everything sees it");
        assert!(matches!(app.bulk_job(&world.machine(), by_filter.job.id).await, Err(AppError::NotFound)), "but no draft");
        assert_eq!(app.bulk_jobs(&peer, None, 50).await.expect("lists").len(), 0);
        assert_eq!(app.bulk_jobs(&actor, None, 50).await.expect("lists").len(), 1);

        clock.0.fetch_add(31 * 24 * 3600, Ordering::SeqCst);
        let late = app.undo_bulk(&world.machine(), job.job.id, None).await;
        assert!(matches!(late, Err(AppError::Refused(r)) if r.has(Code::BulkUndoTooOld)));
    }

    async fn ten_drafts_of_one_person_are_kept(db) {
        let (app, clock) = app(db);
        let world = RunningFacts::new(&app, "a", 1).await;
        let chief = [P::ViewPatients, P::EditPatients, P::ViewUsers, P::EditUsers, P::ClinicAdmin];
        world.add("chief", UserType::Clerical, &chief, &[0], true).await;
        let (chief, machine) = (world.signed_in("chief").await, world.machine());
        let other = app.draft_bulk(&machine, everybody()).await.expect("a draft");
        let mut drafts = Vec::new();
        for _ in 0..11 {
            clock.0.fetch_add(1, Ordering::SeqCst);
            drafts.push(app.draft_bulk(&chief, everybody()).await.expect("a draft").job.id);
        }
        assert!(matches!(app.bulk_job(&chief, drafts[0]).await, Err(AppError::NotFound)), "the oldest made room");
        assert!(app.bulk_job(&chief, drafts[1]).await.is_ok());
        assert!(app.bulk_job(&machine, other.job.id).await.is_ok(), "nobody else's");
    }

    async fn made_inactive_in_bulk_ends_every_way_in(db) {
        let (app, _) = app(db);
        let mut world = RunningFacts::new(&app, "a", 1).await;
        for name in ["mara", "zoe"] {
            world.people.push(world.add(name, UserType::PT, &[P::ViewPatients], &[0], true).await);
        }
        let origin = || Origin { channel: Channel::Page, address: "192.0.2.1".into(), user_agent: "test".into() };
        let session = app.sign_in("mara.a", PASSWORD, &origin()).await.expect("signs in").token;
        let changes = set(&[SetStatus(Status::Inactive)]);
        let job = app.bulk_update(&world.machine(), &Selection::Ids(world.people[..1].to_vec()), &changes, None).await.expect("starts");
        assert_eq!(job.outcome, Some(BulkOutcome::Complete));
        assert!(matches!(app.authenticate(&session, origin()).await.expect("judged"), SessionStatus::Nobody));
        let undo = app.undo_bulk(&world.machine(), job.job.id, None).await.expect("undoes");
        assert_eq!(undo.outcome, Some(BulkOutcome::Complete));
        assert!(matches!(app.authenticate(&session, origin()).await.expect("judged"), SessionStatus::Nobody), "ended is ended");
        world.is_whole().await;
    }

    async fn a_file_of_changes_becomes_a_draft_and_the_same_file_again_changes_nothing(db) {
        let (app, _) = app(db);
        let mut world = RunningFacts::new(&app, "a", 2).await;
        for name in ["mara", "zoe", "ida"] {
            world.people.push(world.add(name, UserType::PT, &[P::ViewPatients], &[0], true).await);
        }
        let machine = world.machine();
        let text = "Login,add_permissions,clinics,status,Note\n\
            mara.a,Edit Patients; analytics_access,Clinic 0; Clinic 1,,x\n\
            zoe.a,fly,,,x\nnobody.a,edit_patients,,,x\nida.a,,,inactive,x\nida.a,,,active,x\n";
        let options = muster_app::bulk::FileOptions { name: "changes.csv".into(), map: vec![("Login".into(), "username".into())] };
        let read = |options: muster_app::bulk::FileOptions| app.draft_bulk_from_file(&machine, text.as_bytes(), options);
        let nowhere = read(muster_app::bulk::FileOptions::default()).await;
        assert!(matches!(nowhere, Err(AppError::Refused(r)) if r.has(Code::UnknownColumn)));
        let (draft, file) = read(options.clone()).await.expect("a draft");
        assert_eq!((file.rows, file.faulty, draft.job.selected), (5, 3, 2));
        assert_eq!(file.ignored, ["Note"]);
        let faults: Vec<(u64, &str)> = file.faults.iter().map(|f| (f.line, f.code.as_str())).collect();
        assert_eq!(faults, [(3, "unknown_permission"), (4, "user_outside_your_access"), (6, "listed_twice")]);
        let preview = app.preview_bulk(&machine, draft.job.id, &ChangeSet::default()).await.expect("a preview");
        assert_eq!((preview.tally.updated, preview.tally.refused), (2, 0));
        let job = app.start_bulk(&machine, draft.job.id, &ChangeSet::default(), None).await.expect("starts");
        assert_eq!(job.outcome, Some(BulkOutcome::Complete));
        let rows = String::from_utf8(app.bulk_rows_to_fix(&machine, job.job.id).await.expect("rows")).expect("text");
        assert_eq!(rows.lines().count(), 4, "{rows}");
        assert!(rows.starts_with("Login,add_permissions,clinics,status,Note,problem\n"), "{rows}");

        let (again, _) = read(options).await.expect("a draft");
        let again = app.start_bulk(&machine, again.job.id, &ChangeSet::default(), None).await.expect("starts");
        assert_eq!((again.job.tally.updated, again.job.tally.unchanged), (0, 2));
        let undo = app.undo_bulk(&machine, job.job.id, None).await.expect("undoes");
        assert_eq!(undo.outcome, Some(BulkOutcome::Complete));
        world.is_whole().await;
    }
}
