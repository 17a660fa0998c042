//! Subscribers, templates, appearance.

use super::{PHASES, impacts, mail_notice, may_edit, spoken, tabs_of};
use crate::export::leave::Left;
use crate::export::outcome::Outcome;
use crate::model::subscriber::{SubscriberKind, SubscriberState};
use crate::store::subscribers::SubscriberRow;
use crate::store::templates::TemplateRow;
use frontend::prelude::*;
use kernel::error::FieldError;
use kernel::paging::Page;
use kernel::{Role, Time};

pub struct Followers {
    pub page: Page<SubscriberRow>,
    pub active: i64,
    pub pending: i64,
    pub waits_for_mail: bool,
    pub role: Role,
}

pub fn subscribers(data: &Followers) -> View {
    let Followers { page, active, pending, role, .. } = data;
    let lead = format!("{active} active, {pending} waiting for their confirmation. People subscribe and leave by themselves.");
    let head = page_head(PageHead { title: "Subscribers", lead: &lead, ..PageHead::default() });
    let rows = page
        .rows
        .iter()
        .map(|row| {
            // A webhook's path may hold its owner's token.
            let address = match row.kind {
                SubscriberKind::Email => row.address.clone(),
                SubscriberKind::Webhook => kernel::text::WebUrl::parse(&row.address).map(|url| url.origin()).unwrap_or_default(),
            };
            let tone = if row.state == SubscriberState::Active { Tone::Good } else { Tone::Neutral };
            let remove = if *role >= Role::Admin {
                confirm_button(&ConfirmButton {
                    label: "Remove",
                    question: "They get no more messages and are not told.",
                    confirm: "Remove them",
                    action: format!("/status/edit/subscribers/{}/remove", row.id).into(),
                    look: Look::Quiet,
                    ..ConfirmButton::default()
                })
            } else {
                ().into_any()
            };
            Row::new(vec![
                paragraph(&address),
                tag(&spoken(row.kind.as_str())),
                state_badge(tone, &spoken(row.state.as_str())),
                moment(row.created_at),
                remove,
            ])
        })
        .collect();
    let empty = EmptyState {
        title: "Nobody follows the page yet",
        sentence: "Link the page from your product and your mails: “Subscribe to updates” stands on top of it.",
        ..EmptyState::default()
    };
    let heads = [Head::text("Address"), Head::text("Way"), Head::text("State"), Head::text("Since"), Head::hidden("Actions")];
    let next = page.next.map(|before| Href::path("/status/edit/subscribers").with("before", before)).unwrap_or_default();
    stack(vec![
        head,
        tabs_of("Subscribers"),
        mail_notice(data.waits_for_mail),
        card(Card { is_flush: true, ..Card::default() }, table(Table { caption: "Subscribers", heads: &heads, rows, empty })),
        pager(&Pager { first: Href::default(), next, note: "" }),
    ])
}

pub fn templates(rows: &[TemplateRow], role: Role, errors: &[FieldError]) -> View {
    let head = page_head(PageHead {
        title: "Templates",
        lead: "Words for bad moments, written in good ones. A report starts from one and is changed as you like.",
        ..PageHead::default()
    });
    let mut parts = vec![head, tabs_of("Templates")];
    let can = may_edit(role);
    for row in rows {
        let text = stack(vec![
            muted(&format!("{} · {} · {}", row.title, spoken(row.phase.as_str()), spoken(row.impact.as_str()))),
            paragraph(&row.body),
        ]);
        let change = can.then(|| {
            let remove = confirm_button(&ConfirmButton {
                label: "Delete",
                question: "Reports written with it stay.",
                confirm: "Delete it",
                action: format!("/status/edit/templates/{}/delete", row.id).into(),
                look: Look::Quiet,
                ..ConfirmButton::default()
            });
            disclosure("Change it", false, stack(vec![template_form(row, &[]), remove]))
        });
        parts.push(card(Card { title: &row.name, ..Card::default() }, stack(vec![text, change.into_any()])));
    }
    if can {
        let blank = TemplateRow {
            id: 0,
            name: String::new(),
            title: String::new(),
            impact: crate::model::Impact::Minor,
            phase: crate::model::Phase::Investigating,
            body: String::new(),
        };
        parts.push(card(Card { title: "New template", ..Card::default() }, template_form(&blank, errors)));
    }
    stack(parts)
}

fn template_form(row: &TemplateRow, errors: &[FieldError]) -> View {
    let prefix = format!("template-{}", row.id);
    let fields = Fields::within(&prefix, errors);
    let impacts = impacts();
    let body = stack(vec![
        fields.summary(),
        hidden("id", &row.id.to_string()),
        fields.text(TextField { name: "name", label: "Name", value: &row.name, required: true, max: 60, ..TextField::default() }),
        fields.text(TextField {
            name: "title",
            label: "Title of the report",
            value: &row.title,
            required: true,
            max: 120,
            ..TextField::default()
        }),
        field_row(vec![
            fields.select(Select { name: "phase", label: "Phase", value: row.phase.as_str(), choices: &PHASES, ..Select::default() }),
            fields.select(Select { name: "impact", label: "Impact", value: row.impact.as_str(), choices: &impacts, ..Select::default() }),
        ]),
        fields.text_area(TextArea {
            name: "body",
            label: "Text",
            value: &row.body,
            required: true,
            rows: 4,
            max: 8_000,
            ..TextArea::default()
        }),
        button("Save", Look::Plain, "", ""),
    ]);
    form(Form { action: "/status/edit/templates".into(), ..Form::default() }, body)
}

