//! The copy elsewhere: complete, small in requests, ours alone, and honest when it fails.

use super::house::*;
use super::sample::whole;
use crate::export::outcome::{Outcome, wait_after};
use crate::export::{Cadence, Credentials, Exported, Exporter, Place, check, once};
use crate::publisher::Publisher;
use crate::site::File;
use crate::{Status, load, settings};
use capability::{Capability as _, Diagnosis};
use frontend::Tone;
use kernel::time::{DAY, HOUR, MINUTE};
use kernel::{Error, Role, Time};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use testkit::fakes::S3Request;
use testkit::{S3, TestHouse};

/// Exports into `site/` of this bucket from now on.
async fn with_bucket(house: &TestHouse) -> S3 {
    let s3 = S3::start();
    set(house, "status.export_to", &s3.url("site")).await;
    set(house, "status.export_access_key_id", S3::ACCESS_KEY).await;
    set(house, "status.export_secret_access_key", S3::SECRET_KEY).await;
    s3
}

async fn renew(house: &TestHouse, exporter: &Exporter) -> Exported {
    exporter.renew(&house.cx, false).await.unwrap().unwrap()
}

async fn fails(house: &TestHouse, exporter: &Exporter) -> String {
    exporter.renew(&house.cx, false).await.unwrap_err().message().to_owned()
}

async fn expected(house: &TestHouse) -> Vec<File> {
    let (registry, boot) = (house.cx.registry, house.cx.boot.clone());
    let read = house.cx.read(move |r| Ok((load::snapshot(r, registry)?, settings::exported_links(r, &boot)?)));
    let (snapshot, links) = read.await.unwrap();
    whole(&snapshot, &links)
}

async fn findings(house: &TestHouse) -> Vec<Diagnosis> {
    house.cx.read(|r| Status.diagnose(r)).await.unwrap()
}

/// Names of what was put, without the path before them.
fn puts(s3: &S3) -> Vec<String> {
    let requests = s3.requests();
    let puts = requests.iter().filter(|request| request.method == "PUT");
    puts.map(|request| request.path.trim_start_matches("/bucket/site/").to_owned()).collect()
}

fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { BTreeSet::from([path]) }).collect()
}

fn exported_to(folder: &Path) -> BTreeSet<String> {
    let names = files_below(folder).into_iter().map(|path| path.strip_prefix(folder).unwrap().to_string_lossy().into_owned());
    names.filter(|name| !name.starts_with('.')).collect()
}

/// What a visitor reads: without addresses, and without what only an exported page needs.
fn read_aloud(page: &str) -> String {
    let without = |text: String, from: &str, to: &str| {
        let mut parts = text.split(from);
        let mut left = parts.next().unwrap().to_owned();
        parts.for_each(|part| left.push_str(part.split_once(to).unwrap().1));
        left
    };
    let mut text = page.to_owned();
    for (from, to) in [
        ("<meta http-equiv=", ">"),
        ("<script>", "</script>"),
        ("<p id=\"stale\"", "</p>"),
        (" data-at=\"", "\""),
        (" data-late=\"", "\""),
        ("href=\"", "\""),
    ] {
        text = without(text, from, to);
    }
    text
}

