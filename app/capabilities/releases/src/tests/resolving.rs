//! Frames led back to the source, through the doors that sentry-cli uses.

use capability::frames::{Build, BuiltFrame, Frames as _, SourceFrame};
use identity::projects::Project;
use serde_json::json;
use testkit::TestHouse;

use super::shop::{BUILT, BUNDLE, Cli, DEBUG_ID, MAP, STACK, bundle, plain_bundle};
use super::{house, project};
use crate::resolve::Resolver;
use crate::store::misses;

/// All frames of the shop's stack, as an event names them.
async fn resolve(
    house: &TestHouse,
    project: &Project,
    path: &str,
    debug_id: Option<&str>,
    build: Build<'static>,
) -> Vec<Option<SourceFrame>> {
    let frames: Vec<(String, Option<String>, &str, u32, u32)> =
        STACK.iter().map(|(name, line, column)| (path.to_owned(), debug_id.map(str::to_owned), *name, *line, *column)).collect();
    let (cx, id) = (house.cx.clone(), project.id);
    tokio::task::spawn_blocking(move || {
        let frames: Vec<BuiltFrame<'_>> = frames
            .iter()
            .map(|(path, debug_id, name, line, column)| BuiltFrame {
                path,
                debug_id: debug_id.as_deref(),
                line: *line,
                column: Some(*column),
                function: Some(*name).filter(|name| !name.is_empty()),
            })
            .collect();
        Resolver.resolve(&cx, id, build, &frames).unwrap()
    })
    .await
    .unwrap()
}

fn places(frames: &[Option<SourceFrame>]) -> Vec<String> {
    let place = |frame: &SourceFrame| format!("{}:{} {}", frame.file, frame.line, frame.function.as_deref().unwrap_or("-"));
    frames.iter().map(|frame| frame.as_ref().map_or_else(|| "none".to_owned(), place)).collect()
}

async fn reasons(house: &TestHouse, project: &Project, release: &str) -> Vec<String> {
    let (id, release) = (project.id, release.to_owned());
    let missed = house.cx.telemetry.read(move |r| misses::list(r, id, &release, 100)).await.unwrap();
    missed.into_iter().map(|miss| format!("{} {}", miss.file, miss.reason)).collect()
}

/// What node wrote for the same error, with its own `--enable-source-maps`.
const EXPECTED: [&str; 6] = [
    "src/app.ts:21 -",
    "src/app.ts:15 checkoutAll",
    "src/app.ts:16 -",
    "src/app.ts:10 checkout",
    "src/shop.ts:8 -",
    "src/shop.ts:14 sumOf",
];

