//! One project: how much it reports, and its keys.

use frontend::prelude::*;
use identity::projects::{DsnKey, Project};
use ingest::store::{LastKept, OutcomeRow};
use kernel::Time;
use kernel::error::FieldError;

use super::{Place, count, head, last_seen, path, places};
use crate::model::outcomes::{self, totals};
use crate::model::size;

pub(crate) struct One {
    pub project: Project,
    /// With the DSN that each makes.
    pub keys: Vec<(DsnKey, String)>,
    /// Of the last 24 hours.
    pub rows: Vec<OutcomeRow>,
    pub last: Option<LastKept>,
    /// How to connect; shown until something came.
    pub lessons: Option<View>,
    pub may_edit: bool,
    pub now: Time,
    pub errors: Vec<FieldError>,
    /// Which form the errors belong to: a key's id, or none for the new key.
    pub wrong_key: Option<i64>,
}

/// One live piece for all of it: when the first item comes, the page becomes another one.
pub(crate) fn show(page: One) -> View {
    let project = &page.project;
    let mut views = vec![head(project, page.last.is_some()), places(project, Place::Overview, page.may_edit)];
    if page.last.is_none() {
        let body = paragraph("This page turns by itself as soon as the first one is here.");
        views.push(notice_about(Tone::Info, "Waiting for the first event.", body));
        views.push(keys(&page));
        views.extend(page.lessons);
    } else {
        views.extend([numbers(&page), categories(&page), keys(&page)]);
    }
    live("project", stack(views))
}

fn numbers(page: &One) -> View {
    let sums = totals(&page.rows);
    let outcomes = path(&page.project, "/outcomes");
    let bytes: u64 = page.rows.iter().map(|row| row.bytes).sum();
    let dropped = if sums.dropped == 0 { Tone::Good } else { Tone::Warn };
    let note = if sums.dropped == 0 { "in 24 hours: nothing was refused" } else { "in 24 hours: see why" };
    let accepted = count(sums.accepted);
    let (lost, discarded, stored) = (count(sums.dropped), count(sums.discarded), size(bytes));
    tiles(vec![
        tile(&Tile { title: "Accepted", value: &accepted, note: "items in 24 hours", href: outcomes.clone(), ..Tile::default() }),
        tile(&Tile { title: "Dropped here", value: &lost, note, href: outcomes.clone(), tone: dropped, ..Tile::default() }),
        tile(&Tile {
            title: "Not sent by the SDK",
            value: &discarded,
            note: "in 24 hours, as it tells",
            href: outcomes,
            ..Tile::default()
        }),
        tile(&Tile { title: "Stored", value: &stored, note: "packed, of 24 hours", ..Tile::default() }),
    ])
}

fn categories(page: &One) -> View {
    let rows = outcomes::by_category(&page.rows).into_iter().map(|row| {
        Row::new(vec![
            paragraph(outcomes::category(&row.category)),
            paragraph(&count(row.totals.accepted)),
            paragraph(&count(row.totals.dropped)),
            paragraph(&count(row.totals.discarded)),
            paragraph(&size(row.bytes)),
        ])
    });
    let heads = [
        Head::text("What"),
        Head::number("Accepted"),
        Head::number("Dropped"),
        Head::number("Not sent by the SDK"),
        Head::number("Stored"),
    ];
    let empty = EmptyState {
        title: "Nothing in the last 24 hours",
        sentence: "The program may be idle, or cannot reach this instance. Its keys are below.",
        actions: vec![link_button(path(&page.project, "/connect"), "See how to connect", Look::Plain)],
    };
    let listed = table(Table { caption: "Items of the last 24 hours", heads: &heads, rows: rows.collect(), empty });
    let since = view! { <span class="muted">"Last item: "{last_seen(page.last, page.now)}</span> }.into_any();
    card(Card { title: "Last 24 hours", actions: vec![since], is_flush: true, ..Card::default() }, listed)
}

