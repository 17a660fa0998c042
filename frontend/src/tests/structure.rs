use super::html;
use crate::prelude::*;
use crate::{AssetUrls, ErrorPage, Flash, FrameMember, NavGroup, NavItem, Theme};
use kernel::error::FieldError;
use kernel::{Role, Time};

fn frame() -> Frame {
    let item = |label: &str, path: &str, waiting: u64| NavItem { label: label.to_owned(), href: path.into(), icon: "<svg></svg>", waiting };
    Frame {
        product: "Hermetic".to_owned(),
        path: "/status/reports/7".to_owned(),
        nav: vec![
            NavGroup { label: String::new(), items: vec![item("Home", "/", 0)] },
            NavGroup {
                label: "Watch".to_owned(),
                items: vec![item("Status", "/status", 0), item("Reports", "/status/reports", 2), item("Settings", "/settings", 0)],
            },
        ],
        member: FrameMember { name: "Ada Lovelace".to_owned(), role: Role::Owner },
        flash: Some(Flash { tone: Tone::Good, text: "Saved.".to_owned() }),
        theme: Theme::Dark,
        topics: vec!["status", "uptime"],
        query: String::new(),
        assets: AssetUrls { css: "/assets/console.css", own_css: None, js: "/assets/console.js", favicon: "/assets/favicon.svg" },
    }
}

#[test]
fn a_console_page_is_a_whole_document_with_its_landmarks() {
    let page = console_page(&frame(), "Reports", page_head(PageHead { title: "Reports", ..PageHead::default() }));
    assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\" data-theme=\"dark\"><head><meta charset=\"utf-8\"/>"), "{page}");
    assert!(page.contains("<title>Reports · Hermetic</title>"), "{page}");
    assert!(page.contains("data-topics=\"status,uptime\""));
    for needed in [
        "<a href=\"#main\" class=\"skip\"",
        "<main id=\"main\"",
        "<header class=\"top\">",
        "role=\"search\"",
        "action=\"/sign-out\"",
        "/console/profile",
    ] {
        assert_eq!(page.matches(needed).count(), 1, "{needed}");
    }
    assert_eq!(page.matches("<h1").count(), 1);
    assert!(page.contains("Saved."));
}

#[test]
fn the_longest_path_marks_the_navigation_and_each_key_is_given_once() {
    let page = console_page(&frame(), "Reports", ());
    let current = "href=\"/status/reports\" data-key=\"r\" aria-current=\"page\"";
    assert_eq!(page.matches(current).count(), 1, "{page}");
    assert_eq!(page.matches("aria-current").count(), 2, "beside the page and in the menu of narrow screens");
    for key in ["data-key=\"h\"", "data-key=\"s\"", "data-key=\"r\"", "data-key=\"e\""] {
        assert_eq!(page.matches(key).count(), 1, "{key}");
    }
    assert!(page.contains("<span class=\"count\">2<span class=\"sr\"> waiting</span></span>"));
}

#[test]
fn ids_are_given_once_on_a_page() {
    let errors = [FieldError { field: "name".to_owned(), message: "Please give a name.".to_owned() }];
    let field = || TextField { name: "name", label: "Name", help: "Any.", ..TextField::default() };
    let page = console_page(&frame(), "Two forms", vec![Fields::new(&errors).text(field()), Fields::within("other", &[]).text(field())]);
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "{ids:?}");
}

#[test]
fn an_error_page_says_what_to_do_next() {
    let error = ErrorPage {
        code: 404,
        title: "Not here",
        sentence: "This monitor does not exist (any more).",
        next: "/uptime".into(),
        next_label: "To all monitors",
    };
    let page = error_page(&PlainFrame { product: "Hermetic".to_owned(), ..PlainFrame::default() }, &error);
    assert!(page.contains("Error 404") && page.contains("<h1>Not here</h1>") && page.contains("href=\"/uptime\""), "{page}");
    let page = error_page(&PlainFrame::default(), &ErrorPage { next: "/".into(), ..ErrorPage::default() });
    assert!(page.contains("Go to the start page"));
}

#[test]
fn a_wrong_field_keeps_its_value_and_is_tied_to_its_error_and_help() {
    let errors = [FieldError { field: "address".to_owned(), message: "Please give a web address.".to_owned() }];
    let fields = Fields::new(&errors);
    let field = TextField {
        name: "address",
        label: "Address",
        value: "ftp://x",
        help: "With scheme.",
        required: true,
        kind: TextKind::Url,
        ..TextField::default()
    };
    insta::assert_snapshot!(html(fields.text(field)));
    insta::assert_snapshot!("error_summary", html(fields.summary()));
}

