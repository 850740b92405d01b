//! The people list: any filter, sort, page and scope; any search.

use std::time::{Duration, Instant};

use muster_domain::emr::UserType;

use crate::arguments::{Arguments, Part};
use crate::client::Client;
use crate::installation::ServedInstallation;
use crate::report::{Report, percentile};
use crate::rng::SeededRng;

/// Requests that are measured, and requests before them that are not.
const ROUNDS: usize = 400;
const WARM_UP: usize = 40;

/// Goals in hashes.
struct Goals {
    list: f64,
    search: f64,
}

/// Measures the lists for a company admin and for the manager of one clinic.
pub async fn measure(served: &ServedInstallation, arguments: &Arguments, report: &mut Report) {
    let goals = if served.large { Goals { list: 1.2, search: 3.0 } } else { Goals { list: 0.3, search: 0.9 } };
    for (who, token) in [("company admin", &served.admin_token), ("manager of one clinic", &served.manager_token)] {
        let client = Client::new(&served.url, token);
        if arguments.wants(Part::Lists) {
            let mut rng = SeededRng(0xBEEF);
            let name = format!("{}: people list, any filter and sort, {who} (p95)", served.name());
            let path = || random_list(&mut rng, &served.clinics);
            time_requests(&client, path, &name, goals.list, report).await;
        }
        if arguments.wants(Part::Search) {
            let mut rng = SeededRng(0x5EED);
            let name = format!("{}: people search, 1 to 9 characters, {who} (p95)", served.name());
            let path = || random_search(&mut rng, &served.words);
            time_requests(&client, path, &name, goals.search, report).await;
        }
    }
    if arguments.wants(Part::Pages) {
        time_pages(served, goals.list, report).await;
    }
    if arguments.wants(Part::Depth) {
        compare_depth(served, report).await;
    }
    if arguments.people.is_none() && !served.large && arguments.wants(Part::Lists) {
        let name = format!("{}: memory with 100,000 people, after the lists", served.name());
        report.at_most(&name, served.resident_mib().await, "MiB", 60.0);
    }
}

/// A list address with random filters, sort and page size.
fn random_list(rng: &mut SeededRng, clinics: &[String]) -> String {
    let mut query = vec![format!("limit={}", rng.pick(&[25, 50, 100]))];
    let sort = rng.pick(&["name", "username", "user_type", "status", "last_sign_in_at"]);
    query.push(format!("sort={}{sort}", if rng.below(2) == 0 { "-" } else { "" }));
    if rng.below(2) == 0 {
        query.push(format!("user_type={}", rng.pick(&UserType::ALL).as_str()));
    }
    if rng.below(3) == 0 {
        query.push(format!("status={}", rng.pick(&["active", "inactive"])));
    }
    if rng.below(3) == 0 {
        query.push(format!("clinic_id={}", rng.pick(clinics)));
    }
    if rng.below(3) == 0 {
        let held = [
            "view_users",
            "edit_users",
            "finish_soap_notes",
            "company_admin",
            "clinic_admin",
            "analytics_access",
            "billing_report_admin",
        ];
        query.push(format!("permission={}", rng.pick(&held)));
    }
    format!("/api/v1/people?{}", query.join("&"))
}

/// A part of something that is known about somebody.
fn random_search(rng: &mut SeededRng, words: &[String]) -> String {
    let word: Vec<char> = rng.pick(words).chars().collect();
    let length = 1 + rng.below(word.len().min(9));
    let from = rng.below(word.len() - length + 1);
    let text: String = word[from..from + length].iter().collect();
    format!("/api/v1/people?limit=50&q={}", muster_web::urls::encode(&text))
}

async fn timed(client: &Client, path: &str) -> (Duration, serde_json::Value) {
    let begun = Instant::now();
    let answer = client.get(path).await;
    let took = begun.elapsed();
    assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    (took, serde_json::from_slice(&answer.body).unwrap_or_default())
}

/// One row for the 95th percentile of these requests.
async fn time_requests(client: &Client, mut path: impl FnMut() -> String, name: &str, goal: f64, report: &mut Report) {
    let mut taken = Vec::new();
    for round in 0..WARM_UP + ROUNDS {
        if round == WARM_UP {
            report.refresh_hash();
        }
        let path = path();
        let (took, _) = timed(client, &path).await;
        if round >= WARM_UP {
            taken.push((took, path));
        }
    }
    report_times(taken, name, goal, report);
}

/// The same as [`time_requests`] for the list as a page.
async fn time_pages(served: &ServedInstallation, goal: f64, report: &mut Report) {
    let client = Client::new(&served.url, "");
    let mut rng = SeededRng(0xFEED);
    let mut taken = Vec::new();
    for round in 0..WARM_UP + ROUNDS {
        if round == WARM_UP {
            report.refresh_hash();
        }
        let path = random_list(&mut rng, &served.clinics).replace("/api/v1/people", "/emr/users");
        let begun = Instant::now();
        let page = client.page(&path, &served.cookie).await;
        assert_eq!(page.status, 200, "{path}");
        if round >= WARM_UP {
            taken.push((begun.elapsed(), path));
        }
    }
    let name = format!("{}: people list as a page, any filter and sort (p95)", served.name());
    report_times(taken, &name, goal, report);
}

/// A row, and the addresses of some of the slowest requests.
fn report_times(mut taken: Vec<(Duration, String)>, name: &str, goal: f64, report: &mut Report) {
    let mut times: Vec<Duration> = taken.iter().map(|(took, _)| *took).collect();
    report.time_at_most(name, percentile(&mut times, 0.95), goal);
    taken.sort_by(|a, b| b.cmp(a));
    // Every fourth of those beyond the percentile, because neighbors are of one kind.
    for (took, path) in taken.iter().step_by(4).take(5) {
        Report::note("    slowest", &format!("{:.1} ms  {path}", took.as_secs_f64() * 1000.0));
    }
}

/// First page against pages far down, by the cursors a reader would follow.
async fn compare_depth(served: &ServedInstallation, report: &mut Report) {
    let client = Client::new(&served.url, &served.admin_token);
    let first_path = "/api/v1/people?limit=200".to_owned();
    let mut path = first_path.clone();
    let mut deep = Vec::new();
    for page in 0..450 {
        let (took, body) = timed(&client, &path).await;
        if page >= 400 {
            deep.push(took);
        }
        let Some(next) = body["next"].as_str() else { break };
        path = format!("{first_path}&after={next}");
    }
    let mut first = Vec::new();
    for _ in 0..50 {
        first.push(timed(&client, &first_path).await.0);
    }
    if !deep.is_empty() {
        let name = format!("{}: page 400 of the list against the first (medians)", served.name());
        report.ratio_at_most(&name, percentile(&mut deep, 0.5), percentile(&mut first, 0.5), "ms", 1.5);
    }
}
