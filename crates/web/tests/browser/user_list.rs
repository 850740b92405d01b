//! The user list: found by anything, filtered, sorted, page by page, with everything in the address.

use muster_domain::emr::{Permission, UserType};
use muster_testkit::browser::Browser;
use muster_testkit::practice::{PASSWORD, PersonSpec, Practice};
use muster_testkit::{both_practices, sqlite_practice};

use crate::common::{Desk, named, someone_with_password};

sqlite_practice! {
    async fn people_are_found_by_part_of_anything_known_about_them(practice) {
        crowd(practice).await;
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users").await;
        desk.list_becomes(&["Ada Minton", "Zoë Ñúñez", "Liam O'Brien", "Bo Park"]).await;
        desk.browser.see("3 clinics · 4 people").await;
        let searches: [(&str, &[&str]); 8] = [
            ("O'Bri", &["Liam O'Brien"]),
            ("nunez", &["Zoë Ñúñez"]),
            ("ZOË", &["Zoë Ñúñez"]),
            ("bpark", &["Bo Park"]),
            ("liam@saco", &["Liam O'Brien"]),
            ("100000001", &["Zoë Ñúñez"]),
            ("z", &["Zoë Ñúñez"]),
            ("bo park", &["Bo Park"]),
        ];
        for (typed, found) in searches {
            desk.browser.fill("q", typed).await;
            desk.list_becomes(found).await;
        }
        desk.browser.see("3 clinics · 1 person").await;
        desk.browser.fill("q", "qqq").await;
        desk.browser.see("Nobody matches").await;
        desk.browser.see("remove a filter").await;
        desk.browser.follow("Show everybody").await;
        desk.list_becomes(&["Ada Minton", "Zoë Ñúñez", "Liam O'Brien", "Bo Park"]).await;
    }
}

/// One person of each kind, in different clinics.
async fn crowd(practice: &Practice) {
    let [saco, wells, york] = practice.clinics[..] else { panic!("three clinics") };
    let zoe = PersonSpec { username: "zoe", clinics: &[saco, york], ..PersonSpec::default() };
    named(practice, "Zoë", "Ñúñez", zoe).await;
    let liam = PersonSpec { username: "liam", user_type: UserType::PTA, clinics: &[wells], ..PersonSpec::default() };
    named(practice, "Liam", "O'Brien", liam).await;
    let bo = PersonSpec {
        username: "bpark",
        user_type: UserType::SPT,
        clinics: &[york],
        active: false,
        ..PersonSpec::default()
    };
    named(practice, "Bo", "Park", bo).await;
}

both_practices! {
    async fn the_list_is_sorted_by_its_heads_and_goes_on_over_pages(practice) {
        crowd(practice).await;
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users").await;
        desk.browser.follow("Name").await;
        desk.list_becomes(&["Bo Park", "Liam O'Brien", "Zoë Ñúñez", "Ada Minton"]).await;
        desk.arrive("/emr/users?sort=-name").await;
        desk.browser.follow("Status").await;
        desk.list_becomes(&["Ada Minton", "Zoë Ñúñez", "Liam O'Brien", "Bo Park"]).await;
        // A filter keeps the order.
        desk.browser.choose("clinic_id", "York").await;
        desk.list_becomes(&["Zoë Ñúñez", "Bo Park"]).await;

        let names: Vec<String> = (10..65).map(|n| format!("w{n}")).collect();
        for name in &names {
            practice.add(PersonSpec { username: name, ..PersonSpec::default() }).await;
        }
        desk.go("/emr/users?q=harlow").await;
        assert_eq!(desk.listed().await.len(), 50);
        desk.browser.see("55 people").await;
        desk.browser.follow("Next").await;
        desk.list_becomes(&["W60 Harlow", "W61 Harlow", "W62 Harlow", "W63 Harlow", "W64 Harlow"]).await;
        desk.browser.follow("First page").await;
        desk.browser.see("W10 Harlow").await;
        desk.browser.dont_see("W60 Harlow").await;
    }
}