fn keys(page: &One) -> View {
    let lead = "A DSN may only report, so it may stand in a browser. Several let you change one at a time.";
    let mut views: Vec<View> = page.keys.iter().map(|(key, dsn)| one_key(page, key, dsn)).collect();
    if views.is_empty() {
        views.push(notice(Tone::Warn, "This project has no key: nothing can report to it. Make one below."));
    }
    if page.may_edit {
        views.push(new_key(page));
    }
    card(Card { title: "Keys", lead, ..Card::default() }, stack(views))
}

fn one_key(page: &One, key: &DsnKey, dsn: &str) -> View {
    let state = if key.is_active { state_badge(Tone::Good, "on") } else { state_badge(Tone::Neutral, "off") };
    let limit = key.per_minute.map_or("No limit of its own".to_owned(), |limit| format!("At most {} items a minute", count(limit.into())));
    let (label, made) = (key.label.clone(), date(key.created_at));
    let about =
        view! { <p class="actions"><b>{label}</b>{state}<span class="muted">{limit}</span><span class="muted">"since "{made}</span></p> };
    let mut views = vec![about.into_any(), copy_box("DSN", dsn)];
    if page.may_edit {
        views.push(key_acts(page, key));
    }
    stack(views)
}

fn key_acts(page: &One, key: &DsnKey) -> View {
    let action = |rest: &str| path(&page.project, &format!("/keys/{}{rest}", key.id));
    let is_wrong = page.wrong_key == Some(key.id.0);
    let errors: &[FieldError] = if is_wrong { &page.errors } else { &[] };
    let prefix = format!("key-{}", key.id);
    let fields = Fields::within(&prefix, errors);
    let limit = key.per_minute.map(|limit| limit.to_string()).unwrap_or_default();
    let body = vec![
        fields.summary(),
        field_row(vec![fields.text(label_field(&key.label)), fields.number(limit_field(&limit))]),
        submit_row(&SubmitRow { label: "Save the key", ..SubmitRow::default() }),
    ];
    let change = disclosure("Label and rate limit", is_wrong, form(Form { action: action(""), ..Form::default() }, body));
    let switch = if key.is_active {
        confirm_button(&ConfirmButton {
            label: "Switch off",
            question: "Programs that show this key are refused from the next request on. You can switch it on again.",
            confirm: "Switch it off",
            action: action("/switch"),
            look: Look::Plain,
            fields: Vec::new(),
        })
    } else {
        post_button(action("/switch"), "Switch on", Look::Plain)
    };
    let remove = confirm_button(&ConfirmButton {
        label: "Delete",
        question: "Programs that show this key are refused for good. What they reported stays. This cannot be undone.",
        confirm: "Delete the key",
        action: action("/remove"),
        look: Look::Danger,
        fields: Vec::new(),
    });
    stack(vec![change, actions(vec![switch, remove])])
}

fn label_field(value: &str) -> TextField<'_> {
    TextField {
        name: "label",
        label: "Label",
        value,
        help: "What uses it: “browser”, “staging”.",
        required: true,
        max: 60,
        ..TextField::default()
    }
}

fn limit_field(value: &str) -> NumberField<'_> {
    NumberField {
        name: "per_minute",
        label: "Rate limit",
        value,
        help: "Empty for no limit of its own. What is over it is refused and counted.",
        unit: "items a minute",
        min: Some(1),
        max: Some(10_000_000),
        ..NumberField::default()
    }
}

fn new_key(page: &One) -> View {
    let errors: &[FieldError] = if page.wrong_key.is_none() { &page.errors } else { &[] };
    let fields = Fields::within("new-key", errors);
    let body =
        vec![fields.summary(), fields.text(label_field("")), submit_row(&SubmitRow { label: "Make another key", ..SubmitRow::default() })];
    let adding = form(Form { action: path(&page.project, "/keys"), ..Form::default() }, body);
    disclosure("Make another key", !errors.is_empty(), adding)
}
