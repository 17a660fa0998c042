//! What real SDKs sent (HERMETIC_FIXTURES): their secrets go, everything else stays, and the log needs little room for it.

use super::*;
use kernel::time::Stopwatch;
use std::path::{Path, PathBuf};

struct Recorded {
    file: String,
    kind: Kind,
    payload: Vec<u8>,
}

fn recorded() -> Vec<Recorded> {
    let root = std::env::var_os("HERMETIC_FIXTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/fixtures"), PathBuf::from);
    let mut folders = vec![root.join("envelopes")];
    let mut items = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            eprintln!("SKIPPED: there are no recorded envelopes in {}; set HERMETIC_FIXTURES", folder.display());
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "json") {
                items.extend(items_of(&path));
            }
        }
    }
    items
}

fn items_of(path: &Path) -> Vec<Recorded> {
    let request: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    if request["method"] != "POST" || !request["path"].as_str().unwrap().contains("/envelope") {
        return Vec::new();
    }
    let coding =
        request["headers"].as_array().unwrap().iter().find(|header| header[0].as_str().unwrap().eq_ignore_ascii_case("content-encoding"));
    let layers = crate::encoding::parse(coding.map_or("", |header| header[1].as_str().unwrap())).unwrap();
    let body = std::fs::read(path.with_extension("body")).unwrap();
    let body = crate::encoding::decode(body, &layers, crate::encoding::Caps::STANDARD, &mut |_| Ok(())).unwrap();
    let envelope = crate::envelope::parse(&body).unwrap();
    let item = |item: &crate::envelope::RawItem<'_>| {
        Some(Recorded { file: path.display().to_string(), kind: Kind::from_item_type(&item.header.kind)?, payload: item.payload.to_vec() })
    };
    envelope.items.iter().filter_map(item).collect()
}

fn is_json(kind: Kind) -> bool {
    !is_binary(kind)
}

#[test]
fn no_secret_of_a_recorded_program_is_kept() {
    let scrubber = Scrubber::for_project(&sample_project());
    let mut redactions = 0;
    for item in recorded().iter().filter(|item| is_json(item.kind)) {
        let scrubbed = scrubber.scrub(item.kind, &item.payload).unwrap_or_else(|error| panic!("{}: {error}", item.file));
        redactions += scrubbed.redactions;
        let text = String::from_utf8(scrubbed.bytes).unwrap();
        for secret in ["hunter2", "secret123", "4111111111111111", "deadbeef;", "sk_live_should_be_scrubbed"] {
            assert!(!text.contains(secret), "{secret} of {}", item.file);
        }
        let again = scrubber.scrub(item.kind, text.as_bytes()).unwrap();
        assert_eq!((again.redactions, String::from_utf8(again.bytes).unwrap()), (0, text), "{}", item.file);
    }
    assert!(redactions > 50 || recorded().is_empty(), "{redactions}");
}

#[test]
fn everything_but_secrets_of_a_recorded_payload_stays() {
    let scrubber = Scrubber::for_project(&sample_project());
    for item in recorded().iter().filter(|item| is_json(item.kind)) {
        let before: Value = serde_json::from_slice(&item.payload).unwrap();
        let after: Value = serde_json::from_slice(&scrubber.scrub(item.kind, &item.payload).unwrap().bytes).unwrap();
        same(&before, &after, &mut Vec::new(), &item.file);
    }
}

/// Equal but for what reads `[Filtered]` now, the types of such attributes, and `_meta`.
fn same(before: &Value, after: &Value, path: &mut Vec<String>, file: &str) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (name, value) in before.iter().filter(|(name, _)| *name != "_meta") {
                path.push(name.clone());
                same(value, &after[name], path, file);
                path.pop();
            }
            assert!(after.keys().all(|name| name == "_meta" || before.contains_key(name)), "{file}: {path:?}");
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (at, (before, after)) in before.iter().zip(after).enumerate() {
                path.push(at.to_string());
                same(before, after, path, file);
                path.pop();
            }
        }
        (_, Value::String(text)) if text.contains(FILTERED) => {
            let is_ours = ["request", "vars", "context_line", "pre_context", "post_context", "attributes", "data"];
            assert!(path.iter().any(|step| is_ours.contains(&step.as_str())), "{file}: {path:?} reads {text}");
        }
        (Value::String(_), Value::String(text)) if text == "string" && path.last().is_some_and(|step| step == "type") => {}
        _ => assert_eq!(before, after, "{file}: {path:?}"),
    }
}

#[test]
fn recorded_payloads_need_less_than_a_quarter_of_their_room() {
    let scrubber = Scrubber::for_project(&sample_project());
    let (mut raw, mut stored) = (0, 0);
    // One event of 900 kB, a stack of 1,000 equal frames, would say nothing about the others.
    for item in recorded().iter().filter(|item| is_json(item.kind) && item.payload.len() < 100_000) {
        let packed = crate::pack::pack(&scrubber.scrub(item.kind, &item.payload).unwrap().bytes);
        raw += item.payload.len();
        stored += packed.bytes.len();
        assert!(
            packed.bytes.len() <= item.payload.len() * 6 / 10 || item.payload.len() < 500,
            "{}: {} of {}",
            item.file,
            packed.bytes.len(),
            item.payload.len()
        );
    }
    assert!(stored * 4 <= raw, "{stored} of {raw}");
}

/// `HERMETIC_SLOW=1 cargo nextest run --release -p ingest speed`: what the door spends on 10 kB.
#[test]
fn speed_of_scrubbing_and_packing() {
    if std::env::var_os("HERMETIC_SLOW").is_none() {
        eprintln!("SKIPPED: a measurement: says something in a release build on a quiet machine; HERMETIC_SLOW=1 runs it");
        return;
    }
    let scrubber = Scrubber::for_project(&sample_project());
    let items: Vec<Recorded> = recorded().into_iter().filter(|item| is_json(item.kind) && item.payload.len() < 100_000).collect();
    let units = items.iter().map(|item| item.payload.len()).sum::<usize>() as f64 / 10_000.0;
    let clean: Vec<Vec<u8>> = items.iter().map(|item| scrubber.scrub(item.kind, &item.payload).unwrap().bytes).collect();
    let best = |work: &dyn Fn()| {
        let time = |()| {
            let began = Stopwatch::start();
            work();
            began.elapsed().as_secs_f64() * 1e6 / units
        };
        (0..20).map(|_| time(())).fold(f64::MAX, f64::min)
    };
    let scrubbing = best(&|| items.iter().for_each(|item| drop(scrubber.scrub(item.kind, &item.payload))));
    let packing = best(&|| clean.iter().for_each(|payload| drop(crate::pack::pack(payload))));
    eprintln!("per 10 kB: scrubbing {scrubbing:.0} µs, packing {packing:.0} µs");
    assert!(scrubbing <= 150.0 && packing <= 60.0, "scrubbing {scrubbing:.0} µs, packing {packing:.0} µs");
}
