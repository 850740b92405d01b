//! What must hold whatever people do: scope, last admins, uniqueness, seats, and a complete record. On both engines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use muster_app::audit::AuditQuery;
use muster_app::organizations::NewOrganization;
use muster_app::people::{Listed, NewProfile};
use muster_app::sign_in::Standing;
use muster_app::{Actor, App, AppError, Channel, Clock, Entropy, Filter, Keys, Origin, Settings};
use muster_domain::emr::{Change, EmrPatch, NewPassword, Permission, UserType};
use muster_domain::people::PersonPatch;
use muster_domain::{ClinicId, Code, OrganizationId, PersonId};
use muster_store::Db;
use muster_testkit::both_engines;

const PASSWORD: &str = "Quiet-Lantern-42-Ferry";

/// Numbers that look random and repeat with the seed (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).expect("31 bits") % sides
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }
}

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(1_800_000_000).expect("a time")
    }
}

struct Counted(std::sync::atomic::AtomicU64);

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let n = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            chunk.copy_from_slice(&n.to_be_bytes()[..chunk.len()]);
        }
    }
}

fn app(db: &Db) -> App {
    let keys = Keys::derive(b"a secret for tests, thirty-two b");
    App::new(db.clone(), Arc::new(StoppedClock), Arc::new(Counted(1.into())), keys, Settings::default())
}

fn origin() -> Origin {
    Origin { channel: Channel::Page, address: "192.0.2.1".into(), user_agent: "test".into() }
}

/// A practice with some clinics, ready to act in.
struct World {
    app: App,
    organization: OrganizationId,
    boss: PersonId,
    clinics: Vec<ClinicId>,
}

impl World {
    async fn on(db: &Db, clinics: usize) -> Self {
        let app = app(db);
        let new = NewOrganization {
            organization_name: "Saco Bay Rehab".into(),
            time_zone: "America/New_York".into(),
            clinic_name: "Clinic 0".into(),
            first_name: "Ann".into(),
            last_name: "Boss".into(),
            username: "boss".into(),
            email: "boss@saco.example".into(),
            password: PASSWORD.into(),
            password_confirmation: None,
        };
        let made = app.set_up(&new).await.expect("set up");
        let mut world = Self { app, organization: made.organization, boss: made.person, clinics: vec![made.clinic] };
        for n in 1..clinics {
            let clinic = world.app.add_clinic(&world.operator(), &format!("Clinic {n}"), None).await.expect("clinic");
            world.clinics.push(clinic.id);
        }
        world
    }

    fn operator(&self) -> Actor {
        Actor::command_line(self.organization)
    }

    async fn add(&self, n: usize, kind: UserType, permissions: &[Permission], clinics: &[ClinicId]) -> PersonId {
        let saved = self.app.add_person(&self.operator(), new_profile(n, kind, permissions, clinics), None).await;
        saved.unwrap_or_else(|e| panic!("person {n}: {e}")).view.profile().person.id
    }

    async fn actor(&self, n: usize) -> Actor {
        let signed_in = self.app.sign_in(&format!("person{n}"), PASSWORD, &origin()).await.expect("signs in");
        match self.app.authenticate(&signed_in.token, origin()).await.expect("authenticates") {
            Standing::Open(both) | Standing::PasswordChangeDue(both) => both.0,
            other => panic!("{other:?}"),
        }
    }

    async fn chain_is_whole(&self) {
        assert_eq!(self.app.verify_audit(|_| ()).await.expect("verifies"), vec![]);
        assert_eq!(self.app.check().await.expect("checks"), Vec::<String>::new());
    }
}

fn npi(n: usize) -> String {
    let nine = format!("1{n:08}");
    format!("{nine}{}", muster_domain::people::npi::check_digit(nine.as_bytes()))
}

