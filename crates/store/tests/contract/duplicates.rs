//! The numbers look-alikes share: made with every save, and for people and licenses of earlier releases.

use std::collections::BTreeSet;

use muster_domain::access::ClinicAccess;
use muster_domain::credentials::ProfessionalLicense;
use muster_domain::emr::PrimaryLicense;
use muster_domain::people::Profile;
use muster_domain::people::{MatchFeatures, license_key};
use muster_domain::{OrganizationId, PersonId};
use muster_store::{Db, credentials, duplicates};
use muster_testkit::both_engines;
use muster_testkit::databases::{an_organization, person_id};

use crate::{in_tx, insert};

async fn found(db: &Db, organization: OrganizationId, keys: &[i64]) -> BTreeSet<PersonId> {
    let near = duplicates::sharing(&mut db.read().await.expect("a reader"), organization, keys).await;
    near.expect("look-alikes").into_iter().map(|n| n.id).collect()
}

fn by_license(organization: OrganizationId, number: &str, state: &str) -> Vec<i64> {
    let license = PrimaryLicense { number: Some(number.to_owned()), state: Some(state.to_owned()), expires_on: None };
    license_key(&license, duplicates::salt(organization)).into_iter().collect()
}

fn license(position: i64, number: &str, state: &str) -> ProfessionalLicense {
    ProfessionalLicense {
        position,
        number: Some(number.to_owned()),
        state: Some(state.to_owned()),
        ..ProfessionalLicense::default()
    }
}

