//! Pages, API and file of dumps: who may do what, and what nobody is told.

use capability::{Apply as _, ApplyContext, Change, Verb};
use http::Method;
use kernel::Role;
use serde_json::{Value, json};

use super::dumps::{Bench, assert_good};
use crate::dumps::apply::ApplyDumps;
use crate::dumps::store;

const FORM: [(&str, &str); 13] = [
    ("name", "Shop"),
    ("kind", "command"),
    ("command", "seq 1000"),
    ("every_hours", "6"),
    ("cron", ""),
    ("time_limit_minutes", "30"),
    ("grace_minutes", "60"),
    ("encryption", "instance"),
    ("size_factor", "2"),
    ("keep_last", "3"),
    ("keep_daily", "7"),
    ("keep_weekly", "4"),
    ("keep_monthly", "6"),
];

fn form_with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form: Vec<(&str, &str)> = FORM.to_vec();
    for (name, value) in changes {
        form.retain(|(known, _)| known != name);
        form.push((name, value));
    }
    form
}

#[tokio::test]
async fn where_nothing_is_configured_the_form_says_that_no_dump_can_be_made() {
    let house = testkit::TestHouse::new(&[&crate::Backup]).await;
    let owner = house.member(Role::Owner).await;
    let refused = owner.post("/backup/dumps/new", &FORM).await.expect(422).body;
    assert!(refused.contains("No destination is configured"), "{refused}");
    owner.get("/backup/dumps/1").await.expect(404);
}

#[tokio::test]
async fn an_owner_makes_a_dump_by_its_form_and_others_may_not() {
    let bench = Bench::new().await;
    let (owner, admin) = (bench.house.member(Role::Owner).await, bench.house.member(Role::Admin).await);
    assert!(owner.get("/backup/dumps").await.expect(200).body.contains("Nothing is dumped yet"));
    let blank = owner.get("/backup/dumps/new?kind=sqlite").await.expect(200).body;
    assert!(blank.contains("sqlite3 -readonly"), "the preset");
    admin.post("/backup/dumps/new", &FORM).await.expect(403);
    admin.get("/backup/dumps/key").await.expect(403);
    let wrong = owner.post("/backup/dumps/new", &form_with(&[("command", "a | b"), ("name", "<b>x")])).await.expect(422);
    assert!(wrong.body.contains("No shell runs this command") && wrong.body.contains("&lt;b&gt;x") && !wrong.body.contains("<b>x"));
    let made = owner.post("/backup/dumps/new", &FORM).await.expect(303);
    assert_eq!(made.location(), "/backup/dumps/1");
    let page = owner.get("/backup/dumps/1").await.expect(200).body;
    assert!(page.contains("every 6 hours") && page.contains("main (s3://bucket/copies/dumps"), "{page}");
    let secret = [("kind", "postgresql"), ("command", ""), ("url", "postgresql://a:hunter22@db/x"), ("environment", "PGSSLMODE=require")];
    owner.post("/backup/dumps/1/edit", &form_with(&secret)).await.expect(303);
    let edit = owner.get("/backup/dumps/1/edit").await.expect(200).body;
    assert!(!edit.contains("hunter22") && !edit.contains("require\n") && edit.contains("Stored: PGSSLMODE."), "{edit}");
    assert!(bench.house.member(Role::Viewer).await.get("/backup/dumps/1/edit").await.code == 403);
    owner.post("/backup/dumps/1/delete", &[]).await.expect(303);
    owner.get("/backup/dumps/1").await.expect(404);
}

#[tokio::test]
async fn a_member_runs_it_and_an_owner_takes_it_away_which_is_written_down() {
    let bench = Bench::new().await;
    let (owner, member, viewer) =
        (bench.house.member(Role::Owner).await, bench.house.member(Role::Member).await, bench.house.member(Role::Viewer).await);
    owner.post("/backup/dumps/new", &FORM).await.expect(303);
    viewer.post("/backup/dumps/1/run", &[]).await.expect(403);
    member.post("/backup/dumps/1/run", &[]).await.expect(303);
    bench.desk.work().await.unwrap();
    let page = viewer.get("/backup/dumps/runs/1").await.expect(200).body;
    for part in ["What was proven", "Fetched again", "aws s3 cp", "age --decrypt --identity hermetic-dumps.key", "SHA-256", "#    age1"] {
        assert!(page.contains(part), "{part} is missing");
    }
    assert!(!page.contains("/download"), "not for viewers");
    member.get("/backup/dumps/runs/1/download").await.expect(403);
    let taken = owner.get("/backup/dumps/runs/1/download").await.expect(200);
    assert!(taken.body.starts_with("age-encryption.org/v1\n"));
    assert!(taken.header("content-disposition").contains("2026-03-02T12-00-00Z-1.bin.zst.age"));
    let audits: i64 =
        bench.house.cx.read(|r| r.value("select count(*) from identity_audits where act = 'backup.dump.download'", [])).await.unwrap();
    assert_eq!(audits, 1);
    assert!(viewer.get("/backup/dumps").await.expect(200).body.contains("Good"));
}

