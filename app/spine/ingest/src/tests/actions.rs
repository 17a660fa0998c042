//! The doors of analytics: every recorded request of the SDKs, and what is refused there.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::sockets::{serve, talk};
use super::*;
use crate::action::{Act, Action, Actions, OptOut};
use crate::quota::Allowances;

#[derive(serde::Deserialize)]
struct Recorded {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    #[serde(skip)]
    body: Vec<u8>,
}

/// The shared recordings, or those that lie in the repository.
fn recordings() -> Vec<(PathBuf, Recorded)> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/analytics");
    let shared = std::env::var_os("HERMETIC_FIXTURES").map(|root| PathBuf::from(root).join("analytics"));
    let root = shared.filter(|root| root.is_dir()).unwrap_or(own);
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut found = Vec::new();
    for folder in folders.into_iter().filter(|folder| folder.is_dir()) {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for path in files.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "json")) {
            let mut recorded: Recorded = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            recorded.body = std::fs::read(path.with_extension("body")).unwrap_or_default();
            found.push((path, recorded.with_key()));
        }
    }
    found
}

fn unpacked(body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match flate2::read::GzDecoder::new(body).read_to_end(&mut plain) {
        Ok(_) => plain,
        Err(_) => body.to_vec(),
    }
}

fn basic(text: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text))
}

impl Recorded {
    /// With the key of the test's project instead of the recorded one.
    fn with_key(mut self) -> Recorded {
        let keyed = |text: String| ["wk_test", "wk_rudder", "phc_test"].iter().fold(text, |text, old| text.replace(old, KEY));
        self.path = keyed(self.path);
        for (name, value) in &mut self.headers {
            if name.eq_ignore_ascii_case("authorization") {
                *value = basic(&format!("{KEY}:"));
            }
        }
        let plain = unpacked(&self.body);
        let is_packed = plain != self.body;
        if let Ok(text) = String::from_utf8(plain) {
            let text = keyed(text);
            self.body = if is_packed { gzip(text.as_bytes()) } else { text.into_bytes() };
        }
        self
    }

    fn request(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nhost: hermetic.example\r\nconnection: close\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            if !["host", "connection", "content-length", "transfer-encoding"].iter().any(|own| name.eq_ignore_ascii_case(own)) {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        [head.as_bytes(), &self.body].concat()
    }

    /// How many messages are in it, by a reading of its own.
    fn messages(&self) -> usize {
        if self.method != "POST" || self.path.starts_with("/flags") || self.path.starts_with("/decide") {
            return 0;
        }
        match serde_json::from_slice(&unpacked(&self.body)).unwrap() {
            Value::Array(list) => list.len(),
            Value::Object(object) => object.get("batch").map_or(1, |batch| batch.as_array().unwrap().len()),
            other => panic!("{other}"),
        }
    }
}

fn actions(site: &Site) -> Vec<Action> {
    let items = site.items();
    assert!(items.iter().all(|item| item.kind == Kind::Actions));
    items.iter().flat_map(|item| serde_json::from_slice::<Actions>(&item.payload().unwrap()).unwrap().items).collect()
}

fn sum(lines: &[String], wanted: fn(&str) -> bool) -> usize {
    lines.iter().filter(|line| wanted(line)).map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap()).sum()
}

#[tokio::test]
async fn every_recorded_request_is_answered_and_each_message_of_it_kept_or_counted() {
    let site = Site::new().await;
    let address = serve(&site).await;
    let (mut messages, mut folders) = (0, BTreeSet::new());
    for (place, recorded) in recordings() {
        let answer = talk(address, &recorded.request()).await;
        let code: u16 = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let meant = if recorded.path.starts_with("/static/") { 404..405 } else { 200..300 };
        assert!(meant.contains(&code), "{}: {} {answer}", place.display(), recorded.path);
        if !recorded.path.starts_with("/static/") && recorded.headers.iter().any(|(name, _)| name == "origin") {
            assert!(answer.to_ascii_lowercase().contains("access-control-allow-origin: *"), "{}: {answer}", place.display());
        }
        if let Some((_, asked)) = recorded.headers.iter().find(|(name, _)| name == "access-control-request-headers") {
            assert!(answer.contains(asked.as_str()), "{}: {asked} is not allowed: {answer}", place.display());
        }
        messages += recorded.messages();
        folders.insert(place.parent().unwrap().to_owned());
    }
    assert!(folders.len() >= 5 && messages > 40, "{} folders, {messages} messages", folders.len());
    let (kept, outcomes) = (actions(&site), site.outcomes().await);
    assert_eq!(kept.len() + sum(&outcomes, |line| !line.contains("accepted")), messages, "{outcomes:#?}");
    assert_eq!(kept.len(), sum(&outcomes, |line| line.contains("accepted")), "{outcomes:#?}");
    assert!(!outcomes.iter().any(|line| line.contains("malformed") || line.contains("nobody")), "{outcomes:#?}");
    assert!(kept.iter().all(|action| !action.id.is_empty() && action.at.is_some() && action.sent_at.is_some()));
    for act in [Act::Did, Act::Knew, Act::Linked, Act::Joined] {
        assert!(kept.iter().any(|action| action.act == act), "{act:?}");
    }
}

