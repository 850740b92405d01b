//! License requests of the real program: killed in the middle of processing, and written about through a mail server.

use std::time::Duration;

use muster_testkit::smtp_sink::SmtpSink;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::place::{DatabaseArguments, HARBOR, PASSWORD, on_both};

/// One call of the JSON API; none when the program died before it answered whole.
async fn call(port: u16, token: &str, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
    let body = body.to_string();
    let request = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let answer = String::from_utf8(answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).ok()?))
}

/// A practice with five student licenses; the tokens of its company admin and of an operator.
async fn prepared(place: &DatabaseArguments) -> (String, String) {
    place.set_up().await;
    let operator = ["admin", "create", "--username", "helen", "--email", "helen@operator.example", "--password-stdin"];
    let made = place.program(&operator).stdin(format!("{PASSWORD}\n")).run().await;
    assert_eq!(made.code, Some(0), "{made:?}");
    let clinic = place.texts("SELECT name FROM clinics").await.remove(0);
    let total = ["--clinic", &clinic, "--group", "student", "--total", "5"];
    place.done(&[&["licenses", "set", "--organization", HARBOR][..], &total].concat()).await;
    let mut tokens = Vec::new();
    for name in ["mara", "helen"] {
        let made =
            place.done(&["token", "create", "--username", name, "--scope", "licenses", "--scope", "people:read"]).await;
        let token = made.split_whitespace().find(|w| w.starts_with("muster_")).expect("a token");
        tokens.push(token.to_owned());
    }
    let helen = tokens.pop().expect("two");
    (tokens.pop().expect("two"), helen)
}

/// Asks for one more student license; the request's id.
async fn ask(port: u16, token: &str) -> String {
    let (_, clinics) = call(port, token, "GET", "/clinics", &json!({})).await.expect("clinics");
    let clinic = clinics["items"][0]["id"].clone();
    let body = json!({"kind": "add", "clinic_id": clinic, "group": "student", "count": 1});
    let (status, made) = call(port, token, "POST", "/license-requests", &body).await.expect("an answer");
    assert_eq!(status, 201, "{made}");
    made["id"].as_str().expect("an id").to_owned()
}

on_both! {
    /// Nothing acknowledged is lost, nothing is done twice, and total, ledger, request and letters agree.
    async fn killed_in_the_middle_of_processing_a_request_has_its_effect_once_or_not_at_all(place) {
        const REQUESTS: usize = 10;
        let (mara, helen) = prepared(place).await;
        let mut server = place.program(&["serve"]).start().await;
        let mut requests = Vec::new();
        for _ in 0..REQUESTS {
            requests.push(ask(server.port(), &mara).await);
        }
        let mut acknowledged = Vec::new();
        for (n, id) in requests.iter().enumerate() {
            let (port, path, token) = (server.port(), format!("/license-requests/{id}/process"), helen.clone());
            let asking = tokio::spawn(async move { call(port, &token, "POST", &path, &json!({})).await });
            tokio::time::sleep(Duration::from_millis(u64::try_from(n * 3).unwrap())).await;
            let again = server.kill_9().await;
            if let Some((200, _)) = asking.await.unwrap() {
                acknowledged.push(id.clone());
            }
            server = again.start().await;
        }
        let processed = place.count("license_requests WHERE state = 'processed'").await;
        assert!(processed >= acknowledged.len(), "what was acknowledged is lost");
        // Whatever had not happened happens now; whatever had is refused.
        for id in &requests {
            let path = format!("/license-requests/{id}/process");
            let (status, answer) = call(server.port(), &helen, "POST", &path, &json!({})).await.expect("an answer");
            match status {
                200 => assert!(!acknowledged.contains(id)),
                409 => assert_eq!(answer["code"], "request_ended"),
                other => panic!("{other}: {answer}"),
            }
        }
        server.terminate().await;
        let total = place.texts("SELECT CAST(total AS text) FROM license_pools WHERE pool_group = 'student'").await;
        assert_eq!(total, [(5 + REQUESTS).to_string()]);
        assert_eq!(place.count("license_ledger WHERE request_id IS NOT NULL").await, REQUESTS);
        // Each request was written about twice: submitted and processed.
        assert_eq!(place.count("jobs WHERE kind = 'send_email'").await, 2 * REQUESTS);
        let checked = place.muster(&["check"]).await;
        assert_eq!(checked.code, Some(0), "{checked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_of_a_request_is_delivered_by_the_mail_server() {
    let place = DatabaseArguments::sqlite();
    let (mara, helen) = prepared(&place).await;
    let sink = SmtpSink::start().await;
    let public = ["--public-url", "https://muster.harbor.example"];
    let server = place.program(&[&["serve", "--smtp-url", &sink.url()][..], &public].concat()).start().await;
    let first = ask(server.port(), &mara).await;
    let second = ask(server.port(), &mara).await;
    let third = ask(server.port(), &mara).await;
    let ends = [(&first, &helen, "process"), (&second, &helen, "reject"), (&third, &mara, "withdraw")];
    for (id, token, how) in ends {
        let path = format!("/license-requests/{id}/{how}");
        let (status, answer) =
            call(server.port(), token, "POST", &path, &json!({"note": "As agreed"})).await.expect("an answer");
        assert_eq!(status, 200, "{answer}");
    }
    let mail = sink.wait_for(6).await;
    assert!(mail.iter().all(|m| m.to == ["mara@harbor.example"]), "{mail:?}");
    for step in ["submitted", "processed", "rejected", "withdrawn"] {
        let about = mail.iter().filter(|m| m.raw.contains("Subject: License request") && m.raw.contains(step)).count();
        assert!(about >= 1, "{step}: {mail:?}");
    }
    assert!(mail.iter().all(|m| m.raw.contains("https://muster.harbor.example/emr/licenses/requests/")), "{mail:?}");
    server.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn support_decides_from_the_command_line() {
    let place = DatabaseArguments::sqlite();
    let (mara, _) = prepared(&place).await;
    let server = place.program(&["serve"]).start().await;
    let (first, second) = (ask(server.port(), &mara).await, ask(server.port(), &mara).await);
    server.terminate().await;
    let listed = place.done(&["licenses", "requests"]).await;
    assert!(listed.lines().count() == 2 && listed.contains(&first) && listed.contains(HARBOR), "{listed}");
    let done = place.done(&["licenses", "process", &first, "--json"]).await;
    let done: Value = serde_json::from_str(&done).unwrap();
    assert_eq!(
        (&done["state"], &done["total_before"], &done["total_after"]),
        (&json!("processed"), &json!(5), &json!(6))
    );
    let twice = place.muster(&["licenses", "process", &first]).await;
    assert!(twice.code == Some(1) && twice.stderr.contains("was processed already"), "{twice:?}");
    let silent = place.muster(&["licenses", "reject", &second]).await;
    assert!(silent.code == Some(1) && silent.stderr.contains("reason"), "{silent:?}");
    place.done(&["licenses", "reject", &second, "--note", "Not this year"]).await;
    assert_eq!(place.done(&["licenses", "requests", "--json"]).await.trim(), "[]");
}
