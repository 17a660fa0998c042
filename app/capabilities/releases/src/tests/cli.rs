//! The API of sentry-cli: its recorded requests, and the protocol of uploads.

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};
use testkit::recorded;

use super::shop::{BUNDLE, Cli, form};
use super::{house, project};
use crate::upload::{CHUNK_BYTES, REQUEST_BYTES, checksum_of};

/// Sends them with our key instead of the recorded one.
async fn replay(cli: &Cli, folder: &str) -> Vec<Value> {
    let mut answers = Vec::new();
    for recorded::Request { method, path, headers, body, .. } in recorded::requests(&format!("cli/{folder}")) {
        let mut request = Request::builder().method(method.as_str()).uri(&path);
        for (name, value) in headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("authorization")) {
            request = request.header(name, value);
        }
        let answer = cli.client.call(request.body(Body::from(body)).unwrap()).await;
        assert!(answer.code.is_success(), "{path}: {} {}", answer.code, answer.body);
        answers.push(answer.json());
    }
    answers
}

#[tokio::test]
async fn the_recorded_requests_about_releases_are_answered_and_do_what_they_say() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    let answers = replay(&cli, "releases").await;
    if answers.is_empty() {
        return;
    }
    assert_eq!((&answers[0]["version"], &answers[0]["projects"][0]["slug"]), (&json!("web@3.1.0"), &json!("web")));
    assert_eq!(answers[1]["dateReleased"], "2026-11-23T09:19:55.836Z");
    let release = house.cx.read(move |r| ingest::store::find_release(r, web.id, "web@3.1.0")).await.unwrap().unwrap();
    assert_eq!(release.released_at.unwrap().rfc3339_millis(), "2026-11-23T09:19:55.836Z");
    let deploys: Vec<Value> = cli.get("/api/0/organizations/acme/releases/web@3.1.0/deploys/").await.expect(200).json();
    assert_eq!((deploys.len(), &deploys[0]["environment"]), (1, &json!("production")));
}

#[tokio::test]
async fn the_recorded_wishes_to_assemble_name_every_chunk_as_missing() {
    let house = house().await;
    project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    for answer in replay(&cli, "sourcemaps").await.iter().skip(1) {
        assert_eq!(answer["state"], "not_found");
        assert_eq!(answer["missingChunks"], json!(["a9d1befdd1ab53e572f836c2b67df7c7297b856e"]));
    }
    for answer in replay(&cli, "dif").await.iter().skip(2) {
        let one = &answer["29043e29b1d8758aa932649aa2bc54842f25017d"];
        assert_eq!((&one["state"], one["missingChunks"].as_array().unwrap().len()), (&json!("not_found"), 7));
    }
}

#[tokio::test]
async fn what_clients_are_told_fits_what_the_server_takes() {
    let house = house().await;
    let cli = Cli::of(&house).await;
    let told: Value = cli.get("/api/0/organizations/acme/chunk-upload/").await.expect(200).json();
    assert_eq!(told["url"], "http://hermetic.example/api/0/organizations/acme/chunk-upload/");
    assert!(CHUNK_BYTES.is_power_of_two() && told["chunkSize"] == CHUNK_BYTES);
    let largest_body = web::ServeOptions::standard().max_body_bytes;
    assert!(REQUEST_BYTES + 64 * 1024 < largest_body, "with the form around the chunks");
}

#[tokio::test]
async fn uploads_go_to_the_name_by_which_the_client_reached_this_server() {
    let house = house().await;
    let cli = Cli::of(&house).await;
    let ask = |host: &'static str, forwarded: Option<&'static str>| {
        let mut request = Request::get("/api/0/organizations/a%2Fb/chunk-upload/").header("host", host);
        if let Some(scheme) = forwarded {
            request = request.header("x-forwarded-proto", scheme);
        }
        let client = &cli.client;
        async move { client.call(request.body(Body::empty()).unwrap()).await.expect(200).json::<Value>()["url"].as_str().unwrap().to_owned() }
    };
    assert_eq!(ask("10.0.0.7:8080", None).await, "http://10.0.0.7:8080/api/0/organizations/a%2Fb/chunk-upload/");
    assert_eq!(ask("errors.example.org", Some("https")).await, "https://errors.example.org/api/0/organizations/a%2Fb/chunk-upload/");
    assert_eq!(ask("x.example", Some("javascript")).await, "http://x.example/api/0/organizations/a%2Fb/chunk-upload/");
    assert_eq!(ask("127.0.0.1:8080", Some("https")).await, "http://hermetic.example/api/0/organizations/a%2Fb/chunk-upload/");
    assert_eq!(ask("[::1]:8080", None).await, "http://[::1]:8080/api/0/organizations/a%2Fb/chunk-upload/", "on the machine itself");
    assert_eq!(ask("HERMETIC.example", Some("https")).await, "http://hermetic.example/api/0/organizations/a%2Fb/chunk-upload/");
}

