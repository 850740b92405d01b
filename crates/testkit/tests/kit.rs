//! The kit tried on itself: what other tests build on must hold.

use std::time::Duration;

use muster_testkit::postgres::{empty_database, fresh_database};
use muster_testkit::smtp_sink::SmtpSink;
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

#[tokio::test]
async fn the_mail_sink_keeps_what_a_hand_written_dialog_gives_it() {
    let sink = SmtpSink::start().await;
    let mut client = Dialog::with(&sink).await;
    assert_eq!(client.says("EHLO test.invalid").await, "250");
    assert_eq!(client.says("NOOP").await, "250");
    assert_eq!(client.says("DATA").await, "503");
    assert_eq!(client.says("MAIL FROM:<ada@example.org> SIZE=100").await, "250");
    assert_eq!(client.says("RCPT TO:<bob@example.org>").await, "250");
    assert_eq!(client.says("RCPT TO:<eve@example.org>").await, "250");
    assert_eq!(client.says("DATA").await, "354");
    assert_eq!(client.says("Subject: Hello\r\n\r\n..dots\r\nZoë\r\n.").await, "250");
    assert_eq!(client.says("QUIT").await, "221");

    let messages = sink.wait_for(1).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].from, "ada@example.org");
    assert_eq!(messages[0].to, ["bob@example.org", "eve@example.org"]);
    assert_eq!(messages[0].raw, "Subject: Hello\r\n\r\n.dots\r\nZoë\r\n");
}

#[tokio::test]
async fn the_mail_sink_refuses_as_often_as_told() {
    let sink = SmtpSink::start().await;
    sink.refuse_next(2);
    let mut client = Dialog::with(&sink).await;
    assert_eq!(client.says("HELO test.invalid").await, "250");
    for expected in ["451", "451", "250"] {
        assert_eq!(client.says("MAIL FROM:<ada@example.org>").await, expected);
    }
    assert!(sink.messages().is_empty());
}

#[tokio::test]
async fn fresh_databases_share_the_template_and_nothing_else() {
    let make = async || {
        fresh_database("kit_v1", async |url| {
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::query("CREATE TABLE fact (word text NOT NULL)").execute(&mut connection).await.unwrap();
            // Left open on purpose: the kit must cope.
            std::mem::forget(connection);
        })
        .await
    };
    let (one, other, third) = tokio::join!(make(), make(), make());
    assert_ne!(one.url(), other.url());
    assert_ne!(other.url(), third.url());

    let mut in_one = PgConnection::connect(one.url()).await.unwrap();
    sqlx::query("INSERT INTO fact VALUES ('mine')").execute(&mut in_one).await.unwrap();
    assert_eq!(facts(one.url()).await, 1);
    assert_eq!(facts(other.url()).await, 0);
}

#[tokio::test]
async fn a_database_goes_with_its_handle() {
    let database = empty_database().await;
    let url = database.url().to_owned();
    let mut still_connected = PgConnection::connect(&url).await.unwrap();
    drop(database);
    assert!(still_connected.ping().await.is_err());
    assert!(PgConnection::connect(&url).await.is_err());
}

#[tokio::test]
async fn a_template_whose_filling_failed_is_made_again() {
    let failed = tokio::spawn(fresh_database("kit_fails_once", async |_| panic!("on purpose")));
    assert!(failed.await.is_err());
    let database = fresh_database("kit_fails_once", async |url| {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::query("CREATE TABLE fact ()").execute(&mut connection).await.unwrap();
    })
    .await;
    assert_eq!(facts(database.url()).await, 0);
}

async fn facts(url: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.expect("a working kit");
    sqlx::query_scalar("SELECT count(*) FROM fact").fetch_one(&mut connection).await.expect("a working kit")
}

/// The client's half of an SMTP conversation.
struct Dialog(BufReader<TcpStream>);

impl Dialog {
    async fn with(sink: &SmtpSink) -> Self {
        let address = sink.url().replace("smtp://", "");
        let mut dialog = Self(BufReader::new(TcpStream::connect(address).await.expect("a working kit")));
        assert_eq!(dialog.hears().await, "220");
        dialog
    }

    async fn says(&mut self, line: &str) -> String {
        self.0.write_all(format!("{line}\r\n").as_bytes()).await.expect("a working kit");
        self.hears().await
    }

    /// The code of the answer, however many lines it has.
    async fn hears(&mut self) -> String {
        loop {
            let mut line = String::new();
            let reading = self.0.read_line(&mut line);
            tokio::time::timeout(Duration::from_secs(10), reading)
                .await
                .expect("a working kit")
                .expect("a working kit");
            if line.as_bytes()[3] == b' ' {
                return line[..3].to_owned();
            }
        }
    }
}
