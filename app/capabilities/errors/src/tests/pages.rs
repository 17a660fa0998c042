//! Pages with data and without, for whoever looks.

use ingest::{EventId, Head, Kind};
use serde_json::{Value, json};

use super::pages_seed::{Seed, exception, new_project};

#[tokio::test]
async fn pages_without_anything_say_the_next_step() {
    let seed = Seed::new().await;
    for (path, said) in [
        ("/errors", "Nothing has been reported yet"),
        ("/errors?state=fresh&q=timeout", "Nothing has been reported yet"),
        ("/errors/feedback", "Nobody has said anything yet"),
        ("/errors/rules", "No rules, and mostly none are needed"),
    ] {
        let page = seed.page(path).await;
        assert!(page.contains(said), "{path}: {page}");
    }
    seed.event(exception("KeyError", "'price'")).await;
    for (path, said) in [
        ("/errors?state=ignored", "No issues here"),
        ("/errors?state=resolved", "No issues here"),
        ("/errors?q=nothingofthekind", "Nothing found"),
    ] {
        let page = seed.page(path).await;
        assert!(page.contains(said), "{path}: {page}");
    }
}

#[tokio::test]
async fn the_list_tells_of_an_issue_what_one_decides_by() {
    let seed = Seed::new().await;
    let made = seed.event(exception("KeyError", "'price'")).await;
    let page = seed.page("/errors").await;
    let link = format!("href=\"{}\"", made.path());
    for said in ["KeyError", "&#39;price&#39;", "Shop · ", &link, "unhandled", "1 event in 24 h", "nobody"] {
        assert!(page.contains(said) || page.contains(&said.replace("&#39;", "'")), "{said} in {page}");
    }
    assert!(!page.contains("name=\"issue\""), "a viewer has nothing to tick");
    assert!(seed.member.get("/errors").await.expect(200).body.contains("name=\"issue\""));
}

#[tokio::test]
async fn every_part_of_an_event_stands_on_its_page() {
    let seed = Seed::new().await;
    let made = seed.event(exception("KeyError", "'price'")).await;
    let page = seed.page(&made.event_path()).await;
    for (what, said) in [
        ("the exception", "KeyError"),
        ("a frame of the program", "shop/cart.py:12"),
        ("its source", "return rows[9].price"),
        ("numbers of the lines", "<span class=\"line-number\">10</span>"),
        ("variables", "&lt;Cart 7&gt;"),
        ("folded library frames", "1 library frame"),
        ("a breadcrumb", "select 1"),
        ("data of a breadcrumb", "https://api.example/pay"),
        ("the request", "https://shop.example/cart/7"),
        ("a part of the query", "voucher"),
        ("the body", "amount"),
        ("the user", "ada@example.com"),
        ("why a value is missing", "(removed by the SDK)"),
        ("a tag", "plan"),
        ("a context", "CPython"),
        ("a flag", "new-checkout"),
        ("extra", "attempt"),
        ("modules", "1 installed"),
        ("the release", "shop@1.2.3"),
        ("the trace", "0af7651916cd43dd8448eb211c80319c"),
    ] {
        assert!(page.contains(said), "{what} ({said}) in {page}");
    }
    let issue = seed.page(&made.path()).await;
    for said in ["return rows[9].price", "Last 24 hours", "Opened", "Latest event"] {
        assert!(issue.contains(said), "{said} in {issue}");
    }
}