#[tokio::test]
async fn only_what_is_missing_is_asked_for_and_only_what_is_here_is_skipped() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    let (first, second) = BUNDLE.split_at(1_000);
    let chunks = [first, second];
    let ask = || cli.assemble(BUNDLE, &chunks, &web, "web@1");
    let missing = |answer: Value| answer["missingChunks"].as_array().unwrap().len();
    assert_eq!(missing(ask().await), 2);
    cli.post_chunks(&[first]).await.expect(200);
    let answer = ask().await;
    assert_eq!(answer["missingChunks"], json!([checksum_of(second).to_string()]));
    cli.post_chunks(&[second]).await.expect(200);
    assert_eq!(ask().await["state"], "ok");
    assert_eq!(ask().await, json!({ "state": "ok", "missingChunks": [], "detail": null }), "again");
    // For another release it is another upload, and its chunks are still here.
    assert_eq!(cli.assemble(BUNDLE, &[first, second], &web, "web@2").await["state"], "ok");
    // What was deleted must not be taken for present.
    house.cx.telemetry.write(move |tx| crate::store::artifacts::remove_some_of_release(tx, web.id, "web@1", 9)).await.unwrap();
    let web = project_again(&house).await;
    house.clock.advance(crate::settings::CHUNKS_KEPT * 2);
    house.pass(kernel::time::HOUR).await;
    let answer = cli.assemble(BUNDLE, &[first, second], &web, "web@1").await;
    assert_eq!((&answer["state"], missing(answer.clone())), (&json!("not_found"), 2));
}

async fn project_again(house: &testkit::TestHouse) -> identity::projects::Project {
    house.cx.read(|r| Ok(identity::store::find_project_by_slug(r, "web")?.unwrap())).await.unwrap()
}

#[tokio::test]
async fn a_bundle_of_many_chunks_comes_together_byte_by_byte() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let mut state = 1_u32;
    let noise: Vec<u8> = (0..3_300_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_le_bytes()[3]
        })
        .collect();
    let entry = |name: &str| json!({ "type": "source", "url": format!("~/{name}"), "headers": {} });
    let whole = super::shop::bundle(&[("a", entry("noise"), &noise), ("b", entry("map"), super::shop::MAP.as_bytes())]);
    let chunks: Vec<&[u8]> = whole.chunks(CHUNK_BYTES as usize).collect();
    assert_eq!(chunks.len(), 4);
    let cli = Cli::of(&house).await;
    cli.assemble(&whole, &chunks, &web, "1").await;
    // Two at a time, the later ones first.
    cli.post_chunks(&chunks[2..]).await.expect(200);
    cli.post_chunks(&chunks[..2]).await.expect(200);
    assert_eq!(cli.assemble(&whole, &chunks, &web, "1").await["state"], "ok");
    let kept = house
        .cx
        .telemetry
        .read(move |r| {
            let files = crate::store::artifacts::list_of_release(r, web.id, "1", 0, 9)?;
            let contents = files.iter().map(|file| Ok((file.blob.size, crate::store::artifacts::read_blob(r, file.blob.id)?.unwrap())));
            contents.collect::<kernel::Result<Vec<_>>>()
        })
        .await
        .unwrap();
    let contents: Vec<Vec<u8>> = kept.iter().map(|(size, packed)| crate::upload::unpack_contents(packed, *size).unwrap()).collect();
    assert!(contents[0] == noise && contents[1] == super::shop::MAP.as_bytes());
    // In another order the same pieces are another file.
    let mut shuffled = chunks.clone();
    shuffled.swap(0, 1);
    let told = cli.assemble(&whole, &shuffled, &web, "2").await;
    assert!(told["detail"].as_str().unwrap().contains("do not make up the file"), "{told}");
}

