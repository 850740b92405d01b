use muster_domain::emr::Status;
use muster_domain::organizations::{AssistantFinish, Clinic, Organization};
use muster_domain::sign_in::Preset;
use muster_domain::{ClinicId, OrganizationId};
use muster_store::{StoreError, audit, organizations};
use muster_testkit::both_engines;
use muster_testkit::databases::{an_id, an_organization, noon};

use crate::{in_tx, insert};

both_engines! {
    async fn clinics_are_read_when_they_are_few_and_counted_when_they_are_many(db) {
        let (practice, other) = (an_organization(db).await, an_organization(db).await);
        let few = async |most| organizations::few_clinics(&mut db.read().await.unwrap(), practice.id, most).await.unwrap();
        let all = organizations::clinics(&mut db.read().await.unwrap(), practice.id).await.unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!((few(3).await, few(60).await, few(2).await), (Some(all.clone()), Some(all.clone()), None));
        let fourth = Clinic::new(ClinicId(an_id()), "Zähringer Straße");
        in_tx!(db, |tx| organizations::insert_clinics(tx, practice.id, std::slice::from_ref(&fourth), noon()).await).unwrap();
        assert_eq!(few(3).await, None);
        assert_eq!(few(4).await.unwrap().last(), Some(&fourth));
        let others = organizations::few_clinics(&mut db.read().await.unwrap(), other.id, 3).await.unwrap();
        assert_eq!(others.map(|o| o.len()), Some(3));
    }

    async fn an_organization_is_read_back_and_found_by_its_name_without_case(db) {
        assert!(organizations::none_exists(&mut db.read().await.unwrap()).await.unwrap());
        let mut saco = Organization::new(OrganizationId(an_id()), "Straße Rehab", "America/New_York");
        saco.password_preset = Preset::Nist80063b;
        saco.password_expiry_days = Some(90);
        saco.idle_minutes = 5;
        in_tx!(db, |tx| organizations::insert(tx, &saco, noon()).await).unwrap();

        let mut reading = db.read().await.unwrap();
        assert!(!organizations::none_exists(&mut reading).await.unwrap());
        assert_eq!(organizations::find(&mut reading, saco.id).await.unwrap().as_ref(), Some(&saco));
        assert_eq!(organizations::find_by_name(&mut reading, " STRASSE REHAB").await.unwrap().as_ref(), Some(&saco));
        assert_eq!(organizations::find_by_name(&mut reading, "Strase Rehab").await.unwrap(), None);
        assert_eq!(organizations::find(&mut reading, OrganizationId(an_id())).await.unwrap(), None);
        let head = audit::head(&mut reading, saco.id).await.unwrap().unwrap();
        assert_eq!((head.seq, head.hash), (0, Vec::new()));
    }

    async fn saved_settings_replace_the_old_ones_and_raise_the_version(db) {
        let (here, there) = (an_organization(db).await, an_organization(db).await);
        let mut after = here.organization.clone();
        after.name = "Wells Rehab".into();
        after.time_zone = "Pacific/Honolulu".into();
        after.password_preset = Preset::Nist80063b;
        after.password_expiry_days = Some(30);
        after.idle_minutes = 240;
        in_tx!(db, |tx| organizations::update(tx, &after).await).unwrap();
        let mut reading = db.read().await.unwrap();
        after.version = 2;
        assert_eq!(organizations::find(&mut reading, here.id).await.unwrap(), Some(after));
        assert_eq!(organizations::find(&mut reading, there.id).await.unwrap(), Some(there.organization));
    }

    async fn the_name_of_an_organization_is_its_own(db) {
        let (here, there) = (an_organization(db).await, an_organization(db).await);
        let twin = Organization::new(OrganizationId(an_id()), &here.organization.name.to_uppercase(), "UTC");
        let mut tx = db.begin().await.unwrap();
        let outcome = organizations::insert(&mut tx, &twin, noon()).await;
        assert!(matches!(outcome, Err(StoreError::Taken(_))), "{outcome:?}");
        drop(tx);
        let mut renamed = there.organization.clone();
        renamed.name.clone_from(&here.organization.name);
        let mut tx = db.begin().await.unwrap();
        let outcome = organizations::update(&mut tx, &renamed).await;
        assert!(matches!(outcome, Err(StoreError::Taken(_))), "{outcome:?}");
    }

    async fn organizations_are_listed_by_name_page_by_page(db) {
        let mut names = Vec::new();
        for name in ["wells", "Éclair", "Saco", "York", "李"] {
            let organization = Organization::new(OrganizationId(an_id()), name, "UTC");
            in_tx!(db, |tx| organizations::insert(tx, &organization, noon()).await).unwrap();
            names.push(muster_domain::text::unique_key(name));
        }
        names.sort();
        let mut reading = db.read().await.unwrap();
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = organizations::list(&mut reading, &after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = muster_domain::text::unique_key(&last.name);
            seen.extend(page.iter().map(|o| muster_domain::text::unique_key(&o.name)));
        }
        assert_eq!(seen, names);
    }

    async fn clinics_are_read_back_in_the_order_of_their_names(db) {
        let (here, there) = (an_organization(db).await, an_organization(db).await);
        let mut alfred = Clinic::new(ClinicId(an_id()), "alfred – 5 \"Oak\" Ridge");
        alfred.address = "5 Oak Ridge".into();
        alfred.city = "Alfred".into();
        alfred.state = "ME".into();
        alfred.zip = "04002".into();
        alfred.status = Status::Inactive;
        alfred.assistants_may_finish = AssistantFinish::Refused;
        in_tx!(db, |tx| organizations::insert_clinics(tx, here.id, std::slice::from_ref(&alfred), noon()).await).unwrap();

        let mut reading = db.read().await.unwrap();
        let mut expected = vec![alfred.clone()];
        expected.extend(here.clinics.iter().cloned());
        assert_eq!(organizations::clinics(&mut reading, here.id).await.unwrap(), expected);
        assert_eq!(organizations::clinics(&mut reading, there.id).await.unwrap(), there.clinics);
        let asked = [here.clinics[2].id, there.clinics[0].id, alfred.id];
        let found = organizations::clinics_by_id(&mut reading, here.id, &asked).await.unwrap();
        assert_eq!(found, [alfred, here.clinics[2].clone()]);
        assert!(organizations::clinics_by_id(&mut reading, here.id, &[]).await.unwrap().is_empty());
        let mut names = organizations::clinic_names(&mut reading, here.id, &asked).await.unwrap();
        names.sort_unstable_by_key(|(id, _)| found.iter().position(|c| c.id == *id));
        assert_eq!(names, found.iter().map(|c| (c.id, c.name.clone())).collect::<Vec<_>>());
    }

    async fn a_clinic_is_found_by_its_name_without_case_in_its_own_practice(db) {
        let (here, there) = (an_organization(db).await, an_organization(db).await);
        let mut reading = db.read().await.unwrap();
        let found = organizations::clinic_by_name(&mut reading, here.id, " sACO ").await.unwrap();
        assert_eq!(found.as_ref(), Some(&here.clinics[0]));
        let found = organizations::clinic_by_name(&mut reading, there.id, "Saco").await.unwrap();
        assert_eq!(found.as_ref(), Some(&there.clinics[0]));
        for name in ["Bath", "", "Sac_", "Saco\0"] {
            assert_eq!(organizations::clinic_by_name(&mut reading, here.id, name).await.unwrap(), None, "{name:?}");
            assert_eq!(organizations::find_by_name(&mut reading, name).await.unwrap(), None, "{name:?}");
        }
    }

    async fn a_saved_clinic_gets_a_new_version_and_its_name_is_its_own(db) {
        let practice = an_organization(db).await;
        let mut saco = practice.clinics[0].clone();
        saco.name = "Saco Bay".into();
        saco.status = Status::Inactive;
        saco.assistants_may_finish = AssistantFinish::Refused;
        in_tx!(db, |tx| organizations::update_clinic(tx, practice.id, &saco).await).unwrap();
        saco.version = 2;
        let found = organizations::clinic_by_name(&mut db.read().await.unwrap(), practice.id, "saco bay").await.unwrap();
        assert_eq!(found.as_ref(), Some(&saco));

        saco.name = "WELLS".into();
        let mut tx = db.begin().await.unwrap();
        let outcome = organizations::update_clinic(&mut tx, practice.id, &saco).await;
        assert!(matches!(outcome, Err(StoreError::Taken(_))), "{outcome:?}");
        drop(tx);
        let twin = Clinic::new(ClinicId(an_id()), "york");
        let mut tx = db.begin().await.unwrap();
        let outcome = organizations::insert_clinics(&mut tx, practice.id, &[twin], noon()).await;
        assert!(matches!(outcome, Err(StoreError::Taken(_))), "{outcome:?}");
    }

    async fn the_default_clinic_of_anyone_active_or_not_is_known(db) {
        let (here, there) = (an_organization(db).await, an_organization(db).await);
        let mut idle = here.therapist(1);
        if let Some(emr) = &mut idle.emr {
            emr.status = Status::Inactive;
            emr.clinics.insert(here.clinics[1].id);
        }
        insert(db, here.id, &[idle]).await.unwrap();
        let mut reading = db.read().await.unwrap();
        assert!(organizations::is_a_default(&mut reading, here.id, here.clinics[0].id).await.unwrap());
        assert!(!organizations::is_a_default(&mut reading, here.id, here.clinics[1].id).await.unwrap());
        assert!(!organizations::is_a_default(&mut reading, there.id, here.clinics[0].id).await.unwrap());
    }
}