#[tokio::test]
async fn neither_the_address_nor_the_browsers_words_reach_the_log_and_people_stay_known() {
    let site = Site::new().await;
    let body = json!({"batch": [
        {"type": "identify", "userId": "ada@example.com", "traits": {"email": "ada@example.com", "name": "Ada", "password": "S3CR3T"},
            "context": {"ip": "203.0.113.9"}},
        {"type": "track", "event": "mail bob@example.com", "userId": "ada@example.com",
            "properties": {"to": "bob@example.com", "card": "4111 1111 1111 1111", "api_key": "S3CR3T", "plan": "pro"}}]});
    let headers = [("authorization", basic(KEY)), ("user-agent", "Agent/7.7".to_owned()), ("x-forwarded-for", "203.0.113.9".to_owned())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let got = site.post("/v1/batch", &headers, body.to_string()).await;
    assert_eq!((got.code, got.body.as_str()), (200, r#"{"success":true}"#));
    let item = site.items().remove(0);
    let (payload, head) = (String::from_utf8(item.payload().unwrap()).unwrap(), serde_json::to_string(&item.head).unwrap());
    for secret in ["203.0.113.9", "Agent/7.7", "S3CR3T", "4111", "\"bob@example.com\""] {
        assert!(!payload.contains(secret) && !head.contains(secret), "{secret}: {head} {payload}");
    }
    let kept = actions(&site);
    assert_eq!(kept[0].traits.as_ref().unwrap().get(), r#"{"email":"ada@example.com","name":"Ada","password":"[Filtered]"}"#);
    assert_eq!((kept[1].user.as_str(), kept[1].name.as_str()), ("ada@example.com", "mail bob@example.com"));
    assert!(kept[1].props.as_ref().unwrap().get().contains(r#""plan":"pro""#));
}

const TRACK: &str = r#"{"type":"track","event":"A","userId":"u"}"#;

#[tokio::test]
async fn a_key_is_taken_from_the_header_the_query_or_the_body_and_a_wrong_one_is_told() {
    let site = Site::new().await;
    let (with, without) = (basic(&format!("{KEY}:")), basic(KEY));
    for auth in [&with, &without] {
        assert_eq!(site.post("/v1/track", &[("authorization", auth)], TRACK).await.code, 200);
    }
    assert_eq!(site.post(&format!("/v1/t/?writeKey={KEY}"), &[], TRACK).await.code, 200);
    let keyed = TRACK.replacen('{', &format!("{{\"writeKey\":\"{KEY}\","), 1);
    assert_eq!(site.post("/v1/track", &[], keyed).await.code, 200);
    let event = format!(r#"{{"event":"a","distinct_id":"d","api_key":"{KEY}"}}"#);
    let got = site.post("/capture/", &[], event.clone()).await;
    assert_eq!((got.code, got.body.as_str()), (200, r#"{"status":"Ok"}"#));
    let script = format!(r#"{{"k":"{KEY}","u":"u","e":[{{"t":"page"}}]}}"#);
    assert_eq!(site.post("/t", &[], script).await.code, 200);
    assert_eq!(actions(&site).len(), 6);
    for (path, body) in [("/v1/track", TRACK.to_owned()), ("/e/", event.replace(KEY, "abc")), ("/v1/batch", TRACK.to_owned())] {
        assert_eq!(site.post(path, &[], body).await.code, 401, "{path}");
    }
    assert_eq!(site.post("/v1/track", &[("authorization", &basic("nobody:"))], TRACK).await.code, 401);
    assert_eq!(sum(&site.outcomes().await, |line| line.contains("unknown_key")), 4);
}

#[tokio::test]
async fn what_is_too_much_is_refused_in_segments_words_and_counted() {
    let site = Site::new().await;
    let auth = basic(KEY);
    let batch = |count: usize| format!(r#"{{"batch":[{}]}}"#, vec![TRACK; count].join(","));
    let got = site.post("/v1/batch", &[("authorization", &auth)], batch(2_501)).await;
    assert_eq!(got.code, 400, "{}", got.body);
    let huge = format!(r#"{{"type":"track","event":"A","userId":"u","properties":{{"a":"{}"}}}}"#, "x".repeat(40_000));
    let mixed = format!(r#"{{"batch":[{TRACK},{huge}]}}"#);
    assert_eq!(site.post("/v1/batch", &[("authorization", &auth)], mixed).await.code, 200);
    assert_eq!(site.post("/v1/batch", &[("authorization", &auth)], vec![b' '; 5 << 20]).await.code, 400);
    assert_eq!(site.post("/v1/batch", &[("authorization", &auth)], "nothing").await.code, 400);
    site.door.set_allowances(Allowances { actions: 10, ..Allowances::STANDARD });
    assert_eq!(site.post("/v1/batch", &[("authorization", &auth)], batch(50)).await.code, 200, "a batch comes whole");
    let got = site.post("/v1/batch", &[("authorization", &auth)], batch(3)).await;
    assert_eq!((got.code, got.header("retry-after").is_empty()), (429, false), "{got:?}");
    assert_eq!(site.envelope(event(ID, "boom")).await.header("x-sentry-rate-limits"), "", "SDKs of errors know of no actions");
    let outcomes = site.outcomes().await;
    for line in ["action dropped/too_many 2501", "action dropped/too_large 1", "action accepted 51", "action dropped/rate_limited 3"] {
        assert!(outcomes.iter().any(|told| told == line), "{line}: {outcomes:#?}");
    }
}

#[tokio::test]
async fn gzip_is_known_under_any_label() {
    let site = Site::new().await;
    let auth = basic(KEY);
    let labels: [&[(&str, &str)]; 4] = [
        &[("content-type", "text/plain")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "application/json"), ("content-encoding", "gzip")],
        &[],
    ];
    for label in labels {
        let headers = [&[("authorization", auth.as_str())], label].concat();
        assert_eq!(site.post("/v1/track?compression=gzip-js", &headers, gzip(TRACK.as_bytes())).await.code, 200, "{label:?}");
    }
    let lied = [("authorization", auth.as_str()), ("content-encoding", "gzip")];
    assert_eq!(site.post("/v1/track", &lied, TRACK).await.code, 200, "a proxy unpacked it");
    assert_eq!(actions(&site).len(), 5);
}

#[tokio::test]
async fn a_visitor_without_a_cookie_is_one_for_a_day() {
    let site = Site::new().await;
    let body = format!(r#"{{"k":"{KEY}","v":"","u":"","e":[{{"t":"page"}}]}}"#);
    let agent = [("user-agent", "Mozilla/5.0 Firefox/132.0")];
    let day = std::time::Duration::from_secs(86_400);
    for wait in [0, 0, 1, 1] {
        site.clock.advance(day * wait);
        assert_eq!(site.post("/t", &agent, body.clone()).await.code, 200);
    }
    let handles: Vec<String> = actions(&site).into_iter().map(|action| action.visitor).collect();
    assert!(handles[0].starts_with("day-") && handles[0] == handles[1]);
    assert_eq!(handles.iter().collect::<BTreeSet<_>>().len(), 3);
    let windows = crate::retention::Windows::STANDARD;
    crate::retention::sweep(&site.hermetic, &site.telemetry, windows, site.clock.now()).await.unwrap();
    let first = site.hermetic.read_blocking(|r| store::salt_of(r, START.day_start())).unwrap();
    let last = site.hermetic.read_blocking(|r| store::salt_of(r, START.day_start() + day * 2)).unwrap();
    assert!(first.is_none() && last.is_some(), "older than 48 hours: gone");
}

#[tokio::test]
async fn bots_and_browsers_that_ask_out_are_counted_and_not_kept() {
    let site = Site::new().await;
    let body = format!(r#"{{"k":"{KEY}","v":"abc","e":[{{"t":"page"}}]}}"#);
    for header in [("user-agent", "Googlebot/2.1"), ("sec-gpc", "1"), ("dnt", "1")] {
        assert_eq!(site.post("/t", &[header], body.clone()).await.code, 200);
    }
    site.door.set_opt_out(OptOut::Ignore);
    assert_eq!(site.post("/t", &[("dnt", "1")], body).await.code, 200);
    assert_eq!(site.outcomes().await, ["action accepted 1", "action dropped/bot 1", "action dropped/opted_out 2"]);
}

#[tokio::test]
async fn browsers_are_told_where_to_send_and_that_nothing_is_recorded() {
    let site = Site::new().await;
    let get = async |path: String| {
        let request = Request::get(path).header("host", "hermetic.example").body(Body::empty()).unwrap();
        let got = site.send(request).await;
        assert_eq!((got.code, got.header("access-control-allow-origin")), (200, "*"));
        got.body
    };
    let settings: Value = serde_json::from_str(&get(format!("/v1/projects/{KEY}/settings")).await).unwrap();
    let receiver = &settings["integrations"]["Segment.io"];
    assert_eq!((&receiver["apiHost"], &receiver["protocol"]), (&json!("hermetic.example/v1"), &json!("https")));
    let source: Value = serde_json::from_str(&get(format!("/sourceConfig/?writeKey={KEY}")).await).unwrap();
    assert_eq!(source["source"]["destinations"], json!([]));
    let config: Value = serde_json::from_str(&get(format!("/array/{KEY}/config")).await).unwrap();
    assert_eq!(config["sessionRecording"], json!(false));
    assert!(get(format!("/array/{KEY}/config.js")).await.contains(KEY));
    let got = site.send(Request::get("/array/%22);alert(1)/config.js").body(Body::empty()).unwrap()).await;
    assert!(got.code == 404 && !got.body.contains("alert"), "{got:?}");
}
