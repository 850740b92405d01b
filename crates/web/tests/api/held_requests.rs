//! Rights are checked where they count: a request whose end is held back until its sender has lost the right to
//! it changes nothing. Every mutating route is tried over a real socket, on a practice of its own.

use axum::body::Body;
use axum::http::Request;
use muster_domain::PersonId;
use muster_domain::emr::{EmrAccount, EmrPatch, Permission, UserType};
use muster_domain::people::Change;
use muster_store::{people, sign_in};
use muster_testkit::both_practices;
use muster_testkit::practice::{PersonSpec, Practice};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::routes_table::{Case, NOBODY, SUPPORT, Senders, page_cases, program_cases};

/// How the sender loses the right while the request is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    Deactivated,
    Demoted,
    /// Every session, link and token ended: by a sign-out, a new password, or by revoking a token.
    SignedOut,
}

/// The bytes of a request.
fn bytes(request: &Request<Vec<u8>>) -> Vec<u8> {
    let mut out =
        format!("{} {} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        out += &format!("{name}: {}\r\n", value.to_str().expect("text"));
    }
    out += &format!("content-length: {}\r\n\r\n", request.body().len());
    let mut out = out.into_bytes();
    out.extend_from_slice(request.body());
    out
}

/// The status of the answer to a request during which `meanwhile` happened.
async fn held<F: Future<Output = ()>>(practice: &Practice, request: &Request<Vec<u8>>, meanwhile: F) -> u16 {
    let url = practice.serve().await;
    let mut socket = TcpStream::connect(url.trim_start_matches("http://")).await.expect("a connection");
    let bytes = bytes(request);
    // A multipart reader is content before the very last byte: what ends the file must be in what is held back.
    let (first, end) = bytes.split_at(bytes.len() - 16);
    socket.write_all(first).await.expect("written");
    socket.flush().await.expect("sent");
    // Long enough for the server to read the headers and find out who asks.
    tokio::time::sleep(std::time::Duration::from_millis(40)).await;
    meanwhile.await;
    socket.write_all(end).await.expect("the end");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.expect("an answer");
    let text = String::from_utf8_lossy(&answer);
    let status = text.split_whitespace().nth(1).and_then(|s| s.parse().ok());
    status.unwrap_or_else(|| panic!("no answer: {text}"))
}

/// Somebody who sends requests, with the access the test takes away and gives back.
struct Sender {
    subject: Uuid,
    /// None for an operator, who has nothing but the sign-in to lose.
    account: Option<EmrAccount>,
}

impl Sender {
    async fn named(practice: &Practice, username: &str) -> Self {
        let mut h = practice.db().read().await.expect("a connection");
        let found = sign_in::find_by_name(&mut h, username).await.expect("an answer").expect("a sign-in");
        let stored = people::find(&mut h, practice.organization, PersonId(found.subject)).await.expect("an answer");
        Self { subject: found.subject, account: stored.and_then(|s| s.profile.emr) }
    }

    async fn lose(&self, practice: &Practice, loss: Loss) {
        let patch = match loss {
            Loss::SignedOut => {
                let mut tx = practice.db().begin().await.expect("a transaction");
                sign_in::end_all_access(&mut tx, self.subject).await.expect("ended");
                return tx.commit().await.expect("committed");
            }
            Loss::Deactivated => EmrPatch { status: Some("inactive".to_owned()), ..EmrPatch::default() },
            Loss::Demoted => EmrPatch { permissions: Some(vec!["analytics_access".to_owned()]), ..EmrPatch::default() },
        };
        self.change(practice, patch).await;
    }

    async fn regain(&self, practice: &Practice) {
        let Some(account) = &self.account else { return };
        let permissions = account.permissions.iter().map(|p| p.as_str().to_owned()).collect();
        let status = Some("active".to_owned());
        self.change(practice, EmrPatch { status, permissions: Some(permissions), ..EmrPatch::default() }).await;
    }

    async fn change(&self, practice: &Practice, patch: EmrPatch) {
        let change = Change { emr: Some(patch), ..Change::default() };
        let saved = practice.app.update_person(&practice.machine(), PersonId(self.subject), None, change).await;
        saved.expect("the access is changed");
    }

