use super::*;
use crate::model::recording::each_event;
use rules::{Fate, PIXEL, attribute, element, style};
use serde_json::{Value, json};

fn feed_of(events: &Value) -> Value {
    serde_json::from_slice(&feed(std::iter::once(events.to_string().as_str()))).unwrap()
}

/// A page with this node in it, as a player gets it.
fn played(node: &str) -> String {
    let json = format!(r#"[{{"type":2,"data":{{"node":{node},"initialOffset":{{"left":0,"top":0}}}},"timestamp":1700000000001}}]"#);
    String::from_utf8(feed(std::iter::once(json.as_str()))).unwrap()
}

fn with(tag: &str, name: &str, value: &str) -> Option<String> {
    let node = json!({"tagName": tag, "attributes": {name: value}});
    // As SDKs write it: the name of the element first.
    let text = played(&format!(r#"{{"type":2,"tagName":{},"attributes":{},"childNodes":[],"id":1}}"#, node["tagName"], node["attributes"]));
    let feed: Value = serde_json::from_str(&text).unwrap();
    feed[0]["data"]["node"]["attributes"][name].as_str().map(str::to_owned)
}

/// Whatever of it could run or call somebody.
const BAD: [&str; 9] = ["javascript", "evil", "127.0.0.1", "PWNED", "onerror", "onload", "srcdoc", "refresh", "text/html"];

#[test]
fn nothing_of_a_hostile_recording_is_left() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures/replays/hostile-recording.json");
    let json = std::fs::read_to_string(root).unwrap();
    let text = String::from_utf8(feed(std::iter::once(json.as_str()))).unwrap();
    let events: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(events.as_array().unwrap().len(), 5, "what is harmless stays");
    let page = text.replace("http://evil.test/", "");
    // Text in the place of a script is no script.
    let page = page.replace("\"textContent\":\"window.parent.PWNED='script'\"", "");
    for bad in BAD {
        assert!(!page.contains(bad), "{bad} in {text}");
    }
    for tag in ["script", "object"] {
        assert!(!text.contains(&format!("\"tagName\":\"{tag}\"")), "{text}");
    }
    assert!(text.contains("\"textContent\":\"hi\"") && text.contains("\"textContent\":\"click\""));
}

#[test]
fn elements_that_run_or_embed_are_built_as_something_else() {
    for tag in ["script", "SCRIPT", "svg:script", "object", "embed", "applet", "base", "frame", "frameset", "portal", "fencedframe"] {
        assert_eq!(element(tag), "noscript", "{tag}");
    }
    for tag in ["div", "my-element", "iframe", "style", "link", "foreignObject", "h1"] {
        assert_eq!(element(tag), tag);
    }
    for tag in ["", "a b", "img/onerror=x", "1", "<script>", &"x".repeat(65), "д"] {
        assert_eq!(element(tag), "div", "{tag}");
    }
}

#[test]
fn attributes_that_run_or_call_are_gone() {
    let gone = [
        ("img", "onerror", "x"),
        ("img", "OnError", "x"),
        ("svg", "on", "x"),
        ("div", "onmouseover", "x"),
        ("iframe", "srcdoc", "<script>1</script>"),
        ("iframe", "src", "https://evil.example/"),
        ("iframe", "src", "data:text/html,<script>1</script>"),
        ("iframe", "src", "data:image/svg+xml,<svg onload=1>"),
        ("meta", "http-equiv", "refresh"),
        ("meta", "content", "0;url=javascript:1"),
        ("form", "action", "https://evil.example/"),
        ("button", "formaction", "javascript:1"),
        ("a", "ping", "https://evil.example/"),
        ("object", "data", "data:text/html,x"),
        ("link", "href", "https://evil.example/a.css"),
        ("link", "href", "data:text/css,a"),
        ("base", "href", "https://evil.example/"),
        ("use", "xlink:href", "https://evil.example/a.svg#x"),
        ("use", "href", "data:image/svg+xml,<svg/>"),
        ("image", "xlink:href", "https://evil.example/a.png"),
        ("img", "srcset", "https://evil.example/a.png 2x"),
        ("video", "poster", "https://evil.example/a.png"),
        ("video", "src", "https://evil.example/a.mp4"),
        ("body", "background", "https://evil.example/a.png"),
        ("animate", "values", "x;javascript:1"),
        ("animate", "to", "java\nscript:1"),
        ("set", "to", " JAVASCRIPT:1"),
        ("div", "data-x", "vbscript:1"),
        ("set", "attributeName", "href"),
        ("animate", "attributeName", " xlink:HREF"),
        ("animate", "attributename", "x:href"),
        ("set", "attributeName", "src"),
        ("set", "attributeName", "onclick"),
        ("image", "href", "#"),
        ("link", "href", "#"),
        ("link", "rel", "stylesheet"),
        ("iframe", "src", "d ata:image/png,/../../x"),
        ("image", "href", "d ata:image/png,/../../x"),
        ("use", "href", "\u{a0}#icon"),
        ("div", "a\"b", "x"),
        ("input", "autofocus", "x"),
        ("canvas", "rr_dataURL", "https://evil.example/a.png"),
        ("script", "src", "data:text/javascript,1"),
    ];
    for (tag, name, value) in gone {
        assert_eq!(attribute(Some(tag), name, value), Fate::Gone, "{tag} {name}={value}");
    }
}

#[test]
fn what_a_page_looks_like_stays() {
    let png = "data:image/png;base64,AAAA";
    let same = [
        ("img", "src", png),
        ("canvas", "rr_dataURL", png),
        ("use", "xlink:href", "#icon"),
        ("a", "href", "#top"),
        ("div", "style", "color:red"),
        ("div", "class", "a b"),
        ("input", "value", "12:30"),
        ("div", "style", "background:url(data:image/png;base64,AAAA)"),
        ("style", "_cssText", "@font-face{src:url(\"data:font/woff2;base64,AA\")}"),
        ("div", "rr_width", "10px"),
        ("td", "@click", "x"),
        ("img", "src", " data:image/\npng;base64,AAAA"),
        ("animate", "attributeName", "opacity"),
        ("a", "rel", "noopener"),
    ];
    for (tag, name, value) in same {
        assert_eq!(attribute(Some(tag), name, value), Fate::Same, "{tag} {name}={value}");
    }
    assert_eq!(with("img", "src", "https://shop.example/a.png").as_deref(), Some(PIXEL));
    assert_eq!(with("img", "src", "data: image/png,/../../x").as_deref(), Some(PIXEL));
    assert_eq!(with("a", "href", "https://shop.example/b").as_deref(), Some("#"));
    assert_eq!(with("a", "href", "javascript:1").as_deref(), Some("#"));
    assert_eq!(with("div", "style", "background:u\\72l(http://e/x)").as_deref(), Some(""), "what a backslash hides is not kept as it was");
    assert_eq!(with("div", "style", "background:url(https://evil.example/a.png) red").as_deref(), Some("background:url() red"));
}

#[test]
fn a_style_fetches_nothing() {
    let cases = [
        ("a{background:url(http://e/x)}", "a{background:url()}"),
        ("a{background:URL( 'http://e/x)' )}", "a{background:url()}"),
        ("a{background:url(\"http://e/(x)\") no-repeat}", "a{background:url() no-repeat}"),
        ("a{background:url(//e/x", "a{background:url()"),
        ("@import url(http://e/x);b{}", "@x-import url();b{}"),
        ("@IMPORT 'http://e/x';b{}", "@x-import 'http://e/x';b{}"),
        ("a{background:image-set('http://e/x' 1x)}", "a{background:x-image-set('http://e/x' 1x)}"),
        ("a{background:-webkit-image-set(url(http://e) 1x)}", "a{background:-webkit-x-image-set(url() 1x)}"),
        ("a{background:image('http://e/x')}", "a{background:x-image('http://e/x')}"),
        ("a{background:src('http://e/x')}", "a{background:x-src('http://e/x')}"),
        ("@import url(http://e/x);:root{--brand:#123}", "@x-import url();:root{--brand:#123}"),
        // What this parser takes for the inside of an address, browsers do not.
        ("/*url(#*/a{background:url(http://e/x)}", "/*url(#*/a{background:url()}"),
        ("a{content:\"url(#\";background:url(http://e/x)}", "a{content:\"url(#\";background:url()}"),
        ("/*url(data:image/png,*/@import 'http://e/x';", "/*url(data:image/png,*/@x-import 'http://e/x';"),
        ("/*url('#*/a{background:image-set('http://e/x' 1x)}", "/*url('#*/a{background:x-image-set('http://e/x' 1x)}"),
        ("/*url(x*/a{background:url(http://e/x)}", "/*url()}"),
        ("a{mask:url(x", "a{mask:url()"),
        ("a{background:url('data:image/svg+xml,<g mask=\"url(#m)\"/>')}", "a{background:url('data:image/svg+xml,<g mask=\"url(#m)\"/>')}"),
        ("a{background:url(#", "a{background:url(#"),
        // Of two lines' ends a browser makes one before it reads.
        ("a{background:u\\72\r\nl(http://e/x)}", ""),
        ("a{background:u\\72l(http://e/x)}", ""),
        ("a{background:\\75\\72\\6c(http://e/x)}", ""),
        ("@\\69mport 'http://e/x';", ""),
        ("a{mask:url(#m)}", "a{mask:url(#m)}"),
        // Names of a class that holds an address.
        (".bg-\\[url\\(\\'\\/a\\.png\\'\\)\\]{color:red}", ".bg-\\[url\\(\\'\\/a\\.png\\'\\)\\]{color:red}"),
        (".a\\(u\\72l(http://e/x)", ""),
        ("a{content:'\\201C'}", "a{content:'\\201C'}"),
        ("a{color:red}", "a{color:red}"),
        ("a{background:url(data:text/html,x)}", "a{background:url()}"),
        // Each is a path on this server to a browser: only an address that begins so is data.
        ("a{background:url('\"data:image/png,/../../x')}", "a{background:url()}"),
        ("a{background:url('d ata:image/png,/../../x')}", "a{background:url()}"),
        ("a{background:url('\u{a0}data:image/png,/../../x')}", "a{background:url()}"),
        ("a{background:url('\0data:image/png,/../../x')}", "a{background:url()}"),
    ];
    for (text, wanted) in cases {
        assert_eq!(style(text), wanted, "{text}");
    }
}

#[test]
fn mutations_and_rules_are_read_as_pages_are() {
    let change = |data: Value| json!([{"type": 3, "data": data, "timestamp": 1_700_000_000_000_i64}]);
    let cases = [
        (
            change(
                json!({"source": 0, "attributes": [{"id": 1, "attributes": {"onclick": "evil()", "style": {"background": "url(http://evil/)", "color": ["red", "important"]}}}]}),
            ),
            "\"red\"",
        ),
        (change(json!({"source": 0, "texts": [{"id": 1, "value": "a{background:url(http://evil/x)}"}], "adds": []})), "url()"),
        (change(json!({"source": 8, "adds": [{"rule": "a{background:url(http://evil/x)}", "index": 0}]})), "url()"),
        (change(json!({"source": 8, "replaceSync": "@import 'http://x/evil';"})), ""),
        (change(json!({"source": 15, "styles": [{"styleId": 1, "rules": [{"rule": "a{background:url(http://evil/x)}"}]}]})), "url()"),
        (change(json!({"source": 13, "set": {"property": "background", "value": "url(http://evil/x)"}, "index": [0]})), "url()"),
    ];
    for (events, kept) in cases {
        let text = feed_of(&events).to_string();
        assert!(text.contains(kept) && !text.contains("http://evil"), "{text}");
        assert_ne!(text, "[]");
    }
    for source in [9, 10, 11, 12, 16, 99] {
        assert_eq!(feed_of(&change(json!({"source": source, "commands": []}))), json!([]), "{source}");
    }
}

#[test]
fn no_spelling_of_a_name_hides_it() {
    let hidden = [
        r#"{"type":2,"tagName":"scr\u0069pt","attributes":{},"childNodes":[],"id":1}"#,
        r#"{"type":2,"t\u0061gName":"script","attributes":{},"childNodes":[],"id":1}"#,
        r#"{"type":2,"tagName":"img","attributes":{"\u006fnerror":"evil"},"childNodes":[],"id":1}"#,
        r#"{"type":2,"tagName":"iframe","\u0061ttributes":{"srcdoc":"evil"},"childNodes":[],"id":1}"#,
        r#"{"type":2,"tagName":"a","attributes":{"href":"java\u0073cript:evil"},"childNodes":[],"id":1}"#,
        // The last of two fields counts in a browser.
        r#"{"type":2,"tagName":"div","attributes":{},"tagName":"script","childNodes":[],"id":1}"#,
        r#"{"type":2,"tagName":"img","attributes":{"src":"data:image/svg+xml,evil"},"tagName":"iframe","childNodes":[],"id":1}"#,
        r#"{"type":2,"tagName":"div","attributes":{},"attributes":{"onclick":"evil"},"childNodes":[],"id":1}"#,
        // Before its element is known an attribute is judged the hardest.
        r#"{"type":2,"attributes":{"href":"https://evil/"},"tagName":"link","childNodes":[],"id":1}"#,
        r#"{"type":2,"attributes":{"src":"data:image/svg+xml,evil"},"tagName":"iframe","childNodes":[],"id":1}"#,
        r#"{"type":2,"tagName":["script"],"attributes":{"src":["https://evil/"],"onclick":{"a":"evil"}},"childNodes":[],"id":1}"#,
    ];
    for node in hidden {
        let text = played(node);
        assert!(!text.contains("evil") || node.starts_with("{\"type\":2,\"tagName\":\"img\",\"attributes\":{\"src\""), "{text}");
        assert!(!text.contains("\"script\"") && !text.contains("\"iframe\",\"childNodes\":[],\"id\":1},\"evil"), "{text}");
        let parsed: Value = serde_json::from_str(&text).unwrap();
        let built = &parsed[0]["data"]["node"];
        assert!(built["attributes"]["src"].is_null() || built["tagName"] == "img", "{text}");
    }
}

#[test]
fn no_spelling_of_a_text_hides_a_style() {
    let sheets = [
        r"a{background:url\u0028http://evil/x)}",
        r"\u0040import 'http://evil'",
        r"a{background:u\\72\r\nl(http://evil)}",
        r"a{background:\u0075\u0072\u006c\u0028http://evil)}",
        r"/*url\u0028#*/a{background:url\u0028http://evil/x)}",
    ];
    for sheet in sheets {
        let snapshot = format!(
            r#"{{"type":2,"tagName":"style","attributes":{{}},"childNodes":[{{"type":3,"textContent":"{sheet}","id":2}}],"id":1}}"#
        );
        let adds = format!(
            r#"{{"source":0,"adds":[{{"parentId":1,"node":{{"type":3,"t\u0065xtContent":["{sheet}"],"id":2}}}}],"texts":[{{"id":3,"value":"{sheet}"}}]}}"#
        );
        let change = format!(r#"[{{"type":3,"data":{adds},"timestamp":1700000000000}}]"#);
        for text in [played(&snapshot), String::from_utf8(feed(std::iter::once(change.as_str()))).unwrap()] {
            let plain = serde_json::from_str::<Value>(&text).unwrap().to_string();
            assert!(!plain.contains("url(http") && !plain.contains("@import") && !plain.contains("72"), "{plain}");
        }
    }
}

/// The texts of one style as they come out, joined as a browser joins them.
fn joined(texts: &[&str]) -> String {
    let nodes: Vec<Value> = texts.iter().map(|text| json!({"type": 3, "textContent": text, "id": 2})).collect();
    let node = json!({"type": 2, "attributes": {}, "childNodes": nodes, "id": 1});
    let feed: Value = serde_json::from_str(&played(&node.to_string())).unwrap();
    feed[0]["data"]["node"]["childNodes"].as_array().unwrap().iter().map(|node| node["textContent"].as_str().unwrap()).collect()
}

#[test]
fn no_texts_make_a_word_together() {
    let split = [
        &["a{background:ur", "l(http://evil/x)}"][..],
        &["a{background:u", "r", "l", "(http://evil/x)}"],
        &["a{background:URL", "(http://evil/x)}"],
        &["@", "import 'http://evil/x';"],
        &["@impor", "t", " 'http://evil/x';"],
        &["a{background:-webkit-image-", "set('http://evil/x' 1x)}"],
        &["a{background:s", "rc('http://evil/x')}"],
        &["a{background:u\\7", "2l(http://evil/x)}"],
        &["a{background:u\\", "72l(http://evil/x)}"],
        &["a{background:u\\72", " l(http://evil/x)}"],
        &["a{background:u\\72\r", "\nl(http://evil/x)}"],
        &["a{background:\\75 ", "\\72 ", "\\6c (http://evil/x)}"],
    ];
    for texts in split {
        let sheet = joined(texts);
        assert_eq!(style(&sheet), sheet, "{texts:?}");
        assert!(sheet.contains('\u{2060}'), "{sheet}");
    }
    for text in ["Total", "t-shirts", "to import", "important", "set", "a (b)", "C:\\x"] {
        assert_eq!(joined(&[text]), text);
    }
    assert_eq!(with("style", "_cssText", "a{background:u\\7").as_deref(), Some("a{background:u\\7\u{2060}"), "the first of its texts");
    let change =
        json!([{"type": 3, "data": {"source": 0, "texts": [{"id": 1, "value": "l(http://evil/x)"}]}, "timestamp": 1_700_000_000_000_i64}]);
    assert_eq!(feed_of(&change)[0]["data"]["texts"][0]["value"], "\u{2060}l(http://evil/x)");
}

#[test]
fn half_a_sign_costs_no_page() {
    let text = played(
        r#"{"type":2,"tagName":"p","attributes":{"title":"\ud83d"},"childNodes":[{"type":3,"textContent":"cut \ud83d (here)","id":2}],"id":1}"#,
    );
    assert!(text.contains("(here)") && text.contains(r#""title":"\ud83d""#), "{text}");
}

#[test]
fn a_long_sheet_of_words_is_read_once() {
    for word in ["url(#", "url('#", "url(x", "url('x", "url(\"data:image/png,", "@import", "url(#a)", "\\75 "] {
        let sheet = word.repeat(100_000);
        let started = kernel::time::Stopwatch::start();
        let clean = style(&sheet);
        assert!(started.elapsed().as_secs() < 5, "{word}: {} bytes", clean.len());
    }
}

#[test]
fn events_that_are_no_events_are_left_out_and_the_rest_is_sorted() {
    let text = r#"[{"type":3,"data":{"source":3,"id":1,"x":0,"y":0},"timestamp":1700000000900},{"type":5,"data":{"tag":"x"},"timestamp":1700000000.1},
        {"type":6,"data":{"plugin":"evil"},"timestamp":1700000000000},{"type":0,"data":{"evil":1},"timestamp":1700000000.5},
        {"type":4,"data":{"href":"javascript:evil","width":1e300,"height":-5},"timestamp":1700000000100},{"type":3,"data":{"source":0,"adds":[{]},"timestamp":1}]"#;
    let events: Value = serde_json::from_slice(&feed(std::iter::once(text))).unwrap();
    let told: Vec<(i64, i64)> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (event["type"].as_i64().unwrap(), event["timestamp"].as_i64().unwrap() - 1_700_000_000_000))
        .collect();
    assert_eq!(told, [(4, 100), (0, 500), (3, 900)]);
    assert_eq!(events[0]["data"], json!({"href": "", "width": 20_000.0, "height": 0.0}));
}

#[test]
fn what_is_deeper_than_any_page_is_no_page() {
    let deep = |levels: usize| {
        format!(
            "[{{\"type\":2,\"timestamp\":1700000000000,\"data\":{{\"node\":{}{}}}}}]",
            r#"{"childNodes":["#.repeat(levels),
            "]}".repeat(levels)
        )
    };
    assert_ne!(feed(std::iter::once(deep(500).as_str())), b"[]");
    assert_eq!(feed(std::iter::once(deep(200_000).as_str())), b"[]");
}

proptest::proptest! {
    #[test]
    fn whatever_is_recorded_the_feed_is_json(text in ".{0,200}") {
        let json = format!("[{{\"type\":2,\"timestamp\":1700000000000,\"data\":{{\"node\":{{\"tagName\":{0},\"attributes\":{{{0}:{0},\"style\":{0}}},\"textContent\":{0}}}}}}}]", Value::from(text));
        let mut count = 0;
        each_event(&json, &mut |_| count += 1).unwrap();
        proptest::prop_assert_eq!(count, 1);
        let events: Value = serde_json::from_slice(&feed(std::iter::once(json.as_str()))).unwrap();
        proptest::prop_assert_eq!(events.as_array().unwrap().len(), 1);
    }

    /// Pieces of words and of what surrounds them, in any order, in any number of texts.
    #[test]
    fn whatever_texts_are_joined_they_fetch_nothing(texts in proptest::collection::vec("(ur|l|\\(|url\\(|@|im|port|image|-set|s|rc|\\\\|7|2|6c|\r|\n| |/\\*|\\*/|\"|'|#|data:image/png,|http://e/|\\)){0,6}", 1..5)) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        // What was renamed is no word any more.
        let sheet = joined(&texts).replace("x-image", "x-picture").replace("x-src(", "x-from(");
        proptest::prop_assert_eq!(&style(&sheet), &sheet, "{:?}", texts);
    }
}