#[tokio::test]
async fn every_page_arrives_as_it_is_served_with_its_type_and_how_long_to_keep_it() {
    let house = house().await;
    filled(&house).await;
    let s3 = with_bucket(&house).await;
    let exporter = Exporter::default();
    let done = renew(&house, &exporter).await;
    let (files, folder) = (expected(&house).await, s3.folder().join("site"));
    assert_eq!((done.files, done.changed, done.removed), (files.len(), files.len(), 0));
    for file in &files {
        assert_eq!(std::fs::read_to_string(folder.join(&file.path)).unwrap(), file.body, "{}", file.path);
    }
    for (name, path) in [("index.html", "/status"), ("de/index.html", "/status/de"), ("es/history/index.html", "/status/es/history")] {
        let served = house.visitor().get(path).await.expect(200).body;
        let there = std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(read_aloud(&there), read_aloud(&served), "{name}");
    }
    let badge = std::fs::read_to_string(folder.join("badge.svg")).unwrap();
    assert_eq!(badge, house.visitor().get("/status/badge.svg").await.expect(200).body);
    let requests = s3.requests();
    let header = |name: &str, header: &str| {
        let is_it = |request: &&S3Request| request.method == "PUT" && request.path == format!("/bucket/site/{name}");
        requests.iter().find(is_it).unwrap().headers.get(header).unwrap().to_str().unwrap().to_owned()
    };
    for (name, kind) in [
        ("index.html", "text/html; charset=utf-8"),
        ("summary.json", "application/json; charset=utf-8"),
        ("api/v2/incidents/unresolved.json", "application/json; charset=utf-8"),
        ("feed.atom", "application/atom+xml; charset=utf-8"),
        ("feed.rss", "application/rss+xml; charset=utf-8"),
        ("feed.json", "application/feed+json; charset=utf-8"),
        ("maintenance.ics", "text/calendar; charset=utf-8"),
        ("badge.svg", "image/svg+xml; charset=utf-8"),
    ] {
        assert_eq!(header(name, "content-type"), kind, "{name}");
        assert_eq!(header(name, "cache-control"), "public, max-age=30, stale-while-revalidate=60, stale-if-error=86400", "{name}");
    }
    assert!(!header("index.html", "x-amz-meta-hermetic-hash").is_empty());
    let order = puts(&s3);
    assert_eq!((order.first().unwrap().as_str(), order.last().unwrap().as_str()), ("hermetic-export.json", "hermetic-export.json"));
    let first_pages = &order[order.len() - 5..order.len() - 1];
    assert_eq!(first_pages, ["de/index.html", "fr/index.html", "es/index.html", "index.html"], "what they lead to is there already");
}

#[tokio::test]
async fn a_quiet_minute_costs_four_requests_and_a_signal_in_between_none() {
    let house = house().await;
    filled(&house).await;
    let s3 = with_bucket(&house).await;
    let exporter = Exporter::default();
    renew(&house, &exporter).await;
    s3.log().clear();
    house.clock.advance(Duration::from_secs(20));
    assert_eq!(renew(&house, &exporter).await.changed, 0);
    assert!(s3.requests().is_empty());
    house.clock.advance(Duration::from_secs(38));
    assert!(!renew(&house, &exporter).await.is_news);
    assert_eq!(puts(&s3), ["de/index.html", "fr/index.html", "es/index.html", "index.html"]);
    assert_eq!(s3.requests().len(), 4);
    set(&house, "status.export_minutes", "10").await;
    renew(&house, &exporter).await;
    s3.log().clear();
    house.clock.advance(MINUTE * 9);
    renew(&house, &exporter).await;
    assert!(s3.requests().is_empty());
    house.clock.advance(MINUTE);
    renew(&house, &exporter).await;
    assert_eq!(s3.requests().len(), 4);
}

#[tokio::test]
async fn a_changed_report_is_all_that_is_uploaded() {
    let house = house().await;
    filled(&house).await;
    let s3 = with_bucket(&house).await;
    let exporter = Exporter::default();
    renew(&house, &exporter).await;
    let member = house.member(Role::Member).await;
    house.clock.advance(Duration::from_secs(10));
    s3.log().clear();
    let update = [("phase", "identified"), ("body", "We found it.")];
    member.post("/status/edit/reports/1/updates", &update).await.expect(303);
    let done = renew(&house, &exporter).await;
    let put: BTreeSet<String> = puts(&s3).into_iter().collect();
    for name in ["index.html", "de/index.html", "feed.atom", "summary.json", "hermetic-export.json"] {
        assert!(put.contains(name), "{name} in {put:?}");
    }
    let untouched = |name: &str| name.starts_with("badge") || name.starts_with("maintenances/") || name == "maintenance.ics";
    assert!(!put.iter().any(|name| untouched(name)), "{put:?}");
    assert!(put.iter().any(|name| name.starts_with("reports/")) && done.changed < done.files / 2 + 8, "{done:?}");
    for file in expected(&house).await {
        assert_eq!(std::fs::read_to_string(s3.folder().join("site").join(&file.path)).unwrap(), file.body, "{}", file.path);
    }
}

