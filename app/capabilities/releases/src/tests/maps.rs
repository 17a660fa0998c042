//! The reader of source maps, held against what other readers say of the same files.

use serde_json::{Value, json};

use super::shop::{BUILT, MAP};
use crate::model::artifact::{joined_url, normal_url};
use crate::model::order::in_order;
use crate::model::{Checksum, DebugId, health};
use crate::sourcemap::{SourceMap, built, reference};

/// Node's own reader (`module.SourceMap.findEntry`), asked for every column: where the answer changes, and what it is.
/// (But for the name at the last place: node takes it from another segment, where that one has none.)
const POSITIONS: &str = include_str!("shop/positions.txt");

fn parse(map: &Value) -> SourceMap {
    SourceMap::parse(map.to_string().as_bytes()).unwrap()
}

fn shop_map() -> Value {
    serde_json::from_str(MAP).unwrap()
}

fn told(map: &SourceMap, line: u32, column: u32) -> String {
    match map.lookup(line, column) {
        None => "-".to_owned(),
        Some(place) => format!("{}:{}:{}:{}", place.source, place.line, place.column, place.name.unwrap_or_default()),
    }
}

#[test]
fn every_column_of_a_built_file_leads_where_node_says() {
    let map = parse(&shop_map());
    let mut checked = 0;
    let lines: Vec<(u32, &str)> =
        POSITIONS.lines().map(|line| line.split_once(' ').unwrap()).map(|(at, told)| (at.parse().unwrap(), told)).collect();
    let end = u32::try_from(BUILT.lines().next().unwrap().len()).unwrap();
    for (position, (from, expected)) in lines.iter().enumerate() {
        let to = lines.get(position + 1).map_or(end, |(next, _)| *next);
        for column in *from..to {
            assert_eq!(told(&map, 0, column), *expected, "column {column}");
            checked += 1;
        }
    }
    assert_eq!(checked, end, "every column was compared");
    assert_eq!((told(&map, 1, 0), told(&map, 900, 3)), ("-".to_owned(), "-".to_owned()));
}

#[test]
fn a_map_in_sections_answers_like_its_parts() {
    let flat = parse(&shop_map());
    let offset = |line: u32, column: u32| json!({ "line": line, "column": column });
    let indexed = parse(&json!({ "version": 3, "sections": [
        { "offset": offset(0, 0), "map": shop_map() },
        { "offset": offset(3, 100), "map": shop_map() },
        { "offset": offset(9, 0), "url": "elsewhere.map" },
    ] }));
    for column in 0..428 {
        assert_eq!(told(&indexed, 0, column), told(&flat, 0, column));
        assert_eq!(told(&indexed, 3, column + 100), told(&flat, 0, column));
    }
    assert_eq!(told(&indexed, 3, 99), "-", "before the section begins nothing is known");
    let nested =
        json!({ "sections": [{ "offset": offset(0, 0), "map": { "sections": [{ "offset": offset(0, 0), "map": shop_map() }] } }] });
    assert!(SourceMap::parse(nested.to_string().as_bytes()).unwrap_err().contains("sections within sections"));
}

/// `metro-source-map` made the scopes; `metro-symbolicate` was asked for these places (lines from 1) and answered so.
#[test]
fn functions_of_hermes_maps_are_named_as_metro_names_them() {
    let mut map = shop_map();
    let names = json!(["<global>", "Basket", "Basket#constructor", "Basket#total", "sumOf", "lines.reduce$argument_0"]);
    map["x_facebook_sources"] = json!([[{ "names": names, "mappings": "AAA;OCG;ECC,6CD;EEE;GFE;CDC;AIE;sBCI,yBD;CJC" }], null]);
    let scopes = crate::sourcemap::read_scopes(&map["x_facebook_sources"][0]);
    let expected = [
        (1, 0, None),
        (4, 0, None),
        (5, 20, Some("Basket#constructor")),
        (7, 2, Some("Basket#total")),
        (8, 4, Some("Basket#total")),
        (9, 2, Some("Basket#total")),
        (10, 0, Some("Basket")),
        (12, 0, Some("sumOf")),
        (12, 20, Some("sumOf")),
        (14, 10, Some("sumOf")),
        (16, 2, Some("sumOf")),
        (16, 22, Some("lines.reduce$argument_0")),
        (16, 40, Some("lines.reduce$argument_0")),
        (17, 1, None),
    ];
    for (line, column, name) in expected {
        assert_eq!(crate::sourcemap::find_scope(&scopes, line - 1, column), name, "{line}:{column}");
    }
    let map = parse(&map);
    assert_eq!(map.lookup(0, 125).unwrap().function, Some("sumOf"), "where the error is thrown");
    assert_eq!(map.lookup(0, 67).unwrap().function, Some("Basket#total"));
    assert_eq!(map.lookup(0, 272).unwrap().function, None, "the second source has no scopes");
}

