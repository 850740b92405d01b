//! Those who want the same thing at once, each through another door.

use muster_domain::emr::UserType;
use muster_domain::licenses::Group;
use muster_testkit::both_practices;
use muster_testkit::practice::{Answer, PersonSpec, Practice};
use serde_json::{Value, json};

/// So that nobody looks like anybody else.
const FIRST: [&str; 5] = ["Wilhelmina", "Otto", "Fatima", "Krzysztof", "June"];
const LAST: [&str; 5] = ["Abernathy", "Quist", "Villanueva", "Drummond", "Hoshino"];

/// Sent again while the database has no connection left, as a program would.
async fn patiently(send: impl AsyncFn() -> Answer) -> Answer {
    loop {
        let answer = send().await;
        if answer.status != 503 {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn waiting(practice: &Practice, names: &str, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..count {
        let username = format!("{names}{n}");
        let someone =
            PersonSpec { username: &username, user_type: UserType::SPT, active: false, ..PersonSpec::default() };
        ids.push(practice.add(someone).await.id.to_string());
    }
    ids
}

both_practices! {
    /// Twenty seats; the page, the API, a file and a bulk update each want twenty-five, all at the same time.
    async fn a_seat_is_taken_once_whichever_door_it_is_taken_through(practice) {
        const EACH: usize = 25;
        let (clinic, machine) = (practice.clinics[0], practice.machine());
        practice.app.set_license_total(&machine, clinic, Group::Student, 0, "").await.expect("set");
        let (by_api, by_bulk) = (waiting(practice, "api", EACH).await, waiting(practice, "bulk", EACH).await);
        let token = practice.token("admin").await;
        let (api, admin) = (practice.api(&token), practice.visitor("admin").await);
        practice.app.set_license_total(&machine, clinic, Group::Student, 20, "").await.expect("set");

        let pages = async {
            let mut seated = 0;
            for n in 0..EACH {
                let (name, at) = (format!("page{n}"), clinic.to_string());
                let fields = [
                    ("user_type", "SPT"), ("status", "active"), ("first_name", FIRST[n % 5]), ("last_name", LAST[n / 5]), ("username", &name),
                    ("email", &format!("{name}@saco.example")), ("clinic_ids", &at), ("default_clinic_id", &at), ("permissions", "view_patients"), ("access", "invite"),
                ];
                let sent = patiently(async || admin.post("/emr/users/new", &fields).await).await;
                assert_eq!(sent.status, 303, "a new profile is saved either way");
                let shown = api.get(&format!("/people?q={name}")).await.json();
                seated += usize::from(shown["items"][0]["emr_account"]["status"] == "active");
                tokio::task::yield_now().await;
            }
            seated
        };
        let api_calls = async {
            let mut seated = 0;
            for id in &by_api {
                let body = json!({"emr_account": {"status": "active"}});
                let sent = patiently(async || api.patch(&format!("/people/{id}"), &body).await).await;
                match sent.status {
                    200 => seated += 1,
                    _ => assert_eq!(crate::refused(&sent.expect(409)), ["emr_account.status no_license_available"]),
                }
            }
            seated
        };
        let files = async {
            let mut seated = 0;
            for part in 0..5 {
                let mut file = "first_name,last_name,email,user_type,clinic,status\n".to_owned();
                for n in 0..EACH / 5 {
                    file += &format!("File,F{part}x{n},file{part}x{n}@saco.example,SPT,Saco,active\n");
                }
                let sent = patiently(async || api.send("POST", "/imports", Some("text/csv"), file.clone()).await).await;
                let done = sent.expect(200).json();
                assert_eq!(done["added"], EACH / 5, "{done}");
                let without = done["flags"]["no_license"].as_u64().and_then(|n| usize::try_from(n).ok()).expect("a count");
                seated += EACH / 5 - without;
            }
            seated
        };
        let bulk = async {
            let mut seated = 0;
            for ids in by_bulk.chunks(5) {
                let body = json!({"selection": {"ids": ids}, "changes": [{"op": "set_status", "value": "active"}]});
                let job = patiently(async || api.post("/bulk-updates", &body).await).await.expect(201).json();
                assert!(job["counts_by_code"].as_object().is_some_and(|c| c.keys().all(|k| k == "no_license_available")), "{job}");
                seated += job["updated"].as_u64().and_then(|n| usize::try_from(n).ok()).expect("a count");
            }
            seated
        };
        let (pages, api_calls, files, bulk) = tokio::join!(pages, api_calls, files, bulk);
        assert_eq!(pages + api_calls + files + bulk, 20, "{pages} {api_calls} {files} {bulk}");
        let doors = [pages, api_calls, files, bulk].iter().filter(|n| **n > 0).count();
        assert!(doors > 1, "they did race: {pages} {api_calls} {files} {bulk}");
        let active: Value = api.get("/people?user_type=SPT&status=active").await.json();
        assert_eq!(active["total"], 20);
        let pools = practice.app.license_pools(&machine).await.expect("pools");
        let pool = pools.iter().find(|p| (p.clinic, p.group) == (clinic, Group::Student)).expect("the pool");
        assert_eq!((pool.total, pool.assigned), (Some(20), 20));
        assert_eq!(practice.app.check().await.expect("checks"), Vec::<String>::new());
    }
}
