use super::html;
use crate::prelude::*;
use crate::raw::{self, Markup};
use crate::{AssetUrls, Document, ErrorPage, Flash, FrameMember, NavGroup, NavItem, Theme};
use kernel::error::FieldError;
use kernel::text::{Email, WebUrl};
use kernel::{Role, Time};
use std::time::Duration;

/// Ends attributes of either quote, elements whose text is raw, and comments; then acts.
const EVIL: &str = r#"x"'>--></title></textarea></style></script></noscript><script>alert(1)</script><img src=x onerror=alert(1)> & {"#;

fn assert_harmless(part: &str, html: &str) {
    assert!(html.contains("alert(1)"), "{part} shows its text: {html}");
    for evil in ["<script>", "<img", "</title></textarea>", "\"'>", "onerror=alert(1)>"] {
        assert!(!html.contains(evil), "{part} lets {evil} through: {html}");
    }
}

fn field_errors() -> [FieldError; 1] {
    [FieldError { field: "evil".to_owned(), message: EVIL.to_owned() }]
}

#[test]
fn no_part_lets_markup_through() {
    let empty = || EmptyState { title: EVIL, sentence: EVIL, actions: vec![] };
    let heads = [Head::text(EVIL), Head::number(EVIL), Head::hidden(EVIL)];
    let parts: Vec<(&str, View)> = vec![
        (
            "page_head",
            page_head(PageHead { title: EVIL, lead: EVIL, trail: vec![(EVIL, "/".into())], badge: Some(tag(EVIL)), actions: vec![] }),
        ),
        ("card", card(Card { title: EVIL, lead: EVIL, ..Card::default() }, ())),
        ("section", section(Section { id: EVIL, title: EVIL, lead: EVIL, actions: vec![] }, ())),
        ("tabs", tabs(EVIL, &[Tab { label: EVIL, href: Href::path("/a").with(EVIL, EVIL), is_current: true, count: None }])),
        ("pager", pager(&Pager { first: "/".into(), next: Href::path("/").with("before", EVIL), note: EVIL })),
        ("live", live(EVIL, EVIL)),
        ("state_badge", state_badge(Tone::Bad, EVIL)),
        ("state_dot", state_dot(Tone::Bad, EVIL)),
        ("tag", tag(EVIL)),
        ("notice", notice(Tone::Info, EVIL)),
        ("notice_about", notice_about(Tone::Info, EVIL, EVIL)),
        ("empty_state", empty_state(empty())),
        ("tile", tile(&Tile { title: EVIL, value: EVIL, unit: EVIL, note: EVIL, href: "/".into(), ..Tile::default() })),
        ("progress", progress(EVIL, 1, 2)),
        ("meter", meter(&Meter { label: EVIL, value: 1.0, max: 2.0, text: EVIL, tone: Tone::Warn })),
        ("timeline", timeline(vec![Happening { at: Time(0), tone: Tone::Bad, title: EVIL.to_owned(), body: vec![paragraph(EVIL)] }])),
        ("link", link("/", EVIL)),
        ("link_button", link_button("/", EVIL, Look::Primary)),
        ("button", button(EVIL, Look::Plain, EVIL, EVIL)),
        ("post_button", post_button("/", EVIL, Look::Plain)),
        (
            "confirm_button",
            confirm_button(&ConfirmButton {
                label: EVIL,
                question: EVIL,
                confirm: EVIL,
                action: "/".into(),
                look: Look::Danger,
                fields: vec![("id", EVIL.to_owned())],
            }),
        ),
        (
            "table",
            table(Table { caption: EVIL, heads: &heads, rows: vec![Row::new(vec![tag(EVIL), muted(EVIL), code(EVIL)])], empty: empty() }),
        ),
        ("empty table", table(Table { caption: EVIL, heads: &heads, rows: vec![], empty: empty() })),
        ("code", code(EVIL)),
        ("code_block", code_block(EVIL)),
        ("copy_box", copy_box(EVIL, EVIL)),
        ("key_values", key_values(vec![(EVIL, muted(EVIL))])),
        ("disclosure", disclosure(EVIL, true, EVIL)),
        ("paragraph", paragraph(EVIL)),
        ("muted", muted(EVIL)),
    ];
    for (name, part) in parts {
        assert_harmless(name, &html(part));
    }
}