#[test]
fn what_bundlers_write_oddly_is_read_all_the_same() {
    let base = json!({ "version": 3, "sources": ["a.js"], "names": [], "mappings": "AAAA" });
    let read = |map: &str| SourceMap::parse(map.as_bytes());
    assert!(read(&format!(")]}}'\n{base}")).is_ok(), "with the guard against reading it as a script");
    assert!(read(&format!(")]}}', \n{base}")).is_ok());
    let with = |key: &str, value: Value| {
        let mut map = base.clone();
        map[key] = value;
        map.to_string()
    };
    for odd in [
        with("sources", json!([null, "a"])),
        with("names", json!([1, null, "x"])),
        with("sourcesContent", json!([null])),
        with("sourcesContent", json!(null)),
        with("sourceRoot", json!(null)),
        with("version", json!("3")),
        with("file", json!(7)),
        with("x_facebook_sources", json!([null, [], [{}], "x"])),
    ] {
        assert!(read(&odd).is_ok(), "{odd}");
    }
    for broken in ["", "{", "[]", "null", "{}", r#"{"mappings":""}"#, r#"{"mappings":";;;"}"#, r#"{"mappings":7}"#, r#"{"sections":[]}"#] {
        assert!(read(broken).is_err(), "{broken}");
    }
    let wild = parse(&json!({ "sources": ["a"], "names": ["n"], "mappings": "AAAA,gggggggggggggB,!!!,CAAAA,CEAA,CFAAE" }));
    let told: Vec<String> = (0..4).map(|column| told(&wild, 0, column)).collect();
    assert_eq!(told, ["a:0:0:", "a:0:0:n", "-", "a:0:0:"], "what names something that is not there is left out, the rest stays");
}

#[test]
fn a_place_without_source_ends_the_one_before() {
    // 0–4 come from the source, from 5 on nothing is known, from 10 on it is the source again.
    let map = parse(&json!({ "sources": ["a"], "names": [], "mappings": "AAAA,K,KAAU" }));
    assert_eq!(
        ["a:0:0:", "a:0:0:", "-", "-", "a:0:10:"],
        [0, 4, 5, 9, 10].map(|column| told(&map, 0, column)).each_ref().map(String::as_str)
    );
}

#[test]
fn a_line_without_column_is_led_back_only_where_it_is_one_line() {
    let map = parse(&shop_map());
    assert!(map.lookup_line(0).is_none(), "the whole program stands in this line");
    // Line 0 has two places of one source line; line 1 is of two lines.
    let map = parse(&json!({ "sources": ["a"], "names": [], "mappings": "AAEA,CAAC;AAAA,CACA" }));
    assert_eq!(map.lookup_line(0).map(|place| place.line), Some(2));
    assert!(map.lookup_line(1).is_none() && map.lookup_line(2).is_none());
}

#[test]
fn names_of_sources_stay_the_same_from_build_to_build() {
    for (root, name, clean) in [
        ("", "../../src/a.ts", "src/a.ts"),
        ("", "./a.ts", "a.ts"),
        ("", "webpack://shop/./src/a.ts", "src/a.ts"),
        ("", "webpack:///./src/a.ts", "src/a.ts"),
        ("", "webpack:///webpack/bootstrap", "webpack/bootstrap"),
        ("", "webpack-internal:///(app)/./b.tsx", "(app)/./b.tsx"),
        ("", "https://cdn.example.com/a.ts", "https://cdn.example.com/a.ts"),
        ("", "/srv/build/a.ts", "/srv/build/a.ts"),
        ("src/", "a.ts", "src/a.ts"),
        ("webpack://x", "./a.ts", "a.ts"),
        ("src", "/abs.ts", "/abs.ts"),
    ] {
        let map = parse(&json!({ "sourceRoot": root, "sources": [name], "names": [], "mappings": "AAAA" }));
        assert_eq!(map.lookup(0, 0).unwrap().source, clean, "{root} {name}");
    }
}

#[test]
fn a_function_is_named_by_its_declaration_in_the_built_file() {
    let map = parse(&shop_map());
    let at = |column: u32, function: &str| built::declared_name(&map, BUILT, 0, column - 1, function);
    assert_eq!(at(126, "o"), Some("sumOf"));
    assert_eq!(at(273, "c"), Some("checkout"));
    assert_eq!(at(325, "i"), Some("checkoutAll"));
    assert_eq!(at(325, "async Object.i [as run]"), Some("checkoutAll"));
    for unknown in ["", "<anonymous>", "?", "z", "e.total", "anonymous"] {
        assert_eq!(at(325, unknown), None, "{unknown}");
    }
}

