//! The doors besides the envelope's: what comes in there becomes the same items.

use serde_json::{Value, json};

use super::*;

fn payload(item: &Item) -> Value {
    serde_json::from_slice(&item.payload().unwrap()).unwrap()
}

#[tokio::test]
async fn an_event_of_an_old_sdk_is_an_event_and_a_transaction_a_transaction() {
    let site = Site::new().await;
    let auth = format!("Sentry sentry_key={KEY}, sentry_version=7, sentry_client=sentry.python/1.45.1");
    let body = format!(r#"{{"event_id":"{ID}","message":"boom"}}"#);
    let headers = [("x-sentry-auth", auth.as_str()), ("content-encoding", "gzip"), ("content-type", "application/json")];
    let got = site.post(&site.path("store/"), &headers, gzip(body.as_bytes())).await;
    assert_eq!((got.code, got.body), (200, format!("{{\"id\":\"{ID}\"}}")));
    let packed = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, zlib(br#"{"type":"transaction"}"#));
    assert_eq!(site.post("/api/store/", &[("x-sentry-auth", auth.as_str())], packed).await.code, 200);
    let items = site.items();
    assert_eq!(site.kinds(), [Kind::Event, Kind::Transaction]);
    assert_eq!((payload(&items[0])["message"].clone(), items[0].head.sdk.as_deref()), (json!("boom"), Some("sentry.python/1.45.1")));
    for broken in ["", "  ", "hello", "{\"a\":", "AAAA"] {
        assert_eq!(site.post(&site.path("store/"), &headers[..1], broken).await.code, 400, "{broken:?}");
    }
}

#[tokio::test]
async fn browsers_reports_become_one_item_each() {
    let site = Site::new().await;
    let path = |door: &str| format!("{}?sentry_key={KEY}&sentry_release=web%401.0&sentry_environment=prod", site.path(door));
    let csp = r#"{"csp-report":{"blocked-uri":"https://evil.example/x.js","effective-directive":"script-src"}}"#;
    assert_eq!(site.post(&path("security/"), &[("content-type", "application/csp-report")], csp).await.code, 200);
    let list = json!([{"type":"csp-violation","body":{"blockedURL":"inline"}},{"type":"deprecation","body":{}}]).to_string();
    assert_eq!(site.post(&path("csp-report"), &[("content-type", "application/reports+json")], list).await.code, 200);
    let nel = json!([{"type":"network-error","body":{"type":"dns.name_not_resolved"}}]).to_string();
    assert_eq!(site.post(&path("nel/"), &[], nel).await.code, 200);
    let items = site.items();
    assert_eq!(site.kinds(), [Kind::Security; 4]);
    assert_eq!(payload(&items[2])["type"], "deprecation");
    assert_eq!(items[0].head.trace.as_ref().unwrap().release.as_deref(), Some("web@1.0"));
    let many = Value::Array(vec![json!({}); 150]).to_string();
    assert_eq!(site.post(&path("nel/"), &[], many).await.code, 200);
    assert_eq!(site.outcomes().await, ["security accepted 104", "unknown dropped/too_many 50"]);
    for broken in ["", "7", "[7]", "[{\"a\":"] {
        assert_eq!(site.post(&path("security/"), &[], broken).await.code, 400, "{broken:?}");
    }
}

#[tokio::test]
async fn a_crontab_checks_in_by_get_head_and_post() {
    let site = Site::new().await;
    let id = "8a4ad3b100004000800000000000000b";
    let call = |method: &str, rest: String| {
        let request = Request::builder().method(method).uri(site.path(&rest)).body(Body::empty()).unwrap();
        site.send(request)
    };
    assert_eq!(call("GET", format!("cron/nightly/{KEY}?status=in_progress&check_in_id={id}")).await.code, 200);
    assert_eq!(call("HEAD", format!("cron/nightly/{KEY}/?status=ok")).await.code, 200);
    assert_eq!(call("POST", format!("cron/nightly/?status=error&sentry_key={KEY}&duration=3.5")).await.code, 200);
    assert_eq!(call("GET", "cron/nightly/ffff".to_owned()).await.code, 403);
    assert_eq!(call("GET", "cron/nightly/".to_owned()).await.code, 403);
    let items = site.items();
    assert_eq!(site.kinds(), [Kind::CheckIn; 3]);
    assert_eq!(payload(&items[0]), json!({"monitor_slug":"nightly","check_in_id":id,"status":"in_progress"}));
    assert_eq!(payload(&items[1])["check_in_id"], "00000000000000000000000000000000", "whichever is in progress");
    assert_eq!(payload(&items[2])["duration"], 3.5);
}

fn form(parts: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, filename, bytes) in parts {
        let filename = filename.map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
        body.extend_from_slice(format!("--BOUND\r\ncontent-disposition: form-data; name=\"{name}\"{filename}\r\n\r\n").as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--BOUND--\r\n");
    body
}

const FORM: (&str, &str) = ("content-type", "multipart/form-data; boundary=BOUND");

#[tokio::test]
async fn a_crash_dump_is_kept_beside_an_event_that_shows_it() {
    let site = Site::new().await;
    let path = format!("{}?sentry_key={KEY}", site.path("minidump/"));
    let parts: &[(&str, Option<&str>, &[u8])] = &[
        ("upload_file_minidump", Some("crash.dmp"), b"MDMP\x00\x01\n\xff"),
        ("sentry", None, br#"{"release":"app@2.0","tags":{"gpu":"none"}}"#),
        ("sentry[environment]", None, b"prod"),
        ("log", Some("app.log"), b"last words"),
    ];
    let got = site.post(&path, &[FORM, ("content-encoding", "gzip")], gzip(&form(parts))).await;
    assert_eq!(got.code, 200, "{}", got.body);
    let id = EventId::parse(&got.body).expect("crash reporters read the id alone");
    let items = site.items();
    assert_eq!(site.kinds(), [Kind::Event, Kind::Minidump, Kind::Attachment]);
    assert!(items.iter().all(|item| item.event_id == Some(id)));
    let event = payload(&items[0]);
    assert_eq!((&event["release"], &event["environment"], &event["level"]), (&json!("app@2.0"), &json!("prod"), &json!("fatal")));
    assert_eq!(event["exception"]["values"][0]["type"], "Minidump");
    assert_eq!(items[1].payload().unwrap(), b"MDMP\x00\x01\n\xff");
    assert_eq!(items[2].head.filename.as_deref(), Some("app.log"));
    for (name, headers, body) in [
        ("no form", vec![], b"hello".to_vec()),
        ("no dump", vec![FORM], form(&[("log", Some("a"), b"x")])),
        ("a dump that is none", vec![FORM], form(&[("upload_file_minidump", Some("a"), b"GIF89a")])),
        ("half a form", vec![FORM], form(parts)[..80].to_vec()),
    ] {
        assert_eq!(site.post(&path, &headers, body).await.code, 400, "{name}");
    }
}

#[tokio::test]
async fn nothing_of_a_crash_reporters_form_vanishes() {
    let site = Site::new().await;
    let path = format!("{}?sentry_key={KEY}", site.path("minidump/"));
    let mut parts: Vec<(&str, Option<&str>, &[u8])> = vec![
        ("upload_file_minidump", Some("first.dmp"), b"MDMP1"),
        ("upload_file_minidump", Some("second.dmp"), b"MDMP2"),
        ("sentry", None, b"{broken"),
        ("sentry[tags][gpu]", None, b"none"),
        ("sentry[user][id]", None, b"7"),
        ("sentry[user][id][x]", None, b"in the way of a text"),
    ];
    parts.extend([("log", Some("app.log"), &b"words"[..]); 31]);
    assert_eq!(site.post(&path, &[FORM], form(&parts)).await.code, 200);
    let items = site.items();
    assert_eq!(items[1].payload().unwrap(), b"MDMP1");
    assert_eq!((items[2].kind, items[2].payload().unwrap()), (Kind::Attachment, b"MDMP2".to_vec()));
    let event = payload(&items[0]);
    assert_eq!((&event["tags"]["gpu"], &event["user"]["id"]), (&json!("none"), &json!("7")));
    assert_eq!(
        site.outcomes().await,
        ["attachment accepted 30", "attachment dropped/too_many 3", "error accepted 1", "unknown dropped/malformed 1"]
    );
}

#[tokio::test]
async fn files_follow_an_event_that_was_reported_before() {
    let site = Site::new().await;
    let path = format!("{}?sentry_key={KEY}", site.path(&format!("events/{ID}/attachments/")));
    let got = site.post(&path, &[FORM], form(&[("a", Some("a.txt"), b"one"), ("b", Some("b.txt"), b""), ("note", None, b"no file")])).await;
    assert_eq!((got.code, got.body), (200, format!("{{\"id\":\"{ID}\"}}")));
    let items = site.items();
    assert_eq!(site.kinds(), [Kind::Attachment; 2]);
    assert_eq!((items[0].event_id, items[0].payload().unwrap()), (EventId::parse(ID), b"one".to_vec()));
    let found = site.telemetry.read_blocking(|r| store::items_of_event(r, site.project.id, EventId::parse(ID).unwrap(), 1)).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(site.post(&path.replace(ID, "nothing"), &[FORM], form(&[("a", Some("a"), b"x")])).await.code, 400);
    assert_eq!(site.post(&path, &[FORM], form(&[])).await.code, 400);
    assert_eq!(site.outcomes().await, ["attachment accepted 2", "unknown dropped/malformed 2"]);
}

#[tokio::test]
async fn what_a_user_says_in_the_crash_form_becomes_a_report_on_that_event() {
    let site = Site::new().await;
    let dsn = format!("https%3A%2F%2F{KEY}%40hermetic.example%2F{}", site.project.id);
    let path = format!("/api/embed/error-page/?eventId={ID}&dsn={dsn}");
    let script = site.send(Request::get(format!("{path}&title=%3Cscript%3Ealert(1)")).body(Body::empty()).unwrap()).await;
    assert_eq!((script.code, script.header("content-type")), (200, "text/javascript; charset=utf-8"));
    assert_eq!(script.header("cross-origin-resource-policy"), "cross-origin");
    assert!(script.body.contains("hermetic-report") && !script.body.contains("alert(1)"), "nothing of the address is written into it");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let got = site.post(&path, &[form], "name=Ada&email=ada%40example.com&comments=I+pressed+%22pay%22").await;
    assert_eq!((got.code, got.header("access-control-allow-origin")), (200, "*"));
    let items = site.items();
    assert_eq!((site.kinds(), items[0].event_id), (vec![Kind::UserReport], EventId::parse(ID)));
    let report = payload(&items[0]);
    assert_eq!((&report["name"], &report["comments"]), (&json!("Ada"), &json!("I pressed \"pay\"")));
    assert_eq!(site.post(&path, &[form], "name=Ada&comments=+").await.code, 400);
    assert_eq!(site.post(&path.replace(KEY, "ffff"), &[form], "comments=x").await.code, 403);
    assert_eq!(site.post(&path.replace("eventId=", "e="), &[form], "comments=x").await.code, 400);
    assert_eq!(site.outcomes().await, ["default accepted 1", "unknown dropped/malformed 2", "unknown dropped/unknown_key 1"]);
}

#[tokio::test]
async fn opentelemetry_is_taken_as_if_an_sdk_had_sent_it() {
    let site = Site::new().await;
    let spans = json!({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"api"}}]},"scopeSpans":[{"spans":[
        {"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"GET /","kind":2,
         "startTimeUnixNano":"1772452800000000000","endTimeUnixNano":"1772452800250000000"}]}]}]});
    let logs = json!({"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1772452800000000000","severityText":"INFO","body":{"stringValue":"hello"}}]}]}]});
    let json_type = ("content-type", "application/json");
    for (door, body) in [("otlp/v1/traces", spans.to_string()), ("integration/otlp/v1/logs", logs.to_string())] {
        let path = format!("{}?sentry_key={KEY}", site.path(door));
        let got = site.post(&path, &[json_type, ("content-encoding", "gzip")], gzip(body.as_bytes())).await;
        assert_eq!((got.code, got.body.as_str()), (200, "{}"), "{door}");
    }
    assert_eq!(site.kinds(), [Kind::Spans, Kind::Logs]);
    assert_eq!(site.outcomes().await, ["log_item accepted 1", "span accepted 1"]);
    let path = format!("{}?sentry_key={KEY}", site.path("integration/otlp/v1/traces"));
    // A part that is not taken is told: an exporter cannot know it otherwise.
    site.door.set_allowances(crate::quota::Allowances { traces: 500, ..crate::quota::Allowances::STANDARD });
    let many = json!({"resourceSpans":[{"scopeSpans":[{"spans": vec![json!({"name":"a"}); 2_500]}]}]}).to_string();
    let partly: Value = serde_json::from_str(&site.post(&path, &[json_type], many).await.body).unwrap();
    assert_eq!(partly["partialSuccess"]["rejectedSpans"], "1500");
    site.door.set_allowances(crate::quota::Allowances::STANDARD);
    let empty = site.post(&path, &[("content-type", "application/x-protobuf")], "").await;
    assert_eq!((empty.code, empty.header("content-type"), empty.body.as_str()), (200, "application/x-protobuf", ""));
    assert_eq!(site.post(&path, &[json_type], "not json").await.code, 400);
}
