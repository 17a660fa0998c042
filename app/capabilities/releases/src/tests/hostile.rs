//! What somebody might upload to do harm.

use serde_json::{Value, json};

use super::shop::{BUILT, BUNDLE, Cli, MAP, bundle, form, gzip, zip};
use super::{house, project};
use crate::upload::{CHUNK_BYTES, checksum_of};

const CHUNKS: &str = "/api/0/organizations/acme/chunk-upload/";

#[tokio::test]
async fn chunks_are_taken_only_under_their_own_checksum() {
    let house = house().await;
    let cli = Cli::of(&house).await;
    let right = checksum_of(b"chunk").to_string();
    let wrong = checksum_of(b"other").to_string();
    let bomb = gzip(&vec![0; 300 << 20]);
    assert!(bomb.len() < 3 << 20, "it fits into a request");
    let large = vec![1; CHUNK_BYTES as usize + 1];
    let large_name = checksum_of(&large).to_string();
    let cases: [(&str, &str, &[u8], u16); 9] = [
        ("file", &right, b"chunk", 200),
        ("file", &wrong, b"chunk", 400),
        ("file", "../../etc/passwd", b"chunk", 400),
        ("file", &right[..39], b"chunk", 400),
        ("file", "", b"chunk", 400),
        ("file", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", b"chunk", 400),
        ("file_gzip", &right, b"no gzip", 400),
        ("file_gzip", &right, &bomb, 413),
        ("file", &large_name, &large, 413),
    ];
    for (part, name, bytes, code) in cases {
        let answer = cli.post_parts(CHUNKS, &[(part, Some(name), bytes)]).await;
        assert_eq!(answer.code.as_u16(), code, "{part} {name}: {}", answer.body);
    }
    let many: Vec<(&str, Option<&str>, &[u8])> = (0..65).map(|_| ("file", Some(right.as_str()), b"chunk".as_slice())).collect();
    assert_eq!(cli.post_parts(CHUNKS, &many).await.code.as_u16(), 413);
}

#[tokio::test]
async fn checksums_of_wishes_are_looked_at_before_anything_else() {
    let house = house().await;
    project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    let good = "a".repeat(40);
    let path = "/api/0/organizations/acme/artifactbundle/assemble/";
    for (checksum, chunks) in [
        (json!("../x"), json!([])),
        (json!(good), json!(["../x"])),
        (json!(good), json!([7])),
        (json!(null), json!([good])),
        (json!(good), json!(vec![good.as_str(); 257])),
    ] {
        let body = json!({ "checksum": checksum, "chunks": chunks, "projects": ["web"] });
        let code = cli.send(http::Method::POST, path, &body).await.code.as_u16();
        assert!(matches!(code, 400 | 413), "{body} {code}");
    }
}

/// Uploads and gives the sentence of the refusal.
async fn refusal(bytes: &[u8]) -> String {
    let house = house().await;
    let web = project(&house, "Web").await;
    let told = Cli::of(&house).await.upload(bytes, &web, "1").await;
    assert_eq!(told["state"], "error", "{told}");
    let (blobs, bundles) = house
        .cx
        .telemetry
        .read(|r| Ok((crate::store::artifacts::sum_blobs(r)?.1, r.value::<i64>("select count(*) from releases_artifacts", [])?)))
        .await
        .unwrap();
    assert_eq!(bundles, 0, "nothing of it can be found ({blobs} contents wait to be swept)");
    told["detail"].as_str().unwrap().to_owned()
}

fn file(kind: &str) -> Value {
    json!({ "type": kind, "url": "~/a.js", "headers": {} })
}

#[tokio::test]
async fn what_is_no_bundle_is_refused_in_one_sentence() {
    assert!(refusal(b"nothing of the kind").await.contains("no bundle"));
    assert!(refusal(&zip(&[("a.js", b"a")])).await.contains("no manifest"));
    assert!(refusal(&zip(&[("manifest.json", b"{")])).await.contains("not readable"));
    assert!(refusal(&BUNDLE[..BUNDLE.len() - 30]).await.contains("no bundle"));
}

#[tokio::test]
async fn a_bomb_is_refused_by_what_it_would_unpack_to() {
    let zeros = vec![0; 40 << 20];
    assert!(refusal(&bundle(&[("a", file("source_map"), &zeros)])).await.contains("far more than it should"));
}

#[tokio::test]
async fn a_directory_that_lies_about_sizes_is_found_out_while_unpacking() {
    let honest = bundle(&[("a", file("source_map"), &[b'x'; 5_000])]);
    // The size stands in the directory of the archive: there it is made smaller, and the entry unpacks to more than promised.
    let at = honest.windows(4).rposition(|four| four == 5_000_u32.to_le_bytes()).unwrap();
    let mut lying = honest;
    lying[at..at + 4].copy_from_slice(&50_u32.to_le_bytes());
    assert!(refusal(&lying).await.contains("damaged"));
}

#[tokio::test]
async fn names_in_the_archive_are_keys_and_never_paths() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let names = ["../../../../etc/cron.d/x", "/etc/passwd", "C:\\x", "a\0b", "files/_/_/<script>alert(1)</script>.js"];
    let files: Vec<(&str, Value, &[u8])> = names
        .iter()
        .map(|name| (*name, json!({ "type": "source_map", "url": format!("~/{name}"), "headers": {} }), MAP.as_bytes()))
        .collect();
    assert_eq!(Cli::of(&house).await.upload(&bundle(&files), &web, "1").await["state"], "ok");
    let mut names: Vec<_> = std::fs::read_dir(house.folder()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    assert!(names.iter().all(|name| name.to_string_lossy().contains(".db")), "nothing but the two databases: {names:?}");
    let release = house.cx.read(move |r| ingest::store::find_release(r, web.id, "1")).await.unwrap().unwrap();
    let page = house.member(kernel::Role::Viewer).await.get(&format!("/releases/{}", release.id)).await.expect(200);
    assert!(!page.body.contains("<script>alert(1)"), "escaped");
}

#[tokio::test]
async fn of_two_entries_with_one_name_the_first_counts() {
    let manifest = json!({ "files": { "a": file("source_map") } }).to_string();
    let twice = zip(&[("a", MAP.as_bytes()), ("a", b"{}"), ("manifest.json", manifest.as_bytes())]);
    let house = house().await;
    let web = project(&house, "Web").await;
    assert_eq!(Cli::of(&house).await.upload(&twice, &web, "1").await["state"], "ok");
    let files = house.cx.telemetry.read(move |r| crate::store::artifacts::list_of_release(r, web.id, "1", 0, 9)).await.unwrap();
    assert_eq!(files.iter().map(|file| file.blob.size).collect::<Vec<_>>(), [MAP.len() as u64]);
}

#[tokio::test]
async fn kinds_that_the_manifest_makes_up_are_left_out() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let files = [
        ("a", file("indexed_ram_bundle"), BUILT.as_bytes()),
        ("b", file("debug_file"), b"\x7fELF".as_slice()),
        ("c", file("source"), b"x"),
    ];
    assert_eq!(Cli::of(&house).await.upload(&bundle(&files), &web, "1").await["state"], "ok");
    let files = house.cx.telemetry.read(move |r| crate::store::artifacts::list_of_release(r, web.id, "1", 0, 9)).await.unwrap();
    assert_eq!(files.iter().map(|file| file.kind.as_str()).collect::<Vec<_>>(), ["source"]);
}