/// A bundle that is not minified: each line declares a function that the map names, the last one throws.
fn long_bundle(lines: usize, width: usize) -> (String, SourceMap) {
    let filler = if width > 100 { "x".repeat(width) } else { "é".repeat(width) };
    let mut built: String = (0..lines).map(|number| format!("function f{number}() {{}} // {filler}\n")).collect();
    built.push_str("throw 1");
    // Each line: at the name (column 9), the next name of the list, one line on in the source.
    let mappings: String = (0..lines).map(|number| if number == 0 { "SAAAA;" } else { "SACAC;" }).collect();
    let names: Vec<String> = (0..lines).map(|number| format!("source{number}")).collect();
    (built, parse(&json!({ "version": 3, "sources": ["a.js"], "names": names, "mappings": mappings })))
}

#[test]
fn a_function_is_found_however_many_lines_before() {
    let (built, map) = long_bundle(1_500, 3);
    for (line, function, name) in
        [(1_500, "f1499", "source1499"), (1_500, "f0", "source0"), (800, "f800", "source800"), (800, "f3", "source3")]
    {
        assert_eq!(built::declared_name(&map, &built, line, 20, function), Some(name), "{line} {function}");
    }
    assert_eq!(built::declared_name(&map, &built, 800, 20, "f801"), None, "it stands behind");
    assert_eq!(built::declared_name(&map, "function f0() {}", 1_500, 20, "f0"), None, "a file that is not the one of the map");
}

#[test]
fn looking_back_over_a_large_bundle_passes_each_byte_once() {
    // 20 MB. Walking the file anew for each of the lines would pass 40 GB, which takes minutes where nothing is optimized.
    let (built, map) = long_bundle(2_100, 10_000);
    let watch = kernel::time::Stopwatch::start();
    assert_eq!(built::declared_name(&map, &built, 2_100, 7, "nothing"), None);
    assert!(watch.elapsed() < std::time::Duration::from_secs(5), "{:?}", watch.elapsed());
}

#[test]
fn columns_count_utf_16_units() {
    // é is one unit and two bytes, 😀 two units and four bytes.
    let text = "var é='😀';function f(){}";
    assert_eq!(built::text_at(text, 0, 7), Some("😀';function f(){}"));
    assert_eq!(built::text_at(text, 0, 20), Some("f(){}"));
    assert_eq!(built::text_at(text, 0, 900), None);
    let map = parse(&json!({ "sources": ["a"], "names": ["named"], "mappings": "oBAAAA" }));
    assert_eq!(built::declared_name(&map, text, 0, 24, "f"), Some("named"));
}

#[test]
fn what_a_caller_calls_is_believed_only_where_it_stands() {
    let map = parse(&shop_map());
    let column = u32::try_from(BUILT.find("c(r)).join").or_else(|| BUILT.find("c(r))}try")).unwrap()).unwrap();
    let place = map.lookup(0, column).unwrap();
    assert_eq!(built::called_name(&place, Some(BUILT), 0, column, "c"), Some("checkout"));
    assert_eq!(built::called_name(&place, Some(BUILT), 0, column, "d"), None, "another function is called there");
    assert_eq!(built::called_name(&place, None, 0, column, "c"), Some("checkout"), "a made-up name may be believed");
    assert_eq!(built::called_name(&place, None, 0, column, "render"), None, "a written one may not");
}

#[test]
fn the_last_reference_near_the_end_counts() {
    for (text, found) in [
        ("a()\n//# sourceMappingURL=a.js.map", Some("a.js.map")),
        ("a()\n//# sourceMappingURL=a.js.map\n//# debugId=x\n", Some("a.js.map")),
        ("a()\n//@ sourceMappingURL=old.map", Some("old.map")),
        ("a{}\n/*# sourceMappingURL=a.css.map */", Some("a.css.map")),
        ("a{}/*# sourceMappingURL=a.css.map*/", Some("a.css.map")),
        ("//# sourceMappingURL=first.map\n//# sourceMappingURL=second.map", Some("second.map")),
        ("x='//# sourceMappingURL=' + name", None),
        ("f(\"//# sourceMappingURL=inner.map\")\n//# sourceMappingURL=outer.map", Some("outer.map")),
        ("sourceMappingURL=a.map", None),
        ("", None),
    ] {
        assert_eq!(reference::find(text), found, "{text}");
    }
    assert_eq!(reference::find(&format!("//# sourceMappingURL=a.map\n{}", "x".repeat(9_000))), None, "too far from the end");
    assert_eq!(reference::inline("data:application/json,%7B%7D").as_deref(), Some(b"{}".as_slice()));
    assert_eq!(reference::inline("data:application/json;base64,e30%3D").as_deref(), Some(b"{}".as_slice()));
    assert_eq!((reference::inline("data:application/json;base64,###"), reference::inline("a.map")), (None, None));
}

