//! What belongs to one person only, wanted by many at once: user names and emails across the installation, NPIs within a
//! practice.

use muster_app::imports::ImportOptions;
use muster_app::people::NewProfile;
use muster_app::{Actor, AppError};
use muster_domain::emr::{Permission, UserType};
use muster_domain::people::Change;
use muster_domain::people::PersonPatch;
use muster_domain::text::unique_key;
use muster_domain::{Code, PersonId};
use muster_testkit::both_engines;

use crate::world::{RunningFacts, Seeded, SeededRng, app, npi, seeds};

/// What is contested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fact {
    Username,
    Email,
    /// Some want it as user name, some as email: both open the same door.
    Either,
    Npi,
}

impl Fact {
    fn codes(self) -> &'static [Code] {
        match self {
            Self::Username => &[Code::UsernameTaken],
            Self::Email => &[Code::EmailTaken],
            Self::Either => &[Code::UsernameTaken, Code::EmailTaken],
            Self::Npi => &[Code::NpiTaken],
        }
    }

    /// The fact as the `n`-th of those who want it writes it.
    fn wanted(self, prize: &str, n: usize) -> PersonPatch {
        let mut person = PersonPatch::default();
        let text = match n % 3 {
            0 => prize.to_owned(),
            1 => prize.to_uppercase(),
            // Full-width letters are the same letters.
            _ => prize.replace('w', "\u{ff57}"),
        };
        match self {
            Self::Username => person.username = Some(text),
            Self::Either if n.is_multiple_of(2) => person.username = Some(text),
            Self::Email | Self::Either => person.email = Some(Some(if n % 3 == 2 { prize.to_owned() } else { text })),
            Self::Npi => {
                let spaced = format!("{} {}-{}", &prize[..4], &prize[4..7], &prize[7..]);
                person.npi = Some(Some(if n.is_multiple_of(2) { spaced } else { prize.to_owned() }));
            }
        }
        person
    }
}

/// Whether somebody got it, by adding, editing or importing a person.
async fn grab(
    world: RunningFacts,
    actor: Actor,
    fact: Fact,
    prize: String,
    (n, name): (usize, String),
) -> (bool, String) {
    let wanted = fact.wanted(&prize, n);
    let kind = if fact == Fact::Npi { UserType::PT } else { UserType::Clerical };
    let new = world.profile(&name, kind, &[Permission::ViewPatients], &world.clinics);
    let lost = |error: AppError| match error {
        AppError::Refused(r) => {
            assert!(r.0.iter().all(|r| fact.codes().contains(&r.code)), "{fact:?}: {r:?}");
            false
        }
        AppError::PossibleDuplicate(found) => {
            assert!(fact.codes().iter().any(|c| found.taken.has(*c)), "{fact:?}: {found:?}");
            false
        }
        error => panic!("{fact:?}: {error:?}"),
    };
    match n % 4 {
        0 | 1 => {
            let person = PersonPatch {
                username: wanted.username.or(new.person.username),
                email: wanted.email.or(new.person.email),
                npi: wanted.npi.or(new.person.npi),
                ..new.person
            };
            let added = world.app.add_person(&actor, NewProfile { person, ..new }, None).await;
            (added.map_or_else(lost, |_| true), "add".into())
        }
        2 => {
            let id = world.app.add_person(&actor, new, None).await.expect("added").view.profile().person.id;
            let change = Change { person: wanted, ..Change::default() };
            let changed = world.app.update_person(&actor, id, None, change).await;
            (changed.map_or_else(lost, |_| true), "edit".into())
        }
        _ => {
            let (text, own) = (|p: Option<Option<String>>| p.flatten(), new.person);
            let username = wanted.username.or(own.username).unwrap_or_default();
            let email = text(wanted.email.or(own.email)).unwrap_or_default();
            let npi = text(wanted.npi.or(own.npi)).unwrap_or_default();
            let (kind, license) = (kind.as_str(), if kind == UserType::PT { "L1" } else { "" });
            let clinic = world.clinic_name(0);
            let csv = format!(
                "first_name,last_name,username,email,npi,user_type,clinics,permissions,license_number\n\
                 First{name},Last{name},{username},{email},{npi},{kind},{clinic},view_patients,{license}\n"
            );
            let source = std::io::Cursor::new(csv.into_bytes());
            let report = world.app.import_people(&actor, source, ImportOptions::default(), |_| ()).await;
            let report = report.expect("read");
            assert_eq!(report.added + report.unchanged + report.refused_rows, 1, "{report:?}");
            (report.added == 1, format!("import {report:?}"))
        }
    }
}

