use super::*;
use identity::store;
use ingest::store::{Outcome, count};
use ingest::{EventId, Head, Kind, NewItem, pack};
use kernel::Role;
use kernel::ids::ProjectId;
use kernel::paging::PageRequest;
use kernel::time::{DAY, HOUR};
use serde_json::{Value, json};

const ID: ProjectId = ProjectId(1);

async fn make(admin: &Client, name: &str, platform: &str) -> String {
    admin.post("/projects", &[("name", name), ("platform", platform)]).await.expect(303).location().to_owned()
}

/// One error, kept as the door keeps it.
async fn keep_error(house: &TestHouse, project: ProjectId) {
    let item = NewItem {
        project,
        kind: Kind::Event,
        event_id: Some(EventId::random()),
        head: Head::default(),
        payload: pack::pack(b"{}"),
        quantity: 1,
    };
    house.cx.telemetry.write(move |tx| ingest::store::append(tx, &item)).await.unwrap();
}

async fn keys(house: &TestHouse) -> Vec<identity::projects::DsnKey> {
    house.cx.read(|r| store::list_dsn_keys_of(r, ID)).await.unwrap()
}

async fn acts(house: &TestHouse) -> Vec<String> {
    let page = house.cx.read(|r| store::list_audits(r, &PageRequest::default())).await.unwrap();
    page.rows.into_iter().rev().map(|row| row.act).filter(|act| act != "identity.login.create").collect()
}

#[tokio::test]
async fn a_new_project_shows_its_dsn_and_the_setup_of_its_sdk_until_the_first_item_is_kept() {
    let house = house().await;
    let admin = house.member(Role::Admin).await;
    assert!(admin.get("/projects").await.expect(200).body.contains("No program reports here yet"));
    assert_eq!(make(&admin, "My Shop", "python").await, "/projects/1");
    let key = keys(&house).await.remove(0);
    let dsn = format!("http://{}@hermetic.example/1", key.public_key);
    let page = admin.get("/projects/1").await.expect(200).body;
    assert!(page.contains(&dsn) && page.contains("Waiting for the first event") && page.contains("sentry_sdk.init("), "{page}");
    // The page turns when somebody has digested the first item.
    assert!(page.contains("data-topics=\"") && page.contains("sample,") && page.contains("id=\"project\""), "{page}");
    for (sdk, words) in [("javascript", "@sentry/browser"), ("node", "@sentry/node"), ("rust", "sentry::init"), ("nonsense", "SENTRY_DSN=")]
    {
        let page = admin.get(&format!("/projects/1/connect?sdk={sdk}")).await.expect(200).body;
        assert!(page.contains(words) && page.contains(&dsn), "{sdk}: {page}");
        for shared in
            ["SENTRY_URL=http://hermetic.example\n", "/api/1/cron/nightly-export/", "/api/1/integration/otlp/v1/traces", "/api/1/security/"]
        {
            assert!(page.contains(shared), "{sdk} does not say {shared}: {page}");
        }
    }
    keep_error(&house, ID).await;
    let page = admin.get("/projects/1").await.expect(200).body;
    assert!(page.contains("id=\"project\""), "the same piece, so that the open page is exchanged: {page}");
    assert!(page.contains("receiving") && !page.contains("Waiting for the first") && !page.contains("sentry_sdk.init("), "{page}");
    assert!(admin.get("/projects").await.expect(200).body.contains("just now"));
}

#[tokio::test]
async fn a_second_project_of_the_same_name_gets_a_short_name_of_its_own() {
    let house = house().await;
    let admin = house.member(Role::Admin).await;
    for _ in 0..3 {
        make(&admin, "Web", "").await;
    }
    let slugs: Vec<String> = house.cx.read(store::list_projects).await.unwrap().into_iter().map(|project| project.slug).collect();
    assert_eq!(slugs, ["web", "web-2", "web-3"]);
    let page = admin.post("/projects", &[("name", " ")]).await.expect(422).body;
    assert!(page.contains("href=\"#field-name\""), "{page}");
}

