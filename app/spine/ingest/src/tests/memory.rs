//! Bodies that are small as bytes and large as trees: whatever the door, reading one takes some times its size and not a hundred times.

use super::*;

/// 7 bytes that make a map of 632.
const MAP: &str = r#"{"":0}"#;

fn bomb(bytes: usize) -> String {
    vec![MAP; bytes / (MAP.len() + 1)].join(",")
}

/// Door, headers, body, and the code of the answer.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], String, u16);

/// The greatest size of this process so far, in MiB, as Linux tells it.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() >> 10
}

#[tokio::test]
async fn a_body_that_would_be_a_forest_is_never_built() {
    let site = Site::new().await;
    let (smaller, bomb) = (bomb(11 << 20), bomb(13 << 20));
    let path = |door: &str| format!("{}?sentry_key={KEY}", site.path(door));
    let json = [("content-type", "application/json")];
    let form = [("content-type", "multipart/form-data; boundary=B")];
    let field = format!("--B\r\ncontent-disposition: form-data; name=\"sentry\"\r\n\r\n{{\"a\":[{bomb}]}}\r\n--B--\r\n");
    let cases: [Row<'_>; 7] = [
        ("store/", &[], format!(r#"{{"event_id":[{bomb}]}}"#), 413),
        ("envelope/", &[], lines(&["{}", r#"{"type":"log"}"#, &format!(r#"{{"type":[{smaller}],"items":[]}}"#)]), 413),
        ("cron/nightly/", &[], format!(r#"{{"a":[{bomb}]}}"#), 413),
        ("nel/", &[], format!("[{bomb}]"), 200),
        ("otlp/v1/traces", &json, format!(r#"{{"resourceSpans":[],"a":[{bomb}]}}"#), 200),
        ("minidump/", &form, field, 400),
        ("envelope/", &[], lines(&["{}", r#"{"type":"profile"}"#, &format!(r#"{{"password":"a1","_meta":[{smaller}]}}"#)]), 200),
    ];
    for (door, headers, body, code) in cases {
        let before = peak();
        let got = site.post(&path(door), headers, body).await;
        assert_eq!(got.code, code, "{door}: {}", got.body);
        let grown = peak() - before;
        assert!(grown < 400, "{door}: {grown} MiB for 13");
    }
}