#[tokio::test]
async fn what_no_longer_belongs_goes_and_what_belongs_to_others_stays() {
    let house = house().await;
    filled(&house).await;
    let s3 = with_bucket(&house).await;
    let others = ["site/robots.txt", "site/reports/by-hand.html", "elsewhere/index.html"].map(|name| s3.folder().join(name));
    for path in &others {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "of somebody else").unwrap();
    }
    let exporter = Exporter::default();
    renew(&house, &exporter).await;
    let before = exported_to(&s3.folder().join("site"));
    let member = house.member(Role::Member).await;
    member.post("/status/edit/reports/1/delete", &[]).await.expect(303);
    // Another language comes first: the files of the others move.
    set(&house, "status.language", "de").await;
    let done = renew(&house, &exporter).await;
    let after = exported_to(&s3.folder().join("site"));
    assert!(before.contains("de/index.html") && !after.contains("de/index.html") && after.contains("en/index.html"));
    assert!(done.removed > 4, "{done:?}");
    assert_eq!(after.iter().filter(|name| name.contains("reports/")).collect::<Vec<_>>(), ["reports/by-hand.html"]);
    assert!(others.iter().all(|path| std::fs::read_to_string(path).unwrap() == "of somebody else"));
    let wanted: BTreeSet<String> = expected(&house).await.into_iter().map(|file| file.path).collect();
    let extra: Vec<&String> = after.difference(&wanted).collect();
    assert_eq!(extra, ["hermetic-export.json", "reports/by-hand.html", "robots.txt"]);
}

#[tokio::test]
async fn a_new_process_puts_only_what_is_not_there_as_it_was() {
    let house = house().await;
    filled(&house).await;
    let s3 = with_bucket(&house).await;
    renew(&house, &Exporter::default()).await;
    s3.log().clear();
    assert_eq!(renew(&house, &Exporter::default()).await.changed, 0);
    assert_eq!(puts(&s3), [] as [&str; 0]);
    let folder = s3.folder().join("site");
    std::fs::remove_file(folder.join("summary.json")).unwrap();
    let exporter = Exporter::default();
    assert_eq!(renew(&house, &exporter).await.changed, 1);
    assert!(folder.join("summary.json").is_file());
    // Somebody tidies up the bucket while the process runs: seen within a day, and whenever a person asks.
    std::fs::remove_file(folder.join("feed.rss")).unwrap();
    house.clock.advance(HOUR);
    renew(&house, &exporter).await;
    assert!(!folder.join("feed.rss").exists());
    exporter.renew(&house.cx, true).await.unwrap();
    assert!(folder.join("feed.rss").exists());
    std::fs::remove_file(folder.join("feed.rss")).unwrap();
    house.clock.advance(DAY);
    renew(&house, &exporter).await;
    assert!(folder.join("feed.rss").exists());
}

#[tokio::test]
async fn a_wrong_secret_is_said_in_a_sentence_and_mended_by_the_right_one() {
    let house = house().await;
    filled(&house).await;
    let s3 = with_bucket(&house).await;
    set(&house, "status.export_secret_access_key", "not-the-secret").await;
    let exporter = Exporter::default();
    let told = fails(&house, &exporter).await;
    assert!(told.contains("SignatureDoesNotMatch") && told.contains("Check the access key, its secret"), "{told}");
    assert!(!told.contains("not-the-secret") && !told.contains("replica"), "{told}");
    set(&house, "status.export_secret_access_key", S3::SECRET_KEY).await;
    assert!(renew(&house, &exporter).await.changed > 0);
    assert!(s3.folder().join("site/index.html").is_file());
    set(&house, "status.export_access_key_id", "").await;
    assert!(fails(&house, &exporter).await.contains("A bucket needs an access key and its secret."));
}

