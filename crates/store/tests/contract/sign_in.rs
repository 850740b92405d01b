use jiff::Timestamp;
use muster_domain::OrganizationId;
use muster_domain::emr::Status;
use muster_domain::sign_in::{LinkPurpose, PasswordState};
use muster_store::sign_in::{self, Link, Session, Token};
use muster_store::{Db, StoreError};
use muster_testkit::both_engines;
use muster_testkit::databases::{an_id, an_organization, later, noon, numbered, person_id};
use uuid::Uuid;

use crate::{in_tx, insert};

fn a_session(subject: Uuid, started: i64) -> Session {
    Session {
        id: an_id(),
        subject,
        organization: Some(OrganizationId(numbered("practice", 1))),
        csrf: "guard".into(),
        started_at: later(started),
        last_seen_at: later(started),
        locked: false,
        address: "2001:db8::1".into(),
        user_agent: "Mozilla/5.0 (é)".into(),
    }
}

fn a_link(subject: Uuid, purpose: LinkPurpose, expires: i64) -> Link {
    Link { purpose, subject, organization: None, expires_at: later(expires) }
}

fn a_token(subject: Uuid, created: i64, expires: Option<i64>) -> Token {
    Token {
        id: an_id(),
        subject,
        organization: Some(OrganizationId(numbered("practice", 1))),
        name: "Nightly sync".into(),
        scopes: "people:read people:write".into(),
        created_at: later(created),
        expires_at: expires.map(later),
        last_used_at: None,
    }
}

/// What a session says, comparable.
fn told(s: &Session) -> (Uuid, Uuid, Option<OrganizationId>, String, Timestamp, Timestamp, bool, String, String) {
    let (csrf, address, agent) = (s.csrf.clone(), s.address.clone(), s.user_agent.clone());
    (s.id, s.subject, s.organization, csrf, s.started_at, s.last_seen_at, s.locked, address, agent)
}

/// Somebody whose secrets can be asked about.
async fn an_operator(db: &Db, number: u64) -> Uuid {
    let id = numbered("operator", number);
    let name = format!("operator{number}");
    in_tx!(db, |tx| sign_in::insert_operator(tx, id, &name, &format!("{name}@example.org")).await)
        .expect("an operator");
    id
}

async fn spend(db: &Db, hash: &[u8]) -> bool {
    in_tx!(db, |tx| sign_in::spend_link(tx, hash).await).expect("an answer")
}