#[tokio::test]
async fn keys_are_added_labelled_limited_switched_and_deleted_and_each_act_is_noted() {
    let house = house().await;
    let admin = house.member(Role::Admin).await;
    make(&admin, "Web", "node").await;
    admin.post("/projects/1/keys", &[("label", "staging")]).await.expect(303);
    admin.post("/projects/1/keys/2", &[("label", "Staging 2"), ("per_minute", "120")]).await.expect(303);
    let key = keys(&house).await.remove(1);
    assert_eq!((key.label.as_str(), key.per_minute, key.is_active), ("Staging 2", Some(120), true));
    admin.post("/projects/1/keys/2/switch", &[]).await.expect(303);
    assert!(!keys(&house).await[1].is_active);
    let page = admin.get("/projects/1").await.expect(200).body;
    assert!(page.contains("At most 120 items a minute") && page.contains("Switch on"), "{page}");
    admin.post("/projects/1/keys/2/switch", &[]).await.expect(303);
    let wrong = admin.post("/projects/1/keys/2", &[("label", ""), ("per_minute", "0")]).await.expect(422).body;
    assert!(wrong.contains("href=\"#key-2-label\"") && wrong.contains("href=\"#key-2-per-minute\""), "{wrong}");
    admin.post("/projects/1/keys/2", &[("label", "Staging"), ("per_minute", "")]).await.expect(303);
    admin.post("/projects/1/keys/2/remove", &[]).await.expect(303);
    assert_eq!(keys(&house).await.len(), 1);
    let acts = acts(&house).await;
    let wanted =
        ["project.create", "dsn_key.create", "dsn_key.update", "dsn_key.disable", "dsn_key.enable", "dsn_key.update", "dsn_key.remove"];
    assert_eq!(acts, wanted.map(|act| format!("identity.{act}")));
}

#[tokio::test]
async fn a_key_is_reached_through_its_own_project_only() {
    let house = house().await;
    let admin = house.member(Role::Admin).await;
    make(&admin, "One", "").await;
    make(&admin, "Two", "").await;
    for path in ["/projects/2/keys/1", "/projects/2/keys/1/switch", "/projects/2/keys/1/remove", "/projects/9/keys"] {
        admin.post(path, &[("label", "mine now")]).await.expect(404);
    }
    assert_eq!(keys(&house).await[0].label, "Default");
    for path in ["/projects/9", "/projects/9/connect", "/projects/9/outcomes", "/projects/9/settings", "/projects/x"] {
        admin.get(path).await.expect(404);
    }
}

#[tokio::test]
async fn settings_are_kept_wrong_ones_stand_beside_their_field_and_what_is_the_same_is_not_noted() {
    let house = house().await;
    let admin = house.member(Role::Admin).await;
    make(&admin, "Web", "node").await;
    make(&admin, "Other", "").await;
    let fields = [
        ("name", "Web"),
        ("slug", "shop"),
        ("platform", "go"),
        ("allowed_origins", "https://a.example\n\n*.b.example"),
        ("scrub_fields", "iban"),
    ];
    admin.post("/projects/1", &fields).await.expect(303);
    let project = house.cx.read(|r| store::get_project(r, ID)).await.unwrap();
    assert_eq!((project.slug.as_str(), project.platform.as_str(), project.keeps_addresses), ("shop", "go", false));
    assert_eq!(
        (project.allowed_origins, project.scrub_fields),
        (vec!["https://a.example".to_owned(), "*.b.example".into()], vec!["iban".to_owned()])
    );
    let before = acts(&house).await;
    assert_eq!(before.last().unwrap(), "identity.project.update");
    admin.post("/projects/1", &fields).await.expect(303);
    assert_eq!(acts(&house).await, before, "nothing changed");
    let page =
        admin.post("/projects/1", &[("name", "Kept Name"), ("slug", "other"), ("safe_fields", "typed-before")]).await.expect(422).body;
    assert!(page.contains("already") && page.contains("Kept Name") && page.contains("typed-before"), "{page}");
    let page = admin.post("/projects/1", &[("name", "x"), ("slug", "")]).await.expect(422).body;
    assert!(page.contains("href=\"#field-slug\""), "{page}");
}