#[tokio::test]
async fn an_outage_of_the_bucket_is_one_finding_and_made_up_for() {
    let house = house().await;
    filled(&house).await;
    let s3 = with_bucket(&house).await;
    let exporter = Exporter::default();
    renew(&house, &exporter).await;
    let finding = |found: Vec<Diagnosis>| found.into_iter().find(|one| one.finding.contains("could not be exported"));
    let here = house.cx.clone();
    let metric = move |r: &db::Reader<'_>| (Status.metrics()[0].read)(&here, r);
    assert_eq!(house.cx.read(metric.clone()).await.unwrap().unwrap().value, 0.0);
    s3.set_down(true);
    let member = house.member(Role::Member).await;
    member.post("/status/edit/reports/1/updates", &[("phase", "resolved"), ("body", "Mended.")]).await.expect(303);
    house.clock.advance(MINUTE);
    let told = fails(&house, &exporter).await;
    assert!(told.contains("does not answer"), "{told}");
    house.clock.advance(MINUTE * 30);
    fails(&house, &exporter).await;
    let found = finding(findings(&house).await).unwrap();
    assert_eq!(found.tone, Tone::Bad);
    assert!(found.finding.contains("does not answer"), "{}", found.finding);
    assert_eq!(house.cx.read(metric.clone()).await.unwrap().unwrap().value, 30.0);
    let page = member.get("/status/edit").await.expect(200).body;
    assert!(page.contains("The page’s copy elsewhere is not renewed.") && page.contains("does not answer"));
    assert_eq!(house.cx.read(|r| Status.tiles(r)).await.unwrap()[0].tone, Tone::Bad);
    s3.set_down(false);
    renew(&house, &exporter).await;
    for file in expected(&house).await {
        assert_eq!(std::fs::read_to_string(s3.folder().join("site").join(&file.path)).unwrap(), file.body, "{}", file.path);
    }
    assert!(finding(findings(&house).await).is_none());
    assert_eq!(house.cx.read(metric).await.unwrap().unwrap().value, 0.0);
}

#[tokio::test]
async fn an_export_that_breaks_off_leaves_nothing_that_is_nobodys() {
    let house = house().await;
    filled(&house).await;
    let s3 = with_bucket(&house).await;
    let exporter = Exporter::default();
    s3.set_fails(true);
    fails(&house, &exporter).await;
    s3.set_fails(false);
    renew(&house, &exporter).await;
    s3.set_forbids_delete(true);
    house.member(Role::Member).await.post("/status/edit/reports/1/delete", &[]).await.expect(303);
    let told = fails(&house, &exporter).await;
    assert!(told.contains("old files of the exported page could not be removed") && told.contains("AccessDenied"), "{told}");
    // Also another process knows that they are ours.
    s3.set_forbids_delete(false);
    assert!(renew(&house, &Exporter::default()).await.removed >= 4);
    assert!(!exported_to(&s3.folder().join("site")).iter().any(|name| name.contains("reports/")));
}

#[tokio::test]
async fn the_page_that_is_served_from_here_does_not_wait_for_a_bucket() {
    let house = house().await;
    filled(&house).await;
    let s3 = with_bucket(&house).await;
    s3.set_slow(Duration::from_secs(3_600));
    let cx = house.cx.clone();
    let export = tokio::spawn(async move { Exporter::default().renew(&cx, false).await });
    s3.log().wait_for(1, Duration::from_secs(20)).await;
    Publisher::default().publish(&house.cx).await.unwrap();
    assert!(!export.is_finished());
    export.abort();
}