#[tokio::test]
async fn the_others_are_told_once_what_came_in() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    cli.upload(BUNDLE, &web, "web@1.0.0").await;
    cli.upload(BUNDLE, &web, "web@1.0.0").await;
    let facts = house.cx.read(facts).await.unwrap();
    assert_eq!(facts.len(), 1, "{facts:?}");
    let fact: Value = serde_json::from_str(&facts[0]).unwrap();
    assert!(facts[0].contains(super::shop::DEBUG_ID) && facts[0].contains("web@1.0.0"), "{fact}");
}

fn facts(r: &db::Reader<'_>) -> kernel::Result<Vec<String>> {
    r.rows("select payload from work_facts where kind = 'artifacts_added' order by id", [], |row| row.get(0))
}

#[tokio::test]
async fn an_upload_whose_telling_was_cut_off_is_told_later() {
    let house = house().await;
    let web = project(&house, "Web").await;
    Cli::of(&house).await.upload(BUNDLE, &web, "1").await;
    house.cx.telemetry.write(|tx| tx.run("update releases_bundles set announced_at = null", [])).await.unwrap();
    house.pass(kernel::time::MINUTE * 5).await;
    assert_eq!(house.cx.read(facts).await.unwrap().len(), 2, "told again");
    house.pass(kernel::time::MINUTE * 5).await;
    assert_eq!(house.cx.read(facts).await.unwrap().len(), 2, "and then no more");
}

#[tokio::test]
async fn debug_files_are_kept_and_what_is_none_is_refused() {
    let house = house().await;
    project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0".to_vec();
    elf.resize(3_000, 7);
    let text = b"this is no debug file".to_vec();
    let mut asked = serde_json::Map::new();
    for (name, file) in [("app", &elf), ("notes", &text)] {
        cli.post_chunks(&[file]).await.expect(200);
        let checksum = checksum_of(file).to_string();
        let wish = json!({ "name": name, "debug_id": "6d3fce33-e8fe-90e9-3ccd-6969977cfb50", "chunks": [checksum] });
        asked.insert(checksum, wish);
    }
    let path = "/api/0/projects/acme/web/files/difs/assemble/";
    let told: Value = cli.send(Method::POST, path, &Value::Object(asked)).await.expect(200).json();
    let elf_told = &told[checksum_of(&elf).to_string()];
    assert_eq!((&elf_told["state"], &elf_told["dif"]["debugId"]), (&json!("ok"), &json!("6d3fce33-e8fe-90e9-3ccd-6969977cfb50")));
    let text_told = &told[checksum_of(&text).to_string()];
    assert_eq!(text_told["state"], "error");
    assert!(text_told["detail"].as_str().unwrap().contains("no debug file"));
    // A client that polls names no chunks: what is done stays done.
    let poll = json!({ checksum_of(&elf).to_string(): { "name": "app", "chunks": [] } });
    assert_eq!(cli.send(Method::POST, path, &poll).await.expect(200).json::<Value>()[checksum_of(&elf).to_string()]["state"], "ok");
    let listed: Vec<Value> =
        cli.get(&format!("/api/0/projects/acme/web/files/dsyms/?checksums={}", checksum_of(&elf))).await.expect(200).json();
    assert_eq!(listed[0]["objectName"], "app");
}

#[tokio::test]
async fn releases_are_made_changed_listed_and_deleted() {
    let house = house().await;
    let (web, api) = (project(&house, "Web").await, project(&house, "Api").await);
    let cli = Cli::of(&house).await;
    let releases = "/api/0/organizations/acme/releases/";
    let body = json!({ "version": "v/1", "projects": ["web", api.id.to_string()] });
    let made: Value = cli.send(Method::POST, releases, &body).await.expect(201).json();
    assert_eq!(made["projects"].as_array().unwrap().len(), 2);
    cli.send(Method::POST, releases, &body).await.expect(200);
    let commits = json!({ "commits": [{ "id": "abc123", "message": "Mend it", "author_name": "Ada", "repository": "shop" }] });
    cli.send(Method::PUT, &format!("{releases}v%2F1/"), &commits).await.expect(200);
    let told: Vec<Value> = cli.get(&format!("{releases}v%2F1/commits/")).await.expect(200).json();
    assert_eq!(told[0]["message"], "Mend it");
    let previous: Value = cli.get(&format!("{releases}v%2F2/previous-with-commits/")).await.expect(200).json();
    assert_eq!(previous["lastCommit"]["id"], "abc123");
    cli.send(Method::DELETE, "/api/0/projects/acme/api/releases/v%2F1/", &json!({})).await.expect(204);
    let left: Value = cli.get(&format!("{releases}v%2F1/")).await.expect(200).json();
    assert_eq!(left["projects"].as_array().unwrap().len(), 1, "{left}");
    cli.send(Method::DELETE, &format!("{releases}v%2F1/"), &json!({})).await.expect(204);
    cli.get(&format!("{releases}v%2F1/")).await.expect(404);
    assert_eq!(cli.get("/api/0/projects/acme/web/releases/").await.expect(200).json::<Vec<Value>>(), Vec::<Value>::new());
    // Reported again, it is there again.
    cli.send(Method::POST, releases, &json!({ "version": "v/1", "projects": ["web"] })).await.expect(200);
    assert_eq!(cli.get("/api/0/projects/acme/web/releases/").await.expect(200).json::<Vec<Value>>().len(), 1);
    let _ = web;
}

