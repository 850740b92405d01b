//! Signing in against nothing but Argon2id on all cores.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use muster_app::people::Listed;
use muster_app::{Actor, Filter};
use muster_domain::emr::Status;
use muster_store::Db;

use crate::client::Client;
use crate::row::{Rows, percentile};
use crate::scene::Scene;

/// In one turn: short, so that a machine whose speed changes within seconds is as quick for both, and long enough that
/// arriving and the wait for the last one's disk, which hashes alone do not have, are little of it.
const COUNT: usize = 400;
/// Turns of each.
const TURNS: usize = 5;
/// People at the door, as at the start of a shift.
const AT_ONCE: usize = 16;

/// Where a bare hash gets its 19 MiB from.
#[derive(Clone, Copy)]
enum Memory {
    /// Each thread has its own and uses it again: as quick as the algorithm can be.
    Again,
    /// New for each hash, as the library's plain call does.
    New,
}

/// How long one turn of hashes takes, on every core until the last is done.
async fn bare(threads: usize, memory: Memory) -> Duration {
    let begun = Instant::now();
    let left = Arc::new(AtomicUsize::new(COUNT));
    let work = (0..threads).map(|_| {
        let left = Arc::clone(&left);
        tokio::task::spawn_blocking(move || {
            let params = Params::new(19 * 1024, 2, 1, None).expect("parameters");
            let mut blocks = vec![Block::default(); params.block_count()];
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            while let Ok(n) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)) {
                let salt = [u8::try_from(n % 251).unwrap_or(0); 16];
                let mut out = [0_u8; 32];
                let password = b"Quiet-Lantern-42-Ferry";
                match memory {
                    Memory::Again => argon2.hash_password_into_with_memory(password, &salt, &mut out, &mut blocks),
                    Memory::New => argon2.hash_password_into(password, &salt, &mut out),
                }
                .expect("a hash");
            }
        })
    });
    for one in work.collect::<Vec<_>>() {
        one.await.expect("runs");
    }
    begun.elapsed()
}

/// How long one turn of sign-ins takes, several at a time. Who signs in has another machine in life and takes as little
/// of this one as can be: one thread for all of them.
async fn rush(scene: &Scene, names: &Arc<Vec<String>>) -> Duration {
    let (scene, names) = (scene.clone(), Arc::clone(names));
    let all = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(rush_at_the_door(&Client::new(&scene.url, ""), &scene, &names))
    });
    all.await.expect("a rush")
}

async fn rush_at_the_door(client: &Client, scene: &Scene, names: &Arc<Vec<String>>) -> Duration {
    let begun = Instant::now();
    let left = Arc::new(AtomicUsize::new(COUNT));
    let workers: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (client, scene, names, left) = (client.clone(), scene.clone(), Arc::clone(names), Arc::clone(&left));
            tokio::spawn(async move {
                let form = form_cookie(&client).await;
                while let Ok(n) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)) {
                    sign_in(&client, &names[n % names.len()], &scene.password, &form).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("signs in");
    }
    begun.elapsed()
}

/// User names of people of all kinds, who now have the password of the one who acts.
async fn people_at_the_door(scene: &Scene) -> Vec<String> {
    let filter = Filter { status: Some(Status::Active), ..Filter::default() };
    let operator = Actor::command_line(scene.organization);
    let people = scene.app.people(&operator, Listed { filter, after: None, limit: 100 }).await.expect("people").people;
    let db = Db::open(&scene.database_url, 2).await.expect("the database");
    let mut tx = db.begin().await.expect("a change");
    let acts = muster_store::sign_in::find_by_name(&mut tx, &scene.username).await.expect("a look").expect("a sign-in");
    let hash = acts.password_hash.expect("a password");
    for person in people.iter().map(|p| &p.profile().person) {
        let set = muster_store::sign_in::set_password(&mut tx, person.id.0, &hash, "set", scene.app.now());
        set.await.expect("a password");
    }
    tx.commit().await.expect("passwords");
    people.iter().map(|p| p.profile().person.username.clone()).collect()
}

/// A session of the one who acts.
pub async fn cookie(scene: &Scene) -> String {
    let client = Client::new(&scene.url, "");
    sign_in(&client, &scene.username, &scene.password, &form_cookie(&client).await).await
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

/// Sign-ins and nothing else per second, in turns with hashes and nothing else; then what pages suffer from sign-ins.
pub async fn measure(scene: &Scene, rows: &mut Rows) {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let names = Arc::new(people_at_the_door(scene).await);
    let (mut ours, mut limit, mut plain) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for _ in 0..TURNS {
        limit += bare(threads, Memory::Again).await;
        ours += rush(scene, &names).await;
        plain += bare(threads, Memory::New).await;
    }
    #[allow(clippy::cast_precision_loss)]
    let rate = |took: Duration| (COUNT * TURNS) as f64 / took.as_secs_f64();
    let name = format!("{}: sign-in against bare Argon2id on all cores", scene.name());
    rows.at_least(&name, rate(ours), rate(limit), "/s", 0.95);
    let name = format!("{}: bare Argon2id in new memory each time", scene.name());
    Rows::note(&name, &format!("{:.1} /s", rate(plain)));

    let over = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn({
        let (client, over) = (Client::new(&scene.url, &scene.admin_token), Arc::clone(&over));
        async move {
            let mut times: Vec<Duration> = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let begun = Instant::now();
                client.get("/api/v1/people?limit=50").await;
                times.push(begun.elapsed());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            times
        }
    });
    for _ in 0..3 {
        rush(scene, &names).await;
    }
    over.store(true, Ordering::Relaxed);
    let mut others = reading.await.expect("reads");
    let name = format!("{}: other pages during sign-ins (p99)", scene.name());
    rows.at_most(&name, percentile(&mut others, 0.99), "ms", 50.0);
}
