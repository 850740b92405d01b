//! Bulk updates: against the same rows written by bare statements, in memory, and what other pages feel of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use muster_testkit::bare;
use serde_json::{Value, json};

use crate::client::Client;
use crate::row::{Rows, percentile};
use crate::scene::Scene;

/// Permissions given; with two clinics that makes eight changes.
const GIVEN: [&str; 6] =
    ["edit_patients", "view_users", "calendar_admin", "analytics_access", "billing_report_admin", "edit_users"];

/// People of the measured update: ten thousand, or as many as the environment says.
fn people() -> usize {
    std::env::var("MUSTER_BENCH_BULK").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000)
}

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}

/// People who may hold all that is given, two lots of them: neither students nor inactive.
async fn lots(scene: &Scene, client: &Client) -> [Vec<String>; 2] {
    let (mut ids, mut after) = (Vec::new(), String::new());
    let wanted = people() * 2;
    while ids.len() < wanted {
        let answer = client.get(&format!("/api/v1/people?limit=200&status=active&user_type=PT{after}")).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", String::from_utf8_lossy(&answer.body));
        let page = json_of(&answer.body);
        ids.extend(page["items"].as_array().into_iter().flatten().filter_map(|p| p["id"].as_str().map(str::to_owned)));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert!(ids.len() > 1, "{} has too few people: {after}", scene.name());
    let half = ids.len() / 2;
    let other = ids.split_off(half);
    [ids, other.into_iter().take(half).collect()]
}

/// Starts a bulk update and waits until it is done; how long it took, and its last answer.
async fn done(client: &Client, body: &Value) -> (Duration, Value) {
    let begun = Instant::now();
    let started = json_of(&client.post("/api/v1/bulk-updates", body).await.body);
    let id = started["id"].as_str().unwrap_or_else(|| panic!("{started}")).to_owned();
    let mut state = started;
    while state["state"] == "running" {
        tokio::time::sleep(Duration::from_millis(20)).await;
        state = json_of(&client.get(&format!("/api/v1/bulk-updates/{id}")).await.body);
    }
    (begun.elapsed(), state)
}

/// Reads pages until told to stop; how long each took.
fn reading(scene: &Scene, client: &Client, stop: Arc<AtomicBool>) -> tokio::task::JoinHandle<Vec<Duration>> {
    let (client, cookie) = (client.clone(), scene.cookie.clone());
    tokio::spawn(async move {
        let mut times = Vec::new();
        while !stop.load(Ordering::SeqCst) {
            let begun = Instant::now();
            if times.len() % 2 == 0 {
                client.page("/emr/users?q=ma", &cookie).await;
            } else {
                client.get("/api/v1/people?limit=50").await;
            }
            times.push(begun.elapsed());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        times
    })
}

/// Measures one update with its memory and its neighbors, the bare statements, and a select-all.
pub async fn measure(scene: &Scene, rows: &mut Rows) {
    let (engine, client) = (scene.name(), Client::new(&scene.url, &scene.admin_token));
    let [ours, theirs] = lots(scene, &client).await;
    let count = ours.len();
    let mut changes: Vec<Value> = GIVEN.iter().map(|p| json!({"op": "add_permission", "value": p})).collect();
    changes.extend(scene.clinics.iter().take(2).map(|c| json!({"op": "add_clinic", "value": c})));

    let idle = scene.resident_mib().await;
    let stop = Arc::new(AtomicBool::new(false));
    let watched = tokio::spawn({
        let (scene, stop) = (scene.clone(), stop.clone());
        async move {
            let mut most = 0.0_f64;
            while !stop.load(Ordering::SeqCst) {
                most = most.max(scene.resident_mib().await);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            most
        }
    });
    let neighbors = reading(scene, &client, stop.clone());
    let selection = json!({"selection": {"ids": ours}, "changes": changes});
    let (with_neighbors, result) = done(&client, &selection).await;
    stop.store(true, Ordering::SeqCst);
    let (most, mut times) = (watched.await.expect("watches"), neighbors.await.expect("reads"));
    assert!(result["updated"].as_u64().unwrap_or(0) > 0, "{result}");

    // Undone and done again without neighbors, and against the bare statements on as many others.
    let id = result["id"].as_str().unwrap_or_default();
    let (undone, _) = finished(&client, &format!("/api/v1/bulk-updates/{id}/undo")).await;
    let (alone, _) = done(&client, &selection).await;
    let bare = written_bare(scene, &theirs).await;
    rows.ratio_at_most(
        &format!("{engine}: bulk update, {count} people × {} changes", changes.len()),
        alone.as_secs_f64() * 1000.0,
        bare.as_secs_f64() * 1000.0,
        "ms",
        2.0,
    );
    Rows::note(
        &format!("{engine}: the same with other pages asked for"),
        &format!("{:.0} ms", with_neighbors.as_secs_f64() * 1000.0),
    );
    Rows::note(&format!("{engine}: its undo"), &format!("{:.0} ms", undone.as_secs_f64() * 1000.0));
    rows.at_most(&format!("{engine}: memory over idle during a bulk update"), (most - idle).max(0.0), "MiB", 100.0);
    rows.at_most(
        &format!("{engine}: other pages during a bulk update (p95)"),
        percentile(&mut times, 0.95),
        "ms",
        50.0,
    );

    // Everybody, by an empty filter: 100,000 people, 200,000 with --large.
    let everybody = json!({"selection": {"filter": {}}, "changes": [{"op": "add_permission", "value": "view_patients"}, {"op": "add_permission", "value": "edit_patients"}]});
    let begun = Instant::now();
    let preview = json_of(&client.post("/api/v1/bulk-updates/preview", &everybody).await.body);
    let looked = begun.elapsed();
    let (took, result) = done(&client, &everybody).await;
    assert_eq!(preview["selected"], result["selected"]);
    Rows::note(
        &format!("{engine}: select-all of {} people", result["selected"]),
        &format!(
            "preview {:.1} s, done {:.1} s, memory {:.0} MiB",
            looked.as_secs_f64(),
            took.as_secs_f64(),
            scene.resident_mib().await
        ),
    );
}

async fn finished(client: &Client, path: &str) -> (Duration, Value) {
    let begun = Instant::now();
    let started = json_of(&client.post(path, &json!({})).await.body);
    let id = started["id"].as_str().unwrap_or_else(|| panic!("{started}")).to_owned();
    let mut state = started;
    while state["state"] == "running" {
        tokio::time::sleep(Duration::from_millis(20)).await;
        state = json_of(&client.get(&format!("/api/v1/bulk-updates/{id}")).await.body);
    }
    (begun.elapsed(), state)
}

/// The rows a bulk update writes, by statements over whole sets in one transaction: accounts, list, versions, clinics,
/// a record and a result for each person.
async fn written_bare(scene: &Scene, people: &[String]) -> Duration {
    let sqlite = scene.name() == "SQLite";
    let id = |text: &str| {
        let hex: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        if sqlite { format!("x'{hex}'") } else { format!("'{text}'::uuid") }
    };
    let organization = id(&scene.organization.to_string());
    let kind = if sqlite { "BLOB" } else { "UUID" };
    let mut prepared = vec![
        "DROP TABLE IF EXISTS bench_people".to_owned(),
        format!("CREATE TABLE bench_people (n INTEGER PRIMARY KEY, id {kind})"),
    ];
    for (chunk_at, chunk) in people.chunks(500).enumerate() {
        let rows: Vec<String> =
            chunk.iter().enumerate().map(|(n, p)| format!("({}, {})", chunk_at * 500 + n + 1, id(p))).collect();
        prepared.push(format!("INSERT INTO bench_people VALUES {}", rows.join(", ")));
    }
    bare::run(&scene.database_url, &prepared).await;
    let whose = format!("organization_id = {organization} AND person_id IN (SELECT id FROM bench_people)");
    let text = |length: usize| "x".repeat(length);
    let empty = if sqlite { "zeroblob(32)" } else { "decode(repeat('00', 32), 'hex')" };
    let mut statements = vec![
        format!("UPDATE audit_heads SET seq = seq WHERE organization_id = {organization}"),
        format!("UPDATE emr_accounts SET permissions = permissions | 3214 WHERE {whose}"),
        format!("UPDATE listing SET permissions = permissions | 3214 WHERE {whose}"),
        format!("UPDATE people SET version = version + 1, updated_at = 1 WHERE {whose}"),
    ];
    statements.extend(scene.clinics.iter().take(2).map(|c| {
        format!(
            "INSERT INTO emr_account_clinics SELECT {organization}, b.id, {} FROM bench_people b WHERE true ON CONFLICT DO NOTHING",
            id(c)
        )
    }));
    let job = id("0199b2f4-7c1e-7d43-a2b0-6f1f0f6f0001");
    statements.extend([
        format!(
            "INSERT INTO bulk_items (organization_id, job_id, person_id, version, state, changed, version_after)
             SELECT {organization}, {job}, b.id, 1, 'updated', '{}', 2 FROM bench_people b",
            text(110)
        ),
        format!(
            "INSERT INTO audit_events (organization_id, seq, event_id, at, actor_kind, actor_id, actor_name, action, effect,
                subject_id, subject_name, channel, address, detail, hash)
             SELECT {organization}, h.seq + b.n, b.id, 1, 'person', b.id, 'Bench Admin', 'person.updated', 'done', b.id,
                'Somebody Named', 'bulk', '127.0.0.1', '{}', {empty} FROM bench_people b
             JOIN audit_heads h ON h.organization_id = {organization}",
            text(640)
        ),
        format!("UPDATE audit_heads SET seq = seq + {} WHERE organization_id = {organization}", people.len()),
    ]);
    bare::transaction(&scene.database_url, &statements).await
}
