//! Who may do what, what acts do, and the API.

use http::Method;
use kernel::Role;
use serde_json::{Value, json};

use super::pages_seed::{Made, Seed, exception, new_project};

/// Two issues of one project, told apart by their functions.
async fn two(seed: &Seed) -> (Made, Made) {
    let first = seed.event(exception("KeyError", "'price'")).await;
    let mut payload = exception("ValueError", "no such voucher");
    payload["exception"]["values"][0]["stacktrace"]["frames"][1]["function"] = json!("redeem");
    (first, seed.event(payload).await)
}

async fn state(seed: &Seed, issue: i64) -> Value {
    seed.house.key(Role::Viewer, &["errors:read"]).await.get(&format!("/api/v1/issues/{issue}")).await.expect(200).json()
}

#[tokio::test]
async fn viewers_look_members_act_and_admins_set_rules() {
    let seed = Seed::new().await;
    let made = seed.event(exception("KeyError", "'price'")).await;
    for act in
        ["resolve", "reopen", "ignore", "assign", "merge", "delete", "comments", "comments/1/remove", "acts/1/undo", "hashes/1/split"]
    {
        let path = format!("{}/{act}", made.path());
        seed.viewer.post(&path, &[("text", "x"), ("until", "day"), ("into", "2")]).await.expect(403);
        assert!(seed.house.visitor().post(&path, &[]).await.code.as_u16() >= 300, "{act}");
    }
    seed.viewer.post("/errors/acts", &[("issue", "1"), ("act", "delete")]).await.expect(403);
    seed.viewer.post("/errors/feedback/1/remove", &[]).await.expect(403);
    for path in ["/errors/rules", "/errors/rules/1", "/errors/rules/1/remove", "/errors/rules/1/raise"] {
        seed.member.post(path, &[("fingerprint", "x")]).await.expect(403);
    }
    seed.member.get("/errors/rules/new").await.expect(403);
    assert_eq!(state(&seed, made.issue).await["state"], "open");
    let page = seed.page(&made.path()).await;
    assert!(!page.contains("/resolve\"") && !page.contains("<textarea"), "a viewer sees no forms");
}

#[tokio::test]
async fn an_issue_is_resolved_reopened_ignored_and_assigned() {
    let seed = Seed::new().await;
    let made = seed.event(exception("KeyError", "'price'")).await;
    let path = |act: &str| format!("{}/{act}", made.path());
    seed.member.post(&path("resolve"), &[]).await.expect(303);
    let now = state(&seed, made.issue).await;
    assert_eq!((&now["state"], &now["resolved"]), (&json!("resolved"), &json!("at_once")));
    assert!(seed.page(&made.path()).await.contains("Any event that happens from now on opens it again."));
    assert!(seed.page("/errors").await.contains("Nothing is open"));
    assert!(seed.page("/errors?state=resolved").await.contains("KeyError"));

    seed.member.post(&path("reopen"), &[]).await.expect(303);
    seed.member.post(&path("resolve"), &[("release", "next")]).await.expect(303);
    let now = state(&seed, made.issue).await;
    assert_eq!((&now["resolved"], &now["resolved_release"]), (&json!("next_release"), &json!("shop@1.2.3")));
    seed.member.post(&path("resolve"), &[("release", "shop@1.2.3")]).await.expect(303);
    assert_eq!(state(&seed, made.issue).await["resolved"], "in_release");
    seed.member.post(&path("resolve"), &[("release", "shop@9")]).await.expect(422);

    seed.member.post(&path("ignore"), &[("until", "events"), ("amount", "10")]).await.expect(303);
    let now = state(&seed, made.issue).await;
    assert_eq!((&now["state"], &now["ignored_events"]), (&json!("ignored"), &json!(11)));
    assert!(seed.page(&made.path()).await.contains("It is ignored until it has 11 events."));
    for bad in [("until", "someday"), ("amount", "0")] {
        seed.member.post(&path("ignore"), &[("until", "events"), bad].map(|(name, value)| (name, value))).await.expect(422);
    }

    let member =
        seed.house.cx.read(identity::store::list_members).await.unwrap().into_iter().find(|member| member.role == Role::Member).unwrap();
    seed.member.post(&path("assign"), &[("member", &member.id.to_string())]).await.expect(303);
    assert_eq!(state(&seed, made.issue).await["assignee_id"], json!(member.id));
    assert!(seed.member.get("/errors?q=assigned:me&state=all").await.expect(200).body.contains("KeyError"));
    assert!(seed.admin.get("/errors?q=assigned:me&state=all").await.expect(200).body.contains("Nothing found"));
    seed.member.post(&path("assign"), &[("member", "999")]).await.expect(422);
    seed.member.post(&path("assign"), &[("member", "")]).await.expect(303);
    assert_eq!(state(&seed, made.issue).await["assignee_id"], Value::Null);
}

