use super::*;
use kernel::Role;
use serde_json::{Value, json};

#[tokio::test]
async fn a_file_is_planned_first_applied_once_and_changes_nothing_the_second_time() {
    let house = house().await;
    let key = house.key(Role::Admin, &["console:apply"]).await;
    let body = json!({"toml": "[sample]\nname = \"Shop\"\n"});
    let planned: Value = key.json(Method::POST, "/api/v1/apply?plan=true", &body).await.expect(200).json();
    assert_eq!(planned, json!({"applied": false, "changes": [{"verb": "update", "what": "sample name", "detail": ""}]}));
    let first: Value = key.json(Method::POST, "/api/v1/apply", &body).await.expect(200).json();
    assert_eq!(first, json!({"applied": true, "changes": [{"verb": "update", "what": "sample name", "detail": ""}]}));
    let second: Value = key.json(Method::POST, "/api/v1/apply", &body).await.expect(200).json();
    assert_eq!(second["changes"][0]["verb"], "keep");
    let audits = house.cx.read(|r| identity::store::list_audits(r, &kernel::paging::PageRequest::default())).await.unwrap().rows;
    assert_eq!(audits.iter().filter(|row| row.act == "console.apply.run").count(), 1);
}

#[tokio::test]
async fn toml_may_be_sent_as_it_is() {
    let house = house().await;
    let key = house.key(Role::Admin, &["console:apply"]).await;
    let request = Request::builder().method(Method::POST).uri("/api/v1/apply").header(header::CONTENT_TYPE, "application/toml");
    let answer = key.call(request.body(Body::from("sample = { name = \"Shop\" }")).unwrap()).await.expect(200);
    assert_eq!(answer.json::<Value>()["applied"], true);
}

#[tokio::test]
async fn an_unknown_section_bad_toml_or_a_bad_entry_is_refused_by_name_and_changes_nothing() {
    let house = house().await;
    let key = house.key(Role::Admin, &["console:apply"]).await;
    for (toml, told) in [
        ("[sample]\nname = \"Shop\"\n[samples]\nx = 1\n", "“samples”"),
        ("[sample\nname = 1", "not valid TOML"),
        ("[sample]\nname = 1\n", "sample.name is a text."),
    ] {
        let answer: Value = key.json(Method::POST, "/api/v1/apply", &json!({ "toml": toml })).await.expect(400).json();
        assert!(answer["error"]["message"].as_str().unwrap().contains(told), "{answer}");
    }
    key.json(Method::POST, "/api/v1/apply", &json!({"text": ""})).await.expect(400);
    let name = house.cx.read(|r| capability::settings::text(r, &sample::NAME)).await.unwrap();
    assert_eq!(name, "nobody");
}

#[test]
fn the_command_line_uses_the_same_two_functions_on_the_open_database() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let house = runtime.block_on(house());
    let (registry, sealer) = (house.cx.registry, house.cx.sealer.clone());
    let text = "[sample]\nname = \"Shop\"\n";
    let planned = house.cx.hermetic.read_blocking(|r| crate::apply::plan(registry, r, &sealer, Role::Owner, text)).unwrap();
    let key = sealer.clone();
    let by = crate::apply::Bringer { name: "command line".into(), role: Role::Owner };
    let applied = house.cx.hermetic.write_blocking(move |tx| crate::apply::run(registry, tx, &key, &by, text)).unwrap();
    assert_eq!(planned, applied);
}

#[tokio::test]
async fn one_true_and_yes_all_plan_and_a_word_that_is_not_understood_changes_nothing() {
    let house = house().await;
    let key = house.key(Role::Admin, &["console:apply"]).await;
    let body = json!({"toml": "[sample]\nname = \"Shop\"\n"});
    let send = async |query: &str| key.json(Method::POST, &format!("/api/v1/apply{query}"), &body).await;
    for query in ["?plan=1", "?plan=true", "?plan=yes"] {
        assert_eq!(send(query).await.expect(200).json::<Value>()["applied"], false, "{query}");
    }
    for query in ["?plan=maybe", "?plan=", "?plan", "?plan=maybe+not"] {
        let refused: Value = send(query).await.expect(400).json();
        assert_eq!(refused["error"]["fields"][0]["field"], "plan", "{query}");
    }
    let name = house.cx.read(|r| capability::settings::text(r, &sample::NAME)).await.unwrap();
    assert_eq!(name, "nobody");
    for query in ["?plan=0", "?plan=false", "?plan=no", ""] {
        assert_eq!(send(query).await.expect(200).json::<Value>()["applied"], true, "{query}");
    }
}
