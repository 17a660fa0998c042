//! What strangers send is shown as text, wherever it is shown.

use ingest::{EventId, Head, Kind};
use serde_json::json;

use super::pages_seed::Seed;

/// Ends attributes of both kinds and elements that are not escaped, and brings something that would run.
fn evil(mark: &str) -> String {
    format!(":{mark}:\" onmouseover=\"x' onmouseover='y></title></textarea></style></script><script>z</script><img src=x onerror=w>")
}

/// Names of elements and their attributes with values, as a browser reads them.
fn elements(html: &str) -> Vec<(String, Vec<(String, String)>)> {
    let bytes = html.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = html[at..].find('<').map(|start| at + start) {
        at = start + 1;
        if !bytes.get(at).is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        let mut letters = html[at..].char_indices().peekable();
        let mut name = String::new();
        while let Some((_, letter)) = letters.next_if(|(_, c)| !c.is_whitespace() && *c != '>' && *c != '/') {
            name.push(letter.to_ascii_lowercase());
        }
        let mut attributes = Vec::new();
        loop {
            while letters.next_if(|(_, c)| c.is_whitespace() || *c == '/').is_some() {}
            match letters.peek() {
                None => return found,
                Some((offset, '>')) => {
                    at += offset + 1;
                    break;
                }
                Some(_) => {}
            }
            let mut key = String::new();
            while let Some((_, letter)) = letters.next_if(|(_, c)| !c.is_whitespace() && !matches!(c, '=' | '>' | '/')) {
                key.push(letter.to_ascii_lowercase());
            }
            let mut value = String::new();
            if letters.next_if(|(_, c)| *c == '=').is_some() {
                let quote = letters.next_if(|(_, c)| matches!(c, '"' | '\'')).map(|(_, c)| c);
                let is_end = |letter: char| quote.map_or(letter.is_whitespace() || letter == '>', |quote| letter == quote);
                while let Some((_, letter)) = letters.next_if(|(_, c)| !is_end(*c)) {
                    value.push(letter);
                }
                letters.next_if(|(_, c)| quote == Some(*c));
            }
            attributes.push((key, value));
        }
        found.push((name, attributes));
    }
    found
}

#[track_caller]
fn assert_harmless(page: &str, path: &str) {
    for (name, attributes) in elements(page) {
        for (key, value) in &attributes {
            assert!(!key.starts_with("on"), "{path}: <{name} {key}=…>");
            assert!(key != "style" && key != "srcdoc", "{path}: <{name} {key}=…>");
            if matches!(key.as_str(), "href" | "src" | "action") {
                let is_safe =
                    ["/", "#", "http://", "https://", "mailto:"].iter().any(|start| value.starts_with(start)) && !value.starts_with("//");
                assert!(is_safe, "{path}: <{name} {key}={value:?}>");
            }
        }
        if name == "script" {
            let src = attributes.iter().find(|(key, _)| key == "src").map(|(_, value)| value.as_str());
            assert!(src.is_some_and(|src| src.starts_with("/assets/")), "{path}: a script of {src:?}");
        }
        assert!(!matches!(name.as_str(), "iframe" | "object" | "embed" | "base"), "{path}: <{name}>");
        assert!(name != "img" || attributes.iter().any(|(key, value)| key == "src" && value.starts_with("/errors/")), "{path}: a picture");
    }
}

#[test]
fn the_test_itself_sees_what_runs() {
    for html in [
        "<p onclick=x>",
        "<p title=\"a\" onmouseover=\"x\">",
        "<script>x</script>",
        "<a href=\"javascript:x\">",
        "<a href=//elsewhere>",
        "<img src=x onerror=y>",
        "<iframe>",
        "<p style='x'>",
    ] {
        assert!(std::panic::catch_unwind(|| assert_harmless(html, "test")).is_err(), "{html}");
    }
    assert_harmless("<a href=\"/x\" title=\"a > b onclick=\">&lt;script&gt;</a><script src=\"/assets/a.js\"></script>", "test");
}

