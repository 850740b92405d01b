//! One endpoint of the OpenAPI document, drawn for people.

use maud::{Markup, PreEscaped, html};
use serde_json::Value;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Every endpoint of a tag.
pub(super) fn group(document: &Value, tag: &Value, base: &str) -> Markup {
    let name = tag["name"].as_str().unwrap_or_default();
    let empty = serde_json::Map::new();
    let paths = document["paths"].as_object().unwrap_or(&empty);
    html! {
        section.section id=(name.to_lowercase()) {
            h2 { (name) }
            p.soft { (tag["description"].as_str().unwrap_or_default()) }
            @for (path, item) in paths {
                @for method in METHODS {
                    @if let Some(operation) = item.get(method).filter(|o| o["tags"][0] == name) {
                        (one(document, path, method, operation, base))
                    }
                }
            }
        }
    }
}

fn one(document: &Value, path: &str, method: &str, operation: &Value, base: &str) -> Markup {
    let text = |key: &str| operation[key].as_str().unwrap_or_default().to_owned();
    let body = body_schema(document, operation);
    html! {
        section.card id=(text("operationId")) {
            div.card-head { h3 { code { (method.to_uppercase()) " " (path) } " " (text("summary")) } }
            div.card-body {
                @if !text("description").is_empty() { p { (marked(&text("description"))) } }
                @if let Some(parameters) = operation["parameters"].as_array().filter(|p| !p.is_empty()) {
                    (parameters_table(parameters))
                }
                @if let Some(schema) = body {
                    h4 { "Body" }
                    (fields_table(document, schema))
                } @else if operation.get("requestBody").is_some() {
                    h4 { "Body" }
                    p { (operation["requestBody"]["description"].as_str().unwrap_or_default()) }
                }
                (responses(document, operation))
                pre.scrolls tabindex="0" role="group" aria-label="Example" { code { (curl(path, method, operation, base)) } }
            }
        }
    }
}

/// Backticks become code.
fn marked(text: &str) -> Markup {
    let parts = text.split('`').enumerate();
    html! { @for (at, part) in parts { @if at % 2 == 1 { code { (part) } } @else { (part) } } }
}

fn parameters_table(parameters: &[Value]) -> Markup {
    html! {
        div.scrolls tabindex="0" role="group" aria-label="Table" { table.data.dense {
            thead { tr { th scope="col" { "Parameter" } th scope="col" { "In" } th scope="col" { "Means" } } }
            tbody {
                @for p in parameters {
                    tr {
                        td { code { (p["name"].as_str().unwrap_or_default()) } }
                        td { (p["in"].as_str().unwrap_or_default()) }
                        td { (marked(p["description"].as_str().unwrap_or_default())) }
                    }
                }
            }
        } }
    }
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|r| document.pointer(r.trim_start_matches('#')));
    target.unwrap_or(schema)
}

fn body_schema<'a>(document: &'a Value, operation: &'a Value) -> Option<&'a Value> {
    let content = operation["requestBody"]["content"].as_object()?;
    let schema = resolve(document, content.values().next()?.get("schema")?);
    (schema.get("properties").is_some() || schema.get("allOf").is_some()).then_some(schema)
}

/// Name, type and meaning of each field, those of merged schemas included.
fn fields<'a>(document: &'a Value, schema: &'a Value, out: &mut Vec<(&'a str, String, &'a str)>) {
    let schema = resolve(document, schema);
    for part in schema["allOf"].as_array().into_iter().flatten() {
        fields(document, part, out);
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let meaning = field["description"].as_str().or_else(|| resolve(document, field)["description"].as_str());
        out.push((name, kind(field), meaning.unwrap_or_default()));
    }
}

/// A type in a few words.
fn kind(field: &Value) -> String {
    if let Some(reference) = field["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(several) = field[key].as_array() {
            return several.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    let name = |t: &str| match (t, field["format"].as_str()) {
        ("array", _) => format!("list of {}", kind(&field["items"])),
        ("string", Some(format)) => format.to_owned(),
        ("string", None) => "text".to_owned(),
        ("integer", _) => "number".to_owned(),
        (other, _) => other.to_owned(),
    };
    match &field["type"] {
        Value::String(one) => name(one),
        Value::Array(several) => several.iter().filter_map(Value::as_str).map(name).collect::<Vec<_>>().join(" or "),
        _ => "anything".to_owned(),
    }
}

fn fields_table(document: &Value, schema: &Value) -> Markup {
    let mut rows = Vec::new();
    fields(document, schema, &mut rows);
    html! {
        div.scrolls tabindex="0" role="group" aria-label="Table" { table.data.dense {
            thead { tr { th scope="col" { "Field" } th scope="col" { "Type" } th scope="col" { "Means" } } }
            tbody {
                @for (name, kind, meaning) in rows {
                    tr { td { code { (name) } } td { (kind) } td { (marked(meaning)) } }
                }
            }
        } }
    }
}

fn responses(document: &Value, operation: &Value) -> Markup {
    let empty = serde_json::Map::new();
    let all = operation["responses"].as_object().unwrap_or(&empty);
    let (good, bad): (Vec<_>, Vec<_>) = all.iter().partition(|(status, _)| status.starts_with('2'));
    html! {
        @for (status, response) in good {
            @let content = response["content"].as_object().and_then(|c| c.values().next());
            h4 { (status) " " (response["description"].as_str().unwrap_or_default()) }
            @if let Some(schema) = content.map(|c| &c["schema"]) { (answer_fields(document, schema)) }
        }
        p.soft {
            "Problems: "
            @for (at, (status, response)) in bad.into_iter().enumerate() {
                @if at > 0 { ", " }
                @let target = resolve(document, response);
                abbr title=(target["description"].as_str().unwrap_or_default()) { (status) }
            }
        }
    }
}

fn answer_fields(document: &Value, schema: &Value) -> Markup {
    let items = &resolve(document, schema)["properties"]["items"]["items"];
    html! {
        details {
            summary { "Fields of the answer" }
            (fields_table(document, schema))
            @if items.is_object() {
                h5 { "Each of items" }
                (fields_table(document, items))
            }
        }
    }
}

/// The call as one types it. Shown in a `pre`, so that it can be copied whole.
fn curl(path: &str, method: &str, operation: &Value, base: &str) -> PreEscaped<String> {
    let mut command = "curl".to_owned();
    if method != "get" {
        command += &format!(" -X {}", method.to_uppercase());
    }
    command += " -H \"Authorization: Bearer $MUSTER_TOKEN\"";
    if let Some(content) = operation["requestBody"]["content"].as_object() {
        let kind = content.keys().next().map_or("application/json", String::as_str);
        let example = content.values().next().and_then(|c| c.get("example"));
        command += &format!(" \\\n  -H 'Content-Type: {kind}' ");
        command += &match (kind, example) {
            ("text/csv", _) => "--data-binary @people.csv".to_owned(),
            (_, Some(example)) => format!("-d '{example}'"),
            (_, None) => "-d @body.json".to_owned(),
        };
    }
    let address = path.replace('{', "$").replace('}', "");
    command += &format!(" \\\n  \"{base}{address}\"");
    PreEscaped(html! { (command) }.into_string())
}
