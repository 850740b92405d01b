//! Nobody sees, counts, finds or touches anyone outside their clinics.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use muster_app::audit::AuditQuery;
use muster_app::bulk::Selection;
use muster_app::credentials::WorklistQuery;
use muster_app::licenses::{LedgerQuery, OverviewQuery, RequestQuery};
use muster_app::people::ListQuery;
use muster_app::{Actor, App, AppError, Cursor, Filter, Total};
use muster_domain::emr::{Permission, UserType, eligibility};
use muster_domain::licenses::{Group, RequestDraft, RequestKind};
use muster_domain::people::Change;
use muster_domain::people::PersonPatch;
use muster_domain::{ClinicId, Code, PersonId};
use muster_testkit::both_engines;

use crate::attempts::{in_bulk, look, said, touch};
use crate::world::{MANAGE, RunningFacts, Seeded, SeededRng, VIEW, app, seeds};

const CLINICS: usize = 5;
const PEOPLE: usize = 26;
const ACTORS: usize = 8;

/// Somebody as they were made; the program is not asked who sees whom.
struct Member {
    id: PersonId,
    name: String,
    clinics: BTreeSet<ClinicId>,
    sees_users: bool,
    everywhere: bool,
}

/// What the `n`-th is to hold, as far as the type may: the first of them are those who act.
fn wanted(n: usize, rng: &mut SeededRng) -> Vec<Permission> {
    match n {
        0 => [&MANAGE[..], &[Permission::CompanyAdmin]].concat(),
        1 | 2 => MANAGE.to_vec(),
        3 => VIEW.to_vec(),
        4 => vec![Permission::EditUsers],
        5 => vec![Permission::ViewPatients],
        n if n < ACTORS => MANAGE.iter().chain(&Permission::ALL).copied().filter(|_| !rng.one_in(3)).collect(),
        _ => Permission::ALL.into_iter().filter(|_| rng.one_in(4)).collect(),
    }
}

async fn members(world: &RunningFacts, rng: &mut SeededRng) -> Vec<Member> {
    let mut all = Vec::new();
    for n in 0..PEOPLE {
        // Of those who act the first few may hold what they are for.
        let kinds: Vec<UserType> =
            UserType::ALL.into_iter().filter(|k| n >= 5 || k.group() != Group::Student).collect();
        let kind = rng.of(&kinds);
        let mut held: Vec<Permission> = wanted(n, rng).into_iter().filter(|p| eligibility(kind, *p).is_ok()).collect();
        held.retain(|p| *p != Permission::FinishSoapNotes && *p != Permission::BillingReportAdmin);
        held.retain(|p| n == 0 || *p != Permission::CompanyAdmin);
        if held.is_empty() {
            held.push(Permission::ViewPatients);
        }
        let mut clinics: Vec<ClinicId> = world.clinics.iter().copied().filter(|_| rng.one_in(4)).collect();
        if clinics.is_empty() {
            clinics.push(rng.of(&world.clinics));
        }
        let name = format!("w{n:02}");
        let id = world.add(&name, kind, &held, &clinics).await;
        let everywhere = held.contains(&Permission::CompanyAdmin);
        let sees_users = everywhere || held.contains(&Permission::ViewUsers) || held.contains(&Permission::EditUsers);
        let clinics = clinics.into_iter().collect();
        all.push(Member { id, name, clinics, sees_users, everywhere });
    }
    // Somebody to be told of where the other is out of sight.
    for _ in 0..6 {
        let (one, other) = (rng.roll(PEOPLE), rng.roll(PEOPLE));
        let _ = world.app.set_supervisor(&world.machine(), all[one].id, Some(all[other].id)).await;
    }
    for clinic in &world.clinics {
        world.app.set_license_total(&world.machine(), *clinic, Group::Therapist, 50, "").await.expect("set");
        let note = String::new();
        let wanted = RequestDraft { kind: RequestKind::Add, clinic: *clinic, group: Group::Therapist, count: 1, note };
        world.app.submit_license_request(&world.machine(), &wanted, None).await.expect("asked");
    }
    all
}