#[tokio::test]
async fn whatever_happened_to_a_bundle_on_the_way_it_is_answered() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    let mut state = 7_usize;
    let mut states = std::collections::BTreeMap::new();
    for _ in 0..120 {
        let mut torn = BUNDLE.to_vec();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 20) % torn.len();
            torn[at] ^= u8::try_from((state >> 50) & 0xff).unwrap() | 1;
        }
        let told = cli.upload(&torn, &web, "1").await;
        *states.entry(told["state"].as_str().unwrap().to_owned()).or_insert(0) += 1;
    }
    assert!(states.keys().all(|state| matches!(state.as_str(), "ok" | "error")), "{states:?}");
    assert!(states["error"] > 60, "most damage is noticed: {states:?}");
}

#[tokio::test]
async fn a_form_that_is_none_is_refused_and_not_a_crash() {
    let house = house().await;
    project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    let whole = form(&[("file", Some("x"), b"chunk")]);
    for body in [&b""[..], b"--xXx", &whole[..whole.len() - 9], b"garbage"] {
        let request = http::Request::post(CHUNKS).header("content-type", "multipart/form-data; boundary=xXx");
        let answer = cli.client.call(request.body(axum::body::Body::from(body.to_vec())).unwrap()).await;
        assert!(answer.code.is_client_error() || answer.code.is_success(), "{}", answer.code);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]
    #[test]
    fn no_map_and_no_built_file_makes_the_reader_panic(
        text in "[ -~;,/#=sourceMappingURL\u{e9}\u{1f600}]{0,80}",
        mappings in "[A-Za-z0-9+/;,]{0,120}",
        line in 0_u32..5, column in 0_u32..200,
    ) {
        let raw = json!({ "version": 3, "sources": ["a", null], "names": ["n", 7], "mappings": mappings, "sourcesContent": [text, null],
            "x_facebook_sources": [[{ "names": ["f"], "mappings": mappings }], null] });
        if let Ok(map) = crate::sourcemap::SourceMap::parse(raw.to_string().as_bytes()) {
            let _ = map.lookup_line(line);
            let _ = crate::sourcemap::built::declared_name(&map, &text, line, column, "n");
            if let Some(place) = map.lookup(line, column) {
                let _ = crate::sourcemap::built::called_name(&place, Some(&text), line, column, "n");
            }
        }
        let _ = crate::sourcemap::SourceMap::parse(text.as_bytes());
        let _ = crate::sourcemap::reference::find(&text).map(crate::sourcemap::reference::inline);
        let _ = crate::model::artifact::joined_url(&text, &mappings);
    }
}