fn new_profile(n: usize, kind: UserType, permissions: &[Permission], clinics: &[ClinicId]) -> NewProfile {
    use muster_domain::licences::Group;
    let credentials = matches!(kind.group(), Group::Therapist | Group::Assistant);
    NewProfile {
        person: PersonPatch {
            first_name: Some(format!("First{n}")),
            last_name: Some(format!("Last{n}")),
            email: Some(Some(format!("person{n}@saco.example"))),
            username: Some(format!("person{n}")),
            npi: (kind.group() == Group::Therapist).then(|| Some(npi(n))),
            ..PersonPatch::default()
        },
        emr: Some(EmrPatch {
            user_type: Some(kind.as_str().into()),
            clinics: Some(clinics.iter().copied().collect()),
            default_clinic: clinics.first().copied(),
            permissions: Some(permissions.iter().map(|p| p.as_str().to_owned()).collect()),
            license_number: credentials.then(|| Some(format!("PT{n}"))),
            ..EmrPatch::default()
        }),
        password: Some(NewPassword { password: PASSWORD.into(), confirmation: None }),
        invite: Some(false),
        ..NewProfile::default()
    }
}

const VIEW: [Permission; 2] = [Permission::ViewPatients, Permission::ViewUsers];
const MANAGE: [Permission; 4] =
    [Permission::ViewPatients, Permission::ViewUsers, Permission::EditUsers, Permission::ClinicAdmin];

both_engines! {
    /// Random actors never see, count, find or touch anyone outside their clinics, through any door.
    async fn nobody_sees_or_touches_anyone_outside_their_scope(db) {
        let world = World::on(db, 6).await;
        let mut dice = Dice(0x5EED_0001);
        let mut where_is: BTreeMap<PersonId, BTreeSet<ClinicId>> = BTreeMap::new();
        let mut actors = Vec::new();
        for n in 0..40 {
            let mut clinics: Vec<ClinicId> = world.clinics.iter().copied().filter(|_| dice.one_in(4)).collect();
            if clinics.is_empty() {
                clinics.push(world.clinics[dice.roll(6)]);
            }
            let acts = n % 8 == 0;
            let held: &[Permission] = if acts { if n % 16 == 0 { &MANAGE } else { &VIEW } } else { &[Permission::ViewPatients] };
            let id = world.add(n, UserType::Clerical, held, &clinics).await;
            where_is.insert(id, clinics.iter().copied().collect());
            if acts {
                actors.push((n, id, clinics.into_iter().collect::<BTreeSet<_>>()));
            }
        }
        let boss_clinics = BTreeSet::from([world.clinics[0]]);
        where_is.insert(world.boss, boss_clinics);
        let foreign = world.app.add_organization("Another practice", "UTC").await.expect("organization");

        for (n, me, mine) in actors {
            let actor = world.actor(n).await;
            let visible: BTreeSet<PersonId> =
                where_is.iter().filter(|(id, at)| **id == me || !at.is_disjoint(&mine)).map(|(id, _)| *id).collect();
            for q in ["", "last1", "person", "@saco", "First2"] {
                let listed = Listed { filter: Filter { q: q.into(), ..Filter::default() }, after: None, limit: 200 };
                let page = world.app.people(&actor, listed).await.expect("lists");
                for view in &page.people {
                    assert!(visible.contains(&view.profile().person.id), "{q}");
                    assert!(view.clinics.is_subset(&mine));
                }
                let matching = visible.iter().filter(|id| **id != world.boss || q.is_empty() || q == "@saco").count();
                if q.is_empty() {
                    assert_eq!(page.people.len(), matching);
                }
                assert!(matches!(page.total, muster_app::Total::Exact(t) if t == i64::try_from(page.people.len()).expect("small")));
            }
            for (id, at) in &where_is {
                let may_see = visible.contains(id);
                assert_eq!(world.app.person(&actor, *id).await.is_ok(), may_see);
                let rename = Change { person: PersonPatch { phone: Some(Some("207 555 0142".into())), ..PersonPatch::default() }, ..Change::default() };
                let changed = world.app.update_person(&actor, *id, None, rename).await;
                match changed {
                    Ok(_) => assert!(may_see),
                    Err(AppError::NotFound) => assert!(!may_see),
                    Err(AppError::Refused(r)) => assert!(may_see && (r.has(Code::NotAllowed) || r.has(Code::HoldsMoreThanYou)), "{r:?}"),
                    Err(error) => panic!("{error}"),
                }
                let sent = world.app.send_sign_in_link(&actor, *id).await;
                if sent.is_ok() {
                    assert!(at.is_subset(&mine), "a link lets its holder become someone who reaches further");
                }
                let history = world.app.person_history(&actor, *id, 5).await;
                assert_eq!(history.is_ok(), may_see);
            }
            let records = world.app.audit_records(&actor, &AuditQuery { limit: 200, ..AuditQuery::default() }).await.expect("reads");
            for record in records.records {
                let about = record.entry.subject_id.map(PersonId);
                assert!(about.is_some_and(|id| visible.contains(&id)), "{record:?}");
            }
            let clinics = world.app.clinics(&actor).await.expect("lists");
            assert!(clinics.iter().all(|c| mine.contains(&c.id)));
        }
        // Another practice's operator-made actor sees nothing of this one.
        let stranger = Actor::command_line(foreign);
        for id in where_is.keys() {
            assert!(matches!(world.app.person(&stranger, *id).await, Err(AppError::NotFound)));
        }
        world.chain_is_whole().await;
    }
}

