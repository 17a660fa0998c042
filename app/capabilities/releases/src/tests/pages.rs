//! Pages and contributions.

use capability::{Capability as _, Subject};
use ingest::{Head, Kind, NewItem, pack};
use kernel::Role;
use kernel::ids::ProjectId;
use serde_json::{Value, json};
use testkit::TestHouse;

use super::shop::{BUNDLE, Cli, DEBUG_ID};
use super::{house, project};

async fn report(house: &TestHouse, project: ProjectId, release: &str, exited: u32, unhandled: u32, crashed: u32) {
    let started = house.clock.now().rfc3339();
    let rows = json!([{ "started": started, "did": "ada", "exited": exited, "unhandled": unhandled, "crashed": crashed }]);
    let payload = json!({ "attrs": { "release": release, "environment": "production" }, "aggregates": rows }).to_string();
    let payload = pack::pack(payload.as_bytes());
    let item = NewItem { project, kind: Kind::Sessions, event_id: None, head: Head::default(), payload, quantity: 1 };
    house.cx.telemetry.write(move |tx| ingest::store::append(tx, &item)).await.unwrap();
    house.digest().await;
}

async fn release_id(house: &TestHouse, project: ProjectId, version: &'static str) -> i64 {
    house.cx.read(move |r| ingest::store::find_release(r, project, version)).await.unwrap().unwrap().id.0
}

#[tokio::test]
async fn an_empty_house_says_the_next_step() {
    let house = house().await;
    let viewer = house.member(Role::Viewer).await;
    assert!(viewer.get("/releases").await.expect(200).body.contains("No project yet"));
    project(&house, "Web").await;
    let page = viewer.get("/releases").await.expect(200).body;
    assert!(
        page.contains("No release yet") && page.contains("SENTRY_URL=http://hermetic.example/") && page.contains("SENTRY_PROJECT=web"),
        "{page}"
    );
}

#[tokio::test]
async fn the_list_shows_health_with_what_it_rests_on() {
    let house = house().await;
    let web = project(&house, "Web").await;
    report(&house, web.id, "web@1.9.0", 60, 0, 0).await;
    report(&house, web.id, "web@1.10.0", 90, 8, 2).await;
    let page = house.member(Role::Viewer).await.get("/releases").await.expect(200).body;
    let (newer, older) = (page.find("web@1.10.0").unwrap(), page.find("web@1.9.0").unwrap());
    assert!(newer < older, "by number");
    for figure in ["62.5 %", "98 %", "90 %", "<p>100</p>", "37.5 %", "100 %", "<p>60</p>", "of 1 user<"] {
        assert!(page.contains(figure), "{figure}");
    }
}

#[tokio::test]
async fn a_release_shows_its_files_and_lets_members_delete_them() {
    let house = house().await;
    let web = project(&house, "Web").await;
    Cli::of(&house).await.upload(BUNDLE, &web, "web@1.0.0").await;
    report(&house, web.id, "web@1.0.0", 30, 0, 3).await;
    let id = release_id(&house, web.id, "web@1.0.0").await;
    let (viewer, member) = (house.member(Role::Viewer).await, house.member(Role::Member).await);
    let page = viewer.get(&format!("/releases/{id}")).await.expect(200).body;
    for word in [DEBUG_ID, "~/app.min.js.map", "source map", "90.9 %", "3 crashed", "production", "Every built file"] {
        assert!(page.contains(word), "{word}");
    }
    assert!(!page.contains("Delete all"), "a viewer deletes nothing");
    viewer.post(&format!("/releases/{id}/artifacts/delete"), &[]).await.expect(403);
    member.post(&format!("/releases/{id}/delete"), &[]).await.expect(403);
    assert!(member.get(&format!("/releases/{id}")).await.expect(200).body.contains("Delete all"));
    member.post(&format!("/releases/{id}/artifacts/99/delete"), &[]).await.expect(404);
    assert_eq!(member.post(&format!("/releases/{id}/artifacts/delete"), &[]).await.expect(303).location(), format!("/releases/{id}"));
    assert!(!viewer.get(&format!("/releases/{id}")).await.expect(200).body.contains(DEBUG_ID));
    for range in ["24h", "30d", "90d", "nonsense"] {
        viewer.get(&format!("/releases/{id}?range={range}")).await.expect(200);
    }
    viewer.get("/releases/999").await.expect(404);
}

#[tokio::test]
async fn an_upload_of_another_project_is_not_deleted_through_this_one() {
    let house = house().await;
    let (web, other) = (project(&house, "Web").await, project(&house, "Other").await);
    Cli::of(&house).await.upload(BUNDLE, &web, "1").await;
    report(&house, other.id, "1", 1, 0, 0).await;
    let id = release_id(&house, other.id, "1").await;
    let bundle: i64 = house.cx.telemetry.read(|r| r.value("select id from releases_bundles", [])).await.unwrap();
    let member = house.member(Role::Member).await;
    member.post(&format!("/releases/{id}/artifacts/{bundle}/delete"), &[]).await.expect(404);
    member.post(&format!("/releases/uploads/{}/{bundle}/delete", other.id), &[]).await.expect(404);
    member.post(&format!("/releases/uploads/{}/{bundle}/delete", web.id), &[]).await.expect(303);
}

