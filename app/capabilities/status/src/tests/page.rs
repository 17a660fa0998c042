//! The public page: one request, small, safe, in four languages, complete when exported.

use super::sample::*;
use crate::model::look::{Accent, Logo, Rgb};
use crate::model::*;
use crate::site::{self, File};
use proptest::prelude::*;
use std::collections::HashSet;

fn index(snapshot: &Snapshot) -> String {
    site::present(snapshot, &links()).into_iter().find(|file| file.path.is_empty()).unwrap().body
}

fn twenty() -> Snapshot {
    let mut snapshot = snapshot();
    snapshot.sections = (0..4)
        .map(|group| SectionView {
            public_id: format!("grp{group}"),
            name: Some(format!("Group {group}")),
            position: group,
            components: (0..5)
                .map(|one| component(group * 5 + one + 1, &format!("Component {one}"), Some(ComponentState::Operational)))
                .collect(),
        })
        .collect();
    snapshot
}

#[test]
fn twenty_components_with_a_report_stay_below_25_kilobytes_compressed_and_ask_for_nothing_else() {
    let page = index(&twenty());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    std::io::Write::write_all(&mut packed, page.as_bytes()).unwrap();
    let packed = packed.finish().unwrap().len();
    println!("first page: {} bytes, {packed} with gzip", page.len());
    assert!(packed <= 25 * 1024 / 2, "{packed}");
    assert!(page.len() <= 60 * 1024, "{}", page.len());
    for asks in ["<script", "<img src=\"http", "<link rel=\"stylesheet", "@import", "url(", "<iframe"] {
        assert!(!page.contains(asks), "{asks}");
    }
    assert!(page.contains("<link rel=\"icon\" href=\"data:"), "or browsers ask for one");
}

#[test]
fn nothing_typed_becomes_a_tag_on_any_page_in_any_language() {
    let evil = "</title></style></textarea><script>alert(1)</script><img src=x onerror=alert(1)>\"'><a href=\"javascript:alert(1)\">x</a> [x](javascript:alert(1)) <!--";
    let mut snapshot = snapshot();
    snapshot.look.name = evil.into();
    snapshot.look.about = evil.into();
    snapshot.reports[0].title = evil.into();
    snapshot.maintenances[0].title = evil.into();
    snapshot.maintenances[0].updates[0].body = evil.into();
    snapshot.reports[0].updates.iter_mut().for_each(|update| update.body = evil.into());
    snapshot.sections[1].name = Some(evil.into());
    for component in snapshot.sections.iter_mut().flat_map(|section| &mut section.components) {
        component.name = evil.into();
        component.description = evil.into();
    }
    for file in whole(&snapshot, &links()).into_iter().filter(|file| !file.is_data()) {
        let page = &file.body;
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<textarea"), "{}", file.path);
        let links = page.split("<a ").skip(1).map(|rest| rest.split('>').next().unwrap_or_default());
        assert!(links.into_iter().all(|tag| !tag.contains("javascript:")), "{}", file.path);
        assert!(!page.contains("<!--"), "{}", file.path);
        assert_eq!(page.matches("</title>").count(), 1, "{}", file.path);
        assert_eq!(page.matches("</style>").count(), 1, "{}", file.path);
    }
    for file in whole(&snapshot, &links()).into_iter().filter(|file| file.path.ends_with(".svg")) {
        assert!(!file.body.contains("<script") && !file.body.contains("<img"), "{}", file.path);
    }
}

#[test]
fn the_page_is_for_ears_and_for_the_colour_blind() {
    let page = index(&snapshot());
    assert!(page.contains("<html lang=\"en\">"));
    assert!(page.contains("role=\"status\" aria-live=\"polite\""));
    assert!(page.contains("<ol aria-label=\"Website: 90 days\" class=\"bars\">"));
    assert!(page.contains("Outage 23 min"));
    assert!(page.contains("No data"));
    assert!(page.contains("role=\"img\" aria-label=\"Response time, last 24 hours:"));
    assert!(page.contains("<time datetime=\"2026-11-23T14:39:00Z\">23 November 2026, 15:39 CET</time>"));
    assert_eq!(page.matches("<h1>").count(), 1);
}

#[test]
fn four_languages_say_the_same_and_link_to_each_other() {
    let pages: Vec<File> = site::present(&snapshot(), &links()).into_iter().filter(|file| !file.is_data()).collect();
    let of = |path: &str| &pages.iter().find(|file| file.path == path).unwrap().body;
    assert!(of("").contains("Some systems are not available"));
    assert!(of("de").contains("Einige Systeme sind nicht erreichbar") && of("de").contains("23. November 2026"));
    assert!(of("fr").contains("Certains systèmes sont indisponibles"));
    assert!(of("es").contains("Algunos sistemas no están disponibles") && of("es").contains("23 de noviembre de 2026"));
    assert!(of("de").contains("href=\"/status\" lang=\"en\"") && of("de").contains("href=\"/status/fr\" lang=\"fr\""));
    assert!(of("de").contains("href=\"/status/de/history\""));
}

