//! Console, API, beats, files and import, through the router as it is served.

use http::Method;
use kernel::Role;
use serde_json::{Value, json};
use testkit::fakes::Sink;

use super::bench::Bench;
use crate::model::state::MonitorState;
use crate::model::watch::Kind;

#[tokio::test]
async fn the_api_makes_changes_shows_pauses_and_deletes() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let key = bench.key().await;
    let body = json!({ "name": "Shop", "kind": "http", "url": sink.url("/"), "key": "shop", "tags": ["Prod", "prod"], "bearer": "s3cret",
        "headers": [{ "name": "X-Key", "value": "k3y", "secret": true }] });
    let made: Value = key.json(Method::POST, "/api/v1/monitors", &body).await.expect(201).json();
    let path = format!("/api/v1/monitors/{}", made["id"]);
    assert_eq!((&made["tags"], &made["interval_s"], &made["state"]), (&json!(["prod"]), &json!(30), &json!("pending")));
    let shown = key.get(&path).await.expect(200);
    assert!(!shown.body.contains("s3cret") && !shown.body.contains("k3y"), "{}", shown.body);
    assert_eq!(shown.json::<Value>()["auth"], json!({ "type": "bearer" }));
    let changed: Value = key.json(Method::PATCH, &path, &json!({ "name": "Shop 2", "interval_s": 45 })).await.expect(200).json();
    assert_eq!((&changed["name"], &changed["interval_s"], &changed["url"]), (&json!("Shop 2"), &json!(45), &made["url"]));
    bench.load().await;
    let id = kernel::ids::MonitorId(made["id"].as_i64().unwrap());
    assert_eq!(bench.turn(id).await, MonitorState::Up);
    assert_eq!(sink.requests()[0].header("authorization"), Some("Bearer s3cret"), "secrets survive a change that does not name them");
    assert_eq!(sink.requests()[0].header("x-key"), Some("k3y"));
    let list: Value = key.get("/api/v1/monitors").await.expect(200).json();
    assert_eq!(list["monitors"][0]["state"], "up");
    let tested: Value = key.json(Method::POST, &format!("{path}/test"), &json!({})).await.expect(200).json();
    assert_eq!((&tested["verdict"], &tested["seen"]["code"]), (&json!("ok"), &json!(200)));
    let checks: Value = key.get(&format!("{path}/checks")).await.expect(200).json();
    assert_eq!(checks["checks"].as_array().unwrap().len(), 0, "the check of this very second is not over the border yet");
    bench.pass(60).await;
    let checks: Value = key.get(&format!("{path}/checks")).await.expect(200).json();
    assert_eq!(checks["checks"][0]["verdict"], "ok");
    let uptime: Value = key.get(&format!("{path}/uptime?days=7&zone=Europe/Berlin")).await.expect(200).json();
    assert_eq!((uptime["days"].as_array().unwrap().len(), &uptime["total"]["uptime_percent"]), (7, &json!(100.0)));
    key.get(&format!("{path}/outages")).await.expect(200);
    let paused: Value = key.json(Method::POST, &format!("{path}/pause"), &json!({})).await.expect(200).json();
    assert_eq!(paused["paused"], true);
    key.json(Method::POST, &format!("{path}/resume"), &json!({})).await.expect(200);
    key.json(Method::DELETE, &path, &json!({})).await.expect(204);
    key.get(&path).await.expect(404);
}