#[tokio::test]
async fn commits_are_looked_for_since_the_release_before_and_never_in_another_projects_repository() {
    let house = house().await;
    // By name it stands before the other.
    project(&house, "Api").await;
    project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    let releases = "/api/0/organizations/acme/releases/";
    for (version, slug, commit) in [("web@1", "web", "w1"), ("web@2", "web", "w2"), ("api@1", "api", "a1"), ("web@3", "web", "w3")] {
        let body = json!({ "version": version, "projects": [slug], "commits": [{ "id": commit }, { "id": "older" }] });
        let made: Value = cli.send(Method::POST, releases, &body).await.expect(201).json();
        assert_eq!((&made["commitCount"], &made["deployCount"]), (&json!(2), &json!(0)));
    }
    cli.send(Method::POST, releases, &json!({ "version": "web@4", "projects": ["web"] })).await.expect(201);
    let previous = |version: &'static str| {
        let cli = &cli;
        async move {
            cli.get(&format!("{releases}{version}/previous-with-commits/")).await.expect(200).json::<Value>()["lastCommit"]["id"].clone()
        }
    };
    assert_eq!(previous("web@4").await, "w3", "not of the other project");
    assert_eq!(previous("web@2").await, "w1", "not a later one");
    assert_eq!(previous("api@1").await, Value::Null, "there is none before");
    assert_eq!(previous("new@1").await, "w3", "not made yet: after all others");
    for _ in 0..2 {
        cli.send(Method::POST, &format!("{releases}web@1/deploys/"), &json!({ "environment": "production" })).await.expect(201);
    }
    assert_eq!(cli.get(&format!("{releases}web@1/")).await.expect(200).json::<Value>()["deployCount"], 2);
}

#[tokio::test]
async fn older_clients_send_debug_files_in_one_archive() {
    let house = house().await;
    project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    let path = "/api/0/projects/acme/web/files/dsyms/";
    let mapping = b"# compiler: R8\na.b -> c:\n    1:1:void run() -> a\n";
    let archive = super::shop::zip(&[
        ("proguard/5db7294d-87fc-4726-a5c0-4a90679657a5.txt", mapping),
        ("README.txt", b"not for anybody"),
        ("lib/libapp.so", b"\x7fELF\x02\x01\x01"),
    ]);
    let told: Vec<Value> = cli.post_parts(path, &[("file", Some("mapping.zip"), &archive)]).await.expect(200).json();
    assert_eq!(
        told.iter().map(|file| file["objectName"].as_str().unwrap()).collect::<Vec<_>>(),
        ["lib/libapp.so", "proguard/5db7294d-87fc-4726-a5c0-4a90679657a5.txt"]
    );
    assert_eq!(told[1]["debugId"], "5db7294d-87fc-4726-a5c0-4a90679657a5");
    let listed: Vec<Value> = cli.get(&format!("{path}?checksums={}", checksum_of(mapping))).await.expect(200).json();
    assert_eq!(listed.len(), 1);
    // One alone, and what is none.
    let alone: Vec<Value> = cli.post_parts(path, &[("file", Some("app.dSYM"), b"\xcf\xfa\xed\xfe")]).await.expect(200).json();
    assert_eq!(alone[0]["objectName"], "app.dSYM");
    assert_eq!(cli.post_parts(path, &[("file", Some("notes"), b"words")]).await.expect(200).body, "[]");
    cli.post_parts(path, &[("other", None, b"words")]).await.expect(400);
    assert_eq!(cli.post_parts(path, &[("file", Some("torn.zip"), &archive[..archive.len() - 30])]).await.code.as_u16(), 400);
    // In chunks it says by its name what it is.
    cli.post_chunks(&[mapping]).await.expect(200);
    let checksum = checksum_of(mapping).to_string();
    let wish = json!({ checksum.as_str(): { "name": "/proguard/5db7294d-87fc-4726-a5c0-4a90679657a5.txt", "chunks": [checksum] } });
    let told: Value = cli.send(Method::POST, "/api/0/projects/acme/web/files/difs/assemble/", &wish).await.expect(200).json();
    assert_eq!(told[checksum.as_str()]["state"], "ok");
}

