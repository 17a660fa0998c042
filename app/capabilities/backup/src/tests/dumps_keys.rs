//! The key file is lost, and the house goes on with another one: what it sealed is said, and mended without a database tool.

use http::Method;
use kernel::{Role, Sealer};
use serde_json::{Value, json};

use super::dumps::{Bench, assert_good};
use crate::dumps::model::{Draft, Outcome};
use crate::dumps::{acts, feed, flat, store};

/// A dump with secrets and the instance's key, both sealed with a key file that this house does not have.
async fn bench_with_another_key() -> Bench {
    let bench = Bench::new().await;
    let gone = Sealer::new(&[9; 32]);
    let body = json!({
        "name": "Shop", "kind": "command", "command": "seq 1000", "every_hours": 1, "environment": { "TOKEN": "very-secret" },
    });
    bench.house.cx.write(move |tx| acts::create(tx, &gone, flat::read(body, &Draft::default())?)).await.unwrap();
    bench.desk.recover().await.unwrap();
    bench
}

async fn subjects(bench: &Bench) -> Vec<String> {
    let found = bench.house.cx.read(feed::diagnose).await.unwrap();
    found.into_iter().filter(|found| found.tone == frontend::Tone::Bad).map(|found| found.subject).collect()
}

#[tokio::test]
async fn with_another_key_file_everything_opens_the_doctor_names_it_and_a_new_key_mends_it() {
    let bench = bench_with_another_key().await;
    let owner = bench.house.member(Role::Owner).await;
    let api = bench.house.key(Role::Owner, &["backup:read", "backup:write"]).await;
    assert_eq!(subjects(&bench).await, ["Dump Shop", "Key of the dumps"]);
    assert!(owner.get("/backup/dumps/1/edit").await.expect(200).body.contains("sealed with a key file that is gone"));
    let all: Value = api.get("/api/v1/dumps").await.expect(200).json();
    assert_eq!(
        (all["dumps"][0]["has_lost_secrets"].as_bool(), all["dumps"][0]["environment_names"].as_array().unwrap().len()),
        (Some(true), 0)
    );
    let problem = |run: crate::dumps::model::Run| (run.outcome, run.result.problem);
    let (outcome, said) = problem(bench.run(kernel::ids::DumpId(1)).await);
    assert!(outcome == Outcome::Failed && said.contains("enters them again"), "{said}");

    // A change that names no secret keeps them as they rest: the right file may be found again.
    api.json(Method::PATCH, "/api/v1/dumps/1", &json!({ "keep_last": 5 })).await.expect(200);
    assert_eq!(subjects(&bench).await[0], "Dump Shop");
    let gone = Sealer::new(&[9; 32]);
    let kept = bench.house.cx.read(move |r| store::secrets(r, &gone, kernel::ids::DumpId(1))).await.unwrap();
    assert_eq!(kept.environment["TOKEN"], "very-secret");

    let changed = api.json(Method::PATCH, "/api/v1/dumps/1", &json!({ "environment": { "TOKEN": "entered-again" } })).await.expect(200);
    assert_eq!(changed.json::<Value>()["has_lost_secrets"], false);
    let (outcome, said) = problem(bench.run(kernel::ids::DumpId(1)).await);
    assert!(outcome == Outcome::Failed && said.contains("makes a new one"), "{said}");
    assert!(owner.get("/backup/dumps").await.body.contains("no dump can be made with it"));
    let page = owner.get("/backup/dumps/key").await.expect(200).body;
    assert!(page.contains("sealed with a key file that is gone") && !page.contains("Download the key"), "{page}");
    owner.post("/backup/dumps/key/download", &[]).await.expect(409);

    bench.house.member(Role::Admin).await.post("/backup/dumps/key/new", &[]).await.expect(403);
    owner.post("/backup/dumps/key/new", &[]).await.expect(303);
    assert_good(&bench.run(kernel::ids::DumpId(1)).await);
    let left = subjects(&bench).await;
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_new_key_leaves_the_earlier_one_to_what_was_made_with_it() {
    let bench = Bench::new().await;
    let owner = bench.house.member(Role::Owner).await;
    let id = bench.make(json!({ "command": "seq 1000" })).await;
    let first = bench.run(id).await;
    owner.post("/backup/dumps/key", &[]).await.expect(200);
    owner.post("/backup/dumps/key/new", &[]).await.expect(303);
    let second = bench.run(id).await;
    assert_good(&second);
    assert!(first.recipient.starts_with("age1") && second.recipient.starts_with("age1") && first.recipient != second.recipient);
    let page = owner.get(&format!("/backup/dumps/runs/{}", first.id)).await.expect(200).body;
    assert!(page.contains(&first.recipient) && !page.contains(&second.recipient));
    assert!(owner.get("/backup/dumps").await.body.contains("Nobody has taken the key out"), "of the new one");

    let keys = owner.get("/backup/dumps/key").await.expect(200).body;
    assert!(keys.contains("Earlier keys") && keys.contains(&first.recipient) && keys.contains("key/download?id=1"), "{keys}");
    for (number, run) in [(1, &first), (2, &second)] {
        let file = owner.post(&format!("/backup/dumps/key/download?id={number}"), &[]).await.expect(200).body;
        let identity = file.lines().last().unwrap().parse::<age::x25519::Identity>().unwrap();
        assert_eq!(identity.to_public().to_string(), run.recipient);
        age::decrypt(&identity, &bench.object(run.object().unwrap())).unwrap();
    }
    owner.post("/backup/dumps/key/download?id=9", &[]).await.expect(404);
    let audits: i64 =
        bench.house.cx.read(|r| r.value("select count(*) from identity_audits where act = 'backup.dump_key.create'", [])).await.unwrap();
    assert_eq!(audits, 1);
}

#[tokio::test]
async fn the_form_of_a_dump_with_lost_secrets_is_saved_with_new_ones_or_with_the_word_that_it_needs_none() {
    let bench = bench_with_another_key().await;
    let owner = bench.house.member(Role::Owner).await;
    let form = |more: &[(&'static str, &'static str)]| {
        let mut form = vec![
            ("name", "Shop"),
            ("kind", "command"),
            ("command", "seq 1000"),
            ("every_hours", "6"),
            ("time_limit_minutes", "30"),
            ("grace_minutes", "60"),
            ("encryption", "none"),
            ("size_factor", "2"),
            ("keep_last", "3"),
            ("keep_daily", "7"),
            ("keep_weekly", "4"),
            ("keep_monthly", "6"),
        ];
        form.extend(more);
        form
    };
    owner.post("/backup/dumps/1/edit", &form(&[])).await.expect(303);
    assert_eq!(subjects(&bench).await, ["Dump Shop"], "nothing was entered");
    owner.post("/backup/dumps/1/edit", &form(&[("forget_environment", "on")])).await.expect(303);
    assert!(subjects(&bench).await.is_empty());
    assert_good(&bench.run(kernel::ids::DumpId(1)).await);
}
