//! The user list: any page, filter, sort and scope; any search.

use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;

use crate::client::Client;
use crate::row::{Rows, percentile};
use crate::scene::{Scene, SeededRng};

const ROUNDS: usize = 400;

/// A list address with random filters, sort and page size.
fn random_list(dice: &mut SeededRng, clinics: &[String]) -> String {
    let mut query = vec![format!("limit={}", [25, 50, 100][dice.roll(3)])];
    let sorts = ["name", "username", "user_type", "status", "last_sign_in_at"];
    let sort = sorts[dice.roll(5)];
    query.push(format!("sort={}{sort}", if dice.roll(2) == 0 { "-" } else { "" }));
    if dice.roll(2) == 0 {
        let kinds =
            ["PT", "OT", "SLP", "RT", "AT", "PTA", "COTA", "SLPA", "RTT", "SPT", "SOT", "SSLP", "Clerical", "Billing"];
        query.push(format!("user_type={}", kinds[dice.roll(kinds.len())]));
    }
    if dice.roll(3) == 0 {
        query.push(format!("status={}", ["active", "inactive"][dice.roll(2)]));
    }
    if dice.roll(3) == 0 {
        query.push(format!("clinic_id={}", clinics[dice.roll(clinics.len())]));
    }
    if dice.roll(3) == 0 {
        let held = [
            "view_users",
            "edit_users",
            "finish_soap_notes",
            "company_admin",
            "clinic_admin",
            "analytics_access",
            "billing_report_admin",
        ];
        query.push(format!("permission={}", held[dice.roll(held.len())]));
    }
    format!("/api/v1/people?{}", query.join("&"))
}

fn random_search(dice: &mut SeededRng, words: &[String]) -> String {
    let word: Vec<char> = words[dice.roll(words.len())].chars().collect();
    let length = 1 + dice.roll(word.len().min(9));
    let from = dice.roll(word.len() - length + 1);
    let text: String = word[from..from + length].iter().collect();
    format!("/api/v1/people?limit=50&q={}", muster_web::urls::encode(&text))
}

/// The same as a page.
async fn pages_in_time(scene: &Scene, goal: f64, rows: &mut Rows) {
    let client = Client::new(&scene.url, "");
    let mut dice = SeededRng(0xFEED);
    let mut taken = Vec::new();
    for round in 0..40 + ROUNDS {
        let path = random_list(&mut dice, &scene.clinics).replace("/api/v1/people", "/emr/users");
        let begun = Instant::now();
        let page = client.page(&path, &scene.cookie).await;
        assert_eq!(page.status, 200, "{path}");
        if round >= 40 {
            taken.push((begun.elapsed(), path));
        }
    }
    let name = format!("{}: people list as a page, any filter and sort (p95)", scene.name());
    in_time(taken, &name, goal, rows);
}

async fn timed(client: &Client, path: &str) -> (Duration, serde_json::Value) {
    let begun = Instant::now();
    let answer = client.get(path).await;
    let took = begun.elapsed();
    assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    (took, serde_json::from_slice(&answer.body).unwrap_or_default())
}

/// One row for the 95th percentile of these, and the slowest of them by name.
async fn each_in_time(client: &Client, paths: Vec<String>, name: &str, goal: f64, rows: &mut Rows) {
    let mut taken = Vec::new();
    for path in paths {
        taken.push((timed(client, &path).await.0, path));
    }
    in_time(taken, name, goal, rows);
}

fn in_time(mut taken: Vec<(Duration, String)>, name: &str, goal: f64, rows: &mut Rows) {
    let mut times: Vec<Duration> = taken.iter().map(|(took, _)| *took).collect();
    rows.at_most(name, percentile(&mut times, 0.95), "ms", goal);
    taken.sort_by(|a, b| b.cmp(a));
    // As many as there are beyond the percentile, a few of each kind.
    for (took, path) in taken.iter().step_by(4).take(5) {
        Rows::note("    slowest", &format!("{:.1} ms  {path}", took.as_secs_f64() * 1000.0));
    }
}

/// Measures the lists of a scene for a company admin and for the manager of one clinic.
pub async fn measure(scene: &Scene, rows: &mut Rows) {
    let (list_goal, search_goal) = if scene.large { (20.0, 50.0) } else { (5.0, 15.0) };
    for (who, token) in [("company admin", &scene.admin_token), ("manager of one clinic", &scene.manager_token)] {
        let client = Client::new(&scene.url, token);
        let mut dice = SeededRng(0xBEEF);
        for _ in 0..40 {
            timed(&client, &random_list(&mut dice, &scene.clinics)).await;
        }
        let lists = (0..ROUNDS).map(|_| random_list(&mut dice, &scene.clinics)).collect();
        let name = format!("{}: people list, any filter and sort, {who} (p95)", scene.name());
        each_in_time(&client, lists, &name, list_goal, rows).await;
        let searches = (0..ROUNDS).map(|_| random_search(&mut dice, &scene.words)).collect();
        let name = format!("{}: people search, 1 to 9 characters, {who} (p95)", scene.name());
        each_in_time(&client, searches, &name, search_goal, rows).await;
    }
    pages_in_time(scene, list_goal, rows).await;
    depth(scene, rows).await;
    render(scene, rows).await;
}

/// First page against pages far down, by the cursors a reader would follow.
async fn depth(scene: &Scene, rows: &mut Rows) {
    let client = Client::new(&scene.url, &scene.admin_token);
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
        let ratio = percentile(&mut deep, 0.5) / percentile(&mut first, 0.5);
        rows.at_most(&format!("{}: page 400 against the first (medians)", scene.name()), ratio, "x", 1.5);
    }
}

/// The list page, store included, against a static page of the same size, both over HTTP on one connection.
async fn render(scene: &Scene, rows: &mut Rows) {
    let ours = Client::new(&scene.url, "");
    let page = ours.page("/emr/users", &scene.cookie).await;
    assert_eq!(page.status, 200);
    let body = page.body.clone();
    let fixed = Router::new().route(
        "/",
        get(move || {
            let body = body.clone();
            async move { body }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let server = tokio::spawn(async move { axum::serve(listener, fixed).await });
    let bare = Client::new(&base, "");
    let mut counts = (0_u32, 0_u32);
    let (mut our_time, mut bare_time) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..6 {
        let begun = Instant::now();
        for _ in 0..25 {
            ours.page("/emr/users", &scene.cookie).await;
            counts.0 += 1;
        }
        our_time += begun.elapsed();
        let begun = Instant::now();
        for _ in 0..25 {
            bare.get("/").await;
            counts.1 += 1;
        }
        bare_time += begun.elapsed();
    }
    server.abort();
    let rate = |count: u32, time: Duration| f64::from(count) / time.as_secs_f64();
    rows.at_least(
        &format!("{}: list page against a static one", scene.name()),
        rate(counts.0, our_time),
        rate(counts.1, bare_time),
        "/s",
        0.3,
    );
}