#[tokio::test]
async fn nothing_of_an_event_runs_on_any_page() {
    let seed = Seed::new().await;
    let id = EventId::random();
    let payload = json!({
        "event_id": id.to_string(),
        "platform": evil("platform"), "logger": evil("logger"), "transaction": evil("transaction"), "server_name": evil("server"),
        "environment": "production", "release": evil("release"), "dist": evil("dist"), "level": "error",
        "message": {"formatted": evil("message")},
        "exception": {"values": [{
            "type": evil("type"), "value": evil("value"), "module": evil("module"),
            "mechanism": {"type": evil("mechanism"), "handled": false, "data": {evil("mechkey"): evil("mechvalue")}},
            "stacktrace": {"frames": [
                {"filename": evil("libfile"), "function": evil("libfunction"), "in_app": false, "lineno": 1, "package": evil("package")},
                {"filename": evil("file"), "abs_path": "javascript:alert(1)", "module": evil("framemodule"), "function": evil("function"), "lineno": 3, "in_app": true,
                 "context_line": evil("context"), "pre_context": [evil("pre")], "post_context": [evil("post")], "vars": {evil("varname"): evil("varvalue"), "deep": {"a": [evil("deepvar")]}}},
            ]},
        }]},
        "breadcrumbs": [{"category": evil("category"), "message": evil("crumb"), "level": evil("level"), "data": {evil("crumbkey"): evil("crumbvalue"), "url": "javascript:alert(2)"}, "timestamp": 1}],
        "request": {"url": "javascript:alert(3)", "method": evil("method"), "headers": {evil("header"): evil("headervalue")}, "cookies": {evil("cookie"): evil("cookievalue")},
                    "query_string": [[evil("query"), evil("queryvalue")]], "data": evil("body"), "env": {evil("env"): evil("envvalue")}},
        "user": {"id": evil("userid"), "email": evil("email"), "username": evil("username"), "name": evil("name"), "geo": evil("geo")},
        "tags": {evil("tag"): evil("tagvalue")},
        "contexts": {evil("contextname"): {evil("contextkey"): evil("contextvalue")}, "flags": {"values": [{"flag": evil("flag"), "result": evil("flagresult")}]}},
        "extra": {evil("extra"): evil("extravalue")},
        "modules": {evil("modulename"): evil("moduleversion")},
        "sdk": {"name": evil("sdk"), "version": evil("sdkversion")},
        "errors": [{"type": evil("errortype"), "name": evil("errorname")}],
        "_meta": {"extra": {"": {"rem": [[evil("rule"), "x"]]}}, "exception": {"values": {"0": {"value": {"": {"rem": [[evil("valuerule"), "x"]]}}}}}},
    });
    let head = Head { filename: Some(evil("filename")), content_type: Some(evil("contenttype")), ..Head::default() };
    seed.append(seed.project, Kind::Attachment, Some(id), head, evil("filebody").as_bytes()).await;
    let text = Head { filename: Some("a.txt".into()), content_type: Some("text/plain".into()), ..Head::default() };
    seed.append(seed.project, Kind::Attachment, Some(id), text, evil("textbody").as_bytes()).await;
    let said = json!({"event_id": id.to_string(), "name": evil("saidname"), "email": evil("saidemail"), "comments": evil("said"), "url": "javascript:alert(4)"});
    seed.append(seed.project, Kind::UserReport, Some(id), Head::default(), said.to_string().as_bytes()).await;
    let made = seed.event(payload).await;
    let comment = format!(
        "{} [a](javascript:alert(5)) ![b](javascript:alert(6)) <b>bold</b> [c](https://x.example \"t\\\" onmouseover=x\")",
        evil("comment")
    );
    seed.member.post(&format!("{}/comments", made.path()), &[("text", &comment)]).await.expect(303);

    let search = "/errors?q=%22%3E%3Cscript%3Ex%3C%2Fscript%3E+level%3A%3Cb%3E";
    let paths = [
        "/errors".to_owned(),
        search.to_owned(),
        "/errors/feedback".to_owned(),
        made.path(),
        made.event_path(),
        format!("{}/events", made.path()),
        format!("{}/tags", made.path()),
        format!("{}/grouping", made.path()),
        format!("{}/events?environment=%22%3E%3Cscript%3E&user=%27%3E%3Cimg%20src%3Dx%3E", made.path()),
    ];
    for path in paths {
        let answer = seed.admin.get(&path).await;
        assert_eq!(answer.code, 200, "{path}");
        let page = answer.body;
        assert_harmless(&page, &path);
    }
    // Each of them is really on the page: a field that is not shown proves nothing.
    let page = seed.page(&made.event_path()).await;
    let marks = "message type value module mechanism mechkey mechvalue libfunction file framemodule function context pre post varname varvalue deepvar \
                 category crumb crumbkey crumbvalue header headervalue cookie cookievalue query queryvalue body env envvalue userid email username name \
                 geo tagvalue contextname contextkey contextvalue flag flagresult extra extravalue modulename moduleversion sdk errortype rule valuerule \
                 filename contenttype textbody said saidname logger transaction server release";
    let missing: Vec<&str> = marks.split_whitespace().filter(|mark| !page.contains(&format!(":{mark}:"))).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
}
