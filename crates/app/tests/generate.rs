//! Generated practices and the demo, on both engines.

#![allow(clippy::unwrap_used)] // helper functions of tests are tests too

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use muster_app::credentials::WorklistQuery;
use muster_app::generate::{GenerateSpec, Generated};
use muster_app::people::{ListQuery, Pair, PersonView};
use muster_app::sign_in::SessionStatus;
use muster_app::{Actor, App, Channel, Clock, Filter, Keys, Origin, Settings, SystemEntropy};
use muster_domain::OrganizationId;
use muster_domain::credentials::CredentialIssue;
use muster_domain::emr::{InactiveReason, Permission, UserType};
use muster_domain::licenses::{Availability, Group};
use muster_domain::people::npi;
use muster_domain::text::unique_key;
use muster_store::Db;
use muster_testkit::both_engines;
use muster_testkit::databases::{noon, postgres, sqlite};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        noon()
    }
}

fn app(db: &Db) -> App {
    let keys = Keys::derive(b"0123456789abcdef0123456789abcdef");
    App::new(db.clone(), Arc::new(Noon), Arc::new(SystemEntropy::new()), keys, Settings::default())
}

async fn everyone(app: &App, organization: OrganizationId) -> Vec<PersonView> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let asked = ListQuery { filter: Filter::default(), after, limit: 200 };
        let page = app.people(&Actor::command_line(organization), asked).await.unwrap();
        all.extend(page.people);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

async fn organizations(app: &App) -> Vec<OrganizationId> {
    let anyone = Actor::command_line(OrganizationId::INSTALLATION);
    app.organizations(&anyone, "", 200).await.unwrap().into_iter().map(|o| o.id).collect()
}

async fn sound(app: &App) {
    assert_eq!(app.verify_audit(|_| {}).await.unwrap(), []);
    assert_eq!(app.check().await.unwrap(), Vec::<String>::new());
}

const SPEC: GenerateSpec = GenerateSpec { organizations: 4, people: 1700, seed: 7, largest: Some(1200) };