fn with_release(release: &'static str) -> Build<'static> {
    Build { release: Some(release), dist: None }
}

#[tokio::test]
async fn a_stack_is_led_back_by_debug_id_whatever_the_file_is_called() {
    let house = house().await;
    let web = project(&house, "Web").await;
    assert_eq!(Cli::of(&house).await.upload(BUNDLE, &web, "web@1.0.0").await["state"], "ok");
    let frames = resolve_at(&house, &web, "https://cdn.example.com/x/renamed.js?v=3", Some(DEBUG_ID), INJECTED).await;
    assert_eq!(places(&frames), EXPECTED);
    let thrown = frames[5].as_ref().unwrap();
    assert_eq!(thrown.context_line.as_deref(), Some("    throw new RangeError(\"an order without lines\");"));
    assert_eq!(thrown.pre_context.last().map(String::as_str), Some("  if (lines.length === 0) {"));
    assert_eq!((thrown.pre_context.len(), thrown.post_context.len(), thrown.column), (5, 3, 11));
}

/// Lines that `inject` put before the shop: an empty one and its own.
const INJECTED: u32 = 2;

async fn resolve_at(house: &TestHouse, project: &Project, path: &str, debug_id: Option<&str>, lines: u32) -> Vec<Option<SourceFrame>> {
    let (cx, id, path, debug_id) = (house.cx.clone(), project.id, path.to_owned(), debug_id.map(str::to_owned));
    tokio::task::spawn_blocking(move || {
        let frames: Vec<BuiltFrame<'_>> = STACK
            .iter()
            .map(|(name, line, column)| BuiltFrame {
                path: &path,
                debug_id: debug_id.as_deref(),
                line: line + lines,
                column: Some(*column),
                function: Some(*name).filter(|name| !name.is_empty()),
            })
            .collect();
        Resolver.resolve(&cx, id, Build::default(), &frames).unwrap()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_stack_is_led_back_by_release_and_address_whatever_the_host() {
    let house = house().await;
    let web = project(&house, "Web").await;
    assert_eq!(Cli::of(&house).await.upload(&plain_bundle("~/static/"), &web, "web@2").await["state"], "ok");
    for path in [
        "https://a.example/static/app.min.js",
        "http://b.example:8080/static/app.min.js?x#y",
        "app:///static/app.min.js",
        "/static/app.min.js",
    ] {
        assert_eq!(places(&resolve(&house, &web, path, None, with_release("web@2")).await), EXPECTED, "{path}");
    }
    assert!(reasons(&house, &web, "web@2").await.is_empty());
    for (path, release) in [("https://a.example/app.min.js", "web@2"), ("https://a.example/static/app.min.js", "web@3")] {
        assert_eq!(places(&resolve(&house, &web, path, None, with_release(release)).await), ["none"; 6], "{path} {release}");
    }
    assert_eq!(reasons(&house, &web, "web@2").await, ["~/app.min.js unknown_url"]);
    assert_eq!(reasons(&house, &web, "web@3").await, ["~/static/app.min.js unknown_url"]);
}

#[tokio::test]
async fn another_dist_is_another_build() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    let (whole, chunk) = (plain_bundle("~/"), plain_bundle("~/"));
    cli.post_chunks(&[&chunk]).await.expect(200);
    let checksum = crate::upload::checksum_of(&whole).to_string();
    let body = json!({ "checksum": checksum, "chunks": [checksum], "projects": ["web"], "version": "1.0", "dist": "ios" });
    let answer = cli.send(http::Method::POST, "/api/0/organizations/acme/artifactbundle/assemble/", &body).await.expect(200);
    assert_eq!(answer.json::<serde_json::Value>()["state"], "ok");
    let build = |dist| Build { release: Some("1.0"), dist };
    assert_eq!(places(&resolve(&house, &web, "app:///app.min.js", None, build(Some("ios"))).await), EXPECTED);
    for dist in [None, Some("android")] {
        assert_eq!(places(&resolve(&house, &web, "app:///app.min.js", None, build(dist)).await), ["none"; 6], "{dist:?}");
    }
}

#[tokio::test]
async fn the_first_of_many_dists_is_found_as_the_last_one_is() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    let whole = plain_bundle("~/");
    cli.post_chunks(&[&whole]).await.expect(200);
    let checksum = crate::upload::checksum_of(&whole).to_string();
    for dist in 1..=20 {
        let body = json!({ "checksum": checksum, "chunks": [checksum], "projects": ["web"], "version": "1.0", "dist": dist.to_string() });
        let answer = cli.send(http::Method::POST, "/api/0/organizations/acme/artifactbundle/assemble/", &body).await.expect(200);
        assert_eq!(answer.json::<serde_json::Value>()["state"], "ok");
    }
    for dist in ["1", "20"] {
        let build = Build { release: Some("1.0"), dist: Some(dist) };
        assert_eq!(places(&resolve(&house, &web, "app:///app.min.js", None, build).await), EXPECTED, "{dist}");
    }
}

#[tokio::test]
async fn a_source_beside_its_map_is_found_however_often_the_program_was_uploaded_since() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    let id = |number: u32| format!("00000000-0000-4000-8000-{number:012}");
    for number in 1..=20 {
        let mut map: serde_json::Value = serde_json::from_str(MAP).unwrap();
        map["sourcesContent"] = json!(null);
        map["sources"] = json!(["shop.ts", "app.ts"]);
        let source = format!("// build {number}\n").repeat(40);
        let files = [
            ("a", json!({ "type": "source_map", "url": "~/app.min.js.map", "headers": { "debug-id": id(number) } }), map.to_string()),
            ("b", json!({ "type": "source", "url": "~/shop.ts", "headers": {} }), source),
        ];
        let files: Vec<(&str, serde_json::Value, &[u8])> =
            files.iter().map(|(name, entry, contents)| (*name, entry.clone(), contents.as_bytes())).collect();
        assert_eq!(cli.upload(&bundle(&files), &web, "").await["state"], "ok");
    }
    for number in [1, 20] {
        let frames = resolve_at(&house, &web, "https://a.example/app.min.js", Some(&id(number)), 0).await;
        let line = frames[5].as_ref().unwrap().context_line.clone();
        assert_eq!(line, Some(format!("// build {number}")));
    }
}

#[tokio::test]
async fn one_project_never_reads_the_maps_of_another() {
    let house = house().await;
    let (web, other) = (project(&house, "Web").await, project(&house, "Other").await);
    let cli = Cli::of(&house).await;
    cli.upload(BUNDLE, &web, "web@1.0.0").await;
    cli.upload(&plain_bundle("~/"), &web, "web@1.0.0").await;
    // So that the other has something, too, and is looked up at all.
    let map = json!({ "type": "source_map", "url": "~/x.js.map", "headers": {} });
    cli.upload(&bundle(&[("x", map, MAP.as_bytes())]), &other, "web@1.0.0").await;
    let frames = resolve_at(&house, &other, "https://a.example/app.min.js", Some(DEBUG_ID), INJECTED).await;
    assert_eq!(places(&frames), ["none"; 6], "by debug id");
    let frames = resolve(&house, &other, "https://a.example/app.min.js", None, with_release("web@1.0.0")).await;
    assert_eq!(places(&frames), ["none"; 6], "by address");
}

#[tokio::test]
async fn a_map_inside_the_built_file_is_read() {
    use base64::Engine as _;
    let house = house().await;
    let web = project(&house, "Web").await;
    let encoded = base64::engine::general_purpose::STANDARD.encode(MAP);
    let plain = BUILT.split("//# sourceMappingURL").next().unwrap();
    let percent: String = MAP.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let forms = [
        ("1", format!("{plain}//# sourceMappingURL=data:application/json;charset=utf-8;base64,{encoded}\n")),
        ("2", format!("{plain}/*# sourceMappingURL=data:application/json;base64,{} */\n", encoded.trim_end_matches('='))),
        ("3", format!("{plain}//# sourceMappingURL=data:application/json,{percent}")),
    ];
    let cli = Cli::of(&house).await;
    for (release, built) in forms {
        let entry = json!({ "type": "minified_source", "url": "~/app.min.js", "headers": {} });
        assert_eq!(cli.upload(&bundle(&[("a", entry, built.as_bytes())]), &web, release).await["state"], "ok");
        assert_eq!(places(&resolve(&house, &web, "http://a/app.min.js", None, with_release(release)).await), EXPECTED, "{release}");
    }
}

#[tokio::test]
async fn the_reference_in_the_file_leads_to_the_map_beside_it() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let built = BUILT.replace("app.min.js.map", "../maps/app.map");
    let files = [
        ("a", json!({ "type": "minified_source", "url": "~/js/app.min.js", "headers": {} }), built.as_bytes()),
        ("b", json!({ "type": "source_map", "url": "~/maps/app.map", "headers": {} }), MAP.as_bytes()),
    ];
    Cli::of(&house).await.upload(&bundle(&files), &web, "3").await;
    assert_eq!(places(&resolve(&house, &web, "http://a/js/app.min.js", None, with_release("3")).await), EXPECTED);
}