#[tokio::test]
async fn deleting_asks_for_the_short_name() {
    let house = house().await;
    let admin = house.member(Role::Admin).await;
    make(&admin, "Web", "").await;
    let page = admin.post("/projects/1/remove", &[("confirm", "wep")]).await.expect(422).body;
    assert!(page.contains("href=\"#end-confirm\""), "{page}");
    assert_eq!(house.cx.read(store::list_projects).await.unwrap().len(), 1);
    admin.post("/projects/1/remove", &[("confirm", " web ")]).await.expect(303);
    assert!(house.cx.read(store::list_projects).await.unwrap().is_empty());
    assert!(house.cx.read(store::list_dsn_keys).await.unwrap().is_empty(), "keys go with it");
    assert_eq!(acts(&house).await.last().unwrap(), "identity.project.remove");
}

#[tokio::test]
async fn viewers_read_dsns_and_see_no_button_that_changes_something() {
    let house = house().await;
    make(&house.member(Role::Admin).await, "Web", "node").await;
    let viewer = house.member(Role::Viewer).await;
    for path in ["/projects", "/projects/1", "/projects/1/connect", "/projects/1/outcomes"] {
        let page = viewer.get(path).await.expect(200).body;
        let main = page.split("<main").nth(1).unwrap();
        assert!(!main.contains("method=\"post\"") && !main.contains("/settings") && !main.contains("/projects/new"), "{path}: {main}");
    }
    assert!(viewer.get("/projects/1").await.body.contains("@hermetic.example/1"));
}

/// What the door counts in an hour of this age.
async fn outcome(house: &TestHouse, category: &'static str, outcome: Outcome, reason: &'static str, quantity: u64, bytes: u64) {
    house.cx.telemetry.write(move |tx| count(tx, ID, category, outcome, reason, quantity, bytes)).await.unwrap();
}

#[tokio::test]
async fn everything_that_was_reported_is_told_with_its_reason_and_only_within_the_range() {
    let house = house().await;
    let admin = house.member(Role::Admin).await;
    make(&admin, "Web", "node").await;
    let empty = admin.get("/projects/1/outcomes").await.expect(200).body;
    assert!(empty.contains("Nothing came in"), "{empty}");
    outcome(&house, "error", Outcome::Accepted, "", 4_000, 900).await;
    house.pass(DAY * 3).await;
    outcome(&house, "error", Outcome::Accepted, "", 30, 2_500).await;
    outcome(&house, "error", Outcome::Dropped, "rate_limited", 1_234, 0).await;
    outcome(&house, "log_byte", Outcome::Discarded, "queue_overflow", 777_777, 0).await;
    outcome(&house, "span", Outcome::Discarded, "sample_rate", 55, 0).await;
    outcome(&house, "session", Outcome::Dropped, "made_up_reason", 3, 0).await;
    let day = admin.get("/projects/1/outcomes").await.expect(200).body;
    for words in ["Over the rate limit", "1\u{202f}234", "Sampled away", "made_up_reason", "2.5 kB", "Spans", "Not sent by SDKs"] {
        assert!(day.contains(words), "{words}: {day}");
    }
    assert!(!day.contains("4\u{202f}000"), "three days ago: {day}");
    // 30 accepted and 1,237 dropped reached us; bytes are never added to items.
    assert!(day.contains("97.63 % of 1\u{202f}267") && day.contains(">55<"), "{day}");
    let week = admin.get("/projects/outcomes?days=7").await.expect(200).body;
    assert!(week.contains("4\u{202f}030"), "{week}");
    let list = admin.get("/projects").await.expect(200).body;
    assert!(list.contains("1\u{202f}237") && list.contains("Over the rate limit"), "{list}");
}

#[tokio::test]
async fn the_last_item_is_told_by_the_hour_once_too_many_of_others_came_since() {
    let house = house().await;
    let admin = house.member(Role::Admin).await;
    make(&admin, "Quiet", "").await;
    make(&admin, "Loud", "").await;
    keep_error(&house, ID).await;
    house.pass(HOUR * 5).await;
    assert!(admin.get("/projects").await.expect(200).body.contains("5 h ago"));
    for _ in 0..501 {
        keep_error(&house, ProjectId(2)).await;
    }
    let page = admin.get("/projects").await.expect(200).body;
    assert!(page.contains("in the hour from") && page.contains("2026-03-02T12:00:00Z"), "{page}");
}

