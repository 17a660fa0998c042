//! Who may report, and what nobody can reach by reporting.

use super::*;

#[tokio::test]
async fn a_key_opens_its_own_project_and_no_other() {
    let site = Site::new().await;
    let (other, key) = site.another_project("Admin").await;
    let envelope = event(ID, "boom");
    let denied = "There is no such project, or this key does not open it (any more). Please check the DSN.";
    let cases = [
        ("another project's key", format!("{}?sentry_key={}", site.path("envelope/"), key.public_key)),
        ("this key at another project", format!("/api/{}/envelope/?sentry_key={KEY}", other.id)),
        ("a project that is none", format!("/api/999/envelope/?sentry_key={KEY}")),
        ("a project by its name", format!("/api/web/envelope/?sentry_key={KEY}")),
        ("a key that is none", format!("{}?sentry_key=ffffffffffffffffffffffffffffffff", site.path("envelope/"))),
        ("no key at all", site.path("envelope/")),
        ("a key with a quote", format!("{}?sentry_key=%27%20or%201%3D1", site.path("store/"))),
    ];
    for (name, path) in cases {
        let got = site.post(&path, &[], envelope.clone()).await;
        assert_eq!(got.code, 403, "{name}");
        let told: serde_json::Value = serde_json::from_str(&got.body).unwrap();
        assert_eq!(told["detail"], denied, "{name}: which of them was wrong is nobody's business");
        assert_eq!((got.header("access-control-allow-origin"), got.header("x-sentry-error")), ("*", denied), "{name}");
    }
    assert!(site.items().is_empty());
    // Counted for the project that was meant, or for none where there is no such.
    let counted = ["unknown dropped/unknown_key 1", "unknown dropped/unknown_key 2", "unknown dropped/unknown_key 4"];
    assert_eq!(site.outcomes().await, counted);
}