#[test]
fn a_text_area_keeps_a_leading_line_break() {
    let fields = Fields::new(&[]);
    let html = html(fields.text_area(TextArea { name: "body", label: "Body", value: "\nfirst", ..TextArea::default() }));
    assert!(html.contains(">\n\nfirst</textarea>"), "{html}");
}

#[test]
fn choices_send_their_values_and_show_what_was_chosen() {
    let fields = Fields::new(&[]);
    let choices = [Choice::new("1", "Mail"), Choice::new("2", "Slack")];
    let list = html(fields.check_list(CheckList {
        name: "channel",
        label: "Channels",
        choices: &choices,
        checked: &["2"],
        ..CheckList::default()
    }));
    assert_eq!(list.matches("name=\"channel\"").count(), 2);
    assert!(list.contains("value=\"2\" id=\"field-channel-1\" checked"), "{list}");
    let select = html(fields.select(Select { name: "kind", label: "Kind", value: "2", choices: &choices, ..Select::default() }));
    assert!(select.contains("<option value=\"2\" selected>Slack</option>"), "{select}");
    let ticked = html(fields.check_box(CheckBox { name: "on", label: "On", is_checked: true, ..CheckBox::default() }));
    assert!(ticked.contains("value=\"on\"") && ticked.contains(" checked"), "{ticked}");
}

#[test]
fn a_state_is_told_by_word_and_shape() {
    let shapes: Vec<String> = [Tone::Good, Tone::Warn, Tone::Bad, Tone::Info, Tone::Neutral].map(|tone| html(tone.glyph())).to_vec();
    let mut once = shapes.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), shapes.len(), "no two tones share a shape");
    assert!(html(state_badge(Tone::Bad, "Down")).contains("Down"));
}

#[test]
fn a_deed_that_needs_a_question_is_a_form_inside_its_button() {
    let part = confirm_button(&ConfirmButton {
        label: "Delete",
        question: "This deletes the monitor.",
        confirm: "Delete the monitor",
        action: "/uptime/monitors/3/delete".into(),
        look: Look::Danger,
        fields: vec![("version", "4".to_owned())],
    });
    insta::assert_snapshot!(html(part));
}

#[test]
fn a_table_names_its_cells_for_phones_and_shows_the_next_step_when_it_is_empty() {
    let heads = [Head::text("Name"), Head::number("Answer"), Head::hidden("Actions")];
    let empty = || EmptyState {
        title: "No monitors yet",
        sentence: "Add one.",
        actions: vec![link_button("/uptime/monitors/new", "Add a monitor", Look::Primary)],
    };
    let row = Row { cells: vec![link("/uptime/monitors/3", "API"), muted("142 ms"), tag("x")], tone: Tone::Bad };
    insta::assert_snapshot!(html(table(Table { caption: "Monitors", heads: &heads, rows: vec![row], empty: empty() })));
    let nothing = html(table(Table { caption: "Monitors", heads: &heads, rows: vec![], empty: empty() }));
    assert!(nothing.contains("No monitors yet") && nothing.contains("/uptime/monitors/new") && !nothing.contains("<table"));
}

#[test]
fn moments_are_utc_in_words_and_exact_in_the_attribute() {
    let at = Time(1_795_444_740_000);
    assert_eq!(html(moment(at)), "<time datetime=\"2026-11-23T14:39:00Z\" data-moment=\"full\">23 Nov 2026, 14:39 UTC</time>");
    assert!(html(date(at)).contains(">23 Nov 2026<"));
    let texts: Vec<String> = [1_000, 192_000, 7_500_000, 400_000_000, -90_000].map(|since| html(ago(at, Time(at.0 + since)))).to_vec();
    let texts: Vec<&str> = texts.iter().filter_map(|html| html.split('>').nth(1)?.split('<').next()).collect();
    assert_eq!(texts, ["just now", "3 min ago", "2 h ago", "4 d ago", "in 1 min"]);
}

#[test]
fn rendering_cleans_up_after_itself() {
    assert_eq!(render(|| view! { <p>"a"</p> }), "<p>a</p>");
    assert_eq!(render(|| raw_html("<b>sanitised before</b>")), "<b>sanitised before</b>");
}