#[tokio::test]
async fn files_of_the_older_way_are_found_and_told_apart_by_their_name() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    let path = "/api/0/projects/acme/web/releases/old%401/files/";
    for (name, bytes) in [("~/app.min.js", BUILT), ("~/app.min.js.map", MAP), ("~/copy.js.map", MAP)] {
        let parts =
            [("file", Some("blob"), bytes.as_bytes()), ("name", None, name.as_bytes()), ("header", None, b"Sourcemap: app.min.js.map")];
        let told: serde_json::Value = cli.post_parts(path, &parts).await.expect(201).json();
        assert_eq!((told["name"].as_str().unwrap(), told["size"].as_u64().unwrap()), (name, bytes.len() as u64));
    }
    assert_eq!(places(&resolve(&house, &web, "http://a/app.min.js", None, with_release("old@1")).await), EXPECTED);
    let listed: Vec<serde_json::Value> = cli.get(path).await.expect(200).json();
    assert_eq!(listed.len(), 3);
    let id = listed.iter().find(|file| file["name"] == "~/app.min.js.map").unwrap()["id"].as_str().unwrap().to_owned();
    let (cli, path) = (&cli, path);
    let delete = |id: String| async move { cli.send(http::Method::DELETE, &format!("{path}{id}/"), &json!({})).await.code.as_u16() };
    assert_eq!((delete(id.clone()).await, delete(id).await), (204, 404));
    assert_eq!(places(&resolve(&house, &web, "http://a/app.min.js", None, with_release("old@1")).await), ["none"; 6]);
    assert_eq!(reasons(&house, &web, "old@1").await, ["~/app.min.js without_map"]);
}