#[tokio::test]
async fn comments_are_markdown_without_harm_and_gone_by_their_author_only() {
    let seed = Seed::new().await;
    let made = seed.event(exception("KeyError", "'price'")).await;
    seed.member.post(&format!("{}/comments", made.path()), &[("text", "It is the **cart**, see `rows`.")]).await.expect(303);
    let page = seed.member.get(&made.path()).await.expect(200).body;
    assert!(page.contains("<strong>cart</strong>") && page.contains("<code>rows</code>"), "{page}");
    let act = page.split(&format!("{}/comments/", made.path())).nth(1).and_then(|rest| rest.split(['/', '"']).next()).unwrap().to_owned();
    let own = format!("{}/comments/{act}", made.path());
    seed.admin.post(&own, &[("text", "Somebody else's words")]).await.expect(404);
    seed.member.post(&own, &[("text", " ")]).await.expect(422);
    seed.member.post(&own, &[("text", "It is the **wallet**.")]).await.expect(303);
    let changed = seed.page(&made.path()).await;
    assert!(changed.contains("<strong>wallet</strong>") && !changed.contains("<strong>cart</strong>"), "{changed}");
    let remove = format!("{}/comments/{act}/remove", made.path());
    seed.admin.post(&remove, &[]).await.expect(404);
    seed.member.post(&remove, &[]).await.expect(303);
    assert!(!seed.page(&made.path()).await.contains("<strong>wallet</strong>"));
    seed.member.post(&format!("{}/comments", made.path()), &[("text", "  ")]).await.expect(422);
    seed.member.post("/errors/999/comments", &[("text", "x")]).await.expect(404);
}

#[tokio::test]
async fn an_issue_is_tied_to_monitors_and_web_addresses_and_to_nothing_that_runs() {
    let seed = Seed::new().await;
    let made = seed.event(exception("KeyError", "'price'")).await;
    let path = format!("{}/links", made.path());
    seed.member.post(&path, &[("target", "https://tracker.example/7"), ("label", "Ticket 7")]).await.expect(303);
    seed.member.post(&path, &[("target", "/uptime/monitors/3")]).await.expect(303);
    for bad in ["javascript:alert(1)", "/uptime/monitors/x", "//elsewhere", "tracker", ""] {
        seed.member.post(&path, &[("target", bad)]).await.expect(422);
    }
    seed.viewer.post(&path, &[("target", "https://tracker.example/7")]).await.expect(403);
    let page = seed.page(&made.path()).await;
    assert!(page.contains("<a href=\"https://tracker.example/7\" rel=\"noopener noreferrer\">Ticket 7</a>"), "{page}");
    assert!(page.contains("href=\"/uptime/monitors/3\"") && page.contains("Linked by Test member"), "{page}");
    seed.member.post(&format!("{path}/1/remove"), &[]).await.expect(303);
    assert!(!seed.page(&made.path()).await.contains("href=\"https://tracker.example/7\""));
}

#[tokio::test]
async fn merged_issues_are_one_lead_on_and_come_apart_again() {
    let seed = Seed::new().await;
    let (one, two) = two(&seed).await;
    seed.member.post(&format!("{}/merge", two.path()), &[("into", &one.issue.to_string())]).await.expect(303);
    assert_eq!(state(&seed, one.issue).await["events"], 2);
    assert_eq!(seed.get(&two.path()).await.expect(303).location(), one.path());
    let events = seed.page(&format!("{}/events", one.path())).await;
    assert!(events.contains("KeyError") && events.contains("ValueError"), "{events}");

    let grouping = seed.member.get(&format!("{}/grouping", one.path())).await.expect(200).body;
    assert!(grouping.contains("Split off"), "{grouping}");
    let page = seed.member.get(&one.path()).await.expect(200).body;
    let undo = page.split("action=\"").find(|part| part.contains("/undo\"")).unwrap().split('"').next().unwrap().to_owned();
    seed.member.post(&undo, &[]).await.expect(303);
    assert_eq!((state(&seed, one.issue).await["events"].clone(), state(&seed, two.issue).await["events"].clone()), (json!(1), json!(1)));

    for (into, code) in [(one.issue.to_string(), 422), ("999".to_owned(), 422), ("x".to_owned(), 422)] {
        seed.member.post(&format!("{}/merge", one.path()), &[("into", &into)]).await.expect(code);
    }
    let other = seed.event_of(new_project(&seed.house, "Other").await, exception("KeyError", "'price'")).await;
    seed.member.post(&format!("{}/merge", one.path()), &[("into", &other.issue.to_string())]).await.expect(422);
}