#[tokio::test]
async fn try_it_now_tells_what_became_of_it() {
    let house = house().await;
    filled(&house).await;
    let (admin, member) = (house.member(Role::Admin).await, house.member(Role::Member).await);
    let s3 = with_bucket(&house).await;
    member.post("/status/edit/export", &[]).await.expect(403);
    let page = admin.get("/status/edit/appearance").await.expect(200).body;
    assert!(page.contains("Copy elsewhere") && page.contains("Nothing was exported yet.") && page.contains("Try it now"));
    assert!(!member.get("/status/edit/appearance").await.expect(200).body.contains("Try it now"));
    let notice = admin.post("/status/edit/export", &[]).await.expect(303).header("set-cookie").replace("%20", " ");
    assert!(notice.contains("It works"), "{notice}");
    let page = admin.get("/status/edit/appearance").await.expect(200).body;
    assert!(page.contains("Last export") && page.contains("s3://bucket/site"), "{page}");
    assert!(!page.contains(S3::SECRET_KEY));
    assert!(s3.folder().join("site/index.html").is_file());
    s3.set_fails(true);
    admin.post("/status/edit/export", &[]).await.expect(303);
    let page = admin.get("/status/edit/appearance").await.expect(200).body;
    assert!(page.contains("It is worth another try.") && page.contains("not renewed"), "{page}");
    assert_eq!(count(&house, "select count(*) from identity_audits where act = 'status.export.try'").await, 2);
}

#[tokio::test]
async fn a_wrong_address_is_refused_when_it_is_entered() {
    for (address, sentence) in [
        ("ftp://host/site", "an export goes to s3:// or file://, not to ftp://"),
        ("s3://key:secret@bucket/site", "credentials do not belong"),
        ("bucket/site", "looks like s3://bucket/path or /an/absolute/folder"),
        ("/", "not the root of the machine"),
        ("s3://bucket/site?region", "a region is a name"),
    ] {
        let told = check(address).unwrap_err();
        assert!(told.message().contains(sentence) && !told.message().contains("replica"), "{address}: {}", told.message());
    }
    let sections = [settings::SECTION];
    let field = sections[0].fields.iter().find(|field| field.key == "status.export_to").unwrap();
    assert_eq!(capability::settings::checked(field, "ftp://host").unwrap_err().field_errors()[0].field, "status.export_to");
    assert_eq!(capability::settings::checked(field, " /srv/status ").unwrap(), "/srv/status");
    assert_eq!(capability::settings::checked(field, "").unwrap(), "");
}

#[tokio::test]
async fn a_folder_can_be_read_by_the_server_that_serves_it() {
    let house = house().await;
    filled(&house).await;
    let out = house.folder().join("out/site");
    let address = Some(out.to_string_lossy().into_owned());
    let first = once(&house.cx, address.clone(), None).await.unwrap();
    let files = expected(&house).await;
    assert_eq!((first.files, first.changed), (files.len(), files.len()));
    for file in &files {
        assert_eq!(std::fs::read_to_string(out.join(&file.path)).unwrap(), file.body, "{}", file.path);
    }
    let mode = |path: &str| std::fs::metadata(out.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(""), mode("api/v2"), mode("api/v2/summary.json")), (0o755, 0o755, 0o644));
    assert_eq!(once(&house.cx, address.clone(), None).await.unwrap().changed, 0);
    house.clock.advance(MINUTE);
    let later = once(&house.cx, address, None).await.unwrap();
    assert_eq!(later.changed, 4, "the first page in four languages says when it was made");
    assert!(files_below(&out).iter().all(|path| !path.to_string_lossy().ends_with(".tmp")));
}

#[tokio::test]
async fn the_command_takes_a_key_of_its_own_and_names_what_is_missing() {
    let house = house().await;
    filled(&house).await;
    let s3 = S3::start();
    let nowhere = once(&house.cx, None, None).await.unwrap_err();
    assert!(nowhere.message().contains("Please say where to"));
    let keyless = once(&house.cx, Some(s3.url("by-hand")), None).await.unwrap_err();
    assert!(keyless.message().contains("needs an access key"));
    let credentials = Credentials { access_key_id: S3::ACCESS_KEY.into(), secret_access_key: kernel::Secret::new(S3::SECRET_KEY) };
    once(&house.cx, Some(s3.url("by-hand")), Some(credentials)).await.unwrap();
    assert!(s3.folder().join("by-hand/index.html").is_file());
    assert!(
        once(
            &house.cx,
            Some(s3.url("a").replace("bucket", "missing")),
            Some(Credentials { access_key_id: S3::ACCESS_KEY.into(), secret_access_key: kernel::Secret::new(S3::SECRET_KEY) })
        )
        .await
        .unwrap_err()
        .message()
        .contains("The bucket missing does not exist")
    );
}

