//! The pairs of a large practice, page by page.

use std::sync::Arc;

use jiff::Timestamp;
use muster_app::{Actor, App, Clock, Keys, Settings, SystemEntropy};
use muster_domain::access::ClinicAccess;
use muster_domain::people::Profile;
use muster_domain::people::{Person, npi};
use muster_domain::{OrganizationId, PersonId};
use muster_store::{Db, duplicates, people};
use muster_testkit::both_engines;
use muster_testkit::databases::{a_person, an_organization, noon, person_id};

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

/// A made-up word; near numbers give words far apart.
fn word(n: u64) -> String {
    let mut x = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let syllable = |_| {
        let (onset, vowel) = ((x % 14) as usize, (x / 14 % 3) as usize);
        x /= 42;
        [["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z"][onset], ["a", "o", "u"][vowel]].concat()
    };
    (0..4).map(syllable).collect()
}

fn called(organization: OrganizationId, n: u64, first: &str, last: &str) -> Person {
    Person {
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        full_name: format!("{first} {last}"),
        ..a_person(organization, n)
    }
}

async fn store(db: &Db, organization: OrganizationId, people: Vec<Person>) {
    let profiles: Vec<Profile> = people.into_iter().map(Profile::new).collect();
    let mut tx = db.begin().await.expect("a transaction");
    people::insert(&mut tx, organization, &profiles, noon()).await.expect("stored");
    tx.commit().await.expect("committed");
}

both_engines! {
    async fn no_page_of_pairs_is_empty_while_there_is_a_next_one(db) {
        let (app, organization) = (app(db), an_organization(db).await.id);
        let machine = Actor::command_line(organization);
        // Namesakes whose NPIs prove them to be two people share thousands of numbers and are no pair.
        let namesake = |n: u64| {
            let mut one = called(organization, n, &word(n / 2), &word(n / 2 + 5000));
            let nine = format!("1{n:08}");
            one.npi = Some(format!("{nine}{}", npi::check_digit(nine.as_bytes())));
            one
        };
        store(db, organization, (0..2400).map(namesake).collect()).await;
        let mut h = db.read().await.expect("a reader");
        let shared = duplicates::shared_keys(&mut h, organization, &ClinicAccess::All, -1, 20_000).await.expect("numbers");
        assert!(shared.len() > 6500, "four steps look at 6,000, here are {}", shared.len());
        drop(h);
        let page = app.duplicate_pairs(&machine, None).await.expect("a page");
        assert_eq!((page.pairs.len(), page.next), (0, None));

        store(db, organization, vec![called(organization, 9001, "Mara", "Stone"), called(organization, 9002, "Mara", "Stone")]).await;
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = app.duplicate_pairs(&machine, after).await.expect("a page");
            assert!(!page.pairs.is_empty() || page.next.is_none(), "an empty page with a next one");
            found.extend(page.pairs.iter().map(|p| (p.older.profile().person.id, p.newer.profile().person.id)));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let pair: [(PersonId, PersonId); 1] = [(person_id(9001), person_id(9002))];
        assert_eq!(found, pair, "once, whatever page it is on");
    }
}
