//! The list of drills, and the report of one.

use frontend::prelude::*;
use kernel::Time;
use kernel::time::describe_duration;
use std::time::Duration;

use super::{Place, bytes, counted, places};
use crate::model::report::{Drill, Outcome, Report, TableRows};

pub struct List {
    pub drills: Vec<Drill>,
    pub can_act: bool,
    pub has_copies: bool,
    /// Destinations that only are written from here.
    pub unreadable: Vec<String>,
    pub now: Time,
}

pub fn badge(outcome: Outcome) -> View {
    match outcome {
        Outcome::Asked => state_badge(Tone::Neutral, "waits"),
        Outcome::Running => state_badge(Tone::Info, "running"),
        Outcome::Passed => state_badge(Tone::Good, "passed"),
        Outcome::Failed => state_badge(Tone::Bad, "failed"),
    }
}

pub fn list(list: &List) -> View {
    let can_run = list.can_act && list.has_copies;
    let unreadable = list
        .unreadable
        .iter()
        .map(|name| notice(Tone::Info, &format!("{name} cannot be rehearsed here: no age identity is on this machine to read it with.")));
    let unreadable: Vec<View> = unreadable.collect();
    let head = page_head(PageHead {
        title: "Drills",
        lead: "A copy is restored to a scratch folder and compared with the live file at the same transaction, page by page.",
        actions: if can_run { vec![post_button("/backup/drills", "Run a drill now", Look::Primary)] } else { Vec::new() },
        ..PageHead::default()
    });
    let sentence =
        if list.has_copies { "The first one runs by itself soon. Or run one now." } else { "Name a destination first: see Copies." };
    let body = table(Table {
        caption: "Drills",
        heads: &[
            Head::text("Drill"),
            Head::text("Outcome"),
            Head::text("What"),
            Head::text("Found"),
            Head::text("Asked for by"),
            Head::text("When"),
        ],
        rows: list.drills.iter().map(|drill| row(drill, list.now)).collect(),
        empty: EmptyState { title: "No drill yet", sentence, actions: Vec::new() },
    });
    view! { {head} {places(Place::Drills)} {unreadable} {live("drills", card(Card { is_flush: true, ..Card::default() }, body))} }
        .into_any()
}

fn row(drill: &Drill, now: Time) -> Row {
    Row::new(vec![
        link(format!("/backup/drills/{}", drill.id), &format!("Drill {}", drill.id)),
        badge(drill.outcome),
        paragraph(&format!("{} from {}", drill.file, drill.destination)),
        paragraph(&drill.summary),
        muted(&drill.asked_by),
        ago(drill.ended_at.unwrap_or(drill.asked_at), now),
    ])
}

pub struct Page {
    pub drill: Drill,
    /// `None` while it is not over, or when it cannot be read.
    pub report: Option<Report>,
    /// Whether the signature is by this instance's key and over this very text.
    pub holds: bool,
}

pub fn page(page: &Page) -> View {
    let drill = &page.drill;
    let title = format!("Drill {}", drill.id);
    let head = page_head(PageHead {
        title: &title,
        lead: &format!("{} restored from {}", drill.file, drill.destination),
        trail: vec![("Backup", "/backup".into()), ("Drills", "/backup/drills".into())],
        badge: Some(badge(drill.outcome)),
        ..PageHead::default()
    });
    let body = match &page.report {
        None => card(Card::default(), paragraph("It is not over yet. This page shows the report when it is.")),
        Some(report) => report_view(drill, report, page.holds),
    };
    view! { {head} {live("drill", body)} }.into_any()
}

fn report_view(drill: &Drill, report: &Report, holds: bool) -> View {
    let mut views: Vec<View> = report.problems.iter().map(|problem| notice(Tone::Bad, problem)).collect();
    if report.has_passed() {
        views.push(notice(Tone::Good, &report.summary()));
    }
    views.push(tiles(vec![
        tile(&Tile { title: "Time to restore", value: &reached(report.restore_ms, millis), note: &fetched(report), ..Tile::default() }),
        tile(&Tile {
            title: "Would have been lost",
            value: &reached(report.lag_ms, millis),
            note: "from a commit to its arrival at the destination",
            ..Tile::default()
        }),
        tile(&Tile {
            title: "Pages compared",
            value: &reached(report.pages, |pages| pages.to_string()),
            note: &compared(report),
            ..Tile::default()
        }),
    ]));
    views.push(card(Card { title: "What was done", ..Card::default() }, key_values(facts(drill, report, holds))));
    if !report.damaged.is_empty() {
        let lines: Vec<View> = report.damaged.iter().map(|line| paragraph(line)).collect();
        let lead = "The restore went around them; what they held stood elsewhere as well.";
        views.push(card(Card { title: "Damaged objects", lead, ..Card::default() }, stack(lines)));
    }
    views.push(tables(&report.tables));
    views.push(card(
        Card { title: "The report as it was signed", ..Card::default() },
        disclosure("Show the JSON", false, view! { {code_block(&drill.report)} {copy_box("Signature", &drill.signature)} }),
    ));
    stack(views)
}

