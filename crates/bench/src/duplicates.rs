//! The duplicate check: how much it finds, how often it is wrong, and how long it takes.

use std::collections::BTreeMap;
use std::time::Instant;

use muster_app::Actor;
use muster_app::people::{ListQuery, NewProfile};
use muster_domain::PersonId;
use muster_domain::emr::{EmrPatch, Permission, UserType};
use muster_domain::people::{Person, PersonPatch};
use muster_testkit::variants::{Kind, population};

use crate::installation::ServedInstallation;
use crate::report::{Report, percentile};
use crate::rng::SeededRng;

/// Known people, and second entries of some of them.
const PEOPLE: usize = 5_000;
const SECOND: usize = 1_000;
/// Checks against the whole installation.
const CHECKS: usize = 400;

fn draft(person: &Person, clinic: muster_domain::ClinicId) -> NewProfile {
    NewProfile {
        person: PersonPatch {
            first_name: Some(person.first_name.clone()),
            last_name: Some(person.last_name.clone()),
            previous_names: Some(person.previous_names.clone()),
            username: Some(person.username.clone()),
            email: Some(person.email.clone()),
            ..PersonPatch::default()
        },
        emr: Some(EmrPatch {
            user_type: Some(UserType::Clerical.as_str().to_owned()),
            clinics: Some([clinic].into()),
            permissions: Some(vec![Permission::ViewPatients.as_str().to_owned()]),
            ..EmrPatch::default()
        }),
        invite: Some(false),
        ..NewProfile::default()
    }
}

/// Measures the check in the served practice, and what it finds in a practice of known people.
pub async fn measure(served: &ServedInstallation, report: &mut Report) {
    time_checks(served, report).await;
    count_found(served, report).await;
}

async fn time_checks(served: &ServedInstallation, report: &mut Report) {
    let machine = Actor::command_line(served.organization);
    let clinic = served.app.clinics(&machine).await.expect("clinics")[0].id;
    let mut rng = SeededRng(23);
    let mut times = Vec::with_capacity(CHECKS);
    // Names of people who are there, mixed, so that the checks find candidates to compare.
    let query = ListQuery { limit: 200, ..ListQuery::default() };
    let sample = served.app.people(&machine, query).await.expect("people").people;
    let blank = population(1, 1, 0).people.remove(0);
    report.refresh_hash();
    for _ in 0..CHECKS {
        let mut one = || &rng.pick(&sample).profile().person;
        let person =
            Person { first_name: one().first_name.clone(), last_name: one().last_name.clone(), ..blank.clone() };
        let new = draft(&person, clinic);
        let begun = Instant::now();
        served.app.duplicate_candidates(&machine, &new).await.expect("a check");
        times.push(begun.elapsed());
    }
    report.time_at_most(&format!("{}: duplicate check (p95)", served.name()), percentile(&mut times, 0.95), 1.2);
}

async fn count_found(served: &ServedInstallation, report: &mut Report) {
    let engine = served.name();
    let known = served.app.add_organization(&format!("Known people {engine}"), "UTC").await.expect("a practice");
    let machine = Actor::command_line(known);
    let clinic = served.app.add_clinic(&machine, "Known", None).await.expect("a clinic").id;
    let population = population(20, PEOPLE, SECOND);
    let mut ids: Vec<PersonId> = Vec::with_capacity(PEOPLE);
    for person in &population.people {
        let saved = served.app.add_person(&machine, draft(person, clinic), None).await.expect("somebody known");
        ids.push(saved.view.profile().person.id);
    }
    let mut tally: BTreeMap<Kind, [usize; 3]> = BTreeMap::new();
    for variant in &population.variants {
        let found = served.app.duplicate_candidates(&machine, &draft(&variant.person, clinic)).await.expect("a check");
        let raised: Vec<PersonId> = found.seen.iter().map(|c| c.view.profile().person.id).collect();
        let counts = tally.entry(variant.kind).or_default();
        counts[0] += 1;
        counts[1] += usize::from(raised.contains(&ids[variant.of]));
        counts[2] += usize::from(raised.iter().any(|id| *id != ids[variant.of]));
    }
    #[allow(clippy::cast_precision_loss)]
    let percent = |part: usize, whole: usize| part as f64 * 100.0 / whole as f64;
    let mut sum = [0; 3];
    for (kind, [all, found, wrong]) in tally {
        let figures = format!("{:.1} % found, {:.1} % false alarms of {all}", percent(found, all), percent(wrong, all));
        Report::note(&format!("{engine}: second entries, {kind:?}"), &figures);
        sum = [sum[0] + all, sum[1] + found, sum[2] + wrong];
    }
    report.at_least(&format!("{engine}: second entries found"), percent(sum[1], sum[0]), "%", 99.0);
    report.at_most(&format!("{engine}: false alarms"), percent(sum[2], sum[0]), "%", 1.0);
}