#[tokio::test]
async fn a_long_list_of_files_says_where_it_goes_on_and_goes_with_one_word() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    let names: Vec<String> = (0..130).map(|number| format!("chunk-{number}.js.map")).collect();
    let entry = |name: &str| json!({ "type": "source_map", "url": format!("~/{name}"), "headers": {} });
    let files: Vec<(&str, Value, &[u8])> = names.iter().map(|name| (name.as_str(), entry(name), super::shop::MAP.as_bytes())).collect();
    assert_eq!(cli.upload(&super::shop::bundle(&files), &web, "1").await["state"], "ok");
    let path = "/api/0/projects/acme/web/releases/1/files/";
    let page = |cursor: String| {
        let cli = &cli;
        async move {
            let answer = cli.get(&format!("{path}?cursor={cursor}")).await.expect(200);
            let link = answer.header("link").to_owned();
            let next = link.split("cursor=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
            (answer.json::<Vec<Value>>().len(), link.contains("rel=\"next\"; results=\"true\""), next)
        }
    };
    let (first, has_more, next) = page(String::new()).await;
    assert_eq!((first, has_more), (100, true));
    let (second, has_more, _) = page(next).await;
    assert_eq!((second, has_more), (30, false));
    cli.send(Method::DELETE, "/api/0/projects/acme/web/files/source-maps/?name=1", &json!({})).await.expect(204);
    assert_eq!(page(String::new()).await.0, 0);
    cli.send(Method::DELETE, "/api/0/projects/acme/web/files/source-maps/?name=2", &json!({})).await.expect(404);
}

#[tokio::test]
async fn errors_are_told_in_the_words_that_clients_show() {
    let house = house().await;
    project(&house, "Web").await;
    project(&house, "Api").await;
    let cli = Cli::of(&house).await;
    let releases = "/api/0/organizations/acme/releases/";
    for (body, code, word) in [
        (json!({ "version": "1", "projects": ["nothing"] }), 404, "nothing"),
        (json!({ "version": "..", "projects": ["web"] }), 400, "200 characters"),
        (json!({ "version": "1" }), 400, "SENTRY_PROJECT"),
    ] {
        let answer = cli.send(Method::POST, releases, &body).await.expect(code);
        assert!(answer.json::<Value>()["detail"].as_str().unwrap().contains(word), "{}", answer.body);
    }
}

#[tokio::test]
async fn nobody_uploads_without_a_key_of_this_scope() {
    let house = house().await;
    project(&house, "Web").await;
    let body = form(&[("file", Some("x"), b"x")]);
    for (client, code) in [
        (house.visitor(), 401),
        (house.key(kernel::Role::Owner, &["alerts:write"]).await, 403),
        (house.key(kernel::Role::Viewer, &["releases:write"]).await, 403),
    ] {
        client.get("/api/0/organizations/acme/chunk-upload/").await.expect(code);
        let request = Request::post("/api/0/organizations/acme/chunk-upload/").header("content-type", "multipart/form-data; boundary=xXx");
        client.call(request.body(Body::from(body.clone())).unwrap()).await.expect(code);
    }
}

#[tokio::test]
async fn clients_find_their_way() {
    let house = house().await;
    project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    let version: Value = cli.get("/api/0/").await.expect(200).json();
    assert!(version["auth"]["scopes"].as_array().unwrap().contains(&json!("project:releases")));
    let organizations: Vec<Value> = cli.get("/api/0/organizations/?cursor=").await.expect(200).json();
    assert_eq!(organizations[0]["slug"], "hermetic");
    let projects: Vec<Value> = cli.get("/api/0/organizations/any/projects/?cursor=").await.expect(200).json();
    assert_eq!(projects[0]["slug"], "web");
    assert_eq!(cli.get("/api/0/organizations/any/repos/?cursor=").await.expect(200).body, "[]");
}