both_engines! {
    async fn a_person_signs_in_with_user_name_or_email_however_typed(db) {
        let practice = an_organization(db).await;
        insert(db, practice.id, &[practice.therapist(1)]).await.unwrap();
        let mut reading = db.read().await.unwrap();
        for name in ["mharlow1", " MHarlow1 ", "MARA1@saco.example", "ｍharlow1"] {
            let found = sign_in::find_by_name(&mut reading, name).await.unwrap().unwrap();
            assert_eq!((found.subject, found.organization.is_some()), (person_id(1).0, true), "{name}");
            assert_eq!((found.organization, found.password_hash), (Some(practice.id), None));
            assert_eq!((found.password_state, found.password_changed_at), (PasswordState::Missing, None));
            let owner = sign_in::name_owner(&mut reading, name).await.unwrap();
            assert_eq!(owner, Some((person_id(1).0, Some(practice.id))));
        }
        for name in ["", "mharlow", "mharlow1%", "' OR 1=1 --", "nul\0"] {
            assert!(sign_in::find_by_name(&mut reading, name).await.unwrap().is_none(), "{name:?}");
            assert!(sign_in::name_owner(&mut reading, name).await.unwrap().is_none(), "{name:?}");
        }
        assert!(sign_in::find(&mut reading, an_id()).await.unwrap().is_none());
    }

    async fn an_operator_shares_the_space_of_names_with_people(db) {
        let practice = an_organization(db).await;
        let operator = an_id();
        in_tx!(db, |tx| sign_in::insert_operator(tx, operator, "Sam", "sam@muster.example").await).unwrap();
        in_tx!(db, |tx| sign_in::insert_operator(tx, an_id(), "same@x.example", "same@x.example").await).unwrap();
        let mut reading = db.read().await.unwrap();
        let found = sign_in::find_by_name(&mut reading, "SAM@muster.example").await.unwrap().unwrap();
        assert_eq!((found.subject, found.organization, found.shown_name.as_str()), (operator, None, "Sam"));
        assert_eq!(found.organization, None);
        drop(reading);
        let mut person = practice.therapist(1);
        person.person.username = "SAM".into();
        let outcome = insert(db, practice.id, &[person]).await;
        assert!(matches!(outcome, Err(StoreError::Taken(_))), "{outcome:?}");
        insert(db, practice.id, &[practice.therapist(2)]).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let outcome = sign_in::insert_operator(&mut tx, an_id(), "free", "MARA2@saco.example").await;
        assert!(matches!(outcome, Err(StoreError::Taken(_))), "{outcome:?}");
    }

    async fn a_password_is_set_and_a_stronger_hash_replaces_only_its_own(db) {
        let practice = an_organization(db).await;
        insert(db, practice.id, &[practice.therapist(1)]).await.unwrap();
        let subject = person_id(1).0;
        in_tx!(db, |tx| sign_in::set_password(tx, subject, "weak", PasswordState::MustChange, later(5)).await).unwrap();
        in_tx!(db, |tx| sign_in::rehash_password(tx, subject, "other", "stolen").await).unwrap();
        let found = sign_in::find(&mut db.read().await.unwrap(), subject).await.unwrap().unwrap();
        assert_eq!(found.password_hash.as_deref(), Some("weak"));
        in_tx!(db, |tx| sign_in::rehash_password(tx, subject, "weak", "strong").await).unwrap();
        let found = sign_in::find(&mut db.read().await.unwrap(), subject).await.unwrap().unwrap();
        assert_eq!((found.password_hash.as_deref(), found.password_state), (Some("strong"), PasswordState::MustChange));
        assert_eq!(found.password_changed_at, Some(later(5)));
    }

    async fn a_sign_in_is_noted_on_the_profile_and_survives_an_update(db) {
        let practice = an_organization(db).await;
        insert(db, practice.id, &[practice.therapist(1)]).await.unwrap();
        let session = Session { organization: Some(practice.id), ..a_session(person_id(1).0, 7) };
        in_tx!(db, |tx| sign_in::begin_session(tx, b"1", &session).await).unwrap();
        in_tx!(db, |tx| muster_store::people::update(tx, practice.id, &[practice.therapist(1)], later(8)).await).unwrap();
        let mut reading = db.read().await.unwrap();
        let stored = muster_store::people::find(&mut reading, practice.id, person_id(1)).await.unwrap().unwrap();
        assert_eq!(stored.last_sign_in_at, Some(later(7)));
    }

    async fn the_holder_of_a_name_is_found_with_the_profile_of_a_person(db) {
        let practice = an_organization(db).await;
        let mut idle = practice.therapist(2);
        idle.emr.iter_mut().for_each(|e| e.status = Status::Inactive);
        let mut without = practice.therapist(3);
        without.emr = None;
        let people = [practice.therapist(1), idle, without];
        insert(db, practice.id, &people).await.unwrap();
        let operator = an_operator(db, 1).await;
        let mut reading = db.read().await.unwrap();
        for profile in people {
            let person = &profile.person;
            for name in [person.username.to_uppercase(), person.email.clone().expect("an email")] {
                let (owner, stored) = sign_in::find_with_profile(&mut reading, &name).await.unwrap().unwrap();
                assert_eq!((owner.subject, owner.organization), (person.id.0, Some(practice.id)));
                assert_eq!(stored.map(|s| s.profile).as_ref(), Some(&profile));
            }
        }
        let name = sign_in::find(&mut reading, operator).await.unwrap().unwrap().shown_name;
        let (owner, stored) = sign_in::find_with_profile(&mut reading, &name).await.unwrap().unwrap();
        assert_eq!((owner.subject, stored.is_none()), (operator, true));
        for nobody in ["nobody", "nobody\0", ""] {
            assert!(sign_in::find_with_profile(&mut reading, nobody).await.unwrap().is_none());
        }
    }

    async fn failures_are_told_for_each_key_in_the_order_asked(db) {
        for (key, seconds) in [("name", 1), ("pair", 2), ("pair", 3), ("another", 4)] {
            in_tx!(db, |tx| sign_in::note_failure(tx, key, later(seconds), later(-900)).await).unwrap();
        }
        let mut reading = db.read().await.unwrap();
        let found = sign_in::failures(&mut reading, &["pair", "address\0", "name"]).await.unwrap();
        assert_eq!(found, [(2, later(3)), (0, Timestamp::UNIX_EPOCH), (1, later(1))]);
        assert!(sign_in::failures(&mut reading, &[]).await.unwrap().is_empty());
    }

    async fn a_session_is_known_by_the_hash_of_its_cookie_until_it_ends(db) {
        let (mara, sam) = (an_operator(db, 1).await, an_operator(db, 2).await);
        let (old, new, other) = (a_session(mara, 0), a_session(mara, 10), a_session(sam, 5));
        for (hash, session) in [(b"1", &old), (b"2", &new), (b"3", &other)] {
            in_tx!(db, |tx| sign_in::begin_session(tx, hash.as_slice(), session).await).unwrap();
        }
        let mut reading = db.read().await.unwrap();
        assert_eq!(told(&sign_in::session(&mut reading, b"1").await.unwrap().unwrap().0), told(&old));
        assert!(sign_in::session(&mut reading, b"0").await.unwrap().is_none());
        assert!(sign_in::session(&mut reading, b"").await.unwrap().is_none());
        let of_mara: Vec<Uuid> = sign_in::sessions_of(&mut reading, mara).await.unwrap().iter().map(|s| s.id).collect();
        assert_eq!(of_mara, [new.id, old.id], "newest first");
        drop(reading);

        in_tx!(db, |tx| sign_in::touch_session(tx, b"1", later(60), true).await).unwrap();
        in_tx!(db, |tx| sign_in::set_session_organization(tx, b"1", None).await).unwrap();
        let (found, _) = sign_in::session(&mut db.read().await.unwrap(), b"1").await.unwrap().unwrap();
        assert_eq!((found.last_seen_at, found.locked, found.organization), (later(60), true, None));
        assert_eq!(found.started_at, noon());
        in_tx!(db, |tx| sign_in::touch_session(tx, b"1", later(61), false).await).unwrap();
        assert!(!sign_in::session(&mut db.read().await.unwrap(), b"1").await.unwrap().unwrap().0.locked);

        assert!(!in_tx!(db, |tx| sign_in::end_session_by_id(tx, sam, old.id).await).unwrap(), "not hers");
        assert!(in_tx!(db, |tx| sign_in::end_session_by_id(tx, mara, old.id).await).unwrap());
        assert!(!in_tx!(db, |tx| sign_in::end_session_by_id(tx, mara, old.id).await).unwrap());
        in_tx!(db, |tx| sign_in::end_session(tx, b"2").await).unwrap();
        let mut reading = db.read().await.unwrap();
        assert!(sign_in::sessions_of(&mut reading, mara).await.unwrap().is_empty());
        assert_eq!(sign_in::sessions_of(&mut reading, sam).await.unwrap().len(), 1);
    }

    async fn all_sessions_but_the_present_one_can_be_ended(db) {
        let (mara, sam) = (an_operator(db, 1).await, an_operator(db, 2).await);
        for (hash, subject) in [(b"1", mara), (b"2", mara), (b"3", mara), (b"4", sam)] {
            in_tx!(db, |tx| sign_in::begin_session(tx, hash.as_slice(), &a_session(subject, 0)).await).unwrap();
        }
        assert_eq!(in_tx!(db, |tx| sign_in::end_sessions(tx, mara, Some(b"2")).await).unwrap(), 2);
        assert!(sign_in::session(&mut db.read().await.unwrap(), b"2").await.unwrap().is_some());
        assert_eq!(in_tx!(db, |tx| sign_in::end_sessions(tx, mara, None).await).unwrap(), 1);
        assert!(sign_in::session(&mut db.read().await.unwrap(), b"4").await.unwrap().is_some());
    }

    async fn ending_all_access_ends_sessions_links_and_tokens_of_one_subject(db) {
        let (mara, sam) = (an_operator(db, 1).await, an_operator(db, 2).await);
        for (hash, subject) in [(b"1", mara), (b"2", sam)] {
            in_tx!(db, |tx| sign_in::begin_session(tx, hash.as_slice(), &a_session(subject, 0)).await).unwrap();
            in_tx!(db, |tx| sign_in::insert_link(tx, hash, &a_link(subject, LinkPurpose::Reset, 60)).await).unwrap();
            in_tx!(db, |tx| sign_in::insert_token(tx, hash, &a_token(subject, 0, None)).await).unwrap();
        }
        in_tx!(db, |tx| sign_in::end_all_access(tx, mara).await).unwrap();
        let mut reading = db.read().await.unwrap();
        for (hash, stays) in [(b"1", false), (b"2", true)] {
            assert_eq!(sign_in::session(&mut reading, hash).await.unwrap().is_some(), stays);
            assert_eq!(sign_in::link(&mut reading, hash, noon()).await.unwrap().is_some(), stays);
            assert_eq!(sign_in::token(&mut reading, hash).await.unwrap().is_some(), stays);
        }
    }

    async fn a_link_works_once_whoever_races(db) {
        let mara = numbered("person", 1);
        in_tx!(db, |tx| sign_in::insert_link(tx, b"link", &a_link(mara, LinkPurpose::Reset, 60)).await).unwrap();
        let racers: Vec<_> = (0..10)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move { spend(&db, b"link").await })
            })
            .collect();
        let mut won = 0;
        for racer in racers {
            won += i32::from(racer.await.unwrap());
        }
        assert_eq!(won, 1);
        assert!(sign_in::link(&mut db.read().await.unwrap(), b"link", noon()).await.unwrap().is_none());
    }

    async fn a_link_is_worthless_after_its_time_and_once_a_newer_one_is_made(db) {
        let mara = numbered("person", 1);
        let first = Link { organization: Some(OrganizationId(numbered("practice", 1))), ..a_link(mara, LinkPurpose::Invitation, 60) };
        in_tx!(db, |tx| sign_in::insert_link(tx, b"1", &first).await).unwrap();
        let mut reading = db.read().await.unwrap();
        let found = sign_in::link(&mut reading, b"1", later(59)).await.unwrap().unwrap();
        assert_eq!((found.purpose, found.subject, found.organization), (LinkPurpose::Invitation, mara, first.organization));
        assert_eq!(found.expires_at, later(60));
        assert!(sign_in::link(&mut reading, b"1", later(60)).await.unwrap().is_none());
        drop(reading);
        in_tx!(db, |tx| sign_in::insert_link(tx, b"2", &a_link(mara, LinkPurpose::Reset, 60)).await).unwrap();
        assert!(!spend(db, b"1").await);
        assert!(spend(db, b"2").await);
    }

    async fn failures_add_up_and_are_forgotten_after_a_quiet_time_or_a_success(db) {
        let read = |key: &'static str| async move {
            sign_in::failures(&mut db.read().await.expect("a reader"), &["name:nobody", key]).await.expect("failures")[1]
        };
        let fail = |seconds: i64| async move {
            in_tx!(db, |tx| sign_in::note_failure(tx, "name:mara", later(seconds), later(seconds - 900)).await).unwrap();
        };
        assert_eq!(read("name:mara").await, (0, Timestamp::UNIX_EPOCH));
        for seconds in [0, 10, 900] {
            fail(seconds).await;
        }
        assert_eq!(read("name:mara").await, (3, later(900)));
        fail(1801).await;
        assert_eq!(read("name:mara").await, (1, later(1801)));
        assert_eq!(read("name:sam\0").await.0, 0);
        in_tx!(db, |tx| sign_in::clear_failures(tx, &[]).await).unwrap();
        assert_eq!(read("name:mara").await, (1, later(1801)));
        in_tx!(db, |tx| sign_in::clear_failures(tx, &["name:mara"]).await).unwrap();
        assert_eq!(read("name:mara").await.0, 0);
    }

    async fn parallel_failures_are_all_counted(db) {
        let racers: Vec<_> = (0..12)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move { in_tx!(&db, |tx| sign_in::note_failure(tx, "k", noon(), later(-900)).await) })
            })
            .collect();
        for racer in racers {
            racer.await.unwrap().unwrap();
        }
        assert_eq!(sign_in::failures(&mut db.read().await.unwrap(), &["k"]).await.unwrap(), [(12, noon())]);
    }

    async fn a_token_is_read_back_noted_when_used_and_revoked_by_its_owner(db) {
        let (mara, sam) = (an_operator(db, 1).await, an_operator(db, 2).await);
        let (first, second) = (a_token(mara, 0, Some(60)), a_token(mara, 10, None));
        in_tx!(db, |tx| sign_in::insert_token(tx, b"1", &first).await).unwrap();
        in_tx!(db, |tx| sign_in::insert_token(tx, b"2", &second).await).unwrap();
        in_tx!(db, |tx| sign_in::touch_token(tx, b"1", later(30)).await).unwrap();
        let mut reading = db.read().await.unwrap();
        let (found, ..) = sign_in::token(&mut reading, b"1").await.unwrap().unwrap();
        assert_eq!((found.id, found.subject, found.organization), (first.id, mara, first.organization));
        assert_eq!((found.name, found.scopes), (first.name.clone(), first.scopes.clone()));
        assert_eq!((found.created_at, found.expires_at, found.last_used_at), (noon(), Some(later(60)), Some(later(30))));
        let found = sign_in::tokens_of(&mut reading, mara).await.unwrap();
        assert_eq!(found.iter().map(|t| t.id).collect::<Vec<_>>(), [second.id, first.id]);
        assert_eq!((found[0].expires_at, found[0].last_used_at), (None, None));
        drop(reading);
        assert!(!in_tx!(db, |tx| sign_in::delete_token(tx, sam, first.id).await).unwrap());
        assert!(in_tx!(db, |tx| sign_in::delete_token(tx, mara, first.id).await).unwrap());
        assert!(sign_in::token(&mut db.read().await.unwrap(), b"1").await.unwrap().is_none());
    }

    async fn sweeping_takes_what_has_run_out_and_leaves_the_rest(db) {
        let mara = an_operator(db, 1).await;
        for (hash, seconds) in [(b"old", 0), (b"new", 100)] {
            in_tx!(db, |tx| sign_in::begin_session(tx, hash.as_slice(), &a_session(mara, seconds)).await).unwrap();
            let subject = an_id();
            in_tx!(db, |tx| sign_in::insert_link(tx, hash, &a_link(subject, LinkPurpose::Reset, seconds + 10)).await).unwrap();
            in_tx!(db, |tx| sign_in::insert_token(tx, hash, &a_token(mara, 0, Some(seconds + 10))).await).unwrap();
            let key = String::from_utf8_lossy(hash).into_owned();
            in_tx!(db, |tx| sign_in::note_failure(tx, &key, later(seconds), noon()).await).unwrap();
        }
        in_tx!(db, |tx| sign_in::insert_token(tx, b"ever", &a_token(mara, 0, None)).await).unwrap();
        in_tx!(db, |tx| sign_in::sweep(tx, later(50), later(50)).await).unwrap();
        let mut reading = db.read().await.unwrap();
        for (hash, stays) in [(b"old", false), (b"new", true)] {
            assert_eq!(sign_in::session(&mut reading, hash).await.unwrap().is_some(), stays);
            assert_eq!(sign_in::link(&mut reading, hash, noon()).await.unwrap().is_some(), stays);
            assert_eq!(sign_in::token(&mut reading, hash).await.unwrap().is_some(), stays);
            let key = String::from_utf8_lossy(hash);
            assert_eq!(sign_in::failures(&mut reading, &[&key]).await.unwrap()[0].0, i64::from(stays));
        }
        assert!(sign_in::token(&mut reading, b"ever").await.unwrap().is_some());
    }
}
