//! Many at once for the last of something, and many at the door.

use std::collections::BTreeSet;

use muster_app::AppError;
use muster_app::audit::AuditQuery;
use muster_app::sign_in::SessionStatus;
use muster_domain::PersonId;
use muster_domain::emr::{EmrAccount, Permission, UserType};
use muster_domain::licenses::Group;
use muster_domain::people::Change;
use muster_domain::people::PersonPatch;
use muster_testkit::both_engines;

use crate::world::{PASSWORD, RunningFacts, VIEW, app, origin};

both_engines! {
    /// Of many who activate people for the last seats, exactly as many win as seats; one row version saves once.
    async fn the_last_seats_and_a_row_version_have_one_winner_each(db) {
        let world = RunningFacts::new(&app(db), "one", 1).await;
        let clinic = world.clinics[0];
        let operator = world.machine();
        world.app.set_license_total(&operator, clinic, Group::Student, 3, "").await.expect("sets");
        let mut racing = Vec::new();
        for n in 0..12 {
            let (app, actor) = (world.app.clone(), operator.clone());
            let new = world.profile(&format!("s{n}"), UserType::SPT, &[Permission::ViewPatients], &[clinic]);
            racing.push(tokio::spawn(async move { app.add_person(&actor, new, None).await }));
        }
        let (mut active, mut waiting) = (Vec::new(), Vec::new());
        for one in racing {
            let view = one.await.expect("runs").expect("is saved").view;
            let is_active = view.profile().emr.as_ref().is_some_and(EmrAccount::is_active);
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
    /// A rush at the door: whoever comes with the right password gets a session of their own, nobody else gets any, and
    /// every attempt is on record once.
    async fn who_comes_in_a_rush_is_let_in_as_themselves_or_not_at_all(db) {
        const PEOPLE: usize = 8;
        let world = RunningFacts::new(&app(db), "one", 1).await;
        let mut ids = Vec::new();
        for n in 0..PEOPLE {
            ids.push(world.with_password(&format!("p{n}"), UserType::SPT, &VIEW[..1]).await);
        }
        let attempts = (0..3 * PEOPLE).map(|n| {
            let (app, name) = (world.app.clone(), world.username(&format!("P{}", n % PEOPLE)));
            let password = if n % 3 == 0 { "Another-Lantern-42" } else { PASSWORD };
            tokio::spawn(async move { (n, app.sign_in(&name, password, &origin()).await) })
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
            let SessionStatus::PasswordChangeDue(both) = standing else { panic!("{standing:?}") };
            assert_eq!(both.0.subject(), Some(ids[n % PEOPLE].0));
            tokens.insert(token);
        }
        assert_eq!(tokens.len(), 2 * PEOPLE);
        let query = AuditQuery { limit: 200, ..AuditQuery::default() };
        let page = world.app.audit_records(&world.machine(), &query).await.expect("reads");
        let recorded = |action: &str, id: PersonId| {
            page.records.iter().filter(|r| r.entry.action == action && r.entry.subject_id == Some(id.0)).count()
        };
        for (n, id) in ids.into_iter().enumerate() {
            let wrong = (0..3).filter(|round| (round * PEOPLE + n).is_multiple_of(3)).count();
            assert_eq!((recorded("sign_in.succeeded", id), recorded("sign_in.failed", id)), (3 - wrong, wrong), "{n}");
            let signed_in = world.app.person(&world.machine(), id).await.expect("is there").stored.last_sign_in_at;
            assert!(signed_in.is_some());
        }
        world.chain_is_whole().await;
    }
}
