//! Sign-ins against bare Argon2id on all cores, and what other pages feel of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use muster_app::people::ListQuery;
use muster_app::{Actor, Filter};
use muster_domain::emr::Status;
use muster_store::Db;

use crate::client::Client;
use crate::hash::{self, Memory};
use crate::installation::ServedInstallation;
use crate::report::{Report, percentile};

/// Sign-ins of one turn: few, so that a machine whose speed changes within seconds is as quick for hashes alone; and enough
/// that the first requests and the last commit, which hashes alone do not have, matter little.
const COUNT: usize = 400;
/// Turns of each.
const TURNS: usize = 5;
/// Sign-ins under way at the same time, as at the start of a shift.
const CONCURRENCY: usize = 16;

/// Measures sign-ins a second, in turns with hashes alone; then the list during sign-ins.
pub async fn measure(served: &ServedInstallation, report: &mut Report) {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let names = Arc::new(names_with_password(served).await);
    let (mut ours, mut limit, mut fresh) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for _ in 0..TURNS {
        limit += hash::many(COUNT, threads, Memory::Reused).await;
        ours += sign_in_all(served, &names).await;
        fresh += hash::many(COUNT, threads, Memory::Fresh).await;
    }
    #[allow(clippy::cast_precision_loss)]
    let rate = |took: Duration| (COUNT * TURNS) as f64 / took.as_secs_f64();
    let name = format!("{}: sign-in against bare Argon2id on all cores", served.name());
    report.ratio_at_least(&name, rate(ours), rate(limit), "/s", 0.92);
    let name = format!("{}: bare Argon2id in new memory each time", served.name());
    Report::note(&name, &format!("{:.1} /s", rate(fresh)));

    report.refresh_hash();
    let over = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn(read_lists(Client::new(&served.url, &served.admin_token), Arc::clone(&over)));
    for _ in 0..3 {
        sign_in_all(served, &names).await;
    }
    over.store(true, Ordering::Relaxed);
    let mut others = reading.await.expect("lists");
    let name = format!("{}: other pages during sign-ins (p99)", served.name());
    report.time_at_most(&name, percentile(&mut others, 0.99), 3.0);
}

/// Asks for a list again and again; how long each took.
async fn read_lists(client: Client, over: Arc<AtomicBool>) -> Vec<Duration> {
    let mut times: Vec<Duration> = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        client.get("/api/v1/people?limit=50").await;
        times.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    times
}

/// How long one turn of sign-ins takes. The clients run on one thread: in use they are other machines, and here they should
/// take as little of this one as possible.
async fn sign_in_all(served: &ServedInstallation, names: &Arc<Vec<String>>) -> Duration {
    let (served, names) = (served.clone(), Arc::clone(names));
    let all = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(sign_in_concurrently(&Client::new(&served.url, ""), &served, &names))
    });
    all.await.expect("sign-ins")
}

async fn sign_in_concurrently(client: &Client, served: &ServedInstallation, names: &Arc<Vec<String>>) -> Duration {
    let begun = Instant::now();
    let left = Arc::new(AtomicUsize::new(COUNT));
    let workers: Vec<_> = (0..CONCURRENCY)
        .map(|_| {
            let (client, names, left) = (client.clone(), Arc::clone(names), Arc::clone(&left));
            let password = served.password.clone();
            tokio::spawn(async move {
                let form = form_cookie(&client).await;
                while let Ok(n) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)) {
                    sign_in(&client, &names[n % names.len()], &password, &form).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("sign-ins");
    }
    begun.elapsed()
}

/// User names of people of all kinds, who get the company admin's password.
async fn names_with_password(served: &ServedInstallation) -> Vec<String> {
    let filter = Filter { status: Some(Status::Active), ..Filter::default() };
    let operator = Actor::command_line(served.organization);
    let query = ListQuery { filter, after: None, limit: 100 };
    let people = served.app.people(&operator, query).await.expect("people").people;
    let db = Db::open(&served.database_url, 2).await.expect("the database");
    let mut tx = db.begin().await.expect("a change");
    let admin = muster_store::sign_in::find_by_name(&mut tx, &served.username).await.expect("a search");
    let hash = admin.and_then(|a| a.password_hash).expect("a password");
    for person in people.iter().map(|p| &p.profile().person) {
        let set = muster_store::sign_in::set_password(
            &mut tx,
            person.id.0,
            &hash,
            muster_domain::sign_in::PasswordState::Chosen,
            served.app.now(),
        );
        set.await.expect("a password");
    }
    tx.commit().await.expect("passwords");
    people.iter().map(|p| p.profile().person.username.clone()).collect()
}

/// A session of the company admin.
pub async fn session_cookie(served: &ServedInstallation) -> String {
    let client = Client::new(&served.url, "");
    sign_in(&client, &served.username, &served.password, &form_cookie(&client).await).await
}

/// The cookie that ties sign-in forms to a browser; one serves many sign-ins.
async fn form_cookie(client: &Client) -> String {
    client.page("/sign-in", "").await.cookies.first().cloned().unwrap_or_default()
}

async fn sign_in(client: &Client, username: &str, password: &str, form: &str) -> String {
    let csrf = form.split_once('=').map(|(_, v)| v).unwrap_or_default();
    let body = format!("csrf={csrf}&username={username}&password={password}");
    let answer = client.form("/sign-in", form, body).await;
    assert_eq!(answer.status, 303, "{}", String::from_utf8_lossy(&answer.body));
    answer.cookies.first().cloned().unwrap_or_default()
}
