use muster_domain::access::ClinicAccess;
use muster_domain::emr::{Status, UserType};
use muster_domain::licenses::{Availability, Group, RequestKind, RequestState};
use muster_domain::{ClinicId, LicenseRequestId, OrganizationId};
use muster_store::licenses::{self, LedgerEntry, NewRequest, Pool, RequestEnding};
use muster_store::{Db, Reading, StoreError};
use muster_testkit::both_engines;
use muster_testkit::databases::{an_id, an_organization, later};

use crate::{in_tx, insert};

/// Total before and after, kind and name of the actor, note.
type Line = (Option<i64>, Option<i64>, String, String, String);

async fn set(db: &Db, organization: OrganizationId, clinic: ClinicId, before: Option<i64>, after: Option<i64>) {
    let entry = LedgerEntry {
        id: an_id(),
        clinic,
        group: Group::Therapist,
        before,
        after,
        request: None,
        actor_id: None,
        actor_kind: "support",
        actor_name: "Sam Ópe".to_owned(),
        note: "paid by phone; \"3\" seats".to_owned(),
        at: later(before.unwrap_or(0)),
    };
    in_tx!(db, |tx| licenses::set_total(tx, organization, &entry).await).expect("a total");
}

async fn take(db: &Db, organization: OrganizationId, clinic: ClinicId, count: i64) -> bool {
    in_tx!(db, |tx| licenses::take_seats(tx, organization, &[(clinic, Group::Therapist, count)], later(0)).await)
        .expect("an answer")
}

async fn pool(db: &Db, organization: OrganizationId, clinic: ClinicId) -> Option<Pool> {
    let mut reading = db.read().await.expect("a reader");
    let pools = licenses::pools(&mut reading, organization, Some(&[clinic])).await.expect("pools");
    pools.into_iter().find(|p| p.group == Group::Therapist)
}