both_engines! {
    async fn generated_practices_obey_every_rule(db) {
        let app = app(db);
        let mut heard = Generated::default();
        let done = app.generate(SPEC, |so_far| heard = *so_far).await.unwrap();
        assert_eq!((done.organizations, done.people, heard), (4, 1700, done));
        sound(&app).await;
        let mut names = BTreeSet::new();
        let mut sizes = Vec::new();
        for organization in organizations(&app).await {
            let people = everyone(&app, organization).await;
            sizes.push(people.len());
            let mut npis = BTreeSet::new();
            for person in &people {
                let (who, emr) = (&person.profile().person, person.profile().emr.as_ref().unwrap());
                assert!(names.insert(unique_key(&who.username)), "{}", who.username);
                if let Some(email) = &who.email {
                    assert!(names.insert(unique_key(email)), "{email}");
                }
                if let Some(number) = who.npi.as_deref().filter(|n| npi::is_real(n)) {
                    assert!(npi::is_valid(number) && npis.insert(number.to_owned()), "{number}");
                }
                assert!((1..=4).contains(&emr.clinics.len()));
            }
            let admins = people.iter().filter(|p| p.profile().emr.as_ref().unwrap().is_acting_company_admin()).count();
            assert!((1..=3).contains(&admins), "{admins}");
            let signed_in = people.iter().filter(|p| p.stored.last_sign_in_at.is_some()).count();
            assert!(signed_in > people.len() * 8 / 10);
        }
        assert_eq!((sizes.iter().sum::<usize>(), sizes.iter().max()), (1700, Some(&1200)));
    }

    async fn a_generated_practice_has_a_bit_of_everything(db) {
        let app = app(db);
        app.generate(SPEC, |_| {}).await.unwrap();
        let mut all = Vec::new();
        for organization in organizations(&app).await {
            all.extend(everyone(&app, organization).await);
        }
        let share = |test: &dyn Fn(&PersonView) -> bool| all.iter().filter(|p| test(p)).count() * 1000 / all.len();
        for kind in UserType::ALL {
            assert!(share(&|p| p.profile().emr.as_ref().unwrap().user_type == kind) > 0, "{kind:?}");
        }
        let inactive = share(&|p| !p.profile().emr.as_ref().unwrap().is_active());
        let placeholders = share(&|p| !p.placeholders().is_empty());
        let foreign = share(&|p| p.profile().person.last_name.chars().all(|c| !c.is_ascii()));
        assert!((50..120).contains(&inactive), "{inactive}");
        assert!((30..80).contains(&placeholders), "{placeholders}");
        assert!((3..25).contains(&foreign), "{foreign}");
        let expiry = |p: &PersonView| p.profile().emr.as_ref().unwrap().license.expires_on;
        assert!(share(&|p| expiry(p).is_some_and(|d| d < "2026-03-02".parse().unwrap())) > 20);
    }

    async fn generating_again_adds_further_practices(db) {
        let app = app(db);
        let small = GenerateSpec { organizations: 2, people: 60, seed: 7, largest: None };
        app.generate(small, |_| {}).await.unwrap();
        app.generate(small, |_| {}).await.unwrap();
        assert_eq!(organizations(&app).await.len(), 4);
        sound(&app).await;
    }

    async fn the_demo_practice_is_lively_and_its_sign_ins_work(db) {
        let app = app(db);
        let demo = app.demo().await.unwrap();
        sound(&app).await;
        let people = everyone(&app, demo.organization).await;
        assert!((140..=175).contains(&people.len()), "{}", people.len());
        let emr = |p: &PersonView| p.profile().emr.clone().unwrap();
        for kind in UserType::ALL {
            assert!(people.iter().any(|p| emr(p).user_type == kind), "{kind:?}");
        }
        for reason in [InactiveReason::Deactivated, InactiveReason::NoLicense, InactiveReason::NeedsEmail] {
            let count = people.iter().filter(|p| emr(p).inactive_reason == Some(reason)).count();
            assert!(count >= 2, "{reason:?}: {count}");
        }
        for placeholder in ["npi", "license_number"] {
            assert!(people.iter().filter(|p| p.placeholders().contains(&placeholder)).count() >= 3, "{placeholder}");
        }
        let today = "2026-03-02".parse::<jiff::civil::Date>().unwrap();
        let days = |p: &PersonView| emr(p).license.expires_on.map(|d| (d - today).get_days());
        assert!(people.iter().filter(|p| days(p).is_some_and(|d| d < 0)).count() >= 4);
        assert!(people.iter().filter(|p| days(p).is_some_and(|d| (0..30).contains(&d))).count() >= 4);

        let operator = Actor::command_line(demo.organization);
        let asked = |kind| WorklistQuery { kind: Some(kind), limit: 200, ..WorklistQuery::default() };
        for (kind, few) in [
            (CredentialIssue::MissingSignature, 5..25),
            (CredentialIssue::MissingSupervisor, 3..20),
            (CredentialIssue::Expired, 4..20),
            (CredentialIssue::Expires30, 3..20),
            (CredentialIssue::Expires90, 6..30),
            (CredentialIssue::PlaceholderNpi, 3..20),
            (CredentialIssue::PlaceholderLicense, 3..20),
        ] {
            let count = app.credentials_worklist(&operator, &asked(kind)).await.unwrap().items.len();
            assert!(few.contains(&count), "{kind:?}: {count}");
        }
        let pairs = app.duplicate_pairs(&operator, None).await.unwrap().pairs;
        for (one, other) in [("Katherine Doyle", "Kathy Doyle"), ("Jonathan Reyes", "Jon Reyes")] {
            let names = |p: &Pair| [p.older.profile().person.full_name.clone(), p.newer.profile().person.full_name.clone()];
            let meant = |p: &Pair| names(p).contains(&one.to_owned()) && names(p).contains(&other.to_owned());
            assert!(pairs.iter().any(meant), "{one} and {other}");
        }
        let clinics = app.clinics(&operator).await.unwrap();
        assert_eq!(clinics.len(), 5);
        assert_eq!(clinics.iter().filter(|c| !c.lets_assistants_finish()).count(), 1);
        let saco = clinics.iter().find(|c| c.name == "Saco").unwrap().id;
        let pools = app.license_pools(&operator).await.unwrap();
        let free = |clinic, group| pools.iter().find(|p| p.clinic == clinic && p.group == group).unwrap().availability();
        assert_eq!(free(saco, Group::Assistant), Availability::Free(0));
        assert_eq!(free(saco, Group::Therapist), Availability::Free(2));
        assert_eq!(free(saco, Group::Student), Availability::Free(3));
        assert!(pools.iter().any(|p| p.total.is_some_and(|t| t >= 2 * p.assigned && t > 10)), "one is mostly unused");

        assert_eq!(demo.sign_ins.len(), 5);
        for known in &demo.sign_ins {
            let origin = Origin { channel: Channel::Page, address: "127.0.0.1".into(), user_agent: String::new() };
            let session = app.sign_in(&known.username, &known.password, &origin).await.expect(known.what);
            let SessionStatus::Open(open) = app.authenticate(&session.token, origin).await.unwrap() else {
                panic!("{} is not simply signed in", known.username)
            };
            let held = open.0.authority().emr().permissions();
            match known.username.as_str() {
                "dwhitcomb" => assert!(held.contains(Permission::CompanyAdmin)),
                "praman" => assert!(held.contains(Permission::EditUsers) && !held.contains(Permission::CompanyAdmin)),
                "tleary" => assert!(held.contains(Permission::ViewUsers) && !held.contains(Permission::EditUsers)),
                "losgood" => assert!(!held.contains(Permission::ViewUsers)),
                _ => assert!(open.0.is_support()),
            }
        }
    }
}

/// Everything but identities.
async fn told(app: &App) -> Vec<String> {
    let mut told = Vec::new();
    for organization in organizations(app).await {
        let clinics = app.clinics(&Actor::command_line(organization)).await.unwrap();
        told.extend(clinics.into_iter().map(|c| format!("{} {} {}", c.name, c.address, c.zip)));
        for person in everyone(app, organization).await {
            let (who, emr) = (&person.profile().person, person.profile().emr.as_ref().unwrap());
            told.push(format!(
                "{} {} {:?} {:?} {:?} {:?} {:?} {:?}",
                who.full_name,
                who.username,
                who.email,
                who.npi,
                emr.user_type,
                emr.status,
                emr.license,
                person.stored.last_sign_in_at
            ));
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_seed_makes_the_same_people_on_either_engine() {
    let mut made = Vec::new();
    for (test, seed) in [(sqlite().await, 1), (sqlite().await, 1), (postgres().await, 1), (postgres().await, 2)] {
        let app = app(&test.db);
        app.generate(GenerateSpec { organizations: 2, people: 150, seed, largest: None }, |_| {}).await.unwrap();
        made.push(told(&app).await);
    }
    assert_eq!(made[0], made[1]);
    assert_eq!(made[0], made[2]);
    assert_ne!(made[0], made[3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_is_the_same_each_time_on_either_engine() {
    let mut made = Vec::new();
    for test in [sqlite().await, sqlite().await, postgres().await] {
        let app = app(&test.db);
        app.demo().await.unwrap();
        made.push(told(&app).await);
    }
    assert_eq!(made[0], made[1]);
    assert_eq!(made[0], made[2]);
}
