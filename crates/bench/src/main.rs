//! What is measured. One line a row: `name  ours  limit  ratio  goal  ok|short`.
//!
//! The machine is shared, so a figure stands beside a limit taken in the same run wherever one can be named; rows
//! whose goal is a time print the time itself. `--large` measures at 1,000,000 people; the name of an engine or of a
//! part (`sqlite`, `postgres`, `starts`, `import`, …) measures only that.

mod bulk;
mod client;
mod duplicates;
mod licenses;
mod lists;
mod row;
mod scene;
mod sign_ins;
mod starts;

use std::process::ExitCode;

use scene::{Engine, Scene};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let large = words.iter().any(|w| w == "--large");
    let named = |names: &[&str]| words.iter().any(|w| names.contains(&w.as_str()));
    let engines = ["sqlite", "postgres"];
    let parts = ["starts", "import", "lists", "duplicates", "licenses", "sign-ins", "bulk"];
    let wants = |name: &str, all: &[&str]| !named(all) || named(&[name]);
    println!("{}", row::HEAD);
    let mut rows = row::Rows::default();
    for engine in [Engine::Sqlite, Engine::Postgres].into_iter().filter(|e| wants(e.as_str(), &engines)) {
        if wants("starts", &parts) {
            starts::measure(&engine, &mut rows).await;
        }
        if wants("import", &parts) {
            scene::import_alone(&engine, large, &mut rows).await;
        }
        if !["lists", "duplicates", "licenses", "sign-ins", "bulk"].iter().any(|part| wants(part, &parts)) {
            continue;
        }
        let scene = Scene::build(engine, large).await;
        if wants("lists", &parts) {
            lists::measure(&scene, &mut rows).await;
        }
        if wants("duplicates", &parts) {
            duplicates::measure(&scene, &mut rows).await;
        }
        if wants("licenses", &parts) {
            licenses::measure(&scene, &mut rows).await;
        }
        if wants("sign-ins", &parts) {
            sign_ins::measure(&scene, &mut rows).await;
        }
        // The last: its bare statements leave the audit chain broken behind.
        if wants("bulk", &parts) {
            bulk::measure(&scene, &mut rows).await;
        }
        scene.tear_down().await;
    }
    rows.finish()
}
