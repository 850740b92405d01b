//! Accessibility findings by axe-core, which `make assets` fetches from npm.

use std::path::Path;

use fantoccini::Client;
use serde_json::Value;

/// Runs axe in the page. Scripts of the driver are not subject to the page's content security
/// policy, and `axe.run` itself evaluates nothing.
pub(super) async fn violations(client: &Client) -> Vec<String> {
    client.execute(&source(), Vec::new()).await.expect("axe in the page");
    let run = "const done = arguments[0]; \
        const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']; \
        axe.run(document, { runOnly: { type: 'tag', values: tags }, \
                            resultTypes: ['violations'], preload: false }) \
           .then(result => done(result.violations), error => done(String(error)));";
    match client.execute_async(run, Vec::new()).await.expect("axe's findings") {
        Value::Array(violations) => violations.iter().flat_map(lines).collect(),
        other => panic!("axe could not look at the page: {other}"),
    }
}

fn source() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/vendor/axe.min.js");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{} ({error}): run `make assets`", path.display()))
}

/// One line for each element a rule is broken by.
fn lines(violation: &Value) -> Vec<String> {
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let rule = format!("{} ({}): {}", text(violation, "id"), text(violation, "impact"), text(violation, "help"));
    let nodes = violation["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    nodes.iter().map(|node| format!("{rule} — {} {}", node["target"], text(node, "html"))).collect()
}