#[tokio::test]
async fn a_former_place_is_emptied_and_what_cannot_be_taken_back_is_said() {
    let house = house().await;
    filled(&house).await;
    let s3 = with_bucket(&house).await;
    let exporter = Exporter::default();
    renew(&house, &exporter).await;
    let (first, second) = (s3.folder().join("site"), s3.folder().join("second"));
    std::fs::write(first.join("robots.txt"), "of somebody else").unwrap();
    set(&house, "status.export_to", &s3.url("second")).await;
    renew(&house, &exporter).await;
    assert_eq!(exported_to(&first), BTreeSet::from(["robots.txt".to_owned()]));
    assert!(second.join("index.html").is_file());
    // The same place in other words: what stands there stays, or is put again.
    set(&house, "status.export_to", &s3.url("second/")).await;
    renew(&house, &exporter).await;
    assert!(second.join("index.html").is_file());
    set(&house, "status.export_to", &s3.url("second")).await;
    renew(&house, &exporter).await;
    assert!(second.join("index.html").is_file());
    // Cleared while the store is away, and by a process that knows no key any more.
    s3.set_down(true);
    set(&house, "status.export_to", "").await;
    assert_eq!(exporter.renew(&house.cx, false).await.unwrap(), None);
    let found = findings(&house).await;
    assert!(found.iter().any(|one| one.tone == Tone::Warn && one.finding.contains("still stands there")), "{found:?}");
    let admin = house.member(Role::Admin).await;
    let page = admin.get("/status/edit/appearance").await.expect(200).body;
    assert!(page.contains("still stands there") && page.contains("Forget it") && page.contains("does not answer"), "{page}");
    s3.set_down(false);
    exporter.renew(&house.cx, false).await.unwrap();
    assert!(second.join("index.html").is_file(), "every two hours is often enough");
    house.clock.advance(HOUR * 2);
    exporter.renew(&house.cx, false).await.unwrap();
    assert_eq!(exported_to(&second), BTreeSet::new());
    assert!(!findings(&house).await.iter().any(|one| one.finding.contains("still stands there")));
}

#[tokio::test]
async fn what_another_process_put_is_taken_back_only_when_nobody_renews_it() {
    let house = house().await;
    filled(&house).await;
    let s3 = with_bucket(&house).await;
    renew(&house, &Exporter::default()).await;
    let page = s3.folder().join("site/index.html");
    // As in a copy of the database that was restored to look at it, while the instance goes on.
    set(&house, "status.export_to", "").await;
    for round in 0..3 {
        Exporter::default().renew(&house.cx, false).await.unwrap();
        assert!(page.is_file(), "it was renewed before round {round}");
        std::fs::write(&page, format!("renewed in round {round}")).unwrap();
        house.clock.advance(HOUR * 2);
    }
    assert!(findings(&house).await.iter().any(|one| one.finding.contains("Another instance may renew it")));
    Exporter::default().renew(&house.cx, false).await.unwrap();
    house.clock.advance(HOUR * 2);
    Exporter::default().renew(&house.cx, false).await.unwrap();
    assert!(!page.exists(), "nobody renews it any more");
}

#[tokio::test]
async fn a_former_place_can_be_forgotten_by_an_admin() {
    let house = house().await;
    filled(&house).await;
    let s3 = with_bucket(&house).await;
    let exporter = Exporter::default();
    renew(&house, &exporter).await;
    s3.set_down(true);
    set(&house, "status.export_to", "").await;
    exporter.renew(&house.cx, false).await.unwrap();
    let (admin, member) = (house.member(Role::Admin).await, house.member(Role::Member).await);
    member.post("/status/edit/export/left/1/forget", &[]).await.expect(403);
    admin.post("/status/edit/export/left/1/forget", &[]).await.expect(303);
    admin.post("/status/edit/export/left/1/forget", &[]).await.expect(404);
    assert!(!admin.get("/status/edit/appearance").await.expect(200).body.contains("still stands there"));
}