#[test]
fn no_field_lets_markup_through() {
    let errors = field_errors();
    let fields = Fields::within(EVIL, &errors);
    let choices = [Choice { value: EVIL, label: EVIL, help: EVIL }];
    let name = "evil";
    let parts: Vec<(&str, View)> = vec![
        ("summary", fields.summary()),
        (
            "text",
            fields.text(TextField {
                name,
                label: EVIL,
                value: EVIL,
                help: EVIL,
                placeholder: EVIL,
                autocomplete: EVIL,
                ..TextField::default()
            }),
        ),
        ("number", fields.number(NumberField { name, label: EVIL, value: EVIL, help: EVIL, unit: EVIL, ..NumberField::default() })),
        ("secret", fields.secret(SecretField { name, label: EVIL, help: EVIL, autocomplete: EVIL, ..SecretField::default() })),
        ("file", fields.file(FileField { name, label: EVIL, help: EVIL, accept: EVIL, required: true })),
        ("text_area", fields.text_area(TextArea { name, label: EVIL, value: EVIL, help: EVIL, placeholder: EVIL, ..TextArea::default() })),
        ("select", fields.select(Select { name, label: EVIL, value: EVIL, help: EVIL, choices: &choices, required: true })),
        ("radio", fields.radio(Radio { name, label: EVIL, value: EVIL, help: EVIL, choices: &choices, required: true })),
        ("check_box", fields.check_box(CheckBox { name, label: EVIL, help: EVIL, is_checked: true })),
        ("check_list", fields.check_list(CheckList { name, label: EVIL, help: EVIL, choices: &choices, checked: &[EVIL], empty: "" })),
        ("empty check_list", fields.check_list(CheckList { name, label: EVIL, empty: EVIL, ..CheckList::default() })),
        ("name", fields.text(TextField { name: EVIL, label: EVIL, ..TextField::default() })),
        ("hidden", hidden(EVIL, EVIL)),
        ("field_set", field_set(EVIL, EVIL, EVIL)),
        ("submit_row", submit_row(&SubmitRow { label: EVIL, cancel: "/".into(), ..SubmitRow::default() })),
        ("form", form(Form { action: Href::path("/").with("q", EVIL), is_upload: true }, EVIL)),
        ("filter_form", filter_form("/", EVIL)),
    ];
    for (name, part) in parts {
        assert_harmless(name, &html(part));
    }
}

#[test]
fn no_chart_lets_markup_through() {
    let days = [DayCell { tone: Tone::Bad, label: EVIL.to_owned(), note: EVIL.to_owned() }];
    let point = |at: i64| Point { at: Time(at), value: 5.0 };
    let chart = LineChart {
        id: EVIL,
        title: EVIL,
        about: EVIL,
        to: Time(1_000),
        every: Duration::from_millis(100),
        series: vec![Series { name: EVIL, points: vec![point(100), point(200)] }, Series { name: EVIL, points: vec![point(100)] }],
        bands: vec![Band { from: Time(0), to: Time(50), tone: Tone::Bad, label: EVIL.to_owned() }],
        marks: vec![Mark { value: 3.0, label: EVIL }],
        has_table: true,
        ..LineChart::default()
    };
    let buckets = [(EVIL.to_owned(), 3)];
    let parts: Vec<(&str, View)> = vec![
        ("day_bars", day_bars(&DayBars { label: EVIL, summary: EVIL, days: &days, from: EVIL, middle: EVIL, to: EVIL })),
        ("line_chart", line_chart(&chart)),
        ("empty line_chart", line_chart(&LineChart { title: EVIL, empty: EVIL, ..LineChart::default() })),
        ("histogram", histogram(&Histogram { title: EVIL, about: EVIL, buckets: &buckets, counted: EVIL })),
        ("shares", shares(&Shares { label: EVIL, unit: Unit::Count, parts: &[Share { label: EVIL, value: 2.0 }] })),
        ("sparkline", sparkline(&[1.0, 2.0], EVIL)),
    ];
    for (name, part) in parts {
        assert_harmless(name, &html(part));
    }
}