#[tokio::test]
async fn several_are_changed_at_once_the_ticked_ones_or_all_that_were_found() {
    let seed = Seed::new().await;
    let (one, two) = two(&seed).await;
    let ids = [one.issue.to_string(), two.issue.to_string()];
    seed.member.post("/errors/acts", &[("act", "resolve"), ("which", "picked"), ("issue", &ids[0]), ("state", "open")]).await.expect(303);
    assert_eq!(state(&seed, one.issue).await["state"], "resolved");
    assert_eq!(state(&seed, two.issue).await["state"], "open");

    seed.member
        .post("/errors/acts", &[("act", "ignore"), ("until", "week"), ("which", "found"), ("state", "open"), ("q", "voucher")])
        .await
        .expect(303);
    assert_eq!(state(&seed, one.issue).await["state"], "resolved", "it was not found");
    assert_eq!(state(&seed, two.issue).await["state"], "ignored");

    seed.member.post("/errors/acts", &[("act", "reopen"), ("issue", &ids[0]), ("issue", &ids[1]), ("issue", "999")]).await.expect(303);
    seed.member.post("/errors/acts", &[("act", "merge"), ("issue", &ids[1]), ("issue", &ids[0])]).await.expect(303);
    assert_eq!(state(&seed, one.issue).await["events"], 2);

    // A search that was not understood would mean more than was seen.
    seed.member.post("/errors/acts", &[("act", "delete"), ("which", "found"), ("q", "level:loud")]).await.expect(422);
    seed.member.post("/errors/acts", &[("act", "delete")]).await.expect(422);
    seed.member.post("/errors/acts", &[("act", "explode"), ("issue", &ids[0])]).await.expect(422);
    let back = seed
        .member
        .post("/errors/acts", &[("act", "delete"), ("issue", &ids[0]), ("q", "key \"error"), ("sort", "events")])
        .await
        .expect(303);
    assert_eq!(back.location(), "/errors?sort=events&q=key%20%22error");
    seed.get(&one.path()).await.expect(404);
}

#[tokio::test]
async fn searches_find_by_each_condition() {
    let seed = Seed::new().await;
    let (_, _) = two(&seed).await;
    let finds = |query: &'static str, key: bool, value: bool| (query, key, value);
    for (query, key, value) in [
        finds("keyerror", true, false),
        finds("VOUCHER", false, true),
        finds("redeem", false, true),
        finds("!keyerror", false, true),
        finds("key voucher", false, false),
        finds("level:error", true, true),
        finds("!level:error", false, false),
        finds("is:unhandled", true, true),
        finds("is:new", true, true),
        finds("is:resolved", false, false),
        finds("release:shop@1.2.3", true, true),
        finds("release:shop@1.*", true, true),
        finds("release:shop@2*", false, false),
        finds("environment:production", true, true),
        finds("environment:prod*", true, true),
        finds("environment:staging", false, false),
        finds("user:42", true, true),
        finds("user:43", false, false),
        finds("url:*cart*", true, true),
        finds("tag:plan=pro", true, true),
        finds("plan:free", false, false),
        finds("has:plan", true, true),
        finds("!has:plan", false, false),
        finds("project:shop", true, true),
        finds("project:nobody", false, false),
        finds("assigned:none", true, true),
        finds("assigned:somebody", false, false),
        finds("priority:high", false, false),
        finds("100%", false, false),
    ] {
        let encoded: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let page = seed.page(&format!("/errors?state=all&q={encoded}")).await;
        let list = page.split("<tbody").nth(1).unwrap_or_default();
        assert_eq!((list.contains("KeyError"), list.contains("ValueError")), (key, value), "{query}");
    }
    let page = seed.page("/errors?q=is:weird").await;
    assert!(page.contains("was not understood") && page.contains("KeyError"), "{page}");
}