#[tokio::test]
async fn the_api_refuses_with_the_field_named() {
    let bench = Bench::new().await;
    let key = bench.key().await;
    for (body, field) in [
        (json!({ "name": "x", "kind": "http" }), "url"),
        (json!({ "name": "x", "kind": "gopher" }), "kind"),
        (json!({ "name": "x", "kind": "tcp", "host": "h", "port": 1, "speed": 3 }), "speed"),
        (json!({ "name": "x", "kind": "ping", "host": "h", "depends_on": [99] }), "depends_on"),
        (json!({ "name": "x", "kind": "ping", "host": "h", "interval_s": 1 }), "interval_s"),
        (json!({ "name": "x", "kind": "group", "members": ["nobody"] }), "members"),
    ] {
        let answer = key.json(Method::POST, "/api/v1/monitors", &body).await.expect(400);
        let fields: Vec<String> = answer.json::<Value>()["error"]["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["field"].as_str().unwrap().to_owned())
            .collect();
        assert!(fields.contains(&field.to_owned()), "{field}: {}", answer.body);
    }
    let reader = bench.house.key(Role::Viewer, &["uptime:read"]).await;
    reader.get("/api/v1/monitors").await.expect(200);
    reader.json(Method::POST, "/api/v1/monitors", &json!({})).await.expect(403);
    bench.house.visitor().get("/api/v1/monitors").await.expect(401);
}

#[tokio::test]
async fn stored_credentials_do_not_follow_an_address_to_another_host() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let key = bench.key().await;
    let words = "please give the credentials again";
    let header = json!([{ "name": "X-Key", "value": "k3y", "secret": true }]);
    for secrets in [
        json!({ "bearer": "s3cret" }),
        json!({ "auth": { "type": "basic", "username": "me" }, "password": "s3cret" }),
        json!({ "headers": header }),
    ] {
        let mut body = json!({ "name": "Shop", "kind": "http", "url": "https://shop.example/" });
        body.as_object_mut().unwrap().extend(secrets.as_object().unwrap().clone());
        let made: Value = key.json(Method::POST, "/api/v1/monitors", &body).await.expect(201).json();
        let path = format!("/api/v1/monitors/{}", made["id"]);
        let refused = key.json(Method::PATCH, &path, &json!({ "url": sink.url("/") })).await.expect(400);
        assert!(refused.body.contains(words), "{}", refused.body);
        key.json(Method::PATCH, &path, &json!({ "url": "https://shop.example/health" })).await.expect(200);
        let mut again = secrets;
        again["url"] = json!(sink.url("/"));
        key.json(Method::PATCH, &path, &again).await.expect(200);
    }
    let id = bench.monitor(json!({ "kind": "http", "url": "https://shop.example/", "headers": header })).await;
    let fields =
        [("name", "Shop"), ("url", "https://elsewhere.example/"), ("method", "GET"), ("auth", "none"), ("accepted", "200"), ("ip", "any")];
    let numbers =
        [("max_redirects", "5"), ("certificate_warn_days", "21"), ("interval_s", "60"), ("timeout_ms", "5000"), ("retry_s", "10")];
    let counts = [("confirm_failures", "2"), ("confirm_successes", "2"), ("vantages", "majority"), ("json_operator", "equals")];
    let form: Vec<(&str, &str)> = fields.into_iter().chain(numbers).chain(counts).collect();
    let page = bench.house.member(Role::Member).await.post(&format!("/uptime/monitors/{id}/edit"), &form).await;
    assert!(page.body.contains(words), "{} {}", page.code, page.body);
}

#[tokio::test]
async fn circles_of_dependencies_are_refused() {
    let bench = Bench::new().await;
    let key = bench.key().await;
    let a = bench.monitor(json!({ "name": "A", "kind": "ping", "host": "localhost" })).await;
    let b = bench.monitor(json!({ "name": "B", "kind": "ping", "host": "localhost", "depends_on": [a] })).await;
    key.json(Method::PATCH, &format!("/api/v1/monitors/{a}"), &json!({ "depends_on": [b] })).await.expect(400);
    key.json(Method::PATCH, &format!("/api/v1/monitors/{a}"), &json!({ "depends_on": [a] })).await.expect(400);
}

