//! Nothing that must not be kept is kept: not in the log, not in what was made of it, not in the bytes of the files.

use kernel::time::MINUTE;

use super::bench::{Bench, Recorded, payload};

const SECRETS: [(&str, &str); 4] = [
    // In the place of something that was recorded, secrets as people and programs write them.
    ("?tab=reports", "?token=S3CR3T-IN-URL"),
    ("loading customers", "mail to eve@secret.example"),
    ("/api/customers", "/api/c?api_key=S3CR3T-IN-FETCH"),
    ("Does nothing", "card 4111 1111 1111 1111"),
];
const NEVER: [&str; 5] = ["S3CR3T-IN-URL", "eve@secret.example", "S3CR3T-IN-FETCH", "4111 1111 1111 1111", "frank@secret.example"];

fn inflated(payload: &[u8]) -> (Vec<u8>, String) {
    use std::io::Read as _;
    let end = payload.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let mut json = String::new();
    if payload[end] == b'[' {
        json.push_str(std::str::from_utf8(&payload[end..]).unwrap());
    } else {
        flate2::read::ZlibDecoder::new(&payload[end..]).read_to_string(&mut json).unwrap();
    }
    (payload[..end].to_vec(), json)
}

#[tokio::test]
async fn secrets_that_were_not_masked_are_in_no_byte_that_is_kept() {
    let bench = Bench::new().await;
    let unmasked = Recorded::all().into_iter().find(|recorded| recorded.name == "unmasked").unwrap();
    let mut planted = 0;
    for envelope in &unmasked.envelopes {
        let (line, mut json) = inflated(&payload(envelope));
        for (before, after) in SECRETS {
            planted += json.matches(before).count();
            json = json.replace(before, after);
        }
        let recording = [&line[..], json.as_bytes()].concat();
        let mut body = format!("{}\n{{\"type\":\"replay_event\"}}\n", envelope.header).into_bytes();
        let told = &envelope.parts.iter().find(|part| part.kind() == "replay_event").unwrap().payload;
        let told = String::from_utf8(told.clone()).unwrap().replace("?tab=reports", "?token=S3CR3T-IN-URL&mail=frank@secret.example");
        body.extend_from_slice(told.as_bytes());
        body.extend_from_slice(format!("\n{{\"type\":\"replay_recording\",\"length\":{}}}\n", recording.len()).as_bytes());
        body.extend_from_slice(&recording);
        bench.report(body).await;
    }
    assert!(planted >= SECRETS.len(), "each of them was put in");
    // Before it is packed and after, in everything that is stored.
    for round in 0..2 {
        let items =
            bench.house.cx.telemetry.read(|r| ingest::store::next_batch(r, 0, &ingest::Kind::ALL, 10_000, usize::MAX)).await.unwrap().items;
        assert_eq!(items.is_empty(), round == 1);
        let mut kept: Vec<String> = items.iter().map(|item| String::from_utf8(item.payload().unwrap()).unwrap()).collect();
        bench.digest().await;
        let replay = bench.only().await;
        kept.push(format!("{replay:?}"));
        kept.push(serde_json::to_string(&bench.moments(&replay).await).unwrap());
        kept.push(serde_json::to_string(&bench.recorded(&replay).await).unwrap());
        for secret in NEVER {
            assert!(!kept.iter().any(|text| text.contains(secret)), "{secret} is kept (round {round})");
        }
        assert!(kept.iter().any(|text| text.contains("[Filtered]")));
        bench.house.clock.advance(MINUTE * 16);
        bench.repack().await;
    }
    // What is not packed stands in the files as it is.
    for entry in std::fs::read_dir(bench.house.folder()).unwrap().flatten().filter(|entry| entry.path().is_file()) {
        let bytes = std::fs::read(entry.path()).unwrap();
        for secret in NEVER {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} in {:?}", entry.path());
        }
    }
}

#[tokio::test]
async fn what_the_sdk_masked_comes_masked_and_nothing_else_does() {
    let bench = Bench::new().await;
    let session = Recorded::all().into_iter().find(|recorded| recorded.name == "session").unwrap();
    bench.send(&session).await;
    bench.digest().await;
    let replay = bench.only().await;
    let text = serde_json::to_string(&bench.recorded(&replay).await).unwrap();
    assert!(text.contains("*** ** * **********") && !text.contains("Does nothing"), "texts of the page are masked");
}
