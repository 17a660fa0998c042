use super::*;

#[test]
fn every_file_is_found_under_the_address_it_gives() {
    assert!(all().len() >= 4);
    for asset in all() {
        assert_eq!(find(asset.path).map(|found| found.name), Some(asset.name));
        assert_eq!(url(asset.name), asset.path);
    }
    assert!(find("/assets/console.css").is_none(), "the address holds the hash of the content");
}

#[test]
fn the_files_that_pages_ask_for_exist_and_are_typed() {
    for (name, content_type) in [
        ("console.css", "text/css; charset=utf-8"),
        ("console.js", "text/javascript; charset=utf-8"),
        ("public.css", "text/css; charset=utf-8"),
        ("favicon.svg", "image/svg+xml"),
    ] {
        let asset = find(url(name)).unwrap();
        assert_eq!(asset.content_type, content_type, "{name}");
        assert!(asset.etag.starts_with('"') && asset.etag.ends_with('"'));
    }
    assert_eq!(url("nothing.css"), "/assets/missing");
}

#[test]
fn compressed_forms_hold_the_same_bytes_and_are_smaller() {
    use std::io::Read;
    for asset in all() {
        let mut plain = Vec::new();
        if let Some(packed) = asset.br {
            brotli::BrotliDecompress(&mut &*packed, &mut plain).unwrap();
            assert!(plain == asset.body && packed.len() < asset.body.len(), "{}", asset.name);
        }
        if let Some(packed) = asset.gzip {
            plain.clear();
            flate2::read::GzDecoder::new(packed).read_to_end(&mut plain).unwrap();
            assert!(plain == asset.body && packed.len() < asset.body.len(), "{}", asset.name);
        }
    }
}

#[test]
fn the_visitors_stylesheet_stays_small_enough_to_stand_inside_a_page() {
    let css = text("public.css");
    assert!(css.contains("--accent"), "it is the bundled one");
    assert!(css.len() <= 6 * 1024, "{} bytes", css.len());
    assert!(!css.contains("</"), "nothing in it may end a style element");
}

#[test]
fn the_browser_files_stay_light() {
    let packed = |name: &str| find(url(name)).and_then(|asset| asset.br).map_or(usize::MAX, <[u8]>::len);
    assert!(packed("console.js") <= 6 * 1024, "console.js: {} bytes", packed("console.js"));
    assert!(packed("console.css") <= 8 * 1024, "console.css: {} bytes", packed("console.css"));
    for own in ["engagement.css", "errors.css", "logs.css", "replay.css"] {
        assert!(packed(own) <= 3 * 1024, "{own}: {} bytes", packed(own));
    }
    // The library that draws recordings comes with the player's own document and with no other page.
    assert!(packed("replay-page.js") <= 1024, "replay-page.js: {} bytes", packed("replay-page.js"));
    assert!(packed("replay-player.js") <= 38 * 1024, "replay-player.js: {} bytes", packed("replay-player.js"));
    assert!(packed("replay-player.css") <= 4 * 1024, "replay-player.css: {} bytes", packed("replay-player.css"));
    assert!(!text("console.js").contains("replayer-wrapper") && text("replay-player.js").contains("replayer-wrapper"));
}

#[test]
fn the_scripts_in_other_peoples_pages_are_tiny_and_come_alone() {
    for name in ["track.js", "survey.js"] {
        let asset = find(url(name)).unwrap();
        let packed = asset.gzip.map_or(usize::MAX, <[u8]>::len);
        assert!(packed <= 5 * 1024, "{name}: {packed} bytes");
        assert_eq!(asset.content_type, "text/javascript; charset=utf-8");
        assert!(!text(name).contains("import(") && !text(name).contains("document.cookie"), "{name}");
    }
}

#[test]
fn the_player_never_lets_a_recorded_page_run_scripts() {
    let js = text("replay-player.js");
    // The library's switch for that stands once in what it takes for granted, turned off, and is asked for; nothing of ours sets it.
    assert_eq!(js.matches("UNSAFE_replayCanvas:").count(), 1);
    assert!(js.contains("UNSAFE_replayCanvas:!1"));
    for banned in ["eval(", "new Function", "document.write"] {
        assert!(!js.contains(banned), "{banned}");
    }
    let notice = all().iter().find(|asset| asset.name == "replay-player.js.LEGAL.txt").map(|asset| text(asset.name));
    assert!(notice.is_some_and(|notice| notice.contains("MIT License") && notice.contains("SmartX Inc.")));
}

#[test]
fn nothing_in_the_browser_files_breaks_the_policy_of_the_pages() {
    let js = ["console.js", "replay-page.js", "track.js", "survey.js"].map(text).concat();
    for banned in ["eval(", "new Function", "innerHTML", "setAttribute(\"style\"", "document.write"] {
        assert!(!js.contains(banned), "{banned}");
    }
    for css in all().iter().filter(|asset| asset.name.ends_with(".css")).map(|asset| text(asset.name)) {
        assert!(!css.contains("url("), "styles load nothing");
    }
}

#[test]
fn icons_are_drawings_in_the_colour_of_the_text() {
    for name in ["home", "uptime", "status", "alerts", "settings", "deliveries", "jobs", "members"] {
        let drawing = icon(name);
        assert!(drawing.starts_with("<svg class=\"icon\"") && drawing.contains("currentColor"), "{name}");
        assert!(!drawing.contains("script"), "{name}");
    }
    assert_eq!(icon("no such icon"), icon("dot"));
}

#[test]
fn seed_content_is_named_by_its_path() {
    assert!(content("robots.txt").is_some_and(|text| text.starts_with("User-agent")));
    assert_eq!(content("nothing"), None);
    assert!(content_names("robots").eq(["robots.txt"]));
}

#[test]
fn the_lock_file_names_no_registry() {
    let lock = include_str!("../package-lock.json");
    assert!(!lock.contains("\"resolved\"") && !lock.contains("http"));
}