#[tokio::test]
async fn the_console_makes_a_monitor_of_every_kind() {
    let bench = Bench::new().await;
    let member = bench.house.member(Role::Member).await;
    let empty = member.get("/uptime").await.expect(200);
    assert!(empty.body.contains("Nothing is watched yet"));
    assert!(member.get("/uptime/new").await.expect(200).body.contains("Heartbeat"));
    for kind in Kind::ALL {
        let page = member.get(&format!("/uptime/new?kind={}", kind.as_str())).await.expect(200);
        assert!(page.body.contains("name=\"name\""), "{kind:?}");
    }
    let common = [
        ("interval_s", "60"),
        ("timeout_ms", "5000"),
        ("degraded_ms", ""),
        ("confirm_failures", "2"),
        ("confirm_successes", "2"),
        ("retry_s", "10"),
        ("vantages", "majority"),
    ];
    let forms: Vec<Vec<(&str, &str)>> = vec![
        vec![
            ("kind", "http"),
            ("url", "https://example.com/?token=abc"),
            ("method", "GET"),
            ("auth", "basic"),
            ("username", "me"),
            ("password", "hush-pw"),
            ("accepted", "200-299"),
            ("follow_redirects", "on"),
            ("max_redirects", "5"),
            ("certificate_warn_days", "21"),
            ("ip", "any"),
            ("headers", "X-A: b\r\nX-C: d"),
            ("secret_headers", "X-Key: k"),
            ("json_path", "$.ok"),
            ("json_operator", "equals"),
            ("json_value", "true"),
        ],
        vec![("kind", "tcp"), ("host", "db.example"), ("port", "5432"), ("ip", "v4")],
        vec![("kind", "tls"), ("host", "example.com"), ("port", "443"), ("warn_days", "14"), ("fail_days", "0"), ("ip", "any")],
        vec![("kind", "dns"), ("host", "example.com"), ("record", "MX"), ("expect_kind", "contains"), ("expect", "mx1\r\nmx2")],
        vec![("kind", "ping"), ("host", "example.com"), ("ip", "any")],
        vec![
            ("kind", "heartbeat"),
            ("schedule", "cron"),
            ("expression", "30 2 * * *"),
            ("zone", "Europe/Berlin"),
            ("grace_s", "300"),
            ("max_run_s", ""),
        ],
    ];
    for form in forms {
        let fields: Vec<(&str, &str)> =
            [("name", "A <b>name</b>"), ("tags", "a, b")].into_iter().chain(form.clone()).chain(common).collect();
        let made = member.post("/uptime/new", &fields).await.expect(303);
        let page = member.get(made.location()).await.expect(200);
        assert!(page.body.contains("A &lt;b&gt;name") && !page.body.contains("<b>name"), "{form:?}");
        assert!(!page.body.contains("token=abc") && !page.body.contains("hush-pw"), "{form:?}");
        let edit = member.get(&format!("{}/edit", made.location())).await.expect(200);
        assert!(!edit.body.contains("hush-pw"), "a stored secret is not sent back");
        let again: Vec<(&str, &str)> =
            fields.iter().copied().filter(|(name, _)| *name != "password" && *name != "secret_headers").collect();
        member.post(&format!("{}/edit", made.location()), &again).await.expect(303);
        for act in ["pause", "resume"] {
            member.post(&format!("{}/{act}", made.location()), &[]).await.expect(303);
        }
    }
    let group = [("name", "All"), ("kind", "group"), ("members", "1"), ("members", "2"), ("policy", "any")];
    let made = member.post("/uptime/new", &group.into_iter().chain(common).collect::<Vec<_>>()).await.expect(303);
    assert!(member.get(made.location()).await.expect(200).body.contains("Members"));
    let stored = bench.house.cx.read(crate::store::monitors::list).await.unwrap();
    assert_eq!(stored.len(), 7);
    let sealer = bench.house.cx.sealer.clone();
    let secrets = bench.house.cx.read(move |r| crate::store::monitors::all_secrets(r, &sealer)).await.unwrap();
    assert!(
        secrets.iter().any(|(_, secrets)| secrets.password == "hush-pw" && secrets.headers["x-key"] == "k"),
        "left empty, secrets were kept"
    );
    for query in ["?q=name", "?state=pending", "?tag=a", "?q=nothing-like-it", "?page=3"] {
        member.get(&format!("/uptime{query}")).await.expect(200);
    }
    member.post("/uptime/monitors/2/delete", &[]).await.expect(303);
    member.get("/uptime/monitors/2").await.expect(404);
}