#[tokio::test]
async fn the_key_is_shown_once_downloaded_at_will_and_missed_by_the_doctor_until_then() {
    let bench = Bench::new().await;
    let owner = bench.house.member(Role::Owner).await;
    bench.make(json!({ "command": "seq 10" })).await;
    let findings = || async { bench.house.cx.read(crate::dumps::feed::diagnose).await.unwrap() };
    assert!(findings().await.iter().any(|found| found.subject == "Key of the dumps"));
    assert!(owner.get("/backup/dumps").await.body.contains("Nobody has taken the key out"));
    let before = owner.get("/backup/dumps/key").await.expect(200).body;
    assert!(before.contains("age1") && !before.contains("AGE-SECRET-KEY"));
    let shown = owner.post("/backup/dumps/key", &[]).await.expect(200);
    assert!(shown.body.contains("AGE-SECRET-KEY-1") && shown.header("cache-control").contains("no-store"));
    owner.post("/backup/dumps/key", &[]).await.expect(409);
    let file = owner.post("/backup/dumps/key/download", &[]).await.expect(200).body;
    assert!(file.lines().last().unwrap().starts_with("AGE-SECRET-KEY-1"));
    assert!(findings().await.iter().all(|found| found.subject != "Key of the dumps"));
    let raw: String = bench.house.cx.read(|r| r.value("select identity from backup_dump_keys", [])).await.unwrap();
    assert!(!raw.contains("AGE-SECRET"), "sealed at rest");
    let audits: i64 =
        bench.house.cx.read(|r| r.value("select count(*) from identity_audits where act like 'backup.dump_key.%'", [])).await.unwrap();
    assert_eq!(audits, 2);
}

#[tokio::test]
async fn programs_make_change_run_and_remove_dumps_and_are_told_no_secret() {
    let bench = Bench::new().await;
    let owner = bench.house.key(Role::Owner, &["backup:read", "backup:write"]).await;
    let member = bench.house.key(Role::Member, &["backup:read", "backup:write"]).await;
    let reader = bench.house.key(Role::Owner, &["backup:read"]).await;
    let body =
        json!({ "name": "Shop", "kind": "command", "command": "seq 1000", "every_hours": 6, "environment": { "TOKEN": "very-secret" } });
    member.json(Method::POST, "/api/v1/dumps", &body).await.expect(403);
    reader.json(Method::POST, "/api/v1/dumps", &body).await.expect(403);
    let made: Value = owner.json(Method::POST, "/api/v1/dumps", &body).await.expect(201).json();
    assert_eq!((made["id"].as_i64(), made["environment_names"][0].as_str(), made["trouble"].as_str()), (Some(1), Some("TOKEN"), Some("")));
    assert_eq!(made["next_at"], "2026-03-02T18:00:00.000Z");
    let wrong: Value = owner.json(Method::PATCH, "/api/v1/dumps/1", &json!({ "keep_last": 0 })).await.expect(400).json();
    assert_eq!(wrong["error"]["fields"][0]["field"], "keep_last");
    owner.json(Method::PATCH, "/api/v1/dumps/1", &json!({ "cron": "30 2 * * *" })).await.expect(200);
    member.json(Method::POST, "/api/v1/dumps/1/run", &json!({})).await.expect(202);
    bench.desk.work().await.unwrap();
    let runs: Value = reader.get("/api/v1/dumps/1/runs").await.expect(200).json();
    assert_eq!((runs["runs"][0]["outcome"].as_str(), runs["runs"][0]["raw_bytes"].as_i64()), (Some("good"), Some(3_893)));
    let all = reader.get("/api/v1/dumps").await.expect(200);
    assert!(!all.body.contains("very-secret"));
    assert_eq!(all.json::<Value>()["dumps"][0]["last_run"]["outcome"], "good");
    owner.json(Method::DELETE, "/api/v1/dumps/1", &json!({})).await.expect(204);
    reader.get("/api/v1/dumps/1").await.expect(404);
    assert_eq!(bench.objects().len(), 1, "what was made stays");
}

