//! What happened to an issue and what people wrote about it, newest first.

use frontend::prelude::*;

use super::Shown;
use crate::model::{Act, ActKind};

pub fn view(shown: &Shown) -> View {
    let happenings = shown.acts.iter().map(|act| happening(shown, act)).collect();
    let write = shown.can_act.then(|| comment_form(shown));
    let body = view! { {write} {live("issue-history", timeline(happenings))} };
    view! { <div id="history">{card(Card { title: "History", ..Card::default() }, body)}</div> }.into_any()
}

fn comment_form(shown: &Shown) -> View {
    let fields = Fields::within("comment", &[]);
    let area = TextArea {
        name: "text",
        label: "Comment",
        help: "Markdown is understood.",
        rows: 3,
        max: 10_000,
        required: true,
        ..TextArea::default()
    };
    form(
        Form { action: format!("/errors/{}/comments", shown.issue.id).into(), ..Form::default() },
        view! {
            {fields.text_area(area)}
            {submit_row(&SubmitRow { label: "Comment", look: Look::Plain, ..SubmitRow::default() })}
        },
    )
}

fn edit_form(act: &Act) -> View {
    // Several stand on one page: each needs ids of its own.
    let within = format!("comment-{}", act.id);
    let fields = Fields::within(&within, &[]);
    let area = TextArea { name: "text", label: "Comment", value: &act.text, rows: 3, max: 10_000, required: true, ..TextArea::default() };
    form(
        Form { action: format!("/errors/{}/comments/{}", act.issue, act.id).into(), ..Form::default() },
        view! {
            {fields.text_area(area)}
            {submit_row(&SubmitRow { label: "Save", look: Look::Plain, ..SubmitRow::default() })}
        },
    )
}

fn happening(shown: &Shown, act: &Act) -> Happening {
    let (tone, words) = words(act.kind);
    let title = if act.made_by.is_empty() { words.to_owned() } else { format!("{words} by {}", act.made_by) };
    let mut body = Vec::new();
    if act.kind == ActKind::Commented {
        body.push(view! { <div class="prose">{raw_html(comment_html(&act.text))}</div> }.into_any());
        let is_own = shown.can_act && shown.me.is_some() && act.member == shown.me;
        if is_own {
            body.push(disclosure("Edit comment", false, edit_form(act)));
            body.push(confirm_button(&ConfirmButton {
                label: "Delete comment",
                question: "The comment is gone for good.",
                confirm: "Delete it",
                action: format!("/errors/{}/comments/{}/remove", act.issue, act.id).into(),
                look: Look::Quiet,
                ..ConfirmButton::default()
            }));
        }
    } else if !act.text.is_empty() {
        body.push(paragraph(&act.text));
    }
    if let Some(item) = act.item {
        body.push(link(format!("/errors/{}/events/{item}", act.issue), "The event"));
    }
    if shown.can_act && act.kind == ActKind::Merged && !act.undo.is_empty() {
        body.push(post_button(format!("/errors/{}/acts/{}/undo", act.issue, act.id), "Undo this merge", Look::Quiet));
    }
    Happening { at: act.at, tone, title, body }
}

fn words(kind: ActKind) -> (Tone, &'static str) {
    match kind {
        ActKind::Opened => (Tone::Bad, "Opened"),
        ActKind::Resolved => (Tone::Good, "Resolved"),
        ActKind::Regressed => (Tone::Bad, "Regressed"),
        ActKind::Ignored => (Tone::Neutral, "Ignored"),
        ActKind::Woken => (Tone::Warn, "No longer ignored"),
        ActKind::Reopened => (Tone::Warn, "Reopened"),
        ActKind::Assigned => (Tone::Info, "Assigned"),
        ActKind::Unassigned => (Tone::Info, "Assigned to nobody"),
        ActKind::Merged => (Tone::Info, "Merged"),
        ActKind::Split => (Tone::Info, "Split"),
        ActKind::Spiking => (Tone::Bad, "Far more events than usual"),
        ActKind::Calmed => (Tone::Good, "Back to its usual events"),
        ActKind::Commented => (Tone::Neutral, "Comment"),
        ActKind::Linked => (Tone::Info, "Linked"),
    }
}

/// Markdown of a member to HTML. HTML in it is shown as text; links lead to web and mail addresses only, and pictures are links.
pub fn comment_html(text: &str) -> String {
    use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};
    let is_safe = |url: &str| ["https://", "http://", "mailto:", "/errors/", "#"].iter().any(|start| url.starts_with(start));
    let checked = |url: CowStr<'static>| if is_safe(&url) { url } else { CowStr::from("#") };
    let events = Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES).map(|event| match event.into_static() {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: checked(dest_url), title, id })
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: checked(dest_url), title, id })
        }
        Event::End(TagEnd::Image) => Event::End(TagEnd::Link),
        other => other,
    });
    let mut html = String::with_capacity(text.len() * 2);
    pulldown_cmark::html::push_html(&mut html, events);
    html.replace("<pre>", "<pre tabindex=\"0\">").replace("<a href=", "<a rel=\"noopener noreferrer nofollow\" href=")
}