#[tokio::test]
async fn the_pages_beside_tell_of_tags_releases_and_why_events_are_together() {
    let seed = Seed::new().await;
    let made = seed.event(exception("KeyError", "'price'")).await;
    seed.event(exception("KeyError", "'price'")).await;
    let tags = seed.page(&format!("{}/tags", made.path())).await;
    for said in ["environment", "production", "100 %", "shop@1.2.3", "server_name"] {
        assert!(tags.contains(said), "{said} in {tags}");
    }
    let grouping = seed.page(&format!("{}/grouping", made.path())).await;
    for said in ["type and frames of your own code", "KeyError", "total"] {
        assert!(grouping.contains(said), "{said} in {grouping}");
    }
    let events = seed.page(&format!("{}/events", made.path())).await;
    assert_eq!(events.matches("<tr role=\"row\" data-row").count(), 2, "{events}");
    for (filter, count) in [
        ("environment=production", 2),
        ("environment=staging", 0),
        ("level=error", 2),
        ("level=fatal", 0),
        ("release=shop%401.2.3", 2),
        ("release=other", 0),
        ("user=42", 2),
        ("user=43", 0),
    ] {
        let page = seed.page(&format!("{}/events?{filter}", made.path())).await;
        assert_eq!(page.matches("<tr role=\"row\" data-row").count(), count, "{filter}");
    }
}

#[tokio::test]
async fn one_walks_from_event_to_event_and_finds_the_most_telling() {
    let seed = Seed::new().await;
    let first = seed.event(exception("KeyError", "'price'")).await;
    let mut bare = exception("KeyError", "'price'");
    for part in ["breadcrumbs", "request", "user", "contexts", "release"] {
        bare.as_object_mut().unwrap().remove(part);
    }
    let second = seed.event(bare).await;
    assert_eq!(first.issue, second.issue);
    let path = |step: &str| format!("/errors/{}/events/{step}", first.issue);
    for (step, item) in [("latest", second.item), ("oldest", first.item), ("recommended", first.item)] {
        let answer = seed.get(&path(step)).await.expect(303);
        assert_eq!(answer.location(), path(&item.to_string()), "{step}");
    }
    let page = seed.page(&second.event_path()).await;
    assert!(page.contains(&format!("<a href=\"{}\" class=\"button plain\">Older</a>", first.event_path())), "{page}");
    assert!(
        page.contains("aria-disabled=\"true\">Newer</span>") || page.contains("aria-disabled=\"true\" class=\"button plain\">Newer</span>"),
        "{page}"
    );
}

#[tokio::test]
async fn an_event_is_found_by_the_id_its_sdk_gave_it() {
    let seed = Seed::new().await;
    let payload = exception("KeyError", "'price'");
    let id = payload["event_id"].as_str().unwrap().to_owned();
    let made = seed.event(payload).await;
    assert_eq!(seed.get(&format!("/errors/event/{id}")).await.expect(303).location(), made.event_path());
    let dashed = format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]);
    assert_eq!(seed.get(&format!("/errors/event/{dashed}")).await.expect(303).location(), made.event_path());
    seed.get(&format!("/errors/event/{}", EventId::random())).await.expect(404);
    seed.get("/errors/event/nonsense").await.expect(404);
    let other = new_project(&seed.house, "Other").await;
    seed.get(&format!("/errors/event/{id}?project={other}")).await.expect(404);
    let registry = seed.house.cx.registry;
    let hits = seed.house.cx.read(move |r| registry.search(r, &id)).await.unwrap();
    assert_eq!(seed.get(&hits[0].href).await.expect(303).location(), made.event_path());
    let hits = seed.house.cx.read(move |r| registry.search(r, "keyerr")).await.unwrap();
    assert_eq!(hits.iter().map(|hit| hit.href.clone()).collect::<Vec<_>>(), [made.path()]);
}

#[tokio::test]
async fn markdown_keeps_what_strangers_wrote_inside_its_code() {
    let seed = Seed::new().await;
    let made = seed.event(exception("Key`Error", "a ``` b\n# no heading <img src=x>")).await;
    let answer = seed.get(&format!("{}/markdown", made.event_path())).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let text = answer.body;
    assert!(text.starts_with("## Key\\`Error: a \\`\\`\\` b"), "{text}");
    for said in
        ["````\n", "> total (shop/cart.py:12)", "return rows[9].price", "- Release: `shop@1.2.3`", "http://hermetic.example/errors/"]
    {
        assert!(text.contains(said), "{said} in {text}");
    }
    let outside: String = {
        let mut is_inside = false;
        let outside = text.lines().filter(|line| {
            let is_fence = line.starts_with("```");
            is_inside ^= is_fence;
            !is_inside && !is_fence
        });
        outside.collect::<Vec<_>>().join("\n")
    };
    assert!(!outside.contains("no heading <img"), "{outside}");
}