#[tokio::test]
async fn rules_are_written_tried_in_order_and_deleted() {
    let seed = Seed::new().await;
    let project = seed.project.to_string();
    let rule = |pattern: &'static str| {
        [
            ("project", project.as_str()),
            ("field", "type"),
            ("tag", ""),
            ("pattern", pattern),
            ("field", "tags"),
            ("tag", "plan"),
            ("pattern", "pro"),
            ("fingerprint", "voucher\n{{ level }}"),
        ]
    };
    seed.admin.post("/errors/rules", &rule("Key*")).await.expect(303);
    seed.admin.post("/errors/rules", &rule("Value*")).await.expect(303);
    let page = seed.admin.get("/errors/rules").await.expect(200).body;
    assert!(page.contains("type is Key* and tags.plan is pro"), "{page}");
    let (one, two) = two(&seed).await;
    assert_eq!(one.issue, two.issue, "both rules give the same fingerprint");
    let grouping = seed.page(&format!("{}/grouping", one.path())).await;
    assert!(
        grouping.contains("a fingerprint that was given") && grouping.contains("The grouping rule 1 of the project decided."),
        "{grouping}"
    );

    let again = seed
        .admin
        .post("/errors/rules", &[("project", &project), ("field", "type"), ("tag", ""), ("pattern", ""), ("fingerprint", "kept text")])
        .await
        .expect(422);
    assert!(again.body.contains("kept text") && again.body.contains("Please give one to 20 conditions."), "{}", again.body);
    seed.admin
        .post("/errors/rules", &[("project", "999"), ("field", "type"), ("tag", ""), ("pattern", "x"), ("fingerprint", "x")])
        .await
        .expect(422);
    seed.admin.get("/errors/rules/1").await.expect(200);
    seed.admin.post("/errors/rules/2/raise", &[]).await.expect(303);
    seed.admin.post("/errors/rules/1/remove", &[]).await.expect(303);
    seed.admin.get("/errors/rules/1").await.expect(404);
}

#[tokio::test]
async fn programs_read_and_change_issues_with_the_scopes_they_need() {
    let seed = Seed::new().await;
    let (one, two) = two(&seed).await;
    let reader = seed.house.key(Role::Viewer, &["errors:read"]).await;
    let writer = seed.house.key(Role::Member, &["errors:read", "errors:write"]).await;
    let stranger = seed.house.key(Role::Owner, &["uptime:read"]).await;
    let path = format!("/api/v1/issues/{}", one.issue);
    stranger.get("/api/v1/issues").await.expect(403);
    reader.json(Method::PATCH, &path, &json!({"state": "resolved"})).await.expect(403);
    reader.json(Method::DELETE, &path, &json!({})).await.expect(403);

    let listed: Value = reader.get("/api/v1/issues?limit=1&sort=first_seen").await.expect(200).json();
    assert_eq!(listed["issues"].as_array().unwrap().len(), 1);
    let next = listed["next"].as_str().unwrap();
    let rest: Value = reader.get(&format!("/api/v1/issues?limit=1&sort=first_seen&after={next}")).await.expect(200).json();
    let ids = [&listed["issues"][0]["id"], &rest["issues"][0]["id"]];
    assert!(ids[0] != ids[1] && rest["next"].is_null(), "{listed} {rest}");
    let found: Value = reader.get("/api/v1/issues?q=voucher").await.expect(200).json();
    assert_eq!(found["issues"][0]["id"], json!(two.issue));
    reader.get("/api/v1/issues?q=level:loud").await.expect(400);

    let changed: Value = writer.json(Method::PATCH, &path, &json!({"state": "resolved", "in_release": "next"})).await.expect(200).json();
    assert_eq!((&changed["state"], &changed["resolved_release"]), (&json!("resolved"), &json!("shop@1.2.3")));
    let changed: Value = writer.json(Method::PATCH, &path, &json!({"state": "ignored", "more_events": 5})).await.expect(200).json();
    assert_eq!(changed["ignored_events"], 6);
    for bad in [
        json!({"state": "gone"}),
        json!({"in_release": "next"}),
        json!({"state": "open", "more_users": 3}),
        json!({"state": "ignored", "ignored_until": "tomorrow"}),
        json!({"state": "resolved", "in_release": "nope"}),
        json!({"assignee_id": 999}),
        json!({"colour": "red"}),
    ] {
        writer.json(Method::PATCH, &path, &bad).await.expect(400);
    }
    let events: Value = reader.get(&format!("{path}/events")).await.expect(200).json();
    assert_eq!(events["events"][0]["id"], json!(one.item));
    let event: Value = reader.get(&format!("{path}/events/{}", one.item)).await.expect(200).json();
    assert_eq!(event["payload"]["exception"]["values"][0]["type"], "KeyError");
    let by_id: Value = reader.get(&format!("/api/v1/events/{}", event["event_id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!(by_id, event);
    reader.get(&format!("{path}/events/{}", two.item)).await.expect(404);
    reader.get("/api/v1/issues/999").await.expect(404);

    writer.json(Method::DELETE, &path, &json!({})).await.expect(204);
    reader.get(&path).await.expect(404);
    let audits = seed.house.cx.read(|r| identity::store::list_audits(r, &kernel::paging::PageRequest::default())).await.unwrap();
    assert!(audits.rows.iter().any(|audit| audit.act == "errors.issue.delete"), "{audits:?}");
}