#[test]
fn no_frame_lets_markup_through() {
    let item = NavItem { label: EVIL.to_owned(), href: EVIL.into(), icon: "", waiting: 3 };
    let frame = Frame {
        product: EVIL.to_owned(),
        path: EVIL.to_owned(),
        nav: vec![NavGroup { label: EVIL.to_owned(), items: vec![item] }],
        member: FrameMember { name: EVIL.to_owned(), role: Role::Viewer },
        flash: Some(Flash { tone: Tone::Bad, text: EVIL.to_owned() }),
        theme: Theme::Dark,
        topics: vec!["uptime"],
        query: EVIL.to_owned(),
        assets: AssetUrls::default(),
    };
    let plain = PlainFrame { product: EVIL.to_owned(), ..PlainFrame::default() };
    let error = ErrorPage { code: 404, title: EVIL, sentence: EVIL, next: EVIL.into(), next_label: EVIL };
    let own = Document { lang: EVIL, title: EVIL, description: EVIL, body_class: EVIL, ..Document::default() };
    assert_harmless("console_page", &console_page(&frame, EVIL, EVIL));
    assert_harmless("plain_page", &plain_page(&plain, EVIL, EVIL));
    assert_harmless("error_page", &error_page(&plain, &error));
    assert_harmless("document", &document(own, EVIL));
}

#[test]
fn json_for_scripts_cannot_end_its_element() {
    let island = html(raw::json_island("data", &serde_json::json!({ "text": EVIL, "line": "\u{2028}" })));
    assert_eq!(island.matches("</script>").count(), 1);
    assert!(!island.contains("<img") && !island.contains('\u{2028}'));
    let json = island.split_once('>').and_then(|(_, rest)| rest.strip_suffix("</script>")).unwrap();
    let back: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(back["text"], EVIL, "the text itself is kept");
}

#[test]
fn a_link_leads_to_a_path_or_a_checked_address_and_nowhere_else() {
    for evil in
        ["javascript:alert(1)", "//evil.example", "/\\evil.example", "https://evil.example", "", "a/b", "/a b", "/a\nb", "data:text/html,x"]
    {
        assert_eq!(Href::path(evil).as_str(), "/", "{evil:?}");
        assert_eq!(Href::parse(evil), None, "{evil:?}");
    }
    assert_eq!(Href::path("/uptime?x=1#top").as_str(), "/uptime?x=1#top");
    assert_eq!(Href::path("/a").with("q", "b & c").with("n", 3).as_str(), "/a?q=b%20%26%20c&n=3");
    assert_eq!(Href::from(WebUrl::parse("https://example.com/a\"b").unwrap()).as_str(), "https://example.com/a%22b");
    assert_eq!(Href::mail(&Email::parse("a+b@example.com").unwrap()).as_str(), "mailto:a%2Bb@example.com");
    let outside = link(WebUrl::parse("https://example.com").unwrap(), "Example");
    assert!(html(outside).contains(r#"rel="noopener noreferrer""#));
}

#[test]
fn a_secret_is_never_written_back() {
    let fields = Fields::new(&[]);
    let html = html(fields.secret(SecretField { name: "key", label: "Key", is_set: true, required: true, ..SecretField::default() }));
    assert!(!html.contains("value="), "{html}");
    assert!(html.contains("Leave this empty to keep it") && !html.contains("required"), "{html}");
}

#[test]
fn pages_carry_no_inline_styles_and_no_inline_scripts() {
    let frame = PlainFrame::default();
    let page = plain_page(&frame, "Sign in", meter(&Meter { label: "Disk", value: 1.0, max: 3.0, ..Meter::default() }));
    assert!(!page.contains("style=") && !page.contains("<style") && !page.contains("onclick"), "{page}");
    let mut written = Markup::new();
    written.tag("p").attr("title", "a\"b").text("<&>").end("p");
    assert_eq!(written.into_html(), "<p title=\"a&quot;b\">&lt;&amp;&gt;</p>");
}
