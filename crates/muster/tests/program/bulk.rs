//! A bulk update of ten thousand people, killed twenty times at random points, is done exactly once.

use std::time::{Duration, Instant};

use muster_testkit::program::Server;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::place::{HARBOR, arg, on_both};

/// People of the practice.
const PEOPLE: usize = 10_000;
/// How often the program is killed while it works.
const KILLS: usize = 20;

/// Calls the API, a connection each.
async fn call(server: &Server, token: &str, method: &str, path: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8_lossy(&answer);
    let (_, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{method} {path}: {text}"))
}

/// Numbers that look random and repeat (xorshift64*).
fn roll(state: &mut u64, sides: u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
}

on_both! {
    async fn a_bulk_update_killed_twenty_times_is_done_exactly_once(place) {
        place.set_up().await;
        let mut text = "first_name,last_name,email,user_type,clinics,permissions\n".to_owned();
        for n in 0..PEOPLE {
            text.push_str(&format!("Ada{n},Lund,ada{n}@x.example,Clerical,Clinic {},view_patients\n", n % 7));
        }
        let file = place.write("many.csv", &text);
        place.done(&["import", arg(&file), "--organization", HARBOR]).await;
        let token = place.done(&["token", "create", "--username", "mara", "--scope", "bulk", "--scope", "people:read"]).await;
        let token = token.split_whitespace().find(|w| w.starts_with("muster_")).expect("a token").to_owned();
        let mut server = place.program(&["serve"]).start().await;
        let clinics = call(&server, &token, "GET", "/clinics", &Value::Null).await;
        let zero = clinics["items"].as_array().unwrap().iter().find(|c| c["name"] == "Clinic 0").unwrap()["id"].clone();
        let asked = json!({"selection": {"filter": {"q": "lund"}}, "changes": [
            {"op": "add_permission", "value": "edit_patients"}, {"op": "add_permission", "value": "calendar_admin"},
            {"op": "add_clinic", "value": zero}]});
        let begun = call(&server, &token, "POST", "/bulk-updates", &asked).await;
        assert_eq!((&begun["state"], &begun["selected"]), (&json!("running"), &json!(PEOPLE)), "{begun}");
        let id = begun["id"].as_str().expect("an id").to_owned();

        let mut dice = 0x5EED_u64;
        let (mut done, mut kills, mut met) = (0, 0, 0);
        let begun = Instant::now();
        let lease = "SELECT CAST(j.lease_until AS text) || b.state FROM bulk_jobs b JOIN jobs j ON j.job_id = b.job_id";
        while kills < KILLS {
            // Once somebody has taken the job, or when nothing is left to take: a moment later, at random.
            let idle = place.texts(lease).await;
            let taken = Instant::now();
            while place.texts(lease).await == idle && !idle[0].ends_with("done") && taken.elapsed() < Duration::from_secs(5) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(Duration::from_millis(roll(&mut dice, 120))).await;
            let program = server.kill_9().await;
            kills += 1;
            // In one statement: a server may still finish what it was told just before.
            let counts = place.texts("SELECT CAST((SELECT count(*) FROM bulk_items WHERE state <> 'waiting') AS text)
                || ' ' || CAST((SELECT count(*) FROM audit_events WHERE channel = 'bulk') AS text)
                || ' ' || CAST((SELECT count(*) FROM people WHERE version > 1) AS text)").await;
            let counts: Vec<usize> = counts[0].split(' ').map(|n| n.parse().unwrap()).collect();
            let judged = counts[0];
            assert_eq!(counts, [judged; 3], "people, results and records go together");
            assert!(judged >= done, "nothing done is lost");
            met += usize::from(judged < PEOPLE);
            done = judged;
            server = program.start().await;
        }
        let end = loop {
            let now = call(&server, &token, "GET", &format!("/bulk-updates/{id}"), &Value::Null).await;
            if now["state"] == "done" {
                break now;
            }
            assert!(begun.elapsed() < Duration::from_secs(150), "{now}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert!(met >= 5, "it was killed half-way {met} times only");
        assert_eq!((&end["updated"], &end["judged"], &end["outcome"]), (&json!(PEOPLE), &json!(PEOPLE), &json!("complete")), "{end}");
        assert_eq!(place.count("people WHERE version = 2").await, PEOPLE, "each person exactly once");
        assert_eq!(place.count("emr_accounts WHERE permissions = 131").await, PEOPLE);
        assert_eq!(place.count("audit_events WHERE channel = 'bulk'").await, PEOPLE);
        assert_eq!(place.count("audit_events WHERE action = 'bulk_update.done'").await, 1);
        server.terminate().await;
        for command in [&["check"][..], &["audit", "verify"]] {
            let finished = place.muster(command).await;
            assert_eq!(finished.code, Some(0), "{finished:?}");
        }
    }
}

on_both! {
    async fn a_file_of_changes_is_tried_done_and_sent_again(place) {
        place.set_up().await;
        let people = place.write("people.csv", "first_name,last_name,email,username,user_type,clinics\n\
            Ada,Lund,ada@x.example,ada,Clerical,Saco\nBo,Moe,bo@x.example,bo,Clerical,Saco\n");
        place.done(&["import", arg(&people), "--organization", HARBOR]).await;
        let file = place.write("changes.csv", "Login,add_permissions,add_clinics\nada,calendar_admin,\nbo,start_soap_notes,\nnobody,calendar_admin,\n");
        let fix = place.file("fix.csv");
        let all = ["import", arg(&file), "--organization", HARBOR, "--changes", "--map", "Login=username", "--rows-to-fix", arg(&fix)];
        let dry = place.muster(&[&all[..], &["--dry-run"]].concat()).await;
        assert!(dry.code == Some(2) && dry.stdout.contains("This would happen: 3 rows, 1 people changed"), "{dry:?}");
        assert_eq!(place.count("bulk_items WHERE state <> 'waiting'").await, 0);
        let done = place.muster(&all).await;
        assert!(done.code == Some(2) && done.stdout.contains("Line 4: "), "{done:?}");
        assert!(done.stdout.contains("Bo Moe: Start SOAP Notes"), "{done:?}");
        let rows = std::fs::read_to_string(&fix).unwrap();
        assert!(rows.lines().count() == 3 && rows.contains("bo,start_soap_notes,,"), "{rows}");
        assert_eq!(place.count("emr_accounts WHERE (permissions & 128) <> 0").await, 2, "Ada, and the first admin");
        let again = place.muster(&[&all[..], &["--json"]].concat()).await;
        assert!(again.stdout.contains("\"unchanged\":1") && again.stdout.contains("\"updated\":0"), "{again:?}");
        assert_eq!(place.count("audit_events WHERE action = 'bulk_update.done' AND channel = 'import'").await, 2);
    }
}
