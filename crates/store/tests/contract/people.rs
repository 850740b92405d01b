use muster_domain::emr::{
    Attestation, InactiveReason, LICENSE_PLACEHOLDER, Permission, PermissionSet, PrimaryLicense, Status, UserType,
};
use muster_domain::people::{Profile, npi};
use muster_domain::sign_in::PasswordState;
use muster_domain::text::unique_key;
use muster_domain::{OrganizationId, PersonId};
use muster_store::people::{self, StoredProfile};
use muster_store::{Db, StoreError};
use muster_testkit::both_engines;
use muster_testkit::databases::{a_person, an_emr_account, an_organization, later, noon, person_id};

use crate::{in_tx, insert};

const NPI: &str = "1234567893";

async fn read(db: &Db, organization: OrganizationId, id: PersonId) -> Option<StoredProfile> {
    people::find(&mut db.read().await.expect("a reader"), organization, id).await.expect("a profile")
}

async fn update(db: &Db, organization: OrganizationId, profiles: &[Profile], seconds: i64) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    people::update(&mut tx, organization, profiles, later(seconds)).await?;
    tx.commit().await
}

fn named(mut profile: Profile, username: &str, email: Option<&str>) -> Profile {
    username.clone_into(&mut profile.person.username);
    profile.person.email = email.map(str::to_owned);
    profile
}

fn with_npi(mut profile: Profile, npi: &str) -> Profile {
    profile.person.npi = Some(npi.to_owned());
    profile
}

#[track_caller]
fn assert_taken(outcome: &Result<(), StoreError>, what: &str) {
    assert!(matches!(outcome, Err(StoreError::Taken(_))), "{what}: {outcome:?}");
}

