//! The real SDKs: programs that use them as their guides say, against the real binary, and what the founder sees of it.
//!
//! Their packages are installed by `tests/run setup` (npm and PyPI, below the target folder).

use kernel::Role;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tests::{Client, Hermetic, eventually_async, people, process, root, target_dir};
use tokio::process::Command;

mod analytics;

const KEY: &str = "5f3c1e0d9b8a7f6e5d4c3b2a19080716";
/// For one program to its end.
const LONGEST: Duration = Duration::from_secs(90);
/// For what it sent to be seen.
const SEEN: Duration = Duration::from_secs(20);

struct House {
    served: Hermetic,
    owner: Client,
    folder: tempfile::TempDir,
}

impl House {
    async fn new() -> House {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let project =
            format!("[[projects]]\nslug = \"shop\"\nname = \"Shop\"\n[[projects.keys]]\nlabel = \"all\"\npublic_key = \"{KEY}\"\n");
        process::apply(folder.path(), &project);
        let served = Hermetic::serve(folder.path()).await;
        let owner = people::set_up(&served).await;
        House { served, owner, folder }
    }

    fn dsn(&self) -> String {
        format!("{}/1", self.served.url.replace("://", &format!("://{KEY}@")))
    }

    /// Waits until the page or answer at `path` says all of these.
    async fn shows(&self, path: &str, words: &[&str]) -> String {
        let last = std::sync::Mutex::new(String::new());
        let seen = tokio::time::timeout(SEEN, async {
            loop {
                let text = self.owner.visit(path).await.expect(200).text;
                if words.iter().all(|word| text.contains(word)) {
                    return text;
                }
                *last.lock().expect("the last answer") = text;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        match seen.await {
            Ok(text) => text,
            Err(_) => {
                let text = last.lock().expect("the last answer").clone();
                let missing: Vec<&&str> = words.iter().filter(|word| !text.contains(**word)).collect();
                panic!("{path} does not say {missing:?}: {}\nits log:\n{}", text.chars().take(4_000).collect::<String>(), self.served.log())
            }
        }
    }

    /// The number of the issue whose title holds `word`.
    async fn issue(&self, word: &str) -> u64 {
        eventually_async("an issue of this title", SEEN, async || {
            let issues = self.owner.get("/api/v1/issues").await.expect(200).json();
            let all = issues["issues"].as_array().cloned().unwrap_or_default();
            let found = all.iter().find(|issue| issue.to_string().contains(word))?;
            found["id"].as_u64()
        })
        .await
    }

    /// The page of the issue's latest event.
    async fn event(&self, word: &str, shows: &[&str]) -> String {
        let issue = self.issue(word).await;
        self.shows(&format!("/errors/{issue}/events/latest"), shows).await
    }
}

fn packages() -> PathBuf {
    target_dir().join("sdks")
}

async fn run(what: &str, mut command: Command) -> String {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let child = command.spawn().unwrap_or_else(|error| panic!("{what} does not start ({error}): `tests/run setup` installs it"));
    let ended = tokio::time::timeout(LONGEST, child.wait_with_output()).await;
    let ended = ended.unwrap_or_else(|_| panic!("{what} still runs after {LONGEST:?}")).expect("the program ends");
    let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{what} failed:\n{said}");
    said
}

fn program(path: impl AsRef<Path>, house: &House) -> Command {
    let mut command = Command::new(path.as_ref());
    command.env("DSN", house.dsn()).env("SDK_PACKAGES", packages()).env_remove("HTTP_PROXY").env_remove("http_proxy");
    command
}

#[tokio::test]
async fn a_python_program_is_seen_with_its_error_trace_logs_job_session_and_attachment() {
    let house = House::new().await;
    let mut python = program(packages().join("venv/bin/python"), &house);
    python.arg(root().join("tests/sdks/app.py"));
    run("the Python program", python).await;
    house.event("ValueError", &["order 17 cannot be charged 990", "charge", "ada@example.com", "order.txt", "plan", "backend@1.4.0"]).await;
    house.shows("/api/v1/logs", &["charging order 17", "order 17 is late"]).await;
    house.shows("/traces", &["/orders/{id}/charge"]).await;
    house.shows("/uptime", &["nightly-report"]).await;
    house.shows("/releases", &["backend@1.4.0"]).await;
}

#[tokio::test]
async fn a_node_program_is_seen_although_it_never_sends_a_transaction() {
    let house = House::new().await;
    let mut node = program("node", &house);
    node.arg(root().join("tests/sdks/server.mjs"));
    run("the Node program", node).await;
    house.event("item 4711 is out of stock", &["StockError", "reserve", "server.mjs", "api@3.0.1", "staging"]).await;
    house.shows("/api/v1/logs", &["no stock for item"]).await;
    house.shows("/traces", &["GET"]).await;
    house.shows("/uptime", &["stock-sync"]).await;
    house.shows("/errors/feedback", &["The stock page is wrong.", "grace@example.com"]).await;
    house.shows("/releases", &["api@3.0.1"]).await;
}

#[tokio::test]
async fn a_rust_program_is_seen_with_its_error_panic_trace_and_session() {
    let house = House::new().await;
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    run("the Rust program", program(target_dir().join(profile).join("examples/program"), &house)).await;
    house.event("the queue is poisoned", &["worker@0.9.0", "main"]).await;
    house.event("ParseIntError", &["invalid digit found in string"]).await;
    house.shows("/traces/others", &["import customers"]).await;
    house.shows("/releases", &["worker@0.9.0"]).await;
}

/// Where `throw` stands in the page's source, counted from 1.
fn line_of_the_throw() -> usize {
    let source = std::fs::read_to_string(root().join("tests/sdks/page.ts")).expect("the page's source");
    1 + source.lines().position(|line| line.contains("throw new CartError")).expect("the page throws")
}

fn cli(house: &House, token: &str, words: &[&str]) -> Command {
    let mut cli = Command::new(packages().join("node_modules/.bin/sentry-cli"));
    cli.args(words).env("SENTRY_URL", &house.served.url).env("SENTRY_AUTH_TOKEN", token).env("SENTRY_ORG", "acme");
    cli.env("SENTRY_PROJECT", "shop").env("SENTRY_DSN", house.dsn()).current_dir(house.folder.path());
    cli
}

#[tokio::test]
async fn a_minified_page_shows_the_source_after_sentry_cli_has_uploaded_its_map() {
    let house = House::new().await;
    let token = people::add_key(&house.owner, Role::Admin, "releases:write").await.key().expect("a key").to_owned();
    let site = house.folder.path().join("site");
    std::fs::create_dir(&site).expect("a folder");
    let mut bundler = Command::new(packages().join("node_modules/.bin/esbuild"));
    bundler.arg(root().join("tests/sdks/page.ts")).args(["--bundle", "--minify", "--sourcemap", "--target=es2020"]);
    bundler.arg(format!("--define:DSN={:?}", house.dsn())).arg(format!("--outfile={}", site.join("app.min.js").display()));
    bundler.env("NODE_PATH", packages().join("node_modules"));
    run("esbuild", bundler).await;
    std::fs::write(site.join("index.html"), "<!doctype html><title>Shop</title><button>Pay</button><script src=\"app.min.js\"></script>")
        .expect("a page");
    run("sentry-cli sourcemaps inject", cli(&house, &token, &["sourcemaps", "inject", "site"])).await;
    run("sentry-cli sourcemaps upload", cli(&house, &token, &["sourcemaps", "upload", "site"])).await;
    let page = serve(&site).await;
    let mut browser = program("node", &house);
    browser.arg(root().join("tests/sdks/browse.mjs")).env("PAGE", page).env("BROWSER_PACKAGES", target_dir().join("browser"));
    run("the browser", browser).await;
    let place = format!("page.ts:{}", line_of_the_throw());
    let shown = house.event("the cart is empty", &["checkout", "throw new CartError", "web@5.2.0"]).await;
    let plain: String = shown.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
    assert!(plain.contains(&place), "{place} is not shown: {plain}");
    house.shows("/traces/pages", &["TTFB"]).await;
    house.shows("/releases", &["web@5.2.0"]).await;
}

/// What a page's code block holds whose text has this word.
fn code_with(page: &str, word: &str) -> String {
    let blocks = page.split("<code>").skip(1).filter_map(|rest| rest.split("</code>").next());
    let found = blocks
        .map(|code| code.replace("&quot;", "\"").replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"));
    found.into_iter().find(|code| code.contains(word)).unwrap_or_else(|| panic!("no code with {word}: {page}"))
}

/// The snippet is the one that the replay doctor hands out for a site of many pages, letter by letter.
#[tokio::test]
async fn a_visit_of_six_short_pages_is_recorded_and_its_error_leads_to_the_second() {
    let house = House::new().await;
    let site = house.folder.path().join("site");
    std::fs::create_dir(&site).expect("a folder");
    let doctor = house.owner.get("/replay/doctor").await.expect(200).text;
    let breaks = "document.querySelector(\"button\")?.addEventListener(\"click\", () => { throw new Error(\"the sixth page broke\") });";
    std::fs::write(site.join("app.ts"), format!("{}\n{breaks}\n", code_with(&doctor, "flushMinDelay: 200"))).expect("a script");
    let mut bundler = Command::new(packages().join("node_modules/.bin/esbuild"));
    bundler
        .arg(site.join("app.ts"))
        .args(["--bundle", "--minify", "--target=es2020"])
        .arg(format!("--outfile={}", site.join("app.js").display()));
    bundler.env("NODE_PATH", packages().join("node_modules"));
    run("esbuild", bundler).await;
    for number in 1..=6 {
        let page = format!(
            "<!doctype html><title>Page {number}</title><h1>Page {number}</h1><a href=\"{}.html\">On</a><button>Break</button><script src=\"app.js\"></script>",
            number + 1
        );
        std::fs::write(site.join(format!("{number}.html")), page).expect("a page");
    }
    let page = serve(&site).await;
    let mut browser = program("node", &house);
    browser.arg(root().join("tests/sdks/visit.mjs")).env("PAGE", page).env("BROWSER_PACKAGES", target_dir().join("browser"));
    run("the visitor", browser).await;
    house.event("the sixth page broke", &["Replay · 30 s before", "/replay/1?at="]).await;
    let replay = house.shows("/replay/1", &["the sixth page broke"]).await;
    let timeline = house.owner.get("/replay/1/timeline.json").await.expect(200).json();
    let events = house.owner.get("/replay/1/download").await.expect(200).json().as_array().cloned().expect("a list");
    // A page that is only named was not kept: the player needs what it looked like, which a recorder sends right after its address.
    let snapshots: Vec<&str> = events
        .windows(2)
        .filter(|pair| pair[0]["type"] == 4 && pair[1]["type"] == 2)
        .filter_map(|pair| pair[0]["data"]["href"].as_str())
        .collect();
    let kept = (1..=6).filter(|number| snapshots.iter().any(|address| address.ends_with(&format!("/{number}.html")))).count();
    println!("{kept} of 6 pages are kept");
    assert!(kept >= 5, "only {kept} of 6 pages are kept: {timeline}");
    // The moment of the error among the lines of the replay, and the one that the error's page leads to.
    let issue = house.issue("the sixth page broke").await;
    let event = house.owner.visit(&format!("/errors/{issue}/events/latest")).await.expect(200).text;
    let number_after = |text: &str, word: &str| -> i64 {
        let rest = text.split_once(word).unwrap_or_else(|| panic!("{word} is missing")).1;
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a number")
    };
    let errors = replay.split_once("id=\"errors\"").expect("the list of errors").1;
    let (happened, linked) = (number_after(errors, "data-at=\""), number_after(&event, "/replay/1?at="));
    println!("the error happened at {happened} ms, the link leads to {linked} ms");
    assert!((33_000..45_000).contains(&happened), "the visitor broke the page 34 s after the start, the replay says {happened} ms");
    assert!((happened - 30_000 - linked).abs() <= 1_000, "half a minute before {happened} ms is not {linked} ms");
    // The segment around that moment is there: the player has something to show.
    let started_at = timeline["started_at"].as_i64().expect("its start");
    let is_before = |event: &Value| event["timestamp"].as_i64().is_some_and(|at| at - started_at <= linked + 2_500);
    assert!(events.iter().any(|event| event["type"] == 2 && is_before(event)));
}

/// The files of a folder, at an address of their own.
async fn serve(site: &Path) -> String {
    let site = site.to_owned();
    let file = move |uri: http::Uri| {
        let name = match uri.path().trim_start_matches('/') {
            "" => "index.html",
            name => name,
        };
        let kind = if name.ends_with(".js") { "text/javascript" } else { "text/html" };
        let answer = match std::fs::read(site.join(name)) {
            Ok(bytes) => (http::StatusCode::OK, [("content-type", kind)], bytes),
            Err(_) => (http::StatusCode::NOT_FOUND, [("content-type", "text/plain")], Vec::new()),
        };
        std::future::ready(answer)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(file)).await });
    format!("http://{address}/")
}

#[tokio::test]
async fn sentry_cli_makes_releases_and_deploys_and_watches_a_job() {
    let house = House::new().await;
    let token = people::add_key(&house.owner, Role::Admin, "releases:write").await.key().expect("a key").to_owned();
    for words in [
        &["releases", "new", "shop@7.0.0"][..],
        &["releases", "finalize", "shop@7.0.0"],
        &["deploys", "new", "--release", "shop@7.0.0", "--env", "production", "--name", "blue"],
        &["send-event", "--message", "sent by hand", "--release", "shop@7.0.0"],
        &["monitors", "run", "--schedule", "0 4 * * *", "weekly-cleanup", "--", "true"],
    ] {
        run(&format!("sentry-cli {words:?}"), cli(&house, &token, words)).await;
    }
    let list = house.shows("/releases", &["shop@7.0.0"]).await;
    let link = list.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).find(|link| {
        link.strip_prefix("/releases/").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    });
    house.shows(link.expect("a link to the release"), &["production", "blue"]).await;
    house.event("sent by hand", &["shop@7.0.0"]).await;
    house.shows("/uptime", &["weekly-cleanup"]).await;
}
