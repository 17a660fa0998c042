//! The OpenAPI file and the router tell the same story, both ways.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::root;

use crate::routes;

const METHODS: &[&str] = &["get", "post", "put", "patch", "delete"];

fn document() -> Value {
    let text = std::fs::read_to_string(root().join("assets/content/openapi.json")).expect("assets/content/openapi.json");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("openapi.json: {error}"))
}

/// `METHOD /path` of every operation.
fn documented() -> BTreeSet<String> {
    let document = document();
    let base = document["servers"][0]["url"].as_str().unwrap_or_default().trim_end_matches('/').to_owned();
    let paths = document["paths"].as_object().expect("openapi.json has paths").clone();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let full = if path.starts_with("/api/") { path.clone() } else { format!("{base}{path}") };
            METHODS
                .iter()
                .filter(|method| item.get(**method).is_some())
                .map(move |method| format!("{} {full}", method.to_uppercase()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_route_of_the_api_is_documented_and_nothing_else() {
    let served: BTreeSet<String> = routes::all()
        .into_iter()
        .filter(|route| route.path.starts_with("/api/v1/"))
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let documented = documented();
    let missing: Vec<_> = served.difference(&documented).collect();
    let invented: Vec<_> = documented.difference(&served).collect();
    assert!(missing.is_empty(), "assets/content/openapi.json does not describe: {missing:?}");
    assert!(invented.is_empty(), "assets/content/openapi.json describes what is not there: {invented:?}");
}

#[test]
fn every_operation_says_what_it_needs_and_gives() {
    let document = document();
    let mut thin = Vec::new();
    for (path, item) in document["paths"].as_object().expect("openapi.json has paths") {
        for method in METHODS {
            let Some(operation) = item.get(*method) else { continue };
            let has_answer = operation["responses"].as_object().is_some_and(|answers| !answers.is_empty());
            if operation["summary"].as_str().is_none_or(str::is_empty)
                || operation["operationId"].as_str().is_none_or(str::is_empty)
                || !has_answer
            {
                thin.push(format!("{method} {path}"));
            }
        }
    }
    assert!(thin.is_empty(), "These operations need a summary, an operationId and responses: {thin:?}");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut broken = Vec::new();
    walk(&document, &mut |reference| {
        let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        if target.is_none() {
            broken.push(reference.to_owned());
        }
    });
    assert!(broken.is_empty(), "openapi.json refers to what it does not have: {broken:?}");
}

fn walk(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                visit(reference);
            }
            fields.values().for_each(|value| walk(value, visit));
        }
        Value::Array(items) => items.iter().for_each(|value| walk(value, visit)),
        _ => {}
    }
}