#[tokio::test]
async fn a_wrong_form_comes_back_with_what_was_typed() {
    let bench = Bench::new().await;
    let member = bench.house.member(Role::Member).await;
    let wrong = member
        .post("/uptime/new", &[("kind", "tcp"), ("name", "My \"port\""), ("host", "a b"), ("port", "x"), ("interval_s", "60")])
        .await
        .expect(422);
    assert!(wrong.body.contains("My &quot;port&quot;") && wrong.body.contains("a b"), "{}", wrong.body);
    assert!(wrong.body.contains("Please give a whole number."));
    member.post("/uptime/new", &[("name", "x")]).await.expect(422);
    bench.house.member(Role::Viewer).await.post("/uptime/new", &[("kind", "ping")]).await.expect(403);
}

#[tokio::test]
async fn test_now_shows_each_phase_and_is_limited() {
    let (bench, sink) = (Bench::new().await, Sink::start());
    let member = bench.house.member(Role::Member).await;
    let id = bench.monitor(json!({ "kind": "http", "url": sink.url("/") })).await;
    let page = member.post(&format!("/uptime/monitors/{id}/test"), &[]).await.expect(200);
    assert!(page.body.contains("First byte") && page.body.contains("HTTP/1.1"), "{}", page.body);
    let mut codes = Vec::new();
    for _ in 0..25 {
        codes.push(member.post(&format!("/uptime/monitors/{id}/test"), &[]).await.code.as_u16());
    }
    assert!(codes.contains(&429), "{codes:?}");
}

#[tokio::test]
async fn jobs_report_by_any_of_three_addresses() {
    let bench = Bench::new().await;
    let member = bench.house.member(Role::Member).await;
    let id = bench
        .monitor(json!({ "kind": "heartbeat", "schedule": { "type": "every", "period_s": 60 }, "grace_s": 30, "beat_token": "t0ken" }))
        .await;
    let job = bench.house.visitor();
    assert_eq!(job.get("/uptime/beat/t0ken/start?rid=1").await.expect(200).body, "OK");
    bench.house.clock.advance(std::time::Duration::from_secs(7));
    job.get("/uptime/beat/t0ken?rid=1").await.expect(200);
    assert_eq!(bench.state(id).shown(), MonitorState::Up);
    assert_eq!(bench.desk.book().monitors[&id].last.as_ref().unwrap().phases.total, 7_000_000, "the run was measured");
    bench.house.clock.advance(std::time::Duration::from_secs(1));
    job.get("/ping/t0ken/3").await.expect(200);
    assert_eq!(bench.state(id).shown(), MonitorState::Down);
    bench.house.clock.advance(std::time::Duration::from_secs(1));
    let pushed = job.get("/api/push/t0ken?status=up&msg=OK&ping=12").await.expect(200);
    assert_eq!(pushed.json::<Value>(), json!({ "ok": true }));
    assert_eq!(bench.state(id).shown(), MonitorState::Up);
    job.get("/uptime/beat/t0ken/log").await.expect(200);
    // A beat is never lost for what it brings along.
    job.get("/uptime/beat/t0ken/log?rid=a&rid=b&x=%ff&&=").await.expect(200);
    job.get("/api/push/t0ken?status=up&status=down&msg=a&msg=b&ping=1&ping=x").await.expect(200);
    assert_eq!(bench.state(id).shown(), MonitorState::Up, "of two values the first counts");
    job.get("/uptime/beat/nobody").await.expect(404);
    job.get("/uptime/beat/t0ken/999").await.expect(404);
    bench.write().await;
    let page = member.get(&format!("/uptime/monitors/{id}")).await.expect(200);
    assert!(page.body.contains("exit code 3") && page.body.contains("/uptime/beat/t0ken"), "{}", page.body);
    let viewer = bench.house.member(Role::Viewer).await.get(&format!("/uptime/monitors/{id}")).await.expect(200);
    assert!(!viewer.body.contains("t0ken"), "who may not change it does not see its address");
    member.post(&format!("/uptime/monitors/{id}/renew"), &[]).await.expect(303);
    job.get("/uptime/beat/t0ken").await.expect(404);
}

#[tokio::test]
async fn a_beat_that_was_not_judged_before_a_crash_is_judged_after_it() {
    let bench = Bench::new().await;
    let id = bench.monitor(json!({ "kind": "heartbeat", "beat_token": "t0ken" })).await;
    bench.house.visitor().get("/uptime/beat/t0ken").await.expect(200);
    // The desk forgot everything; only the beat is on disk.
    bench.desk.book().monitors.clear();
    bench.load().await;
    assert_eq!(bench.state(id).shown(), MonitorState::Up);
}

