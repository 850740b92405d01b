//! The record of what was done and refused is complete, and holds nothing else.

use std::collections::BTreeSet;

use muster_app::audit::AuditQuery;
use muster_domain::audit::Action;
use muster_testkit::both_engines;

use crate::record_day::{Day, Record, STEPS};
use crate::world::{RunningFacts, Seeded, SeededRng, app, seeds};

async fn last_seq(world: &RunningFacts) -> i64 {
    let query = AuditQuery { limit: 1, ..AuditQuery::default() };
    world.app.audit_records(&world.machine(), &query).await.expect("reads").records[0].seq
}

/// Everything recorded after a moment.
async fn recorded(world: &RunningFacts, after: i64) -> Record {
    let (mut found, mut after) = (Record::new(), Some(after));
    while after.is_some() {
        let query = AuditQuery { after, ascending: true, limit: 200, ..AuditQuery::default() };
        let page = world.app.audit_records(&world.machine(), &query).await.expect("reads");
        for record in &page.records {
            let action = Action::parse(&record.entry.action).expect("a known action").as_str();
            let effect = if record.entry.effect == "done" { "done" } else { "denied" };
            *found.entry((record.entry.subject_id, action, effect)).or_default() += 1;
        }
        after = page.next;
    }
    found
}

/// What only one of the two has.
fn difference(expected: &Record, found: &Record) -> Vec<String> {
    let keys: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let count = |record: &Record, key| record.get(key).copied().unwrap_or(0);
    keys.into_iter()
        .filter(|key| count(expected, key) != count(found, key))
        .map(|key| format!("{key:?}: {} on record, {} expected", count(found, key), count(expected, key)))
        .collect()
}

both_engines! {
    /// Every change that was acknowledged and every denial is on record exactly once, whatever the order of events, and
    /// nothing is on record that was not.
    async fn the_record_is_complete_after_a_random_day(db) {
        let app = app(db);
        let mut met: BTreeSet<(&str, &str)> = BTreeSet::new();
        let seeds = seeds(&[0xDA7E_0001, 0xDA7E_0002, 0xDA7E_0003]);
        for seed in &seeds {
            let _seed = Seeded(*seed);
            let world = RunningFacts::new(&app, &format!("s{seed:x}"), 3).await;
            let mut day = Day::begin(world, SeededRng::new(*seed)).await;
            let start = last_seq(&day.world).await;
            // Everything happens once at least, then whatever comes.
            for n in 0..6 * STEPS {
                let what = if n < STEPS { n } else { day.rng.roll(STEPS) };
                day.step(what).await;
            }
            let found = recorded(&day.world, start).await;
            let difference = difference(&day.expected, &found);
            assert!(difference.is_empty(), "{difference:#?}");
            met.extend(found.keys().map(|(_, action, effect)| (*action, *effect)));
            day.world.chain_is_whole().await;
        }
        for action in ["person.created", "person.updated", "person.offboarded", "bulk_update.done", "clinic.created",
            "clinic.updated", "organization.updated", "professional_license.added", "license_pool.total_set",
            "license_request.submitted", "supervisor.changed", "emr_account.access_copied", "emr_account.type_changed",
            "people.merged"] {
            for effect in ["done", "denied"] {
                assert!(seeds.len() == 1 || met.contains(&(action, effect)), "{action} was never {effect}: {met:?}");
            }
        }
    }
}