#[tokio::test]
async fn the_raw_json_is_what_was_kept() {
    let seed = Seed::new().await;
    let payload = exception("KeyError", "'price'");
    let made = seed.event(payload.clone()).await;
    let answer = seed.get(&format!("{}/json", made.event_path())).await.expect(200);
    assert_eq!(answer.json::<Value>(), payload);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_stack_of_thousands_is_shown_at_both_ends_and_a_recursion_once() {
    let seed = Seed::new().await;
    let frame = |name: String| json!({"function": name, "filename": "deep.py", "lineno": 3, "in_app": true});
    let recursion: Vec<Value> = std::iter::once(frame("start".into())).chain((0..500).map(|_| frame("again".into()))).collect();
    let payload = |frames: Vec<Value>| json!({"exception": {"values": [{"type": "RecursionError", "value": "too deep", "stacktrace": {"frames": frames}}]}});
    let made = seed.event(payload(recursion)).await;
    let page = seed.page(&made.event_path()).await;
    assert!(page.contains("times in a row") && page.contains(">start</b>"), "{page}");
    assert_eq!(page.matches(">again</b>").count(), 1);

    let long: Vec<Value> = (0..10_000).map(|number| frame(format!("f{number}"))).collect();
    let made = seed.event(payload(long)).await;
    let page = seed.page(&made.event_path()).await;
    assert!(page.contains(">f9999</b>") && page.contains(">f0</b>") && page.contains("left out here"), "{}", page.len());
    assert!(page.len() < 200_000, "{}", page.len());
}

#[tokio::test]
async fn files_are_given_out_so_that_nothing_of_them_runs() {
    let seed = Seed::new().await;
    let payload = exception("KeyError", "'price'");
    let id = EventId::parse(payload["event_id"].as_str().unwrap());
    let png = b"\x89PNG\r\n\x1a\nrest".as_slice();
    let head = |filename: &str, kind: &str| Head { filename: Some(filename.into()), content_type: Some(kind.into()), ..Head::default() };
    let picture = seed.append(seed.project, Kind::Attachment, id, head("screen.png", "image/png"), png).await;
    let page = seed.append(seed.project, Kind::Attachment, id, head("evil.html", "text/html"), b"<script>alert(1)</script>").await;
    let liar = seed.append(seed.project, Kind::Attachment, id, head("liar.png", "image/png"), b"<svg onload=alert(1)>").await;
    let made = seed.event(payload).await;
    let path = |file: i64| format!("{}/attachments/{file}", made.event_path());

    let shown = seed.page(&made.event_path()).await;
    assert!(shown.contains(&format!("src=\"{}?show=1\"", path(picture))), "{shown}");
    assert!(
        !shown.contains(&format!("src=\"{}", path(liar))) && shown.contains("evil.html") && shown.contains("&lt;script&gt;alert(1)"),
        "{shown}"
    );

    let answer = seed.get(&format!("{}?show=1", path(picture))).await.expect(200);
    assert_eq!((answer.header("content-type"), answer.header("content-disposition")), ("image/png", "inline; filename*=UTF-8''screen.png"));
    for file in [picture, page, liar] {
        let query = if file == picture { "" } else { "?show=1" };
        let answer = seed.get(&format!("{}{query}", path(file))).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        assert!(
            answer.header("content-disposition").starts_with("attachment;") && answer.header("content-security-policy").contains("sandbox")
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    // Another event's file is not this one's.
    let other = seed.event(exception("ValueError", "other")).await;
    seed.get(&format!("{}/attachments/{picture}", other.event_path())).await.expect(404);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_nothing_of_another_issue_is_shown() {
    let seed = Seed::new().await;
    let made = seed.event(exception("KeyError", "'price'")).await;
    let mut payload = exception("ValueError", "other");
    payload["transaction"] = json!("else");
    payload["exception"]["values"][0]["stacktrace"]["frames"][1]["function"] = json!("pay");
    let other = seed.event_of(new_project(&seed.house, "Other").await, payload).await;
    assert_ne!(made.issue, other.issue);
    for path in [
        "/errors/999".to_owned(),
        "/errors/999/events".to_owned(),
        "/errors/999/tags".to_owned(),
        "/errors/999/grouping".to_owned(),
        "/errors/notanumber".to_owned(),
        format!("/errors/{}/events/999", made.issue),
        format!("/errors/{}/events/{}", made.issue, other.item),
        format!("/errors/{}/events/{}/json", made.issue, other.item),
        format!("/errors/{}/events/{}/markdown", made.issue, other.item),
        format!("/errors/{}/events/nonsense", made.issue),
    ] {
        seed.get(&path).await.expect(404);
    }
    let listed = seed.page(&format!("/errors?project={}", seed.project)).await;
    assert!(listed.contains("KeyError") && !listed.contains("ValueError"), "{listed}");
}

#[tokio::test]
async fn what_was_said_stands_with_its_error_and_without_one() {
    let seed = Seed::new().await;
    let payload = exception("KeyError", "'price'");
    let id = payload["event_id"].as_str().unwrap().to_owned();
    let made = seed.event(payload).await;
    let report = json!({"event_id": id, "name": "Ada", "email": "ada@example.com", "comments": "The cart broke."});
    seed.append(seed.project, Kind::UserReport, EventId::parse(&id), Head::default(), report.to_string().as_bytes()).await;
    let lone =
        json!({"contexts": {"feedback": {"message": "Nice shop!", "contact_email": "x@example.com", "url": "https://shop.example/"}}});
    seed.append(seed.project, Kind::Feedback, None, Head::default(), lone.to_string().as_bytes()).await;
    seed.house.digest().await;
    let listed = seed.page("/errors/feedback").await;
    for said in ["The cart broke.", "Nice shop!", "about no error that is known", "mailto:ada@example.com"] {
        assert!(listed.contains(said), "{said} in {listed}");
    }
    assert!(seed.page(&made.path()).await.contains("The cart broke."));
    assert!(seed.page(&made.event_path()).await.contains("The cart broke."));
}

/// `HERMETIC_SLOW=1 cargo nextest run -p errors --no-capture saves`
#[tokio::test]
async fn saves_its_pages_for_looking_at_them() {
    if std::env::var_os("HERMETIC_SLOW").is_none() {
        eprintln!("SKIPPED: for looking at the pages in a browser; says where it put them; HERMETIC_SLOW=1 runs it");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder").keep();
    let folder = folder.display();
    eprintln!("saved in {folder}");
    let seed = Seed::new().await;
    for (kind, value) in [
        ("TypeError", "Cannot read properties of undefined (reading 'amount')"),
        ("TimeoutError", "deadline exceeded after 30 s"),
        ("KeyError", "'price'"),
    ] {
        let mut payload = exception(kind, value);
        payload["exception"]["values"][0]["stacktrace"]["frames"][1]["function"] = json!(kind.to_lowercase());
        seed.event(payload).await;
    }
    let made = seed.event(exception("KeyError", "'price'")).await;
    let pages = [
        ("list", "/errors".to_owned()),
        ("issue", made.path()),
        ("event", made.event_path()),
        ("events", format!("{}/events", made.path())),
        ("tags", format!("{}/tags", made.path())),
        ("grouping", format!("{}/grouping", made.path())),
        ("rule", "/errors/rules/new".to_owned()),
        ("rules", "/errors/rules".to_owned()),
        ("feedback", "/errors/feedback".to_owned()),
    ];
    for (name, path) in pages {
        let page = seed.admin.get(&path).await.expect(200).body;
        std::fs::write(format!("{folder}/{name}.html"), page).expect("the page is saved");
    }
}