fn facts(drill: &Drill, report: &Report, holds: bool) -> Vec<(&'static str, View)> {
    let (tone, word, meaning) = match holds {
        true => (
            Tone::Good,
            "holds",
            "Written by this instance, and not changed since: outcome, times, summary and report. It is checked with this instance's key \
             file each time this page is shown; who does not have that file can neither make nor check it.",
        ),
        false => (Tone::Bad, "does not hold", "It was made with another key, or something that is shown here was changed."),
    };
    let signature = view! { {state_badge(tone, word)} " " {muted(meaning)} }.into_any();
    let integrity = match &report.integrity {
        None => NOT_REACHED.to_owned(),
        Some(findings) if findings.is_empty() => "sound: integrity and references were checked".to_owned(),
        Some(findings) => counted(findings.len() as u64, "finding"),
    };
    let sentinel = match report.has_sentinel {
        None => NOT_REACHED,
        Some(true) => "found",
        Some(false) => "not found",
    };
    vec![
        ("Signature", signature),
        ("Transaction", paragraph(&reached(report.txid, |txid| txid.to_string()))),
        ("Begun", moment(report.started_at)),
        ("Ended", moment(report.ended_at)),
        ("Asked for by", paragraph(&drill.asked_by)),
        ("Restored file", paragraph(&integrity)),
        ("Row written before", paragraph(sentinel)),
        ("Instance", paragraph(&format!("{}, Hermetic {}", report.instance, report.version))),
    ]
}

fn tables(tables: &[TableRows]) -> View {
    let count = |rows: Option<u64>| paragraph(&rows.map_or_else(|| "–".to_owned(), |rows| rows.to_string()));
    let row = |table: &&TableRows| Row {
        tone: if table.live == table.restored { Tone::Neutral } else { Tone::Bad },
        cells: vec![code(&table.table), count(table.live), count(table.restored)],
    };
    let list = |rows: Vec<&TableRows>| {
        table(Table {
            caption: "Rows of each table",
            heads: &[Head::text("Table"), Head::number("Live"), Head::number("Restored")],
            rows: rows.iter().map(row).collect(),
            empty: EmptyState { title: "No rows were compared", sentence: "The drill ended before.", actions: Vec::new() },
        })
    };
    let (same, other): (Vec<&TableRows>, Vec<&TableRows>) = tables.iter().partition(|table| table.live == table.restored);
    let differing = (!other.is_empty() || same.is_empty()).then(|| list(other));
    let rest = (!same.is_empty()).then(|| {
        let title = format!("{} with as many rows on both sides", counted(same.len() as u64, "table"));
        disclosure(&title, false, list(same))
    });
    let lead = "Counted at the same transaction on both sides.";
    card(Card { title: "Rows", lead, ..Card::default() }, view! { {differing} {rest} })
}

/// A drill that ends early has measured nothing after that.
const NOT_REACHED: &str = "not reached";

fn reached(value: Option<u64>, write: impl FnOnce(u64) -> String) -> String {
    value.map_or_else(|| NOT_REACHED.to_owned(), write)
}

fn compared(report: &Report) -> String {
    match report.pages {
        None => "nothing was compared".to_owned(),
        Some(_) => format!("of {} each; {} differ", bytes(u64::from(report.page_size)), report.differing_pages),
    }
}

fn fetched(report: &Report) -> String {
    if report.restore_ms.is_none() {
        return "nothing was restored".to_owned();
    }
    format!("{} in {}", bytes(report.fetched_bytes), counted(report.fetched_files, "object"))
}

fn millis(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} ms"),
        count => describe_duration(Duration::from_millis(count)),
    }
}