#[tokio::test]
async fn windows_are_set_and_removed_by_form() {
    let bench = Bench::new().await;
    let member = bench.house.member(Role::Member).await;
    let id = bench.monitor(json!({ "kind": "ping", "host": "localhost" })).await.to_string();
    assert!(member.get("/uptime/windows").await.expect(200).body.contains("No window is set"));
    let once =
        [("title", "Move"), ("rule", "once"), ("from", "2026-03-02T11:00"), ("to", "2026-03-02T23:00"), ("zone", "UTC"), ("monitors", &id)];
    member.post("/uptime/windows", &once).await.expect(303);
    let weekly = [
        ("title", "Nightly"),
        ("rule", "weekly"),
        ("days", "1"),
        ("days", "3"),
        ("at", "02:30"),
        ("minutes", "45"),
        ("zone", "Europe/Berlin"),
    ];
    member.post("/uptime/windows", &weekly).await.expect(303);
    let page = member.get("/uptime/windows").await.expect(200);
    assert!(page.body.contains("Mon, Wed at 02:30 for 45 min (Europe/Berlin)") && page.body.contains(">open<"), "{}", page.body);
    bench.load().await;
    bench.desk.sweep();
    assert_eq!(bench.state(id.parse().unwrap()).shown(), MonitorState::Maintenance);
    let gone = [("title", "Gone"), ("rule", "once"), ("from", "2026-01-02T11:00"), ("to", "2026-01-02T23:00"), ("zone", "Europe/Berlin")];
    assert!(member.post("/uptime/windows", &gone).await.expect(422).body.contains("This window is over already."));
    assert!(page.body.contains("once, 2026-03-02 11:00 to 23:00 (UTC)"), "{}", page.body);
    let wrong =
        member.post("/uptime/windows", &[("title", ""), ("rule", "cron"), ("expression", "x"), ("minutes", "1"), ("zone", "UTC")]).await;
    assert_eq!(wrong.code.as_u16(), 422);
    member.post("/uptime/windows/1/delete", &[]).await.expect(303);
}

#[tokio::test]
async fn a_kuma_backup_is_looked_at_first_and_then_imported() {
    use axum::body::Body;
    let bench = Bench::new().await;
    let member = bench.house.member(Role::Member).await;
    member.get("/uptime/import").await.expect(200);
    let backup = json!({ "monitorList": [
        { "id": 1, "name": "Shop", "type": "http", "url": "https://shop.example", "basic_auth_user": "u", "basic_auth_pass": "hush-hush" },
        { "id": 2, "name": "Box", "type": "docker" },
        { "id": 3, "name": "Job", "type": "push", "pushToken": "kumatoken1", "interval": 60 },
        { "id": 4, "name": "Job", "type": "push", "pushToken": "kumatoken1", "interval": 60 },
        { "id": 5, "name": "Older", "type": "push", "pushToken": "t0ken", "interval": 60 },
    ] });
    bench.monitor(json!({ "name": "Here", "kind": "heartbeat", "beat_token": "t0ken" })).await;
    let upload = |text: &str| {
        let body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"backup\"\r\n\r\n\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.json\"\r\nContent-Type: application/json\r\n\r\n{text}\r\n--x--\r\n"
        );
        http::Request::post("/uptime/import").header("content-type", "multipart/form-data; boundary=x").body(Body::from(body)).unwrap()
    };
    let preview = member.call(upload(&backup.to_string())).await.expect(200);
    assert!(
        preview.body.contains("Import 4 monitors") && !preview.body.contains("hush-hush") && !preview.body.contains("kumatoken1"),
        "{}",
        preview.body
    );
    let sealed = preview.body.split("name=\"sealed\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    member.post("/uptime/import/run", &[("sealed", &sealed)]).await.expect(303);
    member.post("/uptime/import/run", &[("sealed", &sealed)]).await.expect(303);
    let monitors = bench.house.cx.read(crate::store::monitors::list).await.unwrap();
    assert!(preview.body.contains("that of “Job” too") && preview.body.contains("in use by “Here” here"), "{}", preview.body);
    let names: Vec<&str> = monitors.iter().map(|monitor| monitor.name.as_str()).collect();
    assert_eq!(names, ["Here", "Job", "Job (2)", "Older", "Shop"], "a second run makes nothing twice");
    bench.load().await;
    bench.house.visitor().get("/api/push/kumatoken1?status=up").await.expect(200);
    member.call(upload("nonsense")).await.expect(422);
    member.post("/uptime/import/run", &[("sealed", "nonsense")]).await.expect(422);
}