#[test]
fn every_link_of_the_exported_site_leads_to_one_of_its_files() {
    let files = whole(&snapshot(), &exported());
    let paths: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths.len(), files.len(), "each path once");
    assert_eq!(files.last().unwrap().path, "index.html", "the first page comes last");
    for file in files.iter().filter(|file| !file.is_data()) {
        for link in file.body.split("href=\"").skip(1).map(|rest| &rest[..rest.find('"').unwrap()]) {
            if link.starts_with('#')
                || link.starts_with("data:")
                || link.starts_with("https://acme.example")
                || link == "https://example.com/status/subscribe"
            {
                continue;
            }
            let base = url::Url::parse("file:///").unwrap().join(&file.path).unwrap();
            let target = base.join(link).unwrap();
            assert!(paths.contains(target.path().trim_start_matches('/')), "{link} on {}", file.path);
            assert!(!link.starts_with('/') && !link.contains("://"), "{link}");
        }
    }
}

#[test]
fn only_the_exported_first_pages_carry_the_stale_banner_and_allow_exactly_its_script() {
    for file in whole(&snapshot(), &exported()).into_iter().filter(|file| !file.is_data()) {
        let is_first = file.path.ends_with("index.html") && !file.path.contains("history");
        assert_eq!(file.body.contains("<script>"), is_first, "{}", file.path);
        assert!(file.body.contains("http-equiv=\"content-security-policy\""));
        if is_first {
            let script = file.body.split("<script>").nth(1).unwrap().split("</script>").next().unwrap();
            let hash = base64::Engine::encode(
                &base64::engine::general_purpose::STANDARD,
                ring::digest::digest(&ring::digest::SHA256, script.as_bytes()),
            );
            assert!(file.csp.unwrap().contains(&format!("script-src 'sha256-{hash}'")));
            assert!(file.body.contains("data-at=\"2026-11-23T14:39:00Z\""));
            assert!(file.body.contains("id=\"stale\""));
        }
    }
}

#[test]
fn the_style_is_allowed_by_its_hash_alone() {
    for file in whole(&snapshot(), &links()).into_iter().filter(|file| !file.is_data()) {
        let style = file.body.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
        let hash = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            ring::digest::digest(&ring::digest::SHA256, style.as_bytes()),
        );
        let csp = file.csp.unwrap();
        assert!(csp.contains(&format!("style-src 'sha256-{hash}'")) && !csp.contains("unsafe"), "{csp}");
        assert!(!file.body.contains(" style=\""), "the policy forbids style attributes");
    }
}

#[test]
fn quiet_data_does_not_change_with_the_clock() {
    let (mut later, links) = (snapshot(), links());
    let before: Vec<File> = whole(&later, &links).into_iter().filter(File::is_data).collect();
    let lasting = site::lasting(&later, &links);
    later.generated_at = NOW + kernel::time::MINUTE;
    assert_eq!(before, whole(&later, &links).into_iter().filter(File::is_data).collect::<Vec<_>>());
    assert_eq!(lasting, site::lasting(&later, &links));
}

#[test]
fn the_banner_tells_the_worst_and_an_outage_before_a_maintenance() {
    let with = |states: &[Option<ComponentState>]| {
        let mut snapshot = snapshot();
        snapshot.reports.clear();
        snapshot.maintenances.clear();
        snapshot.sections.truncate(1);
        snapshot.sections[0].components = states.iter().zip(1..).map(|(state, id)| component(id, "c", *state)).collect();
        snapshot.banner()
    };
    use ComponentState::*;
    assert_eq!(with(&[]), Banner::Empty);
    assert_eq!(with(&[None, None]), Banner::NoData);
    assert_eq!(with(&[None, Some(Operational)]), Banner::AllOperational);
    assert_eq!(with(&[Some(UnderMaintenance), Some(DegradedPerformance)]), Banner::UnderMaintenance);
    assert_eq!(with(&[Some(UnderMaintenance), Some(PartialOutage)]), Banner::PartialOutage);
    assert_eq!(with(&[Some(MajorOutage), Some(Operational)]), Banner::PartialOutage);
    assert_eq!(with(&[Some(MajorOutage), None]), Banner::MajorOutage);
}

#[test]
fn a_logo_is_looked_at_and_small() {
    assert_eq!(Logo::checked(b"\x89PNG\r\n\x1a\n....".to_vec()).unwrap().kind, "image/png");
    assert_eq!(Logo::checked(b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()).unwrap().kind, "image/svg+xml");
    assert!(Logo::checked(b"<html><script>".to_vec()).is_err());
    assert!(Logo::checked(vec![0x89; 9_000]).is_err());
}

proptest! {
    #[test]
    fn every_colour_becomes_readable_on_both_grounds(red: u8, green: u8, blue: u8) {
        let accent = Accent::parse(&Rgb(red, green, blue).hex()).unwrap();
        prop_assert!(accent.light.contrast(Rgb(0xf6, 0xf7, 0xf9)) >= 4.5);
        prop_assert!(accent.dark.contrast(Rgb(0x14, 0x18, 0x20)) >= 4.5);
    }

    #[test]
    fn only_colours_are_colours(text in "\\PC{0,12}") {
        if let Ok(accent) = Accent::parse(&text) {
            prop_assert!(text.trim().len() == 7 && accent.light.hex().len() == 7);
        }
    }

    #[test]
    fn report_text_never_becomes_a_tag_it_may_not_be(text in "[\\PC\\n<>&\"'*_`\\[\\]()!#-]{0,120}") {
        let html = crate::pages::public::prose::titled_html("", &text);
        for tag in html.split('<').skip(1) {
            let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
            prop_assert!(["p", "strong", "em", "code", "ul", "ol", "li", "br", "a"].contains(&name.as_str()), "{}", html);
        }
        prop_assert!(!html.contains("href=\"javascript"));
    }
}
