//! Signing in against nothing but Argon2id on all cores.

use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};

use crate::client::Client;
use crate::row::{Rows, percentile};
use crate::scene::Scene;

/// In one turn: enough that its beginning and its end, when not all hands are busy, say little.
const COUNT: usize = 400;
/// People at the door.
const AT_ONCE: usize = 4;

/// Hashes per second on every core.
async fn bare(threads: usize) -> f64 {
    let begun = Instant::now();
    let each = COUNT / threads;
    let work = (0..threads).map(|t| {
        tokio::task::spawn_blocking(move || {
            let params = Params::new(19 * 1024, 2, 1, None).expect("parameters");
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            for n in 0..each {
                let salt = [u8::try_from((t * 31 + n) % 251).unwrap_or(0); 16];
                let mut out = [0_u8; 32];
                argon2.hash_password_into(b"Quiet-Lantern-42-Ferry", &salt, &mut out).expect("a hash");
            }
        })
    });
    for one in work.collect::<Vec<_>>() {
        one.await.expect("runs");
    }
    #[allow(clippy::cast_precision_loss)]
    let rate = (each * threads) as f64 / begun.elapsed().as_secs_f64();
    rate
}

/// A session of the one who acts.
pub async fn cookie(scene: &Scene) -> String {
    let client = Client::new(&scene.url, "");
    sign_in(&client, scene, &form_cookie(&client).await).await
}

/// The cookie that ties sign-in forms to a browser; one serves many sign-ins.
async fn form_cookie(client: &Client) -> String {
    client.page("/sign-in", "").await.cookies.first().cloned().unwrap_or_default()
}

async fn sign_in(client: &Client, scene: &Scene, form: &str) -> String {
    let csrf = form.split_once('=').map(|(_, v)| v).unwrap_or_default();
    let body = format!("csrf={csrf}&username={}&password={}", scene.username, scene.password);
    let answer = client.form("/sign-in", form, body).await;
    assert_eq!(answer.status, 303, "{}", String::from_utf8_lossy(&answer.body));
    answer.cookies.first().cloned().unwrap_or_default()
}

/// Sign-ins per second, several at a time, in turns with the bare hash; and what other pages suffer meanwhile.
pub async fn measure(scene: &Scene, rows: &mut Rows) {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let client = Client::new(&scene.url, &scene.admin_token);
    let (mut ours, mut limit) = (Vec::new(), Vec::new());
    let mut others = Vec::new();
    for _ in 0..3 {
        limit.push(bare(threads).await);
        let begun = Instant::now();
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (client, scene) = (client.clone(), scene.clone());
                tokio::spawn(async move {
                    let form = form_cookie(&client).await;
                    for _ in 0..COUNT / AT_ONCE {
                        sign_in(&client, &scene, &form).await;
                    }
                })
            })
            .collect();
        let reading = tokio::spawn({
            let client = client.clone();
            async move {
                let mut times: Vec<Duration> = Vec::new();
                loop {
                    let begun = Instant::now();
                    client.get("/api/v1/people?limit=50").await;
                    times.push(begun.elapsed());
                    tokio::time::sleep(Duration::from_millis(40)).await;
                    if times.len() >= 80 {
                        return times;
                    }
                }
            }
        });
        for worker in workers {
            worker.await.expect("signs in");
        }
        #[allow(clippy::cast_precision_loss)]
        ours.push((COUNT / AT_ONCE * AT_ONCE) as f64 / begun.elapsed().as_secs_f64());
        others.extend(reading.await.expect("reads"));
    }
    let middle = |list: &mut Vec<f64>| {
        list.sort_by(f64::total_cmp);
        list[list.len() / 2]
    };
    let (ours, limit) = (middle(&mut ours), middle(&mut limit));
    rows.at_least(&format!("{}: sign-in against bare Argon2id on all cores", scene.name()), ours, limit, "/s", 0.95);
    rows.at_most(
        &format!("{}: other pages during sign-ins (p99)", scene.name()),
        percentile(&mut others, 0.99),
        "ms",
        50.0,
    );
}
