//! Bulk updates: against the same rows written by bare statements, their memory, and what other pages feel of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use muster_testkit::bare;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::installation::ServedInstallation;
use crate::report::{Report, percentile};

/// Permissions that are added; with two clinics that makes eight changes.
const PERMISSIONS: [&str; 6] =
    ["edit_patients", "view_users", "calendar_admin", "analytics_access", "billing_report_admin", "edit_users"];

/// Measures one update with its memory and its neighbors, the bare statements, and an update of everybody.
pub async fn measure(served: &ServedInstallation, people: usize, report: &mut Report) {
    let client = Client::new(&served.url, &served.admin_token);
    let [ours, theirs] = two_groups(served, &client, people).await;
    let mut changes: Vec<Value> = PERMISSIONS.iter().map(|p| json!({"op": "add_permission", "value": p})).collect();
    changes.extend(served.clinics.iter().take(2).map(|c| json!({"op": "add_clinic", "value": c})));
    let update = json!({"selection": {"ids": ours}, "changes": changes});
    let id = measure_with_neighbors(served, &client, &update, report).await;
    // Undone and done again without neighbors, and against the bare statements on as many others.
    let (undone, _) = run_job(&client, &format!("/api/v1/bulk-updates/{id}/undo"), &json!({})).await;
    let (alone, _) = run_job(&client, "/api/v1/bulk-updates", &update).await;
    let bare = write_bare(served, &theirs).await;
    let name = format!("{}: bulk update, {} people × {} changes", served.name(), ours.len(), changes.len());
    report.ratio_at_most(&name, milliseconds(alone), milliseconds(bare), "ms", 2.0);
    Report::note(&format!("{}: its undo", served.name()), &format!("{:.0} ms", milliseconds(undone)));
    measure_everybody(served, &client).await;
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}

/// Two groups of people who may hold all that is added: neither students nor inactive.
async fn two_groups(served: &ServedInstallation, client: &Client, people: usize) -> [Vec<String>; 2] {
    let (mut ids, mut after) = (Vec::new(), String::new());
    while ids.len() < people * 2 {
        let answer = client.get(&format!("/api/v1/people?limit=200&status=active&user_type=PT{after}")).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", String::from_utf8_lossy(&answer.body));
        let page = json_of(&answer.body);
        ids.extend(page["items"].as_array().into_iter().flatten().filter_map(|p| p["id"].as_str().map(str::to_owned)));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert!(ids.len() > 1, "{} has too few people: {after}", served.name());
    let half = (ids.len() / 2).min(people);
    let other = ids.split_off(half);
    [ids, other.into_iter().take(half).collect()]
}

/// Starts a bulk update or its undo and waits until it is done; how long it took, and its last answer.
async fn run_job(client: &Client, path: &str, body: &Value) -> (Duration, Value) {
    let begun = Instant::now();
    let started = json_of(&client.post(path, body).await.body);
    let id = started["id"].as_str().unwrap_or_else(|| panic!("{started}")).to_owned();
    let mut state = started;
    while state["state"] == "running" {
        tokio::time::sleep(Duration::from_millis(20)).await;
        state = json_of(&client.get(&format!("/api/v1/bulk-updates/{id}")).await.body);
    }
    (begun.elapsed(), state)
}

/// Asks for pages until told to stop; how long each took.
fn read_pages(served: &ServedInstallation, client: &Client, stop: Arc<AtomicBool>) -> JoinHandle<Vec<Duration>> {
    let (client, cookie) = (client.clone(), served.cookie.clone());
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

/// The most memory the server holds until told to stop, in MiB.
fn watch_memory(served: &ServedInstallation, stop: Arc<AtomicBool>) -> JoinHandle<f64> {
    let served = served.clone();
    tokio::spawn(async move {
        let mut most = 0.0_f64;
        while !stop.load(Ordering::SeqCst) {
            most = most.max(served.resident_mib().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        most
    })
}

/// One update while other pages are asked for; its id.
async fn measure_with_neighbors(
    served: &ServedInstallation,
    client: &Client,
    update: &Value,
    report: &mut Report,
) -> String {
    let engine = served.name();
    let idle = served.resident_mib().await;
    let stop = Arc::new(AtomicBool::new(false));
    let memory = watch_memory(served, stop.clone());
    let neighbors = read_pages(served, client, stop.clone());
    report.refresh_hash();
    let (took, result) = run_job(client, "/api/v1/bulk-updates", update).await;
    stop.store(true, Ordering::SeqCst);
    let (most, mut times) = (memory.await.expect("memory"), neighbors.await.expect("pages"));
    assert!(result["updated"].as_u64().unwrap_or(0) > 0, "{result}");
    let name = format!("{engine}: a bulk update while other pages are asked for");
    Report::note(&name, &format!("{:.0} ms", milliseconds(took)));
    let name = format!("{engine}: other pages during a bulk update (p95)");
    report.time_at_most(&name, percentile(&mut times, 0.95), 3.0);
    let over = (most - idle).max(0.0);
    report.at_most(&format!("{engine}: memory over idle during a bulk update"), over, "MiB", 100.0);
    result["id"].as_str().unwrap_or_default().to_owned()
}

/// An update of everybody, by an empty filter.
async fn measure_everybody(served: &ServedInstallation, client: &Client) {
    let changes = ["view_patients", "edit_patients"].map(|p| json!({"op": "add_permission", "value": p}));
    let everybody = json!({"selection": {"filter": {}}, "changes": changes});
    let begun = Instant::now();
    let preview = client.post("/api/v1/bulk-updates/preview", &everybody).await;
    let looked = begun.elapsed();
    let (took, result) = run_job(client, "/api/v1/bulk-updates", &everybody).await;
    if preview.status == 200 {
        assert_eq!(json_of(&preview.body)["selected"], result["selected"]);
    }
    let name = format!("{}: bulk update of all {} people", served.name(), result["selected"]);
    let memory = served.resident_mib().await;
    let (looked, took) = (looked.as_secs_f64(), took.as_secs_f64());
    Report::note(
        &name,
        &format!("preview {looked:.1} s ({}), done {took:.1} s, memory {memory:.0} MiB", preview.status),
    );
}

/// The rows a bulk update writes, by statements over whole sets in one transaction: accounts, list, versions, clinics,
/// a record and a result for each person.
async fn write_bare(served: &ServedInstallation, people: &[String]) -> Duration {
    let sqlite = served.name() == "SQLite";
    let id = |text: &str| {
        let hex: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        if sqlite { format!("x'{hex}'") } else { format!("'{text}'::uuid") }
    };
    let organization = id(&served.organization.to_string());
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
    bare::run(&served.database_url, &prepared).await;
    let these = format!("organization_id = {organization} AND person_id IN (SELECT id FROM bench_people)");
    let text = |length: usize| "x".repeat(length);
    let empty = if sqlite { "zeroblob(32)" } else { "decode(repeat('00', 32), 'hex')" };
    let mut statements = vec![
        format!("UPDATE audit_heads SET seq = seq WHERE organization_id = {organization}"),
        format!("UPDATE emr_accounts SET permissions = permissions | 3214 WHERE {these}"),
        format!("UPDATE listing SET permissions = permissions | 3214 WHERE {these}"),
        format!("UPDATE people SET version = version + 1, updated_at = 1 WHERE {these}"),
    ];
    statements.extend(served.clinics.iter().take(2).map(|c| {
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
    bare::transaction(&served.database_url, &statements).await
}