sqlite_practice! {
    async fn each_filter_narrows_the_list_and_the_address_keeps_them(practice) {
        crowd(practice).await;
        let york = practice.clinics[2].to_string();
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users").await;
        let one_at_a_time = [
            ("user_type", "PTA", vec!["Liam O'Brien"]),
            ("status", "inactive", vec!["Bo Park"]),
            ("clinic_id", york.as_str(), vec!["Zoë Ñúñez", "Bo Park"]),
            ("permission", "finish_soap_notes", vec!["Zoë Ñúñez"]),
        ];
        for (filter, value, found) in one_at_a_time {
            desk.browser.choose(filter, value).await;
            desk.list_becomes(&found).await;
            desk.arrive(&format!("/emr/users?{filter}={value}")).await;
            desk.browser.choose(filter, "").await;
            desk.list_becomes(&["Ada Minton", "Zoë Ñúñez", "Liam O'Brien", "Bo Park"]).await;
            desk.arrive("/emr/users").await;
        }
        desk.browser.choose("clinic_id", &york).await;
        desk.list_becomes(&["Zoë Ñúñez", "Bo Park"]).await;
        desk.browser.see("York · 2 people").await;
        desk.browser.choose("status", "active").await;
        desk.list_becomes(&["Zoë Ñúñez"]).await;
        desk.browser.fill("q", "zoe").await;
        let address = format!("/emr/users?q=zoe&status=active&clinic_id={york}");
        desk.arrive(&address).await;

        desk.browser.client().refresh().await.unwrap();
        desk.list_becomes(&["Zoë Ñúñez"]).await;
        assert_eq!(desk.browser.value("q").await, "zoe");
        assert_eq!(desk.browser.value("status").await, "active");
        assert_eq!(desk.browser.value("clinic_id").await, york);

        desk.browser.client().back().await.unwrap();
        desk.arrive(&format!("/emr/users?status=active&clinic_id={york}")).await;
        desk.list_becomes(&["Zoë Ñúñez"]).await;
        desk.browser.client().back().await.unwrap();
        desk.list_becomes(&["Zoë Ñúñez", "Bo Park"]).await;
        assert_eq!(desk.browser.value("status").await, "");
        assert_eq!(desk.browser.value("q").await, "");
        // Nothing about people stays behind in the browser's own storage.
        let kept = desk.script("return JSON.stringify({...localStorage}) + JSON.stringify({...sessionStorage})").await;
        assert!(!kept.to_string().contains("Park"), "{kept}");
    }

    async fn a_clinic_manager_sees_and_counts_only_people_of_her_clinics(practice) {
        crowd(practice).await;
        let wells = practice.clinics[1];
        let manager = PersonSpec {
            username: "wendy",
            user_type: UserType::Clerical,
            permissions: Some(&[Permission::ViewUsers, Permission::EditUsers]),
            clinics: &[wells],
            ..PersonSpec::default()
        };
        someone_with_password(practice, manager).await;
        let desk = Desk::at(practice).await;
        desk.hold_session("wendy").await;
        desk.go("/emr/users").await;
        desk.list_becomes(&["Wendy Harlow", "Liam O'Brien"]).await;
        desk.browser.see("Wells · 2 people").await;
        desk.browser.dont_see("York").await;
        desk.browser.fill("q", "zoe").await;
        desk.browser.see("Nobody matches").await;
        desk.browser.see("People outside your clinics are not shown.").await;
        desk.go(&format!("/emr/users?clinic_id={}", practice.clinics[2])).await;
        desk.browser.see("Nobody matches").await;
        desk.go("/emr/users/new").await;
        desk.browser.see("Add user").await;
        desk.browser.dont_see("Saco Harlow").await;
        assert_eq!(desk.count("input[name=clinic_ids]").await, 1);
    }

    async fn the_head_of_the_list_shows_licenses_and_follows_the_clinic(practice) {
        crowd(practice).await;
        let machine = practice.machine();
        let group = muster_domain::licenses::Group::Therapist;
        for (clinic, total) in practice.clinics.iter().zip([3, 2, 1]) {
            practice.app.set_license_total(&machine, *clinic, group, total, "").await.unwrap();
        }
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users").await;
        let seat = "const s = document.querySelector('[data-license-group=therapist]').dataset; return [s.total, s.available].join()";
        assert_eq!(desk.script(seat).await, "6,5");
        desk.browser.choose("clinic_id", "York").await;
        desk.until(
            "the seats are York's",
            "return document.querySelector('[data-license-group=therapist]').dataset.total === '1'",
        )
        .await;
        desk.browser.see("York · 2 people").await;
    }
}

