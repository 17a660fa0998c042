//! The doors: editor, API, password, the page in memory.

use super::house::*;
use crate::publisher::Publisher;
use axum::body::Body;
use capability::apply::ApplyContext;
use http::{Method, Request};
use kernel::Role;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;

const EVIL: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)></textarea></title>";

#[tokio::test]
async fn nothing_typed_becomes_a_tag_on_any_page_of_the_editor_or_of_the_public() {
    let house = house().await;
    let admin = house.member(Role::Admin).await;
    set(&house, "status.about", EVIL).await;
    set(&house, "status.name", "<script>alert(1)</script>").await;
    watch(&house, 1, EVIL, "operational").await;
    admin.post("/status/edit/groups", &[("name", &EVIL[..70])]).await.expect(303);
    admin
        .post("/status/edit/components", &[("name", &EVIL[..70]), ("description", EVIL), ("group", "1"), ("feeds", "uptime:1")])
        .await
        .expect(303);
    admin.post("/status/edit/components", &[("name", ""), ("description", EVIL), ("rule", EVIL)]).await.expect(422);
    admin
        .post(
            "/status/edit/reports",
            &[("title", EVIL), ("impact", "major"), ("phase", "investigating"), ("body", EVIL), ("effect", "1:major_outage")],
        )
        .await
        .expect(303);
    let fields = [("title", EVIL), ("body", EVIL), ("starts_at", "2026-03-05T13:00"), ("ends_at", "2026-03-05T14:00"), ("components", "1")];
    admin.post("/status/edit/maintenances", &fields).await.expect(303);
    admin
        .post(
            "/status/edit/templates",
            &[("id", "0"), ("name", &EVIL[..50]), ("title", EVIL), ("impact", "minor"), ("phase", "resolved"), ("body", EVIL)],
        )
        .await
        .expect(303);
    let pages = [
        "/status/edit",
        "/status/edit/components",
        "/status/edit/components/new",
        "/status/edit/components/1",
        "/status/edit/reports",
        "/status/edit/reports/new",
        "/status/edit/reports/new?template=5",
        "/status/edit/reports/1",
        "/status/edit/reports/1/preview",
        "/status/edit/maintenances",
        "/status/edit/maintenances/new",
        "/status/edit/maintenances/1",
        "/status/edit/subscribers",
        "/status/edit/templates",
        "/status/edit/appearance",
        "/status",
        "/status/de",
        "/status/history",
        "/status/history/2026-03",
        "/status/subscribe",
        "/status/badge.svg",
        "/status/feed.atom",
    ];
    for path in pages {
        let body = admin.get(path).await.expect(200).body;
        assert!(!body.contains("<script>alert") && !body.contains("<img src=x"), "{path}");
    }
}

#[tokio::test]
async fn the_public_learns_names_of_components_and_nothing_of_monitors() {
    let house = house().await;
    let member = house.member(Role::Member).await;
    watch(&house, 1, "https://internal.example/?token=hush", "down").await;
    member.post("/status/edit/components", &[("name", "API"), ("feeds", "uptime:1")]).await.expect(303);
    for path in ["/status", "/status/api/v2/summary.json", "/status/components.json", "/status/feed.rss"] {
        let body = house.visitor().get(path).await.expect(200).body;
        assert!(!body.contains("internal.example") && !body.contains("uptime:1") && !body.contains("hush"), "{path}");
    }
    let summary: Value = house.visitor().get("/status/summary.json").await.expect(200).json();
    assert_eq!(summary["status"]["indicator"], "critical");
    assert_eq!(summary["components"][0]["status"], "major_outage");
    house.visitor().get("/status/nothing").await.expect(404);
    house.visitor().get("/status/badge/nothing.svg").await.expect(404);
}

