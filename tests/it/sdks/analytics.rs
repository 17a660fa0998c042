//! The real analytics libraries against the real binary, and what the founder sees of it.

use tests::{root, target_dir};
use tokio::process::Command;

use super::{House, KEY, packages, program, run, serve};

#[tokio::test]
async fn servers_with_segments_rudderstacks_and_posthogs_libraries_are_counted() {
    let house = House::new().await;
    let mut node = program("node", &house);
    node.arg(root().join("tests/sdks/analytics.mjs")).env("KEY", KEY).env("HOST", &house.served.url);
    run("the server with analytics", node).await;
    let names = ["Invoice paid by segment", "Report exported by rudder", "Project made by posthog", "Page view"];
    house.shows("/engagement/live", &names).await;
    house.shows("/engagement/live", &["Ada Segment", "Bob Rudder", "Cem Posthog"]).await;
    house.shows("/engagement/features.csv", &["action,Invoice paid by segment,1,3,1", "action,Page view,1,3,1"]).await;
    // The visitor's page is Ada's, and her company is known.
    let found = house.shows("/engagement/people?q=ada%40example.com", &["Ada Segment"]).await;
    let (_, link) = found.split_once("href=\"/engagement/people/").expect("she is found");
    let id = link.split('"').next().unwrap_or_default();
    house.shows(&format!("/engagement/people/{id}"), &["Page view", "anon-ada", "seg-ada", "Acme", "pro"]).await;
}

#[tokio::test]
async fn pages_with_our_script_and_posthogs_library_are_counted() {
    let house = House::new().await;
    let site = house.folder.path().join("site");
    std::fs::create_dir(&site).expect("a folder");
    let mut bundler = Command::new(packages().join("node_modules/.bin/esbuild"));
    bundler.arg(root().join("tests/sdks/engage.ts")).args(["--bundle", "--minify", "--target=es2020"]);
    bundler.arg(format!("--define:KEY={KEY:?}")).arg(format!("--define:HOST={:?}", house.served.url));
    bundler.arg(format!("--outfile={}", site.join("app.js").display())).env("NODE_PATH", packages().join("node_modules"));
    run("esbuild", bundler).await;
    let script = format!("<script defer src=\"{}/t.js\" data-key=\"{KEY}\"></script>", house.served.url);
    let page = format!(
        "<!doctype html><title>Shop</title><button data-did=\"Order pressed\">Order</button>{script}<script src=\"app.js\"></script>"
    );
    std::fs::write(site.join("index.html"), page).expect("a page");
    let mut browser = program("node", &house);
    browser.arg(root().join("tests/sdks/engage.mjs")).env("PAGE", serve(&site).await).env("BROWSER_PACKAGES", target_dir().join("browser"));
    run("the browser", browser).await;
    house.shows("/engagement/live", &["Order sent by script", "Order pressed", "Cart filled by posthog-js", "Page view"]).await;
    house.shows("/engagement/live", &["Eve Script", "utm_source hn"]).await;
    house.shows("/engagement/people?q=dora%40example.com", &["dora@example.com"]).await;
}