/// Everything that lists people or clinics, as text; what needs a right the actor lacks has to say so.
async fn everything_listed(world: &RunningFacts, actor: &Actor) -> String {
    let app = &world.app;
    let mut text = String::new();
    let mut add = |what: &str, found: Result<String, AppError>| match found {
        Ok(found) => writeln!(text, "{what}: {found}").expect("text"),
        Err(AppError::Refused(r)) => {
            assert!(r.has(Code::NotAllowed) || r.has(Code::RequestsNotAllowed), "{what}: {r:?}");
        }
        Err(error) => panic!("{what}: {error:?}"),
    };
    let csv = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let filter = Filter::default();
    add(
        "list",
        app.people(actor, ListQuery { limit: 200, ..ListQuery::default() }).await.map(|p| format!("{:?}", p.people)),
    );
    add("list as a file", app.export_list(actor, &filter, None).await.map(|e| csv(e.csv)));
    let asked = WorklistQuery { limit: 200, ..WorklistQuery::default() };
    add("credentials", app.credentials_worklist(actor, &asked).await.map(|p| format!("{p:?}")));
    add("credentials as a file", app.export_credentials(actor, &asked, None).await.map(|p| csv(p.csv)));
    add("pairs", app.duplicate_pairs(actor, None).await.map(|p| format!("{:?}", p.pairs)));
    add("merges", app.merges(actor).await.map(|m| format!("{m:?}")));
    add("clinics", app.clinics(actor).await.map(|c| format!("{c:?}")));
    let asked = OverviewQuery { limit: 200, ..OverviewQuery::default() };
    add("licenses", app.license_overview(actor, &asked).await.map(|p| format!("{p:?}")));
    let asked = RequestQuery { limit: 200, ..RequestQuery::default() };
    add("requests", app.license_requests(actor, &asked).await.map(|p| format!("{p:?}")));
    let asked = LedgerQuery { limit: 200, ..LedgerQuery::default() };
    add("ledger", app.license_ledger(actor, &asked).await.map(|l| format!("{l:?}")));
    add("ledger as a file", app.export_license_ledger(actor, &asked, None).await.map(|p| csv(p.csv)));
    add("unused licenses", app.unused_licenses(actor, 0, 200).await.map(|u| format!("{u:?}")));
    text
}

async fn all_pages(app: &App, actor: &Actor, filter: &Filter) -> Result<(Vec<PersonId>, Total), AppError> {
    let (mut ids, mut after): (Vec<PersonId>, Option<Cursor>) = (Vec::new(), None);
    loop {
        let page = app.people(actor, ListQuery { filter: filter.clone(), after, limit: 7 }).await?;
        ids.extend(page.people.iter().map(|v| v.profile().person.id));
        after = page.next;
        if after.is_none() {
            return Ok((ids, page.total));
        }
    }
}