#[tokio::test]
async fn the_page_in_memory_answers_without_the_database_whatever_the_query() {
    let house = house().await;
    filled(&house).await;
    set(&house, "status.host", "status.example.org").await;
    Publisher::default().publish_once(&house.cx).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    // No route at all: what answers can only be memory.
    let front = web::Front { router: axum::Router::new(), hot: house.cx.hot.clone(), metrics: house.cx.metrics.clone() };
    let server = tokio::spawn(web::serve(listener, front, web::ServeOptions::standard(), stop.clone()));
    let ask = async |host: &str, path: &str, more: &str| {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{more}\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    let plain = ask("any.example", "/status", "").await;
    assert!(plain.starts_with("HTTP/1.1 200") && plain.contains("max-age=10, stale-while-revalidate=60, stale-if-error=86400"), "{plain}");
    assert!(plain.contains("vary: accept-encoding"));
    let etag = plain.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned();
    for number in 0..20 {
        let same = ask("any.example", &format!("/status?x={number}&lang=de"), &format!("if-none-match: {etag}\r\n")).await;
        assert!(same.starts_with("HTTP/1.1 304"), "{same}");
    }
    assert!(ask("status.example.org", "/", "").await.contains("href=\"/history\""));
    assert!(ask("status.example.org", "/de", "").await.contains("lang=\"de\""));
    assert!(ask("other.example", "/", "").await.starts_with("HTTP/1.1 404"));
    let data = ask("any.example", "/status/api/v2/summary.json", "").await;
    assert!(
        data.contains("access-control-allow-origin: *")
            && data.contains("https://status.example.org") | data.contains("http://status.example.org")
    );
    stop.cancel();
    server.await.unwrap();
}

#[tokio::test]
async fn what_is_old_is_not_kept_in_memory_and_still_has_its_page() {
    let house = house().await;
    filled(&house).await;
    let member = house.member(Role::Member).await;
    member.post("/status/edit/reports/1/updates", &[("phase", "resolved"), ("body", "Done.")]).await.expect(303);
    let id: String = house.cx.read(|r| r.value("select public_id from status_reports", [])).await.unwrap();
    let paths = async || {
        let (registry, boot) = (house.cx.registry, house.cx.boot.clone());
        let seen =
            house.cx.read(move |r| Ok((crate::load::snapshot(r, registry)?, crate::settings::served_links(r, &boot)?))).await.unwrap();
        crate::site::lasting_recent(&seen.0, &seen.1).into_iter().map(|file| file.path).collect::<Vec<_>>()
    };
    let path = format!("reports/{id}");
    assert!(paths().await.contains(&path));
    house.clock.advance(kernel::time::DAY * 100);
    assert!(!paths().await.contains(&path));
    assert!(paths().await.contains(&"de/history".to_owned()));
    assert!(house.visitor().get(&format!("/status/{path}")).await.expect(200).body.contains("Done."));
    assert!(house.visitor().get(&format!("/status/fr/{path}")).await.expect(200).body.contains("lang=\"fr\""));
    assert!(house.visitor().get("/status/history").await.expect(200).body.contains("March 2026 (1)"));
    let mut last = 200;
    for _ in 0..130 {
        last = house.visitor().get("/status/nothing").await.code.as_u16();
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn a_password_takes_the_page_out_of_memory_and_asks_at_the_door() {
    let house = house().await;
    filled(&house).await;
    set(&house, "status.password", "open sesame").await;
    for path in ["/status", "/status/summary.json", "/status/feed.atom", "/status/subscribe"] {
        let answer = house.visitor().get(path).await.expect(401);
        assert!(answer.body.contains("This page is protected") && !answer.body.contains("Down"), "{path}");
    }
    house.visitor().post("/status/unlock", &[("password", "wrong")]).await.expect(401);
    let opened = house.visitor().post("/status/unlock", &[("password", "open sesame")]).await.expect(303);
    let cookie = opened.header("set-cookie").split(';').next().unwrap().to_owned();
    assert!(opened.header("set-cookie").contains("HttpOnly; SameSite=Lax"));
    let with = |cookie: &str| Request::get("/status").header("cookie", cookie).body(Body::empty()).unwrap();
    let page = house.visitor().call(with(&cookie)).await.expect(200);
    assert!(page.body.contains("Down") && page.header("cache-control").contains("no-store"));
    set(&house, "status.password", "another").await;
    house.visitor().call(with(&cookie)).await.expect(401);
    for _ in 0..10 {
        house.visitor().post("/status/unlock", &[("password", "guess")]).await;
    }
    house.visitor().post("/status/unlock", &[("password", "another")]).await.expect(429);
}

#[tokio::test]
async fn a_protected_page_stands_at_the_root_of_its_own_host() {
    let house = house().await;
    filled(&house).await;
    set(&house, "status.host", "status.example.org").await;
    set(&house, "status.password", "open sesame").await;
    Publisher::default().publish_once(&house.cx).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let router = axum::Router::new().route("/status", axum::routing::get(|| async { "the door" }));
    let front = web::Front { router, hot: house.cx.hot.clone(), metrics: house.cx.metrics.clone() };
    let server = tokio::spawn(web::serve(listener, front, web::ServeOptions::standard(), stop.clone()));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: status.example.org\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("the door"), "no detour: {answer}");
    stop.cancel();
    server.await.unwrap();
    let given = Request::post("/status/unlock").header("host", "status.example.org").header("sec-fetch-site", "same-origin");
    let form = given.header("content-type", "application/x-www-form-urlencoded").body(Body::from("password=open+sesame")).unwrap();
    assert_eq!(house.visitor().call(form).await.expect(303).header("location"), "/");
}

#[tokio::test]
async fn programs_can_do_what_forms_can() {
    let house = house().await;
    let key = house.key(Role::Member, &["status:read", "status:write"]).await;
    let made: Value =
        key.json(Method::POST, "/api/v1/components", &json!({ "name": "API", "state": "degraded_performance" })).await.expect(201).json();
    assert_eq!((made["rule"].as_str(), made["state"].as_str()), (Some("manual"), Some("degraded_performance")));
    let id = made["id"].as_i64().unwrap();
    let path = format!("/api/v1/components/{id}");
    let changed: Value =
        key.json(Method::PATCH, &path, &json!({ "state": "operational", "description": "For programs" })).await.expect(200).json();
    assert_eq!((changed["state"].as_str(), changed["description"].as_str()), (Some("operational"), Some("For programs")));
    let body =
        json!({ "title": "Slow", "impact": "minor", "body": "We look.", "effects": [{ "component": id, "state": "partial_outage" }] });
    let report: Value = key.json(Method::POST, "/api/v1/reports", &body).await.expect(201).json();
    let listed: Value = key.get("/api/v1/components").await.expect(200).json();
    assert_eq!(listed["components"][0]["state"], "partial_outage");
    let updates = format!("/api/v1/reports/{}/updates", report["id"]);
    let resolved: Value = key.json(Method::POST, &updates, &json!({ "phase": "resolved", "body": "Done." })).await.expect(201).json();
    assert_eq!(resolved["updates"].as_array().unwrap().len(), 2);
    let wrong = key.json(Method::POST, "/api/v1/reports", &json!({ "title": "", "impact": "minor", "body": "x" })).await.expect(400);
    assert_eq!(wrong.json::<Value>()["error"]["fields"][0]["field"], "title");
    let window = json!({ "title": "Upgrade", "body": "Slow.", "starts_at": "2026-03-03T10:00:00Z", "ends_at": "2026-03-03T11:00:00Z", "components": [id] });
    let window: Value = key.json(Method::POST, "/api/v1/maintenances", &window).await.expect(201).json();
    let steps = format!("/api/v1/maintenances/{}/updates", window["id"]);
    key.json(Method::POST, &steps, &json!({ "phase": "cancelled" })).await.expect(201);
    key.json(Method::DELETE, &path, &json!({})).await.expect(204);
    let reader = house.key(Role::Member, &["status:read"]).await;
    reader.json(Method::POST, "/api/v1/components", &json!({ "name": "x" })).await.expect(403);
    house.visitor().get("/api/v1/reports").await.expect(401);
}

#[tokio::test]
async fn the_api_refuses_groups_feeds_and_effects_that_it_does_not_know() {
    let house = house().await;
    watch(&house, 1, "Homepage", "operational").await;
    let key = house.key(Role::Member, &["status:read", "status:write"]).await;
    house.member(Role::Member).await.post("/status/edit/groups", &[("name", "Shop")]).await.expect(303);
    let body = json!({ "name": "API", "group_id": 1, "feeds": ["uptime:1"] });
    let made: Value = key.json(Method::POST, "/api/v1/components", &body).await.expect(201).json();
    let (path, id) = (format!("/api/v1/components/{}", made["id"]), made["id"].as_i64().unwrap());
    assert_eq!((&made["group_id"], &made["feeds"]), (&json!(1), &json!(["uptime:1"])));
    let made_of = |fields: Value| {
        let mut all = json!({ "name": "Other" });
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        all
    };
    for (wrong, field, told) in [
        (json!({ "group_id": 7 }), "group_id", "group 7"),
        (json!({ "feeds": ["uptime:1", "uptime:9"] }), "feeds[1]", "“uptime:9”"),
        (json!({ "feeds": ["Homepage"], "rule": "any_up" }), "feeds[0]", "“Homepage”"),
    ] {
        for (method, path, body) in [(Method::POST, "/api/v1/components", made_of(wrong.clone())), (Method::PATCH, path.as_str(), wrong)] {
            let refused: Value = key.json(method, path, &body).await.expect(400).json();
            let error = &refused["error"]["fields"][0];
            assert!(error["field"] == field && error["message"].as_str().unwrap().contains(told), "{refused}");
        }
    }
    let kept: Value = key.json(Method::PATCH, &path, &json!({ "description": "x" })).await.expect(200).json();
    assert_eq!(kept["group_id"], 1, "what is not named stays");
    let cleared: Value = key.json(Method::PATCH, &path, &json!({ "group_id": null })).await.expect(200).json();
    assert_eq!((&cleared["group_id"], &cleared["feeds"]), (&json!(null), &json!(["uptime:1"])));
    let effect = json!({ "component": id, "state": "partial_outage", "until": "noon" });
    let report = json!({ "title": "Slow", "impact": "minor", "body": "We look.", "effects": [effect] });
    let refused = key.json(Method::POST, "/api/v1/reports", &report).await.expect(400);
    assert!(refused.json::<Value>()["error"]["fields"][0]["field"].as_str().unwrap().contains("until"), "{}", refused.body);
}

/// Whatever is called `*_at` is RFC 3339 with milliseconds; nothing is called `at`. Gives how many there were.
fn moments(value: &Value) -> usize {
    let is_moment = |text: &str| kernel::Time::parse_rfc3339(text).is_some_and(|time| time.rfc3339_millis() == text);
    let field = |(name, value): (&String, &Value)| match name.ends_with("_at") && !value.is_null() {
        true => {
            assert!(value.as_str().is_some_and(is_moment), "{name}: {value}");
            1
        }
        false => {
            assert!(name != "at" && value.as_str().and_then(kernel::Time::parse_rfc3339).is_none(), "{name}: {value}");
            moments(value)
        }
    };
    match value {
        Value::Object(fields) => fields.iter().map(field).sum(),
        Value::Array(values) => values.iter().map(moments).sum(),
        _ => 0,
    }
}

#[tokio::test]
async fn every_moment_of_the_api_is_a_text_with_milliseconds_and_called_at() {
    let house = house().await;
    filled(&house).await;
    let key = house.key(Role::Viewer, &["status:read"]).await;
    for (list, count) in [("components", 2), ("reports", 3), ("maintenances", 4)] {
        let all: Value = key.get(&format!("/api/v1/{list}")).await.expect(200).json();
        assert_eq!(moments(&all), count, "{all}");
        let one: Value = key.get(&format!("/api/v1/{list}/{}", all[list][0]["id"])).await.expect(200).json();
        assert_eq!(moments(&one), count, "{one}");
    }
}

#[tokio::test]
async fn viewers_look_and_do_not_touch() {
    let house = house().await;
    filled(&house).await;
    let viewer = house.member(Role::Viewer).await;
    assert!(!viewer.get("/status/edit/reports/1").await.expect(200).body.contains("Post the update"));
    viewer.post("/status/edit/reports/1/delete", &[]).await.expect(403);
    viewer.get("/status/edit/reports/new").await.expect(403);
    let member = house.member(Role::Member).await;
    member.post("/status/edit/logo/remove", &[]).await.expect(403);
}

#[tokio::test]
async fn a_file_describes_components_by_the_names_of_monitors_and_applying_it_twice_changes_nothing() {
    let house = house().await;
    watch(&house, 1, "Homepage", "operational").await;
    let read = |text: &str| text.parse::<toml::Table>().unwrap()["components"].clone();
    let apply = house.cx.registry.apply_sections().into_iter().find(|apply| apply.section() == "components").unwrap();
    let run = async |section: toml::Value| {
        let (sealer, registry) = (house.cx.sealer.clone(), house.cx.registry);
        let changes =
            house.cx.write(move |tx| apply.apply(tx, &ApplyContext { sealer: &sealer, registry, role: Role::Owner }, &section)).await?;
        kernel::Result::Ok(changes.iter().map(|change| change.verb).collect::<Vec<_>>())
    };
    use capability::Verb::{Create, Keep};
    let good = "[[components]]\nname = \"API\"\ngroup = \"For developers\"\nfeeds = [\"Homepage\"]\n[[components]]\nname = \"Office\"\n";
    assert_eq!(run(read(good)).await.unwrap(), [Create, Create]);
    assert_eq!(run(read(good)).await.unwrap(), [Keep, Keep]);
    assert_eq!(count(&house, "select count(*) from status_component_feeds where feed_key = 'uptime:1'").await, 1);
    let refused: kernel::Error = run(read("[[components]]\nname = \"x\"\nurl = \"y\"\n")).await.unwrap_err();
    assert!(refused.message().starts_with("Component 1 cannot be read"), "{refused}");
    let refused: kernel::Error = run(read("[[components]]\nname = \"x\"\nfeeds = [\"Nowhere\"]\n")).await.unwrap_err();
    assert_eq!(refused.message(), "Component “x”: there is no monitor named “Nowhere”.");
}

#[tokio::test]
async fn the_house_hears_of_the_page_on_its_other_pages() {
    let house = house().await;
    let _smtp = with_mail(&house).await;
    filled(&house).await;
    let registry = house.cx.registry;
    let (tiles, hits, findings) =
        house.cx.read(move |r| Ok((registry.tiles(r)?, registry.search(r, "dow")?, registry.diagnose(r)?))).await.unwrap();
    assert_eq!(tiles[0].value, "1 open");
    assert_eq!(hits[0].title, "Down");
    assert!(findings.is_empty());
}
