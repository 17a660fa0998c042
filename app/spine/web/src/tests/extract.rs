//! Forms, queries, JSON and paths: what is taken, and the sentence when it is not.

use super::*;
use crate::{Access, Form, Json, Path, Query};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Monitor {
    name: String,
    interval: u32,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    limit: Option<u32>,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Step {
    url: String,
}

async fn site() -> Site {
    Site::start(|routes| {
        routes.post("/form", Access::Anyone, async |Form(monitor): Form<Monitor>| Json(monitor));
        routes.post("/api/form", Access::Open, async |Form(monitor): Form<Monitor>| Json(monitor));
        routes.post("/api/json", Access::Open, async |Json(monitor): Json<Monitor>| Json(monitor));
        routes.get("/query", Access::Anyone, async |Query(monitor): Query<Monitor>| Json(monitor));
        routes.get("/m/{id}", Access::Anyone, async |Path(id): Path<i64>| id.to_string());
        routes.get("/wrong/{a}/{b}", Access::Anyone, async |Path(id): Path<(i64, i64, i64)>| id.0.to_string());
    })
    .await
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn repeated_keys_of_a_form_fill_a_list() {
    let site = site().await;
    let got = call("POST", "/form").own().body(FORM, "name=A+b&interval=20&tags=x&tags=y%26z&limit=").send(&site).await;
    assert_eq!(got.text(), r#"{"name":"A b","interval":20,"tags":["x","y&z"],"limit":null,"steps":[]}"#);
    let got = site.get("/query?name=a&interval=1&tags=x&limit=5").await;
    assert_eq!(got.text(), r#"{"name":"a","interval":1,"tags":["x"],"limit":5,"steps":[]}"#);
}

#[tokio::test]
async fn a_refusal_names_the_field_in_one_sentence() {
    let site = site().await;
    for (path, kind, body, code, field, message) in [
        ("/form", FORM, "name=a", 422, "interval", "Please fill in the field “interval”."),
        ("/form", FORM, "name=a&interval=x", 422, "interval", "The field “interval” cannot be read: invalid digit found in string."),
        ("/form", FORM, "name=a&interval=1&extra=2", 422, "extra", "There is no field “extra”; please remove it."),
        ("/api/form", FORM, "name=a", 400, "interval", "Please fill in the field “interval”."),
        ("/api/json", "application/json", r#"{"name":"a"}"#, 400, "interval", "Please fill in the field “interval”."),
        (
            "/api/json",
            "application/json; charset=utf-8",
            r#"{"name":"a","interval":1,"steps":[{"url":"x"},{"url":3}]}"#,
            400,
            "steps[1].url",
            "The field “steps[1].url” cannot be read: invalid type: integer `3`, expected a string.",
        ),
        (
            "/api/json",
            "application/json",
            r#"{"name":"a","interval":1,"steps":[{}]}"#,
            400,
            "steps[0].url",
            "Please fill in the field “steps[0].url”.",
        ),
    ] {
        let got = call("POST", path).own().body(kind, body).send(&site).await;
        assert_eq!(got.code, code, "{path} {body}: {}", got.text());
        assert_eq!(got.json()["error"]["fields"][0]["field"], field, "{path} {body}: {}", got.text());
        assert_eq!(got.json()["error"]["message"], message, "{path} {body}");
    }
}

#[tokio::test]
async fn broken_json_and_wrong_types_are_told_apart_from_wrong_fields() {
    let site = site().await;
    for (kind, body, start) in [
        ("application/json", "{", "The body is not valid JSON:"),
        ("application/json", r#"{"name":"a","interval":1} x"#, "The body is not valid JSON:"),
        ("text/plain", "{}", "Please send this as JSON"),
        ("application/json", "[]", "This cannot be read:"),
    ] {
        let got = call("POST", "/api/json").body(kind, body).send(&site).await;
        assert_eq!(got.code, 400);
        let message = got.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with(start), "{message}");
    }
    let form = call("POST", "/form").own().body("multipart/form-data; boundary=x", "").send(&site).await;
    assert!(form.json()["error"]["message"].as_str().unwrap().starts_with("Please send this as a form"));
}

#[tokio::test]
async fn a_path_that_names_nothing_is_404_and_a_wrong_handler_is_ours() {
    let site = site().await;
    assert_eq!(site.get("/m/12").await.text(), "12");
    assert_eq!(site.get("/m/twelve").await.code, 404);
    assert_eq!(site.get("/wrong/1/2").await.code, 500);
}