    /// Number of the newest record of something this sender did.
    async fn newest(&self, practice: &Practice, reader: &str) -> i64 {
        let path = format!("/audit-events?actor_id={}&effect=done&limit=1", self.subject);
        let list = practice.api(reader).get(&path).await.expect(200).json();
        list["items"][0]["seq"].as_i64().unwrap_or(0)
    }
}

/// Ends a session or token of the sender: it has no form once it ended with everything else.
const ENDINGS: [&str; 3] = ["/me/tokens/{token}/revoke", "/api/v1/tokens/{token}", "/me/sessions/{session}/end"];

/// Everybody looks after their own password, sessions and tokens, whatever their permissions.
fn is_own_access(case: &Case) -> bool {
    let route = case.route.trim_start_matches("/api/v1");
    ENDINGS.contains(&case.route) || ["/me/password", "/me/tokens", "/tokens", "/unlock", "/sign-out"].contains(&route)
}

/// True where this loss takes the right to the route away.
fn takes_away(loss: Loss, case: &Case) -> bool {
    if case.sender == NOBODY || ENDINGS.contains(&case.route) {
        return false;
    }
    match loss {
        Loss::SignedOut => true,
        Loss::Deactivated => case.sender != SUPPORT && !["/unlock", "/sign-out"].contains(&case.route),
        Loss::Demoted => case.sender != SUPPORT && !is_own_access(case),
    }
}

/// Another company admin of every clinic, so that the first one may lose the right; reads the record.
async fn deputy(practice: &Practice) -> String {
    let deputy = PersonSpec {
        username: "deputy",
        user_type: UserType::Clerical,
        permissions: Some(&[Permission::CompanyAdmin, Permission::ViewUsers, Permission::EditUsers]),
        clinics: &practice.clinics,
        ..PersonSpec::default()
    };
    practice.add(deputy).await;
    practice.token("deputy").await
}

async fn assert_nothing_is_saved(practice: &Practice, cases: Vec<Case>, loss: Loss) {
    let reader = deputy(practice).await;
    let mut tried = 0;
    for case in &cases {
        if !takes_away(loss, case) {
            continue;
        }
        let sender = Sender::named(practice, &case.sender).await;
        let request = Box::pin(Senders::of(practice).request(case)).await;
        let before = sender.newest(practice, &reader).await;
        let status = Box::pin(held(practice, &request, sender.lose(practice, loss))).await;
        let expected: &[u16] = if case.path.starts_with("/api/") { &[401, 403, 404] } else { &[303, 401, 403, 404] };
        assert!(expected.contains(&status), "{loss:?}: {} {} answered {status}", case.method, case.route);
        let after = sender.newest(practice, &reader).await;
        assert_eq!(after, before, "{loss:?}: {} {} was saved", case.method, case.route);
        sender.regain(practice).await;
        // Sent again by somebody who may, it is taken: it was the lost right that stopped it.
        if !is_own_access(case) {
            let again = Box::pin(Senders::of(practice).request(case)).await;
            let answer = practice.call(again.map(Body::from)).await;
            assert!(answer.status < 400, "{} {}: {} {}", case.method, case.route, answer.status, answer.text());
        }
        tried += 1;
    }
    assert!(tried > 20, "only {tried} routes were tried");
}

both_practices! {
    async fn nothing_is_saved_for_a_program_deactivated_while_its_request_is_held(practice) {
        assert_nothing_is_saved(practice, program_cases(practice).await, Loss::Deactivated).await;
    }

    async fn nothing_is_saved_for_a_program_demoted_while_its_request_is_held(practice) {
        assert_nothing_is_saved(practice, program_cases(practice).await, Loss::Demoted).await;
    }

    async fn nothing_is_saved_for_a_program_whose_token_ended_while_its_request_is_held(practice) {
        assert_nothing_is_saved(practice, program_cases(practice).await, Loss::SignedOut).await;
    }

    async fn nothing_is_saved_for_a_person_deactivated_while_a_form_is_held(practice) {
        assert_nothing_is_saved(practice, page_cases(practice).await, Loss::Deactivated).await;
    }

    async fn nothing_is_saved_for_a_person_demoted_while_a_form_is_held(practice) {
        assert_nothing_is_saved(practice, page_cases(practice).await, Loss::Demoted).await;
    }

    async fn nothing_is_saved_for_a_person_signed_out_while_a_form_is_held(practice) {
        assert_nothing_is_saved(practice, page_cases(practice).await, Loss::SignedOut).await;
    }
}