/// Lists, searches, filters and counts.
async fn lists(world: &RunningFacts, actor: &Actor, me: &Member, all: &[Member], visible: &BTreeSet<PersonId>) {
    let app = &world.app;
    let listed = everything_listed(world, actor).await;
    for hidden in all.iter().filter(|m| !visible.contains(&m.id)) {
        let username = world.username(&hidden.name);
        assert!(!listed.contains(&username) && !listed.contains(&hidden.id.to_string()), "{username} in {listed}");
        assert!(!listed.contains(&format!("Last{}", hidden.name)), "{username} in {listed}");
    }
    for (n, clinic) in world.clinics.iter().enumerate() {
        let name = world.clinic_name(n);
        assert!(me.everywhere || me.clinics.contains(clinic) || !listed.contains(&name), "{name} in {listed}");
    }
    let total = |n: usize| Total::Exact(i64::try_from(n).expect("few"));
    let sharing = |clinic: &ClinicId| -> BTreeSet<PersonId> {
        let reached = me.everywhere || me.clinics.contains(clinic);
        all.iter().filter(|m| reached && m.clinics.contains(clinic)).map(|m| m.id).collect()
    };
    let mut expected: Vec<(Filter, BTreeSet<PersonId>)> = vec![(Filter::default(), visible.clone())];
    for member in all {
        let q = world.username(&member.name);
        let found = visible.iter().copied().filter(|id| *id == member.id).collect();
        expected.push((Filter { q, ..Filter::default() }, found));
    }
    for clinic in &world.clinics {
        expected.push((Filter { clinic: Some(*clinic), ..Filter::default() }, sharing(clinic)));
    }
    for (filter, expected) in expected {
        match all_pages(app, actor, &filter).await {
            Ok((ids, count)) => {
                assert!(me.sees_users);
                let found: BTreeSet<PersonId> = ids.iter().copied().collect();
                assert_eq!((&found, ids.len()), (&expected, expected.len()), "{filter:?}");
                assert_eq!(count, total(expected.len()), "{filter:?}");
                match app.draft_bulk(actor, Selection::Filter(filter.clone())).await {
                    Ok(draft) => assert_eq!(total(usize::try_from(draft.job.selected).expect("few")), count),
                    Err(AppError::Refused(r)) => {
                        assert!(
                            r.has(Code::NotAllowed) || (expected.is_empty() && r.has(Code::NobodySelected)),
                            "{r:?}"
                        );
                    }
                    Err(error) => panic!("{error:?}"),
                }
            }
            Err(AppError::Refused(r)) => assert!(!me.sees_users && r.has(Code::NotAllowed), "{r:?}"),
            Err(error) => panic!("{error:?}"),
        }
    }
    let mut after = None;
    loop {
        let query = AuditQuery { after, limit: 200, ..AuditQuery::default() };
        let Ok(page) = app.audit_records(actor, &query).await else { break assert!(!me.sees_users) };
        for record in page.records.iter().filter(|_| !me.everywhere) {
            let about = record.entry.subject_id.map(PersonId);
            assert!(about.is_some_and(|id| visible.contains(&id)), "{record:?}");
            for (n, clinic) in world.clinics.iter().enumerate().filter(|(_, c)| !me.clinics.contains(c)) {
                let detail = &record.entry.detail;
                assert!(!detail.contains(&clinic.to_string()) && !detail.contains(&world.clinic_name(n)), "{record:?}");
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
}

/// What the actor sees of others, and may do to them, is what the clinics they share allow.
async fn the_visible(world: &RunningFacts, actor: &Actor, me: &Member, all: &[Member], visible: &BTreeSet<PersonId>) {
    for other in all {
        let may_see = visible.contains(&other.id);
        let shown = world.app.person(actor, other.id).await;
        assert_eq!(shown.is_ok(), may_see, "{}", other.name);
        if let Ok(view) = shown {
            let shared: BTreeSet<ClinicId> =
                other.clinics.iter().copied().filter(|c| me.everywhere || me.clinics.contains(c)).collect();
            assert_eq!((view.hidden_clinics, view.clinics), (other.clinics.len() - shared.len(), shared));
            assert!(world.app.person_history(actor, other.id, 5).await.is_ok());
        }
        let person = PersonPatch { phone: Some(Some("207 555 0142".into())), ..PersonPatch::default() };
        match world.app.update_person(actor, other.id, None, Change { person, ..Change::default() }).await {
            Ok(_) => assert!(may_see, "{}", other.name),
            Err(AppError::NotFound) => assert!(!may_see, "{}", other.name),
            Err(AppError::Refused(r)) => {
                assert!(may_see && (r.has(Code::NotAllowed) || r.has(Code::HoldsMoreThanYou)), "{r:?}");
            }
            Err(error) => panic!("{error}"),
        }
        if world.app.send_sign_in_link(actor, other.id).await.is_ok() {
            let within = me.everywhere || other.id == me.id || other.clinics.is_subset(&me.clinics);
            assert!(within, "a link lets its holder become someone who reaches further");
        }
    }
}

/// About somebody hidden every door answers what it answers about nobody, and changes nothing.
async fn the_hidden(world: &RunningFacts, actor: &Actor, me: &Member, hidden: &[&Member]) {
    let nobody = PersonId(uuid::Uuid::from_u128(0x0199_b2f4_7c1e_7d43_a2b0_6f1f_0f6f_0001));
    let mut expected = look(world, actor, nobody, me.id).await;
    expected.extend(touch(world, actor, nobody, me.id).await);
    expected.extend(in_bulk(world, actor, nobody, ("username", "nobody.at.all")).await);
    let mine = format!("{:?}", world.app.person(&world.machine(), me.id).await.expect("is there").stored);
    for member in hidden {
        let state = async || {
            let stored = world.app.person(&world.machine(), member.id).await.expect("is there").stored;
            let licenses = world.app.professional_licenses(&world.machine(), member.id).await.expect("licenses");
            let supervision = world.app.supervision(&world.machine(), member.id).await.expect("supervision");
            format!("{stored:?} {licenses:?} {supervision:?}")
        };
        let before = state().await;
        let mut answers = look(world, actor, member.id, me.id).await;
        answers.extend(touch(world, actor, member.id, me.id).await);
        answers.extend(in_bulk(world, actor, member.id, ("username", &world.username(&member.name))).await);
        for (answer, of_nobody) in answers.iter().zip(&expected) {
            assert_eq!(answer, of_nobody, "{} for {}", member.name, me.name);
        }
        for (door, answer) in &answers {
            let harmless =
                ["copying from them", "copy from them", "records", "records as a file", "in bulk", "by file"];
            assert!(answer != "done" || harmless.contains(door), "{door} let {} at {}", me.name, member.name);
        }
        assert_eq!(state().await, before, "{} was touched by {}", member.name, me.name);
    }
    let after = format!("{:?}", world.app.person(&world.machine(), me.id).await.expect("is there").stored);
    assert_eq!(after, mine, "nothing of the hidden came over either");
}

async fn one_practice(app: &App, seed: u64) {
    let mut rng = SeededRng::new(seed);
    let world = RunningFacts::new(app, &format!("s{seed:x}"), CLINICS).await;
    let all = members(&world, &mut rng).await;
    let foreign = RunningFacts::new(app, &format!("f{seed:x}"), 1).await;
    foreign.clerk("alien", &MANAGE, &[0]).await;
    let alien = foreign.actor("alien").await;
    let (mut looked_at, mut kinds) = (0, BTreeMap::<bool, usize>::new());
    for me in &all[..ACTORS] {
        let actor = world.actor(&me.name).await;
        let shares = |m: &Member| me.everywhere || !m.clinics.is_disjoint(&me.clinics);
        let visible: BTreeSet<PersonId> =
            all.iter().filter(|m| m.id == me.id || (me.sees_users && shares(m))).map(|m| m.id).collect();
        lists(&world, &actor, me, &all, &visible).await;
        the_visible(&world, &actor, me, &all, &visible).await;
        let mut hidden: Vec<&Member> = all.iter().filter(|m| !visible.contains(&m.id)).collect();
        while hidden.len() > 2 {
            hidden.remove(rng.roll(hidden.len()));
        }
        looked_at += hidden.len();
        *kinds.entry(me.sees_users).or_default() += 1;
        the_hidden(&world, &actor, me, &hidden).await;
    }
    assert!(looked_at >= ACTORS && kinds.len() == 2, "the throws left nothing to look at: {looked_at}, {kinds:?}");
    // Nothing crosses from one practice to the other, not even for whoever runs that one.
    for stranger in [foreign.machine(), alien] {
        for member in &all {
            assert_eq!(said(world.app.person(&stranger, member.id).await), "NotFound");
            let status = Change { emr: Some(crate::world::status("inactive")), ..Change::default() };
            assert_eq!(said(world.app.update_person(&stranger, member.id, None, status).await), "NotFound");
        }
        let (ids, count) = all_pages(app, &stranger, &Filter::default()).await.expect("lists");
        assert_eq!((ids.len(), count), (1, Total::Exact(1)));
    }
    world.chain_is_whole().await;
}

both_engines! {
    /// Random actors of every type never see, count, find or touch anyone outside their clinics, through any door.
    async fn nobody_sees_or_touches_anyone_outside_their_scope(db) {
        let app = app(db);
        for seed in seeds(&[0x5EED_0001, 0x5EED_0002, 0x5EED_0003]) {
            let _seed = Seeded(seed);
            Box::pin(one_practice(&app, seed)).await;
        }
    }
}