async fn run_file(bench: &Bench, section: toml::Value, is_real: bool) -> kernel::Result<Vec<(capability::Verb, String)>> {
    use capability::{ApplyContext, Capability as _};
    let apply = crate::Uptime.apply()[0];
    let (cx, sealer, registry) = (bench.house.cx.clone(), bench.house.cx.sealer.clone(), bench.house.cx.registry);
    let changes = match is_real {
        true => cx.write(move |tx| apply.apply(tx, &ApplyContext { sealer: &sealer, registry, role: Role::Owner }, &section)).await,
        false => cx.read(move |r| apply.plan(r, &ApplyContext { sealer: &sealer, registry, role: Role::Owner }, &section)).await,
    };
    changes.map(|changes| changes.into_iter().map(|change| (change.verb, change.detail)).collect())
}

fn monitors(text: &str) -> toml::Value {
    toml::from_str::<toml::Value>(text).unwrap()["monitors"].clone()
}

#[tokio::test]
async fn a_file_may_refer_to_its_later_entries_and_is_the_same_twice() {
    use capability::Verb;
    let bench = Bench::new().await;
    let file = monitors(
        r#"
        [[monitors]]
        key = "all"
        name = "All"
        kind = "group"
        members = ["shop", "host"]
        [[monitors]]
        key = "shop"
        name = "Shop"
        kind = "ping"
        host = "shop.example"
        depends_on = ["host"]
        tags = ["B", "a", "b"]
        [[monitors]]
        key = "host"
        name = "Host"
        kind = "ping"
        host = "host.example"
        "#,
    );
    let verbs = |changes: Vec<(Verb, String)>| changes.into_iter().map(|(verb, _)| verb).collect::<Vec<_>>();
    assert_eq!(verbs(run_file(&bench, file.clone(), false).await.unwrap()), [Verb::Create; 3]);
    assert_eq!(verbs(run_file(&bench, file.clone(), true).await.unwrap()), [Verb::Create; 3]);
    assert_eq!(verbs(run_file(&bench, file.clone(), false).await.unwrap()), [Verb::Keep; 3], "applied again it changes nothing");
    // The dependency is turned round: in any order of writing there is no circle in the end.
    let mut turned = file.clone();
    turned[1].as_table_mut().unwrap().remove("depends_on");
    turned[2].as_table_mut().unwrap().insert("depends_on".into(), toml::Value::from(vec!["shop"]));
    for is_real in [false, true] {
        assert_eq!(verbs(run_file(&bench, turned.clone(), is_real).await.unwrap()), [Verb::Keep, Verb::Update, Verb::Update]);
    }
    let mut circle = file;
    circle[2].as_table_mut().unwrap().insert("depends_on".into(), toml::Value::from(vec!["all"]));
    let error = run_file(&bench, circle, false).await.unwrap_err();
    let wanted = "These monitors need each other in a circle: All → Host → All. Please take one of these out of depends_on or members.";
    assert!(
        error.message() == wanted || error.message() == wanted.replace("All → Host → All", "All → Shop → Host → All"),
        "{}",
        error.message()
    );
    let unknown = monitors("[[monitors]]\nname = \"X\"\nkind = \"ping\"\nhost = \"x\"\ndepends_on = [99]");
    let error = run_file(&bench, unknown, false).await.unwrap_err();
    assert_eq!(error.message(), "Monitor “X”: Please name monitors that exist, by id or by key.");
}