both_engines! {
    /// However many remove each other at once, one company admin and one user manager a clinic stay.
    async fn the_last_admin_survives_parallel_removal(db) {
        let world = World::on(db, 2).await;
        let all = [&MANAGE[..], &[Permission::CompanyAdmin]].concat();
        let mut admins = vec![world.boss];
        for n in 0..5 {
            admins.push(world.add(n, UserType::Clerical, &all, &world.clinics).await);
        }
        for round in 0..3 {
            let mut racing = Vec::new();
            for (n, id) in admins.iter().enumerate() {
                let (app, actor, id) = (world.app.clone(), world.operator(), *id);
                let patch = match (round + n) % 3 {
                    0 => EmrPatch { status: Some("inactive".into()), ..EmrPatch::default() },
                    1 => EmrPatch { permissions: Some(vec!["view_patients".into()]), ..EmrPatch::default() },
                    _ => EmrPatch { permissions: Some(vec!["view_users".into()]), ..EmrPatch::default() },
                };
                racing.push(tokio::spawn(async move {
                    app.update_person(&actor, id, None, Change { emr: Some(patch), ..Change::default() }).await
                }));
            }
            let mut refused = 0;
            for one in racing {
                match one.await.expect("runs") {
                    Ok(_) => {}
                    Err(AppError::Refused(r)) => {
                        assert!(r.has(Code::LastCompanyAdmin) || r.has(Code::LastUserManager), "{r:?}");
                        refused += 1;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            assert!(refused >= 1, "someone had to be told no");
        }
        let mut left = 0;
        for id in &admins {
            let view = world.app.person(&world.operator(), *id).await.expect("sees");
            left += usize::from(view.profile().emr.as_ref().is_some_and(muster_domain::emr::EmrAccount::is_acting_company_admin));
        }
        assert_eq!(left, 1);
        world.chain_is_whole().await;
    }
}

both_engines! {
    /// Of many who want one user name, email or NPI at once, exactly one gets it and the others learn why.
    async fn a_name_is_given_once_under_parallel_creation(db) {
        let world = World::on(db, 1).await;
        let second = world.app.add_organization("Another practice", "UTC").await.expect("organization");
        let elsewhere = Actor::command_line(second);
        let branch = world.app.add_clinic(&elsewhere, "Branch", None).await.expect("clinic").id;
        for round in 0..6_usize {
            let mut racing = Vec::new();
            for n in 0..8_usize {
                let (app, here) = (world.app.clone(), n % 2 == 0);
                let actor = if here { world.operator() } else { elsewhere.clone() };
                let clinic = if here { world.clinics[0] } else { branch };
                let mut new = new_profile(1000 + round * 8 + n, UserType::Clerical, &[Permission::ViewPatients], &[clinic]);
                new.password = None;
                // One contested fact a round: the user name (in another case), or the email.
                if round % 2 == 0 {
                    new.person.username = Some(if here { format!("wanted{round}") } else { format!("WANTED{round}") });
                } else {
                    new.person.email = Some(Some(format!("Wanted{round}@saco.example")));
                }
                racing.push(tokio::spawn(async move { app.add_person(&actor, new, None).await }));
            }
            let mut won = 0;
            for one in racing {
                match one.await.expect("runs") {
                    Ok(_) => won += 1,
                    Err(AppError::Refused(r)) => assert!(r.has(Code::UsernameTaken) || r.has(Code::EmailTaken), "{r:?}"),
                    // Whoever lost to somebody of the same practice is asked whether it is the same person.
                    Err(AppError::PossibleDuplicate(found)) => assert!(found.taken.has(Code::EmailTaken), "{found:?}"),
                    Err(error) => panic!("{error}"),
                }
            }
            assert_eq!(won, 1, "round {round}");
        }
        world.chain_is_whole().await;
    }
}

both_engines! {
    /// Of many who activate people for the last seats, exactly as many win as seats; one row version saves once.
    async fn the_last_seats_and_a_row_version_have_one_winner_each(db) {
        let world = World::on(db, 1).await;
        let clinic = world.clinics[0];
        let operator = world.operator();
        world.app.set_licence_total(&operator, clinic, muster_domain::licences::Group::Student, 3, "").await.expect("sets");
        let mut racing = Vec::new();
        for n in 0..12 {
            let (app, actor) = (world.app.clone(), operator.clone());
            let mut new = new_profile(n, UserType::SPT, &[Permission::ViewPatients], &[clinic]);
            new.password = None;
            racing.push(tokio::spawn(async move { app.add_person(&actor, new, None).await }));
        }
        let (mut active, mut waiting) = (Vec::new(), Vec::new());
        for one in racing {
            let view = one.await.expect("runs").expect("is saved").view;
            let is_active = view.profile().emr.as_ref().is_some_and(muster_domain::emr::EmrAccount::is_active);
            if is_active { active.push(view) } else { waiting.push(view) }
        }
        assert_eq!((active.len(), waiting.len()), (3, 9));

        let target = active[0].profile().person.id;
        let version = active[0].stored.version;
        let mut racing = Vec::new();
        for n in 0..6 {
            let (app, actor) = (world.app.clone(), operator.clone());
            let person = PersonPatch { phone: Some(Some(format!("207 555 010{n}"))), ..PersonPatch::default() };
            racing.push(tokio::spawn(async move {
                app.update_person(&actor, target, Some(version), Change { person, ..Change::default() }).await
            }));
        }
        let mut won = 0;
        for one in racing {
            match one.await.expect("runs") {
                Ok(_) => won += 1,
                Err(AppError::Stale { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(won, 1);
        world.chain_is_whole().await;
    }
}

both_engines! {
    /// Every change that was acknowledged and every denial is on record exactly once, whatever the order of events.
    async fn the_record_is_complete_after_a_random_day(db) {
        let world = World::on(db, 3).await;
        let mut dice = Dice(0xDA7E);
        let operator = world.operator();
        let manager = world.add(900, UserType::Clerical, &MANAGE, &world.clinics[..1]).await;
        let acting = world.actor(900).await;
        let mut people = vec![world.boss, manager];
        let mut expected: BTreeMap<(PersonId, &str, &str), usize> = BTreeMap::new();
        for n in 0..60 {
            let actor = if dice.one_in(2) { &acting } else { &operator };
            match dice.roll(4) {
                0 => {
                    let clinic = world.clinics[dice.roll(3)];
                    let mut new = new_profile(n, UserType::SOT, &[Permission::ViewPatients], &[clinic]);
                    new.password = None;
                    if let Ok(saved) = world.app.add_person(actor, new, None).await {
                        let id = saved.view.profile().person.id;
                        *expected.entry((id, "person.created", "done")).or_default() += 1;
                        people.push(id);
                    }
                }
                kind => {
                    let id = people[dice.roll(people.len())];
                    let before = world.app.person(&operator, id).await.expect("is there").stored.profile;
                    let change = match kind {
                        1 => Change { person: PersonPatch { phone: Some(Some(format!("207 555 {n:04}"))), ..PersonPatch::default() }, ..Change::default() },
                        2 => {
                            let status = if before.emr.as_ref().is_some_and(muster_domain::emr::EmrAccount::is_active) { "inactive" } else { "active" };
                            Change { emr: Some(EmrPatch { status: Some(status.into()), ..EmrPatch::default() }), ..Change::default() }
                        }
                        _ => Change { emr: Some(EmrPatch { clinics: Some(world.clinics.iter().copied().filter(|_| dice.one_in(2)).collect()), ..EmrPatch::default() }), ..Change::default() },
                    };
                    let result = world.app.update_person(actor, id, None, change).await;
                    let after = world.app.person(&operator, id).await.expect("is there").stored.profile;
                    match result {
                        Ok(_) if before != after => *expected.entry((id, "person.updated", "done")).or_default() += 1,
                        Ok(_) => {}
                        Err(error) => {
                            assert_eq!(before, after, "a refused change changes nothing");
                            let denied = match &error {
                                AppError::NotFound => true,
                                AppError::Refused(r) => r.0.iter().any(|x| {
                                    x.code.severity() == muster_domain::Severity::Forbidden
                                        || matches!(x.code, Code::LastCompanyAdmin | Code::LastUserManager | Code::NoLicenceAvailable)
                                }),
                                _ => false,
                            };
                            if denied {
                                *expected.entry((id, "person.updated", "denied")).or_default() += 1;
                            }
                        }
                    }
                }
            }
        }
        let mut found: BTreeMap<(PersonId, &str, &str), usize> = BTreeMap::new();
        let mut after = None;
        loop {
            let query = AuditQuery { after, limit: 200, ..AuditQuery::default() };
            let page = world.app.audit_records(&operator, &query).await.expect("reads");
            for record in &page.records {
                let key = |action, effect| record.entry.subject_id.map(|id| (PersonId(id), action, effect));
                for (action, effect) in [("person.created", "done"), ("person.updated", "done"), ("person.updated", "denied")] {
                    if record.entry.action == action && record.entry.effect == effect
                        && let Some(key) = key(action, effect) {
                            *found.entry(key).or_default() += 1;
                        }
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        found.remove(&(world.boss, "person.created", "done"));
        found.remove(&(manager, "person.created", "done"));
        assert_eq!(found, expected);
        world.chain_is_whole().await;
    }
}

both_engines! {
    /// A rush at the door: whoever comes with the right password gets a session of their own, nobody else gets any, and
    /// every attempt is on record once.
    async fn who_comes_in_a_rush_is_let_in_as_themselves_or_not_at_all(db) {
        const PEOPLE: usize = 8;
        let world = World::on(db, 1).await;
        let mut ids = Vec::new();
        for n in 0..PEOPLE {
            ids.push(world.add(n, UserType::SPT, &VIEW[..1], &world.clinics).await);
        }
        let attempts = (0..3 * PEOPLE).map(|n| {
            let app = world.app.clone();
            let password = if n % 3 == 0 { "Another-Lantern-42" } else { PASSWORD };
            tokio::spawn(async move { (n, app.sign_in(&format!("PERSON{}", n % PEOPLE), password, &origin()).await) })
        });
        let mut tokens = BTreeSet::new();
        for attempt in attempts.collect::<Vec<_>>() {
            let (n, outcome) = attempt.await.expect("ends");
            if n % 3 == 0 {
                assert!(matches!(outcome, Err(AppError::Refused(_))), "{n}");
                continue;
            }
            let token = outcome.unwrap_or_else(|e| panic!("attempt {n}: {e}")).token;
            let standing = world.app.authenticate(&token, origin()).await.expect("authenticates");
            let Standing::PasswordChangeDue(both) = standing else { panic!("{standing:?}") };
            assert_eq!(both.0.subject(), Some(ids[n % PEOPLE].0));
            tokens.insert(token);
        }
        assert_eq!(tokens.len(), 2 * PEOPLE);
        let query = AuditQuery { limit: 200, ..AuditQuery::default() };
        let page = world.app.audit_records(&world.operator(), &query).await.expect("reads");
        let recorded = |action: &str, id: PersonId| {
            page.records.iter().filter(|r| r.entry.action == action && r.entry.subject_id == Some(id.0)).count()
        };
        for (n, id) in ids.into_iter().enumerate() {
            let wrong = (0..3).filter(|round| (round * PEOPLE + n).is_multiple_of(3)).count();
            assert_eq!((recorded("sign_in.succeeded", id), recorded("sign_in.failed", id)), (3 - wrong, wrong), "{n}");
            let signed_in = world.app.person(&world.operator(), id).await.expect("is there").stored.last_sign_in_at;
            assert!(signed_in.is_some());
        }
        world.chain_is_whole().await;
    }
}