#[tokio::test]
async fn every_way_to_show_a_key_works_and_a_tunnel_names_it_in_the_envelope() {
    let site = Site::new().await;
    let auth = format!("Sentry sentry_key={KEY}, sentry_version=7, sentry_client=sentry.rust/0.49.5");
    let (with_query, plain) = (format!("{}?sentry_key={KEY}", site.path("envelope/")), site.path("envelope/"));
    let dsn = |key: &str, project: i64| format!("https://{key}@hermetic.example/{project}");
    let tunnelled = |dsn: String| lines(&[&format!(r#"{{"dsn":"{dsn}"}}"#), r#"{"type":"session"}"#, "{}"]);
    let session = lines(&["{}", r#"{"type":"session"}"#, "{}"]);
    let good = [
        (with_query.as_str(), vec![], session.clone()),
        (plain.as_str(), vec![("x-sentry-auth", auth.as_str())], session.clone()),
        (plain.as_str(), vec![("authorization", auth.as_str())], session.clone()),
        (plain.as_str(), vec![], tunnelled(dsn(KEY, site.project.id.0))),
        (plain.trim_end_matches('/'), vec![("x-sentry-auth", auth.as_str())], session),
    ];
    let count = good.len();
    for (path, headers, body) in good {
        let got = site.post(path, &headers, body).await;
        assert_eq!(got.code, 200, "{path} {headers:?}: {}", got.body);
    }
    assert_eq!(site.items().len(), count);
    for dsn in [dsn(KEY, site.project.id.0 + 1), dsn("ffff", site.project.id.0), "https://hermetic.example".to_owned()] {
        assert_eq!(site.post(&plain, &[], tunnelled(dsn.clone())).await.code, 403, "{dsn}");
    }
    assert_eq!(site.items().len(), count);
}

#[tokio::test]
async fn what_shows_no_key_is_counted_whatever_the_door() {
    let site = Site::new().await;
    let dsn = format!(r#"{{"dsn":"https://{KEY}@hermetic.example/{}"}}"#, site.project.id.0 + 1);
    let tunnelled = lines(&[&dsn, r#"{"type":"session"}"#, "{}"]);
    assert_eq!(site.post(&site.path("envelope/"), &[], tunnelled).await.code, 403, "a DSN of another project than the address");
    assert_eq!(site.post(&site.path("envelope/"), &[], "no envelope").await.code, 400);
    assert_eq!(site.post(&site.path("envelope/"), &[("content-encoding", "gzip")], "no gzip").await.code, 400);
    for door in ["store/", "security/", "minidump/", "cron/nightly/", "otlp/v1/traces"] {
        assert_eq!(site.post(&site.path(door), &[], "{}").await.code, 403, "{door}");
    }
    assert_eq!(site.post("/api/embed/error-page/", &[], "comments=x").await.code, 403);
    assert!(site.items().is_empty());
    let counted = ["unknown dropped/malformed 2", "unknown dropped/unknown_key 1", "unknown dropped/unknown_key 6"];
    assert_eq!(site.outcomes().await, counted);
}

#[tokio::test]
async fn a_key_that_is_switched_off_is_refused_from_the_commit_on() {
    let site = Site::new().await;
    assert_eq!(site.envelope(event(ID, "before")).await.code, 200);
    for round in 0..3 {
        let id = site.key.id;
        site.hermetic.write(move |tx| rows::set_dsn_key(tx, id, "Recorded", false, None)).await.unwrap();
        assert_eq!(site.envelope(event(&format!("{round}{}", &ID[1..]), "off")).await.code, 403);
        site.hermetic.write(move |tx| rows::set_dsn_key(tx, id, "Recorded", true, None)).await.unwrap();
        let fresh = EventId::random().to_string();
        assert_eq!(site.envelope(event(&fresh, "on again")).await.code, 200);
    }
    assert_eq!(site.outcomes().await, ["error accepted 4", "unknown dropped/key_off 3"]);
}

#[tokio::test]
async fn an_address_is_the_proxys_word_and_never_the_clients() {
    let forged = [("x-forwarded-for", "6.6.6.6"), ("forwarded", "for=6.6.6.6"), ("x-real-ip", "6.6.6.6"), ("cf-connecting-ip", "6.6.6.6")];
    let site = Site::new().await;
    let path = format!("{}?sentry_key={KEY}", site.path("envelope/"));
    assert_eq!(site.post(&path, &forged, event(ID, "boom")).await.code, 200);
    assert_eq!(site.items()[0].head.address, None, "who stands at the other end of the socket is not known here");
}

#[tokio::test]
async fn only_listed_origins_may_report_and_every_page_may_read_why() {
    let site = Site::new().await;
    let (id, mut draft) = (site.project.id, ProjectDraft::named("Web"));
    draft.allowed_origins = vec!["https://shop.example.com".to_owned()];
    site.hermetic.write(move |tx| rows::update_project(tx, id, draft)).await.unwrap();
    let path = format!("{}?sentry_key={KEY}", site.path("envelope/"));
    let report = |origin: &'static str| {
        let headers = if origin.is_empty() { vec![] } else { vec![("origin", origin)] };
        let body = event(&EventId::random().to_string(), "boom");
        let (site, path) = (&site, &path);
        async move { site.post(path, &headers, body).await }
    };
    let got = report("https://shop.example.com").await;
    assert_eq!((got.code, got.body.as_str()), (200, ""), "a page never reads it, and what it does not read holds its share of keepalive");
    let got = report("").await;
    assert_eq!((got.code, got.body.starts_with("{\"id\":")), (200, true), "a server names no origin");
    let got = report("https://evil.example").await;
    assert_eq!((got.code, got.header("access-control-allow-origin"), got.header("connection")), (403, "*", "close"));
    assert_eq!(site.outcomes().await, ["error accepted 2", "unknown dropped/origin 1"]);
}

#[tokio::test]
async fn a_browser_that_asks_first_is_told_what_it_may_send_from_any_origin() {
    let site = Site::new().await;
    for path in [site.path("envelope/"), site.path("store"), site.path("minidump/"), site.path("nel/"), "/api/embed/error-page/".into()] {
        let request = Request::options(&path).header("origin", "https://anything.example").header("access-control-request-method", "POST");
        let got = site.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            (got.code, got.header("access-control-allow-origin"), got.header("access-control-max-age")),
            (204, "*", "3600"),
            "{path}"
        );
        assert!(got.header("access-control-allow-headers").contains("x-sentry-auth"), "{path}");
        assert_eq!(got.header("access-control-expose-headers"), "x-sentry-error, x-sentry-rate-limits, retry-after");
        assert!(got.header("access-control-allow-credentials").is_empty(), "no cookie ever counts here");
    }
}

#[tokio::test]
async fn what_lies_beside_a_payload_holds_no_secret_and_no_browser_that_the_sdk_forbids() {
    let site = Site::new().await;
    let header = format!(r#"{{"event_id":"{ID}","trace":{{"trace_id":"{ID}","transaction":"GET /reset?token=hunter2hunter2"}}}}"#);
    let file = r#"{"type":"attachment","length":1,"filename":"dump?password=hunter2.txt"}"#;
    let path = format!("{}?sentry_key={KEY}", site.path("envelope/"));
    let agent = [("user-agent", "Mozilla/5.0")];
    assert_eq!(site.post(&path, &agent, lines(&[&header, r#"{"type":"event"}"#, "{}", file, "x"])).await.code, 200);
    let settings = r#"{"ingest_settings":{"infer_user_agent":"never"},"items":[]}"#;
    assert_eq!(site.post(&path, &agent, lines(&["{}", r#"{"type":"span"}"#, settings])).await.code, 200);
    let heads: Vec<_> = site.items().into_iter().map(|item| item.head).collect();
    assert_eq!(heads[0].trace.as_ref().unwrap().transaction.as_deref(), Some("GET /reset?token=[Filtered]"));
    assert_eq!(heads[1].filename.as_deref(), Some("dump?password=[Filtered]"));
    let agents: Vec<_> = heads.iter().map(|head| head.user_agent.as_deref()).collect();
    assert_eq!(agents, [Some("Mozilla/5.0"), Some("Mozilla/5.0"), None]);
}

#[tokio::test]
async fn an_address_is_kept_where_project_and_sdk_allow_it() {
    use std::net::IpAddr;
    // The judge alone: a router without a socket knows no address.
    let site = Site::new().await;
    let keys = site.door.inner().directory.keys().await.unwrap();
    let caller = keys.find(Some(site.project.id), KEY).unwrap();
    let judge = |payload: &str, keeps: bool| {
        let mut known = crate::directory::KnownProject { project: caller.known.project.clone(), scrubber: caller.known.scrubber.clone() };
        known.project.keeps_addresses = keeps;
        let caller = crate::directory::Caller { known: Arc::new(known), asker: caller.asker };
        let bench = crate::judge::Bench {
            caller: &caller,
            quotas: &crate::quota::Quotas::default(),
            allowances: &crate::quota::Allowances::STANDARD,
            now: START,
            address: Some(IpAddr::from([203, 0, 113, 9])),
            user_agent: None,
            client: None,
            room: &site.door.inner().room,
        };
        let things = vec![crate::carried::Thing::new(Kind::Event, payload.as_bytes())];
        let judged = crate::judge::judge(crate::carried::Carried { things, ..Default::default() }, &bench);
        judged.kept[0].head.contains("203.0.113.9")
    };
    assert!(judge("{}", true));
    assert!(!judge("{}", false), "the project keeps none");
    assert!(!judge(r#"{"sdk":{"settings":{"infer_ip":"never"}}}"#, true), "the SDK forbids it");
}