pub struct Appearance {
    pub logo: Option<String>,
    pub public_url: String,
    pub export: Export,
    pub role: Role,
    pub errors: Vec<FieldError>,
}

/// The page's copy elsewhere.
pub struct Export {
    /// Empty: there is none.
    pub address: String,
    pub outcome: Option<Outcome>,
    /// Former places that still hold one.
    pub left: Vec<Left>,
    pub now: Time,
}

pub fn appearance(data: &Appearance) -> View {
    let mut acts = vec![link_button("/status", "See the page", Look::Plain)];
    if data.role >= Role::Admin {
        acts.insert(0, link_button("/console/settings#status", "Name, colour, language, host", Look::Plain));
    }
    let head = page_head(PageHead { title: "Appearance", lead: "How the page looks to visitors.", actions: acts, ..PageHead::default() });
    let mut parts = vec![head, tabs_of("Appearance")];
    let shown = data.logo.as_ref().map(|url| {
        let mut html = frontend::raw::Markup::new();
        html.tag("p").tag("img").attr("src", url).attr("alt", "The logo as it is").attr("height", 40).done().end("p");
        html.into_view()
    });
    let mut body = vec![shown.into_any()];
    if data.role >= Role::Admin {
        let fields = Fields::new(&data.errors);
        let input = fields.file(FileField { name: "logo", label: "Picture", accept: "image/*", required: true, ..FileField::default() });
        let upload = stack(vec![fields.summary(), input, button("Use this logo", Look::Primary, "", "")]);
        body.push(form(Form { action: "/status/edit/logo".into(), is_upload: true }, upload));
        if data.logo.is_some() {
            body.push(post_button("/status/edit/logo/remove", "Remove the logo", Look::Quiet));
        }
    }
    let lead = "PNG, JPEG, WebP, GIF or SVG of at most 8 KB: it is part of every page, so that a visit is one request.";
    parts.push(card(Card { title: "Logo", lead, ..Card::default() }, stack(body)));
    parts.push(export(&data.export, data.role));
    parts.push(card(
        Card { title: "Badges and data", lead: "For readmes, websites and tools.", ..Card::default() },
        stack(vec![
            copy_box("Badge", &format!("{}/badge.svg", data.public_url)),
            copy_box("Statuspage-compatible data", &format!("{}/api/v2/summary.json", data.public_url)),
            copy_box("Atom feed", &format!("{}/feed.atom", data.public_url)),
        ]),
    ));
    stack(parts)
}

fn export(export: &Export, role: Role) -> View {
    let is_set = !export.address.is_empty();
    let mut body = Vec::new();
    match &export.outcome {
        _ if !is_set => {}
        None => body.push(muted("Nothing was exported yet.")),
        Some(outcome) => {
            if outcome.failing_since.is_some() {
                body.push(failed_export(outcome, export.now));
            }
            body.push(export_facts(&export.address, outcome, export.now));
        }
    }
    body.extend(export.left.iter().map(|left| left_export(left, export.now, role)));
    if role >= Role::Admin {
        let mut acts = Vec::new();
        if is_set {
            acts.push(post_button("/status/edit/export", "Try it now", Look::Primary));
        }
        let label = if is_set { "Place and key" } else { "Choose a place" };
        acts.push(link_button("/console/settings#status", label, Look::Plain));
        body.push(actions(acts));
    }
    let lead = "The whole page as files in a bucket or a folder: put behind another host or a CDN, it outlives this machine.";
    live("export", card(Card { title: "Copy elsewhere", lead, ..Card::default() }, stack(body)))
}

/// What tells visitors an old story for ever, when nobody removes it.
fn left_export(left: &Left, now: Time, role: Role) -> View {
    let title = format!("What was exported to {} still stands there.", left.place);
    let can_forget = role >= Role::Admin;
    let forget = can_forget.then(|| post_button(format!("/status/edit/export/left/{}/forget", left.id), "Forget it", Look::Quiet));
    let text = view! {
        <p>{left.failure.clone()}" Last tried "{ago(left.tried_at, now)}"; it is tried again every two hours. Or remove it by hand."</p>
        {forget}
    };
    notice_about(Tone::Warn, &title, text)
}

/// Also on the overview, where it is seen first.
pub fn failed_export(outcome: &Outcome, now: Time) -> View {
    let since = outcome.failing_since.unwrap_or(outcome.tried_at);
    let text = view! { <p>{outcome.failure.clone()}" First failed "{ago(since, now)}"; it is tried again by itself."</p> };
    notice_about(Tone::Bad, "The page’s copy elsewhere is not renewed.", text)
}

fn export_facts(address: &str, outcome: &Outcome, now: Time) -> View {
    let Some(done_at) = outcome.done_at else { return key_values(vec![("Place", code(address))]) };
    let kilobytes = outcome.bytes.saturating_add(1023) / 1024;
    let sent = format!("{} files, {kilobytes} KB, {} removed", outcome.changed, outcome.removed);
    key_values(vec![
        ("Place", code(address)),
        ("Last export", ago(done_at, now)),
        ("Files there", paragraph(&outcome.files.to_string())),
        ("Last changed", paragraph(&sent)),
    ])
}
