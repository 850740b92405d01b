//! Starting, the first words, and stopping.

use std::time::{Duration, Instant};

use muster_testkit::program::Program;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::place::{DatabaseArguments, on_both};

fn link(stdout: &str) -> Option<&str> {
    stdout.split_whitespace().find(|word| word.contains("/setup/"))
}

on_both! {
    async fn an_empty_database_is_offered_a_new_set_up_link_at_each_start(place) {
        let server = place.program(&["serve"]).start().await;
        let told = server.stdout_until(|told| link(told).is_some()).await;
        assert!(told.starts_with(&format!("Muster serves {}\n", server.url())), "{told}");
        let first = link(&told).expect("a link").to_owned();
        assert!(first.starts_with(&server.url()), "{first}");
        assert_eq!(server.terminate().await.code, Some(0));

        let server = place.program(&["serve", "--public-url", "https://muster.example.org"]).start().await;
        let told = server.stdout_until(|told| link(told).is_some()).await;
        let second = link(&told).expect("a link").to_owned();
        assert!(second.starts_with("https://muster.example.org/setup/") && second != first, "{second}");
        server.terminate().await;

        place.set_up().await;
        let server = place.program(&["serve"]).start().await;
        assert_eq!(link(&server.terminate().await.stdout), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_in_time_although_a_request_is_open() {
    let place = DatabaseArguments::sqlite();
    let server = place.program(&["serve"]).start().await;
    let mut open = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    open.write_all(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\nhalf").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let asked = Instant::now();
    let finished = server.terminate().await;
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_a_sentence_and_makes_no_data() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = DatabaseArguments::sqlite();
    let finished = place.muster(&["serve", "--listen", &address]).await;
    assert_eq!(finished.code, Some(1));
    assert!(finished.stderr.contains("in use") && finished.stderr.lines().count() == 1, "{finished:?}");
    assert!(!place.data().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_a_listener_of_their_own() {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().to_string();
    let place = DatabaseArguments::sqlite();
    let server = place.program(&["serve", "--metrics-listen", &free]).start().await;
    let mut stream = TcpStream::connect(&free).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut text).await.unwrap();
    assert!(text.contains("muster_ready 1") && text.contains("muster_messages_waiting 0"), "{text}");
    server.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_shows_its_sign_ins_serves_this_machine_only_and_leaves_nothing() {
    let refused = Program::new(["serve", "--demo", "--listen", "0.0.0.0:0"]).run().await;
    assert!(refused.code == Some(1) && refused.stderr.contains("this machine only"), "{refused:?}");

    let temporary = tempfile::tempdir().unwrap();
    let demo = Program::new(["serve", "--demo"]).env("TMPDIR", temporary.path());
    let own = demo.directory().to_owned();
    let server = demo.start().await;
    let people = |told: &str| told.lines().filter(|line| line.starts_with("  ")).count();
    let told = server.stdout_until(|told| people(told) >= 2).await;
    assert!(people(&told) >= 2, "{told}");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 1);
    let program = server.terminate().await;
    assert_eq!(program.code, Some(0));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0, "the throw-away data is gone");
    assert!(!own.join("muster-data").exists());
}