both_engines! {
    async fn a_first_license_is_saved_handed_over_and_removed_with_the_profile(db) {
        let practice = an_organization(db).await;
        let (mara, ida) = (person_id(1), person_id(2));
        insert(db, practice.id, &[practice.therapist(1), practice.therapist(2)]).await.expect("stored");
        let numbers = async || {
            let mut reading = db.read().await.expect("a reader");
            let stored = muster_store::people::find_many(&mut reading, practice.id, &[mara, ida]).await.expect("read");
            let number = |s: muster_store::people::StoredProfile| s.profile.emr.and_then(|e| e.license.number);
            stored.into_iter().map(number).collect::<Vec<_>>()
        };
        let first = numbers().await;
        in_tx!(db, |tx| credentials::remove_professional_license(tx, practice.id, ida, 0).await.expect("removed"));
        assert_eq!(numbers().await, [first[0].clone(), None]);
        in_tx!(db, |tx| credentials::save_professional_license(tx, practice.id, mara, &license(0, "PT \"7\"", "NH")).await.expect("saved"));
        assert_eq!(numbers().await, [Some("PT \"7\"".to_owned()), None]);
        in_tx!(db, |tx| credentials::move_professional_licenses(tx, practice.id, mara, ida, &[(0, 0)]).await.expect("moved"));
        assert_eq!(numbers().await, [None, Some("PT \"7\"".to_owned())]);
        in_tx!(db, |tx| credentials::move_professional_licenses(tx, practice.id, ida, mara, &[(0, 3)]).await.expect("moved"));
        assert_eq!(numbers().await, [None, None]);
    }

    async fn a_person_is_found_by_each_of_their_licenses_as_long_as_they_have_it(db) {
        let practice = an_organization(db).await;
        let (mara, ida) = (person_id(1), person_id(2));
        let mut therapist = practice.therapist(1);
        therapist.emr.as_mut().expect("an account").license =
            PrimaryLicense { number: Some("PT-1".into()), state: Some("ME".into()), expires_on: None };
        insert(db, practice.id, &[therapist.clone(), practice.therapist(2)]).await.expect("stored");
        for (position, number) in [(1, "OT 22"), (2, "SLP-333")] {
            let further = license(position, number, "NH");
            in_tx!(db, |tx| credentials::save_professional_license(tx, practice.id, mara, &further).await.expect("saved"));
        }
        let of = async |number: &str, state: &str| found(db, practice.id, &by_license(practice.id, number, state)).await;
        for (number, state) in [("pt1", "ME"), ("ot-22", "NH"), ("SLP 333", "NH")] {
            assert_eq!(of(number, state).await, [mara].into(), "{number}");
        }
        assert_eq!(of("OT 22", "VT").await, [mara].into(), "whatever the state, which may be missing; comparing tells");
        assert!(found(db, OrganizationId(mara.0), &by_license(practice.id, "OT 22", "NH")).await.is_empty());

        let saved: Vec<Profile> = vec![therapist];
        in_tx!(db, |tx| muster_store::people::update(tx, practice.id, &saved, muster_testkit::databases::noon()).await.expect("saved"));
        assert_eq!(of("OT 22", "NH").await, [mara].into(), "saving the profile forgets nothing");

        in_tx!(db, |tx| credentials::save_professional_license(tx, practice.id, mara, &license(1, "OT 44", "NH")).await.expect("saved"));
        assert_eq!((of("OT 22", "NH").await, of("OT 44", "NH").await), (BTreeSet::new(), [mara].into()));
        in_tx!(db, |tx| credentials::move_professional_licenses(tx, practice.id, mara, ida, &[(1, 7)]).await.expect("moved"));
        assert_eq!(of("OT 44", "NH").await, [ida].into());
        in_tx!(db, |tx| credentials::remove_professional_license(tx, practice.id, ida, 7).await.expect("removed"));
        assert!(of("OT 44", "NH").await.is_empty());
    }

    async fn whoever_has_an_npi_is_compared_with_those_of_whom_none_is_known(db) {
        let practice = an_organization(db).await;
        let named = |n: u64, name: &str, npi: Option<&str>, license: Option<&str>| {
            let mut profile = practice.therapist(n);
            name.clone_into(&mut profile.person.last_name);
            profile.person.full_name = format!("{} {name}", profile.person.first_name);
            profile.person.npi = npi.map(str::to_owned);
            if let (Some(emr), Some(number)) = (&mut profile.emr, license) {
                emr.license.number = Some(number.to_owned());
                emr.license.state = Some("NH".to_owned());
            }
            profile
        };
        let mut people = vec![
            named(1, "Okafor", None, None),
            named(2, "Okafor", Some("9999999995"), None),
            named(3, "Okafor", Some("1234567893"), None),
            named(4, "Lind", None, Some("PT7")),
            named(5, "Berg", Some("1245319599"), Some("PT7")),
        ];
        // A name that very many have says nothing.
        people.extend((10..95).map(|n| named(n, "Smith", None, None)));
        insert(db, practice.id, &people).await.expect("stored");
        let salt = duplicates::salt(practice.id);
        let keys = |name: &str| {
            let profile = named(1, name, None, None);
            MatchFeatures::of(&profile).keys(salt).into_iter().collect::<Vec<_>>()
        };
        let mut asked = keys("Okafor");
        asked.extend(keys("Smith"));
        asked.extend(by_license(practice.id, "PT7", "NH"));
        let many = async |keys: &[i64], with_npi: &[i64]| {
            let mut reading = db.read().await.expect("a reader");
            let near = duplicates::sharing_many(&mut reading, practice.id, keys, with_npi).await.expect("look-alikes");
            near.into_iter().map(|n| n.id).filter(|id| *id < person_id(10)).collect::<BTreeSet<_>>()
        };
        let ids = |numbers: &[u64]| numbers.iter().map(|n| person_id(*n)).collect::<BTreeSet<_>>();
        assert_eq!(many(&asked, &[]).await, ids(&[1, 2, 3, 4, 5]));
        assert_eq!(many(&[], &asked).await, ids(&[1, 2, 4]));
        assert_eq!(many(&[], &[]).await, ids(&[]));
    }

    async fn the_pairs_of_a_practice_are_met_through_further_licenses_too(db) {
        let practice = an_organization(db).await;
        let mut other = practice.therapist(2);
        (other.person.first_name, other.person.last_name) = ("Quentin".into(), "Zylstra".into());
        other.person.full_name = "Quentin Zylstra".into();
        insert(db, practice.id, &[practice.therapist(1), other]).await.expect("stored");
        let all = ClinicAccess::All;
        let shared = async |scope: &ClinicAccess| {
            let mut h = db.read().await.expect("a reader");
            duplicates::shared_keys(&mut h, practice.id, scope, -1, 100).await.expect("numbers")
        };
        assert!(shared(&all).await.is_empty());
        for (person, position) in [(1, 1), (2, 3)] {
            let same = license(position, "OT 22", "NH");
            in_tx!(db, |tx| credentials::save_professional_license(tx, practice.id, person_id(person), &same).await.expect("saved"));
        }
        let met = shared(&all).await;
        let people: BTreeSet<PersonId> = met.values().flatten().copied().collect();
        assert_eq!((met.len(), people), (1, [person_id(1), person_id(2)].into()));
        assert_eq!(shared(&ClinicAccess::Only([practice.clinics[0].id].into())).await.len(), 1);
        assert!(shared(&ClinicAccess::Only([practice.clinics[1].id].into())).await.is_empty(), "nobody of that clinic");
    }
}
