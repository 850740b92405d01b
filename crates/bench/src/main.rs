//! What is measured. One line a row: `name  ours  limit  ratio  goal  ok|short`.
//!
//! The machine is shared, so a figure stands beside a limit taken in the same run wherever one can be named; rows
//! whose goal is a time print the time itself. `--large` measures at 1,000,000 people.

mod bulk;
mod client;
mod duplicates;
mod lists;
mod row;
mod scene;
mod sign_ins;
mod starts;

use std::process::ExitCode;

use scene::{Engine, Scene};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let large = std::env::args().any(|a| a == "--large");
    // `--bulk`: bulk updates only.
    let bulk_only = std::env::args().any(|a| a == "--bulk");
    println!("{}", row::HEAD);
    let mut rows = row::Rows::default();
    if !bulk_only {
        starts::measure(&mut rows).await;
    }
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let scene = Scene::build(engine, large, &mut rows).await;
        if !bulk_only {
            lists::measure(&scene, &mut rows).await;
            duplicates::measure(&scene, &mut rows).await;
            sign_ins::measure(&scene, &mut rows).await;
        }
        // The last: its bare statements leave the audit chain broken behind.
        bulk::measure(&scene, &mut rows).await;
        scene.tear_down().await;
    }
    rows.finish()
}