/// A practice whose clinics do not fit a drop-down list.
async fn many_clinics(practice: &Practice) {
    crowd(practice).await;
    let names = ["Port Saco", "Portland East", "Portland West"].map(str::to_owned);
    for name in names.into_iter().chain((1..=60).map(|n| format!("Branch {n:02}"))) {
        practice.app.add_clinic(&practice.machine(), &name, None).await.expect("a clinic");
    }
}

/// True when these names are offered for what is typed.
fn offered(names: &str) -> String {
    format!("return [...document.querySelectorAll('#clinic-names option')].map(o => o.value).join() === '{names}'")
}

sqlite_practice! {
    async fn of_many_clinics_one_is_found_by_a_part_of_its_name(practice) {
        many_clinics(practice).await;
        let desk = Desk::of_admin(practice).await;
        desk.go("/emr/users").await;
        desk.browser.see("All clinics · 4 people").await;
        // A part that only one has. Tab leaves the field.
        desk.browser.fill("clinic", "yor").await;
        desk.until("York is offered", &offered("York")).await;
        desk.keys("\u{e004}").await;
        desk.list_becomes(&["Zoë Ñúñez", "Bo Park"]).await;
        desk.browser.see("York · 2 people").await;
        desk.arrive("/emr/users?clinic=yor").await;
        // A part of several, and of none.
        desk.browser.fill("clinic", "port\u{e004}").await;
        desk.browser.see("Which clinic?").await;
        desk.list_becomes(&[]).await;
        desk.browser.assert_accessible().await;
        desk.browser.fill("clinic", "nowhere\u{e004}").await;
        desk.browser.see("No clinic of yours has “nowhere” in its name.").await;
        // Exactly this name, though it is part of another one; the names offered bring the list as soon as one is taken.
        desk.browser.fill("clinic", "saco").await;
        desk.until("both are offered", &offered("Port Saco,Saco")).await;
        desk.browser.fill("clinic", "Saco").await;
        desk.list_becomes(&["Ada Minton", "Zoë Ñúñez"]).await;
        desk.browser.fill("clinic", "port\u{e004}").await;
        desk.browser.follow("Portland East").await;
        desk.browser.see("Portland East · nobody").await;
        assert_eq!(desk.browser.value("clinic").await, "Portland East");
    }

    async fn of_many_clinics_one_is_found_without_scripts_too(practice) {
        many_clinics(practice).await;
        let desk = Desk::with(practice, Browser::options().without_javascript()).await;
        desk.sign_in("admin", PASSWORD).await;
        desk.arrive("/emr/users").await;
        desk.browser.fill("clinic", "york").await;
        desk.browser.press("Show").await;
        desk.list_becomes(&["Zoë Ñúñez", "Bo Park"]).await;
        desk.go("/emr/users/bulk").await;
        desk.browser.fill("clinic", "port").await;
        // Which one was meant is asked before anybody is selected.
        desk.browser.press("Select all 4 users").await;
        desk.browser.see("Which clinic?").await;
        desk.browser.see("0 selected").await;
        desk.browser.fill("clinic", "york").await;
        desk.browser.press("Filter").await;
        desk.browser.press("Select all 2 users").await;
        desk.browser.see("2 selected").await;
    }
}