both_engines! {
    async fn of_twenty_racers_for_three_seats_exactly_three_win(db) {
        let practice = an_organization(db).await;
        let (id, clinic) = (practice.id, practice.clinics[0].id);
        set(db, id, clinic, None, Some(3)).await;
        let racers: Vec<_> = (0..20)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move { take(&db, id, clinic, 1).await })
            })
            .collect();
        let mut won = 0;
        for racer in racers {
            won += i64::from(racer.await.unwrap());
        }
        assert_eq!(won, 3);
        let pool = pool(db, id, clinic).await.unwrap();
        assert_eq!((pool.total, pool.assigned, pool.availability()), (Some(3), 3, Availability::Free(0)));
    }

    async fn several_seats_are_taken_together_or_not_at_all(db) {
        let practice = an_organization(db).await;
        let (id, clinic) = (practice.id, practice.clinics[0].id);
        set(db, id, clinic, None, Some(5)).await;
        assert!(take(db, id, clinic, 3).await);
        assert!(!take(db, id, clinic, 3).await);
        assert!(take(db, id, clinic, 2).await);
        assert!(!take(db, id, clinic, 1).await);
        assert_eq!(pool(db, id, clinic).await.unwrap().assigned, 5);
    }

    async fn a_pool_without_a_total_never_runs_out(db) {
        let practice = an_organization(db).await;
        let (id, clinic) = (practice.id, practice.clinics[0].id);
        assert!(pool(db, id, clinic).await.is_none());
        assert!(take(db, id, clinic, 900).await && take(db, id, clinic, 900).await);
        let pool = pool(db, id, clinic).await.unwrap();
        assert_eq!((pool.assigned, pool.availability()), (1800, Availability::Unlimited));
    }

    async fn a_seat_given_back_can_be_taken_again_and_none_goes_below_zero(db) {
        let practice = an_organization(db).await;
        let (id, clinic) = (practice.id, practice.clinics[0].id);
        set(db, id, clinic, None, Some(1)).await;
        assert!(take(db, id, clinic, 1).await);
        in_tx!(db, |tx| licenses::give_seats(tx, id, &[(clinic, Group::Therapist, 1)], later(0)).await).unwrap();
        assert!(take(db, id, clinic, 1).await);
        in_tx!(db, |tx| licenses::give_seats(tx, id, &[(clinic, Group::Therapist, 1)], later(0)).await).unwrap();
        let mut tx = db.begin().await.unwrap();
        let outcome = licenses::give_seats(&mut tx, id, &[(clinic, Group::Therapist, 1)], later(0)).await;
        assert!(matches!(outcome, Err(StoreError::Other(_))), "{outcome:?}");
    }

    async fn pools_of_other_clinics_groups_and_practices_are_untouched(db) {
        let (here, there) = (an_organization(db).await, an_organization(db).await);
        for practice in [&here, &there] {
            for clinic in practice.clinic_ids() {
                for group in Group::ALL {
                    let taken = in_tx!(db, |tx| licenses::take_seats(tx, practice.id, &[(clinic, group, 2)], later(0)).await).unwrap();
                    assert!(taken);
                }
            }
        }
        let clinic = here.clinics[1].id;
        assert!(take(db, here.id, clinic, 5).await);
        let mut reading = db.read().await.unwrap();
        for practice in [&here, &there] {
            let pools = licenses::pools(&mut reading, practice.id, None).await.unwrap();
            assert_eq!(pools.len(), 12);
            for pool in pools {
                let expected = if (pool.clinic, pool.group) == (clinic, Group::Therapist) { 7 } else { 2 };
                assert_eq!(pool.assigned, expected, "{pool:?}");
            }
        }
        assert_eq!(licenses::pools(&mut reading, here.id, Some(&[clinic])).await.unwrap().len(), 4);
        assert!(licenses::pools(&mut reading, here.id, Some(&[])).await.unwrap().is_empty());
        assert!(licenses::pools(&mut reading, there.id, Some(&[clinic])).await.unwrap().is_empty());
    }

    async fn a_total_is_set_and_every_change_of_it_stands_in_the_ledger(db) {
        let practice = an_organization(db).await;
        let (id, clinic) = (practice.id, practice.clinics[0].id);
        assert!(take(db, id, clinic, 2).await);
        for (before, after) in [(None, Some(2)), (Some(2), Some(9)), (Some(9), None)] {
            set(db, id, clinic, before, after).await;
            let pool = pool(db, id, clinic).await.unwrap();
            assert_eq!((pool.total, pool.assigned), (after, 2));
        }
        let text = "SELECT total_before, total_after, actor_kind, actor_name, note FROM license_ledger ORDER BY at, entry_id";
        let lines: Vec<Line> = match db {
            Db::Sqlite { read, .. } => sqlx::query_as(text).fetch_all(read).await.unwrap(),
            Db::Postgres { write, .. } => sqlx::query_as(text).fetch_all(write).await.unwrap(),
        };
        let totals: Vec<_> = lines.iter().map(|l| (l.0, l.1)).collect();
        assert_eq!(totals, [(None, Some(2)), (Some(2), Some(9)), (Some(9), None)]);
        assert!(lines.iter().all(|l| l.2 == "support" && l.3 == "Sam Ópe" && l.4 == "paid by phone; \"3\" seats"));
    }

    async fn a_wrong_count_is_found(db) {
        let practice = an_organization(db).await;
        let (id, clinic) = (practice.id, practice.clinics[0].id);
        let types = UserType::ALL;
        let profiles: Vec<_> = types
            .into_iter()
            .zip(1..)
            .map(|(kind, n)| {
                let mut profile = practice.therapist(n);
                profile.emr.iter_mut().for_each(|e| e.user_type = kind);
                profile
            })
            .collect();
        let mut idle = practice.therapist(90);
        idle.emr.iter_mut().for_each(|e| e.status = Status::Inactive);
        insert(db, id, &profiles).await.unwrap();
        insert(db, id, &[idle]).await.unwrap();
        for group in Group::ALL {
            let count = types.iter().filter(|t| t.group() == group).count();
            let count = i64::try_from(count).unwrap();
            assert!(in_tx!(db, |tx| licenses::take_seats(tx, id, &[(clinic, group, count)], later(0)).await).unwrap());
        }
        let found = licenses::miscounted(&mut db.read().await.unwrap()).await.unwrap();
        assert!(found.is_empty(), "{found:?}");

        in_tx!(db, |tx| licenses::give_seats(tx, id, &[(clinic, Group::Student, 1)], later(0)).await).unwrap();
        let found = licenses::miscounted(&mut db.read().await.unwrap()).await.unwrap();
        assert_eq!(found, [format!("student pool of clinic {clinic}")]);
    }

    async fn sums_that_are_not_those_of_the_pools_are_found(db) {
        let practice = an_organization(db).await;
        set(db, practice.id, practice.clinics[0].id, None, Some(3)).await;
        assert!(licenses::miscounted(&mut db.read().await.unwrap()).await.unwrap().is_empty());
        for column in ["total", "limited", "assigned"] {
            for text in [format!("UPDATE license_sums SET {column} = {column} + 1"), format!("UPDATE license_sums SET {column} = {column} - 1")] {
                let wrong = text.contains('+');
                let text = sqlx::AssertSqlSafe(text);
                match db {
                    Db::Sqlite { write, .. } => drop(sqlx::query(text).execute(write).await.unwrap()),
                    Db::Postgres { write, .. } => drop(sqlx::query(text).execute(write).await.unwrap()),
                }
                let found = licenses::miscounted(&mut db.read().await.unwrap()).await.unwrap();
                let meant = format!("therapist sums of practice {}", practice.id);
                assert_eq!(found, if wrong { vec![meant] } else { Vec::new() }, "{column}");
            }
        }
    }

    async fn the_sums_of_a_practice_are_those_of_all_its_clinics(db) {
        let practice = an_organization(db).await;
        let other = an_organization(db).await;
        set(db, other.id, other.clinics[0].id, None, Some(70)).await;
        let (id, clinics) = (practice.id, practice.clinic_ids());
        let every = ClinicAccess::Only(clinics.iter().copied().collect());
        let all_equal = async |step: &str| {
            let mut reading = db.read().await.unwrap();
            let kept = licenses::sums(&mut reading, id, &ClinicAccess::All).await.unwrap();
            let added = licenses::sums(&mut reading, id, &every).await.unwrap();
            assert_eq!(kept, added, "{step}");
            kept
        };
        all_equal("nothing yet").await;
        for (n, clinic) in (1..).zip(&clinics) {
            set(db, id, *clinic, None, Some(4 * n)).await;
            all_equal("a total").await;
        }
        assert!(take(db, id, clinics[0], 3).await);
        let kept = all_equal("every clinic has a total").await;
        assert_eq!((kept[0].total, kept[0].assigned), (Some(24), 3));
        set(db, id, clinics[1], Some(8), Some(2)).await;
        assert_eq!(all_equal("fewer").await[0].total, Some(18));
        set(db, id, clinics[2], Some(12), None).await;
        assert_eq!(all_equal("one is unlimited").await[0].total, None);
        let mut closed = practice.clinics[2].clone();
        closed.status = Status::Inactive;
        in_tx!(db, |tx| muster_store::organizations::update_clinic(tx, id, &closed).await).unwrap();
        assert_eq!(all_equal("the unlimited one is closed").await[0].total, Some(6));
        let seats = [(clinics[0], Group::Therapist, 2), (clinics[1], Group::Therapist, 0)];
        in_tx!(db, |tx| licenses::give_seats(tx, id, &seats, later(9)).await).unwrap();
        assert_eq!(all_equal("given back").await[0].assigned, 1);
    }

    async fn seats_held_without_a_pool_are_found(db) {
        let practice = an_organization(db).await;
        insert(db, practice.id, &[practice.therapist(1)]).await.unwrap();
        let found = licenses::miscounted(&mut db.read().await.unwrap()).await.unwrap();
        assert_eq!(found, [format!("therapist pool of clinic {}", practice.clinics[0].id)]);
    }

    async fn seats_of_several_pools_are_taken_with_one_statement_or_refused_together(db) {
        let practice = an_organization(db).await;
        let (id, clinics) = (practice.id, practice.clinic_ids());
        let (one, two) = (clinics[0], clinics[1]);
        set(db, id, one, None, Some(5)).await;
        set(db, id, two, None, Some(1)).await;
        let seats = |n| [(one, Group::Therapist, n), (two, Group::Therapist, 1), (two, Group::Student, 4)];
        assert!(in_tx!(db, |tx| licenses::take_seats(tx, id, &seats(3), later(0)).await).unwrap());
        let mut tx = db.begin().await.unwrap();
        assert!(!licenses::take_seats(&mut tx, id, &seats(1), later(0)).await.unwrap(), "the second clinic is full");
        drop(tx);
        assert_eq!(pool(db, id, one).await.unwrap().assigned, 3);
        assert!(in_tx!(db, |tx| licenses::take_seats(tx, id, &[], later(0)).await).unwrap());
    }

    async fn the_use_of_a_pool_is_one_row_an_hour_with_the_fewest_free(db) {
        let practice = an_organization(db).await;
        let (id, clinic) = (practice.id, practice.clinics[0].id);
        set(db, id, clinic, None, Some(5)).await;
        for (seconds, take) in [(10, true), (20, true), (30, false), (3_600, true)] {
            if take {
                let one = [(clinic, Group::Therapist, 1)];
                assert!(in_tx!(db, |tx| licenses::take_seats(tx, id, &one, later(seconds)).await).unwrap());
            } else {
                in_tx!(db, |tx| licenses::give_seats(tx, id, &[(clinic, Group::Therapist, 1)], later(seconds)).await).unwrap();
            }
        }
        let mut reading = db.read().await.unwrap();
        let points = licenses::usage(&mut reading, id, clinic, later(-9_000), 10).await.unwrap();
        let points: Vec<_> = points[&Group::Therapist].iter().map(|p| (p.total, p.assigned)).collect();
        assert_eq!(points, [(Some(5), 1), (Some(5), 2)]);
        let scope = ClinicAccess::All;
        let weeks = 15 * 24 * 3600;
        let standing = async |reading: &mut Reading, after: i64| {
            let found = licenses::standings(reading, id, &scope, None, later(after)).await.unwrap();
            found.iter().map(|s| (s.standing, s.fewest_since)).collect::<Vec<_>>()
        };
        assert_eq!(standing(&mut reading, 3_600).await, [(None, Some(3))]);
        assert_eq!(standing(&mut reading, weeks).await, [(Some(3), None)]);
        let nowhere = ClinicAccess::Only([ClinicId(an_id())].into());
        assert!(licenses::standings(&mut reading, id, &nowhere, None, later(weeks)).await.unwrap().is_empty());
    }

    async fn a_request_ends_once_and_the_ledger_has_to_prove_it(db) {
        let practice = an_organization(db).await;
        let (id, clinic) = (practice.id, practice.clinics[0].id);
        set(db, id, clinic, None, Some(2)).await;
        let new = NewRequest {
            id: LicenseRequestId(an_id()),
            kind: RequestKind::Add,
            clinic,
            group: Group::Therapist,
            count: 3,
            note: "more".to_owned(),
            requester_id: None,
            requester_kind: "person",
            requester_name: "Ann".to_owned(),
            at: later(5),
        };
        in_tx!(db, |tx| licenses::insert(tx, id, &new).await).unwrap();
        let ending = |state, totals| RequestEnding {
            state,
            actor_id: None,
            actor_kind: "support",
            actor_name: "Sam".to_owned(),
            note: String::new(),
            at: later(9),
            totals,
        };
        let found = licenses::queue(&mut db.read().await.unwrap(), None, 10).await.unwrap();
        assert_eq!(found.iter().map(|r| (r.id, r.number, r.state)).collect::<Vec<_>>(), [(new.id, 1, RequestState::Submitted)]);
        assert!(licenses::unproven(&mut db.read().await.unwrap()).await.unwrap().is_empty());
        let processed = ending(RequestState::Processed, Some((2, 5)));
        assert!(in_tx!(db, |tx| licenses::end(tx, id, new.id, &processed).await).unwrap());
        assert!(!in_tx!(db, |tx| licenses::end(tx, id, new.id, &ending(RequestState::Withdrawn, None)).await).unwrap());
        assert!(licenses::queue(&mut db.read().await.unwrap(), None, 10).await.unwrap().is_empty());
        let found = licenses::unproven(&mut db.read().await.unwrap()).await.unwrap();
        assert_eq!(found.len(), 1, "processed, but the total did not change: {found:?}");
        // A total changed without its entry, and an entry that does not follow the one before.
        set(db, id, clinic, Some(2), Some(4)).await;
        set(db, id, clinic, Some(7), Some(9)).await;
        let found = licenses::unproven(&mut db.read().await.unwrap()).await.unwrap();
        assert!(found.iter().any(|f| f.contains("not the sum of its ledger")), "{found:?}");
        assert!(found.iter().any(|f| f.contains("do not follow one another")), "{found:?}");
    }

    async fn a_seat_of_a_change_that_was_dropped_is_free(db) {
        let practice = an_organization(db).await;
        let (id, clinic) = (practice.id, practice.clinics[0].id);
        set(db, id, clinic, None, Some(1)).await;
        let mut tx = db.begin().await.unwrap();
        assert!(licenses::take_seats(&mut tx, id, &[(clinic, Group::Therapist, 1)], later(0)).await.unwrap());
        drop(tx);
        assert!(take(db, id, clinic, 1).await);
    }
}