/// Who has it, by what is stored.
async fn holders(world: &RunningFacts, fact: Fact, prize: &str) -> Vec<PersonId> {
    let mut found = Vec::new();
    let (mut after, machine) = (None, world.machine());
    loop {
        let asked = muster_app::people::ListQuery { after, limit: 200, ..Default::default() };
        let page = world.app.people(&machine, asked).await.expect("lists");
        for view in &page.people {
            let person = &view.profile().person;
            let is = |text: Option<&str>| text.is_some_and(|t| unique_key(t) == unique_key(prize));
            let (username, email) = (is(Some(&person.username)), is(person.email.as_deref()));
            let has = match fact {
                Fact::Username => username,
                Fact::Email => email,
                Fact::Either => username || email,
                Fact::Npi => person.npi.as_deref() == Some(prize),
            };
            if has {
                found.push(person.id);
            }
        }
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

async fn one_contest(here: &RunningFacts, there: &RunningFacts, fact: Fact, rng: &mut SeededRng, round: usize) {
    let prize = match fact {
        Fact::Npi => npi(),
        Fact::Username => format!("wanted{round}.{}", here.tag),
        Fact::Email | Fact::Either => format!("wanted{round}@{}.example", here.tag),
    };
    let mut racing = Vec::new();
    for _ in 0..8 {
        let n = rng.roll(12);
        let world = if rng.one_in(2) { here } else { there };
        let name = format!("r{round}n{}", racing.len());
        let one = grab(world.clone(), world.machine(), fact, prize.clone(), (n, name));
        racing.push((world.organization, n, tokio::spawn(one)));
    }
    let (mut won_here, mut won_there, mut said) = (0, 0, Vec::new());
    let (mut tried_here, mut tried_there) = (0, 0);
    for (organization, n, one) in racing {
        let (won, how) = one.await.expect("runs");
        let here = organization == here.organization;
        tried_here += usize::from(here);
        tried_there += usize::from(!here);
        won_here += usize::from(won && here);
        won_there += usize::from(won && !here);
        said.push((here, n, won, how));
    }
    if fact == Fact::Npi {
        // A provider may work for two practices; neither learns of the other.
        assert_eq!((won_here, won_there), (tried_here.min(1), tried_there.min(1)), "round {round}: {said:?}");
    } else {
        assert_eq!(won_here + won_there, 1, "{fact:?}, round {round}: {said:?}");
    }
    let (mine, theirs) = (holders(here, fact, &prize).await, holders(there, fact, &prize).await);
    assert_eq!((mine.len(), theirs.len()), (won_here, won_there), "{fact:?}, round {round}: {said:?}");
}

both_engines! {
    /// Of many who want one user name, email or NPI at once, exactly one gets it, by whatever door and however it is
    /// written, and the others learn why not.
    async fn a_name_is_given_once_under_parallel_creation(db) {
        let app = app(db);
        for seed in seeds(&[0x4E_0001, 0x4E_0002]) {
            let _seed = Seeded(seed);
            let mut rng = SeededRng::new(seed);
            let here = RunningFacts::new(&app, &format!("h{seed:x}"), 1).await;
            let there = RunningFacts::new(&app, &format!("t{seed:x}"), 1).await;
            for round in 0..12 {
                let fact = [Fact::Username, Fact::Npi, Fact::Email, Fact::Either][round % 4];
                one_contest(&here, &there, fact, &mut rng, round).await;
            }
            here.chain_is_whole().await;
        }
    }
}

both_engines! {
    /// An NPI is free again for nobody while its holder is only inactive, and free at once when the holder lets go.
    async fn an_npi_stays_with_its_holder_until_given_up(db) {
        let world = RunningFacts::new(&app(db), "one", 1).await;
        let machine = world.machine();
        let add = async |name: &str, number: &str| {
            let mut new = world.profile(name, UserType::PT, &[Permission::ViewPatients], &world.clinics);
            new.person.npi = Some(Some(number.to_owned()));
            world.app.add_person(&machine, new, None).await
        };
        let number = npi();
        let holder = add("holder", &number).await.expect("free").view.profile().person.id;
        world.patch(holder, crate::world::status("inactive")).await.expect("made inactive");
        match add("late", &number).await {
            Err(AppError::Refused(r)) => assert!(r.has(Code::NpiTaken), "{r:?}"),
            // Asked as well whether it is the same person.
            Err(AppError::PossibleDuplicate(found)) => assert!(found.taken.has(Code::NpiTaken), "{found:?}"),
            other => panic!("{other:?}"),
        }
        let gives_up = PersonPatch { npi: Some(Some("9999999995".into())), ..PersonPatch::default() };
        let change = Change { person: gives_up, ..Change::default() };
        world.app.update_person(&machine, holder, None, change).await.expect("given up");
        add("next", &number).await.expect("free again");
        assert!(add("last", "9999999995").await.is_ok(), "the placeholder belongs to nobody");
    }
}
