//! Messages leave: as files or through a mail server.

use std::time::Duration;

use muster_testkit::smtp_sink::SmtpSink;

use crate::place::{DatabaseArguments, HARBOR, arg};

/// Invites somebody from the command line while the server runs.
async fn invite(place: &DatabaseArguments, n: u32) {
    let text = format!("first_name,last_name,email,user_type,clinics\nZoë{n},Łuk,zoe{n}@x.example,Clerical,Saco\n");
    let file = place.write("one.csv", &text);
    let public_url = "https://muster.harbor.example";
    place.done(&["import", arg(&file), "--organization", HARBOR, "--invite", "--public-url", public_url]).await;
}

/// Waits for something to come about.
async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..400 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited in vain for {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_messages_become_files() {
    let place = DatabaseArguments::sqlite();
    place.set_up().await;
    let server = place.program(&["serve", "--mail-from", "Müster <muster@harbor.example>"]).start().await;
    invite(&place, 1).await;
    let outbox = place.data().join("outbox");
    let path = eventually("a file in the outbox", async || {
        let mut files = std::fs::read_dir(&outbox).ok()?.flatten().map(|file| file.path());
        files.find(|path| path.extension().is_some_and(|e| e == "eml"))
    })
    .await;
    let text = std::fs::read_to_string(path).unwrap();
    for expected in
        ["To: zoe1@x.example\r\n", "Auto-Submitted: auto-generated\r\n", "Message-ID: <", "@harbor.example>"]
    {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    assert!(text.is_ascii(), "{text}");
    eventually("the message to be forgotten", async || {
        (place.count("jobs WHERE kind = 'send_email' AND state = 'done' AND length(payload) = 0").await == 1)
            .then_some(())
    })
    .await;
    assert!(!server.stderr().contains("zoe1"), "{}", server.stderr());
    server.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_refused_once_is_delivered_later() {
    let place = DatabaseArguments::sqlite();
    place.set_up().await;
    let sink = SmtpSink::start().await;
    let server = place.program(&["serve", "--smtp-url", &sink.url()]).start().await;
    invite(&place, 1).await;
    let first = sink.wait_for(1).await;
    assert_eq!(first[0].to, ["zoe1@x.example"]);
    assert_eq!(first[0].from, "muster@localhost");

    sink.refuse_next(1);
    invite(&place, 2).await;
    eventually("the refusal to be noted", async || {
        let noted = "SELECT last_error FROM jobs WHERE kind = 'send_email' AND state = 'queued' AND last_error <> ''";
        place.texts(noted).await.into_iter().find(|error| error.contains("451"))
    })
    .await;
    assert_eq!(sink.messages().len(), 1);
    // The next attempt is minutes away: let them pass.
    place.sql("UPDATE jobs SET due_at = 0 WHERE kind = 'send_email' AND state = 'queued'").await;
    let both = sink.wait_for(2).await;
    assert_eq!(both[1].to, ["zoe2@x.example"]);
    server.terminate().await;
}