both_engines! {
    async fn profiles_are_read_back_as_they_were_saved(db) {
        let practice = an_organization(db).await;
        let clinics = practice.clinic_ids();

        let mut full = Profile::new(a_person(practice.id, 1)).with_emr(an_emr_account(UserType::PTA, &clinics));
        full.person.first_name = "محمد".into();
        full.person.last_name = "李 \"O'Neil\" {rows $1} \\ % 😀".into();
        full.person.full_name = "ё".repeat(100);
        full.person.previous_names = vec!["Zoë, \"Z\"".into(), "a'); DROP TABLE people; --".into()];
        full.person.email = Some(format!("{}@saco.example", "é".repeat(80)));
        full.person.phone = Some("(207) 555-0142 x12".into());
        full.person.npi = Some(NPI.into());
        full.person.username = "李".repeat(100);
        if let Some(emr) = &mut full.emr {
            emr.status = Status::Inactive;
            emr.inactive_reason = Some(InactiveReason::NoLicense);
            emr.default_clinic = clinics[1];
            emr.permissions = PermissionSet::FULL;
            emr.license = PrimaryLicense {
                number: Some(LICENSE_PLACEHOLDER.into()),
                state: Some("ME".into()),
                expires_on: Some(jiff::civil::date(2027, 2, 28)),
            };
            emr.finish_attestation = Some(Attestation { by: Some(person_id(9)) });
        }
        let mut sparse = Profile::new(a_person(practice.id, 2)).with_emr(an_emr_account(UserType::Billing, &clinics[2..]));
        sparse.person.email = None;
        if let Some(emr) = &mut sparse.emr {
            emr.permissions = PermissionSet::EMPTY;
            emr.license.state = Some("NH".into());
            emr.finish_attestation = Some(Attestation { by: None });
        }
        let without_account = Profile::new(a_person(practice.id, 3));

        let saved = [full, sparse, without_account];
        insert(db, practice.id, &saved).await.unwrap();
        for profile in &saved {
            let stored = read(db, practice.id, profile.person.id).await.unwrap();
            assert_eq!(&stored.profile, profile);
            assert_eq!(stored.version, 1);
            assert_eq!(stored.created_at, Some(noon()));
            assert_eq!(stored.last_sign_in_at, None);
            assert_eq!(stored.password_state, PasswordState::Missing);
            let attested = profile.emr.as_ref().and_then(|e| e.finish_attestation);
            assert_eq!(stored.finish_attested_at, attested.map(|_| noon()));
        }
    }

    async fn every_user_type_status_reason_and_permission_is_read_back(db) {
        let practice = an_organization(db).await;
        let reasons =
            [None, Some(InactiveReason::Deactivated), Some(InactiveReason::NoLicense), Some(InactiveReason::NeedsEmail)];
        let mut saved = Vec::new();
        for (kind, n) in UserType::ALL.into_iter().zip(1..) {
            let mut profile = practice.therapist(n);
            if let Some(emr) = &mut profile.emr {
                let at = usize::try_from(n).unwrap();
                emr.user_type = kind;
                emr.inactive_reason = reasons[at % 4];
                emr.status = if emr.inactive_reason.is_some() { Status::Inactive } else { Status::Active };
                emr.permissions = Permission::ALL.into_iter().cycle().skip(at).take(1 + at % 3).collect();
            }
            saved.push(profile);
        }
        insert(db, practice.id, &saved).await.unwrap();
        for profile in &saved {
            assert_eq!(&read(db, practice.id, profile.person.id).await.unwrap().profile, profile);
        }
    }

    async fn an_update_replaces_everything_and_raises_the_version(db) {
        let practice = an_organization(db).await;
        let clinics = practice.clinic_ids();
        let before = with_npi(practice.therapist(1), NPI);
        let bystander = practice.therapist(2);
        insert(db, practice.id, &[before.clone(), bystander.clone()]).await.unwrap();

        let mut after = named(before.clone(), "mharlow-ito", None);
        after.person.last_name = "Harlow-Ito".into();
        after.person.previous_names = vec!["Mara Harlow".into()];
        after.person.npi = None;
        if let Some(emr) = &mut after.emr {
            emr.user_type = UserType::COTA;
            emr.clinics = clinics[1..].iter().copied().collect();
            emr.default_clinic = clinics[2];
            emr.license.number = Some("PT-7".into());
            emr.finish_attestation = Some(Attestation { by: Some(person_id(2)) });
        }
        update(db, practice.id, std::slice::from_ref(&after), 60).await.unwrap();
        let stored = read(db, practice.id, after.person.id).await.unwrap();
        assert_eq!(stored.profile, after);
        assert_eq!((stored.version, stored.created_at), (2, Some(noon())));
        assert_eq!(stored.finish_attested_at, Some(later(60)));

        // Old names are free again, new ones lead here.
        let mut reading = db.read().await.unwrap();
        for old in ["mharlow1", "mara1@saco.example"] {
            assert!(people::find_by_name(&mut reading, practice.id, old).await.unwrap().is_none(), "{old}");
        }
        let found = people::find_by_name(&mut reading, practice.id, "MHARLOW-ITO").await.unwrap().unwrap();
        assert_eq!(found.profile.person.id, after.person.id);
        drop(reading);

        // The time of an attestation stays, and goes with it; the license can be taken away.
        update(db, practice.id, std::slice::from_ref(&after), 120).await.unwrap();
        let stored = read(db, practice.id, after.person.id).await.unwrap();
        assert_eq!((stored.version, stored.finish_attested_at), (3, Some(later(60))));
        if let Some(emr) = &mut after.emr {
            emr.finish_attestation = None;
            emr.license = PrimaryLicense::default();
        }
        update(db, practice.id, std::slice::from_ref(&after), 180).await.unwrap();
        let stored = read(db, practice.id, after.person.id).await.unwrap();
        assert_eq!((&stored.profile, stored.finish_attested_at), (&after, None));

        let untouched = read(db, practice.id, bystander.person.id).await.unwrap();
        assert_eq!((untouched.profile, untouched.version), (bystander, 1));
    }

    async fn an_account_taken_away_by_an_update_is_gone(db) {
        let practice = an_organization(db).await;
        let mut profile = practice.therapist(1);
        insert(db, practice.id, std::slice::from_ref(&profile)).await.unwrap();
        profile.emr = None;
        update(db, practice.id, std::slice::from_ref(&profile), 1).await.unwrap();
        assert_eq!(read(db, practice.id, profile.person.id).await.unwrap().profile, profile);
    }

    async fn two_people_can_swap_their_names_in_one_update(db) {
        let practice = an_organization(db).await;
        let (one, two) = (practice.therapist(1), practice.therapist(2));
        insert(db, practice.id, &[one.clone(), two.clone()]).await.unwrap();
        let swapped = [named(one, "mharlow2", Some("mara2@saco.example")), named(two, "mharlow1", None)];
        update(db, practice.id, &swapped, 1).await.unwrap();
        for profile in &swapped {
            assert_eq!(&read(db, practice.id, profile.person.id).await.unwrap().profile, profile);
        }
    }

    async fn a_user_name_or_email_belongs_to_one_person_of_the_whole_installation(db) {
        let (here, there) = (an_organization(db).await, an_organization(db).await);
        insert(db, here.id, &[named(here.therapist(1), "ﬁona.straße", Some("Fiona@Saco.example"))]).await.unwrap();

        let cases = [
            ("ﬁona.straße", None, "the same user name"),
            ("FIONA.STRASSE", None, "case folded and composed differently"),
            ("ｆｉｏｎａ.strasse", None, "full-width letters"),
            ("free2", Some("fiona@SACO.EXAMPLE"), "the same email"),
            ("fiona@saco.example", None, "a user name that is another's email"),
            ("free3", Some("fiona.strasse"), "an email that is another's user name"),
        ];
        for (practice, first) in [(&there, 10), (&here, 20)] {
            for ((username, email, what), n) in cases.iter().zip(first..) {
                assert_taken(&insert(db, practice.id, &[named(practice.therapist(n), username, *email)]).await, what);
            }
        }
        // What failed left nothing behind, and an update is judged alike.
        let other = there.therapist(30);
        insert(db, there.id, std::slice::from_ref(&other)).await.unwrap();
        for (username, email, what) in cases {
            assert_taken(&update(db, there.id, &[named(other.clone(), username, email)], 1).await, what);
        }
        let stored = read(db, there.id, other.person.id).await.unwrap();
        assert_eq!((stored.profile, stored.version), (other, 1));
        assert!(read(db, there.id, person_id(10)).await.is_none());

        // One's own email may be one's user name, and accents are letters of their own.
        let own = named(there.therapist(31), "zoe@saco.example", Some("ZOE@saco.example"));
        let accented = named(there.therapist(32), "zoë@saco.example", None);
        insert(db, there.id, &[own, accented]).await.unwrap();
    }

    async fn twins_in_one_call_are_refused(db) {
        let practice = an_organization(db).await;
        let twins = [practice.therapist(1), named(practice.therapist(2), "MHARLOW1", None)];
        assert_taken(&insert(db, practice.id, &twins).await, "one user name, twice in a batch");
        let twins = [with_npi(practice.therapist(1), NPI), with_npi(practice.therapist(2), NPI)];
        assert_taken(&insert(db, practice.id, &twins).await, "one NPI, twice in a batch");
        assert!(read(db, practice.id, person_id(1)).await.is_none());
    }

    async fn an_npi_is_unique_in_a_practice_but_the_placeholder_is_not(db) {
        let (here, there) = (an_organization(db).await, an_organization(db).await);
        insert(db, here.id, &[with_npi(here.therapist(1), NPI)]).await.unwrap();
        assert_taken(&insert(db, here.id, &[with_npi(here.therapist(2), NPI)]).await, "the same NPI");
        insert(db, there.id, &[with_npi(there.therapist(3), NPI)]).await.unwrap();
        let placeholders: Vec<Profile> = (4..7).map(|n| with_npi(here.therapist(n), npi::PLACEHOLDER)).collect();
        insert(db, here.id, &placeholders).await.unwrap();
        assert_taken(&update(db, here.id, &[with_npi(here.therapist(4), NPI)], 1).await, "the same NPI, later");

        let mut reading = db.read().await.unwrap();
        assert_eq!(people::npi_holder(&mut reading, here.id, NPI).await.unwrap(), Some(person_id(1)));
        assert_eq!(people::npi_holder(&mut reading, there.id, NPI).await.unwrap(), Some(person_id(3)));
        assert_eq!(people::npi_holder(&mut reading, here.id, npi::PLACEHOLDER).await.unwrap(), None);
        let asked = [NPI.to_owned(), npi::PLACEHOLDER.to_owned(), "1003025214".to_owned()];
        let taken = people::taken_npis(&mut reading, here.id, &asked).await.unwrap();
        assert_eq!(taken.into_iter().collect::<Vec<_>>(), [(NPI.to_owned(), person_id(1))]);
    }

    async fn taken_names_are_told_whatever_the_practice(db) {
        let (here, there) = (an_organization(db).await, an_organization(db).await);
        insert(db, here.id, &[here.therapist(1)]).await.unwrap();
        insert(db, there.id, &[there.therapist(2)]).await.unwrap();
        let keys: Vec<String> =
            ["MHarlow1", "mara2@saco.example", "nobody", "it's \"free\"", "nul\0"].iter().map(|n| unique_key(n)).collect();
        let mut reading = db.read().await.unwrap();
        let taken = people::taken_names(&mut reading, &keys).await.unwrap();
        let expected = [("mara2@saco.example".to_owned(), person_id(2)), ("mharlow1".to_owned(), person_id(1))];
        assert_eq!(taken.into_iter().collect::<Vec<_>>(), expected);
        assert!(people::taken_names(&mut reading, &[]).await.unwrap().is_empty());
        // But who they are is told only at home.
        assert!(people::find_by_name(&mut reading, here.id, "mharlow2").await.unwrap().is_none());
        assert!(people::find_by_name(&mut reading, here.id, " MHARLOW1 ").await.unwrap().is_some());
    }

    async fn many_are_found_in_the_order_asked_for_and_never_of_another_practice(db) {
        let (here, there) = (an_organization(db).await, an_organization(db).await);
        let ours: Vec<Profile> = (1..=50).map(|n| here.therapist(n)).collect();
        insert(db, here.id, &ours).await.unwrap();
        insert(db, there.id, &[there.therapist(100)]).await.unwrap();
        let asked: Vec<PersonId> = [7, 100, 3, 50, 999, 1, 42].into_iter().map(person_id).collect();
        let mut reading = db.read().await.unwrap();
        let found = people::find_many(&mut reading, here.id, &asked).await.unwrap();
        let found: Vec<PersonId> = found.iter().map(|s| s.profile.person.id).collect();
        assert_eq!(found, [7, 3, 50, 1, 42].map(person_id));
        assert!(people::find_many(&mut reading, here.id, &[]).await.unwrap().is_empty());
        assert!(people::find(&mut reading, there.id, person_id(1)).await.unwrap().is_none());
    }

    async fn an_update_in_one_practice_never_touches_another(db) {
        let (here, there) = (an_organization(db).await, an_organization(db).await);
        let theirs = there.therapist(1);
        insert(db, there.id, std::slice::from_ref(&theirs)).await.unwrap();
        // A profile carried to the wrong practice: its names are in use, so nothing is written.
        assert_taken(&update(db, here.id, &[here.therapist(1)], 1).await, "another practice's person");
        assert_eq!(read(db, there.id, person_id(1)).await.unwrap().profile, theirs);
        assert!(read(db, here.id, person_id(1)).await.is_none());
    }

    async fn active_admins_and_managers_count_and_inactive_ones_do_not(db) {
        let practice = an_organization(db).await;
        let clinics = practice.clinic_ids();
        let holder = |n: u64, permission: Permission, status: Status, at: &[usize]| {
            let at: Vec<_> = at.iter().map(|i| clinics[*i]).collect();
            let mut emr = an_emr_account(UserType::PT, &at);
            emr.permissions = emr.permissions.with(permission);
            emr.status = status;
            Profile::new(a_person(practice.id, n)).with_emr(emr)
        };
        insert(db, practice.id, &[
            holder(1, Permission::CompanyAdmin, Status::Active, &[0]),
            holder(2, Permission::CompanyAdmin, Status::Inactive, &[0]),
            holder(3, Permission::EditUsers, Status::Active, &[0, 1]),
            holder(4, Permission::EditUsers, Status::Active, &[1]),
            holder(5, Permission::EditUsers, Status::Inactive, &[2]),
        ])
        .await
        .unwrap();
        let mut reading = db.read().await.unwrap();
        assert!(!people::another_company_admin(&mut reading, practice.id, person_id(1)).await.unwrap());
        assert!(people::another_company_admin(&mut reading, practice.id, person_id(2)).await.unwrap());
        let managed = |but| {
            let clinics = clinics.clone();
            async move {
                let mut reading = db.read().await.expect("a reader");
                people::clinics_managed_by_others(&mut reading, practice.id, &clinics, person_id(but)).await.expect("clinics")
            }
        };
        assert_eq!(managed(3).await, [clinics[1]].into());
        assert_eq!(managed(5).await, [clinics[0], clinics[1]].into());
    }

    async fn a_change_that_is_not_committed_never_happened(db) {
        let practice = an_organization(db).await;
        let mut tx = db.begin().await.unwrap();
        people::insert(&mut tx, practice.id, &[practice.therapist(1)], noon()).await.unwrap();
        assert!(people::find(&mut tx, practice.id, person_id(1)).await.unwrap().is_some());
        assert!(read(db, practice.id, person_id(1)).await.is_none(), "nobody else sees it meanwhile");
        drop(tx);
        assert!(read(db, practice.id, person_id(1)).await.is_none());
        insert(db, practice.id, &[practice.therapist(1)]).await.unwrap();
    }

    async fn of_racers_for_one_user_name_exactly_one_wins(db) {
        let practice = an_organization(db).await;
        let racers = (1..=8).map(|n| {
            let (db, profile) = (db.clone(), named(practice.therapist(n), "wanted", None));
            tokio::spawn(async move { insert(&db, profile.person.organization, &[profile]).await })
        });
        let mut won = 0;
        for racer in racers.collect::<Vec<_>>() {
            match racer.await.unwrap() {
                Ok(()) => won += 1,
                Err(StoreError::Taken(_)) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(won, 1);
    }

    async fn nothing_is_written_for_nobody(db) {
        let practice = an_organization(db).await;
        in_tx!(db, |tx| people::insert(tx, practice.id, &[], noon()).await).unwrap();
        in_tx!(db, |tx| people::update(tx, practice.id, &[], noon()).await).unwrap();
    }
}