#[tokio::test]
async fn a_deleted_release_is_gone_until_it_is_reported_again() {
    let house = house().await;
    let web = project(&house, "Web").await;
    report(&house, web.id, "web@1", 5, 0, 0).await;
    let id = release_id(&house, web.id, "web@1").await;
    let admin = house.member(Role::Admin).await;
    admin.post(&format!("/releases/{id}/delete"), &[]).await.expect(303);
    assert!(!admin.get("/releases").await.expect(200).body.contains("web@1"));
    report(&house, web.id, "web@1", 2, 0, 0).await;
    let page = admin.get("/releases").await.expect(200).body;
    assert!(page.contains("web@1") && page.contains("<p>2</p>") && !page.contains("<p>5</p>"), "what was counted before is gone");
}

#[tokio::test]
async fn uploads_without_a_release_have_a_page_of_their_own() {
    let house = house().await;
    let web = project(&house, "Web").await;
    Cli::of(&house).await.upload(BUNDLE, &web, "").await;
    let page = house.member(Role::Viewer).await.get(&format!("/releases/uploads/{}", web.id)).await.expect(200).body;
    assert!(page.contains(DEBUG_ID) && !page.contains("Delete the upload"));
}

#[tokio::test]
async fn a_long_list_goes_on_by_key() {
    let house = house().await;
    let web = project(&house, "Web").await;
    house
        .cx
        .write(move |tx| {
            (0..120).try_for_each(|number| ingest::store::ensure_release(tx, web.id, &format!("1.{number}.0"), tx.now).map(|_| ()))
        })
        .await
        .unwrap();
    let viewer = house.member(Role::Viewer).await;
    let (mut path, mut seen) = (format!("/releases?project={}", web.id), Vec::new());
    loop {
        let page = viewer.get(&path).await.expect(200).body;
        seen.extend((0..120).rev().filter(|number| page.contains(&format!(">1.{number}.0<"))));
        let Some(next) = page.split("rel=\"next\"").next().filter(|_| page.contains("rel=\"next\"")) else { break };
        path = next.rsplit("href=\"").next().unwrap().split('"').next().unwrap().replace("&amp;", "&");
    }
    assert_eq!(seen, (0..120).rev().collect::<Vec<_>>(), "each once, the newest first");
}

#[tokio::test]
async fn the_others_hear_of_the_newest_release() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let reading = |house: &TestHouse| {
        let cx = house.cx.clone();
        async move {
            cx.read({
                let cx = cx.clone();
                move |r| (crate::contributions::METRICS[0].read)(&cx, r)
            })
            .await
            .unwrap()
        }
    };
    assert_eq!(reading(&house).await, None, "nothing to compute it from");
    report(&house, web.id, "web@1.0.0", 0, 0, 100).await;
    report(&house, web.id, "web@2.0.0", 95, 0, 5).await;
    let found = reading(&house).await.unwrap();
    assert_eq!((found.value, found.samples), (95.0, 100), "of the newest, not of the worst");
    let tiles = house.cx.read(crate::contributions::tiles).await.unwrap();
    assert_eq!((tiles[0].value.as_str(), tiles.len()), ("95 %", 1));
    let hits = house.cx.read(|r| crate::contributions::search(r, "WEB@2")).await.unwrap();
    assert_eq!(hits.iter().map(|hit| hit.title.as_str()).collect::<Vec<_>>(), ["web@2.0.0"]);
    let cx = house.cx.clone();
    let id = web.id;
    let related =
        tokio::task::spawn_blocking(move || crate::Releases.related(&cx, &Subject::Release(id, "web@2.0.0")).unwrap()).await.unwrap();
    assert!(related[0].note.contains("of 100 sessions"), "{}", related[0].note);
    let cx = house.cx.clone();
    let gauges = house.cx.read(move |r| crate::contributions::gauges(&cx, r)).await.unwrap();
    assert!(gauges.iter().any(|gauge| gauge.name == "hermetic_releases_sessions" && gauge.value == 100.0));
}

#[tokio::test]
async fn whatever_a_build_is_called_is_shown_as_text() {
    let house = house().await;
    let web = project(&house, "Web").await;
    let cli = Cli::of(&house).await;
    let evil = "<img src=x onerror=alert(1)>";
    let body = json!({ "version": evil, "projects": ["web"], "commits": [{ "id": evil, "message": evil, "author_name": evil, "repository": evil }] });
    cli.send(http::Method::POST, "/api/0/organizations/acme/releases/", &body).await.expect(201);
    let encoded: String = evil.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let deploy = json!({ "environment": evil, "name": evil, "url": "javascript:alert(1)" });
    let told: Value =
        cli.send(http::Method::POST, &format!("/api/0/organizations/acme/releases/{encoded}/deploys/"), &deploy).await.expect(201).json();
    assert_eq!(told["url"], Value::Null, "only web addresses are kept");
    let id = house.cx.read(move |r| ingest::store::find_release(r, web.id, evil)).await.unwrap().unwrap().id;
    let viewer = house.member(Role::Viewer).await;
    for path in ["/releases".to_owned(), format!("/releases/{id}")] {
        let page = viewer.get(&path).await.expect(200).body;
        assert!(!page.contains("<img src=x") && !page.contains("javascript:alert"), "{path}");
        assert!(page.contains("&lt;img src=x"), "{path}");
    }
}