#[tokio::test]
async fn the_site_of_somebody_else_is_not_written_over() {
    let house = house().await;
    filled(&house).await;
    let out = house.folder().join("out");
    std::fs::create_dir_all(&out).unwrap();
    std::fs::write(out.join("index.html"), "of somebody else").unwrap();
    let refused = once(&house.cx, Some(out.to_string_lossy().into_owned()), None).await.unwrap_err();
    assert!(refused.message().contains("There is an index.html"));
    assert_eq!(exported_to(&out), BTreeSet::from(["index.html".to_owned()]));
}

#[tokio::test]
async fn a_password_takes_the_exported_files_back_and_touches_nothing_else() {
    let house = house().await;
    filled(&house).await;
    let s3 = with_bucket(&house).await;
    let exporter = Exporter::default();
    renew(&house, &exporter).await;
    let folder = s3.folder().join("site");
    std::fs::write(folder.join("robots.txt"), "of somebody else").unwrap();
    set(&house, "status.password", "open sesame").await;
    assert!(renew(&house, &exporter).await.removed > 20);
    assert_eq!(exported_to(&folder), BTreeSet::from(["robots.txt".to_owned()]));
    s3.log().clear();
    renew(&house, &exporter).await;
    assert!(s3.requests().is_empty());
    let refused = once(&house.cx, Some(house.folder().join("out").to_string_lossy().into_owned()), None).await.unwrap_err();
    assert!(refused.message().contains("has a password"));
    assert!(findings(&house).await.iter().any(|one| one.finding.contains("because it has a password")));
    set_none(&house).await;
    assert!(renew(&house, &exporter).await.changed > 20);
}

async fn set_none(house: &TestHouse) {
    house.cx.write(|tx| capability::settings::clear(tx, &settings::PASSWORD)).await.unwrap();
}

#[test]
fn the_database_learns_what_happened_and_not_each_quiet_minute() {
    let place =
        Place { address: "/srv/site".into(), credentials: Credentials::default(), cadence: Cadence { minutes: 1, cache_seconds: 30 } };
    let at = |minutes: u32| Time(1_795_444_740_000) + MINUTE * minutes;
    let news = Exported { files: 90, changed: 90, removed: 0, bytes: 4_000, is_news: true };
    let quiet = Exported { files: 90, changed: 4, removed: 0, bytes: 900, is_news: false };
    let first = Outcome::after(None, &place, &Ok(news), at(0));
    assert!(first.is_worth_keeping(None));
    let second = Outcome::after(Some(first.clone()), &place, &Ok(quiet), at(1));
    assert!(!second.is_worth_keeping(Some(&first)) && second.changed == 4);
    assert!(Outcome::after(Some(second.clone()), &place, &Ok(quiet), at(60)).is_worth_keeping(Some(&first)));
    let failed = Outcome::after(Some(second), &place, &Err(Error::unavailable("It is down.")), at(2));
    assert!(failed.is_worth_keeping(Some(&first)) && failed.done_at == Some(at(1)));
    let again = Outcome::after(Some(failed.clone()), &place, &Err(Error::unavailable("It is down.")), at(200));
    assert!(!again.is_worth_keeping(Some(&failed)) && again.failing_since == Some(at(2)));
    assert!(Outcome::after(Some(again.clone()), &place, &Ok(quiet), at(201)).is_worth_keeping(Some(&again)));
}

#[test]
fn waits_grow_to_ten_minutes_and_a_cache_is_no_reason_to_cry_wolf() {
    assert_eq!([1, 2, 3, 6, 7, 40].map(|failures| wait_after(failures).as_secs()), [15, 30, 60, 480, 600, 600]);
    let late = |minutes, cache_seconds| Cadence { minutes, cache_seconds }.late_after();
    assert_eq!((late(1, 0), late(1, 30), late(10, 30), late(1, 600)), (2, 4, 22, 32));
}