#[test]
fn addresses_are_compared_without_what_changes_from_place_to_place() {
    for (path, url) in [
        ("https://cdn.example.com/a/b.js?v=1#x", "~/a/b.js"),
        ("http://localhost:3000/b.js", "~/b.js"),
        ("app:///b.js", "~/b.js"),
        ("file:///srv/b.js", "~/srv/b.js"),
        ("~/b.js", "~/b.js"),
        ("/b.js", "~/b.js"),
        ("b.js", "~/b.js"),
        ("C:\\app\\b.js", "~/C:/app/b.js"),
        ("https://example.com", "~/"),
        ("", "~/"),
    ] {
        assert_eq!(normal_url(path), url, "{path}");
    }
    for (from, reference, url) in [
        ("~/js/a.js", "a.js.map", "~/js/a.js.map"),
        ("~/js/a.js", "./maps/a.map", "~/js/maps/a.map"),
        ("~/js/a.js", "../a.map?x", "~/a.map"),
        ("~/js/a.js", "../../../a.map", "~/a.map"),
        ("~/js/a.js", "/maps/a.map", "~/maps/a.map"),
        ("~/js/a.js", "https://other.example/a.map", "~/a.map"),
        ("~/js/a.js", "//other.example/m/a.map", "~/m/a.map"),
    ] {
        assert_eq!(joined_url(from, reference), url, "{from} {reference}");
    }
}

#[test]
fn ids_are_hexadecimal_or_none() {
    let id = DebugId::parse("6D3FCE33-e8fe-90e9-3ccd-6969977cfb50-a").unwrap();
    assert_eq!(id.to_string(), "6d3fce33-e8fe-90e9-3ccd-6969977cfb50");
    for text in ["", "6d3f", "00000000-0000-0000-0000-000000000000", "zd3fce33-e8fe-90e9-3ccd-6969977cfb50", "é".repeat(32).as_str()] {
        assert_eq!(DebugId::parse(text), None, "{text}");
    }
    assert_eq!(Checksum::parse(&"aB".repeat(20)).unwrap().to_string(), "ab".repeat(20));
    for text in ["", "ab", &"ab".repeat(21), &"zz".repeat(20), &"é".repeat(20)] {
        assert_eq!(Checksum::parse(text), None, "{text}");
    }
}

#[test]
fn debug_files_are_known_by_how_they_begin_or_by_their_name() {
    use crate::model::artifact::is_debug_file;
    for start in [&b"\x7fELF\x02"[..], b"\xfe\xed\xfa\xce\0", b"MZ\x90\0", b"Microsoft C/C++", b"BCSymbolMap Version: 2.0"] {
        assert!(is_debug_file("app", start), "{start:?}");
    }
    assert!(is_debug_file("/proguard/5db7294d-87fc-4726-a5c0-4a90679657a5.txt", b"# compiler: R8"));
    for (name, start) in [("app", &b"# compiler: R8"[..]), ("proguard/../../x.txt", b"words"), ("app", b""), ("app", b"\x7f")] {
        assert!(!is_debug_file(name, start), "{name}");
    }
}

#[test]
fn a_share_is_never_rounded_up_to_clean() {
    for (value, text) in
        [(100.0, "100 %"), (99.999, "99.99 %"), (99.5, "99.5 %"), (98.76, "98.8 %"), (0.0, "0 %"), (0.01, "< 0.1 %"), (50.0, "50 %")]
    {
        assert_eq!(health::percent(value), text);
    }
    assert_eq!((health::adoption(0, 0), health::adoption(1, 4)), (None, Some(25.0)));
}

#[test]
fn releases_stand_by_number_within_a_package_and_by_time_beside_it() {
    use kernel::ids::{ProjectId, ReleaseId};
    let release = |(id, version): (i64, &str)| ingest::releases::Release {
        id: ReleaseId(id),
        project: ProjectId(1),
        version: version.to_owned(),
        created_at: kernel::Time(id),
        released_at: None,
    };
    let order = |versions: &[&str]| -> Vec<String> {
        let releases = (1..).zip(versions.iter().copied()).map(release).collect();
        in_order(releases).into_iter().map(|release| release.version).collect()
    };
    assert_eq!(order(&["1.9.0", "1.10.0", "1.9.1"]), ["1.10.0", "1.9.1", "1.9.0"], "a patch of the older line stands below");
    assert_eq!(order(&["2.0.0", "abc", "1.0.0"]), ["2.0.0", "abc", "1.0.0"]);
    assert_eq!(order(&["web@1.0.0", "api@9.0.0", "web@0.9.0"]), ["web@1.0.0", "api@9.0.0", "web@0.9.0"]);
    assert_eq!(order(&[]), Vec::<String>::new());
}