#[tokio::test]
async fn why_a_frame_is_not_readable_is_noted_once_a_day() {
    let house = house().await;
    let web = project(&house, "Web").await;
    for _ in 0..3 {
        resolve(&house, &web, "https://a.example/app.js", None, with_release("5")).await;
    }
    assert_eq!(reasons(&house, &web, "5").await, ["~/app.js nothing_uploaded"]);
    let cli = Cli::of(&house).await;
    let files = [
        ("a", json!({ "type": "source_map", "url": "~/broken.js.map", "headers": {} }), b"{\"mappings\":".as_slice()),
        ("b", json!({ "type": "minified_source", "url": "~/alone.js", "headers": {} }), b"alone()"),
        (
            "c",
            json!({ "type": "source_map", "url": "~/other.js.map", "headers": {} }),
            br#"{"version":3,"sources":["a"],"names":[],"mappings":"AAAA"}"#,
        ),
    ];
    cli.upload(&bundle(&files), &web, "6").await;
    // Uneven steps, so that it is no bomb to the door.
    let places: String =
        (0..1_500_000_u32).map(|at| ["CAAA,", "EAAA,", "GAAA,", "IAAC,"][(at.wrapping_mul(2_654_435_761) >> 30) as usize]).collect();
    let many = json!({ "version": 3, "sources": ["a"], "names": [], "mappings": places }).to_string();
    let huge = [("d", json!({ "type": "source_map", "url": "~/huge.js.map", "headers": {} }), many.as_bytes())];
    cli.upload(&bundle(&huge), &web, "6").await;
    for file in ["broken.js", "alone.js", "other.js", "huge.js"] {
        resolve(&house, &web, &format!("https://a.example/{file}"), None, with_release("6")).await;
    }
    resolve(&house, &web, "https://a.example/app.js", Some("0f0f0f0f-0000-4000-8000-000000000001"), with_release("6")).await;
    resolve(&house, &web, "https://a.example/app.js", None, Build::default()).await;
    let found = reasons(&house, &web, "6").await;
    let wanted = [
        "~/alone.js without_map",
        "~/app.js (0f0f0f0f-0000-4000-8000-000000000001) unknown_debug_id",
        "~/broken.js broken_map",
        "~/huge.js too_large_map",
    ];
    assert_eq!(found, wanted, "a map that maps the line but ends before the column still answers");
    assert_eq!(reasons(&house, &web, "").await, ["~/app.js nothing_named"]);
}

#[tokio::test]
async fn frames_of_servers_cost_nothing_and_are_not_told_as_missing() {
    let house = house().await;
    let web = project(&house, "Web").await;
    for path in
        ["node:internal/timers", "/srv/app/main.py", "src/main.rs", "chrome-extension://abc/x.js", "/srv/node_modules/pg/lib/client.js"]
    {
        assert_eq!(places(&resolve(&house, &web, path, None, with_release("7")).await), ["none"; 6]);
    }
    assert!(reasons(&house, &web, "7").await.is_empty());
}