#[tokio::test]
async fn a_file_is_planned_applied_and_then_changes_nothing() {
    use capability::Verb;
    let bench = Bench::new().await;
    let file: toml::Value = toml::from_str(
        r#"
        [[monitors]]
        key = "web"
        name = "Website"
        kind = "http"
        url = "https://example.com"
        bearer = "hush"
        [[monitors]]
        key = "db"
        name = "Database"
        kind = "tcp"
        host = "db.example"
        port = 5432
        interval_s = 15
        [[monitors]]
        name = "Job"
        kind = "heartbeat"
        schedule = { type = "cron", expression = "0 3 * * *", zone = "Europe/Berlin" }
        "#,
    )
    .unwrap();
    let section = file["monitors"].clone();
    let run = |section: toml::Value, is_real: bool| run_file(&bench, section, is_real);
    let verbs = |changes: Vec<(Verb, String)>| changes.into_iter().map(|(verb, _)| verb).collect::<Vec<_>>();
    assert_eq!(verbs(run(section.clone(), false).await.unwrap()), [Verb::Create; 3]);
    assert_eq!(verbs(run(section.clone(), true).await.unwrap()), [Verb::Create; 3]);
    assert_eq!(verbs(run(section.clone(), false).await.unwrap()), [Verb::Keep; 3]);
    assert_eq!(verbs(run(section.clone(), true).await.unwrap()), [Verb::Keep; 3]);
    let mut changed = section.clone();
    changed[0]["bearer"] = "other".into();
    changed[1]["port"] = 5433.into();
    let planned = run(changed.clone(), false).await.unwrap();
    assert_eq!(planned[0], (Verb::Update, "secrets".to_owned()));
    assert_eq!(planned[1], (Verb::Update, "port".to_owned()));
    run(changed, true).await.unwrap();
    let mut wrong = section;
    wrong[1]["port"] = 0.into();
    let error = run(wrong, false).await.unwrap_err();
    assert_eq!(error.message(), "Monitor “Database” (port): Please give a port from 1 to 65535.");
}

#[tokio::test]
async fn what_others_hear_of_monitors_is_true() {
    use capability::Capability as _;
    let (bench, sink) = (Bench::new().await, Sink::start());
    let id = bench.monitor(json!({ "kind": "http", "url": sink.url("/") })).await;
    let feed = crate::Uptime.feed().unwrap();
    let key = format!("uptime:{id}");
    let read = |what: &str| {
        let (cx, what) = (bench.house.cx.clone(), what.to_owned());
        let house = cx.clone();
        async move {
            cx.read(move |r| {
                Ok(match what.as_str() {
                    "conditions" => format!("{:?}", feed.conditions(r)?),
                    "tiles" => format!("{:?}", crate::feed::tiles(r)?),
                    "search" => format!("{:?}", crate::feed::search(r, "sho")?),
                    "gauges" => format!("{:?}", crate::feed::gauges(&house, r)?),
                    _ => format!("{:?}", crate::feed::diagnose(r)?),
                })
            })
            .await
            .unwrap()
        }
    };
    assert!(read("conditions").await.contains("NoData"), "of what was never checked nothing is known");
    bench.turn(id).await;
    assert!(read("conditions").await.contains("Operational"));
    assert!(read("tiles").await.contains("all up"));
    assert!(read("search").await.contains("Shop"));
    let gauges = read("gauges").await;
    assert!(
        gauges.contains("hermetic_uptime_monitor_up_ratio")
            && gauges.contains("host_disk_percent")
            && gauges.contains("host_memory_percent"),
        "{gauges}"
    );
    assert!(!read("diagnose").await.is_empty());
    let (from, to) = (bench.now() - kernel::time::HOUR, bench.now());
    bench.pass(5).await;
    crate::jobs::roll_up(bench.house.cx.clone()).await.unwrap();
    let (history, times) =
        bench.house.cx.read(move |r| Ok((feed.history(r, &key, from, r.now)?, feed.response_times(r, &key, from, r.now)?))).await.unwrap();
    assert_eq!((history.first().unwrap().from, history.windows(2).all(|pair| pair[0].to == pair[1].from)), (from, true));
    assert!(history.last().unwrap().to >= to);
    assert_eq!(times.iter().map(|point| point.samples).sum::<u64>(), 1);
}
