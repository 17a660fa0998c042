//! Uptime Kuma's backup.

use serde_json::json;

use crate::model::kuma::{Import, read};
use crate::model::watch::{Auth, Watch};

fn backup() -> String {
    json!({
        "version": "1.23.11",
        "notificationList": [],
        "monitorList": [
            {"id": 1, "name": "Shop", "type": "http", "url": "https://shop.example/", "method": "GET", "interval": 20, "retryInterval": 20, "maxretries": 2,
             "active": true, "accepted_statuscodes": ["200-299", "301"], "maxredirects": 3, "ignoreTls": false, "timeout": 48,
             "authMethod": "basic", "basic_auth_user": "me", "basic_auth_pass": "pw", "tags": [{"name": "env", "value": "prod"}],
             "headers": "{\"X-Api-Key\": \"k1\", \"Accept\": \"text/html\"}"},
            {"id": 2, "name": "Words", "type": "keyword", "url": "https://shop.example/health", "keyword": "ok", "invertKeyword": true, "active": 0, "interval": 60},
            {"id": 3, "name": "Query", "type": "json-query", "url": "https://shop.example/j", "jsonPath": "status", "expectedValue": "up"},
            {"id": 4, "name": "Db", "type": "port", "hostname": "db.example", "port": 5432, "interval": 5},
            {"id": 5, "name": "Names", "type": "dns", "hostname": "example.com", "dns_resolve_server": "1.1.1.1,8.8.8.8", "dns_resolve_type": "MX", "port": 53},
            {"id": 6, "name": "Backup", "type": "push", "pushToken": "abcdefghij", "interval": 3600},
            {"id": 7, "name": "Pong", "type": "ping", "hostname": "10.0.0.1"},
            {"id": 8, "name": "Box", "type": "docker"},
            {"id": 9, "name": "Group", "type": "group"},
            {"id": 10, "name": "Upside", "type": "http", "url": "https://x.example", "upsideDown": true},
            {"id": 11, "name": "Broken", "type": "http", "url": "not an address"}
        ]
    })
    .to_string()
}

#[test]
fn every_entry_is_taken_or_refused_with_a_reason() {
    let found = read(&backup()).unwrap();
    let taken: Vec<bool> = found.iter().map(|found| matches!(found.import, Import::Monitor { .. })).collect();
    assert_eq!(taken, [true, true, true, true, true, true, true, false, false, false, false]);
    let Import::Monitor { draft, secrets, .. } = &found[0].import else { panic!() };
    assert_eq!((draft.rules.interval_s, draft.rules.confirm_failures, draft.rules.timeout_ms), (20, 3, 10_000));
    assert_eq!((draft.key.as_str(), &draft.tags[..]), ("kuma-1", &["env:prod".to_owned()][..]));
    let Watch::Http(http) = &draft.watch else { panic!() };
    assert_eq!((http.accepted.as_str(), http.max_redirects), ("200-299,301", 3));
    assert_eq!(http.auth, Auth::Basic { username: "me".into() });
    assert_eq!((secrets.password.as_str(), secrets.headers["x-api-key"].as_str()), ("pw", "k1"));
    assert!(!serde_json::to_string(&draft.watch).unwrap().contains("k1"), "what looks like a credential is sealed");
}

#[test]
fn details_of_each_kind_are_kept() {
    let found = read(&backup()).unwrap();
    let monitor = |at: usize| match &found[at].import {
        Import::Monitor { draft, secrets, notes } => (draft, secrets, notes),
        Import::Refused(why) => panic!("{why}"),
    };
    let Watch::Http(words) = &monitor(1).0.watch else { panic!() };
    assert!(words.keyword_absent && monitor(1).0.paused);
    let Watch::Http(query) = &monitor(2).0.watch else { panic!() };
    assert_eq!(query.json.as_ref().unwrap().path, "$.status");
    assert_eq!(monitor(3).0.rules.interval_s, 10);
    assert_eq!(monitor(3).2.len(), 1);
    let Watch::Dns(dns) = &monitor(4).0.watch else { panic!() };
    assert_eq!((dns.resolver.as_str(), dns.record.as_str()), ("1.1.1.1", "MX"));
    assert_eq!(monitor(5).1.beat_token, "abcdefghij");
}

#[test]
fn what_is_no_backup_is_refused_with_one_sentence() {
    for text in ["", "x", "[1,", "{\"a\": 1}", "3"] {
        assert!(read(text).is_err(), "{text:?}");
    }
    assert_eq!(read("{\"monitorList\": []}").unwrap(), vec![]);
}

#[test]
fn entries_that_share_ids_names_or_tokens_are_told_apart() {
    let push = |id: i64, name: &str, token: &str| json!({"id": id, "name": name, "type": "push", "pushToken": token, "interval": 60});
    let found = read(
        &json!([push(1, "Job", "abcdefghij"), push(1, "Job", "abcdefghij"), push(1, "Other", "klmnopqrst"), push(2, "Job", "abcdefghij")])
            .to_string(),
    )
    .unwrap();
    assert_eq!(found[1].import, Import::Refused("Skipped: the same as “Job” above.".into()));
    let taken: Vec<_> = found
        .iter()
        .filter_map(|found| match &found.import {
            Import::Monitor { draft, secrets, notes } => {
                Some((draft.key.as_str(), draft.name.as_str(), secrets.beat_token.as_str(), notes.join(" ")))
            }
            Import::Refused(_) => None,
        })
        .collect();
    let kept = "Its push token is kept: only the host name in the job's address changes.".to_owned();
    let anew = "Its push token is that of “Job” too: it gets a new address, which the job must use.".to_owned();
    assert_eq!(
        taken,
        [("kuma-1", "Job", "abcdefghij", kept.clone()), ("kuma-1-2", "Other", "klmnopqrst", kept), ("kuma-2", "Job (2)", "", anew)]
    );
}

#[test]
fn a_push_token_that_no_address_can_hold_is_replaced() {
    for (token, is_kept) in
        [("a/b", false), ("a b", false), ("a?b", false), ("ä", false), ("..", false), ("a%2Fb", false), ("a-B_9.~", true)]
    {
        let found = read(&json!([{"id": 1, "name": "Job", "type": "push", "pushToken": token}]).to_string()).unwrap();
        let Import::Monitor { secrets, notes, .. } = &found[0].import else { panic!() };
        assert_eq!(secrets.beat_token, if is_kept { token } else { "" });
        assert_eq!(notes[0].contains("new address"), !is_kept, "{notes:?}");
    }
}