async fn apply(bench: &Bench, role: Role, text: &str) -> kernel::Result<Vec<Change>> {
    let section = text.parse::<toml::Table>().unwrap()["dumps"].clone();
    let (sealer, registry) = (bench.house.cx.sealer.clone(), bench.house.cx.registry);
    bench.house.cx.write(move |tx| ApplyDumps.apply(tx, &ApplyContext { sealer: &sealer, registry, role }, &section)).await
}

#[tokio::test]
async fn a_file_makes_dumps_for_owners_only_and_the_second_time_changes_nothing() {
    let bench = Bench::new().await;
    let text = "[[dumps]]\nname = \"Shop\"\nkind = \"postgresql\"\nurl = \"postgresql://a:hunter22@db/shop\"\ncron = \"30 2 * * *\"\n";
    let refused = apply(&bench, Role::Admin, text).await.unwrap_err();
    assert_eq!(refused.kind, kernel::Kind::Forbidden);
    let made = apply(&bench, Role::Owner, text).await.unwrap();
    assert_eq!((made[0].verb, made[0].detail.contains("hunter22")), (Verb::Create, false));
    assert_eq!(apply(&bench, Role::Owner, text).await.unwrap()[0].verb, Verb::Keep);
    assert_eq!(apply(&bench, Role::Admin, text).await.unwrap()[0].verb, Verb::Keep, "nothing changes, so anybody may look");
    let changed = apply(&bench, Role::Owner, &text.replace("30 2", "30 3").replace("hunter22", "hunter23")).await.unwrap();
    assert_eq!((changed[0].verb, changed[0].detail.as_str()), (Verb::Update, "cron, secrets"));
    let sealer = bench.house.cx.sealer.clone();
    let url = bench.house.cx.read(move |r| store::secrets(r, &sealer, kernel::ids::DumpId(1))).await.unwrap().url;
    assert!(url.contains("hunter23"));
    let wrong = apply(&bench, Role::Owner, "[[dumps]]\nname = \"Other\"\nkind = \"command\"\n").await.unwrap_err();
    assert!(wrong.message().starts_with("Dump “Other” (command): "), "{}", wrong.message());
}

#[tokio::test]
async fn home_search_doctor_and_numbers_know_of_dumps() {
    let bench = Bench::new().await;
    let cx = &bench.house.cx;
    assert!(cx.read(crate::dumps::feed::tiles).await.unwrap().is_empty(), "nothing to say yet");
    let id = bench.make(json!({ "command": "seq 100" })).await;
    let here = cx.clone();
    let age = move |r: &db::Reader<'_>| (crate::dumps::feed::METRICS[0].read)(&here, r);
    bench.house.clock.advance(kernel::time::HOUR * 3);
    let hours = |reading: Option<capability::Reading>| reading.map(|reading| reading.value);
    assert_eq!(hours(cx.read(age.clone()).await.unwrap()), Some(3.0), "without a good one it counts from its making, or rules stay silent");
    assert_eq!(cx.read(crate::dumps::feed::tiles).await.unwrap()[0].value, "1 not proven");
    assert_good(&bench.run(id).await);
    bench.house.clock.advance(kernel::time::HOUR * 5);
    assert_eq!(hours(cx.read(age).await.unwrap()), Some(5.0));
    assert_eq!(cx.read(crate::dumps::feed::tiles).await.unwrap()[0].value, "all good");
    assert_eq!(cx.read(|r| crate::dumps::feed::search(r, "sho")).await.unwrap()[0].href, "/backup/dumps/1");
    assert_eq!(cx.read(crate::dumps::feed::gauges).await.unwrap().len(), 3);
    bench.change(id, json!({ "command": "false" })).await;
    bench.run(id).await;
    assert_eq!(cx.read(crate::dumps::feed::tiles).await.unwrap()[0].value, "1 in trouble");
    assert!(cx.read(crate::dumps::feed::diagnose).await.unwrap()[0].finding.contains("exit code 1"));
}
