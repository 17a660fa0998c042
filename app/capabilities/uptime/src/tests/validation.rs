//! Every wrong field is named, with a sentence that says what to do.

use crate::model::codes::Codes;
use crate::model::validate::check;
use crate::model::watch::{Auth, BeatSchedule, Draft, Header, HeartbeatWatch, HttpWatch, Rules, Secrets, TcpWatch, Watch};

fn draft(watch: Watch) -> Draft {
    Draft {
        key: String::new(),
        name: "Shop".into(),
        watch,
        rules: Rules::default(),
        tags: vec![],
        note: String::new(),
        depends_on: vec![],
        paused: false,
    }
}

fn fields(draft: Draft, secrets: &Secrets) -> Vec<String> {
    check(draft, secrets).map_or_else(|error| error.field_errors().iter().map(|error| error.field.clone()).collect(), |_| vec![])
}

#[test]
fn a_plain_web_address_is_enough() {
    let http = HttpWatch { url: "https://example.com".into(), ..HttpWatch::default() };
    let clean = check(draft(Watch::Http(Box::new(http))), &Secrets::default()).unwrap();
    assert_eq!(clean.watch.target(), "https://example.com");
}

#[test]
fn all_wrong_fields_are_told_at_once() {
    let http = HttpWatch {
        url: "https://me:secret@example.com".into(),
        method: "BREW".into(),
        accepted: "99".into(),
        headers: vec![Header { name: "X".into(), value: "a\r\nEvil: 1".into(), secret: false }],
        auth: Auth::Bearer,
        extra_ca_pem: "nonsense".into(),
        ..HttpWatch::default()
    };
    let mut draft = draft(Watch::Http(Box::new(http)));
    draft.name = " ".into();
    draft.rules.interval_s = 1;
    let fields = fields(draft, &Secrets::default());
    for field in ["name", "interval_s", "timeout_ms", "url", "method", "accepted", "headers", "bearer", "extra_ca_pem"] {
        assert!(fields.contains(&field.to_owned()), "{field} in {fields:?}");
    }
}

#[test]
fn a_token_that_no_request_can_carry_is_refused_at_the_door() {
    let http = || HttpWatch { url: "https://example.com".into(), auth: Auth::Bearer, ..HttpWatch::default() };
    let given = |bearer: &str| fields(draft(Watch::Http(Box::new(http()))), &Secrets { bearer: bearer.into(), ..Secrets::default() });
    assert_eq!((given("abc"), given("abc\n")), (vec![], vec!["bearer".to_owned()]));
}

#[test]
fn hosts_ports_and_schedules_are_checked() {
    for host in ["", "a b", "http://x", "-x", "a..b", "x/y"] {
        assert_eq!(
            fields(draft(Watch::Tcp(TcpWatch { host: host.into(), port: 5432, ..TcpWatch::default() })), &Secrets::default()),
            ["host"],
            "{host:?}"
        );
    }
    let ok = TcpWatch { host: "[::1]".into(), port: 1, ..TcpWatch::default() };
    assert_eq!(check(draft(Watch::Tcp(ok)), &Secrets::default()).unwrap().watch.target(), "[::1]:1");
    let beat = HeartbeatWatch {
        schedule: BeatSchedule::Cron { expression: "x".into(), zone: "Mars".into() },
        grace_s: 0,
        ..HeartbeatWatch::default()
    };
    assert_eq!(fields(draft(Watch::Heartbeat(beat)), &Secrets::default()), ["expression", "zone", "grace_s"]);
}

#[test]
fn codes_are_ranges() {
    let codes = Codes::parse("200-299, 301,4xx").unwrap();
    assert!(codes.accepts(204) && codes.accepts(301) && codes.accepts(499) && !codes.accepts(302) && !codes.accepts(500));
    for bad in ["", "abc", "299-200", "99", "600", "200-"] {
        assert!(Codes::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn secrets_left_empty_are_kept_and_never_printed() {
    let stored = Secrets {
        password: "p".into(),
        bearer: "b".into(),
        headers: [("x-key".into(), "k".into())].into(),
        beat_token: "t".into(),
        is_lost: false,
    };
    let given = Secrets { bearer: "new".into(), ..Secrets::default() };
    let kept = given.or_keep(&stored);
    assert_eq!((kept.password.as_str(), kept.bearer.as_str(), kept.headers["x-key"].as_str()), ("p", "new", "k"));
    assert_eq!(format!("{kept:?}"), "Secrets(•••)");
}

#[test]
fn what_a_list_shows_of_an_address_holds_no_token() {
    let http = HttpWatch { url: "https://example.com:8443/hook?token=abc#x".into(), ..HttpWatch::default() };
    assert_eq!(Watch::Http(Box::new(http)).target(), "https://example.com:8443/hook");
}

#[test]
fn a_monitor_reads_back_from_its_flat_form() {
    use crate::model::flat::{read, write};
    use crate::model::watch::Kind;
    for kind in Kind::ALL {
        let stored = Draft { key: "k".into(), tags: vec!["a".into()], note: "n".into(), paused: true, ..draft(Watch::blank(kind)) };
        let object = serde_json::Value::Object(write(&stored));
        assert_eq!(read(object, &|_| None).unwrap().draft, stored, "{kind:?}");
    }
}

#[test]
fn memory_that_caches_hold_does_not_count_as_used() {
    let meminfo = "MemTotal:  1000 kB\nMemFree:  10 kB\nMemAvailable:  750 kB\nCached: 700 kB\n";
    assert_eq!(crate::host::memory_percent(meminfo), Some(25.0));
    assert_eq!(crate::host::memory_percent(""), None);
}

#[test]
fn an_ending_certificate_is_told_once_per_threshold() {
    use crate::model::certificates::due;
    let (old, new) = (kernel::Time(1), kernel::Time(2));
    assert_eq!(due(old, 30, 21, None), None);
    assert_eq!(due(old, 20, 21, None), Some(21));
    assert_eq!(due(old, 20, 21, Some((old, 21))), None);
    assert_eq!(due(old, 14, 21, Some((old, 21))), Some(14));
    assert_eq!(due(old, 2, 21, Some((old, 14))), Some(3));
    assert_eq!(due(old, 1, 21, Some((old, 3))), Some(1));
    assert_eq!(due(new, 20, 21, Some((old, 1))), Some(21), "a new certificate is told of anew");
    assert_eq!((due(old, 5, 0, None), due(old, -1, 21, None)), (None, None));
}

#[test]
fn the_worst_case_of_detection_is_told() {
    assert_eq!(Rules::default().worst_detection().as_secs(), 60 + 10 + 20);
}
