//! What is measured. One line a row: `name  ours  limit  ratio  goal  ok|short`.
//!
//! The machine is shared, so a figure stands beside a limit taken in the same run wherever one can be named; rows
//! whose goal is a time print the time itself. `--large` measures at 1,000,000 people.

mod client;
mod duplicates;
mod licences;
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
    println!("{}", row::HEAD);
    let mut rows = row::Rows::default();
    starts::measure(&mut rows).await;
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let scene = Scene::build(engine, large, &mut rows).await;
        lists::measure(&scene, &mut rows).await;
        duplicates::measure(&scene, &mut rows).await;
        licences::measure(&scene, &mut rows).await;
        sign_ins::measure(&scene, &mut rows).await;
        scene.tear_down().await;
    }
    rows.finish()
}