#[tokio::test]
async fn the_api_lists_projects_with_their_dsns_and_makes_one() {
    let house = house().await;
    let key = house.key(Role::Admin, &["console:read", "console:write"]).await;
    let made: Value = key.json(Method::POST, "/api/v1/projects", &json!({"name": "Shop", "platform": "node"})).await.expect(201).json();
    assert_eq!((&made["slug"], &made["keeps_addresses"]), (&json!("shop"), &json!(true)));
    let listed: Value = key.get("/api/v1/projects").await.expect(200).json();
    assert_eq!(listed["projects"][0], made);
    assert_eq!(listed["projects"][0]["keys"][0]["dsn"], made["keys"][0]["dsn"]);
    assert_eq!(key.get("/api/v1/projects/1").await.expect(200).json::<Value>(), made);
    let taken: Value = key.json(Method::POST, "/api/v1/projects", &json!({"name": "Shop", "slug": "shop"})).await.expect(400).json();
    assert_eq!(taken["error"]["fields"][0]["field"], "slug", "{taken}");
    key.json(Method::POST, "/api/v1/projects", &json!({"name": "Shop", "slogan": "x"})).await.expect(400);
    house.key(Role::Admin, &["console:read"]).await.json(Method::POST, "/api/v1/projects", &json!({"name": "x"})).await.expect(403);
    house.key(Role::Member, &["console:write"]).await.json(Method::POST, "/api/v1/projects", &json!({"name": "x"})).await.expect(403);
}

#[tokio::test]
async fn a_file_makes_projects_and_keys_once_and_brings_keys_that_programs_know_already() {
    let house = house().await;
    let key = house.key(Role::Admin, &["console:apply"]).await;
    let apply = async |query: &str, toml: &str| key.json(Method::POST, &format!("/api/v1/apply{query}"), &json!({ "toml": toml })).await;
    let file = "[[projects]]\nslug = \"shop\"\nname = \"Shop\"\nplatform = \"node\"\n\
                [[projects.keys]]\nlabel = \"old server\"\npublic_key = \"a1b2c3\"\nper_minute = 600\n";
    let verbs = |answer: Value| -> Vec<String> {
        answer["changes"].as_array().unwrap().iter().map(|change| change["verb"].as_str().unwrap().to_owned()).collect()
    };
    let planned = apply("?plan=true", file).await.expect(200).json();
    assert!(house.cx.read(store::list_projects).await.unwrap().is_empty(), "only planned");
    let applied: Value = apply("", file).await.expect(200).json();
    assert_eq!((verbs(planned), verbs(applied)), (vec!["create".to_owned(); 2], vec!["create".to_owned(); 2]));
    let made = keys(&house).await;
    assert_eq!(made.iter().map(|key| (key.public_key.as_str(), key.per_minute)).collect::<Vec<_>>(), [("a1b2c3", Some(600))]);
    assert_eq!(verbs(apply("", file).await.expect(200).json()), ["keep", "keep"]);
    let changed = file.replace("600", "0").replace("Shop", "Shop 2");
    assert_eq!(verbs(apply("", &changed).await.expect(200).json()), ["update", "update"]);
    assert_eq!(keys(&house).await[0].per_minute, None);
    for (bad, told) in [
        ("[[projects]]\nslug = \"No Slug\"\n".to_owned(), "small letters"),
        (file.replace("a1b2c3", "other"), "another public key"),
        (file.replace("slug = \"shop\"", "slug = \"second\""), "belongs to another key"),
        (file.replace("label", "lable"), "unknown field"),
        ("[projects]\nslug = \"x\"\n".to_owned(), "[[projects]]"),
    ] {
        let answer: Value = apply("", &bad).await.expect(400).json();
        assert!(answer["error"]["message"].as_str().unwrap().contains(told), "{bad}: {answer}");
    }
    assert_eq!(house.cx.read(store::list_projects).await.unwrap().len(), 1, "what is refused makes nothing");
}

#[tokio::test]
async fn the_home_page_leads_to_the_first_project_until_it_reports() {
    let house = house().await;
    let admin = house.member(Role::Admin).await;
    assert!(admin.get("/console").await.expect(200).body.contains("href=\"/projects/new\""));
    make(&admin, "Web", "").await;
    assert!(admin.get("/console").await.expect(200).body.contains("href=\"/projects/1/connect\""));
    keep_error(&house, ID).await;
    assert!(!admin.get("/console").await.expect(200).body.contains("/projects/1/connect"));
    let found = admin.get("/search?q=web").await.expect(200).body;
    assert!(found.contains("href=\"/projects/1\""), "{found}");
}
